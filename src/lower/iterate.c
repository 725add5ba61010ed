/* Lowering of iteration: iterators, their positions and their items. A zip is a tuple of iterators, and its position a
 * tuple of theirs. */
#include "lower/lower.h"

/* The iterator and the position that item i of a zip has; its own results are put side by side. */
static gj_lv zipped(gj_lower *L, gj_lv it, uint32_t i) { return gj_lv_item(L, (gj_lv){ it.type->elem, NULL, it.part }, i); }

static gj_lv range_of(gj_lv it) { return (gj_lv){ it.type->elem, NULL, it.part }; }

gj_lv gj_liter(gj_lower *L, gj_lv a, const gj_type *t)
{
	gj_ref *p;
	if (a.type->kind == GJ_EXPRESSION)
		gj_lshaped(L, a);                          /* once: its shapes must fit */
	if (a.type->kind != GJ_RANGE)
		return (gj_lv){ t, NULL, a.part };
	gj_lv v = gj_lv_new(L, t, &p);
	gj_lrange_iter(L, a, p);
	return v;
}

/* -- Indices of all dimensions, as positions: the last one fastest ------------------------------------------------------ */

/* How many indices there are, of those that are not walked through. */
static gj_ref counted(gj_lower *L, gj_lv it)
{
	return it.type->elem->readonly ? it.part[it.type->elem->ndim] : gj_eint(L, gj_i64(), 1);
}

/* Extent d of what is walked through. */
static gj_ref walked(gj_lv it, uint32_t d) { return it.part[it.type->elem->kind == GJ_FLAT ? 1 + d : d]; }

/* All zero; where there is nothing, the first index stands at its end. */
static gj_lv walk_start(gj_lower *L, gj_lv it, const gj_type *t)
{
	gj_ref *p, zero = gj_eint(L, gj_i64(), 0), empty = gj_eint(L, gj_bool(), 0);
	gj_lv v = gj_lv_new(L, t, &p);
	for (uint32_t d = 0; d < t->n; d++) {
		p[d] = zero;
		empty = gj_e2(L, GJ_OR, gj_bool(), empty, gj_ecmp(L, GJ_CMP_LE, walked(it, d), zero));
	}
	p[0] = gj_e3(L, GJ_SELECT, gj_i64(), empty, gj_e2(L, GJ_MAX, gj_i64(), walked(it, 0), zero), zero);
	return v;
}

static gj_lv walk_on(gj_lower *L, gj_lv it, gj_lv at)
{
	gj_ref *p, zero = gj_eint(L, gj_i64(), 0), carry = 0;
	gj_lv v = gj_lv_new(L, at.type, &p);
	for (uint32_t d = at.type->n; d-- > 0;) {
		gj_ref next = gj_eindex(L, GJ_ADD, at.part[d], carry ? gj_ecast(L, carry, gj_i64()) : gj_eint(L, gj_i64(), 1));
		carry = gj_ecmp(L, GJ_CMP_GE, next, walked(it, d));
		p[d] = d ? gj_e3(L, GJ_SELECT, gj_i64(), carry, zero, next) : next;
	}
	return v;
}

static gj_lv walk_item(gj_lower *L, gj_lv it, gj_lv at, const gj_type *t)
{
	if (it.type->elem->kind == GJ_INDICES)
		return (gj_lv){ t, NULL, at.part };
	gj_lv a = { it.type->elem->elem, NULL, it.part };
	return gj_lload_from(L, a, gj_lelement(L, a, at.part), t);
}

/* -- Loops ---------------------------------------------------------------------------------------------------------------- */

gj_lv gj_literstart(gj_lower *L, gj_lv it, const gj_type *t)
{
	if (gj_is_walked(it.type->elem))
		return walk_start(L, it, t);
	if (gj_is_zip(it.type->elem)) {
		gj_ref *p;
		gj_lv v = gj_lv_new(L, t, &p);
		for (uint32_t i = 0; i < t->n; i++)
			p = gj_append(p, gj_literstart(L, zipped(L, it, i), t->item[i]));
		return v;
	}
	return gj_lv_scalar(L, t, it.type->elem->kind == GJ_RANGE ? gj_lrange_start(L, range_of(it)) : gj_eint(L, t, 0));
}

