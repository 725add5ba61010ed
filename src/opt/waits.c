/* Loops in which a thread waits for memory that others write: locks, flags, look-back, barriers of the grid. On the CPU
 * device such a loop must let others run (YIELD on its way back), and its lanes must not wait for each other (late.c).
 *
 * A loop waits if one of its exits depends on memory that only others can change. What it reads there must stay the same
 * round after round as long as nobody writes: atomics that write nothing new when they are repeated (compare and swap with
 * the same expected value, exchange, `or`, adding 0 …), loads beside a fence, or of one place that the loop does not write.
 * And it must look at the same place again: a loop that goes through a table gets on by itself, and so does one that takes
 * numbers from a counter, or repeats an update until nobody has come between.
 *
 * WATCH tells the runtime what the exits depend on, so that it can tell a deadlock (run/cpu/wait.c). */
#include "opt/opt.h"

enum { MAX_DEPTH = 64, MAX_STEPS = 4096 /* of a question about values: it is a tree in a graph */, MAX_SLICE = 1000 };

typedef struct waits {
	gj_fn    *f;
	uint32_t  loop;
	bool      fence;                           /* the loop has one */
	bool      barrier;
	uint32_t  round;                           /* of marks */
	uint32_t *mark;                            /* by value: seen in this round */
	uint32_t *depends;                         /* by value: the last loop of which an exit depends on it */
	bool     *watched, *acts;                  /* by value: has its WATCH */
	GJ_VEC(gj_ref) asked;                      /* conditions still to look at */
	uint32_t *asked_in;                        /* by value: the last loop for which it was asked */
	uint32_t  steps;
	gj_ref    source;                          /* memory that is waited for: the last found */
} waits;

static bool inside(const waits *w, uint32_t block) { return gj_loop_contains(w->f, w->loop, w->f->bb.p[block].loop); }
static bool is_header(const waits *w, const gj_op *o) { return o->block == w->f->loops.p[w->loop].header; }

/* -- What stays the same ------------------------------------------------------------------------------------------- */

static bool spent(waits *w) { return !w->steps || !--w->steps; }

/* Is the value the same in each round, whatever memory holds? */
static bool invariant(waits *w, gj_ref r, int depth)
{
	const gj_op *o = gj_o(w->f, r);
	if (o->op == GJ_CONST || !inside(w, o->block))
		return true;
	if (o->op == GJ_PHI || !(gj_op_flags[o->op] & GJ_F_PURE) || depth > MAX_DEPTH || spent(w))
		return false;
	for (uint32_t i = 0; i < o->nargs; i++)
		if (!invariant(w, o->arg[i], depth + 1))
			return false;
	return true;
}

/* Is phi p among what v is computed from, without memory? */
static bool made_from(waits *w, gj_ref v, gj_ref p, int depth)
{
	const gj_op *o = gj_o(w->f, v);
	if (v == p)
		return true;
	if (!inside(w, o->block) || depth > MAX_DEPTH || spent(w) || o->op == GJ_PHI || !(gj_op_flags[o->op] & GJ_F_PURE))
		return false;
	for (uint32_t i = 0; i < o->nargs; i++)
		if (made_from(w, o->arg[i], p, depth + 1))
			return true;
	return false;
}

static bool is_flag(const gj_fn *f, gj_ref c, bool want, uint32_t b, uint32_t edge)
{
	const gj_op *o = gj_o(f, c);
	return o->op == GJ_PHI && o->block == b && gj_is_const(f, o->arg[edge]) && gj_o(f, o->arg[edge])->imm.i == want;
}

/* Does flag c, if the loop is left when it is `want`, become that on the way through edge `edge` into block b? */
static bool becomes(const waits *w, gj_ref c, bool want, uint32_t b, uint32_t edge)
{
	const gj_fn *f = w->f;
	for (; gj_o(f, c)->op == GJ_NOT; want = !want)
		c = gj_o(f, c)->arg[0];
	const gj_op *flag = gj_o(f, c);
	bool found = is_flag(f, c, want, b, edge);
	for (uint32_t i = 0; flag->op == GJ_PHI && is_header(w, flag) && i < flag->nargs; i++)
		found |= is_flag(f, flag->arg[i], want, b, edge);
	return found;
}

