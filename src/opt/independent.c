/* Are the rounds of a loop independent? Each store is compared with each access of the loop: where both go to elements of one
 * array, their places along one of the array's axes must be the same affine function of the counter, with the rest of it the same
 * in all rounds: indices are inside their arrays, so different rounds are different elements. Views step along the axes of their array.
 * Values that are carried round the loop must be reductions. */
#include "opt/independent.h"

#include <string.h>

enum { MAX_TERMS = 8, MAX_DEPTH = 16, MAX_AXES = 2 * GJ_MAX_NDIM, MAX_VIEWS = 6, MAX_FACTORS = 8 };

typedef struct analysis {
	gj_fn *f;
	uint32_t loop;                             /* at hand */
	gj_loop_fact *fact;
	uint32_t *first, *user;                    /* users of r: user[first[r]] … user[first[r + 1] − 1] */
	uint32_t *mark, epoch;                     /* by op: == epoch: in the set at hand */
	GJ_VEC(gj_ref) set, picked;
} analysis;

static bool inside(const analysis *a, gj_ref r) { return gj_loop_contains(a->f, a->loop, a->f->bb.p[gj_o(a->f, r)->block].loop); }

static bool refuse(analysis *a, uint32_t loc, const char *why)
{
	if (!a->fact->why) {
		a->fact->why = why;
		a->fact->loc = loc;
	}
	return false;
}

/* -- Affine functions of the counter ------------------------------------------------------------------------------------------ */

/* counter·c + Σ coefficient·term + constant; terms do not change in the loop. No number is INT64_MIN: all have a negative. */
typedef struct affine { int64_t c, constant; uint32_t n; struct { gj_ref r; int64_t c; } term[MAX_TERMS]; } affine;

static bool add_scaled(int64_t *to, int64_t x, int64_t scale)
{
	int64_t p;
	return !__builtin_mul_overflow(x, scale, &p) && !__builtin_add_overflow(*to, p, to) && *to != INT64_MIN;
}

static bool add_term(affine *x, gj_ref r, int64_t scale)
{
	for (uint32_t i = 0; i < x->n; i++)
		if (x->term[i].r == r)
			return add_scaled(&x->term[i].c, scale, 1);
	if (x->n == MAX_TERMS)
		return false;
	x->term[x->n].r = r;
	x->term[x->n++].c = scale;
	return true;
}

/* An integer that keeps its value: widened, or known to fit. */
static bool keeps(const gj_fn *f, const gj_op *o)
{
	const gj_type *from = o->op == GJ_CVT ? gj_o(f, o->arg[0])->type : NULL;
	if (!from || !gj_is_int(from) || !gj_is_int(o->type))
		return false;
	return from->size < o->type->size || o->flags & GJ_NSW || (from->size == 8 && o->type->size == 8);
}

static int64_t added(const gj_fn *f, gj_ref counter, gj_ref next)
{
	const gj_op *o = gj_o(f, next);
	return o->op == GJ_ADD && o->arg[0] == counter && gj_is_const(f, o->arg[1]) ? gj_o(f, o->arg[1])->imm.i : 0;
}

static bool add(const analysis *, affine *, gj_ref, int64_t scale, int depth);

/* What phi r of the loop's header grows by in each round, a constant, and what it is before; 0: it does not. */
static int64_t grows(const analysis *a, gj_ref r, gj_ref *start)
{
	const gj_fn *f = a->f;
	const gj_op *o = gj_o(f, r);
	const gj_loop *l = &f->loops.p[a->loop];
	if (o->op != GJ_PHI || o->block != l->header || o->nargs != 2 || !l->latch || f->bb.p[l->header].preds.n != 2)
		return 0;
	uint32_t back = gj_pred_index(f, l->header, l->latch);
	*start = o->arg[1 - back];
	return added(f, r, o->arg[back]);
}

