/* What each bytecode builds: one action a row of pyops.def, found by its name. Actions pop and push exactly what the row
 * says (ssa.c checks); malformed operands end in gj_ssa_damaged. */
#include "bytecode/state.h"

#include <string.h>


/* -- Nothing, refusal, the stack --------------------------------------------------------------------------------------- */

ACTION(nothing)
{
	(void)s;
	UNUSED_N;
}

ACTION(refuse)
{
	gj_effect e = gj_pyop_effect(s->insn->row, n);
	gj_ref r = gj_ssa_unsupported(s, gj_pyops[s->insn->row].text);
	for (int64_t i = 0; i < e.pop; i++)
		gj_ssa_pop(s);
	for (int64_t i = 0; i < e.push; i++)
		gj_ssa_push(s, r);
}

static gj_ref text_piece(gj_ssa_state *s, uint32_t n, const gj_ref *arg, uint8_t piece)
{
	gj_ref r = gj_ssa_emit(s, GJ_UNSUPPORTED, n, arg);
	gj_o(s->f, r)->imm.name = "an f-string";
	gj_o(s->f, r)->sub = piece;
	return r;
}

/* As `refuse`, but what it is made of can be followed: messages of exceptions are dropped (raised.c). */
ACTION(fstring)
{
	static const struct { const char *op; uint8_t piece; } pieces[] = {
		{ "BUILD_STRING", GJ_TEXT_PARTS }, { "FORMAT_SIMPLE", GJ_TEXT_VALUE }, { "FORMAT_WITH_SPEC", GJ_TEXT_SPEC },
		{ "CONVERT_VALUE", GJ_TEXT_REPR }
	};
	uint32_t count = (uint32_t)gj_pyop_effect(s->insn->row, n).pop;
	gj_ref *arg = gj_ssa_pop_values(s, count);
	const char *op = gj_pyops[s->insn->row].name;
	bool old = !strcmp(op, "FORMAT_VALUE");
	uint8_t piece = !old ? GJ_TEXT_OTHER : n & 4 ? GJ_TEXT_SPEC : GJ_TEXT_VALUE;
	for (size_t i = 0; i < GJ_LEN(pieces); i++)
		piece = !strcmp(op, pieces[i].op) ? pieces[i].piece : piece;
	if (piece == GJ_TEXT_REPR && n == 1)
		piece = GJ_TEXT_STR;
	if (old && n & 3)
		arg[0] = text_piece(s, 1, arg, (n & 3) == 1 ? GJ_TEXT_STR : GJ_TEXT_REPR);
	gj_ssa_push(s, text_piece(s, count, arg, piece));
}

ACTION(drop)
{
	for (int64_t i = gj_pyop_effect(s->insn->row, n).pop; i > 0; i--)
		gj_ssa_pop(s);
}

/* A statement that is an expression: of names and attributes inference is told that nobody takes them. */
ACTION(discard)
{
	UNUSED_N;
	gj_ref r = gj_ssa_pop(s);
	gj_op *o = gj_o(s->f, r);
	if (r && (o->op == GJ_ATTR || (o->op == GJ_OBJ && o->imm.obj->kind == GJ_OBJ_NAME)))               /* 0: NULL */
		o->sub = 1;
}

ACTION(push_null)
{
	UNUSED_N;
	gj_ssa_push(s, 0);
}

ACTION(copy)
{
	gj_ssa_push(s, *gj_ssa_from_top(s, n));
}

/* The position of an iterator is the hidden variable nvars + its place in the stack; `n` counts places from the top. */
static uint32_t position_of(const gj_ssa_state *s, uint32_t n)
{
	return (uint32_t)s->code->nvars + s->stack.n - n;
}

