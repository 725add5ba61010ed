/* Offline compilation: without a device. */
#ifndef GJ_OFFLINE_H
#define GJ_OFFLINE_H

#include "core.h"

PyObject *gj_compile_function(PyObject *module, PyObject *args, PyObject *kw);

#endif