/* Adds scale · r, a variable that goes along with the counter: r − start is as many times the counter − its start. */
static bool add_counter(const analysis *a, affine *x, gj_ref r, int64_t scale, int depth)
{
	gj_ref start, from;
	int64_t by = grows(a, r, &start), step = grows(a, a->fact->counter, &from), times;
	if (!by || !step || by % step || gj_o(a->f, r)->type->size != 8 || __builtin_mul_overflow(by / step, scale, &times) || times == INT64_MIN)
		return false;
	return add_scaled(&x->c, times, 1) && add(a, x, start, scale, depth + 1) && add(a, x, from, -times, depth + 1);
}

/* Adds scale · r. 64-bit index arithmetic may be taken not to overflow; narrower only where that is known. */
static bool add(const analysis *a, affine *x, gj_ref r, int64_t scale, int depth)
{
	const gj_fn *f = a->f;
	const gj_op *o = gj_o(f, r), *b = o->nargs > 1 ? gj_o(f, o->arg[1]) : NULL;
	bool exact = o->type && gj_is_int(o->type) && (o->type->size == 8 || o->flags & (GJ_NSW | GJ_NUW));
	int64_t by;
	if (r == a->fact->counter)
		return add_scaled(&x->c, scale, 1);
	if (o->op == GJ_PHI && inside(a, r) && depth < MAX_DEPTH)
		return add_counter(a, x, r, scale, depth);
	if (o->op == GJ_CONST)
		return add_scaled(&x->constant, o->imm.i, scale);
	if (depth < MAX_DEPTH && exact && (o->op == GJ_ADD || o->op == GJ_SUB))
		return add(a, x, o->arg[0], scale, depth + 1) && add(a, x, o->arg[1], o->op == GJ_ADD ? scale : -scale, depth + 1);
	if (depth < MAX_DEPTH && exact && o->op == GJ_MUL && b->op == GJ_CONST
	    && !__builtin_mul_overflow(scale, b->imm.i, &by) && by != INT64_MIN)
		return add(a, x, o->arg[0], by, depth + 1);
	if (depth < MAX_DEPTH && keeps(f, o))
		return add(a, x, o->arg[0], scale, depth + 1);
	return !inside(a, r) && add_term(x, r, scale);
}

/* -- Elements --------------------------------------------------------------------------------------------------------------- */

/* Bytes: k · Π r. */
typedef struct product { int64_t k; uint32_t n; gj_ref r[MAX_FACTORS]; } product;

/* A direction in memory: how far a step in it goes, and the indices that step in it, of the array and of views of it, each so many times.
 * mixed: in steps of several sizes. */
typedef struct axis { product step; bool mixed; uint32_t n; gj_ref index[MAX_VIEWS]; int64_t times[MAX_VIEWS]; } axis;

/* An element: an array's memory, and where in it. */
typedef struct element { gj_ref base; uint32_t n; axis axis[MAX_AXES]; } element;

static bool multiply(const gj_fn *f, product *p, gj_ref r, int depth)
{
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_CONST)
		return !__builtin_mul_overflow(p->k, o->imm.i, &p->k) && p->k != INT64_MIN;
	if (o->op == GJ_MUL && depth < MAX_DEPTH)
		return multiply(f, p, o->arg[0], depth + 1) && multiply(f, p, o->arg[1], depth + 1);
	if (p->n == MAX_FACTORS)
		return false;
	uint32_t at = p->n++;
	for (; at && p->r[at - 1] > r; at--)
		p->r[at] = p->r[at - 1];
	p->r[at] = r;
	return true;
}

static bool same_factors(const product *p, const product *q) { return p->n == q->n && !memcmp(p->r, q->r, p->n * sizeof *p->r); }

static bool same_step(const product *p, const product *q) { return same_factors(p, q) && (p->k == q->k || p->k == -q->k); }

/* The axis among the first n in which steps go; n: there is none. false: there are several. */
static bool find_axis(const element *e, uint32_t n, const product *step, uint32_t *found)
{
	uint32_t exact = 0, near = 0, at = n, multiple = n;
	for (uint32_t i = 0; i < n; i++) {
		const product *p = &e->axis[i].step;
		if (same_step(p, step))
			exact++, at = i;
		else if (same_factors(p, step) && (p->k % step->k == 0 || step->k % p->k == 0))
			near++, multiple = i;
	}
	*found = exact ? at : multiple;
	return exact == 1 || (!exact && near <= 1);
}

