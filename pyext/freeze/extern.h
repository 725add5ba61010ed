/* Functions that kernels call and that are compiled elsewhere: _core.Extern. */
#ifndef GJ_EXTERN_H
#define GJ_EXTERN_H

#include "freeze/freezer.h"

bool gj_is_extern(PyObject *);
/* As an object of the code that calls it; what it is to be linked with is noted. NULL: exception. */
const gj_obj *gj_freeze_extern(gj_freezer *, PyObject *);

/* What stands for one that is called by its address where that means nothing. */
const gj_obj *gj_freeze_elsewhere(gj_freezer *);

int gj_extern_init(PyObject *module);

#endif