/* Iterators take their positions along. */
ACTION(swap)
{
	gj_ref *a = gj_ssa_from_top(s, 1), *b = gj_ssa_from_top(s, n), x = *a, y = *b;
	gj_ref at_x = x && gj_o(s->f, x)->op == GJ_GETITER ? gj_var_read(s, s->cur, position_of(s, 1)) : 0;
	gj_ref at_y = y && gj_o(s->f, y)->op == GJ_GETITER ? gj_var_read(s, s->cur, position_of(s, n)) : 0;
	*a = y;
	*b = x;
	if (at_x)
		gj_var_write(s, s->cur, position_of(s, n), at_x);
	if (at_y)
		gj_var_write(s, s->cur, position_of(s, 1), at_y);
}

/* -- Variables and names -------------------------------------------------------------------------------------------------- */

static uint32_t check_var(gj_ssa_state *s, uint32_t v)
{
	if (v >= (uint32_t)s->code->nvars)
		gj_ssa_damaged(s, "no such variable");
	return v;
}

static void push_iterator(gj_ssa_state *s, gj_ref over);

/* A comprehension that is a function of its own, and a generator, get the iterator of their first loop as an argument. */
ACTION(load_var)
{
	gj_ref r = gj_var_load(s, check_var(s, n));
	if (n == 0 && s->code->nargs == 1 && !strcmp(s->code->var[0], ".0"))
		push_iterator(s, r);
	else
		gj_ssa_push(s, r);
}

/* Stores to captured variables are remembered for closure.c; the bytecode tells them from others. */
static void set_var(gj_ssa_state *s, uint32_t v, gj_ref value)
{
	if (v >= (uint32_t)(s->code->nvars - s->code->nfree)) {
		gj_ssa_unsupported(s, "assignment to a variable of the enclosing function");
		return;
	}
	value = gj_ssa_as_variable(s, v, value);
	gj_var_store(s, v, value);
	gj_push(s->f->arena, &s->f->named, ((gj_named){ value, s->code->var[v] }));
	gj_opcode is = (gj_opcode)gj_o(s->f, value)->op;
	if (s->f->trap->variables && is != GJ_CAUGHT && is != GJ_HANDLED && is != GJ_UNDEF)
		gj_o(s->f, gj_ssa_emit1(s, GJ_STORED, value))->imm.name = s->code->var[v];
	gj_push(s->f->arena, &s->store, ((gj_place){ v, s->cur, s->f->bb.p[s->cur].ops.n, value }));
}

ACTION(store_var)
{
	uint32_t v = check_var(s, n);
	set_var(s, v, gj_ssa_value(s));
}

ACTION(delete_var)
{
	uint32_t v = check_var(s, n);
	gj_var_load(s, v);
	set_var(s, v, gj_var_undef(s, v));
}

ACTION(load_load)
{
	gj_act_load_var(s, n >> 4);
	gj_act_load_var(s, n & 15);
}

ACTION(store_load)
{
	gj_act_store_var(s, n >> 4);
	gj_act_load_var(s, n & 15);
}

ACTION(store_store)
{
	gj_act_store_var(s, n >> 4);
	gj_act_store_var(s, n & 15);
}

static const gj_obj *const_at(gj_ssa_state *s, uint32_t n)
{
	if (n >= (uint32_t)s->code->nkonsts)
		gj_ssa_damaged(s, "no such constant");
	return s->code->konst[n];
}

ACTION(load_const)
{
	gj_ssa_push(s, gj_ssa_emit_obj(s, const_at(s, n)));
}

static uint32_t check_name(gj_ssa_state *s, uint32_t n)
{
	if (n >= (uint32_t)s->code->nnames)
		gj_ssa_damaged(s, "no such name");
	return n;
}

static const gj_obj none_obj = { .kind = GJ_OBJ_NONE };

static gj_ref global(gj_ssa_state *s, uint32_t n)
{
	const gj_obj *obj = s->code->global[check_name(s, n)];
	gj_ref part[3];
	for (uint32_t i = 0; obj->kind == GJ_OBJ_SLICE && i < 3; i++)
		part[i] = gj_ssa_emit_obj(s, obj->item[i]);
	if (obj->kind == GJ_OBJ_SLICE)
		return gj_ssa_emit(s, GJ_MKSLICE, 3, part);
	gj_ref r = gj_ssa_emit_obj(s, s->code->global[check_name(s, n)]);
	gj_push(s->f->arena, &s->f->named, ((gj_named){ r, s->code->name_text[n] }));
	return r;
}

