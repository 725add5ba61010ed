/* Runs blocks: a cooperative scheduler over fibers, and the functions that compiled code calls (image/cpu_abi.h).
 *
 * A kernel without barriers runs all warps of a block in one fiber, and so does a resumable one, round after round. Every
 * other warp that can be stopped has its own.
 * Whoever stops picks the next to run and switches straight to it: warps that have not begun first, then those that
 * are ready, in the order in which they became so. The last to arrive at a barrier goes on without a switch. If nobody
 * can run, or a barrier is divergent, the launch fails: the fiber jumps back to the thread and all fibers are forgotten
 * (compiled code owns nothing that would need cleaning up). */
#define _GNU_SOURCE
#include "run/cpu/rt.h"
#include "run/cpu/pool.h"
#include "base/interrupt.h"

#include <stdio.h>
#include <string.h>

static void push(gj_fiber_queue *q, gj_fiber *f)
{
	f->next = NULL;
	*(q->head ? &q->tail->next : &q->head) = f;
	q->tail = f;
	q->n++;
}

static gj_fiber *pop(gj_fiber_queue *q)
{
	gj_fiber *f = q->head;
	if (f) {
		q->head = f->next;
		q->n--;
	}
	return f;
}

static void append(gj_fiber_queue *q, gj_fiber_queue *more)
{
	if (!more->head)
		return;
	*(q->head ? &q->tail->next : &q->head) = more->head;
	q->tail = more->tail;
	q->n += more->n;
	*more = (gj_fiber_queue){ 0 };
}

/* -- Failing ------------------------------------------------------------------------------------------------------- */

void gj_rt_abandon(gj_worker *w)
{
	gj_fiber_leave(w->current, &w->main);
	__builtin_unreachable();
}

/* Signal handlers run on the thread's own stack, not on a fiber's small one. */
void gj_rt_look_up(gj_cpu_block *b)
{
	gj_worker *w = b->worker;
	__atomic_store_n(&b->pub.attention, 0, __ATOMIC_RELAXED);
	if (atomic_exchange_explicit(&w->to_ask, false, memory_order_relaxed) && !gj_rt_failed(w->run)) {
		w->asks = true;
		gj_fiber_switch(w->current, &w->main);
	}
	if (gj_rt_failed(w->run))
		gj_rt_abandon(w);
}

void gj_rt_attend(gj_block *pub)
{
	if (gj_rt_is_call(pub))
		gj_call_attend();
	else
		gj_rt_look_up(gj_rt_block(pub));
}

/* The same with all registers as they were: x87, SSE, AVX, and those of AVX-512 (e7), in 2,688 bytes whose header must be
 * zero, and the others that a function need not save. */
#ifdef __x86_64__
__asm__(
	".pushsection .text\n"
	".p2align 4\n"
	".globl gj_rt_attend_keeping\n.hidden gj_rt_attend_keeping\n.type gj_rt_attend_keeping, @function\n"
	"gj_rt_attend_keeping:\n"
	".cfi_startproc\n"
	"	endbr64\n"
	"	pushq %rbp\n"
	".cfi_def_cfa_offset 16\n.cfi_offset %rbp, -16\n"
	"	movq %rsp, %rbp\n"
	".cfi_def_cfa_register %rbp\n"
	"	pushq %rax\n	pushq %rcx\n	pushq %rdx\n	pushq %rsi\n	pushq %rdi\n"
	"	pushq %r8\n	pushq %r9\n	pushq %r10\n	pushq %r11\n"
	"	subq $2688, %rsp\n"
	"	andq $-64, %rsp\n"
	"	xorl %edx, %edx\n"
	"	movq %rdx, 512(%rsp)\n	movq %rdx, 520(%rsp)\n	movq %rdx, 528(%rsp)\n	movq %rdx, 536(%rsp)\n"
	"	movq %rdx, 544(%rsp)\n	movq %rdx, 552(%rsp)\n	movq %rdx, 560(%rsp)\n	movq %rdx, 568(%rsp)\n"
	"	movl $0xe7, %eax\n"
	"	xsave64 (%rsp)\n"
	"	call gj_rt_attend\n"
	"	xorl %edx, %edx\n"
	"	movl $0xe7, %eax\n"
	"	xrstor64 (%rsp)\n"
	"	leaq -72(%rbp), %rsp\n"
	"	popq %r11\n	popq %r10\n	popq %r9\n	popq %r8\n"
	"	popq %rdi\n	popq %rsi\n	popq %rdx\n	popq %rcx\n	popq %rax\n"
	"	popq %rbp\n"
	".cfi_def_cfa %rsp, 8\n"
	"	ret\n"
	".cfi_endproc\n"
	".size gj_rt_attend_keeping, . - gj_rt_attend_keeping\n"
	".popsection\n");
