/* The CPU device: kernels of cpu_kernels.c (argv[1..]: objects made from it, by different compilers or options) run
 * through the vtable of device.h. With "bench" as first argument: prints what launches and barriers cost. */
#define _GNU_SOURCE
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"
#include "run/status.h"

#include "check.h"

#include <errno.h>
#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(X) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define TSAN 1
#else
#define TSAN 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ASAN 1
#else
#define ASAN 0
#endif

static gj_device *dev;
static uint8_t *object;
static size_t size;

#define OK(CALL) CHECK((CALL) == GJ_OK, "%s", gj_error_text())

static void expect_error(gj_status got, gj_status wanted, const char *text)
{
	CHECK(got == wanted && strstr(gj_error_text(), text), "status %d, \"%s\" (wanted %d, \"%s\")", got, gj_error_text(),
	      wanted, text);
}

/* -- Loading and launching ------------------------------------------------------------------------------------------- */

typedef struct opts { uint32_t width, shared, local, dynamic, max_threads, params, frame; bool barriers, cooperative; } opts;

static gj_site sites[] = { { .line = 10 }, { .line = 20 }, { .line = 30, .file = 1 } };

static gj_kernel *load(const char *name, opts o)
{
	gj_kernel *k = NULL;
	gj_image i = { .format = GJ_FMT_OBJECT, .code = object, .ncode = size, .entry = (char *)(uintptr_t)name,
	               .shared_bytes = o.shared, .local_bytes = o.local, .width = o.width ? o.width : 32,
	               .barriers = o.barriers, .cooperative = o.cooperative, .max_threads = o.max_threads,
	               .param_bytes = o.params, .frame_bytes = o.frame, .file = (char *)(uintptr_t)"kernel.py", .site = sites, .nsites = 3, .text = (char *)(uintptr_t)"\0other.py", .ntext = 10 };
	OK(dev->ops->load(dev, &i, &k));
	if (!k)
		exit(1);
	return k;
}

static gj_status go(gj_kernel *k, uint32_t grid, uint32_t block, uint32_t dynamic, void *params, size_t nparams)
{
	gj_launch l = { .grid = { grid, 1, 1 }, .block = { block, 1, 1 }, .shared = dynamic, .params = params,
	                .nparams = nparams };
	return dev->ops->launch(dev, k, &l);
}

/* Load, launch once, unload. */
static gj_status once(const char *name, opts o, uint32_t grid, uint32_t block, void *params, size_t nparams)
{
	gj_kernel *k = load(name, o);
	gj_status status = go(k, grid, block, o.dynamic, params, nparams);
	dev->ops->unload(dev, k);
	return status;
}

#define ONCE(NAME, OPTS, GRID, BLOCK, ...) once(NAME, (opts)OPTS, GRID, BLOCK, &(__VA_ARGS__), sizeof(__VA_ARGS__))
#define O(...) { __VA_ARGS__ }
#define BAR { .barriers = true, .shared = 8192 }
#define BAR1 { .barriers = true, .shared = 8192, .width = 1 }

static long differing(const uint32_t *a, long n, uint32_t wanted)
{
	long bad = 0;
	for (long i = 0; i < n; i++)
		bad += a[i] != wanted;
	return bad;
}

typedef struct ptr_int { void *p; uint32_t n, m; } ptr_int;
typedef struct saxpy_args { int64_t n; float a; float *x, *y, *out; } saxpy_args;

static void test_saxpy(void)
{
	gj_kernel *k = load("saxpy", (opts){ .params = sizeof(saxpy_args) });
	for (long n = 1; n < 300000; n = n * 3 + 1) {
		float *x = malloc(4 * (size_t)n), *out = calloc((size_t)n, 4);
		for (long i = 0; i < n; i++)
			x[i] = (float)(i % 1000);
		saxpy_args p = { n, 2, x, x, out };
		uint32_t block = n % 2 ? 256 : 100;
		OK(go(k, (uint32_t)((n + block - 1) / block), block, 0, &p, sizeof p));
		long bad = 0;
		for (long i = 0; i < n; i++)
			bad += out[i] != 3.0f * (float)(i % 1000);
		CHECK(!bad, "%ld of %ld wrong", bad, n);
		free(x);
		free(out);
	}
	dev->ops->unload(dev, k);
}

/* Every block exactly once, whatever the number. */
static void test_blocks(void)
{
	static const uint32_t grids[] = { 1, 2, 7, 64, 1000, 65536, 1000003 };
	for (size_t g = 0; g < GJ_LEN(grids); g++)
		for (uint32_t block = 1; block <= 1024; block = block * 5 + 28) {
			uint32_t *out = calloc(grids[g], 4), warps = (block + 31) / 32;
			OK(ONCE("tally", O(0), grids[g], block, out));
			CHECK(!differing(out, grids[g], warps), "grid %u block %u", grids[g], block);
			free(out);
		}
}