ACTION(load_global)
{
	gj_ssa_push(s, global(s, n >> 1));
	if (n & 1)
		gj_ssa_push(s, 0);
}

ACTION(load_global_null_first)
{
	if (n & 1)
		gj_ssa_push(s, 0);
	gj_ssa_push(s, global(s, n >> 1));
}

static gj_ref attribute(gj_ssa_state *s, uint32_t n)
{
	const char *name = s->code->name_text[check_name(s, n)];
	gj_ref r = gj_ssa_emit1(s, GJ_ATTR, gj_ssa_value(s));
	gj_o(s->f, r)->imm.name = name;
	return r;
}

ACTION(attr)
{
	gj_ssa_push(s, attribute(s, n));
}

/* A method is its attribute: the place of self holds a NULL. */
ACTION(method_null_first)
{
	gj_ref r = attribute(s, n);
	gj_ssa_push(s, 0);
	gj_ssa_push(s, r);
}

ACTION(attr_or_method_null_first)
{
	if (n & 1)
		gj_act_method_null_first(s, n >> 1);
	else
		gj_act_attr(s, n >> 1);
}

ACTION(attr_or_method)
{
	gj_act_attr(s, n >> 1);
	if (n & 1)
		gj_ssa_push(s, 0);
}

/* 3.12 and later build comprehensions in place; the first BUILD_ after this tells which kind. The variable gets its value back
 * behind it. */
ACTION(inlined_comprehension)
{
	static const struct { const char *op, *text; } kind[] = {
		{ "BUILD_LIST", NULL }, { "BUILD_SET", "a set comprehension" }, { "BUILD_MAP", "a dictionary comprehension" }
	};
	const char *text = "a comprehension";
	check_var(s, n);
	for (const gj_insn *i = s->insn + 1; i < s->in.p + s->in.n && i < s->insn + 32; i++)
		for (size_t k = 0; k < GJ_LEN(kind) && i->row != UINT16_MAX; k++)
			if (!strcmp(gj_pyops[i->row].name, kind[k].op)) {
				text = kind[k].text;
				i = s->in.p + s->in.n - 1;
				break;
			}
	gj_ssa_push(s, text ? gj_ssa_unsupported(s, text) : gj_var_read(s, s->cur, n));
	gj_var_clear(s, n);
}

/* -- Operators ---------------------------------------------------------------------------------------------------------------- */

static gj_op *operator2(gj_ssa_state *s, gj_opcode op, uint32_t sub)
{
	gj_ref b = gj_ssa_value(s), a = gj_ssa_value(s), r = gj_ssa_emit2(s, op, a, b);
	gj_o(s->f, r)->sub = (uint8_t)sub;
	gj_ssa_push(s, r);
	return gj_o(s->f, r);
}

static void operator1(gj_ssa_state *s, gj_unop sub)
{
	gj_ref r = gj_ssa_emit1(s, GJ_PYUN, gj_ssa_value(s));
	gj_o(s->f, r)->sub = (uint8_t)sub;
	gj_ssa_push(s, r);
}

ACTION(binary)
{
	if (n >= 2 * GJ_NBINOPS)
		gj_ssa_damaged(s, "no such operator");
	operator2(s, GJ_PYBIN, n % GJ_NBINOPS)->imm.i = n >= GJ_NBINOPS;
}

ACTION(negative) { UNUSED_N; operator1(s, GJ_UN_NEG); }
ACTION(positive) { UNUSED_N; operator1(s, GJ_UN_POS); }
ACTION(invert)   { UNUSED_N; operator1(s, GJ_UN_INVERT); }

/* Is the instruction `away` from this one in the same block, and a row of this name? */
static bool beside(const gj_ssa_state *s, int away, const char *name)
{
	const gj_insn *i = s->insn + away;
	const gj_sblock *sb = &s->sb.p[s->cur];
	return i >= s->in.p + sb->first && i <= s->in.p + sb->last && !strcmp(gj_pyops[i->row].name, name);
}

