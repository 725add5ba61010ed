/* Python values → struct gj_obj: constants by value, functions by identity or by their code, namespaces by the
 * attributes that the code mentions. What has no meaning in kernels becomes OPAQUE: an error only where it is used. */
#include "freeze/extern.h"
#include "freeze/foreign.h"
#include "freeze/intrinsic.h"
#include "freeze/known.h"
#include "freeze/overloaded.h"
#include "exceptions.h"
#include "types/classnames.h"
#include "types/dtype.h"
#include "types/typeobj.h"

#include <string.h>

enum { MAX_DEPTH = 64 };

/* -- Numbers and text --------------------------------------------------------------------------------------------- */

static const gj_obj *freeze_int(gj_freezer *fz, PyObject *o)
{
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_INT, NULL);
	int overflow;
	r->i = PyLong_AsLongLongAndOverflow(o, &overflow);
	if (!PyLong_CheckExact(o) && gj_has_base(Py_TYPE(o), "Enum"))
		r->fields = gj_member_fields("", true);
	if (!overflow)
		return r;
	r->i = (int64_t)PyLong_AsUnsignedLongLong(o);
	r->is_unsigned = !PyErr_Occurred();
	if (r->is_unsigned)
		return r;
	gj_forgive(PyExc_OverflowError);
	PyObject *text = PyLong_Type.tp_repr(o);
	gj_forgive(PyExc_ValueError);                          /* more digits than Python prints */
	r->big = true;
	r->i = 0;
	r->name = text ? gj_freeze_text(fz, text) : overflow > 0 ? "of thousands of digits" : "of minus thousands of digits";
	Py_XDECREF(text);
	return r;
}

static const gj_obj *freeze_float(gj_freezer *fz, PyObject *o)
{
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_FLOAT, NULL);
	r->f = PyFloat_AS_DOUBLE(o);
	return r;
}

static void put_complex(gj_obj *r, PyObject *o)
{
	r->f = PyComplex_RealAsDouble(o);
	r->im = PyComplex_ImagAsDouble(o);
}

/* A copy of the bytes, C-contiguous and in native byte order; none where they are more than a kernel may hold: its shape
 * still counts. Arrays of other types are OPAQUE. */
static const gj_obj *freeze_array(gj_freezer *fz, PyObject *o)
{
	PyArrayObject *a = (PyArrayObject *)o;
	PyArray_Descr *native = PyArray_DescrNewByteorder(PyArray_DESCR(a), NPY_NATIVE);
	const gj_type *elem = native ? gj_type_of_dtype(native) : NULL, *t = elem ? gj_array_type(elem, PyArray_NDIM(a), 'C', true, GJ_CONSTANT) : NULL;
	if (!t) {
		Py_XDECREF(native);
		return native ? gj_freeze_opaque(fz, o) : NULL;
	}
	bool fits = PyArray_NBYTES(a) <= GJ_MAX_FROZEN;
	PyArrayObject *c = a;
	if (!fits)
		Py_DECREF(native);
	else if (!(c = (PyArrayObject *)PyArray_FromArray(a, native, NPY_ARRAY_CARRAY_RO)))        /* steals native */
		return NULL;
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_ARRAY, NULL);
	r->type = t;
	r->nbytes = fits ? (size_t)PyArray_NBYTES(c) : 0;
	r->data = gj_alloc(fz->arena, r->nbytes ? r->nbytes : 1);
	if (r->nbytes)
		memcpy((void *)r->data, PyArray_DATA(c), r->nbytes);
	int64_t *shape = gj_new(fz->arena, int64_t, t->ndim + 1);
	for (int k = 0; k < t->ndim; k++)
		shape[k] = PyArray_DIM(a, k);
	r->shape = shape;
	if (fits)
		Py_DECREF(c);
	return r;
}

/* A record is an array without dimensions that is seen as its item. */
static const gj_obj *freeze_record(gj_freezer *fz, PyObject *o)
{
	PyObject *array = PyArray_FromAny(o, NULL, 0, 0, 0, NULL);
	gj_obj *r = array ? (gj_obj *)freeze_array(fz, array) : NULL;
	Py_XDECREF(array);
	if (r && r->kind == GJ_OBJ_ARRAY)
		r->i = 1;
	return r;
}

