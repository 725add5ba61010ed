/* PTX: what must stand in it, in order; every architecture that LLVM knows; ptxas assembles it where there is one. Also
 * what a kernel's image says, and that what cannot be compiled is refused with its own message. */
#include "emit/nvptx/ptx.h"
#include "emit_lib.h"

#include <pthread.h>
#include <unistd.h>

static const int archs[] = { 75, 80, 86, 89, 90, 100, 120 };

/* -- Reading PTX --------------------------------------------------------------------------------------------------- */

/* Each of the strings occurs, in this order (a NULL ends them). */
static void expect(const gj_image *m, const char *const *text)
{
	const char *p = (const char *)m->code;
	for (; *text; text++) {
		const char *q = p ? strstr(p, *text) : NULL;
		CHECK(q, "no \"%s\" in its place in\n%s", *text, m->code);
		p = q ? q + strlen(*text) : p;
	}
}

#define EXPECT(m, ...) expect((m), (const char *const[]){ __VA_ARGS__, NULL })

static void absent(const gj_image *m, const char *text)
{
	CHECK(!strstr((const char *)m->code, text), "\"%s\" in\n%s", text, m->code);
}

static const char *assembler(void)
{
	static const char *const place[] = { "/usr/local/cuda/bin/ptxas", "/usr/bin/ptxas" };
	for (unsigned i = 0; i < GJ_LEN(place); i++)
		if (!access(place[i], X_OK))
			return place[i];
	return NULL;
}

static void assemble(const gj_image *m, int cc)
{
	static int known[256];                             /* has this ptxas the architecture? 0: not asked, 1 yes, -1 no */
	char path[] = "/tmp/gridjit-ptx-XXXXXX", command[256];
	const char *ptxas = assembler();
	if (!ptxas)
		return;
	if (!known[cc]) {
		snprintf(command, sizeof command, "%s --help | grep -q 'sm_%d\\b'", ptxas, cc);
		known[cc] = system(command) ? -1 : 1;
	}
	int fd = mkstemp(path);
	if (known[cc] < 0 || fd < 0)
		return;
	CHECK(write(fd, m->code, m->ncode) == (ssize_t)m->ncode, "%s", path);
	close(fd);
	snprintf(command, sizeof command, "%s -arch=sm_%d %s -o /dev/null", ptxas, cc, path);
	CHECK(system(command) == 0, "ptxas refuses\n%s", m->code);
	unlink(path);
}

/* -- Kernels ------------------------------------------------------------------------------------------------------- */

static gj_ref num(K *k, int64_t x) { return kint(k, T(GJ_I64), x); }

/* out[i] = a·x[i] + y[i] where i < n. */
static void saxpy(K *k)
{
	k_open(k, "saxpy", 1);
	gj_ref a = param(k, 0, GJ_FIELD_VALUE, T(GJ_F32), false), x = array(k, 1, GJ_F32, false), y = array(k, 2, GJ_F32,
		false);
	gj_ref unused = array(k, 3, GJ_I8, false), out = array(k, 4, GJ_F32, true);
	gj_ref n = param(k, 4, GJ_FIELD_SHAPE, T(GJ_I64), false), i = thread_id(k);
	(void)unused;
	only(k, sub_(k, K2(k, GJ_CMP, T(GJ_BOOL), i, n), GJ_CMP_LT));
	store(k, at(k, out, i), K3(k, GJ_FMA, T(GJ_F32), a, load(k, at(k, x, i)), load(k, at(k, y, i))));
}

static void test_saxpy(int cc)
{
	K k;
	gj_image m;
	gj_options o = gpu_options(cc);
	o.facts = GJ_FACT_NOALIAS | GJ_FACT_ALIGN16 | GJ_FACT_IDX32;
	o.keep_text = true;
	saxpy(&k);
	if (k_compile(&k, &o, &m)) {
		EXPECT(&m, ".entry saxpy", ".param .f32", "mul.wide.u32", "ld.global.nc", "fma.rn.f32", "st.global");
		absent(&m, "cvta");
		CHECK(m.nparams == 5 && m.nleaves == 5 && m.param_bytes == 36, "%u %u %u", m.nparams, m.nleaves, m.param_bytes);
		static const uint16_t offset[5] = { 0, 8, 16, 24, 32 };
		static const uint8_t kind[5] = { GJ_F32, GJ_U64, GJ_U64, GJ_U64, GJ_I32 };
		for (unsigned i = 0; i < m.nparams; i++)
			CHECK(m.param[i].offset == offset[i] && m.param[i].kind == kind[i], "parameter %u", i);
		CHECK(m.param[3].leaf == 4 && m.written[4] && !m.written[1] && !m.written[3], "what is written");
		CHECK(m.llvm && m.assembly && m.format == GJ_FMT_PTX && m.width == 1, "texts");
		CHECK(m.code[m.ncode] == 0 && strlen((char *)m.code) == m.ncode, "the end of the text");
		assemble(&m, cc);
		gj_image_clear(&m);
	}
	k_close(&k);
}

