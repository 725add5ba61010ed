/* Sharing out a kernel's loops among threads. */
#ifndef GJ_SPREAD_H
#define GJ_SPREAD_H

#include "ir/ir.h"

enum { GJ_TEAM = 256 };                        /* threads of a block at most; a power of two */

/* lanes 0: a kernel as written for one thread (per blockIdx.z) becomes one for the threads of a block along x and the blocks along x, with
 * the same results but for the order in which floats are summed up. Arrays that it writes must not meet others. Returns what became
 * of each loop, and why, as text.
 * lanes: rows, in which a vector of as many lanes runs an outer element: independent loops around others, along which memory lies,
 * are shared out among them, and f->lanes is set; 0: there are none. registers: bytes of the machine's vector registers. */
const char *gj_spread(gj_fn *, uint32_t lanes, uint32_t registers);

#endif