/* A NumPy scalar keeps its exact type. */
static const gj_obj *freeze_scalar(gj_freezer *fz, PyObject *o)
{
	PyArray_Descr *descr = PyArray_DescrFromScalar(o);
	int kind = descr ? gj_kind_of_dtype(descr) : -1;
	Py_XDECREF(descr);
	if (!descr)
		return NULL;
	if (kind < 0 && PyArray_IsScalar(o, Void))
		return freeze_record(fz, o);
	if (kind < 0)
		return gj_freeze_opaque(fz, o);
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_SCALAR, NULL);
	r->type = gj_scalar[kind];
	if (gj_is_complex(r->type)) {
		PyObject *z = PyObject_CallFunctionObjArgs((PyObject *)&PyComplex_Type, o, NULL);
		if (z)
			put_complex(r, z);
		Py_XDECREF(z);
	} else if (gj_is_float(r->type)) {
		PyObject *f = PyNumber_Float(o);
		r->f = f ? PyFloat_AS_DOUBLE(f) : 0;
		Py_XDECREF(f);
	} else if (kind == GJ_BOOL) {
		r->i = PyObject_IsTrue(o);
	} else {
		PyObject *i = PyNumber_Index(o);
		r->i = !i ? 0 : kind == GJ_U64 ? (int64_t)PyLong_AsUnsignedLongLong(i) : PyLong_AsLongLong(i);
		Py_XDECREF(i);
	}
	return PyErr_Occurred() ? NULL : r;
}

/* -- Aggregates --------------------------------------------------------------------------------------------------- */

static const gj_obj *freeze_items(gj_freezer *fz, gj_objkind kind, PyObject *fast, const gj_names *names)
{
	Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
	gj_obj *r = gj_obj_new(fz, kind, NULL);
	const gj_obj **item = gj_new(fz->arena, const gj_obj *, n);
	for (Py_ssize_t i = 0; i < n; i++)
		if (!(item[i] = gj_freeze_value(fz, PySequence_Fast_GET_ITEM(fast, i), names)))
			return NULL;
	r->item = item;
	r->n = (uint32_t)n;
	return r;
}

static const gj_obj *freeze_tuple(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	gj_obj *r = (gj_obj *)freeze_items(fz, GJ_OBJ_TUPLE, o, names);
	const gj_fields *fields = r && !PyTuple_CheckExact(o) ? gj_class_fields(Py_TYPE(o)) : NULL;
	if (fields && fields->n == r->n)
		r->fields = fields;
	return PyErr_Occurred() ? NULL : r;
}

enum { MOST_ITEMS = 1024 };                    /* of all dictionaries and lists of a freeze */

/* Only with strings as keys, and few of them: others are data. NULL: it is no such dictionary, or an exception is set. */
static const gj_obj *freeze_dict(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	Py_ssize_t n = PyDict_GET_SIZE(o), at = 0, i = 0;
	PyObject *key, *value, *copy = fz->items + n <= MOST_ITEMS ? PyDict_Copy(o) : NULL;      /* values may be changed meanwhile */
	if (!copy || PyList_Append(fz->keep, copy) < 0) {
		Py_XDECREF(copy);
		return NULL;
	}
	Py_DECREF(copy);
	fz->items += (uint32_t)n;
	const char **name = gj_new(fz->arena, const char *, n + 1);
	const gj_obj **item = gj_new(fz->arena, const gj_obj *, n + 1);
	for (; PyDict_Next(copy, &at, &key, &value); i++) {
		if (!PyUnicode_Check(key))
			return NULL;
		name[i] = gj_freeze_text(fz, key);
		if (!(item[i] = gj_freeze_value(fz, value, names)))
			return NULL;
	}
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_TUPLE, NULL);
	r->item = item;
	r->n = (uint32_t)n;
	r->fields = gj_dict_fields(name, r->n);
	return r->fields ? r : (PyErr_NoMemory(), NULL);
}

/* Short lists are constants, as tuples are; NULL: it is longer, or an exception is set. */
static const gj_obj *freeze_list(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	PyObject *copy = fz->items + PyList_GET_SIZE(o) < MOST_ITEMS ? PyList_AsTuple(o) : NULL;         /* freezing may change it */
	gj_obj *r = NULL;
	fz->items += 1;
	if (copy && PyList_Append(fz->keep, copy) == 0) {
		fz->items += (uint32_t)PyTuple_GET_SIZE(copy);
		r = (gj_obj *)freeze_items(fz, GJ_OBJ_TUPLE, copy, names);
	}
	if (r)
		r->i = 1;
	Py_XDECREF(copy);
	return r;
}