gj_lv gj_literhas(gj_lower *L, gj_lv it, gj_lv at)
{
	const gj_type *over = it.type->elem, *bool_ = gj_scalar[GJ_BOOL];
	gj_ref i = at.part[0];
	if (gj_is_walked(over))
		return gj_lv_scalar(L, bool_, gj_ecmp(L, GJ_CMP_LT, i, walked(it, 0)));
	if (gj_is_zip(over)) {
		gj_lv yes = gj_literhas(L, zipped(L, it, 0), gj_lv_item(L, at, 0));
		for (uint32_t k = 1; k < over->n; k++) {
			gj_ref also = gj_literhas(L, zipped(L, it, k), gj_lv_item(L, at, k)).part[0];
			yes = gj_lv_scalar(L, bool_, gj_e2(L, GJ_AND, bool_, yes.part[0], also));
		}
		return yes;
	}
	if (over->kind == GJ_TUPLE)
		return gj_lv_scalar(L, bool_, gj_ecmp(L, GJ_CMP_LT, i, gj_eint(L, gj_i64(), over->n)));
	if (over->kind == GJ_INDICES)
		return gj_lv_scalar(L, bool_, gj_ecmp(L, GJ_CMP_LT, i, counted(L, it)));
	if (gj_has_elements(over))
		return gj_lv_scalar(L, bool_, gj_ecmp(L, GJ_CMP_LT, i, gj_extent(gj_lextents(L, (gj_lv){ over, NULL, it.part }), 0)));
	return gj_lv_scalar(L, bool_, gj_lrange_has(L, range_of(it), i));
}

/* Indices number `left`, of what is walked through. */
static gj_lv indices_at(gj_lower *L, gj_lv it, gj_ref left)
{
	const gj_type *over = it.type->elem;
	uint32_t ndim = over->kind == GJ_FLAT ? over->elem->ndim : over->ndim;
	gj_ref *p;
	gj_lv at = gj_lv_new(L, gj_index_tuple(ndim), &p);
	for (uint32_t d = ndim; d-- > 0;) {
		p[d] = d ? gj_e2(L, GJ_MOD, gj_i64(), left, walked(it, d)) : left;
		left = d ? gj_e2(L, GJ_FLOORDIV, gj_i64(), left, walked(it, d)) : left;
	}
	return at;
}

static gj_lv item_at(gj_lower *L, gj_lv it, gj_lv at, const gj_type *t)
{
	const gj_type *over = it.type->elem;
	gj_lv a = { over, NULL, it.part };
	if (gj_is_walked(over))
		return walk_item(L, it, at, t);
	if (over->kind == GJ_INDICES)
		return indices_at(L, it, at.part[0]);
	if (over->kind == GJ_RANGE)
		return gj_lv_scalar(L, t, gj_lrange_get(L, range_of(it), at.part[0]));
	if (gj_has_elements(over))
		return gj_larray_item(L, a, at.part[0], t);
	if (!gj_is_zip(over))
		return gj_lchosen(L, a, at.part[0], t);
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	for (uint32_t k = 0; k < over->n; k++)
		p = gj_append(p, item_at(L, zipped(L, it, k), gj_lv_item(L, at, k), t->item[k]));
	return v;
}

/* How many items there are, as far as that ends the iteration; 0: they are not known, or without end. */
static gj_ref items_of(gj_lower *L, gj_lv it)
{
	const gj_type *over = it.type->elem;
	if (gj_is_walked(over))
		return 0;
	if (over->kind == GJ_RANGE)
		return gj_lrange_ends(L, range_of(it)) ? gj_ecast(L, it.part[3], gj_i64()) : 0;
	if (over->kind == GJ_INDICES)
		return counted(L, it);
	if (gj_has_elements(over))
		return gj_extent(gj_lextents(L, (gj_lv){ over, NULL, it.part }), 0);
	if (!gj_is_zip(over))
		return gj_eint(L, gj_i64(), over->n);
	gj_ref least = 0;
	for (uint32_t k = 0; k < over->n; k++) {
		gj_lv one = zipped(L, it, k);
		gj_ref n = items_of(L, one);
		bool endless = one.type->elem->kind == GJ_RANGE && !gj_lrange_ends(L, range_of(one));
		if (!n && !endless)
			return 0;
		least = least && n ? gj_e2(L, GJ_MIN, gj_i64(), least, n) : n ? n : least;
	}
	return least;
}

/* The number of what is walked through is the product of its extents; of several things at once it is the least. */
gj_ref gj_litercount(gj_lower *L, gj_lv it)
{
	const gj_type *over = it.type->elem;
	gj_ref n = gj_eint(L, gj_i64(), 1), least = 0;
	for (uint32_t d = 0; gj_is_walked(over) && d < (over->kind == GJ_FLAT ? over->elem->ndim : over->ndim); d++)
		n = gj_eindex(L, GJ_MUL, n, gj_e2(L, GJ_MAX, gj_i64(), walked(it, d), gj_eint(L, gj_i64(), 0)));
	if (gj_is_walked(over))
		return n;
	if (!gj_is_zip(over))
		return items_of(L, it);
	for (uint32_t k = 0; k < over->n; k++) {
		gj_lv one = zipped(L, it, k);
		bool endless = one.type->elem->kind == GJ_RANGE && !gj_lrange_ends(L, range_of(one));
		gj_ref here = endless ? 0 : gj_litercount(L, one);
		least = least && here ? gj_e2(L, GJ_MIN, gj_i64(), least, here) : here ? here : least;
	}
	return least;
}

/* Loops over several things at once have a position in each, of which the first is marked. */
static void mark_zip(gj_lower *L, gj_lv it, gj_lv at)
{
	gj_ref n = L->M->options->parallel ? items_of(L, it) : 0;
	if (n)
		gj_lmark_round(L, at.part[0], n, false);
}

