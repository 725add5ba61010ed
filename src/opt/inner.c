/* Loops in a round of a loop over prange. Rounds of the outer one as lanes of vectors gather what lies in memory along an inner one, and one
 * after the other they leave it to LLVM, which makes no vectors of loops around others, of branches that could raise, and of calls. Where
 * whoever knows how (`sharing`) can give the inner loop's rounds to lanes, the loop over prange gets a second entry, in which it is so, and a test
 * in front of both asks whether the inner loop is long enough. */
#include "opt/prange.h"

enum { LEAST = 16 /* rounds of an inner loop, for 32 lanes */, MOST_PAIRS = 16 };

static bool is_inner(const gj_prange *p, uint32_t b, const gj_op *o)
{
	return b < p->blocks && p->inside[b] && o->op == GJ_ROUND && o->arg[0] != p->position && gj_o(p->f, o->arg[0])->op == GJ_PHI;
}

static bool has_inner(const gj_prange *p)
{
	bool any = false;
	GJ_EACH_OP(p->f, b, r)
		any |= is_inner(p, b, gj_o(p->f, r));
	return any;
}

bool gj_shares_inner(const gj_fn *rows, const gj_fn *f, const gj_op *mark)
{
	for (uint32_t i = 0; i < rows->shared.n; i++)
		if (rows->shared.p[i] == gj_terminator(f, gj_o(f, mark->arg[0])->block)->loc)
			return true;
	return false;
}

/* Are all of them long enough? 0: it is not known before the loop. */
static gj_ref long_enough(gj_prange *p, const gj_fn *rows)
{
	gj_fn *f = p->f;
	gj_ref all = 0;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (!is_inner(p, b, o) || !gj_shares_inner(rows, f, o))
			continue;
		if (!gj_can_hoist(p, o->arg[1]))
			return 0;
		gj_ref yes = gj_at_least(p, gj_hoist(p, o->arg[1]), LEAST);
		all = all ? gj_emit(f, p->before, GJ_AND, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ all, yes }) : yes;
	}
	return all;
}

/* -- Arrays ------------------------------------------------------------------------------------------------------------------------ */

/* What the entry gets of the pointer to an access: where it points from outside the loop; 0: it comes about in the loop. */
static gj_ref given(const gj_prange *p, gj_ref pointer)
{
	const gj_fn *f = p->f;
	for (;; pointer = gj_o(f, pointer)->arg[0]) {
		const gj_op *o = gj_o(f, pointer);
		if (!p->inside[o->block] && o->block != p->header)
			return pointer;
		if (!gj_is_offset(o))
			return 0;
	}
}

static bool is_known(const gj_prange *p, const gj_pairs *pairs, gj_ref x, gj_ref y)
{
	for (uint32_t i = 0; i < pairs->n; i++)
		if (given(p, pairs->p[i].p) == x && given(p, pairs->p[i].q) == y)
			return true;
	return false;
}

/* Pairs of arrays, one of them written, that must lie apart. false: of some that cannot be asked for. */
static bool find_pairs(gj_prange *p, gj_pairs *pairs)
{
	gj_fn *f = p->f;
	uint32_t n;
	const gj_ref *access = gj_loop_accesses(f, p->loop, &n);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < n && gj_o(f, access[i])->op == GJ_STORE && !gj_is_private(f, access[i]); k++) {
			gj_ref s = gj_accessed(f, access[i]), q = gj_accessed(f, access[k]), x = given(p, s), y = given(p, q);
			if (gj_is_private(f, access[k]) || (x && x == y) || gj_apart(f, s, q) || (x && y && is_known(p, pairs, x, y)))
				continue;
			if (!x || !y || gj_root(f, s) == gj_root(f, q) || !gj_has_extent_before(f, s, p->loop) || !gj_has_extent_before(f, q, p->loop) || pairs->n == MOST_PAIRS)
				return false;
			gj_push(f->arena, pairs, ((gj_pair){ s, q }));
		}
	return true;
}

gj_fn *gj_share_inner(gj_prange *p, const gj_sharing *sharing, const char *name, gj_ref *enough)
{
	if (!sharing->share || !has_inner(p))
		return NULL;
	for (uint32_t i = 0; i < p->carried.n; i++)
		if (p->carried.p[i].how != GJ_CARRY_NOTHING && p->carried.p[i].how != GJ_CARRY_COUNTED)
			return NULL;
	gj_pairs pairs = { 0 };
	if (!find_pairs(p, &pairs))
		return NULL;
	gj_fn *rows = gj_rounds_make(p, 1, name);
	*enough = sharing->share(sharing, rows) ? long_enough(p, rows) : 0;
	for (uint32_t i = 0; i < pairs.n && *enough; i++) {
		gj_ref apart = gj_lie_apart(p->f, p->before, pairs.p[i].p, pairs.p[i].q);
		*enough = gj_emit(p->f, p->before, GJ_AND, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ *enough, apart });
	}
	return *enough ? rows : NULL;
}