#endif

const char *gj_rt_place(const gj_kernel *k, uint32_t site, char *buf, size_t n)
{
	const gj_site *s = site < k->nsites ? &k->site[site] : NULL;
	const char *file = s && s->file ? k->text + s->file : k->file;
	int32_t line = s ? s->line : 0;
	if (!file)
		return "";
	snprintf(buf, n, line > 0 ? "%s:%d: " : "%s: ", file, line);
	return buf;
}

void gj_rt_fail_divergent(gj_cpu_block *b, uint32_t warp, uint32_t site, const char *what)
{
	gj_run *r = b->worker->run;
	char at[300];
	const uint32_t *i = b->pub.block_idx;
	warp = warp * r->kernel->width / 32;
	gj_run_fail(r, GJ_E_LAUNCH, "%s%s reached by only some threads of a warp (block (%u,%u,%u), warp %u)",
	            gj_rt_place(r->kernel, site, at, sizeof at), what, i[0], i[1], i[2], warp);
	gj_rt_abandon(b->worker);
}

/* Nobody of the worker's blocks can run: some wait for threads of their warp that never come. */
/* blockIdx and threadIdx of a thread by its number: of the block, counted along the axis first that lanes run along; or from the place
 * that the kernel has told. */
static void thread_of(const gj_kernel *k, const gj_block *b, uint32_t number, uint32_t block[3], uint32_t thread[3])
{
	const uint8_t *axis = gj_axes_from[k->first_axis];
	memcpy(block, b->block_idx, sizeof b->block_idx);
	for (int at = 0; at < 3; at++) {
		uint32_t a = axis[at], n = b->block_dim[a];
		uint64_t place = b->place[a] + (at ? 0 : number);
		if (k->places)
			block[a] = (uint32_t)(place / n);
		thread[a] = k->places ? (uint32_t)(place % n) : at < 2 ? number % n : number;
		number = k->places ? number : number / n;
	}
}

void gj_rt_report(gj_block *pub, uint32_t thread, uint32_t site, uint32_t n, const uint64_t *value)
{
	if (gj_rt_is_call(pub))
		gj_call_raise(pub, site, n, value);
	gj_worker *w = gj_rt_block(pub)->worker;
	gj_run *r = w->run;
	unsigned none = 0;
	if (atomic_compare_exchange_strong(&r->reported, &none, 1)) {
		r->report.site = site;
		r->report.nvalues = n;
		thread_of(r->kernel, pub, thread, r->report.block, r->report.thread);
		memcpy(r->report.value, value, (n < GJ_REPORT_VALUES ? n : GJ_REPORT_VALUES) * sizeof *value);
		gj_run_fail(r, GJ_E_RAISED, "%s", "");
	}
	gj_rt_abandon(w);
}

static GJ_NORETURN void fail_deadlock(gj_worker *w)
{
	gj_run *r = w->run;
	char at[300];
	const gj_room *room = w->rooms;
	for (uint32_t i = 0; i < w->nblocks || room; i++) {
		const gj_cpu_block *b = i < w->nblocks ? &w->block[i] : &room->block;
		room = i < w->nblocks ? room : room->next;
		for (uint32_t v = 0; b->live && v < (r->nthreads + 31) / 32; v++) {
			uint32_t waiting = b->meet ? b->meet[v].waiting : 0;
			if (!waiting)
				continue;
			gj_run_fail(r, GJ_E_LAUNCH, "%sdeadlock: a warp operation (syncwarp, shuffle, vote or match) waits for "
			            "lanes that never reach it (block (%u,%u,%u), warp %u: lanes 0x%x wait, lanes 0x%x have not "
			            "returned, %u threads of the block are at syncthreads())", gj_rt_place(r->kernel, UINT32_MAX, at, sizeof at),
			            b->pub.block_idx[0], b->pub.block_idx[1], b->pub.block_idx[2], v, waiting, b->meet[v].alive,
			            b->arrived);
			gj_rt_abandon(w);
		}
	}
	gj_run_fail(r, GJ_E_LAUNCH, "%sdeadlock: no warp of the block can go on",
	            gj_rt_place(r->kernel, UINT32_MAX, at, sizeof at));
	gj_rt_abandon(w);
}

