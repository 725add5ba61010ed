/* What a compiled kernel is, once the compiler is done: code bytes and what a launch must know. Goes through the disk
 * cache as one flat blob (image.c), so everything in it is plain data. */
#ifndef GJ_IMAGE_H
#define GJ_IMAGE_H

#include "types/parts.h"

typedef enum gj_format { GJ_FMT_PTX, GJ_FMT_CUBIN, GJ_FMT_OBJECT } gj_format;

/* One machine parameter of a kernel, in the order of the parameter buffer, each aligned to its size. */
typedef struct gj_param {
	uint32_t leaf;                             /* which leaf argument: tuples count as their items, depth first */
	uint8_t  field;                            /* gj_field; strides are in bytes. BYTES: of the whole array, one that is
	                                            * only added to (opt/sums.c) */
	uint8_t  dim;                              /* SHAPE, STRIDE: dimension; VALUE: which part of the scalar */
	uint8_t  kind;                             /* machine type: a scalar gj_kind; DATA: GJ_U64. SHAPE, STRIDE: GJ_I64, or GJ_I32 under GJ_FACT_IDX32. BYTES: of an element */
	uint8_t  size;                             /* bytes */
	uint16_t offset;                           /* in the buffer */
} gj_param;

/* Threads along an axis that the kernel's loops over the grid go through: what a parameter says (1 + which; 0: nothing), and more; of two
 * the less. Nothing of both: as many as it was launched with. */
enum { GJ_REACHES = 2, GJ_ALL_REACHES = 3 * GJ_REACHES /* axis by axis */, GJ_REACH_MORE = 1 << 20 /* `more` is less than that */ };
typedef struct gj_reach { uint32_t param; int32_t more; } gj_reach;

enum { GJ_INDEX_SLACK = 1024 };            /* how much more than an index fits in 31 bits under GJ_FACT_IDX32 */

/* What a launch knows and the optimiser may rely on: bits of the specialisation. */
enum {
	GJ_FACT_IDX32   = 1,                       /* extent × item size, byte stride × extent and array size fit in 31 bits, and
	                                            * no direction of the grid has 2^30 threads or 2^23 blocks */
	GJ_FACT_NOALIAS = 2,                       /* no written array overlaps another array argument, or itself */
	GJ_FACT_ALIGN16 = 4,                       /* every data pointer is aligned to 16 bytes */
	GJ_FACT_LANES_X = 8,                       /* CPU: blockDim.x % 32 == 0 or the block is 1-D: lanes run along x */
	GJ_FACT_FULL_WARPS = 16,                   /* CPU: the block's threads are a multiple of 32: every lane exists */
	GJ_FACT_ROWS_16 = 32,                      /* CPU, not LANES_X: blockDim.x % 16 == 0 */
	GJ_FACT_ROWS_8 = 64,                       /* CPU, neither of these: blockDim.x % 8 == 0 */
	GJ_FACT_COLUMNS_SHIFT = 7, GJ_FACT_DEPTHS_SHIFT = 9,       /* CPU, two bits each: blockDim.y and .z are multiples of 8 (1), 16 (2), 32 (3) */
	/* CPU, of grids in several dimensions: 32 threads or more along that axis; multiples of 32 along all these axes. */
	GJ_FACT_WIDE_X = 1 << 11, GJ_FACT_WIDE_Y = 1 << 12, GJ_FACT_WIDE_Z = 1 << 28, GJ_FACT_FULL_GRID = 1 << 29,
	GJ_FACT_COVERED = 1 << 30,                 /* CPU: the grid has a thread for each item along x: loops over it should have one round */
	/* CPU, the other of two forms: many blocks of as many threads as its image calls `straight` have run; loops of its `nest` have more
	 * rounds than a launch can have threads. */
	GJ_FACT_OTHER = INT32_MIN,
	GJ_FACTS_GRID = GJ_FACT_WIDE_X | GJ_FACT_WIDE_Y | GJ_FACT_WIDE_Z | GJ_FACT_FULL_GRID,
	GJ_FACTS_SHAPE = GJ_FACT_ROWS_16 | GJ_FACT_ROWS_8 | 3 << GJ_FACT_COLUMNS_SHIFT | 3 << GJ_FACT_DEPTHS_SHIFT,
	GJ_FACTS_BLOCK = GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS | GJ_FACTS_SHAPE | GJ_FACTS_GRID | GJ_FACT_COVERED,    /* those: of vectors only */
	/* By the compiler's choice (lanes.c): */
	GJ_FACT_LANES_Y = 8192, GJ_FACT_LANES_Z = 16384,   /* lanes run along that axis, not along x */
	/* A large launch whose blocks can be made smaller by that along x, so that a thread runs neighbours. Both: two, or four where items
	 * are narrow. */
	GJ_FACT_HALVES = 32768, GJ_FACT_QUARTERS = 65536,
	GJ_FACT_ALIGNED_ROWS = 1 << 27,             /* … in several dimensions; arrays of several are contiguous, and their rows multiples of gj_row_bytes */
	GJ_FACTS_NEIGHBOURS = GJ_FACT_HALVES | GJ_FACT_QUARTERS | GJ_FACT_ALIGNED_ROWS,
	/* There are strided arrays, and of each the items of the last dimension, or of the first, lie gj_fact_strides[] items apart; one bit for
	 * each of these: of the last dimension's, then of the first's. INNER: the last dimension's lie side by side. */
	GJ_NFACT_STRIDES = 5, GJ_FACT_STRIDE_SHIFT = 17,
	GJ_FACT_INNER = 1 << GJ_FACT_STRIDE_SHIFT,
	GJ_FACTS_STRIDES = ((1 << 2 * GJ_NFACT_STRIDES) - 1) << GJ_FACT_STRIDE_SHIFT,
	GJ_FACTS_ROUNDS = GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS,   /* of loops over prange */
	GJ_FACTS_LANES = GJ_FACT_LANES_X | GJ_FACT_LANES_Y | GJ_FACT_LANES_Z
};

