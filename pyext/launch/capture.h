/* Device arrays that a kernel refers to by a global or closure variable. */
#ifndef GJ_LAUNCH_CAPTURE_H
#define GJ_LAUNCH_CAPTURE_H

#include "compile.h"
#include "freeze/freeze.h"

/* Freezes for a device: its own arrays are taken by their address, and *kept is what keeps their memory alive, or NULL; then
 * nothing is said of whether arrays overlap. −1: exception. */
int gj_freeze_for(gj_device *, PyObject *function, gj_arena *, gj_request *, PyObject **kept);

#endif
