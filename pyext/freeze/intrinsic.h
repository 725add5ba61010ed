/* Names that mean something inside kernels only: cuda.grid, cuda.threadIdx.x … */
#ifndef GJ_INTRINSIC_H
#define GJ_INTRINSIC_H

#include "core.h"

/* Dotted name of an Intrinsic (borrowed, lives as long as the object); NULL (no exception) for any other object. */
const char *gj_intrinsic_name(PyObject *);
int gj_intrinsic_init(PyObject *module);

#endif
