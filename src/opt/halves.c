/* float16 and bfloat16 where the machine does not compute with them: operations on float32, whose result is rounded once more. With
 * 24 bits between, that gives the correctly rounded sum, difference, product, quotient and square root (24 ≥ 2·11 + 2). A fused
 * multiply-add would be rounded twice: its sum is rounded to odd instead, which the second rounding does not notice.
 * Conversions are the emitter's. */
#include "opt/opt.h"

typedef struct widening { gj_fn *f; const gj_halves *machine; gj_bb *out; uint32_t block, loc; } widening;

static const gj_type *T(gj_kind k) { return gj_scalar[k]; }

static gj_ref make(widening *w, gj_opcode op, uint8_t sub, const gj_type *t, uint32_t n, const gj_ref *arg)
{
	gj_ref r = gj_op_new(w->f, w->block, op, t, w->loc, n, arg);
	gj_o(w->f, r)->sub = sub;
	gj_push(w->f->arena, &w->out->ops, r);
	return r;
}

static gj_ref make1(widening *w, gj_opcode op, const gj_type *t, gj_ref a) { return make(w, op, 0, t, 1, &a); }
static gj_ref make2(widening *w, gj_opcode op, const gj_type *t, gj_ref a, gj_ref b) { return make(w, op, 0, t, 2, (gj_ref[]){ a, b }); }
static gj_ref compare(widening *w, gj_cmpop op, gj_ref a, gj_ref b) { return make(w, GJ_CMP, (uint8_t)op, T(GJ_BOOL), 2, (gj_ref[]){ a, b }); }

static gj_ref choose(widening *w, gj_ref c, gj_ref a, gj_ref b)
{
	return make(w, GJ_SELECT, 0, gj_o(w->f, a)->type, 3, (gj_ref[]){ c, a, b });
}

static gj_ref integer(widening *w, const gj_type *t, int64_t x)
{
	gj_ref r = make(w, GJ_CONST, 0, t, 0, NULL);
	gj_o(w->f, r)->imm.i = x;
	return r;
}

/* Op r becomes `op` of these. */
static void become(widening *w, gj_ref r, gj_opcode op, uint32_t n, const gj_ref *arg)
{
	gj_op *o = gj_o(w->f, r);
	o->op = op;
	o->sub = 0;
	o->nargs = n;
	o->arg = gj_memdup(w->f->arena, arg, n * sizeof *arg);
}

static void become1(widening *w, gj_ref r, gj_opcode op, gj_ref a) { become(w, r, op, 1, &a); }

static bool is_half(const gj_fn *f, gj_ref r) { return gj_o(f, r)->type && gj_is_half(gj_o(f, r)->type); }

/* -- Signs and neighbours: of the bits ----------------------------------------------------------------------------------- */

static void change_sign(widening *w, gj_ref r, bool clear)
{
	const gj_type *u = T(GJ_U16);
	gj_ref bits = make1(w, GJ_BITCAST, u, gj_o(w->f, r)->arg[0]);
	bits = clear ? make2(w, GJ_AND, u, bits, integer(w, u, 0x7fff)) : make2(w, GJ_XOR, u, bits, integer(w, u, 0x8000));
	become1(w, r, GJ_BITCAST, bits);
}

static void copy_sign(widening *w, gj_ref r)
{
	const gj_type *u = T(GJ_U16);
	gj_ref from[2] = { gj_o(w->f, r)->arg[0], gj_o(w->f, r)->arg[1] };
	gj_ref size = make2(w, GJ_AND, u, make1(w, GJ_BITCAST, u, from[0]), integer(w, u, 0x7fff));
	gj_ref sign = make2(w, GJ_AND, u, make1(w, GJ_BITCAST, u, from[1]), integer(w, u, 0x8000));
	become1(w, r, GJ_BITCAST, make2(w, GJ_OR, u, size, sign));
}

/* The number after a on the way to b: numbers of one sign are in the order of their bits. */
static void next_after(widening *w, gj_ref r)
{
	const gj_op *o = gj_o(w->f, r);
	const gj_type *u = T(GJ_U16), *f32 = T(GJ_F32), *t = o->type;
	gj_ref from = o->arg[0], to = o->arg[1], a = make1(w, GJ_CVT, f32, from), b = make1(w, GJ_CVT, f32, to);
	gj_ref zero = make(w, GJ_CONST, 0, f32, 0, NULL), one = integer(w, u, 1);
	gj_ref x = make1(w, GJ_BITCAST, u, from), y = make1(w, GJ_BITCAST, u, to);
	gj_ref away = make2(w, GJ_XOR, T(GJ_BOOL), compare(w, GJ_CMP_LT, a, b), compare(w, GJ_CMP_LT, a, zero));
	gj_ref step = choose(w, away, make2(w, GJ_ADD, u, x, one), make2(w, GJ_SUB, u, x, one));
	gj_ref least = make2(w, GJ_OR, u, make2(w, GJ_AND, u, y, integer(w, u, 0x8000)), one);
	gj_ref bits = choose(w, compare(w, GJ_CMP_EQ, a, zero), least, step);
	gj_ref next = choose(w, compare(w, GJ_CMP_EQ, a, b), to, make1(w, GJ_BITCAST, t, bits));
	gj_ref nan = make1(w, GJ_ISNAN, T(GJ_BOOL), make2(w, GJ_ADD, f32, a, b));
	gj_ref either = make2(w, GJ_OR, T(GJ_BOOL), make1(w, GJ_ISNAN, T(GJ_BOOL), a), make1(w, GJ_ISNAN, T(GJ_BOOL), b));
	nan = make2(w, GJ_AND, T(GJ_BOOL), nan, either);                         /* infinities of two signs add up to NaN too */
	become(w, r, GJ_SELECT, 3, (gj_ref[]){ nan, make1(w, GJ_CVT, t, make2(w, GJ_ADD, f32, a, b)), next });
}

