/* The loop of a ufunc around compiled code that knows contiguous operands and whole vectors only. What is not contiguous
 * is gathered into buffers of a few KiB, a piece at a time, which costs less than gathers in the compiled code, unless the function does so
 * little that elements had better be taken one by one where they lie; so is
 * what is left over of a vector, its missing lanes filled with copies of the last element. Compiled code then needs no
 * masks at the ends, and no lane computes with a value that is not the user's: its floating-point exceptions are real. Those
 * that branches leave idle are another matter: where exceptions turn up, the piece is run once more, one
 * element at a time, to see whose they are. What a function raises is told by the first lane at that place of the code; lanes before
 * it may raise further on, and are run once more, too. */
#include "run/cpu/elementwise.h"

#include "base/interrupt.h"
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"
#include "run/cpu/split.h"

#include <fenv.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

enum {
	LANES = 32,
	STRIDED = 2,                               /* operands that are not contiguous, from which on a function that does little takes them as they are */
	PIECE_BYTES = 16384,                       /* of all buffers together: they stay in the first-level cache */
	PIECE = 1 << 16,                           /* elements between two looks at the exceptions */
	CHUNK = 1 << 12,                           /* elements that a thread takes at once, at least */
	WRITTEN = 8 << 20, TOUCHED = 24 << 20,     /* bytes that the caches do not keep */
	ALIGNED = 64,                              /* bytes, of outputs that are streamed */
	DEFAULT_CSR = 0x1f80                       /* round to nearest, no exceptions raised, none trapped */
};
enum { TELLING = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW };

typedef gj_operand operand;

void gj_rt_divided_by_zero(void)  { _mm_setcsr(_mm_getcsr() | FE_DIVBYZERO); }
void gj_rt_invalid_operands(void) { _mm_setcsr(_mm_getcsr() | FE_INVALID); }

/* -- One call of compiled code --------------------------------------------------------------------------------------- */

/* Runs the kernel over n elements; `op` are where operands begin. A wide kernel takes whole vectors only. false: one has raised. */
static bool call(const gj_element_kernel *k, const operand *op, uint32_t n, gj_loop_call *c)
{
	_Alignas(16) char params[GJ_MAX_OPERANDS * 16 * 2];
	for (uint32_t i = 0; i < k->nparams; i++) {
		const gj_param *p = &k->param[i];
		const operand *o = &op[p->leaf];
		const void *from = p->field == GJ_FIELD_VALUE ? (const void *)(o->at + p->dim * p->size) : p->field == GJ_FIELD_DATA ? (const void *)&o->at : &o->step;
		memcpy(params + p->offset, from, p->size);
	}
	return gj_loop_returns(c, k->kernel, params, n, (n + k->kernel->width - 1) / k->kernel->width);
}

/* -- A loop -------------------------------------------------------------------------------------------------------------- */

/* Four at a time: else most of it is counting. */
#define COPY(T) do { \
	for (; n >= 4; n -= 4, from += 4 * from_step, to += 4 * to_step) { \
		T a, b, c, d; \
		memcpy(&a, from, sizeof a); \
		memcpy(&b, from + from_step, sizeof b); \
		memcpy(&c, from + 2 * from_step, sizeof c); \
		memcpy(&d, from + 3 * from_step, sizeof d); \
		memcpy(to, &a, sizeof a); \
		memcpy(to + to_step, &b, sizeof b); \
		memcpy(to + 2 * to_step, &c, sizeof c); \
		memcpy(to + 3 * to_step, &d, sizeof d); \
	} \
	for (; n > 0; n--, from += from_step, to += to_step) \
		memcpy(to, from, sizeof(T)); \
} while (0)

void gj_copy_elements(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t n, uint32_t size)
{
	if (to_step == size && from_step == size) {
		memcpy(to, from, (size_t)n * size);
		return;
	}
	switch (size) {
	case 1:  COPY(uint8_t); break;
	case 2:  COPY(uint16_t); break;
	case 4:  COPY(uint32_t); break;
	case 8:  COPY(uint64_t); break;
	default: for (int64_t i = 0; i < n; i++) memcpy(to + i * to_step, from + i * from_step, size);
	}
}

