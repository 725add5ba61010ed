/* Values that are computed before a loop over prange: how many rounds it has, and what decides how they are run. */
#include "opt/prange.h"

enum { DEEP = 8 };

/* Can value r, or what it is computed from, be computed before the loop? */
static bool can_hoist(const gj_prange *p, gj_ref r, int depth)
{
	const gj_op *o = gj_o(p->f, r);
	if (o->block != p->header && !p->inside[o->block])
		return true;
	for (uint32_t k = 0; k < o->nargs; k++)
		if (!can_hoist(p, o->arg[k], depth + 1) || depth > DEEP)
			return false;
	return gj_op_is(o, GJ_F_PURE) && o->op != GJ_PHI;
}

bool gj_can_hoist(const gj_prange *p, gj_ref r) { return can_hoist(p, r, 0); }

/* … at the end of the block before it. */
gj_ref gj_hoist(gj_prange *p, gj_ref r)
{
	gj_fn *f = p->f;
	const gj_op *o = gj_o(f, r);
	if (o->block != p->header && !p->inside[o->block])
		return r;
	gj_ref *arg = gj_new(f->arena, gj_ref, o->nargs + 1);
	for (uint32_t k = 0; k < o->nargs; k++)
		arg[k] = gj_hoist(p, o->arg[k]);
	gj_ref copy = gj_emit(f, p->before, (gj_opcode)o->op, o->type, o->loc, o->nargs, arg);
	gj_o(f, copy)->sub = o->sub;
	gj_o(f, copy)->imm = o->imm;
	gj_o(f, copy)->flags = o->flags;
	return copy;
}

gj_ref gj_at_least(gj_prange *p, gj_ref n, int64_t least)
{
	gj_ref yes = gj_emit(p->f, p->before, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ n, gj_int(p->f, p->before, gj_scalar[GJ_I64], least) });
	gj_o(p->f, yes)->sub = GJ_CMP_GE;
	return yes;
}
