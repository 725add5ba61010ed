/* Who holds memory that is counted, and how long. Values that are fresh hold it: what makes an array, what a call gives, and phis.
 * What is made of them (views, tuples, iterators) has its memory from the values that it comes from, its roots, which
 * live as long as it does. So counts change where phis take values in, where functions return, and where a root is
 * used the last time; never for a view. What raises needs nothing: the runtime frees what a call that failed has made. */
#include "lower/lower.h"
#include "ir/walk.h"

#include <string.h>

typedef uint64_t word;

struct gj_holders {
	const gj_inst *s;
	uint32_t n, words;                         /* fresh values; words of a set of them */
	gj_ref *fresh;                             /* by number */
	uint32_t *number;                          /* by ref; UINT32_MAX: not fresh */
	word **roots;                              /* by ref; NULL: none */
	bool *address;                             /* by ref: it is an address of memory, or reckoned from one */
	word **in;                                 /* by block: roots that live where it begins, its phis not among them */
	word **end;                                /* … and before its terminator's edges */
	word **dies;                               /* by ref: roots whose last use it is; NULL: none */
};

static void add(word *to, const word *from, uint32_t words)
{
	for (uint32_t i = 0; from && i < words; i++)
		to[i] |= from[i];
}

static bool has(const word *set, uint32_t i) { return set[i / 64] >> i % 64 & 1; }
static void put(word *set, uint32_t i, bool on) { set[i / 64] = on ? set[i / 64] | (word)1 << i % 64 : set[i / 64] & ~((word)1 << i % 64); }

static word *set_of(const gj_holders *h) { return gj_new(h->s->fn->arena, word, h->words + 1); }

/* -- Roots ------------------------------------------------------------------------------------------------------------------ */

static bool has_memory(const gj_type *t) { return t && !gj_is_scalar(t) && t != gj_t_none; }

/* a.ctypes.data, or an integer that is computed from it. */
static bool is_address(const gj_holders *h, const gj_op *o)
{
	const gj_op *of = o->nargs ? gj_o(h->s->fn, o->arg[0]) : NULL;
	if (!o->type || !gj_is_int(o->type))
		return false;
	if (o->op == GJ_ATTR && of->op == GJ_ATTR && !strcmp(of->imm.name, "ctypes"))
		return true;
	for (uint32_t i = 0; i < o->nargs && o->op != GJ_PHI; i++)
		if (h->address[o->arg[i]])
			return true;
	return false;
}

static void find_roots(gj_holders *h, gj_ref r)
{
	const gj_op *o = gj_o(h->s->fn, r);
	h->address[r] = is_address(h, o);
	if (h->number[r] != UINT32_MAX) {
		h->roots[r] = set_of(h);
		put(h->roots[r], h->number[r], true);
		return;
	}
	for (uint32_t i = 0; i < o->nargs && o->op != GJ_PHI && (has_memory(o->type) || h->address[r]); i++) {
		if (!h->roots[o->arg[i]])
			continue;
		h->roots[r] = h->roots[r] ? h->roots[r] : set_of(h);
		add(h->roots[r], h->roots[o->arg[i]], h->words);
	}
}

/* -- How long they live ------------------------------------------------------------------------------------------------------ */

static bool taken(const gj_inst *s, uint32_t b, uint32_t i) { return s->edge[2 * b + i]; }

/* Roots that live on the edge from block b as successor i. */
static void live_on(const gj_holders *h, uint32_t b, uint32_t i, word *out)
{
	const gj_fn *f = h->s->fn;
	uint32_t to = f->bb.p[b].succ[i], k = gj_edge_index(f, b, i);
	add(out, h->in[to], h->words);
	GJ_EACH_PHI(f, to, r)
		add(out, h->roots[gj_o(f, r)->arg[k]], h->words);
}

/* Roots that live at the end of block b, for what comes behind it. */
static void live_out(const gj_holders *h, uint32_t b, word *out)
{
	for (uint32_t i = 0; i < h->s->fn->bb.p[b].nsucc; i++)
		if (taken(h->s, b, i))
			live_on(h, b, i, out);
}

/* What op r uses itself, and makes. */
static void used_by(const gj_holders *h, gj_ref r, word *used)
{
	const gj_op *o = gj_o(h->s->fn, r);
	for (uint32_t i = 0; i < o->nargs && o->op != GJ_PHI; i++)
		add(used, h->roots[o->arg[i]], h->words);
	if (h->number[r] != UINT32_MAX)
		put(used, h->number[r], true);
}

/* Back through block b; `note`: what dies at each op. */
static bool through(gj_holders *h, uint32_t b, bool note)
{
	const gj_fn *f = h->s->fn;
	const gj_bb *bb = &f->bb.p[b];
	word *live = set_of(h);
	live_out(h, b, live);
	add(h->end[b], live, h->words);
	for (uint32_t at = bb->ops.n; at-- > 0;) {
		gj_ref r = bb->ops.p[at];
		word *used = set_of(h);
		used_by(h, r, used);
		for (uint32_t k = 0; note && k < h->n; k++)
			if (has(used, k) && !has(live, k)) {
				h->dies[r] = h->dies[r] ? h->dies[r] : set_of(h);
				put(h->dies[r], k, true);
			}
		add(live, used, h->words);
		if (h->number[r] != UINT32_MAX)
			put(live, h->number[r], false);
	}
	bool more = false;
	for (uint32_t k = 0; k < h->words; k++)
		more |= (live[k] & ~h->in[b][k]) != 0;
	add(h->in[b], live, h->words);
	return more;
}