/* -- Blocks -------------------------------------------------------------------------------------------------------- */

/* Coordinates of block `id`: one step from the last in most cases. */
static void locate(gj_worker *w, uint64_t id)
{
	const uint32_t *grid = w->run->grid;
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

void gj_rt_begin_block(gj_worker *w, gj_cpu_block *b, uint64_t id)
{
	const gj_run *r = w->run;
	w->piece = (uint32_t)(id % r->pieces);
	locate(w, id / r->pieces);
	for (int d = 0; d < 3; d++)
		b->pub.block_idx[d] = w->idx[d];
	b->started = b->arrived = b->lanes = b->trues = 0;
	b->waiting = (gj_fiber_queue){ 0 };
	b->live = r->kernel->fibers ? r->nwarps : 1;
	for (uint32_t v = 0; b->meet && v < (r->nthreads + 31) / 32; v++) {
		uint32_t lanes = r->nthreads - 32 * v;
		b->meet[v].alive = lanes >= 32 ? UINT32_MAX : (1u << lanes) - 1;
		b->meet[v].waiting = 0;
	}
	w->unstarted += b->live;
	w->live += b->live;
	gj_rt_went_on(w);
}

enum { STRETCH_NS = 20000, MOST_STRETCH = 1 << 16 };     /* aim for the time between two looks at what else is to be done */

/* As many as calls of the kernel ran when it was launched last. */
static uint32_t first_stretch(const gj_run *r)
{
	uint32_t n = atomic_load_explicit(&r->kernel->stretch, memory_order_relaxed) / r->nthreads;
	return n < 1 ? 1 : n > MOST_STRETCH ? MOST_STRETCH : n;
}

/* How many blocks the next call runs: as many as the last, or more or fewer if that was over too soon or too late. */
static uint32_t next_stretch(gj_worker *w)
{
	uint64_t now = gj_now_ns(), took = now - w->stretch_began;
	const gj_run *r = w->run;
	uint32_t before = w->stretch;
	if (!w->stretch)
		w->stretch = first_stretch(r);
	else if (took < STRETCH_NS && w->stretch < MOST_STRETCH)
		w->stretch *= 2;
	else if (took > 4 * STRETCH_NS && w->stretch > 1)
		w->stretch /= 2;
	w->stretch_began = now;
	if (w->stretch != before && w->stretch != first_stretch(r))        /* all threads read it */
		atomic_store_explicit(&r->kernel->stretch, w->stretch * r->nthreads, memory_order_relaxed);
	return w->stretch;
}

static uint32_t min32(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Blocks that follow the one that was begun in its row, of those that the worker has taken. */
static uint32_t blocks_behind(const gj_worker *w)
{
	const gj_run *r = w->run;
	uint32_t x = gj_axes_from[r->kernel->first_axis][0], more = r->grid[x] - 1 - w->idx[x];
	return w->end - w->at < more ? (uint32_t)(w->end - w->at) : more;
}

/* Rows from the one on that was begun that a call of `most` blocks can run. */
static uint32_t rows_from(const gj_worker *w, uint32_t most)
{
	const gj_run *r = w->run;
	const uint8_t *axis = gj_axes_from[r->kernel->first_axis];
	uint64_t left = w->end - w->at + 1, rows = (left < most ? left : most) / r->grid[axis[0]];
	uint32_t behind = r->grid[axis[1]] - w->idx[axis[1]];
	return rows < behind ? (uint32_t)rows : behind;
}

/* The rounds of the next call, and none of the slice's number. */
static void set_rounds(gj_worker *w)
{
	const gj_run *r = w->run;
	gj_block *b = &w->block->pub;
	uint64_t step = (uint64_t)r->launch->grid[0] * r->launch->block[0], slice = w->idx[2];
	b->place[2] = 0;
	b->behind[2] = 1;
	b->round = r->rounds * slice / r->slices * step;
	b->round_end = slice + 1 < r->slices ? r->rounds * (slice + 1) / r->slices * step : UINT64_MAX;
}

/* The places of the next call: so many blocks of a row more than the one that was begun, or so many rows. */
static void set_places(gj_worker *w, uint32_t more, uint32_t rows)
{
	const gj_run *r = w->run;
	const uint8_t *axis = gj_axes_from[r->kernel->first_axis];
	uint32_t x = axis[0];
	uint64_t row = (uint64_t)r->launch->grid[x] * r->launch->block[x], *place = w->block->pub.place, *behind = w->block->pub.behind;
	for (int d = 0; d < 3; d++) {
		place[d] = w->idx[d];
		behind[d] = place[d] + 1;
	}
	place[x] *= r->nthreads;
	behind[x] = place[x] + (uint64_t)r->nthreads * (1 + more);
	behind[x] = behind[x] < row ? behind[x] : row;
	behind[axis[1]] += rows - 1;
	if (r->slices)
		set_rounds(w);
}

/* The block that was begun and those behind it in its row, as one call; or rows of them, where that is all the same to the kernel. */
static void extend(gj_worker *w)
{
	const gj_run *r = w->run;
	const uint8_t *axis = gj_axes_from[r->kernel->first_axis];
	uint32_t more = blocks_behind(w), rows = 1;
	if (!r->kernel->part)
		more = min32(more, r->most_stretch - 1);
	if (w->at < w->end && !r->kernel->rounds) {            /* rounds look up by themselves */
		uint32_t most = next_stretch(w);
		more = more < most ? more : most - 1;
		if (r->kernel->places && more + 1 == r->grid[axis[0]])
			rows = rows_from(w, most);
	}
	if (r->kernel->places)
		set_places(w, more, rows);
	w->block->pub.stretch = 1 + more;
	w->idx[axis[0]] += more;
	w->idx[axis[1]] += rows - 1;
	more += (rows - 1) * r->grid[axis[0]];
	w->last += more;
	w->at += more;
}

/* Takes more blocks from the launch; false: none left, or it is time to stop. */
static bool take_blocks(gj_worker *w)
{
	gj_run *r = w->run;
	if (gj_rt_failed(r))
		return false;
	if (gj_rt_called(w->block))
		gj_rt_look_up(w->block);
	if (w->at == w->end) {
		if (r->scouting && gj_now_ns() > r->scout_end)
			return false;
		if (!gj_split_take(&r->split, w->me, &w->passed, &w->at, &w->end)) {
			w->at = w->end;
			return false;
		}
	}
	w->starting = w->block;
	for (w->nblocks = 0; w->nblocks < r->batch && w->at < w->end; w->nblocks++)
		gj_rt_begin_block(w, &w->block[w->nblocks], (uint64_t)w->at++);
	if (r->kernel->stretches && r->pieces == 1)
		extend(w);
	return true;
}

static void pass_barrier(gj_cpu_block *b)
{
	b->pub.lanes = b->lanes;
	b->pub.trues = b->trues;
	b->arrived = b->lanes = b->trues = 0;
	append(&b->worker->ready, &b->waiting);
	gj_rt_went_on(b->worker);
}

static bool try_meeting(gj_worker *w, gj_meet *m, uint32_t mask);

/* Who is left may have been waiting for just this warp. */
static void finish_warp(gj_cpu_block *b, uint32_t warp)
{
	gj_worker *w = b->worker;
	w->live--;
	gj_rt_went_on(w);
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
		pthread_mutex_lock(&r->lock);
		if (--r->grid_live && r->grid_arrived == r->grid_live) {
			r->grid_arrived = 0;
			atomic_fetch_add(&r->grid_phase, 1);
		}
		pthread_mutex_unlock(&r->lock);
	}
	if (!b->live && b->room)
		gj_room_leave(w, b->room);
}

/* The same by places, from thread first · width of the block on: those of all blocks follow each other, or those of each row of threads. */
static void call_places(gj_worker *w, gj_block *b, uint32_t blocks, uint32_t first, uint32_t end)
{
	const gj_kernel *k = w->run->kernel;
	uint32_t row = b->block_dim[0], rows = w->run->nthreads / row, lines = rows > 1 ? blocks * rows : 1;
	uint64_t start = (uint64_t)b->block_idx[0] * row;
	for (int d = 1; d < 3; d++) {
		b->place[d] = 0;
		b->behind[d] = 1;
	}
	b->frame += (size_t)first * k->kept_bytes;
	for (uint32_t i = 0; i < lines; i++) {
		b->place[0] = start + (uint64_t)(i / rows) * row + (uint64_t)first * k->width;
		b->behind[0] = rows > 1 ? b->place[0] + row : start + (uint64_t)(blocks - 1) * row + (uint64_t)end * k->width;
		k->entry(b, w->params, first, end);
		b->frame += (size_t)(row / k->width) * k->kept_bytes;
	}
}

/* The loop over the grid that the kernel begins with, for this block and those behind it; what it leaves goes to `kept`. */
static void call_part(gj_worker *w, gj_cpu_block *b, uint32_t blocks, char *kept, uint32_t first, uint32_t end)
{
	char *frame = b->pub.frame;
	uint32_t frame_bytes = b->pub.frame_bytes, stretch = b->pub.stretch, idx[3];
	memcpy(idx, b->pub.block_idx, sizeof idx);
	w->kept = b->pub.frame = kept;
	w->prepared = b->pub.stretch = blocks;
	b->pub.frame_bytes = w->run->kernel->kept_bytes;
	b->pub.part = 1;
	if (w->run->kernel->part_places)
		call_places(w, &b->pub, blocks, first, end);
	else
		w->run->kernel->entry(&b->pub, w->params, first, end);
	b->pub.part = 0;
	b->pub.stretch = stretch;
	b->pub.frame = frame;
	b->pub.frame_bytes = frame_bytes;
	memcpy(b->pub.block_idx, idx, sizeof idx);
}

static void run_part(gj_worker *w, gj_cpu_block *b, uint32_t blocks)
{
	call_part(w, b, blocks, w->frame + gj_own_frame(w->run), 0, w->run->nwarps);
}

/* A piece of it, of this block alone. Was it the last that was missing? Then who has run it goes on with the block. */
static bool run_piece(gj_worker *w, gj_cpu_block *b)
{
	const gj_run *r = w->run;
	char *kept = r->kept + (size_t)w->last * r->kernel->kept_bytes * r->nwarps;
	call_part(w, b, 1, kept, r->nwarps * w->piece / r->pieces, r->nwarps * (w->piece + 1) / r->pieces);
	return atomic_fetch_sub_explicit(&r->missing[w->last], 1, memory_order_acq_rel) == 1;
}

/* All warps of a block of a resumable kernel, barrier after barrier. */
static void run_rounds(gj_worker *w, gj_cpu_block *b)
{
	const gj_run *r = w->run;
	if (r->kernel->part) {
		if (!w->prepared)
			run_part(w, b, min32(1 + blocks_behind(w), r->most_stretch));
		b->pub.kept = w->kept;
		w->kept += (size_t)r->kernel->kept_bytes * r->nwarps;
		w->prepared--;
	}
	memset(b->pub.state, 0, r->nwarps * sizeof *b->pub.state);
	do {
		if (gj_rt_called(b))
			gj_rt_look_up(b);
		b->pub.stopped = 0;
		r->kernel->entry(&b->pub, w->params, 0, r->nwarps);
		b->pub.lanes = b->lanes;
		b->pub.trues = b->trues;
		b->lanes = b->trues = 0;
	} while (b->pub.stopped);
}

/* The blocks of a stretch: as many at a time as there is memory for what the loop before them leaves. */
static void run_stretch(gj_worker *w, gj_cpu_block *b)
{
	const gj_run *r = w->run;
	uint32_t *at = &b->pub.block_idx[gj_axes_from[r->kernel->first_axis][0]], first = *at, end = first + b->pub.stretch;
	while (first < end) {
		uint32_t n = min32(end - first, r->most_stretch);
		*at = first;
		run_part(w, b, n);
		b->pub.kept = w->kept;
		b->pub.stretch = n;
		r->kernel->entry(&b->pub, w->params, 0, r->nwarps);
		first += n;
	}
}

static void run_warp(gj_worker *w)
{
	const gj_run *r = w->run;
	gj_cpu_block *b = w->starting;
	uint32_t first = b->started, end = r->kernel->fibers ? first + 1 : r->nwarps;
	b->started = end;
	w->unstarted--;
	if (end == r->nwarps)
		w->starting++;                         /* the next of a batch; a room stands alone */
	if (r->pieces > 1 && !run_piece(w, b)) {
		/* others run the rest */
	} else if (r->kernel->frame_bytes && !r->kernel->stretches) {
		run_rounds(w, b);
	} else if (r->kernel->part && r->pieces == 1) {
		run_stretch(w, b);
	} else {
		b->pub.kept = w->kept;
		r->kernel->entry(&b->pub, w->params, first, end);
	}
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
			gj_rt_abandon(w);
		}
	}
}

