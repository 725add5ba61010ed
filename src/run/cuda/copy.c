/* Copies. A copy from or to pageable memory goes in pieces through pinned buffers, filled or emptied by several threads:
 * the driver's own staging is one thread's memcpy, a fifth of what the link carries. Every lane (the caller and some
 * helper threads) takes the next piece, two buffers each, so that its memcpy runs beside its transfer. Pieces are as
 * small as all lanes have some; the caller begins at once and waits for no helper that wakes up too late to find one.
 *
 * Pinning the buffers costs about as much as copying them a few times, so a process earns them by what it has copied.
 * One copy is staged at a time; a second one beside it takes the driver's way. */
#define _GNU_SOURCE
#include "run/cuda/cuda.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LANES = 16, DEFAULT_LANES = 8, SLOTS = 2 };
static const size_t DEFAULT_CHUNK = (size_t)4 << 20;       /* a buffer, and the largest piece */
static const size_t LEAST_STAGED = (size_t)2 << 20;       /* what the driver copies faster by itself: 1 MiB in 90 µs, not 115 */
static const size_t LEAST_PIECE = (size_t)128 << 10;       /* a thread wakes up in the time that a few of them take */

/* busy: `done` is yet to be waited for. bytes: what it then holds belongs at `to` (copies to the host). */
typedef struct slot { void *buf; CUevent done; bool busy; void *to; size_t bytes; } slot;

typedef struct job {
	gj_copy   kind;
	uintptr_t dst, src;
	size_t    bytes, piece;
	CUstream  stream;
	_Atomic size_t next;                       /* where the next piece starts */
	_Atomic CUresult error;                    /* the first one stops everybody */
	const char *call;                          /* that failed; under `lock` */
} job;

typedef struct lane { gj_cuda_stage *stage; slot slot[SLOTS]; } lane;

struct gj_cuda_stage {
	gj_cuda *dev;
	pthread_mutex_t turn;                      /* held during a staged copy */
	_Atomic size_t  earned;                    /* bytes of pageable copies so far, without small ones */
	size_t chunk;
	int    wanted, lanes;                      /* lanes: those made; 0: not open yet, 1: not to be had */
	void  *buffers;
	lane   lane[MAX_LANES];

	pthread_mutex_t lock;                      /* guards the rest */
	pthread_cond_t  start, end;
	job     *job;                              /* NULL: nothing is left of it to begin */
	unsigned round;                            /* counts jobs */
	int      running;                          /* helpers at work */
};

/* -- One lane ---------------------------------------------------------------------------------------------------- */

static bool worked(lane *l, job *j, CUresult r, const char *call)
{
	CUresult none = CUDA_SUCCESS;
	if (r == CUDA_SUCCESS)
		return true;
	pthread_mutex_lock(&l->stage->lock);
	if (atomic_compare_exchange_strong(&j->error, &none, r))
		j->call = call;
	pthread_mutex_unlock(&l->stage->lock);
	return false;
}

/* Waits until the slot's buffer is free again and delivers what has arrived in it. */
static bool settle(lane *l, job *j, slot *s)
{
	if (s->busy && !worked(l, j, gj_cu.cuEventSynchronize(s->done), "cuEventSynchronize"))
		return false;
	s->busy = false;
	if (s->bytes)
		memcpy(s->to, s->buf, s->bytes);
	s->bytes = 0;
	return true;
}

static bool move_piece(lane *l, job *j, slot *s, size_t at, size_t n)
{
	if (!settle(l, j, s))
		return false;
	if (j->kind == GJ_H2D) {
		memcpy(s->buf, (const void *)(j->src + at), n);
		if (!worked(l, j, gj_cu.cuMemcpyHtoDAsync(j->dst + at, s->buf, n, j->stream), "cuMemcpyHtoDAsync"))
			return false;
	} else if (!worked(l, j, gj_cu.cuMemcpyDtoHAsync(s->buf, j->src + at, n, j->stream), "cuMemcpyDtoHAsync"))
		return false;
	if (!worked(l, j, gj_cu.cuEventRecord(s->done, j->stream), "cuEventRecord"))
		return false;
	s->busy = true;
	if (j->kind == GJ_D2H)
		s->to = (void *)(j->dst + at), s->bytes = n;
	return true;
}

