/* Actions of bytecodes that make tuples, lists and dictionaries step by step. A list is a tuple here, which nobody can change:
 * what bytecode appends to one makes a longer one in its place of the stack. */
#include "bytecode/state.h"

#include <string.h>

bool gj_ssa_tuple_items(gj_ssa_state *s, gj_ref r, gj_ref **item, uint32_t *n)
{
	const gj_op *o = gj_o(s->f, r);
	if (o->op == GJ_MKTUPLE) {
		*item = o->arg;
		*n = o->nargs;
		return true;
	}
	if (o->op != GJ_OBJ || o->imm.obj->kind != GJ_OBJ_TUPLE || o->imm.obj->fields)
		return false;
	const gj_obj *t = o->imm.obj;
	*n = t->n;
	*item = gj_new(s->f->arena, gj_ref, t->n);
	for (uint32_t i = 0; i < t->n; i++)
		(*item)[i] = gj_ssa_emit_obj(s, t->item[i]);
	return true;
}

static gj_ref made(gj_ssa_state *s, gj_sort how, uint32_t n, const gj_ref *item)
{
	gj_ref r = gj_ssa_emit(s, GJ_MKTUPLE, n, item);
	gj_o(s->f, r)->sub = (uint8_t)how;
	return r;
}

/* Its items, one by one where they are known, else as a STAR. */
static gj_ref *items_of(gj_ssa_state *s, gj_ref r, uint32_t *n)
{
	gj_ref *item, *all;
	if (!gj_ssa_tuple_items(s, gj_ssa_same_on_all_paths(s, r), &item, n)) {
		gj_ref star = gj_ssa_emit1(s, GJ_STAR, r);
		item = gj_memdup(s->f->arena, &star, sizeof star);
		*n = 1;
	}
	all = gj_new(s->f->arena, gj_ref, *n + 1);
	for (uint32_t i = 0; i < *n; i++)
		all[i] = item[i];
	return all;
}

gj_ref gj_ssa_longer(gj_ssa_state *s, gj_ref tuple, gj_ref item, gj_sort how)
{
	uint32_t n;
	gj_ref *all = items_of(s, tuple, &n);
	all[n] = item;
	return made(s, how, n + 1, all);
}

void gj_ssa_unroll(gj_ssa_state *s, uint32_t from)
{
	for (uint32_t i = from; i < s->stack.n; i++)
		gj_push(s->f->arena, &s->unroll, s->stack.p[i]);
}

ACTION(tuple)
{
	gj_ssa_push(s, made(s, GJ_SORT_TUPLE, n, gj_ssa_pop_values(s, n)));
}

ACTION(list)
{
	if (n || !gj_collect_begin(s))
		gj_ssa_push(s, made(s, GJ_SORT_LIST, n, gj_ssa_pop_values(s, n)));
}

/* Item n of the stack, a list. */
static gj_ref *list_at(gj_ssa_state *s, uint32_t n)
{
	gj_ref *place = gj_ssa_from_top(s, n);
	if (!*place)
		gj_ssa_damaged(s, "a list is missing");
	return place;
}

ACTION(list_append)
{
	gj_ref v = gj_ssa_value(s), *place = list_at(s, n);
	if (n == 2 && gj_collect_item(s, v))
		return;
	gj_ref list = *place, longer = gj_ssa_longer(s, list, v, GJ_SORT_LIST);
	gj_ssa_unroll(s, s->stack.n - n + 1);
	*place = longer;
	if (n == 2)
		gj_collect_note(s, list, *gj_ssa_from_top(s, 1), longer);
}

ACTION(list_extend)
{
	gj_ref v = gj_ssa_value(s), *place = list_at(s, n), *more;
	uint32_t count = 1;
	bool known = gj_ssa_tuple_items(s, v, &more, &count);
	for (uint32_t i = 0; i < count; i++)
		*place = gj_ssa_longer(s, *place, known ? more[i] : gj_ssa_emit1(s, GJ_STAR, v), GJ_SORT_LIST);
}

ACTION(list_to_tuple)
{
	UNUSED_N;
	uint32_t count;
	gj_ref *place = list_at(s, 1), *all = items_of(s, *place, &count);
	*place = made(s, GJ_SORT_TUPLE, count, all);
}

/* -- Patterns: match t: case (a, b) -------------------------------------------------------------------------------------- */

