/* What a raise or a failed assert says. A class with constants is kept, and what only makes a message of other values is not computed, so
 * that `assert i < n, f"{i} is too large"` needs no strings: the values are told, and who is told makes the message. */
#include "bytecode/state.h"
#include "code/exceptions.h"
#include "ir/walk.h"

#include <string.h>

static const gj_obj type_error = { .kind = GJ_OBJ_NAME, .name = "builtins.TypeError" },
	no_exception_text = { .kind = GJ_OBJ_STR, .name = "exceptions must derive from BaseException" },
	*no_exception_items[] = { &type_error, &no_exception_text },
	no_exception = { .kind = GJ_OBJ_TUPLE, .n = 2, .item = no_exception_items };
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
			uint32_t b = f->rpo.p[at], n = 0, ways = gj_terminator(f, b)->op == GJ_TRY ? 1 : f->bb.p[b].nsucc;
			while (n < ways && doomed[f->bb.p[b].succ[n]])
				n++;
			if (!doomed[b] && n && n == ways)
				doomed[b] = changed = true;
		}
	}
	return doomed;
}

uint32_t *gj_ssa_uses(gj_ssa_state *s)
{
	uint32_t *uses = gj_new(s->f->arena, uint32_t, s->f->op.n);
	for (gj_ref r = 1; r < s->f->op.n; r++)
		for (uint32_t k = 0; k < gj_o(s->f, r)->nargs && !s->alias[r]; k++)
			uses[gj_var_find(s, gj_o(s->f, r)->arg[k])]++;
	return uses;
}

void gj_drop_unused(gj_ssa_state *s, gj_refs *work, uint32_t *uses, const bool *where)
{
	while (work->n) {
		gj_op *o = gj_o(s->f, work->p[--work->n]);
		if ((where && !where[o->block]) || o->op == GJ_SETITEM || gj_op_is(o, GJ_F_TERM))
			continue;
		for (uint32_t k = 0; k < o->nargs; k++) {
			gj_ref arg = gj_var_find(s, o->arg[k]);
			if (--uses[arg] == 0)
				gj_push(s->f->arena, work, arg);
		}
		if (o->op != GJ_PHI)                               /* phis are in no block yet: those that nobody uses come into none */
			o->op = GJ_NOP;
		o->nargs = 0;
	}
}

static const gj_obj unknown = { .kind = GJ_OBJ_STR, .name = "?" };

/* An argument of the exception: a constant, a text with values in it, or a value; `unknown`, if it is none of them. */
static const gj_obj *told(gj_ssa_state *s, gj_ref r, gj_refs *value)
{
	gj_sb text = { 0 };
	const gj_op *o = gj_o(s->f, r);
	gj_obj *t = gj_new(s->f->arena, gj_obj, 1);
	uint32_t before = value->n;
	if (o->op == GJ_OBJ)
		return o->imm.obj;
	*t = (gj_obj){ .kind = GJ_OBJ_STR };
	if (gj_text_of(s, r, &text, value, 0)) {
		t->name = gj_strdup(s->f->arena, gj_sb_str(&text));
	} else if (value->n = before, o->op == GJ_UNSUPPORTED || !gj_can_tell(s, r, 0)) {
		gj_sb_free(&text);
		return &unknown;
	} else {
		t->name = gj_printf(s->f->arena, "%c", GJ_TOLD);
		gj_push(s->f->arena, value, r);
	}
	gj_sb_free(&text);
	return t;
}

/* (class, arguments …) of the call, and the values that they want as operands of the RAISE. */
static const gj_obj *raised_told(gj_ssa_state *s, const gj_op *call, const gj_obj *class, gj_op *raise)
{
	gj_refs value = { 0 };
	const gj_obj **item = gj_new(s->f->arena, const gj_obj *, call->nargs);
	gj_obj *t = gj_new(s->f->arena, gj_obj, 1);
	item[0] = class;
	for (uint32_t i = 1; i < call->nargs; i++) {
		item[i] = told(s, gj_var_find(s, call->arg[i]), &value);
		if (item[i] == &unknown && !s->code->written)
			return class;
	}
	*t = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = call->nargs, .item = item };
	raise->arg = value.p;
	raise->nargs = value.n;
	return t;
}

/* What is raised as an object: a class, or (class, arguments …) for a call with constants; the call goes into *call. NULL: any other
 * expression, among them a name that nothing has. */
static const gj_obj *raised(gj_ssa_state *s, gj_ref r, gj_ref *call, gj_op *raise)
{
	gj_fn *f = s->f;
	const gj_op *o = gj_o(f, r);
	const gj_obj *named = gj_named_object(s, r);
	if (named && named->kind != GJ_OBJ_MISSING)
		return gj_is_exception(named) ? named : &no_exception;
	const gj_obj *class = o->op == GJ_CALL ? gj_named_object(s, gj_var_find(s, o->arg[0])) : NULL;
	if (!class || !gj_is_exception(class))                  /* inference tells of a name that nothing has */
		return NULL;
	const gj_obj **item = gj_new(f->arena, const gj_obj *, o->nargs);
	bool known = !o->imm.kw;
	item[0] = class;
	for (uint32_t i = 1; i < o->nargs; i++) {
		const gj_op *arg = gj_o(f, gj_var_find(s, o->arg[i]));
		known &= arg->op == GJ_OBJ;
		item[i] = arg->imm.obj;
	}
	gj_obj *t = gj_new(f->arena, gj_obj, 1);
	*t = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = o->nargs, .item = item };
	*call = r;
	if (!known && !o->imm.kw)
		return raised_told(s, o, class, raise);
	return !known || o->nargs == 1 ? class : t;
}

void gj_settle_raises(gj_ssa_state *s)
{
	gj_refs work = { 0 };
	gj_fn *f = s->f;
	const bool *doomed = s->doomed = s->raise.n ? find_doomed(f) : NULL;
	for (uint32_t i = 0; i < s->raise.n; i++) {
		gj_ref call = 0;
		gj_op *o = gj_o(f, s->raise.p[i].op);
		gj_ref value = gj_var_find(s, s->raise.p[i].value);
		if (gj_o(f, value)->op == GJ_CAUGHT) {                 /* raise e: the same exception again */
			o->op = GJ_RERAISE;
			o->arg = gj_memdup(f->arena, &value, sizeof value);
			o->nargs = 1;
			continue;
		}
		const gj_obj *exc = raised(s, value, &call, o);
		if (!exc) {                                            /* inference tells what it is, if it can be nothing */
			exc = &no_exception;
			o->arg = gj_memdup(f->arena, &value, sizeof value);
			o->nargs = 1;
		}
		o->imm.obj = exc;
		o->sub = (exc == &gj_assertion || (exc->kind == GJ_OBJ_TUPLE && exc->item[0] == &gj_assertion));
		if (call)
			gj_push(f->arena, &work, call);
	}
	if (work.n)
		gj_drop_unused(s, &work, gj_ssa_uses(s), doomed);
}
