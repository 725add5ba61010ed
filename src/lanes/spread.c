/* Sharing out a kernel's loops among threads: it is written for one thread, and few of them would run. Loops whose rounds are
 * independent (opt/independent.h) give each thread some rounds; all else is done by all threads alike, but for stores, which are the
 * first one's, with barriers where threads could read too early or too late.
 *
 *   one independent loop around everything: its rounds go to all threads of the grid (GRID), or, where there are loops to be shared
 *   in it, to the blocks (BLOCKS), and the loops in it to a block's threads
 *   else: one block; loops that stand side by side, or in a loop that stays one, go to its threads (THREADS) one after the other
 *
 * This file decides; spread_build.c makes it so. */
#include "lanes/spread.h"
#include "lanes/jam.h"
#include "lanes/loopform.h"
#include "lanes/spread_plan.h"
#include "ir/walk.h"

#include <stdio.h>
#include <string.h>

enum { FEW = 16 };                             /* rounds that are not worth being shared */

static bool is_shared_store(const gj_fn *f, gj_ref r) { return gj_o(f, r)->op == GJ_STORE && !gj_is_private(f, r); }

/* Could the loop be shared out, with profit? */
static bool can_share(const gj_plan *p, uint32_t l)
{
	const gj_loop_fact *fact = &p->fact[l];
	return fact->independent && !(fact->rounds >= 0 && fact->rounds <= FEW);
}

static bool has_shares(const gj_plan *p, uint32_t outer)
{
	for (uint32_t l = 1; l < p->f->loops.n; l++)
		if (l != outer && gj_loop_contains(p->f, outer, l) && can_share(p, l))
			return true;
	return false;
}

/* Do the stores of loop `a` keep off what the accesses of `b` that stand outside of `a` read? */
static bool keeps_off(const gj_plan *p, uint32_t a, uint32_t b, bool also_own)
{
	uint32_t n, m;
	const gj_ref *stores = gj_loop_accesses(p->f, a, &n), *others = gj_loop_accesses(p->f, b, &m);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; is_shared_store(p->f, stores[i]) && k < m; k++) {
			bool own = gj_loop_contains(p->f, a, p->f->bb.p[gj_o(p->f, others[k])->block].loop);
			if (gj_o(p->f, others[k])->op == GJ_LOAD && (also_own || !own) &&
			    !gj_apart(p->f, gj_accessed(p->f, stores[i]), gj_accessed(p->f, others[k])))
				return false;
		}
	return true;
}

static bool writes(const gj_plan *p, uint32_t l)
{
	uint32_t n;
	const gj_ref *access = gj_loop_accesses(p->f, l, &n);
	for (uint32_t i = 0; i < n; i++)
		if (is_shared_store(p->f, access[i]))
			return true;
	return false;
}

static void event(gj_plan *p, gj_ref store, uint32_t loop) { gj_push(p->f->arena, &p->events, ((gj_event){ store, loop })); }

/* The stores that stand in the region itself, and its loops: what a block's threads do together. */
static void cooperate(gj_plan *p, uint32_t region)
{
	gj_fn *f = p->f;
	GJ_EACH_BLOCK(f, b)
		if (f->bb.p[b].loop == region)
			GJ_EACH_OP_OF(f, b, r)
				if (is_shared_store(f, r))
					event(p, r, 0);
	for (uint32_t l = 1; l < f->loops.n; l++) {
		if (f->loops.p[l].parent != region)
			continue;
		bool shared = can_share(p, l), alike = !shared && !has_shares(p, l) && keeps_off(p, l, l, true);
		p->how[l] = shared ? GJ_HOW_THREADS : alike ? GJ_HOW_ALIKE : GJ_HOW_AROUND;
		if (!shared && !alike)
			cooperate(p, l);
		else if (writes(p, l))
			event(p, 0, l);
	}
}

/* One event, in the region itself, which nothing else there reads: no thread can come too early or too late. */
static bool needs_barriers(const gj_plan *p, uint32_t region)
{
	if (p->events.n != 1)
		return p->events.n > 1;
	const gj_event *e = &p->events.p[0];
	return !e->loop || p->f->loops.p[e->loop].parent != region || !keeps_off(p, e->loop, region, false);
}

static bool stores_directly(const gj_fn *f, uint32_t region)
{
	GJ_EACH_BLOCK(f, b)
		if (f->bb.p[b].loop == region)
			GJ_EACH_OP_OF(f, b, r)
				if (is_shared_store(f, r))
					return true;
	return false;
}

