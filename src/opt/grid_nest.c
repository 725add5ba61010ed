/* Loops over the grid in each other, on the CPU:
 *
 *     for i in range(y, h, height of the grid):               if y < h:
 *         for j in range(x, w, width of the grid):    →           if x < w:
 *             body(i, j)                                              body(y, x)
 *
 * Where no round has to do with another, nobody can tell which thread has run which: so a launch has a thread for each round
 * instead, as many along each axis as the loop's bound says (gj_image.reach), however few it was asked for. Then they run as those
 * of any kernel do: row after row of memory, shared out evenly, without a loop's masks. A loop over the grid with other loops in it is
 * such a nest of one; what goes along x alone and has none is left to grid_rounds.c.
 *
 * Rounds have nothing to do with each other if each stores to an element of its own, and reads nothing that is stored but that element: the
 * index must be the same sum in the store and in the other access, in which each counter steps along an axis of the array of its own, or
 * over as many elements as the next loop has rounds (a[i * w + j]). Integers may be added to arrays that only that is done with (sums.c), in
 * any order. */
#include "opt/grid.h"

#include <string.h>
#include <stdlib.h>

enum { MOST_LOOPS = 3, MOST_TERMS = 12, MOST_FACTORS = 4, MOST_DEPTH = 16, MOST_BETWEEN = 40, DIVISION = 8 };

/* A loop of the nest: its counter starts `offset` behind the thread's place along the axis. */
typedef struct level { uint32_t loop, header; int axis; gj_ref counter; int64_t offset; uint32_t nreach; gj_reach reach[GJ_REACHES]; } level;

typedef struct nest { const gj_fn *f; uint32_t n; level at[MOST_LOOPS]; } nest;

/* -- The loops -------------------------------------------------------------------------------------------------------------------- */

/* A parameter and `more`, as the launch can add them up; of the lesser of two numbers, both or one. How far it is from the counter's start. */
static bool find_reach(const gj_fn *f, gj_ref bound, int64_t more, level *v)
{
	const gj_op *o = gj_o(f, gj_same_number(f, bound));
	for (; o->nargs == 2; o = gj_o(f, gj_same_number(f, o->arg[0]))) {
		const gj_op *by = gj_o(f, gj_same_number(f, o->arg[1]));
		bool sum = o->op == GJ_ADD || o->op == GJ_SUB, known = by->op == GJ_CONST && by->imm.i > -GJ_REACH_MORE && by->imm.i < GJ_REACH_MORE;
		if (sum && known)
			more += o->op == GJ_ADD ? by->imm.i : -by->imm.i;
		else if (o->op == GJ_ADD && by->op == GJ_CVT && gj_o(f, by->arg[0])->type->kind == GJ_BOOL)   /* ≤ a bound (grid_while.c) */
			more++;
		else if (o->op == GJ_MIN)
			return find_reach(f, o->arg[0], more, v) | find_reach(f, o->arg[1], more, v);
		else
			return false;
		if (more <= -GJ_REACH_MORE || more >= GJ_REACH_MORE)
			return false;
	}
	if ((o->op != GJ_PARAM && (o->op != GJ_CONST || o->imm.i >= GJ_REACH_MORE)) || !gj_is_int(o->type) || v->nreach == GJ_REACHES)
		return false;
	uint32_t param = o->op == GJ_PARAM ? (uint32_t)o->imm.i + 1 : 0;
	more += o->op == GJ_CONST ? o->imm.i : 0;
	v->reach[v->nreach++] = (gj_reach){ param, param || more > 0 ? (int32_t)more : 1 };
	return true;
}

/* Is there no way out of the loop but that of its test? */
static bool leaves_at_head(const gj_fn *f, uint32_t l)
{
	GJ_EACH_BLOCK(f, b)
		for (uint32_t i = 0; i < f->bb.p[b].nsucc && b != f->loops.p[l].header && gj_loop_contains(f, l, f->bb.p[b].loop); i++)
			if (!gj_loop_contains(f, l, f->bb.p[f->bb.p[b].succ[i]].loop))
				return false;
	return true;
}

