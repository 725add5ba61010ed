/* Operations on arrays that are functions in Python where there is memory for their results: which they are. */
#include "infer/infer.h"

static const gj_type *type_of(const gj_inst *s, gj_ref r) { return gj_o(s->fn, r)->type; }
static bool is_array(const gj_type *t) { return t && t->kind == GJ_ARRAY; }

/* The row of a call, and where its operands go, −1 behind its parameters; NULL: it calls something else. */
static const gj_name *row_of(const gj_inst *s, const gj_op *call, int slot[GJ_MAX_CALL])
{
	const gj_obj *f = call->sub ? NULL : s->konst[call->arg[0]];
	const gj_name *row = f && f->kind == GJ_OBJ_NAME ? gj_name_find(f->name) : NULL;
	if (!row || !row->params || (gj_is_method(row) && gj_o(s->fn, call->arg[0])->op != GJ_ATTR))
		return NULL;
	for (uint32_t i = gj_bind_row(s->fn, call, row, f->name, slot); i < GJ_MAX_CALL; i++)
		slot[i] = -1;
	return row;
}

/* An argument of a call; none: it is not given. */
static gj_known given(const gj_inst *s, const gj_op *call, int slot)
{
	return slot < 0 ? (gj_known){ gj_t_none, NULL } : gj_value(s, gj_slot_ref(s->fn, call, slot));
}

/* A reduction of an array along an axis, or that keeps its dimensions: of what makes a new array. */
static int reduction(const gj_inst *s, const gj_op *call, const gj_name *row, const int *slot)
{
	int how = gj_is_reduction(row) && slot[0] >= 0 ? gj_rule_argument(row) : GJ_RED_ARGMIN;
	if (how == GJ_RED_ARGMIN || how == GJ_RED_ARGMAX || slot[gj_name_slot(row, "out")] >= 0)
		return -1;
	const gj_type *a = given(s, call, slot[0]).type, *axis = given(s, call, slot[1]).type;
	gj_known keepdims = given(s, call, slot[gj_name_slot(row, "keepdims")]);
	int64_t keeps = 0;
	if (!is_array(a) || !axis || !(gj_is_int(axis) || axis == gj_t_none) || (keepdims.type != gj_t_none && !gj_obj_is_int(keepdims.konst, &keeps)))
		return -1;
	if (!keeps && (axis == gj_t_none || a->ndim < 2))
		return -1;
	return how < GJ_RED_VAR ? GJ_WRITTEN_SUM + how : GJ_WRITTEN_VAR + how - GJ_RED_VAR;
}

/* The array of a call that sees it in another shape, if it lies so that this takes a copy; 0: it is another call. */
static gj_ref copied(const gj_inst *s, const gj_op *call, const gj_name *row)
{
	bool method = gj_is_method(row), plain = !call->imm.kw || !call->imm.kw->n;
	if (!gj_reshapes(row) || !plain || (!method && call->nargs < 2))
		return 0;
	gj_ref r = method ? gj_o(s->fn, call->arg[0])->arg[0] : call->arg[1];
	const gj_type *a = type_of(s, r);
	return is_array(a) && a->ndim > (gj_reshapes(row) == 's') && a->layout != 'C' ? r : 0;
}

static int named(const gj_inst *s, const gj_op *call)
{
	int slot[GJ_MAX_CALL];
	const gj_obj *f = s->konst[call->arg[0]];
	if (f && f->kind == GJ_OBJ_NAME && call->nargs == 2 && gj_is_where(gj_name_find(f->name)))
		return is_array(type_of(s, call->arg[1])) ? GJ_WRITTEN_NONZERO : -1;
	const gj_name *row = row_of(s, call, slot);
	if (row && copied(s, call, row))
		return gj_reshapes(row) == 'r' ? GJ_WRITTEN_RAVEL : GJ_WRITTEN_RESHAPE;
	return row ? reduction(s, call, row, slot) : -1;
}

/* -- Arrays in indices ---------------------------------------------------------------------------------------------------- */

