/* The simplifier. First directed cases: one small function each, what must be left of it. Then random functions with
 * branches and loops, interpreted before and after: same results, same effects, every promise (NSW, NONNEG) kept. The
 * interpreter computes integers exactly in 128 bits and shares no code with the folder. */
#include "front/ir.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static gj_trap trap;
static gj_fn *F;
static uint32_t B;                             /* the block that emit() appends to */

#define T(K) gj_scalar[GJ_##K]

static void begin(void)
{
	trap.arena = gj_arena_new();
	gj_arena_trap(trap.arena, &trap);
	F = gj_fn_new(&trap, NULL, "t");
	F->low = true;
	F->no_fma = true;
	B = gj_block_new(F);
}

static void end(void)
{
	gj_arena_free(trap.arena);
}

static gj_ref emit(gj_opcode op, const gj_type *t, uint32_t n, gj_ref a, gj_ref b, gj_ref c)
{
	return gj_emit(F, B, op, t, 0, n, (gj_ref[]){ a, b, c });
}

static gj_ref emit0(gj_opcode op, const gj_type *t, int64_t imm)
{
	gj_ref r = emit(op, t, 0, 0, 0, 0);
	gj_o(F, r)->imm.i = imm;
	return r;
}

static gj_ref emit1(gj_opcode op, const gj_type *t, gj_ref a)           { return emit(op, t, 1, a, 0, 0); }
static gj_ref emit2(gj_opcode op, const gj_type *t, gj_ref a, gj_ref b) { return emit(op, t, 2, a, b, 0); }
static gj_ref param(const gj_type *t, int64_t i)                        { return emit0(GJ_PARAM, t, i); }
static gj_ref ki(const gj_type *t, int64_t i)                           { return emit0(GJ_CONST, t, i); }

static gj_ref kf(const gj_type *t, double x)
{
	gj_ref r = emit(GJ_CONST, t, 0, 0, 0, 0);
	gj_o(F, r)->imm.f = x;
	return r;
}

static gj_ref cmp(gj_cmpop op, gj_ref a, gj_ref b)
{
	gj_ref r = emit2(GJ_CMP, T(BOOL), a, b);
	gj_o(F, r)->sub = op;
	return r;
}

static gj_ref ret(uint32_t n, const gj_ref *values)
{
	return gj_emit(F, B, GJ_RETURN, NULL, 0, n, values);
}

static gj_ref ret1(gj_ref a) { return ret(1, &a); }

static void jump(uint32_t to)
{
	gj_emit(F, B, GJ_JUMP, NULL, 0, 0, NULL);
	gj_link(F, B, to);
}

static void branch(gj_ref cond, uint32_t yes, uint32_t no)
{
	gj_emit(F, B, GJ_BRANCH, NULL, 0, 1, &cond);
	gj_link(F, B, yes);
	gj_link(F, B, no);
}

static void verify(const char *when)
{
	const char *why = gj_fn_verify(F);
	CHECK(!why, "%s: %s", when, why);
}

static void simplify(void)
{
	verify("before");
	gj_simplify(F);
	verify("after");
}

/* Value k that the function returns, after simplification. */
static gj_ref returned(uint32_t k)
{
	for (uint32_t i = 0; i < F->rpo.n; i++) {
		const gj_bb *bb = &F->bb.p[F->rpo.p[i]];
		const gj_op *o = gj_o(F, bb->ops.p[bb->ops.n - 1]);
		if (o->op == GJ_RETURN)
			return o->arg[k];
	}
	return 0;
}

static int count(gj_opcode op)
{
	int n = 0;
	for (uint32_t i = 0; i < F->rpo.n; i++)
		for (uint32_t k = 0; k < F->bb.p[F->rpo.p[i]].ops.n; k++)
			n += gj_o(F, F->bb.p[F->rpo.p[i]].ops.p[k])->op == op;
	return n;
}

static const gj_op *result(void) { return gj_o(F, returned(0)); }

/* -- Directed: constants ------------------------------------------------------------------------------------------------ */

static void int_case(gj_opcode op, const gj_type *t, int64_t a, int64_t b, int64_t want)
{
	begin();
	bool unary = op == GJ_NEG || op == GJ_NOT || op == GJ_ABS || op == GJ_POPC || op == GJ_CLZ || op == GJ_FFS || op == GJ_BREV;
	bool shift = op == GJ_SHL || op == GJ_SHR;
	gj_ref x = ki(t, a), y = ki(shift ? T(I64) : t, b);
	ret1(unary ? emit1(op, t, x) : emit2(op, t, x, y));
	simplify();
	CHECK(result()->op == GJ_CONST && result()->imm.i == want, "%s %s %lld %lld: %s %lld, not %lld", gj_op_name[op], t->name,
	      (long long)a, (long long)b, gj_op_name[result()->op], (long long)result()->imm.i, (long long)want);
	end();
}

static void test_int_constants(void)
{
	int_case(GJ_ADD, T(I32), INT32_MAX, 1, INT32_MIN);
	int_case(GJ_ADD, T(U32), UINT32_MAX, 1, 0);
	int_case(GJ_SUB, T(U64), 0, 1, -1);
	int_case(GJ_MUL, T(I64), INT64_MAX, 2, -2);
	int_case(GJ_NEG, T(I8), -128, 0, -128);
	int_case(GJ_NEG, T(U32), 1, 0, UINT32_MAX);
	int_case(GJ_NOT, T(BOOL), 1, 0, 0);
	int_case(GJ_NOT, T(U16), 0, 0, 65535);
	int_case(GJ_FLOORDIV, T(I64), -7, 2, -4);
	int_case(GJ_MOD, T(I64), -7, 2, 1);
	int_case(GJ_MOD, T(I64), 7, -2, -1);
	int_case(GJ_FLOORDIV, T(I64), 5, 0, 0);
	int_case(GJ_MOD, T(U8), 5, 0, 0);
	int_case(GJ_FLOORDIV, T(I64), INT64_MIN, -1, INT64_MIN);
	int_case(GJ_MOD, T(I64), INT64_MIN, -1, 0);
	int_case(GJ_FLOORDIV, T(I32), INT32_MIN, -1, INT32_MIN);
	int_case(GJ_FLOORDIV, T(U64), -1, 2, INT64_MAX);
	int_case(GJ_SHL, T(I64), 1, 64, 0);
	int_case(GJ_SHL, T(I64), 1, -1, 0);
	int_case(GJ_SHR, T(I64), -8, 100, -1);
	int_case(GJ_SHR, T(I64), -8, 1, -4);
	int_case(GJ_SHR, T(U64), -8, 60, 15);
	int_case(GJ_ABS, T(I64), INT64_MIN, 0, INT64_MIN);
	int_case(GJ_MIN, T(U64), -1, 1, 1);
	int_case(GJ_MAX, T(I64), -1, 1, 1);
	int_case(GJ_POPC, T(I32), -1, 0, 32);
	int_case(GJ_CLZ, T(U8), 1, 0, 7);
	int_case(GJ_CLZ, T(I64), 0, 0, 64);
	int_case(GJ_FFS, T(I64), 8, 0, 4);
	int_case(GJ_FFS, T(I64), 0, 0, 0);
	int_case(GJ_BREV, T(U32), 1, 0, INT64_C(0x80000000));
	int_case(GJ_BREV, T(I32), 1, 0, INT32_MIN);
	int_case(GJ_POW, T(I64), 3, 41, (int64_t)UINT64_C(18026252303461234787));
}

