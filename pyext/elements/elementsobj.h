/* Functions of numbers over arrays, as Python objects. */
#ifndef GJ_ELEMENTSOBJ_H
#define GJ_ELEMENTSOBJ_H

#include "core.h"

int gj_elements_init(PyObject *module);

#endif
