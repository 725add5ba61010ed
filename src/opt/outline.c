/* Loops of functions for the host become entries of their own, whose rounds the runtime gives to threads: those over prange, and others
 * whose rounds are found to be independent. Found are the outermost ones; those in them stay loops. A loop that can be left otherwise
 * than at its end, by break or return, stays one too: which rounds run hangs on the ones before. A loop that nobody has promised to be
 * independent stays beside its entry as it is: for few rounds, and for arrays that turn out to meet. */
#include "opt/prange.h"

#include <string.h>

enum {
	FEW = 16,                                  /* rounds that are not worth being shared out */
	/* … when the code runs: of loops in each other together, of those that LLVM makes vectors of as they are, with math functions in others */
	NESTED = 4096, PLAIN = 1024, USUAL = 256, COSTLY = 64,
	UNKNOWN = 16,                              /* … around loops whose rounds are not known before */
	MOST_PAIRS = 32                            /* of arrays that may meet */
};

/* -- Is it one? ----------------------------------------------------------------------------------------------------------- */

/* The mark in loop l of the position that its header counts; 0: it is another loop. */
static gj_ref mark_of(const gj_fn *f, uint32_t l)
{
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r), *at = o->op == GJ_ROUND ? gj_o(f, o->arg[0]) : NULL;
		if (at && at->op == GJ_PHI && at->block == f->loops.p[l].header && f->bb.p[b].loop == l)
			return r;
	}
	return 0;
}

/* From block b on all ways end in a raise, or at one handler around the loop, without a loop: they belong to the round. Marks their blocks. */
static bool only_raises(gj_prange *p, uint32_t b, bool *way, int depth)
{
	const gj_fn *f = p->f;
	const gj_bb *bb = &f->bb.p[b];
	gj_opcode end = (gj_opcode)gj_terminator(f, b)->op;
	if (p->inside[b] || way[b])
		return true;
	if (gj_is_handler(p, b)) {
		bool other = p->handler && p->handler != b;
		p->handler = b;
		return !other;
	}
	if (b == p->header || b == p->exit || depth > 64 || end == GJ_RETURN)
		return false;
	way[b] = true;
	for (uint32_t i = 0; i < bb->nsucc; i++)
		if (!only_raises(p, bb->succ[i], way, depth + 1))
			return false;
	return true;
}

/* Finds the blocks of a round; false: the loop can be left from inside. */
static bool find_inside(gj_prange *p)
{
	gj_fn *f = p->f;
	bool *way = gj_new(f->arena, bool, f->bb.n);
	p->inside = gj_new(f->arena, bool, f->bb.n);
	p->blocks = f->bb.n;
	GJ_EACH_BLOCK(f, b)
		p->inside[b] = b != p->header && gj_loop_contains(f, p->loop, f->bb.p[b].loop);
	GJ_EACH_BLOCK(f, b)
		for (uint32_t i = 0; i < f->bb.p[b].nsucc && p->inside[b] && !way[b]; i++)
			if (f->bb.p[b].succ[i] != p->header && !only_raises(p, f->bb.p[b].succ[i], way, 0))
				return false;
	GJ_EACH_BLOCK(f, b)
		p->inside[b] |= way[b];
	p->raises = way;
	GJ_EACH_BLOCK(f, b)
		for (uint32_t k = 0; k < f->bb.p[b].preds.n && p->inside[b]; k++)
			if (f->bb.p[b].preds.p[k] != p->header && !p->inside[f->bb.p[b].preds.p[k]])
				return false;
	return true;
}

/* Do they catch exceptions, or call what tells of some? One that no handler in the round takes leaves the chunk (THROW), whose rounds run
 * in their order. Where they only raise, others may go on beside the round that does. */
static void find_catches(gj_prange *p)
{
	bool calls = false;
	GJ_EACH_OP(p->f, b, r) {
		gj_opcode op = (gj_opcode)gj_o(p->f, r)->op;
		if (!p->inside[b])
			continue;
		p->catches |= op == GJ_TAKE || op == GJ_AGAIN;
		p->tells |= op == GJ_TELL || op == GJ_THROW;
		calls |= op == GJ_FCALL;
	}
	p->catches |= p->tells && calls;
	p->tells &= !p->catches;
}

