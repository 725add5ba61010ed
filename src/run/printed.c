/* The queue of printed lines, in memory of each thread. */
#include "run/printed.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local struct { gj_printed *first, **end; uint64_t lost; } queue;
_Atomic bool gj_printed_ever;

static void note(void) { atomic_store_explicit(&gj_printed_ever, true, memory_order_relaxed); }

bool gj_lines_add(gj_lines *l, uint32_t site, uint32_t n, const uint64_t *value)
{
	if (l->n + n + 1 > l->cap) {
		size_t cap = 2 * l->cap + n + 64;
		uint64_t *more = realloc(l->word, cap * sizeof *more);
		if (!more)
			return false;
		l->word = more;
		l->cap = cap;
	}
	l->word[l->n++] = (uint64_t)n << GJ_PRINT_COUNT_AT | site;
	memcpy(l->word + l->n, value, n * sizeof *value);
	l->n += n;
	return true;
}

void gj_printed_put(const char *text, uint32_t n, const uint64_t *value)
{
	size_t size = strlen(text) + 1;
	note();
	gj_printed *p = malloc(sizeof *p + size);
	if (!p || n > GJ_PRINT_VALUES) {
		free(p);
		queue.lost++;
		return;
	}
	p->next = NULL;
	p->n = n;
	memcpy(p->value, value, n * sizeof *value);
	memcpy(p->text, text, size);
	*(queue.first ? queue.end : &queue.first) = p;
	queue.end = &p->next;
}

void gj_printed_lose(uint64_t lines)
{
	if (!lines)
		return;
	note();
	queue.lost += lines;
}

bool gj_printed_mine(void) { return queue.first || queue.lost; }

gj_printed *gj_printed_take(uint64_t *lost)
{
	gj_printed *first = queue.first;
	*lost = queue.lost;
	queue.first = NULL;
	queue.lost = 0;
	return first;
}

void gj_printed_give(gj_printed *first, uint64_t lost)
{
	*(queue.first ? queue.end : &queue.first) = first;
	for (gj_printed *p = first; p; p = p->next)
		queue.end = &p->next;
	queue.lost += lost;
}
