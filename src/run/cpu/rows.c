/* The loop of a generalised ufunc. Outer elements are the threads of one block of compiled code, which runs them one after
 * the other; what it is given of an operand is where the first element's array begins, the step to the next one's, extents
 * and strides. In parallel, threads of the pool take a few outer elements at a time, where the whole takes long enough. */
#include "run/cpu/rows.h"

#include "base/interrupt.h"
#include "run/cpu/call.h"
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"
#include "run/cpu/split.h"
#include "run/printed.h"
#include "run/status.h"

#include <fenv.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

enum {
	CALL_ITEMS = 1 << 10, CALL_NS = 1000000,   /* between two looks at the clock, at least; more items where they take less time */
	MAX_CALL = 1 << 29,                        /* outer elements that compiled code counts at once, and twice as many */
	DEFAULT_CSR = 0x1f80,                      /* round to nearest, no exceptions raised, none trapped */
	PARAMS = GJ_MAX_OPERANDS * (2 + 2 * GJ_MAX_NDIM) + 1
};

typedef struct operand {
	char   *at;
	int64_t step, shape[GJ_MAX_NDIM], stride[GJ_MAX_NDIM];
} operand;

/* What outer elements from one on have printed, on some thread. */
typedef struct said {
	struct said *next;
	int64_t      from;
	gj_printed  *first;
	uint64_t     lost;
} said;

/* A loop being run. */
typedef struct run {
	gj_rows *rows;
	const gj_element_kernel *kernel;
	operand  op[GJ_MAX_OPERANDS];
	int64_t  n, items;                         /* outer elements; items of the operands of one */
	gj_split *split;                         /* of the outer elements */
	_Atomic int flags, interrupted;
	pthread_mutex_t lock;                      /* of *failure and said */
	said    *said;                             /* in the order of the elements */
	bool     shared;                           /* by threads */
	_Atomic int64_t failed;                    /* where the outer elements begin of which one failed; INT64_MAX: none */
	gj_loop_failure *failure;
} run;

/* -- Operands -------------------------------------------------------------------------------------------------------------- */

static void describe(run *r, char *const *args, const int64_t *sizes, const int64_t *steps, const int64_t *strides)
{
	for (uint32_t i = 0; i < r->rows->nargs; i++) {
		const gj_rows_operand *p = &r->rows->op[i];
		operand *o = &r->op[i];
		o->at = args[i];
		o->step = steps[i];
		for (uint32_t d = 0; d < p->ndim; d++) {
			bool real = p->dim[d] != GJ_NO_DIM;
			o->shape[d] = real ? sizes[p->dim[d]] : 1;
			o->stride[d] = real ? *strides++ : p->size;
		}
	}
}

/* Strides of dimensions of one item, and of arrays without items, are of no account. */
static bool is_contiguous(const gj_rows_operand *p, const operand *o)
{
	int64_t stride = p->size;
	bool fits = true;
	for (uint32_t d = p->ndim; d-- > 0; stride *= o->shape[d]) {
		if (o->shape[d] == 0)
			return true;
		fits &= o->shape[d] == 1 || o->stride[d] == stride;
	}
	return fits;
}

/* The bytes that an operand takes from its first to its last, in all outer elements; low = high: none. */
static void extent(const gj_rows_operand *p, const operand *o, int64_t n, uintptr_t *low, uintptr_t *high)
{
	int64_t below = 0, above = p->size;
	for (uint32_t d = 0; d <= p->ndim; d++) {
		int64_t items = d < p->ndim ? o->shape[d] : n, far = (items - 1) * (d < p->ndim ? o->stride[d] : o->step);
		if (items == 0) {
			*low = *high = 0;
			return;
		}
		*(far < 0 ? &below : &above) += far;
	}
	*low = (uintptr_t)o->at + (uintptr_t)below;
	*high = (uintptr_t)o->at + (uintptr_t)above;
}