/* What an index with arrays says. */
typedef struct indexed {
	uint32_t n;                                /* how many dimensions arrays index: a mask as many as it has, another one */
	uint32_t axis[GJ_MAX_NDIM];                /* which these are of the view that has `:` in their place */
	uint32_t named[GJ_MAX_NDIM];               /* and of the indexed array */
	uint32_t ndim, place;                      /* dimensions of the view; where those of the arrays come in what is taken */
	bool alone;                                /* nothing else stands in the index, and the view is the array */
} indexed;

/* The type of the items of what an array of integers or a mask can be made from; NULL: it is not such a list. */
static const gj_type *listed(const gj_type *t)
{
	const gj_type *first = gj_is_list(t) && t->n ? listed(t->item[0]) : NULL;
	bool same = first != NULL;
	for (uint32_t i = 1; i < t->n && same; i++)
		same = listed(t->item[i]) && gj_is_bool(listed(t->item[i])) == gj_is_bool(first);
	return gj_is_int(t) || gj_is_bool(t) ? t : same ? first : NULL;
}

/* The items' type of an array, or of a list, that can stand in an index; NULL: it is none. */
static const gj_type *places(const gj_type *t)
{
	const gj_type *item = is_array(t) && t->ndim > 0 ? t->elem : gj_is_list(t) ? listed(t) : NULL;
	return item && (gj_is_int(item) || gj_is_bool(item)) ? item : NULL;
}

static bool is_places(const gj_type *t) { return places(t) != NULL; }

static bool is_integer(const gj_type *t) { return t->kind == GJ_OPTIONAL ? gj_is_int(t->elem) : gj_is_int(t); }

/* How many dimensions an item of an index stands for, an ellipsis aside. */
static uint32_t dimensions_of(const gj_type *t)
{
	uint32_t mask = 0;
	if (t == gj_t_none || t == gj_t_ellipsis)
		return 0;
	if (is_places(t) && gj_is_bool(places(t)))
		for (mask = is_array(t) ? t->ndim : 0; gj_is_list(t); t = t->item[0])
			mask++;
	return mask ? mask : 1;
}

static bool is_tuple(const gj_type *index) { return index->kind == GJ_TUPLE && !gj_is_list(index); }
static uint32_t items_of(const gj_type *index) { return is_tuple(index) ? index->n : 1; }
static const gj_type *item_of(const gj_type *index, uint32_t i) { return is_tuple(index) ? index->item[i] : index; }

/* Integers beside arrays index with them: as NumPy has it, the arrays' dimensions come first where something else stands between. */
static bool stands_together(const gj_type *index)
{
	uint32_t first = UINT32_MAX, last = 0, many = 0;
	for (uint32_t i = 0; i < items_of(index); i++) {
		const gj_type *t = item_of(index, i);
		if (!is_places(t) && !is_integer(t))
			continue;
		first = i < first ? i : first;
		last = i;
		many++;
	}
	return many == last - first + 1;
}

/* False: there is no array in the index, or not all is known yet. */
static bool has_arrays(const gj_inst *s, const gj_op *o, indexed *x)
{
	if (o->sub || o->nargs < 2 || (o->op != GJ_ITEM && o->op != GJ_SETITEM))
		return false;
	const gj_type *a = type_of(s, o->arg[0]), *index = type_of(s, o->arg[1]);
	uint32_t given = 0, arrays = 0, axis = 0;
	if (!is_array(a) || !index)
		return false;
	for (uint32_t i = 0; i < items_of(index); i++) {
		given += dimensions_of(item_of(index, i));
		arrays += is_places(item_of(index, i));
	}
	if (!arrays)
		return false;
	if (given > a->ndim)
		gj_fail(s->fn, o->loc, GJ_ERR_INDEX_COUNT, a->name, (int)a->ndim, given);
	*x = (indexed){ .alone = arrays == items_of(index) };
	for (uint32_t i = 0; i < items_of(index); i++) {
		const gj_type *t = item_of(index, i);
		uint32_t many = t == gj_t_ellipsis ? a->ndim - given : dimensions_of(t);
		for (uint32_t d = 0; is_places(t) && d < many; d++, x->n++) {
			x->axis[x->n] = x->ndim + d;
			x->named[x->n] = axis + d;
		}
		axis += many;
		x->ndim += t == gj_t_none ? 1 : is_integer(t) ? 0 : many;
	}
	x->ndim += a->ndim - axis;
	x->place = stands_together(index) ? x->axis[0] : 0;
	return true;
}

