/* Loops in which threads wait for memory that others write: locks, flags, barriers of the whole grid made of atomics.
 *
 * On its way back such a loop makes way for the other warps of its thread of the pool. If all of them have gone round twice
 * and none ended or passed a barrier, one more block is begun beside them, in a room of its own: on a GPU blocks are
 * resident together, and wait for each other. As many threads may be resident as on the largest GPU.
 *
 * A deadlock is told when it is certain. Each loop tells what it sees: all that its exits depend on (memory, and variables
 * that differ from round to round), and whether it does anything that others could see. If every warp of the launch that
 * has not ended stands at a barrier, or has gone round such a loop without any news, and this stays so for a second, memory
 * is what it was at the beginning of that second, and so is what each of them will do. Somebody else may write memory (a
 * thread of Python, another launch): then nothing is told (gj_launch.alone). */
#define _GNU_SOURCE
#include "run/cpu/pool.h"
#include "run/cpu/rt.h"

#include <sched.h>
#include <time.h>

enum {
	MOST_RESIDENT = 148 * 2048,                /* threads of a launch whose blocks run beside others */
	ROUNDS_ALONE = 2,                          /* before one more block is begun */
	ROUNDS_BUSY = 64, ROUNDS_AWAKE = 4096,     /* of waiting before the processor is offered to others; before naps */
	NAP_NS = 100 * 1000,
	LOOK_NS = 50 * 1000 * 1000,
	CALM_NS = 1000 * 1000 * 1000
};

/* -- Rooms --------------------------------------------------------------------------------------------------------- */

/* Blocks that have not begun. */
static uint64_t unbegun(const gj_run *r)
{
	uint64_t next = (uint64_t)atomic_load_explicit(&r->split.part[0].next, memory_order_relaxed);
	return next < r->nblocks ? r->nblocks - next : 0;
}

/* One more block, if there is one and room for it. */
static bool begin_another(gj_worker *w)
{
	gj_run *r = w->run;
	if (!r->kernel->spins || !unbegun(r))
		return false;
	bool fits = atomic_fetch_add(&r->crowd, r->nthreads) + r->nthreads <= MOST_RESIDENT;
	gj_room *room = fits ? w->free_rooms : NULL;
	if (room)
		w->free_rooms = room->next_free;
	else if (fits)
		room = gj_room_new(w);
	int64_t id, end;
	if (room && gj_split_take(&r->split, w->me, &w->passed, &id, &end)) {
		gj_rt_begin_block(w, &room->block, (uint64_t)id);
		w->starting = &room->block;
		return true;
	}
	if (room)
		gj_room_leave(w, room);
	else
		atomic_fetch_sub(&r->crowd, r->nthreads);
	atomic_store(&r->crowded, !room);
	return false;
}

/* -- Deadlocks ----------------------------------------------------------------------------------------------------- */

void gj_wait_join(gj_worker *w)
{
	gj_run *r = w->run;
	if (!r->kernel->spins)
		return;
	pthread_mutex_lock(&r->lock);
	w->look_at = 0;
	w->peer = r->members;
	r->members = w;
	r->comings++;
	pthread_mutex_unlock(&r->lock);
}

void gj_wait_leave(gj_worker *w)
{
	gj_run *r = w->run;
	if (!r->kernel->spins)
		return;
	pthread_mutex_lock(&r->lock);
	gj_worker **at = &r->members;
	while (*at != w)
		at = &(*at)->peer;
	*at = w->peer;
	r->comings++;
	pthread_mutex_unlock(&r->lock);
}

/* Has nobody got any further since it was first asked, CALM_NS ago, though all have tried? With the lock held. */
static bool nobody_moves(gj_run *r, uint64_t now)
{
	uint64_t sum = r->comings;
	bool all = true;
	for (const gj_worker *w = r->members; w; w = w->peer) {
		sum += atomic_load(&w->progress);
		all &= atomic_load(&w->calm) >= w->calm_before + 2;
	}
	if (r->calm_since && sum == r->calm_sum)
		return all && now - r->calm_since >= CALM_NS;
	r->calm_since = now;
	r->calm_sum = sum;
	for (gj_worker *w = r->members; w; w = w->peer)
		w->calm_before = atomic_load(&w->calm);
	return false;
}

static void fail_waiting(gj_worker *w)
{
	gj_run *r = w->run;
	char at[300];
	uint64_t left = unbegun(r);
	const char *where = gj_rt_place(r->kernel, w->current->site, at, sizeof at);
	if (left)
		gj_run_fail(r, GJ_E_LAUNCH, "%sdeadlock: the loop waits for memory that nobody changes: all threads that have begun "
		            "wait, and %llu blocks cannot begin, because there is no room for more than %u threads beside each other",
		            where, (unsigned long long)left, MOST_RESIDENT);
	else
		gj_run_fail(r, GJ_E_LAUNCH, "%sdeadlock: the loop waits for memory that nobody changes: all threads that have not "
		            "ended wait", where);
	gj_rt_abandon(w);
}

