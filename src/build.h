/* A kernel for a device: what was compiled before is taken from the disk cache. Knows no Python: any thread, no GIL. */
#ifndef GJ_BUILD_H
#define GJ_BUILD_H

#include "compile.h"
#include "run/device.h"

typedef struct gj_build {
	gj_request rq;                             /* filled by the caller, as are dev and use_cache */
	gj_device *dev;
	const gj_linked *linked; uint32_t nlinked; /* what it is linked with: filled by the caller too */
	bool use_cache, hit;
	gj_image image;
	gj_kernel *kernel;
	const gj_type *ret;                        /* what a function for the host returns */
	gj_diag diag;                              /* set: the compiler refused */
	gj_status status; const char *what;        /* else not GJ_OK: the device did, while doing that */
} gj_build;

/* Fills image and kernel, which the caller then owns, or says what went wrong. */
void gj_build_run(gj_build *);

#endif