static gj_fiber *new_fiber(gj_worker *w)
{
	gj_fiber *f = pop(&w->spare);
	if (!f && w->fresh == w->set->n && !gj_worker_more_stacks(w)) {
		gj_run_fail(w->run, GJ_E_NOMEM, "out of memory for the stacks of blocks that wait for each other");
		gj_rt_abandon(w);
	}
	f = f ? f : &w->set->fiber[w->fresh++];
	f->seen = f->seen_before = 0;
	f->acted = true;
	f->still = 0;
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
	if (gj_rt_failed(w->run))
		gj_rt_abandon(w);
}

void gj_cpu_work(gj_worker *w)
{
	w->set = &w->fibers;
	w->fresh = 0;
	w->ready = w->spare = (gj_fiber_queue){ 0 };
	w->unstarted = w->live = w->nblocks = 0;
	w->asks = false;
	w->at = w->end = w->passed = 0;
	w->stretch = w->prepared = 0;
	w->last = UINT64_MAX;                      /* the block before the first */
	memset(w->idx, 0, sizeof w->idx);
	w->idx[gj_axes_from[w->run->kernel->first_axis][0]] = UINT32_MAX;
	w->main.sanitizer = NULL;                  /* another thread may have had this worker before */
	w->current = new_fiber(w);
	gj_fiber_switch(&w->main, w->current);
	while (w->asks) {
		w->asks = false;
		if (gj_interrupted())
			gj_run_fail(w->run, GJ_E_INTERRUPTED, "interrupted");
		gj_fiber_switch(&w->main, w->current);
	}
}

