/* Functions and strings as arguments. A kernel is compiled for each: so each has a type, found by the digest of what it does (code,
 * constants, captured values, callees), so that a lambda that is made anew for each launch is the same one. What was looked at before is
 * found by its address, as long as it lives. */
#include "launch/functions.h"

#include "launch/argument.h"
#include "memory/device.h"
#include "types/typeobj.h"

#include <stdio.h>
#include <string.h>

/* Never freed: its address is the type's identity. `object`: the last one that was seen, or a weak reference to it. */
typedef struct function { struct function *next; gj_hash digest; const gj_type *type; PyObject *object; } function;
static function *all;

enum { RECENT = 64 };
static struct { PyObject *address, *weak; const gj_type *type; } recent[RECENT];

static size_t row_of(PyObject *o) { return ((uintptr_t)o >> 4 ^ (uintptr_t)o >> 10) % RECENT; }

/* The object of a weak reference, or itself: a new reference; NULL: it is gone. */
static PyObject *alive(PyObject *ref)
{
	if (!ref || !PyWeakref_Check(ref))
		return Py_XNewRef(ref);
#if PY_VERSION_HEX >= 0x030d0000
	PyObject *o;
	return PyWeakref_GetRef(ref, &o) < 0 ? (gj_forgive(PyExc_Exception), NULL) : o;
#else
	PyObject *o = PyWeakref_GetObject(ref);
	return o == Py_None ? NULL : Py_XNewRef(o);
#endif
}

/* A weak reference where the class has them, so that nothing lives longer for having been passed. */
static PyObject *reference(PyObject *o)
{
	PyObject *ref = PyWeakref_NewRef(o, NULL);
	if (!ref && gj_forgive(PyExc_TypeError))
		ref = Py_NewRef(o);
	return ref;
}

static const char *name_of(const gj_obj *f)
{
	return f->kind == GJ_OBJ_TYPE ? f->type->name : f->name ? f->name : f->code->name;
}

static function *find(const gj_obj *f)
{
	char text[120];
	gj_hash digest = gj_obj_digest(f);
	for (function *k = all; k; k = k->next)
		if (!memcmp(&k->digest, &digest, sizeof digest))
			return k;
	function *k = PyMem_RawCalloc(1, sizeof *k);
	if (!k)
		return PyErr_NoMemory(), NULL;
	int n = snprintf(text, sizeof text - 2 * sizeof digest.b - 2, "%s(%s", f->kind == GJ_OBJ_TYPE ? "class" : f->kind == GJ_OBJ_STR ? "str" : "function", name_of(f));
	for (char *p = text; *p; p++)                          /* of strings: what type names can have */
		*p = *p < ' ' || *p > '~' || *p == '#' ? '?' : *p;
	n = n < (int)(sizeof text - 2 * sizeof digest.b - 3) ? n : (int)(sizeof text - 2 * sizeof digest.b - 4);
	n += snprintf(text + n, 3, ")#");
	for (size_t i = 0; i < sizeof digest.b && n + 2 < (int)sizeof text; i++)
		n += snprintf(text + n, 3, "%02x", digest.b[i]);
	*k = (function){ .next = all, .digest = digest, .type = gj_static_type(k, text) };
	if (!k->type) {
		PyMem_RawFree(k);
		return PyErr_NoMemory(), NULL;
	}
	return all = k;
}

static bool is_function(const gj_obj *f)
{
	return f->kind == GJ_OBJ_FUNCTION || f->kind == GJ_OBJ_NAME || f->kind == GJ_OBJ_TYPE || f->kind == GJ_OBJ_EXTERN || f->kind == GJ_OBJ_STR;
}

/* Of a static type that a function has: which one. */
static const function *function_of(const gj_type *t)
{
	const gj_type *is = t->kind == GJ_FUNCTION ? t->obj : t;
	return is && is->kind == GJ_STATIC ? is->obj : NULL;
}

