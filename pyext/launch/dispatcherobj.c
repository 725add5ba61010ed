/* _core.Dispatcher: what @cuda.jit makes of a function. kernel[grid, block] is a Launcher; the rest of the public
 * methods are Python (gridjit/cuda/dispatcher.py) over the few here. */
#include "launch/dispatcherobj.h"

#include "launch/again.h"
#include "launch/functions.h"
#include "launch/dispatcher.h"
#include "launch/kernelobj.h"
#include "launch/launcher.h"
#include "launch/options.h"
#include "launch/overload.h"
#include "memory/device.h"
#include "types/signature.h"
#include "types/typeobj.h"

#include <string.h>

PyTypeObject *gj_dispatcher_class;

#define SELF ((gj_dispatcher *)self)

/* -- Making one --------------------------------------------------------------------------------------------------- */

/* Names of the parameters, as messages show them. */
static PyObject *parameters(PyCodeObject *code)
{
	bool star = code->co_flags & CO_VARARGS;
	Py_ssize_t n = code->co_argcount + code->co_kwonlyargcount + star;
	PyObject *names = PyCode_GetVarnames(code), *out = names ? PyTuple_New(n) : NULL;
	for (Py_ssize_t i = 0; out && i < n; i++) {
		PyObject *name = PyTuple_GET_ITEM(names, i);
		PyObject *shown = star && i == n - 1 ? PyUnicode_FromFormat("*%U", name) : Py_NewRef(name);
		if (!shown)
			Py_CLEAR(out);
		else
			PyTuple_SET_ITEM(out, i, shown);
	}
	Py_XDECREF(names);
	return out;
}

static bool inspect_function(gj_dispatcher *d)
{
	if (!PyFunction_Check(d->py_func))
		return gj_error(GJ_ERR_NOT_A_FUNCTION, Py_TYPE(d->py_func)->tp_name), false;
	PyCodeObject *code = (PyCodeObject *)PyFunction_GetCode(d->py_func);
	PyObject *defaults = PyFunction_GetDefaults(d->py_func), *kwdefaults = PyFunction_GetKwDefaults(d->py_func);
	d->name = PyObject_GetAttrString(d->py_func, "__name__");
	d->params = parameters(code);
	d->defaults = defaults && PyTuple_Check(defaults) ? Py_NewRef(defaults) : NULL;
	d->kwdefaults = kwdefaults && PyDict_Check(kwdefaults) ? PyDict_Copy(kwdefaults) : NULL;    /* nobody can change it */
	d->nparams = d->params ? (uint32_t)PyTuple_GET_SIZE(d->params) : 0;
	d->npositional = (uint32_t)code->co_argcount;
	d->nposonly = (uint32_t)code->co_posonlyargcount;
	d->star = code->co_flags & CO_VARARGS;
	return d->name && d->params;
}

enum { SETTERS = GJ_SET_JIT | GJ_SET_MAKER };

static PyObject *dispatcher_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	static char *names[] = { "py_func", "options", NULL };
	PyObject *function, *options;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "OO!:Dispatcher", names, &function, &PyDict_Type, &options))
		return NULL;
	gj_dispatcher *d = (gj_dispatcher *)cls->tp_alloc(cls, 0);
	if (!d)
		return NULL;
	d->py_func = Py_NewRef(function);
	if (!inspect_function(d) || !gj_options_read(options, "jit", SETTERS, &d->base))
		Py_CLEAR(d);
	else {
		d->base.symbol = NULL;                 /* text of the dictionary's; launches have none */
		d->device = gj_entries[d->base.entry].runner != GJ_RUN_LAUNCH;
		d->inlined = d->base.inlined || d->base.forceinline;
	}
	return (PyObject *)d;
}

static int visit_all(const gj_specialisation *s, visitproc visit, void *arg)
{
	for (; s; s = s->next) {
		Py_VISIT(s->captured);
		Py_VISIT(s->function);
	}
	return 0;
}

/* Needs no tp_clear: what it holds never changes, but for what watches it for a while, so any cycle leads through something that has one. */
static int dispatcher_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(SELF->py_func);
	Py_VISIT(SELF->function);
	Py_VISIT(SELF->params);
	Py_VISIT(SELF->defaults);
	Py_VISIT(SELF->kwdefaults);
	Py_VISIT(SELF->link);
	Py_VISIT(SELF->watch);
	int status = gj_again_visit(SELF->again, visit, arg);
	if (!status)
		status = visit_all(SELF->first, visit, arg);
	return status ? status : visit_all(SELF->retired, visit, arg);
}

