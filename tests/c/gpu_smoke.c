/* The CUDA device on a real GPU: what the fake driver cannot tell. Checks and measures memory, copies, kernels, the
 * linker, occupancy, cooperative launches, errors in words, and last a kernel that loses the context.
 * Build: make -C tests/c gpu_smoke BUILD=dir. Copies: GRIDJIT_COPY_THREADS and GRIDJIT_COPY_CHUNK (bytes) tune. */
#define _GNU_SOURCE
#include "check.h"
#include "run/status.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OK(COND) CHECK(COND, "%s", gj_error_text())

static const char HEAD[] = ".version 7.0\n.target sm_60\n.address_size 64\n";

/* y[i] += a x[i] for i < n; parameters: x, y, n, a. */
static const char SAXPY[] =
	".version 7.0\n.target sm_60\n.address_size 64\n"
	".visible .entry saxpy(.param .u64 px, .param .u64 py, .param .u32 pn, .param .f32 pa)\n{\n"
	"\t.reg .pred %p<2>;\n\t.reg .f32 %f<5>;\n\t.reg .b32 %r<6>;\n\t.reg .b64 %d<8>;\n"
	"\tld.param.u64 %d1, [px];\n\tld.param.u64 %d2, [py];\n\tld.param.u32 %r1, [pn];\n\tld.param.f32 %f1, [pa];\n"
	"\tmov.u32 %r2, %ctaid.x;\n\tmov.u32 %r3, %ntid.x;\n\tmov.u32 %r4, %tid.x;\n\tmad.lo.s32 %r5, %r2, %r3, %r4;\n"
	"\tsetp.ge.u32 %p1, %r5, %r1;\n\t@%p1 bra DONE;\n"
	"\tcvta.to.global.u64 %d3, %d1;\n\tcvta.to.global.u64 %d4, %d2;\n\tmul.wide.u32 %d5, %r5, 4;\n"
	"\tadd.s64 %d6, %d3, %d5;\n\tadd.s64 %d7, %d4, %d5;\n"
	"\tld.global.f32 %f2, [%d6];\n\tld.global.f32 %f3, [%d7];\n\tfma.rn.f32 %f4, %f2, %f1, %f3;\n"
	"\tst.global.f32 [%d7], %f4;\nDONE:\n\tret;\n}\n";

/* Dynamic shared memory: thread 0 writes and reads its last word; parameters: out, byte offset. */
static const char SHARED[] =
	".version 7.0\n.target sm_60\n.address_size 64\n.extern .shared .align 16 .b8 dyn[];\n"
	".visible .entry shared(.param .u64 out, .param .u32 at)\n{\n"
	"\t.reg .b32 %r<6>;\n\t.reg .b64 %d<3>;\n"
	"\tld.param.u64 %d1, [out];\n\tcvta.to.global.u64 %d2, %d1;\n\tld.param.u32 %r1, [at];\n\tmov.u32 %r2, dyn;\n"
	"\tadd.u32 %r3, %r2, %r1;\n\tmov.u32 %r4, 4711;\n\tst.shared.u32 [%r3], %r4;\n\tld.shared.u32 %r5, [%r3];\n"
	"\tst.global.u32 [%d2], %r5;\n\tret;\n}\n";

static gj_device *d;

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static gj_image image_of(const char *ptx, const char *entry)
{
	return (gj_image){ .format = GJ_FMT_PTX, .code = (uint8_t *)ptx, .ncode = strlen(ptx), .entry = (char *)entry };
}

static gj_devptr alloc(size_t n, gj_stream *s)
{
	gj_devptr p = 0;
	OK(d->ops->alloc(d, n, s, &p) == GJ_OK && p);
	return p;
}

static void show_device(void)
{
	const gj_device_info *i = &d->info;
	size_t available, total;
	OK(d->ops->memory_info(d, &available, &total) == GJ_OK && available <= total && total > 0);
	printf("%s, sm_%d%d, driver %d, %d SMs, %zu MiB (%zu free), shared %zu/%zu, warp %d, pci %x:%x:%x\n", i->name,
	       i->cc_major, i->cc_minor, i->driver_version, i->multiprocessors, total >> 20, available >> 20,
	       i->shared_per_block, i->shared_per_block_optin, i->warp_size, i->pci_domain, i->pci_bus, i->pci_device);
	OK(i->warp_size == 32 && i->max_threads_per_block == 1024 && i->max_grid[0] == 2147483647);
}

