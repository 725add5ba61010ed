/* try in functions for the host: from the exception table to blocks. What may raise ends its block, with a way to the handler; there the
 * exception is on top of the stack, a CAUGHT, and while it is handled a HANDLED of it stands where CPython keeps the one before it. */
#include "bytecode/state.h"

#include <string.h>

void gj_ssa_raised(gj_ssa_state *s, const gj_handler *h)
{
	if (s->stack.n < h->depth)
		gj_ssa_damaged(s, "the stack is empty");
	s->stack.n = h->depth;
}

static const gj_obj no_place = { .kind = GJ_OBJ_NONE };

void gj_ssa_caught(gj_ssa_state *s, const gj_handler *h)
{
	if (h->lasti)
		gj_ssa_push(s, gj_ssa_emit_obj(s, &no_place));
	gj_ref e = gj_ssa_emit(s, GJ_CAUGHT, 0, NULL);
	gj_o(s->f, e)->imm.i = h->depth;
	gj_ssa_push(s, e);
	s->f->catches = true;
}

/* Does the value of a place of the stack, whichever way control came, stand for an exception that is handled? A place holds the same kind of
 * thing on all ways: the first that is known will do. */
static bool is_handled(const gj_ssa_state *s, gj_ref r)
{
	for (uint32_t i = s->phi.n; i-- > 0 && gj_o(s->f, r)->op == GJ_PHI;) {
		gj_sphi phi = s->phi.p[i];
		uint32_t place = phi.var & ~(uint32_t)GJ_VAR_STACK;
		const gj_bb *bb = &s->f->bb.p[phi.block];
		for (uint32_t k = 0; phi.ref == r && phi.var & GJ_VAR_STACK && k < bb->preds.n; k++) {
			const gj_sblock *p = &s->sb.p[bb->preds.p[k]];
			if (!p->done || place >= p->depth || !p->stack[place])
				continue;
			r = p->stack[place];
			break;
		}
	}
	return gj_o(s->f, r)->op == GJ_HANDLED;
}

void gj_ssa_reraise(gj_ssa_state *s, gj_ref r)
{
	for (uint32_t i = s->stack.n; i-- > 0 && !r;)
		r = s->stack.p[i] && is_handled(s, s->stack.p[i]) ? s->stack.p[i] : 0;
	r = r ? r : gj_ssa_unsupported(s, "raise without an exception");
	gj_ssa_emit1(s, GJ_RERAISE, r);
}

/* The one context manager of compiled functions: what its call gives is the function that is to be called behind the block. */
static bool is_manager(gj_ssa_state *s, const gj_op *o)
{
	const gj_obj *f = o->op == GJ_CALL ? gj_named_object(s, gj_var_find(s, o->arg[0])) : NULL;
	return f && f->kind == GJ_OBJ_FUNCTION && !strcmp(f->code->name, "parallel_chunksize");
}

ACTION(before_with)
{
	gj_ref leave = gj_ssa_value(s);
	UNUSED_N;
	if (!is_manager(s, gj_o(s->f, gj_var_find(s, leave))))
		gj_refuse(s->f, s->loc, "a with statement");
	gj_ssa_push(s, leave);
	gj_ssa_push(s, gj_ssa_emit_obj(s, &no_place));
}

ACTION(with_except_start)
{
	gj_ref leave = *gj_ssa_from_top(s, 4), none = gj_ssa_emit_obj(s, &no_place);
	UNUSED_N;
	if (!leave)
		gj_ssa_damaged(s, "a value is missing");
	gj_ssa_push(s, gj_ssa_emit(s, GJ_CALL, 4, (gj_ref[]){ leave, none, none, none }));
}

ACTION(push_exc_info)
{
	gj_ref e = gj_ssa_value(s);
	UNUSED_N;
	gj_ssa_push(s, gj_ssa_emit1(s, GJ_HANDLED, e));
	gj_ssa_push(s, e);
}

ACTION(check_exc_match)
{
	gj_ref class = gj_ssa_value(s), e = gj_ssa_value(s);
	UNUSED_N;
	gj_ssa_push(s, e);
	gj_ssa_push(s, gj_ssa_emit2(s, GJ_MATCHES, e, class));
}

ACTION(reraise)
{
	UNUSED_N;
	gj_ssa_reraise(s, gj_ssa_value(s));
}