static const gj_type *type_of(PyObject *o, gj_captures *captures)
{
	gj_arena *arena = gj_arena_new();
	const gj_obj *f;
	function *k = NULL;
	PyObject *ref;
	if (!arena)
		return PyErr_NoMemory(), NULL;
	if (gj_freeze_object(o, arena, captures, &f) == 0 && is_function(f) && (k = find(f)) && (ref = reference(o)))
		Py_XSETREF(k->object, ref);
	gj_arena_free(arena);
	return PyErr_Occurred() || !k ? NULL : k->type;
}

/* As an argument of a launch. */
static bool read_function(gj_args *a, PyObject *o)
{
	size_t row = row_of(o);
	PyObject *same = recent[row].address == o ? alive(recent[row].weak) : NULL;
	const gj_type *t = same == o ? recent[row].type : NULL;
	Py_XDECREF(same);
	function *k = t ? (function *)t->obj : NULL;
	if (k && k->object != recent[row].weak)                /* another of the same digest was seen since, and may be gone */
		Py_XSETREF(k->object, Py_NewRef(recent[row].weak));
	if (!t) {
		gj_device *dev = a->dev ? a->dev : gj_device_current();
		gj_captures captures = gj_captures_for(dev);
		if (!dev)
			return false;
		t = type_of(o, &captures);
		Py_XDECREF(captures.kept);
		Py_XDECREF(captures.linked);
		PyObject *ref = t && !captures.kept ? reference(o) : NULL;         /* whether arrays were captured is asked each time: they may be others */
		if (!t || PyErr_Occurred())
			return false;
		if (ref) {
			Py_XSETREF(recent[row].weak, ref);
			recent[row].address = o;
			recent[row].type = t;
		}
	}
	return gj_args_leaf(a, t) != NULL;
}

int gj_functions_init(PyObject *m)
{
	(void)m;
	gj_read_function = read_function;
	return 0;
}

/* -- Compilations ------------------------------------------------------------------------------------------------------- */

/* The functions among values of these types, as Python's tuple, None where there is none. A new reference. */
static PyObject *functions_of(const gj_type *const *t, uint32_t n)
{
	PyObject *tuple = PyTuple_New((Py_ssize_t)n);
	for (uint32_t i = 0; tuple && i < n; i++) {
		const function *k = function_of(t[i]);
		PyObject *o = k ? alive(k->object) : t[i]->kind == GJ_TUPLE ? functions_of(t[i]->item, t[i]->n) : Py_NewRef(Py_None);
		if (!o && k)
			gj_error(GJ_ERR_FUNCTION_GONE, t[i]->name);
		if (!o)
			Py_CLEAR(tuple);
		else
			PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, o);
	}
	return tuple;
}

/* Nothing is known where there is no function. */
static void forget(const gj_obj *tuple)
{
	const gj_obj **item = (const gj_obj **)tuple->item;
	for (uint32_t i = 0; i < tuple->n; i++) {
		if (item[i]->kind == GJ_OBJ_TUPLE)
			forget(item[i]);
		else if (item[i]->kind == GJ_OBJ_NONE)
			item[i] = NULL;
	}
}

static bool has_function(const gj_type *t)
{
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		if (has_function(t->item[i]))
			return true;
	return function_of(t) != NULL;
}

int gj_functions_freeze(gj_arena *arena, gj_captures *captures, gj_request *rq)
{
	bool any = false;
	for (uint32_t i = 0; i < rq->nargs; i++)
		any |= has_function(rq->arg[i]);
	if (!any)
		return 0;
	PyObject *functions = functions_of(rq->arg, rq->nargs);
	const gj_obj *all_of_them;
	int status = functions ? gj_freeze_object(functions, arena, captures, &all_of_them) : -1;
	Py_XDECREF(functions);
	if (!status) {
		forget(all_of_them);
		rq->konst = all_of_them->item;
	}
	return status;
}

/* -- Overloaded functions ----------------------------------------------------------------------------------------------- */

/* The types by position as a tuple, those by keyword as a dictionary. */
static bool types_of_call(const gj_wanted *w, PyObject **args, PyObject **keywords)
{
	uint32_t npos = w->n - w->nkw;
	*args = gj_types_to_py(w->type, npos);
	*keywords = PyDict_New();
	for (uint32_t i = npos; *args && *keywords && i < w->n; i++) {
		PyObject *t = gj_type_to_py(w->type[i]);
		if (!t || PyDict_SetItemString(*keywords, w->keyword[i], t) < 0)
			Py_CLEAR(*keywords);
		Py_XDECREF(t);
	}
	return *args && *keywords;
}

