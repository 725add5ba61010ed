/* Typing of views of arrays and of the methods of numbers and tuples. What would need memory of its own is refused. */
#include "infer/infer.h"

#include <string.h>

static const gj_fn *fn(const gj_icall *c) { return c->s->fn; }

static const gj_type *array(const gj_icall *c)
{
	if (c->a[0].type->kind != GJ_ARRAY)
		gj_bad_argument(c, 0);
	return c->a[0].type;
}

/* An array or an array expression. */
static const gj_type *elements(const gj_icall *c)
{
	if (gj_is_fused(c->a[0].type))
		gj_fail(fn(c), c->loc, GJ_ERR_FUSE_SHAPE, gj_shown(c->name));
	return gj_has_elements(c->a[0].type) ? c->a[0].type : array(c);
}

static gj_known type_value(const gj_icall *c, const gj_type *t)
{
	gj_obj *k = gj_new(fn(c)->arena, gj_obj, 1);
	*k = (gj_obj){ .kind = GJ_OBJ_TYPE, .type = t };
	return gj_known_of(fn(c), c->loc, k);
}

/* -- Types as values ------------------------------------------------------------------------------------------------ */

/* NumPy's one-letter names. */
static const gj_type *letter(char c)
{
	static const char letters[] = "?bBhHiIlLqQefdFD";
	static const uint8_t kind[] = { GJ_BOOL, GJ_I8, GJ_U8, GJ_I16, GJ_U16, GJ_I32, GJ_U32, GJ_I64, GJ_U64, GJ_I64, GJ_U64,
	                                GJ_F16, GJ_F32, GJ_F64, GJ_C64, GJ_C128 };
	const char *at = c ? strchr(letters, c) : NULL;
	return at ? gj_scalar[kind[at - letters]] : NULL;
}

/* Python's classes of numbers, as NumPy takes them. */
static const gj_type *python_type(const char *name)
{
	static const struct { const char *name; uint8_t kind; } classes[] = {
		{ "builtins.int", GJ_I64 }, { "builtins.float", GJ_F64 }, { "builtins.bool", GJ_BOOL }, { "builtins.complex", GJ_C128 }
	};
	for (size_t i = 0; i < GJ_LEN(classes); i++)
		if (!strcmp(name, classes[i].name))
			return gj_scalar[classes[i].kind];
	return NULL;
}

const gj_type *gj_dtype(const gj_obj *o)
{
	if (o && o->kind == GJ_OBJ_NAME)
		return python_type(o->name);
	if (!o || (o->kind != GJ_OBJ_TYPE && o->kind != GJ_OBJ_STR))
		return NULL;
	if (o->kind == GJ_OBJ_TYPE)
		return o->type;
	const char *text = o->name + (*o->name && strchr("<=|", *o->name));
	if (strlen(text) == 1)
		return letter(*text);
	if (!strcmp(text, "int") || !strcmp(text, "float"))
		return gj_scalar[*text == 'i' ? GJ_I64 : GJ_F64];
	const gj_type *t = gj_parse_type(text, NULL);
	return t && (gj_is_scalar(t) || gj_is_float8(t)) ? t : NULL;
}

const gj_type *gj_dtype_argument(const gj_icall *c, uint32_t i)
{
	const gj_obj *given = c->a[i].konst;
	const gj_type *t = gj_dtype(given);
	bool text = given && given->kind == GJ_OBJ_STR;
	gj_unread error = { 0 };
	if (text)
		gj_parse_type(given->name, &error);
	if (!t || !gj_is_scalar(t))
		gj_fail(fn(c), c->loc, GJ_ERR_DTYPE, gj_shown(c->name),
		        text ? gj_printf(fn(c)->arena, "the string '%s'", given->name) : gj_known_text(fn(c)->arena, c->a[i]), error.hint);
	return t;
}

const gj_type *gj_memory_argument(const gj_icall *c, uint32_t i)
{
	const gj_type *t = gj_dtype(c->a[i].konst);
	return t && (t->kind == GJ_RECORD || t->kind == GJ_VECTOR || gj_is_float8(t)) ? t : gj_dtype_argument(c, i);
}

gj_known gj_infer_dtype(gj_icall *c) { return type_value(c, gj_dtype_argument(c, 0)); }

