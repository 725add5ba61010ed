/* The optimiser: its passes over the low level in their order, a few rounds of those that make work for each other. */
#include "opt/opt.h"
#include "base/interrupt.h"

enum { MAX_ROUNDS = 6 };

void gj_simplify_first(gj_fn *f)
{
	gj_cfg(f);
	for (int round = 0; round < MAX_ROUNDS; round++) {
		gj_interruption_point(f->trap);
		bool changed = gj_simplify_values(f);
		changed |= gj_simplify_blocks(f);
		changed |= gj_ranges(f);
		changed |= gj_index_signs(f);
		changed |= gj_prove_bounds(f);
		if (!changed)
			break;
	}
}

void gj_simplify(gj_fn *f)
{
	gj_simplify_first(f);
	if (gj_join_conditions(f)) {
		gj_simplify_values(f);
		gj_simplify_blocks(f);
	}
	gj_narrow(f);
	gj_simplify_values(f);
	if (gj_merge_stores(f))
		gj_simplify_values(f);
	gj_remove_dead(f);
	if (!f->no_fma)
		gj_contract(f);
	else if (gj_keep_for_next(f))
		gj_simplify_values(f);
	gj_remove_dead(f);
}
