/* The CUDA device over the fake driver (argument 1: its library). The driver is opened once a process and never closed,
 * so each test is a child process, with the environment that it wants. */
#define _GNU_SOURCE
#include "cuda_lib.h"
#include "base/interrupt.h"

#include <pthread.h>

static gj_device *open_gpu(void)
{
	gj_device *d = NULL;
	gj_cuda_open(0, &d);
	return d;
}

static bool says(const char *what)
{
	return strstr(gj_error_text(), what) != NULL;
}

/* -- Finding the driver ------------------------------------------------------------------------------------------ */

static const char *expected_why;

static void test_absent(void)
{
	gj_device *d = (gj_device *)1;
	OK(gj_cuda_count() == 0);
	CHECK(strstr(gj_cuda_why(), expected_why), "%s", gj_cuda_why());
	OK(gj_cuda_open(0, &d) == GJ_E_NODEVICE && d == NULL && says(expected_why));
	OK(gj_cuda_count() == 0 && gj_cuda_open(7, &d) == GJ_E_NODEVICE);
}

static void absent(const char *environment, const char *why)
{
	expected_why = why;
	RUN(test_absent, environment);
}

static void test_open(void)
{
	gj_device *d = NULL, *again = NULL, *other = NULL;
	OK(fk->calls(NULL) == 0);
	OK(gj_cuda_count() == 2 && gj_cuda_why()[0] == 0);
	OK(fk->calls("cuDevicePrimaryCtxRetain") == 0);
	OK(gj_cuda_open(0, &d) == GJ_OK && gj_cuda_open(0, &again) == GJ_OK && d == again);
	OK(gj_cuda_open(1, &other) == GJ_OK && other != d);
	OK(gj_cuda_open(2, &again) == GJ_E_NODEVICE && says("no GPU 2") && again == NULL);
	OK(gj_cuda_open(-1, &again) == GJ_E_NODEVICE);
	OK(strcmp(d->ops->kind, "cuda") == 0 && !d->ops->host_memory && d->ordinal == 0 && other->ordinal == 1);
	const gj_device_info *i = &d->info;
	OK(strcmp(i->name, "Fake GPU 0") == 0 && i->uuid[0] == 'a' && other->info.uuid[15] == 'b');
	OK(i->cc_major == 9 && i->cc_minor == 0 && i->driver_version == 13000 && i->ptx_version == 90 && i->warp_size == 32);
	OK(d->ops->target == &gj_targets[GJ_TARGET_NVPTX] && i->warp_size == (int)d->ops->target->warp);
	OK(i->max_threads_per_block == 1024 && i->shared_per_block == 49152 && i->shared_per_block_optin == 232448);
	OK(i->multiprocessors == 1016 && i->max_block[2] == 1004 && i->max_grid[0] == 1005 && i->pci_domain == 1050);
	OK(i->total_memory == (size_t)1 << 30 && i->registers_per_block == 1012 && i->clock_khz == 1013);

	gj_devptr a = 0, b = 0;
	int where = 9;
	OK(d->ops->alloc(d, 100, NULL, &a) == GJ_OK && other->ops->alloc(other, 100, NULL, &b) == GJ_OK);
	OK(d->ops->pointer_device(d, b, &where) == GJ_OK && where == 1);
	OK(d->ops->pointer_device(d, a, &where) == GJ_OK && where == 0);
	OK(d->ops->copy(d, GJ_D2D, a, b, 100, NULL) == GJ_OK);
	OK(d->ops->free(d, a, NULL) == GJ_OK && other->ops->free(other, b, NULL) == GJ_OK);
}

/* -- Memory ------------------------------------------------------------------------------------------------------ */

static gj_devptr alloc(gj_device *d, size_t n, gj_stream *s)
{
	gj_devptr p = 0;
	OK(d->ops->alloc(d, n, s, &p) == GJ_OK && p);
	return p;
}

static void test_lists(void)
{
	gj_device *d = open_gpu();
	gj_stream *s = NULL, *t = NULL, *foreign = NULL;
	gj_devptr a = alloc(d, 1000, NULL), b = alloc(d, 1000, NULL), c;
	OK(a != b && d->ops->free(d, a, NULL) == GJ_OK);
	unsigned before = fk->calls("cuMemAllocAsync");
	OK((c = alloc(d, 900, NULL)) == a && fk->calls("cuMemAllocAsync") == before);    /* 900 and 1000 share a class */
	OK(d->ops->free(d, c, NULL) == GJ_OK);
	OK(d->ops->free(d, c, NULL) == GJ_E_INVALID && says("freed twice"));
	OK(d->ops->free(d, 12345, NULL) == GJ_E_INVALID && d->ops->free(d, 0, NULL) == GJ_OK);
	OK((c = alloc(d, 5000, NULL)) != a && d->ops->free(d, c, NULL) == GJ_OK && fk->live().blocks == 3);
	c = alloc(d, 3 << 20, NULL);                                                     /* too big for the lists */
	OK(d->ops->free(d, c, NULL) == GJ_OK && fk->live().blocks == 3);

	/* Other streams come to exist: the default stream's lists are given back, and not used any more. */
	OK(d->ops->stream_create(d, &s) == GJ_OK && d->ops->stream_create(d, &t) == GJ_OK && fk->live().blocks == 1);
	OK(d->ops->free(d, b, NULL) == GJ_OK && fk->live().blocks == 0);
	a = alloc(d, 1000, s);
	OK(fk->calls("cuMemAlloc") || fk->stream_of(a) == (CUstream)d->ops->stream_handle(s));
	OK(d->ops->free(d, a, s) == GJ_OK && fk->live().blocks == 1);
	b = alloc(d, 1000, t), c = alloc(d, 1000, NULL);
	OK(b != a && c != a);                                                            /* not on another stream */
	OK(alloc(d, 1000, s) == a);
	OK(d->ops->free(d, a, s) == GJ_OK && d->ops->free(d, b, t) == GJ_OK && d->ops->free(d, c, NULL) == GJ_OK);
	OK(fk->live().blocks == 2 && d->ops->stream_destroy(d, s) == GJ_OK && fk->live().blocks == 1);
	OK(d->ops->stream_wrap(d, d->ops->stream_handle(t), &foreign) == GJ_OK);
	c = alloc(d, 1000, foreign);                                                     /* never from or to a list */
	OK(c != b && d->ops->free(d, c, foreign) == GJ_OK && fk->live().blocks == 1);
	OK(d->ops->stream_destroy(d, foreign) == GJ_OK && fk->live().streams == 1);
	OK(d->ops->stream_destroy(d, t) == GJ_OK && fk->live().streams == 0 && fk->live().blocks == 0);
	OK(d->ops->stream_destroy(d, NULL) == GJ_OK);
}