gj_known gj_infer_type(gj_icall *c)
{
	if (!gj_is_scalar(c->a[0].type))
		gj_bad_argument(c, 0);
	return type_value(c, c->a[0].type);
}

/* -- Views ---------------------------------------------------------------------------------------------------------- */

bool gj_axes(uint32_t ndim, const gj_obj *const *konst, uint32_t n, uint32_t *axis)
{
	bool used[GJ_MAX_NDIM] = { false };
	if (n == 1 && konst[0] && konst[0]->kind == GJ_OBJ_TUPLE) {
		n = konst[0]->n;
		konst = konst[0]->item;
	}
	if (n != ndim)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		int64_t k;
		if (!gj_obj_is_int(konst[i], &k) || k < -(int64_t)ndim || k >= (int64_t)ndim)
			return false;
		axis[i] = (uint32_t)(k < 0 ? k + ndim : k);
		if (used[axis[i]])
			return false;
		used[axis[i]] = true;
	}
	return true;
}

/* Axes are integers, or tuples of them, of an array of so many dimensions. */
static void check_axis(const gj_icall *c, const gj_obj *axis, uint32_t ndim)
{
	int64_t k;
	for (uint32_t i = 0; axis && axis->kind == GJ_OBJ_TUPLE && i < axis->n; i++)
		check_axis(c, axis->item[i], ndim);
	if (gj_obj_is_int(axis, &k) && (k < -(int64_t)ndim || k >= (int64_t)ndim))
		gj_fail(fn(c), c->loc, GJ_ERR_AXIS, (long long)k, ndim);
}

/* With axes the order in memory is not followed any further, as in numba. */
gj_known gj_infer_transpose(gj_icall *c)
{
	const gj_type *t = array(c);
	const gj_obj *konst[GJ_MAX_CALL];
	uint32_t axis[GJ_MAX_NDIM];
	if (c->n < 2 || !c->a[1].type || (c->n == 2 && c->a[1].type == gj_t_none))
		return gj_just(gj_rule_transpose(t));
	for (uint32_t i = 1; i < c->n; i++)
		konst[i - 1] = c->a[i].konst;
	for (uint32_t i = 0; i + 1 < c->n; i++)
		check_axis(c, konst[i], t->ndim);
	if (!gj_axes(t->ndim, konst, c->n - 1, axis))
		gj_fail(fn(c), c->loc, GJ_ERR_AXES, gj_shown(c->name), t->name);
	return gj_just(gj_array_in(t->elem, t->ndim, 'A', t));
}

gj_known gj_infer_reshape(gj_icall *c)
{
	const gj_type *t = array(c), *one = c->n > 1 ? c->a[1].type : NULL;
	bool tuple = c->n == 2 && one->kind == GJ_TUPLE;
	uint32_t n = tuple ? one->n : c->n - 1, unknown = 0;
	if (c->n < 2 || n > GJ_MAX_NDIM)
		gj_fail(fn(c), c->loc, GJ_ERR_ARG_COUNT, gj_shown(c->name), "a shape of at most 6 dimensions", n);
	for (uint32_t i = 0; i < n; i++) {
		const gj_obj *k = !tuple ? c->a[i + 1].konst : one && c->a[1].konst ? c->a[1].konst->item[i] : NULL;
		int64_t v;
		if (!gj_is_int(tuple ? one->item[i] : c->a[i + 1].type))
			gj_bad_argument(c, tuple ? 1 : i + 1);
		if (gj_obj_is_int(k, &v) && v < 0 && (v != -1 || unknown++))
			gj_fail(fn(c), c->loc, GJ_ERR_SHAPE_RANGE, gj_shown(c->name), (long long)v);
	}
	if (t->layout != 'C' && t->ndim != 1)
		gj_fail(fn(c), c->loc, GJ_ERR_NEEDS_COPY, gj_shown(c->name), t->name);
	return gj_just(gj_array_in(t->elem, (int)n, n ? t->layout : 'C', t));
}

gj_known gj_infer_ravel(gj_icall *c)
{
	const gj_type *t = array(c);
	if (t->layout != 'C')
		gj_fail(fn(c), c->loc, GJ_ERR_NEEDS_COPY, gj_shown(c->name), t->name);
	return gj_just(gj_array_in(t->elem, 1, 'C', t));
}