static void run_lane(lane *l, job *j)
{
	size_t at;
	int turn = 0;
	for (; !atomic_load(&j->error) && (at = atomic_fetch_add(&j->next, j->piece)) < j->bytes; turn ^= 1)
		if (!move_piece(l, j, &l->slot[turn], at, j->bytes - at < j->piece ? j->bytes - at : j->piece))
			break;
	if (j->kind == GJ_D2H)
		for (int i = 0; i < SLOTS; i++, turn ^= 1)
			(void)settle(l, j, &l->slot[turn]);
}

static void *helper(void *arg)
{
	lane *l = arg;
	gj_cuda_stage *g = l->stage;
	bool ready = false;
	unsigned seen = 0;
	for (;;) {
		pthread_mutex_lock(&g->lock);
		while (g->round == seen || !g->job)
			pthread_cond_wait(&g->start, &g->lock);
		seen = g->round;
		job *j = g->job;
		g->running++;
		pthread_mutex_unlock(&g->lock);
		ready = ready || worked(l, j, gj_cu.cuCtxSetCurrent(g->dev->ctx), "cuCtxSetCurrent");
		if (ready)
			run_lane(l, j);
		pthread_mutex_lock(&g->lock);
		if (--g->running == 0)
			pthread_cond_signal(&g->end);
		pthread_mutex_unlock(&g->lock);
	}
	return NULL;
}

/* -- All lanes --------------------------------------------------------------------------------------------------- */

static size_t setting(const char *name, size_t otherwise, size_t least, size_t most)
{
	const char *text = getenv(name);
	char *end;
	unsigned long long n = text ? strtoull(text, &end, 10) : 0;
	if (!text || end == text || *end)
		return otherwise;
	return n < least ? least : n > most ? most : (size_t)n;
}

static int usable_cpus(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

gj_status gj_cuda_stage_open(gj_cuda *d)
{
	gj_cuda_stage *g;
	int cpus = usable_cpus();
	if (d->stage)
		return GJ_OK;
	if (!(g = calloc(1, sizeof *g)))
		return gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
	g->dev = d;
	g->wanted = (int)setting("GRIDJIT_COPY_THREADS", cpus < DEFAULT_LANES ? (size_t)cpus : DEFAULT_LANES, 1, MAX_LANES);
	g->chunk = setting("GRIDJIT_COPY_CHUNK", DEFAULT_CHUNK, 4096, (size_t)64 << 20);
	pthread_mutex_init(&g->turn, NULL);
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->start, NULL);
	pthread_cond_init(&g->end, NULL);
	d->stage = g;
	return GJ_OK;
}

/* Events and buffers of all lanes; on failure what was made is undone. */
static bool make_slots(gj_cuda_stage *g)
{
	int made = 0, all = g->wanted * SLOTS;
	if (gj_cu.cuMemHostAlloc(&g->buffers, (size_t)all * g->chunk, CU_MEMHOSTALLOC_PORTABLE) != CUDA_SUCCESS)
		return false;
	for (; made < all; made++) {
		slot *s = &g->lane[made / SLOTS].slot[made % SLOTS];
		s->buf = (char *)g->buffers + (size_t)made * g->chunk;
		if (gj_cu.cuEventCreate(&s->done, CU_EVENT_DISABLE_TIMING) != CUDA_SUCCESS)
			break;
	}
	if (made == all)
		return true;
	while (made-- > 0)
		(void)gj_cu.cuEventDestroy(g->lane[made / SLOTS].slot[made % SLOTS].done);
	(void)gj_cu.cuMemFreeHost(g->buffers);
	return false;
}

