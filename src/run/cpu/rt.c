/* Runs blocks: a cooperative scheduler over fibers, and the functions that compiled code calls (image/cpu_abi.h).
 *
 * A kernel without barriers runs all warps of a block in one fiber, and so does a resumable one, round after round. Every
 * other warp that can be stopped has its own.
 * Whoever stops picks the next to run and switches straight to it: warps that have not begun first, then those that
 * are ready, in the order in which they became so. The last to arrive at a barrier goes on without a switch. If nobody
 * can run, or a barrier is divergent, the launch fails: the fiber jumps back to the thread and all fibers are forgotten
 * (compiled code owns nothing that would need cleaning up). */
#define _GNU_SOURCE
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

static gj_cpu_block *block_of(gj_block *b) { return (gj_cpu_block *)(void *)b; }

static void push(gj_fiber_queue *q, gj_fiber *f)
{
	f->next = NULL;
	*(q->head ? &q->tail->next : &q->head) = f;
	q->tail = f;
}

static gj_fiber *pop(gj_fiber_queue *q)
{
	gj_fiber *f = q->head;
	if (f)
		q->head = f->next;
	return f;
}

static void append(gj_fiber_queue *q, gj_fiber_queue *more)
{
	if (!more->head)
		return;
	*(q->head ? &q->tail->next : &q->head) = more->head;
	q->tail = more->tail;
	more->head = NULL;
}

/* -- Failing ------------------------------------------------------------------------------------------------------- */

void gj_run_fail(gj_run *r, gj_status status, const char *fmt, ...)
{
	int ok = GJ_OK;
	if (!atomic_compare_exchange_strong(&r->status, &ok, status))
		return;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(r->text, sizeof r->text, fmt, ap);
	va_end(ap);
}

static bool failed(const gj_run *r) { return atomic_load_explicit(&r->status, memory_order_relaxed) != GJ_OK; }

/* Leaves compiled code for good: the thread goes on behind gj_cpu_work's switch. */
static GJ_NORETURN void abandon(gj_worker *w)
{
	gj_fiber_leave(w->current, &w->main);
	__builtin_unreachable();
}

/* "file.py:12: " of a barrier, "file.py: " without a line, "" without a file. */
static const char *place(const gj_kernel *k, uint32_t site, char *buf, size_t n)
{
	const gj_site *s = site < k->nsites ? &k->site[site] : NULL;
	const char *file = s && s->file ? k->text + s->file : k->file;
	int32_t line = s ? s->line : 0;
	if (!file)
		return "";
	snprintf(buf, n, line > 0 ? "%s:%d: " : "%s: ", file, line);
	return buf;
}

static GJ_NORETURN void fail_divergent(gj_cpu_block *b, uint32_t warp, uint32_t site, const char *what)
{
	gj_run *r = b->worker->run;
	char at[300];
	const uint32_t *i = b->pub.block_idx;
	warp = warp * r->kernel->width / 32;
	gj_run_fail(r, GJ_E_LAUNCH, "%s%s reached by only some threads of a warp (block (%u,%u,%u), warp %u)",
	            place(r->kernel, site, at, sizeof at), what, i[0], i[1], i[2], warp);
	abandon(b->worker);
}

/* Nobody of the worker's blocks can run: some wait for threads of their warp that never come. */
static GJ_NORETURN void fail_deadlock(gj_worker *w)
{
	gj_run *r = w->run;
	char at[300];
	for (uint32_t i = 0; i < w->nblocks; i++) {
		const gj_cpu_block *b = &w->block[i];
		for (uint32_t v = 0; b->live && v < (r->nthreads + 31) / 32; v++) {
			uint32_t waiting = b->meet ? b->meet[v].waiting : 0;
			if (!waiting)
				continue;
			gj_run_fail(r, GJ_E_LAUNCH, "%sdeadlock: a warp operation (syncwarp, shuffle, vote or match) waits for "
			            "lanes that never reach it (block (%u,%u,%u), warp %u: lanes 0x%x wait, lanes 0x%x have not "
			            "returned, %u threads of the block are at syncthreads())", place(r->kernel, UINT32_MAX, at, sizeof at),
			            b->pub.block_idx[0], b->pub.block_idx[1], b->pub.block_idx[2], v, waiting, b->meet[v].alive,
			            b->arrived);
			abandon(w);
		}
	}
	gj_run_fail(r, GJ_E_LAUNCH, "%sdeadlock: no warp of the block can go on",
	            place(r->kernel, UINT32_MAX, at, sizeof at));
	abandon(w);
}

/* -- Blocks -------------------------------------------------------------------------------------------------------- */