/* Every size gets a block at least as large, which the fake checks on the fill; blocks never overlap. */
static void test_sizes(void)
{
	gj_device *d = open_gpu();
	gj_devptr p[600];
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < GJ_LEN(p); i++) {
			size_t n = i < 300 ? i * (size_t)(7 + round) : ((size_t)1 << (i % 21)) + i % 3 - 1;
			p[i] = alloc(d, n, NULL);
			OK(d->ops->fill(d, p[i], (uint8_t)i, n, NULL) == GJ_OK);
		}
		for (size_t i = 0; i < GJ_LEN(p); i++)
			OK(d->ops->free(d, p[i], NULL) == GJ_OK);
	}
	OK(d->ops->free(d, alloc(d, 0, NULL), NULL) == GJ_OK);                           /* zero bytes are one */
}

static void test_no_memory(void)
{
	gj_device *d = open_gpu();
	gj_devptr p[60], big = 0;
	size_t available, total;
	*fk->memory = 64 << 20;
	for (int i = 0; i < 60; i++)
		p[i] = alloc(d, 1 << 20, NULL);
	OK(d->ops->alloc(d, 10 << 20, NULL, &big) == GJ_E_NOMEM && big == 0 && gj_error_code() == 2);
	OK(says("10485760 bytes wanted, 4194304 of 67108864 free") && says("CUDA_ERROR_OUT_OF_MEMORY (2)"));
	for (int i = 0; i < 60; i++)
		OK(d->ops->free(d, p[i], NULL) == GJ_OK);
	OK(fk->live().blocks == 60);                                                     /* listed, and yet free: */
	OK(d->ops->memory_info(d, &available, &total) == GJ_OK && available == 64 << 20 && total == 64 << 20);
	OK(d->ops->alloc(d, 60 << 20, NULL, &big) == GJ_OK);
	OK(fk->live().blocks == 1 && fk->calls("cuMemPoolTrimTo") + fk->calls("cuMemFree") > 0);
	OK(d->ops->free(d, big, NULL) == GJ_OK && fk->live().bytes == 0);
	OK(d->ops->alloc(d, SIZE_MAX, NULL, &big) == GJ_E_NOMEM);
	OK(d->ops->alloc(d, SIZE_MAX - 100, NULL, &big) == GJ_E_NOMEM);
}

static void test_no_pool(void)
{
	gj_device *d = open_gpu();
	gj_devptr a = alloc(d, 100, NULL);
	OK(fk->calls("cuMemAlloc") == 1 && fk->calls("cuMemAllocAsync") == 0 && d->ops->free(d, a, NULL) == GJ_OK);
	OK(alloc(d, 100, NULL) == a && fk->calls("cuMemAlloc") == 1);
	OK(d->ops->free(d, a, NULL) == GJ_OK && d->ops->free(d, alloc(d, 9 << 20, NULL), NULL) == GJ_OK);
	OK(fk->calls("cuMemFree") == 1 && fk->calls("cuMemFreeAsync") == 0);
}

/* Memory that the host reaches, that processes share, that was the program's before. */
static void test_kinds(void)
{
	gj_device *d = open_gpu();
	gj_place place, again;
	static char mine[3000];
	for (int kind = GJ_MEM_PINNED; kind <= GJ_MEM_SHARED; kind++) {
		OK(d->ops->alloc_kind(d, (gj_memory)kind, kind, &place) == GJ_OK && place.at);
		OK((place.host != NULL) == (kind != GJ_MEM_SHARED) && fk->live().pinned == (kind <= GJ_MEM_COMBINED));
		OK(d->ops->free_kind(d, (gj_memory)kind, place) == GJ_OK && fk->live().blocks == 0 && fk->live().pinned == 0);
	}
	OK(d->ops->pin(d, mine, 2000, &place) == GJ_OK && place.host == mine && place.at == (uintptr_t)mine);
	OK(d->ops->pin(d, mine + 10, 20, &again) == GJ_OK && !again.host && again.at == (uintptr_t)mine + 10);
	OK(d->ops->free_kind(d, GJ_MEM_REGISTERED, again) == GJ_OK && fk->live().pinned == 1);
	OK(d->ops->pin(d, mine, 3000, &again) == GJ_OK && !again.host && !again.at);       /* only a part of it */
	OK(d->ops->free_kind(d, GJ_MEM_REGISTERED, place) == GJ_OK && fk->live().pinned == 0);
	OK(d->ops->free_kind(d, GJ_MEM_REGISTERED, place) == GJ_E_INVALID && says("cuMemHostUnregister"));
}

