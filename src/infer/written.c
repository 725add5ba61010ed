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

/* A reduction of an array with an axis. */
static int reduction(const gj_inst *s, const gj_op *call, const gj_name *row, const int *slot)
{
	if (!gj_is_reduction(row) || slot[0] < 0 || slot[1] < 0 || slot[4] >= 0 || gj_rule_argument(row) > GJ_RED_ALL)
		return -1;
	const gj_type *a = type_of(s, gj_slot_ref(s->fn, call, slot[0])), *axis = type_of(s, gj_slot_ref(s->fn, call, slot[1]));
	return is_array(a) && a->ndim > 1 && axis && gj_is_int(axis) ? GJ_WRITTEN_SUM + gj_rule_argument(row) : -1;
}

static int named(const gj_inst *s, const gj_op *call)
{
	int slot[GJ_MAX_CALL];
	const gj_obj *f = s->konst[call->arg[0]];
	if (f && f->kind == GJ_OBJ_NAME && call->nargs == 2 && gj_is_where(gj_name_find(f->name)))
		return is_array(type_of(s, call->arg[1])) ? GJ_WRITTEN_NONZERO : -1;
	const gj_name *row = row_of(s, call, slot);
	return row ? reduction(s, call, row, slot) : -1;
}

/* -- Arrays in index tuples ----------------------------------------------------------------------------------------------- */

/* What an index tuple with one array says. */
typedef struct indexed {
	uint32_t at;                               /* which item the array is */
	uint32_t axis, kept, place;                /* its dimension of the indexed array; of the view with `:` for it; of what it takes */
} indexed;

/* An array that can stand in an index. */
static bool is_places(const gj_type *t)
{
	return is_array(t) && t->ndim > 0 && (gj_is_int(t->elem) || gj_is_bool(t->elem));
}

static bool is_integer(const gj_type *t) { return t->kind == GJ_OPTIONAL ? gj_is_int(t->elem) : gj_is_int(t); }

/* Integers beside the array index with it: as NumPy has it, its dimensions come first where something else stands between them. */
static uint32_t place_of(const gj_type *tuple, uint32_t at, uint32_t kept)
{
	uint32_t first = at, last = at, many = 0;
	for (uint32_t i = 0; i < tuple->n; i++) {
		if (i != at && !is_integer(tuple->item[i]))
			continue;
		first = i < first ? i : first;
		last = i > last ? i : last;
		many++;
	}
	return many == last - first + 1 ? kept : 0;
}

/* False: there is no array in the tuple, or not all is known yet. */
static bool has_array(const gj_inst *s, const gj_op *o, indexed *x)
{
	const gj_type *a = type_of(s, o->arg[0]), *tuple = type_of(s, o->arg[1]);
	uint32_t arrays = 0, given = 0, before = 0, fresh = 0, hidden = 0;
	if (!is_array(a) || !tuple || tuple->kind != GJ_TUPLE)
		return false;
	for (uint32_t i = 0; i < tuple->n; i++) {
		given += tuple->item[i] != gj_t_none && tuple->item[i] != gj_t_ellipsis;
		arrays += is_places(tuple->item[i]);
		x->at = is_places(tuple->item[i]) ? i : x->at;
	}
	if (arrays > 1)
		gj_fail(s->fn, o->loc, GJ_ERR_INDEX_ARRAYS, arrays);
	if (!arrays)
		return false;
	if (gj_is_bool(tuple->item[x->at]->elem) && tuple->item[x->at]->ndim > 1)
		gj_fail(s->fn, o->loc, GJ_ERR_INDEX_MASK, tuple->item[x->at]->name);
	for (uint32_t i = 0; i < x->at; i++) {
		const gj_type *t = tuple->item[i];
		if (t == gj_t_ellipsis)
			hidden = given < a->ndim ? a->ndim - given : 0;
		fresh += t == gj_t_none;
		before += t != gj_t_none && t != gj_t_ellipsis && !is_integer(t);
		x->axis += t != gj_t_none && t != gj_t_ellipsis;
	}
	x->axis += hidden;
	x->kept = before + fresh + hidden;
	x->place = place_of(tuple, x->at, x->kept);
	return true;
}

static gj_ref constant(const gj_inst *s, const gj_op *o, const gj_obj *k)
{
	gj_ref r = gj_op_new(s->fn, o->block, GJ_OBJ, NULL, o->loc, 0, NULL);
	gj_o(s->fn, r)->imm.obj = k;
	return r;
}

