/* Launching a kernel. */
#ifndef GJ_LAUNCH_H
#define GJ_LAUNCH_H

#include "launch/config.h"
#include "launch/dispatcher.h"
#include "launch/leaves.h"

/* Runs the kernel with arguments that were read from `arg` (NULL: elsewhere): places them, compiles if need be, launches, copies back.
 * false: exception. */
bool gj_launch_args(gj_dispatcher *, const gj_launch_config *, gj_args *, PyObject *const *arg);
/* Runs it if it is like the last one (again.h); false: it is not. *ok false: exception. */
bool gj_launch_again(gj_dispatcher *, const gj_launch_config *, gj_device *, PyObject *const *arg, bool *ok);
PyObject *gj_current_launch(PyObject *module, PyObject *unused);

#endif
