/* Results that are known when the function is compiled. Its types are inferred once more, and the objects found that it was frozen from. */
#include "launch/known_result.h"

#include "launch/functions.h"
#include "types/dtype.h"

#include <string.h>

bool gj_has_constants(const gj_type *t)
{
	for (uint32_t i = 0; t && t->kind == GJ_TUPLE && i < t->n; i++)
		if (gj_has_constants(t->item[i]))
			return true;
	return t && (t->kind == GJ_STATIC || t == gj_t_str);
}

static PyObject *object_of(const gj_obj *o, PyObject *objects)
{
	PyObject *key = PyLong_FromVoidPtr((void *)(uintptr_t)o->data), *found = key ? PyDict_GetItemWithError(objects, key) : NULL;
	Py_XDECREF(key);
	if (found || PyErr_Occurred())
		return Py_XNewRef(found);
	return o->kind == GJ_OBJ_TYPE ? (PyObject *)gj_dtype_of_type(o->type) : Py_NewRef(Py_None);
}

static PyObject *known(const gj_obj *, PyObject *objects);

/* Binds what the function has captured, in the order of its free variables, and its defaults. */
static bool bind(PyObject *f, const gj_obj *o, PyObject *objects)
{
	const gj_code *code = o->data;
	uint32_t nfree = (uint32_t)code->nfree, npos = 0;
	for (uint32_t i = nfree; i < o->n; i++)
		npos += !o->attr[i];
	PyObject *cells = PyTuple_New(nfree), *defaults = PyTuple_New(npos), *keywords = PyDict_New();
	bool ok = cells && defaults && keywords;
	for (uint32_t i = 0; ok && i < o->n; i++) {
		PyObject *v = known(o->item[i], objects), *cell = v && i < nfree ? PyCell_New(v) : NULL;
		if (cell)
			PyTuple_SET_ITEM(cells, i, cell);
		else if (v && i >= nfree && !o->attr[i])
			PyTuple_SET_ITEM(defaults, i - nfree, Py_NewRef(v));
		ok = v && (i < nfree ? cell != NULL : !o->attr[i] || PyDict_SetItemString(keywords, o->attr[i], v) == 0);
		Py_XDECREF(v);
	}
	ok = ok && (!nfree || PyFunction_SetClosure(f, cells) == 0) && PyFunction_SetDefaults(f, npos ? defaults : Py_None) == 0
		&& PyFunction_SetKwDefaults(f, PyDict_GET_SIZE(keywords) ? keywords : Py_None) == 0;
	Py_XDECREF(cells);
	Py_XDECREF(defaults);
	Py_XDECREF(keywords);
	return ok;
}

/* A function made in the call comes out as one that is compiled when it is called. */
static PyObject *compiled(const gj_obj *o, PyObject *objects)
{
	PyObject *f = object_of(o, objects), *jit = NULL, *r = NULL;
	if (f && o->n)
		Py_SETREF(f, PyFunction_New(PyFunction_GET_CODE(f), PyFunction_GET_GLOBALS(f)));
	if (f && (!o->n || bind(f, o, objects)))
		jit = gj_import("gridjit", "njit");
	r = jit ? PyObject_CallOneArg(jit, f) : NULL;
	Py_XDECREF(jit);
	Py_XDECREF(f);
	return r;
}

static PyObject *number(const gj_obj *o)
{
	switch (o->kind) {
	case GJ_OBJ_BOOL:    return PyBool_FromLong(o->i);
	case GJ_OBJ_INT:     return o->is_unsigned ? PyLong_FromUnsignedLongLong((uint64_t)o->i) : PyLong_FromLongLong(o->i);
	case GJ_OBJ_FLOAT:   return PyFloat_FromDouble(o->f);
	case GJ_OBJ_COMPLEX: return PyComplex_FromDoubles(o->f, o->im);
	default:             return NULL;
	}
}

static PyObject *known(const gj_obj *o, PyObject *objects)
{
	if (o && o->kind == GJ_OBJ_CODE)
		return compiled(o, objects);
	if (o && o->kind == GJ_OBJ_STR)
		return PyUnicode_FromString(o->name);
	PyObject *n = o ? number(o) : NULL;
	if (n || PyErr_Occurred())
		return n;
	if (!o || o->kind != GJ_OBJ_TUPLE)
		return o ? object_of(o, objects) : Py_NewRef(Py_None);
	PyObject *tuple = PyTuple_New((Py_ssize_t)o->n);
	for (uint32_t i = 0; tuple && i < o->n; i++) {
		PyObject *item = known(o->item[i], objects);
		if (!item)
			Py_CLEAR(tuple);
		else
			PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, item);
	}
	return tuple;
}

PyObject *gj_known_result(gj_device *dev, PyObject *frozen, PyObject *function, const gj_request *compiled)
{
	gj_arena *arena = gj_arena_new();
	gj_returned returned = { .arena = arena };
	gj_request rq = { .arg = compiled->arg, .nargs = compiled->nargs, .ret = compiled->ret, .options = compiled->options, .returned = &returned };
	gj_outside outside = { .objects = arena ? PyDict_New() : NULL, .function = function };
	gj_diag diag = { 0 };
	const gj_type *ret;
	PyObject *o = NULL;
	if (!arena)
		return PyErr_NoMemory();
	if (outside.objects && gj_freeze_for(dev, frozen, arena, &rq, &outside) == 0) {
		if (gj_return_type(&rq, &ret, &diag))
			o = known(returned.konst, outside.objects);
		else
			gj_diag_error(&diag);
	}
	Py_XDECREF(outside.objects);
	outside.objects = NULL;
	gj_outside_clear(&outside);
	gj_arena_free(arena);
	return o;
}
