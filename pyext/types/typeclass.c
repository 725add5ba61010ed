/* _core.Type and its classes: types of kernels as Python sees them. float32[:, ::1] is an array type, float32(int32) a
 * signature, float32(1.5) a NumPy scalar. */
#include "types/typeclass.h"

#include "types/classnames.h"
#include "types/dtype.h"
#include "types/record.h"
#include "types/signature.h"
#include "types/typeobj.h"

#include <string.h>

/* -- Construction ------------------------------------------------------------------------------------------------- */

static PyObject *no_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)args, (void)kw;
	return gj_error(GJ_ERR_ABSTRACT_TYPE, cls->tp_name);
}

static PyObject *parse_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "text", NULL };
	PyObject *text;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "O:Type", names, &text))
		return NULL;
	const gj_type *t = gj_type_from_any(text);
	return t ? gj_type_to_py(t) : NULL;
}

static PyObject *optional_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "type", NULL };
	PyObject *type;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "O:Optional", names, &type))
		return NULL;
	const gj_type *t = gj_type_from_any(type), *o = t ? gj_optional_type(t) : NULL;
	return o ? gj_type_to_py(o) : t ? gj_error(GJ_ERR_TYPE_OPTIONAL, t->name) : NULL;
}

static PyObject *make_tuple(const gj_fields *names, PyObject *const *item, Py_ssize_t n)
{
	const gj_type **t = PyMem_New(const gj_type *, n + 1);
	bool ok = t != NULL;
	for (Py_ssize_t i = 0; ok && i < n; i++)
		ok = (t[i] = gj_type_from_any(item[i])) != NULL;
	PyObject *o = !t ? PyErr_NoMemory() : NULL;
	if (ok && gj_too_deep(t, (uint32_t)n))
		gj_error(GJ_ERR_TUPLE_DEPTH, GJ_MAX_NESTED);
	else if (ok)
		o = gj_type_to_py(names ? gj_named_type(names, t) : gj_tuple_type(t, (uint32_t)n));
	PyMem_Free(t);
	return o;
}

static PyObject *tuple_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "types", NULL };
	PyObject *types, *seq, *o;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "O:Tuple", names, &types))
		return NULL;
	if (!(seq = PySequence_Fast(types, "Tuple() takes a sequence of types")))
		return NULL;
	o = make_tuple(NULL, PySequence_Fast_ITEMS(seq), PySequence_Fast_GET_SIZE(seq));
	Py_DECREF(seq);
	return o;
}

/* Names of n items from a class, or from a tuple (label, names), as types are pickled. NULL: exception set. */
static const gj_fields *names_from(PyObject *o, Py_ssize_t n)
{
	enum { MAX_NAMES = 256 };
	const gj_fields *f = PyType_Check(o) ? gj_class_fields((PyTypeObject *)o) : NULL;
	PyObject *label, *names;
	if (!f && PyTuple_Check(o) && PyArg_ParseTuple(o, "O!O!", &PyUnicode_Type, &label, &PyTuple_Type, &names)
	    && PyTuple_GET_SIZE(names) <= MAX_NAMES) {
		const char *text[MAX_NAMES], *s = PyUnicode_AsUTF8(label);
		Py_ssize_t i = 0, count = PyTuple_GET_SIZE(names);
		while (s && i < count && (text[i] = PyUnicode_Check(PyTuple_GET_ITEM(names, i)) ? PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i)) : NULL))
			i++;
		f = s && i == count ? gj_fields_of(s, text, (uint32_t)count) : NULL;
	}
	if (f && f->n == n)
		return f;
	if (!PyErr_Occurred())
		PyErr_Format(PyExc_TypeError, "%R is no class of named tuples with %zd items", o, n);
	return NULL;
}

static PyObject *named_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "types", "cls", NULL };
	PyObject *types, *class, *seq, *o = NULL;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "OO:NamedTuple", names, &types, &class))
		return NULL;
	if (!(seq = PySequence_Fast(types, "NamedTuple() takes a sequence of types")))
		return NULL;
	const gj_fields *f = names_from(class, PySequence_Fast_GET_SIZE(seq));
	if (f)
		o = make_tuple(f, PySequence_Fast_ITEMS(seq), PySequence_Fast_GET_SIZE(seq));
	Py_DECREF(seq);
	return o;
}

