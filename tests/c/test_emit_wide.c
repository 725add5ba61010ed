/* Memory, atomic and warp operations through the emitter, run at width 32 (and at width 1 where that needs no runtime)
 * and on a GPU where there is one, against plain C. Each test is one block of 64 threads, of which the last warp is not
 * full: 50 run. */
#include "emit_lib.h"
#include "gpu_lib.h"

#include <inttypes.h>

enum { N = 64, THREADS = 50, ROOM = N * 8 };

static int cc;                                 /* of the GPU, 0: none */

typedef struct mem { int64_t in[ROOM], out[ROOM]; } mem;

static mem before, got, want;

/* What the tests start from: numbers with many equal neighbours, both signs. */
static void reset(void)
{
	for (int i = 0; i < ROOM; i++) {
		before.in[i] = (i * 7919 % 23 - 11) * (i % 5 == 0 ? 1000003 : 1);
		before.out[i] = i % 7 - 3;
	}
	got = want = before;
}

typedef struct ref { gj_ref in, out, i, lane; } ref;

/* Opens a kernel over arrays `in` and `out` of `kind`. */
static ref start(K *k, uint32_t width, gj_kind kind)
{
	k_open(k, "wide", width);
	ref r = { array(k, 0, kind, false), array(k, 1, kind, true), 0, 0 };
	r.i = thread_id(k);
	r.lane = K1(k, GJ_CVT, T(GJ_I64), sreg(k, GJ_LANEID));
	return r;
}

/* Compiles, runs on the device, and compares all of memory with `want`. gpu: the kernel was built for it. */
static void finish(K *k, const char *name, uint32_t width, bool gpu)
{
	gj_image m = { 0 };
	gj_options o = gpu ? gpu_options(cc) : cpu_options(width);
	int wrong = 0;
	void *leaf[2] = { got.in, got.out }, *p[2];
	static const size_t bytes[2] = { sizeof got.in, sizeof got.in };
	if (k_compile(k, &o, &m)) {
		for (uint32_t i = 0; i < m.nparams; i++)
			p[i] = leaf[m.param[i].leaf];
		bool ran = gpu ? gpu_run(&m, 1, THREADS, p, m.param_bytes, m.nparams, bytes) : run_cpu(&m, 1, THREADS, p);
		CHECK(ran, "%s could not be run", name);
		for (int i = 0; i < ROOM && ran; i++)
			if ((got.out[i] != want.out[i] || got.in[i] != want.in[i]) && !wrong++)
				printf("%s, %s%u: [%d] is %" PRId64 ", not %" PRId64 "\n", name, gpu ? "gpu" : "width ", gpu ? 0
					: width, i,
					got.out[i], want.out[i]);
		CHECK(!wrong, "%s: %d wrong", name, wrong);
		gj_image_clear(&m);
	}
	k_close(k);
}

/* Runs test(width, gpu) on what there is. */
#define EVERYWHERE(test, ...) \
	do { \
		test(1, false, __VA_ARGS__); \
		test(32, false, __VA_ARGS__); \
		if (cc) \
			test(1, true, __VA_ARGS__); \
	} while (0)
#define WARPS(test, ...) \
	do { \
		test(32, false, __VA_ARGS__); \
		if (cc) \
			test(1, true, __VA_ARGS__); \
	} while (0)

static gj_ref num(K *k, int64_t x) { return kint(k, T(GJ_I64), x); }
static gj_ref add(K *k, gj_ref a, gj_ref b) { return K2(k, GJ_ADD, T(GJ_I64), a, b); }

/* -- Memory -------------------------------------------------------------------------------------------------------- */

/* out[i·step + first] = in[i·from + offset], for steps that the emitter treats apart. */
static void copy(uint32_t width, bool gpu, int64_t step, int64_t first, int64_t from, int64_t offset)
{
	K k;
	reset();
	ref r = start(&k, width, GJ_I64);
	gj_ref a = K2(&k, GJ_MUL, T(GJ_I64), r.i, num(&k, from)), b = K2(&k, GJ_MUL, T(GJ_I64), r.i, num(&k, step));
	o_(&k, a)->shape = o_(&k, b)->shape = GJ_LINEAR;
	o_(&k, a)->stride = from, o_(&k, b)->stride = step;
	if (!from)
		o_(&k, a)->shape = GJ_UNIFORM;
	if (!step)
		o_(&k, b)->shape = GJ_UNIFORM;
	only(&k, sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.i, num(&k, 41)), GJ_CMP_LT));
	gj_ref x = load(&k, at(&k, r.in, add(&k, a, num(&k, offset))));
	store(&k, at(&k, r.out, add(&k, b, num(&k, first))), x);
	for (int i = 0; i < 41; i++)
		want.out[i * step + first] = before.in[i * from + offset];
	finish(&k, "copy", width, gpu);
}