static bool find_level(const gj_fn *f, uint32_t l, level *v)
{
	uint32_t h = f->loops.p[l].header;
	const gj_bb *bb = &f->bb.p[h];
	const gj_op *t = gj_terminator(f, h), *c = t->op == GJ_BRANCH ? gj_o(f, t->arg[0]) : NULL;
	if (!c || c->op != GJ_CMP || c->sub != GJ_CMP_LT || gj_count_phis(f, h) != 1)
		return false;
	const gj_op *phi = gj_o(f, c->arg[0]);
	gj_ref start = 0;
	int64_t axis = -1;
	for (uint32_t k = 0; phi->op == GJ_PHI && phi->block == h && k < bb->preds.n; k++) {
		const gj_op *next = gj_o(f, phi->arg[k]);
		bool inside = gj_loop_contains(f, l, f->bb.p[bb->preds.p[k]].loop);
		int64_t step = next->op == GJ_ADD && next->arg[0] == c->arg[0] ? gj_grid_product(f, gj_o(f, gj_same_number(f, next->arg[1]))) : -1;
		if (inside ? step < GJ_NCTAID_X || (axis >= 0 && axis != step) : start != 0)
			return false;
		axis = inside ? step : axis;
		start = inside ? start : phi->arg[k];
	}
	*v = (level){ .loop = l, .header = h, .axis = (int)(axis - GJ_NCTAID_X), .counter = c->arg[0] };
	return start && axis >= 0 && leaves_at_head(f, l) && gj_grid_start(f, start, v->axis, &v->offset) && find_reach(f, c->arg[1], -v->offset, v)
		&& gj_loop_contains(f, l, f->bb.p[bb->succ[0]].loop) && !gj_loop_contains(f, l, f->bb.p[bb->succ[1]].loop);
}

/* The only loop in loop `parent` (0: of the function) but for those in that; 0: there is none, or there are several. */
static uint32_t only_loop(const gj_fn *f, uint32_t parent)
{
	uint32_t found = 0, n = 0;
	for (uint32_t l = 1; l < f->loops.n; l++)
		if (f->loops.p[l].parent == parent) {
			found = l;
			n++;
		}
	return n == 1 ? found : 0;
}

static void find_nest(nest *w)
{
	uint32_t axes = 0, l = 0;
	while (w->n < MOST_LOOPS && (l = only_loop(w->f, l)) && find_level(w->f, l, &w->at[w->n]) && !(axes >> w->at[w->n].axis & 1))
		axes |= 1u << w->at[w->n++].axis;
}

/* -- What is in them ---------------------------------------------------------------------------------------------------------------- */

static bool is_inside(const nest *w, uint32_t b) { return gj_loop_contains(w->f, w->at[w->n - 1].loop, w->f->bb.p[b].loop); }

static bool is_sum(const gj_op *o) { return o->op == GJ_ATOMIC && o->imm.i && gj_is_int(o->type); }

/* Ops that a round may have, or that may stand around the inner loop: these are run once for each of its rounds then. */
static bool fits(const nest *w, uint32_t b, const gj_op *o)
{
	if (gj_meets(o) || (o->op == GJ_SREG && o->imm.i > GJ_NCTAID_Z && o->imm.i != GJ_WARPSIZE))
		return false;
	if (is_inside(w, b))
		return o->op != GJ_RETURN && o->op != GJ_BOUNDS && (!gj_op_is(o, GJ_F_WRITE) || o->op == GJ_STORE || is_sum(o));
	return gj_can_repeat(w->f, o) || o->op == GJ_DIV || o->op == GJ_BRANCH || o->op == GJ_RETURN;
}

/* What it costs to do such an op once more. */
static uint32_t cost_of(const gj_op *o)
{
	bool given = o->op == GJ_CONST || o->op == GJ_PARAM || o->op == GJ_SREG || o->op == GJ_CVT || gj_op_is(o, GJ_F_TERM);
	return given ? 0 : o->op == GJ_DIV ? DIVISION : 1;
}

static bool is_counter(const nest *w, gj_ref r)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (w->at[i].counter == r)
			return true;
	return false;
}