/* `not not a`, which 3.13 reduces: the first `not` has no other use, so it becomes bool(a), and bool(a) becomes `not`. */
ACTION(not)
{
	UNUSED_N;
	gj_ref r = *gj_ssa_from_top(s, 1);
	gj_op *o = r ? gj_o(s->f, r) : NULL;
	if (!o || !beside(s, -1, "UNARY_NOT") || (o->op != GJ_PYUN && o->op != GJ_TRUTH)) {
		operator1(s, GJ_UN_NOT);
		return;
	}
	bool was_not = o->op == GJ_PYUN;
	o->op = was_not ? GJ_TRUTH : GJ_PYUN;
	o->sub = was_not ? 0 : GJ_UN_NOT;
}

/* 3.13 converts before jumps and `not`, which take the truth themselves; what is left is a value. */
ACTION(to_bool)
{
	UNUSED_N;
	bool more = s->insn < s->in.p + s->sb.p[s->cur].last;
	bool taken = more && (gj_pyops[s->insn[1].row].flow >= GJ_FLOW_IFT || beside(s, 1, "UNARY_NOT")
	                      || beside(s, 1, "TO_BOOL"));
	if (!taken)
		gj_ssa_push(s, gj_ssa_emit1(s, GJ_TRUTH, gj_ssa_value(s)));
}

ACTION(compare)
{
	if (n >= GJ_NCMPOPS)
		gj_ssa_damaged(s, "no such comparison");
	operator2(s, GJ_PYCMP, n);
}

ACTION(compare_4) { gj_act_compare(s, n >> 4); }

ACTION(compare_5)
{
	gj_act_compare(s, n >> 5);
	if (n & 16)
		gj_act_to_bool(s, 0);
}

ACTION(is)        { operator2(s, GJ_IS, n & 1); }
ACTION(in)        { operator2(s, GJ_IN, n & 1); }
ACTION(item)      { UNUSED_N; operator2(s, GJ_ITEM, 0); }

static gj_ref set_item(gj_ssa_state *s, gj_ref a, gj_ref i, gj_ref v)
{
	return gj_ssa_emit(s, GJ_SETITEM, 3, (gj_ref[]){ a, i, v });
}

ACTION(store_attr)
{
	gj_obj *name = gj_new(s->f->arena, gj_obj, 1);
	*name = (gj_obj){ .kind = GJ_OBJ_STR, .name = s->code->name_text[check_name(s, n)] };
	gj_ref a = gj_ssa_value(s), v = gj_ssa_value(s);
	gj_o(s->f, set_item(s, a, gj_ssa_emit_obj(s, name), v))->sub = 1;
}

ACTION(store_item)
{
	UNUSED_N;
	gj_ref i = gj_ssa_value(s), a = gj_ssa_value(s);
	set_item(s, a, i, gj_ssa_value(s));
}

ACTION(slice)
{
	uint32_t parts = n == 3 ? 3 : 2;
	gj_ssa_push(s, gj_ssa_emit(s, GJ_MKSLICE, parts, gj_ssa_pop_values(s, parts)));
}

ACTION(slice_item)
{
	gj_act_slice(s, 2);
	gj_act_item(s, n);
}

ACTION(store_slice)
{
	gj_act_slice(s, 2);
	gj_act_store_item(s, n);
}

/* The first item ends on top. */
ACTION(unpack)
{
	gj_ref a = gj_ssa_value(s);
	if (gj_ssa_makes_slices(s, gj_o(s->f, a), n)) {
		for (uint32_t i = n; i-- > 0;)
			gj_ssa_push(s, gj_o(s->f, a)->arg[i]);
		return;
	}
	bool fits = n <= UINT8_MAX;
	gj_ref first = fits ? s->f->op.n : gj_ssa_unsupported(s, "unpacking into more than 255 variables");
	for (uint32_t i = 0; fits && i < n; i++) {
		gj_op *o = gj_o(s->f, gj_ssa_emit1(s, GJ_UNPACK, a));
		o->sub = (uint8_t)n;
		o->imm.i = i;
	}
	for (uint32_t i = n; i-- > 0;)
		gj_ssa_push(s, fits ? first + i : first);
}