/* A permutation: gather and scatter; index of a byte array of bools chooses. */
static void permute(uint32_t width, bool gpu, int64_t mul)
{
	K k;
	reset();
	ref r = start(&k, width, GJ_I64);
	gj_ref j = K2(&k, GJ_AND, T(GJ_I64), K2(&k, GJ_MUL, T(GJ_I64), r.i, num(&k, mul)), num(&k, 63));
	store(&k, at(&k, r.out, varying(&k, j)), load(&k, at(&k, r.in, j)));
	for (int i = 0; i < THREADS; i++)
		want.out[i * mul & 63] = before.in[i * mul & 63];
	finish(&k, "permute", width, gpu);
}

/* Bools are bytes: out[i] = in[i] != 0, any nonzero byte is true. */
static void bools(uint32_t width, bool gpu, int unused)
{
	K k;
	(void)unused;
	reset();
	ref r = start(&k, width, GJ_BOOL);
	gj_ref x = load(&k, at(&k, r.in, r.i));
	store(&k, at(&k, r.out, r.i), K1(&k, GJ_NOT, T(GJ_BOOL), x));
	for (int i = 0; i < THREADS; i++)
		((uint8_t *)want.out)[i] = !((const uint8_t *)before.in)[i];
	finish(&k, "bools", width, gpu);
}

/* One address for all lanes: the last lane that runs wins. */
static void one_place(uint32_t width, bool gpu, int64_t limit)
{
	K k;
	reset();
	ref r = start(&k, width, GJ_I64);
	gj_ref low = sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.i, num(&k, limit)), GJ_CMP_LT);
	only(&k, low);
	gj_ref x = load(&k, at(&k, r.in, num(&k, 3)));
	store(&k, at(&k, r.out, num(&k, 5)), add(&k, r.i, x));
	store(&k, at(&k, r.out, num(&k, 6)), x);
	if (limit > 0) {
		want.out[5] = limit - 1 + before.in[3];
		want.out[6] = before.in[3];
	}
	finish(&k, "one place", width, gpu);
}

/* A local array of 4: each lane fills its own and reads it back at an index of its own. */
static void local_array(uint32_t width, bool gpu, gj_kind kind)
{
	K k;
	reset();
	ref r = start(&k, width, GJ_I64);
	gj_ref a = K0(&k, GJ_LOCALMEM, gj_ptr_type(T(kind), GJ_LOCAL));
	o_(&k, a)->imm.i = 4;
	if (width == 32)
		o_(&k, a)->shape = GJ_LINEAR, o_(&k, a)->stride = T(kind)->size;
	for (int j = 0; j < 4; j++)
		store(&k, at(&k, a, num(&k, j)), K1(&k, GJ_CVT, T(kind), K2(&k, GJ_MUL, T(GJ_I64), r.i, num(&k, j + 1))));
	gj_ref x = load(&k, at(&k, a, varying(&k, K2(&k, GJ_AND, T(GJ_I64), r.i, num(&k, 3)))));
	gj_ref bytes = K2(&k, GJ_BYTES, o_(&k, a)->type, a, num(&k, 2 * T(kind)->size));
	gj_ref y = load(&k, bytes);
	store(&k, at(&k, r.out, r.i), add(&k, K1(&k, GJ_CVT, T(GJ_I64), x), K1(&k, GJ_CVT, T(GJ_I64), y)));
	for (int i = 0; i < THREADS; i++)
		want.out[i] = i * ((i & 3) + 1) + i * 3;
	finish(&k, "local array", width, gpu);
}