/* A loop being run. */
typedef struct run {
	gj_elementwise *e;
	const gj_element_kernel *wide, *serial, *streamed; /* streamed: NULL where outputs are to stay in the caches */
	uint64_t scalars;
	int64_t  n;
	bool     in_place;                         /* an output lies on an input: what was read is gone afterwards */
	bool     shifted;                          /* … though not on the same elements: in ascending order only */
	bool     direct;                           /* all operands are contiguous */
	bool     strided;                          /* several are not: it takes less time to go from element to element than through buffers */
	gj_split *split;                         /* chunks of so many elements: */
	int64_t  chunk;
	_Atomic int flags, failed;
	_Atomic int64_t raised;                    /* the first element known to have raised; INT64_MAX: none */
	pthread_mutex_t lock;                      /* of *failure: what it raised */
	gj_loop_failure *failure;
	operand  op[GJ_MAX_OPERANDS];              /* the last, for calls of few are short */
} run;

static void begin(run *r, gj_elementwise *e, gj_loop_failure *failure)
{
	memset(r, 0, offsetof(run, op));
	r->e = e;
	r->failure = failure;
	atomic_init(&r->raised, INT64_MAX);
	pthread_mutex_init(&r->lock, NULL);
}

static bool is_scalar(const run *r, uint32_t i) { return i < r->e->nin && r->scalars >> i & 1; }

/* Is the loop to end early? Asked before each piece; where not much is left, it is done. */
static bool stopped(run *r, int64_t left, uint64_t *asked)
{
	if (left >= PIECE && gj_interrupted_since(asked))
		atomic_store(&r->failed, 1);
	return atomic_load_explicit(&r->failed, memory_order_relaxed);
}

/* -- Exceptions of Python's ------------------------------------------------------------------------------------------------ */

static void note_raised(run *r, int64_t at, const gj_element_kernel *k, const gj_report *report)
{
	pthread_mutex_lock(&r->lock);
	if (at < atomic_load(&r->raised)) {
		atomic_store(&r->raised, at);
		*r->failure = (gj_loop_failure){ k->kernel, GJ_E_RAISED, *report };
	}
	pthread_mutex_unlock(&r->lock);
}

/* A call for the elements from `from` on has raised. Of those in one vector the first that raises is looked for, if there is other code
 * for that: nothing is written yet that they read. */
static void find_raised(run *r, int64_t from, const gj_element_kernel *k, const gj_loop_call *c)
{
	char nowhere[16];
	operand op[GJ_MAX_OPERANDS];
	gj_loop_call before;
	uint32_t ahead = c->thread % k->kernel->width;
	int64_t first = from + c->thread - ahead;
	const gj_element_kernel *serial = ahead && r->e->kernel ? r->e->kernel(r->e, 0, GJ_ELEMENTS_SERIAL) : NULL;
	for (uint32_t i = 0; i < r->e->nargs; i++)
		op[i] = i < r->e->nin ? (operand){ r->op[i].at + first * r->op[i].step, r->op[i].step } : (operand){ nowhere, 0 };
	if (ahead && r->e->kernel && !serial)
		atomic_store(&r->failed, 1);
	else if (serial && !call(serial, op, ahead, &before))
		note_raised(r, first + before.thread, serial, &before.report);
	else
		note_raised(r, first + ahead, k, &c->report);
}

/* -- Pieces ------------------------------------------------------------------------------------------------------------ */

