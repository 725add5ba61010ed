/* States of random generators in host memory. */
#ifndef GJ_PY_RANDOM_H
#define GJ_PY_RANDOM_H

#include "core.h"

PyObject *gj_fill_xoroshiro(PyObject *module, PyObject *args);

#endif
