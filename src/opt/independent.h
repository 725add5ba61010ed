/* Which loops could run their rounds in any order, and at once: nothing that a round writes is read or written by another, and
 * what goes on from round to round is only summed up. Who makes threads of rounds (lanes/spread.c), or runs them in parallel or
 * interleaved, asks here; what cannot be proven is told with its reason. */
#ifndef GJ_INDEPENDENT_H
#define GJ_INDEPENDENT_H

#include "opt/opt.h"

/* A value that each round combines with something: phi = phi `op` x; op: ADD, MUL, MIN, MAX, AND, OR or XOR. */
typedef struct gj_carry { gj_ref phi; gj_opcode op; } gj_carry;

/* Of a loop over a range: `counter`, a phi of the header, goes on by `step` (constant, not 0) until the header's test. */
typedef struct gj_loop_fact {
	bool independent;                          /* … but for `carried` */
	GJ_VEC(gj_carry) carried;
	gj_ref counter;                            /* 0: no loop over a range */
	int64_t step, rounds;                      /* rounds: how many there are, −1: not known */
	const char *why;                           /* not independent: what stands at `loc` "may write …" */
	uint32_t loc;
} gj_loop_fact;

/* Facts by loop number. After gj_cfg, where element addresses are ATs; arrays are taken to meet unless gj_apart. Floats may be summed
 * up in any order. */
const gj_loop_fact *gj_independent_loops(gj_fn *);

/* Loop `loop` counts with `counter`: is nothing that a round writes read or written by another? NULL: it is so, if the objects that
 * `pairs` of addresses point into lie apart, two by two, and the elements of one that is paired with itself; else what stands at *loc
 * "may write …". */
typedef struct gj_pair { gj_ref p, q; } gj_pair;
typedef GJ_VEC(gj_pair) gj_pairs;
const char *gj_rounds_apart(gj_fn *, uint32_t loop, gj_ref counter, gj_pairs *, uint32_t *loc);

/* May a round go to the element that another one goes to, p in the one and q in the other? */
bool gj_rounds_meet(gj_fn *, uint32_t loop, gj_ref counter, gj_ref p, gj_ref q);

/* extent.c: is it known how far the object reaches that a pointer points into? Then: how many bytes that are, from the pointer in *base
 * on; do two such objects lie apart? At the end of block b, where their roots are known. */
bool   gj_has_extent(const gj_fn *, gj_ref p);
bool   gj_has_extent_before(const gj_fn *, gj_ref p, uint32_t loop);      /* … before the loop */
bool   gj_is_dense(const gj_fn *, gj_ref p);     /* … with an element wherever it reaches */
gj_ref gj_extent_of(gj_fn *, uint32_t b, gj_ref p, gj_ref *base);
gj_ref gj_lie_apart(gj_fn *, uint32_t b, gj_ref p, gj_ref q);

/* extent.c: is it an argument with strides, any two elements of which may share memory? Do they lie apart? */
bool   gj_may_fold(const gj_fn *, gj_ref p);
gj_ref gj_elements_apart(gj_fn *, uint32_t b, gj_ref p);

/* The accesses of a loop's blocks and of those that it contains (0: of the function), as many as *n. */
const gj_ref *gj_loop_accesses(gj_fn *, uint32_t loop, uint32_t *n);
static inline gj_ref gj_accessed(const gj_fn *f, gj_ref r) { return gj_o(f, r)->arg[0]; }
/* Is it one of memory that each thread has for itself? */
static inline bool gj_is_private(const gj_fn *f, gj_ref access) { return gj_o(f, gj_accessed(f, access))->type->space == GJ_LOCAL; }

#endif
