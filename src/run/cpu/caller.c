/* Records of the threads that call functions for the host, or help with their loops: made at a thread's first call, freed at its end.
 * Compiled code takes one for its block, one without threads. */
#define _GNU_SOURCE
#include "run/cpu/call.h"
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"

#include <stdlib.h>

enum { STACK_RESERVE = 192 << 10 /* for the C library, signal handlers and a frame with large arrays */ };

static _Thread_local gj_caller *own;
static pthread_key_t at_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void retire(void *record)
{
	gj_caller *c = record;
	gj_workers_forget_caller(c);
	free(c->lines.word);
	free(c);
}

/* In the child of a fork unseeded random numbers would be the parent's. */
static void forked(void)
{
	for (int i = 0; own && i < GJ_NRANDOMS; i++)
		gj_random_forked(&own->random[i]);
}

static void start(void)
{
	pthread_key_create(&at_end, retire);
	pthread_atfork(NULL, NULL, forked);
}

/* The end of the thread's stack. */
static const char *stack_end(void)
{
	pthread_attr_t attr;
	void *low = NULL;
	size_t size;
	if (pthread_getattr_np(pthread_self(), &attr))
		return NULL;
	pthread_attr_getstack(&attr, &low, &size);
	pthread_attr_destroy(&attr);
	return low;
}

static gj_caller *enlist(void)
{
	pthread_once(&once, start);
	gj_caller *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->pub.stack_least = stack_end() + STACK_RESERVE;
	c->pub.grid_dim[0] = gj_pool_threads();
	c->thread = pthread_self();
	c->pub.random = c->random;
	for (int i = 0; i < GJ_NRANDOMS; i++)
		gj_random_init(&c->random[i]);
	c->owned.next = c->owned.before = &c->owned;
	pthread_setspecific(at_end, c);
	gj_workers_add_caller(c);
	return own = c;
}

gj_caller *gj_caller_known(void) { return own; }
gj_caller *gj_caller_own(void) { return own ? own : enlist(); }

void gj_caller_land(gj_caller *c, gj_status status)
{
	c->status = status;
	__builtin_longjmp(c->landing, 1);
}

/* -- Settings of the calling thread ------------------------------------------------------------------------------------------ */

unsigned gj_call_threads(void)
{
	const gj_caller *c = gj_caller_own();
	return c && c->threads ? c->threads : gj_pool_threads();
}

unsigned gj_call_most_threads(void) { return gj_pool_threads(); }

bool gj_call_set_threads(int64_t n)
{
	gj_caller *c = gj_caller_own();
	bool ok = c && n >= 1 && n <= gj_pool_threads();
	if (ok)
		c->threads = c->pub.grid_dim[0] = (unsigned)n;
	return ok;
}

int64_t gj_call_chunk(void)
{
	const gj_caller *c = gj_caller_own();
	return c ? c->chunk : 0;
}

void gj_call_set_chunk(int64_t n)
{
	gj_caller *c = gj_caller_own();
	if (c)
		c->chunk = n;
}