/* The loop around everything whose rounds are independent; 0: there is none. */
static uint32_t grid_loop(const gj_plan *p)
{
	uint32_t found = 0, n = 0;
	for (uint32_t l = 1; l < p->f->loops.n; l++)
		if (!p->f->loops.p[l].parent)
			found = l, n++;
	bool alone = n == 1 && can_share(p, found) && !p->fact[found].carried.n && !stores_directly(p->f, 0);
	return alone && keeps_off(p, found, 0, false) ? found : 0;
}

/* Effects that only loops which are not shared have. Outside of loops all threads fail alike. */
static const gj_op *other_effect(const gj_fn *f)
{
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		bool fails = o->op == GJ_REPORT || o->op == GJ_BOUNDS;
		if (gj_op_is(o, GJ_F_WRITE) && o->op != GJ_STORE && (!fails || f->bb.p[b].loop))
			return o;
	}
	return NULL;
}

/* Threads have no numbers here that the function may ask for, and none to meet: an op that does; NULL: there is none. */
static const gj_op *knows_threads(const gj_fn *f)
{
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		bool number = o->op == GJ_SREG && o->imm.i != GJ_CTAID_Z && o->imm.i != GJ_NCTAID_Z && o->imm.i != GJ_WARPID;
		if (number || o->op == GJ_SHAREDMEM || gj_op_is(o, GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP))
			return o;
	}
	return NULL;
}

/* For a kernel's threads. */
static void decide(gj_plan *p)
{
	const gj_op *effect = other_effect(p->f);
	uint32_t l = effect ? 0 : grid_loop(p);
	p->alone = effect || !has_shares(p, 0);
	if (p->alone)
		return;
	if (l && !has_shares(p, l)) {
		p->how[l] = GJ_HOW_GRID;
		return;
	}
	if (l)
		p->how[l] = GJ_HOW_BLOCKS;
	p->one_block = !l;
	cooperate(p, l);
	p->barriers = needs_barriers(p, l);
}

/* -- Lanes ------------------------------------------------------------------------------------------------------------------------- */

/* How a value goes along with a loop's counter: not at all, one for one, or otherwise. */
typedef enum along { NOT, ONE, OTHER } along;

typedef struct walk { const gj_plan *p; uint32_t loop; uint8_t *known; /* by op: 0, 1 while it is asked for, or 2 + along */ } walk;

static along goes_along(walk *w, gj_ref r)
{
	const gj_fn *f = w->p->f;
	const gj_op *o = gj_o(f, r);
	if (r == w->p->fact[w->loop].counter)
		return ONE;
	if (!gj_loop_contains(f, w->loop, f->bb.p[o->block].loop) || w->known[r] == 1)
		return NOT;
	if (w->known[r])
		return (along)(w->known[r] - 2);
	w->known[r] = 1;
	along a = NOT;
	for (uint32_t k = 0; k < o->nargs; k++) {
		along x = goes_along(w, o->arg[k]);
		bool kept = o->op == GJ_CVT || (o->op == GJ_ADD && a == NOT) || (o->op == GJ_SUB && k == 0);
		a = x == NOT ? a : x == ONE && kept ? ONE : OTHER;
	}
	w->known[r] = (uint8_t)(2 + a);
	return a;
}

/* Is an access's place in memory the same in all rounds, or the next element's in the next? */
static bool is_along(walk *w, gj_ref pointer)
{
	const gj_fn *f = w->p->f;
	for (;; pointer = gj_o(f, pointer)->arg[0]) {
		const gj_op *o = gj_o(f, pointer);
		if (o->op != GJ_AT)
			return goes_along(w, pointer) == NOT;
		uint32_t n = (o->nargs - 2) / 2, fast = o->sub == 'C' ? n - 1 : o->sub == 'F' ? 0 : n;
		for (uint32_t i = 0; i < n; i++) {
			along a = goes_along(w, o->arg[1 + i]);
			if (a == OTHER || (a == ONE && i != fast))
				return false;
		}
	}
}

/* LLVM makes vectors of plain innermost loops itself, but not of those around others, nor where a condition decides about what could
 * raise an exception or a function is called. */
