/* How many bits do integer values need? A value with b bits lies in [0, 2^b); b = the type's width means nothing is
 * known (signed: it may be negative). Starts from the least and rises to a fixpoint, so that counters that only grow
 * come out right. From it follow GJ_NONNEG and the absence of wraparound. */
#include "opt/opt.h"

/* What a loop's test says of its counter (a phi of the header) and of the counter's next value, which is one `step`
 * further: where they are computed, the counter is below `limit`, or, in the header itself, at most one step past it. */
typedef struct counter { gj_ref limit, step; bool past; } counter;

typedef struct ranges {
	gj_fn *f;
	uint8_t *bits;                             /* by op */
	uint8_t *rises;                            /* phis: how often it rose */
	uint32_t *first, *user;                    /* users of op r: user[first[r]] … user[first[r + 1]] */
	counter *counter;                          /* by op: what a loop's test bounds; limit 0: others */
} ranges;

static bool tracked(const gj_type *t)
{
	return t && (gj_is_int(t) || gj_is_bool(t));
}

static int width(const gj_type *t)
{
	return gj_is_bool(t) ? 1 : 8 * t->size;
}

static int least(int a, int b)    { return a < b ? a : b; }
static int greatest(int a, int b) { return a > b ? a : b; }

/* Most bits of a value of the type that is not negative. */
static int room(const gj_type *t)
{
	return width(t) - gj_is_signed(t);
}

static int bits_of(const ranges *s, const gj_op *o, uint32_t k)
{
	return s->bits[o->arg[k]];
}

/* Is operand k known not to be negative? */
static bool nonneg(const ranges *s, const gj_op *o, uint32_t k)
{
	const gj_type *t = gj_o(s->f, o->arg[k])->type;
	return tracked(t) && bits_of(s, o, k) <= room(t);
}

static int bit_length(const gj_op *o)
{
	uint64_t x = (uint64_t)o->imm.i;
	if (gj_is_signed(o->type) && o->imm.i < 0)
		return width(o->type);
	int n = 0;
	for (; x; x >>= 1)
		n++;
	return n;
}

/* Limits that hold on every device: 1,024 threads a block, 65,535 blocks along y and z. Blocks along x are as many as the
 * launch says. */
static int sreg_bits(const ranges *s, int64_t sreg)
{
	switch (sreg) {
	case GJ_TID_X: case GJ_TID_Y: case GJ_TID_Z: return 10;
	case GJ_NTID_X: case GJ_NTID_Y: case GJ_NTID_Z: return 11;
	case GJ_CTAID_X: case GJ_NCTAID_X: return s->f->facts & GJ_FACT_IDX32 ? 23 : 31;
	case GJ_CTAID_Y: case GJ_CTAID_Z: case GJ_NCTAID_Y: case GJ_NCTAID_Z: return 16;
	case GJ_LANEID: return 5;
	case GJ_WARPSIZE: return 6;
	case GJ_THREAD_ID: case GJ_THREADS: return 20;
	default: return 31;
	}
}

/* Extents: with the item size they fit in 31 bits where the launch says so. */
static int param_bits(const ranges *s, const gj_op *o)
{
	const gj_fn *f = s->f;
	int n = 31;
	if (!(f->facts & GJ_FACT_IDX32) || !(o->flags & GJ_NONNEG))
		return width(o->type);
	for (uint32_t i = 0; i < f->param.n; i++)
		if (f->param.p[i].leaf == f->param.p[o->imm.i].leaf && f->param.p[i].field == GJ_FIELD_DATA)
			for (uint32_t size = f->param.p[i].type->elem->size; size > 1; size /= 2)
				n--;
	return n;
}

/* Sum, product and shifts by a constant need this many bits before they wrap; −1: an operand may be negative. */
static int exact_bits(const ranges *s, const gj_op *o)
{
	if (!nonneg(s, o, 0) || !nonneg(s, o, 1))
		return -1;
	int a = bits_of(s, o, 0), b = bits_of(s, o, 1);
	if (o->op == GJ_ADD)
		return a && b ? greatest(a, b) + 1 : greatest(a, b);
	if (o->op == GJ_MUL)
		return s->f->facts & GJ_FACT_IDX32 && gj_grid_product(s->f, o) >= 0 ? 30 : a && b ? a + b : 0;
	const gj_op *n = gj_o(s->f, o->arg[1]);    /* GJ_SHL */
	return n->op == GJ_CONST && n->imm.i < 64 ? a + (int)n->imm.i : -1;
}

