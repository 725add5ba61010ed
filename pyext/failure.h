/* Exceptions that kernels reported. */
#ifndef GJ_FAILURE_PY_H
#define GJ_FAILURE_PY_H

#include "core.h"

/* Sets the exception of this thread's last report (run/failure.h), worded as numba-cuda words it; returns NULL. */
PyObject *gj_failure_error(void);

#endif