static void test_sharing(void)
{
	gj_device *d = open_gpu(), *other = NULL;
	gj_place place;
	gj_share share;
	gj_devptr opened, a = alloc(d, 100, NULL);
	bool can = false;
	OK(d->ops->share(d, a, &share) == GJ_E_INVALID && says("cuIpcGetMemHandle"));      /* the pool's */
	OK(d->ops->alloc_kind(d, GJ_MEM_SHARED, 100, &place) == GJ_OK && d->ops->share(d, place.at + 8, &share) == GJ_OK);
	OK(share.offset == 8 && d->ops->open_shared(d, &share, &opened) == GJ_OK && opened == place.at && fk->live().opened == 1);
	OK(d->ops->free_kind(d, GJ_MEM_OPENED, (gj_place){ opened, NULL }) == GJ_OK && fk->live().opened == 0);
	OK(d->ops->free_kind(d, GJ_MEM_SHARED, place) == GJ_OK && d->ops->free(d, a, NULL) == GJ_OK);
	OK(d->ops->peer(d, d, true, &can) == GJ_OK && can && fk->calls("cuCtxEnablePeerAccess") == 0);
	OK(gj_cuda_open(1, &other) == GJ_OK && d->ops->peer(d, other, true, &can) == GJ_OK && can);
	OK(d->ops->peer(d, other, true, &can) == GJ_OK && fk->calls("cuCtxEnablePeerAccess") == 2);
	OK(gj_cuda_open(2, &other) == GJ_OK && gj_cuda_open(1, &d) == GJ_OK && d->ops->peer(d, other, true, &can) == GJ_OK && !can);
}

/* -- Copies ------------------------------------------------------------------------------------------------------ */

/* Up, over, and down again; true if the bytes arrive. */
static bool round_trip(gj_device *d, size_t n, gj_stream *s, unsigned seed)
{
	uint8_t *from = malloc(n), *to = malloc(n);
	gj_devptr a = 0, b = 0;
	pattern(from, n, seed);
	memset(to, 0, n);
	bool ok = d->ops->alloc(d, n, s, &a) == GJ_OK && d->ops->alloc(d, n, s, &b) == GJ_OK &&
	          d->ops->copy(d, GJ_H2D, a, (uintptr_t)from, n, s) == GJ_OK;
	memset(from, 0xEE, n);                     /* the host's buffer may be used again */
	ok = ok && d->ops->copy(d, GJ_D2D, b, a, n, s) == GJ_OK && d->ops->copy(d, GJ_D2H, (uintptr_t)to, b, n, s) == GJ_OK;
	pattern(from, n, seed);
	ok = ok && memcmp(from, to, n) == 0;
	ok = d->ops->free(d, a, s) == GJ_OK && d->ops->free(d, b, s) == GJ_OK && ok;
	free(from);
	free(to);
	return ok;
}

static void test_copies(void)
{
	gj_device *d = open_gpu();
	gj_stream *s = NULL;
	gj_place pin = { 0 };
	gj_devptr a = alloc(d, 1000, NULL);
	OK(d->ops->copy(d, GJ_H2D, 0, 0, 0, NULL) == GJ_OK && d->ops->fill(d, 0, 1, 0, NULL) == GJ_OK);
	OK(round_trip(d, 1, NULL, 1) && round_trip(d, 100000, NULL, 2));
	OK(d->ops->stream_create(d, &s) == GJ_OK && round_trip(d, 70000, s, 3));
	OK(d->ops->alloc_kind(d, GJ_MEM_PINNED, 1000, &pin) == GJ_OK && pin.host && pin.at == (uintptr_t)pin.host);
	OK(d->ops->fill(d, a, 77, 1000, NULL) == GJ_OK);
	OK(d->ops->copy(d, GJ_D2H, pin.at, a, 1000, s) == GJ_OK);
	OK(((uint8_t *)pin.host)[999] != 77 && d->ops->stream_sync(d, s) == GJ_OK && ((uint8_t *)pin.host)[999] == 77);
	OK(d->ops->fill(d, a, 78, 1000, NULL) == GJ_OK);
	OK(d->ops->copy(d, GJ_D2H, pin.at, a, 1000, NULL) == GJ_OK && ((uint8_t *)pin.host)[0] == 78);
	OK(d->ops->copy(d, GJ_D2H, pin.at, a, 70000, NULL) == GJ_E_INVALID && says("cuMemcpyDtoH: "));
	OK(d->ops->copy(d, (gj_copy)9, a, a, 8, NULL) == GJ_E_INVALID && says("no such kind"));
	int where = 5;
	OK(d->ops->pointer_device(d, pin.at, &where) == GJ_OK && where == 0);
	OK(d->ops->pointer_device(d, (uintptr_t)&where, &where) == GJ_OK && where == -1);
	OK(d->ops->free_kind(d, GJ_MEM_PINNED, pin) == GJ_OK && d->ops->free_kind(d, GJ_MEM_PINNED, (gj_place){ 0 }) == GJ_OK);
	OK(d->ops->free(d, a, NULL) == GJ_OK && d->ops->stream_destroy(d, s) == GJ_OK);
}