/* Can rounds run elsewhere? Local memory of the function is not there, and loops in loops are counted here. */
static bool can_move(gj_prange *p)
{
	const gj_fn *f = p->f;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (!p->inside[b])
			continue;
		p->nops++;
		p->heavy |= f->bb.p[b].loop != p->loop && f->bb.p[b].loop != 0;
		p->heavy |= o->op == GJ_FCALL || o->op == GJ_ALLOC;
		p->owns |= o->op == GJ_ALLOC || o->op == GJ_RETAIN || o->op == GJ_RELEASE;
		for (uint32_t k = 0; k < o->nargs; k++) {
			const gj_op *a = gj_o(f, o->arg[k]);
			if (a->op == GJ_LOCALMEM && !p->inside[a->block])
				return false;
		}
	}
	return true;
}

static gj_ref step_of(const gj_prange *p)
{
	gj_ref next = gj_carry_out(p, p->position);
	const gj_op *o = gj_o(p->f, next);
	for (int i = 0; o->op == GJ_PHI && i < 4; i++)
		o = gj_o(p->f, o->arg[0]);
	return o->op == GJ_ADD && o->arg[0] == p->position ? o->arg[1] : o->op == GJ_ADD && o->arg[1] == p->position ? o->arg[0] : 0;
}

/* One block that leads to the header from before the loop, and one from its rounds. */
static void form(gj_fn *f, uint32_t header)
{
	for (int back = 0; back < 2; back++) {
		const gj_bb *bb = &f->bb.p[header];
		bool *take = gj_new(f->arena, bool, bb->preds.n);
		for (uint32_t k = 0; k < bb->preds.n; k++)
			take[k] = gj_dominates(f, header, bb->preds.p[k]) == back;
		gj_split_edges(f, header, take);
		gj_cfg(f);
	}
}

/* The loop's end leads to a block that nothing else leads to: behind it, it has come to its end. */
static void form_exit(gj_prange *p)
{
	gj_fn *f = p->f;
	const gj_bb *bb = &f->bb.p[p->exit];
	bool *take = gj_new(f->arena, bool, bb->preds.n);
	if (bb->preds.n == 1)
		return;
	take[gj_pred_index(f, p->exit, p->header)] = true;
	p->exit = gj_split_edges(f, p->exit, take);
	gj_cfg(f);
	p->loop = f->bb.p[p->header].loop;
}

/* Describes loop l; `mark`: its ROUND. NULL, or why its rounds cannot run side by side. */
static const char *describe(gj_prange *p, gj_fn *f, uint32_t l, gj_ref mark)
{
	uint32_t header = f->loops.p[l].header;
	gj_split_handlers(f, gj_o(f, mark)->imm.i);
	form(f, header);
	*p = (gj_prange){ .f = f, .header = header, .nesting = gj_o(f, mark)->imm.i, .loc = gj_o(f, mark)->loc, .loop = f->bb.p[header].loop, .promised = !gj_o(f, mark)->sub,
		.position = gj_o(f, mark)->arg[0], .length = gj_o(f, mark)->arg[1] };
	const gj_bb *bb = &f->bb.p[header];
	if (bb->nsucc != 2 || bb->preds.n != 2)
		return "one round after the other: a loop of an unknown form";
	bool first = gj_loop_contains(f, p->loop, f->bb.p[bb->succ[0]].loop);
	p->body = bb->succ[!first];
	p->exit = bb->succ[first];
	for (int k = 0; k < 2; k++)
		*(gj_dominates(f, header, bb->preds.p[k]) ? &p->latch : &p->before) = bb->preds.p[k];
	p->start = gj_carry_in(p, p->position);
	p->step = step_of(p);
	if (!p->step || gj_loop_contains(f, p->loop, f->bb.p[p->exit].loop))
		return "one round after the other: a loop of an unknown form";
	form_exit(p);
	if (!find_inside(p))
		return "one round after the other: break or return leaves the loop";
	if (!gj_can_hoist(p, p->length))
		return "one round after the other: how many there are is not known before the loop";
	find_catches(p);
	const char *why = p->handler ? gj_find_handled(p) : NULL;
	if (why)
		return why;
	if (p->catches && !p->promised)
		return "one round after the other: exceptions are caught in the loop";
	return can_move(p) ? NULL : "one round after the other: local arrays from outside the loop are used in it";
}