/* Are they the same numbers, each of which is read before it is written? */
static bool are_one(const run *r, uint32_t i, uint32_t k)
{
	bool numbers = r->rows->op[i].ndim == 0 && r->rows->op[k].ndim == 0 && r->op[i].step;
	return r->rows->hosted && numbers && r->op[i].at == r->op[k].at && r->op[i].step == r->op[k].step;
}

/* Does nothing that is written share bytes with another operand? */
static bool are_alone(const run *r)
{
	uintptr_t low[GJ_MAX_OPERANDS], high[GJ_MAX_OPERANDS];
	for (uint32_t i = 0; i < r->rows->nargs; i++)
		extent(&r->rows->op[i], &r->op[i], r->n, &low[i], &high[i]);
	for (uint32_t i = 0; i < r->rows->nargs; i++)
		for (uint32_t k = 0; r->rows->op[i].written && k < r->rows->nargs; k++)
			if (k != i && low[i] < high[k] && low[k] < high[i] && !are_one(r, i, k))
				return false;
	return true;
}

static int64_t count_items(const run *r)
{
	int64_t all = 0;
	for (uint32_t i = 0; i < r->rows->nargs; i++) {
		int64_t own = 1;
		for (uint32_t d = 0; d < r->rows->op[i].ndim; d++)
			own *= r->op[i].shape[d];
		all += own;
	}
	return all > 0 ? all : 1;
}

/* -- Running --------------------------------------------------------------------------------------------------------------- */

static const void *field(const operand *o, const gj_param *p)
{
	switch (p->field) {
	case GJ_FIELD_DATA:  return &o->at;
	case GJ_FIELD_SHAPE: return &o->shape[p->dim];
	case GJ_FIELD_STRIDE: return &o->stride[p->dim];
	default:             return &o->step;
	}
}

static void note_failure(run *r, int64_t from, gj_status status, const gj_report *report)
{
	pthread_mutex_lock(&r->lock);
	if (from < atomic_load(&r->failed)) {
		atomic_store(&r->failed, from);
		*r->failure = (gj_loop_failure){ r->kernel->kernel, status, *report };
	}
	pthread_mutex_unlock(&r->lock);
}

/* Threads queue lines for themselves: they are to be the caller's, in the order of the elements. */
static void collect(run *r, int64_t from)
{
	said *s = malloc(sizeof *s), **at = &r->said;
	uint64_t lost;
	gj_printed *first = gj_printed_take(&lost);
	if (!s) {
		gj_printed_give(first, lost);
		return;
	}
	pthread_mutex_lock(&r->lock);
	while (*at && (*at)->from <= from)
		at = &(*at)->next;
	*s = (said){ *at, from, first, lost };
	*at = s;
	pthread_mutex_unlock(&r->lock);
}

static void tell(run *r)
{
	for (said *s = r->said, *next; s; s = next) {
		next = s->next;
		gj_printed_give(s->first, s->lost);
		free(s);
	}
	r->said = NULL;
}

/* Calls a function for the host with arrays of the outer elements [from, from + n). */
static void hosted(run *r, int64_t from, int64_t n)
{
	_Alignas(16) char params[PARAMS * 8];
	const gj_element_kernel *k = r->kernel;
	uint64_t slot[1];
	gj_report report = { 0 };
	for (uint32_t i = 0; i < k->nparams; i++) {
		const gj_param *p = &k->param[i];
		bool result = p->leaf >= r->rows->nargs, shape = p->field == GJ_FIELD_SHAPE;
		const operand *o = &r->op[result ? 0 : p->leaf];
		int64_t value = result ? (int64_t)(intptr_t)slot : p->field == GJ_FIELD_DATA ? (int64_t)(intptr_t)(o->at + from * o->step)
			: shape ? (p->dim ? o->shape[p->dim - 1] : n) : p->field == GJ_FIELD_STRIDE ? (p->dim ? o->stride[p->dim - 1] : o->step) : 0;
		memcpy(params + p->offset, &value, p->size);
	}
	gj_status status = gj_call_host(k->kernel, params, &report);
	if (r->shared && gj_printed_any())
		collect(r, from);
	if (status == GJ_E_INTERRUPTED)
		atomic_store(&r->interrupted, 1);
	else if (status != GJ_OK)
		note_failure(r, from, status, &report);
}

