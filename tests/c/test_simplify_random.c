/* The simplifier on random functions with branches and loops, interpreted before and after: same results, same effects,
 * every promise (NSW, NUW, NONNEG) kept. The interpreter computes integers exactly in 128 bits and shares no code with
 * the folder. argv[1]: how many functions. */
#include "ir_build.h"

#include <math.h>
#include <stdlib.h>

/* -- Random functions ---------------------------------------------------------------------------------------------- */

static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

enum { NPARAMS = 8, MAX_POOL = 256 };
static const uint8_t value_kind[] = { GJ_I64, GJ_I64, GJ_I64, GJ_I32, GJ_U64, GJ_U32, GJ_I8, GJ_U8, GJ_F64, GJ_F32,
	GJ_BOOL };
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

/* -- Interpreter --------------------------------------------------------------------------------------------------- */

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
	static const int32_t most[] = { 1023, 1023, 63, INT32_MAX - 1, 65534, 65534, 1024, 1024, 64, INT32_MAX, 65535,
		65535,
	                                31, 32, INT32_MAX };
	return reg == GJ_WARPSIZE ? 32 : (int64_t)((s->sreg_seed >> reg % 7 & 1
		? most[reg] : (s->sreg_seed + reg * 77) % (most[reg] + 1u)));
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
	      (unsigned long long)before, (unsigned long long)after, (unsigned long long)promises,
	      (unsigned long long)compared);
	printf("random: %llu ops became %llu\n", (unsigned long long)before, (unsigned long long)after);
}

int main(int argc, char **argv)
{
	if (setjmp(trap.env)) {
		printf("trapped: %s\n", trap.diag.message);
		return 1;
	}
	test_random(argc > 1 ? strtoull(argv[1], NULL, 10) : 3000);
	return done();
}