/* Is this the last round on the way through that edge: `done = True`? */
static bool is_last(const waits *w, uint32_t b, uint32_t edge)
{
	const gj_fn *f = w->f;
	for (uint32_t k = f->bb.p[f->loops.p[w->loop].header].rpo; k < f->rpo.n && inside(w, f->rpo.p[k]); k++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[k]];
		for (uint32_t i = 0; i < 2 && bb->nsucc == 2; i++)
			if (!inside(w, bb->succ[i]) && becomes(w, gj_o(f, bb->ops.p[bb->ops.n - 1])->arg[0], i == 0, b, edge))
				return true;
	}
	return false;
}

/* Is v, the value of header phi p in the next round, surely another one: p + 1, p >> 1, (p + 1) % n, but not a choice
 * between p and p + 1? */
static bool moves(waits *w, gj_ref v, gj_ref p, int depth)
{
	const gj_op *o = gj_o(w->f, v);
	if (v == p || !inside(w, o->block) || depth > MAX_DEPTH || spent(w))
		return false;
	switch (o->op) {
	case GJ_ADD: case GJ_SUB: case GJ_MUL: case GJ_SHL: case GJ_SHR: case GJ_XOR: case GJ_DIV: case GJ_FLOORDIV: case GJ_FMA:
		return made_from(w, v, p, depth);
	case GJ_MOD: case GJ_AND: case GJ_CVT:
		for (uint32_t i = 0; i < o->nargs; i++)
			if (moves(w, o->arg[i], p, depth + 1))
				return true;
		return false;
	case GJ_SELECT:
		return moves(w, o->arg[1], p, depth + 1) && moves(w, o->arg[2], p, depth + 1);
	case GJ_PHI:
		for (uint32_t i = 0; i < o->nargs; i++)
			if (is_header(w, o) || (!moves(w, o->arg[i], p, depth + 1) && !is_last(w, o->block, i)))
				return false;
		return true;
	default:
		return false;
	}
}

static bool phi_moves(waits *w, gj_ref p)
{
	const gj_op *o = gj_o(w->f, p);
	const gj_bb *bb = &w->f->bb.p[o->block];
	w->steps = MAX_STEPS;
	for (uint32_t i = 0; i < o->nargs; i++)
		if (inside(w, bb->preds.p[i]) && !moves(w, o->arg[i], p, 0))
			return false;
	return true;
}

/* May v be what header phi p was: p itself, or a choice? */
static bool keeps(waits *w, gj_ref v, gj_ref p, int depth)
{
	const gj_op *o = gj_o(w->f, v);
	bool found = v == p;
	if (found || !inside(w, o->block) || depth > MAX_DEPTH || spent(w) || is_header(w, o) || (o->op != GJ_PHI && o->op != GJ_SELECT))
		return found;
	for (uint32_t i = o->op == GJ_SELECT; i < o->nargs && !found; i++)
		found = keeps(w, o->arg[i], p, depth + 1);
	return found;
}

static bool phi_keeps(waits *w, gj_ref p)
{
	const gj_op *o = gj_o(w->f, p);
	for (uint32_t i = 0; i < o->nargs; i++)
		if (inside(w, w->f->bb.p[o->block].preds.p[i]) && keeps(w, o->arg[i], p, 0))
			return true;
	return false;
}

/* May a place be the same in the next round, by what the loop itself decides? Not one that memory leads to. */
static bool stays(waits *w, gj_ref r, int depth)
{
	const gj_op *o = gj_o(w->f, r);
	if (o->op == GJ_CONST || !inside(w, o->block))
		return true;
	if (o->op == GJ_PHI && is_header(w, o))
		return phi_keeps(w, r);
	if (!(gj_op_flags[o->op] & GJ_F_PURE) || depth > MAX_DEPTH || spent(w))
		return false;
	for (uint32_t i = 0; i < o->nargs; i++)
		if (!stays(w, o->arg[i], depth + 1))
			return false;
	return true;
}

/* -- Memory that others write -------------------------------------------------------------------------------------- */

static bool writes(const gj_op *o) { return o->op == GJ_STORE || o->op == GJ_ATOMIC; }

