/* Vectors that have all their lanes, which nearly all have behind `if i < n`: what stands there is done once more for these, without the
 * mask, and who is to run is asked later. (In loops, and beside barriers, emit.c does so with small blocks.)
 *
 *     if any lane of m:                   if all lanes are in m:
 *         body, masked with m      →          body
 *                                         elif any lane of m:
 *                                             body, masked with m */
#include "ir/walk.h"
#include "lanes/whole.h"

#include <string.h>

enum { MOST_OPS = 300, OPS_OF_ACCESS = 12 };

typedef struct whole { gj_fn *f; uint32_t up, first; gj_ref mask, any, yes; uint32_t *made; gj_ref *map; } whole;

static bool is_inside(const whole *w, uint32_t b) { return gj_dominates(w->f, w->first, b); }

/* Does one lane tell whether all are in the mask (`in`), or none: do they count, and are compared with a bound? */
static bool counts(const gj_fn *f, gj_ref mask, bool in)
{
	const gj_op *o = gj_o(f, mask);
	uint32_t other = gj_both_of(f, o, in);
	if (other)
		return counts(f, o->arg[0], in) && counts(f, o->arg[other], in);
	if (o->op == GJ_ALLLANES || o->shape == GJ_UNIFORM)
		return true;
	if (o->op == GJ_NOT)
		return counts(f, o->arg[0], !in);
	if (o->op != GJ_CMP || o->sub == (in ? GJ_CMP_EQ : GJ_CMP_NE))
		return false;
	const gj_op *x = gj_o(f, o->arg[0]), *y = gj_o(f, o->arg[1]), *lane = x->shape == GJ_LINEAR ? x : y;
	bool side = o->sub != GJ_CMP_EQ && o->sub != GJ_CMP_NE;
	return x->shape + y->shape == GJ_LINEAR && gj_is_int(x->type) && gj_is_signed(x->type) && lane->flags & GJ_NONNEG
		&& (side ? lane->stride > 0 : lane->stride == 1);
}

/* Is block b where a mask of lanes that count begins, outside of loops? */
static bool begins(whole *w, uint32_t b)
{
	const gj_fn *f = w->f;
	const gj_bb *bb = &f->bb.p[b];
	if (bb->loop || bb->preds.n != 1)
		return false;
	w->up = bb->preds.p[0];
	w->first = b;
	const gj_op *t = gj_terminator(f, w->up), *any = t->op == GJ_BRANCH ? gj_o(f, t->arg[0]) : NULL;
	if (!any || any->op != GJ_ANY || any->block != w->up || f->bb.p[w->up].succ[0] != b || f->bb.p[w->up].succ[1] == b)
		return false;
	w->any = t->arg[0];
	w->mask = any->arg[0];
	return counts(f, w->mask, true);
}

static bool can_be_copied(const gj_op *o)
{
	return !gj_op_is(o, GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP | GJ_F_ORDER | GJ_F_LANES) && o->op != GJ_FCALL && o->op != GJ_LOCALMEM
		&& o->op != GJ_SHAREDMEM && o->op != GJ_RAISE && o->op != GJ_BOUNDS && o->op != GJ_REPORT && o->op != GJ_PRINT && o->op != GJ_WATCH;
}

/* Is the value used only where it is made, or by phis for what comes from there? */
static bool stays(const whole *w, uint32_t b, const gj_op *o)
{
	for (uint32_t i = 0; i <= o->nargs && !is_inside(w, b); i++) {
		gj_ref r = i < o->nargs ? o->arg[i] : o->mask;
		if (r && is_inside(w, gj_o(w->f, r)->block) && (i == o->nargs || o->op != GJ_PHI))
			return false;
	}
	return true;
}

