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

int gj_written_for(const gj_inst *s, gj_ref r)
{
	const gj_op *o = gj_o(s->fn, r);
	const gj_type *a = o->nargs ? type_of(s, o->arg[0]) : NULL, *b = o->nargs > 1 ? type_of(s, o->arg[1]) : NULL;
	if (!s->code->written || !o->nargs)
		return -1;
	switch (o->op) {
	case GJ_ITEM:    return is_array(a) && is_array(b) ? gj_is_bool(b->elem) ? GJ_WRITTEN_CHOOSE : GJ_WRITTEN_TAKE : -1;
	case GJ_SETITEM: return is_array(a) && is_array(b) ? gj_is_bool(b->elem) ? GJ_WRITTEN_PUT_CHOSEN : GJ_WRITTEN_PUT : -1;
	case GJ_PYBIN:   return o->sub == GJ_OP_MATMUL_ && is_array(a) && is_array(b) ? GJ_WRITTEN_DOT : -1;
	case GJ_CALL:    return o->sub ? -1 : named(s, o);
	default:         return -1;
	}
}

uint32_t gj_written_arguments(const gj_inst *s, const gj_op *o, gj_ref *arg)
{
	int slot[GJ_MAX_CALL];
	uint32_t n = o->nargs;
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
