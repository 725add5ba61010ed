/* Dispatchers as Python objects. */
#ifndef GJ_DISPATCHEROBJ_H
#define GJ_DISPATCHEROBJ_H

#include "core.h"

extern PyTypeObject *gj_dispatcher_class;

int gj_dispatcher_init(PyObject *module);

#endif
