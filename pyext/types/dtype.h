/* Scalar kinds and NumPy's dtypes. */
#ifndef GJ_DTYPE_H
#define GJ_DTYPE_H

#include "core.h"

/* gj_kind of a dtype in native byte order; −1: not a type of kernels. By kind and size: long and longlong are one. */
int gj_kind_of_dtype(const PyArray_Descr *);
/* What to do with an array of a dtype that is no type of kernels. */
const char *gj_instead_of_dtype(const PyArray_Descr *);
PyArray_Descr *gj_dtype_of_kind(int kind);     /* new reference; NULL: bfloat16's where ml_dtypes is missing, an exception is set */
/* The interned type of an array in global memory, without the interner's lock. */
const gj_type *gj_array_type_of(int kind, int ndim, char layout, bool readonly);
/* The type of an element of this dtype: a scalar or a record. NULL: no type of kernels, or an exception is set. */
const gj_type *gj_type_of_dtype(PyArray_Descr *);
/* The same for launches: structured dtypes that were asked for last are known by identity (a table holds them). */
const gj_type *gj_known_dtype(PyArray_Descr *);
/* And back; a new reference. NULL: exception set. */
PyArray_Descr *gj_dtype_of_type(const gj_type *);
/* Do items of this type, which is its dtype's, lie where kernels take them to lie? */
bool gj_is_aligned(PyArrayObject *, const gj_type *elem);
/* The type of an array of such elements in global memory, by where they lie (strides in bytes); elem NULL: NULL. */
const gj_type *gj_array_type_where(const gj_type *elem, int ndim, char layout, bool readonly, uintptr_t data, const int64_t *shape,
	const int64_t *strides);

#endif
