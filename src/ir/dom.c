/* Dominators by the algorithm of Cooper, Harvey and Kennedy: intersect the predecessors' dominators in reverse postorder
 * until nothing changes. */
#include "ir/dom.h"

#include <string.h>

/* Depth first without recursion; the first successor is visited last, so it comes first in reverse postorder. */
static void reverse_postorder(gj_dom *d, const gj_fn *f)
{
	uint32_t nb = f->bb.n, sp = 0, at = nb;
	uint32_t *stack = gj_new(f->arena, uint32_t, nb);
	uint8_t *left = gj_new(f->arena, uint8_t, nb);         /* successors not yet visited */
	uint32_t *order = gj_new(f->arena, uint32_t, nb);
	memset(d->num, 0xff, nb * sizeof *d->num);
	stack[sp++] = 0;
	d->num[0] = 0;
	left[0] = (uint8_t)f->bb.p[0].nsucc;
	while (sp) {
		uint32_t b = stack[sp - 1];
		if (!left[b]) {
			order[--at] = b;
			sp--;
			continue;
		}
		uint32_t s = f->bb.p[b].succ[--left[b]];
		if (d->num[s] != UINT32_MAX)
			continue;
		d->num[s] = 0;
		left[s] = (uint8_t)f->bb.p[s].nsucc;
		stack[sp++] = s;
	}
	d->order = order + at;
	d->n = nb - at;
	for (uint32_t i = 0; i < d->n; i++)
		d->num[d->order[i]] = i;
}

static uint32_t meet(const gj_dom *d, uint32_t a, uint32_t b)
{
	while (a != b) {
		while (d->num[a] > d->num[b])
			a = d->idom[a];
		while (d->num[b] > d->num[a])
			b = d->idom[b];
	}
	return a;
}

static bool update_idom(gj_dom *d, const gj_bb *bb, uint32_t b)
{
	uint32_t idom = UINT32_MAX;
	for (uint32_t k = 0; k < bb->preds.n; k++) {
		uint32_t p = bb->preds.p[k];
		if (d->num[p] != UINT32_MAX && d->idom[p] != UINT32_MAX)
			idom = idom == UINT32_MAX ? p : meet(d, p, idom);
	}
	bool changed = d->idom[b] != idom;
	d->idom[b] = idom;
	return changed;
}

/* Preorder numbers of the dominator tree from subtree sizes: a parent comes before its children in reverse postorder. */
static void number_tree(gj_dom *d, const gj_fn *f)
{
	uint32_t *next = gj_new(f->arena, uint32_t, f->bb.n);
	for (uint32_t i = 0; i < d->n; i++)
		d->size[d->order[i]] = 1;
	for (uint32_t i = d->n; i-- > 1;)
		d->size[d->idom[d->order[i]]] += d->size[d->order[i]];
	next[0] = 1;
	for (uint32_t i = 1; i < d->n; i++) {
		uint32_t b = d->order[i], up = d->idom[b];
		d->in[b] = next[up];
		next[up] += d->size[b];
		next[b] = d->in[b] + 1;
	}
}

void gj_dom_build(gj_dom *d, const gj_fn *f)
{
	uint32_t nb = f->bb.n;
	uint32_t *table = gj_new(f->arena, uint32_t, 4 * (size_t)nb);
	d->num = table;
	d->idom = table + nb;
	d->in = table + 2 * (size_t)nb;
	d->size = table + 3 * (size_t)nb;
	reverse_postorder(d, f);
	memset(d->idom, 0xff, nb * sizeof *d->idom);
	d->idom[0] = 0;
	bool changed = true;
	while (changed) {
		changed = false;
		for (uint32_t i = 1; i < d->n; i++)
			changed |= update_idom(d, &f->bb.p[d->order[i]], d->order[i]);
	}
	number_tree(d, f);
}