/* `x in {1, 2}` holds a frozenset: as a tuple it answers the same. */
static const gj_obj *freeze_set(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	PyObject *list = PySequence_List(o);
	const gj_obj *r = list ? freeze_items(fz, GJ_OBJ_TUPLE, list, names) : NULL;
	Py_XDECREF(list);
	return r;
}

static const gj_obj *freeze_slice(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	PySliceObject *s = (PySliceObject *)o;
	PyObject *parts = PyTuple_Pack(3, s->start, s->stop, s->step);
	const gj_obj *r = parts ? freeze_items(fz, GJ_OBJ_SLICE, parts, names) : NULL;
	Py_XDECREF(parts);
	return r;
}

/* -- Types, names, namespaces ------------------------------------------------------------------------------------- */

/* The kernel type that an object stands for: ours, a NumPy scalar class or a dtype. NULL: none. */
static const gj_type *type_value(PyObject *o)
{
	const gj_type *t = gj_type_from_types(o);
	if (t || PyErr_Occurred())
		return t;
	PyArray_Descr *descr = NULL;
	if (PyArray_DescrCheck(o))
		descr = (PyArray_Descr *)Py_NewRef(o);
	else if (PyType_Check(o) && PyType_IsSubtype((PyTypeObject *)o, &PyGenericArrType_Type))
		descr = PyArray_DescrFromTypeObject(o);
	gj_forgive(PyExc_Exception);                           /* classes without a dtype, such as np.generic */
	t = descr ? gj_type_of_dtype(descr) : NULL;
	Py_XDECREF(descr);
	return t;
}

/* Attributes that the code mentions. Inside itself a namespace is an empty one: objects form no cycles. */
static const gj_obj *freeze_module(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	const char *name = PyModule_GetName(o);
	gj_forgive(PyExc_SystemError);                         /* a module without a name */
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_MODULE, gj_strdup(fz->arena, name ? name : "?"));
	uint32_t n = names ? names->n : 0;
	const char **attr = gj_new(fz->arena, const char *, n + 1);
	const gj_obj **item = gj_new(fz->arena, const gj_obj *, n + 1);
	if (gj_freeze_meet(fz, o, names, r) < 0)
		return NULL;
	uint32_t count = 0;
	for (uint32_t i = 0; i < n; i++) {
		PyObject *v = PyDict_GetItemWithError(PyModule_GetDict(o), names->object[i]);
		v = v ? Py_NewRef(v) : PyObject_GetAttr(o, names->object[i]);
		bool later = !v && PyErr_ExceptionMatches(PyExc_NotImplementedError);
		if (!v && !gj_forgive(PyExc_Exception))        /* a lazy module has reasons of its own not to have it */
			return NULL;
		if (!v && !later)
			continue;
		const gj_obj *value = v ? gj_freeze_kept(fz, v, names) : gj_freeze_later(fz, r->name, names->name[i]);
		if (!value)
			return NULL;
		attr[count] = names->name[i];
		item[count++] = value;
	}
	r->attr = attr;
	r->item = item;
	r->n = count;
	return r;
}

/* The parameters of a class of named tuples, as a function without a body. NULL: another class, or an exception is set. */
static const gj_code *freeze_maker(gj_freezer *fz, PyTypeObject *class, const gj_fields *fields)
{
	const gj_obj *met = gj_freeze_met(fz, (PyObject *)class, NULL), *defaults = NULL;
	PyFunctionObject *maker = fields ? gj_class_maker(class) : NULL;
	if (met || !maker)
		return met ? met->code : NULL;
	if (maker->func_defaults && !(defaults = freeze_items(fz, GJ_OBJ_TUPLE, maker->func_defaults, NULL)))
		return NULL;
	gj_code *c = gj_new(fz->arena, gj_code, 1);
	*c = (gj_code){ .name = fields->label, .qualname = fields->label, .file = "", .bytes = (const uint8_t *)"", .nargs = (int)fields->n,
	                .var = fields->name, .nvars = (int)fields->n };
	if (defaults)
		c->defaults = defaults->item, c->ndefaults = (int)defaults->n;
	c->digest = gj_code_digest(c);
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_OPAQUE, fields->label);
	r->code = c;
	return gj_freeze_meet(fz, (PyObject *)class, NULL, r) < 0 ? NULL : c;
}