static void test_bounds(int cc)
{
	K k;
	gj_image m;
	gj_options o = gpu_options(cc);
	o.launch_bounds = (gj_bounds){ 256, 2, 0 };
	saxpy(&k);
	if (k_compile(&k, &o, &m)) {
		EXPECT(&m, ".maxntid 256", ".minnctapersm 2");
		CHECK(m.max_threads == 256, "%u", m.max_threads);
		assemble(&m, cc);
		gj_image_clear(&m);
	}
	k_close(&k);
	o.launch_bounds = (gj_bounds){ 0 }, o.max_registers = 40;
	saxpy(&k);
	if (k_compile(&k, &o, &m)) {
		EXPECT(&m, ".maxnreg 40");
		gj_image_clear(&m);
	}
	k_close(&k);
}

/* A sum over a loop of unknown length: unrolled by four. */
static void test_loop(int cc)
{
	K k;
	gj_image m;
	gj_options o = gpu_options(cc);
	k_open(&k, "total", 1);
	gj_fn *f = k.f;
	gj_ref x = array(&k, 0, GJ_F32, false), n = param(&k, 0, GJ_FIELD_SHAPE, T(GJ_I64), false), out = array(&k, 1,
		GJ_F32, true);
	gj_ref zero = num(&k, 0), nil = kfp(&k, T(GJ_F32), 0), one = num(&k, 1);
	uint32_t head = gj_block_new(f), body = gj_block_new(f), end = gj_block_new(f), entry = k.bb;
	K0(&k, GJ_JUMP, NULL);
	gj_link(f, entry, head);
	gj_link(f, body, head);
	k.bb = head;
	gj_ref i = K2(&k, GJ_PHI, T(GJ_I64), zero, zero), s = K2(&k, GJ_PHI, T(GJ_F32), nil, nil);
	K1(&k, GJ_BRANCH, NULL, sub_(&k, K2(&k, GJ_CMP, T(GJ_BOOL), i, n), GJ_CMP_LT));
	gj_link(f, head, body);
	gj_link(f, head, end);
	k.bb = body;
	o_(&k, s)->arg[1] = K2(&k, GJ_ADD, T(GJ_F32), s, load(&k, at(&k, x, i)));
	o_(&k, i)->arg[1] = K2(&k, GJ_ADD, T(GJ_I64), i, one);
	K0(&k, GJ_JUMP, NULL);
	k.bb = end;
	store(&k, at(&k, out, zero), s);
	if (k_compile(&k, &o, &m)) {
		EXPECT(&m, "add.rn.f32", "add.rn.f32", "add.rn.f32", "add.rn.f32", "bra");
		assemble(&m, cc);
		gj_image_clear(&m);
	}
	k_close(&k);
}