/* -- Memory ------------------------------------------------------------------------------------------------------ */

static void measure_alloc(size_t n, const char *what)
{
	enum { TIMES = 2000 };
	gj_devptr p;
	bool ok = true;
	for (int round = 0; round < 2; round++) {
		double start = now_us();
		for (int i = 0; i < TIMES; i++)
			ok = d->ops->alloc(d, n, NULL, &p) == GJ_OK && d->ops->free(d, p, NULL) == GJ_OK && ok;
		if (round)
			printf("alloc + free of %zu bytes (%s): %.2f us\n", n, what, (now_us() - start) / TIMES);
	}
	OK(ok);
}

static void test_pointers(void)
{
	gj_devptr a = alloc(100, NULL);
	gj_place pin = { 0 };
	int where = 5;
	OK(d->ops->pointer_device(d, a, &where) == GJ_OK && where == 0);
	OK(d->ops->pointer_device(d, (uintptr_t)&where, &where) == GJ_OK && where == -1);
	OK(d->ops->alloc_kind(d, GJ_MEM_PINNED, 100, &pin) == GJ_OK);
	OK(d->ops->pointer_device(d, pin.at, &where) == GJ_OK && where == 0);
	OK(d->ops->free_kind(d, GJ_MEM_PINNED, pin) == GJ_OK && d->ops->free(d, a, NULL) == GJ_OK);
	OK(d->ops->free(d, a, NULL) == GJ_E_INVALID);
}

static void test_no_memory(void)
{
	gj_devptr p[64] = { 0 };
	int n = 0;
	size_t before = 0, after = 0, total = 0;
	gj_status s = GJ_OK;
	OK(d->ops->memory_info(d, &before, &total) == GJ_OK);
	OK(d->ops->alloc(d, (size_t)1 << 50, NULL, &p[0]) == GJ_E_NOMEM);
	printf("too much: %s\n", gj_error_text());
	while (n < 64 && (s = d->ops->alloc(d, total / 16, NULL, &p[n])) == GJ_OK)
		n++;
	OK(s == GJ_E_NOMEM && n >= 4);
	printf("after %d sixteenths: %s\n", n, gj_error_text());
	while (n > 0)
		OK(d->ops->free(d, p[--n], NULL) == GJ_OK);
	OK(d->ops->sync(d) == GJ_OK && d->ops->memory_info(d, &after, &total) == GJ_OK);
	printf("free before %zu MiB, after %zu MiB\n", before >> 20, after >> 20);
	OK(after + (before >> 4) >= before);
	OK(d->ops->alloc(d, before / 4 * 3, NULL, &p[0]) == GJ_OK && d->ops->free(d, p[0], NULL) == GJ_OK);
}

/* -- Copies ------------------------------------------------------------------------------------------------------ */

/* Best and first of several, in GB/s; the first shows what pinning costs. */
static void measure_copy(const char *what, gj_copy kind, uintptr_t dst, uintptr_t src, size_t n, gj_stream *s)
{
	double first = 0, best = 0;
	for (int i = 0; i < 8; i++) {
		double start = now_us();
		OK(d->ops->copy(d, kind, dst, src, n, s) == GJ_OK && d->ops->stream_sync(d, s) == GJ_OK);
		double rate = (double)n / (now_us() - start) * 1e-3;
		first = i ? first : rate;
		best = rate > best ? rate : best;
	}
	printf("copy of %zu MiB, %s: %.1f GB/s (the first: %.1f)\n", n >> 20, what, best, first);
}

static void fill_words(uint32_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint32_t)i * 2654435761u + seed;
}