/* Calls compiled code for outer elements [from, from + n). */
static void elements(run *r, int64_t from, int64_t n)
{
	if (r->rows->hosted) {
		hosted(r, from, n);
		return;
	}
	_Alignas(16) char params[PARAMS * 8];
	const gj_element_kernel *k = r->kernel;
	for (uint32_t i = 0; i < k->nparams; i++) {
		const operand *o = &r->op[k->param[i].leaf];
		const char *at = o->at + from * o->step;
		memcpy(params + k->param[i].offset, k->param[i].field == GJ_FIELD_DATA ? &at : field(o, &k->param[i]), k->param[i].size);
	}
	gj_loop_call c;
	if (!gj_loop_returns(&c, k->kernel, params, (uint32_t)n, (uint32_t)n))
		note_failure(r, from + c.thread / k->kernel->width, GJ_E_RAISED, &c.report);
}

/* The same in calls that do not take long, so that the thread can be interrupted between them. */
static void stretch(run *r, int64_t from, int64_t n, uint64_t *asked)
{
	int64_t step = CALL_ITEMS / r->items + 1, now;
	uint64_t start = n > step ? gj_now_ns() : 0, end;
	for (; n > 0 && !atomic_load_explicit(&r->interrupted, memory_order_relaxed) && from < atomic_load(&r->failed); from += now, n -= now) {
		now = n < step ? n : step;
		elements(r, from, now);
		if (now == n)
			continue;
		end = gj_now_ns();
		if (gj_interrupted_since(asked))
			atomic_store(&r->interrupted, 1);
		step = end - start < CALL_NS && step < MAX_CALL ? 2 * step : step;
		start = end;
	}
}

/* A thread's part: some outer elements after the others until none is left. */
static void work(void *arg, unsigned me)
{
	run *r = arg;
	unsigned before = _mm_getcsr(), passed = 0;
	uint64_t asked = 0, start = r->split->n > 1 ? gj_now_ns() : 0;
	int64_t from, end;
	_mm_setcsr(DEFAULT_CSR);
	while (gj_split_take(r->split, me, &passed, &from, &end))
		stretch(r, from, end - from, &asked);
	atomic_fetch_or_explicit(&r->flags, (int)(_mm_getcsr() & FE_ALL_EXCEPT), memory_order_relaxed);
	_mm_setcsr(before);
	if (start)
		gj_split_spend(r->split, me, gj_now_ns() - start);
}

/* On one thread. */
static void work_alone(run *r, int64_t from, int64_t end)
{
	gj_split all;
	r->split = &all;
	gj_split_init(&all, from, end, end - from, 1);
	work(r, 0);
}

/* While only helpers are at work. */
static void meanwhile(void *arg)
{
	run *r = arg;
	if (!atomic_load(&r->interrupted) && gj_interrupted())
		atomic_store(&r->interrupted, 1);
}

static void learn(run *r, int64_t n, uint64_t ns)
{
	uint64_t each = ns * 1000 / ((uint64_t)n * (uint64_t)r->items);
	atomic_store_explicit(&r->rows->ps_item, each + 1, memory_order_relaxed);
}