/* a, *b, c = t: what is starred takes a tuple. Its op comes first, since it knows how many items there must be. */
ACTION(unpack_star)
{
	uint32_t before = n & 255, after = n >> 8 & 255;
	gj_ref a = gj_ssa_value(s), rest = gj_ssa_emit1(s, GJ_UNPACKREST, a), *item = gj_new(s->f->arena, gj_ref, before + after + 1);
	gj_o(s->f, rest)->sub = (uint8_t)before;
	gj_o(s->f, rest)->imm.i = after;
	for (uint32_t i = 0; i < before + after; i++) {
		gj_obj *at = gj_new(s->f->arena, gj_obj, 1);
		*at = (gj_obj){ .kind = GJ_OBJ_INT, .i = i < before ? i : (int64_t)i - before - after };
		item[i] = gj_ssa_emit2(s, GJ_ITEM, a, gj_ssa_emit_obj(s, at));
	}
	for (uint32_t i = after; i-- > 0;)
		gj_ssa_push(s, item[before + i]);
	gj_ssa_push(s, rest);
	for (uint32_t i = before; i-- > 0;)
		gj_ssa_push(s, item[i]);
}

ACTION(intrinsic)
{
	enum { POSITIVE = 5, LIST_TO_TUPLE = 6 };
	if (n == POSITIVE)
		operator1(s, GJ_UN_POS);
	else if (n == LIST_TO_TUPLE)
		gj_act_list_to_tuple(s, n);
	else {
		gj_ssa_pop(s);
		gj_ssa_push(s, gj_ssa_unsupported(s, "this statement"));
	}
}

/* -- Calls -------------------------------------------------------------------------------------------------------------------- */

static const gj_kwnames *keywords(gj_ssa_state *s, uint32_t nargs)
{
	const gj_obj *t = s->kw;
	s->kw = NULL;
	if (!t)
		return NULL;
	if (t->kind != GJ_OBJ_TUPLE || t->n > nargs)
		gj_ssa_damaged(s, "keyword names are wrong");
	const char **name = gj_new(s->f->arena, const char *, t->n);
	for (uint32_t i = 0; i < t->n; i++) {
		if (t->item[i]->kind != GJ_OBJ_STR)
			gj_ssa_damaged(s, "keyword names are wrong");
		name[i] = t->item[i]->name;
	}
	gj_kwnames *kw = gj_new(s->f->arena, gj_kwnames, 1);
	*kw = (gj_kwnames){ t->n, name };
	return kw;
}

/* Pops the callable's two places; arg has room for two more than n. */
static void call(gj_ssa_state *s, const gj_ref *arg, uint32_t n, const gj_kwnames *kw)
{
	gj_ref upper = gj_ssa_pop(s), lower = gj_ssa_pop(s), *all = gj_new(s->f->arena, gj_ref, n + 2);
	uint32_t k = 0;
	all[k++] = lower ? lower : upper;
	if (lower && upper)
		all[k++] = upper;
	if (!all[0])
		gj_ssa_damaged(s, "a call of nothing");
	if (n)
		memcpy(all + k, arg, n * sizeof *arg);
	gj_ref r = kw ? 0 : gj_ssa_slice(s, all, k + n);
	if (!r) {
		r = gj_ssa_emit(s, GJ_CALL, k + n, all);
		gj_o(s->f, r)->imm.kw = kw;
	}
	gj_ssa_push(s, r);
}

ACTION(kw_names)
{
	s->kw = const_at(s, n);
}

ACTION(precall)
{
	s->precall = gj_ssa_pop_values(s, n);
	s->nprecall = n;
	s->has_precall = true;
}

ACTION(call_after_precall)
{
	if (!s->has_precall || s->nprecall != n)
		gj_ssa_damaged(s, "a call without its arguments");
	s->has_precall = false;
	call(s, s->precall, n, keywords(s, n));
}