static bool is_plain(const gj_fn *f, uint32_t l)
{
	bool branches = false, tells = false;
	if (gj_has_inner(f, l))
		return false;
	GJ_EACH_BLOCK(f, b) {
		if (f->bb.p[b].loop != l)
			continue;
		branches |= b != f->loops.p[l].header && f->bb.p[b].nsucc == 2;
		GJ_EACH_OP_OF(f, b, r) {
			const gj_op *o = gj_o(f, r);
			if (o->op == GJ_MATH && o->imm.i != GJ_MATH_SQRT)
				return false;
			tells |= o->op == GJ_MATH || o->op == GJ_DIV || o->op == GJ_FLOORDIV || o->op == GJ_MOD || (o->op == GJ_MUL && gj_is_float(o->type));
		}
	}
	return !branches || !tells;
}

static bool suits_lanes(const gj_plan *p, uint32_t l)
{
	const gj_fn *f = p->f;
	const gj_loop_fact *fact = &p->fact[l];
	if (is_plain(f, l) || !fact->independent || fact->carried.n || fact->step != 1 || (fact->rounds >= 0 && fact->rounds < 4))
		return false;
	walk w = { p, l, gj_new(f->arena, uint8_t, f->op.n) };
	uint32_t n;
	const gj_ref *access = gj_loop_accesses(p->f, l, &n);
	for (uint32_t i = 0; i < n; i++)
		if (!is_along(&w, gj_accessed(f, access[i])))
			return false;
	return true;
}

/* Is a value the same in all rounds of a loop, whatever these read? */
static bool is_fixed(const gj_fn *f, uint32_t l, gj_ref r, int depth)
{
	const gj_op *o = gj_o(f, r);
	if (!gj_loop_contains(f, l, f->bb.p[o->block].loop))
		return true;
	bool fixed = gj_op_is(o, GJ_F_PURE) && o->op != GJ_PHI && depth < 16;
	for (uint32_t k = 0; k < o->nargs && fixed; k++)
		fixed = is_fixed(f, l, o->arg[k], depth + 1);
	return fixed;
}

/* The loop that lanes share out and leave when they come to block b from its predecessor number i; 0: there is none. */
static uint32_t left_loop(const gj_plan *p, uint32_t b, uint32_t i)
{
	const gj_fn *f = p->f;
	uint32_t l = f->bb.p[f->bb.p[b].preds.p[i]].loop;
	while (l && (p->how[l] != GJ_HOW_LANES || gj_loop_contains(f, l, f->bb.p[b].loop)))
		l = f->loops.p[l].parent;
	return l;
}

/* Lanes tell behind a loop that they have failed in one of its rounds, place by place: which round was the first is not known then. It does
 * not matter if all fail in their first, or if there is one place, which tells the same whoever comes there. */
static bool fail_alike(const gj_plan *p)
{
	const gj_fn *f = p->f;
	uint32_t places = 0;
	bool alike = true, mute = true;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (o->op != GJ_FAILED)
			continue;
		places++;
		mute &= o->nargs == 2;
		for (uint32_t i = 0; i < f->bb.p[b].preds.n; i++) {
			uint32_t l = left_loop(p, b, i), from = f->bb.p[b].preds.p[i];
			const gj_op *end = gj_terminator(f, from);
			alike &= !l || (end->op == GJ_BRANCH && is_fixed(f, l, end->arg[0], 0) && gj_dominates(f, from, f->loops.p[l].latch));
		}
	}
	return alike || (places == 1 && mute);
}

/* What lanes must not do each for itself outside of the loops that they share, in a round of a loop over prange. */
static bool has_effects(const gj_fn *f)
{
	bool any = false;
	GJ_EACH_OP(f, b, r)
		any |= gj_op_is(gj_o(f, r), GJ_F_WRITE) && gj_o(f, r)->op != GJ_STORE && gj_o(f, r)->op != GJ_FAILED;
	return any;
}

/* Loops whose rounds are lanes: the innermost that can be, in loops over prange not these themselves. What is computed for an element may
 * have to be computed again, one lane at a time, to tell of floating-point exceptions: so nothing may be read that is written. */
static void decide_lanes(gj_plan *p, uint32_t lanes)
{
	const gj_fn *f = p->f;
	bool rounds = f->entry->runner == GJ_RUN_ROUNDS;
	if (rounds ? has_effects(f) : other_effect(f) || !keeps_off(p, 0, 0, true))
		return;
	for (uint32_t l = f->loops.n; l-- > 1;) {
		bool inner = rounds && !f->loops.p[l].parent;
		for (uint32_t k = l + 1; k < f->loops.n; k++)
			inner |= p->how[k] == GJ_HOW_LANES && gj_loop_contains(f, l, k);
		if (!inner && suits_lanes(p, l)) {
			p->how[l] = GJ_HOW_LANES;
			p->lanes = lanes;
			gj_push(f->arena, &p->f->shared, gj_terminator(f, f->loops.p[l].header)->loc);
		}
	}
	if (!fail_alike(p)) {
		memset(p->how, GJ_HOW_SERIAL, f->loops.n * sizeof *p->how);
		p->lanes = 0;
	}
}

