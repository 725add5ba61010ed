/* Loads before slow operations. A machine that runs a thread's instructions in their order waits for a load where its value is
 * used, so loads should be asked for early and together; but the assembler moves none over the branch that a root, a division or
 * a call of the math library has for its rare cases. Loads whose address is known before such an operation go in front of it. */
#include "opt/opt.h"

enum { MOST_REGISTERS = 8 /* of loaded values that wait, for each slow operation */ };

static bool is_slow(const gj_op *o)
{
	bool division = o->op == GJ_DIV || o->op == GJ_FLOORDIV || o->op == GJ_MOD;
	return o->op == GJ_MATH || o->op == GJ_POW || (division && gj_is_float(o->type));
}

static bool can_move(const gj_op *o)
{
	return !is_slow(o) && o->op != GJ_PHI && (gj_op_is(o, GJ_F_PURE) || (o->op == GJ_LOAD && !o->sub));
}

/* Marks op r, and what it takes from behind place `from` of its block, to be moved; false: that cannot be. */
static bool mark(const gj_fn *f, const uint32_t *place, uint32_t b, uint32_t from, gj_ref r, bool *moves)
{
	const gj_op *o = gj_o(f, r);
	if (o->block != b || place[r] < from || moves[r])
		return true;
	if (!can_move(o))
		return false;
	for (uint32_t i = 0; i < o->nargs; i++)
		if (!mark(f, place, b, from, o->arg[i], moves))
			return false;
	return moves[r] = true;
}

/* Marks the loads between the slow operation at place `from` and the next thing that memory may change at; returns where that is. */
static uint32_t mark_loads(const gj_fn *f, uint32_t b, uint32_t from, const uint32_t *place, bool *moves)
{
	const gj_bb *bb = &f->bb.p[b];
	uint32_t registers = 0, at = from;
	for (; at < bb->ops.n; at++) {
		const gj_op *o = gj_o(f, bb->ops.p[at]);
		if (!can_move(o) && !is_slow(o))
			break;
		uint32_t size = o->op == GJ_LOAD ? (o->type->size + 3) / 4 : 0;
		if (size && registers + size <= MOST_REGISTERS && mark(f, place, b, from, bb->ops.p[at], moves))
			registers += size;
	}
	return at;
}

/* The marked ones of [from, to) come first. */
static void reorder(gj_fn *f, uint32_t b, uint32_t from, uint32_t to, const bool *moves)
{
	gj_ref *ops = f->bb.p[b].ops.p, *before = gj_memdup(f->arena, ops + from, (to - from) * sizeof *ops);
	uint32_t at = from;
	for (int moved = 1; moved >= 0; moved--)
		for (uint32_t i = 0; i < to - from; i++)
			if (moves[before[i]] == moved)
				ops[at++] = before[i];
}

void gj_load_early(gj_fn *f)
{
	uint32_t *place = gj_new(f->arena, uint32_t, f->op.n);
	bool *moves = gj_new(f->arena, bool, f->op.n);
	GJ_EACH_BLOCK(f, b) {
		GJ_EACH_OP_OF(f, b, r)
			place[r] = r_at;
		for (uint32_t at = 0; at < f->bb.p[b].ops.n; at++) {
			if (!is_slow(gj_o(f, f->bb.p[b].ops.p[at])))
				continue;
			uint32_t end = mark_loads(f, b, at, place, moves);
			reorder(f, b, at, end, moves);
			at = end;
		}
	}
}
