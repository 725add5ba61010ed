/* Which object in memory a pointer points into. */
#include "ir/ir.h"

const gj_op *gj_root(const gj_fn *f, gj_ref p)
{
	const gj_op *o = gj_o(f, p);
	while (gj_is_offset(o))
		o = gj_o(f, o->arg[0]);
	return o;
}

/* Is it known which object o starts? What a device function is given may be anything. */
static bool is_object(const gj_fn *f, const gj_op *o)
{
	return o->op == GJ_SHAREDMEM || o->op == GJ_LOCALMEM || o->op == GJ_CONSTMEM || o->op == GJ_ALLOC || (o->op == GJ_PARAM && f->entry->space != GJ_GENERIC);
}

bool gj_apart(const gj_fn *f, gj_ref p, gj_ref q)
{
	const gj_op *a = gj_root(f, p), *b = gj_root(f, q);
	if (!is_object(f, a) || !is_object(f, b))
		return false;
	if (a->op != b->op)
		return true;
	if (a->op == GJ_LOCALMEM || a->op == GJ_CONSTMEM || a->op == GJ_ALLOC)
		return a != b;
	if (a->op == GJ_SHAREDMEM)
		return a->imm.i != b->imm.i;
	return (f->facts & GJ_FACT_NOALIAS) && f->param.p[a->imm.i].leaf != f->param.p[b->imm.i].leaf;
}
