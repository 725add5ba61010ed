/* Numba's integers are 64 bits wide, GPUs compute in 32 and vectors hold twice as many of 32. Where ranges show that
 * operands and result fit in 31 bits, 64-bit arithmetic is done in 32: the same numbers, half the work. */
#include "opt/opt.h"

enum { FITS = 31 };

typedef struct narrowing {
	gj_fn *f;
	const uint8_t *bits;
	uint32_t n;                                /* ops there were: later ones are conversions made here */
	gj_ref *narrow;                            /* the value in 32 bits, 0: not made yet */
	gj_ref *wide;                              /* of a narrowed op: its value in 64 bits again */
	gj_ref *made;                              /* of another: the conversion in narrow[] */
	bool *chosen;
	bool *strided;                             /* grid sizes, and counters that go in steps of one */
} narrowing;

static bool is_i64(const gj_op *o) { return o->type && o->type->kind == GJ_I64; }
static bool small(const narrowing *s, gj_ref r) { return is_i64(gj_o(s->f, r)) && s->bits[r] <= FITS; }
static bool fits(const narrowing *s, gj_ref r) { return r < s->n && (s->chosen[r] || small(s, r)); }

/* All operands fit, and so does the result; differences may be negative. */
static bool choose(const narrowing *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	uint32_t from = 0;
	if (!is_i64(o) || s->strided[r] || (s->bits[r] > FITS && o->op != GJ_SUB))
		return false;
	switch (o->op) {
	case GJ_ADD: case GJ_SUB: case GJ_MUL: case GJ_AND: case GJ_OR: case GJ_XOR: case GJ_MIN: case GJ_MAX:
	case GJ_FLOORDIV: case GJ_MOD: case GJ_PHI: break;
	case GJ_SELECT: from = 1; break;
	default: return false;
	}
	for (uint32_t k = from; k < o->nargs; k++)
		if (!small(s, o->arg[k]) && gj_o(s->f, o->arg[k])->op != GJ_UNDEF)
			return false;
	return true;
}

/* Sizes of the grid and what counts in steps of them. LLVM counts the rounds of a loop by its step only if it sees that the
 * step is not zero, which it does of a 64-bit product and not of a 32-bit one. Two rounds: a counter's next value stands
 * behind the counter. */
static void find_strided(narrowing *s, const gj_ref *all, uint32_t n)
{
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < n; i++) {
			const gj_op *o = gj_o(s->f, all[i]);
			bool *yes = &s->strided[all[i]];
			*yes |= gj_grid_product(s->f, o) >= GJ_NCTAID_X || (o->op == GJ_ADD && (s->strided[o->arg[1]] || s->strided[o->arg[0]]));
			for (uint32_t k = 0; o->op == GJ_PHI && k < o->nargs; k++)
				*yes |= s->strided[o->arg[k]];
		}
}

/* A conversion of r, to stand behind it. */
static gj_ref convert(narrowing *s, gj_ref r, const gj_type *t, uint8_t flags)
{
	const gj_op *o = gj_o(s->f, r);
	gj_ref c = gj_op_new(s->f, o->block, GJ_CVT, t, o->loc, 1, &r);
	gj_op *k = gj_o(s->f, c);
	k->flags = flags;
	if (o->op == GJ_CONST || o->op == GJ_UNDEF)
		*k = (gj_op){ .op = o->op, .block = o->block, .loc = o->loc, .type = t, .flags = o->flags & GJ_NONNEG, .imm = o->imm };
	return c;
}

/* r in 32 bits. */
static gj_ref narrow_of(narrowing *s, gj_ref r)
{
	const gj_type *i32 = gj_scalar[GJ_I32];
	const gj_op *o = gj_o(s->f, r);
	if (s->narrow[r])
		return s->narrow[r];
	if (o->op == GJ_CVT && gj_o(s->f, o->arg[0])->type == i32)
		return s->narrow[r] = o->arg[0];
	return s->narrow[r] = s->made[r] = convert(s, r, i32, GJ_NSW | GJ_NONNEG);
}

/* An index and its extent that both fit are compared in 32 bits; the rest of the check in 64. */
static bool bounds_narrow(narrowing *s, gj_op *o)
{
	uint32_t n = o->nargs / 2;
	bool all = true;
	for (uint32_t k = 0; k < o->nargs; k++)
		all &= fits(s, o->arg[k]) && !s->strided[o->arg[k]];
	for (uint32_t k = 0; all && k < 2 * n; k++)
		o->arg[k] = narrow_of(s, o->arg[k]);
	return all;
}

