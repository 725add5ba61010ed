/* Random kernels for test_mask.c as low-level IR: nested ifs, short-circuit conditions, loops of three forms, jumps out
 * of any enclosing loop or block, returns in the middle. Each lane writes words of its own, adds to shared ones, or
 * stores what every lane would: so the order of lanes does not show. */
#ifndef GJ_MASK_GEN_H
#define GJ_MASK_GEN_H

#include "mask_run.h"

enum { UNIFORM_VARS = 2, PLAIN_VARS = 6, MAX_LOOPS = 4, VARS = PLAIN_VARS + MAX_LOOPS, MAX_LABELS = 16, NOWHERE = -1 };
enum { READ_ONLY = 0, LINEAR_WORDS = 256, LANE_WORDS = 1024, COUNTERS = 2048, SAME_WORDS = 2100 };

typedef struct env { gj_ref var[VARS]; } env;
/* A place to jump to: its block and the values that each jump brings, in the order of the block's predecessors. */
typedef struct label { uint32_t block; GJ_VEC(env) from; bool loop; gj_ref phi[VARS]; } label;

typedef struct gen {
	gj_fn *f;
	uint64_t seed;
	env now;
	int block;                                 /* where ops go; NOWHERE: after a jump */
	label *exit[MAX_LABELS]; int nexits;       /* ends of enclosing loops and blocks */
	label *again;                              /* where `continue` goes, or NULL */
	int loops, budget;
	bool strict;                               /* with barriers: variables 0 and 1 stay uniform */
	bool together;                             /* all living lanes run this statement together */
	gj_ref memory, number, tid, lane;
} gen;

static uint32_t rnd(gen *g, uint32_t n)
{
	g->seed = g->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(g->seed >> 33) % n;
}

static const gj_type *i64(void) { return gj_scalar[GJ_I64]; }
static const gj_type *i32(void) { return gj_scalar[GJ_I32]; }
static const gj_type *ptr(void) { return gj_ptr_type(gj_scalar[GJ_I64], GJ_GLOBAL); }

static gj_ref op(gen *g, gj_opcode code, const gj_type *t, gj_ref a, gj_ref b)
{
	gj_ref arg[2] = { a, b };
	return gj_emit(g->f, (uint32_t)g->block, code, t, 0, a ? b ? 2 : 1 : 0, arg);
}

static gj_ref imm(gen *g, const gj_type *t, int64_t i)
{
	gj_ref r = op(g, GJ_CONST, t, 0, 0);
	gj_o(g->f, r)->imm.i = i;
	return r;
}

static gj_ref word(gen *g, int64_t base, gj_ref index)
{
	return op(g, GJ_ELEM, ptr(), g->memory, op(g, GJ_ADD, i64(), index, imm(g, i64(), base)));
}

static gj_ref test(gen *g, gj_cmpop how, gj_ref a, gj_ref b)
{
	gj_ref r = op(g, GJ_CMP, gj_scalar[GJ_BOOL], a, b);
	gj_o(g->f, r)->sub = (uint8_t)how;
	return r;
}

/* -- Labels -------------------------------------------------------------------------------------------------------- */

static label *label_new(gen *g)
{
	label *l = gj_new(g->f->arena, label, 1);
	l->block = gj_block_new(g->f);
	return l;
}

static void arrive(gen *g, label *l)
{
	gj_link(g->f, (uint32_t)g->block, l->block);
	gj_push(g->f->arena, &l->from, g->now);
	for (int v = 0; l->loop && l->phi[v] && v < VARS; v++) {
		gj_op *o = gj_o(g->f, l->phi[v]);
		gj_ref *arg = gj_new(g->f->arena, gj_ref, o->nargs + 1);
		memcpy(arg, o->arg, o->nargs * sizeof *arg);
		arg[o->nargs++] = g->now.var[v];
		o->arg = arg;
	}
}

static void go(gen *g, label *l)
{
	arrive(g, l);
	op(g, GJ_JUMP, NULL, 0, 0);
	g->block = NOWHERE;
}

static void branch_to(gen *g, gj_ref cond, label *yes, label *no)
{
	arrive(g, yes);
	arrive(g, no);
	op(g, GJ_BRANCH, NULL, cond, 0);
	g->block = NOWHERE;
}