ACTION(call)
{
	gj_ref *arg = gj_ssa_pop_values(s, n);
	call(s, arg, n, keywords(s, n));
}

ACTION(call_kw)
{
	const gj_op *names = gj_o(s->f, gj_ssa_value(s));
	if (names->op != GJ_OBJ)
		gj_ssa_damaged(s, "keyword names are wrong");
	s->kw = names->imm.obj;
	gj_act_call(s, n);
}

ACTION(call_star)
{
	gj_ref kw = n & 1 ? gj_ssa_value(s) : 0, args = gj_ssa_value(s), *item;
	uint32_t count = 0;
	gj_building *map = gj_built(s, kw), all_of_it = { 0 };
	gj_kwnames *names = NULL;
	GJ_VEC(gj_ref) all = { 0 };
	if (gj_ssa_tuple_items(s, args, &item, &count))
		for (uint32_t i = 0; i < count; i++)
			gj_push(s->f->arena, &all, item[i]);
	else
		gj_push(s->f->arena, &all, gj_ssa_emit1(s, GJ_STAR, args));
	if (map && map->named)
		gj_build_allow(s, map);
	else if (kw)
		gj_build_merge(s, map = &all_of_it, kw);
	if (map) {
		names = gj_new(s->f->arena, gj_kwnames, 1);
		*names = (gj_kwnames){ map->item.n, map->name.p };
		for (uint32_t i = 0; i < map->item.n; i++)
			gj_push(s->f->arena, &all, map->item.p[i]);
	}
	call(s, all.p, all.n, names);
}

/* -- Inner functions ------------------------------------------------------------------------------------------------------------ */

enum { DEFAULTS = 1, KWDEFAULTS = 2, ANNOTATIONS = 4, FREE = 8 };

static const char *comprehension(const char *name)
{
	static const struct { const char *name, *text; } kind[] = {
		{ "<setcomp>", "a set comprehension" }, { "<dictcomp>", "a dictionary comprehension" }
	};
	for (size_t i = 0; i < GJ_LEN(kind); i++)
		if (!strcmp(name, kind[i].name))
			return kind[i].text;
	return NULL;
}

/* CLOSURE of a nested code object, or UNSUPPORTED. */
static gj_ref make_function(gj_ssa_state *s, const gj_obj *code, uint32_t nfree, const gj_ref *free, uint32_t ndef,
                            const gj_ref *def)
{
	const char *text = comprehension(code->code->name);
	if (text)
		return gj_ssa_unsupported(s, text);
	if (ndef > UINT8_MAX)
		return gj_ssa_unsupported(s, "an inner function with more than 255 defaults");
	gj_ref *all = gj_new(s->f->arena, gj_ref, nfree + ndef);
	if (nfree)
		memcpy(all, free, nfree * sizeof *free);
	if (ndef)
		memcpy(all + nfree, def, ndef * sizeof *def);
	gj_op *o = gj_o(s->f, gj_ssa_emit(s, GJ_CLOSURE, nfree + ndef, all));
	o->imm.obj = code;
	o->sub = (uint8_t)ndef;
	return s->f->op.n - 1;
}

static const gj_obj *pop_code(gj_ssa_state *s)
{
	const gj_op *o = gj_o(s->f, gj_ssa_value(s));
	if (o->op != GJ_OBJ || o->imm.obj->kind != GJ_OBJ_CODE)
		gj_ssa_damaged(s, "a function without code");
	return o->imm.obj;
}

/* The function o with defaults of keyword-only parameters too, as its last operands. Which they are its code says: a nested code object
 * becomes a function in one place. */
