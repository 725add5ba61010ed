/* Edges that make a detour lead on to where it ends, whatever detours a Python version's compiler takes:
 *   - through a block that only jumps, and through a branch whose ways meet at once;
 *   - through a test whose outcome the way in has decided. In `(a and b) or c` 3.11 jumps from a false a straight to c,
 *     later versions test the value of `a and b` again; this also saves a phi of a and b, whose types would have to agree.
 * Never are two edges made between the same blocks. Blocks that nothing leads to and phis of one operand stay behind for
 * the caller. `uses` counts the uses of each op and is kept right. */
#include "bytecode/state.h"

#include <string.h>

static bool is_pred(const gj_bb *bb, uint32_t p)
{
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (bb->preds.p[k] == p)
			return true;
	return false;
}

/* Phis of `to` that take r on the edge from `from`. */
static uint32_t phi_uses(const gj_fn *f, uint32_t from, uint32_t to, gj_ref r)
{
	uint32_t at = gj_pred_index(f, to, from), n = 0;
	GJ_EACH_PHI(f, to, phi)
		n += gj_o(f, phi)->arg[at] == r;
	return n;
}

/* Do the phis of b serve the phis of its successors only, and `test` (0: none)? */
static bool phis_pass_on(const gj_fn *f, uint32_t b, gj_ref test, const uint32_t *uses)
{
	const gj_bb *bb = &f->bb.p[b];
	GJ_EACH_PHI(f, b, r) {
		uint32_t here = test && gj_o(f, test)->arg[0] == r;
		for (uint32_t s = 0; s < bb->nsucc; s++)
			here += phi_uses(f, b, bb->succ[s], r);
		if (here != uses[r])
			return false;
	}
	return true;
}

/* -- Edges ------------------------------------------------------------------------------------------------------------- */

/* r, or its operand k if it is a phi of b. */
static gj_ref seen_from(const gj_fn *f, uint32_t b, uint32_t k, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	return o->op == GJ_PHI && o->block == b ? o->arg[k] : r;
}

static void add_operand(gj_fn *f, gj_op *phi, gj_ref r)
{
	gj_ref *arg = gj_new(f->arena, gj_ref, phi->nargs + 1);
	memcpy(arg, phi->arg, phi->nargs * sizeof *arg);
	arg[phi->nargs++] = r;
	phi->arg = arg;
}

static void drop_pred(gj_fn *f, uint32_t b, uint32_t k, uint32_t *uses)
{
	GJ_EACH_PHI(f, b, r)
		uses[gj_o(f, r)->arg[k]]--;
	gj_drop_pred(f, b, k);
}

/* The edge from predecessor number k to b goes to t, a successor of b, unless that would double an edge. */
static void lead_on(gj_fn *f, uint32_t b, uint32_t k, uint32_t t, uint32_t *uses)
{
	gj_bb *bb = &f->bb.p[b], *to = &f->bb.p[t];
	uint32_t p = bb->preds.p[k], at = gj_pred_index(f, t, b);
	gj_bb *pred = &f->bb.p[p];
	if (p == b || t == b || is_pred(to, p) || (pred->nsucc == 2 && pred->succ[0] == pred->succ[1]))
		return;
	GJ_EACH_PHI(f, t, phi) {
		gj_ref r = seen_from(f, b, k, gj_o(f, phi)->arg[at]);
		add_operand(f, gj_o(f, phi), r);
		uses[r]++;
	}
	gj_push(f->arena, &to->preds, p);
	pred->succ[pred->nsucc == 2 && pred->succ[1] == b] = t;
	drop_pred(f, b, k, uses);
}

/* -- Tests -------------------------------------------------------------------------------------------------------------- */

/* The test of a block that holds phis, a test, and nothing else; 0 for any other block. */
static gj_ref lone_test(const gj_fn *f, uint32_t b, const uint32_t *uses)
{
	const gj_bb *bb = &f->bb.p[b];
	uint32_t nphis = gj_count_phis(f, b);
	if (bb->nsucc != 2 || bb->succ[0] == bb->succ[1] || bb->ops.n != nphis + 2)
		return 0;
	gj_ref test = bb->ops.p[nphis];
	const gj_op *o = gj_o(f, test), *branch = gj_o(f, bb->ops.p[nphis + 1]);
	bool alone = o->op == GJ_TRUTH && branch->op == GJ_BRANCH && branch->arg[0] == test && uses[test] == 1;
	return alone && phis_pass_on(f, b, test, uses) ? test : 0;
}