/* Continues at the label: phis for what the jumps bring, for every variable of a loop. Nowhere if nobody jumps. */
static void place(gen *g, label *l, bool loop)
{
	if (g->block != NOWHERE)
		go(g, l);
	if (!l->from.n)
		return;
	g->block = (int)l->block;
	l->loop = loop;
	for (int v = 0; v < VARS; v++) {
		gj_ref *arg = gj_new(g->f->arena, gj_ref, l->from.n);
		bool same = !loop;
		for (uint32_t k = 0; k < l->from.n; k++) {
			arg[k] = l->from.p[k].var[v];
			same &= arg[k] == arg[0];
		}
		g->now.var[v] = same ? arg[0] : gj_emit(g->f, l->block, GJ_PHI, i64(), 0, l->from.n, arg);
		l->phi[v] = loop ? g->now.var[v] : 0;
	}
}

/* -- Expressions --------------------------------------------------------------------------------------------------- */

static gj_ref uniform_var(gen *g)
{
	uint32_t k = rnd(g, UNIFORM_VARS + (g->strict ? 0 : (uint32_t)g->loops));
	return g->now.var[k < UNIFORM_VARS ? k : PLAIN_VARS + k - UNIFORM_VARS];
}

static gj_ref any_var(gen *g)
{
	return g->now.var[rnd(g, PLAIN_VARS + (uint32_t)g->loops)];
}

static gj_ref leaf(gen *g, bool uniform)
{
	switch (rnd(g, 8)) {
	case 0:  return imm(g, i64(), (int64_t)rnd(g, 9) - 2);
	case 1:  return g->number;
	case 2:  return uniform ? uniform_var(g) : g->lane;
	default: return uniform ? uniform_var(g) : any_var(g);
	}
}

static gj_ref expression(gen *g, bool uniform)
{
	gj_ref a = leaf(g, uniform), b = leaf(g, uniform), m;
	switch (rnd(g, 12)) {
	case 0: return op(g, GJ_MUL, i64(), a, imm(g, i64(), rnd(g, 5)));
	case 1: return op(g, GJ_SUB, i64(), a, b);
	case 2: return op(g, GJ_XOR, i64(), a, b);
	case 3: return op(g, GJ_FLOORDIV, i64(), a, b);
	case 4: {
		gj_ref arg[3] = { test(g, GJ_CMP_LT, a, b), b, leaf(g, uniform) };
		return gj_emit(g->f, (uint32_t)g->block, GJ_SELECT, i64(), 0, 3, arg);
	}
	case 5: case 6:
		m = op(g, GJ_AND, i64(), a, imm(g, i64(), 127));
		return op(g, GJ_LOAD, i64(), word(g, READ_ONLY, m), 0);
	case 7:
		if (uniform)
			return b;
		m = op(g, GJ_ADD, i64(), g->lane, imm(g, i64(), 32 * rnd(g, 8)));
		return op(g, GJ_LOAD, i64(), word(g, LINEAR_WORDS, m), 0);
	case 8:
		if (uniform)
			return a;
		m = op(g, GJ_ADD, i32(), g->tid, imm(g, i32(), rnd(g, 100)));
		gj_o(g->f, m)->flags = GJ_NSW;
		if (rnd(g, 3) == 0)                    /* wraps between the lanes */
			m = op(g, GJ_MUL, i32(), m, imm(g, i32(), 0x9000000));
		return op(g, GJ_CVT, i64(), m, 0);
	default:
		m = op(g, GJ_ADD, i64(), a, b);
		gj_o(g->f, m)->flags = rnd(g, 2) ? GJ_NSW : 0;
		return m;
	}
}

static void condition(gen *g, bool uniform, int depth, label *yes, label *no)
{
	uint32_t kind = depth > 2 ? 9 : rnd(g, 10);
	if (kind >= 3) {
		gj_ref a = expression(g, uniform);
		branch_to(g, test(g, (gj_cmpop)rnd(g, GJ_NCMPOPS), a, leaf(g, uniform)), yes, no);
		return;
	}
	if (kind == 0) {
		condition(g, uniform, depth + 1, no, yes);
		return;
	}
	label *mid = label_new(g);
	condition(g, uniform, depth + 1, kind == 1 ? mid : yes, kind == 1 ? no : mid);
	place(g, mid, false);
	if (g->block != NOWHERE)
		condition(g, uniform, depth + 1, yes, no);
}

/* -- Statements ---------------------------------------------------------------------------------------------------- */

