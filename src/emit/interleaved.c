/* Accesses of items that interleave (lanes/interleaved.h): the piece of memory that all members of all lanes lie in
 * is loaded and stored as vectors of a register each, and taken apart and put together in registers. By halves as long as the
 * number of items between two lanes' is even: even items here, odd items there, log2 steps for all. */
#include "emit/ops.h"

#include <string.h>

/* -- The way between memory's order and one vector for each item ------------------------------------------------------ */

enum { MOST = GJ_MOST_INTERLEAVED, WIDEST = 64 };

/* Items of a and b at these places, counted through both; −1: any. NULL: they do not matter, the other's do as well (poison there has
 * LLVM 22 select instructions that it does not have). */
static gj_v shuffle(gj_gen *g, gj_v a, gj_v b, const int *at, unsigned n)
{
	gj_v lane[WIDEST], none = LLVMGetPoison(g->u->i32);
	a = a ? a : b;
	b = b ? b : a;
	if (!a)
		return NULL;
	for (unsigned i = 0; i < n; i++)
		lane[i] = at[i] < 0 ? none : gj_i32(g->u, (uint32_t)at[i]);
	return LLVMBuildShuffleVector(g->b, a, b, LLVMConstVector(lane, n), "");
}

/* v[0 … factor): n items each, in memory's order. out[k]: items k, k + factor, … */
static void take_apart(gj_gen *g, const gj_v *v, unsigned n, unsigned factor, gj_v *out)
{
	int at[WIDEST];
	gj_v half[MOST / 2], part[MOST / 2] = { 0 };
	if (factor == 1) {
		out[0] = v[0];
	} else if (factor % 2 == 0) {
		for (unsigned odd = 0; odd < 2; odd++) {
			for (unsigned i = 0; i < n; i++)
				at[i] = (int)(2 * i + odd);
			for (unsigned j = 0; j < factor / 2; j++)
				half[j] = shuffle(g, v[2 * j], v[2 * j + 1], at, n);
			take_apart(g, half, n, factor / 2, part);
			for (unsigned j = 0; j < factor / 2; j++)
				out[2 * j + odd] = part[j];
		}
	} else {
		for (unsigned k = 0; k < factor; k++) {
			out[k] = v[0];
			for (unsigned j = 1; j < factor; j++) {
				for (unsigned i = 0; i < n; i++) {
					unsigned item = i * factor + k;
					int before = j == 1 ? (int)(item % n) : (int)i;
					at[i] = item / n == j ? (int)(n + item % n) : item / n < j ? before : -1;
				}
				out[k] = shuffle(g, out[k], v[j], at, n);
			}
		}
	}
}

/* The other way; NULL among `from`: nobody cares. */
static void put_together(gj_gen *g, const gj_v *from, unsigned n, unsigned factor, gj_v *v)
{
	int at[WIDEST];
	gj_v part[2][MOST / 2] = { 0 }, half[2][MOST / 2] = { 0 };
	if (factor == 1) {
		v[0] = from[0];
	} else if (factor % 2 == 0) {
		for (unsigned odd = 0; odd < 2; odd++) {
			for (unsigned j = 0; j < factor / 2; j++)
				part[odd][j] = from[2 * j + odd];
			put_together(g, part[odd], n, factor / 2, half[odd]);
		}
		for (unsigned j = 0; j < factor; j++) {
			for (unsigned i = 0; i < n; i++)
				at[i] = (int)(i % 2 * n + j % 2 * (n / 2) + i / 2);
			v[j] = shuffle(g, half[0][j / 2], half[1][j / 2], at, n);
		}
	} else {
		for (unsigned j = 0; j < factor; j++) {
			v[j] = from[0];
			for (unsigned k = 1; k < factor; k++) {
				for (unsigned i = 0; i < n; i++) {
					unsigned item = j * n + i;
					int before = k == 1 ? (int)(item / factor) : (int)i;
					at[i] = item % factor == k ? (int)(n + item / factor) : item % factor < k ? before : -1;
				}
				v[j] = shuffle(g, v[j], from[k], at, n);
			}
		}
	}
}

