/* Two interpreters of low-level IR for test_mask.c: one thread at a time before the mask pass, 32 lanes after it. The
 * second one keeps track of junk: a lane's value is poison where LLVM's would be, and using it for real is an error.
 * Values are taken as scalar, scalar + lane × stride or 32 numbers, just as their shapes say. */
#ifndef GJ_MASK_RUN_H
#define GJ_MASK_RUN_H

#include "ir/ir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 32, WORDS = 4096, STEPS = 2000000 };

typedef struct memory { int64_t word[WORDS]; } memory;         /* a pointer is a byte offset into it */
typedef struct value { int64_t v[LANES]; uint32_t junk; } value;

static const char *run_error;                  /* why the last run went wrong */
static int barriers_met;

static bool wrong(const char *why)
{
	if (!run_error)
		run_error = why;
	return false;
}

static int64_t wrap(const gj_type *t, int64_t x)
{
	switch (t->kind) {
	case GJ_BOOL: return x & 1;
	case GJ_I32:  return (int32_t)x;
	case GJ_U32:  return (uint32_t)x;
	default:      return x;
	}
}

static bool compare(int how, int64_t a, int64_t b)
{
	switch (how) {
	case GJ_CMP_LT: return a < b;
	case GJ_CMP_LE: return a <= b;
	case GJ_CMP_EQ: return a == b;
	case GJ_CMP_NE: return a != b;
	case GJ_CMP_GT: return a > b;
	default:        return a >= b;
	}
}

static int64_t floordiv(int64_t a, int64_t b)
{
	if (!b || (b == -1 && a == INT64_MIN))
		return b ? a : 0;
	return a / b - (a % b && (a < 0) != (b < 0));
}

/* Pure ops and division on numbers; scale is what an offset into local memory counts. */
static int64_t compute(const gj_fn *f, const gj_op *o, const int64_t *x, int64_t lane)
{
	uint64_t a = o->nargs ? (uint64_t)x[0] : 0, b = o->nargs > 1 ? (uint64_t)x[1] : 0;
	uint64_t scale = o->type && o->type->kind == GJ_PTR ? o->type->elem->size : 1;
	(void)f;
	switch (o->op) {
	case GJ_CONST:    return o->imm.i;
	case GJ_PARAM:    return o->imm.i == 0 ? 0 : 7;         /* the memory, a number */
	case GJ_SREG:     return o->imm.i == GJ_TID_X || o->imm.i == GJ_LANEID ? lane : 3;
	case GJ_ADD:      return wrap(o->type, (int64_t)(a + b));
	case GJ_SUB:      return wrap(o->type, (int64_t)(a - b));
	case GJ_MUL:      return wrap(o->type, (int64_t)(a * b));
	case GJ_AND:      return (int64_t)(a & b);
	case GJ_OR:       return (int64_t)(a | b);
	case GJ_XOR:      return (int64_t)(a ^ b);
	case GJ_NOT:      return wrap(o->type, (int64_t)~a);
	case GJ_SHL:      return wrap(o->type, b < 64 ? (int64_t)(a << b) : 0);
	case GJ_CMP:      return compare(o->sub, x[0], x[1]);
	case GJ_CVT:      return wrap(o->type, x[0]);
	case GJ_FLOORDIV: return floordiv(x[0], x[1]);
	case GJ_ELEM:     return (int64_t)(a + b * scale);
	default:
		wrong("an op that the interpreter does not know");
		return 0;
	}
}

static bool in_memory(int64_t at)
{
	return at >= 0 && at % 8 == 0 && at / 8 < WORDS;
}

static uint32_t phi_operand(const gj_bb *bb, uint32_t from)
{
	uint32_t k = 0;
	while (k + 1 < bb->preds.n && bb->preds.p[k] != from)
		k++;
	return k;
}

/* -- One thread ---------------------------------------------------------------------------------------------------- */

