/* Values that may be None: whether there is one, and then the value itself. Who needs the value ends the thread where it is None, as
 * Python would raise, unless a test that the way came by, or an earlier use, has settled it. */
#include "lower/lower.h"
#include "ir/dom.h"

gj_lv gj_linner(gj_lv v) { return v.type->kind == GJ_OPTIONAL ? (gj_lv){ v.type->elem, NULL, v.part + 1 } : v; }

gj_ref gj_lis_there(gj_lower *L, gj_lv v)
{
	return v.type->kind == GJ_OPTIONAL ? v.part[0] : gj_eint(L, gj_bool(), v.type != gj_t_none);
}

static bool is_none(const gj_body *B, gj_ref r) { return gj_o(B->s->fn, r)->type == gj_t_none; }

/* Does it follow from the condition, which is `yes`, that op r is not None? */
static bool says_present(const gj_body *B, gj_ref condition, bool yes, gj_ref r)
{
	const gj_fn *f = B->s->fn;
	for (const gj_op *o = gj_o(f, condition);; o = gj_o(f, o->arg[0])) {
		bool not = o->op == GJ_PYUN && o->sub == GJ_UN_NOT, equal = o->op == GJ_PYCMP && (o->sub == GJ_CMP_EQ || o->sub == GJ_CMP_NE);
		if ((o->op == GJ_TRUTH || not) && o->arg[0] == r)
			return yes != not;
		if (o->op == GJ_IS || equal) {
			bool negated = equal ? o->sub == GJ_CMP_NE : o->sub;
			bool asks = (o->arg[0] == r && is_none(B, o->arg[1])) || (o->arg[1] == r && is_none(B, o->arg[0]));
			return asks && yes == negated;
		}
		if (o->op != GJ_TRUTH && !not)
			return false;
		yes ^= not;
	}
}

/* The only branch that leads to block b says so. */
static bool entered_present(const gj_body *B, uint32_t b, gj_ref r)
{
	const gj_fn *f = B->s->fn;
	const gj_bb *bb = &f->bb.p[b];
	uint32_t from = UINT32_MAX, edge = 0;
	for (uint32_t k = 0; k < bb->preds.n; k++) {
		uint32_t e = gj_pred_edge(f, b, k);
		if (!B->s->edge[2 * bb->preds.p[k] + e])
			continue;
		if (from != UINT32_MAX)
			return false;
		from = bb->preds.p[k];
		edge = e;
	}
	const gj_op *t = from == UINT32_MAX ? NULL : gj_terminator(f, from);
	return t && t->op == GJ_BRANCH && says_present(B, t->arg[0], edge == 0, r);
}

static bool is_present(gj_body *B, gj_ref r)
{
	if (!B->dom) {
		B->dom = gj_new(B->L->arena, gj_dom, 1);
		gj_dom_build(B->dom, B->s->fn);
	}
	for (uint32_t i = 0; i < B->present.n; i++)
		if (B->present.p[i].r == r && gj_dom_over(B->dom, B->present.p[i].block, B->block))
			return true;
	for (uint32_t b = B->block; b != 0; b = B->dom->idom[b])
		if (entered_present(B, b, r))
			return true;
	return false;
}

gj_lv gj_lpresent(gj_body *B, gj_ref r, gj_lv v)
{
	if (v.type->kind != GJ_OPTIONAL)
		return v;
	if (!is_present(B, r)) {
		gj_lrequire_value(B->L, v.part[0], v.type->elem);
		gj_push(B->L->arena, &B->present, ((gj_settled){ r, B->block }));
	}
	return gj_linner(v);
}
