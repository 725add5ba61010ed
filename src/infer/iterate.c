/* Typing of iteration: what iterators run over, what they give, and in which round. Loops over tuples whose items differ, and
 * loops that make a tuple or a list, are unrolled: bytecode is read once more with each round written out (gj_reading). */
#include "infer/infer.h"
#include "ir/walk.h"

gj_known gj_known_iter(const gj_fn *f, uint32_t loc, gj_known a)
{
	if (gj_is_dict(a.type))
		a = gj_known_keys(f->arena, a.type);
	const gj_type *t = a.type;
	if (t->kind == GJ_ITER)
		return a;
	bool many = (t->kind == GJ_ARRAY && t->ndim > 0) || (t->kind == GJ_EXPRESSION && t->ndim == 1);
	if (t->kind == GJ_FLAT || t->kind == GJ_INDICES)
		return (gj_known){ gj_iter_type(t), a.konst };
	if (t->kind != GJ_RANGE && !many && !gj_is_sequence(t)) {
		gj_refuse_opaque(f, loc, a);
		gj_fail(f, loc, GJ_ERR_ITER, gj_known_text(f->arena, a));
	}
	return (gj_known){ gj_iter_type(t), t->kind == GJ_RANGE || t->kind == GJ_TUPLE ? a.konst : NULL };
}

const gj_type *gj_flat_of(const gj_type *t)
{
	bool row = t->layout == 'C' || t->ndim <= 1;
	if (!row && !gj_is_plain(t->elem))
		return NULL;
	return row ? gj_array_type(t->elem, 1, t->ndim == 1 ? t->layout : 'C', t->readonly, (gj_space)t->space) : gj_flat_type(t);
}

bool gj_is_choosable(const gj_type *t)
{
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		if (!gj_is_choosable(t->item[i]))
			return false;
	return t->kind == GJ_TUPLE || t->kind == GJ_ARRAY || t->kind == GJ_REF || t->kind == GJ_OPTIONAL || t->kind == GJ_VECTOR || gj_is_float8(t) || gj_is_scalar(t);
}

/* -- Loops that stay loops -------------------------------------------------------------------------------------------------- */

/* The tuple of what `part` says of each iterator that a zip runs over. */
static const gj_type *each(gj_arena *a, const gj_type *zip, const gj_type *(*part)(gj_arena *, const gj_type *))
{
	const gj_type **t = gj_new(a, const gj_type *, zip->n);
	for (uint32_t i = 0; i < zip->n; i++)
		if (!(t[i] = part(a, zip->item[i])))
			return NULL;
	return gj_tuple_type(t, zip->n);
}

const gj_type *gj_iter_item(gj_arena *a, const gj_type *iter)
{
	const gj_type *t = iter->elem, *item;
	if (gj_is_zip(t))
		return each(a, t, gj_iter_item);
	switch (t->kind) {
	case GJ_RANGE: return t->elem;
	case GJ_FLAT:  return t->elem->elem;
	case GJ_INDICES: return gj_index_tuple(t->ndim);
	case GJ_TUPLE: item = t->n ? gj_items_type(t) : gj_scalar[GJ_I64]; return item && gj_is_choosable(item) ? item : NULL;
	default:       return t->ndim == 1 ? gj_item_type(t) : gj_rule_index(t, "i");
	}
}

const gj_type *gj_iter_position(gj_arena *a, const gj_type *iter)
{
	if (gj_is_zip(iter->elem))
		return each(a, iter->elem, gj_iter_position);
	if (gj_is_walked(iter->elem))
		return gj_index_tuple(iter->elem->kind == GJ_FLAT ? iter->elem->elem->ndim : iter->elem->ndim);
	return iter->elem->kind == GJ_RANGE ? iter->elem->elem : gj_scalar[GJ_I64];
}

/* -- Ranges of constants ---------------------------------------------------------------------------------------------------- */

const gj_obj *gj_range_konst(gj_arena *a, const int64_t part[3])
{
	gj_obj *o = gj_new(a, gj_obj, 1);
	const gj_obj **item = gj_new(a, const gj_obj *, 3);
	for (int i = 0; i < 3; i++)
		item[i] = gj_obj_int(a, part[i]);
	*o = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = 3, .item = item };
	return o;
}

bool gj_range_parts(const gj_obj *range, int64_t part[3])
{
	for (int i = 0; i < 3; i++)
		if (!range || range->kind != GJ_OBJ_TUPLE || range->n != 3 || !gj_obj_is_int(range->item[i], &part[i]))
			return false;
	return part[2] != 0;
}

static uint64_t range_count(const int64_t part[3])
{
	uint64_t up = (uint64_t)part[1] - (uint64_t)part[0], down = (uint64_t)part[0] - (uint64_t)part[1];
	if (part[2] > 0)
		return part[0] < part[1] ? (up - 1) / (uint64_t)part[2] + 1 : 0;
	return part[0] > part[1] ? (down - 1) / -(uint64_t)part[2] + 1 : 0;
}

/* -- Rounds of unrolled loops ----------------------------------------------------------------------------------------------- */

static gj_known part_of(gj_known zip, uint32_t i)
{
	return (gj_known){ zip.type->elem->item[i], zip.konst ? zip.konst->item[i] : NULL };
}

