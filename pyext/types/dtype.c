/* NumPy's dtypes as kernel types. They go by kind and size, never by type number: NumPy has two 64-bit integers. */
#include "types/dtype.h"

/* NumPy's type number of each scalar kind. */
static const int type_num[GJ_NSCALARS] = {
	[GJ_BOOL] = NPY_BOOL, [GJ_I8] = NPY_INT8, [GJ_I16] = NPY_INT16, [GJ_I32] = NPY_INT32, [GJ_I64] = NPY_INT64,
	[GJ_U8] = NPY_UINT8, [GJ_U16] = NPY_UINT16, [GJ_U32] = NPY_UINT32, [GJ_U64] = NPY_UINT64,
	[GJ_F16] = NPY_FLOAT16, [GJ_F32] = NPY_FLOAT32, [GJ_F64] = NPY_FLOAT64,
	[GJ_C64] = NPY_COMPLEX64, [GJ_C128] = NPY_COMPLEX128,
};

static const gj_type *array_types[GJ_NSCALARS][GJ_MAX_NDIM + 1][3][2];

int gj_kind_of_dtype(const PyArray_Descr *d)
{
	if (!PyArray_ISNBO(d->byteorder))
		return -1;
	npy_intp size = PyDataType_ELSIZE(d);
	int log = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : size == 8 ? 3 : size == 16 ? 4 : -1;
	switch (log < 0 ? 0 : d->kind) {
	case 'b': return GJ_BOOL;
	case 'i': return log < 4 ? GJ_I8 + log : -1;
	case 'u': return log < 4 ? GJ_U8 + log : -1;
	case 'f': return log > 0 && log < 4 ? GJ_F16 + log - 1 : -1;
	case 'c': return log > 2 ? GJ_C64 + log - 3 : -1;
	default:  return -1;
	}
}

const char *gj_instead_of_dtype(const PyArray_Descr *d)
{
	if (PyDataType_HASFIELDS(d))
		return "pass each field as an array of its own, x['name']: records are not built yet";
	if (!PyArray_ISNBO(d->byteorder))
		return "bring it into native byte order: x.astype(x.dtype.newbyteorder('='))";
	switch (d->kind) {
	case 'M': case 'm': return "pass its numbers, x.view('int64'): dates are not built yet";
	case 'S': case 'U': return "kernels have no text: pass numbers that stand for it";
	case 'O':           return "make it an array of numbers: x.astype(float)";
	default:            return "kernels take bool, int8 to uint64, float32, float64, complex64 and complex128: convert with x.astype()";
	}
}

PyArray_Descr *gj_dtype_of_kind(int kind)
{
	return PyArray_DescrFromType(type_num[kind]);
}

const gj_type *gj_array_type_of(int kind, int ndim, char layout, bool readonly)
{
	const gj_type **t = &array_types[kind][ndim][layout == 'C' ? 0 : layout == 'F' ? 1 : 2][readonly];
	if (!*t)
		*t = gj_array_type(gj_scalar[kind], ndim, layout, readonly, GJ_GLOBAL);
	return *t;
}

/* Is it cuda.random's xoroshiro128p_dtype: fields s0 and s1, uint64, side by side? */
static bool is_random_state(const PyArray_Descr *d)
{
	static const char *const name[] = { "s0", "s1" };
	PyObject *fields = PyDataType_HASFIELDS(d) ? PyDataType_FIELDS((PyArray_Descr *)d) : NULL;
	bool is = fields && PyDict_Size(fields) == 2 && PyDataType_ELSIZE(d) == 16;
	for (int i = 0; is && i < 2; i++) {
		PyObject *field = PyDict_GetItemString(fields, name[i]);
		is = field && gj_kind_of_dtype((PyArray_Descr *)PyTuple_GET_ITEM(field, 0)) == GJ_U64
			&& PyLong_AsLong(PyTuple_GET_ITEM(field, 1)) == 8 * i;
	}
	return is;
}

const gj_type *gj_array_type_of_dtype(const PyArray_Descr *d, int ndim, char layout, bool readonly)
{
	int kind = gj_kind_of_dtype(d);
	if (kind >= 0)
		return gj_array_type_of(kind, ndim, layout, readonly);
	if (!is_random_state(d))
		return NULL;
	const gj_type *pair = gj_tuple_type((const gj_type *[]){ gj_scalar[GJ_U64], gj_scalar[GJ_U64] }, 2);
	return gj_array_type(pair, ndim, layout, readonly, GJ_GLOBAL);
}
