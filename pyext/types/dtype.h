/* Scalar kinds and NumPy's dtypes. */
#ifndef GJ_DTYPE_H
#define GJ_DTYPE_H

#include "core.h"

/* gj_kind of a dtype in native byte order; −1: not a type of kernels. By kind and size: long and longlong are one. */
int gj_kind_of_dtype(const PyArray_Descr *);
/* What to do with an array of a dtype that is no type of kernels. */
const char *gj_instead_of_dtype(const PyArray_Descr *);
PyArray_Descr *gj_dtype_of_kind(int kind);     /* new reference */
/* The interned type of an array in global memory, without the interner's lock. */
const gj_type *gj_array_type_of(int kind, int ndim, char layout, bool readonly);
/* The same of an array of this dtype: of numbers, or of states of cuda.random, each a pair of uint64. NULL: no type of kernels. */
const gj_type *gj_array_type_of_dtype(const PyArray_Descr *, int ndim, char layout, bool readonly);

#endif