/* Does it tell, with nothing else, which thread of the launch it is, or how many there are along the nest's axes? */
static bool tells_place(const nest *w, const gj_op *o)
{
	for (uint32_t i = 0; i < w->n && o->op == GJ_SREG; i++)
		if (o->imm.i == GJ_TID_X + w->at[i].axis || o->imm.i == GJ_CTAID_X + w->at[i].axis || o->imm.i == GJ_NCTAID_X + w->at[i].axis)
			return true;
	return false;
}

/* Do places and sizes of the grid along the nest's axes lead to its counters alone, and is there nothing that cannot be in it? */
static bool all_fits(const nest *w)
{
	const gj_fn *f = w->f;
	bool *tells = gj_new(f->arena, bool, f->op.n);
	uint32_t between = 0;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		between += is_inside(w, b) ? 0 : cost_of(o);
		if (!fits(w, b, o))
			return false;
		tells[r] = tells_place(w, o);
		for (uint32_t k = 0; k < o->nargs && !is_counter(w, r); k++)
			tells[r] |= tells[o->arg[k]];
		if (tells[r] && !gj_op_is(o, GJ_F_PURE))
			return false;
	}
	GJ_EACH_OP(f, b, r)                        /* what comes round a loop has been seen now */
		for (uint32_t k = 0; k < gj_o(f, r)->nargs && gj_o(f, r)->op == GJ_PHI && !is_counter(w, r); k++)
			if (tells[gj_o(f, r)->arg[k]])
				return false;
	return between <= MOST_BETWEEN;
}

/* -- Elements ---------------------------------------------------------------------------------------------------------------------- */

/* Σ k · Π factor; a factor is a counter, what does not change in the nest, or PARAM + the number of a parameter. */
#define PARAM 0x80000000u
typedef struct term { int64_t k; uint32_t n; uint32_t factor[MOST_FACTORS]; } term;
typedef struct sum { uint32_t n; term term[MOST_TERMS]; } sum;

static bool same_factors(const term *x, const term *y) { return x->n == y->n && !memcmp(x->factor, y->factor, x->n * sizeof *x->factor); }

static bool add_term(sum *s, const term *t)
{
	uint32_t i = 0;
	while (i < s->n && !same_factors(&s->term[i], t))
		i++;
	if (i == MOST_TERMS)
		return false;
	if (i < s->n)
		return !__builtin_add_overflow(s->term[i].k, t->k, &s->term[i].k);
	s->term[s->n++] = *t;
	return true;
}

static bool times(const term *x, const term *y, term *out)
{
	*out = *x;
	if (x->n + y->n > MOST_FACTORS || __builtin_mul_overflow(x->k, y->k, &out->k))
		return false;
	for (uint32_t i = 0; i < y->n; i++) {
		uint32_t at = out->n++;
		for (; at && out->factor[at - 1] > y->factor[i]; at--)
			out->factor[at] = out->factor[at - 1];
		out->factor[at] = y->factor[i];
	}
	return true;
}

static bool find_sum(const nest *w, gj_ref r, sum *s, int depth);

/* *s += scale · x · y (0: 1). */
static bool add_product(const nest *w, sum *s, gj_ref x, gj_ref y, int64_t scale, int depth)
{
	sum a = { 0 }, b = { .n = 1, .term = { { .k = 1 } } };
	if (!find_sum(w, x, &a, depth + 1) || (y && ((b.n = 0), !find_sum(w, y, &b, depth + 1))))
		return false;
	for (uint32_t i = 0; i < a.n; i++)
		for (uint32_t k = 0; k < b.n; k++) {
			term t;
			if (!times(&a.term[i], &b.term[k], &t) || __builtin_mul_overflow(t.k, scale, &t.k) || !add_term(s, &t))
				return false;
		}
	return true;
}