static gj_ref add_keyword_defaults(gj_ssa_state *s, const gj_op *o, gj_ref dict)
{
	gj_building *map = gj_built(s, dict);
	gj_code *code = (gj_code *)o->imm.obj->code;
	if (!map || !map->named)
		return gj_ssa_unsupported(s, "an inner function with computed defaults");
	gj_build_allow(s, map);
	int16_t *held = gj_new(s->f->arena, int16_t, (uint32_t)code->nkwonly + 1);
	for (int i = 0; i < code->nkwonly; i++) {
		held[i] = -1;
		for (uint32_t k = 0; k < map->item.n; k++)
			if (map->name.p[k] && !strcmp(map->name.p[k], code->var[code->nargs + i]))
				held[i] = (int16_t)k;
	}
	code->kwheld = held;
	code->nkwheld = (int)map->item.n;
	uint32_t nfree = o->nargs - o->sub, ndef = o->sub + map->item.n;
	gj_ref *def = gj_new(s->f->arena, gj_ref, ndef);
	if (o->sub)
		memcpy(def, o->arg + nfree, o->sub * sizeof *def);
	memcpy(def + o->sub, map->item.p, map->item.n * sizeof *def);
	return make_function(s, o->imm.obj, nfree, o->arg, ndef, def);
}

/* Adds one attribute to the function r; gives what it is now. */
static gj_ref add_attribute(gj_ssa_state *s, gj_ref r, uint32_t which, gj_ref value)
{
	gj_op *o = gj_o(s->f, r);
	gj_ref *item = NULL;
	uint32_t n = 0;
	if (which == ANNOTATIONS || o->op == GJ_UNSUPPORTED)
		return r;
	if (o->op != GJ_CLOSURE)
		gj_ssa_damaged(s, "an attribute of no function");
	if (which == KWDEFAULTS)
		return add_keyword_defaults(s, o, value);
	if (!gj_ssa_tuple_items(s, value, &item, &n))
		return gj_ssa_unsupported(s, "an inner function with computed defaults");
	uint32_t nfree = o->nargs - o->sub;
	if (which == FREE)
		return make_function(s, o->imm.obj, n, item, o->sub, o->arg ? o->arg + nfree : NULL);
	uint32_t nkw = (uint32_t)o->imm.obj->code->nkwheld;
	gj_ref *def = gj_new(s->f->arena, gj_ref, n + nkw);
	memcpy(def, item, n * sizeof *def);
	if (nkw)
		memcpy(def + n, o->arg + o->nargs - nkw, nkw * sizeof *def);
	return make_function(s, o->imm.obj, nfree, o->arg, n + nkw, def);
}

ACTION(make_function)
{
	gj_ref r = make_function(s, pop_code(s), 0, NULL, 0, NULL);
	for (uint32_t which = FREE; which; which >>= 1)
		if (n & which)
			r = add_attribute(s, r, which, gj_ssa_value(s));
	gj_ssa_push(s, r);
}

ACTION(make_function_bare)
{
	UNUSED_N;
	gj_act_make_function(s, 0);
}

ACTION(function_attribute)
{
	gj_ref function = gj_ssa_value(s), value = gj_ssa_value(s);
	gj_ssa_push(s, add_attribute(s, function, n, value));
}

/* -- Control -------------------------------------------------------------------------------------------------------------------- */

static void give_back(gj_ssa_state *s, gj_ref r)
{
	if (s->reading->taker)
		gj_generator_end(s);
	else
		gj_ssa_emit1(s, GJ_RETURN, r);
}

ACTION(return_value)
{
	UNUSED_N;
	give_back(s, gj_ssa_value(s));
}

ACTION(return_const)
{
	give_back(s, gj_ssa_emit_obj(s, const_at(s, n)));
}

/* What is sent to it is None. */
ACTION(yield)
{
	UNUSED_N;
	gj_generator_item(s, gj_ssa_value(s));
	gj_ssa_push(s, gj_ssa_emit_obj(s, &none_obj));
}

/* A generator begins when it is asked for its first item, with what is sent to it on the stack. */
ACTION(begin)
{
	UNUSED_N;
	gj_ssa_push(s, gj_ssa_emit_obj(s, &none_obj));
}

ACTION(assertion_error)
{
	UNUSED_N;
	gj_ssa_push(s, gj_ssa_emit_obj(s, &gj_assertion));
}

