/* The loop of a fused function. It is cut into stretches of the innermost dimension that fit in the first-level cache; threads
 * take some at a time. Elements to be stored go where they belong, those to be reduced into a buffer, from which they are folded.
 * Which elements are folded with which first depends on shapes alone, so results are the same with any number of threads. */
#include "run/cpu/fused.h"

#include "run/cpu/fold.h"
#include "run/cpu/pool.h"
#include "run/cpu/split.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

enum {
	STRETCH = 2048,                            /* elements of one call of compiled code, at most */
	UNIT = 1 << 14,                            /* elements that a thread takes at once */
	WIDEST = 16,                               /* bytes of an element, at most */
	SPREAD = 24,                               /* bytes of what is kept of an element with a weight */
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

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
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
	uint32_t last = f->ndim - 1;
	f->together = last && f->shape[last] * 2 <= STRETCH ? least(STRETCH / f->shape[last], f->shape[last - 1]) : 1;
	for (uint32_t i = 0; i < f->nin && i < 32; i++)
		f->scalars |= (uint64_t)(f->op[i].stride[last] == 0 && (f->together == 1 || f->op[i].stride[last - 1] == 0)) << i;
}

bool gj_fused_streams(const gj_fused *f)
{
	int64_t n = f->shape[f->ndim - 1], written = 0, read = 0, elements = 1;
	for (uint32_t d = 0; d < f->ndim; d++)
		elements *= f->shape[d];
	for (uint32_t i = f->nin; i < f->nargs; i++) {
		if (f->op[i].fold || f->op[i].stride[f->ndim - 1] != f->op[i].size)
			return false;
		written += elements * f->op[i].size;
	}
	for (uint32_t i = 0; i < f->nin; i++) {
		read += f->op[i].stride[f->ndim - 1] ? elements * f->op[i].size : 0;
		for (uint32_t o = f->nin; o < f->nargs; o++)                           /* in place: it is in the caches anyhow */
			if (f->op[i].at == f->op[o].at)
				return false;
	}
	return n >= STRETCH && gj_outlasts_caches(written, written + read);
}

/* -- Stretches ------------------------------------------------------------------------------------------------------------ */

struct memory;
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
	uint32_t held;                             /* … of so many bytes each */
	int64_t  room;                             /* elements of a stretch */
	gj_split *split;                         /* of the tasks */
	_Atomic bool failed;
	_Atomic int64_t raised;                    /* the first task known to have raised; INT64_MAX: none */
	pthread_mutex_t lock;                      /* of *failure: what it raised */
	gj_loop_failure *failure;
	void (*task)(struct run *, int64_t, struct memory *);
} run;

/* A thread's own. `outputs` and `rest` have room for a stretch of each operand, `rows` for one of what is not a run of memory when
 * rows are taken together. */
typedef struct memory {
	char *outputs, *rest, *rows;
	gj_folded *folded;                         /* of short rows */
	bool raised;                               /* the task has raised what `failure` says */
	gj_loop_failure failure;
	struct { const char *at; int64_t step, n; } gathered[GJ_MAX_OPERANDS];     /* in `rows`, the same for all rows */
} memory;

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

static void compute(run *r, const gj_operand *op, int64_t n, memory *m)
{
	m->raised = m->raised || !gj_elementwise_piece(&r->loop, r->f->kernel, r->f->streamed, r->f->scalars, op, n, m->rest, r->room, &m->failure);
}

/* Outputs go to buffers. */
static void into_buffers(const run *r, gj_operand *op, const memory *m)
{
	for (uint32_t i = r->f->nin; i < r->f->nargs; i++)
		op[i] = (gj_operand){ m->outputs + (i - r->f->nin) * r->room * WIDEST, r->f->op[i].size };
}

/* Does operand i of several rows lie as in one, or is it one value in all of them? */
static bool is_run(const run *r, uint32_t i, const gj_operand *op, int64_t n, int64_t step)
{
	return (i < r->f->nin && r->f->scalars >> i & 1) || (op->step == r->loop.size[i] && step == n * op->step);
}

