/* The arena of a compilation: chunks that double in size, freed at once; vectors grow inside it. Also the trap that
 * ends a compilation which cannot go on. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 16 << 10, LAST_CHUNK = 1 << 20, ALIGN = 16 };

typedef struct chunk {
	struct chunk *next;
	size_t size;                               /* bytes behind the header */
} chunk;

/* Bytes of a chunk's header, rounded so that what follows is aligned. */
enum { HEADER = (sizeof(chunk) + ALIGN - 1) & ~(size_t)(ALIGN - 1) };

struct gj_arena {
	chunk   *chunks;                           /* newest first */
	char    *free, *end;                       /* what is left of the current chunk; zeroed */
	size_t   next_size;
	gj_trap *trap;
};

gj_arena *gj_arena_new(void)
{
	gj_arena *a = calloc(1, sizeof *a);
	if (a)
		a->next_size = FIRST_CHUNK;
	return a;
}

void gj_arena_trap(gj_arena *a, gj_trap *trap)
{
	a->trap = trap;
}

void gj_arena_free(gj_arena *a)
{
	if (!a)
		return;
	for (chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

static GJ_NORETURN void out_of_memory(gj_arena *a)
{
	if (!a->trap) {
		fputs("gridjit: out of memory\n", stderr);
		abort();
	}
	gj_diag_set(&a->trap->diag, GJ_ERR_NOMEM);
	gj_trap_throw(a->trap);
}

static chunk *chunk_new(gj_arena *a, size_t bytes)
{
	chunk *c = bytes <= PTRDIFF_MAX - HEADER ? calloc(1, HEADER + bytes) : NULL;
	if (!c)
		out_of_memory(a);
	c->size = bytes;
	c->next = a->chunks;
	a->chunks = c;
	return c;
}

/* A request that the current chunk cannot hold. A big one gets a chunk of its own and leaves the current one in use. */
static void *alloc_slow(gj_arena *a, size_t bytes)
{
	if (bytes >= a->next_size / 4)
		return (char *)chunk_new(a, bytes) + HEADER;
	chunk *c = chunk_new(a, a->next_size);
	if (a->next_size < LAST_CHUNK)
		a->next_size *= 2;
	a->free = (char *)c + HEADER + bytes;
	a->end = (char *)c + HEADER + c->size;
	return (char *)c + HEADER;
}

void *gj_alloc(gj_arena *a, size_t bytes)
{
	if (bytes > SIZE_MAX - ALIGN)
		out_of_memory(a);
	bytes = (bytes + !bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (bytes > (size_t)(a->end - a->free))
		return alloc_slow(a, bytes);
	void *p = a->free;
	a->free += bytes;
	return p;
}

void *gj_memdup(gj_arena *a, const void *p, size_t bytes)
{
	void *q = gj_alloc(a, bytes);
	if (bytes)
		memcpy(q, p, bytes);
	return q;
}

const char *gj_strndup(gj_arena *a, const char *s, size_t n)
{
	char *q = gj_alloc(a, n + 1);
	if (n)
		memcpy(q, s, n);
	return q;
}

const char *gj_strdup(gj_arena *a, const char *s)
{
	return gj_strndup(a, s, strlen(s));
}

const char *gj_printf(gj_arena *a, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0)
		return "";
	char *p = gj_alloc(a, (size_t)n + 1);
	va_start(args, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, args);
	va_end(args);
	return p;
}

void *gj_vec_grow(gj_arena *a, void *p, uint32_t *cap, uint32_t need, size_t item)
{
	uint64_t n = *cap ? *cap : 8;
	while (n < need)
		n *= 2;
	if (*cap == n)
		n *= 2;
	if (n > UINT32_MAX || n > SIZE_MAX / item)
		out_of_memory(a);
	void *q = gj_alloc(a, (size_t)n * item);
	if (*cap)
		memcpy(q, p, *cap * item);
	*cap = (uint32_t)n;
	return q;
}

void gj_trap_throw(gj_trap *t)
{
	longjmp(t->env, 1);
}