static void test_copies(void)
{
	enum { N = 256 << 20 };
	gj_stream *s = NULL;
	gj_devptr a = alloc(N, NULL), b = alloc(N, NULL);
	uint32_t *from = malloc(N), *to = malloc(N);
	gj_place pin = { 0 };
	OK(d->ops->stream_create(d, &s) == GJ_OK && d->ops->alloc_kind(d, GJ_MEM_PINNED, N, &pin) == GJ_OK);
	gj_stream *streams[] = { NULL, s };
	for (uint32_t i = 0; i < 2; i++) {
		fill_words(from, N / 4, i);
		memset(to, 0, N);
		measure_copy(i ? "pageable up, stream" : "pageable up", GJ_H2D, a, (uintptr_t)from, N, streams[i]);
		measure_copy("device to device", GJ_D2D, b, a, N, streams[i]);
		measure_copy(i ? "pageable down, stream" : "pageable down", GJ_D2H, (uintptr_t)to, b, N, streams[i]);
		OK(memcmp(from, to, N) == 0);
		measure_copy("pinned down", GJ_D2H, pin.at, b, N, streams[i]);
		OK(memcmp(from, pin.host, N) == 0);
		measure_copy("pinned up", GJ_H2D, a, pin.at, N, streams[i]);
	}
	for (size_t n = 1; n < N; n = n * 3 + 1) { /* sizes around the chunks, with a host buffer that is reused at once */
		fill_words(from, n / 4 + 1, (uint32_t)n);
		memcpy(to, from, n);
		OK(d->ops->copy(d, GJ_H2D, a, (uintptr_t)to, n, s) == GJ_OK);
		memset(to, 0x5A, n);
		OK(d->ops->copy(d, GJ_D2H, (uintptr_t)to, a, n, s) == GJ_OK && memcmp(from, to, n) == 0);
	}
	uint32_t *fresh = malloc(N);
	double start = now_us();
	OK(d->ops->copy(d, GJ_D2H, (uintptr_t)fresh, b, N, NULL) == GJ_OK);
	printf("copy of %d MiB, down to memory never touched: %.1f GB/s\n", N >> 20, N / (now_us() - start) * 1e-3);
	free(fresh), free(from), free(to);
	OK(d->ops->free_kind(d, GJ_MEM_PINNED, pin) == GJ_OK && d->ops->free(d, a, NULL) == GJ_OK && d->ops->free(d, b, NULL) == GJ_OK);
	OK(d->ops->stream_destroy(d, s) == GJ_OK);
}

/* -- Kernels ----------------------------------------------------------------------------------------------------- */

typedef struct saxpy_params { gj_devptr x, y; uint32_t n; float a; } saxpy_params;

static void run_saxpy(gj_kernel *k, gj_stream *s)
{
	enum { N = 1000003 };
	float *x = malloc(N * 4), *y = malloc(N * 4);
	saxpy_params p = { alloc(N * 4, s), alloc(N * 4, s), N, 2.0f };
	gj_launch l = { .grid = { (N + 255) / 256, 1, 1 }, .block = { 256, 1, 1 }, .stream = s, .params = &p,
	                .nparams = 24 };
	gj_event *e[2];
	float ms = -1;
	int wrong = 0;
	for (int i = 0; i < N; i++)
		x[i] = (float)i, y[i] = 1;
	OK(d->ops->event_create(d, true, &e[0]) == GJ_OK && d->ops->event_create(d, true, &e[1]) == GJ_OK);
	OK(d->ops->copy(d, GJ_H2D, p.x, (uintptr_t)x, N * 4, s) == GJ_OK);
	OK(d->ops->copy(d, GJ_H2D, p.y, (uintptr_t)y, N * 4, s) == GJ_OK && d->ops->event_record(d, e[0], s) == GJ_OK);
	OK(d->ops->launch(d, k, &l) == GJ_OK && d->ops->event_record(d, e[1], s) == GJ_OK);
	OK(d->ops->event_sync(d, e[1]) == GJ_OK && d->ops->event_query(d, e[1]) == GJ_OK);
	OK(d->ops->event_elapsed(d, e[0], e[1], &ms) == GJ_OK && ms > 0 && ms < 1000);
	OK(d->ops->copy(d, GJ_D2H, (uintptr_t)y, p.y, N * 4, s) == GJ_OK);
	for (int i = 0; i < N; i++)
		wrong += y[i] != 2 * x[i] + 1;
	CHECK(wrong == 0, "%d of %d items", wrong, N);
	printf("saxpy of %d: %.4f ms\n", N, ms);
	OK(d->ops->event_destroy(d, e[0]) == GJ_OK && d->ops->event_destroy(d, e[1]) == GJ_OK);
	OK(d->ops->free(d, p.x, s) == GJ_OK && d->ops->free(d, p.y, s) == GJ_OK);
	free(x), free(y);
}