static bool thread_op(const gj_fn *f, const gj_op *o, gj_ref r, int64_t *val, memory *mem, int lane)
{
	int64_t x[3] = { 0 };
	for (uint32_t k = 0; k < o->nargs && k < 3; k++)
		x[k] = val[o->arg[k]];
	switch (o->op) {
	case GJ_UNDEF:
		val[r] = 0x5ca1ab1e;
		return true;
	case GJ_SELECT:
		val[r] = x[0] ? x[1] : x[2];
		return true;
	case GJ_LOAD: case GJ_STORE: case GJ_ATOMIC:
		if (!in_memory(x[0]))
			return wrong("thread: a pointer out of range");
		val[r] = mem->word[x[0] / 8];
		if (o->op != GJ_LOAD)
			mem->word[x[0] / 8] = o->op == GJ_STORE ? x[1] : (int64_t)((uint64_t)val[r] + (uint64_t)x[1]);
		return true;
	case GJ_BARRIER:
		return true;
	default:
		val[r] = compute(f, o, x, lane);
		return !run_error;
	}
}

static bool run_thread(const gj_fn *f, memory *mem, int lane)
{
	int64_t *val = calloc(f->op.n, sizeof *val), *next = calloc(f->op.n, sizeof *next);
	uint32_t b = 0, from = 0, steps = 0;
	bool going = true;
	while (going && steps++ < STEPS) {
		const gj_bb *bb = &f->bb.p[b];
		for (uint32_t i = 0; i < bb->ops.n && gj_o(f, bb->ops.p[i])->op == GJ_PHI; i++)
			next[bb->ops.p[i]] = val[gj_o(f, bb->ops.p[i])->arg[phi_operand(bb, from)]];
		for (uint32_t i = 0; i < bb->ops.n && going; i++) {
			const gj_op *o = gj_o(f, bb->ops.p[i]);
			if (o->op == GJ_PHI)
				val[bb->ops.p[i]] = next[bb->ops.p[i]];
			else if (!(gj_op_flags[o->op] & GJ_F_TERM))
				going = thread_op(f, o, bb->ops.p[i], val, mem, lane);
			else
				going = o->op == GJ_JUMP || o->op == GJ_BRANCH;
		}
		if (!going)
			break;
		const gj_op *t = gj_o(f, bb->ops.p[bb->ops.n - 1]);
		from = b;
		b = bb->succ[t->op == GJ_BRANCH && !val[t->arg[0]]];
	}
	free(val);
	free(next);
	return !run_error && steps < STEPS ? true : wrong("thread: does not end");
}

/* -- 32 lanes ------------------------------------------------------------------------------------------------------ */

typedef struct warp {
	const gj_fn *f;
	value   *val, *next, *slot;
	memory  *mem;
	uint32_t exist;
	bool     barriers_agree;                   /* the lanes at a barrier must be those that live */
	uint32_t divergent_barriers;
} warp;

/* A value that an op's shape says: from lane 0's number, or lane by lane. */
static value shaped(const gj_op *o, const value *from)
{
	value r = *from;
	if (o->shape == GJ_VARYING || !o->type)
		return r;
	for (int l = 0; l < LANES; l++)
		r.v[l] = wrap(o->type, (int64_t)((uint64_t)from->v[0] + (uint64_t)l * (uint64_t)o->stride));
	r.junk = from->junk & 1 ? UINT32_MAX : 0;
	return r;
}

static bool mask_of(const warp *w, const gj_op *o, uint32_t *mask)
{
	*mask = w->exist;
	if (!o->mask)
		return true;
	const value *m = &w->val[o->mask];
	if (m->junk)
		return wrong("a mask is junk");
	*mask = 0;
	for (int l = 0; l < LANES; l++)
		*mask |= (uint32_t)(m->v[l] & 1) << l;
	return *mask & ~w->exist ? wrong("a mask has lanes that do not exist") : true;
}