static void float_case(gj_opcode op, const gj_type *t, double a, double b, double want)
{
	begin();
	ret1(emit2(op, t, kf(t, a), kf(t, b)));
	simplify();
	const gj_op *r = result();
	CHECK(r->op == GJ_CONST && r->imm.f == want && !signbit(r->imm.f) == !signbit(want), "%s %s: %a", gj_op_name[op], t->name,
	      r->imm.f);
	end();
}

static void test_float_constants(void)
{
	float_case(GJ_ADD, T(F32), 16777216, 1, 16777216);
	float_case(GJ_ADD, T(F64), 0.1, 0.2, 0.1 + 0.2);
	float_case(GJ_MUL, T(F32), 1e30, 1e30, INFINITY);
	float_case(GJ_DIV, T(F64), 1, -0.0, -INFINITY);
	float_case(GJ_DIV, T(F32), 1, 3, 1.0f / 3.0f);
	float_case(GJ_MIN, T(F64), NAN, 2, 2);
	float_case(GJ_MAX, T(F64), 2, NAN, 2);
	begin();                                   /* NaN results, and which of two zeros is less, are the machine's */
	gj_ref nan_ = emit2(GJ_DIV, T(F64), kf(T(F64), 0), kf(T(F64), 0));
	gj_ref zero = emit2(GJ_MIN, T(F64), kf(T(F64), 0), kf(T(F64), -0.0));
	ret(2, (gj_ref[]){ nan_, zero });
	simplify();
	CHECK(gj_o(F, returned(0))->op == GJ_DIV && gj_o(F, returned(1))->op == GJ_MIN, "not folded");
	end();
}

static void convert_case(const gj_type *to, const gj_type *from, double f, int64_t i, bool folds, double wf, int64_t wi)
{
	begin();
	ret1(emit1(GJ_CVT, to, gj_is_float(from) ? kf(from, f) : ki(from, i)));
	simplify();
	const gj_op *r = result();
	bool ok = folds ? r->op == GJ_CONST && (gj_is_float(to) ? r->imm.f == wf : r->imm.i == wi) : r->op == GJ_CVT;
	CHECK(ok, "%s to %s: %s %lld %g", from->name, to->name, gj_op_name[r->op], (long long)r->imm.i, r->imm.f);
	end();
}

static void test_conversions(void)
{
	convert_case(T(I32), T(F64), -2.9, 0, true, 0, -2);
	convert_case(T(I32), T(F64), 3e9, 0, false, 0, 0);
	convert_case(T(U32), T(F64), 3e9, 0, true, 0, 3000000000);
	convert_case(T(U32), T(F64), -0.5, 0, true, 0, 0);
	convert_case(T(U64), T(F64), 18446744073709549568.0, 0, true, 0, -2048);
	convert_case(T(I64), T(F64), NAN, 0, false, 0, 0);
	convert_case(T(I64), T(F64), 9223372036854775808.0, 0, false, 0, 0);
	convert_case(T(I8), T(F32), 200, 0, false, 0, 0);
	convert_case(T(F32), T(I64), 0, 16777217, true, 16777216, 0);
	convert_case(T(F32), T(I64), 0, INT64_C(0x8000004000000001), true, (double)(float)INT64_C(-9223371761976868863), 0);
	convert_case(T(F64), T(U64), 0, -1, true, 18446744073709551616.0, 0);
	convert_case(T(F32), T(F64), 0.1, 0, true, (double)0.1f, 0);
	convert_case(T(U8), T(I64), 0, -1, true, 0, 255);
	convert_case(T(I64), T(U8), 0, 255, true, 0, 255);
	convert_case(T(BOOL), T(F64), NAN, 0, true, 0, 1);
	convert_case(T(BOOL), T(I64), 0, 256, true, 0, 1);
	convert_case(T(F64), T(BOOL), 0, 1, true, 1, 0);
}

static void compare_case(gj_cmpop op, const gj_type *ta, int64_t a, const gj_type *tb, int64_t b, int64_t want)
{
	begin();
	ret1(cmp(op, ki(ta, a), ki(tb, b)));
	simplify();
	CHECK(result()->op == GJ_CONST && result()->imm.i == want, "%lld %s %lld", (long long)a, gj_cmpop_name[op], (long long)b);
	end();
}

static void test_comparisons(void)
{
	compare_case(GJ_CMP_LT, T(I64), -1, T(U64), 0, 1);
	compare_case(GJ_CMP_LT, T(U64), 1, T(I64), -1, 0);
	compare_case(GJ_CMP_EQ, T(I64), -1, T(U64), -1, 0);
	compare_case(GJ_CMP_GT, T(U64), -1, T(I64), INT64_MAX, 1);
	compare_case(GJ_CMP_GE, T(U64), -1, T(I64), -1, 1);
	compare_case(GJ_CMP_LT, T(U64), -1, T(U64), 1, 0);
	compare_case(GJ_CMP_LE, T(I32), -1, T(I32), -1, 1);
	for (int op = 0; op < GJ_NCMPOPS; op++) {
		begin();
		ret1(cmp((gj_cmpop)op, kf(T(F64), NAN), kf(T(F64), 1)));
		simplify();
		CHECK(result()->imm.i == (op == GJ_CMP_NE), "nan %s 1", gj_cmpop_name[op]);
		end();
	}
}

/* -- Directed: identities, copies, common subexpressions ------------------------------------------------------------------ */

