/* The CUDA device over the fake driver (argument 1: its library): every entry point fails, one call at a time, and what is
 * expected is a clean error, nothing leaked, and a device that works afterwards. */
#define _GNU_SOURCE
#include "cuda_lib.h"

typedef struct outcome { gj_status first; char text[2100]; bool wrong; } outcome;

static bool step(outcome *o, gj_status s)
{
	if (s != GJ_OK && o->first == GJ_OK) {
		o->first = s;
		snprintf(o->text, sizeof o->text, "%s", gj_error_text());
	}
	return s == GJ_OK;
}

#define STEP(NAME, ...) step(o, d->ops->NAME(d, __VA_ARGS__))

static void use_memory(gj_device *d, outcome *o, gj_stream *s)
{
	enum { N = 900000 };                       /* staged */
	static uint8_t from[N], to[N];
	gj_devptr a = 0, b = 0;
	gj_place pin = { 0 };
	size_t x, y;
	int where;
	pattern(from, N, 3);
	memset(to, 0, N);
	if (STEP(alloc, N, s, &a) && STEP(alloc, 1000, s, &b) && STEP(alloc_kind, GJ_MEM_PINNED, 1000, &pin) &&
	    STEP(copy, GJ_H2D, a, (uintptr_t)from, N, s) && STEP(copy, GJ_D2D, b, a, 1000, s) &&
	    STEP(copy, GJ_D2H, (uintptr_t)to, a, N, s) && STEP(copy, GJ_D2H, pin.at, b, 1000, s) &&
	    STEP(stream_sync, s) && STEP(fill, b, 9, 1000, s)) {
		o->wrong |= memcmp(from, to, N) != 0 || memcmp(from, pin.host, 1000) != 0;
		if (STEP(copy, GJ_D2H, (uintptr_t)to, b, 500, s))
			o->wrong |= to[499] != 9;
		if (STEP(copy, GJ_H2D, b, (uintptr_t)from, 500, s) && STEP(copy, GJ_D2H, (uintptr_t)to, b, 500, s))
			o->wrong |= memcmp(to, from, 500) != 0;
		if (STEP(pointer_device, b, &where))
			o->wrong |= where != 0;
		if (STEP(memory_info, &x, &y))
			o->wrong |= x > y;
	}
	STEP(free, a, s);
	STEP(free, b, s);
	STEP(free_kind, GJ_MEM_PINNED, pin);
	gj_place lent;
	if (STEP(lend, &lent)) {
		o->wrong |= !lent.host;
		d->ops->hand_back(d, lent);
	}
}

static void use_kernels(gj_device *d, outcome *o, gj_stream *s)
{
	int data[4] = { 1, 2, 3, 4 }, x, y;
	struct { gj_devptr p; int n; } params = { 0, 4 };
	gj_launch l = { .grid = { 1, 1, 1 }, .block = { 4, 1, 1 }, .params = &params, .nparams = 12, .stream = s,
	                .shared = 100000 };
	gj_image image = image_of(PTX, "add_one");
	gj_kernel *k = NULL, *together = NULL;
	gj_kernel_info info;
	uint8_t *cubin = NULL;
	size_t n;
	gj_image tells = image;
	gj_kernel *telling = NULL;
	tells.reports = true, tells.text = "", tells.site = &(gj_site){ 0 };
	if (STEP(load, &tells, &telling))
		d->ops->unload(d, telling);
	bool ok = STEP(alloc, 16, s, &params.p) && STEP(copy, GJ_H2D, params.p, (uintptr_t)data, 16, s) &&
	          STEP(load, &image, &k) && STEP(kernel_info, k, &info) && STEP(suggest_block, k, 0, &x, &y) &&
	          STEP(occupancy, k, 128, 0, &x) && STEP(launch, k, &l);
	if (STEP(link, PTX, strlen(PTX), 0, NULL, 0, &cubin, &n)) {
		image.format = GJ_FMT_CUBIN, image.code = cubin, image.ncode = n, image.cooperative = true;
		ok = ok && STEP(load, &image, &together) && STEP(launch, together, &l);
		if (ok && STEP(copy, GJ_D2H, (uintptr_t)data, params.p, 16, s))
			o->wrong |= data[0] != 3 || data[3] != 6;
	}
	free(cubin);
	d->ops->unload(d, k);
	d->ops->unload(d, together);
	STEP(free, params.p, s);
}

