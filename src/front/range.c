/* How many bits do integer values need? A value with b bits lies in [0, 2^b); b = the type's width means nothing is
 * known (signed: it may be negative). Starts from the least and rises to a fixpoint, so that counters that only grow
 * come out right. From it follow GJ_NONNEG and the absence of wraparound. */
#include "front/simplify.h"

typedef struct ranges {
	gj_fn *f;
	uint8_t *bits;                             /* by op */
	uint8_t *rises;                            /* phis: how often it rose */
	uint32_t *first, *user;                    /* users of op r: user[first[r]] … user[first[r + 1]] */
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

/* Limits that hold on every device; block sizes beyond 2^16 exist on none. */
static int sreg_bits(int64_t sreg)
{
	switch (sreg) {
	case GJ_TID_X: case GJ_TID_Y: case GJ_TID_Z: case GJ_NTID_X: case GJ_NTID_Y: case GJ_NTID_Z: return 16;
	case GJ_LANEID: return 5;
	case GJ_WARPSIZE: return 6;
	default: return 31;
	}
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
		return a && b ? a + b : 0;
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
	case GJ_SREG:     return sreg_bits(o->imm.i);
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
	s->bits[r] = (uint8_t)b;
	return true;
}

typedef GJ_VEC(gj_ref) work;

static void find_users(ranges *s, const work *all)
{
	gj_fn *f = s->f;
	uint32_t total = 0;
	s->first = gj_new(f->arena, uint32_t, f->op.n + 2);
	for (uint32_t i = 0; i < all->n; i++)
		for (uint32_t k = 0; k < gj_o(f, all->p[i])->nargs; k++, total++)
			s->first[gj_o(f, all->p[i])->arg[k] + 2]++;
	for (uint32_t r = 2; r < f->op.n + 2; r++)
		s->first[r] += s->first[r - 1];
	s->user = gj_new(f->arena, uint32_t, total + 1);
	for (uint32_t i = 0; i < all->n; i++)
		for (uint32_t k = 0; k < gj_o(f, all->p[i])->nargs; k++)
			s->user[s->first[gj_o(f, all->p[i])->arg[k] + 1]++] = all->p[i];
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

bool gj_ranges(gj_fn *f)
{
	ranges s = { .f = f, .bits = gj_new(f->arena, uint8_t, f->op.n), .rises = gj_new(f->arena, uint8_t, f->op.n) };
	work all = { 0 };
	bool found = false;
	for (uint32_t i = 0; i < f->rpo.n; i++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[i]];
		for (uint32_t k = 0; k < bb->ops.n; k++)
			gj_push(f->arena, &all, bb->ops.p[k]);
	}
	find_users(&s, &all);
	solve(&s, &all);
	for (uint32_t i = 0; i < all.n; i++)
		found |= mark(&s, all.p[i]);
	return found;
}
