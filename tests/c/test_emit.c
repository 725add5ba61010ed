/* Every arithmetic operation × type through the emitter, run on the CPU at width 1 and 32, on pairs of edge values,
 * against plain C. One kernel a type holds all its operations: result k of pair i is bits out[k·n + i]. */
#include "emit_lib.h"
#include "gpu_lib.h"

#include <inttypes.h>

typedef union bits { uint64_t u; int64_t i; double d; float f; } bits;

/* -- References in C: x and y are values of `kind` in 64 bits, sign- or zero-extended, floats as their bits -------- */

static uint64_t wrap(gj_kind kind, uint64_t x)
{
	switch (kind) {
	case GJ_BOOL: return x & 1;
	case GJ_I8:  return (uint64_t)(int64_t)(int8_t)x;
	case GJ_I16: return (uint64_t)(int64_t)(int16_t)x;
	case GJ_I32: return (uint64_t)(int64_t)(int32_t)x;
	case GJ_U8:  return (uint8_t)x;
	case GJ_U16: return (uint16_t)x;
	case GJ_U32: case GJ_F32: return (uint32_t)x;
	default:     return x;
	}
}

static bool is_signed(gj_kind k) { return gj_is_signed(T(k)); }
static bool is_float(gj_kind k) { return gj_is_float(T(k)); }
static int width_of(gj_kind k) { return k == GJ_BOOL ? 1 : T(k)->size * 8; }
static double to_d(gj_kind k, uint64_t x) { bits b = { x }; return k == GJ_F32 ? b.f : b.d; }

static uint64_t of_d(gj_kind k, double d)
{
	bits b = { 0 };
	if (k == GJ_F32)
		b.f = (float)d;
	else
		b.d = d;
	return b.u;
}

static __int128 wide_of(gj_kind k, uint64_t x) { return is_signed(k) ? (__int128)(int64_t)x : (__int128)x; }

static __int128 floor_div(__int128 a, __int128 b)
{
	__int128 q = a / b;
	return q * b != a && (a < 0) != (b < 0) ? q - 1 : q;
}

static uint64_t int_power(gj_kind k, uint64_t a, int64_t e)
{
	uint64_t r = 1;
	if (e < 0) {
		int64_t x = (int64_t)a;
		return x == 1 ? 1 : x == 0 ? wrap(k, 1ull << (width_of(k) - 1)) : x == -1 && is_signed(k) ? (e & 1 ? a : 1) : 0;
	}
	for (; e; e >>= 1, a *= a)
		if (e & 1)
			r *= a;
	return wrap(k, r);
}

static uint64_t float_power(gj_kind k, uint64_t a, int64_t e)
{
	uint64_t n = e < 0 ? -(uint64_t)e : (uint64_t)e;
	bits b = { a };
	if (k == GJ_F32) {
		float r = 1, x = b.f;
		for (; n; n >>= 1, x *= x)
			if (n & 1)
				r *= x;
		return of_d(k, e < 0 ? 1 / r : r);
	}
	double r = 1, x = b.d;
	for (; n; n >>= 1, x *= x)
		if (n & 1)
			r *= x;
	return of_d(k, e < 0 ? 1 / r : r);
}

static double python_mod(double a, double b)
{
	double m = fmod(a, b);
	if (m)
		return (b < 0) != (m < 0) ? m + b : m;
	return isnan(m) ? m : copysign(0, b);
}

/* float32 arithmetic where it rounds; the double functions are exact for fmod. */
static double mod_of(gj_kind k, double a, double b)
{
	double m = fmod(a, b);
	if (m && (b < 0) != (m < 0))
		return k == GJ_F32 ? (double)((float)m + (float)b) : m + b;
	return python_mod(a, b);
}

