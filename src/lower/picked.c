/* Lowering of functions that are picked at run time: which one is a number, and a call a row of tests. */
#include "lower/lower.h"

gj_lv gj_lpicked_call(gj_body *B, gj_ref r, gj_lv number, gj_lv (*call)(gj_body *, gj_ref))
{
	gj_lower *L = B->L;
	gj_inst *s = B->s;
	gj_op *o = gj_o(s->fn, r);
	const gj_type *t = o->type;
	const gj_picks *all = s->picks[r];
	const gj_obj *function = s->konst[o->arg[0]];
	gj_lv *given = gj_new(L->arena, gj_lv, all->n);
	uint32_t done = gj_block_new(L->fn);
	s->picks[r] = NULL;
	for (uint32_t i = 0; i < all->n; i++) {
		bool last = i + 1 == all->n;
		uint32_t here = gj_block_new(L->fn), next = last ? here : gj_block_new(L->fn), settled = B->present.n;
		if (!last)
			gj_branch(L, gj_ecmp(L, GJ_CMP_EQ, number.part[0], gj_eint(L, gj_i64(), gj_function_number(all->pick[i].f))), here, next);
		else
			gj_jump(L, here);
		L->cur = here;
		s->konst[o->arg[0]] = all->pick[i].f;
		s->callee[r] = all->pick[i].callee;
		o->type = all->pick[i].gives.type ? all->pick[i].gives.type : t;
		given[i] = gj_lconv(L, call(B, r), t);
		if (!gj_is_fresh(s, r))
			gj_lretain(L, given[i]);
		B->present.n = settled;                    /* what one way has found out, another does not know */
		gj_jump(L, done);
		L->cur = next;
	}
	s->picks[r] = (gj_picks *)(uintptr_t)all;
	s->konst[o->arg[0]] = function;
	s->callee[r] = NULL;
	o->type = t;
	L->cur = done;
	return gj_ljoined(L, t, all->n, given);
}

gj_lv gj_lpicked_is(gj_lower *L, gj_lv a, gj_lv b, bool negate)
{
	a = gj_lconv(L, a, gj_t_picked);
	b = gj_lconv(L, b, gj_t_picked);
	return gj_lv_scalar(L, gj_bool(), gj_ecmp(L, negate ? GJ_CMP_NE : GJ_CMP_EQ, a.part[0], b.part[0]));
}
