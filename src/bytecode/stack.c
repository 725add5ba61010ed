/* The stack of the block at work, and what SSA construction says and fails with. */
#include "bytecode/state.h"

void gj_ssa_damaged(const gj_ssa_state *s, const char *what)
{
	const char *text = gj_printf(s->f->arena, "damaged bytecode in %s: %s", s->code->name, what);
	gj_fail(s->f, s->loc, GJ_ERR_INTERNAL, text);
}

uint32_t gj_ssa_loc(const gj_ssa_state *s, uint32_t unit)
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

gj_ref gj_ssa_emit1(gj_ssa_state *s, gj_opcode op, gj_ref a)
{
	return gj_ssa_emit(s, op, 1, &a);
}

gj_ref gj_ssa_emit2(gj_ssa_state *s, gj_opcode op, gj_ref a, gj_ref b)
{
	return gj_ssa_emit(s, op, 2, (gj_ref[]){ a, b });
}

gj_ref gj_ssa_emit_obj(gj_ssa_state *s, const gj_obj *obj)
{
	gj_ref r = gj_ssa_emit(s, GJ_OBJ, 0, NULL);
	gj_o(s->f, r)->imm.obj = obj;
	return r;
}

gj_ref gj_ssa_as_variable(gj_ssa_state *s, uint32_t variable, gj_ref value)
{
	const gj_type *t = s->code->cast ? s->code->cast[variable] : NULL;
	if (!t)
		return value;
	gj_obj *type = gj_new(s->f->arena, gj_obj, 1);
	*type = (gj_obj){ .kind = GJ_OBJ_TYPE, .type = t };
	return gj_ssa_emit2(s, GJ_CALL, gj_ssa_emit_obj(s, type), value);
}

gj_ref *gj_ssa_pop_values(gj_ssa_state *s, uint32_t n)
{
	if (n > s->stack.n)
		gj_ssa_damaged(s, "the stack is empty");
	gj_ref *arg = gj_new(s->f->arena, gj_ref, n + 2);      /* with room for a callable and self */
	for (uint32_t i = n; i-- > 0;)
		arg[i] = gj_ssa_value(s);
	return arg;
}

gj_ref *gj_ssa_from_top(gj_ssa_state *s, uint32_t n)
{
	if (n < 1 || n > s->stack.n)
		gj_ssa_damaged(s, "an item beyond the stack");
	return &s->stack.p[s->stack.n - n];
}

/* Of a loop it is not known yet. */
gj_ref gj_ssa_same_on_all_paths(const gj_ssa_state *s, gj_ref r)
{
	for (uint32_t i = s->phi.n; i-- > 0;) {
		gj_sphi phi = s->phi.p[i];
		if (phi.ref != r || !(phi.var & GJ_VAR_STACK))
			continue;
		uint32_t place = phi.var & ~(uint32_t)GJ_VAR_STACK;
		gj_ref one = 0;
		for (uint32_t k = 0; k < s->f->bb.p[phi.block].preds.n; k++) {
			const gj_sblock *p = &s->sb.p[s->f->bb.p[phi.block].preds.p[k]];
			if (!p->done || place >= p->depth || (one && p->stack[place] != one))
				return r;
			one = p->stack[place];
		}
		return gj_ssa_same_on_all_paths(s, one);
	}
	return r;
}
