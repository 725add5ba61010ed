/* Arrays that rounds of a loop over prange add to, or combine with something in another way whose order does not matter, at places where
 * rounds may meet: `total += x[i]`, `count[k[i]] += 1`, `top[k] = max(top[k], e)`. Each chunk of rounds adds to a copy of its own, and copies are
 * joined in their order; `if e > top[k]: top[k] = e` is a maximum too. How many there are depends on numbers of rounds and elements alone; where copies would cost more than they
 * bring, there is one chunk, which adds to the array itself. */
#include "opt/prange.h"

enum { MOST_CHUNKS = 32, MOST_BYTES = 64 << 20 /* of copies */, MOST_DEPTH = 8 /* of expressions that are compared */ };

static const gj_type *i64(void) { return gj_scalar[GJ_I64]; }

/* -- Finding them -------------------------------------------------------------------------------------------------------------- */

static gj_ref root_of(const gj_fn *f, gj_ref p)
{
	const gj_op *root = gj_root(f, p);
	while (gj_o(f, p) != root)
		p = gj_o(f, p)->arg[0];
	return p;
}

static bool is_access(const gj_op *o) { return o->op == GJ_LOAD || o->op == GJ_STORE; }

/* By what the value that is stored at pointer p comes of the value `old` that was there; NOP: it comes about in another way. */
static gj_opcode combines(const gj_fn *f, const gj_op *v, gj_ref old, bool *compared)
{
	const gj_op *c = v->op == GJ_SELECT ? gj_o(f, v->arg[0]) : NULL;
	*compared = c || ((v->op == GJ_MIN || v->op == GJ_MAX) && v->sub);
	switch (v->op) {
	case GJ_SUB: return v->arg[0] == old && v->arg[1] != old ? GJ_ADD : GJ_NOP;
	case GJ_DIV: return v->arg[0] == old && v->arg[1] != old ? GJ_MUL : GJ_NOP;
	case GJ_ADD: case GJ_MUL: case GJ_AND: case GJ_OR: case GJ_XOR: case GJ_MIN: case GJ_MAX:
		return (v->arg[0] == old) != (v->arg[1] == old) ? (gj_opcode)v->op : GJ_NOP;
	case GJ_SELECT: {
		bool takes = v->arg[2] == old;             /* what is compared, where it holds */
		gj_ref x = v->arg[takes ? 1 : 2];
		bool less = c->op == GJ_CMP && (c->sub == GJ_CMP_LT || c->sub == GJ_CMP_LE), more = c->op == GJ_CMP && (c->sub == GJ_CMP_GT || c->sub == GJ_CMP_GE);
		bool first = (less || more) && c->arg[0] == x && c->arg[1] == old, second = (less || more) && c->arg[1] == x && c->arg[0] == old;
		if (x == old || (!first && !second) || (!takes && gj_is_float(v->type)))
			return GJ_NOP;
		return (less == first) == takes ? GJ_MIN : GJ_MAX;
	}
	default: return GJ_NOP;
	}
}

static bool is_part_of(const gj_type *part, const gj_type *elem)
{
	return part == elem || (gj_is_complex(elem) && gj_real_type(elem) == part);
}

/* How often what combines an old value with another one uses it. */
static uint32_t times_used(const gj_op *v) { return v->op == GJ_SELECT ? 2 : 1; }

/* The same where v is what `load` was widened for, made narrow again, as in `count[k] += 1` of int32: sums, products and bits of integers depend
 * on low bits alone, floats are rounded either way, and what is smaller or larger stays so. */
static gj_opcode combines_load(const gj_fn *f, const uint32_t *uses, const gj_op *v, gj_ref load, bool *compared)
{
	gj_opcode op = combines(f, v, load, compared);
	if (op != GJ_NOP && uses[load] == times_used(v))
		return op;
	const gj_op *whole = v->op == GJ_CVT ? gj_o(f, v->arg[0]) : v;
	bool narrowed = whole != v && whole->type->size > v->type->size
		&& ((gj_is_int(v->type) && gj_is_int(whole->type)) || (gj_is_float(v->type) && gj_is_float(whole->type)));
	for (uint32_t k = 0; k < whole->nargs && narrowed && uses[v->arg[0]] == 1 && uses[load] == 1; k++) {
		gj_ref wide = whole->arg[k];
		if (gj_o(f, wide)->op != GJ_CVT || gj_o(f, wide)->arg[0] != load)
			continue;
		op = combines(f, whole, wide, compared);
		if (op != GJ_NOP && uses[wide] == times_used(whole))
			return op;
	}
	return GJ_NOP;
}

