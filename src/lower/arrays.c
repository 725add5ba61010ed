/* Lowering of arrays: addresses of elements, views, slice assignment, attributes. An array is a pointer, its
 * extents and its strides in bytes; strides of C and F arrays are computed from the extents and vanish where unused. */
#include "lower/lower.h"
#include "types/record.h"

#include <string.h>

/* -- Slices --------------------------------------------------------------------------------------------------------- */

typedef struct view { gj_ref start, length, step; } view;

static gj_ref clamp(gj_lower *L, gj_ref x, gj_ref low, gj_ref n)
{
	gj_ref negative = gj_ecmp(L, GJ_CMP_LT, x, gj_eint(L, gj_i64(), 0));
	x = gj_e3(L, GJ_SELECT, gj_i64(), negative, gj_e2(L, GJ_ADD, gj_i64(), x, n), x);
	return gj_e2(L, GJ_MIN, gj_i64(), gj_e2(L, GJ_MAX, gj_i64(), x, low), n);
}

/* 0: there is none. */
static gj_ref slice_part(gj_body *B, const gj_op *slice, uint32_t i)
{
	if (i >= slice->nargs || gj_o(B->s->fn, slice->arg[i])->type == gj_t_none)
		return 0;
	return gj_ecast(B->L, gj_linner(B->val[slice->arg[i]]).part[0], gj_i64());
}

static bool may_be_none(const gj_body *B, const gj_op *slice, uint32_t i, gj_ref part)
{
	return !part || B->val[slice->arg[i]].type->kind == GJ_OPTIONAL;
}

/* What part i comes to: `otherwise`, where it is None. */
static gj_ref part_or(gj_body *B, const gj_op *slice, uint32_t i, gj_ref part, gj_ref otherwise)
{
	if (!part || !may_be_none(B, slice, i, part))
		return part ? part : otherwise;
	return gj_e3(B->L, GJ_SELECT, gj_i64(), gj_lis_there(B->L, B->val[slice->arg[i]]), part, otherwise);
}

/* start:stop:step over n items as Python counts: start and stop clamped, the length never negative. */
static view slice_view(gj_body *B, const gj_op *slice, gj_ref n)
{
	gj_lower *L = B->L;
	gj_ref start = slice_part(B, slice, 0), stop = slice_part(B, slice, 1), step = slice_part(B, slice, 2);
	gj_ref zero = gj_eint(L, gj_i64(), 0), one = gj_eint(L, gj_i64(), 1);
	step = part_or(B, slice, 2, step, one);
	if (gj_o(L->fn, step)->op == GJ_CONST && gj_o(L->fn, step)->imm.i == 1) {
		gj_ref a = part_or(B, slice, 0, start ? clamp(L, start, zero, n) : 0, zero), b = part_or(B, slice, 1, stop ? clamp(L, stop, zero, n) : 0, n);
		gj_ref length = start || stop ? gj_e2(L, GJ_MAX, gj_i64(), gj_e2(L, GJ_SUB, gj_i64(), b, a), zero) : n;
		return (view){ a, length, one };
	}
	gj_lcheck_step(L, step, true);
	if (gj_o(L->fn, step)->op != GJ_CONST) {                                   /* a longer step takes one item too, and nothing overflows */
		gj_ref most = gj_e2(L, GJ_ADD, gj_i64(), n, one);
		step = gj_e2(L, GJ_MIN, gj_i64(), gj_e2(L, GJ_MAX, gj_i64(), step, gj_e1(L, GJ_NEG, gj_i64(), most)), most);
	}
	gj_ref back = gj_ecmp(L, GJ_CMP_LT, step, zero), minus = gj_eint(L, gj_i64(), -1);
	gj_ref low = gj_e3(L, GJ_SELECT, gj_i64(), back, minus, zero);                /* going back, "before the first" is −1 */
	gj_ref high = gj_e2(L, GJ_ADD, gj_i64(), n, low);
	gj_ref first = may_be_none(B, slice, 0, start) ? gj_e3(L, GJ_SELECT, gj_i64(), back, high, zero) : 0;
	gj_ref a = part_or(B, slice, 0, start ? gj_e2(L, GJ_MIN, gj_i64(), clamp(L, start, low, n), high) : 0, first);
	gj_ref end = may_be_none(B, slice, 1, stop) ? gj_e3(L, GJ_SELECT, gj_i64(), back, minus, n) : 0;
	gj_ref b = part_or(B, slice, 1, stop ? gj_e2(L, GJ_MIN, gj_i64(), clamp(L, stop, low, n), high) : 0, end);
	gj_ref span = gj_e2(L, GJ_SUB, gj_i64(), b, a);
	gj_ref round = gj_e3(L, GJ_SELECT, gj_i64(), back, one, minus);
	gj_ref length = gj_e2(L, GJ_FLOORDIV, gj_i64(), gj_e2(L, GJ_ADD, gj_i64(), gj_e2(L, GJ_ADD, gj_i64(), span, step), round), step);
	return (view){ a, gj_e2(L, GJ_MAX, gj_i64(), length, zero), step };
}

