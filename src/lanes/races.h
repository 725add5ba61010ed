/* Races between rounds of loops over prange. */
#ifndef GJ_RACES_H
#define GJ_RACES_H

#include "ir/ir.h"

/* Notes those of the entry with lanes, after gj_divergence, in the function whose loop it is. */
void gj_find_races(const gj_rounds *, gj_fn *f);

#endif