gj_lv gj_literget(gj_lower *L, gj_lv it, gj_lv at, const gj_type *t) { return item_at(L, it, at, t); }

/* Loops over ranges, prange and pndindex among them, and arrays are known later by the mark at the position. Their items may have no use. */
static void mark(gj_lower *L, gj_lv it, gj_lv at)
{
	const gj_type *over = it.type->elem;
	if (over->kind == GJ_RANGE)
		gj_lmark_round(L, at.part[0], it.part[3], over->readonly);
	else if (over->kind == GJ_INDICES && over->readonly)
		gj_lmark_round(L, at.part[0], counted(L, it), true);
	else if (gj_has_elements(over))
		gj_lmark_round(L, at.part[0], gj_extent(gj_lextents(L, (gj_lv){ over, NULL, it.part }), 0), false);
	else if (gj_is_zip(over))
		mark_zip(L, it, at);
}

static gj_lv next(gj_lower *L, gj_lv it, gj_lv at)
{
	if (gj_is_walked(it.type->elem))
		return walk_on(L, it, at);
	if (gj_is_zip(it.type->elem)) {
		gj_ref *p;
		gj_lv v = gj_lv_new(L, at.type, &p);
		for (uint32_t k = 0; k < at.type->n; k++)
			p = gj_append(p, next(L, zipped(L, it, k), gj_lv_item(L, at, k)));
		return v;
	}
	if (it.type->elem->kind == GJ_RANGE)
		return gj_lv_scalar(L, it.type->elem->elem, gj_lrange_next(L, range_of(it), at.part[0]));
	gj_ref r = gj_e2(L, GJ_ADD, gj_i64(), at.part[0], gj_eint(L, gj_i64(), 1));
	gj_o(L->fn, r)->flags |= GJ_NSW;
	return gj_lv_scalar(L, gj_i64(), r);
}

gj_lv gj_liternext(gj_lower *L, gj_lv it, gj_lv at)
{
	mark(L, it, at);
	return next(L, it, at);
}

/* -- Unrolled loops --------------------------------------------------------------------------------------------------- */

gj_ref gj_liternthhas(gj_lower *L, gj_lv it, uint32_t i)
{
	const gj_type *over = it.type->elem;
	gj_ref at = gj_eint(L, gj_i64(), i), yes = gj_eint(L, gj_bool(), 1);
	if (gj_is_zip(over)) {
		for (uint32_t k = 0; k < over->n; k++)
			yes = gj_e2(L, GJ_AND, gj_bool(), yes, gj_liternthhas(L, zipped(L, it, k), i));
		return yes;
	}
	if (over->kind == GJ_TUPLE)
		return gj_eint(L, gj_bool(), i < over->n);
	if (gj_is_walked(over) || over->kind == GJ_INDICES) {
		gj_ref n = gj_eint(L, gj_i64(), 1);
		for (uint32_t d = 0, ndim = over->kind == GJ_FLAT ? over->elem->ndim : over->ndim; d < ndim; d++)
			n = gj_eindex(L, GJ_MUL, n, gj_e2(L, GJ_MAX, gj_i64(), walked(it, d), gj_eint(L, gj_i64(), 0)));
		return gj_ecmp(L, GJ_CMP_LT, at, n);
	}
	gj_ref n = over->kind == GJ_RANGE ? it.part[3] : gj_extent(gj_lextents(L, (gj_lv){ over, NULL, it.part }), 0);
	return gj_ecmp(L, GJ_CMP_LT, gj_ecast(L, at, gj_o(L->fn, n)->type), n);
}

static gj_lv nth_walked(gj_lower *L, gj_lv it, uint32_t i, const gj_type *t)
{
	gj_lv at = indices_at(L, it, gj_eint(L, gj_i64(), i));
	return it.type->elem->kind == GJ_INDICES ? at : walk_item(L, it, at, t);
}

gj_lv gj_liternth(gj_lower *L, gj_lv it, uint32_t i, const gj_type *t)
{
	const gj_type *over = it.type->elem;
	gj_ref *p;
	if (over->kind == GJ_RANGE) {
		gj_ref by = gj_e2(L, GJ_MUL, over->elem, gj_eint(L, over->elem, i), it.part[2]);
		return gj_lv_scalar(L, t, gj_e2(L, GJ_ADD, over->elem, it.part[0], by));
	}
	if (gj_has_elements(over))
		return gj_larray_item(L, (gj_lv){ over, NULL, it.part }, gj_eint(L, gj_i64(), i), t);
	if (gj_is_walked(over) || over->kind == GJ_INDICES)
		return nth_walked(L, it, i, t);
	if (!gj_is_zip(over))
		return gj_lv_item(L, (gj_lv){ over, NULL, it.part }, i);
	gj_lv v = gj_lv_new(L, t, &p);
	for (uint32_t k = 0; k < over->n; k++)
		p = gj_append(p, gj_liternth(L, zipped(L, it, k), i, t->item[k]));
	return v;
}