/* Coordinates of block `id`: one step from the last in most cases. */
static void locate(gj_worker *w, uint64_t id)
{
	const uint32_t *grid = w->run->launch->grid;
	const uint8_t *axis = gj_axes_from[w->run->kernel->first_axis];
	uint32_t x = axis[0], y = axis[1], z = axis[2];
	if (id != w->last + 1) {
		w->idx[x] = (uint32_t)(id % grid[x]);
		w->idx[y] = (uint32_t)(id / grid[x] % grid[y]);
		w->idx[z] = (uint32_t)(id / grid[x] / grid[y]);
	} else if (++w->idx[x] == grid[x]) {
		w->idx[x] = 0;
		if (++w->idx[y] == grid[y]) {
			w->idx[y] = 0;
			w->idx[z]++;
		}
	}
	w->last = id;
}

static void begin_block(gj_worker *w, gj_cpu_block *b, uint64_t id)
{
	const gj_run *r = w->run;
	locate(w, id);
	for (int d = 0; d < 3; d++)
		b->pub.block_idx[d] = w->idx[d];
	b->started = b->arrived = b->lanes = b->trues = 0;
	b->waiting.head = NULL;
	b->live = r->kernel->fibers ? r->nwarps : 1;
	for (uint32_t v = 0; b->meet && v < (r->nthreads + 31) / 32; v++) {
		uint32_t lanes = r->nthreads - 32 * v;
		b->meet[v].alive = lanes >= 32 ? UINT32_MAX : (1u << lanes) - 1;
		b->meet[v].waiting = 0;
	}
	w->unstarted += b->live;
	w->live += b->live;
}

/* Takes more blocks from the launch; false: none left, or it is time to stop. */
static bool take_blocks(gj_worker *w)
{
	gj_run *r = w->run;
	if (failed(r))
		return false;
	if (w->at == w->end) {
		if (r->scouting && gj_now_ns() > r->scout_end)
			return false;
		w->at = atomic_fetch_add_explicit(&r->next, r->chunk, memory_order_relaxed);
		w->end = w->at < r->nblocks && r->nblocks - w->at > r->chunk ? w->at + r->chunk : r->nblocks;
		if (w->at >= r->nblocks) {
			w->at = w->end;
			return false;
		}
	}
	w->cursor = 0;
	for (w->nblocks = 0; w->nblocks < r->batch && w->at < w->end; w->nblocks++)
		begin_block(w, &w->block[w->nblocks], w->at++);
	return true;
}

static void pass_barrier(gj_cpu_block *b)
{
	b->pub.lanes = b->lanes;
	b->pub.trues = b->trues;
	b->arrived = b->lanes = b->trues = 0;
	append(&b->worker->ready, &b->waiting);
}

static bool try_meeting(gj_worker *w, gj_meet *m, uint32_t mask);

/* Who is left may have been waiting for just this warp. */
static void finish_warp(gj_cpu_block *b, uint32_t warp)
{
	gj_worker *w = b->worker;
	w->live--;
	if (--b->live && b->arrived == b->live)
		pass_barrier(b);
	if (b->meet) {
		gj_meet *m = &b->meet[warp / 32];
		m->alive &= ~(1u << warp % 32);
		for (uint32_t left = m->waiting; left; left &= left - 1)
			if (m->waiting & left & -left)
				try_meeting(w, m, m->lane[__builtin_ctz(left)].mask);
	}
	if (w->run->kernel->cooperative) {
		gj_run *r = w->run;
		pthread_mutex_lock(&r->grid_lock);
		if (--r->grid_live && r->grid_arrived == r->grid_live) {
			r->grid_arrived = 0;
			atomic_fetch_add(&r->grid_phase, 1);
		}
		pthread_mutex_unlock(&r->grid_lock);
	}
}

/* All warps of a block of a resumable kernel, barrier after barrier. */
static void run_rounds(gj_worker *w, gj_cpu_block *b)
{
	const gj_run *r = w->run;
	memset(b->pub.state, 0, r->nwarps * sizeof *b->pub.state);
	do {
		if (failed(r))
			abandon(w);
		b->pub.stopped = 0;
		r->kernel->entry(&b->pub, w->params, 0, r->nwarps);
		b->pub.lanes = b->lanes;
		b->pub.trues = b->trues;
		b->lanes = b->trues = 0;
	} while (b->pub.stopped);
}

static void run_warp(gj_worker *w)
{
	const gj_run *r = w->run;
	gj_cpu_block *b = &w->block[w->cursor];
	uint32_t first = b->started, end = r->kernel->fibers ? first + 1 : r->nwarps;
	b->started = end;
	w->unstarted--;
	if (end == r->nwarps)
		w->cursor++;
	if (r->kernel->frame_bytes)
		run_rounds(w, b);
	else
		r->kernel->entry(&b->pub, w->params, first, end);
	finish_warp(b, first);
}