/* Steps in an axis that an outer view has, or in one more. Steps of nothing lead nowhere. */
static bool put_index(element *e, uint32_t known, const product *step, gj_ref index)
{
	uint32_t i;
	if (!step->k)
		return true;
	if (!find_axis(e, known, step, &i))
		return false;
	if (i == known) {
		i = e->n++;
		if (i == MAX_AXES)
			return false;
		e->axis[i] = (axis){ .step = *step };
	}
	axis *a = &e->axis[i];
	if (a->n == MAX_VIEWS)
		return false;
	a->mixed |= !same_step(&a->step, step);
	if (a->step.k % step->k == 0) {
		for (uint32_t k = 0; k < a->n; k++)
			a->times[k] *= a->step.k / step->k;
		a->step.k = step->k;
	}
	a->index[a->n] = index;
	a->times[a->n++] = step->k / a->step.k;
	return true;
}

/* Is each axis one of the array's? Steps that another is a multiple of could be of both. */
static bool is_clear(const element *e)
{
	for (uint32_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->n; k++)
			if (i != k && e->axis[i].mixed && same_factors(&e->axis[i].step, &e->axis[k].step))
				return false;
	return true;
}

/* The indices of an AT. */
static bool put_indices(const gj_fn *f, const gj_op *o, element *e)
{
	uint32_t n = (o->nargs - 2) / 2, known = e->n;
	product all = { .k = o->type->elem->size };
	for (uint32_t i = 0; i < n; i++) {
		uint32_t d = o->sub == 'C' ? n - 1 - i : i;
		product step = { .k = 1 };
		gj_ref by = o->arg[1 + n + d];
		if (o->sub == 'A' ? !multiply(f, &step, by, 0) : !put_index(e, known, &all, o->arg[1 + d]) || !multiply(f, &all, by, 0))
			return false;
		if (o->sub == 'A' && !put_index(e, known, &step, o->arg[1 + d]))
			return false;
	}
	return true;
}

static bool element_of(const gj_fn *f, gj_ref p, element *e)
{
	e->n = 0;
	for (;; p = gj_o(f, p)->arg[0]) {
		const gj_op *o = gj_o(f, p);
		bool part = o->op == GJ_BYTES && gj_is_const(f, o->arg[1]) && gj_o(f, o->arg[0])->op == GJ_AT;     /* of a complex number */
		if (o->op != GJ_AT && o->op != GJ_PTRCAST && !part)
			break;
		if (o->op == GJ_AT && !put_indices(f, o, e))
			return false;
	}
	e->base = p;
	return is_clear(e);
}

/* Are the steps the same in all rounds? */
static bool is_steady(const analysis *a, const element *e)
{
	for (uint32_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->axis[i].step.n; k++)
			if (inside(a, e->axis[i].step.r[k]))
				return false;
	return true;
}

static bool add_axis(const analysis *a, affine *x, const axis *e)
{
	for (uint32_t i = 0; i < e->n; i++)
		if (e->times[i] == INT64_MIN || !add(a, x, e->index[i], e->times[i], 0))
			return false;
	return true;
}

/* Do the places along an axis never agree in different rounds? */
static bool differ(const analysis *a, const axis *i, const axis *j)
{
	affine x = { 0 }, minus = { 0 };
	if (!add_axis(a, &x, i) || !add_axis(a, &minus, j) || !x.c || x.c != minus.c)
		return false;
	affine y = x;
	for (uint32_t k = 0; k < minus.n; k++)
		if (!add_term(&y, minus.term[k].r, -minus.term[k].c))
			return false;
	for (uint32_t k = 0; k < y.n; k++)
		if (y.term[k].c)
			return false;
	int64_t apart, stride;
	if (__builtin_sub_overflow(x.constant, minus.constant, &apart) || __builtin_mul_overflow(x.c, a->fact->step, &stride))
		return false;
	return apart == 0 || (stride != -1 && apart % stride != 0);
}

