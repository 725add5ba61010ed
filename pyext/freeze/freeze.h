/* Python functions → struct gj_code: the only place that reads Python code objects. */
#ifndef GJ_FREEZE_H
#define GJ_FREEZE_H

#include "core.h"
#include "code/code.h"

/* Freeze a function, or the function of a dispatcher, with everything it refers to. −1 with an exception. */
int gj_freeze(PyObject *, gj_arena *, const gj_code **out);

/* Tables of the running interpreter and of the functions known by identity; adds _core.Intrinsic to the module. */
int gj_freeze_init(PyObject *module);

#endif