static void test_grid_3d(void)
{
	gj_kernel *k = load("where", (opts){ 0 });
	uint32_t grid[3] = { 37, 11, 23 }, *out = calloc(37 * 11 * 23, 16), *at = out;
	gj_launch l = { .grid = { 37, 11, 23 }, .block = { 4, 3, 5 }, .params = &out, .nparams = sizeof out };
	OK(dev->ops->launch(dev, k, &l));
	long bad = 0;
	for (uint32_t z = 0; z < grid[2]; z++)
		for (uint32_t y = 0; y < grid[1]; y++)
			for (uint32_t x = 0; x < grid[0]; x++, at += 4)
				bad += at[0] != x || at[1] != y || at[2] != z || at[3] != 60;
	CHECK(!bad, "%ld blocks with a wrong index", bad);
	dev->ops->unload(dev, k);
	free(out);
}

static void test_sections(void)
{
	double out[64] = { 0 };
	struct { double *out; int64_t n; } p = { out, 64 };
	gj_kernel *k = load("sections", (opts){ 0 });
	for (int i = 0; i < 2; i++) {
		OK(go(k, 1, 1, 0, &p, sizeof p));
		CHECK(out[0] == 41 + 2 * i, "data and bss: %g", out[0]);
	}
	CHECK(out[1] == 3 && out[2] == 6.25 && out[3] == sin(3.5) && out[4] == exp(4.5), "%g %g %g %g", out[1], out[2],
	      out[3], out[4]);
	CHECK(fabs(out[5] - (1 + exp(1) + exp(2) + exp(3))) < 1e-4, "libmvec: %g", out[5]);
	CHECK(out[6] == out[0] + 9 && out[7] == 0.25, "%g %g", out[6], out[7]);
	double third = out[8];
	fesetround(FE_UPWARD);
	OK(go(k, 1, 1, 0, &p, sizeof p));
	CHECK(fegetround() == FE_UPWARD, "the caller's rounding mode is kept");
	fesetround(FE_TONEAREST);
	CHECK(out[8] == third, "kernels round to nearest");
	dev->ops->unload(dev, k);
}

static void test_deep_stack(void)
{
	uint64_t out[8];
	for (uint64_t bytes = 1000; bytes < 40000000; bytes *= 10) {
		uint64_t wanted = 0;
		for (uint64_t i = 0; i < bytes; i++)
			wanted += (unsigned char)(i * 7);
		struct { uint64_t *out, bytes; } p = { out, bytes };
		OK(ONCE("deep", O(.local = (uint32_t)bytes), 8, 32, p));
		for (int i = 0; i < 8; i++)
			CHECK(out[i] == wanted, "%llu bytes of stack", (unsigned long long)bytes);
	}
}

/* -- Barriers --------------------------------------------------------------------------------------------------------- */

static void test_reverse(void)
{
	static const uint32_t blocks[] = { 1, 2, 31, 32, 33, 64, 100, 256, 1000, 1024 };
	for (size_t k = 0; k < GJ_LEN(blocks); k++) {
		uint32_t n = blocks[k], grid = 77, *data = malloc(4 * n * grid);
		for (uint32_t i = 0; i < n * grid; i++)
			data[i] = i;
		ptr_int p = { data, 7, 0 };
		OK(ONCE("reverse", BAR, grid, n, p));
		long bad = 0;
		for (uint32_t i = 0; i < n * grid; i++)
			bad += data[i] != i / n * n + (n - 1 - i % n) + 7;
		CHECK(!bad, "block of %u: %ld wrong", n, bad);
		free(data);
	}
}

static void test_votes(void)
{
	for (uint32_t block = 1; block <= 1024; block = block * 2 + 5) {
		uint32_t *wrong = calloc(3 * 50, 4);
		OK(ONCE("votes", BAR, 50, block, wrong));
		CHECK(!differing(wrong, 3 * 50, 0), "block of %u", block);
		free(wrong);
	}
	uint32_t out[40] = { 0 }, *p = out;
	OK(ONCE("half_returned", BAR, 40, 333, p));
	CHECK(!differing(out, 40, 11), "half of the lanes had returned");
	memset(out, 0, sizeof out);
	OK(ONCE("wait_for_last", BAR, 40, 1024, p));
	CHECK(!differing(out, 40, 1), "spinning on shared memory");
}