static void test_identities(void)
{
	begin();
	gj_ref x = param(T(I64), 0), b = param(T(BOOL), 1), d = param(T(F64), 2), s = param(T(I32), 3), f = param(T(F32), 4);
	gj_ref i0 = ki(T(I64), 0), i1 = ki(T(I64), 1), wide = emit1(GJ_CVT, T(I64), s);
	gj_ref equal[] = {
		emit2(GJ_ADD, T(I64), i0, x), emit2(GJ_SUB, T(I64), x, i0), emit2(GJ_MUL, T(I64), i1, x), emit2(GJ_OR, T(I64), x, x),
		emit2(GJ_AND, T(I64), x, ki(T(I64), -1)), emit2(GJ_FLOORDIV, T(I64), x, i1), emit2(GJ_SHR, T(I64), x, i0),
		emit1(GJ_NEG, T(I64), emit1(GJ_NEG, T(I64), x)), emit(GJ_SELECT, T(I64), 3, b, x, x), emit1(GJ_CVT, T(I64), x),
		emit(GJ_SELECT, T(I64), 3, ki(T(BOOL), 0), i1, x), emit2(GJ_MIN, T(I64), x, x),
		b, emit(GJ_SELECT, T(BOOL), 3, b, ki(T(BOOL), 1), ki(T(BOOL), 0)), cmp(GJ_CMP_NE, b, ki(T(BOOL), 0)),
		emit1(GJ_NOT, T(BOOL), emit(GJ_SELECT, T(BOOL), 3, b, ki(T(BOOL), 0), ki(T(BOOL), 1))),
		d, emit2(GJ_MUL, T(F64), d, kf(T(F64), 1)), emit2(GJ_SUB, T(F64), d, kf(T(F64), 0)),
		emit2(GJ_ADD, T(F64), d, kf(T(F64), -0.0)), emit2(GJ_DIV, T(F64), d, kf(T(F64), 1)),
		s, emit1(GJ_CVT, T(I32), wide),
		f, emit1(GJ_CVT, T(F32), emit1(GJ_CVT, T(F64), f)),
	};
	enum { NX = 12, NB = 4, ND = 5, NS = 2, NF = 2 };
	ret(GJ_LEN(equal), equal);
	simplify();
	static const uint8_t group[] = { NX, NB, ND, NS, NF };
	uint32_t k = 0;
	gj_ref want[] = { x, b, d, s, f };
	for (size_t g = 0; g < GJ_LEN(group); g++)
		for (uint32_t end_ = k + group[g]; k < end_; k++)
			CHECK(returned(k) == want[g], "identity %u is %s", (unsigned)k, gj_op_name[gj_o(F, returned(k))->op]);
	CHECK(k == GJ_LEN(equal), "all checked");
	end();
}

static void test_not_identities(void)
{
	begin();
	gj_ref d = param(T(F64), 0), x = param(T(I64), 1), s = param(T(I32), 2);
	ret(6, (gj_ref[]){
		emit2(GJ_ADD, T(F64), d, kf(T(F64), 0)),                              /* −0 + 0 is 0 */
		cmp(GJ_CMP_EQ, d, d),                                                 /* NaN */
		emit1(GJ_CVT, T(I64), emit1(GJ_CVT, T(I32), x)),                      /* truncates */
		emit2(GJ_SUB, T(F64), d, d),                                          /* inf − inf */
		emit1(GJ_NOT, T(BOOL), cmp(GJ_CMP_LT, d, kf(T(F64), 1))),             /* NaN */
		emit1(GJ_CVT, T(F64), emit1(GJ_CVT, T(U64), s)),                      /* −1 is 2^64 − 1 on the way */
	});
	simplify();
	static const uint8_t want[] = { GJ_ADD, GJ_CMP, GJ_CVT, GJ_SUB, GJ_NOT, GJ_CVT };
	for (uint32_t k = 0; k < GJ_LEN(want); k++)
		CHECK(gj_o(F, returned(k))->op == want[k], "value %u became %s", (unsigned)k, gj_op_name[gj_o(F, returned(k))->op]);
	CHECK(count(GJ_CVT) == 4, "all conversions stay");
	end();
}

static void test_rewrites(void)
{
	begin();
	gj_ref u = param(T(U8), 0), x = param(T(I64), 1), y = param(T(I64), 2);
	gj_ref f = emit1(GJ_CVT, T(F32), emit1(GJ_CVT, T(I64), u)), n = emit1(GJ_NOT, T(BOOL), cmp(GJ_CMP_LT, x, y));
	ret(2, (gj_ref[]){ f, n });
	simplify();
	CHECK(gj_o(F, returned(0))->op == GJ_CVT && gj_o(F, returned(0))->arg[0] == u && count(GJ_CVT) == 1, "one conversion");
	CHECK(gj_o(F, returned(1))->op == GJ_CMP && gj_o(F, returned(1))->sub == GJ_CMP_GE && !count(GJ_NOT), "not < is >=");
	end();
}

static void test_common(void)
{
	begin();
	const gj_type *p = gj_ptr_type(T(F32), GJ_GLOBAL), *q = gj_ptr_type(T(F32), GJ_LOCAL);
	gj_ref x = param(T(I64), 0), y = param(T(I64), 1), a = param(p, 2);
	gj_ref s = emit2(GJ_ADD, T(I64), x, y), t = emit2(GJ_ADD, T(I64), y, x);
	gj_ref m1 = emit0(GJ_LOCALMEM, q, 4), m2 = emit0(GJ_LOCALMEM, q, 4);
	gj_o(F, s)->flags |= GJ_NSW;
	gj_o(F, t)->flags |= GJ_NONNEG;
	emit2(GJ_STORE, NULL, m1, kf(T(F32), 1));
	emit2(GJ_STORE, NULL, m2, kf(T(F32), 1));
	gj_ref l1 = emit1(GJ_LOAD, T(F32), emit2(GJ_ELEM, p, a, x));
	emit2(GJ_STORE, NULL, a, kf(T(F32), 2));
	gj_ref l2 = emit1(GJ_LOAD, T(F32), emit2(GJ_ELEM, p, a, x)), dead = emit2(GJ_MUL, T(I64), x, y);
	emit1(GJ_LOAD, T(F32), a);
	(void)dead;
	ret(4, (gj_ref[]){ s, t, l1, l2 });
	simplify();
	CHECK(returned(0) == returned(1) && gj_o(F, returned(0))->flags == GJ_NONNEG, "one sum, %d", gj_o(F, returned(0))->flags);
	CHECK(returned(2) != returned(3) && count(GJ_LOAD) == 2 && count(GJ_ELEM) == 1, "loads stay apart, dead ones go");
	CHECK(count(GJ_LOCALMEM) == 2 && count(GJ_STORE) == 3 && !count(GJ_MUL), "local arrays stay apart");
	CHECK(count(GJ_CONST) == 2, "equal constants are one op");
	end();
}

/* -- Directed: control flow ----------------------------------------------------------------------------------------------- */

/* if (cond) … else …; both arms add x and y and meet in a phi. */
static void diamond(gj_ref cond, gj_ref x, gj_ref y, bool same)
{
	uint32_t yes = gj_block_new(F), no = gj_block_new(F), join = gj_block_new(F);
	branch(cond, yes, no);
	B = yes;
	gj_ref a = emit2(GJ_ADD, T(I64), x, y);
	jump(join);
	B = no;
	gj_ref b = emit2(same ? GJ_ADD : GJ_SUB, T(I64), x, y);
	jump(join);
	B = join;
	gj_ref phi = emit2(GJ_PHI, T(I64), a, b);
	ret1(phi);
}