/* What pred has decided about the truth of v on its way to b: 0 true, 1 false, −1 nothing. */
static int decided(const gj_fn *f, uint32_t pred, uint32_t b, gj_ref v)
{
	const gj_bb *bb = &f->bb.p[pred];
	const gj_op *branch = gj_terminator(f, pred), *test;
	if (branch->op != GJ_BRANCH)
		return -1;
	test = gj_o(f, branch->arg[0]);
	return test->op == GJ_TRUTH && test->arg[0] == v ? bb->succ[1] == b : -1;
}

static void skip_test(gj_fn *f, uint32_t b, uint32_t *uses)
{
	gj_ref test = lone_test(f, b, uses);
	gj_bb *bb = &f->bb.p[b];
	for (uint32_t k = test ? bb->preds.n : 0; k-- > 0;) {
		int way = decided(f, bb->preds.p[k], b, seen_from(f, b, k, gj_o(f, test)->arg[0]));
		if (way >= 0)
			lead_on(f, b, k, bb->succ[way], uses);
	}
}

static void skip_jump(gj_fn *f, uint32_t b, uint32_t *uses)
{
	gj_bb *bb = &f->bb.p[b];
	if (!b || gj_terminator(f, b)->op != GJ_JUMP || bb->ops.n != gj_count_phis(f, b) + 1 || !phis_pass_on(f, b, 0, uses))
		return;
	for (uint32_t k = bb->preds.n; k-- > 0;)
		lead_on(f, b, k, bb->succ[0], uses);
}

/* Is e a block that only jumps, and p the only way into it? */
static bool is_detour(const gj_fn *f, uint32_t p, uint32_t e)
{
	const gj_bb *bb = &f->bb.p[e];
	return bb->nsucc == 1 && gj_terminator(f, p)->op == GJ_BRANCH && gj_terminator(f, e)->op == GJ_JUMP && bb->ops.n == 1 && bb->preds.n == 1 && bb->preds.p[0] == p && bb->succ[0] != e;
}

/* Both ways of p's branch lead to t, one directly, one through e. If t cannot tell them apart the branch becomes a jump;
 * else the way for "true" is the direct one. */
static void merge_ways(gj_fn *f, uint32_t p, uint32_t e, uint32_t t, uint32_t *uses)
{
	gj_bb *bb = &f->bb.p[p];
	uint32_t direct = gj_pred_index(f, t, p), detour = gj_pred_index(f, t, e);
	bool differ = false, swap = bb->succ[0] == e;
	GJ_EACH_PHI(f, t, phi) {
		gj_ref *arg = gj_o(f, phi)->arg, r = arg[direct];
		differ |= r != arg[detour];
		arg[direct] = swap ? arg[detour] : r;
		arg[detour] = swap ? r : arg[detour];
	}
	bb->succ[0] = t;
	bb->succ[1] = e;
	if (differ)
		return;
	gj_op *branch = gj_terminator(f, p);
	uses[branch->arg[0]]--;
	branch->op = GJ_JUMP;
	branch->nargs = 0;
	bb->nsucc = 1;
	drop_pred(f, t, detour, uses);
	f->bb.p[e].preds.n = f->bb.p[e].nsucc = 0;
}

static void skip_branch(gj_fn *f, uint32_t p, uint32_t *uses)
{
	const gj_bb *bb = &f->bb.p[p];
	for (int s = 0; s < 2; s++)
		if (bb->nsucc == 2 && is_detour(f, p, bb->succ[s]) && f->bb.p[bb->succ[s]].succ[0] == bb->succ[1 - s]) {
			merge_ways(f, p, bb->succ[s], bb->succ[1 - s], uses);
			return;
		}
}

/* Twice: the branches that the first round merges may open ways for the second. */
void gj_shortcuts(gj_fn *f)
{
	uint32_t *uses = gj_count_uses(f);
	for (int round = 0; round < 2; round++) {
		GJ_EACH_BLOCK(f, b)
			skip_test(f, b, uses);
		for (uint32_t i = f->rpo.n; i-- > 0;)
			skip_jump(f, f->rpo.p[i], uses);
		GJ_EACH_BLOCK(f, b)
			skip_branch(f, b, uses);
	}
}
