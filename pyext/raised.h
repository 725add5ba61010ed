/* What compiled code that was called has raised, as Python's exception. */
#ifndef GJ_RAISED_H
#define GJ_RAISED_H

#include "core.h"
#include "image/image.h"
#include "image/report.h"
#include "run/device.h"

/* Sets what is left of a call that has not returned; NULL. py_func, name: of the function that was called. */
PyObject *gj_host_failed(const gj_image *, PyObject *py_func, const char *name, gj_status, const gj_report *);

#endif