static void test_shared(void)
{
	uint32_t out[2 * 300] = { 0 };
	static const uint32_t bytes[] = { 1, 100, 4096, 227 * 1024 - 48 };
	for (size_t i = 0; i < GJ_LEN(bytes); i++) {
		ptr_int p = { out, 48, 0 };
		OK(ONCE("dynamic", O(.barriers = true, .shared = 40, .dynamic = bytes[i]), 300, 96, p));
		for (int b = 0; b < 300; b++)
			CHECK(out[2 * b] == bytes[i] && out[2 * b + 1] == 1, "block %d, %u bytes", b, bytes[i]);
	}
}

static void test_width_1(void)
{
	for (uint32_t block = 32; block <= 1024; block *= 2) {
		uint32_t *out = calloc(40 * 1024, 4), sums[40] = { 0 }, *s = sums;
		OK(ONCE("butterfly_1", BAR1, 40, block, out));
		CHECK(!differing(out, 40 * block, 496), "butterfly in blocks of %u", block);
		memset(out, 0, 40 * 1024 * 4);
		OK(ONCE("halves_1", BAR1, 40, block, out));
		long bad = 0;
		for (uint32_t i = 0; i < 40 * block; i++)
			bad += out[i] != (i % 32 < 24);
		CHECK(!bad, "halves in blocks of %u: %ld wrong", block, bad);
		OK(ONCE("tree_1", BAR1, 40, block, s));
		CHECK(!differing(sums, 40, block * (block + 1) / 2), "tree in blocks of %u", block);
		free(out);
	}
}

static void test_grid_sync(void)
{
	unsigned threads = gj_pool_threads();
	for (uint32_t blocks = 1; blocks <= 2 * threads; blocks++) {
		uint32_t *slot = calloc(blocks, 4), wrong = 0;
		struct { uint32_t *slot; uint64_t rounds; uint32_t *wrong; } p = { slot, 20, &wrong };
		OK(ONCE("grid_rounds", O(.barriers = true, .cooperative = true), blocks, 1024, p));
		CHECK(!wrong && !differing(slot, blocks, 20), "%u blocks: %u wrong", blocks, wrong);
		free(slot);
	}
	struct { uint32_t *slot; uint64_t rounds; uint32_t *wrong; } p = { NULL, 0, NULL };
	expect_error(ONCE("grid_rounds", O(.barriers = true, .cooperative = true), 2 * threads + 1, 1024, p), GJ_E_INVALID,
	             "at most");
}

/* -- Errors ----------------------------------------------------------------------------------------------------------- */

/* Each warp writes its sum before the warp that adds it reads it: the barrier is between them. */
static void test_resumable(void)
{
	static uint32_t out[1000];
	for (uint32_t block = 1; block <= 1024; block = block * 2 + block % 3) {
		ptr_int p = { out, 0, 0 };
		memset(out, 0, sizeof out);
		OK(ONCE("tree", O(.barriers = true, .frame = 64, .shared = 128), 1000, block, p));
		CHECK(!differing(out, 1000, block), "sums of blocks of %u threads", block);
	}
	ptr_int p = { out, 1, 0 };
	expect_error(ONCE("tree", O(.barriers = true, .frame = 64, .shared = 128), 3, 64, p), GJ_E_LAUNCH,
	             "kernel.py:20: syncthreads_count() reached by only some threads of a warp (block (");
}

static void test_kernel_errors(void)
{
	uint32_t out[4] = { 0 }, *o = out;
	for (uint32_t site = 0; site < 3; site++) {
		struct { uint32_t block, warp, site; } p = { 5, 3, site };
		char wanted[200];
		snprintf(wanted, sizeof wanted, "%s.py:%d: syncthreads_count() reached by only some threads of a warp "
		         "(block (5,0,0), warp 3)", sites[site].file ? "other" : "kernel", sites[site].line);
		expect_error(ONCE("divergent", BAR, 100, 256, p), GJ_E_LAUNCH, wanted);
	}
	uint64_t bad = 0;
	expect_error(ONCE("stop_all", O(.barriers = true), 1, 1024, bad), GJ_E_LAUNCH, "kernel.py:20: syncthreads()");
	if (gj_pool_threads() > 1)                 /* one block fails while another spins */
		for (bad = 0; bad < 2; bad++)
			expect_error(ONCE("stop_all", O(.cooperative = true), 2, 64, bad), GJ_E_LAUNCH, "kernel.py:20: ");
	expect_error(ONCE("deadlock_1", BAR1, 3, 64, o), GJ_E_LAUNCH, "warp 0: lanes 0xffff wait, lanes 0xffffffff have not "
	             "returned, 32 threads of the block are at syncthreads()");
	expect_error(ONCE("wrong_barrier", O(0), 1, 32, o), GJ_E_LAUNCH, "internal error: a barrier");
	expect_error(ONCE("wrong_shuffle_1", O(.width = 1), 1, 32, o), GJ_E_LAUNCH, "internal error: a warp operation");
	expect_error(ONCE("wrong_grid", O(0), 1, 32, o), GJ_E_LAUNCH, "internal error: grid.sync()");
	OK(ONCE("tally", O(0), 4, 32, o));
	CHECK(!differing(out, 4, 1), "the device works after errors");
}