/* Elements [from, from + n) through buffers. false: one has raised. */
static bool buffered(run *r, int64_t from, int64_t n, char *buffer, int64_t room)
{
	const gj_elementwise *e = r->e;
	operand b[GJ_MAX_OPERANDS];
	gj_loop_call c;
	for (int64_t done = 0, now; done < n; done += now) {
		now = n - done < room ? n - done : room;
		int64_t whole = (now + LANES - 1) / LANES * LANES;
		char *at = buffer;
		for (uint32_t i = 0; i < e->nargs; i++) {
			const operand *o = &r->op[i];
			char *first = o->at + (from + done) * o->step;
			b[i] = (operand){ first, o->step };
			if (is_scalar(r, i) || (o->step == e->size[i] && whole == now))
				continue;
			b[i] = (operand){ at, e->size[i] };
			if (i < e->nin) {
				gj_copy_elements(at, e->size[i], first, o->step, now, e->size[i]);
				gj_copy_elements(at + now * e->size[i], e->size[i], at + (now - 1) * e->size[i], 0, whole - now, e->size[i]);
			}
			at += room * e->size[i];
		}
		if (!call(r->wide, b, (uint32_t)whole, &c)) {
			find_raised(r, from + done, r->wide, &c);
			return false;
		}
		for (uint32_t i = e->nin; i < e->nargs; i++)
			if (b[i].at >= buffer && b[i].at < at)
				gj_copy_elements(r->op[i].at + (from + done) * r->op[i].step, r->op[i].step, b[i].at, e->size[i], now, e->size[i]);
	}
	return true;
}

int64_t gj_lead_in(const gj_operand *output, const uint8_t *size, uint32_t n)
{
	int64_t lead = (int64_t)(-(uintptr_t)output[0].at % ALIGNED);
	if (lead % size[0])
		return -1;
	lead /= size[0];
	for (uint32_t i = 0; i < n; i++)
		if (((uintptr_t)output[i].at + (uint64_t)lead * size[i]) % ALIGNED)
			return -1;
	return lead;
}

/* Whole vectors of contiguous operands, [from, from + n), by the form that fits: how many elements are done; −1: one has raised. */
static int64_t straight_on(run *r, int64_t from, int64_t n, char *buffer, int64_t room)
{
	const gj_elementwise *e = r->e;
	operand op[GJ_MAX_OPERANDS];
	gj_loop_call c;
	int64_t lead = 0;
	for (uint32_t i = 0; i < e->nargs; i++)
		op[i] = (operand){ r->op[i].at + from * r->op[i].step, r->op[i].step };
	bool streams = r->streamed && (lead = gj_lead_in(op + e->nin, e->size + e->nin, e->nargs - e->nin)) >= 0 && lead < n;
	int64_t first = streams ? lead : 0, straight = (n - first) / LANES * LANES;
	const gj_element_kernel *k = streams ? r->streamed : r->wide;
	if (first && !buffered(r, from, first, buffer, room))
		return -1;
	for (uint32_t i = 0; i < e->nargs; i++)
		op[i].at += first * op[i].step;
	if (!straight || call(k, op, (uint32_t)straight, &c))
		return first + straight;
	find_raised(r, from + first, k, &c);
	return -1;
}

bool gj_elementwise_piece(gj_elementwise *e, const gj_element_kernel *wide, const gj_element_kernel *streamed, uint64_t scalars,
	const gj_operand *op, int64_t n, char *buffer, int64_t room, gj_loop_failure *failure)
{
	run r;
	bool direct = true;
	int64_t done = 0;
	begin(&r, e, failure);
	r.wide = wide;
	r.streamed = streamed;
	r.scalars = scalars;
	for (uint32_t i = 0; i < e->nargs; i++)
		direct &= op[i].step == e->size[i] || is_scalar(&r, i);
	memcpy(r.op, op, e->nargs * sizeof *op);
	if (direct)
		done = straight_on(&r, 0, n, buffer, room);
	return done >= 0 && (done == n || buffered(&r, done, n - done, buffer, room));
}