/* 4 lanes, chunks of 4 KiB: what fits not into whole chunks, back to back, both ways, on both kinds of stream. */
static void test_staging(void)
{
	gj_device *d = open_gpu();
	gj_stream *s = NULL, *per_thread = NULL;
	size_t sizes[] = { 8192, 8193, 12287, 40000, 65536, 131071, 1000000 };
	OK(d->ops->stream_create(d, &s) == GJ_OK && d->ops->stream_wrap(d, 2, &per_thread) == GJ_OK);
	OK(round_trip(d, 8192, NULL, 0) && fk->calls("cuMemcpyHtoDAsync") == 0);         /* not earned yet */
	OK(round_trip(d, 200000, NULL, 0) && fk->calls("cuMemcpyHtoDAsync") == 49 && fk->live().pinned == 1);
	for (unsigned round = 0; round < 4; round++)
		for (size_t i = 0; i < GJ_LEN(sizes); i++)
			OK(round_trip(d, sizes[i], round % 2 ? s : NULL, round + (unsigned)i));
	unsigned before = fk->calls("cuMemcpyDtoHAsync");
	OK(round_trip(d, 200000, per_thread, 1) && fk->calls("cuMemcpyDtoHAsync") == before + 1);
	gj_place pin = { 0 };
	gj_devptr a = alloc(d, 100000, s);
	OK(d->ops->alloc_kind(d, GJ_MEM_PINNED, 100000, &pin) == GJ_OK);                              /* pinned: one transfer */
	before = fk->calls("cuMemcpyDtoHAsync");
	OK(d->ops->copy(d, GJ_D2H, pin.at, a, 100000, s) == GJ_OK && fk->calls("cuMemcpyDtoHAsync") == before + 1);
	OK(d->ops->stream_sync(d, s) == GJ_OK && d->ops->free_kind(d, GJ_MEM_PINNED, pin) == GJ_OK && d->ops->free(d, a, s) == GJ_OK);
	fk->fail("cuMemcpyHtoDAsync", 700, 20);
	OK(!round_trip(d, 1000000, s, 0) && says("cuMemcpyHtoDAsync: CUDA_ERROR_ILLEGAL_ADDRESS (700)"));
	OK(says("context of this process is lost") && round_trip(d, 1000000, s, 5));
	OK(d->ops->stream_destroy(d, s) == GJ_OK && d->ops->stream_destroy(d, per_thread) == GJ_OK);
}

/* Up and down again as one copy each; the second span is not wanted back, and keeps what the host has. */
static bool parcels_arrive(gj_device *d, size_t n, unsigned seed)
{
	uint8_t from[3][900], to[3][900] = { { 0 } }, same[900];
	size_t at[3] = { 0, 1024, 2048 };
	gj_devptr block = alloc(d, 4096, NULL);
	gj_parcel up[3], down[2];
	for (int i = 0; i < 3; i++) {
		pattern(from[i], n, seed + (unsigned)i);
		up[i] = (gj_parcel){ (uintptr_t)from[i], at[i], n };
	}
	down[0] = (gj_parcel){ (uintptr_t)to[2], at[2], n };
	down[1] = (gj_parcel){ (uintptr_t)to[0], at[0], n };
	bool ok = d->ops->copy_parcels(d, GJ_H2D, block, up, 3) == GJ_OK;
	memset(from, 0xEE, sizeof from);           /* the host's memory may be used again */
	ok = ok && d->ops->copy_parcels(d, GJ_D2H, block, down, 2) == GJ_OK;
	for (int i = 0; i < 3; i++) {
		pattern(same, n, seed + (unsigned)i);
		ok = ok && (i == 1 ? to[i][0] == 0 : memcmp(to[i], same, n) == 0);
	}
	return d->ops->free(d, block, NULL) == GJ_OK && ok;
}

static void test_parcels(void)
{
	gj_device *d = open_gpu();
	uint8_t first[100], back[100] = { 0 };
	gj_parcel s = { (uintptr_t)first, 0, sizeof first };
	OK(d->ops->copy_parcels(d, GJ_H2D, 0, NULL, 0) == GJ_OK && fk->live().pinned == 0);
	OK(parcels_arrive(d, 1, 1) && parcels_arrive(d, 900, 2) && fk->live().pinned == 1);
	OK(fk->calls("cuMemcpyHtoDAsync") == 2 && fk->calls("cuMemcpyDtoHAsync") == 2);
	OK(fk->calls("cuMemcpyHtoD") == 0 && fk->calls("cuMemcpyDtoH") == 0);
	gj_devptr many[100];                       /* more than there are slots, and nothing waits in between */
	for (unsigned i = 0; i < GJ_LEN(many); i++) {
		many[i] = alloc(d, sizeof first, NULL);
		pattern(first, sizeof first, i);
		OK(d->ops->copy_parcels(d, GJ_H2D, many[i], &s, 1) == GJ_OK);
	}
	for (unsigned i = 0; i < GJ_LEN(many); i++) {
		pattern(first, sizeof first, i);
		OK(d->ops->copy(d, GJ_D2H, (uintptr_t)back, many[i], sizeof back, NULL) == GJ_OK && !memcmp(first, back, sizeof back));
		OK(d->ops->free(d, many[i], NULL) == GJ_OK);
	}
	fk->fail("cuMemcpyHtoDAsync", 700, 1);
	OK(!parcels_arrive(d, 10, 3) && says("cuMemcpyHtoDAsync: CUDA_ERROR_ILLEGAL_ADDRESS (700)"));
	fk->fail("cuMemcpyDtoHAsync", 700, 1);
	OK(!parcels_arrive(d, 10, 3) && says("cuMemcpyDtoHAsync: ") && parcels_arrive(d, 10, 4));
}

/* What is lent is nobody else's until it is handed back; half of the slots at most are. */
static void test_lent(void)
{
	gj_device *d = open_gpu();
	gj_place p[20], none;
	unsigned n = 0;
	while (n < GJ_LEN(p) && d->ops->lend(d, &p[n]) == GJ_OK && p[n].host) {
		memset(p[n].host, (int)n, GJ_PARCELS_BYTES);
		n++;
	}
	OK(n == 8 && !p[n].host && fk->live().pinned == 1);
	for (unsigned i = 0; i < 20; i++)
		OK(parcels_arrive(d, 900, i));
	for (unsigned i = 0; i < n; i++)
		OK(*(char *)p[i].host == (char)i && ((char *)p[i].host)[GJ_PARCELS_BYTES - 1] == (char)i);
	d->ops->hand_back(d, p[3]);
	OK(d->ops->lend(d, &none) == GJ_OK && none.host == p[3].host && none.at == p[3].at);
	p[3] = none;
	for (unsigned i = 0; i < n; i++)
		d->ops->hand_back(d, p[i]);
	OK(d->ops->lend(d, &none) == GJ_OK && none.host);
	d->ops->hand_back(d, none);
}