/* Everything that a warp and a block can do. */
static void warp_kernel(K *k)
{
	k_open(k, "warp", 1);
	gj_ref in = array(k, 0, GJ_I32, false), out = array(k, 1, GJ_I64, true), i = thread_id(k);
	gj_ref all = kint(k, T(GJ_I32), -1), x = load(k, at(k, in, i)), two = kint(k, T(GJ_I32), 2);
	gj_ref wide = K1(k, GJ_CVT, T(GJ_I64), x), p = sub_(k, K2(k, GJ_CMP, T(GJ_BOOL), x, two), GJ_CMP_LT);
	k->f->shared_bytes = 1024 + 400;
	k->f->barriers = k->f->dynamic_shared = true;
	gj_ref s = K0(k, GJ_SHAREDMEM, gj_ptr_type(T(GJ_I32), GJ_SHARED)), t = K0(k, GJ_SHAREDMEM, gj_ptr_type(T(GJ_F64),
		GJ_SHARED));
	gj_ref d = K0(k, GJ_SHAREDMEM, gj_ptr_type(T(GJ_I64), GJ_SHARED));
	o_(k, t)->imm.i = 1024, o_(k, d)->imm.i = -1;
	store(k, at(k, s, i), x);
	store(k, at(k, t, i), kfp(k, T(GJ_F64), 1));
	store(k, at(k, d, i), wide);
	sub_(k, K0(k, GJ_BARRIER, NULL), GJ_BAR_SYNC);
	for (int b = GJ_BAR_COUNT; b <= GJ_BAR_OR; b++)
		wide = K2(k, GJ_ADD, T(GJ_I64), wide, K1(k, GJ_CVT, T(GJ_I64), sub_(k, K1(k, GJ_BARRIER, T(GJ_I32), p), b)));
	for (int b = 0; b < 4; b++) {
		x = sub_(k, K3(k, GJ_SHFL, T(GJ_I32), all, x, two), b);
		wide = sub_(k, K3(k, GJ_SHFL, T(GJ_I64), all, wide, two), b);
		gj_ref v = sub_(k, K2(k, GJ_VOTE, T(b == 3 ? GJ_I32 : GJ_BOOL), all, p), b);
		wide = K2(k, GJ_ADD, T(GJ_I64), wide, K1(k, GJ_CVT, T(GJ_I64), v));
	}
	K1(k, GJ_SYNCWARP, NULL, all);
	for (int b = 0; b < 4; b++) {
		gj_ref v = sub_(k, K2(k, GJ_MATCH, T(GJ_I32), all, b & 1 ? x : wide), b / 2);
		wide = K2(k, GJ_ADD, T(GJ_I64), wide, K1(k, GJ_CVT, T(GJ_I64), v));
	}
	for (int b = 0; b < 3; b++)
		sub_(k, K0(k, GJ_FENCE, NULL), b);
	K1(k, GJ_NANOSLEEP, NULL, kint(k, T(GJ_U32), 100));
	wide = K2(k, GJ_ADD, T(GJ_I64), wide, K1(k, GJ_CVT, T(GJ_I64), K0(k, GJ_ACTIVEMASK, T(GJ_U32))));
	wide = K2(k, GJ_ADD, T(GJ_I64), wide, K1(k, GJ_CVT, T(GJ_I64), sreg(k, GJ_LANEMASK_LT)));
	wide = K2(k, GJ_ADD, T(GJ_I64), wide, K1(k, GJ_CVT, T(GJ_I64), sreg(k, GJ_DYNSHARED)));
	wide = K2(k, GJ_ADD, T(GJ_I64), wide, load(k, at(k, d, num(k, 3))));
	wide = K2(k, GJ_ADD, T(GJ_I64), wide, K1(k, GJ_CVT, T(GJ_I64), load(k, at(k, t, num(k, 7)))));
	store(k, at(k, out, i), K2(k, GJ_ADD, T(GJ_I64), wide, K1(k, GJ_CVT, T(GJ_I64), load(k, at(k, s, num(k, 5))))));
}

static void test_warp(int cc)
{
	K k;
	gj_image m;
	gj_options o = gpu_options(cc);
	warp_kernel(&k);
	if (k_compile(&k, &o, &m)) {
		EXPECT(&m, ".shared .align 128 .b8 gj_shared_0[1024]", "st.shared");
		EXPECT(&m, ".shared .align 128 .b8 gj_shared_1024[400]", "st.shared");
		EXPECT(&m, ".extern .shared .align 128 .b8 gj_dynamic[]");
		EXPECT(&m, "bar", "popc", "and.pred", "or.pred", "shfl.sync.idx.b32", "shfl.sync.up.b32", "shfl.sync.down.b32",
			"shfl.sync.bfly.b32", "bar.warp.sync", "match.any.sync.b64", "match.any.sync.b32", "match.all.sync.b64",
			"match.all.sync.b32", "membar.cta", "membar.gl", "membar.sys", "nanosleep", "activemask",
				"%dynamic_smem_size");
		EXPECT(&m, "vote.sync.all", "vote.sync.any", "vote.sync.uni", "vote.sync.ballot");
		CHECK(m.shared_bytes == 1424 && m.barriers && m.dynamic_shared, "%u", m.shared_bytes);
		assemble(&m, cc);
		gj_image_clear(&m);
	}
	k_close(&k);
}

