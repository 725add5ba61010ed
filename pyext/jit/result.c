/* What a function for the host returned, as Python objects. */
#include "jit/host.h"

#include "base/half.h"
#include "memory/owned.h"
#include "run/cpu/owned.h"
#include "types/classnames.h"
#include "types/dtype.h"

#include <string.h>

static double real_of(const gj_type *t, const uint64_t *part)
{
	float f4;
	double f;
	memcpy(&f4, part, sizeof f4);
	memcpy(&f, part, sizeof f);
	if (gj_is_half(t))
		return gj_half_value((uint16_t)*part, t->kind == GJ_BF16);
	return t->kind == GJ_F32 || t->kind == GJ_C64 ? (double)f4 : f;
}

static int64_t signed_of(const gj_type *t, uint64_t v)
{
	switch (t->size) {
	case 1:  return (int8_t)v;
	case 2:  return (int16_t)v;
	case 4:  return (int32_t)v;
	default: return (int64_t)v;
	}
}

static PyObject *scalar(const gj_type *t, const uint64_t *part)
{
	if (t->kind == GJ_BOOL)
		return PyBool_FromLong(*part & 1);
	if (gj_is_signed(t))
		return PyLong_FromLongLong(signed_of(t, *part));
	if (gj_is_int(t))
		return PyLong_FromUnsignedLongLong(t->size == 8 ? *part : *part & (((uint64_t)1 << 8 * t->size) - 1));
	if (gj_is_complex(t))
		return PyComplex_FromDoubles(real_of(t, part), real_of(t, part + 1));
	return PyFloat_FromDouble(real_of(t, part));
}

/* -- Tuples -------------------------------------------------------------------------------------------------------------- */

/* As the class whose names the type has: of named tuples, or an enumeration. */
static PyObject *named(const gj_type *t, PyObject *tuple)
{
	PyObject *class = gj_fields_class(gj_names_of(t)), *o = NULL;
	if (PyErr_Occurred())
		return NULL;
	bool maker = class && (gj_is_member(t) || gj_class_maker((PyTypeObject *)class));
	if (!maker)
		o = Py_NewRef(tuple);
	else if (gj_is_member(t))
		o = PyObject_CallOneArg(class, PyTuple_GET_ITEM(tuple, 0));
	else {
		PyObject *args = PyTuple_Pack(1, tuple);       /* past a __new__ of the class's own */
		o = args ? PyTuple_Type.tp_new((PyTypeObject *)class, args, NULL) : NULL;
		Py_XDECREF(args);
	}
	Py_XDECREF(class);
	return o;
}

/* -- Arrays -------------------------------------------------------------------------------------------------------------- */

typedef struct view { char *data; int64_t shape[GJ_MAX_NDIM], stride[GJ_MAX_NDIM]; } view;

static bool has_elements(PyArrayObject *a, const gj_type *elem)
{
	return gj_is_scalar(elem) ? gj_kind_of_dtype(PyArray_DESCR(a)) == elem->kind : gj_known_dtype(PyArray_DESCR(a)) == elem;
}

static bool is_same(PyArrayObject *a, const gj_type *t, const view *v)
{
	size_t n = t->ndim * sizeof(int64_t);
	return a && PyArray_BYTES(a) == v->data && PyArray_NDIM(a) == t->ndim && has_elements(a, t->elem)
		&& (!n || (!memcmp(PyArray_DIMS(a), v->shape, n) && !memcmp(PyArray_STRIDES(a), v->stride, n)))
		&& PyArray_ISWRITEABLE(a) == !t->readonly;
}

/* Does the array's memory hold the place? */
static bool holds(PyArrayObject *a, const char *data)
{
	if (!a)
		return false;
	const char *low = PyArray_BYTES(a), *high = low + PyArray_ITEMSIZE(a);
	for (int d = 0; d < PyArray_NDIM(a); d++) {
		int64_t reach = PyArray_DIM(a, d) ? (PyArray_DIM(a, d) - 1) * PyArray_STRIDE(a, d) : 0;
		low += reach < 0 ? reach : 0;
		high += reach > 0 ? reach : 0;
	}
	return data >= low && data < high;
}

static PyObject *new_array(const gj_type *t, view *v)
{
	PyArray_Descr *dtype = gj_dtype_of_type(t->elem);
	return dtype ? PyArray_NewFromDescr(&PyArray_Type, dtype, t->ndim, v->shape, v->stride, v->data, t->readonly ? 0 : NPY_ARRAY_WRITEABLE, NULL) : NULL;
}

/* Steals the base. */
static PyObject *based(PyObject *array, PyObject *base)
{
	if (array && base && PyArray_SetBaseObject((PyArrayObject *)array, base) == 0)
		return array;
	if (!array)
		Py_XDECREF(base);
	Py_XDECREF(array);
	return NULL;
}

