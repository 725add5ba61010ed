/* gridjit's types as Python objects: one object a type, so equality is identity. */
#ifndef GJ_TYPEOBJ_H
#define GJ_TYPEOBJ_H

#include "core.h"

typedef struct { PyObject_HEAD const gj_type *type; } gj_typeobj;

#define CLASS(name, base, make, doc) GJ_CLASS_##name,
enum {
#include "types/classes.def"
	GJ_NCLASSES
};
#undef CLASS
extern PyTypeObject *gj_type_classes[GJ_NCLASSES];     /* made by typeclass.c */

/* The C type behind a _core.Type object; NULL (no exception) for any other object. */
const gj_type *gj_type_from_py(PyObject *);
/* As gj_type_from_py, and of types that numba made (it is not imported for it: they are known by their classes' names). An
 * exception may be set. */
const gj_type *gj_type_from_types(PyObject *);
/* New reference to the one object of this type. */
PyObject *gj_type_to_py(const gj_type *);
/* As gj_type_from_py, and text, NumPy dtypes, NumPy scalar classes and bool/int/float/complex/None; NULL with TypeError. */
const gj_type *gj_type_from_any(PyObject *);
bool gj_is_numba_signature(PyObject *);
/* Tuple of type objects. */
PyObject *gj_types_to_py(const gj_type *const *, uint32_t n);
/* A tuple type whose items are all of one type. */
bool gj_is_uniform(const gj_type *);

#endif