static void test_branches(void)
{
	begin();
	gj_ref x = param(T(I64), 0), y = param(T(I64), 1);
	diamond(cmp(GJ_CMP_LT, ki(T(I64), 3), ki(T(I64), 2)), x, y, false);
	simplify();
	CHECK(result()->op == GJ_SUB && F->rpo.n == 1 && !count(GJ_PHI), "the arm that is taken is merged in");
	end();
	begin();
	x = param(T(I64), 0), y = param(T(I64), 1);
	diamond(param(T(BOOL), 2), x, y, false);
	simplify();
	CHECK(result()->op == GJ_PHI && F->rpo.n == 4, "an open branch stays");
	end();
	begin();
	x = param(T(I64), 0), y = param(T(I64), 1);
	emit2(GJ_ADD, T(I64), x, y);
	gj_ref early = emit2(GJ_ADD, T(I64), x, y);
	emit1(GJ_NANOSLEEP, NULL, emit1(GJ_CVT, T(U32), early));
	diamond(param(T(BOOL), 2), x, y, true);
	simplify();
	CHECK(result()->op == GJ_ADD && !count(GJ_PHI) && count(GJ_ADD) == 1, "both arms are the dominating sum");
	end();
	begin();                                   /* two edges to one block, with a phi that tells them apart */
	uint32_t both = gj_block_new(F);
	x = param(T(I64), 0), y = param(T(I64), 1);
	branch(ki(T(BOOL), 0), both, both);
	B = both;
	ret1(emit2(GJ_PHI, T(I64), x, y));
	simplify();
	CHECK(returned(0) == y && F->rpo.n == 1, "the second edge was taken");
	end();
	begin();
	both = gj_block_new(F);
	x = param(T(I64), 0), y = param(T(I64), 1);
	branch(emit1(GJ_NOT, T(BOOL), param(T(BOOL), 2)), both, both);
	B = both;
	ret1(emit2(GJ_PHI, T(I64), x, y));
	simplify();
	CHECK(count(GJ_NOT) == 1 && count(GJ_PHI) == 1, "edges that cannot be told apart are not turned");
	end();
}

/* A variable that only one path has set: its value, if that stands where the paths meet. */
static void test_undefined(void)
{
	for (int inside = 0; inside < 2; inside++) {
		begin();
		gj_ref x = param(T(I64), 0), y = param(T(I64), 1), sum = inside ? 0 : emit2(GJ_ADD, T(I64), x, y);
		uint32_t yes = gj_block_new(F), no = gj_block_new(F), join = gj_block_new(F);
		branch(param(T(BOOL), 2), yes, no);
		B = yes;
		sum = inside ? emit2(GJ_ADD, T(I64), x, y) : sum;
		emit1(GJ_NANOSLEEP, NULL, ki(T(U32), 1));
		jump(join);
		B = no;
		gj_ref undef = emit(GJ_UNDEF, T(I64), 0, 0, 0, 0);
		jump(join);
		B = join;
		ret1(emit2(GJ_PHI, T(I64), sum, undef));
		simplify();
		CHECK(result()->op == (inside ? GJ_PHI : GJ_ADD), "%s", gj_op_name[result()->op]);
		end();
	}
}

static void test_phis(void)
{
	begin();                                   /* a variable set before a loop and not changed in it */
	gj_ref x = param(T(I64), 0), n = param(T(I64), 1), zero = ki(T(I64), 0);
	uint32_t head = gj_block_new(F), body = gj_block_new(F), out = gj_block_new(F);
	jump(head);
	B = head;
	gj_ref kept = emit2(GJ_PHI, T(I64), x, x), i = emit2(GJ_PHI, T(I64), zero, zero), undef;
	branch(cmp(GJ_CMP_LT, i, n), body, out);
	B = body;
	undef = emit(GJ_UNDEF, T(I64), 0, 0, 0, 0);
	gj_ref next = emit2(GJ_ADD, T(I64), i, ki(T(I64), 1));
	gj_o(F, next)->flags |= GJ_NSW;
	jump(head);
	gj_o(F, kept)->arg[1] = kept;
	gj_o(F, i)->arg[1] = next;
	B = out;
	ret(2, (gj_ref[]){ kept, i });
	(void)undef;
	simplify();
	CHECK(returned(0) == x && count(GJ_PHI) == 1, "the copy is gone");
	CHECK(gj_o(F, returned(1))->flags & GJ_NONNEG, "a counter from 0 is not negative");
	CHECK(gj_o(F, gj_o(F, returned(1))->arg[1])->flags & GJ_NONNEG, "nor is its successor");
	end();
}

/* -- Directed: ranges ------------------------------------------------------------------------------------------------------- */

/* ctaid.x·ntid.x + tid.x as an index, with Python's rule for negative ones. */
static void test_negative_index(void)
{
	begin();
	const gj_type *p = gj_ptr_type(T(F32), GJ_GLOBAL);
	gj_ref c = emit1(GJ_CVT, T(I64), emit0(GJ_SREG, T(I32), GJ_CTAID_X)), n = emit1(GJ_CVT, T(I64), emit0(GJ_SREG, T(I32), GJ_NTID_X));
	gj_ref t = emit1(GJ_CVT, T(I64), emit0(GJ_SREG, T(I32), GJ_TID_X)), len = param(T(I64), 0), a = param(p, 1);
	gj_ref i = emit2(GJ_ADD, T(I64), emit2(GJ_MUL, T(I64), c, n), t);
	gj_ref wrapped = emit(GJ_SELECT, T(I64), 3, cmp(GJ_CMP_LT, i, ki(T(I64), 0)), emit2(GJ_ADD, T(I64), i, len), i);
	ret1(emit1(GJ_LOAD, T(F32), emit2(GJ_ELEM, p, a, wrapped)));
	simplify();
	CHECK(!count(GJ_SELECT) && !count(GJ_CMP) && count(GJ_ADD) == 1, "the wrap of a negative index is gone");
	const gj_op *at = gj_o(F, gj_o(F, gj_o(F, returned(0))->arg[0])->arg[1]);
	CHECK(at->op == GJ_ADD && at->flags == (GJ_NONNEG | GJ_NSW | GJ_NUW), "flags %d", at->flags);
	end();
	begin();
	gj_ref x = param(T(I64), 0), m = param(T(I64), 1);
	ret1(emit(GJ_SELECT, T(I64), 3, cmp(GJ_CMP_GT, ki(T(I64), 0), x), emit2(GJ_ADD, T(I64), x, m), x));
	simplify();
	CHECK(result()->op == GJ_SELECT, "an index of unknown sign keeps it");
	end();
}

/* An index that a narrowing conversion leaves in 32 bits because the launch knows that it fits. */
static void test_fitting(void)
{
	begin();
	gj_ref wide = emit1(GJ_CVT, T(I64), param(T(U32), 0)), cut = emit1(GJ_CVT, T(I32), wide);
	gj_o(F, cut)->flags |= GJ_NSW;
	ret1(cut);
	simplify();
	CHECK(result()->flags & GJ_NONNEG, "a number that fits keeps its sign");
	end();
}

static void range_case(const char *what, gj_ref (*make)(gj_ref pos, gj_ref any), bool want)
{
	begin();
	gj_ref pos = emit1(GJ_CVT, T(I64), param(T(U32), 0)), any = param(T(I64), 1);
	ret1(make(pos, any));
	simplify();
	CHECK(!!(result()->flags & GJ_NONNEG) == want, "%s", what);
	end();
}

