/* The thread pool. A job is a function that any number of threads may join while its owner is still at it; idle threads
 * look for one, spin a few microseconds, then sleep. After fork() the child starts with an empty pool. */
#define _GNU_SOURCE
#include "run/cpu/pool.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

typedef struct job {
	void (*work)(void *);
	void (*meanwhile)(void *);
	void *arg;
	unsigned wanted;                           /* helpers that may still come */
	bool together;
	atomic_uint active;                        /* helpers at it; a helper's last touch of the job lowers it */
	struct job *next;
} job;

enum { SPIN_NS = 20000, MEANWHILE_NS = 200 * 1000 * 1000, STACK = 512 * 1024, MAX_GUARDED = 8 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;                       /* helpers: a job was added */
	pthread_cond_t done;                       /* owners: a helper left, or an exclusive job ended */
	job *jobs;
	unsigned limit, started, sleeping;
	bool exclusive;                            /* a job whose calls wait for each other is running */
	atomic_uint epoch;                         /* counts jobs, so that spinning needs no lock */
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER,
           .limit = 1 };

static struct { pthread_mutex_t *mutex[MAX_GUARDED]; unsigned n; } guarded = { { &pool.lock }, 1 };

/* -- Waiting ------------------------------------------------------------------------------------------------------- */

/* Waits until *p is (or, with `differs`, is no longer) `value`; false: not within SPIN_NS. */
static bool spin(atomic_uint *p, unsigned value, bool differs)
{
	uint64_t end = gj_now_ns() + SPIN_NS;
	do
		for (int i = 0; i < 32; i++) {
			if ((atomic_load_explicit(p, memory_order_acquire) == value) != differs)
				return true;
			gj_pause();
		}
	while (gj_now_ns() < end);
	return false;
}

/* -- Helpers ------------------------------------------------------------------------------------------------------- */

static job *find_job(void)
{
	for (job *j = pool.jobs; j; j = j->next)
		if (j->wanted)
			return j;
	return NULL;
}

static void help(job *j)                       /* with the lock held, before and after */
{
	j->wanted--;
	atomic_fetch_add_explicit(&j->active, 1, memory_order_relaxed);
	pthread_mutex_unlock(&pool.lock);
	j->work(j->arg);
	pthread_mutex_lock(&pool.lock);
	if (atomic_fetch_sub_explicit(&j->active, 1, memory_order_release) == 1)
		pthread_cond_broadcast(&pool.done);
}

static void *helper(void *unused)
{
	pthread_mutex_lock(&pool.lock);
	for (;;) {
		job *j = find_job();
		if (j) {
			help(j);
			continue;
		}
		unsigned epoch = atomic_load(&pool.epoch);
		pthread_mutex_unlock(&pool.lock);
		bool news = spin(&pool.epoch, epoch, true);
		pthread_mutex_lock(&pool.lock);
		if (news || atomic_load(&pool.epoch) != epoch)
			continue;
		pool.sleeping++;
		pthread_cond_wait(&pool.wake, &pool.lock);
		pool.sleeping--;
	}
	return unused;
}

/* Signals belong to the program's own threads: Python runs its handlers in the main one. */
static bool start_one(unsigned i)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);                  /* of its own making: fault.c */
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	int error = pthread_create(&thread, &attr, helper, NULL);
	if (error) {                               /* a program with much thread-local data needs the default stack */
		pthread_attr_destroy(&attr);
		pthread_attr_init(&attr);
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		error = pthread_create(&thread, &attr, helper, NULL);
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	char name[16];
	snprintf(name, sizeof name, "gridjit-%u", i % 10000);
	if (!error)
		pthread_setname_np(thread, name);
	return !error;
}

static void start(void)                        /* with the lock held */
{
	while (pool.started + 1 < pool.limit && start_one(pool.started + 1))
		pool.started++;
}

/* -- Owners -------------------------------------------------------------------------------------------------------- */

void gj_pool_limit(unsigned threads) { pool.limit = threads ? threads : 1; }
unsigned gj_pool_threads(void) { return pool.limit; }

unsigned gj_pool_start(void)
{
	pthread_mutex_lock(&pool.lock);
	start();
	unsigned n = pool.started + 1;
	pthread_mutex_unlock(&pool.lock);
	return n;
}

static void add(job *j)
{
	pthread_mutex_lock(&pool.lock);
	start();
	while (j->together && pool.exclusive)
		pthread_cond_wait(&pool.done, &pool.lock);
	pool.exclusive |= j->together;
	job **end = &pool.jobs;
	while (*end)
		end = &(*end)->next;
	*end = j;
	atomic_fetch_add(&pool.epoch, 1);
	unsigned wake = j->wanted < pool.sleeping ? j->wanted : pool.sleeping;
	for (unsigned i = 0; i < wake; i++)
		pthread_cond_signal(&pool.wake);
	pthread_mutex_unlock(&pool.lock);
}

/* Waits for a helper to leave; with the lock held, before and after. */
static void wait_for_helpers(const job *j)
{
	struct timespec until;
	if (!j->meanwhile) {
		pthread_cond_wait(&pool.done, &pool.lock);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += MEANWHILE_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	if (pthread_cond_timedwait(&pool.done, &pool.lock, &until) != ETIMEDOUT)
		return;
	pthread_mutex_unlock(&pool.lock);
	j->meanwhile(j->arg);
	pthread_mutex_lock(&pool.lock);
}

/* No helper comes any more; waits for those at it. */
static void finish(job *j)
{
	pthread_mutex_lock(&pool.lock);
	j->wanted = 0;
	job **at = &pool.jobs;
	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	pthread_mutex_unlock(&pool.lock);
	if (spin(&j->active, 0, false) && !j->together)
		return;
	pthread_mutex_lock(&pool.lock);
	while (atomic_load_explicit(&j->active, memory_order_acquire))
		wait_for_helpers(j);
	if (j->together) {
		pool.exclusive = false;
		pthread_cond_broadcast(&pool.done);
	}
	pthread_mutex_unlock(&pool.lock);
}

void gj_pool_run(void (*work)(void *), void *arg, unsigned helpers, bool together, void (*meanwhile)(void *))
{
	if (!helpers || pool.limit < 2) {
		work(arg);
		return;
	}
	job j = { .work = work, .arg = arg, .meanwhile = meanwhile, .wanted = helpers, .together = together };
	add(&j);
	work(arg);
	finish(&j);
}

/* -- fork() -------------------------------------------------------------------------------------------------------- */

static void before_fork(void)
{
	for (unsigned i = 0; i < guarded.n; i++)
		pthread_mutex_lock(guarded.mutex[i]);
}

static void in_parent(void)
{
	for (unsigned i = guarded.n; i-- > 0;)
		pthread_mutex_unlock(guarded.mutex[i]);
}

static void in_child(void)
{
	pool.wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	pool.done = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	pool.jobs = NULL;
	pool.started = pool.sleeping = 0;
	pool.exclusive = false;
	in_parent();
}

static void watch_forks(void) { pthread_atfork(before_fork, in_parent, in_child); }

void gj_fork_guard(pthread_mutex_t *mutex)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_mutex_lock(&pool.lock);
	if (guarded.n < MAX_GUARDED)
		guarded.mutex[guarded.n++] = mutex;
	pthread_mutex_unlock(&pool.lock);
	pthread_once(&once, watch_forks);
}