/* Short rows, `op` where the first begins, `step` to the next: inputs that are no run of memory are made one. */
static void compute_rows(run *r, const gj_operand *op, const int64_t *step, int64_t rows, int64_t n, memory *m)
{
	gj_operand flat[GJ_MAX_OPERANDS];
	for (uint32_t i = 0; i < r->f->nargs; i++) {
		uint32_t size = r->loop.size[i];
		char *to = m->rows + i * r->room * WIDEST;
		flat[i] = op[i];
		if (is_run(r, i, &op[i], n, step[i]))
			continue;
		flat[i] = (gj_operand){ to, size };
		if (i >= r->f->nin || (step[i] == 0 && m->gathered[i].at == op[i].at && m->gathered[i].step == op[i].step && m->gathered[i].n >= rows * n))
			continue;
		for (int64_t k = 0; k < rows; k++)
			gj_copy_elements(to + k * n * size, size, op[i].at + k * step[i], op[i].step, n, size);
		m->gathered[i].at = step[i] == 0 ? op[i].at : NULL;
		m->gathered[i].step = op[i].step;
		m->gathered[i].n = rows * n;
	}
	compute(r, flat, rows * n, m);
	for (uint32_t i = r->f->nin; i < r->f->nargs; i++)
		for (int64_t k = 0; flat[i].at != op[i].at && k < rows; k++)
			gj_copy_elements(op[i].at + k * step[i], op[i].step, flat[i].at + k * n * flat[i].step, flat[i].step, n, r->loop.size[i]);
}

/* Row (kept, gone), and those behind it along the dimension before the last, of which no more than `left` are wanted: into buffers or
 * where they belong. Returns how many rows it were. */
static int64_t several(run *r, int64_t kept, int64_t gone, int64_t left, gj_operand *op, memory *m)
{
	const gj_fused *f = r->f;
	uint32_t before = r->last - 1;
	int64_t at = (f->reduced[before] ? gone : kept) % f->shape[before];
	int64_t rows = least(least(f->together, f->shape[before] - at), left), step[GJ_MAX_OPERANDS];
	bool stored = !f->op[f->nin].fold;
	row(r, kept, gone, 0, op);
	if (!stored)
		into_buffers(r, op, m);
	for (uint32_t i = 0; i < f->nargs; i++)
		step[i] = i < f->nin || stored ? f->op[i].stride[before] : r->n * op[i].step;
	compute_rows(r, op, step, rows, r->n, m);
	return rows;
}

/* -- Elements that are stored --------------------------------------------------------------------------------------------- */

/* Task: a chunk of a row, or some rows. */
static void store(run *r, int64_t t, memory *m)
{
	gj_operand op[GJ_MAX_OPERANDS];
	int64_t first = t / r->chunks * r->rows, end = least(first + r->rows, r->kept), from = t % r->chunks * UNIT;
	int64_t to = r->chunks > 1 ? least(from + UNIT, r->n) : r->n;
	for (int64_t k = first, rows = 1; k < end; k += rows) {
		if (r->f->together > 1) {
			rows = several(r, k, 0, end - k, op, m);
			continue;
		}
		row(r, k, 0, from, op);
		compute(r, op, to - from, m);
	}
}

/* -- The innermost dimension is reduced --------------------------------------------------------------------------------------- */

static void fold(const run *r, uint32_t o, const char *x, int64_t n, int64_t index, gj_folded *to)
{
	gj_fold_row((gj_fold)r->f->op[o].fold, r->f->op[o].kind, x, n, index, to);
}

static void fold_part(const run *r, const gj_operand *op, int64_t n, int64_t index, int64_t t)
{
	for (uint32_t o = r->f->nin; o < r->f->nargs; o++)
		fold(r, o, op[o].at, n, index, &r->folded[(o - r->f->nin) * r->tasks + t]);
}

/* Task: part `t % parts` of what is folded to one element: a chunk of a row, or some rows. */
static void fold_rows(run *r, int64_t t, memory *m)
{
	gj_operand op[GJ_MAX_OPERANDS];
	int64_t part = t % r->parts, kept = t / r->parts, first = part / r->chunks * r->rows, end = least(first + r->rows, r->gone);
	int64_t low = part % r->chunks * UNIT, high = r->chunks > 1 ? least(low + UNIT, r->n) : r->n;
	for (int64_t g = first, rows = 1; g < end; g += rows) {
		if (r->f->together > 1 && r->f->reduced[r->last - 1]) {
			rows = several(r, kept, g, end - g, op, m);
			fold_part(r, op, rows * r->n, g * r->n, t);
			continue;
		}
		for (int64_t from = low, n; from < high; from += n) {
			n = least(high - from, r->room);
			row(r, kept, g, from, op);
			into_buffers(r, op, m);
			compute(r, op, n, m);
			fold_part(r, op, n, g * r->n + from, t);
		}
	}
}