static int line_of(const gj_fn *f, uint32_t loc)
{
	const gj_loc *l = &f->loc.p[loc];
	return l->pos.line >= 0 ? (int)l->pos.line : l->code ? l->code->firstline : 0;
}

static bool has_prange(const gj_prange *p)
{
	GJ_EACH_OP(p->f, b, r)
		if (p->inside[b] && gj_o(p->f, r)->op == GJ_ROUND && !gj_o(p->f, r)->sub)
			return true;
	return false;
}

/* An array expression reads element 0 in all rounds where an operand has only one. That is rare, and lanes would have to gather: rounds
 * that are shared out take it for granted that it is not so. */
static void find_along(gj_prange *p)
{
	gj_fn *f = p->f;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (p->inside[b] && o->op == GJ_SELECT && o->arg[2] == p->position && gj_is_const(f, o->arg[1]) && !gj_o(f, o->arg[1])->imm.i
		    && gj_can_hoist(p, o->arg[0]))
			gj_push(f->arena, &p->along, r);
	}
}

/* Is a loop that nobody has promised to be independent worth being shared out, and proven to be? NULL, or why not. */
static const char *prove(gj_prange *p)
{
	gj_fn *f = p->f;
	const gj_op *n = gj_o(f, p->length);
	uint32_t loc;
	if (has_prange(p))
		return "one round after the other: a loop over prange is in it";
	if (n->op == GJ_CONST && n->imm.i <= FEW)
		return gj_printf(f->arena, "one round after the other: it has only %lld rounds", (long long)n->imm.i);
	const char *why = gj_rounds_apart(f, p->loop, p->position, &p->apart, &loc);
	if (!why && p->apart.n > MOST_PAIRS) {
		why = "meets too many arrays";
		loc = p->loc;
	}
	if (!why)
		find_along(p);
	return why ? gj_printf(f->arena, "one round after the other: line %d %s", line_of(f, loc), why) : NULL;
}

/* -- In its place ---------------------------------------------------------------------------------------------------------- */

static gj_ref cell_of(gj_prange *p, const gj_carried *c)
{
	gj_ref r = gj_emit(p->f, p->before, GJ_LOCALMEM, gj_ptr_type(gj_o(p->f, c->phi)->type, GJ_GENERIC), 0, 0, NULL);
	gj_o(p->f, r)->imm.i = c->how == GJ_CARRY_LAST ? 1 : GJ_MAX_CHUNKS;
	return r;
}

/* The value behind the loop: x, joined with what each of n chunks left; goes on in block *b. */
static gj_ref join_chunks(gj_prange *p, uint32_t *b, const gj_carried *c, gj_ref n)
{
	gj_fn *f = p->f;
	const gj_type *t = gj_o(f, c->phi)->type;
	uint32_t body = gj_block_new(f);
	gj_counted loop = gj_count_loop(f, *b, gj_scalar[GJ_I64]);
	gj_ref start = gj_carry_in(p, c->phi), x = gj_emit(f, loop.head, GJ_PHI, t, 0, 2, (gj_ref[]){ start, start });
	gj_ref at = gj_emit(f, body, GJ_ELEM, gj_o(f, c->cell)->type, 0, 2, (gj_ref[]){ c->cell, loop.i });
	gj_o(f, x)->arg[1] = gj_carry_join(f, body, c, x, gj_emit(f, body, GJ_LOAD, t, 0, 1, &at));
	gj_count_rounds(f, &loop, n, body, body);
	*b = loop.done;
	return x;
}