/* What every fiber does: start warps as long as there are any, then make way for those that wait. */
static void fiber_body(void *arg)
{
	gj_worker *w = arg;
	for (;;) {
		gj_fiber *next;
		if (w->unstarted) {
			run_warp(w);
		} else if ((next = pop(&w->ready))) {
			gj_fiber *self = w->current;
			push(&w->spare, self);
			w->current = next;
			gj_fiber_leave(self, next);
		} else if (w->live) {
			fail_deadlock(w);
		} else if (!take_blocks(w)) {
			abandon(w);
		}
	}
}

static gj_fiber *new_fiber(gj_worker *w)
{
	gj_fiber *f = pop(&w->spare);
	f = f ? f : &w->fibers.fiber[w->fresh++];
	gj_fiber_start(f, fiber_body, w);
	return f;
}

/* The running fiber has queued itself somewhere: others go on. */
static void suspend(gj_worker *w)
{
	gj_fiber *self = w->current, *next = w->unstarted ? new_fiber(w) : pop(&w->ready);
	if (!next)
		fail_deadlock(w);
	if (next == self)
		return;
	w->current = next;
	gj_fiber_switch(self, next);
	if (failed(w->run))
		abandon(w);
}

void gj_cpu_work(gj_worker *w)
{
	w->fresh = 0;
	w->ready.head = w->spare.head = NULL;
	w->unstarted = w->live = w->nblocks = 0;
	w->at = w->end = 0;
	w->last = UINT64_MAX - 1;                  /* no block has this id plus one */
	w->main.sanitizer = NULL;                  /* another thread may have had this worker before */
	w->current = new_fiber(w);
	gj_fiber_switch(&w->main, w->current);
}

/* -- Barriers ------------------------------------------------------------------------------------------------------ */

static const char *const barrier_name[] = { "syncthreads()", "syncthreads_count()", "syncthreads_and()",
                                            "syncthreads_or()" };

uint32_t gj_rt_arrive(gj_block *pub, uint32_t warp, uint32_t live, uint32_t here, uint32_t pred, uint32_t kind,
                      uint32_t site)
{
	gj_cpu_block *b = block_of(pub);
	if (here && here != live)
		fail_divergent(b, warp, site, barrier_name[kind & 3]);
	if (kind != GJ_BAR_SYNC) {
		b->lanes += (uint32_t)__builtin_popcount(here);
		b->trues += (uint32_t)__builtin_popcount(pred & here);
	}
	return here != 0;
}

uint32_t gj_rt_barrier(gj_block *pub, uint32_t warp, uint32_t live, uint32_t here, uint32_t pred, uint32_t kind,
                       uint32_t site)
{
	gj_cpu_block *b = block_of(pub);
	gj_worker *w = b->worker;
	if (!gj_rt_arrive(pub, warp, live, here, pred, kind, site))
		return 0;
	if (!w->run->kernel->fibers) {
		gj_run_fail(w->run, GJ_E_LAUNCH, "internal error: a barrier in a kernel compiled as having none");
		abandon(w);
	}
	if (++b->arrived == b->live) {
		pass_barrier(b);
		if (failed(w->run))
			abandon(w);
	} else {
		push(&b->waiting, w->current);
		suspend(w);
	}
	return kind == GJ_BAR_COUNT ? pub->trues : kind == GJ_BAR_AND ? pub->trues == pub->lanes :
	       kind == GJ_BAR_OR ? pub->trues != 0 : 0;
}

/* Calls that go on for ever must not run into other memory, nor into the page that faults: what is left has to do for
 * one more frame (local_bytes is at least 64 of them) and the C library. */
void gj_rt_enter(gj_block *pub)
{
	gj_worker *w = block_of(pub)->worker;
	const gj_kernel *k = w->run->kernel;
	size_t left = (size_t)((const char *)__builtin_frame_address(0) - w->current->stack);
	if (left > k->local_bytes / 64 + (32 << 10))
		return;
	char at[300];
	gj_run_fail(w->run, GJ_E_LAUNCH, "%sa function calls itself too often: the stack of a thread, %zu KiB, is full",
	            place(k, UINT32_MAX, at, sizeof at), w->current->size >> 10);
	abandon(w);
}

void gj_rt_yield(gj_block *pub, uint32_t warp)
{
	gj_worker *w = block_of(pub)->worker;
	(void)warp;
	if (failed(w->run))
		abandon(w);
	if (++w->spins % 64 == 0)
		sched_yield();                         /* what it waits for may be done by a thread that needs this processor */
	if (w->unstarted || w->ready.head) {
		push(&w->ready, w->current);
		suspend(w);
	} else {
		gj_pause();
	}
}