static bool warp_access(warp *w, const gj_op *o, gj_ref r)
{
	const value *at = &w->val[o->arg[0]], *x = o->nargs > 1 ? &w->val[o->arg[1]] : NULL;
	bool scalar = gj_o(w->f, o->arg[0])->shape == GJ_UNIFORM;
	uint32_t mask;
	value old = { .junk = UINT32_MAX };
	if (!mask_of(w, o, &mask))
		return false;
	if (scalar && (!mask || at->junk))
		return wrong(mask ? "a scalar access to a junk address" : "a scalar access for no lane");
	if (scalar && o->op == GJ_LOAD)
		mask = UINT32_MAX;
	for (int l = 0; l < LANES; l++) {
		if (!(mask >> l & 1))
			continue;
		if ((at->junk >> l & 1) || !in_memory(at->v[l]) || (x && x->junk >> l & 1))
			return wrong("an active lane accesses memory with junk");
		int64_t *word = &w->mem->word[at->v[l] / 8];
		old.v[l] = *word;
		old.junk &= ~(1u << l);
		if (x)
			*word = o->op == GJ_STORE ? x->v[l] : (int64_t)((uint64_t)*word + (uint64_t)x->v[l]);
	}
	w->val[r] = shaped(o, &old);
	return true;
}

static bool warp_barrier(warp *w, const gj_op *o)
{
	uint32_t here, live = w->exist;
	if (!mask_of(w, o, &here))
		return false;
	if (o->nargs) {
		gj_op as_mask = { .mask = o->arg[o->nargs - 1] };
		if (!mask_of(w, &as_mask, &live))
			return false;
	}
	barriers_met++;
	if (here & ~live)
		return wrong("a lane at a barrier does not live");
	return here == live || !w->barriers_agree ? true : wrong("a barrier waits for lanes that do not come");
}

/* Lanes that do not live here may be junk in the mask: then in the variable, too. */
static bool warp_set(warp *w, const gj_op *o)
{
	const gj_op *slot = gj_o(w->f, o->arg[0]);
	const value *x = &w->val[o->arg[1]];
	value *s = &w->slot[o->arg[0]];
	const value *m = o->mask ? &w->val[o->mask] : NULL;
	if (slot->imm.i && gj_o(w->f, o->arg[1])->shape == GJ_VARYING && gj_o(w->f, o->arg[1])->op != GJ_UNDEF)
		return wrong("a scalar variable takes a varying value");
	if (slot->imm.i && o->mask)
		return wrong("a scalar variable is set under a mask");
	for (int l = 0; l < LANES; l++)
		if (m && m->junk >> l & 1)
			s->junk |= 1u << l;
		else if (!m || m->v[l] & 1) {
			s->v[l] = x->v[l];
			s->junk = (s->junk & ~(1u << l)) | (x->junk & 1u << l);
		}
	return true;
}

/* Lanewise: a lane's result is junk if an operand's is, but for the side that a select does not take. */
static bool warp_pure(warp *w, const gj_op *o, gj_ref r)
{
	value out = { .junk = 0 };
	for (int l = 0; l < LANES; l++) {
		int64_t x[3] = { 0 };
		uint32_t bit = 1u << l, junk = 0, j[3] = { 0 };
		for (uint32_t k = 0; k < o->nargs && k < 3; k++) {
			x[k] = w->val[o->arg[k]].v[l];
			j[k] = w->val[o->arg[k]].junk & bit;
			junk |= j[k];
		}
		switch (o->op) {
		case GJ_UNDEF:   junk = bit; break;
		case GJ_SELECT:  junk = j[0] | (x[0] ? j[1] : j[2]); out.v[l] = x[0] ? x[1] : x[2]; break;
		case GJ_ANDMASK: junk = j[0] | (x[0] ? j[1] : 0); out.v[l] = x[0] && x[1]; break;
		case GJ_ANDNOT:  junk = j[1] | (x[1] ? 0 : j[0]); out.v[l] = !x[1] && x[0]; break;
		default:         out.v[l] = compute(w->f, o, x, l);
		}
		out.junk |= junk ? bit : 0;
	}
	w->val[r] = shaped(o, &out);
	return !run_error;
}