/* The last round's value, or the one from before where there was none. */
static gj_ref last_value(gj_prange *p, uint32_t b, const gj_carried *c)
{
	gj_fn *f = p->f;
	const gj_type *t = gj_o(f, c->phi)->type;
	gj_ref some = gj_emit(f, b, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ p->length, gj_int(f, b, gj_scalar[GJ_I64], 0) });
	gj_o(f, some)->sub = GJ_CMP_GT;
	return gj_emit(f, b, GJ_SELECT, t, 0, 3, (gj_ref[]){ some, gj_emit(f, b, GJ_LOAD, t, 0, 1, &c->cell), gj_carry_in(p, c->phi) });
}

/* Owners of arrays that are the last round's behind the loop: nobody's before it. Where there are rounds, the function lets go of the array from
 * before, and where they fail of the last round's too. */
static void clear_left(gj_prange *p)
{
	for (uint32_t i = 0; i < p->carried.n; i++)
		if (p->carried.p[i].owner)
			gj_emit(p->f, p->before, GJ_STORE, NULL, 0, 2, (gj_ref[]){ p->carried.p[i].cell, gj_int(p->f, p->before, gj_scalar[GJ_I64], 0) });
}

static void let_go_before(gj_prange *p, uint32_t b, const gj_carried *c)
{
	gj_fn *f = p->f;
	const gj_type *i64 = gj_scalar[GJ_I64];
	gj_ref some = gj_emit(f, b, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ p->length, gj_int(f, b, i64, 0) });
	gj_o(f, some)->sub = GJ_CMP_GT;
	gj_ref held = gj_emit(f, b, GJ_SELECT, i64, 0, 3, (gj_ref[]){ some, gj_carry_in(p, c->phi), gj_int(f, b, i64, 0) });
	gj_emit(f, b, GJ_RELEASE, NULL, 0, 1, &held);
}

/* start + length × step */
static gj_ref end_of(gj_prange *p, uint32_t b, gj_ref start, gj_ref step)
{
	gj_fn *f = p->f;
	const gj_type *t = gj_o(f, start)->type;
	gj_ref n = p->length;
	if (t != gj_o(f, n)->type)
		n = gj_emit(f, b, GJ_CVT, t, 0, 1, &n);
	n = gj_emit(f, b, GJ_MUL, t, 0, 2, (gj_ref[]){ n, step });
	return gj_emit(f, b, GJ_ADD, t, 0, 2, (gj_ref[]){ n, start });
}

static void replace_outside(gj_prange *p, const gj_ref *to, uint32_t known)
{
	gj_fn *f = p->f;
	GJ_ALL_BLOCKS(f, b)
		GJ_EACH_OP_OF(f, b, r)
			for (uint32_t k = 0; k < gj_o(f, r)->nargs && b != p->header; k++) {
				gj_ref *a = &gj_o(f, r)->arg[k];
				if (*a < known && to[*a] && !p->inside[b])
					*a = to[*a];
			}
}

/* Copies of the header's values in block b, as they are when the loop has ended; phis are in to[] already. */
static void copy_header(gj_prange *p, uint32_t b, gj_ref *to, uint32_t known)
{
	gj_fn *f = p->f;
	GJ_EACH_OP_OF(f, p->header, r) {
		const gj_op *o = gj_o(f, r);
		if (o->op == GJ_PHI || gj_op_is(o, GJ_F_TERM))
			continue;
		gj_ref *a = gj_new(f->arena, gj_ref, o->nargs + 1);
		for (uint32_t k = 0; k < o->nargs; k++)
			a[k] = o->arg[k] < known && to[o->arg[k]] ? to[o->arg[k]] : o->arg[k];
		to[r] = gj_emit(f, b, (gj_opcode)o->op, o->type, o->loc, o->nargs, a);
		gj_op *copy = gj_o(f, to[r]);
		o = gj_o(f, r);
		copy->sub = o->sub;
		copy->imm = o->imm;
		copy->flags = o->flags & ~(GJ_NONNEG | GJ_NSW | GJ_NUW);
	}
}