static gj_ref constant(const gj_inst *s, const gj_op *o, const gj_obj *k)
{
	gj_ref r = gj_op_new(s->fn, o->block, GJ_OBJ, NULL, o->loc, 0, NULL);
	gj_o(s->fn, r)->imm.obj = k;
	return r;
}

static gj_ref number(const gj_inst *s, const gj_op *o, uint32_t i) { return constant(s, o, gj_obj_int(s->fn->arena, i)); }

static gj_ref numbers(const gj_inst *s, const gj_op *o, uint32_t n, const uint32_t *x)
{
	gj_obj *t = gj_new(s->fn->arena, gj_obj, 1);
	const gj_obj **item = gj_new(s->fn->arena, const gj_obj *, n);
	for (uint32_t i = 0; i < n; i++)
		item[i] = gj_obj_int(s->fn->arena, x[i]);
	*t = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = n, .item = item };
	return constant(s, o, t);
}

/* Item i of an index: itself, an operand of the op that makes the tuple, or taken from the value. */
static gj_ref item_at(const gj_inst *s, const gj_op *o, uint32_t i)
{
	const gj_op *tuple = gj_o(s->fn, o->arg[1]);
	if (!is_tuple(tuple->type))
		return o->arg[1];
	if (tuple->op == GJ_MKTUPLE)
		return tuple->arg[i];
	gj_ref part[] = { o->arg[1], number(s, o, i) };
	return gj_op_new(s->fn, o->block, GJ_ITEM, NULL, o->loc, 2, part);
}

static gj_ref colon(const gj_inst *s, const gj_op *o)
{
	static const gj_obj none = { .kind = GJ_OBJ_NONE };
	gj_ref all[] = { constant(s, o, &none), constant(s, o, &none) };
	return gj_op_new(s->fn, o->block, GJ_MKSLICE, NULL, o->loc, 2, all);
}

/* The view whose dimensions from x->place on arrays index. */
static gj_ref view_of(const gj_inst *s, const gj_op *o, const indexed *x, uint32_t n, const gj_ref *item)
{
	gj_fn *f = s->fn;
	uint32_t order[GJ_MAX_NDIM], many = 0;
	gj_ref view[] = { o->arg[0], x->alone ? 0 : gj_op_new(f, o->block, GJ_MKTUPLE, NULL, o->loc, n, item) };
	gj_ref a = x->alone ? o->arg[0] : gj_op_new(f, o->block, GJ_ITEM, NULL, o->loc, 2, view);
	bool lies = true;
	if (!x->alone)
		gj_o(f, a)->flags |= GJ_CHECKED;
	for (uint32_t i = 0; i < x->n; i++)
		lies &= x->axis[i] == x->place + i;
	if (lies)
		return a;
	for (uint32_t i = 0; i < x->n; i++)
		order[many++] = x->axis[i];
	for (uint32_t d = 0, i = 0; d < x->ndim; d++) {
		if (i < x->n && d == x->axis[i])
			i++;
		else
			order[many++] = d;
	}
	gj_ref call[] = { gj_op_new(f, o->block, GJ_ATTR, NULL, o->loc, 1, &a), numbers(s, o, x->ndim, order) };
	gj_o(f, call[0])->imm.name = "transpose";
	return gj_op_new(f, o->block, GJ_CALL, NULL, o->loc, 2, call);
}

/* The operands of take() and put(): the view, a tuple of the arrays, what is stored, and where their dimensions are. */
static uint32_t indexed_by(const gj_inst *s, gj_op o, const indexed *x, gj_ref *arg)
{
	const gj_type *index = type_of(s, o.arg[1]);
	uint32_t n = items_of(index), many = 0, kept = 0, arrays = 0;
	gj_ref *item = gj_new(s->fn->arena, gj_ref, n + GJ_MAX_NDIM), *array = gj_new(s->fn->arena, gj_ref, n);
	for (uint32_t i = 0; i < n; i++) {
		const gj_type *t = item_of(index, i);
		gj_ref r = item_at(s, &o, i);
		if (is_places(t))
			array[arrays++] = r;
		for (uint32_t d = 0; d < (is_places(t) ? dimensions_of(t) : 1); d++)
			item[kept++] = is_places(t) ? colon(s, &o) : r;
	}
	arg[many++] = view_of(s, &o, x, kept, item);
	arg[many++] = gj_op_new(s->fn, o.block, GJ_MKTUPLE, NULL, o.loc, arrays, array);
	if (o.op == GJ_SETITEM)
		arg[many++] = o.arg[2];
	arg[many++] = number(s, &o, x->place);
	arg[many++] = numbers(s, &o, x->n, x->named);
	return many;
}