/* A member of an enumeration: a named tuple of its value. NULL: something else, or an exception is set. */
static const gj_obj *freeze_member(gj_freezer *fz, PyObject *o)
{
	const gj_fields *fields = gj_enum_fields(Py_TYPE(o));
	PyObject *v = fields ? gj_enum_value(o) : NULL, *item = v ? PyTuple_Pack(1, v) : NULL;
	gj_obj *r = item ? (gj_obj *)freeze_items(fz, GJ_OBJ_TUPLE, item, NULL) : NULL;
	PyObject *name = NULL;
	int found = r ? gj_attribute(o, "_name_", &name) : 0;
	if (r)
		r->fields = fields;
	if (found > 0 && PyUnicode_Check(name))
		r->name = gj_freeze_text(fz, name);
	r = found < 0 ? NULL : r;
	Py_XDECREF(name);
	Py_XDECREF(item);
	Py_XDECREF(v);
	return r;
}

/* The object that a class of exceptions is throughout the freeze; NULL: an exception is set. */
static const gj_obj *exception_class(gj_freezer *fz, PyObject *o)
{
	const char *name = gj_known_name(o);
	for (uint32_t i = 0; i < fz->exceptions.n; i++)
		if (fz->exceptions.p[i].class == o)
			return fz->exceptions.p[i].obj;
	PyObject *own = name ? NULL : gj_exception_name(o);
	if (PyErr_Occurred() || PyList_Append(fz->keep, o) < 0)
		return NULL;
	gj_obj *r = name ? gj_obj_new(fz, GJ_OBJ_NAME, gj_strdup(fz->arena, name)) : gj_obj_new(fz, GJ_OBJ_OPAQUE, gj_freeze_text(fz, own));
	r->data = o;
	Py_XDECREF(own);
	gj_push(fz->arena, &fz->exceptions, ((gj_frozen_class){ o, r }));
	return r;
}

/* The class and its bases, in the order in which Python looks at them. */
static const gj_obj *freeze_kin(gj_freezer *fz, PyTypeObject *class)
{
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_TUPLE, NULL);
	const gj_obj **item = gj_new(fz->arena, const gj_obj *, PyTuple_GET_SIZE(class->tp_mro));
	for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(class->tp_mro); i++) {
		PyObject *base = PyTuple_GET_ITEM(class->tp_mro, i);
		if (PyExceptionClass_Check(base) && !(item[r->n++] = exception_class(fz, base)))
			return NULL;
	}
	r->item = item;
	return r;
}

/* The class's public names, for hints. NULL: none that is text, or an exception is set. */
static const char *public_names(gj_freezer *fz, PyTypeObject *class)
{
	PyObject *list = gj_class_public(class), *blank = list ? PyUnicode_FromString(" ") : NULL, *all = blank ? PyUnicode_Join(blank, list) : NULL;
	const char *text = all ? gj_freeze_text(fz, all) : NULL;
	Py_XDECREF(list);
	Py_XDECREF(blank);
	Py_XDECREF(all);
	return text;
}

/* What the class holds under the name, as one more item of r, if it is a number or a member of an enumeration. false: an exception is set. */
static bool freeze_held(gj_freezer *fz, gj_obj *r, PyObject *v, const char *name, const gj_names *names)
{
	bool number = PyLong_Check(v) || PyFloat_Check(v) || PyTuple_Check(v) || PyArray_CheckScalar(v) || gj_has_base(Py_TYPE(v), "Enum");
	if (!number)
		return true;
	const gj_obj *item = PyList_Append(fz->keep, v) < 0 ? NULL : gj_freeze_value(fz, v, names);
	if (!item)
		return false;
	((const char **)(uintptr_t)r->attr)[r->n] = name;
	((const gj_obj **)(uintptr_t)r->item)[r->n++] = item;
	return true;
}

/* All members of an enumeration: code may find them by their names. */
static bool freeze_members(gj_freezer *fz, gj_obj *r, PyObject *members, const gj_names *names)
{
	PyObject *key, *v;
	for (Py_ssize_t at = 0; PyDict_Next(members, &at, &key, &v);)
		if (PyUnicode_Check(key) && !freeze_held(fz, r, v, gj_freeze_text(fz, key), names))
			return false;
	return true;
}

