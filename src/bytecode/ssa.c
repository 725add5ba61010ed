/* Bytecode → SSA of Python's operations: interprets the stack of each block (blocks.c) symbolically, in reverse
 * postorder. What kernels cannot have becomes an UNSUPPORTED op, an error only if types show that control reaches it. */
#include "bytecode/state.h"

#include <string.h>

enum { CO_COROUTINE = 0x80, CO_ASYNC_GENERATOR = 0x200 };

/* -- Functions that cannot be kernels at all ------------------------------------------------------------------------- */

/* Names the statement that the exception table belongs to by the bytecode that it leaves behind. Functions for the host have try. */
static void refuse_handlers(gj_ssa_state *s)
{
	static const struct { const char *op, *text; } mark[] = {
		{ "BEFORE_WITH", "a with statement" }, { "CHECK_EG_MATCH", "try/except*" }, { "CHECK_EXC_MATCH", "try/except" },
		{ "POP_EXCEPT", "try" }, { "RERAISE", "try" }
	};
	bool host = s->code->written != NULL;
	for (size_t m = host; m < (host ? 2 : GJ_LEN(mark)); m++)
		for (uint32_t i = 0; i < s->in.n; i++) {
			const gj_insn *in = &s->in.p[i];
			if (in->row != UINT16_MAX && !strcmp(gj_pyops[in->row].name, mark[m].op) && s->code->pos[in->unit].line > 0)
				gj_refuse(s->f, gj_ssa_loc(s, in->unit), mark[m].text);
		}
	if (!host)
		gj_refuse(s->f, 0, "try");
}

static void refuse_function(gj_ssa_state *s)
{
	static const struct { uint32_t flag; const char *text; } refused[] = {
		{ GJ_CO_GENERATOR, "a generator (yield)" }, { CO_COROUTINE, "a coroutine (async def)" },
		{ CO_ASYNC_GENERATOR, "an asynchronous generator" }
	};
	for (size_t i = s->reading->taker ? 1 : 0; i < GJ_LEN(refused); i++)
		if (s->code->flags & refused[i].flag)
			gj_refuse(s->f, 0, refused[i].text);
	if (s->code->user_handlers)
		refuse_handlers(s);
}

/* -- The stack ----------------------------------------------------------------------------------------------------------- */

/* The stack at the start of a block is that at the end of its predecessors: with several, a phi for each place. */
static void enter(gj_ssa_state *s, uint32_t b)
{
	const gj_bb *bb = &s->f->bb.p[b];
	const gj_sblock *from = NULL;
	for (uint32_t k = 0; k < bb->preds.n; k++) {
		const gj_sblock *p = &s->sb.p[bb->preds.p[k]];
		if (p->done && from && p->depth != from->depth)
			gj_ssa_damaged(s, "the stack is not of one depth");
		if (p->done && !from)
			from = p;
	}
	s->stack.n = 0;
	for (uint32_t i = 0; from && i < from->depth; i++) {
		gj_ref r = from->stack[i];
		gj_ssa_push(s, r && bb->preds.n > 1 ? gj_var_phi(s, b, (uint32_t)GJ_VAR_STACK | i) : r);
	}
}

/* Arguments, free variables: what a function starts with. ARG's number is the variable's. */
static void enter_function(gj_ssa_state *s)
{
	const gj_code *c = s->code;
	uint32_t nargs = gj_code_params(c);
	gj_var_enter(s);
	if (s->reading->taker)
		gj_generator_enter(s);
	for (uint32_t v = 0; v < (uint32_t)c->nvars; v++) {
		uint32_t free = v - (uint32_t)(c->nvars - c->nfree);
		bool is_free = v >= (uint32_t)(c->nvars - c->nfree);
		if (v >= nargs && !is_free)
			continue;
		bool known = is_free && c->free_value;
		gj_ref r = gj_ssa_emit(s, known ? GJ_OBJ : GJ_ARG, 0, NULL);
		if (known)
			gj_o(s->f, r)->imm.obj = c->free_value[free];
		else
			gj_o(s->f, r)->imm.i = v;
		gj_var_store(s, v, r);
	}
	for (uint32_t v = 0; v < nargs; v++)
		gj_var_store(s, v, gj_ssa_as_variable(s, v, gj_var_read(s, 0, v)));
}

static gj_action *const actions[] = {                      /* by row */
#define PYOP(name, since, until, c11, c12, c13, pop, push, taken, flow, action, text) gj_act_##action,
#include "bytecode/pyops.def"
};

/* -- Interpretation ---------------------------------------------------------------------------------------------------- */

/* One instruction; its row's stack effect must be what happened. */
static void step(gj_ssa_state *s, uint32_t i)
{
	s->insn = &s->in.p[i];
	s->loc = gj_ssa_loc(s, s->insn->unit);
	gj_effect e = gj_pyop_effect(s->insn->row, s->insn->arg);
	int64_t before = s->stack.n;
	if (before < e.pop || before - e.pop + e.push > GJ_SSA_DEPTH)
		gj_ssa_damaged(s, "the stack runs over");
	actions[s->insn->row](s, s->insn->arg);
	if (gj_pyops[s->insn->row].flow < GJ_FLOW_AND && s->stack.n != before - e.pop + e.push)
		gj_ssa_damaged(s, "a stack effect is not as the table says");
}

