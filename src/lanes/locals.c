/* Local arrays of a vector lie lane beside lane, element by element, so that their addresses cannot be told from those of other
 * memory. A local array that may stand for another (one on one path, a shared one on the other) lies lane after lane instead: it
 * moves to the generic space, with all pointers that are reckoned from it or meet it. */
#include "ir/walk.h"

static bool is_local(const gj_op *o) { return o->type && o->type->kind == GJ_PTR && o->type->space == GJ_LOCAL; }

static bool move(gj_op *o)
{
	bool moves = is_local(o);
	if (moves)
		o->type = gj_ptr_type(o->type->elem, GJ_GENERIC);
	return moves;
}

/* An op whose result and pointer operands are in one space. */
static bool keeps_space(const gj_op *o)
{
	return o->op == GJ_PHI || o->op == GJ_SELECT || o->op == GJ_ELEM || o->op == GJ_BYTES || o->op == GJ_PTRCAST;
}

static bool spread(gj_fn *f, gj_op *o)
{
	bool moved = false, generic = o->type && o->type->kind == GJ_PTR && o->type->space == GJ_GENERIC;
	for (uint32_t k = 0; k < o->nargs; k++) {
		const gj_op *a = gj_o(f, o->arg[k]);
		bool leads = a->type && a->type->kind == GJ_PTR && a->type->space == GJ_GENERIC;
		if (generic)
			moved |= move(gj_o(f, o->arg[k]));
		else if (leads)
			moved |= move(o);
	}
	return moved;
}

void gj_spread_locals(gj_fn *f)
{
	bool moved = true;
	while (moved) {
		moved = false;
		GJ_EACH_OP(f, b, r)
			if (keeps_space(gj_o(f, r)))
				moved |= spread(f, gj_o(f, r));
	}
}
