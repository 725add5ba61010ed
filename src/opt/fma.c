/* Fused multiply-add: a product that only sums and differences use is computed with them, rounded once, as numba does (nvcc where it
 * has one use). It happens here, before the back ends, so that both devices give the same bits.
 *
 * First come products with one use. Then those with several, if each use can still take them: x·x + y·y and x·x − y·y are a
 * product and two FMAs, not two products, a sum and a difference. */
#include "opt/opt.h"

typedef struct contract {
	gj_fn *f;
	const uint32_t *uses;                      /* by op */
	bool several;                              /* the second time: products with several uses */
	uint32_t *sums;                            /* then, by product: of its uses, those that can take it */
	bool *joined;                              /* by product: one of its uses has taken it */
} contract;

static bool is_sum(const gj_op *o) { return (o->op == GJ_ADD || o->op == GJ_SUB) && gj_is_float(o->type) && !o->sub; }

/* Is operand k of sum o a product that may join it? A product of another loop stays where it is computed, and so does what is to be
 * rounded by itself (sub 1). A product beside itself is not torn apart: m − m is 0. */
static bool can_join(const contract *c, const gj_op *o, uint32_t k)
{
	const gj_op *m = gj_o(c->f, o->arg[k]);
	return m->op == GJ_MUL && !m->sub && o->arg[k] != o->arg[1 - k] && c->f->bb.p[m->block].loop == c->f->bb.p[o->block].loop;
}

static void count_sums(contract *c)
{
	c->several = true;
	c->sums = gj_new(c->f->arena, uint32_t, c->f->op.n);
	c->joined = gj_new(c->f->arena, bool, c->f->op.n);
	GJ_EACH_OP(c->f, b, r) {
		const gj_op *o = gj_o(c->f, r);
		for (uint32_t k = 0; is_sum(o) && k < 2; k++)
			c->sums[o->arg[k]] += can_join(c, o, k);
	}
}

/* Which operand of sum o joins it; 2: none. Of two with several uses the one that joined sums before; the other one is from here on
 * needed as it is. */
static uint32_t joining(contract *c, const gj_op *o)
{
	uint32_t k = 2;
	for (uint32_t i = 2; i-- > 0;) {
		gj_ref m = o->arg[i];
		if (can_join(c, o, i) && (c->several ? c->sums[m] == c->uses[m] : c->uses[m] == 1)
			&& !(k < 2 && c->several && c->joined[o->arg[k]]))
			k = i;
	}
	if (c->several && k < 2) {
		c->joined[o->arg[k]] = true;
		c->sums[o->arg[1 - k]] -= can_join(c, o, 1 - k);
	}
	return k;
}

/* Makes op r an FMA of product k and the other operand; `ops` gets the negation that a difference needs. */
static void fuse(contract *c, gj_ref r, uint32_t k, gj_bb *out)
{
	gj_fn *f = c->f;
	gj_op *o = gj_o(f, r);
	const gj_op *m = gj_o(f, o->arg[k]);
	gj_ref arg[3] = { m->arg[0], m->arg[1], o->arg[1 - k] };
	if (o->op == GJ_SUB) {
		gj_ref *turned = &arg[k ? 0 : 2];      /* a·b − c = fma(a, b, −c); c − a·b = fma(−a, b, c) */
		*turned = gj_op_new(f, o->block, GJ_NEG, o->type, o->loc, 1, turned);
		gj_push(f->arena, &out->ops, *turned);
	}
	o->op = GJ_FMA;
	o->nargs = 3;
	o->arg = gj_memdup(f->arena, arg, sizeof arg);
}

static void contract_all(contract *c)
{
	gj_fn *f = c->f;
	GJ_EACH_BLOCK(f, b) {
		gj_bb *bb = &f->bb.p[b], out = { 0 };
		GJ_EACH_OP_OF(f, b, r) {
			uint32_t k = is_sum(gj_o(f, r)) ? joining(c, gj_o(f, r)) : 2;
			if (k < 2)
				fuse(c, r, k, &out);
			gj_push(f->arena, &out.ops, r);
		}
		bb->ops.p = out.ops.p;
		bb->ops.n = out.ops.n;
		bb->ops.cap = out.ops.cap;
	}
}

void gj_contract(gj_fn *f)
{
	contract c = { .f = f, .uses = gj_count_uses(f) };
	contract_all(&c);
	count_sums(&c);
	contract_all(&c);
}