static void finish_block(gj_ssa_state *s, uint32_t b)
{
	const gj_bb *bb = &s->f->bb.p[b];
	bool ended = bb->ops.n && gj_op_is(gj_terminator(s->f, b), GJ_F_TERM);
	if (bb->nsucc == 2 && s->sb.p[b].kind == GJ_CODE && gj_may_be_caught(s, s->sb.p[b].last))
		gj_ssa_emit(s, GJ_TRY, 0, NULL);
	else if (bb->nsucc == 2)
		gj_ssa_emit(s, GJ_BRANCH, 1, &s->cond);
	else if (bb->nsucc == 1 && !ended)
		gj_ssa_emit(s, GJ_JUMP, 0, NULL);
	else if (!bb->nsucc && !ended)
		gj_ssa_emit(s, GJ_UNREACHABLE, 0, NULL);
	gj_sblock *sb = &s->sb.p[b];
	sb->depth = s->stack.n;
	if (s->stack.n)
		sb->stack = gj_memdup(s->f->arena, s->stack.p, s->stack.n * sizeof *s->stack.p);
	sb->done = true;
}

static void fill_block(gj_ssa_state *s, uint32_t b)
{
	gj_sblock sb = s->sb.p[b];
	s->cur = b;
	s->kw = NULL;
	s->has_precall = false;
	enter(s, b);
	switch (sb.kind) {
	case GJ_ENTRY:
		enter_function(s);
		s->sb.p[b].done = true;                            /* its JUMP comes last: it still gathers UNDEFs */
		return;
	case GJ_CODE:
		gj_var_loaded(s);
		for (uint32_t i = sb.first; i <= sb.last; i++)
			step(s, i);
		break;
	case GJ_EDGE_ITEM: s->loc = gj_ssa_loc(s, s->in.p[sb.last].unit); gj_ssa_enter_loop(s); break;
	case GJ_EDGE_POP:  gj_collect_end(s, sb.last); gj_ssa_pop(s); break;
	case GJ_EDGE_MARK: gj_collect_end(s, sb.last); gj_ssa_push(s, 0); break;
	case GJ_EDGE_RAISED: gj_ssa_raised(s, sb.handler); break;
	case GJ_CAUGHT_HERE: s->loc = gj_ssa_loc(s, s->in.p[sb.last].unit); gj_ssa_caught(s, sb.handler); break;
	default:           s->loc = gj_ssa_loc(s, s->in.p[sb.last].unit); gj_generator_edge(s, sb.kind); break;
	}
	finish_block(s, b);
}

/* Back edges: their stacks were not known when the loop's header was entered. */
static void check_depths(gj_ssa_state *s)
{
	for (uint32_t b = 1; b < s->f->bb.n; b++)
		for (uint32_t k = 0; k + 1 < s->f->bb.p[b].preds.n; k++) {
			const uint32_t *p = s->f->bb.p[b].preds.p;
			if (s->sb.p[p[k]].depth != s->sb.p[p[k + 1]].depth)
				gj_ssa_damaged(s, "the stack is not of one depth");
		}
}

static const char *symbol(gj_arena *a, const char *name)
{
	char *p = gj_memdup(a, name, strlen(name) + 1);
	for (char *c = p; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
			*c = '_';
	return p;
}

gj_fn *gj_ssa(gj_trap *trap, const gj_code *code) { return gj_ssa_read(trap, code, NULL); }

gj_fn *gj_ssa_read(gj_trap *trap, const gj_code *code, const gj_reading *reading)
{
	static const gj_reading plain;
	gj_ssa_state s = { .code = code, .reading = reading ? reading : &plain };
	s.f = gj_fn_new(trap, code, symbol(trap->arena, code->name));
	s.in = gj_decode(s.f->arena, code);
	refuse_function(&s);
	gj_ssa_blocks(&s);
	gj_cfg(s.f);
	GJ_EACH_BLOCK(s.f, b)
		fill_block(&s, b);
	check_depths(&s);
	gj_var_fill(&s);
	for (uint32_t i = 0; i < s.unroll.n; i++)
		if (s.unroll.p[i] && gj_o(s.f, gj_var_find(&s, s.unroll.p[i]))->op == GJ_GETITER)
			gj_o(s.f, gj_var_find(&s, s.unroll.p[i]))->sub = GJ_ITER_UNROLLED;
	gj_collect_mark(&s);
	gj_closure_check(&s);
	s.cur = s.loc = 0;
	gj_ssa_emit(&s, GJ_JUMP, 0, NULL);
	gj_collect_settle(&s);
	gj_part_raises(&s);
	gj_choose_compared(&s);
	gj_find_prints(&s);
	gj_choose_texts(&s);
	gj_settle_prints(&s);
	gj_settle_raises(&s);
	gj_ssa_tidy(&s);
	return s.f;
}
