/* The loop of a fused function. It is cut into stretches of the innermost dimension that fit in the first-level cache; threads
 * take some at a time. Elements to be stored go where they belong, those to be reduced into a buffer, from which they are folded.
 * Which elements are folded with which first depends on shapes alone, so results are the same with any number of threads. */
#include "run/cpu/fused.h"

#include "run/cpu/fold.h"
#include "run/cpu/pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

enum {
	STRETCH = 2048,                            /* elements of one call of compiled code, at most */
	UNIT = 1 << 14,                            /* elements that a thread takes at once */
	FEW = 16                                   /* pieces of the result: fewer are each folded in several parts */
};

/* -- The plan ------------------------------------------------------------------------------------------------------------ */

static bool finds_positions(const gj_fused *f)
{
	for (uint32_t i = f->nin; i < f->nargs; i++)
		if (f->op[i].fold >= GJ_FOLD_ARGMIN)
			return true;
	return false;
}

static int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

/* Does dimension a step further than b, as most operands see it? */
static bool is_outer(const gj_fused *f, uint32_t a, uint32_t b)
{
	int votes = 0;
	for (uint32_t i = 0; i < f->nargs; i++) {
		int64_t x = magnitude(f->op[i].stride[a]), y = magnitude(f->op[i].stride[b]);
		if (x && y && x != y)
			votes += x > y ? 1 : -1;
	}
	return votes >= 0;
}

static void swap(gj_fused *f, uint32_t a, uint32_t b)
{
	int64_t n = f->shape[a];
	bool r = f->reduced[a];
	f->shape[a] = f->shape[b], f->shape[b] = n;
	f->reduced[a] = f->reduced[b], f->reduced[b] = r;
	for (uint32_t i = 0; i < f->nargs; i++) {
		int64_t s = f->op[i].stride[a];
		f->op[i].stride[a] = f->op[i].stride[b], f->op[i].stride[b] = s;
	}
}

/* Dimension `to` takes the place of what dimension `from` was. */
static void move(gj_fused *f, uint32_t to, uint32_t from)
{
	if (to != from)
		swap(f, to, from);
}

static bool is_one(const gj_fused *f, uint32_t outer, uint32_t inner)
{
	bool one = f->reduced[outer] == f->reduced[inner];
	for (uint32_t i = 0; one && i < f->nargs; i++)
		one = f->op[i].stride[outer] == f->op[i].stride[inner] * f->shape[inner];
	return one;
}

void gj_fused_plan(gj_fused *f)
{
	uint32_t n = 0;
	for (uint32_t d = 0; d < f->ndim; d++)
		if (f->shape[d] != 1)
			move(f, n++, d);
	if (n == 0) {
		f->shape[0] = 1;
		f->reduced[0] = f->ndim > 0 && f->reduced[0];
		for (uint32_t i = 0; i < f->nargs; i++)
			f->op[i].stride[0] = f->op[i].size;
		n = 1;
	}
	f->ndim = n;
	for (uint32_t d = 1; d < n && !finds_positions(f); d++)
		for (uint32_t k = d; k > 0 && !is_outer(f, k - 1, k); k--)
			swap(f, k - 1, k);
	for (uint32_t d = f->ndim - 1; d-- > 0;)
		if (is_one(f, d, d + 1)) {
			f->shape[d + 1] *= f->shape[d];
			for (uint32_t k = d; k + 1 < f->ndim; k++)
				swap(f, k, k + 1);
			f->ndim--;
		}
	for (uint32_t i = 0; i < f->nin && i < 32; i++)
		f->scalars |= (uint64_t)(f->op[i].stride[f->ndim - 1] == 0) << i;
}