static double floor_quotient(gj_kind k, double a, double b)
{
	bool single = k == GJ_F32;
	if (b == 0)
		return a / b;
	double m = fmod(a, b), div = single ? (double)(((float)a - (float)m) / (float)b) : (a - m) / b, q;
	if (m && (b < 0) != (m < 0))
		div = single ? (double)((float)div - 1) : div - 1;
	if (div == 0)
		return copysign(0, a / b);
	q = floor(div);
	return (single ? (float)div - (float)q : div - q) > 0.5 ? q + 1 : q;
}

static uint64_t of_bool(bool b) { return b; }

static uint64_t compare(int sub, gj_kind k, uint64_t x, uint64_t y)
{
	if (is_float(k)) {
		double a = to_d(k, x), b = to_d(k, y);
		bool r[] = { a < b, a <= b, a == b, a != b, a > b, a >= b };
		return of_bool(r[sub]);
	}
	__int128 a = wide_of(k, x), b = wide_of(k, y);
	bool r[] = { a < b, a <= b, a == b, a != b, a > b, a >= b };
	return of_bool(r[sub]);
}

static uint64_t ref_int2(int op, gj_kind k, uint64_t x, uint64_t y)
{
	__int128 a = wide_of(k, x), b = wide_of(k, y);
	switch (op) {
	case GJ_ADD: return wrap(k, x + y);
	case GJ_SUB: return wrap(k, x - y);
	case GJ_MUL: return wrap(k, x * y);
	case GJ_FLOORDIV: return b ? wrap(k, (uint64_t)floor_div(a, b)) : 0;
	case GJ_MOD: return b ? wrap(k, (uint64_t)(a - floor_div(a, b) * b)) : 0;
	case GJ_AND: return x & y;
	case GJ_OR:  return x | y;
	case GJ_XOR: return wrap(k, x ^ y);
	case GJ_MIN: return a < b ? x : y;
	default:     return a > b ? x : y;
	}
}

static uint64_t ref_float2(int op, gj_kind k, uint64_t x, uint64_t y)
{
	double a = to_d(k, x), b = to_d(k, y);
	switch (op) {
	case GJ_ADD: return of_d(k, a + b);
	case GJ_SUB: return of_d(k, a - b);
	case GJ_MUL: return of_d(k, a * b);
	case GJ_DIV: return of_d(k, a / b);
	case GJ_MOD: return of_d(k, mod_of(k, a, b));
	case GJ_FLOORDIV: return of_d(k, floor_quotient(k, a, b));
	case GJ_FMA: return k == GJ_F32 ? of_d(k, fmaf((float)a, (float)b, (float)a)) : of_d(k, fma(a, b, a));
	case GJ_MIN: return of_d(k, fmin(a, b));
	default:     return of_d(k, fmax(a, b));
	}
}

static uint64_t ref_shift(int op, gj_kind k, uint64_t x, int64_t n)
{
	bool in = n >= 0 && n < 64;
	if (op == GJ_SHL)
		return in ? wrap(k, x << n) : 0;
	if (is_signed(k))
		return (uint64_t)((int64_t)x >> (in ? n : 63));
	return in ? x >> n : 0;
}

static uint64_t ref_bits(int op, gj_kind k, uint64_t x)
{
	int w = width_of(k);
	uint64_t m = w == 64 ? x : x & ((1ull << w) - 1), r = 0;
	switch (op) {
	case GJ_POPC: return (uint64_t)__builtin_popcountll(m);
	case GJ_CLZ:  return m ? (uint64_t)(__builtin_clzll(m) - (64 - w)) : (uint64_t)w;
	case GJ_FFS:  return (uint64_t)__builtin_ffsll((long long)m);
	default:
		for (int i = 0; i < w; i++)
			r |= (m >> i & 1) << (w - 1 - i);
		return wrap(k, r);
	}
}

