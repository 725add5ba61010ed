/* Fused multiply-add: a product whose only use is one sum or difference is computed with it, rounded once, as nvcc and
 * numba do. It happens here, before the back ends, so that both devices give the same bits. */
#include "opt/opt.h"

typedef struct contract { gj_fn *f; const uint32_t *uses; } contract;

/* Is operand k of o a product that may join it? A product of another loop stays where it is computed, and so does what is to be
 * rounded by itself (sub 1). */
static bool product(const contract *c, const gj_op *o, uint32_t k)
{
	const gj_op *m = gj_o(c->f, o->arg[k]);
	return m->op == GJ_MUL && !m->sub && !o->sub && c->uses[o->arg[k]] == 1 && c->f->bb.p[m->block].loop == c->f->bb.p[o->block].loop;
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

void gj_contract(gj_fn *f)
{
	contract c = { f, gj_count_uses(f) };
	GJ_EACH_BLOCK(f, b) {
		gj_bb *bb = &f->bb.p[b], out = { 0 };
		GJ_EACH_OP_OF(f, b, r) {
			const gj_op *o = gj_o(f, r);
			bool sum = (o->op == GJ_ADD || o->op == GJ_SUB) && gj_is_float(o->type);
			if (sum && product(&c, o, 0))
				fuse(&c, r, 0, &out);
			else if (sum && product(&c, o, 1))
				fuse(&c, r, 1, &out);
			gj_push(f->arena, &out.ops, r);
		}
		bb->ops.p = out.ops.p;
		bb->ops.n = out.ops.n;
		bb->ops.cap = out.ops.cap;
	}
}
