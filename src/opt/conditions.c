/* Conditions one after the other become one: where `if a and b` computes b by a few pure operations, b is computed in any
 * case and one branch is left. The GPU then predicates the body with one test, and loads behind several such tests can
 * be under way at the same time. */
#include "opt/opt.h"

enum { MOST_OPS = 8 };

/* May the block's code run although control does not come here: little, pure, and computed for every lane alike? */
static bool is_cheap(const gj_fn *f, uint32_t b)
{
	const gj_bb *bb = &f->bb.p[b];
	if (bb->ops.n > MOST_OPS + 1)
		return false;
	for (uint32_t k = 0; k + 1 < bb->ops.n; k++) {
		const gj_op *o = gj_o(f, bb->ops.p[k]);
		if (o->op == GJ_PHI || gj_op_flags[o->op] != GJ_F_PURE)
			return false;
	}
	return true;
}

static bool is_header(const gj_fn *f, uint32_t b) { return f->bb.p[b].loop && f->loops.p[f->bb.p[b].loop].header == b; }

/* Do the phis of `to` take the same values from both predecessors? */
static bool phis_agree(const gj_fn *f, uint32_t to, uint32_t a, uint32_t b)
{
	uint32_t ka = gj_pred_index(f, to, a), kb = gj_pred_index(f, to, b);
	GJ_EACH_PHI(f, to, r)
		if (gj_o(f, r)->arg[ka] != gj_o(f, r)->arg[kb])
			return false;
	return true;
}

static gj_ref add(gj_fn *f, uint32_t b, gj_opcode op, uint32_t loc, uint32_t n, const gj_ref *a)
{
	gj_ref r = gj_op_new(f, b, op, gj_scalar[GJ_BOOL], loc, n, a);
	gj_push(f->arena, &f->bb.p[b].ops, r);
	return r;
}

/* a's branch leads to b or to `out`, b's to `in` or to `out`: one branch of a, to `in` or `out`. */
static void join(gj_fn *f, uint32_t a, uint32_t b, uint32_t out)
{
	gj_bb *ba = &f->bb.p[a], *bb = &f->bb.p[b];
	gj_ref br = ba->ops.p[--ba->ops.n], first = gj_o(f, br)->arg[0];
	gj_op *second = gj_terminator(f, b);
	uint32_t loc = second->loc, in = bb->succ[bb->succ[0] == out];
	for (uint32_t k = 0; k + 1 < bb->ops.n; k++) {
		gj_o(f, bb->ops.p[k])->block = a;
		gj_push(f->arena, &ba->ops, bb->ops.p[k]);
	}
	gj_ref then = second->arg[0], no = add(f, a, GJ_CONST, loc, 0, NULL);
	if (ba->succ[1] == b)
		first = add(f, a, GJ_NOT, loc, 1, &first);
	if (bb->succ[1] == in)
		then = add(f, a, GJ_NOT, loc, 1, &then);
	gj_o(f, br)->arg[0] = add(f, a, GJ_SELECT, loc, 3, (gj_ref[]){ first, then, no });
	gj_push(f->arena, &ba->ops, br);
	gj_drop_edge(f, b, bb->succ[0] == out ? 0 : 1);
	gj_rename_pred(f, in, b, a);
	ba->succ[0] = in;
	ba->succ[1] = out;
	bb->ops.n = bb->preds.n = bb->nsucc = 0;
}

/* A loop's header keeps its test, by which rounds are counted. */
static bool join_at(gj_fn *f, uint32_t a)
{
	const gj_bb *ba = &f->bb.p[a];
	if (!ba->ops.n || ba->nsucc != 2 || ba->succ[0] == ba->succ[1] || is_header(f, a))
		return false;
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t b = ba->succ[i], out = ba->succ[1 - i];
		const gj_bb *bb = &f->bb.p[b];
		if (bb->nsucc == 2 && bb->preds.n == 1 && bb->succ[0] != bb->succ[1] && b != a && bb->loop == ba->loop &&
		    (bb->succ[0] == out || bb->succ[1] == out) && is_cheap(f, b) && phis_agree(f, out, a, b)) {
			join(f, a, b, out);
			return true;
		}
	}
	return false;
}

static bool only_returns(const gj_fn *f, uint32_t b)
{
	return f->bb.p[b].ops.n == 1 && gj_terminator(f, b)->op == GJ_RETURN && gj_terminator(f, b)->nargs == 0;
}

/* All `return` of a kernel become one block, so that the ways to it look alike. */
static bool join_returns(gj_fn *f)
{
	uint32_t one = UINT32_MAX;
	bool joined = false;
	GJ_EACH_BLOCK(f, b) {
		if (b == 0 || !only_returns(f, b))
			continue;
		if (one == UINT32_MAX) {
			one = b;
			continue;
		}
		for (uint32_t i = 0; i < f->bb.p[b].preds.n; i++) {
			gj_bb *p = &f->bb.p[f->bb.p[b].preds.p[i]];
			p->succ[p->succ[0] == b ? 0 : 1] = one;
			gj_push(f->arena, &f->bb.p[one].preds, f->bb.p[b].preds.p[i]);
		}
		f->bb.p[b].ops.n = f->bb.p[b].preds.n = 0;
		joined = true;
	}
	return joined;
}

bool gj_join_conditions(gj_fn *f)
{
	bool joined = join_returns(f);
	if (joined)
		gj_cfg(f);
	for (uint32_t k = f->rpo.n; k-- > 0;)
		while (join_at(f, f->rpo.p[k]))
			joined = true;
	if (joined)
		gj_cfg(f);
	return joined;
}