static int grown(const ranges *s, const gj_op *o)
{
	int need = exact_bits(s, o), most = room(o->type);
	bool no_wrap = o->op != GJ_SHL && gj_is_signed(o->type) && (o->flags & GJ_NSW);
	return need < 0 ? width(o->type) : need <= most ? need : no_wrap ? most : width(o->type);
}

static int shifted_right(const ranges *s, const gj_op *o)
{
	const gj_op *n = gj_o(s->f, o->arg[1]);
	int a = bits_of(s, o, 0);
	if (!nonneg(s, o, 0) || n->op != GJ_CONST || n->imm.i < 0 || n->imm.i > 63)
		return a;
	return greatest(0, a - (int)n->imm.i);
}

static int converted(const ranges *s, const gj_op *o)
{
	const gj_type *from = gj_o(s->f, o->arg[0])->type;
	int most = o->flags & GJ_NSW ? room(o->type) : width(o->type);     /* NSW: the number is known to fit */
	return tracked(from) && nonneg(s, o, 0) ? least(bits_of(s, o, 0), most) : width(o->type);
}

static int masked(const ranges *s, const gj_op *o)
{
	int w = width(o->type), a = nonneg(s, o, 0) ? bits_of(s, o, 0) : w, b = nonneg(s, o, 1) ? bits_of(s, o, 1) : w;
	return least(a, b);
}

static int largest_arg(const ranges *s, const gj_op *o, uint32_t from)
{
	int b = 0;
	for (uint32_t k = from; k < o->nargs; k++)
		b = greatest(b, bits_of(s, o, k));
	return b;
}

/* Bits of an op by what its operands have now. Width: nothing is known. */
static int evaluate(const ranges *s, const gj_op *o)
{
	int w = width(o->type);
	bool both = o->nargs == 2 && nonneg(s, o, 0) && nonneg(s, o, 1);
	switch (o->op) {
	case GJ_CONST:    return bit_length(o);
	case GJ_UNDEF:    return 0;
	case GJ_PARAM:    return param_bits(s, o);
	case GJ_SREG:     return sreg_bits(s, o->imm.i);
	case GJ_CVT:
	case GJ_BITCAST:  return converted(s, o);
	case GJ_PHI:      return largest_arg(s, o, 0);
	case GJ_SELECT:   return largest_arg(s, o, 1);
	case GJ_ADD:
	case GJ_MUL:
	case GJ_SHL:      return grown(s, o);
	case GJ_FLOORDIV: return both ? bits_of(s, o, 0) : w;
	case GJ_MOD:      return !nonneg(s, o, 1) ? w : both ? least(bits_of(s, o, 0), bits_of(s, o, 1)) : bits_of(s, o, 1);
	case GJ_SHR:      return shifted_right(s, o);
	case GJ_AND:      return masked(s, o);
	case GJ_OR:
	case GJ_XOR:      return both ? largest_arg(s, o, 0) : w;
	case GJ_MIN:      return both ? masked(s, o) : w;
	case GJ_MAX:      return both ? largest_arg(s, o, 0) : nonneg(s, o, 0) || nonneg(s, o, 1) ? room(o->type) : w;
	case GJ_ABS:      return nonneg(s, o, 0) ? bits_of(s, o, 0) : w;
	case GJ_POPC:
	case GJ_CLZ:
	case GJ_FFS:      return least(7, room(o->type));
	default:          return w;
	}
}

/* -- Counters of loops ----------------------------------------------------------------------------------------------- */

/* Does `cond` being `truth` mean r < limit (or ≤)? Gives limit. */
static gj_ref below(const gj_fn *f, gj_ref cond, bool truth, gj_ref r)
{
	const gj_op *c = gj_o(f, cond);
	if (c->op != GJ_CMP)
		return 0;
	bool less = c->sub == GJ_CMP_LT || c->sub == GJ_CMP_LE, more = c->sub == GJ_CMP_GT || c->sub == GJ_CMP_GE;
	if (c->arg[0] == r && (truth ? less : more))
		return c->arg[1];
	return c->arg[1] == r && (truth ? more : less) ? c->arg[0] : 0;
}