/* Frozen data, and shared memory written by one lane and read by another. */
static void frozen_shared(uint32_t width, bool gpu, int unused)
{
	static const int64_t table[4] = { 11, -22, 33, -44 };
	static const gj_obj object = { .kind = GJ_OBJ_ARRAY, .data = table, .nbytes = sizeof table };
	K k;
	(void)unused;
	reset();
	ref r = start(&k, width, GJ_I64);
	gj_ref c = K0(&k, GJ_CONSTMEM, gj_ptr_type(T(GJ_I64), GJ_CONSTANT)), pair = K2(&k, GJ_AND, T(GJ_I64), r.i, num(&k,
		3));
	o_(&k, c)->imm.obj = &object;
	gj_ref s = K0(&k, GJ_SHAREDMEM, gj_ptr_type(T(GJ_I64), GJ_SHARED));
	k.f->shared_bytes = 64 * 8;
	gj_ref own = at(&k, s, r.i);
	store(&k, own, load(&k, at(&k, c, varying(&k, pair))));
	gj_ref other = load(&k, own);
	store(&k, at(&k, r.out, r.i), other);
	for (int i = 0; i < THREADS; i++)
		want.out[i] = table[i & 3];
	finish(&k, "frozen, shared", width, gpu);
}

/* -- Variables of the mask pass ------------------------------------------------------------------------------------ */

static void slots(uint32_t width, bool gpu, int unused)
{
	K k;
	(void)unused, (void)gpu;
	reset();
	ref r = start(&k, width, GJ_I64);
	gj_ref v = K0(&k, GJ_SLOT, T(GJ_I64)), u = K0(&k, GJ_SLOT, T(GJ_I64));
	o_(&k, u)->imm.i = 1;
	K2(&k, GJ_SET, NULL, v, r.i);
	K2(&k, GJ_SET, NULL, u, num(&k, 100));
	gj_ref all = varying(&k, K0(&k, GJ_ALLLANES, T(GJ_BOOL)));
	gj_ref some = sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.lane, num(&k, 9)), GJ_CMP_LT);
	gj_ref none = sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.lane, num(&k, 0)), GJ_CMP_LT);
	some = varying(&k, K2(&k, GJ_ANDMASK, T(GJ_BOOL), all, some));
	none = varying(&k, K2(&k, GJ_ANDMASK, T(GJ_BOOL), all, none));
	gj_ref set = K2(&k, GJ_SET, NULL, v, num(&k, -5));
	o_(&k, set)->mask = some;
	set = K2(&k, GJ_SET, NULL, u, num(&k, 7));
	o_(&k, set)->mask = none;
	gj_ref x = varying(&k, K1(&k, GJ_GET, T(GJ_I64), v)), y = K1(&k, GJ_GET, T(GJ_I64), u);
	o_(&k, y)->shape = GJ_UNIFORM;
	gj_ref is = K1(&k, GJ_ANY, T(GJ_BOOL), varying(&k, K2(&k, GJ_ANDNOT, T(GJ_BOOL), all, some)));
	o_(&k, is)->shape = GJ_UNIFORM;
	x = add(&k, add(&k, x, y), K1(&k, GJ_CVT, T(GJ_I64), is));
	store(&k, at(&k, r.out, r.i), x);
	for (int i = 0; i < THREADS; i++)
		want.out[i] = (i % 32 < 9 ? -5 : i) + 100 + 1;
	finish(&k, "slots", width, false);
}

/* -- Calls --------------------------------------------------------------------------------------------------------- */

static gj_ref call(K *k, gj_fn *f, uint32_t n, const gj_ref *arg)
{
	gj_ref r = varying(k, kn(k, GJ_FCALL, f->nresults ? f->result[0] : gj_t_none, n, arg));
	o_(k, r)->imm.fn = f;
	return r;
}

static gj_ref result(K *k, gj_ref fcall, int64_t i)
{
	gj_ref r = varying(k, K1(k, GJ_RESULT, o_(k, fcall)->imm.fn->result[i], fcall));
	o_(k, r)->imm.i = i;
	return r;
}