/* -- A piece of memory ---------------------------------------------------------------------------------------------------- */

typedef struct piece {
	gj_gen *g;
	const gj_interleaved *m;
	gj_v from, mask;                           /* of lane 0: the item at offset 0 */
	gj_t item;
	unsigned n, align;                         /* items of a register */
	uint32_t has;                              /* bits: offsets that members have */
	bool stores;
} piece;

/* From member o on. */
static piece piece_of(gj_gen *g, const gj_op *o, gj_v mask)
{
	const gj_interleaved *m = g->interleaved[g->ref];
	piece p = { .g = g, .m = m, .mask = mask, .stores = o->op == GJ_STORE };
	p.item = m->size == 4 ? g->u->f32 : m->size == 8 ? g->u->f64 : LLVMIntTypeInContext(g->u->ctx, m->size * 8);
	p.n = gj_register_bytes(g->u, g->f) / m->size;
	p.n = p.n < g->u->lanes ? p.n : g->u->lanes;
	p.align = m->size;
	for (uint32_t k = 0; k < m->n; k++) {
		unsigned align = gj_align_of(g, gj_o(g->f, m->member[k]), m->size);
		p.align = align < p.align ? align : p.align;
		p.has |= 1u << m->offset[k];
		if (m->member[k] == g->ref)
			p.from = gj_offset(g, gj_sc(g, o->arg[0]), -(int64_t)m->offset[k] * m->size);
	}
	return p;
}

/* Which items of register j of the lanes from `lane` on are accessed: a vector of i1; NULL: all. Items between those of members are
 * read too (less than a page lies between two of them), but they are not written. Those behind a lane's last are the next one's. */
static gj_v items_on(const piece *p, unsigned lane, unsigned j)
{
	gj_gen *g = p->g;
	int at[WIDEST];
	for (unsigned i = 0; i < p->n; i++) {
		unsigned item = j * p->n + i, l = lane + item / p->m->factor, k = item % p->m->factor;
		bool behind = (l + 1 == g->u->lanes || !gj_is_all(p->mask)) && !(p->has >> k);
		at[i] = (int)(behind || (p->stores && !(p->has >> k & 1)) ? g->u->lanes : l);
	}
	gj_v on = shuffle(g, p->mask, LLVMConstNull(LLVMTypeOf(p->mask)), at, p->n);
	return gj_is_all(on) ? NULL : on;
}

static gj_v address_of(const piece *p, unsigned lane, unsigned j)
{
	return gj_offset(p->g, p->from, ((int64_t)lane * p->m->factor + (int64_t)j * p->n) * p->m->size);
}

/* Items of some lanes, put behind those of the lanes before, in v. */
static gj_v append(gj_gen *g, gj_v v, gj_v x)
{
	if (!v)
		return x;
	int at[WIDEST], zeros[WIDEST];
	unsigned a = LLVMGetVectorSize(LLVMTypeOf(v)), b = LLVMGetVectorSize(LLVMTypeOf(x));
	for (unsigned i = 0; i < a + b; i++) {
		at[i] = (int)i;
		zeros[i] = i < b ? (int)i : -1;
	}
	return shuffle(g, v, a == b ? x : shuffle(g, x, NULL, zeros, a), at, a + b);
}

static void load_piece(piece *p, gj_v *value)
{
	gj_gen *g = p->g;
	gj_t t = LLVMVectorType(p->item, p->n);
	memset(value, 0, p->m->n * sizeof *value);
	for (unsigned lane = 0; lane < g->u->lanes; lane += p->n) {
		gj_v v[MOST], part[MOST] = { 0 };
		for (unsigned j = 0; j < p->m->factor; j++) {
			gj_v on = items_on(p, lane, j), from = address_of(p, lane, j);
			v[j] = on ? gj_masked_load(g, from, on, t, p->align) : gj_load(g, t, from, p->align);
		}
		take_apart(g, v, p->n, p->m->factor, part);
		for (uint32_t k = 0; k < p->m->n; k++)
			value[k] = append(g, value[k], part[p->m->offset[k]]);
	}
}