bool gj_iter_count(gj_known it, uint64_t *n)
{
	const gj_type *over = it.type->elem;
	int64_t part[3];
	if (gj_is_zip(over)) {
		uint64_t each_n;
		bool known = false;
		for (uint32_t i = 0; i < over->n; i++)
			if (gj_iter_count(part_of(it, i), &each_n)) {
				*n = known && *n < each_n ? *n : each_n;
				known = true;
			}
		return known;
	}
	if (over->kind == GJ_INDICES) {
		int64_t extent;
		*n = 1;
		for (uint32_t d = 0; d < over->ndim; d++)
			if (!it.konst || !gj_obj_is_int(it.konst->item[d], &extent) || __builtin_mul_overflow(*n, (uint64_t)(extent > 0 ? extent : 0), n))
				return false;
		return true;
	}
	if (over->kind == GJ_TUPLE)
		return *n = over->n, true;
	return over->kind == GJ_RANGE && gj_range_parts(it.konst, part) && (*n = range_count(part), true);
}

gj_known gj_iter_has_nth(gj_arena *a, gj_known it, uint32_t i)
{
	const gj_type *over = it.type->elem;
	const gj_obj *yes = gj_obj_bool(a, true);
	uint64_t n;
	if (!gj_is_zip(over))
		return (gj_known){ gj_scalar[GJ_BOOL], gj_iter_count(it, &n) ? gj_obj_bool(a, i < n) : NULL };
	for (uint32_t k = 0; k < over->n; k++) {
		const gj_obj *has = gj_iter_has_nth(a, part_of(it, k), i).konst;
		if (has && !has->i)
			return (gj_known){ gj_scalar[GJ_BOOL], has };
		yes = has ? yes : NULL;
	}
	return (gj_known){ gj_scalar[GJ_BOOL], yes };
}

/* Indices number i, the last one fastest. */
static gj_known nth_index(const gj_fn *f, gj_known it, uint32_t i)
{
	gj_known item[GJ_MAX_NDIM];
	int64_t extent;
	for (uint32_t d = it.type->elem->ndim; d-- > 0; i = (uint32_t)(i / extent)) {
		if (!it.konst || !gj_obj_is_int(it.konst->item[d], &extent) || extent <= 0)
			return gj_just(gj_iter_item(f->arena, it.type));
		item[d] = (gj_known){ gj_scalar[GJ_I64], gj_obj_int(f->arena, i % extent) };
	}
	return gj_known_items(f, 0, NULL, it.type->elem->ndim, item);
}

gj_known gj_iter_nth(const gj_fn *f, gj_known it, uint32_t i)
{
	const gj_type *over = it.type->elem;
	int64_t part[3], at;
	if (gj_is_zip(over)) {
		gj_known *item = gj_new(f->arena, gj_known, over->n + 1);
		for (uint32_t k = 0; k < over->n; k++)
			item[k] = gj_iter_nth(f, part_of(it, k), i);
		return gj_known_items(f, 0, NULL, over->n, item);
	}
	if (over->kind == GJ_TUPLE)
		return i < over->n ? (gj_known){ over->item[i], it.konst ? it.konst->item[i] : NULL } : gj_just(NULL);
	if (over->kind == GJ_INDICES)
		return nth_index(f, it, i);
	if (over->kind != GJ_RANGE)
		return gj_just(gj_iter_item(f->arena, it.type));
	bool known = over->elem->kind == GJ_I64 && gj_range_parts(it.konst, part) && !__builtin_mul_overflow(part[2], (int64_t)i, &at) &&
	             !__builtin_add_overflow(at, part[0], &at);
	return (gj_known){ over->elem, known ? gj_obj_int(f->arena, at) : NULL };
}

void gj_fail_rounds(const gj_fn *f, uint32_t loc, gj_known it)
{
	gj_fail(f, loc, GJ_ERR_UNROLL_COUNT, it.type->elem->kind == GJ_RANGE ? "a range" : it.type->elem->name,
	        f->memory ? "fill an array in place of a list: a = np.empty((n, m)); for i in range(n): for j in range(m): a[i, j] = f(i, j); "
	                  : "loop over a tuple or over range() of constants; ");
}

/* The loop over this iterator, which was to fill an array, is written out all the same; false: how many rounds it has is not known. */
static bool write_out(gj_inst *s, gj_ref iterator, gj_known it)
{
	uint64_t n;
	if (!gj_iter_count(it, &n) || n > GJ_MAX_ROUNDS)
		return false;
	GJ_EACH_OP(s->fn, b, r) {
		const gj_op *o = gj_o(s->fn, r);
		if (o->op != GJ_ITERHAS || o->arg[0] != iterator)
			continue;
		gj_loop_place place = s->fn->fors.p[o->imm.i], *array = s->reading.arrays.p;
		uint32_t k = 0;
		while (k < s->reading.arrays.n && (array[k].insn != place.insn || array[k].up != place.up || array[k].round != place.round))
			k++;
		if (k == s->reading.arrays.n)
			return false;
		array[k] = array[--s->reading.arrays.n];
		place.count = (uint32_t)n;
		gj_push(s->fn->arena, &s->reading.loops, place);
		s->reread = s->changed = true;
		return true;
	}
	return false;
}

/* The dtype of an array that a comprehension fills: what its items are, as long as types grow another one in each sweep. */
gj_known gj_known_itemtype(gj_inst *s, const gj_op *o, gj_known it)
{
	const gj_type *t = gj_known_seen(gj_value(s, gj_o(s->fn, (gj_ref)o->imm.i)->arg[2])).type;
	if (!t)
		return (gj_known){ 0 };
	if (!gj_is_scalar(t) && write_out(s, o->arg[0], it))
		return (gj_known){ 0 };
	if (!gj_is_scalar(t))
		gj_fail_rounds(s->fn, o->loc, it);
	gj_obj *k = gj_new(s->fn->arena, gj_obj, 1);
	*k = (gj_obj){ .kind = GJ_OBJ_TYPE, .type = t };
	return gj_known_of(s->fn, o->loc, k);
}
