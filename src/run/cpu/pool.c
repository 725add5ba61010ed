/* The thread pool. Each helper has a place of its own in memory, where it is given jobs and looks for them: for some microseconds, then
 * it sleeps. Who has a job gives it to as many helpers as it wants, without a lock or a counter that they would fight for, does its own
 * part, and takes it back from those that have not begun; so nobody waits for who comes late. Helpers that sleep are woken in a tree:
 * each wakes some more before it begins. A job that finds too few helpers free is in a list, where they look when they get free.
 * After fork() the child starts with an empty pool. */
#define _GNU_SOURCE
#include "run/cpu/pool.h"
#include "run/cpu/split.h"

#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef struct job {
	void (*work)(void *, unsigned);
	void (*meanwhile)(void *);
	void *arg;
	unsigned wanted, given;                    /* helpers that may still come, that it was given to; lock */
	unsigned end, reach;                       /* no place from here on was given it at first; nor later: lock */
	bool together, listed;
	struct job *next;
} job;

enum { BEGUN = 1 };                            /* bit of place.job */

/* Where a helper is given a job. The job's owner writes it under the lock, the helper without; nobody else does. */
typedef struct place {
	_Alignas(GJ_CACHE_LINES) _Atomic uintptr_t job;        /* 0: none */
	void (*work)(void *, unsigned);            /* what is to be called for it */
	void *arg;
	unsigned number;
	atomic_uint asleep;                        /* futex: 1 until the helper is woken */
	atomic_uint awaited;                       /* futex: 1 until the job is done, for which its owner sleeps */
} place;

enum {
	SPIN_NS = 50000,                           /* before a helper, or an owner who waits for helpers, sleeps */
	AWAKE_NS = 3000, ASLEEP_NS = 10000,        /* a helper must have this much to do to be worth calling, worth waking */
	MEANWHILE_NS = 200 * 1000 * 1000,
	FAN = 16,                                  /* of the tree: it takes long to wake, and little to wake one more */
	STACK = 512 * 1024, MAX_GUARDED = 8
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t done;                       /* owners: an exclusive job ended */
	job *jobs;                                 /* that want more helpers */
	bool exclusive;                            /* a job whose calls wait for each other is running */
	_Alignas(GJ_CACHE_LINES) unsigned limit;   /* from here on what is read without the lock, and seldom written */
	uint64_t spin_ns;
	atomic_uint started, sleeping;             /* helpers; one that wakes may be counted still */
	atomic_uint listed;                        /* jobs of the list that still want one */
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER, .limit = 1 };

static place places[GJ_POOL_MOST];

static struct { pthread_mutex_t *mutex[MAX_GUARDED]; unsigned n; } guarded = { { &pool.lock }, 1 };

/* -- Waiting ------------------------------------------------------------------------------------------------------- */

static void futex_wait(atomic_uint *p, unsigned value, const struct timespec *most)
{
	syscall(SYS_futex, p, FUTEX_WAIT_PRIVATE, value, most, NULL, 0);
}