/* pair(a, b) = (a·b, a < b), for lanes where i < 45; halves(b) = pair(b, b)[0] + threadIdx.x, a call in a call. */
static void calls(uint32_t width, bool gpu, int unused)
{
	static const gj_type *two[2], *one[1];
	K k;
	(void)unused;
	two[0] = one[0] = T(GJ_I64), two[1] = T(GJ_BOOL);
	reset();
	ref r = start(&k, width, GJ_I64);
	K p = callee(&k, "pair", 2, two), h = callee(&k, "halves", 1, one);
	gj_ref a = varying(&p, param(&p, 0, GJ_FIELD_VALUE, T(GJ_I64), false));
	gj_ref b = varying(&p, param(&p, 0, GJ_FIELD_VALUE, T(GJ_I64), false));
	gj_ref less = sub_(&p, K2(&p, GJ_CMP, T(GJ_BOOL), a, b), GJ_CMP_LT);
	K2(&p, GJ_RETURN, NULL, K2(&p, GJ_MUL, T(GJ_I64), a, b), less);
	b = varying(&h, param(&h, 0, GJ_FIELD_VALUE, T(GJ_I64), false));
	gj_ref inner = result(&h, call(&h, p.f, 2, (gj_ref[]){ b, b }), 0);
	K1(&h, GJ_RETURN, NULL, add(&h, inner, K1(&h, GJ_CVT, T(GJ_I64), sreg(&h, GJ_TID_X))));
	only(&k, sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.i, num(&k, 45)), GJ_CMP_LT));
	gj_ref x = load(&k, at(&k, r.in, r.i)), c = call(&k, p.f, 2, (gj_ref[]){ x, r.i });
	gj_ref sum = add(&k, result(&k, c, 0), K1(&k, GJ_CVT, T(GJ_I64), result(&k, c, 1)));
	gj_ref y = result(&k, call(&k, h.f, 1, (gj_ref[]){ x }), 0);
	store(&k, at(&k, r.out, r.i), K2(&k, GJ_XOR, T(GJ_I64), sum, y));
	for (int i = 0; i < 45; i++) {
		int64_t v = before.in[i];
		want.out[i] = (v * i + (v < i)) ^ (v * v + i);
	}
	finish(&k, "calls", width, gpu);
}

/* Stack that a warp needs: at least its local arrays. */
static void stack_size(uint32_t width)
{
	K k;
	gj_image m;
	gj_options o = cpu_options(width);
	reset();
	ref r = start(&k, width, GJ_I64);
	gj_ref a = K0(&k, GJ_LOCALMEM, gj_ptr_type(T(GJ_I64), GJ_LOCAL));
	o_(&k, a)->imm.i = 1000;
	if (width == 32)
		o_(&k, a)->shape = GJ_LINEAR, o_(&k, a)->stride = 8;
	gj_ref j = K2(&k, GJ_MOD, T(GJ_I64), load(&k, at(&k, r.in, r.i)), num(&k, 999));
	store(&k, at(&k, a, j), r.i);
	store(&k, at(&k, r.out, r.i), load(&k, at(&k, a, varying(&k, K2(&k, GJ_MOD, T(GJ_I64), r.i, num(&k, 3))))));
	if (k_compile(&k, &o, &m)) {
		CHECK(m.local_bytes >= 8000 * width && m.local_bytes < 9000 * width + 4096, "%u bytes", m.local_bytes);
		gj_image_clear(&m);
	}
	k_close(&k);
}

/* -- Atomics ------------------------------------------------------------------------------------------------------- */

static int64_t atomic_ref(int sub, gj_kind kind, int64_t old, int64_t b, int64_t c)
{
	bool u = kind == GJ_U64 || kind == GJ_U32;
	bool less = kind == GJ_U64 ? (uint64_t)old < (uint64_t)b : kind == GJ_U32 ? (uint32_t)old < (uint32_t)b : old < b;
	switch (sub) {
	case GJ_AT_ADD:  return (int64_t)((uint64_t)old + (uint64_t)b);
	case GJ_AT_SUB:  return (int64_t)((uint64_t)old - (uint64_t)b);
	case GJ_AT_AND:  return old & b;
	case GJ_AT_OR:   return old | b;
	case GJ_AT_XOR:  return old ^ b;
	case GJ_AT_EXCH: return b;
	case GJ_AT_CAS:  return old == b ? c : old;
	case GJ_AT_INC:  return u && !less ? 0 : old + 1;
	case GJ_AT_DEC:  return old == 0 || less == false ? (old == b && old ? old - 1 : b) : old - 1;
	case GJ_AT_MAX: case GJ_AT_NANMAX: return less ? b : old;
	default:         return less ? old : b;
	}
}