/* cvt.rzi: saturates; NaN gives 0 from float32 to 32 bits, else the top bit. Small types go through 32 bits. */
static uint64_t saturate(gj_kind from, gj_kind to, double x)
{
	bool wide = T(to)->size == 8, s = is_signed(to) || T(to)->size < 4;
	if (isnan(x))
		return wrap(to, wide ? 1ull << 63 : from == GJ_F32 ? 0 : 0x80000000u);
	x = trunc(x);
	double high = ldexp(1, (wide ? 64 : 32) - s), low = s ? -high : 0;
	uint64_t most = s ? (wide ? INT64_MAX : INT32_MAX) : (wide ? UINT64_MAX : UINT32_MAX);
	uint64_t least = s ? (wide ? (uint64_t)INT64_MIN : (uint64_t)(int64_t)INT32_MIN) : 0;
	return wrap(to, x >= high ? most : x < low ? least : x < 0 ? (uint64_t)(int64_t)x : (uint64_t)x);
}

static uint64_t convert(gj_kind from, gj_kind to, uint64_t x)
{
	if (to == GJ_BOOL)
		return is_float(from) ? to_d(from, x) != 0 : x != 0;
	if (is_float(from))
		return is_float(to) ? of_d(to, to_d(from, x)) : saturate(from, to, to_d(from, x));
	if (to == GJ_F32) {
		bits b = { 0 };
		b.f = is_signed(from) ? (float)(int64_t)x : (float)x;
		return b.u;
	}
	return to == GJ_F64 ? of_d(to, is_signed(from) ? (double)(int64_t)x : (double)x) : wrap(to, x);
}

/* -- The operations of a type -------------------------------------------------------------------------------------- */

typedef struct op { int op, sub; gj_kind to; int64_t exponent; } op;      /* to: the result's type */

static op list[128];
static unsigned nops;

static void push(int o, int sub, gj_kind to, int64_t exponent) { list[nops++] = (op){ o, sub, to, exponent }; }

enum { NO_CONST = INT64_MIN };

static void operations(gj_kind k)
{
	static const int ints[] = { GJ_ADD, GJ_SUB, GJ_MUL, GJ_FLOORDIV, GJ_MOD, GJ_AND, GJ_OR, GJ_XOR, GJ_MIN, GJ_MAX };
	static const int floats[] = { GJ_ADD, GJ_SUB, GJ_MUL, GJ_DIV, GJ_FMA, GJ_MOD, GJ_FLOORDIV, GJ_MIN, GJ_MAX };
	static const int unary[] = { GJ_POPC, GJ_CLZ, GJ_FFS, GJ_BREV };
	static const int tests[] = { GJ_ISNAN, GJ_ISINF, GJ_ISFINITE };
	nops = 0;
	if (is_float(k)) {
		for (unsigned i = 0; i < GJ_LEN(floats); i++)
			push(floats[i], 0, k, 0);
		for (unsigned i = 0; i < GJ_LEN(tests); i++)
			push(tests[i], 0, GJ_BOOL, 0);
	} else if (k != GJ_BOOL) {
		for (unsigned i = 0; i < GJ_LEN(ints); i++)
			push(ints[i], 0, k, 0);
		for (unsigned i = 0; i < GJ_LEN(unary); i++)
			push(unary[i], 0, k, 0);
		for (int i = 0; i < 70; i += 23)
			push(GJ_SHL, 0, k, i), push(GJ_SHR, 0, k, i);
		push(GJ_SHL, 0, k, NO_CONST), push(GJ_SHR, 0, k, NO_CONST);
		push(GJ_FLOORDIV, 1, k, 7), push(GJ_FLOORDIV, 1, k, 16), push(GJ_MOD, 1, k, 16), push(GJ_MOD, 1, k, 10);
		if (is_signed(k))
			push(GJ_FLOORDIV, 1, k, -1), push(GJ_MOD, 1, k, -8), push(GJ_FLOORDIV, 1, k, -3);
		push(GJ_FLOORDIV, 1, k, 0), push(GJ_MOD, 1, k, 1);
	} else {
		push(GJ_AND, 0, k, 0), push(GJ_OR, 0, k, 0), push(GJ_XOR, 0, k, 0);
	}
	if (k != GJ_BOOL) {
		push(GJ_NEG, 0, k, 0), push(GJ_ABS, 0, k, 0), push(GJ_POW, 0, k, NO_CONST);
		push(GJ_POW, 0, k, 0), push(GJ_POW, 0, k, 2), push(GJ_POW, 0, k, 5), push(GJ_POW, 0, k, -2);
	}
	if (!is_float(k))
		push(GJ_NOT, 0, k, 0);
	for (int i = 0; i < GJ_NCMPOPS; i++)
		push(GJ_CMP, i, GJ_BOOL, 0);
	for (int t = GJ_BOOL; t <= GJ_F64; t++)
		if (t != GJ_F16 && t != GJ_BF16)                                   /* tests/test_half.py */
			push(GJ_CVT, 0, (gj_kind)t, 0);
	push(GJ_SELECT, 0, k, 0);
}