/* ROUNDS of the entry with this number and what follows from it, from block b on; to[]: what the header's values are behind the loop. Returns the block that goes on. */
static uint32_t call_rounds(gj_prange *p, uint32_t b, gj_ref index, gj_ref *to, uint32_t known)
{
	gj_fn *f = p->f;
	gj_ref *arg = gj_new(f->arena, gj_ref, p->leaf.n + 3);
	clear_left(p);
	arg[0] = p->length;
	arg[1] = p->added.n ? p->chunks : gj_int(f, b, gj_scalar[GJ_I64], 0);
	arg[2] = index;
	memcpy(arg + 3, p->leaf.p, p->leaf.n * sizeof *arg);
	gj_ref n = gj_emit(f, b, GJ_ROUNDS, gj_scalar[GJ_I64], p->loc, p->leaf.n + 3, arg);
	gj_o(f, n)->sub = p->handler != 0;
	b = p->handler ? gj_go_to_handler(p, b, n) : b;
	for (uint32_t i = 0; i < p->carried.n; i++) {
		const gj_carried *c = &p->carried.p[i];
		to[c->phi] = c->how == GJ_CARRY_REDUCED ? join_chunks(p, &b, c, n) : c->how == GJ_CARRY_LAST ? last_value(p, b, c)
			: c->how == GJ_CARRY_COUNTED ? end_of(p, b, gj_carry_in(p, c->phi), c->by) : gj_carry_in(p, c->phi);
		if (c->owner)
			let_go_before(p, b, c);
	}
	b = gj_join_added(p, b, n);
	to[p->position] = end_of(p, b, p->start, p->step);
	copy_header(p, b, to, known);
	gj_emit(f, b, GJ_JUMP, NULL, p->loc, 0, NULL);
	return b;
}

static void put_call(gj_prange *p, gj_ref index)
{
	gj_fn *f = p->f;
	uint32_t known = f->op.n;
	gj_ref *to = gj_new(f->arena, gj_ref, known);
	uint32_t b = call_rounds(p, p->before, index, to, known);
	bool *inside = gj_new(f->arena, bool, f->bb.n + 1);
	memcpy(inside, p->inside, p->blocks * sizeof *inside);
	p->inside = inside;
	replace_outside(p, to, known);
	f->bb.p[b].nsucc = 1;
	f->bb.p[b].succ[0] = p->exit;
	gj_rename_pred(f, p->exit, p->header, b);
}

/* How many rounds the loop must have, with those of loops in it, for threads or lanes to be worth the call (measured: 0.15 µs). */
static int64_t least_rounds(const gj_prange *p)
{
	bool plain = true, costly = false;
	for (uint32_t i = 0; i < p->carried.n; i++)
		plain &= p->carried.p[i].how != GJ_CARRY_REDUCED;
	GJ_EACH_OP(p->f, b, r) {
		const gj_op *o = gj_o(p->f, r);
		costly |= p->inside[b] && (o->op == GJ_MATH || o->op == GJ_POW || o->op == GJ_FCALL || o->op == GJ_ALLOC);
		plain &= !p->inside[b] || o->op != GJ_BRANCH;
	}
	return costly && (p->heavy || !plain) ? COSTLY : p->heavy ? NESTED : plain ? PLAIN : USUAL;
}

/* Rounds of the loop and, one in the other, of those in it: *n. false: they are not known before, and *n is some of them. */
static bool all_rounds(gj_prange *p, gj_ref *n)
{
	gj_fn *f = p->f;
	uint32_t depth = f->loops.p[p->loop].depth + 1;
	*n = p->length;
	for (bool found = true; found; depth++) {
		found = false;
		GJ_EACH_OP(f, b, r) {
			const gj_op *o = gj_o(f, r);
			if (found || b >= p->blocks || !p->inside[b] || o->op != GJ_ROUND || f->loops.p[f->bb.p[b].loop].depth != depth)
				continue;
			found = true;
			if (!gj_can_hoist(p, o->arg[1]))
				return false;
			gj_ref inner = gj_hoist(p, o->arg[1]);
			*n = gj_emit(f, p->before, GJ_MUL, gj_scalar[GJ_I64], 0, 2, (gj_ref[]){ *n, inner });
		}
	}
	return true;
}