/* 4 lanes with whole buffers: pieces are as small as there are lanes to share them, but not smaller than 128 KiB. */
static void test_pieces(void)
{
	static const struct { size_t bytes; unsigned pieces; } rows[] = {
		{ 512 << 10, 0 }, { 1 << 20, 0 }, { 2 << 20, 8 }, { (2 << 20) + 1, 8 + 1 }, { 8 << 20, 8 }, { 33 << 20, 9 } };
	gj_device *d = open_gpu();
	OK(round_trip(d, 16 << 20, NULL, 0) && fk->live().pinned == 1);
	for (size_t i = 0; i < GJ_LEN(rows); i++) {
		unsigned up = fk->calls("cuMemcpyHtoDAsync"), down = fk->calls("cuMemcpyDtoHAsync");
		OK(round_trip(d, rows[i].bytes, NULL, (unsigned)i));
		CHECK(fk->calls("cuMemcpyHtoDAsync") - up == rows[i].pieces && fk->calls("cuMemcpyDtoHAsync") - down == rows[i].pieces,
		      "%zu bytes in %u pieces up, %u down", rows[i].bytes, fk->calls("cuMemcpyHtoDAsync") - up,
		      fk->calls("cuMemcpyDtoHAsync") - down);
	}
}

/* -- Kernels ----------------------------------------------------------------------------------------------------- */

static void test_launch(void)
{
	gj_device *d = open_gpu();
	gj_image image = image_of(PTX, "add_one");
	gj_kernel *k = NULL;
	gj_kernel_info info;
	int block, grid, blocks, data[4] = { 1, 2, 3, 40 }, back[4];
	struct { gj_devptr p; int n; } params = { alloc(d, 16, NULL), 4 };
	OK(d->ops->load(d, &image, &k) == GJ_OK && k);
	OK(d->ops->kernel_info(d, k, &info) == GJ_OK && info.registers == 40 && info.max_threads == 1024);
	OK(info.shared_bytes == 1024 && info.local_bytes == 30 && info.const_bytes == 20);
	OK(d->ops->suggest_block(d, k, 100000, &block, &grid) == GJ_OK && block == 768 && grid == 264);
	OK(d->ops->occupancy(d, k, 256, 0, &blocks) == GJ_OK && blocks == 8);
	gj_launch l = { .grid = { 3, 2, 1 }, .block = { 64, 2, 4 }, .params = &params, .nparams = 12 };
	OK(d->ops->copy(d, GJ_H2D, params.p, (uintptr_t)data, 16, NULL) == GJ_OK && d->ops->launch(d, k, &l) == GJ_OK);
	OK(d->ops->copy(d, GJ_D2H, (uintptr_t)back, params.p, 16, NULL) == GJ_OK && back[0] == 2 && back[3] == 41);
	fake_launch seen = *fk->last_launch;
	OK(seen.grid[0] == 3 && seen.grid[1] == 2 && seen.block[0] == 64 && seen.block[2] == 4 && seen.shared == 0);
	OK(seen.nparams == 12 && memcmp(seen.params, &params, 12) == 0 && !seen.cooperative && seen.stream == NULL);
	unsigned asked = fk->calls("cuFuncSetAttribute");
	l.shared = 232448 - 1024;                  /* all there is; asked for above already */
	OK(d->ops->launch(d, k, &l) == GJ_OK && fk->calls("cuFuncSetAttribute") == asked && asked == 1);
	l.shared++;
	OK(d->ops->launch(d, k, &l) == GJ_E_INVALID && says("at most 232448") && says("1024 in the kernel"));
	OK(d->ops->occupancy(d, k, 256, 300000, &blocks) == GJ_E_INVALID && blocks == 0);
	l.shared = 0, l.block[0] = 1023, l.block[1] = l.block[2] = 1;
	OK(d->ops->launch(d, k, &l) == GJ_E_INVALID && says("(701)") && says("40 registers a thread"));
	l.block[0] = 1025;
	OK(d->ops->launch(d, k, &l) == GJ_E_INVALID && says("block (1025, 1, 1)") && says("cuLaunchKernel: "));
	d->ops->unload(d, k);
	d->ops->unload(d, NULL);
	OK(fk->live().modules == 0 && d->ops->free(d, params.p, NULL) == GJ_OK);
}

static void test_cooperative(void)
{
	gj_device *d = open_gpu();
	gj_image image = image_of(PTX, "other");
	gj_kernel *k = (gj_kernel *)1;
	gj_launch l = { .grid = { 1, 1, 1 }, .block = { 32, 1, 1 } };
	OK(d->ops->load(d, &image, &k) == GJ_E_LOAD && k == NULL && says("cuModuleGetFunction") && says("other"));
	OK(fk->live().modules == 0);
	struct { gj_devptr p; int n; } params = { alloc(d, 16, NULL), 4 };
	image.entry = "add_one", image.cooperative = true;
	l.params = &params, l.nparams = 12;
	OK(d->ops->load(d, &image, &k) == GJ_OK);
	if (d->info.driver_version >= 11080)
		OK(d->ops->launch(d, k, &l) == GJ_OK && fk->last_launch->cooperative && fk->last_launch->nparams == 12);
	else
		OK(d->ops->launch(d, k, &l) == GJ_E_UNSUPPORTED && says("11.8"));
	d->ops->unload(d, k);
	OK(d->ops->free(d, params.p, NULL) == GJ_OK);
}

