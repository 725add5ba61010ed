/* Kernels as the compiler would emit them (image/cpu_abi.h), written by hand for test_cpu.c and test_elf.c. Width 32
 * unless the name ends in _1; those that call gj_rt_barrier are run with image.barriers set. */
#include "image/cpu_abi.h"

#include <math.h>
#include <string.h>

/* What follows runs one block; the entry runs a stretch of them. */
#define KERNEL(NAME) \
	static void NAME##_block(gj_block *, const char *, uint32_t, uint32_t); \
	void NAME(gj_block *b, const char *params, uint32_t first, uint32_t end) \
	{ \
		NAME##_block(b, params, first, end); \
		for (uint32_t more = b->stretch; more > 1; more--) { \
			b->block_idx[0]++; \
			NAME##_block(b, params, first, end); \
		} \
	} \
	static void NAME##_block(gj_block *b, const char *params, uint32_t first, uint32_t end)
#define UNUSED (void)b, (void)params, (void)first, (void)end
#define PARAM(T, OFF) (*(T const *)(const void *)(params + (OFF)))
#define ALL 0xffffffffu

static uint64_t block_id(const gj_block *b)
{
	return b->block_idx[0] + (uint64_t)b->grid_dim[0] * (b->block_idx[1] + (uint64_t)b->grid_dim[1] * b->block_idx[2]);
}

/* Lanes of warp w that exist. */
static uint32_t lanes_of(const gj_block *b, uint32_t w)
{
	uint32_t left = b->nthreads - 32 * w;
	return left >= 32 ? ALL : (1u << left) - 1;
}

static void sync(gj_block *b, uint32_t w, uint32_t site)
{
	gj_rt_barrier(b, w, lanes_of(b, w), lanes_of(b, w), 0, GJ_BAR_SYNC, site);
}

/* -- Without barriers ----------------------------------------------------------------------------------------------- */

/* n, a, x, y, out */
KERNEL(saxpy)
{
	int64_t n = PARAM(int64_t, 0);
	float a = PARAM(float, 8);
	const float *x = PARAM(float *, 16), *y = PARAM(float *, 24);
	float *out = PARAM(float *, 32);
	for (uint32_t w = first; w < end; w++) {
		int64_t i = (int64_t)(block_id(b) * b->nthreads + 32 * w);
		if (i + 32 <= n && lanes_of(b, w) == ALL)
			for (int l = 0; l < 32; l++)
				out[i + l] = a * x[i + l] + y[i + l];
		else
			for (int l = 0; l < 32; l++)
				if (i + l < n && (lanes_of(b, w) >> l & 1))
					out[i + l] = a * x[i + l] + y[i + l];
	}
}

KERNEL(nothing) { UNUSED; }

/* out[block] += 1 for each warp; out has a slot a block */
KERNEL(tally)
{
	uint32_t *out = PARAM(uint32_t *, 0);
	for (uint32_t w = first; w < end; w++)
		__atomic_fetch_add(&out[block_id(b)], 1, __ATOMIC_RELAXED);
}

/* out[4 * block + {0,1,2}] = block index, [3] = number of threads */
KERNEL(where)
{
	uint32_t *out = PARAM(uint32_t *, 0) + 4 * block_id(b);
	(void)first, (void)end;
	for (int d = 0; d < 3; d++)
		out[d] = b->block_idx[d];
	out[3] = b->block_dim[0] * b->block_dim[1] * b->block_dim[2] == b->nthreads ? b->nthreads : 0;
}

static int counter;                            /* .bss */
static int start = 40;                         /* .data */
static const double table[4] = { 1.5, 2.5, 3.5, 4.5 };
static double twice(double x) { return 2 * x; }
static double square(double x) { return x * x; }
static double (*const function[])(double) = { twice, square, sin, exp };     /* .data.rel.ro, inside and outside */

typedef float v4f __attribute__((vector_size(16)));
v4f _ZGVbN4v_expf(v4f);