ACTION(raise)
{
	const gj_op *cause = n == 2 ? gj_o(s->f, gj_ssa_value(s)) : NULL;
	if (cause && !(cause->op == GJ_OBJ && cause->imm.obj->kind == GJ_OBJ_NONE) && cause->op != GJ_CAUGHT)
		gj_ssa_unsupported(s, "raise … from …");
	if (!n) {
		gj_ssa_reraise(s, 0);
		return;
	}
	gj_ref value = gj_ssa_value(s), r = gj_ssa_emit(s, GJ_RAISE, 0, NULL);
	gj_push(s->f->arena, &s->raise, ((gj_raise){ r, value }));
}

ACTION(truth)
{
	UNUSED_N;
	s->cond = gj_ssa_emit1(s, GJ_TRUTH, gj_ssa_value(s));
}

ACTION(truth_kept)
{
	gj_act_copy(s, 1);
	gj_act_truth(s, n);
}

ACTION(is_none)
{
	gj_ref a = gj_ssa_value(s), is = gj_ssa_emit2(s, GJ_IS, a, gj_ssa_emit_obj(s, &none_obj));
	UNUSED_N;
	s->cond = gj_ssa_emit1(s, GJ_TRUTH, is);
}

/* -- Loops ------------------------------------------------------------------------------------------------------------------------ */

static void push_iterator(gj_ssa_state *s, gj_ref over)
{
	gj_ref it = gj_ssa_emit1(s, GJ_GETITER, over);
	gj_ssa_push(s, it);
	gj_var_write(s, s->cur, position_of(s, 1), gj_ssa_emit1(s, GJ_ITERSTART, it));
}

ACTION(iter)
{
	UNUSED_N;
	push_iterator(s, gj_ssa_value(s));
}

/* The unrolled loop that the block at work begins a round of, or NULL. */
static const gj_copy *round_at_work(const gj_ssa_state *s)
{
	const gj_sblock *sb = &s->sb.p[s->cur];
	const gj_copy *c = &s->copy.p[sb->copy];
	return c->loop && s->insn == s->in.p + c->first ? c : NULL;
}

static void nth(gj_ssa_state *s, gj_ref r, uint32_t round) { gj_o(s->f, r)->imm.i = round; }

ACTION(for_iter)
{
	UNUSED_N;
	gj_ref it = *gj_ssa_from_top(s, 1);
	const gj_copy *c = round_at_work(s);
	if (!it)
		gj_ssa_damaged(s, "a loop over nothing");
	if (c && c->round < s->reading->loops.p[c->loop - 1].count) {
		nth(s, s->cond = gj_ssa_emit1(s, GJ_NTHHAS, it), c->round);
	} else if (c) {
		nth(s, gj_ssa_emit1(s, GJ_NTHEND, it), c->round);
	} else {
		const gj_copy *in = &s->copy.p[s->sb.p[s->cur].copy];
		s->cond = gj_ssa_emit2(s, GJ_ITERHAS, it, gj_var_read(s, s->cur, position_of(s, 1)));
		gj_o(s->f, s->cond)->imm.i = s->f->fors.n;
		gj_push(s->f->arena, &s->f->fors, ((gj_loop_place){ in->loop, in->round, (uint32_t)(s->insn - s->in.p), 0 }));
	}
}

void gj_ssa_enter_loop(gj_ssa_state *s)
{
	uint32_t var = position_of(s, 1);
	gj_ref it = *gj_ssa_from_top(s, 1), item;
	const gj_copy *c = &s->copy.p[s->sb.p[s->cur].copy];
	if (c->loop && s->sb.p[s->cur].last == c->first) {
		nth(s, item = gj_ssa_emit1(s, GJ_NTHGET, it), c->round);
	} else {
		gj_ref at = gj_var_read(s, s->cur, var), next;
		item = gj_ssa_emit2(s, GJ_ITERGET, it, at);
		next = gj_ssa_emit2(s, GJ_ITERNEXT, it, at);
		gj_o(s->f, next)->imm.i = s->stack.n - 1;
		gj_var_write(s, s->cur, var, next);
	}
	gj_ssa_push(s, item);
}