/* The elements that short rows from `kept` on were folded to. */
static void finish_each(const run *r, int64_t kept, int64_t rows, const gj_folded *folded)
{
	gj_operand op[GJ_MAX_OPERANDS];
	row(r, kept, 0, 0, op);
	for (uint32_t o = r->f->nin; o < r->f->nargs; o++)
		for (int64_t i = 0; i < rows; i++)
			gj_fold_end((gj_fold)r->f->op[o].fold, r->f->op[o].kind, folded++, r->f->op[o].ddof, op[o].at + i * r->f->op[o].stride[r->last - 1]);
}

/* Task: some of many short rows, each of which is folded to an element. */
static void fold_each(run *r, int64_t t, memory *m)
{
	gj_operand op[GJ_MAX_OPERANDS];
	int64_t first = t * r->rows, end = least(first + r->rows, r->kept);
	for (int64_t k = first, rows = 0; k < end; k += rows) {
		memset(m->folded, 0, (size_t)((r->f->nargs - r->f->nin) * r->f->together) * sizeof *m->folded);
		for (int64_t g = 0; g < r->gone; g++) {
			gj_folded *to = m->folded;
			rows = several(r, k, g, end - k, op, m);
			for (uint32_t o = r->f->nin; o < r->f->nargs; o++)
				for (int64_t i = 0; i < rows; i++)
					fold(r, o, op[o].at + i * r->n * op[o].step, r->n, g * r->n, to++);
		}
		finish_each(r, k, rows, m->folded);
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
			gj_fold_end((gj_fold)r->f->op[o].fold, r->f->op[o].kind, p, r->f->op[o].ddof, op[o].at);
		}
}

/* -- The innermost dimension stays -------------------------------------------------------------------------------------------- */

static char *column_of(const run *r, uint32_t o, int64_t part, int64_t at)
{
	return r->column + (((o - r->f->nin) * r->parts + part) * r->kept * r->n + at) * r->held;
}

static int64_t *where_of(const run *r, uint32_t o, int64_t part, int64_t at)
{
	return r->where + ((o - r->f->nin) * r->parts + part) * r->kept * r->n + at;
}

/* VAR and STD have more to keep than an element. */
static bool spreads(const gj_fused_operand *p) { return p->fold == GJ_FOLD_VAR || p->fold == GJ_FOLD_STD; }

/* Element `index` of each column, the count-th that is folded here. */
static void fold_column(const run *r, uint32_t o, const char *x, char *to, int64_t *at, int64_t n, int64_t index, int64_t count)
{
	const gj_fused_operand *p = &r->f->op[o];
	if (spreads(p)) {
		double *kept = (double *)(void *)to;
		count > 1 ? gj_spread_column(p->kind, kept, x, count, n) : gj_spread_first(p->kind, kept, x, n);
		return;
	}
	if (count > 1) {
		gj_fold_column((gj_fold)p->fold, p->kind, to, at, x, NULL, index, n);
		return;
	}
	memcpy(to, x, (size_t)n * p->size);
	for (int64_t i = 0; p->fold >= GJ_FOLD_ARGMIN && i < n; i++)
		at[i] = index;
}

/* Task: a part of the rows that are folded, of a stretch of what stays. Columns have `held` bytes an element set aside, and are packed. */
static void fold_columns(run *r, int64_t t, memory *m)
{
	gj_operand op[GJ_MAX_OPERANDS];
	int64_t part = t % r->parts, piece = t / r->parts, kept = piece / r->chunks, from = piece % r->chunks * r->room;
	int64_t n = least(r->n - from, r->room), first = part * r->rows, end = least(first + r->rows, r->gone), rows = 1;
	for (int64_t g = first; g < end; g += rows) {
		if (r->f->together > 1 && r->f->reduced[r->last - 1]) {
			rows = several(r, kept, g, end - g, op, m);
		} else {
			row(r, kept, g, from, op);
			into_buffers(r, op, m);
			compute(r, op, n, m);
		}
		for (uint32_t o = r->f->nin; o < r->f->nargs; o++)
			for (int64_t i = 0; i < rows; i++)
				fold_column(r, o, op[o].at + i * n * op[o].step, column_of(r, o, part, kept * r->n + from),
					where_of(r, o, part, kept * r->n + from), n, g + i, g + i - first + 1);
	}
}