/* What rows of items of this size are a multiple of under GJ_FACT_ALIGNED_ROWS: two items share an access, four of 16 bits or fewer. */
static inline uint32_t gj_row_bytes(uint32_t size) { return size <= 4 ? 8 : 2 * size; }

static inline uint32_t gj_lanes_axis(uint32_t facts) { return facts & GJ_FACT_LANES_Z ? 2 : facts & GJ_FACT_LANES_Y ? 1 : 0; }
static const int8_t gj_fact_strides[GJ_NFACT_STRIDES] = { 1, 2, 3, 4, -1 };
/* The stride, in items, that facts tell of dimension d of n in strided arrays; 0: none. */
static inline int64_t gj_stride_known(uint32_t facts, uint32_t d, uint32_t n)
{
	for (uint32_t i = 0; i < 2 * GJ_NFACT_STRIDES; i++)
		if (facts >> (GJ_FACT_STRIDE_SHIFT + i) & 1)
			return d == (i < GJ_NFACT_STRIDES ? n - 1 : 0) ? gj_fact_strides[i % GJ_NFACT_STRIDES] : 0;
	return 0;
}

/* Axes in the order in which threads and blocks are counted, where lanes run along axis 0, 1 or 2; each is its own inverse. */
static const uint8_t gj_axes_from[3][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 2, 1, 0 } };

/* A place in the source that the code can tell of: where threads meet at a barrier or wait for memory, where one ends, or
 * where an index is checked. Texts are offsets in the image's `text`; 0: "", not known. */
typedef enum gj_site_kind {
	GJ_SITE_BARRIER, GJ_SITE_RAISE, GJ_SITE_ASSERT, GJ_SITE_WAIT, GJ_SITE_INDEX, GJ_SITE_PRINT, GJ_SITE_RACE, GJ_NSITE_KINDS
} gj_site_kind;
typedef struct gj_site {
	uint8_t  kind;                             /* gj_site_kind */
	uint8_t  as_given;                         /* INDEX: a bit for each dimension whose index is not counted from the end if it is negative */
	int32_t  line;                             /* ≤ 0: not known */
	uint32_t file, function;
	uint32_t exception;                        /* RAISE, ASSERT: name of the class */
	uint32_t message;                          /* RAISE, ASSERT: of constants: its text, or its arguments "(1, 2.5)", of functions for the
	                                            * host these always;
	                                            * INDEX: the array's name; PRINT: its template (image/report.h) */
} gj_site;

enum { GJ_MAX_CHUNKS = 128 /* of a loop whose rounds make one value together */ };