gj_known gj_infer_expand_dims(gj_icall *c)
{
	const gj_type *t = array(c);
	int64_t k;
	check_axis(c, c->a[1].konst, t->ndim + 1u);
	if (!gj_obj_is_int(c->a[1].konst, &k) || t->ndim == GJ_MAX_NDIM)
		gj_fail(fn(c), c->loc, GJ_ERR_AXES, gj_shown(c->name), t->name);
	return gj_just(gj_array_in(t->elem, t->ndim + 1, t->ndim > 1 ? 'A' : t->layout, t));
}

/* Items of another size change the last extent: only where it is contiguous, and not in local memory, where the CPU
 * device keeps the items of neighbouring threads side by side. */
gj_known gj_infer_view(gj_icall *c)
{
	const gj_type *t = c->a[0].type, *to = gj_memory_argument(c, 1);
	bool same = t->kind == GJ_ARRAY ? t->elem->size == to->size : t->size == to->size;
	if (gj_is_scalar(t)) {
		if (!same || gj_is_bool(t) || gj_is_complex(t) || gj_is_bool(to) || gj_is_complex(to) || !gj_is_scalar(to))
			gj_fail(fn(c), c->loc, GJ_ERR_CONVERT, t->name, to->name);
		return gj_just(to);
	}
	/* Parts of items of local memory lie apart. */
	same &= t->space != GJ_LOCAL || t->elem == to || (gj_is_scalar(t->elem) && gj_is_scalar(to) && gj_is_complex(t->elem) == gj_is_complex(to));
	if (!same && (array(c)->layout != 'C' || t->ndim == 0 || t->space == GJ_LOCAL))
		gj_fail(fn(c), c->loc, GJ_ERR_VIEW_SIZE, t->name, to->name);
	return gj_just(gj_array_in(to, t->ndim, t->layout, t));
}

/* `a` of a.flags.c_contiguous; the row's argument is the layout that is asked for. */
gj_known gj_infer_flags(gj_icall *c)
{
	const gj_type *t = c->ref[0] ? gj_o(fn(c), c->ref[0])->type : NULL;
	if (!t || t->kind != GJ_ARRAY)
		gj_fail(fn(c), c->loc, GJ_ERR_UNKNOWN_NAME, gj_shown(c->name), "");
	bool sure = t->layout == c->arg || t->ndim == 0 || (t->ndim == 1 && t->layout != 'A');
	return (gj_known){ gj_scalar[GJ_BOOL], sure ? gj_obj_bool(fn(c)->arena, true) : NULL };
}

gj_known gj_infer_shape(gj_icall *c)
{
	const gj_type *i64[GJ_MAX_NDIM];
	for (int i = 0; i < GJ_MAX_NDIM; i++)
		i64[i] = gj_scalar[GJ_I64];
	return gj_just(gj_tuple_type(i64, elements(c)->ndim));
}

gj_known gj_infer_size(gj_icall *c) { return elements(c), gj_just(gj_scalar[GJ_I64]); }

gj_known gj_infer_ndim(gj_icall *c)
{
	return (gj_known){ gj_scalar[GJ_I64], gj_obj_int(fn(c)->arena, elements(c)->ndim) };
}

/* -- Reductions ----------------------------------------------------------------------------------------------------- */

/* Integers are added and multiplied in 64 bits, or as float64 for their mean. */
const gj_type *gj_reduction_type(gj_reduction how, const gj_type *a)
{
	const gj_type *t = a->elem;
	if (how == GJ_RED_ANY || how == GJ_RED_ALL)
		return gj_scalar[GJ_BOOL];
	if (how == GJ_RED_ARGMIN || how == GJ_RED_ARGMAX)
		return gj_scalar[GJ_I64];
	if (how == GJ_RED_MEAN || how == GJ_RED_VAR || how == GJ_RED_STD)
		return gj_is_complex(t) && how == GJ_RED_MEAN ? t : gj_scalar[GJ_F64];
	if (how == GJ_RED_MIN || how == GJ_RED_MAX || gj_is_float(t) || gj_is_complex(t))
		return t;
	return gj_scalar[gj_is_signed(t) || gj_is_bool(t) ? GJ_I64 : GJ_U64];
}

