/* A launch on the CPU: checks it, decides how many threads it is worth, spreads its blocks over them.
 *
 * Threads of the pool cost a few microseconds to wake. What a block took is remembered in the kernel, and a launch gets
 * as many helpers as there is work for. One that should be short is begun by the calling thread alone: it calls for
 * help only if it is not done after SCOUT_NS. Each thread begins with a part of the blocks of its own, in the order of their index, x
 * first; or y or z, where memory lies along it. Blocks that may wait for each other are begun in that order by all together. */
#define _GNU_SOURCE
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"
#include "base/interrupt.h"
#include "run/failure.h"
#include "run/status.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#else
#include <fenv.h>
#endif

enum {
	SHORT_NS = 10000,                          /* a launch that should not take one thread longer is begun by the caller alone, */
	SCOUT_NS = 5000,                           /* … who calls for help after so long */
	KEPT_BYTES = 8 << 10,                      /* kept between rounds by all threads of a stretch: beside what they read in a first-level cache; */
	ALL_KEPT_BYTES = 64 << 10,                 /* … by all threads of the grid: they have so many rounds that this is seldom fetched */
	SLICES = 4,                                /* of each thread's part, or fewer: whoever is done takes of others' */
	FEWEST = 64,                               /* threads of the grid that a thread of the pool takes */
	ROUND_BLOCKS = 16,                         /* so many make their stretches of memory long enough */
	CHUNK_NS = 20000,                          /* aim for the work between two visits to a counter */
	STACK_RESERVE = 64 * 1024,                 /* for libm, libmvec and the runtime, on top of local_bytes */
	RESIDENT_THREADS = 2048                    /* a cooperative launch: threads of the grid for each of ours */
};

/* -- A worker ------------------------------------------------------------------------------------------------------ */

static uint32_t align16(uint32_t n) { return (n + 15) & ~15u; }

/* Stacks, shared memory and block records for what this worker will run at once. Behind shared memory lies as much as a block can have:
 * a launch that forgets its bytes, or gives too few, writes there and not over the heap. */
static bool equip(gj_worker *w, gj_run *r)
{
	const gj_kernel *k = r->kernel;
	bool ok = gj_fibers_reserve(&w->fibers, k->fibers ? r->batch * r->nwarps : 1, (size_t)k->local_bytes + STACK_RESERVE);
	w->shared = gj_cpu_grow(w->shared, &w->shared_cap, r->shared * r->batch + GJ_CPU_SHARED_MAX);
	w->meet = gj_cpu_grow(w->meet, &w->meet_cap, sizeof *w->meet * r->meets * r->batch);
	if (r->batch > 1)
		w->several = gj_cpu_grow(w->several, &w->several_cap, sizeof *w->several * r->batch);
	w->block = r->batch > 1 ? w->several : &w->first;
	w->frame = gj_cpu_grow(w->frame, &w->frame_cap, gj_own_frame(r) + (size_t)k->kept_bytes * r->nwarps * r->most_stretch);
	ok = ok && w->shared && w->meet && w->block && w->frame;
	w->waits = k->fibers;
	gj_sums_begin(w);
	for (uint32_t i = 0; w->several && r->batch > 1 && i < r->batch; i++)
		w->several[i].pub.attention = 0;
	for (uint32_t i = 0; ok && i < r->batch; i++)
		gj_block_init(&w->block[i], w, w->meet + (size_t)i * r->meets, w->shared + i * r->shared);
	if (ok && r->batch > 1)
		gj_worker_show(w);
	return ok;
}

static void work_and_add(gj_worker *w)
{
	gj_wait_join(w);
	gj_fault_enter(w);
	gj_cpu_work(w);
	gj_fault_leave(w);
	gj_wait_leave(w);
	gj_sums_end(w);
}

/* Kernels round to nearest and keep denormals, whatever the calling thread has set for itself. */
static void work_in_default_modes(gj_worker *w)
{
#if defined(__x86_64__)
	unsigned before = _mm_getcsr();
	_mm_setcsr(0x1f80);
	work_and_add(w);
	_mm_setcsr(before);
#else
	fenv_t before;
	feholdexcept(&before);
	fesetenv(FE_DFL_ENV);
	work_and_add(w);
	fesetenv(&before);
#endif
}