static gj_ref r_add(gj_ref p, gj_ref a)  { (void)a; return emit2(GJ_ADD, T(I64), p, p); }
static gj_ref r_adda(gj_ref p, gj_ref a) { return emit2(GJ_ADD, T(I64), p, a); }
static gj_ref r_mul2(gj_ref p, gj_ref a) { (void)a; return emit2(GJ_MUL, T(I64), p, emit2(GJ_MUL, T(I64), p, p)); }
static gj_ref r_sub(gj_ref p, gj_ref a)  { (void)a; return emit2(GJ_SUB, T(I64), p, ki(T(I64), 1)); }
static gj_ref r_and(gj_ref p, gj_ref a)  { return emit2(GJ_AND, T(I64), a, p); }
static gj_ref r_mod(gj_ref p, gj_ref a)  { return emit2(GJ_MOD, T(I64), a, p); }
static gj_ref r_div(gj_ref p, gj_ref a)  { return emit2(GJ_FLOORDIV, T(I64), p, a); }
static gj_ref r_max(gj_ref p, gj_ref a)  { return emit2(GJ_MAX, T(I64), p, a); }
static gj_ref r_min(gj_ref p, gj_ref a)  { return emit2(GJ_MIN, T(I64), p, a); }
static gj_ref r_cut(gj_ref p, gj_ref a)  { (void)a; return emit1(GJ_CVT, T(I32), p); }
static gj_ref r_shr(gj_ref p, gj_ref a)  { (void)a; return emit1(GJ_CVT, T(I32), emit2(GJ_SHR, T(I64), p, ki(T(I64), 1))); }
static gj_ref r_shl(gj_ref p, gj_ref a)  { (void)a; return emit2(GJ_SHL, T(I64), p, ki(T(I64), 32)); }

static gj_ref r_abs(gj_ref p, gj_ref a)  { (void)p; return emit1(GJ_ABS, T(I64), a); }
static gj_ref r_bool(gj_ref p, gj_ref a) { (void)p; return emit1(GJ_CVT, T(I8), cmp(GJ_CMP_LT, a, ki(T(I64), 3))); }
static gj_ref r_byte(gj_ref p, gj_ref a) { (void)p; return emit1(GJ_CVT, T(I8), emit1(GJ_CVT, T(U8), a)); }

static void test_ranges(void)
{
	range_case("abs(MIN) is MIN", r_abs, false);
	range_case("a bool as int8", r_bool, true);
	range_case("uint8 as int8", r_byte, false);
	range_case("sum of two", r_add, true);
	range_case("sum with any", r_adda, false);
	range_case("product of three may wrap", r_mul2, false);
	range_case("difference", r_sub, false);
	range_case("mask", r_and, true);
	range_case("remainder has the divisor's sign", r_mod, true);
	range_case("quotient by any", r_div, false);
	range_case("max", r_max, true);
	range_case("min", r_min, false);
	range_case("32 bits cut to int32", r_cut, false);
	range_case("31 bits cut to int32", r_shr, true);
	range_case("shifted into the sign", r_shl, false);
}

/* -- Directed: FMA ------------------------------------------------------------------------------------------------------------ */

static void fma_case(const char *what, gj_opcode op, bool left, bool used_twice, bool off, gj_opcode want, int negs)
{
	begin();
	F->no_fma = off;
	gj_ref a = param(T(F32), 0), b = param(T(F32), 1), c = param(T(F32), 2), m = emit2(GJ_MUL, T(F32), a, b);
	gj_ref r = left ? emit2(op, T(F32), m, c) : emit2(op, T(F32), c, m);
	ret(used_twice ? 2 : 1, (gj_ref[]){ r, m });
	simplify();
	CHECK(result()->op == want && count(GJ_NEG) == negs, "%s: %s, %d negations", what, gj_op_name[result()->op], count(GJ_NEG));
	CHECK((count(GJ_MUL) == 0) == (want == GJ_FMA), "%s: the product goes with it", what);
	if (want == GJ_FMA && op == GJ_SUB) {
		const gj_op *neg = gj_o(F, result()->arg[left ? 2 : 0]);
		CHECK(neg->op == GJ_NEG && neg->arg[0] == (left ? c : a), "%s: what is negated", what);
	}
	end();
}

static void test_fma(void)
{
	fma_case("a*b + c", GJ_ADD, true, false, false, GJ_FMA, 0);
	fma_case("c + a*b", GJ_ADD, false, false, false, GJ_FMA, 0);
	fma_case("a*b - c", GJ_SUB, true, false, false, GJ_FMA, 1);
	fma_case("c - a*b", GJ_SUB, false, false, false, GJ_FMA, 1);
	fma_case("product used twice", GJ_ADD, true, true, false, GJ_ADD, 0);
	fma_case("switched off", GJ_ADD, true, false, true, GJ_ADD, 0);
	begin();
	F->no_fma = false;
	gj_ref a = param(T(F64), 0), x = param(T(I64), 1);
	gj_ref m = emit2(GJ_MUL, T(F64), a, a), i = emit2(GJ_MUL, T(I64), x, x);
	ret(3, (gj_ref[]){ emit2(GJ_ADD, T(F64), m, m), emit2(GJ_ADD, T(I64), i, x), m });
	simplify();
	CHECK(!count(GJ_FMA), "x + x and integers");
	end();
}

/* -- Random functions --------------------------------------------------------------------------------------------------------- */

static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

enum { NPARAMS = 8, MAX_POOL = 256 };
static const uint8_t value_kind[] = { GJ_I64, GJ_I64, GJ_I64, GJ_I32, GJ_U64, GJ_U32, GJ_I8, GJ_U8, GJ_F64, GJ_F32, GJ_BOOL };
static struct { gj_ref r[MAX_POOL]; uint32_t n; } pool[GJ_NSCALARS];

static gj_ref keep(const gj_type *t, gj_ref r)
{
	if (pool[t->kind].n < MAX_POOL)
		pool[t->kind].r[pool[t->kind].n++] = r;
	return r;
}

static gj_ref random_const(const gj_type *t)
{
	static const int64_t ints[] = { 0, 1, -1, 2, 3, 7, 8, 63, 64, 255, INT32_MAX, INT64_MIN, INT64_MAX, 1000, -5 };
	static const double floats[] = { 0, -0.0, 1, -1, 0.5, 2, 3, INFINITY, 1e30, -7.25, 1e-300, 100 };
	if (gj_is_float(t)) {
		double x = floats[rnd(GJ_LEN(floats))];
		return kf(t, t->kind == GJ_F32 ? (double)(float)x : x);
	}
	int64_t x = ints[rnd(GJ_LEN(ints))];
	switch (t->kind) {
	case GJ_BOOL: x &= 1; break;
	case GJ_I8:   x = (int8_t)x; break;
	case GJ_U8:   x = (uint8_t)x; break;
	case GJ_I32:  x = (int32_t)x; break;
	case GJ_U32:  x = (uint32_t)x; break;
	default:      break;
	}
	return ki(t, x);
}

static gj_ref pick(const gj_type *t)
{
	uint32_t n = pool[t->kind].n;
	if (!n || rnd(6) == 0)
		return random_const(t);
	uint32_t back = rnd(2) ? rnd(n) : rnd(n < 5 ? n : 5);          /* recent values are used more */
	return pool[t->kind].r[n - 1 - back];
}