/* dtype=, the type that elements t become before they are added or multiplied, and the result's; NULL: not given. */
static const gj_type *wanted_type(const gj_icall *c, const gj_type *t)
{
	uint32_t slot = gj_name_slot(c->row, "dtype");
	bool spread = c->arg >= GJ_RED_VAR;
	if (!gj_named_argument(c, "dtype").type)
		return NULL;
	const gj_type *to = gj_dtype_argument(c, slot);
	if (gj_is_complex(t) && !gj_is_complex(to))
		gj_fail(fn(c), c->loc, GJ_ERR_CONVERT, t->name, to->name);
	if (gj_is_bool(to) || ((c->arg == GJ_RED_MEAN || spread) && gj_is_int(to)) || (spread && gj_is_complex(to)))
		gj_bad_argument(c, slot);
	return to;
}

/* The array `out` must have ndim dimensions and take numbers of type t. */
static gj_known check_out(const gj_icall *c, const gj_type *t, int ndim)
{
	gj_known given = gj_named_argument(c, "out");
	const gj_type *out = given.type;
	if (out->kind != GJ_ARRAY || out->ndim != ndim)
		gj_bad_argument(c, gj_name_slot(c->row, "out"));
	if (out->readonly)
		gj_fail(fn(c), c->loc, GJ_ERR_READONLY, out->name);
	if (!gj_storable_kind(t, out->elem))
		gj_fail(fn(c), c->loc, GJ_ERR_STORE, t->name, out->name);
	return given;
}

/* The dimensions that are left along the axes that are given, or all. */
static int left_ndim(const gj_icall *c)
{
	const gj_type *a = c->a[0].type;
	gj_known keeps = gj_named_argument(c, "keepdims");
	int64_t keep = 0;
	if (keeps.type && !gj_obj_is_int(keeps.konst, &keep))
		gj_bad_argument(c, gj_name_slot(c->row, "keepdims"));
	return keep ? a->ndim : a->ndim - __builtin_popcount(gj_reduced_axes(c, c->a[1], a->ndim));
}

/* Into an array of its own, or where there is no memory a local one, if the shape that is left is known. */
static gj_known into_new(const gj_icall *c, const gj_type *t)
{
	gj_shape_known shape;
	if (fn(c)->memory && gj_is_reduction(c->row))
		return gj_just(gj_array_type(t, left_ndim(c), 'C', false, GJ_COUNTED));
	if (fn(c)->memory || !gj_known_shape(c->s, c->call, &shape))
		gj_fail(fn(c), c->loc, GJ_ERR_REDUCE_AXIS, gj_shown(c->name));
	return gj_just(gj_array_type(t, shape.ndim, 'C', false, GJ_LOCAL));
}

/* Does what is said of axes leave one number of all? */
static bool reduces_all(const gj_icall *c)
{
	int64_t keep = 0;
	gj_known kept = gj_named_argument(c, "keepdims");
	bool given = c->a[1].type && c->a[1].type != gj_t_none, keeps = kept.type && !(gj_obj_is_int(kept.konst, &keep) && !keep);
	return !keeps && (!given || gj_axes_mask(c->a[1].konst, c->a[0].type->ndim) == (1u << c->a[0].type->ndim) - 1);
}

/* where=, bools that fit the array. */
static void check_chosen(const gj_icall *c)
{
	gj_known where = gj_named_argument(c, "where");
	if (!gj_is_chosen(where))
		return;
	const gj_type *t = gj_has_elements(where.type) ? where.type->elem : where.type;
	bool array = t != where.type, least = c->arg == GJ_RED_MIN;
	if (!gj_is_scalar(t))
		gj_bad_argument(c, gj_name_slot(c->row, "where"));
	if (!gj_is_bool(t))
		gj_fail(fn(c), c->loc, GJ_ERR_REDUCE_WHERE, gj_shown(c->name), t->name);
	if (array && where.type->ndim > c->a[0].type->ndim)
		gj_fail(fn(c), c->loc, GJ_ERR_REDUCE_WHERE_NDIM);
	if ((least || c->arg == GJ_RED_MAX) && !gj_named_argument(c, "initial").type)
		gj_fail(fn(c), c->loc, GJ_ERR_REDUCE_IDENTITY, least ? "min" : "max");
}

