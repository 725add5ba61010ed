/* Rounds of a loop abreast. */
#ifndef GJ_JAM_H
#define GJ_JAM_H

#include "ir/ir.h"

/* The loop with this header, whose rounds are independent, with nothing carried and a step of 1, runs several of them at once in a loop
 * of its own, as far as that pays: where they share loads in inner loops, and what these sum up fits in half of the machine's vector
 * registers (bytes of all), in vectors of as many lanes. In loop form, after gj_cfg. */
void gj_jam(gj_fn *, uint32_t header, uint32_t lanes, uint32_t registers);

#endif
