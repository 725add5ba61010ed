/* IR: building, positions and failing at one, the dump, and every rule of the verifier broken once. */
#include "ir/ir.h"

#include "check.h"

#include <string.h>

static gj_trap trap;
static gj_fn *f;

static gj_ref op(uint32_t b, gj_opcode o, const gj_type *t, gj_ref a, gj_ref c)
{
	gj_ref arg[] = { a, c };
	return gj_emit(f, b, o, t, 0, !!a + !!c, arg);
}

/* sum of 0..n-1:  0: n = PARAM, zero, one, JUMP 1;  1: phis, CMP, BRANCH 2 3;  2: ADDs, JUMP 1;  3: RETURN */
static void make_loop(void)
{
	const gj_type *i8 = gj_scalar[GJ_I64], *b1 = gj_scalar[GJ_BOOL];
	f = gj_fn_new(&trap, NULL, "sum");
	f->low = true;
	for (int i = 0; i < 4; i++)
		gj_block_new(f);
	gj_ref n = op(0, GJ_PARAM, i8, 0, 0), zero = op(0, GJ_CONST, i8, 0, 0), one = op(0, GJ_CONST, i8, 0, 0);
	gj_o(f, one)->imm.i = 1;
	op(0, GJ_JUMP, NULL, 0, 0);
	gj_ref i = op(1, GJ_PHI, i8, zero, zero), s = op(1, GJ_PHI, i8, zero, zero), c = op(1, GJ_CMP, b1, i, n);
	op(1, GJ_BRANCH, NULL, c, 0);
	gj_ref s2 = op(2, GJ_ADD, i8, s, i), i2 = op(2, GJ_ADD, i8, i, one);
	gj_o(f, i2)->flags = GJ_NSW | GJ_NONNEG;
	op(2, GJ_JUMP, NULL, 0, 0);
	gj_o(f, i)->arg[1] = i2;
	gj_o(f, s)->arg[1] = s2;
	op(3, GJ_RETURN, NULL, s, 0);
	gj_link(f, 0, 1);
	gj_link(f, 1, 2);
	gj_link(f, 1, 3);
	gj_link(f, 2, 1);
}

static void test_dump(void)
{
	static const char expected[] =
		"function sum low, width 1\n"
		"block 0:\n"
		"  v1: i8 = PARAM 0\n"
		"  v2: i8 = CONST 0\n"
		"  v3: i8 = CONST 1\n"
		"  JUMP -> 1\n"
		"block 1 (preds 0 2):\n"
		"  v4: i8 = PHI 0:v2 2:v8\n"
		"  v5: i8 = PHI 0:v2 2:v7\n"
		"  v6: b1 = CMP.< v4 v1\n"
		"  BRANCH v6 -> 2 3\n"
		"block 2 (preds 1):\n"
		"  v7: i8 = ADD v5 v4\n"
		"  v8: i8 = ADD v4 v3 nsw nonneg\n"
		"  JUMP -> 1\n"
		"block 3 (preds 1):\n"
		"  RETURN v5\n";
	gj_sb out = { 0 };
	make_loop();
	const char *wrong = gj_fn_verify(f);
	CHECK(!wrong, "%s", wrong);
	gj_fn_dump(f, &out);
	CHECK(!strcmp(gj_sb_str(&out), expected), "dump is\n%s", gj_sb_str(&out));
	gj_sb_free(&out);
	gj_cfg(f);
	wrong = gj_fn_verify(f);
	CHECK(!wrong, "%s", wrong);
	gj_cfg_dump(f, &out);
	CHECK(strstr(gj_sb_str(&out), "loop 1: header 1 depth 1 latch 2\n"), "cfg is\n%s", gj_sb_str(&out));
	gj_sb_free(&out);
	CHECK(gj_dominates(f, 1, 3) && gj_dominates(f, 2, 2) && !gj_dominates(f, 2, 3), "dominators");
}

/* Breaks the loop in one way, which the verifier must name. */
#define BREAK(WHAT, ...) do { \
		make_loop(); \
		__VA_ARGS__; \
		const char *e = gj_fn_verify(f); \
		CHECK(e && strstr(e, WHAT), "got: %s", e ? e : "nothing"); \
	} while (0)

static gj_ref at(uint32_t b, uint32_t i) { return f->bb.p[b].ops.p[i]; }
static gj_op *o(uint32_t b, uint32_t i) { return gj_o(f, at(b, i)); }