static void free_specialisations(gj_specialisation *s)
{
	while (s) {
		gj_specialisation *next = s->next;
		gj_specialisation_free(s);
		s = next;
	}
}

static void dispatcher_dealloc(PyObject *self)
{
	PyTypeObject *cls = Py_TYPE(self);
	PyObject_GC_UnTrack(self);
	if (SELF->weak)
		PyObject_ClearWeakRefs(self);
	Py_XDECREF(SELF->py_func);
	Py_XDECREF(SELF->function);
	Py_XDECREF(SELF->defaults);
	Py_XDECREF(SELF->kwdefaults);
	Py_XDECREF(SELF->name);
	Py_XDECREF(SELF->params);
	Py_XDECREF(SELF->link);
	Py_XDECREF(SELF->watch);
	gj_again_free(SELF->again);
	free_specialisations(SELF->first);
	free_specialisations(SELF->retired);
	for (gj_allowed *a = SELF->allowed; a;) {
		gj_allowed *next = a->next;
		PyMem_Free(a);
		a = next;
	}
	cls->tp_free(self);
	Py_DECREF(cls);
}

static bool is_host(const gj_dispatcher *d) { return gj_entries[d->base.entry].runner == GJ_RUN_CALL; }

/* -- Launching ---------------------------------------------------------------------------------------------------- */

static PyObject *subscript(PyObject *self, PyObject *key)
{
	if (SELF->device)
		return gj_error(is_host(SELF) ? GJ_ERR_HOST_LAUNCH : GJ_ERR_DEVICE_LAUNCH, gj_dispatcher_name(SELF));
	return gj_launcher_new(SELF, key);
}

static PyObject *call(PyObject *self, PyObject *args, PyObject *kw)
{
	(void)args, (void)kw;
	const char *name = gj_dispatcher_name(SELF);
	return SELF->device ? gj_error(GJ_ERR_DEVICE_LAUNCH, name) : gj_error(GJ_ERR_NO_CONFIG, name, name);
}

/* Where it runs: what is called on the host never runs on a GPU. NULL: exception. */
static gj_device *device_of(const gj_dispatcher *d)
{
	gj_device *dev;
	if (!is_host(d))
		return gj_device_current();
	gj_status status = gj_cpu_open(0, &dev);
	return status == GJ_OK ? dev : (gj_status_error(status, "opening the CPU device"), NULL);
}

static uint32_t facts_of(const gj_dispatcher *d) { return is_host(d) ? 0 : GJ_FACTS_USUAL; }

/* -- Signatures --------------------------------------------------------------------------------------------------- */

static gj_allowed *allow(gj_dispatcher *d, const gj_type *ret, const gj_type *const *arg, uint32_t n)
{
	gj_allowed **at = &d->allowed;
	for (; *at; at = &(*at)->next)
		if ((*at)->n == n && !memcmp((*at)->arg, arg, n * sizeof *arg))
			return *at;
	gj_allowed *a = PyMem_Malloc(sizeof *a + n * sizeof *arg);
	if (!a)
		return PyErr_NoMemory(), NULL;
	a->next = NULL;
	a->ret = ret;
	a->n = n;
	memcpy(a->arg, arg, n * sizeof *arg);
	return *at = a;
}

/* Reads a signature that fits this function; the number of its arguments, −1 with an exception. */
static int read_signature(gj_dispatcher *d, PyObject *o, const gj_type **ret, const gj_type **arg)
{
	int n = gj_signature_read(o, ret, arg);
	if (n < 0)
		return -1;
	if (!d->device && *ret && (*ret)->kind != GJ_NONE)
		return gj_error(GJ_ERR_KERNEL_NOT_VOID, (*ret)->name), -1;
	if ((uint32_t)n != d->nparams)
		return gj_error(GJ_ERR_SIGNATURE_COUNT, n, gj_dispatcher_name(d), d->nparams), -1;
	return n;
}

/* _declare(signature): one more explicit signature. Device functions are only remembered, they compile with callers. */
static PyObject *declare(PyObject *self, PyObject *signature)
{
	const gj_type *ret, *arg[GJ_MAX_SIGNATURE];
	int n = read_signature(SELF, signature, &ret, arg);
	if (n < 0 || !allow(SELF, ret, arg, (uint32_t)n))
		return NULL;
	Py_RETURN_NONE;
}