/* n elements, the first of which is number `first`, each for itself. */
static void one_by_one(run *r, int64_t first, const operand *from, int64_t n)
{
	operand op[GJ_MAX_OPERANDS];
	gj_loop_call c;
	uint64_t asked = 0;
	memcpy(op, from, r->e->nargs * sizeof *op);
	for (int64_t done = 0, now; done < n && !stopped(r, n - done, &asked); done += now) {
		now = n - done < PIECE ? n - done : PIECE;
		if (!call(r->serial, op, (uint32_t)now, &c)) {
			note_raised(r, first + done + c.thread, r->serial, &c.report);
			return;
		}
		for (uint32_t i = 0; i < r->e->nargs; i++)
			op[i].at += now * op[i].step;
	}
}

/* Elements [from, from + n), each for itself, from where they lie to where they belong. */
static void as_they_lie(run *r, int64_t from, int64_t n)
{
	operand op[GJ_MAX_OPERANDS];
	for (uint32_t i = 0; i < r->e->nargs; i++)
		op[i] = (operand){ r->op[i].at + from * r->op[i].step, r->op[i].step };
	_mm_setcsr(DEFAULT_CSR);
	one_by_one(r, from, op, n);
	atomic_fetch_or_explicit(&r->flags, (int)(_mm_getcsr() & FE_ALL_EXCEPT), memory_order_relaxed);
}

/* The exceptions that elements [from, from + n) raise, each for itself; inputs that were overwritten lie in `saved`. */
static int exceptions(run *r, int64_t from, int64_t n, const operand *saved)
{
	char nowhere[16];
	operand op[GJ_MAX_OPERANDS];
	for (uint32_t i = 0; i < r->e->nargs; i++) {
		op[i] = (operand){ r->op[i].at + from * r->op[i].step, r->op[i].step };
		if (i >= r->e->nin)
			op[i] = (operand){ nowhere, 0 };
		else if (saved && saved[i].at)
			op[i] = saved[i];
	}
	_mm_setcsr(DEFAULT_CSR);
	one_by_one(r, from, op, n);
	return (int)(_mm_getcsr() & FE_ALL_EXCEPT);
}

static char *low(const operand *o, int64_t n) { return o->step < 0 ? o->at + (n - 1) * o->step : o->at; }
static char *high(const operand *o, int64_t n, uint32_t size) { return (o->step < 0 ? o->at : o->at + (n - 1) * o->step) + size; }

static bool meet(const run *r, uint32_t i, uint32_t k)
{
	const operand *a = &r->op[i], *b = &r->op[k];
	return high(a, r->n, r->e->size[i]) > low(b, r->n) && high(b, r->n, r->e->size[k]) > low(a, r->n);
}

static bool same(const run *r, uint32_t i, uint32_t k) { return r->op[i].at == r->op[k].at && r->op[i].step == r->op[k].step; }

/* Does an output lie on the input? */
static bool is_overwritten(const run *r, uint32_t input)
{
	for (uint32_t i = r->e->nin; i < r->e->nargs; i++)
		if (meet(r, i, input))
			return true;
	return false;
}

/* Copies of the inputs that this loop overwrites, of n elements from `from` on. */
static void save(const run *r, int64_t from, int64_t n, char *memory, operand *saved)
{
	for (uint32_t i = 0; i < r->e->nin; i++) {
		uint32_t size = r->e->size[i];
		saved[i] = (operand){ NULL, 0 };
		if (is_scalar(r, i) || !is_overwritten(r, i))
			continue;
		saved[i] = (operand){ memory, size };
		gj_copy_elements(memory, size, r->op[i].at + from * r->op[i].step, r->op[i].step, n, size);
		memory += n * size;
	}
}

static uint64_t element_bytes(const gj_elementwise *e, uint32_t n)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < n; i++)
		bytes += e->size[i];
	return bytes;
}

