/* Inside the CPU device: a loaded kernel, one launch in flight, and the threads that work on it. */
#ifndef GJ_RUN_CPU_H
#define GJ_RUN_CPU_H

#include "run/cpu/elf.h"
#include "run/cpu/fiber.h"
#include "image/cpu_abi.h"
#include "image/report.h"
#include "run/printed.h"
#include "run/cpu/owned.h"
#include "run/cpu/random.h"
#include "run/cpu/split.h"

#include <pthread.h>
#include <stdatomic.h>

enum { GJ_CPU_SHARED_STATIC = 48 * 1024, GJ_CPU_SHARED_MAX = 227 * 1024 };  /* of a block; as on a large GPU */

/* An array that the kernel only adds to: where its pointer and its size are among the parameters; kind of an element. */
typedef struct gj_sum { uint16_t data, bytes; uint8_t kind; } gj_sum;

struct gj_kernel {
	gj_elf module;
	void    (*entry)(gj_block *, const char *params, uint32_t first, uint32_t end);
	uint32_t  width, shared, local_bytes, param_bytes, max_threads;
	uint32_t  frame_bytes;                     /* of a warp of a resumable kernel; 0: others */
	bool      fibers, cooperative;             /* one fiber a warp: it may have to wait for others */
	uint32_t  kept_bytes;                      /* rounds: what a warp keeps between them */
	gj_param  bound;                           /* rounds that may be run in any order: what bounds them; size 0: they may not */
	struct gj_through { gj_param of; int32_t more; } reach[GJ_ALL_REACHES];     /* threads along each axis that are run, as gj_reach says; size and more 0: as launched */
	bool      narrow;                          /* as its image says */
	bool      stretches, rounds;               /* a call runs a stretch of blocks; and the rounds of all of them in turn */
	bool      part, part_places;               /* … of the loop that the kernel begins with; as its image says */
	bool      places;                          /* what is called a block below are threads that follow each other in a row of the grid */
	bool      streams;                         /* as its image says */
	bool      spins;                           /* … for memory: blocks may have to run beside each other */
	uint32_t  first_axis;                      /* along which blocks are taken first */
	void     *whose;                           /* of one that C calls: for who is told of its failures */
	char     *file;                            /* may be NULL */
	gj_site  *site; uint32_t nsites, first_report;
	char     *text;                            /* what sites say */
	void    **foreign;                         /* handles of libraries that it calls, a NULL behind the last; or NULL */
	gj_sum   *sum; uint32_t nsums;
	gj_kernel **loop; uint32_t nloops;         /* of a function for the host: rounds of its loops over prange */
	gj_param *param; uint32_t nparams;         /* of such a loop */
	bool      chunked, heavy;                  /* of a loop, as its image says */
	_Atomic uint64_t ps_round;                 /* picoseconds that a round took lately; 0: not known */
	_Atomic uint32_t ns_block;                 /* what a block took lately; 0: not known */
	_Atomic uint32_t stretch;                  /* threads of a call, lately */
};

/* One launch. */
typedef struct gj_run {
	gj_kernel *kernel;
	const gj_launch *launch;
	uint32_t nthreads, nwarps;                 /* of a block; a warp is `width` threads here */
	size_t   shared;                           /* of a block, bytes: a multiple of 64 */
	uint32_t meets;                            /* gj_meets of a block */
	uint64_t nblocks;
	uint32_t grid[3];                          /* blocks along each axis; slices along z: */
	uint64_t rounds; uint32_t slices;          /* rounds of the loop over the grid, in so many slices, each a block; 0: rounds are not shared out */
	uint32_t most_stretch;                     /* blocks of a call at most */
	uint32_t pieces;                           /* `part` of a block is run in so many pieces, each for itself; 1: it is not */
	char    *kept;                             /* … what they leave, block after block */
	atomic_uint *missing;                      /* … pieces of each block that have not been run */
	uint32_t batch;                            /* blocks that a worker runs at once: 1, cooperative: all that it takes */
	bool     scouting;                         /* only the calling thread is at it, until scout_end */
	uint64_t scout_end;
	atomic_int status;                         /* a gj_status; GJ_OK as long as no block has failed */
	pthread_t launcher;
	atomic_uint reported;
	gj_lines lines;                            /* what it has printed (print.c) */
	/* Cooperative, spins: set before these begin. */
	pthread_mutex_t lock;                      /* guards what follows */
	uint64_t grid_live, grid_arrived;          /* warps of the grid that have not returned, that wait in grid.sync() */
	atomic_uint grid_phase;
	_Atomic uint64_t crowd;                    /* spins (wait.c): threads of blocks that were begun beside others */
	atomic_bool crowded;                       /* there was no room for one more */
	struct gj_worker *members;                 /* who works on the launch */
	uint64_t comings;                          /* how often somebody joined or left */
	uint64_t calm_since, calm_sum;             /* since when nothing changes, as far as it is known */
	/* Written once, by the first that fails. */
	gj_report report;                          /* GJ_E_RAISED */
	char     text[512];                        /* why */
	gj_split split;                          /* of the blocks: each worker has its counter in memory of its own */
} gj_run;

