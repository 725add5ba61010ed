/* Which threads run as one vector. Those of a warp: but where the kernel has no way to tell, it may as well be those of
 * a row of the block (along x) that is shorter than a warp, or of a column (along y). Vectors along one axis keep the
 * index on the other in a scalar, and memory that lies along theirs is read at once instead of lane by lane: kernels in
 * which x counts rows of a C array (the order that `i, j = cuda.grid(2)` invites to) want columns. */
#include "front/ir.h"

/* Is there such an op in f, or in a function that it calls? */
static bool any_op(const gj_fn *f, bool (*is)(const gj_op *))
{
	for (uint32_t k = 0; k < f->rpo.n; k++) {
		const gj_bb *b = &f->bb.p[f->rpo.p[k]];
		for (uint32_t i = 0; i < b->ops.n; i++)
			if (is(gj_o(f, b->ops.p[i])))
				return true;
	}
	for (uint32_t i = 0; i < f->callee.n; i++)
		if (any_op(f->callee.p[i], is))
			return true;
	return false;
}

static bool sleeps(const gj_op *o) { return o->op == GJ_NANOSLEEP; }

static bool meets(const gj_op *o)
{
	return sleeps(o) || o->op == GJ_SYNCWARP || o->op == GJ_SHFL || o->op == GJ_VOTE || o->op == GJ_MATCH;
}

static bool is_sreg(const gj_op *o, int64_t which) { return o->op == GJ_SREG && o->imm.i == which; }

static bool knows_warps(const gj_op *o)
{
	return meets(o) || o->op == GJ_ACTIVEMASK || is_sreg(o, GJ_LANEID) || is_sreg(o, GJ_LANEMASK_LT);
}

/* Could a block learn that another one has begun, and so wait for it? */
static bool knows_blocks(const gj_op *o) { return o->op == GJ_ATOMIC || o->op == GJ_FENCE; }

static bool asks_y(const gj_op *o) { return is_sreg(o, GJ_TID_Y); }

bool gj_waits(const gj_fn *f, uint32_t width) { return any_op(f, width == 1 ? meets : sleeps); }

/* What an access to memory costs a thread, in 64ths of an element read alone. */
static uint64_t access_cost(const gj_fn *f, const gj_op *o, uint32_t lanes)
{
	const gj_op *p = gj_o(f, o->arg[0]);
	if (p->shape == GJ_UNIFORM)
		return 64 / lanes;
	return p->shape == GJ_LINEAR && p->stride == p->type->elem->size ? p->type->elem->size : 64;
}

/* The same of all of them; an inner loop is taken to run eight times. */
static uint64_t memory_cost(gj_fn *f, uint32_t lanes, uint32_t facts)
{
	uint64_t sum = 0;
	gj_divergence(f, facts);
	for (uint32_t k = 0; k < f->rpo.n; k++) {
		const gj_bb *b = &f->bb.p[f->rpo.p[k]];
		uint32_t depth = f->loops.p[b->loop].depth;
		for (uint32_t i = 0; i < b->ops.n; i++) {
			const gj_op *o = gj_o(f, b->ops.p[i]);
			if (o->op == GJ_LOAD || o->op == GJ_STORE)
				sum += access_cost(f, o, lanes) << (3 * (depth < 8 ? depth : 8));
		}
	}
	return sum;
}

uint32_t gj_choose_lanes(gj_fn *f, uint32_t *facts)
{
	static const uint32_t along = GJ_FACT_LANES_X | GJ_FACT_LANES_Y;
	uint32_t given = *facts, rest = (given & ~along) | GJ_FACT_FULL_WARPS;
	uint32_t row = given & GJ_FACT_LANES_X ? 32 : given & GJ_FACT_ROWS_16 ? 16 : given & GJ_FACT_ROWS_8 ? 8 : 0;
	uint32_t column = given & GJ_FACT_COLUMNS_32 ? 32 : given & GJ_FACT_COLUMNS_16 ? 16 : given & GJ_FACT_COLUMNS_8 ? 8 : 0;
	if ((!column && (!row || row == 32)) || any_op(f, knows_warps))
		return 32;
	if (column && any_op(f, asks_y)) {
		uint64_t cost = memory_cost(f, column, rest | GJ_FACT_LANES_Y);
		if (!row || cost < memory_cost(f, row, rest | GJ_FACT_LANES_X)) {
			*facts = rest | GJ_FACT_LANES_Y | (any_op(f, knows_blocks) ? 0 : GJ_FACT_GRID_Y);
			return column;
		}
	}
	if (!row || row == 32)
		return 32;
	*facts = rest | GJ_FACT_LANES_X;
	return row;
}