/* Is the memory that a load reads written by no round? */
static bool is_unwritten(const gj_prange *p, const gj_op *load)
{
	const gj_fn *f = p->f;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (!p->inside[b] || !gj_op_is(o, GJ_F_WRITE))
			continue;
		if (o->op == GJ_FCALL || (o->nargs && root_of(f, o->arg[0]) == root_of(f, load->arg[0])))
			return false;
	}
	return true;
}

/* Are two values that a round makes the same? Those that it reads are, where memory stays as it is, as in `a[k[i]] = a[k[i]] + 1`. */
static bool is_same(const gj_prange *p, gj_ref x, gj_ref y, uint32_t depth)
{
	const gj_op *a = gj_o(p->f, x), *b = gj_o(p->f, y);
	if (x == y)
		return true;
	if (!depth || a->op != b->op || a->sub != b->sub || a->type != b->type || a->nargs != b->nargs || a->imm.i != b->imm.i || a->op == GJ_PHI
	    || !(a->op == GJ_LOAD ? is_unwritten(p, a) : gj_op_is(a, GJ_F_PURE) && !gj_is_own(a) && a->nargs))
		return false;
	for (uint32_t k = 0; k < a->nargs; k++)
		if (!is_same(p, a->arg[k], b->arg[k], depth - 1))
			return false;
	return true;
}

/* The load whose value the store gives back, combined; 0: there is none. What the array is given meanwhile, in a call or under a condition, is
 * lost in a copy as it would be in the array itself. */
static gj_ref load_of(const gj_prange *p, const uint32_t *uses, gj_ref store, gj_opcode *op, bool *compared)
{
	const gj_fn *f = p->f;
	const gj_op *s = gj_o(f, store), *v = gj_o(f, s->arg[1]);
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (r == store)
			break;
		if (p->inside[b] && o->op == GJ_LOAD && gj_dominates(f, b, s->block) && is_same(p, o->arg[0], s->arg[0], MOST_DEPTH)
		    && (*op = combines_load(f, uses, v, r, compared)) != GJ_NOP)
			return r;
	}
	return 0;
}

/* Does a store give back what was there? Of complex numbers the imaginary part, to which a real number is added. */
static bool gives_back(const gj_fn *f, const uint32_t *uses, const gj_op *store)
{
	const gj_op *v = gj_o(f, store->arg[1]);
	return v->op == GJ_LOAD && v->arg[0] == store->arg[0] && uses[store->arg[1]] == 1;
}

/* Does block b nothing but the store, and is it all the same to the block behind it whether a round came through? */
static bool only_stores(const gj_fn *f, uint32_t b, gj_ref store)
{
	const gj_bb *bb = &f->bb.p[b];
	if (bb->preds.n != 1 || bb->nsucc != 1)
		return false;
	GJ_EACH_OP_OF(f, b, r)
		if (r != store && gj_op_is(gj_o(f, r), GJ_F_WRITE))
			return false;
	const gj_bb *before = &f->bb.p[bb->preds.p[0]], *behind = &f->bb.p[bb->succ[0]];
	if (before->nsucc != 2 || before->succ[0] != b || before->succ[1] != bb->succ[0])
		return false;
	GJ_EACH_PHI(f, bb->succ[0], r) {
		gj_ref came[2] = { 0 };
		for (uint32_t k = 0; k < behind->preds.n; k++)
			if (behind->preds.p[k] == b || behind->preds.p[k] == bb->preds.p[0])
				came[behind->preds.p[k] == b] = gj_o(f, r)->arg[k];
		if (came[0] != came[1])
			return false;
	}
	return true;
}