/* A class is no value, but the numbers that it holds are: those that the code mentions. Named tuples can be made. */
static const gj_obj *freeze_class(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	gj_obj *r = (gj_obj *)gj_freeze_opaque(fz, o);
	uint32_t n = names ? names->n : 0;
	PyObject *map = gj_has_base((PyTypeObject *)o, "Enum") ? PyUnicode_InternFromString("_member_map_") : NULL;
	PyObject *members = map ? gj_class_attribute((PyTypeObject *)o, map) : NULL;
	Py_XDECREF(map);
	members = members && PyDict_Check(members) ? members : NULL;
	r->attr = gj_new(fz->arena, const char *, n + (members ? PyDict_GET_SIZE(members) : 0) + 1);
	r->item = gj_new(fz->arena, const gj_obj *, n + (members ? PyDict_GET_SIZE(members) : 0) + 1);
	if (members && !freeze_members(fz, r, members, names))
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		PyObject *v = members && PyDict_GetItemWithError(members, names->object[i]) ? NULL : gj_class_attribute((PyTypeObject *)o, names->object[i]);
		if (v && !freeze_held(fz, r, v, names->name[i], names))
			return NULL;
	}
	const gj_fields *fields = gj_class_fields((PyTypeObject *)o);
	if ((r->code = freeze_maker(fz, (PyTypeObject *)o, fields)))
		r->fields = fields;
	if (PyExceptionClass_Check(o))
		r->kin = freeze_kin(fz, (PyTypeObject *)o);
	if (n && !PyErr_Occurred())
		r->has = public_names(fz, (PyTypeObject *)o);
	return PyErr_Occurred() ? NULL : r;
}

static gj_obj *called_as(gj_freezer *fz, const gj_obj *function, gj_calling how)
{
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_FUNCTION, NULL);
	*r = *function;
	r->i = how;
	return r;
}

/* A fused function for arguments of certain dimensions, which kernels call with elements. */
static const gj_obj *freeze_fused(gj_freezer *fz, PyObject *o, const gj_obj *function)
{
	PyObject *dimensions = PyObject_GetAttrString(o, "dimensions");
	if (!dimensions || !PyTuple_Check(dimensions)) {
		Py_XDECREF(dimensions);
		return PyErr_Occurred() ? NULL : gj_freeze_opaque(fz, o);
	}
	const gj_obj *items = freeze_items(fz, GJ_OBJ_TUPLE, dimensions, NULL);
	gj_obj *r = items ? called_as(fz, function, GJ_CALL_FUSED) : NULL;
	if (r)
		r->item = items->item, r->n = items->n;
	Py_DECREF(dimensions);
	return r;
}

/* The name that a function of ours stands for in kernels; NULL: none, or an exception is set. */
static const char *intrinsic_of(gj_freezer *fz, PyObject *function)
{
	PyObject *dict = ((PyFunctionObject *)function)->func_dict, *v = dict ? PyDict_GetItemString(dict, "_gj_intrinsic") : NULL;
	return v && PyUnicode_Check(v) ? gj_freeze_text(fz, v) : NULL;
}

static const gj_obj *freeze_name(gj_freezer *fz, const char *name)
{
	static const char *const takers[] = { "sum", "min", "max", "any", "all", "tuple", "list" };
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_NAME, gj_strdup(fz->arena, name));
	for (size_t i = 0; i < GJ_LEN(takers); i++)
		if (!strncmp(name, "builtins.", 9) && !strcmp(name + 9, takers[i]) && !(r->code = gj_freeze_iteration(fz)))
			return NULL;
	return r;
}