bool gj_fused_streams(const gj_fused *f)
{
	int64_t n = f->shape[f->ndim - 1], all = 0, elements = 1;
	for (uint32_t d = 0; d < f->ndim; d++)
		elements *= f->shape[d];
	for (uint32_t i = f->nin; i < f->nargs; i++) {
		if (f->op[i].fold || f->op[i].stride[f->ndim - 1] != f->op[i].size)
			return false;
		all += elements * f->op[i].size;
	}
	for (uint32_t i = 0; i < f->nin; i++)                                      /* in place: it is in the caches anyhow */
		for (uint32_t o = f->nin; o < f->nargs; o++)
			if (f->op[i].at == f->op[o].at)
				return false;
	return n >= STRETCH && all >= GJ_STREAM_BYTES;
}

/* -- Stretches ------------------------------------------------------------------------------------------------------------ */

typedef struct run {
	gj_fused *f;
	gj_elementwise loop;                       /* sizes */
	uint32_t last;                             /* the innermost dimension */
	int64_t  n;                                /* … its extent */
	int64_t  kept, gone;                       /* positions of the outer dimensions that stay, of those that are reduced */
	int64_t  tasks, batch;                     /* pieces of work; taken at once */
	int64_t  parts, rows, chunks;              /* see plans of reductions */
	gj_folded *folded;                         /* [output][kept][part] */
	char     *column; int64_t *where;          /* [output][part][kept · n] */
	uint32_t room;                             /* elements of a stretch */
	_Atomic int64_t next;
	_Atomic bool failed;
	void (*task)(struct run *, int64_t, char *memory);
} run;

/* Where the operands are at position `at` of the outer dimensions that are reduced, or of those that stay. */
static void offsets(const run *r, int64_t at, bool reduced, gj_operand *op)
{
	const gj_fused *f = r->f;
	for (uint32_t d = r->last; d-- > 0;) {
		if (f->reduced[d] != reduced)
			continue;
		int64_t i = at % f->shape[d];
		at /= f->shape[d];
		for (uint32_t k = 0; k < f->nargs; k++)
			op[k].at += i * f->op[k].stride[d];
	}
}

/* The operands of row (kept, gone) from its element `from` on. */
static void row(const run *r, int64_t kept, int64_t gone, int64_t from, gj_operand *op)
{
	for (uint32_t i = 0; i < r->f->nargs; i++) {
		op[i].step = r->f->op[i].stride[r->last];
		op[i].at = r->f->op[i].at + from * op[i].step;
	}
	offsets(r, kept, false, op);
	offsets(r, gone, true, op);
}

static void compute(run *r, const gj_operand *op, int64_t n, char *buffer)
{
	gj_elementwise_piece(&r->loop, r->f->kernel, r->f->streamed, r->f->scalars, op, n, buffer, r->room);
}