static void test_atomics(int cc)
{
	static const struct { int kind, sub; const char *text; } row[] = {
		{ GJ_I32, GJ_AT_ADD, "add.u32" }, { GJ_U64, GJ_AT_ADD, "add.u64" }, { GJ_F32, GJ_AT_ADD, "add.f32" },
		{ GJ_F64, GJ_AT_ADD, "add.f64" }, { GJ_F64, GJ_AT_SUB, "add.f64" }, { GJ_I32, GJ_AT_MAX, "max.s32" },
		{ GJ_U64, GJ_AT_MIN, "min.u64" }, { GJ_U32, GJ_AT_AND, "and.b32" }, { GJ_I64, GJ_AT_EXCH, "exch.b64" },
		{ GJ_U32, GJ_AT_INC, "inc.u32" }, { GJ_U32, GJ_AT_DEC, "dec.u32" }, { GJ_I64, GJ_AT_CAS, "cas.b64" },
		{ GJ_F32, GJ_AT_MAX, "cas.b32" }, { GJ_F64, GJ_AT_NANMIN, "cas.b64" },
	};
	for (unsigned i = 0; i < GJ_LEN(row); i++) {
		K k;
		gj_image m;
		gj_options o = gpu_options(cc);
		k_open(&k, "atomics", 1);
		gj_ref a = array(&k, 0, (gj_kind)row[i].kind, true), j = thread_id(&k), p = at(&k, a, num(&k, 1)), x =
			load(&k, at(&k, a, j));
		gj_ref old = sub_(&k, kn(&k, GJ_ATOMIC, T(row[i].kind), row[i].sub == GJ_AT_CAS ? 3 : 2, (gj_ref[]){ p, x,
			x }), row[i].sub);
		store(&k, at(&k, a, j), old);
		if (k_compile(&k, &o, &m)) {
			EXPECT(&m, "atom.", row[i].text);
			absent(&m, ".sys");
			assemble(&m, cc);
			gj_image_clear(&m);
		}
		k_close(&k);
	}
}

static void test_hints(int cc)
{
	static const char *const load_text[] = { NULL, "ld.global.ca", "ld.global.cg", "ld.global.cs", "ld.global.lu",
		"ld.global.cv" };
	static const char *const store_text[] = { NULL, NULL, "st.global.cg", "st.global.cs", NULL, NULL, "st.global.wb",
		"st.global.wt" };
	static const gj_kind kinds[] = { GJ_BOOL, GJ_I8, GJ_U16, GJ_I32, GJ_F32, GJ_I64, GJ_F64 };
	for (unsigned t = 0; t < GJ_LEN(kinds); t++) {
		K k;
		gj_image m;
		gj_options o = gpu_options(cc);
		k_open(&k, "hints", 1);
		gj_ref a = array(&k, 0, kinds[t], true), i = thread_id(&k), x = 0;
		for (int h = GJ_HINT_CA; h <= GJ_HINT_CV; h++)
			x = sub_(&k, load(&k, at(&k, a, i)), h);
		for (int h = GJ_HINT_CG; h <= GJ_HINT_WT; h++)
			if (store_text[h])
				sub_(&k, K2(&k, GJ_STORE, NULL, at(&k, a, i), x), h);
		if (k_compile(&k, &o, &m)) {
			EXPECT(&m, load_text[1], load_text[2], load_text[3], load_text[4], load_text[5]);
			EXPECT(&m, store_text[2], store_text[3], store_text[6], store_text[7]);
			assemble(&m, cc);
			gj_image_clear(&m);
		}
		k_close(&k);
	}
}

/* -- Math ---------------------------------------------------------------------------------------------------------- */

enum {
#define MATH(id, py, np, n, stem, fast, llvm, vec) ROW_##id,
#include "ir/math.def"
	NROWS
};

static void math_kernel(K *k, gj_kind kind, int row, int n)
{
	k_open(k, "math", 1);
	gj_ref a = array(k, 0, kind, true), i = thread_id(k), x = load(k, at(k, a, i)), y = x;
	if (row == ROW_LDEXP)
		y = K1(k, GJ_CVT, T(GJ_I32), x);
	gj_ref v = kn(k, GJ_MATH, row == ROW_FREXP_EXP ? T(GJ_I32) : T(kind), (uint32_t)n, (gj_ref[]){ x, y });
	o_(k, v)->imm.i = row;
	if (row == ROW_FREXP_EXP)
		v = K1(k, GJ_CVT, T(kind), v);
	if (row == ROW_SQRT)
		v = K2(k, GJ_DIV, T(kind), kfp(k, T(kind), 1), v);
	store(k, at(k, a, i), v);
}