static void test_verify(void)
{
	BREAK("does not dominate", o(3, 0)->arg[0] = at(2, 0));
	BREAK("does not dominate", o(2, 0)->arg[0] = at(2, 1));
	BREAK("does not dominate", o(1, 0)->arg[0] = at(2, 1));
	BREAK("is no value", o(3, 0)->arg[0] = 0);
	BREAK("is no value", o(3, 0)->arg[0] = 1000);
	BREAK("is a terminator", o(3, 0)->arg[0] = at(0, 3));
	BREAK("no reachable block", o(3, 0)->arg[0] = gj_op_new(f, 0, GJ_CONST, gj_scalar[GJ_I64], 0, 0, NULL));
	BREAK("wrong number of operands", o(2, 0)->nargs = 1);
	BREAK("differ in number", o(1, 0)->nargs = 1);
	BREAK("does not belong to this level", o(2, 0)->op = GJ_PYBIN);
	BREAK("does not belong to this level", f->low = false);
	BREAK("a phi after other ops", o(2, 1)->op = GJ_PHI);
	BREAK("one terminator", f->bb.p[3].ops.n = 0; op(3, GJ_UNDEF, gj_scalar[GJ_I64], 0, 0));
	BREAK("one terminator", op(3, GJ_RETURN, NULL, 0, 0));
	BREAK("is empty", f->bb.p[3].ops.n = 0);
	BREAK("listed twice", gj_push(f->arena, &f->bb.p[0].ops, at(0, 0)); f->bb.p[0].ops.p[3] = at(0, 0));
	BREAK("another block", o(2, 0)->block = 1);
	BREAK("number of successors", o(1, 3)->op = GJ_JUMP; o(1, 3)->nargs = 0);
	BREAK("does not name it as predecessor", f->bb.p[3].preds.n = 0);
	BREAK("does not name it as successor", gj_push(f->arena, &f->bb.p[3].preds, 2));
	BREAK("entry has a predecessor", gj_push(f->arena, &f->bb.p[0].preds, 2));
	BREAK("successor is no block", f->bb.p[1].succ[1] = 9);
	BREAK("type of the result", o(1, 2)->type = gj_scalar[GJ_I64]);
	BREAK("type of an operand", o(2, 0)->type = gj_scalar[GJ_F64]);
	BREAK("type of an operand", o(1, 3)->arg[0] = at(1, 0));
	BREAK("compares different types", o(0, 0)->type = gj_scalar[GJ_I32]);
	BREAK("no such comparison", o(1, 2)->sub = GJ_NCMPOPS);
	BREAK("no such source position", o(1, 2)->loc = 99);
	BREAK("no block", f->bb.n = 0);
}

static void test_fail(void)
{
	gj_code inner = { .name = "inner", .file = "a.py", .firstline = 3 };
	gj_code outer = { .name = "outer", .qualname = "K.outer", .file = "b.py", .firstline = 7 };
	f = gj_fn_new(&trap, &outer, "outer");
	uint32_t call = gj_loc_add(f, &outer, (gj_pos){ 9, 4, 9, 12 }, 0);
	uint32_t body = gj_loc_add(f, &inner, (gj_pos){ -1, -1, -1, -1 }, call);
	CHECK(gj_loc_add(f, &inner, (gj_pos){ -1, -1, -1, -1 }, call) == body, "equal positions are one");
	if (setjmp(trap.env) == 0)
		gj_fail(f, body, GJ_ERR_UNSUPPORTED_OP, "a cat", "a dog");
	const gj_diag *d = &trap.diag;
	CHECK(d->set && d->id == GJ_ERR_UNSUPPORTED_OP && strstr(d->message, "a cat"), "message");
	CHECK(d->nframes == 2 && !strcmp(d->frame[0].func, "inner") && d->frame[0].pos.line == 3, "inner frame");
	CHECK(!strcmp(d->frame[1].func, "K.outer") && d->frame[1].pos.line == 9 && d->frame[1].pos.col == 4, "outer frame");
	gj_diag_clear(&trap.diag);
}

int main(void)
{
	trap.arena = gj_arena_new();
	gj_arena_trap(trap.arena, &trap);
	test_dump();
	test_verify();
	test_fail();
	gj_arena_free(trap.arena);
	return done();
}