static void use_events(gj_device *d, outcome *o, gj_stream *s)
{
	gj_event *a = NULL, *b = NULL;
	float ms;
	if (STEP(event_create, true, &a) && STEP(event_create, true, &b) && STEP(event_record, a, s) &&
	    STEP(event_record, b, s) && STEP(stream_wait, s, a) && STEP(event_sync, b) && STEP(event_query, b) &&
	    STEP(stream_query, s) && STEP(event_elapsed, a, b, &ms))
		o->wrong |= ms < 0;
	STEP(event_destroy, a);
	STEP(event_destroy, b);
	*fk->not_ready = 1;
	STEP(stream_sync, s);
	*fk->not_ready = 0;
}

static void use_kinds(gj_device *d, outcome *o)
{
	static char mine[2000];
	gj_device *other = NULL;
	gj_place place = { 0 }, shared = { 0 }, pinned = { 0 };
	gj_share share;
	gj_devptr opened = 0;
	bool can;
	if (STEP(alloc_kind, GJ_MEM_MANAGED, 100, &place))
		o->wrong |= !place.host;
	STEP(free_kind, GJ_MEM_MANAGED, place);
	if (STEP(pin, mine, sizeof mine, &pinned))
		o->wrong |= pinned.host != mine;
	STEP(free_kind, GJ_MEM_REGISTERED, pinned);
	if (STEP(alloc_kind, GJ_MEM_SHARED, 100, &shared) && STEP(share, shared.at, &share) && STEP(open_shared, &share, &opened))
		STEP(free_kind, GJ_MEM_OPENED, ((gj_place){ opened, NULL }));
	STEP(free_kind, GJ_MEM_SHARED, shared);
	if (!step(o, gj_cuda_open(1, &other)))
		return;
	if (STEP(peer, other, true, &can))
		o->wrong |= !can;
	gj_place to = { 0 }, from = { 0 };
	if (STEP(alloc_kind, GJ_MEM_SHARED, 16, &to) && step(o, other->ops->alloc_kind(other, GJ_MEM_SHARED, 16, &from)))
		STEP(copy_from, other, to.at, from.at, 16, NULL);
	STEP(free_kind, GJ_MEM_SHARED, to);
	int blocks = fk->live().blocks;
	step(o, other->ops->free_kind(other, GJ_MEM_SHARED, from));
	if (fk->live().blocks == blocks)           /* its device could not be made current, and nothing was freed */
		step(o, other->ops->free_kind(other, GJ_MEM_SHARED, from));
}

/* All that a program does; whatever fails, everything is given back. */
static outcome scenario(void)
{
	outcome out = { GJ_OK, "", false }, *o = &out;
	gj_device *d = NULL;
	gj_stream *s = NULL;
	gj_devptr big = 0;
	if (!step(o, gj_cuda_open(0, &d)))
		return out;
	if (STEP(stream_create, &s)) {
		gj_stream *streams[] = { NULL, s };
		for (int i = 0; i < 2; i++) {
			use_memory(d, o, streams[i]);
			use_kernels(d, o, streams[i]);
			use_events(d, o, streams[i]);
		}
	}
	use_kinds(d, o);
	*fk->memory = 1 << 20;                   /* the driver is out of memory: it is asked twice, and we say so */
	gj_status full = d->ops->alloc(d, 2 << 20, NULL, &big);
	o->wrong |= full == GJ_OK;
	step(o, full == GJ_E_NOMEM ? GJ_OK : full);
	*fk->memory = 1 << 30;
	step(o, d->ops->sync(d));
	STEP(stream_destroy, s);
	return out;
}

static const char *failing;                    /* NULL: count calls into `counted` */
static CUresult failing_code;
static unsigned failing_nth;
static int counted_pipe[2];

