/* Loops over prange. A function for the host comes here with the leaves that the rounds read; chunks of rounds are run by the calling
 * thread and, where there is enough to do, by threads of the pool. Only chunks that come after one with a round that fails are left
 * out, so all rounds before it are run, and the earliest failure is what the function raises. Where rounds make one value together, chunks depend on
 * the number of rounds alone: their partial values, joined in their order, are the same whoever ran them. */
#define _GNU_SOURCE
#include "run/cpu/call.h"
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"
#include "run/cpu/split.h"
#include "run/status.h"
#include "base/interrupt.h"

#include <stdlib.h>
#include <string.h>

enum {
	VECTOR = 32,
	FEW_PARAMS = 1024,
	LIGHT_CHUNK = 1024                         /* rounds of chunks that are always the same, at least; not of those that are much */
};

typedef struct gj_rounds_run {
	gj_kernel *k;
	const uint64_t *slot;
	gj_caller *caller;
	int64_t  n, chunk;
	unsigned threads;
	gj_split *split;                         /* of the chunks */
	_Atomic int64_t failed;                    /* the first chunk with a round that failed; INT64_MAX: none */
	atomic_bool stop;                          /* Ctrl-C */
	pthread_mutex_t lock;                      /* guards what follows */
	gj_status status;
	gj_report report;                          /* of the chunk `failed` */
	uint64_t  handlers;                        /* … those that take it */
	gj_lines  lines;                           /* what helpers have printed */
	gj_owned  kept;                            /* head of a list: what outlives the rounds */
} run;

/* -- A chunk --------------------------------------------------------------------------------------------------------------- */

static void fill(const run *r, char *params)
{
	const gj_kernel *k = r->k;
	for (uint32_t i = 0; i < k->nparams; i++) {
		const gj_param *p = &k->param[i];
		if (p->leaf >= 3)
			memcpy(params + p->offset, &r->slot[p->leaf - 3], p->size);
	}
}

static void fill_chunk(const run *r, char *params, int64_t chunk)
{
	const gj_kernel *k = r->k;
	int64_t first = chunk * r->chunk, count = r->n - first < r->chunk ? r->n - first : r->chunk;
	const int64_t value[3] = { first, count, chunk };
	for (uint32_t i = 0; i < k->nparams; i++)
		if (k->param[i].leaf < 3)
			memcpy(params + k->param[i].offset, &value[k->param[i].leaf], sizeof *value);
}

/* Apart, since what is in registers is lost where it lands. */
static __attribute__((noinline)) gj_status call(gj_caller *c, const gj_kernel *k, const char *params)
{
	if (__builtin_setjmp(c->landing))
		return gj_caller_own()->status;
	k->entry(&c->pub, params, 0, 1);
	return GJ_OK;
}

static void note_failure(run *r, const gj_caller *c, int64_t chunk, gj_status status)
{
	pthread_mutex_lock(&r->lock);
	if (chunk < atomic_load_explicit(&r->failed, memory_order_relaxed)) {
		r->report = c->report;
		r->handlers = c->handlers;
		r->status = status;
		atomic_store_explicit(&r->failed, chunk, memory_order_relaxed);
	}
	pthread_mutex_unlock(&r->lock);
}

static void run_chunk(run *r, gj_caller *c, char *params, int64_t chunk)
{
	gj_owned *made = c->made = c->owned.next;
	c->failed = false;
	fill_chunk(r, params, chunk);
	gj_status status = call(c, r->k, params);
	gj_owned_drop(&c->owned, made);                /* of rounds that failed */
	if (status == GJ_E_INTERRUPTED)
		atomic_store(&r->stop, true);
	else if (c->failed || status != GJ_OK)
		note_failure(r, c, chunk, GJ_E_RAISED);
}

