/* Arguments of a call to parameters. */
#ifndef GJ_BIND_H
#define GJ_BIND_H

#include "launch/dispatcher.h"
#include "launch/leaves.h"

/* Say which argument the pending exception is about. */
void gj_note_argument(const gj_dispatcher *, Py_ssize_t i);
/* Read one argument a parameter. false: exception, which names the argument. */
bool gj_read_args(gj_dispatcher *, gj_args *, PyObject *const *arg);

/* Calls `use` with the arguments in the order of the parameters, keywords in their places, defaults filled in. false:
 * exception. */
typedef bool gj_bound_use(gj_dispatcher *, PyObject *const *, void *);
bool gj_with_bound(gj_dispatcher *, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames, gj_bound_use *, void *data);

#endif
