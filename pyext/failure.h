/* Exceptions that kernels reported. */
#ifndef GJ_FAILURE_PY_H
#define GJ_FAILURE_PY_H

#include "core.h"

/* The class that code in the file calls by this name: a builtin one, else one of the module's; else RuntimeError. A new reference;
 * NULL: exception. */
PyObject *gj_exception_class(const char *name, const char *file);
/* The same name in a namespace; NULL without an exception: there is none. */
PyObject *gj_exception_in(PyObject *from, const char *name);
/* Sets the exception of this thread's last report (run/failure.h), worded as numba-cuda words it; returns NULL. */
PyObject *gj_failure_error(void);

#endif