/* Is p's memory made behind the place where q's root is known? Then it is none that q knows of. */
static bool is_newer(const gj_fn *f, gj_ref p, gj_ref q)
{
	const gj_op *made = gj_root(f, p), *known = gj_root(f, q);
	if (made->op != GJ_ALLOC || made == known || !gj_dominates(f, known->block, made->block))
		return false;
	GJ_EACH_OP_OF(f, made->block, r)
		if (gj_o(f, r) == known || gj_o(f, r) == made)
			return gj_o(f, r) == known || known->block != made->block;
	return false;
}

/* Memory that each round makes for itself. */
static bool is_own(const analysis *a, gj_ref p)
{
	const gj_op *made = gj_root(a->f, p);
	return made->op == GJ_ALLOC && gj_loop_contains(a->f, a->loop, a->f->bb.p[made->block].loop);
}

/* Does no round go to the element that pointer q gives in another one, through pointer p? */
static bool never_meet(const analysis *a, gj_ref p, gj_ref q)
{
	element x, y;
	if (gj_apart(a->f, p, q) || is_newer(a->f, p, q) || is_newer(a->f, q, p) || (is_own(a, p) && gj_root(a->f, p) == gj_root(a->f, q)))
		return true;
	if (!element_of(a->f, p, &x) || !element_of(a->f, q, &y) || x.base != y.base || x.n != y.n || inside(a, x.base)
	    || !is_steady(a, &x) || !is_steady(a, &y))
		return false;
	bool apart = false;
	for (uint32_t i = 0; i < x.n; i++) {
		uint32_t k = 0;
		while (k < y.n && (x.axis[i].step.k != y.axis[k].step.k || !same_factors(&x.axis[i].step, &y.axis[k].step)))
			k++;
		if (k == y.n)
			return false;
		apart |= differ(a, &x.axis[i], &y.axis[k]);
		memmove(&y.axis[k], &y.axis[k + 1], (--y.n - k) * sizeof *y.axis);
	}
	return apart;
}

const gj_ref *gj_loop_accesses(gj_fn *f, uint32_t loop, uint32_t *n)
{
	GJ_VEC(gj_ref) v = { 0 };
	GJ_EACH_BLOCK(f, b)
		if (gj_loop_contains(f, loop, f->bb.p[b].loop))
			GJ_EACH_OP_OF(f, b, r)
				if (gj_o(f, r)->op == GJ_LOAD || gj_o(f, r)->op == GJ_STORE)
					gj_push(f->arena, &v, r);
	*n = v.n;
	return v.p;
}

/* Memory: nothing that a round writes is another's. */
static bool check_memory(analysis *a)
{
	gj_fn *f = a->f;
	uint32_t n;
	GJ_EACH_BLOCK(f, b)
		if (gj_loop_contains(f, a->loop, f->bb.p[b].loop))
			GJ_EACH_OP_OF(f, b, r)
				if (gj_op_is(gj_o(f, r), GJ_F_WRITE) && gj_o(f, r)->op != GJ_STORE)
					return refuse(a, gj_o(f, r)->loc, "has an effect whose order counts");
	const gj_ref *access = gj_loop_accesses(f, a->loop, &n);
	for (uint32_t i = 0; i < n; i++) {
		const gj_op *s = gj_o(f, access[i]);
		if (s->op != GJ_STORE)
			continue;
		uint8_t space = gj_o(f, s->arg[0])->type->space;
		if (space == GJ_LOCAL || space == GJ_SHARED)
			return refuse(a, s->loc, "writes to an array that each thread has for itself");
		for (uint32_t k = 0; k < n; k++)
			if (!never_meet(a, s->arg[0], gj_accessed(f, access[k])))
				return refuse(a, s->loc, gj_o(f, access[k])->op == GJ_STORE
					? "may write what another round writes" : "may write what another round reads");
	}
	return true;
}