static void statements(gen *g, int depth);

static void store(gen *g)
{
	gj_ref j = imm(g, i64(), rnd(g, 8)), at;
	switch (rnd(g, 4)) {
	case 0:
		at = op(g, GJ_ADD, i64(), op(g, GJ_MUL, i64(), j, imm(g, i64(), 32)), g->lane);
		op(g, GJ_STORE, NULL, word(g, LINEAR_WORDS, at), any_var(g));
		return;
	case 1:
		at = op(g, GJ_ADD, i64(), op(g, GJ_MUL, i64(), g->lane, imm(g, i64(), 16)), j);
		op(g, GJ_STORE, NULL, word(g, LANE_WORDS, at), any_var(g));
		return;
	case 2:
		op(g, GJ_STORE, NULL, word(g, SAME_WORDS, j), op(g, GJ_MUL, i64(), j, g->number));
		return;
	default:
		j = op(g, GJ_AND, i64(), leaf(g, rnd(g, 2)), imm(g, i64(), 15));
		op(g, GJ_ATOMIC, i64(), word(g, COUNTERS, j), any_var(g));
	}
}

static void assign(gen *g)
{
	uint32_t v = rnd(g, PLAIN_VARS);
	if (v < UNIFORM_VARS && g->strict && !g->together)
		v = UNIFORM_VARS;
	g->now.var[v] = expression(g, v < UNIFORM_VARS);
}

/* `if` with any number of statements on either side, or a jump right on the edge. */
static void gen_if(gen *g, int depth)
{
	bool uniform = rnd(g, 2), together = g->together;
	label *yes = label_new(g), *no = label_new(g), *end = label_new(g);
	label *out = g->nexits && rnd(g, 4) == 0 && !g->strict ? g->exit[rnd(g, (uint32_t)g->nexits)] : NULL;
	condition(g, uniform, 0, yes, out ? out : no);
	g->together &= uniform;
	place(g, yes, false);
	if (g->block != NOWHERE)
		statements(g, depth + 1);
	if (g->block != NOWHERE)
		go(g, end);
	place(g, no, false);
	if (g->block != NOWHERE && rnd(g, 2))
		statements(g, depth + 1);
	place(g, end, false);
	g->together = together;
}

static gj_ref in_loop(gen *g, int counter, bool uniform)
{
	gj_ref n = imm(g, i64(), 1 + rnd(g, 5));
	if (rnd(g, 2))
		n = op(g, GJ_AND, i64(), leaf(g, uniform), imm(g, i64(), 3));
	return test(g, GJ_CMP_LT, g->now.var[counter], n);
}

static void count(gen *g, int counter)
{
	g->now.var[counter] = op(g, GJ_ADD, i64(), g->now.var[counter], imm(g, i64(), 1));
}

/* A loop over a counter of its own: tested at the top, in the middle (no `continue` before it) or at the bottom. */
static void gen_loop(gen *g, int depth)
{
	bool uniform = rnd(g, 2), together = g->together;
	int counter = PLAIN_VARS + g->loops++, form = (int)rnd(g, 3);
	label *outer = g->again, *head = label_new(g), *body = label_new(g), *end = label_new(g), *bottom = label_new(g);
	g->now.var[counter] = imm(g, i64(), 0);
	place(g, head, true);
	g->together &= uniform;
	g->exit[g->nexits++] = end;
	g->again = form == 0 ? head : form == 1 ? NULL : bottom;
	if (form == 1)
		statements(g, depth + 1);
	if (form != 2 && g->block != NOWHERE)
		branch_to(g, in_loop(g, counter, uniform), body, end);
	place(g, body, false);
	g->again = form == 2 ? bottom : head;
	if (g->block != NOWHERE)
		count(g, counter);
	if (g->block != NOWHERE)
		statements(g, depth + 1);
	if (form == 2)
		place(g, bottom, false);
	if (g->block != NOWHERE && form == 2)
		branch_to(g, in_loop(g, counter, uniform), head, end);
	else if (g->block != NOWHERE)
		go(g, head);
	g->again = outer;
	g->nexits--;
	g->loops--;
	place(g, end, false);
	g->together = together;
}

static void gen_block(gen *g, int depth)
{
	label *end = label_new(g);
	g->exit[g->nexits++] = end;
	statements(g, depth + 1);
	g->nexits--;
	place(g, end, false);
}

