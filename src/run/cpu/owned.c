/* Arrays of functions for the host. Compiled code counts who holds one, and lets go where it is last used. What raises goes to where
 * the call began, past all that; so a thread links what it makes, and a call that fails frees what was made since. */
#define _GNU_SOURCE
#include "run/cpu/owned.h"
#include "run/cpu/cpu.h"

#include <stdlib.h>

enum { ALIGN = 64 };
_Static_assert(sizeof(gj_owned) == ALIGN, "the first byte is aligned");

static _Atomic int64_t live;

int64_t gj_owned_live(void) { return atomic_load(&live); }

static gj_owned *header(uint64_t owner) { return (gj_owned *)(uintptr_t)owner - 1; }

void *gj_rt_alloc(gj_block *pub, int64_t bytes, uint32_t zeros)
{
	gj_caller *c = gj_rt_is_call(pub) ? gj_rt_caller(pub) : gj_caller_own();
	size_t n = (size_t)bytes + sizeof(gj_owned) + ALIGN;
	void *raw = !c || n < (size_t)bytes ? NULL : zeros ? calloc(1, n) : malloc(n);
	if (!raw)
		return NULL;
	gj_owned *h = (gj_owned *)(((uintptr_t)raw + ALIGN - 1) / ALIGN * ALIGN);
	h->count = 1;
	h->raw = raw;
	h->next = c->owned.next;
	h->before = &c->owned;
	h->next->before = h;
	c->owned.next = h;
	atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
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

void gj_owned_drop(gj_owned *list, gj_owned *mark)
{
	while (list->next != mark)
		free_owned(list->next);
}