static void test_launch_errors(void)
{
	gj_kernel *k = load("nothing", (opts){ .shared = 1024, .max_threads = 512, .params = 8 });
	char p[8] = { 0 };
	gj_launch good = { .grid = { 1, 1, 1 }, .block = { 1, 1, 1 }, .params = p, .nparams = 8 }, l = good;
	OK(dev->ops->launch(dev, k, &l));
	l.grid[1] = 0;
	expect_error(dev->ops->launch(dev, k, &l), GJ_E_INVALID, "grid dimension y is 0: must be 1 to 65535");
	l.grid[1] = 65536;
	expect_error(dev->ops->launch(dev, k, &l), GJ_E_INVALID, "grid dimension y is 65536");
	l = good, l.block[2] = 65;
	expect_error(dev->ops->launch(dev, k, &l), GJ_E_INVALID, "block dimension z is 65: must be 1 to 64");
	l = good, l.block[0] = 513;
	expect_error(dev->ops->launch(dev, k, &l), GJ_E_INVALID, "a block of 513 threads: at most 512");
	l = good, l.shared = 227 * 1024 - 1023;
	expect_error(dev->ops->launch(dev, k, &l), GJ_E_INVALID, "shared memory");
	l = good, l.nparams = 7;
	expect_error(dev->ops->launch(dev, k, &l), GJ_E_INVALID, "parameter buffer of 7 bytes, the kernel reads 8");
	dev->ops->unload(dev, k);
	gj_image ptx = { .format = GJ_FMT_PTX, .width = 1 }, none = { .format = GJ_FMT_OBJECT, .width = 32 };
	expect_error(dev->ops->load(dev, &ptx, &k), GJ_E_UNSUPPORTED, "compiled for a GPU");
	CHECK(!k, "no kernel");
	expect_error(dev->ops->load(dev, &none, &k), GJ_E_LOAD, "damaged kernel image");
	gj_image large = { .format = GJ_FMT_OBJECT, .code = object, .ncode = size, .entry = (char *)(uintptr_t)"nothing",
	                   .width = 32, .shared_bytes = 48 * 1024 + 1 };
	expect_error(dev->ops->load(dev, &large, &k), GJ_E_LOAD, "49153 bytes of static shared memory");
	gj_image huge = { .format = GJ_FMT_OBJECT, .code = object, .ncode = size, .entry = (char *)(uintptr_t)"barriers",
	                  .width = 32, .barriers = true, .local_bytes = UINT32_MAX, .param_bytes = 4 };
	OK(dev->ops->load(dev, &huge, &k));
#if !ASAN && !TSAN                             /* they need more address space than this leaves */
	struct rlimit was, little;
	getrlimit(RLIMIT_AS, &was);
	little = was;
	little.rlim_cur = (rlim_t)64 << 30;
	if (!setrlimit(RLIMIT_AS, &little)) {
		expect_error(go(k, 1, 1024, 0, p, 8), GJ_E_NOMEM, "out of memory for the stacks");
		setrlimit(RLIMIT_AS, &was);
	}
#endif
	dev->ops->unload(dev, k);
	dev->ops->unload(dev, NULL);
}

/* -- Memory, streams, events ---------------------------------------------------------------------------------------- */