/* _compile(signature): the Kernel for these types, on the current device. */
static PyObject *compile(PyObject *self, PyObject *signature)
{
	const gj_type *ret, *arg[GJ_MAX_SIGNATURE];
	int n = read_signature(SELF, signature, &ret, arg);
	gj_device *dev = n < 0 ? NULL : device_of(SELF);
	gj_specialisation *s = dev ? gj_specialise(SELF, dev, arg, (uint32_t)n, facts_of(SELF)) : NULL;
	return s ? gj_kernel_object(SELF, s) : NULL;
}

static PyObject *kernel_for(PyObject *self, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames)
{
	gj_specialisation *s = gj_specialisation_for(SELF, arg, n, kwnames);
	return s ? gj_kernel_object(SELF, s) : NULL;
}

static PyObject *types_of(PyObject *self, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames)
{
	return gj_argument_types(SELF, arg, n, kwnames);
}

static bool seen(const gj_dispatcher *d, const gj_specialisation *s)
{
	for (const gj_specialisation *x = d->first; x != s; x = x->next)
		if (x->nargs == s->nargs && !memcmp(x->arg, s->arg, s->nargs * sizeof *s->arg))
			return true;
	return false;
}

/* One Kernel for each list of argument types, in the order of compilation. */
static PyObject *kernels(PyObject *self, PyObject *unused)
{
	(void)unused;
	PyObject *list = PyList_New(0);
	for (gj_specialisation *s = SELF->first; list && s; s = s->next) {
		if (seen(SELF, s))
			continue;
		PyObject *k = gj_kernel_object(SELF, s);
		if (!k || PyList_Append(list, k) < 0)
			Py_CLEAR(list);
		Py_XDECREF(k);
	}
	return list;
}

static PyObject *count(PyObject *self, PyObject *unused)
{
	(void)unused;
	long n = 0;
	for (gj_specialisation *s = SELF->first; s; s = s->next)
		n++;
	return PyLong_FromLong(n);
}

/* -- Looking inside ----------------------------------------------------------------------------------------------- */

static PyObject *dump_request(gj_request *rq, const char *what)
{
	gj_sb sb = { 0 };
	gj_diag diag = { 0 };
	bool ok;
	Py_BEGIN_ALLOW_THREADS
	ok = gj_compile_dump(rq, what, &sb, &diag);
	Py_END_ALLOW_THREADS
	PyObject *o = ok ? PyUnicode_DecodeUTF8(gj_sb_str(&sb), (Py_ssize_t)sb.n, "replace") : gj_diag_error(&diag);
	gj_sb_free(&sb);
	return o;
}

/* _dump(types, stage): a stage of the compilation for the current device as text. */
static PyObject *dump(PyObject *self, PyObject *args)
{
	PyObject *types, *o = NULL;
	const char *what;
	const gj_type *arg[GJ_MAX_SIGNATURE];
	gj_request rq = { .arg = arg };
	if (!PyArg_ParseTuple(args, "Os:_dump", &types, &what))
		return NULL;
	int n = gj_signature_read(types, &rq.ret, arg);
	gj_device *dev = n < 0 ? NULL : device_of(SELF);
	gj_arena *arena = dev ? gj_arena_new() : NULL;
	if (!arena)
		return dev ? PyErr_NoMemory() : NULL;
	rq.nargs = (uint32_t)n;
	uint32_t facts = facts_of(SELF) & ~(dev->ops->target->vectors ? 0u : (uint32_t)GJ_FACTS_BLOCK);
	gj_outside outside = { 0 };
	if (gj_options_for(&SELF->base, dev, facts, &rq.options) && gj_freeze_for(dev, gj_dispatcher_frozen(SELF, SELF->function ? SELF->function : SELF->py_func), arena, &rq, &outside) == 0)
		o = dump_request(&rq, what);
	gj_outside_clear(&outside);
	gj_arena_free(arena);
	return o;
}

/* _clear(): forget what was compiled. Launches under way and Kernel objects may still use it, so it lives on. */
static PyObject *clear(PyObject *self, PyObject *unused)
{
	(void)unused;
	gj_specialisation **end = &SELF->retired;
	while (*end)
		end = &(*end)->next;
	*end = SELF->first;
	SELF->first = SELF->last = NULL;
	Py_RETURN_NONE;
}

static PyObject *get_link(PyObject *self, void *unused)
{
	(void)unused;
	return SELF->link ? Py_NewRef(SELF->link) : PyTuple_New(0);
}

