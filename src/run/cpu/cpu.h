/* Inside the CPU device: a loaded kernel, one launch in flight, and the threads that work on it. */
#ifndef GJ_RUN_CPU_H
#define GJ_RUN_CPU_H

#include "run/cpu/elf.h"
#include "run/cpu/fiber.h"
#include "image/cpu_abi.h"

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
	uint32_t  first_axis;                      /* along which blocks are taken first */
	char     *file;                            /* may be NULL */
	gj_site  *site; uint32_t nsites;
	char     *text;                            /* what sites say */
	gj_sum   *sum; uint32_t nsums;
	_Atomic uint32_t ns_block;                 /* what a block took lately; 0: not known */
};

/* One launch. Workers take blocks from `next`, `chunk` at a time. */
typedef struct gj_run {
	gj_kernel *kernel;
	const gj_launch *launch;
	uint32_t nthreads, nwarps;                 /* of a block; a warp is `width` threads here */
	uint64_t nblocks;
	uint64_t chunk;
	uint32_t batch;                            /* blocks that a worker runs at once: 1, cooperative: all of a chunk */
	bool     scouting;                         /* only the calling thread is at it, until scout_end */
	uint64_t scout_end;
	_Atomic uint64_t next;
	_Atomic uint64_t busy_ns;                  /* of all threads together */
	atomic_int status;                         /* a gj_status; GJ_OK as long as no block has failed */
	pthread_mutex_t grid_lock;                 /* cooperative: */
	uint64_t grid_live, grid_arrived;          /* warps of the grid that have not returned, that wait in grid.sync() */
	atomic_uint grid_phase;
	char     text[512];                        /* last: why it failed; written once, by the first that fails */
} gj_run;

typedef struct gj_fiber_queue { gj_fiber *head, *tail; } gj_fiber_queue;

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
} gj_cpu_block;

/* A thread's equipment while it works on a launch; kept and used again. */
typedef struct gj_worker {
	struct gj_worker *next;
	gj_run   *run;
	gj_fiber  main, *current;
	gj_fibers fibers;
	uint32_t  fresh;                           /* fibers from here on have not been used in this run */
	gj_fiber_queue ready, spare;
	gj_cpu_block *block; size_t block_cap;
	uint32_t  nblocks;                         /* blocks being run */
	uint32_t  cursor;                          /* the block whose warps are being started */
	uint32_t  unstarted, live;                 /* warps of all these blocks */
	uint64_t  at, end;                         /* blocks taken, not begun */
	uint64_t  last;                            /* block whose index is in idx */
	uint32_t  idx[3];
	unsigned  spins;
	char     *shared; size_t shared_cap;
	gj_meet  *meet;   size_t meet_cap;
	const char *params;                        /* the launch's, or with pointers to copies of its own: */
	char     *sums;                            /* the same; NULL: no copies */
	char     *copies; size_t copies_cap;
	char     *frame;  size_t frame_cap;        /* resumable kernels: frames of a block's warps, then their states */
} gj_worker;

/* cpu/sums.c: before and after a worker's blocks. */
void gj_sums_begin(gj_worker *);
void gj_sums_end(gj_worker *);
/* Runs blocks of w->run, on fibers, until none is left or one has failed. */
void gj_cpu_work(gj_worker *);
/* Ends the launch with an error, unless it has one. */
void gj_run_fail(gj_run *, gj_status, const char *fmt, ...) GJ_PRINTF(3, 4);

/* The whole launch: returns when every block is done. */
gj_status gj_cpu_launch(gj_kernel *, const gj_launch *);
gj_status gj_cpu_load(gj_device *, const gj_image *, gj_kernel **out);
void      gj_cpu_unload(gj_device *, gj_kernel *);
void      gj_cpu_run_start(void);              /* once, before the first launch */
/* Blocks of a cooperative launch that can be in flight at once on one thread of the pool. */
uint32_t  gj_cpu_resident(uint32_t block_threads);

/* cpu/memory.c: the memory part of the vtable. */
gj_status gj_cpu_alloc(gj_device *, size_t bytes, gj_stream *, gj_devptr *out);
gj_status gj_cpu_free(gj_device *, gj_devptr, gj_stream *);
gj_status gj_cpu_copy(gj_device *, gj_copy, uintptr_t dst, uintptr_t src, size_t bytes, gj_stream *);
gj_status gj_cpu_fill(gj_device *, gj_devptr dst, uint8_t byte, size_t bytes, gj_stream *);
gj_status gj_cpu_alloc_pinned(gj_device *, size_t bytes, void **out);
gj_status gj_cpu_free_pinned(gj_device *, void *);
gj_status gj_cpu_memory_info(gj_device *, size_t *free, size_t *total);
gj_status gj_cpu_pointer_device(gj_device *, gj_devptr, int *ordinal);
size_t    gj_cpu_left(gj_device *, gj_devptr);
void      gj_cpu_memory_start(void);

/* cpu/symbol.c: address of a symbol that compiled code calls (libmvec, libm, the runtime's own); 0: unknown. */
uintptr_t gj_cpu_symbol(const char *name);

/* cpu/host.c: what the machine is, and its memory. */
unsigned  gj_host_cpus(void);                  /* that this process may use */
void      gj_host_memory(size_t *free, size_t *total);
void      gj_host_describe(gj_device_info *);  /* name, uuid, clock */
/* A buffer of at least `need` bytes, aligned to 64, in place of p; what p held is lost. NULL: out of memory. */
void     *gj_cpu_grow(void *p, size_t *cap, size_t need);

#endif
