/* Signatures as Python objects. */
#ifndef GJ_SIGNATURE_H
#define GJ_SIGNATURE_H

#include "core.h"

enum { GJ_MAX_SIGNATURE = 255 };
/* Signature object, text or tuple of types: writes the argument types, *ret (NULL: not given); −1 with an exception. */
/* A signature in the place of an argument: the type of functions of that signature. NULL: it is none, or an exception is set. */
const gj_type *gj_signature_type(PyObject *);
int gj_signature_read(PyObject *, const gj_type **ret, const gj_type *arg[GJ_MAX_SIGNATURE]);
PyObject *gj_signature_new(const gj_type *ret, const gj_type *const *arg, uint32_t n);

int gj_signature_init(PyObject *module);

#endif