static void measure_launch(gj_kernel *k, gj_stream *s, const char *what)
{
	enum { TIMES = 20000 };
	saxpy_params p = { 0, 0, 0, 1 };
	gj_launch l = { .grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .stream = s, .params = &p, .nparams = 24 };
	bool ok = true;
	double best = 1e9;
	for (int round = 0; round < 6; round++) {
		double start = now_us();
		for (int i = 0; i < TIMES; i++)
			ok = d->ops->launch(d, k, &l) == GJ_OK && ok;
		double us = (now_us() - start) / TIMES;
		ok = d->ops->stream_sync(d, s) == GJ_OK && ok;
		best = us < best ? us : best;
	}
	OK(ok);
	printf("launch on %s: %.3f us\n", what, best);
}

static void test_kernels(void)
{
	gj_image ptx = image_of(SAXPY, "saxpy"), cubin = ptx, together = ptx;
	gj_kernel *k = NULL, *c = NULL, *g = NULL;
	gj_kernel_info info;
	gj_stream *s = NULL;
	int block, grid, blocks;
	double start = now_us();
	OK(d->ops->load(d, &ptx, &k) == GJ_OK);
	printf("load PTX: %.0f us\n", now_us() - start);
	OK(d->ops->kernel_info(d, k, &info) == GJ_OK && info.registers > 0 && info.max_threads == 1024);
	OK(d->ops->suggest_block(d, k, 0, &block, &grid) == GJ_OK && block >= 32 && block % 32 == 0 && grid > 0);
	OK(d->ops->occupancy(d, k, 256, 0, &blocks) == GJ_OK && blocks >= 1);
	printf("saxpy: %d registers, suggested block %d, grid %d; %d blocks of 256 a multiprocessor\n", info.registers,
	       block, grid, blocks);
	measure_launch(k, NULL, "the default stream");
	OK(d->ops->stream_create(d, &s) == GJ_OK);
	measure_launch(k, s, "a stream");
	run_saxpy(k, NULL);
	start = now_us();
	OK(d->ops->link(d, SAXPY, strlen(SAXPY), 0, NULL, 0, &cubin.code, &cubin.ncode) == GJ_OK);
	printf("link to a cubin of %zu bytes: %.0f us\n", cubin.ncode, now_us() - start);
	cubin.format = GJ_FMT_CUBIN;
	start = now_us();
	OK(d->ops->load(d, &cubin, &c) == GJ_OK);
	printf("load cubin: %.0f us\n", now_us() - start);
	run_saxpy(c, s);
	free(cubin.code);
	OK(d->ops->link(d, SAXPY, strlen(SAXPY), 16, NULL, 0, &cubin.code, &cubin.ncode) == GJ_OK);
	free(cubin.code);
	together.cooperative = true;
	OK(d->ops->load(d, &together, &g) == GJ_OK);
	saxpy_params p = { 0, 0, 0, 1 };
	gj_launch l = { .grid = { 4, 1, 1 }, .block = { 64, 1, 1 }, .stream = s, .params = &p, .nparams = 24 };
	OK(d->ops->launch(d, g, &l) == GJ_OK && d->ops->stream_sync(d, s) == GJ_OK);
	l.grid[0] = 10000000;
	OK(d->ops->launch(d, g, &l) == GJ_E_INVALID);
	printf("cooperative, too large: %s\n", gj_error_text());
	l.grid[0] = 1, l.block[0] = 2000;
	OK(d->ops->launch(d, k, &l) == GJ_E_INVALID);
	printf("block too large: %s\n", gj_error_text());
	d->ops->unload(d, k), d->ops->unload(d, c), d->ops->unload(d, g);
	OK(d->ops->stream_destroy(d, s) == GJ_OK);
}