static const gj_type *random_type(void) { return gj_scalar[value_kind[rnd(GJ_LEN(value_kind))]]; }

static gj_ref random_cmp(void)
{
	const gj_type *t = random_type(), *u = t;
	if (t->kind == GJ_I64 && rnd(4) == 0)
		u = T(U64);
	return cmp((gj_cmpop)rnd(GJ_NCMPOPS), pick(t), pick(u));
}

static gj_ref random_op(const gj_type *t)
{
	static const uint8_t ints[] = {
		GJ_ADD, GJ_SUB, GJ_MUL, GJ_FLOORDIV, GJ_MOD, GJ_AND, GJ_OR, GJ_XOR, GJ_MIN, GJ_MAX, GJ_ADD, GJ_MUL,
		GJ_NEG, GJ_NOT, GJ_ABS, GJ_POPC, GJ_CLZ, GJ_FFS, GJ_BREV, GJ_SHL, GJ_SHR
	};
	static const uint8_t floats[] = { GJ_ADD, GJ_SUB, GJ_MUL, GJ_DIV, GJ_MIN, GJ_MAX, GJ_NEG, GJ_ABS, GJ_FMA };
	static const uint8_t bools[] = { GJ_AND, GJ_OR, GJ_XOR, GJ_NOT };
	static const uint8_t tests[] = { GJ_ISNAN, GJ_ISINF, GJ_ISFINITE };
	if (rnd(5) == 0)
		return emit(GJ_SELECT, t, 3, pick(T(BOOL)), pick(t), pick(t));
	if (rnd(4) == 0)
		return emit1(GJ_CVT, t, pick(random_type()));
	if (gj_is_bool(t)) {
		if (rnd(3))
			return rnd(8) ? random_cmp() : emit1((gj_opcode)tests[rnd(3)], t, pick(rnd(2) ? T(F32) : T(F64)));
		gj_opcode op = (gj_opcode)bools[rnd(4)];
		return op == GJ_NOT ? emit1(op, t, pick(t)) : emit2(op, t, pick(t), pick(t));
	}
	if (gj_is_float(t)) {
		gj_opcode op = (gj_opcode)floats[rnd(GJ_LEN(floats))];
		if (rnd(12) == 0)
			return emit1(GJ_BITCAST, t, pick(t->kind == GJ_F32 ? T(U32) : T(I64)));
		return emit(op, t, op == GJ_FMA ? 3 : op == GJ_NEG || op == GJ_ABS ? 1 : 2, pick(t), pick(t), pick(t));
	}
	if (t->kind == GJ_I32 && rnd(3) == 0)
		return emit0(GJ_SREG, t, rnd(GJ_DYNSHARED));
	uint32_t k = rnd(GJ_LEN(ints));
	if (ints[k] == GJ_SHL || ints[k] == GJ_SHR)
		return emit2((gj_opcode)ints[k], t, pick(t), pick(rnd(2) ? T(I64) : T(U64)));
	return k < 12 ? emit2((gj_opcode)ints[k], t, pick(t), pick(t)) : emit1((gj_opcode)ints[k], t, pick(t));
}

static void random_body(int depth);

static void save(uint32_t *mark) { for (int k = 0; k < GJ_NSCALARS; k++) mark[k] = pool[k].n; }
static void restore(const uint32_t *mark) { for (int k = 0; k < GJ_NSCALARS; k++) pool[k].n = mark[k]; }

static void random_if(int depth)
{
	uint32_t mark[GJ_NSCALARS], yes = gj_block_new(F), no = gj_block_new(F), join = gj_block_new(F);
	const gj_type *t[3];
	gj_ref a[3], b[3];
	branch(rnd(4) ? pick(T(BOOL)) : random_cmp(), yes, no);
	save(mark);
	B = yes;
	random_body(depth - 1);
	for (int i = 0; i < 3; i++)
		a[i] = pick(t[i] = random_type());
	jump(join);
	restore(mark);
	B = no;
	random_body(depth - 1);
	for (int i = 0; i < 3; i++)
		b[i] = rnd(6) ? pick(t[i]) : emit(GJ_UNDEF, t[i], 0, 0, 0, 0);
	jump(join);
	restore(mark);
	B = join;
	for (int i = 0; i < 3; i++)
		keep(t[i], emit2(GJ_PHI, t[i], a[i], b[i]));
}

/* for i in range(small): two variables change, one does not. */
static void random_loop(int depth)
{
	uint32_t mark[GJ_NSCALARS], head = gj_block_new(F), body = gj_block_new(F), out = gj_block_new(F);
	const gj_type *t[3], *counter = rnd(2) ? T(I64) : T(I32);
	gj_ref phi[3], start[3], zero = ki(counter, rnd(3) ? 0 : -2), last = ki(counter, (int64_t)rnd(4));
	for (int i = 0; i < 3; i++)
		start[i] = pick(t[i] = random_type());
	jump(head);
	B = head;
	gj_ref i0 = emit2(GJ_PHI, counter, zero, zero);
	for (int i = 0; i < 3; i++)
		phi[i] = keep(t[i], emit2(GJ_PHI, t[i], start[i], start[i]));
	keep(counter, i0);
	branch(cmp(GJ_CMP_LT, i0, last), body, out);
	save(mark);
	B = body;
	random_body(depth - 1);
	for (int i = 0; i < 3; i++)
		gj_o(F, phi[i])->arg[1] = i == 2 ? phi[i] : pick(t[i]);
	gj_ref next = emit2(GJ_ADD, counter, i0, ki(counter, 1));
	gj_o(F, next)->flags |= GJ_NSW;
	gj_o(F, i0)->arg[1] = next;
	jump(head);
	restore(mark);
	B = out;
}

static void random_body(int depth)
{
	for (uint32_t n = 4 + rnd(8); n--;) {
		const gj_type *t = random_type();
		keep(t, random_op(t));
	}
	if (rnd(3) == 0)
		emit1(GJ_NANOSLEEP, NULL, pick(T(U32)));
	if (depth > 0 && rnd(3))
		rnd(2) ? random_if(depth) : random_loop(depth);
	for (uint32_t n = rnd(6); n--;) {
		const gj_type *t = random_type();
		keep(t, random_op(t));
	}
}

static uint32_t random_function(void)
{
	gj_ref out[16];
	uint32_t n = 0;
	memset(pool, 0, sizeof pool);
	for (int i = 0; i < NPARAMS; i++) {
		const gj_type *t = gj_scalar[value_kind[3 + i]];
		keep(t, param(t, i));
	}
	random_body(3);
	random_body(3);
	for (size_t k = 3; k < GJ_LEN(value_kind); k++)
		for (int i = 0; i < 2; i++)
			out[n++] = pick(gj_scalar[value_kind[k]]);
	ret(n, out);
	return n;
}

/* -- Interpreter ---------------------------------------------------------------------------------------------------------------- */