static void work(gj_run *r, unsigned me)
{
	gj_worker *w = gj_worker_take(r, me);
	if (w && equip(w, r))
		work_in_default_modes(w);
	else
		gj_run_fail(r, GJ_E_NOMEM, "out of memory for the stacks and shared memory of a block of %u threads "
		            "(%u bytes of local memory a warp)", r->nthreads, r->kernel->local_bytes);
	if (w)
		gj_worker_return(w);
}

/* A thread's part in a launch of several. */
static void participate(void *arg, unsigned me)
{
	gj_run *r = arg;
	if (!gj_split_left(&r->split, me))
		return;
	uint64_t start = gj_now_ns();
	work(r, me);
	gj_split_spend(&r->split, me, gj_now_ns() - start);
}

/* While only helpers are at work. */
static void meanwhile(void *arg)
{
	gj_run *r = arg;
	if (atomic_load(&r->status) == GJ_OK && gj_interrupted())
		gj_run_fail(r, GJ_E_INTERRUPTED, "interrupted");
}

/* -- How much help ------------------------------------------------------------------------------------------------- */

static uint64_t min64(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* What the threads together have spent on so many blocks; returns it for one of them. */
static uint64_t remember(gj_run *r, uint64_t blocks)
{
	uint64_t each = min64(gj_split_spent(&r->split) / blocks + 1, UINT32_MAX);
	uint64_t before = atomic_load_explicit(&r->kernel->ns_block, memory_order_relaxed);
	if (each > before + before / 8 || each < before - before / 8)          /* all threads read what lies beside it */
		atomic_store_explicit(&r->kernel->ns_block, (uint32_t)each, memory_order_relaxed);
	return each;
}

/* The calling thread alone for SCOUT_NS; returns how many blocks are done then. */
static uint64_t scout(gj_run *r, uint64_t each)
{
	r->scouting = true;
	gj_split_init(&r->split, 0, (int64_t)r->nblocks, (int64_t)(SCOUT_NS / 8 / each + 1), 1);
	r->scout_end = gj_now_ns() + SCOUT_NS;
	participate(r, 0);
	r->scouting = false;
	return min64((uint64_t)atomic_load(&r->split.part[0].next), r->nblocks);
}

/* What threads know of each other that wait for each other. */
static void begin_waiting(gj_run *r)
{
	memset(&r->lock, 0, offsetof(gj_run, report) - offsetof(gj_run, lock));
	pthread_mutex_init(&r->lock, NULL);
	atomic_init(&r->grid_phase, 0);
}

/* Blocks that may wait for each other: each worker begins one, and others where all that it has wait. */
static void run_waiting(gj_run *r, unsigned threads)
{
	gj_split_init(&r->split, 0, (int64_t)r->nblocks, 1, 1);
	begin_waiting(r);
	gj_pool_run(participate, r, (unsigned)min64(threads - 1, r->nblocks - 1), false, meanwhile);
	pthread_mutex_destroy(&r->lock);
}

/* Blocks that a thread takes at a time. Those whose rounds run in turn should be many, or threads of ours walk through the same memory. */
static uint64_t chunk_of(const gj_run *r, uint64_t blocks, uint64_t each, unsigned threads)
{
	uint64_t fair = blocks / (4 * (uint64_t)threads), all = (blocks + threads - 1) / threads;
	if (r->kernel->rounds && !r->slices)
		return fair > ROUND_BLOCKS ? fair : min64(all, ROUND_BLOCKS);
	fair = each ? min64(fair, CHUNK_NS / each) : fair;
	return fair ? fair : 1;
}

static void run_blocks(gj_run *r, unsigned threads)
{
	uint64_t each = atomic_load_explicit(&r->kernel->ns_block, memory_order_relaxed), done = 0, left = r->nblocks;
	if (left == 1 || threads == 1) {
		gj_split_init(&r->split, 0, (int64_t)left, (int64_t)left, 1);
		work(r, 0);
		return;
	}
	if (each && left < SHORT_NS / each) {
		done = scout(r, each);
		left -= done;
		if (!left || atomic_load(&r->status) != GJ_OK)
			return;
		each = done ? remember(r, done) : each;
	}
	if (each && left < UINT32_MAX)
		threads = (unsigned)min64(gj_pool_worth(left * each), threads);
	uint64_t chunk = chunk_of(r, left, each, threads);
	threads = (unsigned)min64(threads, (left + chunk - 1) / chunk);
	gj_split_init(&r->split, (int64_t)done, (int64_t)r->nblocks, (int64_t)chunk, threads);
	gj_pool_run(participate, r, threads - 1, false, meanwhile);
	if (atomic_load(&r->status) == GJ_OK)
		remember(r, left);
}

uint32_t gj_cpu_resident(uint32_t block_threads)
{
	return block_threads >= RESIDENT_THREADS ? 1 : RESIDENT_THREADS / block_threads;
}

/* All blocks at once: each thread takes one share and switches between its blocks. */
static void run_cooperative(gj_run *r)
{
	unsigned threads = gj_pool_start();
	uint64_t limit = (uint64_t)gj_cpu_resident(r->nthreads) * gj_pool_threads();
	if (r->nblocks > limit) {
		gj_run_fail(r, GJ_E_INVALID, "a cooperative launch of %llu blocks of %u threads: at most %llu can run at once",
		            (unsigned long long)r->nblocks, r->nthreads, (unsigned long long)limit);
		return;
	}
	unsigned shares = (unsigned)min64(threads, r->nblocks);
	r->batch = (uint32_t)((r->nblocks + shares - 1) / shares);
	gj_split_init(&r->split, 0, (int64_t)r->nblocks, r->batch, 1);
	begin_waiting(r);
	r->grid_live = r->nblocks * r->nwarps;
	gj_pool_run(participate, r, (unsigned)((r->nblocks + r->batch - 1) / r->batch - 1), true, meanwhile);
	pthread_mutex_destroy(&r->lock);
}

/* -- The launch ---------------------------------------------------------------------------------------------------- */

static gj_status check(const gj_kernel *k, const gj_launch *l)
{
	static const uint32_t max_grid[3] = { INT32_MAX, 65535, 65535 }, max_block[3] = { 1024, 1024, 64 };
	uint64_t threads = (uint64_t)l->block[0] * l->block[1] * l->block[2];
	for (int d = 0; d < 3; d++) {
		if (!l->grid[d] || l->grid[d] > max_grid[d])
			return gj_error_set(GJ_E_INVALID, 0, "grid dimension %c is %u: must be 1 to %u", "xyz"[d], l->grid[d],
			                    max_grid[d]);
		if (!l->block[d] || l->block[d] > max_block[d])
			return gj_error_set(GJ_E_INVALID, 0, "block dimension %c is %u: must be 1 to %u", "xyz"[d], l->block[d],
			                    max_block[d]);
	}
	if (threads > k->max_threads)
		return gj_error_set(GJ_E_INVALID, 0, "a block of %llu threads: at most %u are possible",
		                    (unsigned long long)threads, k->max_threads);
	if (align16(k->shared) + (uint64_t)l->shared > GJ_CPU_SHARED_MAX)
		return gj_error_set(GJ_E_INVALID, 0, "%u + %u bytes of static and dynamic shared memory: at most %d are "
		                    "possible",
		                    k->shared, l->shared, GJ_CPU_SHARED_MAX);
	if (l->nparams < k->param_bytes || (!l->params && k->param_bytes))
		return gj_error_set(GJ_E_INVALID, 0, "a parameter buffer of %zu bytes, the kernel reads %u", l->nparams,
		                    k->param_bytes);
	return GJ_OK;
}

/* Rounds of the kernel's loop over the grid, if they may be shared out, and there are some for each of the threads. */
static uint64_t free_rounds(const gj_run *r, unsigned threads)
{
	const gj_kernel *k = r->kernel;
	const gj_launch *l = r->launch;
	uint64_t step = (uint64_t)l->grid[0] * l->block[0];
	int64_t bound = 0;
	if (!k->bound.size || !k->places || k->first_axis || threads < 2 || step > UINT32_MAX / 2
	    || l->grid[1] * l->block[1] != 1 || l->grid[2] * l->block[2] != 1)
		return 0;
	memcpy(&bound, (const char *)l->params + k->bound.offset, k->bound.size);
	if (k->bound.size == 4)
		bound = (int32_t)bound;
	uint64_t rounds = bound > 0 ? ((uint64_t)bound - 1) / step + 1 : 0;
	return rounds >= 2 * (uint64_t)threads ? rounds : 0;
}

/* Threads of the grid for each of the pool's threads, or for some parts of its part; a few cache lines of memory at least. */
static uint64_t fair_share(const gj_run *r, unsigned threads)
{
	uint64_t all = r->nthreads, share;
	for (int d = 0; d < 3; d++)
		all *= r->launch->grid[d];
	share = all / (r->kernel->rounds ? threads : SLICES * threads);
	return threads < 2 ? all : share > FEWEST ? share : FEWEST;
}

/* What a thread of the pool takes at a time: blocks; or, where the kernel does not know them, about as many threads of a row. */
static void cut(gj_run *r, unsigned threads)
{
	const gj_kernel *k = r->kernel;
	const gj_launch *l = r->launch;
	uint32_t odd = k->width - 1;               /* widths are powers of two */
	r->nthreads = l->block[0] * l->block[1] * l->block[2];
	memcpy(r->grid, l->grid, sizeof r->grid);
	if (k->places) {
		uint32_t x = k->first_axis, most = (r->nthreads + odd) & ~odd;
		uint64_t row = (uint64_t)l->grid[x] * l->block[x];
		if ((r->rounds = free_rounds(r, threads))) {
			most = ((uint32_t)row + odd) & ~odd;
			r->slices = threads * (uint32_t)min64(r->rounds / threads, SLICES);
		} else {
			most = (uint32_t)min64(most, (fair_share(r, threads) + odd) & ~(uint64_t)odd);
		}
		for (int d = 0; d < 3; d++)
			r->grid[d] *= l->block[d];
		r->nthreads = row < most ? ((uint32_t)row + odd) & ~odd : most;
		r->grid[x] = row <= most ? 1 : (uint32_t)((row + r->nthreads - 1) / r->nthreads);
	}
	if (r->slices)
		r->grid[2] = r->slices;
	r->nwarps = (r->nthreads + odd) >> __builtin_ctz(k->width);
	r->nblocks = (uint64_t)r->grid[0] * r->grid[1] * r->grid[2];
}

/* Few blocks that begin with a loop over the grid: pieces of it are run for themselves, so that all threads have some. */
static void cut_parts(gj_run *r, unsigned threads)
{
	const gj_kernel *k = r->kernel;
	const gj_launch *l = r->launch;
	size_t kept = ((size_t)k->kept_bytes * r->nwarps * r->nblocks + 63) & ~(size_t)63;
	uint32_t pieces = (uint32_t)min64(r->nwarps, (threads + r->nblocks - 1) / r->nblocks);
	if (!k->part || k->fibers || l->block[1] * l->block[2] != 1 || pieces < 2
	    || !(r->kept = aligned_alloc(64, kept + (r->nblocks * sizeof *r->missing + 63) / 64 * 64)))
		return;
	r->missing = (atomic_uint *)(void *)(r->kept + kept);
	for (uint64_t i = 0; i < r->nblocks; i++)
		atomic_init(&r->missing[i], pieces);
	r->pieces = pieces;
	r->nblocks *= pieces;
}

static bool says(const struct gj_through *t) { return t->of.size || t->more; }

/* How many threads there are along an axis if these are those that loops over the grid go through. */
static uint64_t threads_through(const struct gj_through *t, const gj_launch *l)
{
	int64_t n = 0;
	memcpy(&n, (const char *)l->params + t->of.offset, t->of.size);
	if (t->of.size && t->of.size < 8 && gj_is_signed(gj_scalar[t->of.kind]))
		n = n << (64 - 8 * t->of.size) >> (64 - 8 * t->of.size);
	bool far = t->of.kind == GJ_U64 ? (uint64_t)n > INT64_MAX / 2 : n > INT64_MAX / 2;
	return far ? INT64_MAX / 2 : n < 1 - t->more ? 1 : (uint64_t)(n + t->more);
}

/* *l becomes a launch of a thread for each round of its kernel's loops over the grid. Vectors may rely on it that what they run along are
 * still multiples of 32 threads. */
static gj_status go_through(const gj_kernel *k, gj_launch *l)
{
	for (int d = 0; d < 3; d++) {
		const struct gj_through *t = &k->reach[d * GJ_REACHES];
		if (!says(t))
			continue;
		uint64_t n = threads_through(t, l), most = k->narrow ? INT32_MAX / 2 : INT32_MAX;
		for (int i = 1; i < GJ_REACHES && says(&t[i]); i++)
			n = min64(n, threads_through(&t[i], l));
		if (n > most - 32 * l->block[d])
			return gj_error_set(GJ_E_TOO_FAR, 0, "a loop over the grid of %llu rounds: at most %llu are possible", (unsigned long long)n, (unsigned long long)most);
		uint32_t blocks = (uint32_t)((n - 1) / l->block[d] + 1);
		while (d == (int)k->first_axis && blocks * l->block[d] % 32)
			blocks++;
		l->grid[d] = blocks;
	}
	return GJ_OK;
}

/* Blocks of a call at most. */
static uint32_t most_stretch(const gj_run *r)
{
	uint64_t block = (uint64_t)r->kernel->kept_bytes * r->nwarps;
	return !block ? UINT32_MAX : block * r->nblocks <= ALL_KEPT_BYTES ? (uint32_t)r->nblocks : (uint32_t)(KEPT_BYTES / block) + 1;
}

static void run_alone(gj_run *r, unsigned threads)
{
	cut_parts(r, threads);
	run_blocks(r, threads);
	free(r->kept);
}

gj_status gj_cpu_launch(gj_kernel *k, const gj_launch *asked)
{
	gj_launch all = *asked, *l = &all;
	gj_status bad = check(k, l);
	if (bad || (bad = go_through(k, l)) != GJ_OK)
		return bad;
	gj_run r;
	r.kernel = k;
	r.launch = l;
	r.scouting = false;
	r.rounds = r.slices = 0;
	r.pieces = 1;
	r.kept = NULL;
	r.lines = (gj_lines){ 0 };
	r.text[0] = 0;
	atomic_init(&r.status, GJ_OK);
	atomic_init(&r.reported, 0);
	cut(&r, gj_pool_threads());
	r.shared = (align16(k->shared) + (size_t)l->shared + 63) / 64 * 64;
	r.meets = k->fibers && k->width == 1 ? (r.nthreads + 31) / 32 : 0;
	r.batch = 1;
	r.most_stretch = most_stretch(&r);
	r.launcher = pthread_self();
	if (k->cooperative)
		run_cooperative(&r);
	else if (k->spins)
		run_waiting(&r, gj_pool_threads());
	else
		run_alone(&r, gj_pool_threads());
	gj_status status = (gj_status)atomic_load(&r.status);
	gj_print_end(&r);
	if (status == GJ_E_RAISED)
		return gj_failure_set(k->site, k->nsites, k->first_report, k->text, &r.report);
	return status == GJ_OK ? GJ_OK : gj_error_set(status, 0, "%s", r.text);
}

/* -- Loading ------------------------------------------------------------------------------------------------------- */

static gj_status check_image(const gj_image *i)
{
	if (i->format != GJ_FMT_OBJECT)
		return gj_error_set(GJ_E_UNSUPPORTED, 0, "the CPU device cannot run a kernel that was compiled for a GPU");
	if (!i->code || !i->entry || (i->width != 1 && i->width != 8 && i->width != 16 && i->width != 32) || (i->nsites && (!i->site || !i->text)))
		return gj_error_set(GJ_E_LOAD, 0, "damaged kernel image");
	if (i->shared_bytes > GJ_CPU_SHARED_STATIC)
		return gj_error_set(GJ_E_LOAD, 0, "the kernel wants %u bytes of static shared memory: at most %d are possible "
		                    "(dynamic shared memory: %d)", i->shared_bytes, GJ_CPU_SHARED_STATIC, GJ_CPU_SHARED_MAX);
	return GJ_OK;
}

void gj_cpu_unload(gj_device *device, gj_kernel *k)
{
	if (!k)
		return;
	for (uint32_t i = 0; i < k->nloops && k->loop; i++)
		gj_cpu_unload(device, k->loop[i]);
	gj_elf_unload(&k->module);
	for (void **h = k->foreign; h && *h; h++)
		dlclose(*h);
	free(k->foreign);
	free(k->loop);
	free(k->param);
	free(k->file);
	free(k->site);
	free(k->text);
	free(k->sum);
	free(k);
}

/* The arrays that the kernel only adds to; false: out of memory. */
static bool list_sums(gj_kernel *k, const gj_image *m)
{
	k->sum = calloc(m->nparams + 1u, sizeof *k->sum);
	for (uint32_t i = 0; k->sum && i < m->nparams; i++) {
		const gj_param *p = &m->param[i], *data = m->param;
		while (data < p && (data->field != GJ_FIELD_DATA || data->leaf != p->leaf))
			data++;
		if (p->field == GJ_FIELD_BYTES && data < p && p->size == 8 && data->size == 8)
			k->sum[k->nsums++] = (gj_sum){ data->offset, p->offset, p->kind };
	}
	return k->sum;
}

/* Libraries with functions that the kernel calls. */
static gj_status open_foreign(gj_kernel *k, const gj_image *i)
{
	if (i->nlibraries && !(k->foreign = calloc(i->nlibraries + 1, sizeof *k->foreign)))
		return gj_error_set(GJ_E_NOMEM, 0, "out of memory while loading a kernel");
	for (uint32_t n = 0; n < i->nlibraries; n++)
		if (!(k->foreign[n] = dlopen(i->library[n], RTLD_NOW | RTLD_LOCAL)))
			return gj_error_set(GJ_E_LOAD, 0, "%s", dlerror());
	return GJ_OK;
}

/* Loops over prange of a function for the host. */
static gj_status load_loops(gj_device *device, const gj_image *i, gj_kernel *k)
{
	gj_status status = GJ_OK;
	if (i->nloops && !(k->loop = calloc(i->nloops, sizeof *k->loop)))
		return gj_error_set(GJ_E_NOMEM, 0, "out of memory while loading a function");
	for (uint32_t l = 0; l < i->nloops && status == GJ_OK; l++) {
		const gj_image *m = &i->loop[l];
		if ((status = gj_cpu_load(device, m, &k->loop[l])) != GJ_OK)
			break;
		gj_kernel *of = k->loop[k->nloops++];
		of->chunked = m->chunked;
		of->heavy = m->heavy;
		of->nparams = m->nparams;
		if (!(of->param = malloc((m->nparams + 1) * sizeof *of->param)))
			return gj_error_set(GJ_E_NOMEM, 0, "out of memory while loading a function");
		memcpy(of->param, m->param, m->nparams * sizeof *of->param);
	}
	return status;
}

/* What its code calls, or refers to. */
static uintptr_t symbol(const char *name, void *kernel)
{
	return strcmp(name, "gj_rt_self") ? gj_cpu_symbol(name, ((gj_kernel *)kernel)->foreign) : (uintptr_t)kernel;
}

gj_status gj_cpu_load(gj_device *device, const gj_image *i, gj_kernel **out)
{
	*out = NULL;
	gj_status status = check_image(i);
	if (status)
		return status;
	gj_kernel *k = calloc(1, sizeof *k);
	if (!k || !list_sums(k, i) || (i->file && !(k->file = strdup(i->file))) ||
	    (i->nsites && (!(k->site = malloc(i->nsites * sizeof *k->site)) || !(k->text = malloc(i->ntext))))) {
		gj_cpu_unload(device, k);
		return gj_error_set(GJ_E_NOMEM, 0, "out of memory while loading a kernel");
	}
	k->width = i->width;
	k->shared = i->shared_bytes;
	k->local_bytes = i->local_bytes;
	k->param_bytes = i->param_bytes;
	k->max_threads = i->max_threads && i->max_threads < 1024 ? i->max_threads : 1024;
	k->frame_bytes = i->frame_bytes;
	k->fibers = (i->barriers || i->cooperative) && !i->frame_bytes;
	k->cooperative = i->cooperative;
	k->stretches = (!i->barriers || i->together) && !i->cooperative;
	k->streams = i->streams;
	k->rounds = i->rounds;
	k->part = i->part;
	k->part_places = i->part_places;
	k->places = i->places;
	if (i->free_rounds)
		k->bound = i->param[i->free_rounds - 1];
	for (int r = 0; r < GJ_ALL_REACHES; r++) {
		k->reach[r].more = i->reach[r].more;
		if (i->reach[r].param)
			k->reach[r].of = i->param[i->reach[r].param - 1];
	}
	k->narrow = i->narrow;
	k->kept_bytes = i->kept_bytes;
	k->spins = i->spins && k->fibers && !i->cooperative;
	k->first_axis = i->first_axis;
	k->nsites = i->nsites;
	k->first_report = i->first_report;
	if (i->nsites) {
		memcpy(k->site, i->site, i->nsites * sizeof *k->site);
		memcpy(k->text, i->text, i->ntext);
	}
	status = open_foreign(k, i);
	if (status == GJ_OK)
		status = gj_elf_load(i->code, i->ncode, i->entry, symbol, k, &k->module);
	if (status || (status = load_loops(device, i, k)) != GJ_OK) {
		gj_cpu_unload(device, k);
		return status;
	}
	memcpy(&k->entry, &k->module.entry, sizeof k->entry);
	*out = k;
	return GJ_OK;
}