static void futex_wake(atomic_uint *p) { syscall(SYS_futex, p, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }

/* Waits until *p is (or, with `differs`, is no longer) `value`; false: not before it is time to sleep. */
static bool spin(_Atomic uintptr_t *p, uintptr_t value, bool differs)
{
	uint64_t end = gj_now_ns() + pool.spin_ns;
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

static void wake(place *p)
{
	if (atomic_load(&p->asleep) && atomic_exchange(&p->asleep, 0))
		futex_wake(&p->asleep);
}

/* Wakes the helpers of the job that sleep below a node of the tree: node 0 is the owner, node k the helper with place k − 1. Those below
 * one that has not begun are its own to wake; it sees them, since places are given from the last to the first. */
static void wake_below(const job *j, unsigned node)
{
	for (unsigned child = FAN * node + 1; child <= FAN * node + FAN && child <= j->end; child++) {
		place *p = &places[child - 1];
		uintptr_t given = atomic_load(&p->job);
		if (given == (uintptr_t)j && atomic_load(&p->asleep))
			wake(p);
		else if ((given & ~(uintptr_t)BEGUN) != (uintptr_t)j)
			wake_below(j, child);
	}
}

/* With the lock held. What is written lies side by side, and the helper sees it all at once. */
static void hand_over(const job *j, place *p, unsigned number)
{
	p->work = j->work;
	p->arg = j->arg;
	p->number = number;
	atomic_store_explicit(&p->job, (uintptr_t)j, memory_order_release);
}

/* One more of the helpers that a job of the list wants. With the lock held. */
static void add(job *j, place *p)
{
	unsigned end = (unsigned)(p - places) + 1;
	j->reach = j->reach > end ? j->reach : end;
	hand_over(j, p, ++j->given);
	if (!--j->wanted)
		atomic_fetch_sub(&pool.listed, 1);
}

/* A job that wants more helpers, for one that is free. */
static void look_for_job(place *p)
{
	pthread_mutex_lock(&pool.lock);
	job *j = atomic_load_explicit(&p->job, memory_order_acquire) ? NULL : pool.jobs;
	while (j && !j->wanted)
		j = j->next;
	if (j)
		add(j, p);
	pthread_mutex_unlock(&pool.lock);
}

static uintptr_t next_job(place *p)
{
	if (atomic_load(&pool.listed))
		look_for_job(p);
	if (!spin(&p->job, 0, true)) {
		atomic_fetch_add(&pool.sleeping, 1);
		atomic_store(&p->asleep, 1);
		while (!atomic_load(&p->job) && atomic_load(&p->asleep) && !atomic_load(&pool.listed))
			futex_wait(&p->asleep, 1, NULL);
		atomic_store(&p->asleep, 0);
		atomic_fetch_sub(&pool.sleeping, 1);
	}
	return atomic_load(&p->job);
}

static void *helper(void *arg)
{
	place *p = arg;
	unsigned node = (unsigned)(p - places) + 1;
	for (;;) {
		uintptr_t given = next_job(p);
		if (!given || !atomic_compare_exchange_strong(&p->job, &given, given | BEGUN))
			continue;                          /* it was taken back */
		atomic_thread_fence(memory_order_seq_cst);
		if (atomic_load(&pool.sleeping))
			wake_below((job *)given, node);
		p->work(p->arg, p->number);
		atomic_store(&p->job, 0);              /* its owner may go from here on */
		if (atomic_load(&p->awaited) && atomic_exchange(&p->awaited, 0))
			futex_wake(&p->awaited);
	}
	return NULL;
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
	int error = pthread_create(&thread, &attr, helper, &places[i]);
	if (error) {                               /* a program with much thread-local data needs the default stack */
		pthread_attr_destroy(&attr);
		pthread_attr_init(&attr);
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		error = pthread_create(&thread, &attr, helper, &places[i]);
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	char name[16];
	snprintf(name, sizeof name, "gridjit-%u", (i + 1) % 10000);
	if (!error)
		pthread_setname_np(thread, name);
	return !error;
}

static void start(void)                        /* with the lock held */
{
	unsigned n = atomic_load_explicit(&pool.started, memory_order_relaxed);
	while (n + 1 < pool.limit && start_one(n))
		n++;
	atomic_store_explicit(&pool.started, n, memory_order_relaxed);
}

/* -- Owners -------------------------------------------------------------------------------------------------------- */

void gj_pool_limit(unsigned threads, unsigned processors)
{
	pool.limit = threads ? threads : 1;
	pool.spin_ns = threads <= processors ? SPIN_NS : 0;    /* or one would keep another from its work */
}

unsigned gj_pool_threads(void) { return pool.limit; }

unsigned gj_pool_worth(uint64_t ns)
{
	unsigned sleeping = atomic_load_explicit(&pool.sleeping, memory_order_relaxed), n = pool.limit;
	unsigned started = atomic_load_explicit(&pool.started, memory_order_relaxed);
	uint64_t awake = sleeping < started ? 1 + started - sleeping : 1, worth = ns / AWAKE_NS;
	worth = worth < awake ? worth : awake;
	worth = worth > ns / ASLEEP_NS + 1 ? worth : ns / ASLEEP_NS + 1;
	while (n > 1 && n / 2 >= worth)
		n /= 2;
	return n;
}

unsigned gj_pool_start(void)
{
	pthread_mutex_lock(&pool.lock);
	start();
	unsigned n = atomic_load_explicit(&pool.started, memory_order_relaxed) + 1;
	pthread_mutex_unlock(&pool.lock);
	return n;
}

/* To the first helpers that are free, to the last of them first. With the lock held. */
static void give(job *j)
{
	unsigned started = atomic_load_explicit(&pool.started, memory_order_relaxed), end = 0, number;
	uint64_t is_free[GJ_POOL_MOST / 64];
	for (; j->given < j->wanted && end < started; end++) {
		uint64_t yes = !atomic_load_explicit(&places[end].job, memory_order_acquire);
		is_free[end / 64] = (end % 64 ? is_free[end / 64] : 0) | yes << end % 64;
		j->given += (unsigned)yes;
	}
	j->end = j->reach = end;
	j->wanted -= j->given;
	for (number = j->given; number; end--)
		if (is_free[(end - 1) / 64] >> (end - 1) % 64 & 1)
			hand_over(j, &places[end - 1], number--);
}

/* Helpers that get free from now on look at the list; those that got free a moment ago did not. With the lock held. */
static void enlist(job *j)
{
	job **end = &pool.jobs;
	while (*end)
		end = &(*end)->next;
	*end = j;
	j->listed = true;
	atomic_fetch_add(&pool.listed, 1);
	unsigned started = atomic_load_explicit(&pool.started, memory_order_relaxed);
	for (place *p = places; p < places + started && j->wanted; p++)
		if (!atomic_load(&p->job)) {
			add(j, p);
			atomic_thread_fence(memory_order_seq_cst);
			wake(p);
		}
}

static void begin(job *j)
{
	pthread_mutex_lock(&pool.lock);
	start();
	while (j->together && pool.exclusive)
		pthread_cond_wait(&pool.done, &pool.lock);
	pool.exclusive |= j->together;
	give(j);
	if (j->wanted)
		enlist(j);
	pthread_mutex_unlock(&pool.lock);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&pool.sleeping))
		wake_below(j, 0);
}

/* No helper comes any more. */
static void withdraw(job *j)
{
	if (j->listed) {
		pthread_mutex_lock(&pool.lock);
		for (job **at = &pool.jobs; *at; at = &(*at)->next)
			if (*at == j) {
				*at = j->next;
				break;
			}
		atomic_fetch_sub(&pool.listed, j->wanted != 0);
		pthread_mutex_unlock(&pool.lock);
	}
	for (unsigned i = 0; i < j->reach; i++) {
		uintptr_t given = (uintptr_t)j;
		if (atomic_load_explicit(&places[i].job, memory_order_relaxed) == given
		    && atomic_compare_exchange_strong(&places[i].job, &given, 0) && atomic_load(&pool.listed))
			wake(&places[i]);                  /* for another job, which saw this one there */
	}
}

/* Until the helper has done its part; *asked: when something else was done last. */
static void await(const job *j, place *p, uint64_t *asked)
{
	uintptr_t busy = (uintptr_t)j | BEGUN;
	if (atomic_load_explicit(&p->job, memory_order_acquire) != busy || spin(&p->job, busy, true))
		return;
	while (atomic_store(&p->awaited, 1), atomic_load(&p->job) == busy) {
		uint64_t now = gj_now_ns(), since = now - *asked;
		if (j->meanwhile && since >= MEANWHILE_NS) {
			j->meanwhile(j->arg);
			*asked = gj_now_ns();
			since = 0;
		}
		futex_wait(&p->awaited, 1, j->meanwhile ? &(struct timespec){ .tv_nsec = (long)(MEANWHILE_NS - since) } : NULL);
	}
}

static void finish(job *j)
{
	uint64_t asked = gj_now_ns();
	withdraw(j);
	for (unsigned i = 0; i < j->reach; i++)
		await(j, &places[i], &asked);
	if (j->together) {
		pthread_mutex_lock(&pool.lock);
		pool.exclusive = false;
		pthread_cond_broadcast(&pool.done);
		pthread_mutex_unlock(&pool.lock);
	}
}

void gj_pool_run(void (*work)(void *, unsigned), void *arg, unsigned helpers, bool together, void (*meanwhile)(void *))
{
	if (!helpers || pool.limit < 2) {
		work(arg, 0);
		return;
	}
	job j = { .work = work, .arg = arg, .meanwhile = meanwhile, .wanted = helpers, .together = together };
	begin(&j);
	work(arg, 0);
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
	memset(places, 0, sizeof places[0] * atomic_load(&pool.started));
	pool.done = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	pool.jobs = NULL;
	atomic_store(&pool.started, 0);
	atomic_store(&pool.listed, 0);
	atomic_store(&pool.sleeping, 0);
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