static gj_ref enough_rounds(gj_prange *p)
{
	gj_ref n, more = gj_at_least(p, p->length, 2);
	bool known = all_rounds(p, &n);
	return gj_emit(p->f, p->before, GJ_AND, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ more, gj_at_least(p, n, known ? least_rounds(p) : UNKNOWN) });
}

/* Are there rounds enough, and do the arrays lie apart? */
static gj_ref worth_it(gj_prange *p)
{
	gj_fn *f = p->f;
	uint32_t b = p->before;
	gj_ref yes = enough_rounds(p);
	for (uint32_t i = 0; i < p->along.n; i++) {
		gj_ref single = gj_hoist(p, gj_o(f, p->along.p[i])->arg[0]);
		gj_ref along = gj_emit(f, b, GJ_NOT, gj_scalar[GJ_BOOL], 0, 1, &single);
		yes = gj_emit(f, b, GJ_AND, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ yes, along });
	}
	for (uint32_t i = 0; i < p->apart.n; i++) {
		gj_ref x = p->apart.p[i].p, y = p->apart.p[i].q, apart = x == y ? gj_elements_apart(f, b, x) : gj_lie_apart(f, b, x, y);
		yes = gj_emit(f, b, GJ_AND, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ yes, apart });
	}
	return yes;
}

/* Beside the loop, which stays: whichever runs, what follows has its values. */
static void put_call_beside(gj_prange *p, gj_ref index)
{
	gj_fn *f = p->f;
	bool *take = gj_new(f->arena, bool, f->bb.p[p->exit].preds.n), *inside;
	take[gj_pred_index(f, p->exit, p->header)] = true;
	uint32_t meet = gj_split_edges(f, p->exit, take), fast = gj_block_new(f), slow = gj_block_new(f), known = f->op.n;
	gj_ref *to = gj_new(f->arena, gj_ref, known), cond = worth_it(p);
	gj_emit(f, p->before, GJ_BRANCH, NULL, p->loc, 1, &cond);
	gj_link(f, p->before, fast);
	gj_link(f, p->before, slow);
	gj_emit(f, slow, GJ_JUMP, NULL, p->loc, 0, NULL);
	f->bb.p[slow].succ[f->bb.p[slow].nsucc++] = p->header;
	gj_rename_pred(f, p->header, p->before, slow);
	p->before = slow;
	uint32_t b = call_rounds(p, fast, index, to, known), phis = 0;
	gj_ref *both = gj_new(f->arena, gj_ref, known);
	gj_bb *bb = &f->bb.p[meet];
	GJ_EACH_OP_OF(f, p->header, r)
		if (to[r] && gj_o(f, r)->type) {
			both[r] = gj_op_new(f, meet, GJ_PHI, gj_o(f, r)->type, 0, 2, (gj_ref[]){ to[r], to[r] });
			gj_push(f->arena, &bb->ops, 0);
			memmove(bb->ops.p + phis + 1, bb->ops.p + phis, (bb->ops.n - 1 - phis) * sizeof *bb->ops.p);
			bb->ops.p[phis++] = both[r];
		}
	inside = gj_new(f->arena, bool, f->bb.n + 1);
	memcpy(inside, p->inside, p->blocks * sizeof *inside);
	p->inside = inside;
	replace_outside(p, both, known);
	gj_link(f, b, meet);
	for (gj_ref r = 1; r < known; r++)
		if (both[r])
			gj_o(f, both[r])->arg[gj_pred_index(f, meet, p->header)] = r;
}

/* Takes the loop's own terminator off the block before it. */
static void open_before(gj_prange *p)
{
	gj_bb *bb = &p->f->bb.p[p->before];
	bb->ops.n--;
	bb->nsucc = 0;
}