void gj_rt_round_failed(gj_block *pub, uint32_t site, int64_t round, uint64_t handlers, uint32_t n, const uint64_t *value)
{
	gj_caller *c = gj_rt_caller(pub);
	if (c->failed && c->failed_round <= round)
		return;
	c->failed = true;
	c->failed_round = round;
	c->handlers = handlers;
	c->report = (gj_report){ .site = site, .nvalues = n };
	memcpy(c->report.value, value, (n < GJ_REPORT_VALUES ? n : GJ_REPORT_VALUES) * sizeof *value);
}

void gj_rt_keep(gj_block *pub, uint64_t owner)
{
	gj_caller *c = gj_rt_caller(pub);
	run *r = c->rounds;
	pthread_mutex_lock(&r->lock);
	if (owner)
		gj_owned_move(&c->owned, c->made, owner, &r->kept);
	pthread_mutex_unlock(&r->lock);
}

/* -- Threads --------------------------------------------------------------------------------------------------------------- */

static void take_lines(run *r, gj_caller *c)
{
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < c->lines.n;) {
		uint32_t n = (uint32_t)(c->lines.word[i] >> GJ_PRINT_COUNT_AT);
		if (!gj_lines_add(&r->lines, (uint32_t)c->lines.word[i], n, c->lines.word + i + 1))
			r->lines.lost++;
		i += n + 1;
	}
	r->lines.lost += c->lines.lost;
	c->lines.n = c->lines.lost = 0;
	pthread_mutex_unlock(&r->lock);
}

/* A thread's part: chunks until none is left. */
static void work(void *arg, unsigned me)
{
	run *r = arg;
	gj_caller *c = gj_caller_own();
	char few[FEW_PARAMS] __attribute__((aligned(16))), *params = few;
	void *outer[GJ_LEN(c->landing)];
	uint64_t asked = 0, start = gj_now_ns();
	unsigned passed = 0;
	if (!c || (r->k->param_bytes > sizeof few && !(params = malloc(r->k->param_bytes))))
		return;                                /* the thread that called has both */
	uint32_t id = c->pub.block_idx[0], threads = c->pub.grid_dim[0];
	struct gj_rounds_run *before = c->rounds;
	memcpy(outer, c->landing, sizeof outer);
	c->rounds = r;
	c->depth++;
	c->pub.block_idx[0] = me;
	c->pub.grid_dim[0] = r->caller->pub.grid_dim[0];
	fill(r, params);
	for (int64_t at, end; !atomic_load_explicit(&r->stop, memory_order_relaxed) && gj_split_take(r->split, me, &passed, &at, &end);) {
		if (at > atomic_load_explicit(&r->failed, memory_order_relaxed))
			continue;
		run_chunk(r, c, params, at);
		if (c == r->caller && gj_interrupted_since(&asked))
			atomic_store(&r->stop, true);
	}
	c->depth--;
	c->rounds = before;
	if (c == r->caller) {                      /* from here on it asks by itself */
		__atomic_store_n(&c->waits, true, __ATOMIC_RELAXED);
		gj_attention_taken();
	}
	c->pub.block_idx[0] = id;
	c->pub.grid_dim[0] = threads;
	memcpy(c->landing, outer, sizeof outer);
	if (c != r->caller && (c->lines.n || c->lines.lost))
		take_lines(r, c);
	if (params != few)
		free(params);
	gj_split_spend(r->split, me, gj_now_ns() - start);
}

/* Helpers that run long look at this word. */
static void hurry(const run *r)
{
	if (atomic_load(&r->stop))
		__atomic_store_n(&gj_rt_attention, 1, __ATOMIC_RELAXED);
}

/* While only helpers are at work. */
static void meanwhile(void *arg)
{
	run *r = arg;
	if (!atomic_load(&r->stop) && gj_interrupted())
		atomic_store(&r->stop, true);
	hurry(r);
}