/* -- a[...] --------------------------------------------------------------------------------------------------------- */

typedef struct indexing { gj_body *B; gj_lv a, index; uint32_t n; char items[16]; gj_ref ref[16]; const char *name; bool checked; } indexing;

/* Value of index item k (an integer). */
static gj_ref index_value(const indexing *x, uint32_t k)
{
	if (x->ref[k])
		return gj_lpresent(x->B, x->ref[k], x->B->val[x->ref[k]]).part[0];
	return x->index.type->kind == GJ_TUPLE ? gj_lv_item(x->B->L, x->index, k).part[0] : x->index.part[0];
}

static indexing indexing_of(gj_body *B, const gj_op *o, gj_lv a, gj_lv index)
{
	indexing x = { .B = B, .a = a, .index = index, .name = gj_lname_of(B->s, o->arg[0]), .checked = o->flags & GJ_CHECKED };
	x.n = gj_index_items(B->s, o, o->arg[1], x.items, x.ref);
	if (gj_o(B->s->fn, o->arg[1])->type->kind != GJ_TUPLE && x.items[0] == 'i')
		x.ref[0] = 0;                                                          /* index is the value itself */
	return x;
}

static bool all_integers(const indexing *x)
{
	for (uint32_t k = 0; k < x->n; k++)
		if (x->items[k] != 'i')
			return false;
	return x->n == x->a.type->ndim;
}

/* The view that a[...] gives: dimensions taken by integers vanish into the pointer. */
static gj_lv make_view(const indexing *x, const gj_type *t)
{
	gj_lower *L = x->B->L;
	gj_lv a = x->a;
	gj_ref *p, at[GJ_MAX_NDIM] = { 0 }, whole[GJ_MAX_NDIM] = { 0 }, shape[16], strides[16];
	gj_lv v = gj_lv_new(L, t, &p);
	uint32_t d = 0, out = 0, taken = 0;
	for (uint32_t k = 0; k < x->n; k++)
		taken += x->items[k] != '.' && x->items[k] != 'n';
	uint32_t hidden = a.type->ndim - taken;                                     /* dimensions that `...` or the end stand for */
	for (uint32_t k = 0; k <= x->n; k++) {
		char c = k < x->n ? x->items[k] : '.';
		if (c == 'i') {
			at[d] = whole[d] = gj_lwrap_index(L, index_value(x, k), gj_extent(a, d));
			d++;
		} else if (c == 'n') {
			shape[out] = gj_eint(L, gj_i64(), 1);
			strides[out++] = gj_eint(L, gj_i64(), 0);
		} else if (c == '.') {
			for (; hidden > 0; hidden--, d++)
				shape[out] = gj_extent(a, d), strides[out++] = gj_stride(a, d);
		} else {
			view w = slice_view(x->B, gj_o(x->B->s->fn, x->ref[k]), gj_extent(a, d));
			at[d] = w.start;
			shape[out] = w.length;
			strides[out++] = gj_eindex(L, GJ_MUL, gj_stride(a, d), w.step);
			d++;
		}
	}
	(x->checked ? gj_lcheck_always : gj_lcheck_index)(L, a, whole, x->name);
	gj_ref off = gj_lbyte_offset(L, a, at);
	const gj_type *ptr = gj_o(L->fn, a.part[0])->type;
	p[0] = off ? gj_lat(L, a, at, 'A', gj_e2(L, GJ_BYTES, ptr, a.part[0], off)) : a.part[0];
	memcpy(p + 1, shape, t->ndim * sizeof *p);
	memcpy(p + 1 + t->ndim, strides, t->ndim * sizeof *p);
	return gj_lowned_as(L, v, a);
}

