/* Races between rounds of loops over prange. */
#ifndef GJ_RACES_H
#define GJ_RACES_H

#include "ir/ir.h"

/* Notes those of an entry with lanes, after gj_divergence, in the function whose loop it is. */
void gj_find_races(const gj_fn *wide, gj_fn *f);

#endif