void gj_rounds_attend(gj_caller *c)
{
	run *r = c->rounds;
	if (!atomic_load(&r->stop)) {
		if (!gj_attention_taken() || !gj_interrupted())
			return;
		atomic_store(&r->stop, true);
		hurry(r);
	}
	gj_caller_land(c, GJ_E_INTERRUPTED);
}

/* -- The loop -------------------------------------------------------------------------------------------------------------- */

static int64_t up_to_vector(int64_t n) { return (n + VECTOR - 1) / VECTOR * VECTOR; }

/* Threads that the loop is worth, and how it is cut; most: into so many chunks at most, unless 0. */
static void cut(run *r, const gj_caller *c, int64_t most_chunks)
{
	const gj_kernel *k = r->k;
	unsigned all = gj_pool_threads(), most = c->threads && c->threads < all ? c->threads : all;
	uint64_t each = atomic_load_explicit(&k->ps_round, memory_order_relaxed);
	unsigned worth = each ? gj_pool_worth((uint64_t)((double)each * (double)r->n / 1000)) : most;
	r->threads = worth < most ? worth : most;
	if (most_chunks) {
		r->chunk = (r->n + most_chunks - 1) / most_chunks;
	} else if (k->chunked) {
		int64_t least = !k->heavy ? LIGHT_CHUNK : k->width == 1 ? 1 : VECTOR;
		r->chunk = (r->n + GJ_MAX_CHUNKS - 1) / GJ_MAX_CHUNKS;
		r->chunk = r->chunk < least ? least : k->width == 1 ? r->chunk : up_to_vector(r->chunk);
	} else if (c->chunk) {
		r->chunk = c->chunk;
	} else if (r->threads > 1) {
		r->chunk = r->n / (4 * (int64_t)r->threads);
		r->chunk = r->chunk >= VECTOR ? up_to_vector(r->chunk) : (r->n + r->threads - 1) / r->threads;
	} else {
		r->chunk = r->n;
	}
	int64_t chunks = (r->n + r->chunk - 1) / r->chunk;
	r->threads = (int64_t)r->threads < chunks ? r->threads : (unsigned)chunks;
}

int64_t gj_rt_rounds(gj_block *pub, uint32_t loop, const uint64_t *slot, int64_t n, int64_t most, uint32_t caught)
{
	gj_caller *c = gj_rt_caller(pub);
	if (n <= 0)
		return 0;
	run r = { .k = c->kernel->loop[loop], .slot = slot, .caller = c, .n = n, .failed = INT64_MAX, .lock = PTHREAD_MUTEX_INITIALIZER };
	r.kept.next = r.kept.before = &r.kept;
	cut(&r, c, most);
	gj_split split;
	r.split = &split;
	gj_split_init(&split, 0, (n + r.chunk - 1) / r.chunk, 1, r.threads);
	gj_pool_run(work, &r, r.threads - 1, false, meanwhile);
	__atomic_store_n(&c->waits, false, __ATOMIC_RELAXED);
	atomic_store_explicit(&r.k->ps_round, (uint64_t)((double)gj_split_spent(&split) * 1000 / (double)n) + 1, memory_order_relaxed);
	while (r.kept.next != &r.kept)
		gj_owned_move(&r.kept, &r.kept, (uint64_t)(uintptr_t)(r.kept.next + 1), &c->owned);
	if (r.lines.n || r.lines.lost) {
		gj_lines own = c->lines;
		c->lines = r.lines;
		r.lines = own;
		take_lines(&r, c);                     /* the calling thread's own come first */
		free(c->lines.word);
		c->lines = r.lines;
	}
	if (atomic_load(&r.stop)) {
		gj_attention_taken();
		gj_caller_land(c, GJ_E_INTERRUPTED);
	}
	if (r.failed != INT64_MAX) {
		c->report = r.report;
		c->handlers = r.handlers;
		if (caught && r.status == GJ_E_RAISED)
			return -1;
		gj_caller_land(c, r.status);
	}
	return (n + r.chunk - 1) / r.chunk;
}
