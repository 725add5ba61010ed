/* What kernels printed, on sys.stdout. */
#ifndef GJ_PRINTED_PY_H
#define GJ_PRINTED_PY_H

#include "run/printed.h"

/* Shows what this thread has come by. Called with the GIL after whatever waited for kernels; a pending exception stays. An error of
 * the stream's is not the kernel's: it is told of as one that cannot be raised. */
void gj_show_printed(void);
static inline void gj_show_any(void)
{
	if (gj_printed_any())
		gj_show_printed();
}

#endif