/* Calls visit for each op of the loop until it says true. */
static bool any_inside(waits *w, bool (*visit)(waits *, gj_ref, gj_ref), gj_ref data)
{
	const gj_fn *f = w->f;
	for (uint32_t k = f->bb.p[f->loops.p[w->loop].header].rpo; k < f->rpo.n && inside(w, f->rpo.p[k]); k++)
		for (uint32_t i = 0; i < f->bb.p[f->rpo.p[k]].ops.n; i++)
			if (visit(w, f->bb.p[f->rpo.p[k]].ops.p[i], data))
				return true;
	return false;
}

static bool is_other_write(waits *w, gj_ref r, gj_ref load)
{
	const gj_op *o = gj_o(w->f, r);
	return r != load && writes(o) && !gj_apart(w->f, o->arg[0], gj_o(w->f, load)->arg[0]);
}

static bool is_other_atomic(waits *w, gj_ref r, gj_ref atomic)
{
	const gj_op *o = gj_o(w->f, r);
	return r != atomic && o->op == GJ_ATOMIC && o->arg[0] == gj_o(w->f, atomic)->arg[0];
}

static bool is_zero(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	return o->op == GJ_CONST && (gj_is_float(o->type) ? o->imm.f == 0 : o->imm.i == 0);
}

/* Does the atomic find and leave the same as long as nobody else writes? Adding and taking away may be a try that is
 * undone when it fails. */
static bool waits_at_atomic(waits *w, gj_ref r)
{
	const gj_op *o = gj_o(w->f, r);
	switch (o->sub) {
	case GJ_AT_ADD: case GJ_AT_SUB: case GJ_AT_XOR:
		return is_zero(w->f, o->arg[1]) || any_inside(w, is_other_atomic, r);
	case GJ_AT_INC: case GJ_AT_DEC:
		return any_inside(w, is_other_atomic, r);
	default:
		w->steps = MAX_STEPS;
		return invariant(w, o->arg[1], 0);
	}
}

/* May threads of this kernel write there? */
static bool is_written(const gj_fn *f, gj_ref pointer)
{
	const gj_op *o = gj_o(f, pointer);
	while (o->op == GJ_ELEM || o->op == GJ_BYTES || o->op == GJ_PTRCAST)
		o = gj_o(f, o->arg[0]);
	if (o->op == GJ_CONSTMEM || o->op == GJ_LOCALMEM)
		return false;
	return o->op != GJ_PARAM || f->entry->space == GJ_GENERIC || !(f->facts & GJ_FACT_NOALIAS) || f->param.p[o->imm.i].written;
}

static bool waits_at_load(waits *w, gj_ref r)
{
	const gj_op *o = gj_o(w->f, r);
	bool fresh = w->fence || o->sub == GJ_HINT_CV || o->sub == GJ_HINT_CG;
	w->steps = MAX_STEPS;
	if (!is_written(w->f, o->arg[0]))              /* then only the host writes */
		return fresh && stays(w, o->arg[0], 0);
	return fresh || (!w->barrier && stays(w, o->arg[0], 0) && !any_inside(w, is_other_write, r));
}

static bool is_source(waits *w, gj_ref r)
{
	const gj_op *o = gj_o(w->f, r);
	return o->op == GJ_ATOMIC ? waits_at_atomic(w, r) : o->op == GJ_LOAD && waits_at_load(w, r);
}

/* -- Exits --------------------------------------------------------------------------------------------------------- */

static void ask(waits *w, gj_ref condition)
{
	if (w->asked_in[condition] != w->loop && inside(w, gj_o(w->f, condition)->block))
		gj_push(w->f->arena, &w->asked, condition);
	w->asked_in[condition] = w->loop;
}

/* What decides which of its values a phi takes: branches between its dominator and itself; those of the whole loop, where the
 * header has several ways back. */
static void ask_ways(waits *w, const gj_op *phi)
{
	const gj_fn *f = w->f;
	uint32_t top = is_header(w, phi) ? phi->block : f->bb.p[phi->block].idom;
	for (uint32_t k = f->bb.p[f->loops.p[w->loop].header].rpo; phi->nargs > 1 && k < f->rpo.n && inside(w, f->rpo.p[k]); k++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[k]];
		bool between = gj_dominates(f, top, f->rpo.p[k]) && (is_header(w, phi) ? phi->nargs > 2 : !gj_dominates(f, phi->block, f->rpo.p[k]));
		if (bb->nsucc == 2 && between)
			ask(w, gj_o(f, bb->ops.p[bb->ops.n - 1])->arg[0]);
	}
}