/* `class`: of named tuples; NULL: plain ones. */
static PyObject *uniform(PyObject *dtype, int count, PyObject *class)
{
	PyObject *list, *o;
	const gj_fields *f = class ? names_from(class, count) : NULL;
	if (class && !f)
		return NULL;
	if (count < 0)
		return PyErr_Format(PyExc_ValueError, "UniTuple() count must not be negative: %d", count);
	if (!(list = PyTuple_New(count)))
		return NULL;
	for (int i = 0; i < count; i++)
		PyTuple_SET_ITEM(list, i, Py_NewRef(dtype));
	o = make_tuple(f, ((PyTupleObject *)list)->ob_item, count);
	Py_DECREF(list);
	return o;
}

static PyObject *unituple_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "dtype", "count", NULL };
	PyObject *dtype;
	int count;
	return PyArg_ParseTupleAndKeywords(args, kw, "Oi:UniTuple", names, &dtype, &count) ? uniform(dtype, count, NULL) : NULL;
}

static PyObject *named_uni_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "dtype", "count", "cls", NULL };
	PyObject *dtype, *class;
	int count;
	return PyArg_ParseTupleAndKeywords(args, kw, "OiO:NamedUniTuple", names, &dtype, &count, &class) ? uniform(dtype, count, class) : NULL;
}

static PyObject *make_array(const gj_type *elem, int ndim, const char *layout, bool readonly)
{
	if (!gj_is_plain(elem) && elem->kind != GJ_RECORD)
		return gj_error(GJ_ERR_ARRAY_ELEMENT, elem->name);
	if (ndim < 0 || ndim > GJ_MAX_NDIM)
		return gj_error(GJ_ERR_ARRAY_NDIM, ndim, (int)GJ_MAX_NDIM);
	if (strlen(layout) != 1 || !strchr("CFA", *layout))
		return gj_error(GJ_ERR_ARRAY_LAYOUT, layout);
	return gj_type_to_py(gj_array_type(elem, ndim, *layout, readonly, GJ_GLOBAL));
}

static PyObject *array_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "dtype", "ndim", "layout", "readonly", "name", "aligned", NULL };
	PyObject *dtype, *name = Py_None;
	const char *layout;
	int ndim, readonly = 0, aligned = 1;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "Ois|pOp:Array", names, &dtype, &ndim, &layout, &readonly, &name, &aligned))
		return NULL;
	const gj_type *elem = gj_type_from_any(dtype);
	return elem ? make_array(elem, ndim, layout, readonly) : NULL;
}

/* -- Records -------------------------------------------------------------------------------------------------------- */

/* Adds one of Record()'s fields to the lists that np.dtype() takes: (name, (type, offset)), or {"type": …, "offset": …}. */
static bool add_field(PyObject *field, PyObject *names, PyObject *formats, PyObject *offsets)
{
	PyObject *name, *info, *type = NULL, *offset = NULL;
	if (!PyTuple_Check(field) || !PyArg_ParseTuple(field, "UO", &name, &info))
		return gj_forgive(PyExc_TypeError) && (PyErr_SetString(PyExc_TypeError, "a field is a pair (name, (type, offset))"), false);
	if (PyDict_Check(info))
		type = PyDict_GetItemString(info, "type"), offset = PyDict_GetItemString(info, "offset");
	else if (PyTuple_Check(info) && PyTuple_GET_SIZE(info) >= 2)
		type = PyTuple_GET_ITEM(info, 0), offset = PyTuple_GET_ITEM(info, 1);
	if (!type || !offset || !PyLong_Check(offset))
		return PyErr_Format(PyExc_TypeError, "the field %R needs a type and an offset", name), false;
	const gj_type *t = gj_type_from_any(type);
	if (t && !gj_is_plain(t) && t->kind != GJ_RECORD && t->kind != GJ_NESTED)
		return gj_error(GJ_ERR_ARRAY_ELEMENT, t->name), false;
	PyArray_Descr *format = t ? gj_dtype_of_type(t) : NULL;
	bool ok = format && PyList_Append(names, name) == 0 && PyList_Append(formats, (PyObject *)format) == 0
		&& PyList_Append(offsets, offset) == 0;
	Py_XDECREF(format);
	return ok;
}