/* Accesses of items side by side, without masks, are what is gained. */
static bool pays(const whole *w)
{
	const gj_fn *f = w->f;
	uint32_t ops = 0;
	uint64_t weight = 0, gain = 0;
	GJ_EACH_BLOCK(f, b) {
		uint32_t depth = f->loops.p[f->bb.p[b].loop].depth;
		if (!is_inside(w, b))
			continue;
		ops += f->bb.p[b].ops.n;
		GJ_EACH_OP_OF(f, b, r) {
			const gj_op *o = gj_o(f, r), *p = o->op == GJ_LOAD || o->op == GJ_STORE ? gj_o(f, o->arg[0]) : NULL;
			bool beside = p && o->mask && p->shape == GJ_LINEAR && p->stride == p->type->elem->size;
			weight += o->shape == GJ_VARYING ? 1u << (3 * (depth < 8 ? depth : 8)) : 0;
			gain += beside ? OPS_OF_ACCESS << (3 * (depth < 8 ? depth : 8)) : 0;
		}
	}
	return ops <= MOST_OPS && gain >= weight;
}

static bool fits(const whole *w)
{
	GJ_EACH_OP(w->f, b, r) {
		const gj_op *o = gj_o(w->f, r);
		if (!stays(w, b, o) || (is_inside(w, b) && !can_be_copied(o)))
			return false;
	}
	return pays(w);
}

static gj_ref mapped(const gj_ref *map, gj_ref r) { return map[r] ? map[r] : r; }

/* Op r without the mask, in block b. */
static void copy_op(whole *w, uint32_t b, gj_ref r)
{
	gj_fn *f = w->f;
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_ANDMASK && mapped(w->map, o->arg[0]) == w->yes) {
		w->map[r] = mapped(w->map, o->arg[1]);
		return;
	}
	gj_ref made = w->map[r] = gj_op_new(f, b, (gj_opcode)o->op, o->type, o->loc, o->nargs, o->arg);
	gj_op *n = gj_o(f, made);
	gj_ref *arg = n->arg;
	*n = *gj_o(f, r);
	n->arg = arg;
	n->block = b;
	n->mask = mapped(w->map, n->mask);
	for (uint32_t i = 0; i < n->nargs; i++)
		arg[i] = mapped(w->map, arg[i]);
	gj_push(f->arena, &f->bb.p[b].ops, made);
}

/* What leaves block b for block `to` outside does so from its copy too. */
static void add_exit(whole *w, uint32_t b, uint32_t to)
{
	gj_fn *f = w->f;
	uint32_t k = gj_pred_index(f, to, b);
	gj_push(f->arena, &f->bb.p[to].preds, w->made[b]);
	GJ_EACH_PHI(f, to, r) {
		gj_op *o = gj_o(f, r);
		gj_ref *arg = gj_new(f->arena, gj_ref, o->nargs + 1);
		memcpy(arg, o->arg, o->nargs * sizeof *arg);
		arg[o->nargs++] = mapped(w->map, o->arg[k]);
		o->arg = arg;
	}
}

static void copy_blocks(whole *w, uint32_t from)
{
	gj_fn *f = w->f;
	for (uint32_t i = 0, n = f->rpo.n; i < n; i++)
		w->made[f->rpo.p[i]] = is_inside(w, f->rpo.p[i]) ? gj_block_new(f) : 0;
	GJ_EACH_BLOCK(f, b) {
		if (!w->made[b])
			continue;
		f->bb.p[b].rare = true;
		GJ_EACH_OP_OF(f, b, r)
			copy_op(w, w->made[b], r);
		for (uint32_t i = 0; i < f->bb.p[b].preds.n; i++)
			gj_push(f->arena, &f->bb.p[w->made[b]].preds, b == w->first ? from : w->made[f->bb.p[b].preds.p[i]]);
	}
	GJ_EACH_BLOCK(f, b) {
		if (!w->made[b])
			continue;
		GJ_EACH_PHI(f, b, r)
			for (uint32_t k = 0; k < gj_o(f, r)->nargs; k++)
				gj_o(f, w->map[r])->arg[k] = mapped(w->map, gj_o(f, r)->arg[k]);
		for (uint32_t i = 0; i < f->bb.p[b].nsucc; i++) {
			uint32_t to = f->bb.p[b].succ[i];
			gj_bb *n = &f->bb.p[w->made[b]];
			n->succ[n->nsucc++] = w->made[to] ? w->made[to] : to;
			if (!w->made[to])
				add_exit(w, b, to);
		}
	}
}

static gj_ref truth(gj_fn *f, uint32_t b, gj_opcode op, gj_ref of)
{
	gj_ref r = gj_op_new(f, b, op, gj_scalar[GJ_BOOL], 0, of != 0, &of);
	gj_o(f, r)->shape = GJ_UNIFORM;
	gj_push(f->arena, &f->bb.p[b].ops, r);
	return r;
}

