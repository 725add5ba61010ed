/* A launch like the last one. */
#ifndef GJ_AGAIN_H
#define GJ_AGAIN_H

#include "launch/config.h"
#include "launch/dispatcher.h"
#include "launch/leaves.h"
#include "run/device.h"

enum { GJ_AGAIN_BYTES = 160 /* of parameters, at most */ };

/* Keeps what this launch of d->last found for what was read from `arg`. Where it cannot be proved to be the same again, nothing is kept. */
void gj_again_note(gj_dispatcher *d, const gj_launch_config *, const gj_args *, PyObject *const *arg, const gj_launch *);
/* Would a launch on the device find what was noted, but for the numbers among its arguments? Then this is the kernel, and how it is launched,
 * on the stream of the arrays' library; its parameters are in `buffer`, of GJ_AGAIN_BYTES. Else NULL, with an exception or without. */
gj_kernel *gj_again(const gj_dispatcher *, const gj_launch_config *, gj_device *, PyObject *const *arg, gj_launch *, char *buffer);
void gj_again_free(gj_again_launch *);
int  gj_again_visit(const gj_again_launch *, visitproc, void *arg);

#endif