typedef struct gj_image gj_image;
struct gj_image {
	gj_format format;
	uint8_t  *code;  size_t ncode;             /* heap */
	char     *entry;                           /* heap: name of the kernel's symbol */
	gj_param *param; uint32_t nparams, param_bytes;
	uint32_t  nleaves;
	uint8_t  *written;                         /* a byte a leaf: the kernel may store through it */
	uint32_t  shared_bytes;                    /* static shared memory */
	uint32_t  local_bytes;                     /* CPU: stack that a warp needs for local arrays and spills (an upper bound) */
	uint32_t  width;                           /* CPU: threads that run as one, 32 (a warp), 16 or 8 (of a row), or 1; GPU: 1 */
	bool      barriers;                        /* warps wait for each other */
	bool      spins;                           /* CPU: threads wait in loops for memory that others write (opt/waits.c) */
	uint32_t  frame_bytes;                     /* CPU: what a warp keeps at a barrier; 0: each has a fiber */
	bool      streams;                         /* CPU: threads do little but read and write a few arrays, item after item */
	bool      together;                        /* CPU: all warps of a block go from barrier to barrier in one call, for a stretch of blocks */
	uint32_t  first_axis;                      /* CPU: along which blocks are taken first: 0 to 2 */
	uint32_t  kept_bytes;                      /* CPU, rounds: what a warp keeps from one to the next */
	bool      places;                          /* CPU: threads are run in the order of their places in the grid, whatever its blocks (lanes/places.c) */
	bool      part;                            /* CPU: the loop over the grid that it begins with is run first, for many blocks */
	bool      part_places;                     /* CPU: … as `places` says: blocks are rows along x of a multiple of `width` threads */
	bool      begins_with_loop;                /* CPU: over the grid, so that this could be: but for GJ_FACT_COVERED it is */
	uint32_t  straight;                        /* CPU: threads of the blocks that are faster with GJ_FACT_OTHER; 0: none */
	bool      rounds;                          /* CPU: it runs rounds of a loop over the grid in turn (opt/grid_rounds.c) */
	uint32_t  free_rounds;                     /* CPU: … or in any order, and at once: 1 + the parameter that bounds the loop; 0: not so */
	gj_reach  reach[GJ_ALL_REACHES];           /* CPU: threads along each axis that are run, however many it is launched with (opt/grid_nest.c) */
	bool      nest;                            /* CPU: there are such axes, but for GJ_FACT_OTHER */
	bool      narrow;                          /* CPU: … fewer than 2^30: GJ_FACT_IDX32 */
	uint32_t  neighbours;                      /* threads of the launch that one thread runs (opt/neighbours.c); 0: it could never be several */
	uint32_t  accesses;                        /* GPU: of a thread to memory that others see, at most; 0: many, or such as cannot be counted */
	bool      dynamic_shared;
	bool      cooperative;
	bool      incomplete;                      /* of loops of ufuncs: something may need memory, which there is not */
	uint32_t  max_threads;                     /* launch_bounds; 0: none */
	uint8_t   carveout;                        /* GPU: 1 + what shared memory should have, in percent; 0: the driver decides */
	char     *file;                            /* heap: the kernel's source file */
	gj_site  *site; uint32_t nsites;           /* barriers first, as gj_rt_barrier's `site` counts them; then where threads end */
	uint32_t  first_report;                    /* site 0 as reports count them (image/report.h) */
	bool      reports, prints;                 /* it tells where it fails; it prints */
	char     *text; size_t ntext;              /* heap: what sites say, each with a NUL behind it; NULL without sites */
	const char *const *library; uint32_t nlibraries;     /* CPU: files with functions that the code calls. Not kept: whoever loads says */
	char     *llvm, *assembly;                 /* heap, may be NULL: text for inspect_* */
	gj_image *loop; uint32_t nloops;           /* functions for the host: entries of their loops over prange, whose sites are theirs */
	bool      chunked, heavy;                  /* of a loop: cut the same way whoever runs it; a round is much */
};

void gj_image_clear(gj_image *);
/* Flat form for the cache; false: out of memory. gj_image_read copies out and checks every length: false on damage. */
bool gj_image_write(const gj_image *, gj_sb *out);
bool gj_image_read(gj_image *, const void *blob, size_t n);

#endif