/* MIN or MAX: the store is that of `if x > a[k]: a[k] = x`. */
static gj_opcode stores_extreme(const gj_prange *p, const uint32_t *uses, gj_ref store)
{
	const gj_fn *f = p->f;
	const gj_op *s = gj_o(f, store);
	if (!only_stores(f, s->block, store))
		return GJ_NOP;
	gj_ref cond = gj_terminator(f, f->bb.p[s->block].preds.p[0])->arg[0];
	const gj_op *c = gj_o(f, cond);
	if (c->op != GJ_CMP || uses[cond] != 1)
		return GJ_NOP;
	bool less = c->sub == GJ_CMP_LT || c->sub == GJ_CMP_LE, more = c->sub == GJ_CMP_GT || c->sub == GJ_CMP_GE;
	for (uint32_t k = 0; k < 2 && (less || more); k++) {
		const gj_op *old = gj_o(f, c->arg[k]);
		if (old->op == GJ_LOAD && uses[c->arg[k]] == 1 && p->inside[old->block] && is_same(p, old->arg[0], s->arg[0], MOST_DEPTH)
		    && is_same(p, c->arg[1 - k], s->arg[1], MOST_DEPTH))
			return less == (k == 1) ? GJ_MIN : GJ_MAX;
	}
	return GJ_NOP;
}

/* Is all that the loop does with the array to combine elements? Fills *a. */
static bool only_adds(const gj_prange *p, const uint32_t *uses, gj_ref base, gj_added *a)
{
	const gj_fn *f = p->f;
	uint32_t stores = 0, loads = 0;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (!p->inside[b] || !is_access(o) || o->flags & GJ_ASIDE || root_of(f, o->arg[0]) != base)
			continue;
		loads += o->op == GJ_LOAD;
		stores += o->op == GJ_STORE;
		if (o->op == GJ_LOAD || gives_back(f, uses, o))
			continue;
		bool compared, complex = gj_is_complex(gj_o(f, base)->type->elem);
		const gj_op *v = gj_o(f, o->arg[1]);
		gj_opcode op = stores_extreme(p, uses, r);
		if (op != GJ_NOP)
			compared = true;
		else if (!load_of(p, uses, r, &op, &compared) || uses[o->arg[1]] != 1)
			return false;
		if (!is_part_of(v->type, gj_o(f, base)->type->elem) || (complex && op != GJ_ADD && op != GJ_MUL))
			return false;
		if (!a->type)
			*a = (gj_added){ .base = base, .address = o->arg[0], .how = { .op = op, .compared = compared }, .type = v->type };
		if (a->how.op != op || a->how.compared != compared || a->type != v->type)
			return false;
	}
	return a->type && stores == loads;
}

/* May rounds meet in the array? */
static bool meet(gj_prange *p, gj_ref base)
{
	uint32_t n;
	const gj_ref *access = gj_loop_accesses(p->f, p->loop, &n);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < n; k++) {
			gj_ref q = gj_accessed(p->f, access[i]), r = gj_accessed(p->f, access[k]);
			if (gj_o(p->f, access[i])->op == GJ_STORE && root_of(p->f, q) == base && root_of(p->f, r) == base
			    && gj_rounds_meet(p->f, p->loop, p->position, q, r))
				return true;
		}
	return false;
}

/* Does a variable have the array, or a part of it, when a round is at its end? */
static bool is_left(const gj_prange *p, gj_ref base)
{
	GJ_EACH_PHI(p->f, p->header, r) {
		gj_ref out = gj_carry_out(p, r);
		out = gj_o(p->f, out)->op == GJ_BITCAST ? gj_o(p->f, out)->arg[0] : out;
		if (gj_o(p->f, out)->type->kind == GJ_PTR && root_of(p->f, out) == base)
			return true;
	}
	return false;
}

const char *gj_find_added(gj_prange *p)
{
	gj_fn *f = p->f;
	uint32_t *uses = gj_count_uses(f);
	bool *known = gj_new(f->arena, bool, f->op.n);
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		gj_ref base = p->inside[b] && o->op == GJ_STORE ? root_of(f, o->arg[0]) : 0;
		gj_added a = { 0 };
		if (!base || known[base] || gj_o(f, base)->block == p->header || p->inside[gj_o(f, base)->block])
			continue;
		known[base] = true;
		if (!only_adds(p, uses, base, &a) || !meet(p, base))
			continue;
		if (!gj_is_dense(f, a.address))
			return "one round after the other: rounds add to elements of an array with strides";
		if (!gj_has_extent_before(f, a.address, p->loop))
			return "one round after the other: rounds add to elements of an array whose shape they make";
		if (is_left(p, base))
			return "one round after the other: rounds add to elements of an array that a variable has behind the loop";
		gj_push(f->arena, &p->added, a);
	}
	return NULL;
}

