/* Lanes that leave a barrier's others behind them (late.c). */
#ifndef GJ_DELAY_H
#define GJ_DELAY_H

#include "lanes/mask.h"

/* By block: may a barrier still come? */
bool *gj_before_barriers(const gj_fn *);
/* Turns branches so that the way which leads to barriers comes second. After gj_cfg(), which it outdates. */
void gj_barriers_last(gj_fn *);
/* Would something that lanes do behind their last barrier come too late, or too early for others? */
bool gj_delays(const gj_plan *);
/* Barriers that no lane can have gone before wait for all. After the mask pass. */
void gj_all_wait(gj_fn *);
/* May lanes of one warp be in a loop that waits for memory, and others elsewhere? */
bool gj_parts_waiting(const gj_plan *);

#endif