/* As an object of the code that calls it, with the implementations that have been asked for (overloaded.c). */
static const gj_obj *freeze_overloaded(gj_freezer *fz, PyObject *o)
{
	PyObject *answers = fz->captures->answers, *name = NULL;
	gj_obj *r = gj_freeze_met(fz, o, NULL);
	if (r)
		return r;
	if (gj_attribute(o, "__name__", &name) < 0)
		return NULL;
	uint32_t n = (uint32_t)PyList_GET_SIZE(answers);
	const char **attr = gj_new(fz->arena, const char *, n + 1);
	const gj_obj **item = gj_new(fz->arena, const gj_obj *, n + 1);
	r = gj_obj_new(fz, GJ_OBJ_OVERLOADED, name && PyUnicode_Check(name) ? gj_freeze_text(fz, name) : "function");
	Py_XDECREF(name);
	r->data = o;
	r->attr = attr;
	r->item = item;
	if (!fz->captures->overloads && !(fz->captures->overloads = PyList_New(0)))
		return NULL;
	if (PyList_Append(fz->captures->overloads, o) < 0 || gj_freeze_meet(fz, o, NULL, r) < 0)       /* implementations may call it */
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		PyObject *answer = PyList_GET_ITEM(answers, i);
		if (PyTuple_GET_ITEM(answer, 0) != o)
			continue;
		attr[r->n] = gj_freeze_text(fz, PyTuple_GET_ITEM(answer, 1));
		if (!(item[r->n++] = gj_freeze_value(fz, PyTuple_GET_ITEM(answer, 2), NULL)))
			return NULL;
	}
	return r;
}

/* Is it a ufunc whose function takes elements, NumPy's or one of device arrays? Those of generalised ones take arrays. */
static bool takes_elements(PyObject *o)
{
	if (gj_has_base(Py_TYPE(o), "gridjit._core.Elements") || gj_has_base(Py_TYPE(o), "AutoUFunc"))
		return true;
	PyObject *signature = gj_has_base(Py_TYPE(o), "numpy.ufunc") ? PyObject_GetAttrString(o, "signature") : NULL;
	bool yes = signature == Py_None;
	Py_XDECREF(signature);
	gj_forgive(PyExc_Exception);
	return yes;
}

static const gj_obj *freeze_object(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	bool memory = fz->captures && fz->captures->memory;
	PyObject *own = !PyCallable_Check(o) ? NULL : memory ? gj_known_function(o) : gj_known_element_function(o);
	if (own || PyErr_Occurred())
		return own ? gj_freeze_function(fz, own, NULL) : NULL;
	const char *name = gj_intrinsic_name(o);
	if (!name)
		name = gj_known_name(o);
	if (name)
		return freeze_name(fz, name);
	if (PyCallable_Check(o) && gj_is_overloaded(fz, o))
		return freeze_overloaded(fz, o);
	const gj_type *t = PyErr_Occurred() ? NULL : type_value(o);
	if (PyErr_Occurred())
		return NULL;
	if (t) {
		gj_obj *r = gj_obj_new(fz, GJ_OBJ_TYPE, NULL);
		r->type = t;
		return r;
	}
	if (PyModule_Check(o)) {
		const gj_obj *met = gj_freeze_met(fz, o, names);
		if (!met)
			return freeze_module(fz, o, names);
		return met->item ? met : gj_obj_new(fz, GJ_OBJ_MODULE, met->name);
	}
	if (gj_is_extern(o))
		return gj_freeze_extern(fz, o);
	if (gj_is_foreign(o))
		return gj_freeze_foreign(fz, o);
	if (PyFunction_Check(o) && (name = intrinsic_of(fz, o)))
		return freeze_name(fz, name);
	const gj_obj *absent = PyFunction_Check(o) && !PyErr_Occurred() ? gj_freeze_absent(fz, o) : NULL;
	if (absent)
		return absent;
	if (PyFunction_Check(o))
		return PyErr_Occurred() ? NULL : gj_freeze_function(fz, o, NULL);
	if (PyCode_Check(o))
		return gj_freeze_code(fz, o);
	const gj_obj *member = freeze_member(fz, o);
	if (member || PyErr_Occurred())
		return member;
	PyObject *f = gj_freeze_python(o);
	const gj_obj *r = f ? gj_freeze_function(fz, f, o) : PyErr_Occurred() ? NULL
	    : PyType_Check(o) ? freeze_class(fz, o, names) : gj_freeze_opaque(fz, o);
	if (f && r && takes_elements(o))
		r = called_as(fz, r, GJ_CALL_UFUNC);
	else if (f && r && gj_has_base(Py_TYPE(o), "gridjit._core.FusedPlan"))
		r = freeze_fused(fz, o, r);
	Py_XDECREF(f);
	return r;
}

/* Arrays in device memory say what they are by this attribute of their class. */
static bool may_be_captured(const gj_freezer *fz, PyObject *o)
{
	PyObject *v;
	bool yes = fz->captures && fz->captures->read && gj_attribute((PyObject *)Py_TYPE(o), "__cuda_array_interface__", &v) > 0;
	if (yes)
		Py_DECREF(v);
	gj_forgive(PyExc_Exception);
	return yes && !PyErr_Occurred();
}

