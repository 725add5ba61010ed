/* The thread pool: every piece is taken once, whoever comes; numbers are each thread's own; several owners at once, jobs within jobs,
 * jobs whose calls wait for each other, helpers that sleep, the child of a fork. */
#define _GNU_SOURCE
#include "run/cpu/pool.h"
#include "run/cpu/split.h"

#include "check.h"

#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 5, PIECES = 3000 };

typedef struct task {
	gj_split split;
	unsigned char done[PIECES];                /* each piece is written by who takes it */
	atomic_uint came, seen[THREADS];           /* calls; of each number */
	unsigned meet;                             /* calls that wait for each other; 0: none do */
	bool nests;                                /* each call has such a job of its own */
	atomic_int wrong;                          /* … that was not done */
} task;

static void fill(task *t, unsigned threads, int64_t chunk)
{
	memset(t, 0, sizeof *t);
	gj_split_init(&t->split, 0, PIECES, chunk, threads);
}

static int count(const task *t)
{
	int n = 0;
	for (int i = 0; i < PIECES; i++)
		n += t->done[i] == 1;
	return n;
}

static void work(void *arg, unsigned me)
{
	task *t = arg;
	unsigned passed_by = 0;
	int64_t from, end;
	atomic_fetch_add(&t->came, 1);
	if (me < THREADS)
		atomic_fetch_add(&t->seen[me], 1);
	while (t->meet && atomic_load(&t->came) < t->meet)
		gj_pause();
	if (t->nests) {
		task *own = malloc(sizeof *own);
		fill(own, THREADS, 10);
		gj_pool_run(work, own, THREADS - 1, false, NULL);
		atomic_fetch_add(&t->wrong, count(own) != PIECES);
		free(own);
	}
	while (gj_split_take(&t->split, me, &passed_by, &from, &end))
		for (; from < end; from++)
			t->done[from]++;
}

static void test_split(void)
{
	static task t;
	for (unsigned threads = 1; threads <= 70; threads++)
		for (int64_t chunk = 1; chunk <= PIECES; chunk = 3 * chunk + 1) {
			fill(&t, threads, chunk);
			work(&t, threads - 1);             /* the others never come */
			CHECK(count(&t) == PIECES && !gj_split_left(&t.split, 0), "%u threads, %d at once", threads, (int)chunk);
		}
	gj_split_init(&t.split, 7, 9, 1, 4);       /* more threads than pieces */
	unsigned passed_by = 0;
	int64_t from, end;
	CHECK(gj_split_take(&t.split, 0, &passed_by, &from, &end) && from == 7 && end == 8, "%d", (int)from);
	CHECK(gj_split_take(&t.split, 0, &passed_by, &from, &end) && from == 8 && end == 9, "%d", (int)from);
	CHECK(!gj_split_take(&t.split, 0, &passed_by, &from, &end), "%d", (int)from);
}

static atomic_int bad;                         /* jobs, of all owners */

static void run_many(int jobs)
{
	task *t = malloc(sizeof *t);
	for (int i = 0; i < jobs; i++) {
		fill(t, THREADS, 1 + i % 7 * 100);
		gj_pool_run(work, t, (unsigned)(1 + i % (THREADS - 1)), false, NULL);
		bool once = true;
		for (int me = 0; me < THREADS; me++)
			once &= t->seen[me] <= 1;
		atomic_fetch_add(&bad, count(t) != PIECES || !once || t->seen[0] != 1);
		if (i % 50 == 49)
			nanosleep(&(struct timespec){ .tv_nsec = 300 * 1000 }, NULL);      /* helpers sleep meanwhile */
	}
	free(t);
}

static void *owner(void *jobs)
{
	run_many(*(int *)jobs);
	return NULL;
}

static void test_owners(void)
{
	pthread_t thread[3];
	int jobs = 300;
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, owner, &jobs);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
}

static void test_inner(void)
{
	task *t = malloc(sizeof *t);
	for (int i = 0; i < 4; i++) {
		fill(t, THREADS, 1);
		t->nests = true;
		gj_pool_run(work, t, THREADS - 1, false, NULL);
		CHECK(count(t) == PIECES && !t->wrong, "job %d", i);
	}
	free(t);
}

/* Two owners at once: neither gets half of the helpers and waits for the rest. */
static void *meeting(void *unused)
{
	task *t = malloc(sizeof *t);
	for (int i = 0; i < 30; i++) {
		fill(t, 1, 1);
		t->meet = THREADS;
		gj_pool_run(work, t, THREADS - 1, true, NULL);
		atomic_fetch_add(&bad, atomic_load(&t->came) != THREADS || count(t) != PIECES);
	}
	free(t);
	return unused;
}

/* Such jobs beside others, which take helpers, get them back and give them up at any moment: the former must not miss one. */
static void *mixed(void *unused)
{
	for (int i = 0; i < 4; i++) {
		meeting(NULL);
		run_many(30);
	}
	return unused;
}

static void test_meetings(void)
{
	pthread_t thread[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, i ? mixed : meeting, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
}

static atomic_int looks;

static void slow(void *arg, unsigned me)
{
	(void)arg;
	if (me)
		nanosleep(&(struct timespec){ .tv_nsec = 450 * 1000 * 1000 }, NULL);
	else
		nanosleep(&(struct timespec){ .tv_nsec = 50 * 1000 * 1000 }, NULL);      /* until the helper has begun */
}

static void look(void *arg)
{
	(void)arg;
	atomic_fetch_add(&looks, 1);
}

static void test_meanwhile(void)
{
	gj_pool_run(slow, NULL, 1, false, look);
	CHECK(atomic_load(&looks) >= 1 && atomic_load(&looks) <= 3, "%d looks in 0.4 s", atomic_load(&looks));
}

static void test_fork(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		run_many(50);
		_exit(atomic_load(&bad) != 0);
	}
	int status;
	waitpid(child, &status, 0);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "the child's pool: %d", status);
}

static void test_worth(void)
{
	CHECK(gj_pool_worth(0) == 1 && gj_pool_worth(1000 * 1000) == THREADS, "%u", gj_pool_worth(1000 * 1000));
	for (uint64_t ns = 0, before = 1; ns < 200000; ns += 500) {
		CHECK(gj_pool_worth(ns) >= before, "%u threads for %d ns", gj_pool_worth(ns), (int)ns);
		nanosleep(&(struct timespec){ .tv_nsec = 1000 * 1000 }, NULL);         /* all helpers sleep */
		before = gj_pool_worth(ns);
	}
}

int main(void)
{
	pthread_mutex_t extra = PTHREAD_MUTEX_INITIALIZER;
	gj_pool_limit(THREADS, 2);
	gj_fork_guard(&extra);
	CHECK(gj_pool_start() == THREADS, "threads start");
	test_split();
	run_many(200);
	test_owners();
	test_inner();
	test_meetings();
	test_meanwhile();
	test_fork();
	test_worth();
	CHECK(!atomic_load(&bad), "%d jobs", atomic_load(&bad));
	return done();
}