typedef union value { int64_t i; double f; } value;
typedef struct run { value out[16], param[NPARAMS]; uint32_t sreg_seed; uint64_t effects; const char *broken; } run;
typedef __int128 big;

static int bits_of(const gj_type *t) { return gj_is_bool(t) ? 1 : 8 * t->size; }

static big exact(const gj_type *t, int64_t x) { return gj_is_signed(t) ? (big)x : (big)(uint64_t)x; }

static int64_t narrow(const gj_type *t, big x)
{
	big m = (big)1 << bits_of(t), r = x % m;
	if (r < 0)
		r += m;
	if (gj_is_signed(t) && r >= m / 2)
		r -= m;
	return (int64_t)(uint64_t)r;
}

static double rounded(const gj_type *t, double x)
{
	x = t->kind == GJ_F32 ? (double)(float)x : x;
	return isnan(x) ? NAN : x;
}

static big fdiv(big a, big b)
{
	big q = a / b;
	return a % b && (a < 0) != (b < 0) ? q - 1 : q;
}

static big eval_int(const gj_op *o, big a, big b)
{
	const gj_type *t = o->type;
	int w = bits_of(t), n = 0;
	uint64_t u = (uint64_t)a & (w == 64 ? UINT64_MAX : (UINT64_C(1) << w) - 1), rev = 0;
	switch (o->op) {
	case GJ_ADD:      return a + b;
	case GJ_SUB:      return a - b;
	case GJ_MUL:      return (big)((unsigned __int128)a * (unsigned __int128)b);
	case GJ_NEG:      return -a;
	case GJ_NOT:      return gj_is_bool(t) ? !a : ~a;
	case GJ_AND:      return a & b;
	case GJ_OR:       return a | b;
	case GJ_XOR:      return a ^ b;
	case GJ_ABS:      return a < 0 ? -a : a;
	case GJ_MIN:      return a < b ? a : b;
	case GJ_MAX:      return a > b ? a : b;
	case GJ_FLOORDIV: return b ? fdiv(a, b) : 0;
	case GJ_MOD:      return b ? a - b * fdiv(a, b) : 0;
	case GJ_SHL:      return b < 0 || b > 63 ? 0 : (big)((unsigned __int128)a << (int)b);
	case GJ_SHR:      return b < 0 || b > 63 ? (a < 0 ? -1 : 0) : a >> (int)b;
	case GJ_POPC:     return __builtin_popcountll(u);
	case GJ_CLZ:      return u ? __builtin_clzll(u) - (64 - w) : w;
	case GJ_FFS:      return __builtin_ffsll((long long)u);
	default:
		for (; n < w; n++)
			rev |= (u >> n & 1) << (w - 1 - n);
		return (big)rev;
	}
}

static double eval_float(const gj_op *o, double a, double b, double c)
{
	bool single = o->type->kind == GJ_F32;
	switch (o->op) {
	case GJ_ADD: return single ? (double)((float)a + (float)b) : a + b;
	case GJ_SUB: return single ? (double)((float)a - (float)b) : a - b;
	case GJ_MUL: return single ? (double)((float)a * (float)b) : a * b;
	case GJ_DIV: return single ? (double)((float)a / (float)b) : a / b;
	case GJ_FMA: return single ? (double)fmaf((float)a, (float)b, (float)c) : fma(a, b, c);
	case GJ_NEG: return -a;
	case GJ_ABS: return fabs(a);
	case GJ_MIN: return isnan(a) ? b : isnan(b) ? a : a < b || (a == b && signbit(a)) ? a : b;
	default:     return isnan(a) ? b : isnan(b) ? a : a > b || (a == b && signbit(b)) ? a : b;
	}
}

static int64_t saturate(const gj_type *t, double x)
{
	double lo = gj_is_signed(t) ? -ldexp(1, bits_of(t) - 1) : 0, hi = ldexp(1, bits_of(t) - gj_is_signed(t));
	if (isnan(x))
		return 0;
	x = trunc(x);
	if (x < lo)
		return narrow(t, (big)lo);
	return x >= hi ? narrow(t, (big)hi - 1) : narrow(t, (big)x);
}

static value eval_cvt(const gj_type *to, const gj_type *from, value v)
{
	value r = { 0 };
	if (gj_is_bool(to))
		r.i = gj_is_float(from) ? v.f != 0 : v.i != 0;
	else if (gj_is_float(to) && gj_is_float(from))
		r.f = rounded(to, v.f);
	else if (gj_is_float(to))
		r.f = to->kind == GJ_F32 ? (double)(float)exact(from, v.i) : (double)exact(from, v.i);
	else
		r.i = gj_is_float(from) ? saturate(to, v.f) : narrow(to, exact(from, v.i));
	return r;
}

static bool eval_cmp(const gj_op *o, const gj_type *ta, const gj_type *tb, value a, value b)
{
	bool fl = gj_is_float(ta);
	big x = fl ? 0 : exact(ta, a.i), y = fl ? 0 : exact(tb, b.i);
	bool lt = fl ? a.f < b.f : x < y, gt = fl ? a.f > b.f : x > y, eq = fl ? a.f == b.f : x == y;
	const bool r[GJ_NCMPOPS] = { [GJ_CMP_LT] = lt, [GJ_CMP_LE] = lt || eq, [GJ_CMP_EQ] = eq, [GJ_CMP_NE] = !eq,
	                             [GJ_CMP_GT] = gt, [GJ_CMP_GE] = gt || eq };
	return r[o->sub];
}

static int64_t sreg_value(const run *s, int64_t reg)
{
	static const int32_t most[] = { 1023, 1023, 63, INT32_MAX - 1, 65534, 65534, 1024, 1024, 64, INT32_MAX, 65535, 65535,
	                                31, 32, INT32_MAX };
	return reg == GJ_WARPSIZE ? 32 : (int64_t)((s->sreg_seed >> reg % 7 & 1 ? most[reg] : (s->sreg_seed + reg * 77) % (most[reg] + 1u)));
}