static void test_shared(void)
{
	gj_image image = image_of(SHARED, "shared");
	gj_kernel *k = NULL;
	struct { gj_devptr out; uint32_t at; } p = { alloc(4, NULL), 0 };
	uint32_t sizes[] = { 1024, 49152, 65536, (uint32_t)d->info.shared_per_block_optin }, got;
	gj_launch l = { .grid = { 1, 1, 1 }, .block = { 1, 1, 1 }, .params = &p, .nparams = 12 };
	OK(d->ops->load(d, &image, &k) == GJ_OK);
	for (size_t i = 0; i < GJ_LEN(sizes); i++) {
		l.shared = sizes[i], p.at = sizes[i] - 4, got = 0;
		OK(d->ops->fill(d, p.out, 0, 4, NULL) == GJ_OK && d->ops->launch(d, k, &l) == GJ_OK);
		OK(d->ops->copy(d, GJ_D2H, (uintptr_t)&got, p.out, 4, NULL) == GJ_OK);
		CHECK(got == 4711, "shared memory of %u bytes", sizes[i]);
	}
	l.shared = sizes[3] + 1;
	OK(d->ops->launch(d, k, &l) == GJ_E_INVALID);
	printf("too much shared memory: %s\n", gj_error_text());
	d->ops->unload(d, k);
	OK(d->ops->free(d, p.out, NULL) == GJ_OK);
}

/* -- Errors ------------------------------------------------------------------------------------------------------ */

static void test_bad_code(void)
{
	char bad[300];
	uint8_t *cubin, junk[512] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	size_t n;
	gj_kernel *k;
	snprintf(bad, sizeof bad, "%s.visible .entry f()\n{\n\tadd.nonsense %%r1;\n\tret;\n}\n", HEAD);
	gj_image image = image_of(bad, "f");
	OK(d->ops->load(d, &image, &k) == GJ_E_LOAD && strstr(gj_error_text(), "ptxas"));
	printf("bad PTX, load: %s\n", gj_error_text());
	OK(d->ops->link(d, bad, strlen(bad), 0, NULL, 0, &cubin, &n) == GJ_E_LOAD && strstr(gj_error_text(), "ptxas"));
	printf("bad PTX, link: %s\n", gj_error_text());
	snprintf(bad, sizeof bad, ".version 99.0\n.target sm_60\n.address_size 64\n.visible .entry f()\n{\n\tret;\n}\n");
	OK(d->ops->link(d, bad, strlen(bad), 0, NULL, 0, &cubin, &n) == GJ_E_LOAD);
	printf("PTX of the future: %s\n", gj_error_text());
	image = image_of(SAXPY, "nobody");
	OK(d->ops->load(d, &image, &k) == GJ_E_LOAD);
	printf("no such entry: %s\n", gj_error_text());
	image.format = GJ_FMT_CUBIN, image.code = junk, image.ncode = sizeof junk;
	OK(d->ops->load(d, &image, &k) == GJ_E_LOAD);
	printf("junk for a cubin: %s\n", gj_error_text());
}

static void test_fork(void)
{
	int status = -1;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		gj_devptr p;
		bool ok = d->ops->alloc(d, 10, NULL, &p) == GJ_E_FORKED && d->ops->sync(d) == GJ_E_FORKED;
		printf("in a forked child: %s\n", gj_error_text());
		fflush(NULL);
		_exit(ok ? 0 : 1);
	}
	OK(waitpid(pid, &status, 0) == pid && status == 0 && d->ops->sync(d) == GJ_OK);
}

/* Last: nothing works afterwards. */
static void test_out_of_bounds(void)
{
	gj_image image = image_of(SAXPY, "saxpy");
	gj_kernel *k = NULL;
	saxpy_params p = { 64, 64, 1, 1 };         /* no such addresses */
	gj_launch l = { .grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .params = &p, .nparams = 24 };
	gj_devptr a;
	OK(d->ops->load(d, &image, &k) == GJ_OK && d->ops->launch(d, k, &l) == GJ_OK);
	OK(d->ops->sync(d) == GJ_E_LAUNCH && gj_error_code() == 700);
	printf("out of bounds: %s\n", gj_error_text());
	OK(d->ops->alloc(d, 4 << 20, NULL, &a) == GJ_E_LAUNCH);
	printf("the next call: %s\n", gj_error_text());
	d->ops->unload(d, k);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("GPUs: %d %s\n", gj_cuda_count(), gj_cuda_why());
	CHECK(gj_cuda_open(0, &d) == GJ_OK, "%s", gj_error_text());
	if (!d)
		return done();
	show_device();
	measure_alloc(1 << 20, "listed");
	measure_alloc(4 << 20, "pool");
	test_pointers();
	test_kernels();
	test_shared();
	test_copies();
	measure_alloc(1 << 20, "after a stream was made: pool");
	test_no_memory();
	test_bad_code();
	test_fork();
	test_out_of_bounds();
	return done();
}
