/* Texts that print() writes, made of constants and of values that are known when the function runs: f-strings, "%d" % n and their like
 * (texts.c). There are no strings at run time, so print() takes what the text is made of: a MKTUPLE of its own sort, whose first item is the
 * text with marks in it for the values, its other items. */
#include "bytecode/state.h"

#include <string.h>

static bool is_print(gj_ssa_state *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	const gj_obj *f = o->op == GJ_CALL && !s->alias[r] ? gj_named_object(s, gj_var_find(s, o->arg[0])) : NULL;
	return f && f->kind == GJ_OBJ_NAME && !strcmp(f->name, "builtins.print");
}

void gj_find_prints(gj_ssa_state *s)
{
	for (gj_ref r = 1; r < s->f->op.n; r++)
		if (is_print(s, r))
			gj_push(s->f->arena, &s->print, r);
}

static bool may_be_text(const gj_ssa_state *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	return o->op == GJ_UNSUPPORTED || o->op == GJ_PYBIN || o->op == GJ_CALL || gj_choice_of(s, r);
}

/* The text `r` as what it is made of, before the call; 0: it is no text, or says something that cannot be told. */
static gj_ref made_of(gj_ssa_state *s, gj_ref call, gj_ref r)
{
	gj_fn *f = s->f;
	gj_sb text = { 0 };
	gj_refs value = { 0 };
	bool known = may_be_text(s, r) && gj_text_of(s, r, &text, &value, 0);
	const char *words = known ? gj_strdup(f->arena, gj_sb_str(&text)) : NULL;
	gj_sb_free(&text);
	if (!known)
		return 0;
	uint32_t block = gj_o(f, call)->block, loc = gj_o(f, call)->loc;
	gj_obj *obj = gj_new(f->arena, gj_obj, 1);
	gj_ref *arg = gj_new(f->arena, gj_ref, value.n + 1);
	*obj = (gj_obj){ .kind = GJ_OBJ_STR, .name = words };
	arg[0] = gj_constant_before(s, call, obj);
	gj_grow_aliases(s, 1);
	for (uint32_t i = 0; i < value.n; i++)
		arg[1 + i] = value.p[i];
	gj_ref made = gj_emit(f, block, GJ_MKTUPLE, NULL, loc, value.n + 1, arg);
	gj_o(f, made)->sub = GJ_SORT_TEXT;
	gj_move_before(f, block, call);
	return made;
}

void gj_settle_prints(gj_ssa_state *s)
{
	gj_refs old = { 0 }, work = { 0 };
	s->doomed = gj_new(s->f->arena, bool, s->f->bb.n);     /* what is printed is computed anyway */
	for (uint32_t at = 0; at < s->print.n; at++) {
		gj_ref r = s->print.p[at];
		const gj_kwnames *kw = gj_o(s->f, r)->imm.kw;
		for (uint32_t i = 1, n = gj_o(s->f, r)->nargs - (kw ? kw->n : 0); i < n; i++) {
			gj_ref was = gj_var_find(s, gj_o(s->f, r)->arg[i]), made = made_of(s, r, was);
			if (!made)
				continue;
			gj_o(s->f, r)->arg[i] = made;
			gj_push(s->f->arena, &old, was);
		}
	}
	if (!old.n)
		return;
	uint32_t *uses = gj_ssa_uses(s);
	for (uint32_t i = 0; i < old.n; i++)
		if (!uses[old.p[i]] && gj_o(s->f, old.p[i])->op != GJ_NOP)
			gj_push(s->f->arena, &work, old.p[i]);
	gj_drop_unused(s, &work, uses, NULL);
}