static PyObject *record_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *keywords[] = { "fields", "size", "aligned", NULL };
	PyObject *fields, *size, *aligned, *o = NULL;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "OOO:Record", keywords, &fields, &size, &aligned))
		return NULL;
	PyObject *seq = PySequence_Fast(fields, "Record() takes a sequence of fields"), *names = PyList_New(0), *formats = PyList_New(0),
		*offsets = PyList_New(0);
	bool ok = seq && names && formats && offsets;
	for (Py_ssize_t i = 0; ok && i < PySequence_Fast_GET_SIZE(seq); i++)
		ok = add_field(PySequence_Fast_GET_ITEM(seq, i), names, formats, offsets);
	PyObject *spec = ok ? Py_BuildValue("{sOsOsOsOsO}", "names", names, "formats", formats, "offsets", offsets, "itemsize", size,
		"aligned", aligned) : NULL;
	PyArray_Descr *d = NULL;
	if (spec && PyArray_DescrConverter(spec, &d)) {
		const gj_type *t = gj_type_of_dtype(d);
		o = t ? gj_type_to_py(t) : PyErr_Occurred() ? NULL : gj_error(GJ_ERR_NOT_A_TYPE, "a record like this");
		Py_DECREF(d);
	}
	Py_XDECREF(spec);
	Py_XDECREF(seq);
	Py_XDECREF(names);
	Py_XDECREF(formats);
	Py_XDECREF(offsets);
	return o;
}

static PyObject *nested_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "dtype", "shape", NULL };
	PyObject *dtype;
	PyArray_Dims shape = { NULL, 0 };
	if (!PyArg_ParseTupleAndKeywords(args, kw, "OO&:NestedArray", names, &dtype, PyArray_IntpConverter, &shape))
		return NULL;
	const gj_type *t = gj_type_from_any(dtype);
	bool fits = t && (gj_is_plain(t) || t->kind == GJ_RECORD) && shape.len > 0;
	for (int i = shape.len; fits && i-- > 0;)
		fits = shape.ptr[i] >= 0 && shape.ptr[i] <= INT32_MAX && (t = gj_nested_type(t, (uint32_t)shape.ptr[i]));
	PyDimMem_FREE(shape.ptr);
	if (!fits && !PyErr_Occurred())
		PyErr_SetString(PyExc_ValueError, "NestedArray() takes a scalar type or a record, and a shape");
	return fits ? gj_type_to_py(t) : NULL;
}

static PyObject *record_fields(const gj_type *t)
{
	PyObject *dict = PyDict_New();
	for (uint32_t i = 0; dict && i < t->n; i++) {
		PyObject *pair = Py_BuildValue("(NI)", gj_type_to_py(t->item[i]), (unsigned)gj_record_of(t)->offset[i]);
		if (!pair || PyDict_SetItemString(dict, gj_record_of(t)->name[i], pair) < 0)
			Py_CLEAR(dict);
		Py_XDECREF(pair);
	}
	return dict;
}

static PyObject *function_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "signature", NULL };
	PyObject *signature;
	const gj_type *ret, *arg[GJ_MAX_SIGNATURE];
	if (!PyArg_ParseTupleAndKeywords(args, kw, "O:FunctionType", names, &signature))
		return NULL;
	int n = gj_signature_read(signature, &ret, arg);
	if (n < 0)
		return NULL;
	return ret ? gj_type_to_py(gj_function_type(ret, arg, (uint32_t)n, NULL)) : gj_error(GJ_ERR_TYPE_FUNCTION);
}

static PyObject *pointer_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "dtype", NULL };
	PyObject *dtype;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "O:CPointer", names, &dtype))
		return NULL;
	const gj_type *elem = gj_type_from_any(dtype);
	if (!elem)
		return NULL;
	bool points = gj_is_plain(elem) || elem == gj_t_none || elem->kind == GJ_RECORD;
	return points ? gj_type_to_py(gj_ptr_type(elem, GJ_GENERIC)) : gj_error(GJ_ERR_POINTER_TO, elem->name);
}

/* -- float32[:, ::1] ---------------------------------------------------------------------------------------------- */

