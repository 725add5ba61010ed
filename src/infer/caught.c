/* Exceptions that functions for the host catch. One is known by the CAUGHT that it came from, and has no type that anything else could be
 * done with; and a block whose operations cannot raise does not lead to its handler. */
#include "infer/infer.h"

#include "code/exceptions.h"

static const gj_obj exception = { .kind = GJ_OBJ_OPAQUE, .name = "an exception that was caught",
	.instead = "raise it again, or name its class in the except clause: exceptions are no values in compiled functions" };

gj_known gj_known_caught(void) { return (gj_known){ gj_static_type(NULL, "object"), &exception }; }

gj_ref gj_caught_of(const gj_fn *f, gj_ref r)
{
	while (gj_o(f, r)->op == GJ_HANDLED)
		r = gj_o(f, r)->arg[0];
	if (gj_o(f, r)->op != GJ_CAUGHT)
		gj_fail(f, gj_o(f, r)->loc, GJ_ERR_INSTEAD, exception.name, exception.instead);
	return r;
}

gj_known gj_known_matches(const gj_inst *s, const gj_op *o)
{
	gj_known class = gj_value(s, o->arg[1]);
	gj_caught_of(s->fn, o->arg[0]);
	if (!class.type)
		return class;
	bool several = class.konst && class.konst->kind == GJ_OBJ_TUPLE, fits = class.konst != NULL;
	for (uint32_t i = 0; fits && i < (several ? class.konst->n : 1); i++)
		fits = gj_is_exception(several ? class.konst->item[i] : class.konst);
	if (!fits)
		gj_fail(s->fn, o->loc, GJ_ERR_EXCEPT_CLASS, gj_known_text(s->fn->arena, class));
	return gj_just(gj_scalar[GJ_BOOL]);
}

static bool all_numbers(const gj_inst *s, const gj_op *o)
{
	for (uint32_t i = 0; i < o->nargs; i++)
		if (!gj_o(s->fn, o->arg[i])->type || !gj_is_scalar(gj_o(s->fn, o->arg[i])->type))
			return false;
	return true;
}

static bool divides(const gj_op *o)
{
	return o->op == GJ_PYBIN && (o->sub == GJ_OP_TRUEDIV_ || o->sub == GJ_OP_FLOORDIV_ || o->sub == GJ_OP_MOD_ || o->sub == GJ_OP_POW_);
}

/* May op r, whose types are known, raise? */
static bool may_raise(const gj_inst *s, gj_ref r)
{
	const gj_op *o = gj_o(s->fn, r);
	if (o->op == GJ_ASSIGNED)
		return !gj_is_assigned(s, o);
	if (o->op == GJ_SETITEM || o->op == GJ_RAISE || o->op == GJ_RERAISE)
		return true;
	if (o->op == GJ_CALL && (s->callee[r] || s->picks[r]))         /* also if its result is known, and while it is being inferred: its handler may be its way out */
		return true;
	if (!o->type || s->konst[r] || !gj_op_is(o, GJ_F_WRITE))
		return false;
	switch (o->op) {
	case GJ_PYBIN: case GJ_PYUN: case GJ_PYCMP: case GJ_TRUTH: return divides(o) || !all_numbers(s, o);
	case GJ_CAUGHT: return false;
	default:        return true;
	}
}

bool gj_block_may_raise(const gj_inst *s, uint32_t b)
{
	for (uint32_t i = 0; i < s->fn->bb.p[b].ops.n; i++)
		if (may_raise(s, s->fn->bb.p[b].ops.p[i]))
			return true;
	return false;
}