gj_holders *gj_find_holders(gj_body *B)
{
	const gj_inst *s = B->s;
	const gj_fn *f = s->fn;
	gj_holders *h = gj_new(f->arena, gj_holders, 1);
	*h = (gj_holders){ .s = s, .fresh = gj_new(f->arena, gj_ref, f->op.n), .number = gj_new(f->arena, uint32_t, f->op.n),
		.roots = gj_new(f->arena, word *, f->op.n), .address = gj_new(f->arena, bool, f->op.n), .dies = gj_new(f->arena, word *, f->op.n), .in = gj_new(f->arena, word *, f->bb.n),
		.end = gj_new(f->arena, word *, f->bb.n) };
	for (gj_ref r = 0; r < f->op.n; r++)
		h->number[r] = UINT32_MAX;
	GJ_EACH_OP(f, b, r)
		if (s->live[b] && gj_is_fresh(s, r)) {
			h->number[r] = h->n;
			h->fresh[h->n++] = r;
		}
	if (!h->n)
		return NULL;
	h->words = (h->n + 63) / 64;
	GJ_EACH_BLOCK(f, b) {
		h->in[b] = set_of(h);
		h->end[b] = set_of(h);
	}
	GJ_EACH_OP(f, b, r)
		if (s->live[b])
			find_roots(h, r);
	for (bool more = true; more;) {
		more = false;
		for (uint32_t k = f->rpo.n; k-- > 0;)
			if (s->live[f->rpo.p[k]])
				more |= through(h, f->rpo.p[k], false);
	}
	GJ_EACH_BLOCK(f, b)
		if (s->live[b])
			through(h, b, true);
	return h;
}

/* -- Counting ----------------------------------------------------------------------------------------------------------------- */

/* The owners among the parts of a value. */
static void count(gj_lower *L, gj_opcode op, gj_lv v)
{
	for (uint32_t i = 0, n = gj_has_owner(v.type) ? gj_parts(v.type) : 0; i < n; i++)
		if (gj_part_of(v.type, i).field == GJ_FIELD_OWNER)
			gj_e1(L, op, NULL, v.part[i]);
}

void gj_lretain(gj_lower *L, gj_lv v) { count(L, GJ_RETAIN, v); }

static void release(gj_body *B, const word *set)
{
	for (uint32_t k = 0; set && k < B->holders->n; k++)
		if (has(set, k))
			count(B->L, GJ_RELEASE, B->val[B->holders->fresh[k]]);
}

void gj_lrelease_behind(gj_body *B, gj_ref r)
{
	if (B->holders)
		release(B, B->holders->dies[r]);
}

static bool is_empty(const gj_holders *h, const word *set)
{
	for (uint32_t k = 0; k < h->words; k++)
		if (set[k])
			return false;
	return true;
}

/* Roots that end on the edge. On one to a handler nothing lives but what it wants: the others ended where they were raised past. */
static const word *ending(const gj_body *B, uint32_t b, uint32_t i)
{
	gj_holders *h = B->holders;
	word *set = set_of(h);
	const word *in = h->in[B->s->fn->bb.p[b].succ[i]];
	if (gj_caught_edge(B->s->fn, b) == (int)i)
		live_on(h, b, i, set);
	else
		add(set, h->end[b], h->words);
	for (uint32_t k = 0; k < h->words; k++)
		set[k] &= ~in[k];
	return set;
}

uint32_t gj_lrelease_raised(gj_body *B, uint32_t b, gj_ref r, uint32_t to)
{
	gj_holders *h = B->holders;
	const gj_fn *f = B->s->fn;
	const gj_bb *bb = &f->bb.p[b];
	int edge = gj_caught_edge(f, b);
	if (!h)
		return to;
	word *live = set_of(h), *wanted = set_of(h);
	live_out(h, b, live);
	for (uint32_t at = bb->ops.n; at-- > 0;) {
		used_by(h, bb->ops.p[at], live);
		if (h->number[bb->ops.p[at]] != UINT32_MAX)
			put(live, h->number[bb->ops.p[at]], false);
		if (bb->ops.p[at] == r)
			break;
	}
	if (edge >= 0 && taken(h->s, b, (uint32_t)edge))
		live_on(h, b, (uint32_t)edge, wanted);
	for (uint32_t k = 0; k < h->words; k++)
		live[k] &= ~wanted[k];
	if (is_empty(h, live))
		return to;
	uint32_t back = B->L->cur, block = B->L->cur = gj_block_new(B->L->fn);
	release(B, live);
	gj_jump(B->L, to);
	B->L->cur = back;
	return block;
}

bool gj_holds_change(const gj_body *B, uint32_t b, uint32_t i)
{
	const gj_fn *f = B->s->fn;
	if (!B->holders)
		return false;
	if (!is_empty(B->holders, ending(B, b, i)))
		return true;
	GJ_EACH_PHI(f, f->bb.p[b].succ[i], r)
		if (gj_has_owner(gj_o(f, r)->type))
			return true;
	return false;
}

void gj_lhold_on_edge(gj_body *B, uint32_t b, uint32_t i)
{
	const gj_fn *f = B->s->fn;
	uint32_t to = f->bb.p[b].succ[i], k = gj_edge_index(f, b, i);
	if (!B->holders)
		return;
	GJ_EACH_PHI(f, to, r)
		if (gj_has_owner(gj_o(f, r)->type) && gj_o(f, gj_o(f, r)->arg[k])->type)
			gj_lretain(B->L, B->val[gj_o(f, r)->arg[k]]);
	release(B, ending(B, b, i));
}
