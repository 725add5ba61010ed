/* The CPU device's threads: shared by all launches of the process, started when first needed, asleep when idle. */
#ifndef GJ_POOL_H
#define GJ_POOL_H

#include "base/interrupt.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { GJ_POOL_MOST = 1024 };                  /* threads that may work on one job */

/* Sets how many threads may work on one job, the caller included, and on how many processors; before the first gj_pool_run. */
void     gj_pool_limit(unsigned threads, unsigned processors);
unsigned gj_pool_threads(void);
/* How many threads a job is worth that takes one thread so many nanoseconds: those that are awake cost less than those that are
 * asleep. All, half of all, a quarter …, so that the parts of similar jobs are the same. */
unsigned gj_pool_worth(uint64_t ns);

/* Calls work(arg, 0) here and at the same time work(arg, 1), … on up to `helpers` threads of the pool; returns when every call has
 * returned. Helpers come as they get free, or not at all, so `work` takes its share from where all take theirs and returns when nothing
 * is left; while no other job runs a number's thread is always the same. Jobs of several threads share the pool. `together`: the calls
 * wait for each other, so no other such job runs meanwhile and exactly `helpers` come (fewer than threads − 1 are always there).
 * `meanwhile` is called with arg, some times a second, while only helpers are at work; NULL: nothing to do then. */
void     gj_pool_run(void (*work)(void *, unsigned me), void *arg, unsigned helpers, bool together, void (*meanwhile)(void *));

/* Starts the threads and says how many can work on one job: gj_pool_threads(), or fewer if the system refuses. */
unsigned gj_pool_start(void);

/* Keeps a mutex usable in the child of a fork(). At most 8, at start-up. */
void     gj_fork_guard(pthread_mutex_t *);

/* -- Waiting ------------------------------------------------------------------------------------------------------- */

static inline void gj_pause(void)              /* in a loop that waits for another thread */
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
