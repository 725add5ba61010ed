/* What loopform.c and lcssa.c share. */
#ifndef GJ_LOOPFORM_H
#define GJ_LOOPFORM_H

#include "ir/regions.h"

/* After gj_cfg: every use of a value outside the loop that it stands in goes through a phi in an exit block. */
void gj_lcssa(gj_fn *);

#endif