/* Pushes f(the item on top, more …), which stays. */
static void ask(gj_ssa_state *s, const gj_obj *f, const gj_obj *more)
{
	gj_ref top = *gj_ssa_from_top(s, 1), name = gj_ssa_emit_obj(s, f), arg[3] = { name, top, 0 };
	if (!top)
		gj_ssa_damaged(s, "a value is missing");
	if (more)
		arg[2] = gj_ssa_emit_obj(s, more);
	gj_ssa_push(s, gj_ssa_emit(s, GJ_CALL, more ? 3 : 2, arg));
}

ACTION(get_len)
{
	static const gj_obj len = { .kind = GJ_OBJ_NAME, .name = "builtins.len" };
	UNUSED_N;
	ask(s, &len, NULL);
}

/* Of what kernels have tuples and lists are sequences. */
ACTION(match_sequence)
{
	static const gj_obj isinstance = { .kind = GJ_OBJ_NAME, .name = "builtins.isinstance" };
	static const gj_obj tuple = { .kind = GJ_OBJ_NAME, .name = "builtins.tuple" }, list = { .kind = GJ_OBJ_NAME, .name = "builtins.list" };
	static const gj_obj *const both[] = { &tuple, &list };
	static const gj_obj sequences = { .kind = GJ_OBJ_TUPLE, .n = 2, .item = both };
	UNUSED_N;
	ask(s, &isinstance, &sequences);
}

ACTION(map)
{
	gj_ref *pair = gj_ssa_pop_values(s, 2 * n);
	gj_ref *item = gj_new(s->f->arena, gj_ref, n);
	for (uint32_t i = 0; i < n; i++)
		item[i] = pair[2 * i + 1];
	gj_build(s, "a dictionary", gj_build_keys(s, pair, n, 2), n, item);
}

ACTION(const_key_map)
{
	const gj_op *keys = gj_o(s->f, gj_ssa_value(s));
	if (keys->op != GJ_OBJ || keys->imm.obj->kind != GJ_OBJ_TUPLE || keys->imm.obj->n != n)
		gj_ssa_damaged(s, "keys are wrong");
	bool text = true;
	for (uint32_t i = 0; i < n; i++)
		text &= keys->imm.obj->item[i]->kind == GJ_OBJ_STR;
	gj_build(s, "a dictionary", text ? keys->imm.obj : NULL, n, gj_ssa_pop_values(s, n));
}

/* **d in a call. */
ACTION(dict_merge)
{
	gj_ref d = gj_ssa_value(s);
	gj_building *b = gj_built(s, *gj_ssa_from_top(s, n));
	if (b && b->named)
		gj_build_merge(s, b, d);
}

/* {**d}: a dictionary that changes. */
ACTION(dict_update)
{
	gj_ssa_pop(s);
	gj_building *b = gj_built(s, *gj_ssa_from_top(s, n));
	if (!b || !b->named)
		return;
	b->named = false;
	gj_build_allow(s, b);
	gj_o(s->f, b->ref)->op = GJ_UNSUPPORTED;
	gj_o(s->f, b->ref)->sub = 0;
	gj_o(s->f, b->ref)->imm.name = "a dictionary";
}

bool gj_ssa_makes_slices(gj_ssa_state *s, const gj_op *tuple, uint32_t n)
{
	bool any = false;
	for (uint32_t i = 0; tuple->op == GJ_MKTUPLE && tuple->nargs == n && i < n; i++) {
		if (gj_o(s->f, tuple->arg[i])->op == GJ_STAR)
			return false;
		any |= gj_o(s->f, tuple->arg[i])->op == GJ_MKSLICE;
	}
	return any;
}

gj_ref gj_ssa_slice(gj_ssa_state *s, const gj_ref *arg, uint32_t nargs)
{
	static const gj_obj none = { .kind = GJ_OBJ_NONE };
	const gj_obj *f = nargs >= 2 && nargs <= 4 ? gj_named_object(s, gj_var_find(s, arg[0])) : NULL;
	if (!f || f->kind != GJ_OBJ_NAME || strcmp(f->name, "builtins.slice"))
		return 0;
	gj_ref stop[2] = { nargs == 2 ? gj_ssa_emit_obj(s, &none) : 0, arg[1] };
	return nargs == 2 ? gj_ssa_emit(s, GJ_MKSLICE, 2, stop) : gj_ssa_emit(s, GJ_MKSLICE, nargs - 1, arg + 1);
}
