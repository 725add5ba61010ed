/* gridjit's types as Python objects: one object a type, so equality is identity. */
#ifndef GJ_TYPEOBJ_H
#define GJ_TYPEOBJ_H

#include "core.h"

extern PyTypeObject *gj_type_class, *gj_signature_class;

/* The C type behind a _core.Type object; NULL (no exception) for any other object. */
const gj_type *gj_type_from_py(PyObject *);
/* New reference to the one object of this type. */
PyObject *gj_type_to_py(const gj_type *);
/* As gj_type_from_py, and text, NumPy dtypes, NumPy scalar classes and bool/int/float/complex/None; NULL with TypeError. */
const gj_type *gj_type_from_any(PyObject *);
/* Tuple of type objects. */
PyObject *gj_types_to_py(const gj_type *const *, uint32_t n);

enum { GJ_MAX_SIGNATURE = 255 };
/* Signature object, text or tuple of types: writes the argument types, *ret (NULL: not given); −1 with an exception. */
int gj_signature_read(PyObject *, const gj_type **ret, const gj_type *arg[GJ_MAX_SIGNATURE]);
PyObject *gj_signature_new(const gj_type *ret, const gj_type *const *arg, uint32_t n);

/* -- Scalar kinds and NumPy's dtypes (typeof.c) --------------------------------------------------------------------------- */

/* gj_kind of a dtype in native byte order; −1: not a type of kernels. By kind and size: long and longlong are one. */
int gj_kind_of_dtype(const PyArray_Descr *);
PyArray_Descr *gj_dtype_of_kind(int kind);     /* new reference */
/* The interned type of an array in global memory, without the interner's lock. */
const gj_type *gj_array_type_of(int kind, int ndim, char layout, bool readonly);
/* Type of a host value; NULL with ValueError, or with NumbaValueError for arrays of other dtypes. */
const gj_type *gj_typeof(PyObject *);

int gj_typeobj_init(PyObject *module);
int gj_signature_init(PyObject *module);

#endif