/* Effects that are each round's own, or that whoever runs rounds knows to put in order. Who runs a round must not be seen. */
static bool is_own_effect(const gj_op *o)
{
	switch (o->op) {
	case GJ_SREG: return false;
	case GJ_STORE: case GJ_ROUND: case GJ_REPORT: case GJ_BOUNDS: case GJ_ALLOC: case GJ_RETAIN: case GJ_RELEASE: return true;
	default: return !gj_op_is(o, GJ_F_WRITE);
	}
}

/* Two accesses of other objects may still be asked, when the code runs, whether these meet. */
static bool ask(analysis *a, gj_pairs *pairs, gj_ref p, gj_ref q)
{
	element x, y;
	if (!element_of(a->f, p, &x) || !element_of(a->f, q, &y) || x.base == y.base || inside(a, x.base) || inside(a, y.base)
	    || !is_steady(a, &x) || !is_steady(a, &y) || !gj_has_extent_before(a->f, p, a->loop) || !gj_has_extent_before(a->f, q, a->loop))
		return false;
	gj_push(a->f->arena, pairs, ((gj_pair){ p, q }));
	return true;
}

/* Once for each array. */
static void note_folding(const gj_fn *f, gj_pairs *pairs, gj_ref p)
{
	for (uint32_t i = 0; i < pairs->n; i++)
		if (pairs->p[i].p == pairs->p[i].q && gj_root(f, pairs->p[i].p) == gj_root(f, p))
			return;
	gj_push(f->arena, pairs, ((gj_pair){ p, p }));
}

bool gj_rounds_meet(gj_fn *f, uint32_t loop, gj_ref counter, gj_ref p, gj_ref q)
{
	gj_loop_fact fact = { .counter = counter, .step = 1 };
	analysis a = { .f = f, .loop = loop, .fact = &fact };
	return !never_meet(&a, p, q);
}

const char *gj_rounds_apart(gj_fn *f, uint32_t loop, gj_ref counter, gj_pairs *pairs, uint32_t *loc)
{
	gj_loop_fact fact = { .counter = counter, .step = 1 };
	analysis a = { .f = f, .loop = loop, .fact = &fact };
	uint32_t n;
	GJ_EACH_OP(f, b, r)
		if (gj_loop_contains(f, loop, f->bb.p[b].loop) && !is_own_effect(gj_o(f, r))) {
			*loc = gj_o(f, r)->loc;
			return "has an effect whose order counts";
		}
	const gj_ref *access = gj_loop_accesses(f, loop, &n);
	for (uint32_t i = 0; i < n; i++) {
		const gj_op *s = gj_o(f, access[i]);
		*loc = s->loc;
		if (s->op != GJ_STORE)
			continue;
		if (gj_o(f, s->arg[0])->type->space == GJ_LOCAL)
			return "writes to an array of one thread";
		if (gj_may_fold(f, s->arg[0]))
			note_folding(f, pairs, s->arg[0]);
		for (uint32_t k = 0; k < n; k++)
			if (!never_meet(&a, s->arg[0], gj_accessed(f, access[k])) && !ask(&a, pairs, s->arg[0], gj_accessed(f, access[k])))
				return gj_o(f, access[k])->op == GJ_STORE ? "may write what another round writes" : "may write what another round reads";
	}
	return NULL;
}

/* -- Ranges ------------------------------------------------------------------------------------------------------------------ */

/* Does a round that goes to block b outside of the loop end there, and tell so, for itself alone? */
static bool fails(const gj_fn *f, uint32_t b)
{
	GJ_EACH_OP_OF(f, b, r)
		if (gj_o(f, r)->op == GJ_FAILED)
			return true;
	return false;
}

/* The one edge that leads on into the loop, where the header is the only way out but for rounds that fail. */
static bool check_exits(analysis *a)
{
	const gj_fn *f = a->f;
	const gj_loop *l = &f->loops.p[a->loop];
	const gj_bb *h = &f->bb.p[l->header];
	uint32_t loc = gj_terminator(f, l->header)->loc;
	if (!l->latch || h->nsucc != 2 || h->preds.n != 2)
		return refuse(a, loc, "is no loop over a range");
	GJ_EACH_BLOCK(f, b) {
		const gj_bb *bb = &f->bb.p[b];
		if (!gj_loop_contains(f, a->loop, bb->loop))
			continue;
		uint32_t out = bb->nsucc == 0;
		for (uint32_t i = 0; i < bb->nsucc; i++)
			out += !gj_loop_contains(f, a->loop, f->bb.p[bb->succ[i]].loop) && !fails(f, bb->succ[i]);
		if (out != (b == l->header))
			return refuse(a, out ? gj_terminator(f, b)->loc : loc, out ? "may end it before its range does" : "is no loop over a range");
	}
	return true;
}