/* Tests and conversions take either width; true if o takes the narrow one. */
static bool use_narrow(narrowing *s, gj_op *o)
{
	if (o->op == GJ_CMP && fits(s, o->arg[0]) && fits(s, o->arg[1]) && !s->strided[o->arg[0]] && !s->strided[o->arg[1]]) {
		o->arg[0] = narrow_of(s, o->arg[0]);
		o->arg[1] = narrow_of(s, o->arg[1]);
		return true;
	}
	if (o->op == GJ_BOUNDS)
		return bounds_narrow(s, o);
	if (o->op == GJ_CVT && o->arg[0] < s->n && s->chosen[o->arg[0]] && !gj_is_bool(o->type)) {
		o->arg[0] = narrow_of(s, o->arg[0]);
		return true;
	}
	return false;
}

/* Other uses of a narrowed op take it widened again. */
static void use_wide(narrowing *s, gj_op *o)
{
	for (uint32_t k = 0; k < o->nargs; k++) {
		gj_ref a = o->arg[k];
		if (a >= s->n || !s->chosen[a])
			continue;
		if (!s->wide[a])
			s->wide[a] = convert(s, a, gj_scalar[GJ_I64], gj_o(s->f, a)->flags & GJ_NONNEG);
		o->arg[k] = s->wide[a];
	}
}

static void rewrite(narrowing *s, const gj_ref *all, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		gj_op *o = gj_o(s->f, all[i]);
		if (!s->chosen[all[i]]) {
			if (!use_narrow(s, o))
				use_wide(s, o);
			continue;
		}
		uint8_t exact = o->op == GJ_ADD || o->op == GJ_MUL ? GJ_NSW | GJ_NUW : o->op == GJ_SUB ? GJ_NSW : 0;
		for (uint32_t k = o->op == GJ_SELECT; k < o->nargs; k++)
			o->arg[k] = narrow_of(s, o->arg[k]);
		o->flags = (o->flags & GJ_NONNEG) | exact;
	}
	for (uint32_t i = 0; i < n; i++)
		if (s->chosen[all[i]])
			gj_o(s->f, all[i])->type = gj_scalar[GJ_I32];
}

static void place(const narrowing *s, gj_bb *to, gj_ref r)
{
	if (s->made[r])
		gj_push(s->f->arena, &to->ops, s->made[r]);
	if (s->wide[r])
		gj_push(s->f->arena, &to->ops, s->wide[r]);
}

/* Puts the conversions behind what they convert, those of phis behind all phis. */
static void rebuild(const narrowing *s, uint32_t b)
{
	gj_bb out = { 0 }, *bb = &s->f->bb.p[b];
	GJ_EACH_PHI(s->f, b, r)
		gj_push(s->f->arena, &out.ops, r);
	GJ_EACH_OP_OF(s->f, b, r) {
		if (gj_o(s->f, r)->op != GJ_PHI)
			gj_push(s->f->arena, &out.ops, r);
		place(s, &out, r);
	}
	bb->ops.p = out.ops.p;
	bb->ops.n = out.ops.n;
	bb->ops.cap = out.ops.cap;
}

void gj_narrow(gj_fn *f)
{
	narrowing s = { .f = f, .bits = gj_bits(f), .n = f->op.n };
	GJ_VEC(gj_ref) all = { 0 };
	s.narrow = gj_new(f->arena, gj_ref, s.n);
	s.wide = gj_new(f->arena, gj_ref, s.n);
	s.made = gj_new(f->arena, gj_ref, s.n);
	s.chosen = gj_new(f->arena, bool, s.n);
	s.strided = gj_new(f->arena, bool, s.n);
	GJ_EACH_OP(f, b, r)
		gj_push(f->arena, &all, r);
	find_strided(&s, all.p, all.n);
	for (uint32_t i = 0; i < all.n; i++)
		if ((s.chosen[all.p[i]] = choose(&s, all.p[i])))
			s.narrow[all.p[i]] = all.p[i];
	rewrite(&s, all.p, all.n);
	GJ_EACH_BLOCK(f, b)
		rebuild(&s, b);
}
