/* _core.HostFunction: what @jit makes of a function. A call looks whether its arguments are as those of a recent one (plan.c), else it
 * goes the way of a launch's arguments: bound to parameters, read, converted to an explicit signature, compiled for. The public
 * methods are Python (gridjit/jitting.py). */
#include "jit/host.h"

#include "launch/argument.h"
#include "launch/bind.h"
#include "launch/dispatcherobj.h"
#include "launch/overload.h"
#include "launch/transfer.h"
#include "printed.h"
#include "run/cpu/call.h"

#include <stdlib.h>
#include <string.h>

static PyTypeObject *host_class;

#define SELF ((gj_host *)self)

/* -- Running compiled code ------------------------------------------------------------------------------------------------- */

static gj_status run(const gj_host *h, gj_specialisation *s, const char *params, gj_report *report)
{
	gj_status status;
	if (!h->nogil)
		return gj_call_host(s->kernel, params, report);
	Py_BEGIN_ALLOW_THREADS
	status = gj_call_host(s->kernel, params, report);
	Py_END_ALLOW_THREADS
	return status;
}

static PyObject *fail(const gj_host *h, const gj_specialisation *s, gj_status status, const gj_report *report)
{
	return gj_host_failed(&s->image, h->d.py_func, gj_dispatcher_name(&h->d), status, report);
}

/* -- The long way ---------------------------------------------------------------------------------------------------------- */

typedef struct way { gj_host *h; PyObject *result; } way;

/* The arrays among the leaves, as gj_host_result wants them; those that were copied are the copies. */
static PyObject *result_of(const gj_specialisation *s, const gj_args *a, const uint64_t *slot)
{
	PyArrayObject *few[GJ_FAST_ARGS], **array = a->nleaves <= GJ_FAST_ARGS ? few : PyMem_New(PyArrayObject *, a->nleaves);
	if (!array)
		return PyErr_NoMemory();
	for (uint32_t i = 0; i < a->nleaves; i++)
		array[i] = a->leaf[i].temp ? a->leaf[i].temp : a->leaf[i].array;
	PyObject *o = gj_host_result(s->ret, s->known, slot, array, a->nleaves);
	if (array != few)
		PyMem_Free(array);
	return o;
}

/* Calls s with arguments in their places. */
static PyObject *call_with(gj_host *h, gj_specialisation *s, gj_args *a, uint64_t *slot)
{
	char small[1024] __attribute__((aligned(16)));
	gj_report report;
	gj_arg *out = gj_args_leaf(a, gj_t_none);
	char *params = s->image.param_bytes <= sizeof small ? small : PyMem_Malloc(s->image.param_bytes);
	PyObject *o = NULL;
	if (!out || !params)
		PyErr_NoMemory();
	else {
		out->data = (gj_devptr)slot;
		gj_args_fill(&s->image, a, 0, params);
		gj_status status = run(h, s, params, &report);
		gj_show_any();
		o = status == GJ_OK ? result_of(s, a, slot) : fail(h, s, status, &report);
	}
	if (params != small)
		PyMem_Free(params);
	return o;
}

/* Integers that a signature has narrower must fit. `given`, `was`: types and values before they were converted. */
static bool fit(const gj_host *h, const gj_args *a, const gj_type *const *given, const int64_t *was)
{
	for (uint32_t i = 0; i < a->nargs; i++) {
		const gj_type *to = a->type[i]->kind == GJ_OPTIONAL ? a->type[i]->elem : a->type[i];
		if (given[i] == to || !gj_is_int(given[i]) || !gj_is_int(to))
			continue;
		bool negative = gj_is_signed(given[i]) && was[i] < 0;
		uint64_t most = UINT64_MAX >> (64 - 8 * to->size + gj_is_signed(to));
		bool fits = negative ? gj_is_signed(to) && was[i] >= -(int64_t)most - 1 : (uint64_t)was[i] <= most;
		if (!fits) {
			PyObject *text = gj_is_signed(given[i]) ? PyLong_FromLongLong(was[i]) : PyLong_FromUnsignedLongLong((unsigned long long)was[i]);
			PyObject *shown = text ? PyObject_Str(text) : NULL;
			if (shown)
				gj_error(GJ_ERR_HOST_OVERFLOW, PyUnicode_AsUTF8(PyTuple_GET_ITEM(h->d.params, i)), gj_dispatcher_name(&h->d), PyUnicode_AsUTF8(shown), to->name);
			Py_XDECREF(shown);
			Py_XDECREF(text);
			return false;
		}
	}
	return true;
}