/* Asks for the implementation that is wanted, and adds it to the answers. */
static int answer(gj_captures *c, const gj_wanted *w)
{
	PyObject *function = (PyObject *)(uintptr_t)w->function->data, *args = NULL, *keywords = NULL, *found = NULL, *row = NULL;
	PyObject *resolve = gj_import("gridjit.overloading", "resolve");
	gj_sb text = { 0 };
	gj_wanted_text(w, &text);
	if (resolve && types_of_call(w, &args, &keywords))
		found = PyObject_CallFunctionObjArgs(resolve, function, args, keywords, NULL);
	if (found)
		row = Py_BuildValue("(OsO)", function, gj_sb_str(&text), found);
	int status = row ? PyList_Append(c->answers, row) : -1;
	gj_sb_free(&text);
	PyObject *all[] = { resolve, args, keywords, found, row };
	for (size_t i = 0; i < GJ_LEN(all); i++)
		Py_XDECREF(all[i]);
	return status;
}

/* What inference wants to know that has not been answered; 0: nothing, 1: it is in *w, −1: exception. */
static int ask(gj_request *rq, gj_wanted *w)
{
	gj_diag diag = { 0 };
	const gj_type *ret;
	*w = (gj_wanted){ 0 };
	rq->wanted = w;
	Py_BEGIN_ALLOW_THREADS
	gj_return_type(rq, &ret, &diag);
	Py_END_ALLOW_THREADS
	rq->wanted = NULL;
	gj_diag_clear(&diag);
	return PyErr_Occurred() ? -1 : w->function != NULL;
}

static int freeze_all(PyObject *function, gj_arena *arena, gj_captures *c, gj_request *rq)
{
	int status = gj_freeze(function, arena, c, &rq->code);
	return status ? status : gj_functions_freeze(arena, c, rq);
}

/* Answers all that inference wants to know for these types of arguments. */
static int answer_all(PyObject *function, gj_arena *arena, gj_captures *c, gj_request *rq)
{
	gj_wanted w;
	int more = 0, status = 0;
	while (!status && c->overloads && (more = ask(rq, &w)) > 0)
		status = answer(c, &w) < 0 ? -1 : freeze_all(function, arena, c, rq);
	return more < 0 ? -1 : status;
}

/* The same types, arrays contiguous. */
static const gj_type *const *contiguous(gj_arena *arena, const gj_request *rq)
{
	const gj_type **arg = gj_new(arena, const gj_type *, rq->nargs + 1);
	for (uint32_t i = 0; i < rq->nargs; i++) {
		const gj_type *t = rq->arg[i];
		arg[i] = t->kind == GJ_ARRAY ? gj_array_type(t->elem, t->ndim, 'C', t->readonly, (gj_space)t->space) : t;
	}
	return arg;
}

int gj_freeze_request(PyObject *function, gj_arena *arena, gj_captures *c, gj_request *rq)
{
	const gj_type *const *arg = rq->arg;
	c->answers = PyList_New(0);
	int status = c->answers ? freeze_all(function, arena, c, rq) : -1;
	status = status ? status : answer_all(function, arena, c, rq);
	if (!status && rq->layouts && c->overloads) {
		rq->arg = contiguous(arena, rq);
		status = answer_all(function, arena, c, rq);
		rq->arg = arg;
	}
	Py_CLEAR(c->answers);
	Py_CLEAR(c->overloads);
	return status;
}

int gj_freeze_for(gj_device *dev, PyObject *function, gj_arena *arena, gj_request *rq, gj_outside *out)
{
	gj_captures c = gj_captures_for(dev);
	c.memory = gj_entries[rq->options.entry].runner == GJ_RUN_CALL;
	c.objects = out->objects;
	c.function = out->function;
	int status = gj_freeze_request(function, arena, &c, rq);
	out->kept = c.kept;
	out->files = c.linked;
	if (status == 0 && c.kept)
		rq->options.facts &= ~(uint32_t)GJ_FACT_NOALIAS;
	return status;
}