/* NULL: it is no such array, or an exception is set. */
static const gj_obj *freeze_captured(gj_freezer *fz, PyObject *o)
{
	gj_capture found;
	gj_obj *r = gj_freeze_met(fz, o, NULL);
	if (r || fz->captures->read(fz->captures, o, &found) <= 0)
		return r;
	size_t n = found.type->ndim;
	int64_t *shape = gj_new(fz->arena, int64_t, 2 * n + 1);
	memcpy(shape, found.shape, n * sizeof *shape);
	memcpy(shape + n, found.strides, n * sizeof *shape);
	r = gj_obj_new(fz, GJ_OBJ_CAPTURED, NULL);
	r->type = found.type;
	r->i = (int64_t)found.at;
	r->shape = shape;
	return gj_freeze_meet(fz, o, NULL, r) < 0 ? NULL : r;
}

static const gj_obj *freeze_one(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	if (o == Py_None)
		return gj_obj_new(fz, GJ_OBJ_NONE, NULL);
	if (o == Py_Ellipsis)
		return gj_obj_new(fz, GJ_OBJ_ELLIPSIS, NULL);
	if (PyBool_Check(o)) {
		gj_obj *r = gj_obj_new(fz, GJ_OBJ_BOOL, NULL);
		r->i = o == Py_True;
		return r;
	}
	if (PyArray_CheckScalar(o) && !PyArray_Check(o))
		return freeze_scalar(fz, o);
	if (PyLong_Check(o)) {
		const gj_obj *member = PyLong_CheckExact(o) ? NULL : freeze_member(fz, o);
		return member || PyErr_Occurred() ? member : freeze_int(fz, o);
	}
	if (PyFloat_Check(o))
		return freeze_float(fz, o);
	if (PyComplex_Check(o)) {
		gj_obj *r = gj_obj_new(fz, GJ_OBJ_COMPLEX, NULL);
		put_complex(r, o);
		return r;
	}
	if (PyUnicode_Check(o))
		return gj_obj_new(fz, GJ_OBJ_STR, gj_freeze_text(fz, o));
	if (PyTuple_Check(o))
		return freeze_tuple(fz, o, names);
	if (PyFrozenSet_Check(o))
		return freeze_set(fz, o, names);
	const gj_obj *constant = PyDict_CheckExact(o) ? freeze_dict(fz, o, names) : PyList_CheckExact(o) ? freeze_list(fz, o, names) : NULL;
	if (constant || PyErr_Occurred())
		return constant;
	if (PySlice_Check(o))
		return freeze_slice(fz, o, names);
	const gj_obj *captured = PyArray_CheckExact(o) || !may_be_captured(fz, o) ? NULL : freeze_captured(fz, o);
	if (captured || PyErr_Occurred())
		return captured;
	if (PyArray_Check(o))
		return freeze_array(fz, o);
	return freeze_object(fz, o, names);
}

/* Which object it was made of, the first time. */
static bool note(PyObject *objects, const gj_obj *r, PyObject *o)
{
	PyObject *key = r->kind == GJ_OBJ_FUNCTION || r->kind == GJ_OBJ_TYPE ? PyLong_FromVoidPtr((void *)(uintptr_t)r) : NULL;
	bool ok = !PyErr_Occurred() && (!key || PyDict_SetDefault(objects, key, o));
	Py_XDECREF(key);
	return ok;
}

const gj_obj *gj_freeze_value(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	if (fz->depth >= MAX_DEPTH || fz->frames >= GJ_MAX_FRAMES)
		return gj_freeze_opaque(fz, o);
	fz->depth++;
	fz->frames++;
	const gj_obj *r = freeze_one(fz, o, names);
	fz->depth--;
	fz->frames--;
	return r && fz->captures && fz->captures->objects && !note(fz->captures->objects, r, o) ? NULL : r;
}

const gj_obj *gj_freeze_kept(gj_freezer *fz, PyObject *o, const gj_names *names)
{
	bool kept = PyList_Append(fz->keep, o) == 0;
	Py_DECREF(o);
	return kept ? gj_freeze_value(fz, o, names) : NULL;
}
