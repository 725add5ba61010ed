/* What compiled CPU code and the CPU device agree on. The emitter reads gj_block by offset; the functions are resolved
 * by name when an object is loaded (gj_cpu_symbol).
 *
 * A kernel is   void entry(struct gj_block *b, const char *params, uint32_t first, uint32_t end)
 * and runs the warps [first, end) of one block one after the other; a warp is as many threads as the image's width
 * says. Where the image says `places`, it runs the threads whose places in the grid are from `place` up to `behind` instead, in the order
 * of these. Another kernel without barriers runs a stretch of blocks, which follow each other along the axis that lanes run along;
 * block_idx is the current one's. Where warps fit into rows of threads, a row of all these blocks is run before the next. Where the image says `part`, the loop over the grid that the kernel
 * begins with is such a function too, which is called first, with `part` set; or, where blocks are one row, for a range of the warps of one. Where it says `part_places`, that runs threads by their places, too. Where the image says `together`, a call runs a stretch of blocks
 * too, one after the other with all their barriers; the warps of one have frames of `frame_bytes`. Other kernels with `frame_bytes` are resumable: each call runs the warps to their next barrier, or to
 * their end, and the block is done after a call in which none stopped. Other kernels that say `barriers` need a fiber for
 * each warp: the range holds one warp. Lane l of warp w is the thread whose linear id is width·w + l (x fastest); ids ≥
 * nthreads do not exist and are masked off. */
#ifndef GJ_CPU_ABI_H
#define GJ_CPU_ABI_H

#include "image/barrier.h"

#include <stdint.h>

/* Random numbers: the Mersenne Twister's words, as many as are made at once. Functions for the host have two such states, of the two modules
 * that Python has (run/cpu/random.h). */
enum { GJ_RANDOM_WORDS = 624, GJ_NRANDOMS = 2 };
typedef struct gj_random {
	uint32_t next;                             /* the first of `word` that was not taken */
	uint32_t word[GJ_RANDOM_WORDS], state[GJ_RANDOM_WORDS];    /* the next words are made of the latter */
	uint8_t  started, seeded;                  /* by the program, that is */
	uint8_t  spare; double second;             /* normal deviates come in pairs */
} gj_random;

typedef struct gj_block {
	uint32_t block_idx[3], block_dim[3], grid_dim[3];
	uint32_t nthreads;                         /* block_dim[0] × [1] × [2]; 0: a function for the host, which has no more than this */
	char    *shared;                           /* static shared memory, then (16-aligned) the dynamic part; aligned to 64 */
	uint32_t dynamic_shared;                   /* bytes of the dynamic part */
	uint32_t frame_bytes;                      /* a warp's part of frame[] */
	uint32_t *state;                           /* of each warp: 0 not begun, k stopped at its k-th stop, UINT32_MAX done */
	char    *frame;                            /* aligned to 64 */
	uint32_t stopped;                          /* has a warp stopped during the last call */
	uint32_t attention;                        /* not 0: gj_rt_attend is to be called; other threads set it */
	uint32_t stretch;                          /* blocks of the stretch; 0 is 1 */
	uint32_t part;                             /* not 0: the loop over the grid is run, for the stretch, that the kernel begins with */
	char    *kept;                             /* what that has left for this block, warp after warp */
	uint32_t own_sums;                         /* are arrays that the kernel only adds to this thread's own copies */
	uint32_t lanes, trues;                     /* of the last barrier that was passed: lanes that met, with a true predicate */
	uint64_t round, round_end;                 /* loops over the grid whose rounds may be run in any order: how far the first of this call is from
	                                            * the loop's first; those from the end on are not run. */
	uint64_t place[3], behind[3];              /* threads of this call, by their places in the grid; when it reports: of lane 0 */
	const char *stack_least;                   /* of a function for the host: below it calls are too deep */
	gj_random *random;                         /* of a function for the host: this thread's, GJ_NRANDOMS */
} gj_block;                                    /* the runtime's own fields follow in an enclosing struct */

/* Block barrier. `live`: lanes of the warp that have not returned, `here`: lanes at the barrier, `pred`: lanes (of
 * `here`) whose predicate is true. here != live is a divergent barrier: the launch fails at `site` (index into the
 * image's sites) and the call does not return. Gives the count of true predicates (COUNT) or 0/1 (AND, OR). */
uint32_t gj_rt_barrier(gj_block *, uint32_t warp, uint32_t live, uint32_t here, uint32_t pred, uint32_t kind, uint32_t site);

/* The same in a resumable kernel: 0 where the warp goes on (nobody is here), else it stops. What the barrier counted is
 * in gj_block when it is resumed. Plain barriers of warps that are all there stop without a call. */
uint32_t gj_rt_arrive(gj_block *, uint32_t warp, uint32_t live, uint32_t here, uint32_t pred, uint32_t kind, uint32_t site);

/* What a function that is called (by itself, that is: others are inlined) begins with: the launch fails where little stack
 * is left. */
