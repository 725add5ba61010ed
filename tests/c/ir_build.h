/* Building low-level functions in tests: one function at a time, F, in an arena of its own. */
#ifndef GJ_IR_BUILD_H
#define GJ_IR_BUILD_H

#include "ir/ir.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static gj_trap trap;
static gj_fn *F;
static uint32_t B;                             /* the block that emit() appends to */

#define T(K) gj_scalar[GJ_##K]

static inline void begin(void)
{
	trap.arena = gj_arena_new();
	gj_arena_trap(trap.arena, &trap);
	F = gj_fn_new(&trap, NULL, "t");
	F->low = true;
	F->no_fma = true;
	B = gj_block_new(F);
}

static inline void end(void)
{
	gj_arena_free(trap.arena);
}

static inline gj_ref emit(gj_opcode op, const gj_type *t, uint32_t n, gj_ref a, gj_ref b, gj_ref c)
{
	return gj_emit(F, B, op, t, 0, n, (gj_ref[]){ a, b, c });
}

static inline gj_ref emit0(gj_opcode op, const gj_type *t, int64_t imm)
{
	gj_ref r = emit(op, t, 0, 0, 0, 0);
	gj_o(F, r)->imm.i = imm;
	return r;
}

static inline gj_ref emit1(gj_opcode op, const gj_type *t, gj_ref a)           { return emit(op, t, 1, a, 0, 0); }
static inline gj_ref emit2(gj_opcode op, const gj_type *t, gj_ref a, gj_ref b) { return emit(op, t, 2, a, b, 0); }
static inline gj_ref param(const gj_type *t, int64_t i)                        { return emit0(GJ_PARAM, t, i); }
static inline gj_ref ki(const gj_type *t, int64_t i)                           { return emit0(GJ_CONST, t, i); }

static inline gj_ref kf(const gj_type *t, double x)
{
	gj_ref r = emit(GJ_CONST, t, 0, 0, 0, 0);
	gj_o(F, r)->imm.f = x;
	return r;
}

static inline gj_ref cmp(gj_cmpop op, gj_ref a, gj_ref b)
{
	gj_ref r = emit2(GJ_CMP, T(BOOL), a, b);
	gj_o(F, r)->sub = op;
	return r;
}

static inline gj_ref ret(uint32_t n, const gj_ref *values)
{
	return gj_emit(F, B, GJ_RETURN, NULL, 0, n, values);
}

static inline gj_ref ret1(gj_ref a) { return ret(1, &a); }

static inline void jump(uint32_t to)
{
	gj_emit(F, B, GJ_JUMP, NULL, 0, 0, NULL);
	gj_link(F, B, to);
}

static inline void branch(gj_ref cond, uint32_t yes, uint32_t no)
{
	gj_emit(F, B, GJ_BRANCH, NULL, 0, 1, &cond);
	gj_link(F, B, yes);
	gj_link(F, B, no);
}

static inline void verify(const char *when)
{
	const char *why = gj_fn_verify(F);
	CHECK(!why, "%s: %s", when, why);
}

static inline void simplify(void)
{
	verify("before");
	gj_simplify(F);
	verify("after");
}

/* Value k that the function returns, after simplification. */
static inline gj_ref returned(uint32_t k)
{
	for (uint32_t i = 0; i < F->rpo.n; i++) {
		const gj_bb *bb = &F->bb.p[F->rpo.p[i]];
		const gj_op *o = gj_o(F, bb->ops.p[bb->ops.n - 1]);
		if (o->op == GJ_RETURN)
			return o->arg[k];
	}
	return 0;
}

static inline int count(gj_opcode op)
{
	int n = 0;
	for (uint32_t i = 0; i < F->rpo.n; i++)
		for (uint32_t k = 0; k < F->bb.p[F->rpo.p[i]].ops.n; k++)
			n += gj_o(F, F->bb.p[F->rpo.p[i]].ops.p[k])->op == op;
	return n;
}

static inline const gj_op *result(void) { return gj_o(F, returned(0)); }

#endif
