/* Fibers: stacks that one thread switches between in a few nanoseconds. A fiber never moves to another thread. */
#ifndef GJ_FIBER_H
#define GJ_FIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__x86_64__) && !defined(GJ_FIBER_UCONTEXT)
#define GJ_FIBER_UCONTEXT 1
#endif
#ifdef GJ_FIBER_UCONTEXT
#include <ucontext.h>
#endif

typedef struct gj_fiber gj_fiber;
struct gj_fiber {
#ifdef GJ_FIBER_UCONTEXT
	ucontext_t context;
#endif
	void *sp;                                  /* where it stopped */
	gj_fiber *next;                            /* for the owner's queues */
	uint64_t seen, seen_before;                /* for the owner: what a loop that waits saw in this round, in the last */
	bool acted; uint32_t site;                 /* … did something else in this round; its place */
	uint32_t still;                            /* … rounds in which it saw nothing new */
	char *stack; size_t size;                  /* lowest address and bytes; of a thread's own stack: as ASan tells */
	uint32_t colour;                           /* bytes left free at the top, so that not all tops share a cache set */
	void (*body)(void *); void *arg;
	gj_fiber *from;                            /* who switched here last */
	void *sanitizer;                           /* ASan: fake stack; TSan: its fiber */
	unsigned starts;                           /* TSan only: how often it was started */
	unsigned valgrind;                         /* its number for the stack */
};

/* Makes `f` ready: the next switch to it calls body(arg), which never returns. What it did before is forgotten. */
void gj_fiber_start(gj_fiber *f, void (*body)(void *), void *arg);
/* Stops `from` (the running one; a zeroed gj_fiber stands for the thread itself) and goes on with `to`. */
void gj_fiber_switch(gj_fiber *from, gj_fiber *to);
/* The same, but `from` will never be resumed, only started anew. */
void gj_fiber_leave(gj_fiber *from, gj_fiber *to);

/* A set of fibers with stacks, kept by a thread and used again and again. Zeroed: empty. */
typedef struct gj_fibers { gj_fiber *fiber; uint32_t n; size_t bytes; char *map; size_t len; } gj_fibers;

/* At least n fibers with at least `bytes` of stack each, below each a page that faults on overflow. Drops the former
 * ones when it must grow, so none may be in use. false: out of memory, the set is then empty. */
bool gj_fibers_reserve(gj_fibers *, uint32_t n, size_t bytes);
void gj_fibers_free(gj_fibers *);

#endif