typedef struct atom { bool source, moves; } atom;

static void look_at(waits *, gj_ref, atom *, int);

/* What shared and local memory hold is looked for in the stores of the loop. */
static void look_at_stores(waits *w, gj_ref load, atom *a, int depth)
{
	const gj_fn *f = w->f;
	uint8_t space = gj_o(f, gj_o(f, load)->arg[0])->type->space;
	if (space != GJ_SHARED && space != GJ_LOCAL)
		return;
	for (uint32_t k = f->bb.p[f->loops.p[w->loop].header].rpo; k < f->rpo.n && inside(w, f->rpo.p[k]); k++)
		for (uint32_t i = 0; i < f->bb.p[f->rpo.p[k]].ops.n; i++) {
			const gj_op *o = gj_o(f, f->bb.p[f->rpo.p[k]].ops.p[i]);
			if (o->op == GJ_STORE && !gj_apart(f, o->arg[0], gj_o(f, load)->arg[0]))
				look_at(w, o->arg[1], a, depth + 1);
		}
}

/* Adds to *a what value r is computed from; how phis get their values is asked for itself. */
static void look_at(waits *w, gj_ref r, atom *a, int depth)
{
	const gj_op *o = gj_o(w->f, r);
	if (!inside(w, o->block) || w->mark[r] == w->round || depth > MAX_SLICE)
		return;
	w->mark[r] = w->round;
	w->depends[r] = w->loop;
	if (is_source(w, r)) {
		a->source = true;
		w->source = r;
	}
	if (o->op == GJ_LOAD)
		look_at_stores(w, r, a, depth);
	if (o->op == GJ_PHI) {
		ask_ways(w, o);
		a->moves |= is_header(w, o) && phi_moves(w, r);
	}
	for (uint32_t i = 0; i < o->nargs; i++)
		look_at(w, o->arg[i], a, depth + 1);
}

/* Does a condition wait? The parts of `a and b` are looked at one by one. */
static bool condition_waits(waits *w, gj_ref c)
{
	const gj_op *o = gj_o(w->f, c);
	bool parts = o->type->kind == GJ_BOOL && (o->op == GJ_AND || o->op == GJ_OR || o->op == GJ_NOT || o->op == GJ_SELECT ||
	                                          o->op == GJ_PHI);
	atom a = { false, false };
	w->depends[c] = w->loop;
	if (parts) {
		for (uint32_t i = 0; i < o->nargs; i++)
			ask(w, o->arg[i]);
		if (o->op == GJ_PHI)
			ask_ways(w, o);
		return false;
	}
	w->round++;
	look_at(w, c, &a, 0);
	return a.source && !a.moves;
}

static bool loop_waits(waits *w)
{
	const gj_fn *f = w->f;
	bool found = false;
	w->asked.n = 0;
	for (uint32_t k = f->bb.p[f->loops.p[w->loop].header].rpo; k < f->rpo.n && inside(w, f->rpo.p[k]); k++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[k]];
		if (bb->nsucc == 2 && (!inside(w, bb->succ[0]) || !inside(w, bb->succ[1])))
			ask(w, gj_o(f, bb->ops.p[bb->ops.n - 1])->arg[0]);
	}
	while (w->asked.n)
		found |= condition_waits(w, w->asked.p[--w->asked.n]);
	return found;
}

/* -- What is told to the runtime ----------------------------------------------------------------------------------- */

/* Puts a WATCH of value r (0: of something that is done) behind op i of the block, or behind its phis. */
static void watch(waits *w, uint32_t b, uint32_t i, gj_ref r)
{
	gj_fn *f = w->f;
	gj_bb *bb = &f->bb.p[b];
	gj_ref op = gj_op_new(f, b, GJ_WATCH, NULL, gj_o(f, bb->ops.p[i])->loc, r ? 1 : 0, &r);
	while (gj_o(f, bb->ops.p[i + 1])->op == GJ_PHI)
		i++;
	gj_push(f->arena, &bb->ops, op);
	for (uint32_t k = bb->ops.n - 1; k > i + 1; k--)
		bb->ops.p[k] = bb->ops.p[k - 1];
	bb->ops.p[i + 1] = op;
}