static gj_ref number(const gj_inst *s, const gj_op *o, uint32_t i) { return constant(s, o, gj_obj_int(s->fn->arena, i)); }

/* Item i of an index tuple: an operand of the op that makes it, or taken from the value. */
static gj_ref tuple_item(const gj_inst *s, const gj_op *o, uint32_t i)
{
	const gj_op *tuple = gj_o(s->fn, o->arg[1]);
	if (tuple->op == GJ_MKTUPLE)
		return tuple->arg[i];
	gj_ref part[] = { o->arg[1], number(s, o, i) };
	return gj_op_new(s->fn, o->block, GJ_ITEM, NULL, o->loc, 2, part);
}

/* The operands of take_along() and put_along(): the array with `:` in the place of the index array, that array, what is stored, and
 * where its dimensions are. */
static uint32_t along(const gj_inst *s, gj_op o, gj_ref *arg)
{
	static const gj_obj none = { .kind = GJ_OBJ_NONE };
	indexed x = { 0 };
	has_array(s, &o, &x);
	uint32_t n = type_of(s, o.arg[1])->n, many = 0;
	gj_ref *item = gj_new(s->fn->arena, gj_ref, n), all[] = { constant(s, &o, &none), constant(s, &o, &none) };
	for (uint32_t i = 0; i < n; i++)
		item[i] = tuple_item(s, &o, i);
	gj_ref places = item[x.at];
	item[x.at] = gj_op_new(s->fn, o.block, GJ_MKSLICE, NULL, o.loc, 2, all);
	gj_ref view[] = { o.arg[0], gj_op_new(s->fn, o.block, GJ_MKTUPLE, NULL, o.loc, n, item) };
	arg[many++] = gj_op_new(s->fn, o.block, GJ_ITEM, NULL, o.loc, 2, view);
	arg[many++] = places;
	if (o.op == GJ_SETITEM)
		arg[many++] = o.arg[2];
	arg[many++] = number(s, &o, x.kept);
	arg[many++] = number(s, &o, x.place);
	arg[many++] = number(s, &o, x.axis);
	return many;
}

/* -- Which, of what --------------------------------------------------------------------------------------------------------- */

int gj_written_for(const gj_inst *s, gj_ref r)
{
	indexed x = { 0 };
	const gj_op *o = gj_o(s->fn, r);
	const gj_type *a = o->nargs ? type_of(s, o->arg[0]) : NULL, *b = o->nargs > 1 ? type_of(s, o->arg[1]) : NULL;
	if (!s->code->written || !o->nargs)
		return -1;
	if ((o->op == GJ_ITEM || o->op == GJ_SETITEM) && !o->sub && has_array(s, o, &x))
		return o->op == GJ_ITEM ? GJ_WRITTEN_TAKE_ALONG : GJ_WRITTEN_PUT_ALONG;
	switch (o->op) {
	case GJ_ITEM:    return is_array(a) && is_array(b) ? gj_is_bool(b->elem) ? GJ_WRITTEN_CHOOSE : GJ_WRITTEN_TAKE : -1;
	case GJ_SETITEM: return is_array(a) && is_array(b) ? gj_is_bool(b->elem) ? GJ_WRITTEN_PUT_CHOSEN : GJ_WRITTEN_PUT : -1;
	case GJ_PYBIN:   return o->sub == GJ_OP_MATMUL_ && is_array(a) && is_array(b) ? GJ_WRITTEN_DOT : -1;
	case GJ_CALL:    return o->sub ? -1 : named(s, o);
	default:         return -1;
	}
}

uint32_t gj_written_arguments(const gj_inst *s, gj_ref r, gj_ref *arg)
{
	int slot[GJ_MAX_CALL];
	indexed x = { 0 };
	const gj_op *o = gj_o(s->fn, r);
	uint32_t n = o->nargs;
	if ((o->op == GJ_ITEM || o->op == GJ_SETITEM) && !o->sub && has_array(s, o, &x))
		return along(s, *o, arg);
	if (o->op == GJ_CALL && gj_is_reduction(gj_name_find(s->konst[o->arg[0]]->name))) {
		row_of(s, o, slot);
		arg[0] = gj_slot_ref(s->fn, o, slot[0]);
		arg[1] = gj_slot_ref(s->fn, o, slot[1]);
		return 2;
	}
	uint32_t first = o->op == GJ_CALL;
	for (uint32_t i = first; i < n; i++)
		arg[i - first] = o->arg[i];
	return n - first;
}