/* Item `at` of a tuple whose items are all of type t. */
gj_lv gj_lchosen(gj_lower *L, gj_lv tuple, gj_ref at, const gj_type *t)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	uint32_t n = gj_parts(t);
	memcpy(p, gj_lconv(L, gj_lv_item(L, tuple, 0), t).part, n * sizeof *p);
	for (uint32_t k = 1; k < tuple.type->n; k++) {
		gj_ref here = gj_ecmp(L, GJ_CMP_EQ, at, gj_eint(L, gj_i64(), k));
		gj_lv x = gj_lconv(L, gj_lv_item(L, tuple, k), t);
		for (uint32_t j = 0; j < n; j++)
			p[j] = gj_e3(L, GJ_SELECT, gj_part_of(t, j).type, here, x.part[j], p[j]);
	}
	return v;
}

static gj_lv tuple_item(gj_lower *L, gj_lv a, gj_lv index, const gj_type *t)
{
	int64_t i;
	if (gj_obj_is_int(index.konst, &i))
		return gj_lv_item(L, a, (uint32_t)(i < 0 ? i + a.type->n : i));
	gj_ref at = gj_lwrap_index(L, index.part[0], gj_eint(L, gj_i64(), a.type->n));
	gj_lcheck_item(L, at, a.type->n);
	return gj_lchosen(L, a, at, t);
}

static gj_lv tuple_slice(gj_body *B, const gj_op *item, gj_lv a, const gj_type *t)
{
	uint32_t *at = gj_new(B->L->arena, uint32_t, a.type->n + 1);
	gj_ref *p;
	gj_lv v = gj_lv_new(B->L, t, &p);
	gj_tuple_slice(B->s, item, a.type->n, at);
	for (uint32_t i = 0; i < t->n; i++)
		p = gj_append(p, gj_lv_item(B->L, a, at[i]));
	return v;
}

/* Where element `index` of a.flat is. */
static gj_ref flat_place(gj_body *B, const gj_op *o, gj_lv flat, gj_lv index)
{
	gj_lower *L = B->L;
	gj_ref at[GJ_MAX_NDIM], i;
	gj_lv a = { flat.type->elem, NULL, flat.part };
	i = gj_lwrap_index(L, gj_ecast(L, index.part[0], gj_i64()), gj_lsize(L, a));
	gj_lunravel(L, a, i, at);
	gj_lcheck_index(L, a, at, gj_lname_of(B->s, o->arg[0]));
	return gj_lelement(L, a, at);
}

