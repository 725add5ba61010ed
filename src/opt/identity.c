/* Algebraic identities that are exact in every bit, and rewriting into a simpler op of the same value. */
#include "opt/opt.h"

#include <math.h>

static const gj_folded unchanged = { 0 };

static gj_folded same(gj_ref r)
{
	return (gj_folded){ .same = r };
}

static gj_folded constant(int64_t i)
{
	return (gj_folded){ .is_const = true, .imm.i = i };
}

static gj_folded rewritten(void)
{
	return (gj_folded){ .changed = true };
}

static bool integral(const gj_type *t)
{
	return t && (gj_is_int(t) || gj_is_bool(t));
}

static bool is_int(const gj_fn *f, gj_ref r, int64_t x)
{
	const gj_op *o = gj_o(f, r);
	return o->op == GJ_CONST && integral(o->type) && o->imm.i == x;
}

static bool all_ones(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	if (o->op != GJ_CONST || !integral(o->type))
		return false;
	return o->imm.i == gj_imm_canonical(o->type, (gj_imm){ .i = -1 }).i;
}

static bool is_float(const gj_fn *f, gj_ref r, double x)
{
	const gj_op *o = gj_o(f, r);
	return o->op == GJ_CONST && gj_is_float(o->type) && o->imm.f == x && !signbit(o->imm.f) == !signbit(x);
}

/* Does every value of `from` stay itself in `to`? (integers and bool) */
static bool holds(const gj_type *to, const gj_type *from)
{
	if (!gj_is_int(to) || !integral(from))
		return false;
	if (gj_is_bool(from) || to == from)
		return true;
	if (gj_is_signed(from))
		return gj_is_signed(to) && to->size >= from->size;
	return to->size > from->size || (gj_is_unsigned(to) && to->size == from->size);
}

/* -- One function an op -------------------------------------------------------------------------------------------- */

/* Constants stand on the right of what commutes, so that the rules below look in one place. */
static bool commute(const gj_fn *f, gj_op *o)
{
	static const uint8_t mirrored[GJ_NCMPOPS] = {
		[GJ_CMP_LT] = GJ_CMP_GT, [GJ_CMP_LE] = GJ_CMP_GE, [GJ_CMP_EQ] = GJ_CMP_EQ, [GJ_CMP_NE] = GJ_CMP_NE,
		[GJ_CMP_GT] = GJ_CMP_LT, [GJ_CMP_GE] = GJ_CMP_LE,
	};
	bool commutes = o->op == GJ_ADD || o->op == GJ_MUL || o->op == GJ_AND || o->op == GJ_OR || o->op == GJ_XOR
	                || o->op == GJ_CMP || ((o->op == GJ_MIN || o->op == GJ_MAX) && gj_is_int(o->type));
	if (!commutes || !gj_is_const(f, o->arg[0]) || gj_is_const(f, o->arg[1]))
		return false;
	gj_ref a = o->arg[0];
	o->arg[0] = o->arg[1];
	o->arg[1] = a;
	if (o->op == GJ_CMP)
		o->sub = mirrored[o->sub];
	return true;
}

static gj_folded float_identity(const gj_fn *f, const gj_op *o)
{
	gj_ref a = o->arg[0], b = o->arg[1];
	bool neutral = (o->op == GJ_ADD && is_float(f, b, -0.0)) || (o->op == GJ_SUB && is_float(f, b, 0.0))
	               || ((o->op == GJ_MUL || o->op == GJ_DIV) && is_float(f, b, 1.0));
	return neutral ? same(a) : unchanged;
}

static gj_folded int_identity(const gj_fn *f, const gj_op *o)
{
	gj_ref a = o->arg[0], b = o->arg[1];
	bool zero = is_int(f, b, 0), one = is_int(f, b, 1), ones = all_ones(f, b);
	switch (o->op) {
	case GJ_ADD:
	case GJ_SHL:
	case GJ_SHR:      return zero ? same(a) : unchanged;
	case GJ_SUB:      return zero ? same(a) : a == b ? constant(0) : unchanged;
	case GJ_MUL:      return zero ? constant(0) : one ? same(a) : unchanged;
	case GJ_FLOORDIV: return zero ? constant(0) : one ? same(a) : unchanged;
	case GJ_MOD:      return zero || one ? constant(0) : unchanged;
	case GJ_AND:      return zero ? constant(0) : ones || a == b ? same(a) : unchanged;
	case GJ_OR:       return ones ? same(b) : zero || a == b ? same(a) : unchanged;
	case GJ_XOR:      return a == b ? constant(0) : zero ? same(a) : unchanged;
	case GJ_MIN:
	case GJ_MAX:      return a == b ? same(a) : unchanged;
	default:          return unchanged;
	}
}