/* -- Copies ------------------------------------------------------------------------------------------------------------------- */

static gj_ref two(gj_fn *f, uint32_t b, gj_opcode op, gj_ref x, gj_ref y)
{
	return gj_emit(f, b, op, gj_o(f, x)->type, 0, 2, (gj_ref[]){ x, y });
}

static gj_ref compare(gj_fn *f, uint32_t b, gj_cmpop how, gj_ref x, gj_ref y)
{
	gj_ref r = gj_emit(f, b, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ x, y });
	gj_o(f, r)->sub = (uint8_t)how;
	return r;
}

static gj_ref choose(gj_fn *f, uint32_t b, gj_ref cond, gj_ref x, gj_ref y)
{
	return gj_emit(f, b, GJ_SELECT, gj_o(f, x)->type, 0, 3, (gj_ref[]){ cond, x, y });
}

/* The memory at pointer p as numbers of the type that is added. */
static gj_ref numbers(gj_fn *f, uint32_t b, const gj_added *a, gj_ref p)
{
	return gj_emit(f, b, GJ_BYTES, gj_ptr_type(a->type, (gj_space)gj_o(f, p)->type->space), 0, 2, (gj_ref[]){ p, gj_int(f, b, i64(), 0) });
}

/* for i in range(n): what stands in `body`, up to its end. */
typedef struct cycle { uint32_t head, body, done; gj_ref i; } cycle;

static cycle cycle_begin(gj_fn *f, uint32_t b, gj_ref n)
{
	cycle c = { gj_block_new(f), gj_block_new(f), gj_block_new(f), 0 };
	gj_ref zero = gj_int(f, b, i64(), 0);
	gj_emit(f, b, GJ_JUMP, NULL, 0, 0, NULL);
	gj_link(f, b, c.head);
	c.i = gj_emit(f, c.head, GJ_PHI, i64(), 0, 2, (gj_ref[]){ zero, zero });
	gj_ref more = compare(f, c.head, GJ_CMP_LT, c.i, n);
	gj_emit(f, c.head, GJ_BRANCH, NULL, 0, 1, &more);
	gj_link(f, c.head, c.body);
	gj_link(f, c.head, c.done);
	return c;
}

static void cycle_end(gj_fn *f, const cycle *c, uint32_t b)
{
	gj_ref next = two(f, b, GJ_ADD, c->i, gj_int(f, b, i64(), 1));
	gj_o(f, next)->flags |= GJ_NSW;
	gj_o(f, c->i)->arg[1] = next;
	gj_emit(f, b, GJ_JUMP, NULL, 0, 0, NULL);
	gj_link(f, b, c->head);
}

static gj_ref at(gj_fn *f, uint32_t b, gj_ref p, gj_ref i) { return two(f, b, GJ_ELEM, p, i); }

/* How many copies are worth it: joining them costs at most half of what rounds do, and memory has an end. */
static gj_ref count_chunks(gj_prange *p, bool known, gj_ref work)
{
	gj_fn *f = p->f;
	uint32_t b = p->before;
	gj_ref one = gj_int(f, b, i64(), 1), all = 0, bytes = 0, n;
	for (uint32_t i = 0; i < p->added.n; i++) {
		gj_added *a = &p->added.p[i];
		gj_ref base, size = gj_extent_of(f, b, a->address, &base);
		a->count = two(f, b, GJ_FLOORDIV, size, gj_int(f, b, i64(), a->type->size));
		all = all ? two(f, b, GJ_ADD, all, a->count) : a->count;
		bytes = bytes ? two(f, b, GJ_ADD, bytes, size) : size;
	}
	n = known ? two(f, b, GJ_FLOORDIV, work, two(f, b, GJ_MAX, two(f, b, GJ_ADD, all, all), one)) : two(f, b, GJ_FLOORDIV, p->length, gj_int(f, b, i64(), 2));
	n = two(f, b, GJ_MIN, n, two(f, b, GJ_FLOORDIV, gj_int(f, b, i64(), MOST_BYTES), two(f, b, GJ_MAX, bytes, one)));
	n = two(f, b, GJ_MIN, n, gj_int(f, b, i64(), MOST_CHUNKS));
	return two(f, b, GJ_MAX, n, one);
}