static int64_t value_of(gj_kind kind, int64_t x)
{
	union { float f; int32_t i; } s = { (float)x };
	union { double d; int64_t i; } d = { (double)x };
	return kind == GJ_F32 ? s.i : kind == GJ_F64 ? d.i : x;
}

static int64_t number_of(gj_kind kind, int64_t x)
{
	union { int32_t i; float f; } s = { (int32_t)x };
	union { int64_t i; double d; } d = { x };
	return kind == GJ_F32 ? (int64_t)s.f : kind == GJ_F64 ? (int64_t)d.d : kind == GJ_I32 ? (int32_t)x : kind ==
		GJ_U32 ? (uint32_t)x : x;
}

static void put(void *p, gj_kind kind, int i, int64_t x)
{
	x = value_of(kind, x);
	memcpy((char *)p + (size_t)i * T(kind)->size, &x, T(kind)->size);
}

static int64_t get(const void *p, gj_kind kind, int i)
{
	int64_t x = 0;
	memcpy(&x, (const char *)p + (size_t)i * T(kind)->size, T(kind)->size);
	return number_of(kind, x);
}

/* Every thread, those of lane 3 excepted, does the operation on out[where]: where = 0 one cell for all, 1 seven cells,
 * 2 a cell of its own. Old values go to out[100 + i] if `used`; they are only checked where their order is fixed. */
static void atomic(uint32_t width, bool gpu, int sub, gj_kind kind, int where, bool used, gj_space space)
{
	K k;
	char name[64];
	reset();
	for (int i = 0; i < 256; i++)
		put(before.out, kind, i, sub >= GJ_AT_INC ? i % 4 : i % 7);
	got = want = before;
	ref r = start(&k, width, kind);
	gj_ref cell = where == 0 ? num(&k, 2) : where == 1 ? varying(&k, K2(&k, GJ_MOD, T(GJ_I64), r.i, num(&k, 7))) : r.i;
	gj_ref b = K1(&k, GJ_CVT, T(kind), K2(&k, GJ_AND, T(GJ_I64), r.i, num(&k, 3)));
	if (where == 0 && sub == GJ_AT_ADD)
		b = K1(&k, GJ_CVT, T(kind), num(&k, 3));
	gj_ref base = space == GJ_GLOBAL ? r.out : K0(&k, GJ_SHAREDMEM, gj_ptr_type(T(kind), GJ_SHARED));
	k.f->shared_bytes = 64 * 8;
	if (space == GJ_SHARED)
		store(&k, at(&k, base, r.i), load(&k, at(&k, r.out, r.i)));
	only(&k, sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.lane, num(&k, 3)), GJ_CMP_NE));
	gj_ref arg[3] = { at(&k, base, cell), b, b };
	if (sub == GJ_AT_CAS)
		arg[2] = K1(&k, GJ_CVT, T(kind), num(&k, 77));
	gj_ref old = varying(&k, sub_(&k, kn(&k, GJ_ATOMIC, T(kind), sub == GJ_AT_CAS ? 3 : 2, arg), sub));
	if (used)
		store(&k, at(&k, r.out, add(&k, r.i, num(&k, 100))), old);
	if (space == GJ_SHARED)
		store(&k, at(&k, r.out, r.i), load(&k, at(&k, base, r.i)));
	int64_t mem[64];
	for (int i = 0; i < 64; i++)
		mem[i] = get(before.out, kind, i);
	for (int i = 0; i < THREADS; i++) {
		int c = where == 0 ? 2 : where == 1 ? i % 7 : i;
		if (i % 32 == 3)
			continue;
		if (used)
			put(want.out, kind, 100 + i, mem[c]);
		mem[c] = atomic_ref(sub, kind, mem[c], where == 0 && sub == GJ_AT_ADD ? 3 : i & 3, 77);
		if (space == GJ_GLOBAL)
			put(want.out, kind, c, mem[c]);
	}
	for (int i = 0; i < THREADS && space == GJ_SHARED; i++)
		if (i % 32 != 3)
			put(want.out, kind, i, mem[i]);
	snprintf(name, sizeof name, "atomic %d %s, where %d%s%s", sub, T(kind)->name, where, used ? ", used" : "",
		space == GJ_SHARED ? ", shared" : "");
	finish(&k, name, width, gpu);
}

