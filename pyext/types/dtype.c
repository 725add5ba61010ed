/* NumPy's dtypes as kernel types. They go by kind and size: NumPy has two 64-bit integers. */
#include "types/dtype.h"

#include "types/layout.h"
#include "types/record.h"

/* NumPy's type number of each scalar kind. */
static const int type_num[GJ_NSCALARS] = {
	[GJ_BOOL] = NPY_BOOL, [GJ_I8] = NPY_INT8, [GJ_I16] = NPY_INT16, [GJ_I32] = NPY_INT32, [GJ_I64] = NPY_INT64,
	[GJ_U8] = NPY_UINT8, [GJ_U16] = NPY_UINT16, [GJ_U32] = NPY_UINT32, [GJ_U64] = NPY_UINT64,
	[GJ_F16] = NPY_FLOAT16, [GJ_F32] = NPY_FLOAT32, [GJ_F64] = NPY_FLOAT64,
	[GJ_C64] = NPY_COMPLEX64, [GJ_C128] = NPY_COMPLEX128,
};

static const gj_type *array_types[GJ_NSCALARS][GJ_MAX_NDIM + 1][3][2];

/* NumPy has no bfloat16; ml_dtypes, which JAX and others use, gives it one. Its class, once it has been seen. */
static PyTypeObject *bfloat16;

static bool is_bfloat16(PyTypeObject *cls)
{
	if (!bfloat16 && gj_has_base(cls, "ml_dtypes.bfloat16"))
		bfloat16 = (PyTypeObject *)Py_NewRef((PyObject *)cls);
	return cls == bfloat16;
}

/* 1 + the kind of NumPy's own types by their number; 0: by kind and size. */
static const uint8_t kind_of_num[] = {
	[NPY_BOOL] = 1 + GJ_BOOL, [NPY_INT8] = 1 + GJ_I8, [NPY_INT16] = 1 + GJ_I16, [NPY_INT32] = 1 + GJ_I32, [NPY_INT64] = 1 + GJ_I64,
	[NPY_UINT8] = 1 + GJ_U8, [NPY_UINT16] = 1 + GJ_U16, [NPY_UINT32] = 1 + GJ_U32, [NPY_UINT64] = 1 + GJ_U64,
	[NPY_FLOAT16] = 1 + GJ_F16, [NPY_FLOAT32] = 1 + GJ_F32, [NPY_FLOAT64] = 1 + GJ_F64,
	[NPY_COMPLEX64] = 1 + GJ_C64, [NPY_COMPLEX128] = 1 + GJ_C128,
};

/* Floats of 8 bits, which ml_dtypes has too. NULL: another class. */
static const struct { const gj_type *const *type; const char *class, *name; } float8[] = {
	{ &gj_t_e4m3, "ml_dtypes.float8_e4m3fn", "float8_e4m3fn" }, { &gj_t_e5m2, "ml_dtypes.float8_e5m2", "float8_e5m2" }
};

static const gj_type *float8_of(const PyArray_Descr *d)
{
	for (size_t i = 0; PyDataType_ELSIZE(d) == 1 && i < GJ_LEN(float8); i++)
		if (gj_has_base(d->typeobj, float8[i].class))
			return *float8[i].type;
	return NULL;
}

static PyArray_Descr *dtype_of_float8(const gj_type *t)
{
	PyObject *cls = gj_import("ml_dtypes", float8[*float8[0].type == t ? 0 : 1].name);
	PyArray_Descr *d = cls ? PyArray_DescrFromTypeObject(cls) : NULL;
	Py_XDECREF(cls);
	if (!d && gj_forgive(PyExc_ImportError))
		gj_error(GJ_ERR_NEEDS_ML_DTYPES, t->name);
	return d;
}

int gj_kind_of_dtype(const PyArray_Descr *d)
{
	if (!PyArray_ISNBO(d->byteorder))
		return -1;
	if ((unsigned)d->type_num < GJ_LEN(kind_of_num) && kind_of_num[d->type_num])
		return kind_of_num[d->type_num] - 1;
	npy_intp size = PyDataType_ELSIZE(d);
	int log = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : size == 8 ? 3 : size == 16 ? 4 : -1;
	switch (log < 0 ? 0 : d->kind) {
	case 'b': return GJ_BOOL;
	case 'i': return log < 4 ? GJ_I8 + log : -1;
	case 'u': return log < 4 ? GJ_U8 + log : -1;
	case 'V': return is_bfloat16(d->typeobj) ? GJ_BF16 : -1;
	case 'f': return log > 0 && log < 4 ? GJ_F16 + log - 1 : -1;
	case 'c': return log > 2 ? GJ_C64 + log - 3 : -1;
	default:  return -1;
	}
}

