/* Python objects as arguments. */
#ifndef GJ_ARGUMENT_H
#define GJ_ARGUMENT_H

#include "launch/foreign.h"
#include "launch/leaves.h"

/* Read one more argument. false: exception set, naming what cannot be passed. */
bool gj_args_add(gj_args *, PyObject *);
/* Type of a host value; NULL with ValueError, or with NumbaValueError for arrays of other dtypes. */
const gj_type *gj_typeof(PyObject *);

/* How arguments of the class are read; NULL: none has been met lately. */
const gj_reader *gj_known_reader(PyTypeObject *);

/* How functions and types are read (functions.c, which sets it): false without an exception: it is none. */
extern bool (*gj_read_function)(gj_args *, PyObject *);

int gj_argument_init(PyObject *module);

#endif