typedef struct gj_fiber_queue { gj_fiber *head, *tail; uint32_t n; } gj_fiber_queue;

/* Width 1: the threads of a warp that meet in syncwarp, shuffle, vote and match. */
typedef enum meet_kind { MEET_SYNC, MEET_SHUFFLE, MEET_BALLOT, MEET_MATCH } meet_kind;
typedef struct gj_meet {
	uint32_t alive, waiting;                   /* lanes */
	struct { gj_fiber *fiber; uint64_t value, result; uint32_t mask, source; meet_kind kind; } lane[32];
} gj_meet;

typedef struct gj_cpu_block {
	gj_block pub;                              /* first: what compiled code sees */
	struct gj_worker *worker;
	uint32_t started, live, arrived;           /* warps: given to a fiber, not finished, at the barrier */
	uint32_t lanes, trues;                     /* of those at the barrier now; pub has those of the last that was passed */
	gj_fiber_queue waiting;                    /* at the barrier */
	gj_meet *meet;                             /* width 1 with fibers: one a warp */
	struct gj_room *room;                      /* of a block that was begun beside others */
} gj_cpu_block;

/* Memory of a block that runs beside others because all of them wait. */
typedef struct gj_room { struct gj_room *next, *next_free; gj_cpu_block block; } gj_room;
enum { GJ_MAX_STACK_SETS = 24 };

/* A thread that calls functions for the host, or helps with their loops (caller.c). */
typedef struct gj_caller {
	gj_block pub;                              /* first: what compiled code sees; nthreads is 0 */
	struct gj_caller *next;                    /* in workers.c's list */
	void    *landing[5];                       /* of __builtin_setjmp */
	pthread_t thread;
	uint32_t depth;                            /* calls under way */
	bool waits;                                /* for helpers with its rounds; it asks by itself meanwhile */
	gj_status status;                          /* why one landed */
	gj_report report;
	uint64_t handlers;                         /* of functions that catch exceptions: those that take what `report` says */
	const gj_kernel *kernel;                   /* that is being called */
	struct gj_rounds_run *rounds;              /* rounds.c: the loop that it works on */
	bool     failed; int64_t failed_round;     /* in the chunk at hand: the earliest round that failed, as `report` says */
	unsigned threads;                          /* that may work on a loop; 0: all of the pool */
	int64_t  chunk;                            /* rounds of a chunk, where that may be chosen; 0: it is not */
	gj_lines lines;                            /* what it has printed */
	gj_owned owned;                            /* head of the list of what it has made */
	gj_owned *made;                            /* … before the chunk of rounds at hand */
	gj_random random[GJ_NRANDOMS];             /* random.c */
} gj_caller;

gj_caller *gj_caller_own(void);                /* cpu/caller.c: this thread's; NULL: out of memory */