/* The number of an integer argument, as 64 bits. */
static int64_t integer(const gj_arg *x)
{
	int64_t v = 0;
	memcpy(&v, x->value.b, gj_is_int(x->type) ? x->type->size : 0);
	int unused = 64 - 8 * (int)x->type->size;
	return gj_is_signed(x->type) && unused ? (int64_t)((uint64_t)v << unused) >> unused : v;
}

/* Warns of races between rounds, once a compiled form; −1: exception. */
static int warn(gj_specialisation *s)
{
	const gj_image *m = &s->image;
	int status = 0;
	for (uint32_t i = 0; i < m->nsites && !status && !s->warned; i++) {
		const gj_site *p = &m->site[i];
		if (p->kind == GJ_SITE_RACE)
			status = gj_warn(GJ_ERR_PRANGE_RACE, m->text + p->function, m->text + p->file, (int)p->line);
	}
	s->warned = true;
	return status;
}

static PyObject *call_read(gj_host *h, gj_args *a)
{
	const gj_type *given[GJ_FAST_ARGS];
	int64_t was[GJ_FAST_ARGS];
	uint64_t few[GJ_PLAN_SLOTS], *slot = few;
	bool plain = a->nargs <= GJ_FAST_ARGS && a->nleaves == a->nargs && !a->nhost;
	if (plain)
		memcpy(given, a->type, a->nargs * sizeof *given);
	for (uint32_t i = 0; plain && i < a->nargs; i++)
		was[i] = integer(&a->leaf[i]);
	gj_specialisation *s = gj_specialisation_plain(&h->d, a);
	if (!s || warn(s) || !gj_args_in_place(a) || (plain && !fit(h, a, given, was)))
		return NULL;
	if (gj_parts(s->ret) > GJ_PLAN_SLOTS && !(slot = PyMem_New(uint64_t, gj_parts(s->ret))))
		return PyErr_NoMemory();
	if (plain)
		gj_plan_add(h, a, given, s);
	PyObject *o = call_with(h, s, a, slot);
	if (slot != few)
		PyMem_Free(slot);
	if (!gj_args_return(a, NULL, &s->image, true))
		Py_CLEAR(o);
	return o;
}

/* The same exception as an error of types, or of too large integers, in the words of functions; NULL with an exception. */
static PyObject *as_host_error(PyObject *value, bool huge)
{
	PyObject *cls = huge ? Py_NewRef(PyExc_OverflowError) : gj_import("gridjit.errors", "TypingError"), *text = cls ? PyObject_Str(value) : NULL, *notes = NULL;
	const char *said = text ? PyUnicode_AsUTF8(text) : NULL;
	char *words = said ? gj_of_function(said) : NULL;
	PyObject *error = words ? PyObject_CallFunction(cls, "s", words) : NULL;
	if (said && !words)
		PyErr_NoMemory();
	if (error && gj_attribute(value, "__notes__", &notes) > 0 && PyObject_SetAttrString(error, "__notes__", notes) < 0)
		Py_CLEAR(error);
	free(words);
	Py_XDECREF(notes);
	Py_XDECREF(text);
	Py_XDECREF(cls);
	return error;
}

/* What has no type is an error of types here, an integer beyond 64 bits what Python calls that; launches have both as errors of values. */
static void no_type(bool huge)
{
	PyObject *cls, *value, *trace;
	PyErr_Fetch(&cls, &value, &trace);
	PyErr_NormalizeException(&cls, &value, &trace);
	if (cls != PyExc_ValueError) {
		PyErr_Restore(cls, value, trace);
		return;
	}
	PyObject *error = as_host_error(value, huge);
	if (error)
		PyErr_SetObject((PyObject *)Py_TYPE(error), error);
	Py_XDECREF(error);
	Py_XDECREF(cls);
	Py_XDECREF(value);
	Py_XDECREF(trace);
}