static void math_row(int cc, gj_kind kind, int row, int n, bool fast, const char *text)
{
	K k;
	gj_image m;
	gj_options o = gpu_options(cc);
	o.libdevice = find_libdevice();
	o.fastmath = fast;
	math_kernel(&k, kind, row, n);
	if (o.libdevice && k_compile(&k, &o, &m)) {
		if (text)
			EXPECT(&m, text);
		absent(&m, "__nv_");
		assemble(&m, cc);
		gj_image_clear(&m);
	}
	k_close(&k);
}

static void test_math(int cc)
{
	static const int operands[] = {
#define MATH(id, py, np, n, stem, fast, llvm, vec) n,
#include "ir/math.def"
	};
	for (int r = 0; r < NROWS; r++) {
		math_row(cc, GJ_F32, r, operands[r], false, NULL);
		math_row(cc, GJ_F64, r, operands[r], false, NULL);
		math_row(cc, GJ_F32, r, operands[r], true, NULL);
	}
	math_row(cc, GJ_F32, ROW_SIN, 1, true, "sin.approx.ftz.f32");
	math_row(cc, GJ_F32, ROW_SQRT, 1, true, "rsqrt.approx.ftz.f32");
	math_row(cc, GJ_F32, ROW_SQRT, 1, false, "sqrt.rn.f32");
	math_row(cc, GJ_F64, ROW_SQRT, 1, true, "sqrt.rn.f64");
}

/* -- Options
 * --------------------------------------------------------------------------------------------------------- */

/* cuda.compile(device=True): a function with C's calling convention. */
static void test_device_function(int cc)
{
	static const gj_type *result[1];
	K k;
	gj_image m;
	gj_options o = gpu_options(cc);
	k_open(&k, "twice", 1);
	result[0] = T(GJ_F32);
	k.f->entry = &gj_entries[GJ_ENTRY_DEVICE];
	k.f->nresults = 1, k.f->result = result;
	gj_ref x = param(&k, 0, GJ_FIELD_VALUE, T(GJ_F32), false);
	K1(&k, GJ_RETURN, NULL, K2(&k, GJ_ADD, T(GJ_F32), x, x));
	k.bb = gj_block_new(k.f);                          /* k_compile ends this one, which is never reached */
	if (k_compile(&k, &o, &m)) {
		EXPECT(&m, ".visible .func", ".param .b32 func_retval0", "twice", ".param .b32 twice_param_0", "add.rn.f32");
		assemble(&m, cc);
		gj_image_clear(&m);
	}
	k_close(&k);
}

static void test_unoptimised(int cc)
{
	K k;
	gj_image m;
	gj_options o = gpu_options(cc);
	o.opt = 0;
	o.libdevice = find_libdevice();
	for (int i = 0; i < 2; i++) {
		if (i)
			math_kernel(&k, GJ_F64, ROW_SIN, 1);
		else
			warp_kernel(&k);
		if ((!i || o.libdevice) && k_compile(&k, &o, &m)) {
			assemble(&m, cc);
			gj_image_clear(&m);
		}
		k_close(&k);
	}
}

/* The PTX of saxpy: heap text, NULL when it could not be compiled. */
static char *saxpy_text(void)
{
	K k;
	gj_image m;
	gj_options o = gpu_options(90);
	saxpy(&k);
	K0(&k, GJ_RETURN, NULL);
	gj_cfg(k.f);
	if (setjmp(k.trap.env))
		return NULL;
	gj_emit_image(k.f, &o, &m);
	char *text = strdup((char *)m.code);
	gj_image_clear(&m);
	k_close(&k);
	return text;
}

static void *compile_many(void *unused)
{
	char *first = saxpy_text();
	(void)unused;
	for (int i = 0; i < 20 && first; i++) {
		char *text = saxpy_text();
		bool same = text && !strcmp(first, text);
		free(text);
		if (!same)
			return NULL;
	}
	return first;
}

/* Two threads at once compile the same text, each time. */
static void test_threads(void)
{
	pthread_t t;
	void *a = NULL, *b;
	bool started = !pthread_create(&t, NULL, compile_many, NULL);
	b = compile_many(NULL);
	if (started)
		pthread_join(t, &a);
	CHECK(started && a && b && !strcmp(a, b), "texts differ");
	free(a);
	free(b);
}

/* -- Lines, refusals ----------------------------------------------------------------------------------------------- */