static void run_parallel(run *r)
{
	int64_t done = 0;
	if (!atomic_load_explicit(&r->rows->ps_item, memory_order_relaxed)) {
		uint64_t start = gj_now_ns();
		work_alone(r, 0, done = 1);
		learn(r, 1, gj_now_ns() - start);
	}
	int64_t left = r->n - done;
	double ns = (double)atomic_load_explicit(&r->rows->ps_item, memory_order_relaxed) * 1e-3 * (double)r->items * (double)left;
	unsigned threads = gj_pool_worth(ns < 1e12 ? (uint64_t)ns : (uint64_t)1e12);
	threads = (int64_t)threads > left ? (unsigned)left : threads;
	if (threads < 2) {
		uint64_t start = gj_now_ns();
		work_alone(r, done, r->n);
		if (left)
			learn(r, left, gj_now_ns() - start);
		return;
	}
	gj_split split;
	r->split = &split;
	gj_split_init(&split, done, r->n, left / (8 * (int64_t)threads) + 1, threads);
	if (gj_printed_any())
		collect(r, 0);
	r->shared = true;
	gj_pool_run(work, r, threads - 1, false, meanwhile);
	tell(r);
	learn(r, left, gj_split_spent(&split));
}

/* Lanes that could share out loops along the last dimension of what is written; 0: it is too short, or an input is written. */
static uint32_t lanes_for(const run *r)
{
	int64_t n = 0;
	for (uint32_t i = r->rows->nargs; i-- > 0;) {
		const gj_rows_operand *p = &r->rows->op[i];
		if (p->written && p->ndim && r->op[i].shape[p->ndim - 1] > n)
			n = r->op[i].shape[p->ndim - 1];
	}
	return n < 3 ? 0 : n <= 8 ? 8 : n <= 16 ? 16 : 32;
}

/* Lanes without a round compute too, with zeros: where something was raised, all is computed again, one lane at a time, which says
 * what the function itself raises. What it writes it does not read. */
static bool raise_exactly(run *r)
{
	if (r->kernel->kernel->width == 1 || !(atomic_load(&r->flags) & (FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW)))
		return true;
	if (!(r->kernel = r->rows->kernel(r->rows, true, true, 0)))
		return false;
	atomic_store(&r->flags, 0);
	work_alone(r, 0, r->n);
	return true;
}

/* Hosted: do the outer elements follow each other, too? */
static bool follow(const gj_rows_operand *p, const operand *o, int64_t n)
{
	int64_t bytes = p->size;
	for (uint32_t d = 0; d < p->ndim; d++)
		bytes *= o->shape[d];
	return n == 1 || o->step == bytes;
}

int gj_rows_run(gj_rows *rows, char *const *args, int64_t n, const int64_t *sizes, const int64_t *steps, const int64_t *strides,
	gj_loop_failure *failure)
{
	run r;                                     /* not filled with zeros: it has room for many operands */
	bool contiguous = true;
	if (n < 1)
		return 0;
	r.rows = rows;
	r.n = n;
	r.said = NULL;
	r.shared = false;
	atomic_init(&r.flags, 0);
	atomic_init(&r.interrupted, 0);
	pthread_mutex_init(&r.lock, NULL);
	atomic_init(&r.failed, INT64_MAX);
	r.failure = failure;
	describe(&r, args, sizes, steps, strides);
	r.items = count_items(&r);
	for (uint32_t i = 0; i < rows->nargs; i++)
		contiguous &= is_contiguous(&rows->op[i], &r.op[i]) && (!rows->hosted || follow(&rows->op[i], &r.op[i], n));
	bool alone = are_alone(&r);
	if (!(r.kernel = rows->kernel(rows, contiguous, alone, lanes_for(&r))))
		return -1;
	if (rows->parallel && alone && n > 1)
		run_parallel(&r);
	else
		work_alone(&r, 0, n);
	if (atomic_load(&r.failed) < INT64_MAX && !atomic_load(&r.interrupted))
		return -2;
	if (!rows->hosted && !atomic_load(&r.interrupted) && !raise_exactly(&r))
		return -1;
	return atomic_load(&r.interrupted) ? -1 : atomic_load(&r.flags) & (FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW);
}
