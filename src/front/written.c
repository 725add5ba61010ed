/* Which array parameters a kernel may write: a launch copies back only those, and the others may be read-only. */
#include "front/lower.h"

/* Mark the parameters that pointer r may come from. A pointer that meets itself in a loop is visited once. */
static void mark(gj_fn *f, gj_ref r, bool *seen)
{
	const gj_op *o = gj_o(f, r);
	if (seen[r] || !o->type || o->type->kind != GJ_PTR)
		return;
	seen[r] = true;
	if (o->op == GJ_PARAM)
		f->param.p[o->imm.i].written = true;
	for (uint32_t i = 0; i < o->nargs; i++)
		mark(f, o->arg[i], seen);
}

void gj_mark_written(gj_fn *f)
{
	bool *seen = gj_new(f->arena, bool, f->op.n);
	for (uint32_t k = 0; k < f->rpo.n; k++) {
		const gj_bb *b = &f->bb.p[f->rpo.p[k]];
		for (uint32_t i = 0; i < b->ops.n; i++) {
			const gj_op *o = gj_o(f, b->ops.p[i]);
			if (o->op == GJ_STORE || o->op == GJ_ATOMIC)
				mark(f, o->arg[0], seen);
			for (uint32_t j = 0; o->op == GJ_FCALL && j < o->nargs; j++)       /* a callee may write what it is given */
				mark(f, o->arg[j], seen);
		}
	}
}
