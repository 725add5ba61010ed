/* Rows of math.def on the CPU against libm: to the bit at width 1 and where GRIDJIT_CPU_MATH asks for libm, within 4
 * ulp with libmvec; frexp and ldexp exactly. On a GPU, where there is one, within 4 ulp too. */
#include "emit_lib.h"
#include "gpu_lib.h"


enum { N = 256 };

enum {
#define MATH(id, py, np, n, stem, fast, llvm, vec) ROW_##id,
#include "ir/math.def"
	NROWS
};
static const struct { const char *stem; int n; } row[NROWS] = {
#define MATH(id, py, np, n, stem, fast, llvm, vec) { stem, n },
#include "ir/math.def"
};

typedef double dfn1(double);
typedef double dfn2(double, double);
typedef float ffn1(float);
typedef float ffn2(float, float);

static double wanted(int r, bool single, double x, double y)
{
	char name[32];
	int e = 0;
	if (r == ROW_RSQRT)
		return single ? 1 / sqrtf((float)x) : 1 / sqrt(x);
	if (r == ROW_LDEXP)
		return single ? ldexpf((float)x, (int)y) : ldexp(x, (int)y);
	if (r == ROW_FREXP_MANT)
		return single ? frexpf((float)x, &e) : frexp(x, &e);
	if (r == ROW_FREXP_EXP)
		return frexp(x, &e), isfinite(x) ? e : 0;
	snprintf(name, sizeof name, "%s%s", row[r].stem, single ? "f" : "");
	void *p = dlsym(RTLD_DEFAULT, name);
	if (!p)
		return NAN;
	if (single) {
		ffn1 *f;
		ffn2 *g;
		*(void **)&f = p, *(void **)&g = p;
		return row[r].n == 1 ? f((float)x) : g((float)x, (float)y);
	}
	dfn1 *f;
	dfn2 *g;
	*(void **)&f = p, *(void **)&g = p;
	return row[r].n == 1 ? f(x) : g(x, y);
}

static double ulps(bool single, double a, double b)
{
	if ((isnan(a) && isnan(b)) || a == b)
		return 0;
	if (!isfinite(a) || !isfinite(b))
		return 1e9;
	double unit = single ? nextafterf(fabsf((float)b), HUGE_VALF) - fabsf((float)b) : nextafter(fabs(b),
		HUGE_VAL) - fabs(b);
	return fabs(a - b) / unit;
}

static double input(int i)
{
	static const double special[] = { 0.0, -0.0, 1, -1, 0.5, HUGE_VAL, -HUGE_VAL, NAN, 1e-30, 5e-324, 1e-310, 1e30, 2,
		3, -2.5, 1e300 };
	return i < 16 ? special[i] : i % 2 ? (i - 128) / 16.0 : (i - 100) / 100.0;
}

static double second(int i, int r) { return r == ROW_LDEXP ? (i * 37 % 2300) - 1150 : input((i * 7 + 3) % N); }

static void store_real(void *p, bool single, int i, double x)
{
	if (single)
		((float *)p)[i] = (float)x;
	else
		((double *)p)[i] = x;
}

static double read_real(const void *p, bool single, int i) { return single ? ((const float *)p)[i]
	: ((const double *)p)[i]; }

/* The kernel: out[i] = row(a[i], b[i]) for i < n. */
static bool build(K *k, int r, bool single, gj_options *o, gj_image *m)
{
	const gj_type *t = T(single ? GJ_F32 : GJ_F64);
	k_open(k, "math", o->width);
	gj_ref a = array(k, 0, (gj_kind)t->kind, false), b = array(k, 1, (gj_kind)t->kind, false);
	gj_ref out = array(k, 2, (gj_kind)t->kind, true), i = thread_id(k);
	only(k, sub_(k, K2(k, GJ_CMP, T(GJ_BOOL), i, kint(k, T(GJ_I64), N)), GJ_CMP_LT));
	gj_ref x = load(k, at(k, a, i)), y = load(k, at(k, b, i));
	if (r == ROW_LDEXP)
		y = K1(k, GJ_CVT, T(GJ_I32), y);
	gj_ref v = kn(k, GJ_MATH, r == ROW_FREXP_EXP ? T(GJ_I32) : t, (uint32_t)row[r].n, (gj_ref[]){ x, y });
	o_(k, v)->imm.i = r;
	store(k, at(k, out, i), r == ROW_FREXP_EXP ? K1(k, GJ_CVT, t, v) : v);
	return k_compile(k, o, m);
}

static bool exact_row(int r)
{
	return (r >= ROW_SQRT && r <= ROW_RINT && r != ROW_RSQRT) || r == ROW_FMOD || r == ROW_COPYSIGN || r >= ROW_LDEXP;
}

static void test(int r, bool single, gj_options o, bool gpu, double limit)
{
	K k;
	gj_image m = { 0 };
	static double a[N], b[N], out[N];
	void *pa = a, *pb = b, *po = out;
	for (int i = 0; i < N; i++) {
		store_real(a, single, i, input(i));
		store_real(b, single, i, second(i, r));
	}
	if (!build(&k, r, single, &o, &m)) {
		k_close(&k);
		return;
	}
	void *used[3] = { pa, pb, po };                    /* an unused parameter is dropped */
	if (m.nparams == 2)
		used[1] = po;
	static const size_t bytes[3] = { sizeof a, sizeof b, sizeof out };
	bool ran = gpu ? gpu_run(&m, 2, 128, used, m.param_bytes, m.nparams, bytes) : run_cpu(&m, 2, 128, used);
	CHECK(ran, "%s could not be run", row[r].stem);
	double worst = 0;
	int where = 0;
	for (int i = 0; i < N && ran; i++) {
		double x = read_real(a, single, i), y = read_real(b, single, i);
		double e = ulps(single, read_real(out, single, i), wanted(r, single, x, y));
		if (e > worst)
			worst = e, where = i;
	}
	CHECK(worst <= limit, "%s%s %s%u: %g ulp at %a, %a: %a", row[r].stem, single ? "f" : "", gpu ? "gpu" : "width ",
		o.width,
		worst, read_real(a, single, where), read_real(b, single, where), read_real(out, single, where));
	gj_image_clear(&m);
	k_close(&k);
}

int main(void)
{
	int cc = gpu_open();
	for (int r = 0; r < NROWS; r++)
		for (int single = 0; single < 2; single++) {
			gj_options exact = cpu_options(32), gpu = gpu_options(cc);
			exact.libm_exact = true;
			gpu.libdevice = find_libdevice();
			test(r, single, cpu_options(1), false, 0);
			test(r, single, exact, false, 0);
			test(r, single, cpu_options(32), false, exact_row(r) ? 0 : 4);
			if (cc && gpu.libdevice)
				test(r, single, gpu, true, exact_row(r) ? 0 : r == ROW_GAMMA || r == ROW_LGAMMA ? 64 : 8);
		}
	return done();
}
