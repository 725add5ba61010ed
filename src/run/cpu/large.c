/* Memory of large arrays that calls make anew. malloc() maps it anew each time, and the system clears every page when it is first touched,
 * which takes as long as to compute what goes there. So what was let go is kept for the next one, up to 256 MiB, and is marked
 * (MADV_FREE): where memory runs short the system takes it as if it had been given back. */
#define _GNU_SOURCE
#include "run/cpu/large.h"

#include "run/cpu/pool.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { KEPT = 8, HUGE_PAGE = 2 << 20 };
static const size_t most = (size_t)256 << 20;

typedef struct block { char *at; size_t bytes; } block;

static struct { pthread_mutex_t lock; block kept[KEPT]; unsigned n; size_t bytes; } large = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void guard(void) { gj_fork_guard(&large.lock); }

static block take_out(unsigned i)              /* with the lock held */
{
	block b = large.kept[i];
	memmove(&large.kept[i], &large.kept[i + 1], (--large.n - i) * sizeof b);
	large.bytes -= b.bytes;
	return b;
}

/* One that was kept and is not much larger; at NULL: none. */
static block find(size_t bytes)
{
	block b = { NULL, 0 };
	pthread_mutex_lock(&large.lock);
	for (unsigned i = large.n; !b.at && i-- > 0;)
		if (large.kept[i].bytes >= bytes && large.kept[i].bytes - bytes <= bytes / 4)
			b = take_out(i);
	pthread_mutex_unlock(&large.lock);
	return b;
}

/* In whole huge pages, where the system has them. */
static block map(size_t bytes)
{
	size_t n = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE, all = n + HUGE_PAGE;
	char *raw = bytes > SIZE_MAX - 2 * (size_t)HUGE_PAGE ? MAP_FAILED : mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw == MAP_FAILED)
		return (block){ NULL, 0 };
	size_t before = (size_t)(-(uintptr_t)raw % HUGE_PAGE);
	if (before)
		munmap(raw, before);
	munmap(raw + before + n, HUGE_PAGE - before);
	madvise(raw + before, n, MADV_HUGEPAGE);
	return (block){ raw + before, n };
}

void *gj_large_take(size_t bytes, bool zeros, size_t *mapped)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, guard);
	block b = zeros ? (block){ NULL, 0 } : find(bytes);
	if (!b.at)
		b = map(bytes);
	*mapped = b.bytes;
	return b.at;
}

void gj_large_give(void *at, size_t mapped)
{
	block b = { at, mapped }, old[KEPT];
	unsigned n = 0;
	if (mapped <= most && madvise(at, mapped, MADV_FREE) == 0) {
		pthread_mutex_lock(&large.lock);
		while (large.n == KEPT || large.bytes + mapped > most)
			old[n++] = take_out(0);
		large.kept[large.n++] = b;
		large.bytes += mapped;
		pthread_mutex_unlock(&large.lock);
	} else {
		old[n++] = b;
	}
	for (unsigned i = 0; i < n; i++)
		munmap(old[i].at, old[i].bytes);
}
