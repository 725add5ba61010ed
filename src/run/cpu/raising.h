/* Loops of ufuncs whose elements may raise: what raises ends the call of compiled code, which lands where it was called. */
#ifndef GJ_RAISING_H
#define GJ_RAISING_H

#include "image/cpu_abi.h"
#include "image/report.h"
#include "run/device.h"

/* One call of compiled code, where it goes when an element raises, and what that has told; thread: which lane it was, counted over all
 * warps of the call. */
typedef struct gj_loop_call { gj_block pub; void *landing[5]; uint32_t thread; gj_report report; } gj_loop_call;

/* Runs the kernel for n elements in so many warps. false: one has raised, and those in warps behind it were not run. */
bool gj_loop_returns(gj_loop_call *, const gj_kernel *, const char *params, uint32_t n, uint32_t warps);

/* The first element's failure, and of which kernel. */
typedef struct gj_loop_failure { const gj_kernel *kernel; gj_status status; gj_report report; } gj_loop_failure;

#endif
