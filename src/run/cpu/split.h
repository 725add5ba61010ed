/* How the threads of a job share it out: pieces that follow each other are parts, one a thread. Thread k begins with part k, which is
 * the same in the next job of that size, so that it finds in its cache what it had there, and nobody else writes to its counter
 * meanwhile; when nothing is left of it, it takes of others' parts, of those whose threads have not come too. */
#ifndef GJ_SPLIT_H
#define GJ_SPLIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { GJ_MAX_PARTS = 64, GJ_CACHE_LINES = 128 /* bytes that cores fetch together */ };

typedef struct gj_split_part {
	_Alignas(GJ_CACHE_LINES) _Atomic int64_t next;         /* not taken from here on */
	int64_t end;
	_Atomic uint64_t busy_ns;                  /* what who began with this part has spent */
} gj_split_part;

typedef struct gj_split { unsigned n; int64_t chunk; gj_split_part part[GJ_MAX_PARTS]; } gj_split;

/* Pieces [from, end) for so many threads, at most `chunk` at a time. With one part they are taken in ascending order. */
static inline void gj_split_init(gj_split *s, int64_t from, int64_t end, int64_t chunk, unsigned parts)
{
	s->n = parts < GJ_MAX_PARTS ? parts : GJ_MAX_PARTS;
	s->chunk = chunk;
	int64_t each = (end - from) / s->n, more = (end - from) % s->n;
	for (unsigned i = 0; i < s->n; i++) {
		gj_split_part *p = &s->part[i];
		p->end = from + each + (i < more);
		atomic_init(&p->next, from);
		atomic_init(&p->busy_ns, 0);
		from = p->end;
	}
}

/* Takes pieces [*from, *end) for thread `me`; *passed: parts in which nothing is left, 0 at first. false: nor in any other. */
static inline bool gj_split_take(gj_split *s, unsigned me, unsigned *passed, int64_t *from, int64_t *end)
{
	for (; *passed < s->n; ++*passed) {
		gj_split_part *p = &s->part[(me + *passed) % s->n];
		if (atomic_load_explicit(&p->next, memory_order_relaxed) >= p->end)
			continue;
		*from = atomic_fetch_add_explicit(&p->next, s->chunk, memory_order_relaxed);
		*end = p->end - *from > s->chunk ? *from + s->chunk : p->end;
		if (*from < *end)
			return true;
	}
	return false;
}

/* Is there anything left to take for thread `me`? */
static inline bool gj_split_left(const gj_split *s, unsigned me)
{
	for (unsigned i = 0; i < s->n; i++) {
		const gj_split_part *p = &s->part[(me + i) % s->n];
		if (atomic_load_explicit(&p->next, memory_order_relaxed) < p->end)
			return true;
	}
	return false;
}

static inline void gj_split_spend(gj_split *s, unsigned me, uint64_t ns)
{
	atomic_fetch_add_explicit(&s->part[me % s->n].busy_ns, ns, memory_order_relaxed);
}

/* What all threads together have spent. */
static inline uint64_t gj_split_spent(const gj_split *s)
{
	uint64_t ns = 0;
	for (unsigned i = 0; i < s->n; i++)
		ns += atomic_load_explicit(&s->part[i].busy_ns, memory_order_relaxed);
	return ns;
}

#endif
