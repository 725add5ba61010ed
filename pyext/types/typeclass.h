/* The classes of types. */
#ifndef GJ_TYPECLASS_H
#define GJ_TYPECLASS_H

#include "core.h"

int gj_typeclass_init(PyObject *module);

#endif
