/* The compiled form that arguments take. */
#ifndef GJ_OVERLOAD_H
#define GJ_OVERLOAD_H

#include "launch/dispatcher.h"
#include "launch/leaves.h"

/* The compiled form for arguments that were read and placed, which are converted where there are explicit signatures.
 * `config`: facts that the launch's configuration leaves. NULL: exception. */
gj_specialisation *gj_specialisation_of(gj_dispatcher *, gj_args *, uint32_t config);
/* The one launched last, if it is that; NULL: that is not known. Of a dispatcher without explicit signatures. Runs no code, sets no exception. */
gj_specialisation *gj_specialisation_again(const gj_dispatcher *, const gj_args *, uint32_t config);
/* The same as the first where nothing is known of the arguments but their types. */
gj_specialisation *gj_specialisation_plain(gj_dispatcher *, gj_args *);
/* The compiled form that a launch with these arguments would run (block is one-dimensional). NULL: exception. */
gj_specialisation *gj_specialisation_for(gj_dispatcher *, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
/* Tuple of the types of these arguments, one a parameter. */
PyObject *gj_argument_types(gj_dispatcher *, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);

#endif