static void note(gj_fn *f, uint32_t loc, const char *text) { gj_push(f->arena, &f->notes, ((gj_note){ loc, false, text })); }

/* Once for each line. */
static void note_inner_loop(gj_fn *f, uint32_t loc, const char *text)
{
	for (uint32_t i = 0; i < f->notes.n; i++)
		if (line_of(f, f->notes.p[i].loc) == line_of(f, loc) && f->loc.p[f->notes.p[i].loc].code == f->loc.p[loc].code)
			return;
	note(f, loc, text);
}

/* Loops in the loop. */
static void note_inner(const gj_prange *p, const gj_rounds *last)
{
	GJ_EACH_OP(p->f, b, r) {
		const gj_op *o = gj_o(p->f, r);
		if (p->inside[b] && o->op == GJ_ROUND && o->arg[0] != p->position && line_of(p->f, o->loc) != line_of(p->f, p->loc))
			note_inner_loop(p->f, o->loc, last->rows && gj_shares_inner(last->wide, p->f, o) ?
				"lanes of vectors, where it is long enough and arrays lie apart, else one round after the other" : p->promised ? "one round after the other: it is in a loop over prange"
				: "one round after the other: the loop around it is shared out");
	}
}

/* The number of the entry to run, among whose rounds `made` is the last. */
static gj_ref share_inner(gj_prange *p, const gj_sharing *sharing, const gj_rounds *made)
{
	gj_fn *f = p->f;
	uint32_t index = f->rounds.n - 1;
	const gj_type *i32 = gj_scalar[GJ_I32];
	gj_ref enough, number = gj_int(f, p->before, i32, index);
	gj_rounds rows = *made;
	rows.wide = made->scalar ? NULL : gj_share_inner(p, sharing, gj_printf(f->arena, "%s_rows", made->single->name), &enough);
	if (!rows.wide)
		return number;
	rows.rows = true;
	gj_push(f->arena, &f->rounds, rows);
	return gj_emit(f, p->before, GJ_SELECT, i32, 0, 3, (gj_ref[]){ enough, gj_int(f, p->before, i32, index + 1), number });
}

/* false: it cannot be, *why. */
static bool outline(gj_prange *p, const gj_sharing *sharing, const char **why)
{
	gj_fn *f = p->f;
	uint32_t index = f->rounds.n;
	gj_rounds made = { .loc = p->loc, .heavy = p->heavy, .promised = p->promised };
	gj_carried_wrong wrong;
	if (!gj_find_carried(p, &wrong)) {
		if (p->promised)
			gj_fail(f, wrong.loc, GJ_ERR_PRANGE_CARRIED, wrong.name);
		*why = gj_printf(f->arena, "one round after the other: line %d makes %s, which the next round needs", line_of(f, wrong.loc), wrong.name);
		return false;
	}
	open_before(p);
	p->length = gj_hoist(p, p->length);
	if (p->added.n) {
		gj_ref work;
		bool known = all_rounds(p, &work);
		gj_copy_added(p, known, work);
	}
	for (uint32_t i = 0; i < p->carried.n; i++) {
		gj_carried *c = &p->carried.p[i];
		if (c->how == GJ_CARRY_LAST || c->how == GJ_CARRY_REDUCED)
			c->cell = cell_of(p, c);
		made.chunked |= c->how == GJ_CARRY_REDUCED;
	}
	made.single = gj_rounds_make(p, 1, gj_printf(f->arena, "%s_rounds%u", f->name, index));
	made.wide = gj_rounds_make(p, 32, made.single->name);
	for (uint32_t i = 0; i < p->added.n; i++)
		for (uint32_t k = 0; k < p->leaf.n; k++)
			if (p->leaf.p[k] == p->added.p[i].copies)
				gj_push(f->arena, &made.own, GJ_LEAF_FIRST + k);
	made.scalar = p->added.n ? "threads, without lanes: rounds add to elements of an array, of which each chunk has a copy" : f->callee.n ? "threads, without lanes: functions that call themselves" : p->catches ? "threads, without lanes: exceptions are caught in the loop" : p->owns ? "threads, without lanes: arrays are made in the loop" : NULL;
	gj_push(f->arena, &f->rounds, made);
	gj_ref number = share_inner(p, sharing, &made);
	note_inner(p, &f->rounds.p[f->rounds.n - 1]);
	if (p->promised)
		put_call(p, number);
	else
		put_call_beside(p, number);
	gj_cfg(f);
	return true;
}

