/* A kernel with its configuration, ready to be called. */
#ifndef GJ_LAUNCHER_H
#define GJ_LAUNCHER_H

#include "launch/dispatcher.h"

/* kernel[grid, block, stream, shared] */
PyObject *gj_launcher_new(gj_dispatcher *, PyObject *key);
int gj_launcher_init(PyObject *module);

#endif