void gj_copy_added(gj_prange *p, bool known, gj_ref work)
{
	gj_fn *f = p->f;
	uint32_t b = p->before, n = p->added.n;
	if (!n)
		return;
	gj_ref one = gj_int(f, b, i64(), 1), zero = gj_int(f, b, i64(), 0), chunks = count_chunks(p, known, work), several;
	gj_ref *buffer = gj_new(f->arena, gj_ref, n);
	for (uint32_t i = 0; i < n; i++) {             /* all of them, or none */
		gj_added *a = &p->added.p[i];
		gj_ref bytes = two(f, b, GJ_MUL, two(f, b, GJ_MUL, chunks, a->count), gj_int(f, b, i64(), a->type->size));
		bytes = choose(f, b, compare(f, b, GJ_CMP_GT, chunks, one), bytes, zero);
		buffer[i] = gj_emit(f, b, GJ_ALLOC, gj_o(f, a->base)->type, 0, 1, &bytes);
		a->memory = gj_emit(f, b, GJ_BITCAST, i64(), 0, 1, &buffer[i]);
		chunks = choose(f, b, compare(f, b, GJ_CMP_EQ, a->memory, zero), one, chunks);
	}
	several = compare(f, b, GJ_CMP_GT, chunks, one);
	for (uint32_t i = 0; i < n; i++) {
		gj_added *a = &p->added.p[i];
		uint32_t size = gj_o(f, a->base)->type->elem->size / a->type->size;
		a->copies = choose(f, b, several, buffer[i], a->base);
		a->step = choose(f, b, several, two(f, b, GJ_FLOORDIV, a->count, gj_int(f, b, i64(), size)), zero);
		gj_ref all = choose(f, b, several, two(f, b, GJ_MUL, chunks, a->count), zero), to = numbers(f, b, a, buffer[i]);
		cycle c = cycle_begin(f, b, all);
		gj_emit(f, c.body, GJ_STORE, NULL, 0, 2, (gj_ref[]){ at(f, c.body, to, c.i), gj_carry_neutral(f, c.body, &a->how, a->type) });
		cycle_end(f, &c, c.body);
		b = c.done;
	}
	p->chunks = chunks;
	p->several = several;
	gj_rename_pred(f, p->header, p->before, b);
	p->before = b;
}

uint32_t gj_join_added(gj_prange *p, uint32_t b, gj_ref chunks)
{
	gj_fn *f = p->f;
	for (uint32_t i = 0; i < p->added.n; i++) {
		const gj_added *a = &p->added.p[i];
		gj_ref n = choose(f, b, p->several, chunks, gj_int(f, b, i64(), 0)), from = numbers(f, b, a, a->copies), to = numbers(f, b, a, a->base);
		cycle each = cycle_begin(f, b, n);
		gj_ref start = at(f, each.body, from, two(f, each.body, GJ_MUL, each.i, a->count));
		cycle c = cycle_begin(f, each.body, a->count);
		gj_ref here = at(f, c.body, to, c.i), there = at(f, c.body, start, c.i);
		gj_ref x = gj_emit(f, c.body, GJ_LOAD, a->type, 0, 1, &here), y = gj_emit(f, c.body, GJ_LOAD, a->type, 0, 1, &there);
		gj_emit(f, c.body, GJ_STORE, NULL, 0, 2, (gj_ref[]){ here, gj_carry_join(f, c.body, &a->how, x, y) });
		cycle_end(f, &c, c.body);
		cycle_end(f, &each, c.done);
		b = each.done;
		gj_emit(f, b, GJ_RELEASE, NULL, 0, 1, &a->memory);
	}
	return b;
}