static bool call_bound(gj_dispatcher *d, PyObject *const *arg, void *data)
{
	way *w = data;
	gj_args a;
	gj_device *dev;
	gj_status status = gj_cpu_open(0, &dev);
	if (status != GJ_OK)
		return gj_status_error(status, "opening the CPU device"), false;
	gj_args_init(&a, dev);
	if (!gj_read_args(d, &a, arg))
		no_type(a.huge);
	else if (!a.nhost || gj_args_place(&a, NULL))
		w->result = call_read(w->h, &a);
	gj_args_clear(&a);
	return w->result != NULL;
}

/* -- A call ---------------------------------------------------------------------------------------------------------------- */

static PyObject *call(PyObject *self, PyObject *const *arg, size_t nargs, PyObject *kwnames)
{
	Py_ssize_t n = PyVectorcall_NARGS(nargs);
	char params[GJ_PLAN_BYTES] __attribute__((aligned(16)));
	uint64_t slot[GJ_PLAN_SLOTS];
	gj_report report;
	gj_specialisation *s = kwnames ? NULL : gj_plan_fill(SELF, arg, n, params, slot);
	if (s) {
		PyArrayObject *array[GJ_FAST_ARGS];
		gj_status status = run(SELF, s, params, &report);
		if (s->image.prints)
			gj_show_any();
		if (status != GJ_OK)
			return fail(SELF, s, status, &report);
		if (gj_is_scalar(s->ret))
			return gj_host_result(s->ret, NULL, slot, NULL, 0);
		for (Py_ssize_t i = 0; i < n; i++)
			array[i] = PyArray_Check(arg[i]) ? (PyArrayObject *)arg[i] : NULL;
		return gj_host_result(s->ret, s->known, slot, array, n);
	}
	if (PyErr_Occurred())
		return NULL;
	way w = { SELF, NULL };
	return gj_with_bound(&SELF->d, arg, n, kwnames, call_bound, &w) ? w.result : NULL;
}

/* -- The object ------------------------------------------------------------------------------------------------------------ */

static PyObject *host_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	newfunc new = (newfunc)PyType_GetSlot(gj_dispatcher_class, Py_tp_new);
	gj_host *h = (gj_host *)new(cls, args, kw);
	if (h)
		h->call = call;
	return (PyObject *)h;
}

static void host_dealloc(PyObject *self)
{
	destructor dealloc = (destructor)PyType_GetSlot(gj_dispatcher_class, Py_tp_dealloc);
	PyObject_GC_UnTrack(self);
	gj_plans_free(SELF);
	PyObject_GC_Track(self);                       /* as dispatchers expect it */
	dealloc(self);
}

/* _forget(): repeated calls go the long way again. */
static PyObject *forget(PyObject *self, PyObject *unused)
{
	(void)unused;
	gj_plans_free(SELF);
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "_forget", forget, METH_NOARGS, NULL },
	{ "_address", gj_host_address, METH_NOARGS, "Of a function for C, once it is compiled." },
	{ NULL, NULL, 0, NULL },
};

static PyMemberDef members[] = {
	{ "__vectorcalloffset__", T_PYSSIZET, offsetof(gj_host, call), READONLY, NULL },
	{ "_nogil", T_BOOL, offsetof(gj_host, nogil), 0, NULL },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, host_new }, { Py_tp_dealloc, host_dealloc }, { Py_tp_call, PyVectorcall_Call },
	{ Py_tp_methods, methods }, { Py_tp_members, members },
	{ Py_tp_doc, "HostFunction(py_func, options): a function compiled for the host." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.HostFunction", sizeof(gj_host), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE, slots };

int gj_host_init(PyObject *m) { return gj_add_type(m, &host_class, &spec, gj_dispatcher_class); }