void gj_rt_enter(gj_block *);

/* Somebody wants this thread to look up from its work: the launch has failed elsewhere, or Ctrl-C was pressed. Loops that
 * may take long look at gj_block.attention on their way back. Does not return if the launch is to end. */
void gj_rt_attend(gj_block *);
void gj_rt_attend_keeping(gj_block *);         /* x86-64 with xsave: no register is changed */

/* Functions for the host: runs n rounds of the loop with this number, to which slots are leaves, 8 bytes each; gives the number of
 * chunks. Rounds tell of their failures, and go on: that of the earliest is the function's; caught: it is on its way (below), and -1 comes back. */
int64_t gj_rt_rounds(gj_block *, uint32_t loop, const uint64_t *slot, int64_t n, int64_t most, uint32_t caught);
void gj_rt_round_failed(gj_block *, uint32_t site, int64_t round, uint64_t handlers, uint32_t n, const uint64_t *value);

/* Functions for the host that catch exceptions: one is on its way, of these handlers' classes (a bit each), raised at `site`; a handler
 * takes it, to `kept` (GJ_CAUGHT_WORDS), and is told the bits; it is on its way once more; it leaves the function, and nothing comes back.
 * And gj_rt_enter for a function that tells its callers: not 0 if calls are too deep, which is on its way then. */
void     gj_rt_tell(gj_block *, uint64_t handlers, uint32_t site, uint32_t n, const uint64_t *value);
uint64_t gj_rt_take(gj_block *, void *kept);
void     gj_rt_again(gj_block *, const void *kept);
void     gj_rt_throw(gj_block *);
uint32_t gj_rt_enter_telling(gj_block *, uint64_t handlers);

/* The attention of functions for the host, which are not stopped for themselves: one word for all. */
extern uint32_t gj_rt_attention;

/* A function that C calls (the symbol gj_callback of an object): runs the entry of the loaded object `self`, the address of
 * gj_rt_self, and leaves n results in slot; zeros where it raised, which is told of and forgotten. */
void gj_rt_callback(void *self, const char *params, uint64_t *slot, uint32_t n);

/* Memory of arrays that functions for the host make (ops ALLOC, RETAIN, RELEASE); an owner is the address of the first byte, or 0. NULL: there
 * is no memory. */
void    *gj_rt_alloc(gj_block *, int64_t bytes, uint32_t zeros);
void     gj_rt_retain(uint64_t owner);
void     gj_rt_release(uint64_t owner);
/* In rounds: it is the thread's whose loop they are, if a round of the chunk has made it. */
void     gj_rt_keep(gj_block *, uint64_t owner);

/* Loops of ufuncs raise these floating-point exceptions: an integer was divided by zero, a remainder is not defined. */
void gj_rt_divided_by_zero(void);
void gj_rt_invalid_operands(void);

/* float16 on processors that do not convert it: the low 16 bits of a register of floats. */
float gj_rt_extend_half(float);
float gj_rt_single_to_half(float);
float gj_rt_double_to_half(double);

/* Lets other warps of the block run: called in loops that wait for memory to change. */
void gj_rt_yield(gj_block *, uint32_t warp);

/* The way back in a loop that waits for memory (opt/waits.c), at `site`. What its exits depend on is told in each round, and
 * that it has done something else that others may see: if all threads of the launch go round without any news, it fails.
 * `meets`: there is a barrier in the loop. */
void gj_rt_wait(gj_block *, uint32_t warp, uint32_t site, uint32_t meets);
void gj_rt_watch(gj_block *, uint64_t seen);
void gj_rt_act(gj_block *);

/* Thread `thread` of the block fails at `site` of those that report, which has n values to tell: the launch fails and the call does
 * not return. */
void gj_rt_report(gj_block *, uint32_t thread, uint32_t site, uint32_t n, const uint64_t *value);

/* The same in a loop of a ufunc, which ends. */
void gj_rt_element_failed(gj_block *, uint32_t thread, uint32_t site, uint32_t n, const uint64_t *value);

/* Thread `thread` prints a line at `site`. */
void gj_rt_print(gj_block *, uint32_t thread, uint32_t site, uint32_t n, const uint64_t *value);

/* grid.sync(): image->cooperative and image->barriers must be set. `live`, `here`, `site` as for gj_rt_barrier. */
void gj_rt_grid_sync(gj_block *, uint32_t warp, uint32_t live, uint32_t here, uint32_t site);

/* Width 1 only: threads of one warp meet. `mask`: the lanes named by the kernel. */
void     gj_rt_syncwarp(gj_block *, uint32_t thread, uint32_t mask);
uint64_t gj_rt_shuffle(gj_block *, uint32_t thread, uint32_t mask, uint64_t value, uint32_t source_lane);
uint32_t gj_rt_ballot(gj_block *, uint32_t thread, uint32_t mask, uint32_t pred);
uint32_t gj_rt_match(gj_block *, uint32_t thread, uint32_t mask, uint64_t value);    /* lanes of mask with this value */

#endif
