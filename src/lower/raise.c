/* An exception that is raised where somebody may catch it: it is told to the runtime, and control goes to the landing (landing.c). */
#include "lower/lower.h"
#include "image/report.h"

uint32_t gj_landing_block(gj_lower *L, gj_landing *l) { return l->block ? l->block : (l->block = l->make(L, l)); }

static uint32_t block_of_memory(gj_lower *L, gj_landing *l)
{
	uint32_t back = L->cur, to = gj_landing_block(L, l->outer), block = L->cur = gj_block_new(L->fn);
	gj_e1(L, GJ_RELEASE, NULL, l->owner);
	gj_jump(L, to);
	L->cur = back;
	return block;
}

void gj_land_owning(gj_lower *L, gj_ref owner)
{
	gj_landing *outer = L->landing;
	if (!outer)
		return;
	L->landing = gj_new(L->arena, gj_landing, 1);
	*L->landing = (gj_landing){ .make = block_of_memory, .outer = outer, .owner = owner };
}

void gj_lraise_on(gj_lower *L)
{
	if (L->landing) {
		gj_jump(L, gj_landing_block(L, L->landing));
	} else {
		gj_e(L, GJ_THROW, NULL, 0, NULL);
		gj_e(L, GJ_UNREACHABLE, NULL, 0, NULL);
	}
}

void gj_lraise(gj_lower *L, gj_ref fails, gj_source_site *site, uint32_t n, const gj_ref *value)
{
	uint32_t on = gj_block_new(L->fn);
	gj_ref arg[1 + GJ_REPORT_VALUES];
	const gj_op *o = gj_o(L->fn, fails);
	if (o->op == GJ_CONST && !o->imm.i) {
		gj_jump(L, on);
		L->cur = on;
		return;
	}
	if (o->op != GJ_CONST) {
		uint32_t off = gj_block_new(L->fn);
		gj_branch(L, fails, off, on);
		L->cur = off;
	}
	arg[0] = gj_eint(L, gj_i64(), 0);                      /* gj_settle_handled knows */
	for (uint32_t i = 0; i < n; i++)
		arg[1 + i] = value[i];
	gj_o(L->fn, gj_e(L, GJ_TELL, NULL, 1 + n, arg))->imm.site = site;
	gj_lraise_on(L);
	L->cur = on;
}