const char *gj_instead_of_dtype(const PyArray_Descr *d)
{
	if (PyDataType_HASFIELDS(d))
		return "its fields are numbers, records or arrays of them, and together at most 2 GiB: no Python objects";
	if (!PyArray_ISNBO(d->byteorder))
		return "bring it into native byte order: x.astype(x.dtype.newbyteorder('='))";
	switch (d->kind) {
	case 'M': case 'm': return "pass its numbers, x.view('int64'): dates are not built yet";
	case 'S': case 'U': return "kernels have no text: pass numbers that stand for it";
	case 'O':           return "make it an array of numbers: x.astype(float)";
	default:            return "kernels take bool, int8 to uint64, float16 to float64, bfloat16, complex64 and complex128: convert with x.astype()";
	}
}

PyArray_Descr *gj_dtype_of_kind(int kind)
{
	if (kind != GJ_BF16)
		return PyArray_DescrFromType(type_num[kind]);
	PyObject *cls = bfloat16 ? Py_NewRef((PyObject *)bfloat16) : gj_import("ml_dtypes", "bfloat16");
	PyArray_Descr *d = cls ? PyArray_DescrFromTypeObject(cls) : NULL;
	Py_XDECREF(cls);
	if (!d && gj_forgive(PyExc_ImportError))
		gj_error(GJ_ERR_NEEDS_ML_DTYPES, "bfloat16");
	return d;
}

const gj_type *gj_array_type_of(int kind, int ndim, char layout, bool readonly)
{
	const gj_type **t = &array_types[kind][ndim][layout == 'C' ? 0 : layout == 'F' ? 1 : 2][readonly];
	if (!*t)
		*t = gj_array_type(gj_scalar[kind], ndim, layout, readonly, GJ_GLOBAL);
	return *t;
}

/* -- Records ------------------------------------------------------------------------------------------------------ */

/* What a record that holds it shows in place of a field that kernels cannot read. */
static const gj_type *unreadable(PyArray_Descr *d)
{
	PyObject *text = PyDataType_FLAGCHK(d, NPY_ITEM_REFCOUNT) ? NULL : PyObject_Str((PyObject *)d);
	const char *name = text ? PyUnicode_AsUTF8(text) : NULL;
	const gj_type *t = NULL;
	if (name && PyDataType_ELSIZE(d) == 0)
		t = gj_nested_type(gj_scalar[GJ_U8], 0);
	else if (name && PyDataType_ELSIZE(d) <= INT32_MAX)
		t = gj_record_type(&(gj_record){ .size = (uint32_t)PyDataType_ELSIZE(d), .dtype = name }, NULL);
	Py_XDECREF(text);
	return t;
}

static const gj_type *field_type(PyArray_Descr *d)
{
	if (!PyDataType_HASSUBARRAY(d)) {
		const gj_type *t = gj_type_of_dtype(d);
		return t || PyErr_Occurred() ? t : unreadable(d);
	}
	PyArray_ArrayDescr *sub = PyDataType_SUBARRAY(d);
	const gj_type *t = field_type(sub->base);
	for (Py_ssize_t i = PyTuple_GET_SIZE(sub->shape); t && i-- > 0;)
		t = gj_nested_type(t, (uint32_t)PyLong_AsUnsignedLong(PyTuple_GET_ITEM(sub->shape, i)));
	return t;
}

/* Whether dtype(align=True) made it; only Python says so. */
static bool is_aligned_struct(PyArray_Descr *d)
{
	PyObject *yes = PyObject_GetAttrString((PyObject *)d, "isalignedstruct");
	bool is = yes == Py_True;
	Py_XDECREF(yes);
	return is;
}

static const gj_type *record_of(PyArray_Descr *d)
{
	PyObject *names = PyDataType_NAMES(d), *fields = PyDataType_FIELDS(d);
	Py_ssize_t n = names ? PyTuple_GET_SIZE(names) : 0, i = 0;
	const char **name = PyMem_New(const char *, n + 1);
	uint32_t *offset = PyMem_New(uint32_t, n + 1);
	const gj_type **item = PyMem_New(const gj_type *, n + 1), *t = NULL;
	for (bool ok = name && offset && item; ok && i < n; i += ok) {
		PyObject *field = PyDict_GetItemWithError(fields, PyTuple_GET_ITEM(names, i));
		ok = field && (name[i] = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i)))
			&& (item[i] = field_type((PyArray_Descr *)PyTuple_GET_ITEM(field, 0)));
		offset[i] = ok ? (uint32_t)PyLong_AsUnsignedLong(PyTuple_GET_ITEM(field, 1)) : 0;
	}
	if (name && offset && item && i == n && n > 0 && PyDataType_ELSIZE(d) <= INT32_MAX)
		t = gj_record_type(&(gj_record){ .n = (uint32_t)n, .size = (uint32_t)PyDataType_ELSIZE(d), .name = name, .offset = offset,
			.aligned = is_aligned_struct(d) }, item);
	PyMem_Free(name);
	PyMem_Free(offset);
	PyMem_Free(item);
	gj_forgive(PyExc_Exception);
	return t;
}