/* Every kind of section and call: out[0..8] */
KERNEL(sections)
{
	double *out = PARAM(double *, 0);
	(void)b, (void)first, (void)end;
	out[0] = ++counter + start++;
	for (int i = 0; i < 4; i++)
		out[1 + i] = function[i](table[i]);
	v4f e = _ZGVbN4v_expf((v4f){ 0, 1, 2, 3 });
	out[5] = e[0] + e[1] + e[2] + e[3];
	double copy[64];
	memcpy(copy, out, sizeof(double) * (size_t)PARAM(int64_t, 8));
	out[6] = copy[0] + pow(copy[1], 2.0);
	volatile float half = 0.5f;
	out[7] = fmodf(7.25f, half + 0.5f);
	out[8] = 1.0 / (3.0 + 0 * out[7]);         /* depends on the rounding mode */
}

/* Uses `bytes` of stack in each block; out[block] = a checksum */
KERNEL(deep)
{
	uint64_t *out = PARAM(uint64_t *, 0);
	uint64_t bytes = PARAM(uint64_t, 8), sum = 0;
	(void)first, (void)end;
	volatile unsigned char local[bytes];
	for (uint64_t i = 0; i < bytes; i++)
		local[i] = (unsigned char)(i * 7);
	for (uint64_t i = 0; i < bytes; i++)
		sum += local[i];
	out[block_id(b)] = sum;
}

KERNEL(wrong_barrier) { UNUSED; sync(b, 0, 0); }
KERNEL(wrong_shuffle_1) { UNUSED; gj_rt_syncwarp(b, 0, ALL); }
KERNEL(wrong_grid) { UNUSED; gj_rt_grid_sync(b, first, lanes_of(b, first), lanes_of(b, first), 0); }

/* Yields until the launch is stopped, except in block `bad`, which fails */
KERNEL(stop_all)
{
	if (block_id(b) == PARAM(uint64_t, 0))
		gj_rt_barrier(b, first, 3, 1, 0, GJ_BAR_SYNC, 1);
	for (;;)
		gj_rt_yield(b, first);
	(void)end;
}

/* -- With barriers -------------------------------------------------------------------------------------------------- */

/* Reverses each block's numbers through shared memory, `rounds` times: data, rounds */
KERNEL(reverse)
{
	uint32_t *data = PARAM(uint32_t *, 0) + block_id(b) * b->nthreads, rounds = PARAM(uint32_t, 8);
	uint32_t *shared = (uint32_t *)(void *)b->shared, w = first, n = b->nthreads;
	(void)end;
	for (uint32_t r = 0; r < rounds; r++) {
		for (uint32_t i = 32 * w; i < 32 * w + 32 && i < n; i++)
			shared[i] = data[i];
		sync(b, w, 0);
		for (uint32_t i = 32 * w; i < 32 * w + 32 && i < n; i++)
			data[i] = shared[n - 1 - i] + 1;
		sync(b, w, 0);
	}
}

/* Warp w leaves after w rounds; each round counts. out[block * 3 + …] counts wrong answers of COUNT, AND, OR */
KERNEL(votes)
{
	uint32_t *wrong = PARAM(uint32_t *, 0) + 3 * block_id(b), w = first, nwarps = (b->nthreads + 31) / 32;
	(void)end;
	for (uint32_t round = 0; round < w + 1; round++) {
		uint32_t here = lanes_of(b, w), expect = 0, present = 0, pred = 0;
		for (uint32_t t = 32 * round; t < b->nthreads; t++) {      /* warps ≥ round are still here */
			expect += t % (round + 2) == 0;
			present++;
		}
		for (uint32_t l = 0; l < 32; l++)
			pred |= ((32 * w + l) % (round + 2) == 0 ? 1u : 0u) << l;
		uint32_t count = gj_rt_barrier(b, w, here, here, pred, GJ_BAR_COUNT, 0);
		uint32_t all = gj_rt_barrier(b, w, here, here, round % 2 ? pred : ALL, GJ_BAR_AND, 0);
		uint32_t any = gj_rt_barrier(b, w, here, here, round % 2 ? pred : 0, GJ_BAR_OR, 0);
		if (count != expect)
			__atomic_fetch_add(&wrong[0], 1, __ATOMIC_RELAXED);
		if (all != (round % 2 ? expect == present : 1))
			__atomic_fetch_add(&wrong[1], 1, __ATOMIC_RELAXED);
		if (any != (round % 2 ? expect != 0 : 0))
			__atomic_fetch_add(&wrong[2], 1, __ATOMIC_RELAXED);
	}
	(void)nwarps;
}