/* One that was given, a view of it, or a copy of what is nobody's: constants of the compiled code. */
static PyObject *given_array(const gj_type *t, view *v, PyArrayObject *const *given, Py_ssize_t n)
{
	PyObject *base = NULL;
	for (Py_ssize_t i = 0; i < n; i++) {
		if (is_same(given[i], t, v))
			return Py_NewRef(given[i]);
		if (!base && holds(given[i], v->data))
			base = (PyObject *)given[i];
	}
	PyObject *o = new_array(t, v), *copy;
	if (base)
		return based(o, Py_NewRef(base));
	copy = o ? PyArray_NewCopy((PyArrayObject *)o, NPY_KEEPORDER) : NULL;
	Py_XDECREF(o);
	return copy;
}

/* An array of memory that was made, with its owner, or of memory that was given. */
static PyObject *any_array(const gj_type *t, view *v, uint64_t owner, PyArrayObject *const *given, Py_ssize_t n)
{
	if (!owner)
		return given_array(t, v, given, n);
	PyObject *memory = gj_memory_new(owner);
	return memory ? based(new_array(t, v), memory) : NULL;
}

static PyObject *array(const gj_type *t, const uint64_t *part, PyArrayObject *const *given, Py_ssize_t n)
{
	view v;
	memcpy(&v.data, part, sizeof v.data);
	memcpy(v.shape, part + 1, t->ndim * sizeof *v.shape);
	memcpy(v.stride, part + 1 + t->ndim, t->ndim * sizeof *v.stride);
	return any_array(t, &v, t->space == GJ_COUNTED ? part[1 + 2 * t->ndim] : 0, given, n);
}

/* A record as a numpy.record: its memory as an array without dimensions shows it. */
static PyObject *record(const gj_type *t, const uint64_t *part, PyArrayObject *const *given, Py_ssize_t n)
{
	view v = { 0 };
	const gj_type shown = { .kind = GJ_ARRAY, .elem = t->elem, .readonly = t->readonly };
	memcpy(&v.data, part, sizeof v.data);
	PyObject *a = any_array(&shown, &v, t->space == GJ_COUNTED ? part[1] : 0, given, n), *class = a ? gj_import("numpy", "record") : NULL;
	PyObject *pair = class ? PyTuple_Pack(2, class, (PyObject *)PyArray_DESCR((PyArrayObject *)a)) : NULL, *o = NULL, *view;
	PyArray_Descr *dtype = NULL;
	if (pair && PyArray_DescrConverter(pair, &dtype) && (view = PyArray_View((PyArrayObject *)a, dtype, NULL))) {
		o = PyArray_ToScalar(PyArray_DATA((PyArrayObject *)view), (PyArrayObject *)view);
		Py_DECREF(view);
	}
	Py_XDECREF(pair);
	Py_XDECREF(class);
	Py_XDECREF(a);
	return o;
}

/* -- Any value ----------------------------------------------------------------------------------------------------------- */

/* Lets go of what a value holds that nobody takes. */
static void drop(const gj_type *t, const uint64_t *part)
{
	for (uint32_t i = 0; i < gj_parts(t); i++)
		if (gj_part_of(t, i).field == GJ_FIELD_OWNER)
			gj_owned_release(part[i]);
}

static PyObject *tuple_of(const gj_type *t, PyObject *known, const uint64_t *part, PyArrayObject *const *given, Py_ssize_t n)
{
	PyObject *tuple = PyTuple_New(t->n);
	for (uint32_t i = 0; i < t->n; part += gj_parts(t->item[i++])) {
		PyObject *of = known && PyTuple_Check(known) ? PyTuple_GET_ITEM(known, i) : NULL;
		PyObject *x = tuple ? gj_host_result(t->item[i], of, part, given, n) : (drop(t->item[i], part), NULL);
		if (!x)
			Py_CLEAR(tuple);
		else
			PyTuple_SET_ITEM(tuple, i, x);
	}
	return tuple;
}

PyObject *gj_host_result(const gj_type *t, PyObject *known, const uint64_t *part, PyArrayObject *const *given, Py_ssize_t n)
{
	if (gj_is_scalar(t))
		return scalar(t, part);
	if (t->kind == GJ_ARRAY)
		return array(t, part, given, n);
	if (t->kind == GJ_REF)
		return record(t, part, given, n);
	if (t->kind == GJ_OPTIONAL && *part & 1)
		return gj_host_result(t->elem, NULL, part + 1, given, n);
	if (known && (t->kind == GJ_STATIC || t == gj_t_str))
		return Py_NewRef(known);
	if (t->kind != GJ_TUPLE)
		return Py_NewRef(Py_None);
	PyObject *tuple = tuple_of(t, known, part, given, n);
	if (!tuple || !gj_names_of(t))
		return tuple;
	PyObject *o = gj_is_slice(t) ? PySlice_New(PyTuple_GET_ITEM(tuple, 0), PyTuple_GET_ITEM(tuple, 1), PyTuple_GET_ITEM(tuple, 2)) : named(t, tuple);
	Py_DECREF(tuple);
	return o;
}