/* Elements [from, from + n), exceptions looked at piece by piece. */
static void pieces(run *r, int64_t from, int64_t n, char *memory, int64_t room, uint64_t *asked)
{
	operand saved[GJ_MAX_OPERANDS];
	char *buffer = memory, *kept = memory + room * (int64_t)element_bytes(r->e, r->e->nargs);
	for (int64_t end = from + n, now; from < end && from < atomic_load_explicit(&r->raised, memory_order_relaxed) && !stopped(r, r->n - from, asked); from += now) {
		now = end - from < (r->in_place ? room : PIECE) ? end - from : r->in_place ? room : PIECE;
		int known = atomic_load_explicit(&r->flags, memory_order_relaxed), flags;
		if (r->in_place)
			save(r, from, now, kept, saved);
		_mm_setcsr(DEFAULT_CSR);
		int64_t straight = r->direct ? straight_on(r, from, now, buffer, room) : 0;
		if (straight < 0 || (straight < now && !buffered(r, from + straight, now - straight, buffer, room)))
			return;
		flags = (int)(_mm_getcsr() & FE_ALL_EXCEPT);
		if (flags & TELLING & ~known) {
			if (!r->serial && !(r->serial = r->e->kernel(r->e, 0, GJ_ELEMENTS_SERIAL)))
				atomic_store(&r->failed, 1);
			else
				flags = exceptions(r, from, now, r->in_place ? saved : NULL);
		}
		if (flags & ~known)
			atomic_fetch_or_explicit(&r->flags, flags, memory_order_relaxed);
	}
}

/* -- Threads ------------------------------------------------------------------------------------------------------------- */

/* A thread's part: chunks of the loop until none is left. */
static void work(void *arg, unsigned me)
{
	run *r = arg;
	unsigned before = _mm_getcsr(), passed = 0;
	uint64_t each = element_bytes(r->e, r->e->nargs);
	int64_t room = (int64_t)(PIECE_BYTES / each) / LANES * LANES, from, end;
	uint64_t asked = 0, start = r->split->n > 1 ? gj_now_ns() : 0;
	room = room < LANES ? LANES : room;
	char small[2 * PIECE_BYTES], *memory = small;
	if ((uint64_t)room * 2 * each > sizeof small && !(memory = malloc((size_t)((uint64_t)room * 2 * each)))) {
		atomic_store(&r->failed, 1);
		return;
	}
	while (!atomic_load_explicit(&r->failed, memory_order_relaxed) && gj_split_take(r->split, me, &passed, &from, &end)) {
		from *= r->chunk;
		int64_t n = r->n - from < r->chunk ? r->n - from : r->chunk;
		if (!r->strided)
			pieces(r, from, n, memory, room, &asked);
		else if (from < atomic_load_explicit(&r->raised, memory_order_relaxed))
			as_they_lie(r, from, n);
	}
	if (memory != small)
		free(memory);
	_mm_sfence();                              /* what went past the caches is there for whoever comes next */
	_mm_setcsr(before);
	if (start)
		gj_split_spend(r->split, me, gj_now_ns() - start);
}

/* While only helpers are at work. */
static void meanwhile(void *arg)
{
	run *r = arg;
	if (!atomic_load(&r->failed) && gj_interrupted())
		atomic_store(&r->failed, 1);
}

/* Threads that this loop is worth. */
static unsigned threads_for(const run *r)
{
	uint64_t each = atomic_load_explicit(&r->e->ps_element, memory_order_relaxed);
	return !r->e->parallel || r->shifted || r->n < 2 * CHUNK ? 1 : gj_pool_worth((each ? each : 250) * (uint64_t)r->n / 1000);
}

static void run_all(run *r)
{
	unsigned threads = threads_for(r);
	uint64_t start = r->e->parallel && r->n >= 1024 ? gj_now_ns() : 0;
	gj_split split;
	r->split = &split;
	r->chunk = r->n;
	if (threads > 1) {
		r->chunk = r->n / (16 * (int64_t)threads) / CHUNK * CHUNK;
		r->chunk = r->chunk < CHUNK ? CHUNK : r->chunk;
	}
	gj_split_init(&split, 0, (r->n + r->chunk - 1) / r->chunk, 1, threads);
	gj_pool_run(work, r, threads - 1, false, meanwhile);
	if (start) {
		uint64_t ns = threads > 1 ? gj_split_spent(&split) : gj_now_ns() - start;
		atomic_store_explicit(&r->e->ps_element, (uint32_t)(ns * 1000 / (uint64_t)r->n + 1), memory_order_relaxed);
	}
}

