/* Classes of exceptions by the names that compiled code has for them. */
#ifndef GJ_PY_EXCEPTIONS_H
#define GJ_PY_EXCEPTIONS_H

#include "core.h"
#include "image/report.h"

/* The name of a class of exceptions that is not Python's own: no other living class has it. NULL: exception. */
PyObject *gj_exception_name(PyObject *class);
/* The class of that name, or one of Python's own; RuntimeError, if it is nobody's. A new reference; NULL: exception. */
PyObject *gj_exception_class(const char *name);
/* Arguments as a site has them (gj_site.message), with what was told in its place; a tuple. NULL: exception. */
PyObject *gj_exception_args(const char *text, const gj_report *);

#endif
