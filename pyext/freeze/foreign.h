/* Functions of C that are called by their address: ctypes', cffi's. */
#ifndef GJ_FOREIGN_FUNCTION_H
#define GJ_FOREIGN_FUNCTION_H

#include "freeze/freezer.h"

bool gj_is_foreign(PyObject *);
bool gj_is_ctypes_function(PyObject *);
/* As an object of the code that calls it. NULL: exception. */
const gj_obj *gj_freeze_foreign(gj_freezer *, PyObject *);

#endif