static gj_ref branch_bound(const gj_fn *f, uint32_t from, uint32_t to, gj_ref r)
{
	const gj_bb *b = &f->bb.p[from];
	const gj_op *t = gj_terminator(f, from);
	if (t->op != GJ_BRANCH || b->succ[0] == b->succ[1])
		return 0;
	return below(f, t->arg[0], b->succ[0] == to, r);
}

/* The next value of counter r, the same on every way back to the header; 0: r is no counter. *limit: what each of
 * these ways tests it against, 0: nothing. */
static gj_ref next_of(const gj_fn *f, gj_ref r, gj_ref *limit)
{
	const gj_op *o = gj_o(f, r);
	const gj_bb *h = &f->bb.p[o->block];
	gj_ref next = 0;
	*limit = 0;
	for (uint32_t k = 0; k < o->nargs; k++) {
		if (!gj_dominates(f, o->block, h->preds.p[k]))
			continue;                                                          /* from outside */
		gj_ref bound = branch_bound(f, h->preds.p[k], o->block, o->arg[k]);
		*limit = !next || bound == *limit ? bound : 0;
		if (next && o->arg[k] != next)
			return 0;
		next = o->arg[k];
	}
	return next && gj_o(f, next)->op == GJ_ADD && gj_o(f, next)->arg[0] == r ? next : 0;
}

/* Finds the bound of phi r of a loop's header, tested in the header (`for`, `while`) or on the way back to it. */
static void find_counter(ranges *s, gj_ref r)
{
	const gj_fn *f = s->f;
	const gj_op *o = gj_o(f, r);
	const gj_bb *h = &f->bb.p[o->block];
	gj_ref limit, next;
	if (!h->loop || f->loops.p[h->loop].header != o->block || !gj_is_int(o->type) || !gj_is_signed(o->type) ||
	    !(next = next_of(f, r, &limit)))
		return;
	gj_ref step = gj_o(f, next)->arg[1];
	if (limit) {
		s->counter[r] = (counter){ limit, step, false };
		return;
	}
	for (uint32_t i = 0; i < h->nsucc; i++)
		if (gj_dominates(f, h->succ[i], gj_o(f, next)->block) && (limit = branch_bound(f, o->block, h->succ[i], r)))
			s->counter[r] = s->counter[next] = (counter){ limit, step, true };
}

/* No more bits than the loop's test leaves, if neither limit nor step nor what comes from outside is negative. */
static int capped(const ranges *s, gj_ref r, int b)
{
	const gj_op *o = gj_o(s->f, r);
	counter c = s->counter[r];
	if (!c.limit || (o->op != GJ_PHI && !nonneg(s, o, 0)))
		return b;
	int most = c.past ? greatest(s->bits[c.limit], s->bits[c.step]) + 1 : s->bits[c.limit];
	for (uint32_t k = 0; o->op == GJ_PHI && k < o->nargs; k++)
		if (!gj_dominates(s->f, o->block, s->f->bb.p[o->block].preds.p[k]))
			most = greatest(most, s->bits[o->arg[k]]);
	return most <= room(o->type) && s->bits[c.step] <= room(o->type) ? least(b, most) : b;
}

/* A new estimate for op r; true if it rose. A phi that rises again goes to the top of what is left, so that a counter
 * does not climb bit by bit. */
static bool raise(ranges *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	int b = evaluate(s, o);
	if (o->flags & GJ_NONNEG)
		b = least(b, room(o->type));
	if (b <= s->bits[r])
		return false;
	if (o->op == GJ_PHI && s->rises[r]++)
		b = b <= room(o->type) ? room(o->type) : width(o->type);
	b = capped(s, r, b);
	if (b <= s->bits[r])
		return false;
	s->bits[r] = (uint8_t)b;
	return true;
}

typedef GJ_VEC(gj_ref) work;