const gj_type *gj_type_of_dtype(PyArray_Descr *d)
{
	int kind = gj_kind_of_dtype(d);
	return kind >= 0 ? gj_scalar[kind] : PyDataType_HASFIELDS(d) ? record_of(d) : float8_of(d);
}

const gj_type *gj_known_dtype(PyArray_Descr *d)
{
	enum { ROWS = 64 };
	static struct { PyArray_Descr *dtype; const gj_type *type; } row[ROWS];
	int kind = gj_kind_of_dtype(d);
	if (kind >= 0)
		return gj_scalar[kind];
	uint32_t at = (uint32_t)((uintptr_t)d >> 4 ^ (uintptr_t)d >> 10) % ROWS;
	if (row[at].dtype == d)
		return row[at].type;
	const gj_type *t = gj_type_of_dtype(d);
	if (t) {
		PyArray_Descr *old = row[at].dtype;
		row[at].dtype = (PyArray_Descr *)Py_NewRef(d);
		row[at].type = t;
		Py_XDECREF(old);
	}
	return t;
}

static PyObject *dtype_object(const gj_type *t);

/* What np.dtype() makes a structured dtype of. */
static PyObject *record_spec(const gj_type *t, const gj_record *r)
{
	PyObject *names = PyList_New(0), *formats = PyList_New(0), *offsets = PyList_New(0), *spec = NULL;
	bool ok = names && formats && offsets;
	for (uint32_t i = 0; ok && i < t->n; i++) {
		PyObject *name = PyUnicode_FromString(r->name[i]), *format = dtype_object(t->item[i]), *offset = PyLong_FromUnsignedLong(r->offset[i]);
		ok = name && format && offset && PyList_Append(names, name) == 0 && PyList_Append(formats, format) == 0
			&& PyList_Append(offsets, offset) == 0;
		Py_XDECREF(name);
		Py_XDECREF(format);
		Py_XDECREF(offset);
	}
	if (ok)
		spec = Py_BuildValue("{sOsOsOsIsO}", "names", names, "formats", formats, "offsets", offsets, "itemsize", r->size,
			"aligned", r->aligned ? Py_True : Py_False);
	Py_XDECREF(names);
	Py_XDECREF(formats);
	Py_XDECREF(offsets);
	return spec;
}

static PyObject *dtype_object(const gj_type *t)
{
	int ndim;
	if (gj_is_scalar(t))
		return (PyObject *)gj_dtype_of_kind(t->kind);
	if (gj_is_float8(t))
		return (PyObject *)dtype_of_float8(t);
	const gj_type *inner = gj_innermost(t, &ndim);
	PyObject *spec = ndim ? NULL : gj_record_of(t)->dtype ? PyUnicode_FromString(gj_record_of(t)->dtype) : record_spec(t, gj_record_of(t));
	PyObject *base = ndim ? dtype_object(inner) : NULL, *shape = ndim ? PyTuple_New(ndim) : NULL;
	for (int i = 0; shape && i < ndim; i++, t = t->elem)
		PyTuple_SET_ITEM(shape, i, PyLong_FromUnsignedLong(t->n));
	if (base && shape)
		spec = PyTuple_Pack(2, base, shape);
	PyArray_Descr *d = NULL;
	if (spec && !PyArray_DescrConverter(spec, &d))
		d = NULL;
	Py_XDECREF(spec);
	Py_XDECREF(base);
	Py_XDECREF(shape);
	return (PyObject *)d;
}

PyArray_Descr *gj_dtype_of_type(const gj_type *t) { return (PyArray_Descr *)dtype_object(t); }

/* -- Arrays ------------------------------------------------------------------------------------------------------- */

/* The most that addresses of items are known to be multiples of, up to 128; 0: of more. */
static uint32_t alignment_of(uintptr_t data, int ndim, const int64_t *shape, const int64_t *strides)
{
	uintptr_t bits = data;
	for (int i = 0; i < ndim; i++)
		bits |= shape[i] > 1 ? (uintptr_t)strides[i] : 0;
	return (uint32_t)(bits & -bits & 255);
}

bool gj_is_aligned(PyArrayObject *o, const gj_type *elem)
{
	uint32_t known = gj_is_scalar(elem) ? 0
		: alignment_of((uintptr_t)PyArray_DATA(o), PyArray_NDIM(o), (const int64_t *)PyArray_DIMS(o), (const int64_t *)PyArray_STRIDES(o));
	return PyArray_ISALIGNED(o) && (!known || known >= gj_align(elem));
}

const gj_type *gj_array_type_where(const gj_type *elem, int ndim, char layout, bool readonly, uintptr_t data, const int64_t *shape,
	const int64_t *strides)
{
	if (!elem)
		return NULL;
	uint32_t known = alignment_of(data, ndim, shape, strides);
	if (gj_is_scalar(elem) && (!known || known >= gj_align(elem)))
		return gj_array_type_of(elem->kind, ndim, layout, readonly);
	return gj_array_at(elem, ndim, layout, readonly, GJ_GLOBAL, known);
}