static void test_memory(void)
{
	const gj_device_ops *ops = dev->ops;
	gj_devptr p[300];
	for (size_t i = 0; i < 300; i++) {
		OK(ops->alloc(dev, i * i, NULL, &p[i]));
		CHECK(p[i] && p[i] % 256 == 0, "%zx", (size_t)p[i]);
		OK(ops->fill(dev, p[i], (uint8_t)i, i * i, NULL));
	}
	int ordinal;
	OK(ops->pointer_device(dev, p[100] + 5000, &ordinal));
	CHECK(ordinal == 0, "%d", ordinal);
	OK(ops->pointer_device(dev, (gj_devptr)(uintptr_t)&ordinal, &ordinal));
	CHECK(ordinal == -1, "%d", ordinal);
	CHECK(ops->left(dev, p[100]) == 10000 && ops->left(dev, p[100] + 9999) == 1, "%zu", ops->left(dev, p[100]));
	CHECK(ops->left(dev, (gj_devptr)(uintptr_t)&ordinal) == SIZE_MAX, "of the program");
	unsigned char host[90000];
	OK(ops->copy(dev, GJ_D2H, (uintptr_t)host, p[299], 299 * 299, NULL));
	CHECK(host[0] == (unsigned char)299 && host[299 * 299 - 1] == (unsigned char)299, "%d", host[0]);
	OK(ops->copy(dev, GJ_D2D, p[50], p[299], 0, NULL));
	expect_error(ops->copy(dev, GJ_D2H, (uintptr_t)host, p[10] + 50, 51, NULL), GJ_E_INVALID, "only 50 left");
	expect_error(ops->copy(dev, GJ_H2D, p[10], (uintptr_t)host, 101, NULL), GJ_E_INVALID, "copy or fill of 101 bytes");
	expect_error(ops->fill(dev, p[10], 0, 101, NULL), GJ_E_INVALID, "only 100 left");
	expect_error(ops->copy(dev, GJ_H2D, 0, (uintptr_t)host, 1, NULL), GJ_E_INVALID, "address 0");
	expect_error(ops->free(dev, p[10] + 1, NULL), GJ_E_INVALID, "not the start of a live device allocation");
	expect_error(ops->free_kind(dev, GJ_MEM_PINNED, (gj_place){ p[10], NULL }), GJ_E_INVALID, "live allocation of this kind");
	for (size_t i = 0; i < 300; i++)
		OK(ops->free(dev, p[i * 7 % 300], NULL));
	expect_error(ops->free(dev, p[10], NULL), GJ_E_INVALID, "free of");
	OK(ops->free(dev, 0, NULL));
	expect_error(ops->alloc(dev, (size_t)1 << 60, NULL, &p[0]), GJ_E_NOMEM, "1152921504606846976 bytes wanted");
	expect_error(ops->alloc(dev, SIZE_MAX, NULL, &p[0]), GJ_E_NOMEM, "bytes wanted");
	CHECK(!p[0], "no pointer after a failure");
	for (int kind = GJ_MEM_PINNED; kind <= GJ_MEM_SHARED; kind++) {
		gj_place place;
		OK(ops->alloc_kind(dev, (gj_memory)kind, 1000, &place));
		CHECK(place.host == (void *)place.at && ops->left(dev, place.at + 1) == 999, "kind %d", kind);
		memset(place.host, 7, 1000);
		expect_error(ops->free(dev, place.at, NULL), GJ_E_INVALID, "live device allocation");
		OK(ops->free_kind(dev, (gj_memory)kind, place));
	}
	size_t left, total;
	OK(ops->memory_info(dev, &left, &total));
	CHECK(left > 0 && left <= total && total == dev->info.total_memory, "%zu of %zu", left, total);
}

/* Two mappings of one block; then none, since the owner has freed it. */
static void test_shared_memory(void)
{
	const gj_device_ops *ops = dev->ops;
	gj_place place;
	gj_share share;
	gj_devptr other, plain;
	OK(ops->alloc_kind(dev, GJ_MEM_SHARED, 100, &place));
	OK(ops->share(dev, place.at + 10, &share));
	OK(ops->open_shared(dev, &share, &other));
	memset(place.host, 5, 100);
	CHECK(share.offset == 10 && other != place.at && ((char *)other)[99] == 5, "offset %d", (int)share.offset);
	OK(ops->free_kind(dev, GJ_MEM_OPENED, (gj_place){ other, NULL }));
	OK(ops->free_kind(dev, GJ_MEM_SHARED, place));
	expect_error(ops->open_shared(dev, &share, &other), GJ_E_INVALID, "shares this memory no more");
	share.handle[0]++;
	expect_error(ops->open_shared(dev, &share, &other), GJ_E_INVALID, "no handle of memory");
	OK(ops->alloc(dev, 100, NULL, &plain));
	expect_error(ops->share(dev, plain, &share), GJ_E_INVALID, "no memory that can be shared");
	OK(ops->free(dev, plain, NULL));
}