static value eval(run *s, const gj_op *o, const value *v)
{
	const gj_type *t = o->type, *ta = o->nargs ? gj_o(F, o->arg[0])->type : NULL;
	value x[3] = { { 0 }, { 0 }, { 0 } }, r = { 0 };
	for (uint32_t k = 0; k < o->nargs && k < 3; k++)
		x[k] = v[o->arg[k]];
	switch (o->op) {
	case GJ_CONST: r.i = o->imm.i; if (gj_is_float(t)) r.f = rounded(t, o->imm.f); return r;
	case GJ_PARAM: return s->param[o->imm.i];
	case GJ_UNDEF: return r;
	case GJ_SREG:  r.i = sreg_value(s, o->imm.i); return r;
	case GJ_SELECT: return x[0].i ? x[1] : x[2];
	case GJ_CVT:   return eval_cvt(t, ta, x[0]);
	case GJ_CMP:   r.i = eval_cmp(o, ta, gj_o(F, o->arg[1])->type, x[0], x[1]); return r;
	case GJ_ISNAN: r.i = isnan(x[0].f) != 0; return r;
	case GJ_ISINF: r.i = isinf(x[0].f) != 0; return r;
	case GJ_ISFINITE: r.i = isfinite(x[0].f) != 0; return r;
	case GJ_BITCAST:
		if (t->kind == GJ_F32) {
			float f;
			memcpy(&f, &(uint32_t){ (uint32_t)x[0].i }, 4);
			x[0].f = f;
		}
		r.f = rounded(t, x[0].f);
		return r;
	case GJ_NANOSLEEP: s->effects = (s->effects + (uint64_t)x[0].i + 1) * UINT64_C(0x9e3779b97f4a7c15); return r;
	default: break;
	}
	if (gj_is_float(t)) {
		r.f = rounded(t, eval_float(o, x[0].f, x[1].f, x[2].f));
		return r;
	}
	const gj_type *tb = o->nargs > 1 ? gj_o(F, o->arg[1])->type : ta;
	big whole = eval_int(o, exact(ta, x[0].i), exact(tb, x[1].i));
	r.i = narrow(t, whole);
	if ((o->flags & GJ_NSW) && gj_is_signed(t) && whole != exact(t, r.i))
		s->broken = "NSW";
	if ((o->flags & GJ_NUW) && !gj_is_signed(t) && whole != exact(t, r.i))
		s->broken = "NUW";
	return r;
}

/* Runs F; false when it takes too long. */
static bool interpret(run *s)
{
	value *v = calloc(F->op.n, sizeof *v), *next = calloc(F->op.n, sizeof *next);
	uint32_t b = 0, from = 0;
	bool done_ = false;
	s->effects = 0;
	s->broken = NULL;
	for (int steps = 0; steps < 20000 && !done_; steps++) {
		const gj_bb *bb = &F->bb.p[b];
		uint32_t k = 0, pred = 0, n;
		while (pred < bb->preds.n && bb->preds.p[pred] != from)
			pred++;
		for (n = 0; n < bb->ops.n && gj_o(F, bb->ops.p[n])->op == GJ_PHI; n++)
			next[n] = v[gj_o(F, bb->ops.p[n])->arg[pred]];
		for (; k < bb->ops.n; k++) {
			const gj_op *o = gj_o(F, bb->ops.p[k]);
			if (gj_op_flags[o->op] & GJ_F_TERM)
				break;
			value *r = &v[bb->ops.p[k]];
			*r = k < n ? next[k] : eval(s, o, v);
			if ((o->flags & GJ_NONNEG) && r->i < 0)
				s->broken = "NONNEG";
		}
		const gj_op *o = gj_o(F, bb->ops.p[k]);
		done_ = o->op == GJ_RETURN;
		for (uint32_t i = 0; done_ && i < o->nargs; i++)
			s->out[i] = v[o->arg[i]];
		from = b;
		b = done_ ? b : bb->succ[o->op == GJ_BRANCH && !v[o->arg[0]].i];
	}
	free(v);
	free(next);
	return done_;
}

static void random_params(run *s)
{
	static const int64_t ints[] = { 0, 1, -1, 5, -7, INT32_MAX, INT64_MIN, INT64_MAX, 63, 64, 200 };
	static const double floats[] = { 0, -0.0, 1.5, -3, INFINITY, NAN, 1e18, 0.1 };
	memset(s, 0, sizeof *s);
	s->sreg_seed = rnd(1u << 30);
	for (int i = 0; i < NPARAMS; i++) {
		const gj_type *t = gj_scalar[value_kind[3 + i]];
		if (gj_is_float(t))
			s->param[i].f = rounded(t, floats[rnd(GJ_LEN(floats))]);
		else
			s->param[i].i = narrow(t, rnd(3) ? ints[rnd(GJ_LEN(ints))] : (big)rnd(1u << 30) * rnd(1u << 30));
	}
}

static bool same_out(const run *a, const run *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		bool nans = gj_is_float(gj_scalar[value_kind[3 + i / 2]]) && isnan(a->out[i].f) && isnan(b->out[i].f);
		if (!nans && a->out[i].i != b->out[i].i)
			return false;
	}
	return a->effects == b->effects;
}

static void dump(void)
{
	gj_sb text = { 0 };
	gj_fn_dump(F, &text);
	puts(gj_sb_str(&text));
	gj_sb_free(&text);
}

/* An undefined operand may become anything, so a function that can return one is compared only where none is reached:
 * the interpreter gives 0 for it, and phis of undef are folded only to a value; such functions are left out. */
static bool has_undef(void) { return count(GJ_UNDEF) > 0; }

static void test_random(uint64_t n)
{
	enum { RUNS = 6 };
	uint64_t before = 0, after = 0, compared = 0, promises = 0;
	for (uint64_t k = 0; k < n; k++) {
		seed = k * 7919 + 1;
		begin();
		uint32_t nout = random_function();
		run first[RUNS], second;
		bool ended[RUNS];
		verify("random");
		gj_cfg(F);
		bool undef = has_undef();
		for (int i = 0; i < RUNS; i++) {
			random_params(&first[i]);
			ended[i] = interpret(&first[i]);
		}
		for (uint32_t i = 0; i < F->rpo.n; i++)
			before += F->bb.p[F->rpo.p[i]].ops.n;
		gj_simplify(F);
		const char *why = gj_fn_verify(F);
		bool ok = !why;
		for (int i = 0; i < RUNS && ok; i++) {
			second = first[i];
			bool ended2 = interpret(&second);
			ok = ended[i] == ended2 && !second.broken && (undef || !ended2 || same_out(&first[i], &second, nout));
			compared += !undef;
			if (second.broken)
				why = second.broken;
		}
		for (uint32_t i = 0; i < F->rpo.n; i++) {
			after += F->bb.p[F->rpo.p[i]].ops.n;
			for (uint32_t j = 0; j < F->bb.p[F->rpo.p[i]].ops.n; j++)
				promises += (gj_o(F, F->bb.p[F->rpo.p[i]].ops.p[j])->flags & GJ_NONNEG) != 0;
		}
		CHECK(ok, "random function %llu: %s", (unsigned long long)k, why ? why : "another result");
		if (!ok && failed < 3)
			dump();
		end();
		if (failed > 10)
			break;
	}
	CHECK(after < before && promises > n && compared > n, "%llu ops became %llu, %llu values >= 0, %llu runs compared",
	      (unsigned long long)before, (unsigned long long)after, (unsigned long long)promises, (unsigned long long)compared);
	printf("random: %llu ops became %llu\n", (unsigned long long)before, (unsigned long long)after);
}

int main(int argc, char **argv)
{
	if (setjmp(trap.env)) {
		printf("trapped: %s\n", trap.diag.message);
		return 1;
	}
	test_int_constants();
	test_float_constants();
	test_conversions();
	test_comparisons();
	test_identities();
	test_not_identities();
	test_rewrites();
	test_common();
	test_branches();
	test_undefined();
	test_phis();
	test_negative_index();
	test_ranges();
	test_fitting();
	test_fma();
	test_random(argc > 1 ? strtoull(argv[1], NULL, 10) : 3000);
	return done();
}
