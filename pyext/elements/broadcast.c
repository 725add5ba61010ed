/* Broadcasting, the order of dimensions, and merging those that lie as one: NumPy's rules, on plain numbers. */
#include "elements/broadcast.h"

#include <string.h>

bool gj_walk_broadcast(gj_walk *l, uint32_t first)
{
	l->ndim = 0;
	for (uint32_t i = first; i < l->n; i++)
		if (l->op[i].ndim > l->ndim)
			l->ndim = l->op[i].ndim;
	for (int d = 0; d < l->ndim; d++)
		l->shape[d] = 1;
	for (uint32_t i = first; i < l->n; i++)
		for (int d = 0; d < l->op[i].ndim; d++) {
			int64_t *extent = &l->shape[l->ndim - l->op[i].ndim + d], has = l->op[i].shape[d];
			if (*extent == 1)
				*extent = has;
			else if (has != 1 && has != *extent)
				return false;
		}
	l->size = 1;
	for (int d = 0; d < l->ndim; d++) {
		l->order[d] = (uint8_t)d;
		if (__builtin_mul_overflow(l->size, l->shape[d], &l->size))
			l->size = INT64_MAX;
	}
	return true;
}

bool gj_walk_steps(gj_walk *l, uint32_t first, uint32_t end, uint32_t *bad)
{
	for (uint32_t i = first; i < end; i++) {
		gj_operand *o = &l->op[i];
		int lead = l->ndim - o->ndim;
		*bad = i;
		if (lead < 0 || (lead && i < l->nout))
			return false;
		memset(o->step, 0, sizeof o->step);
		for (int d = 0; d < o->ndim; d++) {
			if (o->shape[d] != l->shape[lead + d] && (o->shape[d] != 1 || i < l->nout))
				return false;
			if (o->shape[d] != 1)
				o->step[lead + d] = o->strides[d];
		}
	}
	return true;
}

static int64_t length(int64_t step) { return step < 0 ? -step : step; }

/* Should dimension b run slower than a, which stands before it? One operand that says no decides. */
static bool swapped(const gj_walk *l, uint32_t first, int a, int b)
{
	bool swap = false;
	for (uint32_t i = first; i < l->n; i++) {
		int64_t sa = length(l->op[i].step[a]), sb = length(l->op[i].step[b]);
		if (!sa || !sb)
			continue;
		if (sa >= sb)
			return false;
		swap = true;
	}
	return swap;
}

void gj_walk_order(gj_walk *l, uint32_t first)
{
	for (int d = 1; d < l->ndim; d++) {
		int at = d;
		uint8_t moved = l->order[d];
		while (at > 0 && swapped(l, first, l->order[at - 1], moved)) {
			l->order[at] = l->order[at - 1];
			at--;
		}
		l->order[at] = moved;
	}
}

void gj_walk_strides(const gj_walk *l, int64_t size, int64_t *strides)
{
	for (int k = l->ndim; k-- > 0;) {
		strides[l->order[k]] = size;
		size *= l->shape[l->order[k]];
	}
}

/* Do elements along dimension `outer` go on where those along `inner`, of `extent`, end? */
static bool joins(const gj_walk *l, int outer, int inner)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->op[i].step[outer] != l->op[i].step[inner] * l->shape[inner])
			return false;
	return true;
}

void gj_walk_collapse(gj_walk *l)
{
	gj_walk given = *l;
	int n = 0;
	for (int k = 0; k < given.ndim; k++) {
		int from = given.order[k];
		if (given.shape[from] == 1)
			continue;
		l->shape[n] = given.shape[from];
		for (uint32_t i = 0; i < l->n; i++)
			l->op[i].step[n] = given.op[i].step[from];
		if (n && joins(l, n - 1, n)) {
			l->shape[n - 1] *= l->shape[n];
			for (uint32_t i = 0; i < l->n; i++)
				l->op[i].step[n - 1] = l->op[i].step[n];
		} else
			n++;
	}
	if (!n) {
		l->shape[n++] = 1;
		for (uint32_t i = 0; i < l->n; i++)
			l->op[i].step[0] = l->op[i].size;
	}
	l->ndim = n;
	for (uint32_t i = 0; i < l->n; i++) {
		gj_operand *o = &l->op[i];
		for (int d = 0; d < n && o->varies != GJ_BY_VALUE; d++)
			o->varies |= (uint8_t)(o->step[d] ? 1 << d : 0);
	}
}

static void range(const gj_walk *l, const gj_operand *o, uintptr_t *lo, uintptr_t *hi)
{
	*lo = o->data;
	*hi = o->data + (uintptr_t)o->size;
	for (int d = 0; d < l->ndim; d++)
		*(o->step[d] < 0 ? lo : hi) += (uintptr_t)(o->step[d] * (l->shape[d] - 1));
}

bool gj_walk_overlaps(const gj_walk *l, uint32_t out)
{
	uintptr_t lo, hi, low, high;
	const gj_operand *o = &l->op[out];
	range(l, o, &lo, &hi);
	for (uint32_t i = 0; i < l->n; i++) {
		const gj_operand *x = &l->op[i];
		if (i == out || x->varies == GJ_BY_VALUE)
			continue;
		range(l, x, &low, &high);
		bool same = x->data == o->data && x->size == o->size && !memcmp(x->step, o->step, sizeof *x->step * (size_t)l->ndim);
		if (low < hi && lo < high && (!same || i < l->nout))
			return true;
	}
	return false;
}