gj_lv gj_litem(gj_body *B, const gj_op *o, gj_lv a, gj_lv index, const gj_type *t)
{
	gj_lower *L = B->L;
	gj_ref at[GJ_MAX_NDIM];
	if (a.type->kind == GJ_TUPLE && gj_o(B->s->fn, o->arg[1])->op == GJ_MKSLICE)
		return tuple_slice(B, o, a, t);
	if (gj_is_dict(a.type))
		return gj_lv_item(L, a, (uint32_t)gj_item_named(a.type, index.konst->name));
	if (a.type->kind == GJ_TUPLE)
		return tuple_item(L, a, index, t);
	if (a.type->kind == GJ_PTR)
		return gj_lload(L, gj_laddress(L, a, index, NULL), t);
	int field = gj_field_index(L->fn, L->loc, a.type, index.konst);
	if (field >= 0)
		return gj_lfield(L, a, (uint32_t)field, t);
	if (a.type->kind == GJ_FLAT)
		return gj_lload_from(L, (gj_lv){ a.type->elem, NULL, a.part }, flat_place(B, o, a, index), t);
	indexing x = indexing_of(B, o, a, index);
	if (a.type->kind == GJ_EXPRESSION) {
		for (uint32_t k = 0; k < x.n; k++)
			at[k] = index_value(&x, k);
		return gj_lexpression_item(L, a, x.n, at);
	}
	if (t->kind == GJ_ARRAY)
		return make_view(&x, t);
	if (!all_integers(&x)) {                                                   /* a[..., 0] and the like: a view of no dimension */
		gj_lv v = make_view(&x, gj_array_in(a.type->elem, 0, 'C', a.type));
		return gj_lload_from(L, a, v.part[0], t);
	}
	for (uint32_t k = 0; k < x.n; k++)
		at[k] = gj_lwrap_index(L, index_value(&x, k), gj_extent(a, k));
	gj_lcheck_index(L, a, at, x.name);
	return gj_lload_from(L, a, gj_lelement(L, a, at), t);
}

/* -- a.flat = v, a.flat[start:stop:step] = v ---------------------------------------------------------------------------- */

/* Number i of the values that are stored, which begin again where they end. */
static gj_lv value_at(gj_lower *L, gj_lv v, gj_lv shape, gj_ref n, gj_ref i, const gj_type *elem)
{
	gj_ref at[GJ_MAX_NDIM] = { 0 };
	i = n ? gj_e2(L, GJ_MOD, gj_i64(), i, n) : i;
	if (v.type->kind == GJ_TUPLE)
		return gj_lchosen(L, v, i, elem);
	if (!gj_has_elements(v.type))
		return v;
	gj_lunravel(L, shape, i, at);
	return gj_lbroadcast(L, shape, v, at);
}

/* The elements of a that `w` says, counted in one row. Where there are no values, nothing is stored, as in NumPy. */
static void store_row(gj_lower *L, gj_lv a, view w, gj_lv v)
{
	gj_ref at[GJ_MAX_NDIM], zero = gj_eint(L, gj_i64(), 0), n = 0;
	gj_lv shape = gj_has_elements(v.type) ? gj_lshaped(L, v) : v;
	if (gj_has_elements(v.type))
		n = gj_lsize(L, shape);
	else if (v.type->kind == GJ_TUPLE)
		n = gj_eint(L, gj_i64(), v.type->n);
	gj_ref many = n ? gj_e3(L, GJ_SELECT, gj_i64(), gj_ecmp(L, GJ_CMP_EQ, n, zero), zero, w.length) : w.length;
	if (v.type->kind == GJ_TUPLE && v.type->n == 0)
		return;
	gj_lfor l = gj_lfor_begin(L, many, NULL);
	gj_lunravel(L, a, gj_eindex(L, GJ_ADD, w.start, gj_eindex(L, GJ_MUL, l.i, w.step)), at);
	gj_lstore(L, gj_lelement(L, a, at), value_at(L, v, shape, n, l.i, a.type->elem), a.type->elem);
	gj_lfor_end(L, &l, NULL);
}

