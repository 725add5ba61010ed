/* Where threads raise and report: the RAISEs, BOUNDS and REPORTs that the optimiser left, for the image's table of sites. */
#include "ir/walk.h"
#include "opt/opt.h"

#include <string.h>

static bool same_text(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

/* The number of a place, which counts once, wherever it was inlined. */
static uint32_t number(gj_fn *entry, const gj_source_site *p)
{
	for (uint32_t i = 0; i < entry->ends.n; i++) {
		const gj_source_site *q = &entry->ends.p[i];
		if (q->kind == p->kind && q->exception == p->exception && q->code == p->code && q->pos.line == p->pos.line && q->pos.col == p->pos.col && same_text(q->name, p->name))
			return i;
	}
	gj_push(entry->arena, &entry->ends, *p);
	return entry->ends.n - 1;
}

static void find(gj_fn *entry, const gj_fn *f)
{
	GJ_EACH_BLOCK(f, b) {
		const gj_op *t = gj_terminator(f, b);
		const gj_loc *l = &f->loc.p[t->loc];
		gj_source_site p = { .kind = t->sub ? GJ_SITE_ASSERT : GJ_SITE_RAISE, .code = l->code, .pos = l->pos, .exception = t->imm.obj };
		GJ_EACH_OP_OF(f, b, r) {
			const gj_op *o = gj_o(f, r);
			if (o->op == GJ_BOUNDS || o->op == GJ_REPORT || o->op == GJ_FAILED || o->op == GJ_TELL || o->op == GJ_PRINT)
				o->imm.site->number = number(entry, o->imm.site);
		}
		if (t->op == GJ_RAISE)
			number(entry, &p);
	}
}

void gj_find_ends(gj_fn *entry)
{
	find(entry, entry);
	for (uint32_t i = 0; i < entry->callee.n; i++)
		find(entry, entry->callee.p[i]);
	for (uint32_t i = 0; i < entry->notes.n; i++) {
		const gj_note *n = &entry->notes.p[i];
		const gj_loc *l = &entry->loc.p[n->loc];
		gj_source_site p = { .kind = GJ_SITE_RACE, .code = l->code, .pos = l->pos, .name = n->text };
		if (n->warns)
			number(entry, &p);
	}
	for (uint32_t i = 0; i < entry->rounds.n; i++) {           /* whose reports are the entry's */
		const gj_rounds *r = &entry->rounds.p[i];
		find(entry, r->wide ? r->wide : r->single);
	}
}