static void store_piece(piece *p, const gj_v *value)
{
	gj_gen *g = p->g;
	for (unsigned lane = 0; lane < g->u->lanes; lane += p->n) {
		gj_v v[MOST] = { 0 }, part[MOST] = { 0 };
		for (uint32_t k = 0; k < p->m->n; k++)
			part[p->m->offset[k]] = gj_lanes_of(g, value[k], NULL, lane, p->n);
		put_together(g, part, p->n, p->m->factor, v);
		for (unsigned j = 0; j < p->m->factor; j++) {
			gj_v on = items_on(p, lane, j), to = address_of(p, lane, j);
			if (on && on == LLVMConstNull(LLVMTypeOf(on)))
				continue;
			if (on)
				gj_masked(g, GJ_IN_MSTORE, (gj_v[]){ v[j], to, on }, 3, 1, LLVMTypeOf(v[j]), p->align);
			else
				gj_store(g, v[j], to, p->align);
		}
	}
}

/* The same item by item: stores under a constant mask take AMD's processors a dozen cycles each where masks are no registers. */
static void store_items(piece *p, const gj_v *value)
{
	gj_gen *g = p->g;
	for (unsigned lane = 0; lane < g->u->lanes; lane++)
		for (uint32_t k = 0; k < p->m->n; k++) {
			gj_v x = LLVMBuildExtractElement(g->b, value[k], gj_i32(g->u, lane), "");
			gj_store(g, x, gj_offset(g, p->from, ((int64_t)lane * p->m->factor + p->m->offset[k]) * p->m->size), p->align);
		}
}

/* -- The accesses ---------------------------------------------------------------------------------------------------------- */

/* Bytes between lanes that a gather of one item costs as much as; under a mask each register needs its own. Stores under a mask cost more
 * than a scatter where masks are no registers (AVX2). */
enum { WORTH = 32, WORTH_MASKED = 24 };

static bool pays(const gj_gen *g, const gj_interleaved *m, const gj_op *o, gj_v mask)
{
	if (o->op == GJ_STORE && !gj_is_all(mask) && !gj_has_masks(g->u))
		return false;
	return m->factor * m->size <= m->n * (gj_is_all(mask) ? WORTH : WORTH_MASKED);
}

gj_v gj_interleaved_load(gj_gen *g, const gj_op *o, gj_t t, gj_v mask)
{
	gj_v value[MOST];
	const gj_interleaved *m = g->interleaved[g->ref];
	if (!m || !pays(g, m, o, mask))
		return NULL;
	if (g->ref == m->member[0]) {
		piece p = piece_of(g, o, mask);
		load_piece(&p, value);
		for (uint32_t k = 0; k < m->n; k++)
			g->loaded[m->member[k]] = value[k];
	}
	return LLVMBuildBitCast(g->b, g->loaded[g->ref], t, "");
}

bool gj_interleaved_store(gj_gen *g, const gj_op *o, gj_v mask)
{
	gj_v value[MOST];
	const gj_interleaved *m = g->interleaved[g->ref];
	if (!m || !pays(g, m, o, mask))
		return false;
	if (g->ref != m->member[m->n - 1])
		return true;
	piece p = piece_of(g, o, mask);
	for (uint32_t k = 0; k < m->n; k++) {
		const gj_op *s = gj_o(g->f, m->member[k]);
		gj_v x = gj_to_memory(g, gj_arg_type(g, s, 1), gj_vec(g, s->arg[1]));
		value[k] = LLVMBuildBitCast(g->b, x, LLVMVectorType(p.item, g->u->lanes), "");
	}
	(p.m->n == p.m->factor || gj_has_masks(g->u) ? store_piece : store_items)(&p, value);
	return true;
}
