/* Threads that know themselves through their places in the grid alone, as grid(n) gives them, and that have nothing to do with each
 * other: such a kernel cannot tell which blocks it is launched in. So a CPU may run its threads in the order in which memory lies, row
 * after row of the whole grid, in vectors along any axis that is long enough, however small the blocks are along it; and there is nothing
 * to do for a block.
 *
 * Who takes tiles of memory takes them for the cache's sake: a matrix product reads again what other threads of its block have read. So
 * grids in several dimensions are run that way only if each access follows the lanes and there are no loops but short ones: then
 * neighbours in memory are what is read again. */
#include "image/barrier.h"
#include "ir/walk.h"
#include "lanes/places.h"

enum { SHORT_LOOP = 16, LINE = 64 };

/* What a place is made of, and nothing else may be: indices of threads and blocks, and the first thread of a block. */
static bool is_part(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	while (o->op == GJ_CVT)
		o = gj_o(f, o->arg[0]);
	int64_t start = gj_grid_product(f, o);
	return (o->op == GJ_SREG && o->imm.i <= GJ_CTAID_Z) || (start >= GJ_CTAID_X && start <= GJ_CTAID_Z);
}

/* Is the op the same whatever block its thread is in? */
static bool is_blind(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	if (gj_op_is(o, GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP | GJ_F_ORDER | GJ_F_LANES) || o->op == GJ_SHAREDMEM || o->op == GJ_WATCH)
		return false;
	if (o->op == GJ_SREG)
		return o->imm.i <= GJ_NCTAID_Z || o->imm.i == GJ_WARPSIZE;
	if (gj_grid_place(f, o) >= 0 || is_part(f, r))
		return true;
	for (uint32_t i = 0; i < o->nargs; i++)
		if (is_part(f, o->arg[i]))
			return false;
	return true;
}

uint32_t gj_place_axes(const gj_fn *f)
{
	uint32_t axes = 0;
	if (f->entry->runner != GJ_RUN_LAUNCH || f->entry->args != GJ_ARGS_LEAVES || f->barriers || f->cooperative || f->spins || f->callee.n
		|| f->part || f->neighbours > 1)
		return 0;
	GJ_EACH_OP(f, b, r) {
		int axis = gj_grid_place(f, gj_o(f, r));
		if (!is_blind(f, r))
			return 0;
		axes |= axis < 0 ? 0 : 1u << axis;
	}
	return axes;
}

bool gj_follows_lanes(const gj_fn *f)
{
	for (uint32_t l = 1; l < f->loops.n; l++) {
		int64_t most = gj_most_rounds(f, l);
		if (most < 0 || most > SHORT_LOOP)
			return false;
	}
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r), *p = o->op == GJ_LOAD || o->op == GJ_STORE ? gj_o(f, o->arg[0]) : NULL;
		if (p && p->type->space != GJ_LOCAL && (p->shape == GJ_VARYING || p->stride >= LINE || p->stride <= -LINE))
			return false;
	}
	return true;
}

void gj_name_places(gj_fn *f)
{
	f->places = true;
	GJ_EACH_OP(f, b, r) {
		gj_op *o = gj_o(f, r);
		int axis = gj_grid_place(f, o);
		if (axis < 0)
			continue;
		o->op = GJ_SREG;
		o->nargs = 0;
		o->imm.i = GJ_PLACE_X + axis;
	}
	GJ_EACH_BLOCK(f, b) {
		gj_bb *bb = &f->bb.p[b];
		uint32_t n = 0;
		GJ_EACH_OP_OF(f, b, r)
			if (!is_part(f, r))
				bb->ops.p[n++] = r;
		bb->ops.n = n;
	}
}

void gj_name_places_of_part(gj_fn *f, uint32_t facts)
{
	static const uint32_t rows = GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS;
	if (gj_place_axes(f) == 1 && (facts & rows) == rows)
		gj_name_places(f);
}