/* ':' for `:`, '1' for `::1`, 0 for anything else. */
static char axis_code(PyObject *o)
{
	if (!PySlice_Check(o))
		return 0;
	PySliceObject *s = (PySliceObject *)o;
	if (s->start != Py_None || s->stop != Py_None)
		return 0;
	if (s->step == Py_None)
		return ':';
	return PyLong_Check(s->step) && PyLong_AsLong(s->step) == 1 ? '1' : 0;
}

/* Layout of the axes' codes: at most one `::1`, first (F) or last (C). 0: not an array specification. */
static char layout_of(const char *code, Py_ssize_t n)
{
	Py_ssize_t ones = 0, at = -1;
	for (Py_ssize_t i = 0; i < n; i++) {
		if (!code[i])
			return 0;
		if (code[i] == '1')
			ones++, at = i;
	}
	if (ones > 1 || (ones == 1 && at != 0 && at != n - 1))
		return 0;
	return !ones ? 'A' : at == n - 1 ? 'C' : 'F';
}

static PyObject *array_of(const gj_type *elem, PyObject *key)
{
	PyObject *const *item = PyTuple_Check(key) ? ((PyTupleObject *)key)->ob_item : &key;
	Py_ssize_t n = PyTuple_Check(key) ? PyTuple_GET_SIZE(key) : 1;
	char code[GJ_MAX_NDIM];
	if (n > GJ_MAX_NDIM)
		return gj_error(GJ_ERR_ARRAY_NDIM, (int)n, (int)GJ_MAX_NDIM);
	for (Py_ssize_t i = 0; i < n; i++)
		code[i] = axis_code(item[i]);
	char layout = n ? layout_of(code, n) : 0;
	if (!layout) {
		PyObject *text = PyObject_Repr(key);
		const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
		if (s)
			gj_error(GJ_ERR_TYPE_INDEX, elem->name, s);
		Py_XDECREF(text);
		return NULL;
	}
	return make_array(elem, (int)n, (char[]){ layout, 0 }, false);
}

static PyObject *tuple_item(const gj_type *t, PyObject *key)
{
	Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
	if (i == -1 && PyErr_Occurred())
		return NULL;
	if (i < 0)
		i += t->n;
	if (i < 0 || i >= (Py_ssize_t)t->n)
		return PyErr_Format(PyExc_IndexError, "%s has %u items", t->name, t->n);
	return gj_type_to_py(t->item[i]);
}

static PyObject *type_subscript(PyObject *self, PyObject *key)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return t->kind == GJ_TUPLE ? tuple_item(t, key) : array_of(t, key);
}

static Py_ssize_t type_length(PyObject *self)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	if (t->kind == GJ_TUPLE || t->kind == GJ_RECORD)
		return t->n;
	PyErr_Format(PyExc_TypeError, "%s has no length", t->name);
	return -1;
}

static PyObject *type_iter(PyObject *self)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	if (t->kind != GJ_TUPLE)
		return PyErr_Format(PyExc_TypeError, "%s is not iterable", t->name);
	PyObject *items = gj_types_to_py(t->item, t->n), *iter = items ? PyObject_GetIter(items) : NULL;
	Py_XDECREF(items);
	return iter;
}

/* A type is true, as any object is: the length is no reason for less. */
static int type_bool(PyObject *self)
{
	(void)self;
	return 1;
}

/* -- float32(int32), float32(1.5) --------------------------------------------------------------------------------- */

static PyObject *scalar_value(const gj_type *t, PyObject *args)
{
	PyArray_Descr *d = gj_is_plain(t) ? gj_dtype_of_type(t) : NULL;
	if (!d)
		return PyErr_Occurred() ? NULL : gj_error(GJ_ERR_TYPE_CALL, t->name);
	PyObject *o = PyObject_Call((PyObject *)d->typeobj, args, NULL);
	Py_DECREF(d);
	return o;
}

static bool is_absent(PyObject *o)
{
	PyObject *why = NULL;
	bool yes = gj_attribute(o, "_gj_absent", &why) > 0;
	Py_XDECREF(why);
	return yes;
}

/* A signature with types that there are not (gridjit/absent.py). */
static PyObject *absent_signature(PyObject *ret, PyObject *args)
{
	PyObject *make = gj_import("gridjit.absent", "signature"), *o = make ? PyObject_CallFunctionObjArgs(make, ret, args, NULL) : NULL;
	Py_XDECREF(make);
	return o;
}