/* Resumable: the sum of a block by a tree over its warps' numbers, which live in the frames. data, unused, bad lanes */
KERNEL(tree)
{
	uint32_t *out = PARAM(uint32_t *, 0) + block_id(b), bad = PARAM(uint32_t, 8), nwarps = end;
	uint32_t *shared = (uint32_t *)(void *)b->shared, stopped = 0;
	for (uint32_t w = first; w < end; w++) {
		struct { uint32_t step, sum; } *mine = (void *)(b->frame + (size_t)w * b->frame_bytes);
		uint32_t here = lanes_of(b, w), live = here;
		if (b->state[w] == UINT32_MAX)
			continue;
		if (b->state[w] == 0) {
			mine->sum = (uint32_t)__builtin_popcount(here);
			mine->step = 16;
		} else {
			if (b->trues != nwarps || b->lanes != b->nthreads)
				mine->sum += 1000000;
			if (w < mine->step && w + mine->step < nwarps)
				mine->sum += shared[w + mine->step];
			mine->step /= 2;
		}
		if (mine->step == 0) {
			b->state[w] = UINT32_MAX;
			if (w == 0)
				*out += mine->sum;
			continue;
		}
		if (w >= mine->step)
			shared[w] = mine->sum;
		if (bad && w == 1)
			here = 5;
		if (gj_rt_arrive(b, w, live, here, 1, GJ_BAR_COUNT, 1)) {
			b->state[w] = 1;
			stopped = 1;
		}
	}
	b->stopped = stopped;
}

/* Only some lanes of warp `warp` in block `block` reach the second barrier */
KERNEL(divergent)
{
	uint32_t w = first, here = lanes_of(b, w);
	(void)end;
	sync(b, w, 0);
	if (block_id(b) == PARAM(uint32_t, 0) && w == PARAM(uint32_t, 4))
		here &= 0x0000ffff;
	gj_rt_barrier(b, w, lanes_of(b, w), here, 0, GJ_BAR_COUNT, PARAM(uint32_t, 8));
}

/* Half of the lanes have returned before the barrier: that is no divergence. out[block] += 1 a warp */
KERNEL(half_returned)
{
	uint32_t w = first, live = lanes_of(b, w) & 0x55555555;
	(void)end;
	if (gj_rt_barrier(b, w, live, live, ALL, GJ_BAR_COUNT, 0) == (b->nthreads + 1) / 2)
		__atomic_fetch_add(&PARAM(uint32_t *, 0)[block_id(b)], 1, __ATOMIC_RELAXED);
	gj_rt_barrier(b, w, live, 0, 0, GJ_BAR_SYNC, 0);           /* nobody here: not a barrier at all */
}

/* Warp 0 waits for a flag that the last warp sets. out[block] = 1 */
KERNEL(wait_for_last)
{
	volatile uint32_t *flag = (volatile uint32_t *)(void *)b->shared;
	uint32_t w = first, last = (b->nthreads - 1) / 32;
	(void)end;
	if (w == 0)
		*flag = 0;
	sync(b, w, 0);
	if (w == last)
		*flag = 1;
	while (!*flag)
		gj_rt_yield(b, w);
	if (w == 0)
		PARAM(uint32_t *, 0)[block_id(b)] = *flag;
}

/* Bytes of dynamic shared memory, and whether it can be written to the end: out[2 * block] */
KERNEL(dynamic)
{
	uint32_t *out = PARAM(uint32_t *, 0) + 2 * block_id(b), statics = PARAM(uint32_t, 8), w = first;
	(void)end;
	if (w == 0)
		memset(b->shared, (int)block_id(b) & 255, statics + b->dynamic_shared);
	sync(b, w, 0);
	out[0] = b->dynamic_shared;
	out[1] = (unsigned char)b->shared[statics + b->dynamic_shared - 1] == (block_id(b) & 255) &&
	         (uintptr_t)b->shared % 64 == 0;
}

