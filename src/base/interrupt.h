/* Ctrl-C. Work that may take long asks now and then whether its thread shall stop; only Python knows, so pyext says how to
 * ask. */
#ifndef GJ_INTERRUPT_H
#define GJ_INTERRUPT_H

#include "base/base.h"

#include <pthread.h>

uint64_t gj_now_ns(void);                      /* of a clock that never jumps */

/* true: the calling thread shall stop what it is doing. May run the program's signal handlers. */
typedef bool gj_interrupt_check(void);

typedef bool gj_interrupt_reach(pthread_t);

/* Who is asked from now on, and which threads asking has a sense in (NULL: all); at start-up. */
void gj_interrupt_ask(gj_interrupt_check *, gj_interrupt_reach *);
bool gj_interrupt_reaches(pthread_t);
bool gj_interrupted(void);                     /* asks; nobody to ask: false */
/* The same, but asks only if that was not done within the last GJ_INTERRUPT_NS; *last: when it was, 0 at first (the first
 * call does not ask: what is short is not disturbed). */
bool gj_interrupted_since(uint64_t *last);
/* Ends the compilation if its thread shall stop. Called between passes and in each round of what goes in rounds. */
void gj_interruption_point(gj_trap *);

enum { GJ_INTERRUPT_NS = 200 * 1000 * 1000 };

#endif