/* -- What became of the loops --------------------------------------------------------------------------------------------------- */

static int line_of(const gj_fn *f, uint32_t loc)
{
	const gj_loc *l = &f->loc.p[loc];
	return l->pos.line >= 0 ? l->pos.line : l->code ? l->code->firstline : 0;
}

static const char *operation(gj_opcode op)
{
	static const char *const name[GJ_NOPS] = { [GJ_ADD] = "+", [GJ_MUL] = "*", [GJ_MIN] = "min", [GJ_MAX] = "max", [GJ_AND] = "&", [GJ_OR] = "|",
	                                           [GJ_XOR] = "^" };
	return name[op];
}

static void tell_loop(const gj_plan *p, gj_sb *out, uint32_t l)
{
	static const char *const shared[] = {
		[GJ_HOW_LANES] = "shared by the lanes of a vector",
		[GJ_HOW_SERIAL] = "a loop of each thread", [GJ_HOW_GRID] = "shared by all threads", [GJ_HOW_BLOCKS] = "shared by the blocks",
		[GJ_HOW_THREADS] = "shared by the threads of a block", [GJ_HOW_ALIKE] = "a loop of each thread, the first of which stores",
		[GJ_HOW_AROUND] = "a loop of the block, around what its threads share",
	};
	const gj_loop_fact *fact = &p->fact[l];
	gj_sb_printf(out, "line %d: %s", line_of(p->f, gj_terminator(p->f, p->f->loops.p[l].header)->loc), p->alone ? "a loop of one thread" : shared[p->how[l]]);
	for (uint32_t i = 0; i < fact->carried.n && fact->independent; i++)
		gj_sb_printf(out, "%s%s", i ? ", " : ", a reduction by ", operation(fact->carried.p[i].op));
	if (fact->independent && !can_share(p, l))
		gj_sb_printf(out, "; it has only %lld rounds", (long long)fact->rounds);
	else if (!fact->independent)
		gj_sb_printf(out, "; line %d %s", line_of(p->f, fact->loc), fact->why);
	gj_sb_puts(out, "\n");
}

static const char *tell(const gj_plan *p)
{
	gj_sb out = { 0 };
	for (uint32_t l = 1; l < p->f->loops.n; l++)
		tell_loop(p, &out, l);
	const gj_op *effect = other_effect(p->f);
	if (effect)
		gj_sb_printf(&out, "line %d has an effect whose order counts: one thread runs all\n", line_of(p->f, effect->loc));
	const char *text = gj_strdup(p->f->arena, gj_sb_str(&out));
	gj_sb_free(&out);
	return text;
}

/* Loops around those that lanes share. */
static void run_abreast(gj_plan *p, uint32_t registers)
{
	gj_fn *f = p->f;
	GJ_VEC(uint32_t) header = { 0 };
	for (uint32_t l = 1; l < f->loops.n; l++) {
		uint32_t around = p->how[l] == GJ_HOW_LANES ? f->loops.p[l].parent : 0;
		if (around && p->fact[around].independent && !p->fact[around].carried.n && p->fact[around].step == 1)
			gj_push(f->arena, &header, f->loops.p[around].header);
	}
	gj_spread_build(p);
	for (uint32_t i = 0; i < header.n; i++)
		gj_jam(f, header.p[i], p->lanes, registers);
}

const char *gj_spread(gj_fn *f, uint32_t lanes, uint32_t registers)
{
	const gj_op *knows = knows_threads(f);
	if (knows && f->entry->runner == GJ_RUN_ROUNDS)
		return "";
	if (knows)
		gj_fail(f, knows->loc, GJ_ERR_UFUNC_THREADS);
	if (!lanes || f->entry->runner == GJ_RUN_ROUNDS)
		f->facts |= GJ_FACT_NOALIAS;
	gj_simplify_first(f);
	gj_remove_dead(f);
	gj_loop_form(f);
	gj_plan p = { .f = f, .fact = gj_independent_loops(f), .how = gj_new(f->arena, uint8_t, f->loops.n) };
	if (lanes)
		decide_lanes(&p, lanes);
	else
		decide(&p);
	f->lanes = p.lanes;
	const char *text = tell(&p);
	if (lanes)
		run_abreast(&p, registers);
	else
		gj_spread_build(&p);
	return text;
}