gj_known gj_infer_reduce(gj_icall *c)
{
	if (gj_is_fused(c->a[0].type))
		return gj_known_reduced(c, wanted_type(c, c->a[0].type->elem));
	const gj_type *t = elements(c)->elem;
	check_chosen(c);
	gj_check_freedom(c);
	bool place = c->arg == GJ_RED_ARGMIN || c->arg == GJ_RED_ARGMAX;
	if (!gj_is_scalar(t) || (place && gj_is_complex(t)))
		gj_bad_argument(c, 0);
	uint32_t all = (1u << c->a[0].type->ndim) - 1, axes = gj_reduced_axes(c, c->a[1], c->a[0].type->ndim);
	if (place && axes != all && (axes & (axes - 1)))
		gj_fail(fn(c), c->loc, GJ_ERR_AXIS_ONE, gj_shown(c->name));
	const gj_type *wanted = wanted_type(c, t);
	const gj_type *result = wanted ? wanted : gj_reduction_type((gj_reduction)c->arg, c->a[0].type);
	gj_known initial = gj_named_argument(c, "initial");
	if (initial.type && (!gj_is_scalar(initial.type) || (gj_is_complex(initial.type) && !gj_is_complex(result))))
		gj_bad_argument(c, gj_name_slot(c->row, "initial"));
	if (gj_named_argument(c, "out").type)
		return check_out(c, result, left_ndim(c));
	return reduces_all(c) ? gj_just(result) : into_new(c, result);
}

const gj_type *gj_running_type(const gj_obj *dtype, gj_reduction how, const gj_type *a)
{
	const gj_type *t = gj_dtype(dtype);
	return t && gj_is_scalar(t) ? t : gj_reduction_type(how, a);
}

/* np.cumsum and np.cumprod: in one row, or along an axis. */
gj_known gj_infer_accumulate(gj_icall *c)
{
	if (gj_is_fused(c->a[0].type))
		gj_fail(fn(c), c->loc, GJ_ERR_UNKNOWN_FUNCTION, gj_shown(c->name));
	const gj_type *a = elements(c), *t = gj_running_type(gj_named_argument(c, "dtype").konst, (gj_reduction)c->arg, a);
	bool along = c->a[1].type && c->a[1].type != gj_t_none;
	uint32_t axes = along ? gj_reduced_axes(c, c->a[1], a->ndim) : 0;
	if (!gj_is_scalar(a->elem))
		gj_bad_argument(c, 0);
	if (gj_named_argument(c, "dtype").type)
		gj_dtype_argument(c, gj_name_slot(c->row, "dtype"));
	if (along && (axes & (axes - 1)))
		gj_fail(fn(c), c->loc, GJ_ERR_AXIS_ONE, gj_shown(c->name));
	return gj_named_argument(c, "out").type ? check_out(c, t, along ? a->ndim : 1) : into_new(c, t);
}

gj_known gj_infer_astype(gj_icall *c)
{
	const gj_type *to = gj_dtype_argument(c, 1), *a = c->a[0].type, *from = gj_is_fused(a) ? a->elem : elements(c)->elem;
	if (!gj_is_scalar(from) || (gj_is_complex(from) && !gj_is_complex(to) && !gj_is_bool(to)))
		gj_fail(fn(c), c->loc, GJ_ERR_CONVERT, from->name, to->name);
	return gj_known_expression(c->s->fn, c->loc, "array.astype", to, 1, c->a);
}

gj_known gj_infer_fill(gj_icall *c)
{
	const gj_type *t = array(c);
	if (t->readonly)
		gj_fail(fn(c), c->loc, GJ_ERR_READONLY, t->name);
	if (gj_is_sequence(c->a[1].type) || gj_has_elements(c->a[1].type) || !gj_storable(c->a[1], t))
		gj_fail(fn(c), c->loc, GJ_ERR_STORE, gj_known_text(fn(c)->arena, c->a[1]), t->elem->name);
	return gj_just(gj_t_none);
}

/* -- Numbers, tuples ------------------------------------------------------------------------------------------------ */

