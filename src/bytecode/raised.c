/* What a raise or a failed assert says. Nobody reports it yet: a class with constants is kept, and what only makes a message of
 * other values is not computed, so that `assert i < n, f"{i} is too large"` needs no strings. */
#include "bytecode/state.h"
#include "ir/walk.h"

const gj_obj gj_assertion = { .kind = GJ_OBJ_NAME, .name = "builtins.AssertionError" };

/* Blocks from which every way leads to a RAISE: what stands there is for the message. */
static bool *find_doomed(const gj_fn *f)
{
	bool *doomed = gj_new(f->arena, bool, f->bb.n), changed = true;
	GJ_EACH_BLOCK(f, b)
		doomed[b] = f->bb.p[b].ops.n && gj_terminator(f, b)->op == GJ_RAISE;
	while (changed) {
		changed = false;
		for (uint32_t at = f->rpo.n; at-- > 0;) {
			uint32_t b = f->rpo.p[at], n = 0;
			while (n < f->bb.p[b].nsucc && doomed[f->bb.p[b].succ[n]])
				n++;
			if (!doomed[b] && n && n == f->bb.p[b].nsucc)
				doomed[b] = changed = true;
		}
	}
	return doomed;
}

static uint32_t *count_uses(gj_ssa_state *s)
{
	uint32_t *uses = gj_new(s->f->arena, uint32_t, s->f->op.n);
	for (gj_ref r = 1; r < s->f->op.n; r++)
		for (uint32_t k = 0; k < gj_o(s->f, r)->nargs && !s->alias[r]; k++)
			uses[gj_var_find(s, gj_o(s->f, r)->arg[k])]++;
	return uses;
}

/* What is raised as an object: a class, or (class, arguments …) for a call with constants; the call goes into *call. NULL: any other
 * expression. */
static const gj_obj *raised(gj_ssa_state *s, gj_ref r, gj_ref *call)
{
	gj_fn *f = s->f;
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_OBJ)
		return o->imm.obj;
	const gj_op *class = o->op == GJ_CALL ? gj_o(f, gj_var_find(s, o->arg[0])) : NULL;
	if (!class || class->op != GJ_OBJ)
		return NULL;
	const gj_obj **item = gj_new(f->arena, const gj_obj *, o->nargs);
	bool known = !o->imm.kw;
	for (uint32_t i = 0; i < o->nargs; i++) {
		const gj_op *arg = gj_o(f, gj_var_find(s, o->arg[i]));
		known &= arg->op == GJ_OBJ;
		item[i] = arg->imm.obj;
	}
	gj_obj *t = gj_new(f->arena, gj_obj, 1);
	*t = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = o->nargs, .item = item };
	*call = r;
	return !known || o->nargs == 1 ? class->imm.obj : t;
}

void gj_settle_raises(gj_ssa_state *s)
{
	GJ_VEC(gj_ref) work = { 0 };
	gj_fn *f = s->f;
	for (uint32_t i = 0; i < s->raise.n; i++) {
		gj_ref call = 0;
		gj_op *o = gj_o(f, s->raise.p[i].op);
		const gj_obj *exc = o->imm.obj = raised(s, gj_var_find(s, s->raise.p[i].value), &call);
		o->sub = exc && (exc == &gj_assertion || (exc->kind == GJ_OBJ_TUPLE && exc->item[0] == &gj_assertion));
		if (call)
			gj_push(f->arena, &work, call);
	}
	if (!work.n)
		return;
	const bool *doomed = find_doomed(f);
	uint32_t *uses = count_uses(s);
	while (work.n) {
		gj_op *o = gj_o(f, work.p[--work.n]);
		if (!doomed[o->block] || o->op == GJ_SETITEM || gj_op_is(o, GJ_F_TERM))
			continue;
		for (uint32_t k = 0; k < o->nargs; k++) {
			gj_ref arg = gj_var_find(s, o->arg[k]);
			if (--uses[arg] == 0)
				gj_push(f->arena, &work, arg);
		}
		if (o->op != GJ_PHI)                               /* phis are in no block yet: those that nobody uses come into none */
			o->op = GJ_NOP;
		o->nargs = 0;
	}
}
