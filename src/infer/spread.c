/* Starred operands: f(*t), (*t, x), f(**d). Once it is known how many items they have, ops that give these take their place. And what is
 * unpacked: a, b = t; a, *b = t. */
#include "infer/infer.h"

#include <string.h>

bool gj_is_starred(const gj_fn *f, const gj_op *o)
{
	for (uint32_t i = 0; i < o->nargs && (o->op == GJ_CALL || o->op == GJ_MKTUPLE); i++)
		if (gj_o(f, o->arg[i])->op == GJ_STAR)
			return true;
	return false;
}

static void grow_values(gj_inst *s, uint32_t before)
{
	const gj_obj **konst = gj_new(s->fn->arena, const gj_obj *, s->fn->op.n);
	gj_inst **callee = gj_new(s->fn->arena, gj_inst *, s->fn->op.n);
	gj_picks **picks = gj_new(s->fn->arena, gj_picks *, s->fn->op.n);
	memcpy(picks, s->picks, before * sizeof *picks);
	memcpy(konst, s->konst, before * sizeof *konst);
	memcpy(callee, s->callee, before * sizeof *callee);
	s->konst = konst;
	s->callee = callee;
	s->picks = picks;
}

void gj_put_before(gj_inst *s, uint32_t block, uint32_t place, uint32_t before)
{
	gj_fn *f = s->fn;
	gj_bb *b = &f->bb.p[block], old = *b;
	memset(&b->ops, 0, sizeof b->ops);
	for (uint32_t i = 0; i < old.ops.n; i++) {
		for (gj_ref r = before; i == place && r < f->op.n; r++)
			gj_push(f->arena, &b->ops, r);
		gj_push(f->arena, &b->ops, old.ops.p[i]);
	}
	grow_values(s, before);
}

/* Item k of the starred tuple or dictionary. */
static gj_ref item(gj_fn *f, uint32_t block, const gj_op *star, uint32_t k)
{
	gj_ref r;
	if (!star->sub) {
		r = gj_op_new(f, block, GJ_UNPACK, NULL, star->loc, 1, star->arg);
		gj_o(f, r)->sub = (uint8_t)star->type->n;
		gj_o(f, r)->imm.i = k;
		return r;
	}
	gj_obj *name = gj_new(f->arena, gj_obj, 1);
	*name = (gj_obj){ .kind = GJ_OBJ_STR, .name = gj_names_of(star->type)->name[k] };
	gj_ref arg[2] = { star->arg[0], gj_op_new(f, block, GJ_OBJ, NULL, star->loc, 0, NULL) };
	gj_o(f, arg[1])->imm.obj = name;
	return gj_op_new(f, block, GJ_ITEM, NULL, star->loc, 2, arg);
}

/* The names of all keywords, those of starred dictionaries among them; NULL: there are none. No name may stand twice. */
static const gj_kwnames *all_names(const gj_fn *f, const gj_op *o)
{
	const gj_kwnames *kw = o->op == GJ_CALL ? o->imm.kw : NULL;
	GJ_VEC(const char *) names = { 0 };
	if (!kw)
		return NULL;
	for (uint32_t i = 0; i < kw->n; i++) {
		const gj_type *t = gj_o(f, o->arg[o->nargs - kw->n + i])->type;
		for (uint32_t k = 0; k < (kw->name[i] ? 1 : t->n); k++)
			gj_push(f->arena, &names, kw->name[i] ? kw->name[i] : gj_names_of(t)->name[k]);
	}
	for (uint32_t i = 0; i < names.n; i++)
		for (uint32_t k = 0; k < i; k++)
			if (!strcmp(names.p[i], names.p[k]))
				gj_fail(f, o->loc, GJ_ERR_CALL_TWICE, "the function", names.p[i]);
	gj_kwnames *all = gj_new(f->arena, gj_kwnames, 1);
	*all = (gj_kwnames){ names.n, names.p };
	return all;
}

bool gj_spread_stars(gj_inst *s, uint32_t block, uint32_t place)
{
	gj_fn *f = s->fn;
	gj_op *o = gj_o(f, f->bb.p[block].ops.p[place]);
	GJ_VEC(gj_ref) args = { 0 };
	uint32_t before = f->op.n;
	for (uint32_t i = 0; i < o->nargs; i++) {
		const gj_op *star = gj_o(f, o->arg[i]);
		if (star->op == GJ_STAR && !star->type)
			return false;
		if (star->op == GJ_STAR && star->type->n > UINT8_MAX)
			gj_refuse(f, star->loc, "* before a tuple of more than 255 items");
	}
	const gj_kwnames *kw = all_names(f, o);
	for (uint32_t i = 0; i < o->nargs; i++) {
		const gj_op *star = gj_o(f, o->arg[i]);
		uint32_t n = star->op == GJ_STAR ? star->type->n : 0;
		for (uint32_t k = 0; k < n; k++) {
			gj_ref r = item(f, block, star, k);
			gj_push(f->arena, &args, r);
		}
		if (star->op != GJ_STAR)
			gj_push(f->arena, &args, o->arg[i]);
	}
	o->arg = args.p;
	o->nargs = args.n;
	if (kw)
		o->imm.kw = kw;
	gj_put_before(s, block, place, before);
	return true;
}

gj_known gj_known_star(const gj_inst *s, const gj_op *o, gj_known a)
{
	if (o->sub && !gj_is_dict(a.type))
		gj_fail(s->fn, o->loc, GJ_ERR_STAR_STAR, gj_known_text(s->fn->arena, a));
	if (!o->sub && !gj_is_sequence(a.type))
		gj_fail(s->fn, o->loc, GJ_ERR_STAR, gj_known_text(s->fn->arena, a));
	return a;
}

gj_known gj_known_unpacked(const gj_inst *s, const gj_op *o, gj_known a)
{
	if (a.type->kind == GJ_ARRAY && a.type->ndim > 0)
		return (gj_known){ gj_rule_index(a.type, "i"), NULL };
	if (!gj_is_sequence(a.type))
		gj_fail(s->fn, o->loc, GJ_ERR_UNPACK, gj_known_text(s->fn->arena, a), (int)o->sub);
	if (a.type->n != o->sub)
		gj_fail(s->fn, o->loc, GJ_ERR_UNPACK_COUNT, a.type->name, a.type->n, (int)o->sub);
	return (gj_known){ a.type->item[o->imm.i], a.konst ? a.konst->item[o->imm.i] : NULL };
}

gj_known gj_known_rest(const gj_inst *s, const gj_op *o, gj_known a)
{
	uint32_t before = o->sub, named = before + (uint32_t)o->imm.i;
	if (!gj_is_sequence(a.type))
		gj_fail(s->fn, o->loc, GJ_ERR_UNPACK_STAR, gj_known_text(s->fn->arena, a));
	if (a.type->n < named)
		gj_fail(s->fn, o->loc, GJ_ERR_UNPACK_COUNT, a.type->name, a.type->n, (int)named);
	gj_known *item = gj_new(s->fn->arena, gj_known, a.type->n + 1);
	for (uint32_t i = 0; i < a.type->n - named; i++)
		item[i] = (gj_known){ a.type->item[before + i], a.konst ? a.konst->item[before + i] : NULL };
	return gj_known_items(s->fn, o->loc, NULL, a.type->n - named, item);
}
