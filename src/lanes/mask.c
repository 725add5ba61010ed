/* The mask pass: plans the new control flow, and makes it unless lanes would come too late to a barrier, or wait for others of
 * their warp in a loop. */
#include "lanes/late.h"

bool gj_mask(gj_fn *f)
{
	gj_plan p;
	gj_mask_plan(&p, f);
	if (gj_delays(&p) || gj_parts_waiting(&p))
		return false;
	gj_mask_build(&p);
	gj_cfg(f);
	gj_all_wait(f);
	return true;
}