/* −(−x), ~~x; not (a < b) for operands that have an order. */
static gj_folded inverse(const gj_fn *f, gj_op *o)
{
	static const uint8_t opposite[GJ_NCMPOPS] = {
		[GJ_CMP_LT] = GJ_CMP_GE, [GJ_CMP_LE] = GJ_CMP_GT, [GJ_CMP_EQ] = GJ_CMP_NE, [GJ_CMP_NE] = GJ_CMP_EQ,
		[GJ_CMP_GT] = GJ_CMP_LE, [GJ_CMP_GE] = GJ_CMP_LT,
	};
	const gj_op *a = gj_o(f, o->arg[0]);
	if (a->op == o->op)
		return same(a->arg[0]);
	if (o->op != GJ_NOT || a->op != GJ_CMP)
		return unchanged;
	bool ordered = integral(gj_o(f, a->arg[0])->type) || a->sub == GJ_CMP_EQ || a->sub == GJ_CMP_NE;
	if (!ordered)
		return unchanged;
	o->op = GJ_CMP;
	o->sub = opposite[a->sub];
	o->nargs = 2;
	o->arg = gj_memdup(f->arena, a->arg, 2 * sizeof *a->arg);
	return rewritten();
}

/* A chain of conversions whose first step loses nothing is its last step. */
static gj_folded conversion(const gj_fn *f, gj_op *o)
{
	const gj_op *a = gj_o(f, o->arg[0]);
	if (a->type == o->type)
		return same(o->arg[0]);
	if (a->op != GJ_CVT || o->op != GJ_CVT)
		return unchanged;
	const gj_type *from = gj_o(f, a->arg[0])->type;
	bool widened = a->type->kind == GJ_F64 && from->kind == GJ_F32;
	if (from == o->type && (widened || holds(a->type, from)))
		return same(a->arg[0]);
	if (!holds(a->type, from))
		return unchanged;
	o->arg[0] = a->arg[0];
	return rewritten();
}

static gj_folded choice(const gj_fn *f, gj_op *o)
{
	gj_ref b = o->arg[1], c = o->arg[2];
	const gj_op *cond = gj_o(f, o->arg[0]);
	if (b == c)
		return same(b);
	if (cond->op == GJ_CONST)
		return same(cond->imm.i ? b : c);
	if (cond->op == GJ_NOT) {
		o->arg[0] = cond->arg[0];
		o->arg[1] = c;
		o->arg[2] = b;
		return rewritten();
	}
	if (gj_is_bool(o->type) && is_int(f, b, 1) && is_int(f, c, 0))
		return same(o->arg[0]);
	if (gj_is_bool(o->type) && is_int(f, b, 0) && is_int(f, c, 1)) {
		o->op = GJ_NOT;
		o->nargs = 1;
		return rewritten();
	}
	return unchanged;
}

/* x < 0 and x >= 0 for an x that is known not to be negative. */
static gj_folded sign_test(const gj_fn *f, const gj_op *o)
{
	const gj_op *a = gj_o(f, o->arg[0]);
	bool nonneg = gj_is_unsigned(a->type) || (a->flags & GJ_NONNEG);
	bool below = nonneg && ((o->sub == GJ_CMP_LT && is_int(f, o->arg[1], 0))
	                        || (o->sub == GJ_CMP_LE && gj_is_signed(a->type) && is_int(f, o->arg[1], -1)));
	bool above = nonneg && ((o->sub == GJ_CMP_GE && is_int(f, o->arg[1], 0))
	                        || (o->sub == GJ_CMP_GT && gj_is_signed(a->type) && is_int(f, o->arg[1], -1)));
	return below ? constant(0) : above ? constant(1) : unchanged;
}

static gj_folded comparison(const gj_fn *f, gj_op *o)
{
	const gj_type *t = gj_o(f, o->arg[0])->type;
	if (!integral(t))
		return unchanged;
	if (o->arg[0] == o->arg[1])
		return constant(o->sub == GJ_CMP_EQ || o->sub == GJ_CMP_LE || o->sub == GJ_CMP_GE);
	if (!gj_is_bool(t))
		return sign_test(f, o);
	bool equality = o->sub == GJ_CMP_EQ || o->sub == GJ_CMP_NE;
	if (!equality || !gj_is_const(f, o->arg[1]))
		return unchanged;
	if (gj_o(f, o->arg[1])->imm.i == (o->sub == GJ_CMP_EQ))
		return same(o->arg[0]);
	o->op = GJ_NOT;
	o->sub = 0;
	o->nargs = 1;
	return rewritten();
}

gj_folded gj_fold_identity(const gj_fn *f, gj_ref r)
{
	gj_op *o = gj_o(f, r);
	if (!o->type)
		return unchanged;
	bool moved = o->nargs == 2 && commute(f, o);
	gj_folded got = unchanged;
	switch (o->op) {
	case GJ_NEG:
	case GJ_NOT:     got = inverse(f, o); break;
	case GJ_CVT:
	case GJ_BITCAST:
	case GJ_PTRCAST: got = conversion(f, o); break;
	case GJ_SELECT:  got = choice(f, o); break;
	case GJ_CMP:     got = comparison(f, o); break;
	case GJ_ELEM:
	case GJ_BYTES:   got = is_int(f, o->arg[1], 0) && gj_o(f, o->arg[0])->type == o->type ? same(o->arg[0]) : unchanged; break;
	default:
		if (o->nargs == 2 && integral(o->type) && !gj_op_is(o, GJ_F_READ | GJ_F_WRITE))
			got = int_identity(f, o);
		else if (o->nargs == 2 && gj_is_float(o->type))
			got = float_identity(f, o);
	}
	got.changed |= moved;
	return got;
}