/* What a mask is made of, once more in block b, where the lanes are needed: before, a bound is asked of one of them. */
static gj_ref remade(gj_fn *f, uint32_t b, gj_ref r, gj_ref *map)
{
	const gj_op *o = gj_o(f, r);
	bool part = o->shape == GJ_VARYING && (o->op == GJ_CMP || o->op == GJ_NOT || o->op == GJ_ANDMASK || gj_both_of(f, o, true) || gj_both_of(f, o, false));
	if (!part || map[r])
		return mapped(map, r);
	gj_ref made = gj_op_new(f, b, (gj_opcode)o->op, o->type, o->loc, o->nargs, o->arg), *arg = gj_o(f, made)->arg;
	for (uint32_t i = 0; i < o->nargs; i++)
		arg[i] = remade(f, b, o->arg[i], map);
	*gj_o(f, made) = *o;
	gj_o(f, made)->arg = arg;
	gj_o(f, made)->block = b;
	gj_push(f->arena, &f->bb.p[b].ops, made);
	return map[r] = made;
}

/* … and is so called in what runs with the mask. */
static void remake(whole *w, uint32_t b)
{
	gj_fn *f = w->f;
	gj_ref *map = gj_new(f->arena, gj_ref, f->op.n), any = w->any;
	gj_o(f, any)->arg[0] = remade(f, b, w->mask, map);
	GJ_EACH_OP(f, c, r) {
		gj_op *o = gj_o(f, r);
		if (!is_inside(w, c))
			continue;
		o->mask = mapped(map, o->mask);
		for (uint32_t i = 0; i < o->nargs; i++)
			o->arg[i] = mapped(map, o->arg[i]);
	}
}

/* An op that is only used at the end of its block, to the end of block b. */
static void move(gj_fn *f, gj_ref r, uint32_t b)
{
	gj_take_out(f, r);
	gj_o(f, r)->block = b;
	gj_push(f->arena, &f->bb.p[b].ops, r);
}

static void build(whole *w)
{
	gj_fn *f = w->f;
	w->made = gj_new(f->arena, uint32_t, f->bb.n);
	w->map = gj_new(f->arena, gj_ref, f->op.n);
	gj_ref end = f->bb.p[w->up].ops.p[--f->bb.p[w->up].ops.n];
	uint32_t otherwise = f->bb.p[w->up].succ[1], few = gj_block_new(f);
	w->map[w->mask] = w->yes = truth(f, w->up, GJ_CONST, 0);
	gj_o(f, w->yes)->imm.i = 1;
	gj_ref all = truth(f, w->up, GJ_ALL, w->mask);
	gj_o(f, end)->block = few;
	gj_rename_pred(f, otherwise, w->up, few);
	f->bb.p[w->first].preds.p[0] = few;
	gj_push(f->arena, &f->bb.p[few].preds, w->up);
	f->bb.p[few].succ[0] = w->first;
	f->bb.p[few].succ[1] = otherwise;
	f->bb.p[few].nsucc = 2;
	copy_blocks(w, w->up);
	remake(w, few);
	move(f, w->any, few);
	gj_push(f->arena, &f->bb.p[few].ops, end);
	gj_push(f->arena, &f->bb.p[w->up].ops, gj_op_new(f, w->up, GJ_BRANCH, NULL, 0, 1, &all));
	f->bb.p[w->up].succ[0] = w->made[w->first];
	f->bb.p[w->up].succ[1] = few;
}

/* Doubles the first region in what block `from` dominates; returns the block that the one without the mask begins with, or 0. */
static uint32_t double_one(gj_fn *f, uint32_t from)
{
	whole w = { .f = f };
	GJ_EACH_BLOCK(f, b)
		if (gj_dominates(f, from, b) && begins(&w, b) && fits(&w)) {
			build(&w);
			gj_cfg(f);
			return w.made[w.first];
		}
	return 0;
}

void gj_double_whole(gj_fn *f)
{
	if (f->barriers)
		return;
	uint32_t inner = double_one(f, 0);
	if (inner)                                 /* behind the bounds of an array, what is not at its borders */
		double_one(f, inner);
}
