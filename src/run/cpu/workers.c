/* Workers: what a thread works on a launch with, kept between launches; and who makes those at work look up from it. A
 * thread of our own marks the workers of threads that launched, some times a second, so that they ask whether Ctrl-C was
 * pressed (base/interrupt.h); it sleeps while nothing is launched. */
#define _GNU_SOURCE
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"
#include "base/interrupt.h"

#include <limits.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	IDLE_TICKS = 10,                           /* without a launch, and the ticker sleeps */
	TICKER_STACK = 64 * 1024,
	MAX_KEPT_STACKS = 256 << 20,               /* address space for stacks that an idle worker keeps */
	MAX_KEPT_FRAMES = 32 << 20                 /* memory for local arrays that outlive barriers, likewise */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t launched = PTHREAD_COND_INITIALIZER;
static gj_worker *all, *idle;                  /* every worker but those that no thread has */
static _Thread_local gj_worker *own;           /* the thread's, kept until it ends */
static pthread_key_t at_end;
static gj_caller *callers;
static bool has_ticker, quiet = true;          /* quiet: nobody has begun since the last tick */
bool gj_ticking;
uint32_t gj_rt_attention;                      /* functions for the host look at it in their loops */

/* -- The ticker ---------------------------------------------------------------------------------------------------- */

static void set(gj_cpu_block *b) { __atomic_store_n(&b->pub.attention, 1, __ATOMIC_RELAXED); }

/* Makes a worker look up, whichever of its blocks it is at. */
static void call(gj_worker *w)
{
	set(&w->first);
	for (uint32_t i = 0; i < w->shown; i++)
		set(&w->several[i]);
	for (gj_room *room = w->rooms; room; room = room->next)
		set(&room->block);
}

/* Is a thread that can be interrupted at work on its launch? */
static bool is_launching(void)
{
	for (const gj_worker *w = all; w; w = w->next)
		if (atomic_load(&w->at_work) && atomic_load_explicit(&w->launcher, memory_order_relaxed))
			return true;
	return false;
}

/* Is a function for the host running, on any thread? */
static bool is_calling(void)
{
	for (gj_caller *c = callers; c; c = c->next)
		if (__atomic_load_n(&c->depth, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* … on one that Ctrl-C can stop? */
static bool is_asking(void)
{
	for (gj_caller *c = callers; c; c = c->next)
		if (__atomic_load_n(&c->depth, __ATOMIC_RELAXED) && !__atomic_load_n(&c->waits, __ATOMIC_RELAXED) && gj_interrupt_reaches(c->thread))
			return true;
	return false;
}

static void tick(void)
{
	__atomic_store_n(&gj_rt_attention, is_asking(), __ATOMIC_RELAXED);
	for (gj_worker *w = all; w; w = w->next)
		if (atomic_load(&w->at_work) && atomic_load_explicit(&w->launcher, memory_order_relaxed)) {
			atomic_store_explicit(&w->to_ask, true, memory_order_relaxed);
			call(w);
		}
}

static void *ticker(void *unused)
{
	unsigned ticks = 0;
	pthread_mutex_lock(&lock);
	for (;;) {
		ticks = !quiet || is_launching() || is_calling() ? 0 : ticks + 1;
		quiet = true;
		if (ticks >= IDLE_TICKS) {
			__atomic_store_n(&gj_ticking, false, __ATOMIC_SEQ_CST);
			syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0);     /* who calls now sees it, or is seen */
		}
		while (!is_launching() && !is_calling() && quiet && ticks >= IDLE_TICKS) {
			pthread_cond_wait(&launched, &lock);
			ticks = 0;
		}
		__atomic_store_n(&gj_ticking, true, __ATOMIC_RELAXED);
		pthread_mutex_unlock(&lock);
		nanosleep(&(struct timespec){ .tv_nsec = GJ_INTERRUPT_NS }, NULL);
		pthread_mutex_lock(&lock);
		tick();
	}
	return unused;
}

/* Without a ticker nothing is interrupted, and everything runs. */
static void start_ticker(void)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, TICKER_STACK > PTHREAD_STACK_MIN ? TICKER_STACK : PTHREAD_STACK_MIN);
	if (!pthread_create(&thread, &attr, ticker, NULL))
		pthread_setname_np(thread, "gridjit-tick");
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	has_ticker = true;
}

