/* Arrays that functions make. Compiled code counts who holds one, and lets go where it is last used. What raises goes to where
 * the call began, past all that; so a thread links what it makes, and a call that fails frees what was made since. */
#define _GNU_SOURCE
#include "run/cpu/owned.h"
#include "run/cpu/cpu.h"
#include "run/cpu/large.h"

#include <stdlib.h>

enum { ALIGN = 64 };
_Static_assert(sizeof(gj_owned) == ALIGN, "the first byte is aligned");

static _Atomic int64_t live;

int64_t gj_owned_live(void) { return atomic_load(&live); }

static gj_owned *header(uint64_t owner) { return (gj_owned *)(uintptr_t)owner - 1; }

/* Held once, in no list; NULL: no memory. */
static gj_owned *make(size_t bytes, bool zeros)
{
	size_t n = bytes + sizeof(gj_owned) + ALIGN, mapped = 0;
	void *raw = n < bytes ? NULL : n >= GJ_LARGE ? gj_large_take(n, zeros, &mapped) : zeros ? calloc(1, n) : malloc(n);
	if (!raw)
		return NULL;
	gj_owned *h = (gj_owned *)(((uintptr_t)raw + ALIGN - 1) / ALIGN * ALIGN);
	h->count = 1;
	h->raw = raw;
	h->mapped = mapped;
	h->next = h->before = NULL;
	atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
	return h;
}

uint64_t gj_owned_new(size_t bytes)
{
	gj_owned *h = make(bytes, false);
	return h ? (uint64_t)(uintptr_t)(h + 1) : 0;
}

static void link_owned(gj_owned *h, gj_owned *list)
{
	h->next = list->next;
	h->before = list;
	h->next->before = h;
	list->next = h;
}

void *gj_rt_alloc(gj_block *pub, int64_t bytes, uint32_t zeros)
{
	gj_caller *c = gj_rt_is_call(pub) ? gj_rt_caller(pub) : gj_caller_own();
	gj_owned *h = c ? make((size_t)bytes, zeros) : NULL;
	if (!h)
		return NULL;
	link_owned(h, &c->owned);
	return h + 1;
}

static void unlink_owned(gj_owned *h)
{
	if (!h->next)
		return;
	h->before->next = h->next;
	h->next->before = h->before;
	h->next = h->before = NULL;
}

static void free_owned(gj_owned *h)
{
	unlink_owned(h);
	if (h->mapped)
		gj_large_give(h->raw, h->mapped);
	else
		free(h->raw);
	atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
}

void gj_rt_retain(uint64_t owner)
{
	if (owner)
		__atomic_add_fetch(&header(owner)->count, 1, __ATOMIC_RELAXED);        /* rounds of loops are on several threads */
}

void gj_rt_release(uint64_t owner)
{
	if (owner && __atomic_sub_fetch(&header(owner)->count, 1, __ATOMIC_ACQ_REL) == 0)
		free_owned(header(owner));
}

void gj_owned_release(uint64_t owner) { gj_rt_release(owner); }
void gj_owned_give(uint64_t owner) { unlink_owned(header(owner)); }

void gj_owned_move(gj_owned *list, const gj_owned *mark, uint64_t owner, gj_owned *to)
{
	gj_owned *h = list->next;
	while (h != mark && h != header(owner))
		h = h->next;
	if (h == mark)
		return;
	unlink_owned(h);
	link_owned(h, to);
}

void gj_owned_drop(gj_owned *list, gj_owned *mark)
{
	while (list->next != mark)
		free_owned(list->next);
}