static void set_flat(gj_body *B, const gj_op *o, gj_lv a, gj_lv v)
{
	gj_lower *L = B->L;
	const gj_op *slice = gj_o(B->s->fn, o->arg[1]);
	view all = { gj_eint(L, gj_i64(), 0), 0, gj_eint(L, gj_i64(), 1) };
	if (o->sub) {
		all.length = gj_lsize(L, a);
		store_row(L, a, all, v);
		return;
	}
	if (slice->op != GJ_MKSLICE) {
		gj_lstore(L, flat_place(B, o, a, gj_lpresent(B, o->arg[1], B->val[o->arg[1]])), v, a.type->elem->elem);
		return;
	}
	a = a.type->kind == GJ_FLAT ? (gj_lv){ a.type->elem, NULL, a.part } : a;
	store_row(L, a, slice_view(B, slice, gj_lsize(L, a)), v);
}

/* -- a[...] = v ------------------------------------------------------------------------------------------------------- */

/* A tuple's items to the elements of a view of one dimension, which must be as many. */
static void store_items(gj_lower *L, gj_lv target, gj_lv tuple)
{
	gj_ref n = gj_extent(target, 0);
	const char *text = gj_printf(L->arena, "could not broadcast input array from shape (%u,) into shape (" GJ_L_NUMBER ",)", (unsigned)tuple.type->n);
	gj_lrequire_or(L, gj_ecmp(L, GJ_CMP_EQ, n, gj_eint(L, gj_i64(), tuple.type->n)), text, 1, &n);
	for (uint32_t i = 0; i < tuple.type->n; i++) {
		gj_ref at = gj_eint(L, gj_i64(), i);
		gj_lstore(L, gj_lelement(L, target, &at), gj_lv_item(L, tuple, i), target.type->elem);
	}
}

/* The last n dimensions of an array whose others have one item. */
static gj_lv without_front(gj_lower *L, gj_lv a, uint32_t n)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, gj_array_in(a.type->elem, (int)n, a.type->layout, a.type), &p);
	uint32_t front = a.type->ndim - n;
	p[0] = a.part[0];
	memcpy(p + 1, a.part + 1 + front, n * sizeof *p);
	memcpy(p + 1 + n, a.part + 1 + a.type->ndim + front, n * sizeof *p);
	return gj_lowned_as(L, v, a);
}

static void fill_view(gj_lower *L, gj_lv target, gj_lv v)
{
	if (v.type->kind == GJ_TUPLE) {
		store_items(L, target, v);
		return;
	}
	gj_lrequire_fit(L, target, v);
	gj_lcopy(L, target, v.type->kind == GJ_ARRAY && v.type->ndim > target.type->ndim ? without_front(L, v, target.type->ndim) : v);
}

/* What is stored: of an array without dimensions its element, of a member of an IntEnum its value. */
static gj_lv stored(gj_lower *L, gj_lv v)
{
	if (v.type->kind == GJ_ARRAY && v.type->ndim == 0)
		return gj_lload_from(L, v, v.part[0], gj_item_type(v.type));
	if (v.type->kind == GJ_EXPRESSION && v.type->ndim == 0)
		return gj_lexpression_item(L, v, 0, NULL);
	return gj_is_float8(v.type) ? v : gj_lwide(L, v);
}