static uint64_t expected(const op *o, gj_kind k, uint64_t x, uint64_t y, int64_t n)
{
	int64_t e = o->exponent == NO_CONST ? n : o->exponent;
	switch (o->op) {
	case GJ_SHL: case GJ_SHR: return ref_shift(o->op, k, x, e);
	case GJ_POPC: case GJ_CLZ: case GJ_FFS: case GJ_BREV: return ref_bits(o->op, k, x);
	case GJ_POW:      return is_float(k) ? float_power(k, x, e) : int_power(k, x, e);
	case GJ_NEG:      return is_float(k) ? x ^ 1ull << (width_of(k) - 1) : wrap(k, -x);
	case GJ_ABS:      return is_float(k) ? x & ~(1ull << (width_of(k) - 1)) : is_signed(k) && (int64_t)x < 0 ? wrap(k,
		-x) : x;
	case GJ_NOT:      return k == GJ_BOOL ? !x : wrap(k, ~x);
	case GJ_CMP:      return compare(o->sub, k, x, y);
	case GJ_CVT:      return convert(k, o->to, x);
	case GJ_SELECT:   return compare(GJ_CMP_LT, k, x, y) ? x : y;
	case GJ_ISNAN:    return isnan(to_d(k, x));
	case GJ_ISINF:    return isinf(to_d(k, x)) != 0;
	case GJ_ISFINITE: return isfinite(to_d(k, x)) != 0;
	default:
		if (o->sub)
			y = wrap(k, (uint64_t)o->exponent);
		return is_float(k) ? ref_float2(o->op, k, x, y) : ref_int2(o->op, k, x, y);
	}
}

/* -- Edge values --------------------------------------------------------------------------------------------------- */

static const int64_t int_edges[] = {
	0, 1, -1, 2, -2, 3, 7, -7, 10, 16, 31, 32, 63, 64, 100, 127, -128, 255, 32767, -32768, 65535, INT32_MAX, INT32_MIN,
	UINT32_MAX, INT64_MAX, INT64_MIN, INT64_MIN + 1, (1ll << 53) + 1, -(1ll << 53) - 3, 123456789012345678ll, 1ll << 32
};
static const double float_edges[] = {
	0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -3.75, 3, 7, 10, -10, 100.1, 1e10, -1e10, 2147483647.0, 2147483648.0,
		-2147483649.0,
	4294967296.0, 9223372036854775808.0, -9223372036854775808.0, 1.8446744073709552e19, 1e30, -1e30, 5e-324, 1e-40,
		1e-310,
	2.2250738585072014e-308, 1.17549435e-38, 3.4028234e38, 1.7976931348623157e308, HUGE_VAL, -HUGE_VAL, NAN,
		3.14159265358979, 0.1
};
static const int64_t count_edges[] = { 0, 1, 2, 5, 31, 32, 33, 63, 64, 65, -1, -3, 1ll << 32, INT64_MIN, 7, 20 };

static uint64_t edge(gj_kind k, unsigned i)
{
	return is_float(k) ? of_d(k, float_edges[i % GJ_LEN(float_edges)]) : wrap(k,
		(uint64_t)int_edges[i % GJ_LEN(int_edges)]);
}