void gj_rt_grid_sync(gj_block *pub, uint32_t warp, uint32_t live, uint32_t here, uint32_t site)
{
	gj_cpu_block *b = block_of(pub);
	gj_run *r = b->worker->run;
	if (!here)
		return;
	if (here != live)
		fail_divergent(b, warp, site, "grid.sync()");
	if (!r->kernel->cooperative || !r->kernel->fibers) {
		gj_run_fail(r, GJ_E_LAUNCH, "internal error: grid.sync() in a kernel not compiled as cooperative");
		abandon(b->worker);
	}
	pthread_mutex_lock(&r->grid_lock);
	unsigned phase = atomic_load(&r->grid_phase);
	if (++r->grid_arrived == r->grid_live) {
		r->grid_arrived = 0;
		atomic_store(&r->grid_phase, phase + 1);
	}
	pthread_mutex_unlock(&r->grid_lock);
	while (atomic_load_explicit(&r->grid_phase, memory_order_acquire) == phase)
		gj_rt_yield(pub, warp);
}

/* -- Width 1: threads of a warp meet ------------------------------------------------------------------------------- */

static uint64_t meeting_result(const gj_meet *m, uint32_t lanes, uint32_t l)
{
	uint32_t found = 0, source = m->lane[l].source;
	switch (m->lane[l].kind) {
	case MEET_SHUFFLE:
		return m->lane[source < 32 && (lanes >> source & 1) ? source : l].value;
	case MEET_BALLOT:
		for (uint32_t left = lanes; left; left &= left - 1)
			found |= m->lane[__builtin_ctz(left)].value ? left & -left : 0;
		return found;
	case MEET_MATCH:
		for (uint32_t left = lanes; left; left &= left - 1)
			found |= m->lane[__builtin_ctz(left)].value == m->lane[l].value ? left & -left : 0;
		return found;
	case MEET_SYNC:
		break;
	}
	return 0;
}

/* If all lanes of `mask` that have not returned wait with this very mask: gives each its result (at once, for the quick
 * may overwrite their value before the slow wake up) and makes them ready. */
static bool try_meeting(gj_worker *w, gj_meet *m, uint32_t mask)
{
	uint32_t lanes = mask & m->alive;
	if ((m->waiting & lanes) != lanes)
		return false;
	for (uint32_t left = lanes; left; left &= left - 1)
		if (m->lane[__builtin_ctz(left)].mask != mask)
			return false;
	for (uint32_t left = lanes; left; left &= left - 1) {
		uint32_t l = (uint32_t)__builtin_ctz(left);
		m->lane[l].result = meeting_result(m, lanes, l);
	}
	m->waiting &= ~lanes;
	for (uint32_t left = lanes; left; left &= left - 1) {
		gj_fiber *f = m->lane[__builtin_ctz(left)].fiber;
		if (f && f != w->current)
			push(&w->ready, f);
	}
	return true;
}

static uint64_t meet(gj_block *pub, uint32_t thread, uint32_t mask, meet_kind kind, uint64_t value, uint32_t source)
{
	gj_cpu_block *b = block_of(pub);
	gj_worker *w = b->worker;
	uint32_t l = thread % 32;
	if (!b->meet) {
		gj_run_fail(w->run, GJ_E_LAUNCH, "internal error: a warp operation in a kernel compiled as having none");
		abandon(w);
	}
	gj_meet *m = &b->meet[thread / 32];
	mask |= 1u << l;
	m->lane[l].fiber = w->current;
	m->lane[l].value = value;
	m->lane[l].mask = mask;
	m->lane[l].source = source;
	m->lane[l].kind = kind;
	m->waiting |= 1u << l;
	if (!try_meeting(w, m, mask))
		suspend(w);
	return m->lane[l].result;
}

void gj_rt_syncwarp(gj_block *b, uint32_t thread, uint32_t mask) { meet(b, thread, mask, MEET_SYNC, 0, 0); }

uint64_t gj_rt_shuffle(gj_block *b, uint32_t thread, uint32_t mask, uint64_t value, uint32_t source_lane)
{
	return meet(b, thread, mask, MEET_SHUFFLE, value, source_lane);
}

uint32_t gj_rt_ballot(gj_block *b, uint32_t thread, uint32_t mask, uint32_t pred)
{
	return (uint32_t)meet(b, thread, mask, MEET_BALLOT, pred, 0);
}

uint32_t gj_rt_match(gj_block *b, uint32_t thread, uint32_t mask, uint64_t value)
{
	return (uint32_t)meet(b, thread, mask, MEET_MATCH, value, 0);
}