void gj_lsetitem(gj_body *B, const gj_op *o)
{
	gj_lower *L = B->L;
	gj_ref at[GJ_MAX_NDIM];
	gj_lv a = gj_lpresent(B, o->arg[0], B->val[o->arg[0]]), v = stored(L, gj_lpresent(B, o->arg[2], B->val[o->arg[2]]));
	if (gj_stores_flat(B->s, o)) {
		set_flat(B, o, a, v);
		return;
	}
	const gj_type *parts = gj_stored_parts(B->s, o);
	if (parts) {
		fill_view(L, gj_larray_parts(L, a, B->s->konst[o->arg[1]]->name, parts), v);
		return;
	}
	int field = gj_field_index(L->fn, L->loc, a.type, B->s->konst[o->arg[1]]);
	if (field >= 0) {
		const gj_type *t = gj_field_type(a.type, (uint32_t)field);
		if (t->kind == GJ_ARRAY)
			fill_view(L, gj_lfield(L, a, (uint32_t)field, t), v);
		else
			gj_lstore(L, gj_lfield_place(L, a.part[0], a.type->elem, (uint32_t)field), v, a.type->elem->item[field]);
		return;
	}
	gj_lv index = gj_lpresent(B, o->arg[1], B->val[o->arg[1]]);
	if (a.type->kind == GJ_PTR) {
		gj_lstore(L, gj_laddress(L, a, index, NULL), v, a.type->elem);
		return;
	}
	indexing x = indexing_of(B, o, a, index);
	if (all_integers(&x)) {
		for (uint32_t k = 0; k < x.n; k++)
			at[k] = gj_lwrap_index(L, index_value(&x, k), gj_extent(a, k));
		gj_lcheck_index(L, a, at, x.name);
		gj_lstore(L, gj_lelement(L, a, at), v, a.type->elem);
		return;
	}
	const gj_type *t = gj_rule_index(a.type, x.items);
	fill_view(L, make_view(&x, t->kind == GJ_ARRAY ? t : gj_array_in(a.type->elem, 0, 'C', a.type)), v);
}

/* -- Attributes ------------------------------------------------------------------------------------------------------- */

/* The numbers themselves, or one of the parts of each, where they lie. */
gj_lv gj_larray_parts(gj_lower *L, gj_lv a, const char *name, const gj_type *t)
{
	gj_ref *p;
	int part = gj_part_named(a.type->elem, name);
	if (part < 0)
		return a;
	gj_lv v = gj_lv_new(L, t, &p);
	gj_ref offset = gj_eint(L, gj_i64(), gj_part_of(a.type->elem, (uint32_t)part).offset);
	memcpy(p, a.part, gj_parts(t) * sizeof *p);
	p[0] = gj_e2(L, GJ_BYTES, gj_part_of(t, 0).type, a.part[0], offset);
	return v;
}

gj_lv gj_lattr(gj_lower *L, const char *name, gj_lv a, const gj_type *t)
{
	if (gj_is_integer_member(a.type) && strcmp(name, "value"))
		a = gj_lwide(L, a);
	if (a.type->kind == GJ_RANGE)
		return gj_lv_scalar(L, t, a.part[!strcmp(name, "start") ? 0 : !strcmp(name, "stop") ? 1 : 2]);
	if (a.type->kind == GJ_VECTOR)
		return gj_lv_scalar(L, t, a.part[gj_part_named(a.type, name)]);
	if (gj_is_scalar(a.type) || a.type->kind == GJ_ELEMENT) {
		const gj_type *number = gj_is_scalar(a.type) ? a.type : a.type->elem;
		int part = gj_part_named(number, name);
		return part >= 0 ? gj_lv_scalar(L, t, a.part[part]) : !strcmp(name, "real") ? a : gj_lv_scalar(L, t, gj_eint(L, number, 0));
	}
	if (gj_item_named(a.type, name) >= 0)
		return gj_lv_item(L, a, (uint32_t)gj_item_named(a.type, name));
	if (a.type->kind == GJ_REF)
		return gj_lfield(L, a, (uint32_t)gj_field_named(a.type->elem, name), t);
	if (!gj_has_elements(a.type))
		return (gj_lv){ t, NULL, NULL };                                       /* a module's function: no parts */
	uint32_t bytes = a.type->elem->size;
	a = gj_lshaped(L, a);
	if (!strcmp(name, "shape"))
		return (gj_lv){ t, NULL, a.part + 1 };
	if (!strcmp(name, "strides"))
		return (gj_lv){ t, NULL, a.part + 1 + a.type->ndim };
	if (gj_parts_array(a.type, name))
		return gj_larray_parts(L, a, name, t);
	if (!strcmp(name, "T"))
		return gj_ltranspose(L, a, t);
	if (!strcmp(name, "flat"))
		return gj_lflat(L, a, t);
	if (!strcmp(name, "ctypes"))
		return a;
	if (!strcmp(name, "data"))
		return gj_larray_address(L, a, t);
	if (t->kind == GJ_ARRAY)
		return gj_lfield(L, a, (uint32_t)gj_field_named(a.type->elem, name), t);
	gj_ref n = gj_eint(L, gj_i64(), !strcmp(name, "nbytes") ? bytes : 1);
	for (uint32_t d = 0; d < a.type->ndim; d++)
		n = gj_eindex(L, GJ_MUL, n, gj_extent(a, d));
	return gj_lv_scalar(L, t, n);
}

