/* Fused functions. */
#ifndef GJ_FUSE_H
#define GJ_FUSE_H

#include "core.h"

/* Adds _core.FusedPlan. */
int gj_fuse_init(PyObject *module);
/* Adds _core.FusedFunction (fusedobj.c). */
int gj_fused_function_init(PyObject *module);

#endif
