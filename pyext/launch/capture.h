/* Device arrays that a kernel refers to by a global or closure variable. */
#ifndef GJ_LAUNCH_CAPTURE_H
#define GJ_LAUNCH_CAPTURE_H

#include "build.h"
#include "freeze/freeze.h"

/* What a kernel refers to that is not part of it; all NULL at first. */
typedef struct gj_outside {
	PyObject *kept;                            /* what keeps captured arrays alive, or NULL */
	PyObject *files;                           /* what `linked` points into */
	gj_linked *linked; uint32_t nlinked;       /* on PyMem's heap */
	PyObject *objects, *function;              /* what gj_captures has them for, or NULL */
} gj_outside;

/* What is frozen for this device, or for none. */
gj_captures gj_captures_for(gj_device *);
/* Reads and compiles what the function, and a kernel by its option (a tuple), is linked with. −1: exception. */
int gj_link_for(gj_device *, PyObject *link, gj_outside *);
void gj_outside_clear(gj_outside *);

#endif