/* -- Arithmetic ------------------------------------------------------------------------------------------------------------ */

/* a · b + c in a wide type that holds every product; the sum is rounded to odd: where it is not exact, the neighbour with an odd
 * last bit. */
static void multiply_add(widening *w, gj_ref r)
{
	const gj_op *o = gj_o(w->f, r);
	bool brain = o->type->kind == GJ_BF16;
	const gj_type *t = T(brain ? GJ_F64 : GJ_F32), *u = T(brain ? GJ_I64 : GJ_I32);
	gj_ref in[3] = { o->arg[0], o->arg[1], o->arg[2] }, zero = make(w, GJ_CONST, 0, t, 0, NULL);
	gj_ref a = make1(w, GJ_CVT, t, in[0]), b = make1(w, GJ_CVT, t, in[1]), c = make1(w, GJ_CVT, t, in[2]);
	gj_ref p = make2(w, GJ_MUL, t, a, b), s = make2(w, GJ_ADD, t, p, c);
	gj_ref of_c = make2(w, GJ_SUB, t, s, p), of_p = make2(w, GJ_SUB, t, s, of_c);
	gj_ref rest = make2(w, GJ_ADD, t, make2(w, GJ_SUB, t, p, of_p), make2(w, GJ_SUB, t, c, of_c));
	gj_ref above = compare(w, GJ_CMP_GT, rest, zero), below = compare(w, GJ_CMP_LT, rest, zero);
	gj_ref bits = make1(w, GJ_BITCAST, u, s), one = integer(w, u, 1);
	gj_ref larger = make2(w, GJ_XOR, T(GJ_BOOL), below, compare(w, GJ_CMP_GT, s, zero));
	gj_ref even = compare(w, GJ_CMP_EQ, make2(w, GJ_AND, u, bits, one), integer(w, u, 0));
	gj_ref inexact = make2(w, GJ_AND, T(GJ_BOOL), even, make2(w, GJ_OR, T(GJ_BOOL), above, below));
	gj_ref step = choose(w, larger, one, integer(w, u, -1));
	bits = make2(w, GJ_ADD, u, bits, choose(w, inexact, step, integer(w, u, 0)));
	become1(w, r, GJ_CVT, make1(w, GJ_BITCAST, t, bits));
}

/* The same operation on float32. */
static void by_single(widening *w, gj_ref r)
{
	gj_op *o = gj_o(w->f, r);
	gj_ref *arg = gj_memdup(w->f->arena, o->arg, o->nargs * sizeof *arg);
	for (uint32_t i = 0; i < o->nargs; i++)
		if (is_half(w->f, arg[i]))
			arg[i] = make1(w, GJ_CVT, T(GJ_F32), arg[i]);
	o = gj_o(w->f, r);
	if (!gj_is_half(o->type)) {
		o->arg = arg;
		return;
	}
	gj_ref x = make(w, (gj_opcode)o->op, o->sub, T(GJ_F32), o->nargs, arg);
	gj_o(w->f, x)->imm = gj_o(w->f, r)->imm;
	become1(w, r, GJ_CVT, x);
}

static bool native(const gj_halves *m, const gj_op *o, bool brain)
{
	switch (o->op) {
	case GJ_ADD: case GJ_SUB: case GJ_MUL: return brain ? m->bfloat16 : m->float16;
	case GJ_FMA: return brain ? m->bfloat16_fma : m->float16;
	case GJ_CMP: case GJ_ISNAN: return !brain && m->float16;       /* neg.f16 and abs.f16 change what a NaN carries */
	default: return false;
	}
}

static void widen(widening *w, gj_ref r)
{
	const gj_op *o = gj_o(w->f, r);
	bool half = is_half(w->f, r) || (o->nargs && is_half(w->f, o->arg[0]));
	const gj_type *t = is_half(w->f, r) ? o->type : half ? gj_o(w->f, o->arg[0])->type : NULL;
	if (!half || native(w->machine, o, t->kind == GJ_BF16))
		return;
	switch (o->op) {
	case GJ_NEG: change_sign(w, r, false); break;
	case GJ_ABS: change_sign(w, r, true); break;
	case GJ_FMA: multiply_add(w, r); break;
	case GJ_MATH:
		if (o->imm.i == GJ_MATH_NEXTAFTER)
			next_after(w, r);
		else if (o->imm.i == GJ_MATH_COPYSIGN)
			copy_sign(w, r);
		else
			by_single(w, r);
		break;
	case GJ_ADD: case GJ_SUB: case GJ_MUL: case GJ_DIV: case GJ_FLOORDIV: case GJ_MOD: case GJ_POW: case GJ_MIN: case GJ_MAX:
	case GJ_CMP: case GJ_ISNAN: case GJ_ISINF: case GJ_ISFINITE:
		by_single(w, r);
		break;
	default: break;
	}
}

void gj_widen_halves(gj_fn *f, const gj_halves *machine)
{
	bool any = false;
	GJ_EACH_OP(f, b, r)
		any |= is_half(f, r);
	if (!any)
		return;
	GJ_EACH_BLOCK(f, b) {
		gj_bb out = { 0 };
		GJ_EACH_OP_OF(f, b, r) {
			widening w = { f, machine, &out, b, gj_o(f, r)->loc };
			widen(&w, r);
			gj_push(f->arena, &out.ops, r);
		}
		f->bb.p[b].ops.p = out.ops.p;
		f->bb.p[b].ops.n = out.ops.n;
		f->bb.p[b].ops.cap = out.ops.cap;
	}
	gj_simplify_values(f);
	gj_remove_dead(f);
}
