/* Values that may be None: whether there is one, and then the value itself. Who needs the value ends the thread where it is None, as
 * Python would raise, unless a test that the way came by, or an earlier use, has settled it. */
#include "lower/lower.h"
#include "ir/dom.h"

gj_lv gj_linner(gj_lv v) { return v.type->kind == GJ_OPTIONAL ? (gj_lv){ v.type->elem, NULL, v.part + 1 } : v; }

gj_ref gj_lis_there(gj_lower *L, gj_lv v)
{
	return v.type->kind == GJ_OPTIONAL ? v.part[0] : gj_eint(L, gj_bool(), v.type != gj_t_none);
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
	uint32_t from, edge;
	for (uint32_t b = B->block; b != 0; b = B->dom->idom[b])
		if (gj_only_edge(B->s, b, &from, &edge) && gj_edge_says_present(B->s, from, edge, r))
			return true;
	return gj_is_present(B->s, B->block, r);
}

gj_lv gj_lpresent(gj_body *B, gj_ref r, gj_lv v)
{
	if (v.type->kind != GJ_OPTIONAL)
		return v;
	if (!is_present(B, r)) {
		gj_lrequire_value(B->L, v.part[0], v.type->elem);
		if (gj_caught_edge(B->s->fn, B->block) < 0)            /* else not in the handler */
			gj_push(B->L->arena, &B->present, ((gj_settled){ r, B->block }));
	}
	return gj_linner(v);
}
