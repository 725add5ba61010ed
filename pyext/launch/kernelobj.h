/* Compiled forms as Python objects. */
#ifndef GJ_KERNELOBJ_H
#define GJ_KERNELOBJ_H

#include "launch/dispatcher.h"

PyObject *gj_kernel_object(gj_dispatcher *, gj_specialisation *);
int gj_kernel_init(PyObject *module);

#endif