/* Leaves the statement list: a jump outwards or the end of the thread. */
static void leave(gen *g)
{
	uint32_t kind = rnd(g, 4);
	if (kind == 0 || (g->strict && kind < 3)) {
		op(g, rnd(g, 4) ? GJ_RETURN : rnd(g, 2) ? GJ_RAISE : GJ_RETURN, NULL, 0, 0);
		g->block = NOWHERE;
	} else if (kind == 1 && g->again && !g->strict) {
		go(g, g->again);
	} else if (g->nexits && !g->strict) {
		go(g, g->exit[rnd(g, (uint32_t)g->nexits)]);
	}
}

static void statements(gen *g, int depth)
{
	for (uint32_t n = 1 + rnd(g, 4); n && g->block != NOWHERE; n--) {
		uint32_t kind = rnd(g, 12);
		g->budget--;
		if (kind < 3)
			assign(g);
		else if (kind < 5)
			store(g);
		else if (kind == 5 && g->strict && g->together)
			op(g, GJ_BARRIER, NULL, 0, 0);
		else if (depth > 4 || g->budget < 0)
			assign(g);
		else if (kind < 8)
			gen_if(g, depth);
		else if (kind < 10 && g->loops < MAX_LOOPS && g->nexits < MAX_LABELS)
			gen_loop(g, depth);
		else if (kind == 10 && g->nexits < MAX_LABELS)
			gen_block(g, depth);
		else if (kind == 11 && depth && rnd(g, 3) == 0)
			leave(g);
	}
}

/* A kernel of its own for each seed. Strict ones have barriers, which all living lanes reach together. */
static gj_fn *generate(gj_trap *trap, uint64_t seed, bool strict)
{
	static const gj_code no_code = { .name = "random", .qualname = "random", .file = "random.py" };
	gen g = { .seed = seed * 77777 + 1, .budget = 3 + (int)(seed % 59), .strict = strict, .together = true };
	g.f = gj_fn_new(trap, &no_code, "random");
	g.f->low = true;
	g.f->entry = &gj_entries[GJ_ENTRY_KERNEL];
	g.f->width = 32;
	g.block = (int)gj_block_new(g.f);
	rnd(&g, 2);
	g.memory = op(&g, GJ_PARAM, ptr(), 0, 0);
	g.number = op(&g, GJ_PARAM, i64(), 0, 0);
	gj_o(g.f, g.number)->imm.i = 1;
	gj_push(g.f->arena, &g.f->param, ((gj_fnparam){ .type = ptr(), .field = GJ_FIELD_DATA }));
	gj_push(g.f->arena, &g.f->param, ((gj_fnparam){ .leaf = 1, .type = i64() }));
	g.tid = op(&g, GJ_SREG, i32(), 0, 0);
	gj_o(g.f, g.tid)->imm.i = GJ_TID_X;
	g.lane = op(&g, GJ_CVT, i64(), g.tid, 0);
	for (int v = 0; v < VARS; v++)
		g.now.var[v] = v < UNIFORM_VARS || v >= PLAIN_VARS ? imm(&g, i64(), v) : g.lane;
	for (int v = UNIFORM_VARS; v < PLAIN_VARS; v++)
		g.now.var[v] = expression(&g, false);
	for (int n = 0; n < 3 && g.block != NOWHERE; n++)
		statements(&g, 0);
	for (int v = 0; v < PLAIN_VARS && g.block != NOWHERE; v++) {
		gj_ref at = op(&g, GJ_ADD, i64(), g.lane, imm(&g, i64(), 32 * (8 + v)));
		op(&g, GJ_STORE, NULL, word(&g, LINEAR_WORDS, at), g.now.var[v]);
	}
	if (g.block != NOWHERE)
		op(&g, GJ_RETURN, NULL, 0, 0);
	return g.f;
}

/* Memory before a run, and after one thread after the other has run. */
static void fill(memory *m)
{
	uint64_t x = 12345;
	memset(m, 0, sizeof *m);
	for (int i = 0; i < LINEAR_WORDS; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		m->word[i] = (int64_t)(x >> 60) - 4;
	}
}

static inline bool run_threads(const gj_fn *f, memory *m, uint32_t nthreads)
{
	fill(m);
	for (uint32_t l = 0; l < nthreads; l++)
		if (!run_thread(f, m, (int)l))
			return false;
	return true;
}

#endif
