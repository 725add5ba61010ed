/* What spread.c decides and spread_build.c does. */
#ifndef GJ_SPREAD_PLAN_H
#define GJ_SPREAD_PLAN_H

#include "opt/independent.h"

/* Who runs a loop's rounds. SERIAL: each thread that comes by; ALIKE: the same, of the block alike, and the first one stores;
 * AROUND: the block's threads together, in step. LANES: the lanes of a vector. */
typedef enum gj_how { GJ_HOW_SERIAL, GJ_HOW_GRID, GJ_HOW_BLOCKS, GJ_HOW_THREADS, GJ_HOW_ALIKE, GJ_HOW_AROUND, GJ_HOW_LANES } gj_how;

/* Something that writes while a block's threads are in step: a store (loop 0), or a loop. */
typedef struct gj_event { gj_ref store; uint32_t loop; } gj_event;

typedef struct gj_plan {
	gj_fn *f;                                  /* in loop form */
	const gj_loop_fact *fact;                  /* by loop */
	uint8_t *how;                              /* by loop: gj_how */
	GJ_VEC(gj_event) events;
	bool alone;                                /* one thread of one block runs all */
	bool one_block;
	bool barriers;                             /* around events */
	uint32_t lanes;                            /* not 0: lanes are the threads, which need no barriers */
} gj_plan;

void gj_spread_build(const gj_plan *);

#endif