/* *s += r. Index arithmetic in 64 bits may be taken not to overflow. */
static bool find_sum(const nest *w, gj_ref r, sum *s, int depth)
{
	const gj_fn *f = w->f;
	const gj_op *o = gj_o(f, r);
	bool exact = o->type && gj_is_int(o->type) && (o->type->size == 8 || o->flags & (GJ_NSW | GJ_NUW)) && depth < MOST_DEPTH;
	if (o->op == GJ_CONST)
		return add_term(s, &(term){ .k = o->imm.i });
	if (o->op == GJ_PARAM)
		return add_term(s, &(term){ 1, 1, { PARAM | (uint32_t)o->imm.i } });
	if (is_counter(w, r))
		return add_term(s, &(term){ 1, 1, { r } });
	if (exact && (o->op == GJ_ADD || o->op == GJ_SUB))
		return add_product(w, s, o->arg[0], 0, 1, depth) && add_product(w, s, o->arg[1], 0, o->op == GJ_ADD ? 1 : -1, depth);
	if (exact && o->op == GJ_MUL)
		return add_product(w, s, o->arg[0], o->arg[1], 1, depth);
	const gj_op *from = o->op == GJ_CVT ? gj_o(f, o->arg[0]) : NULL;
	if (from && gj_is_int(from->type) && (exact || from->type->size < o->type->size))
		return add_product(w, s, o->arg[0], 0, 1, depth);
	return !gj_loop_contains(f, w->at[0].loop, f->bb.p[o->block].loop) && add_term(s, &(term){ 1, 1, { r } });
}

/* The one term with this counter, without it. False: there is none, or several, or it has another's too. */
static bool step_of(const nest *w, const sum *s, gj_ref counter, term *step)
{
	uint32_t found = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		bool has = false;
		term t = { .k = s->term[i].k };
		for (uint32_t k = 0; k < s->term[i].n; k++) {
			uint32_t x = s->term[i].factor[k];
			if (x == counter && !has)
				has = true;
			else
				t.factor[t.n++] = x;
		}
		if (has && t.k) {
			*step = t;
			found++;
		}
	}
	for (uint32_t k = 0; found && k < step->n; k++)
		found += !(step->factor[k] & PARAM) && is_counter(w, step->factor[k]);
	return found == 1;
}

/* Is the step along dimension d of the array, leaf `leaf` with n dimensions, in C or Fortran order, or with strides? */
static bool is_along(const gj_fn *f, uint32_t leaf, const term *step, uint32_t d, uint32_t n, char order)
{
	uint32_t dims = 0;
	for (uint32_t k = 0; k < step->n; k++) {
		const gj_fnparam *p = step->factor[k] & PARAM ? &f->param.p[step->factor[k] & ~PARAM] : NULL;
		if (!p || p->leaf != leaf || p->field != (order == 'A' ? GJ_FIELD_STRIDE : GJ_FIELD_SHAPE) || dims >> p->dim & 1)
			return false;
		dims |= 1u << p->dim;
	}
	uint32_t before = (1u << d) - 1, all = (1u << n) - 1;
	return dims == (order == 'A' ? 1u << d : order == 'F' ? before : all & ~before & ~(1u << d));
}

/* Does each counter step along an axis of its own? Of a strided array one dimension may have a stride that the launch knows. */
static bool along_axes(const nest *w, uint32_t leaf, const term *step, char order)
{
	uint32_t n = 0, taken = 0, known = 0;
	for (uint32_t i = 0; i < w->f->param.n; i++)
		if (w->f->param.p[i].leaf == leaf && w->f->param.p[i].field == GJ_FIELD_SHAPE)
			n = w->f->param.p[i].dim + 1u > n ? w->f->param.p[i].dim + 1u : n;
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t d = 0;
		while (d < n && !is_along(w->f, leaf, &step[i], d, n, order))
			d++;
		if (d == n && order == 'A' && !step[i].n && !known++)
			continue;
		if (d == n || taken >> d & 1)
			return false;
		taken |= 1u << d;
	}
	return true;
}

/* Is `outer` the same step over as many elements as the loop has rounds, or more? */
static bool is_over(const level *v, const term *step, const term *outer)
{
	bool over = false;
	for (uint32_t i = 0; i < v->nreach && v->offset >= 0; i++) {
		const gj_reach *r = &v->reach[i];
		term whole;
		over |= r->param && r->more + v->offset <= 0 && times(step, &(term){ 1, 1, { PARAM | (r->param - 1) } }, &whole)
			&& whole.k == outer->k && same_factors(&whole, outer);
	}
	return over;
}