/* -- All ------------------------------------------------------------------------------------------------------------------- */

/* Nobody asks for marks and indices any more. */
static void drop_marks(gj_fn *f)
{
	GJ_EACH_OP(f, b, r) {
		gj_op *o = gj_o(f, r);
		for (uint32_t k = 0; k < o->nargs; k++)
			while (gj_o(f, o->arg[k])->op == GJ_AT)
				o->arg[k] = gj_o(f, o->arg[k])->arg[gj_o(f, o->arg[k])->nargs - 1];
	}
	GJ_EACH_BLOCK(f, b) {
		gj_bb *bb = &f->bb.p[b];
		uint32_t n = 0;
		for (uint32_t i = 0; i < bb->ops.n; i++)
			if (gj_o(f, bb->ops.p[i])->op != GJ_ROUND && gj_o(f, bb->ops.p[i])->op != GJ_AT)
				bb->ops.p[n++] = bb->ops.p[i];
		bb->ops.n = n;
	}
	for (uint32_t i = 0; i < f->rounds.n; i++) {
		drop_marks(f->rounds.p[i].single);
		drop_marks(f->rounds.p[i].wide);
	}
}

/* The next loop to look at: an outermost one with a mark that is not among the n that stay. */
static gj_ref next_mark(const gj_fn *f, const gj_ref *stays, uint32_t n, uint32_t *loop)
{
	gj_ref best = 0;
	for (uint32_t l = 1; l < f->loops.n; l++) {
		gj_ref mark = mark_of(f, l);
		bool known = false;
		for (uint32_t i = 0; i < n; i++)
			known |= stays[i] == mark;
		if (mark && !known && (!best || f->loops.p[l].depth < f->loops.p[*loop].depth)) {
			best = mark;
			*loop = l;
		}
	}
	return best;
}

typedef GJ_VEC(gj_ref) marks;

/* The loop of this mark stays, and those in it, if it is outlined too. */
static void stay(gj_prange *p, marks *stays, gj_ref mark, bool all)
{
	gj_push(p->f->arena, stays, mark);
	GJ_EACH_OP(p->f, b, r)
		if (all && b < p->blocks && p->inside[b] && gj_o(p->f, r)->op == GJ_ROUND)
			gj_push(p->f->arena, stays, r);
}

/* Before any loop is outlined: what a loop leaves behind may be what no round of a later one reads. */
static void make_own(gj_fn *f)
{
	marks stays = { 0 };
	uint32_t loop = 0;
	gj_prange p;
	for (gj_ref mark; (mark = next_mark(f, stays.p, stays.n, &loop));) {
		bool runs = !describe(&p, f, loop, mark) && p.promised && !gj_find_added(&p);
		if (runs)
			gj_make_own(&p);
		stay(&p, &stays, mark, runs);
	}
}

void gj_outline(gj_fn *f, const gj_sharing *sharing)
{
	marks stays = { 0 };
	uint32_t loop = 0;
	gj_prange p;
	gj_simplify_first(f);
	gj_remove_dead(f);
	make_own(f);
	for (gj_ref mark; (mark = next_mark(f, stays.p, stays.n, &loop));) {
		const char *why = describe(&p, f, loop, mark);
		if (!why)
			why = p.promised ? gj_find_added(&p) : prove(&p);
		if (!why && outline(&p, sharing, &why)) {
			stay(&p, &stays, mark, true);
			continue;
		}
		note_inner_loop(f, gj_o(f, mark)->loc, why);
		stay(&p, &stays, mark, false);
	}
	drop_marks(f);
	for (uint32_t i = 0; i < f->callee.n; i++)
		drop_marks(f->callee.p[i]);
}