static unsigned edges_of(gj_kind k) { return is_float(k) ? GJ_LEN(float_edges) : GJ_LEN(int_edges); }

/* -- The kernel of a type ------------------------------------------------------------------------------------------ */

static gj_ref operation(K *k, const op *o, gj_ref x, gj_ref y, gj_ref n)
{
	const gj_type *t = o_(k, x)->type, *to = T(o->to);
	gj_opcode c = (gj_opcode)o->op;
	if (o->op == GJ_POW || o->op == GJ_SHL || o->op == GJ_SHR)
		y = o->exponent == NO_CONST ? n : kint(k, T(GJ_I64), o->exponent);
	else if ((o->op == GJ_FLOORDIV || o->op == GJ_MOD) && o->sub)
		return K2(k, c, to, x, kint(k, t, o->exponent));
	switch (o->op) {
	case GJ_FMA:    return K3(k, c, to, x, y, x);
	case GJ_SELECT: return K3(k, c, to, sub_(k, K2(k, GJ_CMP, T(GJ_BOOL), x, y), GJ_CMP_LT), x, y);
	case GJ_CMP:    return sub_(k, K2(k, c, to, x, y), o->sub);
	case GJ_NEG: case GJ_ABS: case GJ_NOT: case GJ_CVT: case GJ_POPC: case GJ_CLZ: case GJ_FFS: case GJ_BREV:
	case GJ_ISNAN: case GJ_ISINF: case GJ_ISFINITE:
		return K1(k, c, to, x);
	default:        return K2(k, c, to, x, y);
	}
}

static gj_ref as_bits(K *k, gj_ref r)
{
	const gj_type *t = o_(k, r)->type;
	if (gj_is_float(t))
		r = K1(k, GJ_BITCAST, T(t->kind == GJ_F32 ? GJ_U32 : GJ_U64), r);
	return o_(k, r)->type == T(GJ_U64) ? r : K1(k, GJ_CVT, T(GJ_U64), r);
}

static void build(K *k, gj_kind kind, uint32_t width)
{
	k_open(k, "ops", width);
	gj_ref a = array(k, 0, kind, false), b = array(k, 1, kind, false), c = array(k, 2, GJ_I64, false);
	gj_ref out = array(k, 3, GJ_U64, true), n = param(k, 3, GJ_FIELD_SHAPE, T(GJ_I64), false), i = thread_id(k);
	only(k, sub_(k, K2(k, GJ_CMP, T(GJ_BOOL), i, n), GJ_CMP_LT));
	gj_ref x = load(k, at(k, a, i)), y = load(k, at(k, b, i)), e = load(k, at(k, c, i));
	for (unsigned j = 0; j < nops; j++) {
		gj_ref place = K2(k, GJ_ADD, T(GJ_I64), i, K2(k, GJ_MUL, T(GJ_I64), n, kint(k, T(GJ_I64), j)));
		store(k, at(k, out, place), as_bits(k, operation(k, &list[j], x, y, e)));
	}
}

/* -- Comparing ----------------------------------------------------------------------------------------------------- */

typedef struct data { char *a, *b; int64_t *c; uint64_t *out; unsigned n; } data;

static void fill(data *d, gj_kind k)
{
	unsigned m = edges_of(k), size = T(k)->size;
	d->n = m * m;
	d->a = calloc(d->n, size), d->b = calloc(d->n, size);
	d->c = calloc(d->n, 8), d->out = calloc((size_t)d->n * nops, 8);
	for (unsigned i = 0; i < d->n; i++) {
		uint64_t x = edge(k, i / m), y = edge(k, i % m);
		memcpy(d->a + (size_t)i * size, &x, size);
		memcpy(d->b + (size_t)i * size, &y, size);
		d->c[i] = count_edges[(i + i / m) % GJ_LEN(count_edges)];
	}
}