/* Copies that several threads share, and overlapping ones. */
static void test_big_copies(void)
{
	size_t n = (20 << 20) + 4321;
	gj_devptr a, b;
	OK(dev->ops->alloc(dev, n, NULL, &a));
	OK(dev->ops->alloc(dev, n, NULL, &b));
	unsigned char *x = (unsigned char *)a, *y = (unsigned char *)b;
	for (size_t i = 0; i < n; i++)
		x[i] = (unsigned char)(i * 31 >> 3);
	OK(dev->ops->copy(dev, GJ_D2D, b, a, n, NULL));
	CHECK(!memcmp(x, y, n), "copy");
	OK(dev->ops->copy(dev, GJ_D2D, b + 1, b, n - 1, NULL));
	CHECK(y[0] == x[0] && !memcmp(x, y + 1, n - 1), "overlapping copy");
	OK(dev->ops->fill(dev, b, 0xa5, n, NULL));
	size_t bad = 0;
	for (size_t i = 0; i < n; i++)
		bad += y[i] != 0xa5;
	CHECK(!bad, "fill: %zu wrong", bad);
	OK(dev->ops->free(dev, a, NULL));
	OK(dev->ops->free(dev, b, NULL));
}

static void test_streams(void)
{
	const gj_device_ops *ops = dev->ops;
	gj_stream *s, *w;
	gj_event *a, *b, *c;
	float ms;
	OK(ops->stream_create(dev, &s));
	OK(ops->stream_wrap(dev, 2, &w));
	CHECK(ops->stream_handle(NULL) == 0 && ops->stream_handle(s) && ops->stream_handle(w) == 2, "handles");
	OK(ops->event_create(dev, true, &a));
	OK(ops->event_create(dev, true, &b));
	OK(ops->event_create(dev, false, &c));
	OK(ops->event_query(dev, a));
	expect_error(ops->event_elapsed(dev, a, b, &ms), GJ_E_INVALID, "not both been recorded");
	OK(ops->event_record(dev, a, s));
	usleep(3000);
	OK(ops->event_record(dev, b, s));
	OK(ops->event_record(dev, c, NULL));
	OK(ops->event_sync(dev, b));
	OK(ops->event_elapsed(dev, a, b, &ms));
	CHECK(ms >= 3 && ms < 3000, "%g", ms);
	expect_error(ops->event_elapsed(dev, a, c, &ms), GJ_E_INVALID, "without timing");
	OK(ops->stream_wait(dev, s, a));
	OK(ops->stream_query(dev, s));
	OK(ops->stream_sync(dev, NULL));
	OK(ops->sync(dev));
	OK(ops->event_destroy(dev, a));
	OK(ops->event_destroy(dev, b));
	OK(ops->event_destroy(dev, c));
	OK(ops->stream_destroy(dev, s));
	OK(ops->stream_destroy(dev, w));
	expect_error(ops->stream_wrap(dev, 0x1234, &s), GJ_E_INVALID, "belongs to a GPU");
	gj_device *none;
	expect_error(gj_cpu_open(1, &none), GJ_E_NODEVICE, "no CPU 1");
}

static void test_info(void)
{
	gj_device *again;
	OK(gj_cpu_open(0, &again));
	CHECK(again == dev && dev->ops->host_memory && !strcmp(dev->ops->kind, "cpu"), "one device");
	CHECK(dev->ops->target == &gj_targets[GJ_TARGET_CPU] && !dev->ops->link && gj_cpu_count() == 1, "what it is made for");
	const gj_device_info *i = &dev->info;
	CHECK(strstr(i->name, "(CPU)") && i->multiprocessors == (int)gj_pool_threads() && i->warp_size == 32, "%s", i->name);
	gj_kernel *k = load("nothing", (opts){ .shared = 100, .local = 320, .max_threads = 100 });
	gj_kernel_info ki;
	int block, grid, blocks;
	OK(dev->ops->kernel_info(dev, k, &ki));
	CHECK(ki.max_threads == 100 && ki.shared_bytes == 100 && ki.local_bytes == 10, "%d %zu", ki.max_threads,
	      ki.local_bytes);
	OK(dev->ops->suggest_block(dev, k, 0, &block, &grid));
	CHECK(block == 96 && grid >= 1, "%d %d", block, grid);
	OK(dev->ops->occupancy(dev, k, 64, 0, &blocks));
	CHECK(blocks == 32, "%d", blocks);
	OK(dev->ops->occupancy(dev, k, 128, 0, &blocks));
	CHECK(blocks == 0, "%d", blocks);
	expect_error(dev->ops->occupancy(dev, k, 0, 0, &blocks), GJ_E_INVALID, "0 threads");
	dev->ops->unload(dev, k);
	CHECK(gj_cpu_symbol("expf", NULL) && gj_cpu_symbol("_ZGVbN2v_sin", NULL) && !gj_cpu_symbol("no_such_function", NULL) &&
	      !gj_cpu_symbol("_ZGVbN2v_nothing", NULL), "symbols");
}