static void atomics(void)
{
	static const gj_kind kinds[] = { GJ_I32, GJ_I64, GJ_U32, GJ_U64, GJ_F32, GJ_F64 };
	for (unsigned t = 0; t < GJ_LEN(kinds); t++)
		for (int sub = 0; sub < GJ_NATOMICS; sub++) {
			bool real = kinds[t] >= GJ_F32, uns = kinds[t] == GJ_U32 || kinds[t] == GJ_U64;
			if ((real && sub >= GJ_AT_AND && sub <= GJ_AT_XOR) || ((sub == GJ_AT_INC || sub == GJ_AT_DEC) && !uns))
				continue;
			for (int where = 0; where < 3; where++) {
				bool ordered = where == 2 || sub !=
					GJ_AT_EXCH;                /* one cell: any order gives the same end */
				atomic(1, false, sub, kinds[t], where, true, GJ_GLOBAL);
				atomic(32, false, sub, kinds[t], where, true, GJ_GLOBAL);
				atomic(32, false, sub, kinds[t], where, false, GJ_GLOBAL);
				if (where == 2)
					atomic(32, false, sub, kinds[t], where, false, GJ_SHARED);
				if (cc && ordered && sub != GJ_AT_DEC && sub != GJ_AT_INC && sub != GJ_AT_CAS)
					atomic(1, true, sub, kinds[t], where, where == 2, GJ_GLOBAL);
			}
		}
}

/* A NaN in memory stays under max and min, and goes under nanmax and nanmin; a NaN operand never gets in. */
static void atomic_nan(uint32_t width, bool gpu, int sub, gj_kind kind)
{
	K k;
	reset();
	double cell[2] = { NAN, 4 }, result[2];
	for (int i = 0; i < 2; i++) {
		float f = (float)cell[i];
		memcpy((char *)got.out + i * T(kind)->size, kind == GJ_F32 ? (void *)&f : (void *)&cell[i], T(kind)->size);
	}
	before = want = got;
	ref r = start(&k, width, kind);
	only(&k, sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.i, num(&k, 2)), GJ_CMP_LT));
	gj_ref zero = sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.i, num(&k, 0)), GJ_CMP_EQ);
	gj_ref b = K3(&k, GJ_SELECT, T(kind), zero, kfp(&k, T(kind), 2), kfp(&k, T(kind), NAN));
	varying(&k, sub_(&k, K2(&k, GJ_ATOMIC, T(kind), at(&k, r.out, r.i), b), sub));
	bool nan = sub == GJ_AT_NANMAX || sub == GJ_AT_NANMIN;
	result[0] = nan ? 2 : NAN, result[1] = 4;
	for (int i = 0; i < 2; i++) {
		float f = (float)result[i];
		memcpy((char *)want.out + i * T(kind)->size, kind == GJ_F32 ? (void *)&f : (void *)&result[i], T(kind)->size);
	}
	finish(&k, "atomic with NaN", width, gpu);
}

/* -- Warp operations ----------------------------------------------------------------------------------------------- */

/* Lanes that exist in thread i's warp. */
static uint32_t exist(int i) { return i < 32 ? ~0u : (1u << (THREADS - 32)) - 1; }

static int source(int sub, int lane, int c)
{
	c &= 31;
	int s = sub == 0 ? c : sub == 1 ? lane - c : sub == 2 ? lane + c : lane ^ c;
	return s < 0 || s > 31 ? lane : s;
}

/* how: 0 constant lane, 1 uniform at run time, 2 a lane of its own. Reading a lane that is not there gives the own
 * value here and anything on a GPU, where such lanes are left out. */
