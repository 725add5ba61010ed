/* The CPU target's files among themselves. */
#ifndef GJ_EMIT_CPU_H
#define GJ_EMIT_CPU_H

#include "emit/ops.h"
#include "image/cpu_abi.h"

typedef struct gj_resume gj_resume;

/* A function under construction: what the CPU adds to gj_gen. */
typedef struct gj_cpu_gen {
	gj_v       block, warp;                    /* gj_block, warp (width 1: thread) index */
	LLVMBasicBlockRef head;                    /* what holds for one warp; terminated last; may be entry */
	LLVMBasicBlockRef loop;                    /* head of the loop over warps */
	LLVMBasicBlockRef outer;                   /* from where it is entered: the head of the loop over blocks, what follows it, or entry */
	LLVMBasicBlockRef blocks;                  /* head of the loop over blocks; NULL: there is none */
	gj_v       block_idx;                      /* along the first axis, in the loop over blocks */
	LLVMBasicBlockRef row;                     /* head of the loop over rows, around that; NULL: there is none */
	LLVMBasicBlockRef rounds;                  /* head of the loop over rounds, around all; NULL: there is none */
	gj_v       round, more;                    /* how far it is from the first; variable: is there another (i1) */
	gj_v       whole;                          /* rounds of this turn that all threads have (i32); NULL: turns are of one round */
	gj_v       left;                           /* how far the range's end is from where the grid's first thread begins the turn (i64); NULL: that is not known */
	gj_v       last;                           /* is it the one behind all others (i1); NULL: there is no such round */
	gj_v       kept;                           /* where what a warp keeps between turns, or for what comes behind a part, lies */
	gj_v       row_warp, row_warps;            /* its first warp; warps of a row */
	gj_resume *resume;                         /* NULL: the kernel does not stop and resume at barriers */
	gj_v       shared;                         /* shared memory of code for a known number of threads; NULL: the block's */
	gj_v       field[sizeof(gj_block) / 4];    /* fields of gj_block already read, by offset */
	gj_v       place[3], end[3];               /* by place of the axis: of the warp's first thread in the grid; where the call ends. NULL: by blocks */
	int        counted;                        /* thread[0..counted] are threadIdx of the warp's first thread */
	gj_v       thread[3];
} gj_cpu_gen;

static inline gj_cpu_gen *gj_cpu(const gj_gen *g) { return g->own; }

enum {
	GJ_IN_CPU_BEFORE = GJ_NINTRINS - 1,
#define INTRIN(id, name, sig, old, oldsig) GJ_IN_##id,
#include "emit/cpu/intrinsics.def"
};

/* host.c: the processor that this process runs on; after gj_host_start(). */
void gj_host_start(void);
const char *gj_host_identity(void);            /* its name and features, and whether there is a libmvec */
const char *gj_host_features(bool vectors);    /* as LLVM writes them; of code in vectors of ours */
bool gj_host_has(const char *feature);
unsigned gj_host_vector_bytes(void);           /* of the widest registers: 64, 32 or 16 */
uint32_t gj_host_registers(void);              /* bytes of all of them */

bool gj_host_has_libmvec(const char *function);        /* in the host's glibc */

/* math.c */
gj_emit_op gj_cpu_libcall;
gj_v gj_cpu_library(gj_gen *, const gj_op *, int row, const gj_v *arg, unsigned n);

/* block.c: a field of gj_block, read once a call of the kernel, or known; an i32, read here; do sums belong to this thread. */
gj_v gj_block_field(gj_gen *, unsigned offset, gj_t);
gj_v gj_block_now(gj_gen *, unsigned offset);
gj_v gj_block_own_sums(gj_gen *);
/* The first warp of a call of a body, and the one behind the last. */
gj_v gj_first_warp(const gj_gen *);
gj_v gj_end_of_warps(const gj_gen *);

/* straight.c: the hook of gj_backend; the kernel's second body has shared memory of its own, in the head of the loop over blocks; is it the
 * one to call (i1, in the entry)? After LLVM's other passes it is made straight, or dropped. */
uint32_t gj_straight_threads(const gj_unit *);
void gj_straight_shared(gj_gen *);
gj_v gj_straight_fits(gj_gen *, uint32_t threads);
void gj_straight_finish(gj_unit *);

/* pairs.c: in a function of straight code whose tree begins with what lies pages apart. */
void gj_pair_loads(gj_unit *, gj_v fn);

/* random.c: hooks of gj_backend. */
gj_v gj_cpu_random_state(gj_gen *, unsigned which);
void gj_cpu_random_function(gj_unit *, gj_v fn);

/* report.c: hooks of gj_backend. */
void gj_cpu_report(gj_gen *, uint32_t site, gj_v lane, const gj_v *value, unsigned n);
void gj_cpu_print(gj_gen *, uint32_t site, gj_v lane, const gj_v *value, unsigned n);

/* places.c: the loops of a kernel whose threads are known by their places in the grid. Begins in a warp; the builder stands behind them. */
void gj_places_begin(gj_gen *);
void gj_places_end(gj_gen *);
gj_v gj_places_number(gj_gen *);               /* of a warp among those of its row in this call (i32) */

/* entry.c: functions around a kernel's body, a hook of gj_backend. */
void gj_cpu_entry(gj_unit *);

/* resume.c */
void gj_resume_begin(gj_gen *);
gj_v gj_resume_local(gj_gen *, uint64_t bytes);        /* both are hooks of gj_backend */
void gj_resume_variable(gj_gen *, gj_v alloca, gj_t);
void gj_resume_stop(gj_gen *, gj_v cond, LLVMBasicBlockRef otherwise);
void gj_resume_return(gj_gen *);
void gj_resume_end(gj_gen *);

/* phases_build.c, instead of gj_resume_end: all code of the function stands. If the kernel's warps go from barrier to barrier together, the
 * builder then stands where they are done with a block; false: they may part, and nothing is changed. */
bool gj_phases(gj_gen *);

/* warp.c */
gj_emit_op gj_cpu_barrier, gj_cpu_syncwarp, gj_cpu_fence, gj_cpu_shfl, gj_cpu_vote, gj_cpu_match, gj_cpu_activemask,
	gj_cpu_nanosleep, gj_cpu_yield, gj_cpu_watch, gj_cpu_new_memory, gj_cpu_retain, gj_cpu_release, gj_cpu_keep;
void gj_cpu_way_back(gj_gen *, uint32_t block);      /* cpu/wait.c: at the end of a block */
void gj_cpu_attend(gj_gen *, gj_v block);      /* its call */

/* rounds.c */
gj_emit_op gj_cpu_rounds, gj_cpu_failed;

/* caught.c */
gj_emit_op gj_cpu_tell, gj_cpu_take, gj_cpu_again, gj_cpu_throw;

/* attend.c: the beginning of a function that is called: is there stack, does somebody want the thread's attention? */
void gj_cpu_enter(gj_gen *);
void gj_seldom(gj_unit *, gj_v branch);        /* its first way is hardly ever taken */
/* Puts a look whether somebody wants the thread's attention into all loops of a module that was optimised. */
void gj_look_in_loops(gj_unit *);
/* math.c: before LLVM optimises, which drops what nobody calls yet. */
void gj_keep_vector_math(gj_unit *);

#endif