/* A thread's equipment while it works on a launch; kept and used again. */
typedef struct gj_worker {
	struct gj_worker *next;                    /* in workers.c's lists */
	pthread_t thread;                          /* whose it is */
	bool      lent;                            /* … for one launch only */
	_Atomic(const gj_run *) at_work;           /* for who looks from other threads; NULL: it is idle */
	atomic_bool launcher;                      /* … for the thread that launched */
	atomic_bool to_ask;                        /* it is time to ask whether the launch was interrupted */
	bool      asks;                            /* … on the thread's own stack */
	gj_run   *run;
	gj_fiber  main, *current;
	gj_fibers fibers, more[GJ_MAX_STACK_SETS], *set;   /* the second for rooms; the one in use */
	uint32_t  fresh;                           /* fibers of the set from here on have not been used in this run */
	gj_fiber_queue ready, spare;
	_Alignas(64) gj_cpu_block first;
	gj_cpu_block *block;                       /* &first, or of a batch: */
	gj_cpu_block *several; size_t several_cap;
	uint32_t  shown;                           /* workers.c: blocks of `several` that it may touch */
	uint32_t  nblocks;                         /* blocks being run */
	gj_cpu_block *starting;                    /* the block whose warps are being started */
	uint32_t  unstarted, live;                 /* warps of all these blocks */
	unsigned  me, passed;                      /* its number in the launch; parts without blocks */
	int64_t   at, end;                         /* blocks taken, not begun */
	uint64_t  last;                            /* block whose index is in idx */
	uint32_t  idx[3];
	uint32_t  stretch;                         /* blocks of the last call; 0: there was none */
	uint64_t  stretch_began;
	gj_room  *rooms, *free_rooms;              /* all; those without a block */
	struct gj_faults *faults;                  /* fault.c: of the thread that it works on */
	bool      waits;                           /* the kernel's fibers make way for each other */
	uint32_t  turns, still;                    /* wait.c: fibers that made way, or saw nothing new, one after the other */
	uint32_t  rounds;                          /* … of all fibers, in which nothing else happened */
	struct gj_worker *peer;                    /* the next member of the launch; r->lock */
	_Atomic uint64_t progress, calm;           /* what has happened; rounds in which nothing did */
	uint64_t  calm_before, look_at;            /* r->lock: calm when the suspicion arose; own: when to look next */
	unsigned  spins;
	char     *shared; size_t shared_cap;
	gj_meet  *meet;   size_t meet_cap;
	const char *params;                        /* the launch's, or with pointers to copies of its own: */
	char     *sums;                            /* the same; NULL: no copies */
	char     *copies; size_t copies_cap;
	char     *frame;  size_t frame_cap;        /* resumable kernels: frames of a block's warps, then their states; what is kept */
	uint32_t  piece;                           /* of the block at hand */
	uint32_t  prepared;                        /* blocks from here on for which the kernel's part has been run, */
	char     *kept;                            /* … and what that has left for the next of them */
} gj_worker;

/* Bytes of a block's frames and states, behind which lies what is kept. */
static inline size_t gj_own_frame(const gj_run *r)
{
	size_t n = r->kernel->frame_bytes ? ((size_t)r->kernel->frame_bytes + sizeof(uint32_t)) * r->nwarps : 0;
	return (n + 63) / 64 * 64;
}

static inline gj_cpu_block *gj_rt_block(gj_block *b) { return (gj_cpu_block *)(void *)b; }
static inline gj_caller *gj_rt_caller(gj_block *b) { return (gj_caller *)(void *)b; }
/* Is it a function for the host that is running? */
static inline bool gj_rt_is_call(const gj_block *b) { return !b || !b->nthreads; }