static void shuffle(uint32_t width, bool gpu, int sub, gj_kind kind, int c, int how)
{
	K k;
	char name[64];
	reset();
	for (int i = 0; i < 64; i++)
		put(before.in, kind, i, i * 3 + 1);
	got = want = before;
	ref r = start(&k, width, kind);
	gj_ref x = load(&k, at(&k, r.in, r.i)), delta = kint(&k, T(GJ_I32), c);
	if (how == 1)
		delta = K2(&k, GJ_ADD, T(GJ_I32), sreg(&k, GJ_CTAID_X), delta);
	if (how == 2)
		delta = varying(&k, K2(&k, GJ_AND, T(GJ_I32), K2(&k, GJ_ADD, T(GJ_I32), sreg(&k, GJ_LANEID), delta), kint(&k,
			T(GJ_I32), 15)));
	gj_ref member = kint(&k, T(GJ_I32), -1);
	only(&k, sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.i, num(&k, gpu ? 32 : 64)), GJ_CMP_LT));
	gj_ref y = varying(&k, sub_(&k, K3(&k, GJ_SHFL, T(kind), member, x, delta), sub));
	store(&k, at(&k, r.out, r.i), y);
	for (int i = 0; i < (gpu ? 32 : THREADS); i++) {
		int lane = i % 32, s = source(sub, lane, how == 2 ? (lane + c) & 15 : c);
		put(want.out, kind, i, get(before.in, kind, i - lane + (exist(i) >> s & 1 ? s : lane)));
	}
	snprintf(name, sizeof name, "shuffle %d %s by %d, %d", sub, T(kind)->name, c, how);
	finish(&k, name, width, gpu);
}

static void vote(uint32_t width, bool gpu, int sub, int limit)
{
	K k;
	reset();
	ref r = start(&k, width, GJ_I64);
	gj_ref p = sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.lane, num(&k, limit)), GJ_CMP_LT);
	only(&k, sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.i, num(&k, gpu ? 32 : 64)), GJ_CMP_LT));
	gj_ref v = sub_(&k, K2(&k, GJ_VOTE, T(sub == 3 ? GJ_I32 : GJ_BOOL), kint(&k, T(GJ_I32), -1), p), sub);
	o_(&k, v)->shape = GJ_UNIFORM;
	store(&k, at(&k, r.out, r.i), K1(&k, GJ_CVT, T(GJ_I64), v));
	for (int i = 0; i < (gpu ? 32 : THREADS); i++) {
		uint32_t on = exist(i), yes = on & (limit >= 32 ? ~0u : (1u << limit) - 1);
		int64_t results[4] = { yes == on, yes != 0, yes == 0 || yes == on, (int32_t)yes };
		want.out[i] = results[sub];
	}
	finish(&k, "vote", width, gpu);
}

/* Groups with masks of their own vote side by side: even and odd lanes. */
static void group_vote(uint32_t width, bool gpu, int sub)
{
	K k;
	(void)gpu;
	reset();
	ref r = start(&k, width, GJ_I64);
	gj_ref odd = sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), K2(&k, GJ_AND, T(GJ_I64), r.i, num(&k, 1)), num(&k, 1)),
		GJ_CMP_EQ);
	gj_ref member = K3(&k, GJ_SELECT, T(GJ_I32), odd, kint(&k, T(GJ_I32), (int32_t)0xaaaaaaaa), kint(&k, T(GJ_I32),
		0x55555555));
	gj_ref p = sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.i, num(&k, 11)), GJ_CMP_EQ);
	gj_ref v = varying(&k, sub_(&k, K2(&k, GJ_VOTE, T(sub == 3 ? GJ_I32 : GJ_BOOL), member, p), sub));
	store(&k, at(&k, r.out, r.i), K1(&k, GJ_CVT, T(GJ_I64), v));
	for (int i = 0; i < THREADS; i++) {
		uint32_t on = exist(i) & (i & 1 ? 0xaaaaaaaa : 0x55555555), yes = on & (i < 32 ? 1u << 11 : 0);
		int64_t results[4] = { yes == on, yes != 0, yes == 0 || yes == on, (int32_t)yes };
		want.out[i] = results[sub];
	}
	finish(&k, "group vote", width, false);
}

static void match(uint32_t width, bool gpu, int all, gj_kind kind, int mod)
{
	K k;
	reset();
	ref r = start(&k, width, GJ_I64);
	gj_ref x = K1(&k, GJ_CVT, T(kind), K2(&k, GJ_MOD, T(GJ_I64), r.i, num(&k, mod)));
	only(&k, sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.i, num(&k, gpu ? 32 : 64)), GJ_CMP_LT));
	gj_ref v = varying(&k, sub_(&k, K2(&k, GJ_MATCH, T(GJ_I32), kint(&k, T(GJ_I32), -1), x), all));
	store(&k, at(&k, r.out, r.i), K1(&k, GJ_CVT, T(GJ_I64), v));
	for (int i = 0; i < (gpu ? 32 : THREADS); i++) {
		uint32_t same = 0;
		for (int j = i / 32 * 32; j < THREADS && j < i / 32 * 32 + 32; j++)
			same |= (uint32_t)(j % mod == i % mod) << j % 32;
		want.out[i] = (int32_t)(all && same != exist(i) ? 0 : same);
	}
	finish(&k, "match", width, gpu);
}