static int set_link(PyObject *self, PyObject *value, void *unused)
{
	(void)unused;
	if (!value || !PyTuple_Check(value)) {
		PyErr_SetString(PyExc_TypeError, "_link is a tuple");
		return -1;
	}
	Py_XSETREF(SELF->link, Py_NewRef(value));
	return 0;
}

/* -- Attributes --------------------------------------------------------------------------------------------------- */

/* [(return type or None, argument types), …] of what other functions call. */
static PyObject *get_declared(PyObject *self, void *unused)
{
	(void)unused;
	PyObject *list = PyList_New(0);
	for (gj_allowed *a = SELF->device ? SELF->allowed : NULL; list && a; a = is_host(SELF) ? a->next : NULL) {
		PyObject *one = Py_BuildValue("NN", a->ret ? gj_type_to_py(a->ret) : Py_NewRef(Py_None), gj_types_to_py(a->arg, a->n));
		if (!one || PyList_Append(list, one) < 0)
			Py_CLEAR(list);
		Py_XDECREF(one);
	}
	return list;
}

static PyObject *get_signatures(PyObject *self, void *unused)
{
	(void)unused;
	PyObject *list = PyList_New(0);
	for (gj_allowed *a = SELF->allowed; list && a; a = a->next) {
		PyObject *t = gj_types_to_py(a->arg, a->n);
		if (!t || PyList_Append(list, t) < 0)
			Py_CLEAR(list);
		Py_XDECREF(t);
	}
	return list;
}

static PyObject *get_options(PyObject *self, void *unused)
{
	(void)unused;
	return gj_options_show(&SELF->base, SETTERS);
}

static PyGetSetDef getset[] = {
	{ "_link", get_link, set_link, "What it is linked with.", NULL },
	{ "_options", get_options, NULL, "The decorator's options by keyword.", NULL },
	{ "_gj_signatures", get_declared, NULL, "Functions that others call: [(return type or None, argument types), …].", NULL },
	{ "_declared", get_signatures, NULL, "Argument types of the explicit signatures.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMethodDef methods[] = {
	{ "_declare", declare, METH_O, NULL },
	{ "_compile", compile, METH_O, NULL },
	{ "_kernel_for", (PyCFunction)(void (*)(void))kernel_for, METH_FASTCALL | METH_KEYWORDS, NULL },
	{ "_types_of", (PyCFunction)(void (*)(void))types_of, METH_FASTCALL | METH_KEYWORDS, NULL },
	{ "_kernels", kernels, METH_NOARGS, NULL },
	{ "_count", count, METH_NOARGS, NULL },
	{ "_dump", dump, METH_VARARGS, NULL },
	{ "_clear", clear, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyMemberDef members[] = {
	{ "__weaklistoffset__", T_PYSSIZET, offsetof(gj_dispatcher, weak), READONLY, NULL },
	{ "py_func", T_OBJECT, offsetof(gj_dispatcher, py_func), READONLY, "The Python function." },
	{ "_gj_function", T_OBJECT, offsetof(gj_dispatcher, function), 0, NULL },
	{ "_device", T_BOOL, offsetof(gj_dispatcher, device), READONLY, NULL },
	{ "_locked", T_BOOL, offsetof(gj_dispatcher, locked), 0, NULL },
	{ "_watch", T_OBJECT, offsetof(gj_dispatcher, watch), 0, NULL },
	{ "_gj_inline", T_BOOL, offsetof(gj_dispatcher, inlined), READONLY, NULL },
	{ "_gj_forceinline", T_BOOL, offsetof(gj_dispatcher, base.forceinline), READONLY, NULL },
	{ "_cache_hits", T_ULONG, offsetof(gj_dispatcher, hits), READONLY, NULL },
	{ "_cache_misses", T_ULONG, offsetof(gj_dispatcher, misses), READONLY, NULL },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, dispatcher_new }, { Py_tp_dealloc, dispatcher_dealloc }, { Py_tp_traverse, dispatcher_traverse },
	{ Py_mp_subscript, subscript }, { Py_tp_call, call },
	{ Py_tp_methods, methods }, { Py_tp_getset, getset }, { Py_tp_members, members },
	{ Py_tp_doc, "Dispatcher(py_func, options): a kernel or device function." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Dispatcher", sizeof(gj_dispatcher), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots };

int gj_dispatcher_init(PyObject *m)
{
	return gj_add_type(m, &gj_dispatcher_class, &spec, NULL);
}