static void test_lines(int cc)
{
	static const gj_code code = { .name = "f", .qualname = "f", .file = "/some/where/kernels.py", .firstline = 10 };
	static const gj_code inner = { .name = "g", .qualname = "g", .file = "/some/where/helpers.py", .firstline = 70 };
	K k;
	gj_image m;
	gj_options o = gpu_options(cc);
	for (int debug = 0; debug < 2; debug++) {
		o.lineinfo = !debug, o.debug = debug;
		saxpy(&k);
		k.f->code = &code;
		uint32_t up = gj_loc_add(k.f, &code, (gj_pos){ 12, 4, 12, 9 }, 0), in = gj_loc_add(k.f, &inner, (gj_pos){ 77,
			1, 77, 5 }, up);
		for (uint32_t i = 1; i < k.f->op.n; i++)
			o_(&k, i)->loc = o_(&k, i)->op == GJ_FMA ? in : up;
		if (k_compile(&k, &o, &m)) {
			EXPECT(&m, ".loc", "fma.rn.f32", ".file", "kernels.py", "helpers.py");
			EXPECT(&m, " 12 5", " 77 2");
			CHECK(!strcmp(m.file, code.file), "%s", m.file);
			assemble(&m, cc);
			gj_image_clear(&m);
		}
		k_close(&k);
	}
}

static void refused(gj_options o, gj_err id, bool math)
{
	K k;
	gj_image m;
	if (math)
		math_kernel(&k, GJ_F64, ROW_SIN, 1);
	else
		saxpy(&k);
	K0(&k, GJ_RETURN, NULL);
	gj_cfg(k.f);
	if (setjmp(k.trap.env)) {
		CHECK(k.trap.diag.id == id, "%s", k.trap.diag.message);
	} else {
		gj_emit_image(k.f, &o, &m);
		CHECK(false, "not refused: %d", id);
		gj_image_clear(&m);
	}
	k_close(&k);
}

static void test_refusals(void)
{
	gj_options o = gpu_options(90);
	refused(o, GJ_ERR_LIBDEVICE, true);
	o.libdevice = "/nowhere/libdevice.bc";
	refused(o, GJ_ERR_LIBDEVICE_FILE, true);
	o.libdevice = "/proc/self/exe";
	refused(o, GJ_ERR_LIBDEVICE_FILE, true);
	o = gpu_options(35);
	refused(o, GJ_ERR_GPU_TOO_OLD, false);
	o = gpu_options(90);
	o.ptx_version = 71;
	refused(o, GJ_ERR_DRIVER_TOO_OLD, false);
}

/* A GPU that this LLVM does not know gets the newest PTX before it; PTX versions follow the driver. */
static void test_versions(void)
{
	static const struct { int cc, ptx; const char *text[2]; } row[] = {
		{ 75, 0, { ".version 6.3", ".target sm_75" } }, { 90, 0, { ".version 7.8", ".target sm_90" } },
		{ 80, 83, { ".version 8.3", ".target sm_80" } }, { 80, 79, { ".version 7.8", ".target sm_80" } },
	};
	for (unsigned i = 0; i < GJ_LEN(row); i++) {
		K k;
		gj_image m;
		gj_options o = gpu_options(row[i].cc);
		o.ptx_version = row[i].ptx;
		saxpy(&k);
		if (k_compile(&k, &o, &m)) {
			EXPECT(&m, row[i].text[0], row[i].text[1]);
			gj_image_clear(&m);
		}
		k_close(&k);
	}
	K k;
	gj_image m;
	gj_options o = gpu_options(239);
	o.ptx_version = 99;
	saxpy(&k);
	if (k_compile(&k, &o, &m)) {
		EXPECT(&m, ".target sm_");
		gj_image_clear(&m);
	}
	k_close(&k);
}

int main(void)
{
	const char *bad = gj_emit_check();
	CHECK(!bad, "row %s of intrinsics.def does not fit LLVM %s", bad, gj_llvm_version());
	for (unsigned i = 0; i < GJ_LEN(archs); i++) {
		int cc = archs[i];
		if (!gj_ptx_minimum(cc / 10, cc % 10))
			continue;
		test_saxpy(cc);
		test_bounds(cc);
		test_warp(cc);
		test_hints(cc);
		if (cc == 75 || cc == 90)
			test_atomics(cc);
	}
	test_loop(90);
	test_math(90);
	test_lines(90);
	test_device_function(90);
	test_unoptimised(90);
	test_threads();
	test_versions();
	test_refusals();
	return done();
}