/* The item of an array of one, or a number itself. */
gj_known gj_infer_item(gj_icall *c) { return gj_just(c->a[0].type->kind == GJ_ARRAY ? gj_item_type(c->a[0].type) : c->a[0].type); }

gj_known gj_infer_sum(gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	gj_known sum = gj_just(c->a[1].type ? c->a[1].type : gj_scalar[GJ_I64]);
	if (!gj_is_scalar(sum.type))
		gj_bad_argument(c, 1);
	if (!gj_is_sequence(t))
		return gj_take_all(c, GJ_TAKE_SUM, (gj_known){ sum.type, NULL });
	for (uint32_t i = 0; i < t->n; i++)
		sum = gj_just(gj_known_binop(fn(c), c->loc, GJ_OP_ADD_, sum, gj_just(t->item[i])).type);
	return sum;
}

/* arg: GJ_SORT_TUPLE or GJ_SORT_LIST. A named tuple loses its names, as in Python. */
gj_known gj_infer_tuple(gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	bool list = c->arg == GJ_SORT_LIST;
	if (t && !gj_is_sequence(t))
		return gj_take_all(c, list ? GJ_TAKE_LIST : GJ_TAKE_TUPLE, gj_just(NULL));
	uint32_t n = t ? t->n : 0;
	const gj_type *const *item = t ? t->item : NULL;
	return (gj_known){ list ? gj_list_type(item, n) : gj_tuple_type(item, n), t ? c->a[0].konst : NULL };
}

gj_known gj_infer_literally(gj_icall *c)
{
	if (!c->a[0].konst)
		gj_fail(fn(c), c->loc, GJ_ERR_LITERALLY, gj_known_text(fn(c)->arena, c->a[0]));
	return c->a[0];
}

gj_known gj_infer_literal_unroll(gj_icall *c)
{
	if (!gj_is_sequence(c->a[0].type))
		gj_bad_argument(c, 0);
	return c->a[0];
}

/* Of a tuple all truths are known where it is; arg: GJ_TAKE_ANY or GJ_TAKE_ALL. */
gj_known gj_infer_any(gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	bool all = c->arg == GJ_TAKE_ALL, sure = true;
	if (!gj_is_sequence(t))
		return gj_take_all(c, (gj_taker)c->arg, gj_just(NULL));
	for (uint32_t i = 0; i < t->n; i++) {
		const gj_obj *k = gj_known_truth(fn(c), c->loc, (gj_known){ t->item[i], c->a[0].konst ? c->a[0].konst->item[i] : NULL }).konst;
		if (k && !!k->i != all)
			return (gj_known){ gj_scalar[GJ_BOOL], gj_obj_bool(fn(c)->arena, !all) };
		sure &= k != NULL;
	}
	return (gj_known){ gj_scalar[GJ_BOOL], sure ? gj_obj_bool(fn(c)->arena, all) : NULL };
}

gj_known gj_infer_index(gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	for (uint32_t i = 1; i < t->n; i++)
		if (t->item[i] != t->item[0])
			gj_fail(fn(c), c->loc, GJ_ERR_ITER_TUPLE, t->name);
	if (t->n && t->item[0]->kind == GJ_TUPLE)
		gj_bad_argument(c, 0);
	for (uint32_t i = 0; i < t->n; i++)
		gj_known_compare(fn(c), c->loc, GJ_CMP_EQ, gj_just(t->item[i]), gj_just(c->a[1].type));
	return gj_just(gj_scalar[GJ_I64]);
}

/* -- Items as a tuple ----------------------------------------------------------------------------------------------- */

gj_known gj_infer_fixed_tuple(gj_icall *c)
{
	const gj_type *t = c->a[0].type, *item[GJ_FIXED_ITEMS];
	int64_t n;
	if (t->kind != GJ_ARRAY || t->ndim != 1)
		gj_bad_argument(c, 0);
	if (!gj_obj_is_int(c->a[1].konst, &n) || n < 0 || n > GJ_FIXED_ITEMS)
		gj_fail(fn(c), c->loc, GJ_ERR_FIXED_TUPLE, GJ_FIXED_ITEMS);
	for (int64_t i = 0; i < n; i++)
		item[i] = gj_item_type(t);
	return gj_just(gj_tuple_type(item, (uint32_t)n));
}