static void test_carveout(void)
{
	static const uint8_t given[] = { 0, 1, 51, 101 };
	gj_device *d = open_gpu();
	gj_image image = image_of(PTX, "add_one");
	struct { gj_devptr p; int n; } params = { alloc(d, 16, NULL), 4 };
	gj_launch l = { .grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .params = &params, .nparams = 12 };
	for (size_t i = 0; i < GJ_LEN(given); i++) {
		unsigned asked = fk->calls("cuFuncSetAttribute");
		gj_kernel *k = NULL;
		image.carveout = given[i];
		OK(d->ops->load(d, &image, &k) == GJ_OK && d->ops->launch(d, k, &l) == GJ_OK);
		OK(fk->last_launch->carveout == given[i] - 1 && fk->calls("cuFuncSetAttribute") - asked == (given[i] != 0));
		d->ops->unload(d, k);
	}
	gj_kernel *k = NULL;
	fk->fail("cuFuncSetAttribute", CUDA_ERROR_INVALID_VALUE, 1);
	OK(d->ops->load(d, &image, &k) != GJ_OK && !k && says("cuFuncSetAttribute") && fk->live().modules == 0);
	OK(d->ops->free(d, params.p, NULL) == GJ_OK);
}

static void test_images(void)
{
	static const char bad[] = ".version 8.0\nsyntax error\n";
	gj_device *d = open_gpu();
	gj_image image = image_of(bad, "add_one");
	gj_kernel *k;
	uint8_t *cubin;
	size_t n;
	OK(d->ops->load(d, &image, &k) == GJ_E_LOAD && says("CUDA_ERROR_INVALID_PTX (218)") && says("Parsing error near"));
	OK(d->ops->link(d, bad, strlen(bad), 0, NULL, 0, &cubin, &n) == GJ_E_LOAD && says("cuLinkAddData") && says("Parsing error"));
	OK(cubin == NULL && n == 0 && fk->live().links == 0);
	OK(d->ops->link(d, PTX, strlen(PTX), 64, NULL, 0, &cubin, &n) == GJ_OK && cubin && n > 64);
	image.format = GJ_FMT_CUBIN, image.code = cubin, image.ncode = n;
	OK(d->ops->load(d, &image, &k) == GJ_OK);
	d->ops->unload(d, k);
	unsigned before = fk->calls("cuModuleLoadDataEx");
	cubin[40 + 6] = 1;                         /* section headers far behind the end */
	OK(d->ops->load(d, &image, &k) == GJ_E_LOAD && says("damaged"));
	cubin[40 + 6] = 0, image.ncode = 63;
	OK(d->ops->load(d, &image, &k) == GJ_E_LOAD && k == NULL);
	image.ncode = n, cubin[1] = 'X';
	OK(d->ops->load(d, &image, &k) == GJ_E_LOAD);
	image.format = GJ_FMT_OBJECT;
	OK(d->ops->load(d, &image, &k) == GJ_E_LOAD && fk->calls("cuModuleLoadDataEx") == before);
	free(cubin);
	const gj_linked foreign[] = { { GJ_LINK_PTX, "a.ptx", PTX, strlen(PTX) }, { GJ_LINK_CUBIN, "b.cubin", "cubin", 5 },
		{ GJ_LINK_FATBIN, "c.fatbin", "fatbin", 6 }, { GJ_LINK_OBJECT, "d.o", "object", 6 }, { GJ_LINK_ARCHIVE, "e.a", "library", 7 } };
	unsigned added = fk->calls("cuLinkAddData");
	OK(d->ops->link(d, PTX, strlen(PTX), 0, foreign, 5, &cubin, &n) == GJ_OK && cubin && fk->calls("cuLinkAddData") == added + 6);
	free(cubin);
	const gj_linked wrong = { GJ_LINK_OBJECT, "wrong.o", "cubin", 5 }, syntax = { GJ_LINK_PTX, "wrong.ptx", bad, strlen(bad) };
	OK(d->ops->link(d, PTX, strlen(PTX), 0, &wrong, 1, &cubin, &n) == GJ_E_LOAD && says("wrong.o") && !cubin);
	OK(d->ops->link(d, PTX, strlen(PTX), 0, &syntax, 1, &cubin, &n) == GJ_E_LOAD && says("wrong.ptx: ptxas application"));
	OK(fk->live().modules == 0 && fk->live().links == 0);
}

/* A kernel that dies takes the context with it, and says so from then on. */
static void test_crash(void)
{
	gj_device *d = open_gpu();
	gj_image image = image_of(PTX, "crash");
	gj_kernel *k;
	gj_launch l = { .grid = { 1, 1, 1 }, .block = { 1, 1, 1 } };
	gj_devptr a = alloc(d, 5 << 20, NULL);
	OK(d->ops->load(d, &image, &k) == GJ_OK && d->ops->launch(d, k, &l) == GJ_OK);
	OK(d->ops->sync(d) == GJ_E_LAUNCH && gj_error_code() == 700 && says("CUDA_ERROR_ILLEGAL_ADDRESS (700)"));
	OK(says("outside its arrays") && says("context of this process is lost"));
	OK(d->ops->launch(d, k, &l) == GJ_E_LAUNCH && d->ops->stream_sync(d, NULL) == GJ_E_LAUNCH);
	OK(d->ops->free(d, a, NULL) == GJ_E_LAUNCH);
	d->ops->unload(d, k);
}

/* -- Streams, events, contexts ----------------------------------------------------------------------------------- */

static bool always(void) { return true; }