static gj_ref behind_same_size(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	return o->op == GJ_CVT && gj_o(f, o->arg[0])->type->size == o->type->size && gj_is_int(gj_o(f, o->arg[0])->type) ? o->arg[0] : r;
}

/* The rounds of constant start and limit. */
static int64_t count_rounds(const gj_fn *f, gj_ref start, gj_ref limit, int64_t step)
{
	const gj_op *s = gj_o(f, start), *e = gj_o(f, limit);
	int64_t room;
	if (s->op != GJ_CONST || e->op != GJ_CONST || __builtin_sub_overflow(e->imm.i, s->imm.i, &room))
		return -1;
	if (step < 0)
		room = -room, step = -step;
	return room <= 0 ? 0 : (room - 1) / step + 1;
}

/* The constant that each way back adds to the counter; 0: there is none. Ways back meet in the latch. */
static int64_t step_of(const gj_fn *f, gj_ref counter, gj_ref next)
{
	const gj_op *o = gj_o(f, next);
	if (o->op != GJ_PHI)
		return added(f, counter, next);
	int64_t step = o->nargs ? added(f, counter, o->arg[0]) : 0;
	for (uint32_t k = 1; k < o->nargs; k++)
		step = added(f, counter, o->arg[k]) == step ? step : 0;
	return step;
}

static bool find_counter(analysis *a)
{
	const gj_fn *f = a->f;
	const gj_loop *l = &f->loops.p[a->loop];
	uint32_t back = gj_pred_index(f, l->header, l->latch);
	const gj_op *t = gj_terminator(f, l->header), *test = gj_o(f, t->arg[0]);
	if (test->op != GJ_CMP || test->sub == GJ_CMP_EQ || test->sub == GJ_CMP_NE)
		return refuse(a, t->loc, "is no loop over a range");
	GJ_EACH_PHI(f, l->header, r) {
		const gj_op *phi = gj_o(f, r);
		bool left = behind_same_size(f, test->arg[0]) == r;
		gj_ref limit = test->arg[left];
		if (!left && behind_same_size(f, test->arg[1]) != r)
			continue;
		int64_t step = gj_is_int(phi->type) && phi->type->size == 8 && !inside(a, limit) ? step_of(f, r, phi->arg[back]) : 0;
		if (!step)
			continue;
		a->fact->counter = r;
		a->fact->step = step;
		a->fact->rounds = count_rounds(f, phi->arg[1 - back], limit, a->fact->step);
		return true;
	}
	return refuse(a, t->loc, "is no loop over a range whose step is known");
}

/* -- Reductions ---------------------------------------------------------------------------------------------------------------- */

static bool in_set(const analysis *a, gj_ref r) { return a->mark[r] == a->epoch; }

static void put(analysis *a, gj_ref r)
{
	if (in_set(a, r))
		return;
	a->mark[r] = a->epoch;
	gj_push(a->f->arena, &a->set, r);
}

/* How op o goes on with value r of the set: PHI where it only passes it on, NOP where it does something else. */
static gj_opcode goes_on(const gj_op *o, gj_ref r)
{
	switch (o->op) {
	case GJ_PHI: return GJ_PHI;
	case GJ_SELECT: return o->arg[0] == r ? GJ_NOP : GJ_PHI;
	case GJ_SUB: return o->arg[1] == r ? GJ_NOP : GJ_ADD;
	case GJ_FMA: return o->arg[0] == r || o->arg[1] == r ? GJ_NOP : GJ_ADD;
	case GJ_ADD: case GJ_MUL: case GJ_MIN: case GJ_MAX: case GJ_AND: case GJ_OR: case GJ_XOR: return (gj_opcode)o->op;
	default: return GJ_NOP;
	}
}

