/* Slices that are values: arguments, results, items of tuples, one or another. Where they index, their parts are taken out of them, and a slice
 * of these takes their place. */
#include "infer/infer.h"

static bool is_value(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	return o->type && gj_is_slice(o->type) && o->op != GJ_MKSLICE;
}

static gj_ref written_out(gj_fn *f, uint32_t block, uint32_t loc, gj_ref slice)
{
	static const char *const name[] = { "start", "stop", "step" };
	gj_ref part[3];
	for (int i = 0; i < 3; i++) {
		part[i] = gj_op_new(f, block, GJ_ATTR, NULL, loc, 1, &slice);
		gj_o(f, part[i])->imm.name = name[i];
	}
	return gj_op_new(f, block, GJ_MKSLICE, NULL, loc, 3, part);
}

/* Item k of a tuple that indexes. */
static gj_ref item(gj_fn *f, uint32_t block, uint32_t loc, gj_ref tuple, uint32_t k)
{
	const gj_type *t = gj_o(f, tuple)->type;
	gj_ref r = gj_op_new(f, block, GJ_UNPACK, NULL, loc, 1, &tuple);
	gj_o(f, r)->sub = (uint8_t)t->n;
	gj_o(f, r)->imm.i = k;
	return gj_is_slice(t->item[k]) ? written_out(f, block, loc, r) : r;
}

/* What indexes in its place; 0: it holds no such slice. */
static gj_ref in_place_of(gj_fn *f, uint32_t block, uint32_t loc, gj_ref index)
{
	const gj_op *o = gj_o(f, index);
	bool made = o->op == GJ_MKTUPLE && o->sub == GJ_SORT_TUPLE, any = false;
	uint32_t n = made ? o->nargs : o->type && gj_is_sequence(o->type) && !gj_is_list(o->type) ? o->type->n : 0;
	if (is_value(f, index))
		return written_out(f, block, loc, index);
	for (uint32_t k = 0; k < n; k++)
		any |= made ? is_value(f, o->arg[k]) : gj_is_slice(o->type->item[k]);
	if (!any)
		return 0;
	gj_ref *arg = gj_new(f->arena, gj_ref, n);
	for (uint32_t k = 0; k < n; k++) {
		gj_ref r = made ? gj_o(f, index)->arg[k] : item(f, block, loc, index, k);
		arg[k] = is_value(f, r) ? written_out(f, block, loc, r) : r;
	}
	return gj_op_new(f, block, GJ_MKTUPLE, NULL, loc, n, arg);
}

bool gj_write_out_slices(gj_inst *s, uint32_t block, uint32_t place)
{
	gj_ref r = s->fn->bb.p[block].ops.p[place];
	const gj_op *o = gj_o(s->fn, r);
	uint32_t before = s->fn->op.n;
	if (o->op != GJ_ITEM && (o->op != GJ_SETITEM || o->sub))
		return false;
	gj_ref index = in_place_of(s->fn, block, o->loc, o->arg[1]);
	if (!index)
		return false;
	gj_op *at = gj_o(s->fn, r);
	at->arg = gj_memdup(s->fn->arena, at->arg, at->nargs * sizeof *at->arg);
	at->arg[1] = index;
	gj_put_before(s, block, place, before);
	return true;
}
