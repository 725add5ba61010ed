/* The stack of the block at work, and what SSA construction says and fails with. */
#include "bytecode/state.h"

void gj_ssa_damaged(const gj_ssa_state *s, const char *what)
{
	const char *text = gj_printf(s->f->arena, "damaged bytecode in %s: %s", s->code->name, what);
	gj_fail(s->f, s->loc, GJ_ERR_INTERNAL, text);
}

uint32_t gj_ssa_loc(gj_ssa_state *s, uint32_t unit)
{
	return gj_loc_add(s->f, s->code, s->code->pos[unit], 0);
}

gj_ref gj_ssa_emit(gj_ssa_state *s, gj_opcode op, uint32_t nargs, const gj_ref *args)
{
	return gj_emit(s->f, s->cur, op, NULL, s->loc, nargs, args);
}

void gj_ssa_push(gj_ssa_state *s, gj_ref r)
{
	if (s->stack.n >= GJ_SSA_DEPTH)
		gj_ssa_damaged(s, "the stack is too deep");
	gj_push(s->f->arena, &s->stack, r);
}

gj_ref gj_ssa_pop(gj_ssa_state *s)
{
	if (!s->stack.n)
		gj_ssa_damaged(s, "the stack is empty");
	return s->stack.p[--s->stack.n];
}

gj_ref gj_ssa_value(gj_ssa_state *s)
{
	gj_ref r = gj_ssa_pop(s);
	if (!r)
		gj_ssa_damaged(s, "a value is missing");
	return r;
}

gj_ref gj_ssa_unsupported(gj_ssa_state *s, const char *what)
{
	gj_ref r = gj_ssa_emit(s, GJ_UNSUPPORTED, 0, NULL);
	gj_o(s->f, r)->imm.name = what;
	return r;
}