/* Outputs go to buffers, one behind the other in memory; returns what is behind them. */
static char *into_buffers(const run *r, gj_operand *op, char *memory)
{
	for (uint32_t i = r->f->nin; i < r->f->nargs; i++) {
		op[i] = (gj_operand){ memory, r->f->op[i].size };
		memory += r->room * 8;
	}
	return memory;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* -- Elements that are stored --------------------------------------------------------------------------------------------- */

/* Task: a chunk of a row, or some rows. */
static void store(run *r, int64_t t, char *memory)
{
	gj_operand op[GJ_MAX_OPERANDS];
	int64_t first = t / r->chunks * r->rows, end = least(first + r->rows, r->kept), from = t % r->chunks * UNIT;
	int64_t to = r->chunks > 1 ? least(from + UNIT, r->n) : r->n;
	for (int64_t k = first; k < end; k++) {
		row(r, k, 0, from, op);
		compute(r, op, to - from, memory);
	}
}

/* -- The innermost dimension is reduced --------------------------------------------------------------------------------------- */

/* Task: part `t % parts` of what is folded to one element: a chunk of a row, or some rows. */
static void fold_rows(run *r, int64_t t, char *memory)
{
	gj_operand op[GJ_MAX_OPERANDS];
	int64_t part = t % r->parts, kept = t / r->parts, first = part / r->chunks * r->rows, end = least(first + r->rows, r->gone);
	int64_t low = part % r->chunks * UNIT, high = r->chunks > 1 ? least(low + UNIT, r->n) : r->n;
	for (int64_t g = first; g < end; g++)
		for (int64_t from = low, n; from < high; from += n) {
			n = least(high - from, r->room);
			row(r, kept, g, from, op);
			char *rest = into_buffers(r, op, memory);
			compute(r, op, n, rest);
			for (uint32_t o = r->f->nin; o < r->f->nargs; o++)
				gj_fold_row((gj_fold)r->f->op[o].fold, r->f->op[o].kind, op[o].at, n, g * r->n + from,
					&r->folded[(o - r->f->nin) * r->tasks + t]);
		}
}

static void finish_rows(run *r)
{
	for (uint32_t o = r->f->nin; o < r->f->nargs; o++)
		for (int64_t k = 0; k < r->kept; k++) {
			gj_operand op[GJ_MAX_OPERANDS];
			gj_folded *p = &r->folded[(o - r->f->nin) * r->tasks + k * r->parts];
			for (int64_t i = 1; i < r->parts; i++)
				gj_fold_join((gj_fold)r->f->op[o].fold, r->f->op[o].kind, p, p + i);
			row(r, k, 0, 0, op);
			gj_fold_end((gj_fold)r->f->op[o].fold, r->f->op[o].kind, p, op[o].at);
		}
}

/* -- The innermost dimension stays -------------------------------------------------------------------------------------------- */

static char *column_of(const run *r, uint32_t o, int64_t part, int64_t at)
{
	return r->column + (((o - r->f->nin) * r->parts + part) * r->kept * r->n + at) * 8;
}

static int64_t *where_of(const run *r, uint32_t o, int64_t part, int64_t at)
{
	return r->where + ((o - r->f->nin) * r->parts + part) * r->kept * r->n + at;
}

/* Task: a part of the rows that are folded, of a stretch of what stays. Columns have 8 bytes an element set aside, and are packed. */
static void fold_columns(run *r, int64_t t, char *memory)
{
	gj_operand op[GJ_MAX_OPERANDS];
	int64_t part = t % r->parts, piece = t / r->parts, kept = piece / r->chunks, from = piece % r->chunks * r->room;
	int64_t n = least(r->n - from, r->room), first = part * r->rows, end = least(first + r->rows, r->gone);
	for (int64_t g = first; g < end; g++) {
		row(r, kept, g, from, op);
		char *rest = into_buffers(r, op, memory);
		compute(r, op, n, rest);
		for (uint32_t o = r->f->nin; o < r->f->nargs; o++) {
			const gj_fused_operand *p = &r->f->op[o];
			char *to = column_of(r, o, part, kept * r->n + from);
			int64_t *at = where_of(r, o, part, kept * r->n + from);
			if (g > first) {
				gj_fold_column((gj_fold)p->fold, p->kind, to, at, op[o].at, NULL, g, n);
				continue;
			}
			memcpy(to, op[o].at, (size_t)n * p->size);
			for (int64_t i = 0; p->fold >= GJ_FOLD_ARGMIN && i < n; i++)
				at[i] = g;
		}
	}
}

static void finish_columns(run *r)
{
	for (uint32_t o = r->f->nin; o < r->f->nargs; o++) {
		const gj_fused_operand *p = &r->f->op[o];
		bool position = p->fold >= GJ_FOLD_ARGMIN;
		for (int64_t k = 0; k < r->kept; k++)
			for (int64_t from = 0, n; from < r->n; from += n) {
				gj_operand op[GJ_MAX_OPERANDS];
				n = least(r->n - from, r->room);
				int64_t at = k * r->n + from;
				for (int64_t i = 1; i < r->parts; i++)
					gj_fold_column((gj_fold)p->fold, p->kind, column_of(r, o, 0, at), where_of(r, o, 0, at), column_of(r, o, i, at),
						where_of(r, o, i, at), 0, n);
				row(r, k, 0, from, op);
				for (int64_t i = 0; i < n; i++)
					memcpy(op[o].at + i * op[o].step, position ? (char *)(where_of(r, o, 0, at) + i) : column_of(r, o, 0, at) + i * p->size,
						position ? 8 : p->size);
			}
	}
}

/* -- Running ------------------------------------------------------------------------------------------------------------------ */

static void work(void *arg)
{
	run *r = arg;
	char *memory = malloc((size_t)r->room * r->f->nargs * 16 + 64);
	if (!memory) {
		atomic_store(&r->failed, true);
		return;
	}
	for (int64_t t; (t = atomic_fetch_add_explicit(&r->next, r->batch, memory_order_relaxed)) < r->tasks;)
		for (int64_t end = least(t + r->batch, r->tasks); t < end; t++)
			r->task(r, t, memory);
	_mm_sfence();                              /* what went past the caches is there for whoever comes next */
	free(memory);
}

static void start(run *r)
{
	int64_t takes = (r->tasks + r->batch - 1) / r->batch, threads = gj_pool_threads();
	if (takes > 1 && threads > 1)
		gj_pool_run(work, r, (unsigned)(least(takes, threads) - 1), false, NULL);
	else
		work(r);
}

/* Rows of a unit, chunks of a row: one of them is 1. */
static void cut(run *r)
{
	r->chunks = (r->n + UNIT - 1) / UNIT;
	r->rows = r->chunks > 1 || !r->n ? 1 : UNIT / r->n;
}

static bool reduce_rows(run *r)
{
	cut(r);
	r->parts = r->chunks * ((r->gone + r->rows - 1) / r->rows);
	r->tasks = r->kept * r->parts;
	r->batch = r->parts > 1 ? 1 : UNIT / (r->gone * r->n) + 1;
	r->folded = calloc((size_t)r->tasks * (r->f->nargs - r->f->nin), sizeof *r->folded);
	r->task = fold_rows;
	if (r->folded)
		start(r);
	if (r->folded && !r->failed)
		finish_rows(r);
	return r->folded && !r->failed;
}

static bool reduce_columns(run *r)
{
	r->chunks = (r->n + r->room - 1) / r->room;
	int64_t pieces = r->kept * r->chunks;
	r->rows = pieces >= FEW || r->gone * r->n < 2 * UNIT ? r->gone : (r->gone + FEW - 1) / FEW;
	r->parts = (r->gone + r->rows - 1) / r->rows;
	r->tasks = pieces * r->parts;
	r->batch = UNIT / (r->rows * least(r->n, r->room)) + 1;
	size_t elements = (size_t)(r->kept * r->n * r->parts) * (r->f->nargs - r->f->nin);
	r->column = malloc(elements * 8);
	r->where = finds_positions(r->f) ? malloc(elements * 8) : (int64_t *)(void *)r->column;
	r->task = fold_columns;
	bool ok = r->column && r->where;
	if (ok)
		start(r);
	ok = ok && !r->failed;
	if (ok)
		finish_columns(r);
	return ok;
}

bool gj_fused_run(gj_fused *f)
{
	run r = { .f = f, .last = f->ndim - 1, .n = f->shape[f->ndim - 1], .kept = 1, .gone = 1, .room = STRETCH };
	bool reduces = f->nargs > f->nin && f->op[f->nin].fold, ok = true;
	r.loop.nin = f->nin;
	r.loop.nargs = f->nargs;
	for (uint32_t i = 0; i < f->nargs; i++)
		r.loop.size[i] = (uint8_t)f->op[i].size;
	for (uint32_t d = 0; d < r.last; d++)
		*(f->reduced[d] ? &r.gone : &r.kept) *= f->shape[d];
	if (!reduces) {
		cut(&r);
		r.tasks = r.chunks * ((r.kept + r.rows - 1) / r.rows);
		r.batch = 1;
		r.task = store;
		start(&r);
		return !r.failed;
	}
	ok = f->reduced[r.last] ? reduce_rows(&r) : reduce_columns(&r);
	free(r.folded);
	if ((char *)r.where != r.column)
		free(r.where);
	free(r.column);
	return ok;
}
