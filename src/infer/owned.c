/* Arrays in functions for the host, which have memory for them: what is computed at once and not where it is used, and who holds a
 * reference to memory that is counted. */
#include "infer/infer.h"
#include "ir/walk.h"

/* -- Expressions ---------------------------------------------------------------------------------------------------------- */

/* The only op that uses value r, if it stands in the same block; 0: none, or several. */
static gj_ref only_user(const gj_fn *f, gj_ref r)
{
	gj_ref user = 0;
	GJ_ALL_BLOCKS(f, b)
		GJ_EACH_OP_OF(f, b, u) {
			const gj_op *o = gj_o(f, u);
			for (uint32_t i = 0; i < o->nargs; i++) {
				if (o->arg[i] == r && user)
					return 0;
				user = o->arg[i] == r ? u : user;
			}
		}
	return user && gj_o(f, user)->block == gj_o(f, r)->block ? user : 0;
}

/* Those that functions in Python stand for (written.c) take arrays. */
static bool call_takes(const gj_name *row, const gj_op *call)
{
	bool written = (gj_is_reduction(row) && call->nargs > 2) || (gj_is_where(row) && call->nargs < 4);
	return gj_takes_expressions(row) && !written;
}

/* `(a * b).sum()`: the call of a method that reduces an expression to a number; 0: it is something else. */
static gj_ref reducing_call(const gj_inst *s, gj_ref attr)
{
	const gj_op *o = gj_o(s->fn, attr);
	const gj_name *row = o->op == GJ_ATTR ? gj_name_find(gj_printf(s->fn->arena, "array.%s", o->imm.name)) : NULL;
	gj_ref call = row && gj_is_reduction(row) && gj_rule_argument(row) <= GJ_RED_ALL ? only_user(s->fn, attr) : 0;
	return call && gj_o(s->fn, call)->op == GJ_CALL && gj_o(s->fn, call)->arg[0] == attr && gj_o(s->fn, call)->nargs == 1 ? call : 0;
}

/* Does it take an expression element by element, or reduce it? */
static bool takes_expression(const gj_inst *s, gj_ref user, gj_ref r, uint32_t ndim)
{
	const gj_op *o = gj_o(s->fn, user);
	const gj_type *a = o->nargs ? gj_o(s->fn, o->arg[0])->type : NULL;
	const gj_obj *callee = o->op == GJ_CALL ? s->konst[o->arg[0]] : NULL;
	switch (o->op) {
	case GJ_PYBIN:   return o->sub != GJ_OP_MATMUL_ && !(o->imm.i && o->arg[0] == r);
	case GJ_PYUN: case GJ_PYCMP: return true;
	case GJ_SETITEM: return o->arg[2] == r && a && ndim <= a->ndim;
	case GJ_ATTR:    return reducing_call(s, user);
	case GJ_CALL:    return callee && callee->kind == GJ_OBJ_NAME && call_takes(gj_name_find(callee->name), o);
	default:         return false;
	}
}

/* Does memory stay as it is between two ops of a block? */
static bool nothing_between(const gj_inst *s, gj_ref from, gj_ref to)
{
	const gj_bb *b = &s->fn->bb.p[gj_o(s->fn, from)->block];
	bool behind = false;
	for (uint32_t i = 0; i < b->ops.n && b->ops.p[i] != to; i++) {
		if (behind && gj_writes_memory(s, b->ops.p[i]))
			return false;
		behind |= b->ops.p[i] == from;
	}
	return true;
}

/* Is every array with all dimensions in it stored by columns? */
static bool by_columns(const gj_type *t, int ndim)
{
	bool any = false;
	for (uint32_t i = 0; i < t->n; i++) {
		const gj_type *x = t->item[i];
		if (!gj_has_elements(x) || x->ndim < ndim)
			continue;
		any = x->kind == GJ_ARRAY ? x->layout == 'F' : by_columns(x, ndim);
		if (!any)
			return false;
	}
	return any;
}

gj_known gj_settle_expression(const gj_inst *s, gj_ref r, gj_known v)
{
	const gj_op *o = gj_o(s->fn, r);
	if (!s->fn->memory || !v.type || v.type->kind != GJ_EXPRESSION || (o->op != GJ_PYBIN && o->op != GJ_PYUN && o->op != GJ_PYCMP && o->op != GJ_CALL))
		return v;
	gj_ref user = only_user(s->fn, r);
	gj_ref call = user ? reducing_call(s, user) : 0;
	if (user && takes_expression(s, user, r, v.type->ndim) && nothing_between(s, r, call ? call : user))
		return v;
	return gj_just(gj_array_type(v.type->elem, v.type->ndim, v.type->ndim > 1 && by_columns(v.type, v.type->ndim) ? 'F' : 'C', false, GJ_COUNTED));
}

/* -- References ----------------------------------------------------------------------------------------------------------- */

bool gj_has_owner(const gj_type *t)
{
	for (uint32_t i = 0, n = t && !gj_is_scalar(t) ? gj_parts(t) : 0; i < n; i++)
		if (gj_part_of(t, i).field == GJ_FIELD_OWNER)
			return true;
	return false;
}

/* Is the call given an array to write into, which it gives back? */
static bool has_out(const gj_inst *s, const gj_op *call, const gj_name *row, const char *name)
{
	int slot[GJ_MAX_CALL];
	uint32_t out = gj_name_slot(row, "out");
	return gj_bind_row(s->fn, call, row, name, slot) > out && slot[out] >= 0 && gj_o(s->fn, gj_slot_ref(s->fn, call, slot[out]))->type != gj_t_none;
}

bool gj_is_fresh(const gj_inst *s, gj_ref r)
{
	const gj_op *o = gj_o(s->fn, r);
	if (!gj_has_owner(o->type))
		return false;
	if (o->op == GJ_PHI || (o->op == GJ_CALL && (s->callee[r] || s->picks[r])))
		return true;
	bool array = o->type->kind == GJ_ARRAY;
	if (o->op == GJ_PYBIN || o->op == GJ_PYUN || o->op == GJ_PYCMP)
		return array && !gj_is_inplace(s->fn, o);
	const gj_obj *callee = o->op == GJ_CALL ? s->konst[o->arg[0]] : NULL;
	if (!array || !callee || callee->kind != GJ_OBJ_NAME)
		return false;
	const gj_name *row = gj_name_find(callee->name);
	return gj_makes_array(row) || (gj_takes_expressions(row) && !has_out(s, o, row, callee->name));
}