static bool nothing_left(void)
{
	fake_live l = fk->live();                  /* but the staging buffers, 3 lanes of two buffers with an event each, the slots and the bells */
	return !l.blocks && !l.opened && !l.streams && !l.modules && !l.links && l.pinned <= 3 && (l.events == 6 || !l.events);
}

static void test_scenario(void)
{
	outcome o = scenario();
	CHECK(o.first == GJ_OK && !o.wrong, "%s", o.text);
	OK(nothing_left() && fk->live().pinned == 3);
	if (failing)
		return;
	for (unsigned i = 0; fk->name(i); i++) {
		unsigned n = fk->calls(fk->name(i));
		OK(write(counted_pipe[1], &n, sizeof n) == sizeof n);
	}
}

/* One call fails: it is reported by name, or the work was done nevertheless. Then all works as if nothing had been. */
static void test_failure(void)
{
	fk->fail(failing, failing_code, failing_nth);
	outcome o = scenario();
	fk->fail(failing, failing_code, 0);        /* helpers that wake up late make fewer calls: it may not have come to this one */
	CHECK(!o.wrong && nothing_left(), "call %u of %s: %s", failing_nth, failing, o.text);
	if (gj_cuda_count() == 0) {
		CHECK(strstr(gj_cuda_why(), failing) && strstr(o.text, failing), "%s: %s", failing, gj_cuda_why());
		return;
	}
	CHECK(o.first == GJ_OK || strstr(o.text, failing) || strncmp(failing, "cuGetError", 10) == 0, "%s not in: %s",
	      failing, o.text);
	CHECK(o.first == GJ_OK || o.first == (failing_code == 2 ? GJ_E_NOMEM : GJ_E_DRIVER), "%s: %s", failing, o.text);
	o = scenario();
	CHECK(o.first == GJ_OK && !o.wrong && nothing_left(), "after call %u of %s: %s", failing_nth, failing, o.text);
}

/* First, middle and last call of each entry point that the scenario makes, out of memory and an unknown error.
 * GRIDJIT_TEST_BRIEF (for valgrind): the first call only. */
static void fail_everything(const char *environment, unsigned *covered)
{
	unsigned n[128] = { 0 }, rows = 0, points = getenv("GRIDJIT_TEST_BRIEF") ? 1 : 3;
	failing = NULL;
	if (pipe(counted_pipe) != 0)
		exit(2);
	RUN(test_scenario, environment);
	close(counted_pipe[1]);
	while (rows < GJ_LEN(n) && read(counted_pipe[0], &n[rows], sizeof n[0]) == sizeof n[0])
		rows++;
	close(counted_pipe[0]);
	for (unsigned i = 0; i < rows; i++) {
		unsigned nth[] = { 1, n[i] / 2, n[i] };
		failing = fk->name(i);
		covered[i] += n[i];
		for (unsigned k = 0; k < points; k++)
			if (nth[k] && (k == 0 || nth[k] != nth[k - 1]))
				for (failing_code = 2, failing_nth = nth[k]; failing_code <= 304; failing_code += 302)
					RUN(test_failure, environment);
	}
}

static void test_all_failures(void)
{
	unsigned covered[128] = { 0 };
	void *lib = dlopen(library, RTLD_NOW);     /* for its table of names; the driver is not opened in this process */
	fk = lib ? dlsym(lib, "fake") : NULL;
	if (!fk)
		exit(2);
	fail_everything("GRIDJIT_COPY_THREADS=3 GRIDJIT_COPY_CHUNK=65536 FAKE_CUDA_DEVICES=2", covered);
	fail_everything("GRIDJIT_COPY_THREADS=3 GRIDJIT_COPY_CHUNK=65536 FAKE_CUDA_DEVICES=2 FAKE_CUDA_NO_POOL=1", covered);
	for (unsigned i = 0; fk->name(i); i++)
		CHECK(covered[i] > 0, "no test calls %s", fk->name(i));
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return fprintf(stderr, "usage: %s libcuda-fake.so\n", argv[0]), 2;
	library = argv[1];
	setenv("GRIDJIT_CUDA_LIBRARY", library, 1);
	test_all_failures();
	return done();
}