/* syncthreads_count and its kin, with the lanes that exist; activemask; lanemask_lt. */
static void barrier(uint32_t width, bool gpu, int sub)
{
	K k;
	reset();
	barrier_calls = 0;
	ref r = start(&k, width, GJ_I64);
	k.f->barriers = true;
	gj_ref p = sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), r.i, num(&k, 20)), GJ_CMP_LT);
	gj_ref n = sub ? K1(&k, GJ_BARRIER, T(GJ_I32), p) : K0(&k, GJ_BARRIER, NULL);
	sub_(&k, n, sub);
	o_(&k, n)->shape = GJ_UNIFORM;
	gj_ref on = K0(&k, GJ_ACTIVEMASK, T(GJ_U32)), lt = sreg(&k, GJ_LANEMASK_LT);
	gj_ref x = K1(&k, GJ_CVT, T(GJ_I64), on);
	if (sub)
		x = K2(&k, GJ_XOR, T(GJ_I64), x, K2(&k, GJ_SHL, T(GJ_I64), K1(&k, GJ_CVT, T(GJ_I64), n), num(&k, 32)));
	store(&k, at(&k, r.out, r.i), add(&k, x, K1(&k, GJ_CVT, T(GJ_I64), K1(&k, GJ_POPC, T(GJ_I32), lt))));
	for (int i = 0; i < THREADS; i++) {
		int count = 20;
		int64_t results[4] = { 0, count, 0, count > 0 };
		want.out[i] = (exist(i) ^ results[sub] << 32) + i % 32;
	}
	finish(&k, "barrier", width, gpu);
	if (!gpu)
		CHECK(barrier_calls == (sub ? 2 : 0), "%u barriers with all lanes", barrier_calls);
}

static void warps(void)
{
	static const gj_kind kinds[] = { GJ_I32, GJ_I64, GJ_F32, GJ_F64 };
	static const int by[] = { 0, 1, 5, 16, 31, 33 };
	for (unsigned t = 0; t < GJ_LEN(kinds); t++)
		for (int sub = 0; sub < 4; sub++)
			for (unsigned i = 0; i < GJ_LEN(by); i++)
				for (int how = 0; how < 3; how++)
					WARPS(shuffle, sub, kinds[t], by[i], how);
	for (int sub = 0; sub < 4; sub++) {
		WARPS(vote, sub, 0);
		WARPS(vote, sub, 10);
		WARPS(vote, sub, 32);
		group_vote(32, false, sub);
		WARPS(barrier, sub);
	}
	for (unsigned t = 0; t < GJ_LEN(kinds); t++)
		for (int all = 0; all < 2; all++) {
			WARPS(match, all, kinds[t], 1);
			WARPS(match, all, kinds[t], 3);
			WARPS(match, all, kinds[t], 32);
		}
}

int main(void)
{
	cc = gpu_open();
	EVERYWHERE(copy, 1, 0, 1, 0);
	EVERYWHERE(copy, 1, 3, 2, 1);
	EVERYWHERE(copy, -1, 60, 1, 5);
	EVERYWHERE(copy, 1, 0, -1, 60);
	EVERYWHERE(copy, 3, 2, -3, 200);
	EVERYWHERE(copy, 1, 0, 0, 9);
	EVERYWHERE(permute, 5);
	EVERYWHERE(permute, 63);
	EVERYWHERE(bools, 0);
	one_place(32, false, 41);
	one_place(32, false, 0);
	one_place(1, false, 41);
	EVERYWHERE(local_array, GJ_I64);
	EVERYWHERE(local_array, GJ_F32);
	EVERYWHERE(local_array, GJ_I16);
	EVERYWHERE(frozen_shared, 0);
	slots(32, false, 0);
	EVERYWHERE(calls, 0);
	stack_size(1);
	stack_size(32);
	atomics();
	for (int sub = GJ_AT_MAX; sub <= GJ_AT_NANMIN; sub++) {
		EVERYWHERE(atomic_nan, sub, GJ_F32);
		EVERYWHERE(atomic_nan, sub, GJ_F64);
	}
	warps();
	return done();
}
