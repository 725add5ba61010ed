/* What a thread has read and nobody has written since it need not read again. LLVM sees that of scalars, but not of vectors that two masks
 * read, as `if x[i] > m: m = x[i]` does. Seen is what every way to a block has read: along edges to blocks that nothing else leads to. */
#include "lanes/loopform.h"
#include "ir/walk.h"
#include "opt/opt.h"

enum { MOST = 16 /* loads that are remembered */ };

typedef struct known { uint32_t n; gj_ref load[MOST]; } known;

static void forget(const gj_fn *f, known *k, gj_ref store)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < k->n; i++)
		if (gj_apart(f, gj_o(f, store)->arg[0], gj_o(f, k->load[i])->arg[0]))
			k->load[n++] = k->load[i];
	k->n = n;
}

/* What op r changes of it; a load that is known is the result, else 0. */
static gj_ref go_on(const gj_fn *f, known *k, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	bool tells = o->op == GJ_BOUNDS || o->op == GJ_REPORT || o->op == GJ_FAILED;
	if (o->op == GJ_STORE)
		forget(f, k, r);
	else if (gj_op_is(o, GJ_F_WRITE | GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP | GJ_F_ORDER) && !gj_op_is(o, GJ_F_TERM) && !tells)
		k->n = 0;
	if (o->op != GJ_LOAD || o->sub || o->flags)
		return 0;
	for (uint32_t i = 0; i < k->n; i++)
		if (gj_o(f, k->load[i])->arg[0] == o->arg[0] && gj_o(f, k->load[i])->type == o->type)
			return k->load[i];
	if (k->n < MOST)
		k->load[k->n++] = r;
	return 0;
}

void gj_read_once(gj_fn *f)
{
	known *behind = gj_new(f->arena, known, f->bb.n);
	gj_ref *to = gj_new(f->arena, gj_ref, f->op.n);
	bool any = false;
	if (f->listens)
		return;
	GJ_EACH_BLOCK(f, b) {
		known *k = &behind[b];
		if (f->bb.p[b].preds.n == 1)
			*k = behind[f->bb.p[b].preds.p[0]];
		GJ_EACH_OP_OF(f, b, r)
			any |= (to[r] = go_on(f, k, r)) != 0;
	}
	if (!any)
		return;
	GJ_EACH_OP(f, b, r)
		for (uint32_t k = 0; k < gj_o(f, r)->nargs; k++)
			if (to[gj_o(f, r)->arg[k]])
				gj_o(f, r)->arg[k] = to[gj_o(f, r)->arg[k]];
	gj_remove_dead(f);
}