/* Cooperative: in each round, block 0 must see what every block wrote: slots, rounds, wrong */
KERNEL(grid_rounds)
{
	volatile uint32_t *slot = PARAM(uint32_t *, 0);
	uint32_t rounds = PARAM(uint32_t, 8), *wrong = PARAM(uint32_t *, 16), w = first, live = lanes_of(b, w);
	uint32_t blocks = b->grid_dim[0];
	(void)end;
	if (w > 1)
		return;                                /* warps that have returned are not waited for */
	for (uint32_t r = 1; r <= rounds; r++) {
		if (w == 0)
			slot[block_id(b)] = r;
		gj_rt_grid_sync(b, w, live, live, 0);
		for (uint32_t i = 0; w == 1 && i < blocks; i++)
			if (slot[i] != r)
				__atomic_fetch_add(wrong, 1, __ATOMIC_RELAXED);
		sync(b, w, 0);
		gj_rt_grid_sync(b, w, live, live, 0);
	}
}

/* -- Width 1 -------------------------------------------------------------------------------------------------------- */

/* Sum of the lane numbers by a butterfly, in every full warp; out[thread] */
KERNEL(butterfly_1)
{
	uint32_t t = first, lane = t % 32, sum = lane, *out = PARAM(uint32_t *, 0);
	(void)end;
	for (uint32_t d = 16; d; d /= 2)
		sum += (uint32_t)gj_rt_shuffle(b, t, ALL, sum, lane ^ d);
	gj_rt_barrier(b, t, 1, 1, 0, GJ_BAR_SYNC, 0);
	out[block_id(b) * b->nthreads + t] = sum;
}

/* Two halves of a warp do different things at the same time; odd quarters return early. out[thread] = 1 if right */
KERNEL(halves_1)
{
	uint32_t t = first, lane = t % 32, mask = lane < 16 ? 0x0000ffffu : 0xffff0000u, ok = 1;
	(void)end;
	for (uint32_t r = 0; r < (lane < 16 ? 5 : 3); r++) {
		uint32_t ballot = gj_rt_ballot(b, t, mask, lane & 1);
		ok &= ballot == (mask & 0xaaaaaaaa);
		uint32_t same = gj_rt_match(b, t, mask, lane / 4 + 1000000007ull * r);
		ok &= same == 0xfu << lane / 4 * 4;
		ok &= gj_rt_shuffle(b, t, mask, lane * 3ull << 32, (lane & 16) + r) == (uint64_t)((lane & 16) + r) * 3 << 32;
		ok &= gj_rt_shuffle(b, t, mask, lane, lane < 16 ? 20 : 99) == lane;    /* no such source: own value */
		gj_rt_syncwarp(b, t, mask);
	}
	if (lane >= 24)
		return;                                /* the others need not wait for these */
	uint32_t full = gj_rt_ballot(b, t, ALL, 1);
	ok &= full == 0x00ffffff;
	PARAM(uint32_t *, 0)[block_id(b) * b->nthreads + t] = ok;
}

/* Threads 0..15 wait for the whole warp, the rest at the block's barrier: nobody can go on */
KERNEL(deadlock_1)
{
	uint32_t t = first;
	(void)end, (void)params;
	if (t % 32 < 16)
		gj_rt_syncwarp(b, t, ALL);
	gj_rt_barrier(b, t, 1, 1, 0, GJ_BAR_SYNC, 0);
	if (t % 32 >= 16)
		gj_rt_syncwarp(b, t, ALL);
}

/* Block sum through shared memory, a barrier a step: out[block] */
KERNEL(tree_1)
{
	uint32_t *shared = (uint32_t *)(void *)b->shared, t = first;
	(void)end;
	shared[t] = t + 1;
	for (uint32_t s = b->nthreads / 2; s; s /= 2) {
		gj_rt_barrier(b, t, 1, 1, 0, GJ_BAR_SYNC, 0);
		if (t < s)
			shared[t] += shared[t + s];
	}
	if (t == 0)
		PARAM(uint32_t *, 0)[block_id(b)] = shared[0];
}

/* -- For the benchmark ---------------------------------------------------------------------------------------------- */

KERNEL(barriers)
{
	uint32_t w = first, rounds = PARAM(uint32_t, 0);
	(void)end;
	for (uint32_t r = 0; r < rounds; r++)
		sync(b, w, 0);
}
