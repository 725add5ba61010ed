/* Exceptions that kernels reported. */
#ifndef GJ_FAILURE_PY_H
#define GJ_FAILURE_PY_H

#include "core.h"

/* An index as it was given, of one that a check found outside; `as_given`: as in gj_site. */
void gj_put_index(gj_sb *, uint64_t index, uint64_t extent, bool as_given);

/* Sets the exception of this thread's last report (run/failure.h), worded as numba-cuda words it; returns NULL. */
PyObject *gj_failure_error(void);

#endif