static void find_users(ranges *s, const work *all)
{
	gj_fn *f = s->f;
	uint32_t total = 0;
	s->first = gj_new(f->arena, uint32_t, f->op.n + 2);
	for (uint32_t i = 0; i < all->n; i++) {
		const counter *c = &s->counter[all->p[i]];
		for (uint32_t k = 0; k < gj_o(f, all->p[i])->nargs; k++, total++)
			s->first[gj_o(f, all->p[i])->arg[k] + 2]++;
		if (c->limit)
			s->first[c->limit + 2]++, s->first[c->step + 2]++, total += 2;
	}
	for (uint32_t r = 2; r < f->op.n + 2; r++)
		s->first[r] += s->first[r - 1];
	s->user = gj_new(f->arena, uint32_t, total + 1);
	for (uint32_t i = 0; i < all->n; i++) {
		const counter *c = &s->counter[all->p[i]];
		for (uint32_t k = 0; k < gj_o(f, all->p[i])->nargs; k++)
			s->user[s->first[gj_o(f, all->p[i])->arg[k] + 1]++] = all->p[i];
		if (c->limit) {
			s->user[s->first[c->limit + 1]++] = all->p[i];
			s->user[s->first[c->step + 1]++] = all->p[i];
		}
	}
}

static void solve(ranges *s, const work *all)
{
	gj_fn *f = s->f;
	work w = { 0 };
	uint8_t *queued = gj_new(f->arena, uint8_t, f->op.n);
	gj_reserve(f->arena, &w, all->n + 1);
	for (uint32_t i = all->n; i-- > 0;)        /* a stack: the first op of the function comes up first */
		if (tracked(gj_o(f, all->p[i])->type)) {
			gj_push(f->arena, &w, all->p[i]);
			queued[all->p[i]] = 1;
		}
	while (w.n) {
		gj_ref r = w.p[--w.n];
		queued[r] = 0;
		if (!raise(s, r))
			continue;
		for (uint32_t u = s->first[r]; u < s->first[r + 1]; u++) {
			gj_ref user = s->user[u];
			if (!queued[user] && tracked(gj_o(f, user)->type)) {
				queued[user] = 1;
				gj_push(f->arena, &w, user);
			}
		}
	}
}

/* Turns bits into flags. */
static bool mark(const ranges *s, gj_ref r)
{
	gj_op *o = gj_o(s->f, r);
	uint8_t flags = o->flags;
	if (!tracked(o->type) || gj_is_bool(o->type))
		return false;
	if (gj_is_signed(o->type) && s->bits[r] <= room(o->type))
		o->flags |= GJ_NONNEG;
	if (o->op == GJ_ADD || o->op == GJ_MUL) {
		int need = exact_bits(s, o);
		if (need >= 0 && need <= room(o->type))
			o->flags |= gj_is_signed(o->type) ? GJ_NSW | GJ_NUW : GJ_NUW;
		else if ((o->flags & GJ_NSW) && need >= 0)
			o->flags |= GJ_NUW;                /* no signed wrap of two values ≥ 0 */
	}
	return o->flags != flags;
}

static ranges compute(gj_fn *f, work *all)
{
	ranges s = { .f = f, .bits = gj_new(f->arena, uint8_t, f->op.n), .rises = gj_new(f->arena, uint8_t, f->op.n),
		.counter = gj_new(f->arena, counter, f->op.n) };
	GJ_EACH_OP(f, b, r) {
		gj_push(f->arena, all, r);
		if (gj_o(f, r)->op == GJ_PHI && gj_o(f, r)->type)
			find_counter(&s, r);
	}
	find_users(&s, all);
	solve(&s, all);
	return s;
}

/* Marks dimensions of a check of bounds whose index has too few bits to reach the extent, which is constant. */
static bool prove_bounds(const ranges *s, gj_op *o)
{
	uint32_t n = o->nargs / 2;
	uint8_t before = o->sub;
	for (uint32_t d = 0; d < n; d++) {
		const gj_op *i = gj_o(s->f, o->arg[d]), *extent = gj_o(s->f, o->arg[n + d]);
		int bits = s->bits[o->arg[d]];
		if (extent->op == GJ_CONST && bits <= room(i->type) && bits <= 62 && extent->imm.i >= (int64_t)1 << bits)
			o->sub |= (uint8_t)(1 << d);
	}
	return o->sub != before;
}

bool gj_ranges(gj_fn *f)
{
	work all = { 0 };
	bool found = false;
	ranges s = compute(f, &all);
	for (uint32_t i = 0; i < all.n; i++)
		found |= gj_o(f, all.p[i])->op == GJ_BOUNDS ? prove_bounds(&s, gj_o(f, all.p[i])) : mark(&s, all.p[i]);
	return found;
}

const uint8_t *gj_bits(gj_fn *f)
{
	work all = { 0 };
	return compute(f, &all).bits;
}
