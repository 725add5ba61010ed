/* Launching a kernel. */
#ifndef GJ_LAUNCH_H
#define GJ_LAUNCH_H

#include "launch/config.h"
#include "launch/dispatcher.h"
#include "launch/leaves.h"

/* Runs the kernel with arguments that were read: places them, compiles if need be, launches, copies back. false:
 * exception. */
bool gj_launch_args(gj_dispatcher *, const gj_launch_config *, gj_args *);
PyObject *gj_current_launch(PyObject *module, PyObject *unused);

#endif
