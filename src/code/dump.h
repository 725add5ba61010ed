/* Frozen objects as text. */
#ifndef GJ_OBJDUMP_H
#define GJ_OBJDUMP_H

#include "code/code.h"

void gj_put_obj(gj_sb *, const gj_obj *);
void gj_put_float(gj_sb *, double);            /* the shortest text that reads back as the same double */

#endif