/* -- Threads and processes ------------------------------------------------------------------------------------------ */

static gj_kernel *shared_kernel[4];

/* Launches kernels of all kinds, failing ones too; returns how many answers were wrong. */
static void *hammer(void *arg)
{
	static uint32_t buffer[6][64 * 256];
	long bad = 0, me = (long)(intptr_t)arg;
	uint32_t *data = buffer[me], *p = data;
	for (int i = 0; i < 60; i++) {
		uint32_t grid = i % 3 ? 60 : 1;
		memset(data, 0, sizeof buffer[me]);
		bad += go(shared_kernel[0], grid, 256, 0, &p, sizeof p) != GJ_OK || differing(data, grid, 8);
		ptr_int r = { data, 2, 0 };
		bad += go(shared_kernel[1], grid, 256, 0, &r, sizeof r) != GJ_OK;
		struct { uint32_t block, warp, site; } d = { grid - 1, (uint32_t)me % 8, 2 };
		char wanted[64];
		snprintf(wanted, sizeof wanted, "(block (%u,0,0), warp %u)", grid - 1, (unsigned)me % 8);
		bad += go(shared_kernel[2], grid, 256, 0, &d, sizeof d) != GJ_E_LAUNCH || !strstr(gj_error_text(), wanted);
		uint32_t slot[2] = { 0 }, wrong = 0;
		struct { uint32_t *slot; uint64_t rounds; uint32_t *wrong; } c = { slot, 3, &wrong };
		bad += go(shared_kernel[3], 2, 64, 0, &c, sizeof c) != GJ_OK || wrong;
		gj_devptr m;
		bad += dev->ops->alloc(dev, (size_t)i * 100, NULL, &m) != GJ_OK || dev->ops->free(dev, m, NULL) != GJ_OK;
	}
	return (void *)(intptr_t)bad;
}

static void load_shared(void)
{
	shared_kernel[0] = load("tally", (opts){ 0 });
	shared_kernel[1] = load("reverse", (opts)BAR);
	shared_kernel[2] = load("divergent", (opts)BAR);
	shared_kernel[3] = load("grid_rounds", (opts){ .barriers = true, .cooperative = true });
}

static void unload_shared(void)
{
	for (int i = 0; i < 4; i++)
		dev->ops->unload(dev, shared_kernel[i]);
}

static void test_threads(void)
{
	pthread_t t[6];
	for (long i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, hammer, (void *)i);
	long bad = 0;
	for (int i = 0; i < 6; i++) {
		void *b;
		pthread_join(t[i], &b);
		bad += (long)(intptr_t)b;
	}
	CHECK(!bad, "%ld wrong answers", bad);
}

/* Children launch while threads of the parent do. TSan cannot follow: its own locks may be held at the fork. */
static void test_fork(void)
{
#if !TSAN
	pthread_t t[2];
	for (long i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, hammer, (void *)i);
	for (int i = 0; i < 10; i++) {
		fflush(stdout);
		pid_t pid = fork();
		if (!pid) {
			alarm(100);
			_exit(hammer((void *)3) ? 1 : 0);
		}
		int status = -1;
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		CHECK(status == 0, "child ended with %#x", status);
	}
	long bad = 0;
	for (int i = 0; i < 2; i++) {
		void *b;
		pthread_join(t[i], &b);
		bad += (long)(intptr_t)b;
	}
	CHECK(!bad, "%ld wrong answers", bad);
#endif
}

static double cpu_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void test_idle(void)
{
	usleep(20000);
	double before = cpu_seconds();
	usleep(300000);
	CHECK(cpu_seconds() - before < 0.1, "idle threads used %g s of 0.3", cpu_seconds() - before);
}

static void test_environment(const char *value, bool good, int threads)
{
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		setenv("GRIDJIT_CPU_THREADS", value, 1);
		gj_device *d;
		gj_status status = gj_cpu_open(0, &d);
		_exit(good ? status || d->info.multiprocessors != threads : status != GJ_E_INVALID || d);
	}
	int status;
	waitpid(pid, &status, 0);
	CHECK(status == 0, "GRIDJIT_CPU_THREADS=%s", value);
}

/* -- Benchmark -------------------------------------------------------------------------------------------------------- */

static double best_ns(gj_kernel *k, uint32_t grid, uint32_t block, void *p, size_t n, int repeat)
{
	double best = 1e30;
	for (int t = 0; t < 7; t++) {
		uint64_t start = gj_now_ns();
		for (int i = 0; i < repeat; i++)
			go(k, grid, block, 0, p, n);
		double ns = (double)(gj_now_ns() - start) / repeat;
		best = ns < best ? ns : best;
	}
	return best;
}