/* -- Barriers ------------------------------------------------------------------------------------------------------ */

static const char *const barrier_name[] = { "syncthreads()", "syncthreads_count()", "syncthreads_and()",
                                            "syncthreads_or()" };

uint32_t gj_rt_arrive(gj_block *pub, uint32_t warp, uint32_t live, uint32_t here, uint32_t pred, uint32_t kind,
                      uint32_t site)
{
	gj_cpu_block *b = gj_rt_block(pub);
	if (here && here != live)
		gj_rt_fail_divergent(b, warp, site, barrier_name[kind & 3]);
	if (kind != GJ_BAR_SYNC) {
		b->lanes += (uint32_t)__builtin_popcount(here);
		b->trues += (uint32_t)__builtin_popcount(pred & here);
	}
	return here != 0;
}

uint32_t gj_rt_barrier(gj_block *pub, uint32_t warp, uint32_t live, uint32_t here, uint32_t pred, uint32_t kind,
                       uint32_t site)
{
	gj_cpu_block *b = gj_rt_block(pub);
	gj_worker *w = b->worker;
	if (!gj_rt_arrive(pub, warp, live, here, pred, kind, site))
		return 0;
	if (!w->run->kernel->fibers) {
		gj_run_fail(w->run, GJ_E_LAUNCH, "internal error: a barrier in a kernel compiled as having none");
		gj_rt_abandon(w);
	}
	if (++b->arrived == b->live) {
		pass_barrier(b);
		if (gj_rt_called(b))
			gj_rt_look_up(b);
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
	if (gj_rt_is_call(pub)) {
		gj_call_enter(pub);
		return;
	}
	gj_worker *w = gj_rt_block(pub)->worker;
	const gj_kernel *k = w->run->kernel;
	size_t left = (size_t)((const char *)__builtin_frame_address(0) - w->current->stack);
	if (left > k->local_bytes / 64 + (32 << 10))
		return;
	char at[300];
	gj_run_fail(w->run, GJ_E_DEEP, "%sa function calls itself too often: the stack of a thread, %zu KiB, is full",
	            gj_rt_place(k, UINT32_MAX, at, sizeof at), w->current->size >> 10);
	gj_rt_abandon(w);
}

void gj_rt_make_way(gj_worker *w)
{
	push(&w->ready, w->current);
	suspend(w);
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
	gj_rt_went_on(w);
	for (uint32_t left = lanes; left; left &= left - 1) {
		gj_fiber *f = m->lane[__builtin_ctz(left)].fiber;
		if (f && f != w->current)
			push(&w->ready, f);
	}
	return true;
}

static uint64_t meet(gj_block *pub, uint32_t thread, uint32_t mask, meet_kind kind, uint64_t value, uint32_t source)
{
	gj_cpu_block *b = gj_rt_block(pub);
	gj_worker *w = b->worker;
	uint32_t l = thread % 32;
	if (!b->meet) {
		gj_run_fail(w->run, GJ_E_LAUNCH, "internal error: a warp operation in a kernel compiled as having none");
		gj_rt_abandon(w);
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
