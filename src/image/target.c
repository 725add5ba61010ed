/* The table of targets. */
#include "image/target.h"

const gj_target gj_targets[GJ_NTARGETS] = {
#define TARGET(id, backend, device, ...) [GJ_TARGET_##id] = { .name = #backend, __VA_ARGS__ },
#include "image/targets.def"
};

gj_halves gj_halves_of(const gj_target *t, int cc_major, int cc_minor)
{
	int cc = 10 * cc_major + cc_minor;
	return (gj_halves){ t->halves_from.float16 && cc >= t->halves_from.float16, t->halves_from.bfloat16 && cc >= t->halves_from.bfloat16,
		t->halves_from.bfloat16_fma && cc >= t->halves_from.bfloat16_fma };
}