static void suspect(gj_worker *w)
{
	gj_run *r = w->run;
	uint64_t now = gj_now_ns();
	if (!r->launch->alone || now < w->look_at || (unbegun(r) && !atomic_load(&r->crowded)))
		return;
	w->look_at = now + LOOK_NS;
	pthread_mutex_lock(&r->lock);
	bool dead = nobody_moves(r, now);
	pthread_mutex_unlock(&r->lock);
	if (dead)
		fail_waiting(w);
}

/* -- Waiting ------------------------------------------------------------------------------------------------------- */

static void be_patient(const gj_worker *w)
{
	if (w->rounds > ROUNDS_AWAKE)
		nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
	else if (w->rounds > ROUNDS_BUSY)
		sched_yield();                         /* what it waits for may be done by a thread that needs this processor */
	else
		gj_pause();
}

/* All fibers that can run have had a turn, and have nothing done but wait; `still`: and have seen nothing new. */
static void end_round(gj_worker *w, bool still)
{
	w->rounds = still || w->rounds < ROUNDS_ALONE ? w->rounds + 1 : ROUNDS_ALONE;
	if (w->rounds >= ROUNDS_ALONE && begin_another(w))
		return;
	if (still) {
		gj_rt_count(&w->calm);
		suspect(w);
	}
	be_patient(w);
}

/* A fiber can only wait; others go on. */
static void take_turns(gj_cpu_block *b, bool still)
{
	gj_worker *w = b->worker;
	uint32_t all = w->ready.n + 1;
	if (gj_rt_called(b))
		gj_rt_look_up(b);
	w->still = still ? w->still + 1 : 0;
	if (!still)
		gj_rt_count(&w->progress);
	if (!w->unstarted && ++w->turns >= all) {
		w->turns = 0;
		end_round(w, w->still >= all);
	}
	if (w->unstarted || w->ready.head)
		gj_rt_make_way(w);
}

void gj_rt_yield(gj_block *pub, uint32_t warp)
{
	gj_worker *w = gj_rt_block(pub)->worker;
	(void)warp;
	if (++w->spins % 64 == 0)
		sched_yield();
	take_turns(gj_rt_block(pub), false);
}

/* In a loop with a barrier a round is no end of waiting though a barrier was passed: there each fiber counts for itself. */
void gj_rt_wait(gj_block *pub, uint32_t warp, uint32_t site, uint32_t meets)
{
	gj_worker *w = gj_rt_block(pub)->worker;
	gj_fiber *f = w->current;
	(void)warp;
	bool still = !f->acted && f->seen == f->seen_before;
	f->seen_before = f->seen;
	f->seen = 0;
	f->acted = false;
	f->site = site;
	f->still = still ? f->still + 1 : 0;
	if (meets && f->still > ROUNDS_ALONE && !w->unstarted)
		begin_another(w);
	take_turns(gj_rt_block(pub), still);
}

void gj_rt_watch(gj_block *pub, uint64_t seen)
{
	gj_fiber *f = gj_rt_block(pub)->worker->current;
	f->seen = ((f->seen << 29 | f->seen >> 35) ^ seen) * 0x9e3779b97f4a7c15u;
}

void gj_rt_act(gj_block *pub) { gj_rt_block(pub)->worker->current->acted = true; }

void gj_rt_grid_sync(gj_block *pub, uint32_t warp, uint32_t live, uint32_t here, uint32_t site)
{
	gj_cpu_block *b = gj_rt_block(pub);
	gj_run *r = b->worker->run;
	if (!here)
		return;
	if (here != live)
		gj_rt_fail_divergent(b, warp, site, "grid.sync()");
	if (!r->kernel->cooperative || !r->kernel->fibers) {
		gj_run_fail(r, GJ_E_LAUNCH, "internal error: grid.sync() in a kernel not compiled as cooperative");
		gj_rt_abandon(b->worker);
	}
	pthread_mutex_lock(&r->lock);
	unsigned phase = atomic_load(&r->grid_phase);
	if (++r->grid_arrived == r->grid_live) {
		r->grid_arrived = 0;
		atomic_store(&r->grid_phase, phase + 1);
	}
	pthread_mutex_unlock(&r->lock);
	while (atomic_load_explicit(&r->grid_phase, memory_order_acquire) == phase)
		gj_rt_yield(pub, warp);
}