static bool warp_op(warp *w, const gj_op *o, gj_ref r)
{
	value *v = &w->val[r];
	uint32_t mask;
	if (o->shape == GJ_VARYING && o->flags & (GJ_NSW | GJ_NUW))
		return wrong("a varying op promises not to wrap");
	switch (o->op) {
	case GJ_LOAD: case GJ_STORE: case GJ_ATOMIC:
		return warp_access(w, o, r);
	case GJ_BARRIER:
		return warp_barrier(w, o);
	case GJ_SLOT:
		w->slot[r].junk = UINT32_MAX;
		return true;
	case GJ_SET:
		return warp_set(w, o);
	case GJ_GET:
		*v = shaped(o, &w->slot[o->arg[0]]);
		return true;
	case GJ_ALLLANES:
		for (int l = 0; l < LANES; l++)
			v->v[l] = w->exist >> l & 1;
		v->junk = 0;
		return true;
	case GJ_ANY:
		if (w->val[o->arg[0]].junk)
			return wrong("ANY of a junk mask");
		memset(v, 0, sizeof *v);
		for (int l = 0, on = 0; l < 2 * LANES; l++)
			v->v[l % LANES] = on |= (int)w->val[o->arg[0]].v[l % LANES];
		return true;
	case GJ_FLOORDIV:
		if (!mask_of(w, o, &mask) || (o->shape == GJ_UNIFORM && w->val[o->arg[1]].junk))
			return wrong("a division by junk");
		return warp_pure(w, o, r);
	default:
		return warp_pure(w, o, r);
	}
}

static bool warp_block(warp *w, uint32_t b, uint32_t from)
{
	const gj_fn *f = w->f;
	const gj_bb *bb = &f->bb.p[b];
	for (uint32_t i = 0; i < bb->ops.n && gj_o(f, bb->ops.p[i])->op == GJ_PHI; i++)
		w->next[bb->ops.p[i]] = w->val[gj_o(f, bb->ops.p[i])->arg[phi_operand(bb, from)]];
	for (uint32_t i = 0; i < bb->ops.n; i++) {
		const gj_op *o = gj_o(f, bb->ops.p[i]);
		if (o->op == GJ_PHI)
			w->val[bb->ops.p[i]] = shaped(o, &w->next[bb->ops.p[i]]);
		else if (!(gj_op_flags[o->op] & GJ_F_TERM) && !warp_op(w, o, bb->ops.p[i]))
			return false;
	}
	return true;
}

static inline bool run_warp(const gj_fn *f, memory *mem, uint32_t exist, bool barriers_agree)
{
	warp w = { .f = f, .mem = mem, .exist = exist, .barriers_agree = barriers_agree };
	w.val = calloc(3 * (size_t)f->op.n, sizeof *w.val);
	w.next = w.val + f->op.n;
	w.slot = w.next + f->op.n;
	uint32_t b = 0, from = 0, steps = 0;
	while (steps++ < STEPS && warp_block(&w, b, from)) {
		const gj_bb *bb = &f->bb.p[b];
		const gj_op *t = gj_o(f, bb->ops.p[bb->ops.n - 1]);
		if (t->op != GJ_JUMP && t->op != GJ_BRANCH)
			break;
		if (t->op == GJ_BRANCH && gj_o(f, t->arg[0])->shape != GJ_UNIFORM)
			wrong("a divergent branch is left");
		if (t->op == GJ_BRANCH && w.val[t->arg[0]].junk)
			wrong("a branch on junk");
		if (run_error)
			break;
		from = b;
		b = bb->succ[t->op == GJ_BRANCH && !w.val[t->arg[0]].v[0]];
	}
	free(w.val);
	return steps < STEPS ? !run_error : wrong("warp: does not end");
}

#endif