static void drop(data *d) { free(d->a), free(d->b), free(d->c), free(d->out); }

/* NaN equals NaN; the sign of a zero is not promised by min and max. */
static bool same(const op *o, uint64_t got, uint64_t want)
{
	if (is_float(o->to)) {
		double x = to_d(o->to, got), y = to_d(o->to, want);
		if ((isnan(x) && isnan(y)) || ((o->op == GJ_MIN || o->op == GJ_MAX) && x == y))
			return true;
	}
	return got == want;
}

/* v: the operands, what came and what should have come. */
static void complain(const char *where, gj_kind k, const op *o, const uint64_t v[5])
{
	printf("%s: %s %s (sub %d, const %" PRId64 ", to %s) of", where, T(k)->name, gj_op_name[o->op], o->sub,
		o->exponent, T(o->to)->name);
	printf(" %" PRIx64 ", %" PRIx64 ", %" PRId64 ": %" PRIx64 ", not %" PRIx64 "\n", v[0], v[1], (int64_t)v[2], v[3],
		v[4]);
}

static void compare_all(const char *where, const data *d, gj_kind k)
{
	unsigned m = edges_of(k);
	for (unsigned j = 0; j < nops; j++) {
		unsigned wrong = 0;
		for (unsigned i = 0; i < d->n; i++) {
			uint64_t x = edge(k, i / m), y = edge(k, i % m), want = wrap(list[j].to, expected(&list[j], k, x, y,
				d->c[i]));
			uint64_t got = wrap(list[j].to, d->out[(size_t)j * d->n + i]);
			if (!same(&list[j], got, want) && !wrong++)
				complain(where, k, &list[j], (uint64_t[]){ x, y, (uint64_t)d->c[i], got, want });
		}
		CHECK(!wrong, "%u of %u", wrong, d->n);
	}
}

static void test_type(gj_kind kind, uint32_t width, int cc, int opt)
{
	K k;
	data d;
	gj_image m = { 0 };
	char where[32];
	gj_options o = cc ? gpu_options(cc) : cpu_options(width);
	o.opt = opt;
	operations(kind);
	build(&k, kind, width);
	if (k_compile(&k, &o, &m)) {
		fill(&d, kind);
		struct { void *a, *b, *c, *out; int64_t n; } p = { d.a, d.b, d.c, d.out, d.n };
		unsigned size = T(kind)->size;
		const size_t bytes[4] = { (size_t)d.n * size, (size_t)d.n * size, (size_t)d.n * 8, (size_t)d.n * nops * 8 };
		CHECK(m.nparams == 5 && m.param_bytes == sizeof p, "%u parameters", m.nparams);
		bool ran = cc ? gpu_run(&m, (d.n + 95) / 96, 96, &p, sizeof p, 4, bytes) : run_cpu(&m, (d.n + 95) / 96, 96, &p);
		CHECK(ran, "the code could not be run");
		snprintf(where, sizeof where, cc ? "gpu" : "width %u, O%d", width, opt);
		if (ran)
			compare_all(where, &d, kind);
		drop(&d);
		gj_image_clear(&m);
	}
	k_close(&k);
}

int main(void)
{
	static const gj_kind kinds[] = { GJ_BOOL, GJ_I8, GJ_I16, GJ_I32, GJ_I64, GJ_U8, GJ_U16, GJ_U32, GJ_U64, GJ_F32,
		GJ_F64 };
	const char *bad = gj_emit_check();
	CHECK(!bad, "row %s of intrinsics.def does not fit LLVM %s", bad, gj_llvm_version());
	int cc = gpu_open();
	for (unsigned i = 0; i < GJ_LEN(kinds); i++) {
		test_type(kinds[i], 1, 0, 3);
		test_type(kinds[i], 32, 0, 3);
		test_type(kinds[i], 1, 0, 0);
		test_type(kinds[i], 32, 0, 0);
		if (cc)
			test_type(kinds[i], 1, cc, 3);
	}
	return done();
}
