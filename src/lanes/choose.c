/* Which threads run as one vector. Those of a warp: but where the kernel has no way to tell, it may as well be those of
 * a row of the block (along x) that is shorter than a warp, of a column (along y) or of those along z. Vectors along one
 * axis keep the index on the other in a scalar, and memory that lies along theirs is read at once instead of lane by
 * lane: kernels in which x counts rows of a C array (the order that `i, j = cuda.grid(2)` invites to) want columns. */
#include "image/barrier.h"
#include "ir/walk.h"
#include "lanes/places.h"

/* Is there such an op in f, or in a function that it calls? */
static bool any_op(const gj_fn *f, bool (*is)(const gj_op *))
{
	GJ_EACH_OP(f, b, r)
		if (is(gj_o(f, r)))
			return true;
	for (uint32_t i = 0; i < f->callee.n; i++)
		if (any_op(f->callee.p[i], is))
			return true;
	return false;
}

static bool sleeps(const gj_op *o)
{
	return gj_op_is(o, GJ_F_SLEEP) || (o->op == GJ_BARRIER && o->sub == GJ_BAR_GRID);
}

static bool meets(const gj_op *o) { return sleeps(o) || gj_op_is(o, GJ_F_WARP); }

static bool is_sreg(const gj_op *o, int64_t which) { return o->op == GJ_SREG && o->imm.i == which; }

static bool knows_warps(const gj_op *o)
{
	return gj_op_is(o, GJ_F_SLEEP | GJ_F_WARP | GJ_F_LANES) || is_sreg(o, GJ_LANEID) || is_sreg(o, GJ_LANEMASK_LT);
}

/* Is there a loop in which a thread may wait for what another one writes? It waits for threads and blocks before its
 * own, mostly: these must come first. */
static bool may_wait(const gj_fn *f)
{
	const uint32_t *uses = gj_count_uses(f);
	GJ_EACH_OP(f, b, r) {
		gj_opcode op = (gj_opcode)gj_o(f, r)->op;
		if (f->bb.p[b].loop && (op == GJ_FENCE || (op == GJ_ATOMIC && uses[r])))
			return true;
	}
	return false;
}

static bool asks_y(const gj_op *o) { return is_sreg(o, GJ_TID_Y); }
static bool asks_z(const gj_op *o) { return is_sreg(o, GJ_TID_Z); }

bool gj_waits(const gj_fn *f, uint32_t width) { return any_op(f, width == 1 ? meets : sleeps); }

/* What an op costs a thread, in 64ths of an element read alone: accesses to memory (what lies between close lanes is read with them,
 * interleaved.c), and what is computed for each lane, which takes up to twice as long in vectors of half as many: there is less to
 * do side by side. */
static uint64_t op_cost(const gj_fn *f, const gj_op *o, uint32_t lanes)
{
	if (o->op != GJ_LOAD && o->op != GJ_STORE)
		return o->shape == GJ_VARYING ? 32 / lanes : 0;
	const gj_op *p = gj_o(f, o->arg[0]);
	if (p->shape == GJ_UNIFORM)
		return 64 / lanes;
	int64_t stride = p->shape != GJ_LINEAR ? 0 : p->stride == -(int64_t)p->type->elem->size ? -p->stride : p->stride;
	return stride >= p->type->elem->size && stride < 64 ? (uint64_t)stride : 64;
}

/* The same of all ops; an inner loop is taken to run eight times. */
static uint64_t cost_of(gj_fn *f, uint32_t lanes, uint32_t facts)
{
	uint64_t sum = 0;
	gj_divergence(f, facts);
	GJ_EACH_OP(f, b, r) {
		uint32_t depth = f->loops.p[f->bb.p[b].loop].depth;
		sum += op_cost(f, gj_o(f, r), lanes) << (3 * (depth < 8 ? depth : 8));
	}
	return sum;
}

/* Lanes of vectors along an axis; 0: there can be none. */
static uint32_t lanes_along(uint32_t facts, int axis)
{
	static const uint32_t lanes[4] = { 0, 8, 16, 32 };
	if (axis)
		return lanes[facts >> (axis == 1 ? GJ_FACT_COLUMNS_SHIFT : GJ_FACT_DEPTHS_SHIFT) & 3];
	return facts & GJ_FACT_LANES_X ? 32 : facts & GJ_FACT_ROWS_16 ? 16 : facts & GJ_FACT_ROWS_8 ? 8 : 0;
}