static PyObject *type_call(PyObject *self, PyObject *args, PyObject *kw)
{
	const gj_type *t = ((gj_typeobj *)self)->type, *arg[GJ_MAX_SIGNATURE];
	Py_ssize_t n = PyTuple_GET_SIZE(args), i = 0;
	if (kw && PyDict_GET_SIZE(kw))
		return PyErr_Format(PyExc_TypeError, "%s() takes no keyword arguments", t->name);
	if (n > GJ_MAX_SIGNATURE)
		return gj_error(GJ_ERR_SIGNATURE_LONG, (int)GJ_MAX_SIGNATURE);
	while (i < n && ((arg[i] = gj_signature_type(PyTuple_GET_ITEM(args, i))) || (arg[i] = gj_type_from_types(PyTuple_GET_ITEM(args, i)))))
		i++;
	if (PyErr_Occurred())
		return NULL;
	return i == n ? gj_signature_new(t, arg, (uint32_t)n) : is_absent(PyTuple_GET_ITEM(args, i)) ? absent_signature(self, args) : scalar_value(t, args);
}

/* -- Attributes --------------------------------------------------------------------------------------------------- */

static PyObject *no_attr(const gj_type *t, const char *name)
{
	return PyErr_Format(PyExc_AttributeError, "%s has no attribute '%s'", t->name, name);
}

static PyObject *type_repr(PyObject *self)
{
	return PyUnicode_FromString(((gj_typeobj *)self)->type->name);
}

static PyObject *get_name(PyObject *self, void *unused)
{
	(void)unused;
	return type_repr(self);
}

static PyObject *get_dtype(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	int ndim;
	if (gj_is_plain(t) || t->kind == GJ_RECORD)
		return (PyObject *)gj_dtype_of_type(t);
	if (t->kind == GJ_ARRAY || t->kind == GJ_NESTED)
		return gj_type_to_py(t->kind == GJ_ARRAY ? t->elem : gj_innermost(t, &ndim));
	if (t->kind == GJ_PTR)
		return gj_type_to_py(t->elem);
	return t->kind == GJ_TUPLE && gj_is_uniform(t) ? gj_type_to_py(t->item[0]) : no_attr(t, name);
}

static PyObject *get_ndim(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	int ndim = t->ndim;
	if (t->kind == GJ_NESTED)
		gj_innermost(t, &ndim);
	return t->kind == GJ_ARRAY || t->kind == GJ_NESTED ? PyLong_FromLong(ndim) : no_attr(t, name);
}

static PyObject *get_layout(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return t->kind == GJ_ARRAY ? PyUnicode_FromStringAndSize(&t->layout, 1) : no_attr(t, name);
}

static PyObject *get_mutable(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return t->kind == GJ_ARRAY ? PyBool_FromLong(!t->readonly) : no_attr(t, name);
}

static PyObject *get_aligned(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	if (t->kind == GJ_RECORD)
		return PyBool_FromLong(gj_record_of(t)->aligned);
	return t->kind == GJ_ARRAY ? PyBool_FromLong(!t->align && (t->elem->kind != GJ_RECORD || gj_record_of(t->elem)->aligned)) : no_attr(t, name);
}

static PyObject *get_bitwidth(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return gj_is_plain(t) ? PyLong_FromLong(8 * t->size) : no_attr(t, name);
}

static PyObject *get_signed(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return gj_is_int(t) ? PyBool_FromLong(gj_is_signed(t)) : no_attr(t, name);
}

static PyObject *get_count(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return t->kind == GJ_TUPLE ? PyLong_FromLong((long)t->n) : no_attr(t, name);
}

static PyObject *get_type(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return t->kind == GJ_OPTIONAL ? gj_type_to_py(t->elem) : no_attr(t, name);
}

static PyObject *get_types(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return t->kind == GJ_TUPLE ? gj_types_to_py(t->item, t->n) : no_attr(t, name);
}

static PyObject *names_of(const gj_fields *f)
{
	PyObject *tuple = PyTuple_New(f->n);
	for (uint32_t i = 0; tuple && i < f->n; i++) {
		PyObject *name = PyUnicode_FromString(f->name[i]);
		if (!name)
			Py_CLEAR(tuple);
		else
			PyTuple_SET_ITEM(tuple, i, name);
	}
	return tuple;
}

