/* raise and assert in functions that are called. A thread of a GPU can end anywhere; on the CPU it ends where the kernel
 * returns. So a function that may raise has one more result, whether it did, and its callers end when it did. */
#include "ir/walk.h"

static const gj_type *t_bool(void) { return gj_scalar[GJ_BOOL]; }

static bool may_raise(const gj_fn *f)
{
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (o->op == GJ_RAISE || (o->op == GJ_FCALL && o->imm.fn->raises))
			return true;
	}
	return false;
}

static void add_result(gj_fn *f)
{
	const gj_type **t = gj_new(f->arena, const gj_type *, f->nresults + 1);
	for (uint32_t i = 0; i < f->nresults; i++)
		t[i] = f->result[i];
	t[f->nresults++] = t_bool();
	f->result = t;
}

/* Ends block b behind its op i, a call, with a branch: a thread that ended in the call ends here too. */
static void end_behind(gj_fn *f, uint32_t b, uint32_t i)
{
	uint32_t rest = gj_split_block(f, b, i + 1), end = gj_block_new(f);
	gj_ref call = f->bb.p[b].ops.p[i];
	gj_op *o = gj_o(f, call);
	if (o->imm.fn->nresults == 1)
		o->type = t_bool();
	gj_ref ended = gj_emit(f, b, GJ_RESULT, t_bool(), o->loc, 1, &call);
	gj_o(f, ended)->imm.i = o->imm.fn->nresults - 1;
	gj_emit(f, b, GJ_BRANCH, NULL, o->loc, 1, &ended);
	gj_link(f, b, end);
	gj_link(f, b, rest);
	gj_emit(f, end, GJ_RAISE, NULL, o->loc, 0, NULL);
}

static void look_at_calls(gj_fn *f)
{
	GJ_ALL_BLOCKS(f, b)
		GJ_EACH_OP_OF(f, b, r) {
			const gj_op *o = gj_o(f, r);
			if (o->op == GJ_FCALL && o->imm.fn->raises) {
				end_behind(f, b, r_at);
				break;                                                         /* the rest is a block that comes later */
			}
		}
}

/* Every end of a function that may raise returns; the last result says which end it was. */
static void say_how_it_ended(gj_fn *f)
{
	GJ_ALL_BLOCKS(f, b) {
		GJ_VEC(gj_ref) value = { 0 };
		gj_bb *bb = &f->bb.p[b];
		gj_ref last = bb->ops.n ? bb->ops.p[bb->ops.n - 1] : 0;
		gj_op *t = gj_o(f, last);
		if (!last || (t->op != GJ_RETURN && t->op != GJ_RAISE))
			continue;
		bb->ops.n--;
		for (uint32_t k = 0; k + 1 < f->nresults; k++)
			gj_push(f->arena, &value, t->op == GJ_RETURN ? t->arg[k] : gj_emit(f, b, GJ_UNDEF, f->result[k], t->loc, 0, NULL));
		gj_push(f->arena, &value, gj_emit(f, b, GJ_CONST, t_bool(), t->loc, 0, NULL));
		gj_o(f, value.p[value.n - 1])->imm.i = t->op == GJ_RAISE;
		t->op = GJ_RETURN;
		t->arg = value.p;
		t->nargs = value.n;
		t->imm.obj = NULL;
		gj_push(f->arena, &f->bb.p[b].ops, last);
	}
}

void gj_return_raises(gj_fn *entry)
{
	GJ_VEC(gj_fn *) all = { 0 };
	if (entry->entry->raise == GJ_RAISE_RETURN && !entry->callee.n)
		return;
	for (uint32_t i = 0; i < entry->callee.n; i++)
		gj_push(entry->arena, &all, entry->callee.p[i]);
	gj_push(entry->arena, &all, entry);
	for (bool more = true; more;) {
		more = false;
		for (uint32_t i = 0; i < all.n; i++)
			if (all.p[i]->entry->raise == GJ_RAISE_CALLER && !all.p[i]->raises && may_raise(all.p[i])) {
				add_result(all.p[i]);
				all.p[i]->raises = more = true;
			}
	}
	for (uint32_t i = 0; i < all.n; i++) {
		look_at_calls(all.p[i]);
		if (all.p[i]->raises)
			say_how_it_ended(all.p[i]);
		gj_cfg(all.p[i]);
	}
}