/* -- Which, of what --------------------------------------------------------------------------------------------------------- */

int gj_written_for(const gj_inst *s, gj_ref r)
{
	indexed x;
	const gj_op *o = gj_o(s->fn, r);
	const gj_type *a = o->nargs ? type_of(s, o->arg[0]) : NULL, *b = o->nargs > 1 ? type_of(s, o->arg[1]) : NULL;
	if (!s->code->written || !o->nargs)
		return -1;
	switch (o->op) {
	case GJ_ITEM:    return has_arrays(s, o, &x) ? GJ_WRITTEN_TAKE : -1;
	case GJ_SETITEM: return has_arrays(s, o, &x) ? GJ_WRITTEN_PUT : -1;
	case GJ_PYBIN:   return o->sub == GJ_OP_MATMUL_ && is_array(a) && is_array(b) ? GJ_WRITTEN_DOT : -1;
	case GJ_CALL:    return o->sub ? -1 : named(s, o);
	default:         return -1;
	}
}

/* What the function of a reduction is given; None where an argument is absent, or where it says what is so without it. */
static uint32_t reduction_arguments(const gj_inst *s, const gj_op *o, gj_ref *arg)
{
	static const struct { const char *name; int64_t without; } params[] = { { "axis", INT64_MIN }, { "dtype", INT64_MIN }, { "keepdims", 0 },
		{ "where", 1 }, { "initial", INT64_MIN }, { "ddof", 0 }, { "mean", INT64_MIN }, { "correction", INT64_MIN } };
	static const gj_obj none = { .kind = GJ_OBJ_NONE };
	const gj_op call = *o;
	int slot[GJ_MAX_CALL];
	const gj_name *row = row_of(s, &call, slot);
	arg[0] = gj_slot_ref(s->fn, &call, slot[0]);
	for (uint32_t i = 0; i < GJ_LEN(params); i++) {
		int at = slot[gj_name_slot(row, params[i].name)];
		int64_t n;
		bool absent = at < 0 || (gj_obj_is_int(given(s, &call, at).konst, &n) && n == params[i].without);
		arg[1 + i] = absent ? constant(s, &call, &none) : gj_slot_ref(s->fn, &call, at);
	}
	return 1 + GJ_LEN(params);
}

/* The array, and a shape, which is a tuple, a number, or several numbers. */
static uint32_t reshape_arguments(const gj_inst *s, const gj_op *o, gj_ref *arg)
{
	const gj_op call = *o;
	const gj_name *row = gj_name_find(s->konst[call.arg[0]]->name);
	uint32_t first = gj_is_method(row) ? 1 : 2, many = call.nargs - first;
	arg[0] = copied(s, &call, row);
	if (many)
		arg[1] = many == 1 ? call.arg[first] : gj_op_new(s->fn, call.block, GJ_MKTUPLE, NULL, call.loc, many, call.arg + first);
	return many ? 2 : 1;
}

uint32_t gj_written_arguments(const gj_inst *s, gj_ref r, gj_ref *arg)
{
	indexed x;
	const gj_op *o = gj_o(s->fn, r);
	uint32_t n = o->nargs;
	if (has_arrays(s, o, &x))
		return indexed_by(s, *o, &x, arg);
	if (o->op == GJ_CALL && gj_is_reduction(gj_name_find(s->konst[o->arg[0]]->name)))
		return reduction_arguments(s, o, arg);
	if (o->op == GJ_CALL && gj_reshapes(gj_name_find(s->konst[o->arg[0]]->name)))
		return reshape_arguments(s, o, arg);
	uint32_t first = o->op == GJ_CALL;
	for (uint32_t i = first; i < n; i++)
		arg[i - first] = o->arg[i];
	return n - first;
}