/* Where an edge of block b leads, past a block that only reads; *from: the predecessor there. */
static uint32_t leads_to(const gj_fn *f, uint32_t b, uint32_t i, uint32_t *from)
{
	uint32_t to = f->bb.p[b].succ[i];
	const gj_bb *t = &f->bb.p[to];
	bool empty = t->nsucc == 1 && t->preds.n == 1;
	GJ_EACH_OP_OF(f, to, r)
		empty &= !gj_op_is(gj_o(f, r), GJ_F_WRITE);
	*from = empty ? to : b;
	return empty ? t->succ[0] : to;
}

/* One value, or what one place holds that the loop does not write. */
static bool is_same(const analysis *a, gj_ref x, gj_ref y)
{
	const gj_op *p = gj_o(a->f, x), *q = gj_o(a->f, y);
	uint32_t n;
	if (x == y || p->op != GJ_LOAD || q->op != GJ_LOAD || p->arg[0] != q->arg[0])
		return x == y;
	const gj_ref *access = gj_loop_accesses(a->f, a->loop, &n);
	for (uint32_t i = 0; i < n; i++)
		if (gj_o(a->f, access[i])->op == GJ_STORE && !gj_apart(a->f, gj_accessed(a->f, access[i]), p->arg[0]))
			return false;
	return true;
}

/* `if x < r: r = x` and its like, seen from the comparison of r: MIN or MAX, and the phi or select that the two meet in. NOP: something
 * else. Where r is NaN it stays, as MIN and MAX of NaN and NaN do. */
static gj_opcode picks(const analysis *a, gj_ref compared, gj_ref r, gj_ref *met)
{
	const gj_fn *f = a->f;
	const gj_op *c = gj_o(f, compared);
	uint32_t yes, no;
	bool left = c->arg[0] == r, less = c->sub == GJ_CMP_LT || c->sub == GJ_CMP_LE, greater = c->sub == GJ_CMP_GT || c->sub == GJ_CMP_GE;
	gj_ref x = c->arg[left], user = a->user[a->first[compared]];
	const gj_op *u = gj_o(f, user);
	if (c->op != GJ_CMP || a->first[compared + 1] != a->first[compared] + 1 || x == r || (!less && !greater))
		return GJ_NOP;
	gj_opcode op = less == left ? GJ_MAX : GJ_MIN;
	*met = user;
	if (u->op == GJ_SELECT)
		return u->arg[0] == compared && is_same(a, u->arg[1], x) && u->arg[2] == r ? op : GJ_NOP;
	uint32_t to = u->op == GJ_BRANCH ? leads_to(f, u->block, 0, &yes) : 0;
	if (u->op != GJ_BRANCH || to != leads_to(f, u->block, 1, &no) || yes == no || f->bb.p[to].preds.n != 2)
		return GJ_NOP;
	GJ_EACH_PHI(f, to, p)
		if (is_same(a, gj_o(f, p)->arg[gj_pred_index(f, to, yes)], x) && gj_o(f, p)->arg[gj_pred_index(f, to, no)] == r) {
			*met = p;
			return op;
		}
	return GJ_NOP;
}

/* All operands that are passed on are of the set; of those that are combined, or picked from, one is. */
static bool is_closed(const analysis *a, gj_ref r)
{
	const gj_op *o = gj_o(a->f, r);
	for (uint32_t i = 0; i < a->picked.n; i++)
		if (a->picked.p[i] == r)
			return in_set(a, o->arg[o->nargs - 2]) != in_set(a, o->arg[o->nargs - 1]);
	uint32_t from = o->op == GJ_SELECT, n = 0;
	for (uint32_t k = from; k < o->nargs; k++)
		n += in_set(a, o->arg[k]);
	return n == (o->op == GJ_PHI || o->op == GJ_SELECT ? o->nargs - from : 1);
}