/* arg 0: the real part, 1: the imaginary one */
gj_lv gj_lower_nppart(gj_lcall *c)
{
	static const char *const name[] = { "real", "imag" };
	return gj_lattr(c->L, name[c->arg], c->a[0], c->type);
}

/* -- Iteration -------------------------------------------------------------------------------------------------------- */

gj_lv gj_larray_item(gj_lower *L, gj_lv a, gj_ref i, const gj_type *t)
{
	gj_ref *p, at[GJ_MAX_NDIM] = { i };
	if (a.type->kind == GJ_EXPRESSION)
		return gj_lbroadcast(L, gj_lextents(L, a), a, at);
	if (t->kind != GJ_ARRAY)
		return gj_lload_from(L, a, gj_lelement(L, a, at), t);
	gj_lv v = gj_lv_new(L, t, &p);
	p[0] = gj_lat(L, a, at, 'A', gj_e2(L, GJ_BYTES, gj_o(L->fn, a.part[0])->type, a.part[0], gj_lbyte_offset(L, a, at)));
	for (uint32_t d = 0; d < t->ndim; d++) {
		p[1 + d] = gj_extent(a, d + 1);
		p[1 + t->ndim + d] = gj_stride(a, d + 1);
	}
	return gj_lowned_as(L, v, a);
}

gj_lv gj_lower_fixed_tuple(gj_lcall *c)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(c->L, c->type, &p), a = gj_lshaped(c->L, c->a[0]);
	gj_lrequire(c->L, gj_ecmp(c->L, GJ_CMP_LE, gj_eint(c->L, gj_i64(), c->type->n), gj_extent(a, 0)));
	for (uint32_t i = 0; i < c->type->n; i++)
		p = gj_append(p, gj_larray_item(c->L, a, gj_eint(c->L, gj_i64(), i), c->type->item[i]));
	return v;
}

/* As many items as a tuple of variables takes. */
static void require_items(gj_lower *L, gj_ref n, uint32_t wanted)
{
	gj_ref want = gj_eint(L, gj_i64(), wanted);
	uint32_t holds = gj_lrequire_begin(L, gj_ecmp(L, GJ_CMP_EQ, n, want));
	const char *many = gj_printf(L->arena, "too many values to unpack (expected %u)", (unsigned)wanted);
	gj_ltell(L, gj_ecmp(L, GJ_CMP_GT, n, want), many, 0, NULL);
	gj_ltell(L, gj_eint(L, gj_bool(), 1), gj_printf(L->arena, "not enough values to unpack (expected %u, got " GJ_L_NUMBER ")", (unsigned)wanted), 1, &n);
	gj_lrequire_end(L, holds);
}

gj_lv gj_lunpack(gj_lower *L, const gj_op *o, gj_lv a)
{
	if (a.type->kind == GJ_TUPLE)
		return gj_lv_item(L, a, (uint32_t)o->imm.i);
	if (o->imm.i == 0)
		require_items(L, gj_extent(a, 0), o->sub);
	return gj_larray_item(L, a, gj_eint(L, gj_i64(), o->imm.i), o->type);
}