/* Leaves lanes at 1, and big copies to the driver, if buffers or threads are not to be had. */
static void make_lanes(gj_cuda_stage *g)
{
	sigset_t all, old;
	pthread_t thread;
	g->lanes = 1;
	if (!make_slots(g))
		return;
	sigfillset(&all);                          /* signals are for the program's own threads */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (int i = 0; i < g->wanted; i++)
		g->lane[i].stage = g;
	while (g->lanes < g->wanted && pthread_create(&thread, NULL, helper, &g->lane[g->lanes]) == 0) {
		pthread_detach(thread);
		g->lanes++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static gj_status run_job(gj_cuda_stage *g, job *j)
{
	size_t share = (j->bytes / (size_t)(g->lanes * SLOTS) + 4095) & ~(size_t)4095;
	j->piece = share < LEAST_PIECE ? LEAST_PIECE : share;
	j->piece = j->piece < g->chunk ? j->piece : g->chunk;
	pthread_mutex_lock(&g->lock);
	g->job = j;
	g->round++;
	pthread_cond_broadcast(&g->start);
	pthread_mutex_unlock(&g->lock);
	run_lane(&g->lane[0], j);
	pthread_mutex_lock(&g->lock);
	g->job = NULL;
	while (g->running)
		pthread_cond_wait(&g->end, &g->lock);
	pthread_mutex_unlock(&g->lock);
	if (!j->error)
		return GJ_OK;
	/* Nothing may be under way when the buffers, the user's and ours, are used next. */
	(void)gj_cu.cuCtxSynchronize();
	for (int i = 0; i < g->lanes * SLOTS; i++)
		g->lane[i / SLOTS].slot[i % SLOTS].busy = false, g->lane[i / SLOTS].slot[i % SLOTS].bytes = 0;
	return gj_cuda_fail(j->error, j->call, NULL);
}

/* -- Copies ------------------------------------------------------------------------------------------------------ */

/* The driver knows its own pinned and managed memory, and nothing of ordinary memory. */
static bool pageable(uintptr_t host)
{
	unsigned type;
	return gj_cu.cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, host) != CUDA_SUCCESS;
}

/* False: not worth it, or not possible now. Holds `turn` if true. The per-thread stream is another one in a helper. */
static bool take_stage(gj_cuda_stage *g, const job *j)
{
	size_t cost = (size_t)g->wanted * SLOTS * g->chunk, bytes = j->bytes;
	size_t least = LEAST_STAGED < 2 * g->chunk ? LEAST_STAGED : 2 * g->chunk;
	if (j->kind == GJ_D2D || g->wanted < 2 || bytes < least || j->stream == CU_STREAM_PER_THREAD ||
	    !pageable(j->kind == GJ_H2D ? j->src : j->dst))
		return false;
	if (atomic_fetch_add(&g->earned, bytes) + bytes < cost || pthread_mutex_trylock(&g->turn) != 0)
		return false;
	if (!g->lanes)
		make_lanes(g);
	if (g->lanes > 1)
		return true;
	pthread_mutex_unlock(&g->turn);
	return false;
}

/* On the default stream a host copy is over when it returns; on another one, copies of pinned memory go on beside the
 * caller, as the driver does it. */
static gj_status plain_copy(const job *j)
{
	const void *from = (const void *)j->src;
	void *to = (void *)j->dst;
	switch (j->kind) {
	case GJ_H2D:
		return j->stream ? CALL(cuMemcpyHtoDAsync, (j->dst, from, j->bytes, j->stream))
		                 : CALL(cuMemcpyHtoD, (j->dst, from, j->bytes));
	case GJ_D2H:
		return j->stream ? CALL(cuMemcpyDtoHAsync, (to, j->src, j->bytes, j->stream))
		                 : CALL(cuMemcpyDtoH, (to, j->src, j->bytes));
	case GJ_D2D:
		return CALL(cuMemcpyDtoDAsync, (j->dst, j->src, j->bytes, j->stream));
	}
	return gj_error_set(GJ_E_INVALID, 0, "no such kind of copy: %d", (int)j->kind);
}

gj_status gj_cuda_copy(gj_device *dev, gj_copy kind, uintptr_t dst, uintptr_t src, size_t bytes, gj_stream *st)
{
	gj_cuda_stage *g = gj_cuda_of(dev)->stage;
	CUstream stream = gj_cuda_stream(st);
	CUcontext before;
	job j = { .kind = kind, .dst = dst, .src = src, .bytes = bytes };
	j.stream = stream == CU_STREAM_LEGACY ? NULL : stream;
	if (!bytes)
		return GJ_OK;
	gj_status s = gj_cuda_enter(gj_cuda_of(dev), &before);
	if (s != GJ_OK)
		return s;
	if (take_stage(g, &j)) {
		s = gj_cuda_wait_stream(j.stream);
		s = s == GJ_OK ? run_job(g, &j) : s;
		pthread_mutex_unlock(&g->turn);
	} else {
		s = kind == GJ_D2D || j.stream ? GJ_OK : gj_cuda_wait_stream(NULL);
		s = s == GJ_OK ? plain_copy(&j) : s;
	}
	if (kind == GJ_D2H)
		s = gj_cuda_waited(gj_cuda_of(dev), s);
	return gj_cuda_leave(before, s);
}