/* The parts of a stretch of columns, of which the first is kept, as means and squares. */
static void finish_spread(const run *r, uint32_t o, int64_t at, int64_t n, const gj_operand *op)
{
	const gj_fused_operand *p = &r->f->op[o];
	double *all = (double *)(void *)column_of(r, o, 0, at);
	int64_t count = least(r->rows, r->gone);
	for (int64_t i = 1, more; i < r->parts; i++, count += more) {
		more = least(r->rows, r->gone - i * r->rows);
		gj_spread_join(p->kind, all, count, (double *)(void *)column_of(r, o, i, at), more, n);
	}
	for (int64_t i = 0; i < n; i++)
		gj_spread_end((gj_fold)p->fold, p->kind, all, i, n, r->gone, p->ddof, op->at + i * op->step);
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
				if (spreads(p)) {
					row(r, k, 0, from, op);
					finish_spread(r, o, at, n, &op[o]);
					continue;
				}
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

static void note_raised(run *r, int64_t task, const memory *m)
{
	pthread_mutex_lock(&r->lock);
	if (task < atomic_load(&r->raised)) {
		atomic_store(&r->raised, task);
		*r->failure = m->failure;
	}
	pthread_mutex_unlock(&r->lock);
}

static void work(void *arg, unsigned me)
{
	run *r = arg;
	size_t each = (size_t)r->room * r->f->nargs * WIDEST;
	char *all = malloc(each * (r->f->together > 1 ? 4 : 2));
	if (!all) {
		atomic_store(&r->failed, true);
		return;
	}
	memory m = { .outputs = all, .rest = all + each, .rows = all + 2 * each, .folded = (gj_folded *)(void *)(all + 3 * each) };
	unsigned passed = 0;
	for (int64_t t, end; gj_split_take(r->split, me, &passed, &t, &end);)
		for (; t < end && t < atomic_load_explicit(&r->raised, memory_order_relaxed); t++) {
			m.raised = false;
			r->task(r, t, &m);
			if (m.raised)
				note_raised(r, t, &m);
		}
	_mm_sfence();                              /* what went past the caches is there for whoever comes next */
	free(all);
}

static void start(run *r)
{
	unsigned threads = (unsigned)least((r->tasks + r->batch - 1) / r->batch, gj_pool_threads());
	gj_split split;
	if (!r->tasks)
		return;
	r->split = &split;
	gj_split_init(&split, 0, r->tasks, r->batch, threads);
	gj_pool_run(work, r, threads - 1, false, NULL);
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
	if (r->f->together > 1 && !r->f->reduced[r->last - 1] && r->parts == 1) {
		r->rows = UNIT / (r->gone * r->n) + 1;
		r->tasks = (r->kept + r->rows - 1) / r->rows;
		r->batch = 1;
		r->task = fold_each;
		start(r);
		return !r->failed;
	}
	r->batch = r->parts > 1 ? 1 : UNIT / (r->gone * r->n) + 1;
	r->task = fold_rows;
	r->folded = calloc((size_t)r->tasks * (r->f->nargs - r->f->nin), sizeof *r->folded);
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
	r->held = 8;
	for (uint32_t o = r->f->nin; o < r->f->nargs; o++)
		r->held = spreads(&r->f->op[o]) && r->f->op[o].kind == GJ_C128 ? SPREAD : r->held < WIDEST && (spreads(&r->f->op[o]) || r->f->op[o].size > 8) ? WIDEST : r->held;
	r->column = malloc(elements * r->held);
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

bool gj_fused_run(gj_fused *f, gj_loop_failure *failure)
{
	run r = { .f = f, .raised = INT64_MAX, .lock = PTHREAD_MUTEX_INITIALIZER, .failure = failure, .last = f->ndim - 1, .n = f->shape[f->ndim - 1], .kept = 1, .gone = 1, .room = STRETCH };
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
		ok = !r.failed;
	} else {
		ok = f->reduced[r.last] ? reduce_rows(&r) : reduce_columns(&r);
	}
	free(r.folded);
	if ((char *)r.where != r.column)
		free(r.where);
	free(r.column);
	if (!ok)
		failure->status = GJ_E_NOMEM;
	return ok && atomic_load(&r.raised) == INT64_MAX;
}