static void test_events(void)
{
	gj_device *d = open_gpu();
	gj_stream *s = NULL, *legacy = NULL;
	gj_event *a = NULL, *b = NULL, *plain = NULL;
	float ms = -1;
	OK(d->ops->stream_create(d, &s) == GJ_OK && d->ops->stream_wrap(d, 1, &legacy) == GJ_OK);
	OK(d->ops->stream_handle(NULL) == 0 && d->ops->stream_handle(legacy) == 1 && d->ops->stream_handle(s) > 2);
	OK(d->ops->event_create(d, true, &a) == GJ_OK && d->ops->event_create(d, true, &b) == GJ_OK);
	OK(d->ops->event_create(d, false, &plain) == GJ_OK);
	OK(d->ops->event_record(d, a, NULL) == GJ_OK && d->ops->stream_wait(d, s, a) == GJ_OK);
	OK(d->ops->event_record(d, b, s) == GJ_OK && d->ops->event_sync(d, b) == GJ_OK);
	OK(d->ops->event_query(d, b) == GJ_OK && d->ops->stream_query(d, s) == GJ_OK && d->ops->sync(d) == GJ_OK);
	OK(d->ops->event_elapsed(d, a, b, &ms) == GJ_OK && ms >= 0);
	OK(d->ops->event_record(d, plain, legacy) == GJ_OK);
	OK(d->ops->event_elapsed(d, a, plain, &ms) == GJ_E_INVALID && says("cuEventElapsedTime"));
	*fk->not_ready = ALWAYS;
	OK(d->ops->event_query(d, b) == GJ_E_NOTREADY && d->ops->stream_query(d, NULL) == GJ_E_NOTREADY);
	OK(d->ops->event_elapsed(d, a, b, &ms) == GJ_E_NOTREADY);
	gj_interrupt_ask(always, NULL);                  /* who waits for a GPU that is never ready can be interrupted */
	OK(d->ops->stream_sync(d, s) == GJ_E_INTERRUPTED && d->ops->event_sync(d, b) == GJ_E_INTERRUPTED);
	OK(d->ops->sync(d) == GJ_E_INTERRUPTED && says("interrupted while waiting for the GPU"));
	*fk->writes_arrive = true;
	OK(d->ops->stream_sync(d, s) == GJ_OK && d->ops->stream_sync(d, NULL) == GJ_OK && d->ops->sync(d) == GJ_E_INTERRUPTED);
	*fk->not_ready = 0, *fk->writes_arrive = false;
	OK(d->ops->stream_sync(d, s) == GJ_OK && d->ops->event_sync(d, b) == GJ_OK && d->ops->sync(d) == GJ_OK);
	gj_interrupt_ask(NULL, NULL);
	OK(d->ops->event_destroy(d, a) == GJ_OK && d->ops->event_destroy(d, b) == GJ_OK);
	OK(d->ops->event_destroy(d, plain) == GJ_OK && d->ops->event_destroy(d, NULL) == GJ_OK);
	OK(d->ops->stream_destroy(d, s) == GJ_OK && d->ops->stream_destroy(d, legacy) == GJ_OK);
	OK(fk->live().events == 0 && fk->live().streams == 0);
}

static CUresult (*set_current)(CUcontext), (*get_current)(CUcontext *);

static void find_context_calls(void)
{
	void *lib = dlopen(library, RTLD_NOW);
	*(void **)&set_current = dlsym(lib, "cuCtxSetCurrent");
	*(void **)&get_current = dlsym(lib, "cuCtxGetCurrent");
}

/* A thread that works in another library's context finds it again, after success and after failure. */
static void test_contexts(void)
{
	gj_device *d = open_gpu();
	CUcontext mine = fk->foreign_context(), now = NULL;
	gj_stream *s = NULL;
	find_context_calls();
	OK(set_current(mine) == 0 && d->ops->stream_create(d, &s) == GJ_OK);
	OK(get_current(&now) == 0 && now == mine);
	OK(d->ops->stream_sync(d, s) == GJ_OK && round_trip(d, 5000, s, 1) && get_current(&now) == 0 && now == mine);
	OK(d->ops->free(d, 4711, NULL) == GJ_E_INVALID && get_current(&now) == 0 && now == mine);
	fk->fail("cuCtxSetCurrent", 304, 2);       /* on the way back, which is tried twice */
	OK(d->ops->sync(d) == GJ_OK && get_current(&now) == 0 && now == mine);
	fk->fail("cuCtxSetCurrent", 304, 1);
	OK(d->ops->sync(d) == GJ_E_DRIVER && says("cuCtxSetCurrent") && get_current(&now) == 0 && now == mine);
	OK(d->ops->stream_destroy(d, s) == GJ_OK && get_current(&now) == 0 && now == mine);
	OK(set_current(NULL) == 0 && d->ops->sync(d) == GJ_OK);
	unsigned before = fk->calls("cuCtxSetCurrent");
	OK(d->ops->sync(d) == GJ_OK && fk->calls("cuCtxSetCurrent") == before);          /* it stays where none was */
}

/* -- Threads and processes --------------------------------------------------------------------------------------- */

typedef struct worker { gj_device *d; unsigned seed; bool own_stream, ok; } worker;

