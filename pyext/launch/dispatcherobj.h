/* Dispatchers as Python objects. */
#ifndef GJ_DISPATCHEROBJ_H
#define GJ_DISPATCHEROBJ_H

#include "core.h"

int gj_dispatcher_init(PyObject *module);

#endif