/* Somebody has begun; with the lock. */
static void wake(void)
{
	quiet = false;
	if (!has_ticker)
		start_ticker();
	else if (!gj_ticking)
		pthread_cond_signal(&launched);
}

/* -- Callers ------------------------------------------------------------------------------------------------------- */

void gj_workers_tick(void)
{
	pthread_mutex_lock(&lock);
	wake();
	pthread_mutex_unlock(&lock);
}

void gj_workers_add_caller(gj_caller *c)
{
	pthread_mutex_lock(&lock);
	c->next = callers;
	callers = c;
	pthread_mutex_unlock(&lock);
}

void gj_workers_forget_caller(gj_caller *c)
{
	pthread_mutex_lock(&lock);
	gj_caller **at = &callers;
	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	pthread_mutex_unlock(&lock);
}

/* The word stays for the thread that it is meant for: were it cleared by all who see it, of many threads that one would seldom. */
bool gj_attention_taken(void)
{
	if (!gj_interrupt_reaches(pthread_self()))
		return false;
	__atomic_store_n(&gj_rt_attention, 0, __ATOMIC_RELAXED);
	return true;
}

/* -- Workers ------------------------------------------------------------------------------------------------------- */

/* One for the calling thread; `lent`: because it is at work with its own. NULL: out of memory. */
static gj_worker *enlist(bool lent)
{
	pthread_mutex_lock(&lock);
	gj_worker *w = idle;
	if (w)
		idle = w->next;
	else if ((w = aligned_alloc(64, (sizeof *w + 63) / 64 * 64)))
		memset(w, 0, sizeof *w);
	if (w) {
		w->thread = pthread_self();
		w->lent = lent;
		w->next = all;
		all = w;
	}
	pthread_mutex_unlock(&lock);
	return w;
}

static void retire(void *worker)
{
	gj_worker *w = worker, **at = &all;
	own = own == w ? NULL : own;
	pthread_mutex_lock(&lock);
	while (*at && *at != w)
		at = &(*at)->next;
	if (*at)
		*at = w->next;
	w->next = idle;
	idle = w;
	pthread_mutex_unlock(&lock);
}

/* Without a lock, for all who work on a launch come at the same time. Who looks sees the worker, or it sees what they have to say. */
gj_worker *gj_worker_take(gj_run *r, unsigned me)
{
	gj_worker *w = own;
	if (!w || atomic_load_explicit(&w->at_work, memory_order_relaxed)) {
		w = enlist(w != NULL);
		if (w && !w->lent) {
			own = w;
			pthread_setspecific(at_end, w);
		}
	}
	if (!w)
		return NULL;
	w->run = r;
	w->me = me;
	bool launcher = pthread_equal(pthread_self(), r->launcher);
	__atomic_store_n(&w->first.pub.attention, 0, __ATOMIC_RELAXED);
	atomic_store_explicit(&w->to_ask, false, memory_order_relaxed);
	atomic_store_explicit(&w->launcher, launcher, memory_order_relaxed);
	atomic_store(&w->at_work, r);
	atomic_thread_fence(memory_order_seq_cst);
	if (launcher && !__atomic_load_n(&gj_ticking, __ATOMIC_RELAXED))
		gj_workers_tick();
	return w;
}

static void free_rooms(gj_worker *w)
{
	pthread_mutex_lock(&lock);                 /* the ticker may be looking */
	gj_room *room = w->rooms;
	w->rooms = w->free_rooms = NULL;
	w->shown = 0;
	pthread_mutex_unlock(&lock);
	for (gj_room *next; room; room = next) {
		next = room->next;
		free(room);
	}
	for (int i = 0; i < GJ_MAX_STACK_SETS && w->more[i].n; i++)
		gj_fibers_free(&w->more[i]);
}

/* What an idle worker shall not keep. */
static void drop_extras(gj_worker *w)
{
	if (w->rooms || w->shown)
		free_rooms(w);
	if (w->frame_cap > MAX_KEPT_FRAMES) {
		free(w->frame);
		w->frame = NULL;
		w->frame_cap = 0;
	}
	if (w->fibers.len > MAX_KEPT_STACKS)
		gj_fibers_free(&w->fibers);
}

void gj_worker_return(gj_worker *w)
{
	atomic_store_explicit(&w->at_work, NULL, memory_order_release);
	drop_extras(w);
	if (w->lent)
		retire(w);
}