static void *work(void *arg)
{
	worker *w = arg;
	gj_device *d = w->d;
	gj_stream *s = NULL;
	uint8_t back[3000];
	gj_devptr p[8] = { 0 };
	w->ok = !w->own_stream || d->ops->stream_create(d, &s) == GJ_OK;
	for (unsigned i = 0; i < 300 && w->ok; i++) {
		unsigned k = i % 8;
		size_t n = 1 + (i * 37 + w->seed) % sizeof back;
		w->ok = d->ops->free(d, p[k], s) == GJ_OK && d->ops->alloc(d, sizeof back, s, &p[k]) == GJ_OK &&
		        d->ops->fill(d, p[k], (uint8_t)(w->seed + i), sizeof back, s) == GJ_OK &&
		        d->ops->copy(d, GJ_D2H, (uintptr_t)back, p[k], n, s) == GJ_OK && back[n - 1] == (uint8_t)(w->seed + i);
	}
	for (unsigned k = 0; k < 8; k++)
		w->ok = d->ops->free(d, p[k], s) == GJ_OK && w->ok;
	w->ok = round_trip(d, 50000 + w->seed, s, w->seed) && w->ok;
	w->ok = d->ops->stream_destroy(d, s) == GJ_OK && w->ok;
	return NULL;
}

static void *open_thread(void *arg)
{
	gj_device **d = arg;
	gj_cuda_open(0, d);                        /* no OK() in threads: it counts without a lock */
	return NULL;
}

static void test_threads(void)
{
	pthread_t thread[6];
	gj_device *d[6];
	worker w[6];
	for (int i = 0; i < 6; i++)
		pthread_create(&thread[i], NULL, open_thread, &d[i]);
	for (int i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < 6; i++)
		OK(d[i] && d[i] == d[0]);
	OK(fk->calls("cuInit") == 1 && fk->calls("cuDevicePrimaryCtxRetain") == 1);
	for (int i = 0; i < 6; i++) {
		w[i] = (worker){ d[0], (unsigned)i * 41, i % 2, false };
		pthread_create(&thread[i], NULL, work, &w[i]);
	}
	for (int i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < 6; i++)
		OK(w[i].ok);
	OK(fk->live().streams == 0);
}

static volatile uintptr_t forked_stream;       /* the fake's object, which valgrind must see from the child too */

static void in_forked_child(gj_device *d, gj_devptr a, gj_stream *s)
{
	gj_device *again;
	gj_devptr b;
	gj_event *e;
	size_t x, y;
	unsigned before = fk->calls(NULL);
	passed = failed = 0;
	OK(gj_cuda_count() == 1);
	OK(gj_cuda_open(0, &again) == GJ_E_FORKED && says("fork"));
	OK(d->ops->alloc(d, 10, NULL, &b) == GJ_E_FORKED && b == 0 && says("spawn"));
	OK(d->ops->free(d, a, NULL) == GJ_E_FORKED && d->ops->sync(d) == GJ_E_FORKED);
	OK(d->ops->copy(d, GJ_H2D, a, (uintptr_t)&x, 8, NULL) == GJ_E_FORKED);
	OK(d->ops->event_create(d, true, &e) == GJ_E_FORKED && d->ops->memory_info(d, &x, &y) == GJ_E_FORKED);
	OK(d->ops->stream_query(d, s) == GJ_E_FORKED && d->ops->stream_destroy(d, s) == GJ_E_FORKED);
	OK(fk->calls(NULL) == before);
}

static void test_fork(void)
{
	gj_device *d = open_gpu();
	gj_stream *s = NULL;
	gj_devptr a = alloc(d, 10, NULL);
	int status = -1;
	OK(d->ops->stream_create(d, &s) == GJ_OK && (forked_stream = d->ops->stream_handle(s)));
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		in_forked_child(d, a, s);
		fflush(NULL);
		_exit(failed ? 1 : 0);
	}
	OK(waitpid(pid, &status, 0) == pid && status == 0);
	OK(d->ops->free(d, a, NULL) == GJ_OK && d->ops->stream_destroy(d, s) == GJ_OK && fk->live().blocks == 0);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return fprintf(stderr, "usage: %s libcuda-fake.so\n", argv[0]), 2;
	library = argv[1];
	setenv("GRIDJIT_CUDA_LIBRARY", library, 1);
	absent("GRIDJIT_CUDA_LIBRARY=/nowhere/libcuda.so", "/nowhere/libcuda.so");
	absent("GRIDJIT_CUDA_LIBRARY=libm.so.6", "libcuda.so.1 has no cuInit");
	absent("FAKE_CUDA_VERSION=11020", "supports CUDA 11.2; gridjit needs CUDA 11.4");
	absent("FAKE_CUDA_DEVICES=0", "finds no GPU");
	absent("FAKE_CUDA_FAIL=cuInit=100:1", "cuInit: CUDA_ERROR_OF_THE_FAKE (100)");
	RUN(test_open, "FAKE_CUDA_DEVICES=2");
	RUN(test_lists, "");
	RUN(test_lists, "FAKE_CUDA_NO_POOL=1");
	RUN(test_sizes, "");
	RUN(test_no_memory, "");
	RUN(test_no_pool, "FAKE_CUDA_NO_POOL=1");
	RUN(test_kinds, "");
	RUN(test_sharing, "FAKE_CUDA_DEVICES=3");
	RUN(test_copies, "GRIDJIT_COPY_THREADS=1");
	RUN(test_copies, "GRIDJIT_COPY_THREADS=nonsense GRIDJIT_COPY_CHUNK=-5");
	RUN(test_staging, "GRIDJIT_COPY_THREADS=4 GRIDJIT_COPY_CHUNK=4096");
	RUN(test_pieces, "GRIDJIT_COPY_THREADS=4");
	RUN(test_parcels, "");
	RUN(test_lent, "");
	RUN(test_launch, "");
	RUN(test_cooperative, "");
	RUN(test_cooperative, "FAKE_CUDA_VERSION=11040");
	RUN(test_carveout, "");
	RUN(test_images, "");
	RUN(test_crash, "");
	RUN(test_events, "");
	RUN(test_contexts, "");
	RUN(test_threads, "GRIDJIT_COPY_THREADS=3 GRIDJIT_COPY_CHUNK=4096");
	RUN(test_fork, "");
	return done();
}
