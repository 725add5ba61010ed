/* Errors as Python exceptions; core.h includes it. Each sets the exception and returns NULL. An ordinary exception that is
 * pending is replaced, a KeyboardInterrupt and its like stay. */
#ifndef GJ_RAISE_H
#define GJ_RAISE_H

/* The exception of a row of errors.def. */
PyObject *gj_error(gj_err id, ...);
/* A warning, a row of errors.def whose class is one; −1: it is an exception. */
int gj_warn(gj_err id, ...);
/* Of a diagnostic that the compiler filled: the message, where it is with the source line and a caret, the calls that led
 * there, the hint. Clears *d. */
PyObject *gj_diag_error(gj_diag *d);
void gj_diag_raise(const gj_diag *d);           /* the same, and keeps it */
/* Of a failed device call. `what` names what was tried: "the launch of saxpy", "allocating device memory". */
PyObject *gj_status_error(gj_status, const char *what);

#endif