/* cpu/sums.c: before and after a worker's blocks. */
void gj_sums_begin(gj_worker *);
void gj_sums_end(gj_worker *);
/* cpu/workers.c: a thread's equipment for a launch; NULL: out of memory. */
gj_worker *gj_worker_take(gj_run *, unsigned me);
void      gj_worker_return(gj_worker *);
void      gj_worker_show(gj_worker *);         /* blocks of `several` are ready */
bool      gj_worker_more_stacks(gj_worker *);  /* a set of fibers more; false: out of memory */
gj_room  *gj_room_new(gj_worker *);            /* NULL: out of memory */
void      gj_room_leave(gj_worker *, gj_room *);       /* its block is done */
void      gj_workers_attend(const gj_run *);   /* makes all who work on the launch look up */
void      gj_workers_start(void);              /* once, before the first launch */
/* cpu/workers.c: threads that call; while they do, something ticks, and sets gj_rt_attention. */
void      gj_workers_add_caller(gj_caller *);
void      gj_workers_forget_caller(gj_caller *);
void      gj_workers_tick(void);
extern bool gj_ticking;                        /* a look without the lock: there may be none although it says so for a moment */
extern uint32_t gj_rt_attention;
bool      gj_attention_taken(void);            /* clears the word, if this is a thread that it may be meant for */
/* cpu/call.c: what a function for the host does in the runtime. */
/* cpu/caller.c: this thread's record, if it has one already. Landing leaves compiled code. */
gj_caller *gj_caller_known(void);
void      gj_caller_land(gj_caller *, gj_status) GJ_NORETURN;
/* cpu/rounds.c: the thread's attention is wanted while it runs rounds. */
void      gj_rounds_attend(gj_caller *);
void      gj_call_raise(gj_block *, uint32_t site, uint32_t n, const uint64_t *value) GJ_NORETURN;
void      gj_call_attend(void);
void      gj_call_enter(gj_block *);
/* A block of the worker's launch in memory of r->meets and r->shared. */
void gj_block_init(gj_cpu_block *, gj_worker *, gj_meet *, char *shared);
/* cpu/fault.c: catches faults, once; this thread runs compiled code for the worker, until it leaves. */
void gj_fault_start(void);
void gj_fault_enter(gj_worker *);
void gj_fault_leave(gj_worker *);
/* cpu/print.c: what was printed becomes the thread's. */
void      gj_print_end(gj_run *);
void      gj_print_lines(const gj_kernel *, const gj_lines *);
/* cpu/wait.c: before and after its part in a launch. */
void      gj_wait_join(gj_worker *);
void      gj_wait_leave(gj_worker *);
/* Runs blocks of w->run, on fibers, until none is left or one has failed. */
void gj_cpu_work(gj_worker *);
/* Ends the launch with an error, unless it has one. */
void gj_run_fail(gj_run *, gj_status, const char *fmt, ...) GJ_PRINTF(3, 4);

/* The whole launch: returns when every block is done. */
gj_status gj_cpu_launch(gj_kernel *, const gj_launch *);
gj_status gj_cpu_load(gj_device *, const gj_image *, gj_kernel **out);
void      gj_cpu_unload(gj_device *, gj_kernel *);
/* Blocks of a cooperative launch that can be in flight at once on one thread of the pool. */
uint32_t  gj_cpu_resident(uint32_t block_threads);

/* cpu/memory.c: the memory part of the vtable. */
gj_status gj_cpu_alloc(gj_device *, size_t bytes, gj_stream *, gj_devptr *out);
gj_status gj_cpu_free(gj_device *, gj_devptr, gj_stream *);
gj_status gj_cpu_copy(gj_device *, gj_copy, uintptr_t dst, uintptr_t src, size_t bytes, gj_stream *);
gj_status gj_cpu_fill(gj_device *, gj_devptr dst, uint8_t byte, size_t bytes, gj_stream *);
gj_status gj_cpu_alloc_kind(gj_device *, gj_memory, size_t bytes, gj_place *out);
gj_status gj_cpu_free_kind(gj_device *, gj_memory, gj_place);
gj_status gj_cpu_pin(gj_device *, void *, size_t bytes, gj_place *out);
gj_status gj_cpu_memory_info(gj_device *, size_t *free, size_t *total);
gj_status gj_cpu_pointer_device(gj_device *, gj_devptr, int *ordinal);
size_t    gj_cpu_left(gj_device *, gj_devptr);

/* cpu/symbol.c: address of a symbol that compiled code calls (libmvec, libm, the runtime's own), or of the libraries whose handles
 * `foreign` holds, a NULL behind the last; 0: unknown. */
uintptr_t gj_cpu_symbol(const char *name, void *foreign);

/* cpu/host.c: what the machine is, and its memory. */
unsigned  gj_host_cpus(void);                  /* that this process may use */
void      gj_host_memory(size_t *free, size_t *total);
void      gj_host_describe(gj_device_info *);  /* name, uuid, clock */
/* A buffer of at least `need` bytes, aligned to 64, in place of p; what p held is lost. NULL: out of memory. */
void     *gj_cpu_renew(void *p, size_t *cap, size_t need);
static inline void *gj_cpu_grow(void *p, size_t *cap, size_t need) { return p && need <= *cap ? p : gj_cpu_renew(p, cap, need); }

#endif
