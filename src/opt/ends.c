/* Where threads raise: the RAISEs that the optimiser left, for the image's table of sites. */
#include "ir/walk.h"
#include "opt/opt.h"

/* A place counts once, wherever it was inlined. */
static bool listed(const gj_fn *entry, const gj_source_site *p)
{
	for (uint32_t i = 0; i < entry->ends.n; i++) {
		const gj_source_site *q = &entry->ends.p[i];
		if (q->code == p->code && q->pos.line == p->pos.line && q->pos.col == p->pos.col)
			return true;
	}
	return false;
}

static void find(gj_fn *entry, const gj_fn *f)
{
	GJ_EACH_BLOCK(f, b) {
		const gj_op *t = gj_terminator(f, b);
		const gj_loc *l = &f->loc.p[t->loc];
		gj_source_site p = { t->sub ? GJ_SITE_ASSERT : GJ_SITE_RAISE, l->code, l->pos, t->imm.obj };
		if (t->op == GJ_RAISE && !listed(entry, &p))
			gj_push(entry->arena, &entry->ends, p);
	}
}

void gj_find_ends(gj_fn *entry)
{
	find(entry, entry);
	for (uint32_t i = 0; i < entry->callee.n; i++)
		find(entry, entry->callee.p[i]);
}