static PyObject *get_fields(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return t->kind == GJ_RECORD ? record_fields(t) : gj_names_of(t) ? names_of(gj_names_of(t)) : no_attr(t, name);
}

static PyObject *get_size(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return t->kind == GJ_RECORD || t->kind == GJ_NESTED ? PyLong_FromLong((long)t->size) : no_attr(t, name);
}

static PyObject *get_shape(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	int ndim;
	if (t->kind != GJ_NESTED)
		return no_attr(t, name);
	gj_innermost(t, &ndim);
	PyObject *shape = PyTuple_New(ndim);
	for (int i = 0; shape && i < ndim; i++, t = t->elem)
		PyTuple_SET_ITEM(shape, i, PyLong_FromUnsignedLong(t->n));
	return shape;
}

static PyObject *get_signature(PyObject *self, void *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	return t->kind == GJ_FUNCTION ? gj_signature_new(t->elem, t->item, t->n) : no_attr(t, name);
}

static PyGetSetDef type_getset[] = {
	{ "name", get_name, NULL, "The type as numba prints it.", "name" },
	{ "key", get_name, NULL, "Same as name: equal for equal types.", "key" },
	{ "dtype", get_dtype, NULL, "Arrays, uniform tuples: type of an item. Scalars, records: the NumPy dtype.", "dtype" },
	{ "ndim", get_ndim, NULL, "Arrays: number of dimensions.", "ndim" },
	{ "layout", get_layout, NULL, "Arrays: 'C', 'F' or 'A'.", "layout" },
	{ "mutable", get_mutable, NULL, "Arrays: may a kernel write to it?", "mutable" },
	{ "aligned", get_aligned, NULL, "Arrays, records: made with dtype(align=True), and not at places that this does not allow.", "aligned" },
	{ "bitwidth", get_bitwidth, NULL, "Scalars: size in bits.", "bitwidth" },
	{ "signed", get_signed, NULL, "Integers: has negative values?", "signed" },
	{ "count", get_count, NULL, "Tuples: number of items.", "count" },
	{ "fields", get_fields, NULL, "Named tuples: the names of the items. Records: a dict of names, each with its type and offset.", "fields" },
	{ "size", get_size, NULL, "Records, nested arrays: bytes.", "size" },
	{ "shape", get_shape, NULL, "Nested arrays: extents.", "shape" },
	{ "type", get_type, NULL, "Optional types: what the value has, if there is one.", "type" },
	{ "types", get_types, NULL, "Tuples: the types of the items.", "types" },
	{ "signature", get_signature, NULL, "Functions: what they take and give.", "signature" },
	{ NULL, NULL, NULL, NULL, NULL },
};

/* By text, tuples by their items, records by their dtypes, so that a type arrives in another process as that process's own object. */
static PyObject *type_reduce(PyObject *self, PyObject *unused)
{
	(void)unused;
	const gj_type *t = ((gj_typeobj *)self)->type;
	const gj_fields *f = gj_names_of(t);
	if (f)
		return Py_BuildValue("O(N(sN))", gj_type_classes[GJ_CLASS_NamedTuple], gj_types_to_py(t->item, t->n), f->label, names_of(f));
	if (t->kind == GJ_TUPLE)
		return Py_BuildValue("O(N)", gj_type_classes[GJ_CLASS_Tuple], gj_types_to_py(t->item, t->n));
	if (t->kind == GJ_ARRAY && t->elem->kind == GJ_RECORD)
		return Py_BuildValue("O(Nis#O)", gj_type_classes[GJ_CLASS_Array], gj_type_to_py(t->elem), (int)t->ndim, &t->layout, (Py_ssize_t)1,
			t->readonly ? Py_True : Py_False);
	if (t->kind == GJ_RECORD)
		return Py_BuildValue("O(N)", gj_type_classes[GJ_CLASS_Type], gj_dtype_of_type(t));
	return Py_BuildValue("O(s)", gj_type_classes[GJ_CLASS_Type], t->name);
}

/* Which field of a record is asked for; −1: exception. */
static int field_asked(PyObject *self, PyObject *name)
{
	const gj_type *t = ((gj_typeobj *)self)->type;
	const char *s = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
	int i = s && t->kind == GJ_RECORD ? gj_field_named(t, s) : -1;
	if (i < 0 && !PyErr_Occurred())
		PyErr_Format(t->kind == GJ_RECORD ? PyExc_KeyError : PyExc_AttributeError, "%s has no field %R", t->name, name);
	return i;
}