static void bench(void)
{
	gj_kernel *empty = load("nothing", (opts){ 0 }), *bar = load("barriers", (opts)BAR), *k = load("saxpy", (opts){ 0 });
	gj_kernel *tree = load("tree_1", (opts)BAR1);
	uint32_t p[2] = { 0 };
	printf("launch of 1 block: %.0f ns\n", best_ns(empty, 1, 256, p, 8, 10000));
	printf("launch of 1 block with barriers, 8 warps: %.0f ns\n", best_ns(bar, 1, 256, p, 8, 10000));
	printf("empty blocks: %.1f ns each\n", best_ns(empty, 1000000, 256, p, 8, 10) / 1e6);
	printf("empty blocks with barriers, 8 warps: %.1f ns each\n", best_ns(bar, 100000, 256, p, 8, 10) / 1e5);
	p[0] = 1000;
	for (uint32_t block = 64; block <= 1024; block *= 2)
		printf("barrier, %2u warps: %.1f ns a warp\n", block / 32,
		       best_ns(bar, 1, block, p, 8, 100) / 1000 / (block / 32));
	uint32_t *sums = calloc(1000, 4);
	printf("width 1, tree sum of 1024 threads: %.1f us a block\n", best_ns(tree, 100, 1024, &sums, 8, 3) / 1e5);
	free(sums);
	for (long n = 1 << 12; n <= 1 << 24; n <<= 4) {
		gj_devptr a[3];
		for (int i = 0; i < 3; i++) {
			dev->ops->alloc(dev, 4 * (size_t)n, NULL, &a[i]);
			dev->ops->fill(dev, a[i], 0, 4 * (size_t)n, NULL);
		}
		saxpy_args s = { n, 2, (float *)a[0], (float *)a[1], (float *)a[2] };
		double ns = best_ns(k, (uint32_t)(n / 256), 256, &s, sizeof s, n > 100000 ? 5 : 500);
		printf("saxpy of %ld: %.1f us, %.3f ns an element\n", n, ns / 1000, ns / (double)n);
		for (int i = 0; i < 3; i++)
			dev->ops->free(dev, a[i], NULL);
	}
}

static void test_all(void)
{
	test_info();
	test_saxpy();
	test_blocks();
	test_grid_3d();
	test_sections();
	test_deep_stack();
	test_reverse();
	test_votes();
	test_shared();
	test_width_1();
	test_grid_sync();
	test_resumable();
	test_kernel_errors();
	test_launch_errors();
	test_memory();
	test_shared_memory();
	test_big_copies();
	test_streams();
	load_shared();
	test_threads();
	test_fork();
	unload_shared();
	test_idle();
}

/* What processors call that do not convert float16. */
static void test_halves(void)
{
	float (*extend)(float) = (float (*)(float))gj_cpu_symbol("__extendhfsf2", NULL), (*single)(float) = (float (*)(float))gj_cpu_symbol("__truncsfhf2", NULL);
	float (*dbl)(double) = (float (*)(double))gj_cpu_symbol("__truncdfhf2", NULL);
	CHECK(extend && single && dbl, "no symbols");
	for (uint32_t i = 0; extend && i < 1u << 16; i++) {
		uint32_t bits = i | 0xabcd0000, from_single, from_double;
		float x;
		memcpy(&x, &bits, sizeof x);
		float value = extend(x), a = single(value), b = dbl((double)value);
		memcpy(&from_single, &a, sizeof a);
		memcpy(&from_double, &b, sizeof b);
		bool nan = (i & 0x7fff) > 0x7c00;
		CHECK((from_single & 0xffff) == (nan ? i | 0x200 : i) && (from_double & 0xffff) == (from_single & 0xffff), "%x", i);
	}
	CHECK(!extend || extend(0.0f) == 0, "zero");
}

int main(int argc, char **argv)
{
	bool timing = argc > 2 && !strcmp(argv[1], "bench");
	static const char *const bad[] = { "0", "-1", "x", "2x", "1025", " 3", "99999999999999999999" };
	for (size_t i = 0; !timing && i < GJ_LEN(bad); i++)
		test_environment(bad[i], false, 0);
	if (!timing)
		test_environment("3", true, 3);
	test_halves();
	if (gj_cpu_open(0, &dev) != GJ_OK) {
		printf("%s\n", gj_error_text());
		return 1;
	}
	for (int i = 1 + timing; i < argc; i++) {
		object = read_file(argv[i], &size);
		if (timing)
			bench();
		else
			test_all();
		free(object);
	}
	return timing ? 0 : done();
}