/* Is the number of the grid's threads along an axis a multiple of a vector's lanes? */
static bool is_full(uint32_t facts, int axis)
{
	static const uint32_t wide[3] = { GJ_FACT_WIDE_X, GJ_FACT_WIDE_Y, GJ_FACT_WIDE_Z };
	uint32_t rows = GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS, grid = wide[axis] | GJ_FACT_FULL_GRID;
	return (axis == 0 && (facts & rows) == rows) || (facts & grid) == grid;
}

uint32_t gj_lanes_of_streams(gj_fn *f)
{
	enum { FEW = 4 };
	uint32_t least = 8, accesses = 0;
	bool gaps = false;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r), *p = o->op == GJ_LOAD || o->op == GJ_STORE ? gj_o(f, o->arg[0]) : NULL;
		if (f->loops.n > 1 || o->op == GJ_ATOMIC || o->op == GJ_MATH)
			return 32;
		if (!p || p->shape == GJ_UNIFORM)
			continue;
		accesses++;
		gaps |= p->shape != GJ_LINEAR || p->stride != p->type->elem->size;
		least = p->type->elem->size < least ? p->type->elem->size : least;
	}
	f->streams = !gaps && accesses <= FEW;
	return least < 8 ? 32 : 16;
}

/* Vectors of threads that are known by their places in the grid: along any axis that is long enough. 0: threads run block by block. */
static uint32_t choose_places(gj_fn *f, uint32_t *facts)
{
	static const uint32_t along[3] = { GJ_FACT_LANES_X, GJ_FACT_LANES_Y, GJ_FACT_LANES_Z };
	uint32_t wide = (*facts & GJ_FACT_WIDE_X ? 1 : 0) | (*facts & GJ_FACT_WIDE_Y ? 2 : 0) | (*facts & GJ_FACT_WIDE_Z ? 4 : 0);
	uint32_t axes = gj_place_axes(f), rest = *facts & ~(uint32_t)(GJ_FACTS_LANES | GJ_FACT_FULL_WARPS), lanes = 0;
	int best = 0;
	uint64_t least = 0;
	if (!axes || may_wait(f))
		return 0;
	bool line = axes == 1;                     /* it walks along x in any case */
	axes = axes & wide ? axes & wide : 1;
	for (int axis = 0; axis < 3; axis++) {
		uint64_t cost = axes >> axis & 1 ? cost_of(f, 32, rest | along[axis] | GJ_FACT_FULL_WARPS) : UINT64_MAX;
		if (!(axes >> axis & 1) || (lanes && cost >= least) || (!line && !gj_follows_lanes(f)))
			continue;
		best = axis;
		least = cost;
		lanes = gj_lanes_of_streams(f);
	}
	if (!lanes)
		return 0;
	*facts = rest | along[best] | (is_full(*facts, best) ? GJ_FACT_FULL_WARPS : 0u);
	gj_name_places(f);
	return lanes;
}

uint32_t gj_choose_lanes(gj_fn *f, uint32_t *facts)
{
	static const uint32_t along[3] = { GJ_FACT_LANES_X, GJ_FACT_LANES_Y, GJ_FACT_LANES_Z };
	uint32_t lanes[3], rest = (*facts & ~(uint32_t)GJ_FACTS_LANES) | GJ_FACT_FULL_WARPS;
	uint32_t by_place = choose_places(f, facts);
	if (by_place)
		return by_place;
	for (int axis = 0; axis < 3; axis++)
		lanes[axis] = lanes_along(*facts, axis);
	lanes[1] = lanes[1] && any_op(f, asks_y) ? lanes[1] : 0;
	lanes[2] = lanes[2] && any_op(f, asks_z) ? lanes[2] : 0;
	if ((lanes[1] || lanes[2]) && may_wait(f))
		lanes[1] = lanes[2] = 0;
	if (lanes[0] == 32 && !lanes[1] && !lanes[2])
		return 32;
	if (any_op(f, knows_warps))
		return 32;
	int best = -1;
	uint64_t least = 0;
	for (int axis = 0; axis < 3; axis++) {
		uint64_t cost = lanes[axis] ? cost_of(f, lanes[axis], rest | along[axis]) : 0;
		if (lanes[axis] && (best < 0 || cost < least)) {
			best = axis;
			least = cost;
		}
	}
	if (best < 0 || (best == 0 && lanes[0] == 32))
		return 32;
	*facts = rest | along[best];
	return lanes[best];
}