static PyObject *field_typeof(PyObject *self, PyObject *name)
{
	int i = field_asked(self, name);
	return i < 0 ? NULL : gj_type_to_py(((gj_typeobj *)self)->type->item[i]);
}

static PyObject *field_offset(PyObject *self, PyObject *name)
{
	int i = field_asked(self, name);
	return i < 0 ? NULL : PyLong_FromUnsignedLong(gj_record_of(((gj_typeobj *)self)->type)->offset[i]);
}

/* The record that C lays out of these pairs (name, type). */
static PyObject *make_c_struct(PyObject *unused, PyObject *pairs)
{
	(void)unused;
	PyObject *seq = PySequence_Fast(pairs, "make_c_struct() takes a sequence of pairs (name, type)"), *list = PyList_New(0);
	bool ok = seq && list;
	for (Py_ssize_t i = 0; ok && i < PySequence_Fast_GET_SIZE(seq); i++) {
		PyObject *name, *type, *pair = PySequence_Fast_GET_ITEM(seq, i), *field = NULL;
		const gj_type *t = PyTuple_Check(pair) && PyArg_ParseTuple(pair, "UO", &name, &type) ? gj_type_from_any(type) : NULL;
		if (t && (gj_is_plain(t) || t->kind == GJ_RECORD || t->kind == GJ_NESTED))
			field = Py_BuildValue("(ON)", name, gj_dtype_of_type(t));
		else if (!PyErr_Occurred())
			t ? gj_error(GJ_ERR_ARRAY_ELEMENT, t->name) : (PyErr_SetString(PyExc_TypeError, "a field is a pair (name, type)"), NULL);
		ok = field && PyList_Append(list, field) == 0;
		Py_XDECREF(field);
	}
	PyArray_Descr *d = NULL;
	PyObject *o = NULL;
	if (ok && PyArray_DescrAlignConverter(list, &d)) {
		const gj_type *t = gj_type_of_dtype(d);
		o = t ? gj_type_to_py(t) : PyErr_Occurred() ? NULL : gj_error(GJ_ERR_NOT_A_TYPE, "a record like this");
	}
	Py_XDECREF(d);
	Py_XDECREF(seq);
	Py_XDECREF(list);
	return o;
}

static PyMethodDef type_methods[] = {
	{ "typeof", field_typeof, METH_O, "typeof(name): a record's field's type." },
	{ "offset", field_offset, METH_O, "offset(name): where a record's field begins, in bytes." },
	{ "make_c_struct", make_c_struct, METH_O | METH_STATIC, "Record.make_c_struct(fields): the record that C lays out of pairs (name, type)." },
	{ "__reduce__", type_reduce, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

/* -- The classes -------------------------------------------------------------------------------------------------- */

static PyType_Slot base_slots[] = {
	{ Py_tp_new, parse_new }, { Py_tp_repr, type_repr }, { Py_tp_call, type_call },
	{ Py_mp_subscript, type_subscript }, { Py_mp_length, type_length }, { Py_nb_bool, type_bool }, { Py_tp_iter, type_iter },
	{ Py_tp_getset, type_getset }, { Py_tp_methods, type_methods },
	{ Py_tp_doc, "The type of a value in a kernel. Equal types are one object." }, { 0, NULL },
};

/* A class made from one row of classes.def. */
static int add_class(PyObject *m, int i, const char *name, int base, newfunc make, const char *doc)
{
	PyType_Slot slots[] = { { Py_tp_new, make }, { Py_tp_doc, (void *)doc }, { 0, NULL } };
	PyType_Spec spec = { name, sizeof(gj_typeobj), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
		i == GJ_CLASS_Type ? base_slots : slots };
	return gj_add_type(m, &gj_type_classes[i], &spec, i == GJ_CLASS_Type ? NULL : gj_type_classes[base]);
}

int gj_typeclass_init(PyObject *m)
{
#define CLASS(name, base, make, doc) \
	if (add_class(m, GJ_CLASS_##name, "gridjit._core." #name, GJ_CLASS_##base, make, doc) < 0) \
		return -1;
#include "types/classes.def"
#undef CLASS
	return 0;
}