void gj_workers_attend(const gj_run *r)
{
	pthread_mutex_lock(&lock);
	for (gj_worker *w = all; w; w = w->next)
		if (atomic_load(&w->at_work) == r)
			call(w);
	pthread_mutex_unlock(&lock);
}

void gj_run_fail(gj_run *r, gj_status status, const char *fmt, ...)
{
	int ok = GJ_OK;
	if (!atomic_compare_exchange_strong(&r->status, &ok, status))
		return;
	atomic_thread_fence(memory_order_seq_cst); /* who comes now sees it, or is seen */
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(r->text, sizeof r->text, fmt, ap);
	va_end(ap);
	gj_workers_attend(r);
}

/* -- What a worker has -------------------------------------------------------------------------------------------- */

void gj_block_init(gj_cpu_block *b, gj_worker *w, gj_meet *meet, char *shared)
{
	const gj_run *r = w->run;
	const gj_kernel *k = r->kernel;
	b->worker = w;                             /* pub.attention stays: other threads may be setting it */
	b->meet = r->meets ? meet : NULL;
	b->room = NULL;
	memcpy(b->pub.block_dim, r->launch->block, sizeof b->pub.block_dim);
	memcpy(b->pub.grid_dim, r->launch->grid, sizeof b->pub.grid_dim);
	b->pub.nthreads = r->nthreads;
	b->pub.shared = shared;
	b->pub.dynamic_shared = r->launch->shared;
	b->pub.stretch = 1;
	b->pub.own_sums = w->sums != NULL;
	b->pub.frame = w->frame;
	b->pub.frame_bytes = k->part ? k->frame_bytes : k->frame_bytes + k->kept_bytes;
	b->pub.part = 0;
	b->pub.round = 0;
	b->pub.round_end = UINT64_MAX;
	b->pub.state = (uint32_t *)(void *)(w->frame + (size_t)k->frame_bytes * r->nwarps);
}

static void show(gj_worker *w, uint32_t blocks, gj_room *room)
{
	pthread_mutex_lock(&lock);
	w->shown = blocks;
	if (room) {
		room->next = w->rooms;
		w->rooms = room;
	}
	pthread_mutex_unlock(&lock);
}

void gj_worker_show(gj_worker *w) { show(w, w->run->batch, NULL); }

static size_t align64(size_t n) { return (n + 63) & ~(size_t)63; }

gj_room *gj_room_new(gj_worker *w)
{
	const gj_run *r = w->run;
	size_t meets = align64(sizeof(gj_room)), shared = meets + align64(r->meets * sizeof(gj_meet));
	gj_room *room = aligned_alloc(64, shared + r->shared);
	if (!room)
		return NULL;
	memset(room, 0, sizeof *room);
	gj_block_init(&room->block, w, (gj_meet *)(void *)((char *)room + meets), (char *)room + shared);
	room->block.room = room;
	show(w, w->shown, room);
	return room;
}

void gj_room_leave(gj_worker *w, gj_room *room)
{
	room->next_free = w->free_rooms;
	w->free_rooms = room;
	atomic_fetch_sub(&w->run->crowd, w->run->nthreads);
}

bool gj_worker_more_stacks(gj_worker *w)
{
	gj_fibers *next = w->set == &w->fibers ? w->more : w->set + 1;
	if (next == w->more + GJ_MAX_STACK_SETS || !gj_fibers_reserve(next, 2 * w->set->n, w->fibers.bytes))
		return false;
	w->set = next;
	w->fresh = 0;
	return true;
}

/* -- The process --------------------------------------------------------------------------------------------------- */

/* The child of a fork has one thread. Its own worker, if it was forked by a signal handler during a launch, goes on. */
static void in_child(void)
{
	for (gj_worker **at = &all; *at;)
		if (pthread_equal((*at)->thread, pthread_self()))
			at = &(*at)->next;
		else
			*at = (*at)->next;
	for (gj_caller **at = &callers; *at;)
		if (pthread_equal((*at)->thread, pthread_self()))
			at = &(*at)->next;
		else
			*at = (*at)->next;
	launched = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	has_ticker = gj_ticking = false;
	quiet = true;
}

void gj_workers_start(void)
{
	gj_fork_guard(&lock);
	pthread_key_create(&at_end, retire);
	pthread_atfork(NULL, NULL, in_child);
}