/* Is the array a plane to the kernel alone: does each counter step over as many elements as the next smaller loop has rounds? */
static bool over_rounds(const nest *w, const term *step)
{
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t inner = 0;
		for (uint32_t k = 0; k < w->n; k++)
			inner += is_over(&w->at[k], &step[k], &step[i]);
		if (inner != (step[i].n > 0))
			return false;
		for (uint32_t k = 0; k < i; k++)
			if (step[k].n == step[i].n)
				return false;
	}
	return true;
}

static bool same_sum(const sum *x, const sum *y)
{
	bool same = x->n == y->n;
	for (uint32_t i = 0; i < x->n && same; i++) {
		uint32_t k = 0;
		while (k < y->n && !same_factors(&x->term[i], &y->term[k]))
			k++;
		same = k < y->n && x->term[i].k == y->term[k].k;
	}
	return same;
}

static bool find_element(const nest *w, gj_ref address, sum *s)
{
	const gj_op *o = gj_o(w->f, address);
	return (o->op == GJ_ELEM || o->op == GJ_BYTES) && gj_o(w->f, o->arg[0])->op == GJ_PARAM && find_sum(w, o->arg[1], s, 0);
}

/* Does each round have an element of its own there? */
static bool is_own(const nest *w, gj_ref address, const sum *s)
{
	const gj_op *o = gj_o(w->f, address);
	uint32_t leaf = w->f->param.p[gj_o(w->f, o->arg[0])->imm.i].leaf;
	term step[MOST_LOOPS];
	for (uint32_t i = 0; i < w->n; i++)
		if (!step_of(w, s, w->at[i].counter, &step[i]))
			return false;
	if (o->op == GJ_BYTES)                     /* of a strided array, whose elements may share memory */
		return w->f->facts & GJ_FACT_NOALIAS && along_axes(w, leaf, step, 'A');
	return along_axes(w, leaf, step, 'C') || along_axes(w, leaf, step, 'F') || over_rounds(w, step);
}

static bool are_apart(const nest *w)
{
	const gj_fn *f = w->f;
	GJ_EACH_OP(f, b, r) {
		sum s = { 0 };
		if (gj_o(f, r)->op != GJ_STORE)
			continue;
		gj_ref p = gj_o(f, r)->arg[0];
		if (!find_element(w, p, &s) || !is_own(w, p, &s))
			return false;
		GJ_EACH_OP(f, c, q) {
			sum t = { 0 };
			const gj_op *o = gj_o(f, q);
			if ((o->op != GJ_LOAD && o->op != GJ_STORE) || gj_apart(f, p, o->arg[0]))
				continue;
			if (gj_o(f, o->arg[0])->op != gj_o(f, p)->op || gj_root(f, o->arg[0]) != gj_root(f, p) || !find_element(w, o->arg[0], &t) || !same_sum(&s, &t))
				return false;
		}
	}
	return !f->listens;
}

/* -- One round ------------------------------------------------------------------------------------------------------------------------- */

static void run_one_round(gj_fn *f, const level *v)
{
	uint32_t end = gj_block_new(f);
	gj_emit(f, end, GJ_RETURN, NULL, 0, 0, NULL);
	for (uint32_t i = f->bb.p[v->header].preds.n; i-- > 0;) {
		uint32_t from = f->bb.p[v->header].preds.p[i];
		if (!gj_loop_contains(f, v->loop, f->bb.p[from].loop))
			continue;
		f->bb.p[from].succ[gj_pred_edge(f, v->header, i)] = end;
		gj_push(f->arena, &f->bb.p[end].preds, from);
		gj_drop_pred(f, v->header, i);
	}
}

void gj_spread_grid_nest(gj_fn *f, bool wanted)
{
	nest w = { .f = f };
	if (!gj_is_plain_kernel(f) || f->barriers || f->round_index)
		return;
	find_nest(&w);
	for (; w.n; w.n--)                         /* what is no round by itself may be one with its inner loops */
		if (all_fits(&w) && are_apart(&w))
			break;
	f->nest = w.n > 0;
	for (uint32_t i = 0; i < w.n && wanted; i++) {
		memcpy(&f->reach[w.at[i].axis * GJ_REACHES], w.at[i].reach, sizeof w.at[i].reach);
		run_one_round(f, &w.at[i]);
	}
	if (f->nest && wanted)
		gj_grid_tidy(f);
}
