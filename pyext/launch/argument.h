/* Python objects as arguments. */
#ifndef GJ_ARGUMENT_H
#define GJ_ARGUMENT_H

#include "launch/leaves.h"

/* Read one more argument. false: exception set, naming what cannot be passed. */
bool gj_args_add(gj_args *, PyObject *);
/* Type of a host value; NULL with ValueError, or with NumbaValueError for arrays of other dtypes. */
const gj_type *gj_typeof(PyObject *);

int gj_argument_init(PyObject *module);

#endif