static void tell(waits *w)
{
	gj_fn *f = w->f;
	for (uint32_t k = f->bb.p[f->loops.p[w->loop].header].rpo; k < f->rpo.n && inside(w, f->rpo.p[k]); k++) {
		gj_bb *bb = &f->bb.p[f->rpo.p[k]];
		for (uint32_t i = 0; i + 1 < bb->ops.n; i++) {
			gj_ref r = bb->ops.p[i];
			const gj_op *o = gj_o(f, r);
			bool news = w->depends[r] == w->loop && (o->op == GJ_PHI ? is_header(w, o) : !(gj_op_flags[o->op] & GJ_F_PURE));
			bool acts = o->op == GJ_STORE || o->op == GJ_FCALL || o->op == GJ_EXTERN || (o->op == GJ_ATOMIC && w->depends[r] != w->loop);
			if (news && !w->watched[r] && o->type && o->type->kind <= GJ_F64)
				watch(w, f->rpo.p[k], i, r);
			if (acts && !w->acts[r])
				watch(w, f->rpo.p[k], i, 0);
			w->watched[r] |= news;
			w->acts[r] |= acts;
		}
	}
}

static void yield_on_way_back(waits *w)
{
	gj_fn *f = w->f;
	const gj_bb *head = &f->bb.p[f->loops.p[w->loop].header];
	for (uint32_t i = 0; i < head->preds.n; i++) {
		uint32_t b = head->preds.p[i];
		if (!inside(w, b))
			continue;
		gj_bb *bb = &f->bb.p[b];
		gj_ref end = bb->ops.p[bb->ops.n - 1];
		gj_ref yield = gj_op_new(f, b, GJ_YIELD, NULL, gj_o(f, w->source)->loc, 0, NULL);
		gj_o(f, yield)->sub = w->barrier;
		bb->ops.p[bb->ops.n - 1] = yield;
		gj_push(f->arena, &bb->ops, end);
	}
}

static bool is_fence(waits *w, gj_ref r, gj_ref unused)
{
	(void)unused;
	gj_opcode op = (gj_opcode)gj_o(w->f, r)->op;
	return op == GJ_FENCE || op == GJ_NANOSLEEP;
}

static bool is_barrier(waits *w, gj_ref r, gj_ref unused)
{
	(void)unused;
	return gj_o(w->f, r)->op == GJ_BARRIER;
}

static bool reads_memory(waits *w, gj_ref r, gj_ref unused)
{
	(void)unused;
	return gj_o(w->f, r)->op == GJ_ATOMIC || gj_o(w->f, r)->op == GJ_LOAD;
}

static void find_in(gj_fn *f)
{
	uint32_t n = 3 * f->op.n + 2 * f->bb.n;    /* with the WATCHes and YIELDs to come */
	waits w = { .f = f };
	if (f->loops.n < 2 || !f->listens)
		return;
	w.mark = gj_new(f->arena, uint32_t, n);
	w.depends = gj_new(f->arena, uint32_t, n);
	w.watched = gj_new(f->arena, bool, n);
	w.acts = gj_new(f->arena, bool, n);
	w.asked_in = gj_new(f->arena, uint32_t, n);
	for (w.loop = 1; w.loop < f->loops.n; w.loop++) {
		w.fence = any_inside(&w, is_fence, 0);
		w.barrier = any_inside(&w, is_barrier, 0);
		if (!any_inside(&w, reads_memory, 0) || !loop_waits(&w))
			continue;
		tell(&w);
		yield_on_way_back(&w);
		f->spins = true;
	}
}

void gj_find_waits(gj_fn *f)
{
	find_in(f);
	for (uint32_t i = 0; i < f->callee.n; i++) {
		f->callee.p[i]->listens = f->listens;
		find_in(f->callee.p[i]);
		f->spins |= f->callee.p[i]->spins;
	}
}