/* -- Operands that overlap ------------------------------------------------------------------------------------------------ */

/* Must elements be taken one after the other, because one reads what an earlier one wrote? Not where input and output
 * are the same elements, or each element is read before the loop comes to write it. */
static bool is_chain(run *r)
{
	const gj_elementwise *e = r->e;
	for (uint32_t o = e->nin; o < e->nargs; o++) {
		const operand *out = &r->op[o];
		if (out->step == 0 && r->n > 1)
			return true;
		for (uint32_t i = 0; i < e->nargs; i++) {
			const operand *in = &r->op[i];
			if (i == o || !meet(r, i, o) || same(r, i, o))
				continue;
			bool behind = in->step == out->step && (out->step > 0 ? out->at < in->at : out->at > in->at);
			if (i >= e->nin || !behind)
				return true;
			r->shifted = true;
		}
	}
	return false;
}

bool gj_outlasts_caches(int64_t written, int64_t touched) { return written >= WRITTEN || touched >= TOUCHED; }

static bool outlasts_caches(const run *r)
{
	int64_t read = 0, all = (int64_t)element_bytes(r->e, r->e->nargs), in = (int64_t)element_bytes(r->e, r->e->nin);
	for (uint32_t i = 0; i < r->e->nin; i++)
		read += is_scalar(r, i) ? 0 : r->e->size[i];
	return gj_outlasts_caches((all - in) * r->n, (all - in + read) * r->n);
}

int gj_elementwise_run(gj_elementwise *e, char *const *args, int64_t n, const int64_t *steps, gj_loop_failure *failure)
{
	run r;
	if (n < 1)
		return 0;
	begin(&r, e, failure);
	r.n = n;
	r.direct = true;
	for (uint32_t i = 0; i < e->nargs; i++)
		r.op[i] = (operand){ args[i], steps[i] };
	bool chain = is_chain(&r);
	unsigned strided = 0;
	for (uint32_t i = 0; i < e->nargs && !chain; i++) {
		bool scalar = i < e->nin && i < 32 && steps[i] == 0 && n > 1, gaps = !scalar && steps[i] != e->size[i] && n != 1;
		r.scalars |= (uint64_t)scalar << i;
		r.direct &= !gaps;
		strided += gaps;
		r.in_place |= i < e->nin && is_overwritten(&r, i);
	}
	if (!(chain ? (r.serial = e->kernel(e, 0, GJ_ELEMENTS_SERIAL)) : (r.wide = e->kernel(e, r.scalars, GJ_ELEMENTS_WIDE))))
		return -1;
	r.strided = !chain && strided >= STRIDED && n >= LANES && r.wide->kernel->streams;
	if (r.strided && !(r.serial = e->kernel(e, 0, GJ_ELEMENTS_SERIAL)))
		return -1;
	if (!chain && r.direct && !r.in_place && outlasts_caches(&r) && r.wide->kernel->width > 1 &&
	    !(r.streamed = e->kernel(e, r.scalars, GJ_ELEMENTS_STREAMED)))
		return -1;
	if (chain) {
		unsigned before = _mm_getcsr();
		as_they_lie(&r, 0, n);
		_mm_setcsr(before);
	} else {
		run_all(&r);
	}
	if (atomic_load(&r.raised) < INT64_MAX && !atomic_load(&r.failed))
		return -2;
	return atomic_load(&r.failed) ? -1 : atomic_load(&r.flags) & (TELLING | FE_UNDERFLOW);
}
