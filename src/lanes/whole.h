/* whole.c: code behind a bound, once more for vectors of which all lanes are below it. After the mask pass and gj_cfg. */
#ifndef GJ_WHOLE_H
#define GJ_WHOLE_H

#include "ir/ir.h"

void gj_double_whole(gj_fn *);

#endif