/* -- Rounds of loops over prange ------------------------------------------------------------------------------------------ */

/* Is l an innermost loop that counts, reads and computes without calls: one of which LLVM makes vectors? */
static bool is_plain_loop(const gj_fn *f, uint32_t l)
{
	if (gj_has_inner(f, l))
		return false;
	bool stores = false;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (!l || f->bb.p[b].loop != l)
			continue;
		stores |= o->op == GJ_STORE;
		if (o->op == GJ_FCALL || o->op == GJ_MATH || o->op == GJ_POW || o->op == GJ_MOD || o->op == GJ_FAILED || o->op == GJ_PRINT)
			return false;
		if (o->op == GJ_BRANCH && b != f->loops.p[l].header)
			return false;
	}
	return stores;
}

/* The same of one round after the other, in vectors where LLVM makes some. */
static uint64_t cost_alone(const gj_fn *f)
{
	bool *plain = gj_new(f->arena, bool, f->loops.n);
	uint64_t sum = 0;
	for (uint32_t l = 1; l < f->loops.n; l++)
		plain[l] = is_plain_loop(f, l);
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		uint32_t depth = f->loops.p[f->bb.p[b].loop].depth;
		bool memory = o->op == GJ_LOAD || o->op == GJ_STORE;
		uint64_t cost = o->op == GJ_MATH || o->op == GJ_POW ? 128 : memory ? o->nargs ? gj_o(f, o->arg[0])->type->elem->size : 8 : plain[f->bb.p[b].loop] ? 1 : 8;
		sum += cost << (3 * (depth < 8 ? depth : 8));
	}
	return sum;
}

/* Has LLVM vectors of this function: an instruction, or one that the host's library has (emit/cpu/math.c)? */
static bool has_vector(gj_math row)
{
	static const struct { const char *llvm; bool library; } known[GJ_NMATH] = {
#define MATH(id, py, np, n, stem, fast, llvm, vec) { llvm, vec },
#include "ir/math.def"
	};
	return known[row].llvm || known[row].library;
}

bool gj_suits_llvm(const gj_fn *wide, const gj_fn *single)
{
	bool math = false, stores = false;
	if (single->loops.n != 2)
		return false;
	GJ_EACH_OP(single, b, r) {
		const gj_op *o = gj_o(single, r);
		bool header = b == single->loops.p[1].header, sum = o->op == GJ_PHI && gj_is_float(o->type);
		if (single->bb.p[b].loop != 1)
			continue;
		math |= o->op == GJ_MATH;
		stores |= o->op == GJ_STORE;
		if (sum || (o->op == GJ_BRANCH && !header) || (o->op == GJ_MATH && !has_vector((gj_math)o->imm.i)) || o->op == GJ_POW || o->op == GJ_MOD
		    || o->op == GJ_FLOORDIV || (gj_op_is(o, GJ_F_WRITE) && o->op != GJ_STORE))
			return false;
	}
	GJ_EACH_OP(wide, b, r) {
		const gj_op *o = gj_o(wide, r), *p = o->op == GJ_LOAD || o->op == GJ_STORE ? gj_o(wide, o->arg[0]) : NULL;
		if (p && (p->shape == GJ_VARYING || (p->shape == GJ_LINEAR && p->stride != p->type->elem->size)))
			return false;
	}
	return math && stores;
}

/* Lanes that each go their own way in memory come to lines that lie far apart: more than an element read alone. */
static uint64_t far_cost(const gj_fn *f, const gj_op *o)
{
	bool far = (o->op == GJ_LOAD || o->op == GJ_STORE) && gj_o(f, o->arg[0])->shape == GJ_VARYING;
	return far ? 96 : op_cost(f, o, 32);
}

bool gj_lanes_pay(gj_fn *wide, gj_fn *single)
{
	uint64_t sum = 0;
	GJ_EACH_OP(wide, b, r) {
		uint32_t depth = wide->loops.p[wide->bb.p[b].loop].depth;
		sum += far_cost(wide, gj_o(wide, r)) << (3 * (depth < 8 ? depth : 8));
	}
	return sum <= cost_alone(single);
}