/* The operation with which every way through the loop combines phi p; NOP: none. */
static gj_opcode reduces(analysis *a, gj_ref p)
{
	const gj_fn *f = a->f;
	gj_opcode op = GJ_NOP;
	a->epoch++;
	a->set.n = a->picked.n = 0;
	put(a, p);
	for (uint32_t i = 0; i < a->set.n; i++) {
		gj_ref r = a->set.p[i];
		for (uint32_t k = a->first[r]; k < a->first[r + 1]; k++) {
			gj_ref u = a->user[k];
			if (!inside(a, u)) {
				if (r != p)
					return GJ_NOP;
				continue;
			}
			gj_ref met;
			gj_opcode how = gj_o(f, u)->op == GJ_CMP ? picks(a, u, r, &met) : goes_on(gj_o(f, u), r);
			if (gj_o(f, u)->op == GJ_CMP && how != GJ_NOP)
				gj_push(f->arena, &a->picked, met);
			if (how == GJ_NOP || (how != GJ_PHI && op != GJ_NOP && op != how))
				return GJ_NOP;
			op = how == GJ_PHI ? op : how;
			if (gj_o(f, u)->op != GJ_CMP)
				put(a, u);
		}
	}
	uint32_t back = gj_pred_index(f, f->loops.p[a->loop].header, f->loops.p[a->loop].latch);
	for (uint32_t i = 1; i < a->set.n; i++)
		if (!is_closed(a, a->set.p[i]))
			return GJ_NOP;
	return in_set(a, gj_o(f, p)->arg[back]) ? op : GJ_NOP;
}

static bool check_carried(analysis *a)
{
	gj_fn *f = a->f;
	for (uint32_t k = a->first[a->fact->counter]; k < a->first[a->fact->counter + 1]; k++)
		if (!inside(a, a->user[k]) && !fails(f, gj_o(f, a->user[k])->block))
			return refuse(a, gj_o(f, a->user[k])->loc, "needs its counter afterwards");
	GJ_EACH_PHI(f, f->loops.p[a->loop].header, r) {
		if (r == a->fact->counter || a->first[r] == a->first[r + 1])
			continue;
		gj_opcode op = reduces(a, r);
		if (op == GJ_NOP) {
			uint32_t back = gj_pred_index(f, f->loops.p[a->loop].header, f->loops.p[a->loop].latch);
			return refuse(a, gj_o(f, gj_o(f, r)->arg[back])->loc, "makes a value that the next round needs");
		}
		gj_push(f->arena, &a->fact->carried, ((gj_carry){ r, op }));
	}
	return true;
}

/* -- All loops ------------------------------------------------------------------------------------------------------------------- */

static void find_users(analysis *a)
{
	gj_fn *f = a->f;
	a->first = gj_new(f->arena, uint32_t, f->op.n + 2);
	GJ_EACH_OP(f, b, r)
		for (uint32_t k = 0; k < gj_o(f, r)->nargs; k++)
			a->first[gj_o(f, r)->arg[k] + 1]++;
	for (uint32_t r = 0; r < f->op.n; r++)
		a->first[r + 1] += a->first[r];
	uint32_t *at = gj_memdup(f->arena, a->first, (f->op.n + 1) * sizeof *at);
	a->user = gj_new(f->arena, uint32_t, a->first[f->op.n] + 1);
	GJ_EACH_OP(f, b, r)
		for (uint32_t k = 0; k < gj_o(f, r)->nargs; k++)
			a->user[at[gj_o(f, r)->arg[k]]++] = r;
}

const gj_loop_fact *gj_independent_loops(gj_fn *f)
{
	analysis a = { .f = f, .mark = gj_new(f->arena, uint32_t, f->op.n + 1) };
	gj_loop_fact *facts = gj_new(f->arena, gj_loop_fact, f->loops.n);
	find_users(&a);
	for (uint32_t l = 1; l < f->loops.n; l++) {
		a.loop = l;
		a.fact = &facts[l];
		a.fact->rounds = -1;
		a.fact->independent = check_exits(&a) && find_counter(&a) && check_carried(&a) && check_memory(&a);
	}
	return facts;
}
