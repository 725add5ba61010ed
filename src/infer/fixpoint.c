/* Type inference: a fix-point over the SSA of one function for given argument types, with constants carried along
 * (sparse conditional constant propagation): blocks behind a constant condition are never typed, so `if x is None:`
 * works for arguments of any type. Sweeps in reverse postorder go on until nothing changes; an op that cannot take its
 * operands is an error then, not before: types still grow.
 *
 * A called device function becomes an instance of its own, keyed by code and argument types. */
#include "infer/infer.h"
#include "types/record.h"
#include "code/exceptions.h"
#include "base/interrupt.h"
#include "ir/walk.h"

#include <string.h>

enum { MAX_DEPTH = 64, MAX_SWEEPS = 1000, PATIENCE = 50, HUGE_SIZE = 1 << 24 };
#define NOBODY UINT32_MAX

/* -- One operation ------------------------------------------------------------------------------------------------- */

/* Expressions are of one type only if they are the same. */
static void refuse_expressions(const gj_fn *f, uint32_t loc, const char *what, const gj_type *a, const gj_type *b)
{
	if (a->kind == GJ_EXPRESSION && b->kind == GJ_EXPRESSION)
		gj_fail(f, loc, GJ_ERR_EXPRESSION_PATHS, what);
}

/* The type of a variable that is a on one path and b on another. */
static const gj_type *meet(const gj_fn *f, const gj_op *variable, uint32_t loc, gj_known a, gj_known b)
{
	const char *name = variable->op == GJ_PHI ? variable->imm.name : NULL;
	name = name ? gj_printf(f->arena, "variable '%s'", name) : "a value";
	const gj_type *t = gj_unify(a.type, b.type);
	if (!t && (a.type == gj_t_none || b.type == gj_t_none))
		gj_fail(f, loc, GJ_ERR_OPTIONAL, name, gj_known_text(f->arena, a.type == gj_t_none ? b : a));
	if (!t)
		refuse_expressions(f, loc, name, a.type, b.type);
	if (!t)
		gj_fail(f, loc, GJ_ERR_UNIFY, name, gj_known_text(f->arena, a), gj_known_text(f->arena, b));
	return t;
}

/* Give r the value v. Its type is what its operands make of it now: only variables join what they have been with what they
 * are, and only when sweeps do not end otherwise. (`x & y` of two uint8 is uint64, and int64 once x has become int64: to
 * join those would give float64.) */
static void update(gj_inst *s, gj_ref r, gj_known v)
{
	gj_op *o = gj_o(s->fn, r);
	if (!v.type)
		return;
	if (o->op == GJ_PHI && o->type && o->type != v.type && s->sweeps > PATIENCE)
		v.type = meet(s->fn, o, o->loc, (gj_known){ o->type, NULL }, v);
	if (o->type == v.type) {
		if (!s->konst[r] || (v.konst && gj_obj_equal(s->konst[r], v.konst)))
			return;
		v.konst = o->op == GJ_ITEMTYPE ? v.konst : gj_obj_meet(s->fn->arena, s->konst[r], v.konst);    /* two constants met */
		if (gj_obj_equal(s->konst[r], v.konst))
			return;
	}
	o->type = v.type;
	s->konst[r] = v.konst;
	s->changed = true;
}

static bool pred_live(const gj_inst *s, uint32_t b, uint32_t k)
{
	return s->edge[2 * s->fn->bb.p[b].preds.p[k] + gj_pred_edge(s->fn, b, k)];
}

/* What operand k of a phi is where it comes from. */
static gj_known incoming(const gj_inst *s, const gj_op *o, uint32_t k)
{
	gj_known v = gj_value(s, o->arg[k]);
	if (!v.type || v.type->kind != GJ_OPTIONAL)
		return v;
	uint32_t from = s->fn->bb.p[o->block].preds.p[k];
	bool present = gj_edge_says_present(s, from, gj_pred_edge(s->fn, o->block, k), o->arg[k]);
	return present ? gj_known_seen(v) : gj_known_at(s, from, o->arg[k]);
}

/* Lists of several lengths come together: what np.array takes is filled in a loop, if that has not been tried yet. */
static void collect(gj_inst *s, uint32_t loc, const gj_type *a, const gj_type *b)
{
	if (!s->fn->memory || s->reading.collects)
		gj_fail(s->fn, loc, GJ_ERR_LIST_LENGTH, a->n, b->n);
	s->reading.loops.n = s->reading.arrays.n = 0;
	s->reading.collects = s->reread = s->changed = true;
}

static gj_known phi(gj_inst *s, const gj_op *o)
{
	gj_known v = { 0 };
	for (uint32_t k = 0; k < o->nargs; k++) {
		gj_known x = incoming(s, o, k);
		if (!pred_live(s, o->block, k) || !x.type)
			continue;
		if (gj_known_either(s->fn->arena, v, x, &v))
			continue;
		if (v.konst && v.konst->kind == GJ_OBJ_CODE && !gj_obj_equal(v.konst, x.konst))
			gj_fail(s->fn, gj_o(s->fn, o->arg[k])->loc, GJ_ERR_CLOSURE_VALUE, v.konst->code->name);
		if (gj_is_generator(v) && !gj_obj_equal(v.konst, x.konst))
			gj_fail(s->fn, gj_o(s->fn, o->arg[k])->loc, GJ_ERR_GENERATOR);
		if (v.type && gj_is_list(v.type) && gj_is_list(x.type) && v.type->n != x.type->n) {
			collect(s, gj_o(s->fn, o->arg[k])->loc, v.type, x.type);
			return v;
		}
		const gj_type *t = v.type ? meet(s->fn, o, gj_o(s->fn, o->arg[k])->loc, v, x) : x.type;
		bool same = !v.type || t->kind == GJ_TUPLE || (t == v.type && t == x.type);
		v = (gj_known){ t, !same ? NULL : v.type ? gj_obj_meet(s->fn->arena, v.konst, x.konst) : x.konst };
	}
	if (v.type && gj_is_lost(v))
		gj_refuse_lost(s, o, v);
	return v;
}

static gj_known is_(gj_inst *s, const gj_op *o, gj_known a, gj_known b)
{
	bool an = a.type == gj_t_none, bn = b.type == gj_t_none, numbers = gj_is_integer_member(a.type) || gj_is_integer_member(b.type);
	if ((an && b.type->kind == GJ_OPTIONAL) || (bn && a.type->kind == GJ_OPTIONAL))
		return gj_just(gj_scalar[GJ_BOOL]);
	if (a.type->kind == GJ_PICKED || b.type->kind == GJ_PICKED)
		return gj_just(gj_scalar[GJ_BOOL]);
	if (an || bn)
		return (gj_known){ gj_scalar[GJ_BOOL], gj_obj_bool(s->fn->arena, (an && bn) != o->sub) };
	if (numbers && a.type != b.type)
		return (gj_known){ gj_scalar[GJ_BOOL], gj_obj_bool(s->fn->arena, o->sub) };
	if (gj_is_member(a.type) && gj_is_member(b.type))
		return gj_known_compare(s->fn, o->loc, o->sub ? GJ_CMP_NE : GJ_CMP_EQ, numbers ? gj_known_wide(s->fn->arena, a) : a,
		                        numbers ? gj_known_wide(s->fn->arena, b) : b);
	if (a.konst && b.konst)
		return (gj_known){ gj_scalar[GJ_BOOL], gj_obj_bool(s->fn->arena, gj_obj_same(a.konst, b.konst) != o->sub) };
	if (gj_is_bool(a.type) && gj_is_bool(b.type))                              /* there is one True and one False */
		return (gj_known){ a.type, NULL };
	gj_fail(s->fn, o->loc, GJ_ERR_IS, gj_known_text(s->fn->arena, a), gj_known_text(s->fn->arena, b));
}

/* Fails for a statement that only names a function of ours: it does nothing. */
static gj_known called(gj_inst *s, const gj_op *o, gj_known v)
{
	const gj_name *row = o->sub && v.konst && v.konst->kind == GJ_OBJ_NAME ? gj_name_find(v.konst->name) : NULL;
	if (row && row->params && !strncmp(row->name, "cuda.", 5))
		gj_fail(s->fn, o->loc, GJ_ERR_NOT_CALLED, row->name);
	return v;
}

static gj_known object(gj_inst *s, const gj_op *o)
{
	if (o->imm.obj->kind == GJ_OBJ_MISSING)
		gj_no_global(s->fn, o->loc, o->imm.obj);
	if (o->imm.obj->kind == GJ_OBJ_NAME && !(s->fn->catches && gj_is_exception(o->imm.obj)))
		return called(s, o, gj_known_named(s, o, o->imm.obj->name, o->imm.obj->code));
	return gj_known_of(s->fn, o->loc, o->imm.obj);
}

/* Constants are part of an argument only where the type does not hold the value (functions, types, None, strings), and where loops
 * may have to be unrolled: of ranges and iterators. */
static bool keeps_constant(const gj_type *t)
{
	if (t->kind == GJ_TUPLE) {
		for (uint32_t i = 0; i < t->n; i++)
			if (keeps_constant(t->item[i]))
				return true;
		return false;
	}
	return t->kind == GJ_STATIC || t->kind == GJ_PICKED || t->kind == GJ_STR || t->kind == GJ_NONE || t->kind == GJ_ELLIPSIS || t->kind == GJ_RANGE || t->kind == GJ_INDICES || t->kind == GJ_ITER;
}

static const gj_obj *constant_argument(gj_arena *arena, gj_known v)
{
	bool code = v.konst && (v.konst->kind == GJ_OBJ_CODE || gj_is_generator(v));
	if (!v.konst || code || v.type->kind != GJ_TUPLE)
		return code || (v.konst && keeps_constant(v.type)) ? v.konst : NULL;
	if (!keeps_constant(v.type))
		return NULL;
	gj_obj *t = gj_new(arena, gj_obj, 1);
	const gj_obj **k = gj_new(arena, const gj_obj *, v.type->n + 1);
	for (uint32_t i = 0; i < v.type->n; i++)
		k[i] = constant_argument(arena, (gj_known){ v.type->item[i], v.konst->item[i] });
	*t = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = v.type->n, .item = k };
	return t;
}

/* An inner function is a constant whose value at run time is the tuple of what it captured and of its defaults. */
static gj_known closure(gj_inst *s, const gj_op *o)
{
	gj_arena *arena = s->fn->arena;
	const gj_type **t = gj_new(arena, const gj_type *, o->nargs + 1);
	const gj_obj **k = gj_new(arena, const gj_obj *, o->nargs + 1);
	gj_obj *f = gj_new(arena, gj_obj, 1);
	for (uint32_t i = 0; i < o->nargs; i++) {
		gj_known v = gj_value(s, o->arg[i]);
		if (!v.type)
			return (gj_known){ 0 };
		t[i] = v.type;
		k[i] = constant_argument(arena, v);
	}
	*f = (gj_obj){ .kind = GJ_OBJ_CODE, .code = o->imm.obj->code, .n = o->nargs, .item = k };
	return (gj_known){ o->nargs ? gj_made_tuple(s->fn, o->loc, t, o->nargs) : gj_static_type(NULL, "function"), f };
}

/* Must the loop over iterator a be unrolled: where each round has another type, where a tuple or list is made, or where that is
 * asked for? */
static bool must_unroll(const gj_inst *s, const gj_op *has, gj_known a)
{
	const gj_op *iter = gj_o(s->fn, has->arg[0]), *call = iter->op == GJ_GETITER ? gj_o(s->fn, iter->arg[0]) : iter;
	const gj_obj *f = call->op == GJ_CALL ? s->konst[call->arg[0]] : NULL;
	bool asked = f && f->kind == GJ_OBJ_NAME && !strcmp(f->name, "gridjit.literal_unroll");
	return asked || (iter->op == GJ_GETITER && iter->sub) || !gj_iter_item(s->fn->arena, a.type);
}

static gj_known attribute(gj_inst *s, const gj_op *o, gj_known a)
{
	return called(s, o, gj_known_attr(s, o, a));
}

/* A loop that must be unrolled: in the next sweep it is. */
static gj_known has(gj_inst *s, const gj_op *o, gj_known a)
{
	gj_loop_place place = s->fn->fors.p[o->imm.i];
	uint64_t n = 0;
	bool known = gj_iter_count(a, &n);
	if (known && n == 0)
		return (gj_known){ gj_scalar[GJ_BOOL], gj_obj_bool(s->fn->arena, false) };
	if (!must_unroll(s, o, a))
		return gj_just(gj_scalar[GJ_BOOL]);
	bool array = s->fn->memory && gj_o(s->fn, o->arg[0])->sub == GJ_ITER_COLLECTED && gj_iter_item(s->fn->arena, a.type)
		&& (!known || n > GJ_MAX_ROUNDS || s->reading.collects);
	if (!known && !array)
		gj_fail_rounds(s->fn, o->loc, a);
	if (n > GJ_MAX_ROUNDS && !array)
		gj_fail(s->fn, o->loc, GJ_ERR_UNROLL_SIZE, (unsigned)(n < UINT32_MAX ? n : UINT32_MAX));
	place.count = (uint32_t)n;
	if (array)
		gj_push(s->fn->arena, &s->reading.arrays, place);
	else
		gj_push(s->fn->arena, &s->reading.loops, place);
	s->reread = s->changed = true;
	return gj_just(gj_scalar[GJ_BOOL]);
}

/* An unrolled loop has as many rounds as it was found to need: more is known of no value later than before. */
static gj_known end(gj_inst *s, const gj_op *o, gj_known a)
{
	uint64_t n;
	if (!gj_iter_count(a, &n) || n > (uint64_t)o->imm.i)
		gj_fail_rounds(s->fn, o->loc, a);
	return gj_just(gj_t_none);
}

static GJ_NORETURN void refuse_store(const gj_inst *s, const gj_op *o, gj_known v, const gj_type *t)
{
	const gj_type *from = gj_has_elements(v.type) ? v.type->elem : v.type, *to = gj_has_elements(t) ? t->elem : t;
	bool complex = gj_is_complex(from) && gj_is_scalar(to) && !gj_is_complex(to);
	gj_fail(s->fn, o->loc, complex ? GJ_ERR_STORE_COMPLEX : GJ_ERR_STORE, gj_known_text(s->fn->arena, v), t->name);
}

/* a += b, where a is an array: what `a + b` gives is stored in it. */
static gj_known inplace(gj_inst *s, const gj_op *o, gj_known a, gj_known b)
{
	gj_known v = gj_known_binop(s->fn, o->loc, o->sub, a, b);
	if (gj_is_fused(a.type) && v.type->elem == a.type->elem)     /* nobody sees that it is another array */
		return v;
	if (a.type->kind != GJ_ARRAY)
		gj_fail(s->fn, o->loc, GJ_ERR_EXPRESSION_INPLACE, gj_binop_name[o->sub]);
	if (a.type->readonly)
		gj_fail(s->fn, o->loc, GJ_ERR_READONLY, a.type->name);
	if (v.type->ndim > a.type->ndim)
		gj_fail(s->fn, o->loc, GJ_ERR_INPLACE_NDIM, a.type->name, (int)v.type->ndim, gj_binop_name[o->sub]);
	if (!gj_storable_kind(v.type->elem, a.type->elem))
		refuse_store(s, o, v, a.type);
	return gj_just(a.type);
}

static gj_known eval2(gj_inst *s, const gj_op *o, gj_known a, gj_known b)
{
	switch (o->op) {
	case GJ_PYBIN:
		if (o->imm.i && gj_is_list(a.type))
			gj_fail(s->fn, o->loc, GJ_ERR_LIST_CHANGE, a.type->name);
		return o->imm.i && gj_has_elements(a.type) ? inplace(s, o, a, b) : gj_known_binop(s->fn, o->loc, o->sub, a, b);
	case GJ_PYCMP:    return gj_known_compare(s->fn, o->loc, o->sub, a, b);
	case GJ_IS:       return is_(s, o, a, b);
	case GJ_IN:       return gj_known_in(s->fn, o->loc, a, b, o->sub);
	case GJ_ITEM:     return gj_known_item(s, o, a, b);
	case GJ_ITERHAS:  return has(s, o, a);
	case GJ_ITERGET:  return (gj_known){ gj_iter_item(s->fn->arena, a.type), NULL };
	case GJ_ITERNEXT: return (gj_known){ b.type, NULL };
	default:          gj_fail(s->fn, o->loc, GJ_ERR_INTERNAL, "an operation without a rule");
	}
}

static gj_known eval1(gj_inst *s, const gj_op *o, gj_known a)
{
	switch (o->op) {
	case GJ_PYUN:     return gj_known_unary(s->fn, o->loc, o->sub, a);
	case GJ_TRUTH:    return gj_known_truth(s->fn, o->loc, a);
	case GJ_ATTR:     return attribute(s, o, a);
	case GJ_UNPACK:   return gj_known_unpacked(s, o, a);
	case GJ_UNPACKREST: return gj_known_rest(s, o, a);
	case GJ_STAR:     return gj_known_star(s, o, a);
	case GJ_GETITER:  return gj_known_iter(s->fn, gj_o(s->fn, o->arg[0])->loc, a);   /* the op's own place is the whole loop */
	case GJ_ITERSTART: return (gj_known){ gj_iter_position(s->fn->arena, a.type), NULL };
	case GJ_ITERCOUNT: return gj_just(gj_scalar[GJ_I64]);
	case GJ_ITEMTYPE: return gj_known_itemtype(s, o, a);
	case GJ_NTHHAS:   return gj_iter_has_nth(s->fn->arena, a, (uint32_t)o->imm.i);
	case GJ_NTHGET:   return gj_iter_nth(s->fn, a, (uint32_t)o->imm.i);
	case GJ_NTHEND:   return end(s, o, a);
	default:          gj_fail(s->fn, o->loc, GJ_ERR_INTERNAL, "an operation without a rule");
	}
}

/* a.flat = v, a.flat[i] = v, a.flat[:i] = v: one value, or those of v in a row. */
static void set_flat(gj_inst *s, const gj_op *o, gj_known a, gj_known v)
{
	const gj_type *t = a.type->kind == GJ_FLAT ? a.type->elem : a.type, *row = gj_array_type(t->elem, 1, 'A', t->readonly, (gj_space)t->space);
	gj_known index = gj_known_seen(gj_value(s, o->arg[1]));
	bool one = !o->sub && gj_is_int(index.type), many = o->sub || gj_o(s->fn, o->arg[1])->op == GJ_MKSLICE;
	gj_known stored = many && gj_has_elements(v.type) ? gj_just(v.type->elem) : v;
	if (t->readonly)
		gj_fail(s->fn, o->loc, GJ_ERR_READONLY, t->name);
	if (!one && !many)
		gj_fail(s->fn, o->loc, GJ_ERR_INDEX_TYPE, gj_known_text(s->fn->arena, index));
	if (!gj_storable(stored, one ? t->elem : row))
		refuse_store(s, o, v, t);
}

static void setitem(gj_inst *s, const gj_op *o)
{
	gj_known a = gj_known_seen(gj_value(s, o->arg[0])), v = gj_known_seen(gj_value(s, o->arg[2]));
	if (!a.type || !v.type || !gj_value(s, o->arg[1]).type)
		return;
	const gj_type *parts = gj_stored_parts(s, o);
	if (gj_stores_flat(s, o)) {
		set_flat(s, o, a, v);
		return;
	}
	if (o->sub && !parts && !gj_holds_record(a.type))
		gj_refuse(s->fn, o->loc, "assignment to an attribute");
	if (a.type->kind != GJ_ARRAY && a.type->kind != GJ_REF && a.type->kind != GJ_PTR)
		gj_fail(s->fn, o->loc, gj_is_list(a.type) ? GJ_ERR_LIST_CHANGE : GJ_ERR_SETITEM, gj_known_text(s->fn->arena, a));
	if (a.type->readonly)
		gj_fail(s->fn, o->loc, GJ_ERR_READONLY, a.type->name);
	gj_known part = parts ? gj_just(parts) : gj_known_item(s, o, a, gj_known_wide(s->fn->arena, gj_value(s, o->arg[1])));
	bool one = (v.type->kind == GJ_ARRAY || v.type->kind == GJ_EXPRESSION) && v.type->ndim == 0;     /* as its element */
	if (!gj_storable(one ? gj_just(v.type->elem) : v, part.type->kind == GJ_REF ? part.type->elem : part.type))
		refuse_store(s, o, v, part.type);
}

static gj_known made_of_items(const gj_inst *s, const gj_op *o)
{
	gj_known v = gj_known_tuple(s, o, o->nargs, o->arg);
	if (o->sub == GJ_SORT_TEXT && v.type)
		v.type = gj_text_type(v.type->item, v.type->n);
	return o->sub == GJ_SORT_LIST ? gj_as_list(v) : o->sub == GJ_SORT_DICT ? gj_as_dict(s->fn->arena, v, o->imm.kw->name) : v;
}

/* Its parts, None where they are left out. */
static gj_known slice(const gj_inst *s, const gj_op *o)
{
	const gj_type *part[3] = { gj_t_none, gj_t_none, gj_t_none };
	for (uint32_t i = 0; i < o->nargs; i++)
		if (!(part[i] = gj_value(s, o->arg[i]).type))
			return (gj_known){ 0 };
	return gj_just(gj_named_type(gj_slice_fields(), part));
}

static gj_known eval(gj_infer *I, gj_inst *s, gj_ref r)
{
	gj_op *o = gj_o(s->fn, r);
	switch (o->op) {
	case GJ_PHI:      return phi(s, o);
	case GJ_OBJ:      return object(s, o);
	case GJ_ARG:      return s->arg[gj_arg_index(s, o)];
	case GJ_MKTUPLE:  return made_of_items(s, o);
	case GJ_MKSLICE:  return slice(s, o);
	case GJ_CLOSURE:  return closure(s, o);
	case GJ_CALL:     return gj_known_call(I, s, r);
	case GJ_SETITEM:  setitem(s, o); return (gj_known){ 0 };
	case GJ_UNSUPPORTED: gj_refuse(s->fn, o->loc, o->imm.name);
	case GJ_CAUGHT: case GJ_HANDLED: return gj_known_caught();
	case GJ_MATCHES:  return gj_known_matches(s, o);
	case GJ_NOP: case GJ_UNDEF: case GJ_STORED: case GJ_ASSIGNED: return (gj_known){ 0 };
	default: break;
	}
	gj_known (*as)(gj_known) = gj_takes_none(o) ? gj_known_asked : gj_known_seen;
	gj_known a = as(gj_value(s, o->arg[0])), b = o->nargs > 1 ? as(gj_value(s, o->arg[1])) : a;
	if (gj_computes(o))
		a = gj_known_wide(s->fn->arena, a), b = gj_known_wide(s->fn->arena, b);
	if (o->op == GJ_ITEM)
		b = gj_known_wide(s->fn->arena, b);
	gj_refuse_unbound(s, o, false);
	if (!a.type || !b.type)
		return (gj_known){ 0 };
	return o->nargs > 1 ? eval2(s, o, a, b) : eval1(s, o, a);
}

/* -- Blocks and functions ------------------------------------------------------------------------------------------ */

static void take(gj_inst *s, uint32_t b, uint32_t i)
{
	if (!s->edge[2 * b + i]) {
		s->edge[2 * b + i] = 1;
		s->live[s->fn->bb.p[b].succ[i]] = 1;
		s->changed = true;
	}
}

/* The returns of one sweep meet in s->found. */
static void returned(gj_inst *s, const gj_op *o)
{
	gj_known v = o->nargs ? gj_known_at(s, o->block, o->arg[0]) : (gj_known){ gj_t_none, NULL }, old = s->found;
	if (!v.type)
		return;
	if (gj_known_either(s->fn->arena, old, v, &s->found))
		return;
	const gj_type *t = old.type ? gj_unify(old.type, v.type) : v.type;
	if (!t)
		refuse_expressions(s->fn, o->loc, gj_printf(s->fn->arena, "the result of %s()", s->code->name), old.type, v.type);
	if (!t)
		gj_fail(s->fn, o->loc, GJ_ERR_RETURN_UNIFY, s->code->name, old.type->name, v.type->name);
	s->found = (gj_known){ t, old.type ? gj_obj_meet(s->fn->arena, old.konst, v.konst) : v.konst };
	if (gj_is_lost(s->found))
		gj_fail(s->fn, o->loc, GJ_ERR_RETURN_UNIFY, s->code->name, gj_known_text(s->fn->arena, old), gj_known_text(s->fn->arena, v));
}

/* What the sweep found becomes what callers get. */
static void settle_return(gj_inst *s)
{
	gj_known v = s->found, old = s->ret;
	if (!v.type)
		return;
	if (old.type && old.type != v.type && s->sweeps > PATIENCE && !(v.type = gj_unify(old.type, v.type)))
		gj_fail(s->fn, 0, GJ_ERR_RETURN_UNIFY, s->code->name, old.type->name, s->found.type->name);
	if (old.type == v.type && (!old.konst || gj_obj_equal(old.konst, v.konst)))
		return;
	s->ret = (gj_known){ v.type, old.type == v.type ? gj_obj_meet(s->fn->arena, old.konst, v.konst) : v.konst };
	s->changed |= old.type != v.type || !gj_obj_equal(old.konst, s->ret.konst);
}

static void terminator(gj_inst *s, uint32_t b, const gj_op *o)
{
	int64_t c;
	switch (o->op) {
	case GJ_JUMP:
		take(s, b, 0);
		break;
	case GJ_BRANCH:
		if (!gj_o(s->fn, o->arg[0])->type)
			break;
		if (gj_obj_is_int(s->konst[o->arg[0]], &c)) {
			take(s, b, c ? 0 : 1);
		} else {
			take(s, b, 0);
			take(s, b, 1);
		}
		break;
	case GJ_TRY:
		take(s, b, 0);
		if (gj_block_may_raise(s, b))
			take(s, b, 1);
		break;
	case GJ_RERAISE:
		gj_caught_of(s->fn, o->arg[0]);                                        /* falls through */
	case GJ_RAISE:
		if (s->fn->bb.p[b].nsucc)
			take(s, b, 0);
		break;
	case GJ_RETURN:
		returned(s, o);
		break;
	default:
		break;
	}
}

/* Op i of block b becomes a call of the function that stands for it; that and operands made for it come before it. */
static bool call_written(gj_inst *s, uint32_t block, uint32_t place, const gj_obj *function)
{
	gj_fn *f = s->fn;
	gj_ref at = f->bb.p[block].ops.p[place];
	uint32_t before = f->op.n;
	gj_op *o = gj_o(f, at);
	gj_ref *arg = gj_new(f->arena, gj_ref, 1 + (o->nargs > GJ_MAX_WRITTEN ? o->nargs : GJ_MAX_WRITTEN));
	arg[0] = gj_op_new(f, block, GJ_OBJ, NULL, o->loc, 0, NULL);
	gj_o(f, arg[0])->imm.obj = function;
	uint32_t n = gj_written_arguments(s, at, arg + 1);
	o->op = GJ_CALL;
	o->sub = 1;
	o->arg = arg;
	o->nargs = n + 1;
	o->imm.kw = NULL;
	gj_put_before(s, block, place, before);
	return false;
}

/* Op i of block b. False: its place has been taken by others, which come first. */
static bool step(gj_infer *I, gj_inst *s, uint32_t b, uint32_t i)
{
	gj_ref r = s->fn->bb.p[b].ops.p[i];
	const gj_op *o = gj_o(s->fn, r);
	if (gj_op_is(o, GJ_F_TERM))
		terminator(s, b, o);
	else if (gj_write_out_slices(s, b, i))
		return false;
	else if (s->fn->memory && gj_written_for(s, r) >= 0)
		return call_written(s, b, i, s->code->written[gj_written_for(s, r)]);
	else if (gj_attribute_function(s, o))
		return call_written(s, b, i, gj_attribute_function(s, o));
	else if (!gj_is_starred(s->fn, o))
		update(s, r, gj_settle_expression(s, r, eval(I, s, r)));
	else if (gj_spread_stars(s, b, i))
		return false;
	return true;
}

/* After a step that failed: whoever was being inferred inside it is not any more. The callee will fail again, unless it took
 * something from functions that are not finished. */
static void give_up(gj_infer *I, gj_inst *s)
{
	for (; I->top != s; I->top = I->top->outer) {
		I->top->busy = false;
		I->top->fails |= I->top->outer == s && I->met > s->depth;
	}
	I->depth = s->depth;
	gj_diag_clear(&I->trap->diag);
}

/* A step while types can still grow: an op that cannot take what its operands are now may take what they become. */
static bool attempt(gj_infer *I, gj_inst *s, uint32_t b, uint32_t i, bool *failed)
{
	jmp_buf outer;
	uint32_t waits = I->waits, met = I->met;
	volatile bool ran = true;
	memcpy(outer, I->trap->env, sizeof outer);
	I->met = NOBODY;
	if (setjmp(I->trap->env) == 0) {
		ran = step(I, s, b, i);
	} else {
		give_up(I, s);
		*failed = true;
		I->waits = I->met < waits ? I->met : waits;
	}
	memcpy(I->trap->env, outer, sizeof outer);
	I->met = I->met < met ? I->met : met;
	return ran;
}

/* Control does not come further in block b: to its handler, if it has one. */
static void raise_there(gj_inst *s, uint32_t b)
{
	if (gj_terminator(s->fn, b)->op == GJ_TRY)
		take(s, b, 1);
}

/* True: some op failed. `final`: the first that fails is the user's error. */
static bool sweep(gj_infer *I, gj_inst *s, bool final)
{
	bool failed = false;
	s->found = (gj_known){ 0 };
	GJ_EACH_BLOCK(s->fn, b) {
		for (uint32_t i = 0; s->live[b] && i < s->fn->bb.p[b].ops.n; i++) {
			I->final = final;
			if (!(final ? step(I, s, b, i) : attempt(I, s, b, i, &failed)))
				i--;                                                       /* the first of what stands there now */
			else if (gj_is_unbound(s, s->fn->bb.p[b].ops.p[i])) {
				raise_there(s, b);
				break;
			}
		}
	}
	if (!failed)
		settle_return(s);
	return failed;
}

/* The first op of block b that is always told of as unbound, counted from 1; 0: none is. */
static uint32_t unbound_at(const gj_inst *s, uint32_t b)
{
	for (uint32_t i = 0; i < s->fn->bb.p[b].ops.n; i++)
		if (gj_is_unbound(s, s->fn->bb.p[b].ops.p[i]))
			return i + 1;
	return 0;
}

/* What stands behind such an op in its block is left out. */
static void cut_unbound(gj_inst *s, uint32_t b)
{
	uint32_t at = unbound_at(s, b);
	for (uint32_t i = at; at && i < s->fn->bb.p[b].ops.n; i++) {
		gj_op *o = gj_o(s->fn, s->fn->bb.p[b].ops.p[i]);
		o->op = o->op == GJ_TRY ? GJ_TRY : gj_op_is(o, GJ_F_TERM) ? GJ_UNREACHABLE : GJ_NOP;
		o->nargs = 0;
	}
}

static void check(gj_inst *s)
{
	GJ_EACH_BLOCK(s->fn, b)
		if (s->live[b])
			cut_unbound(s, b);
	GJ_EACH_OP(s->fn, b, r) {
		if (!s->live[b])
			continue;
		uint32_t i = 0;
		s->size++;
		for (const gj_inst *callee; (callee = gj_callee(s, r, &i));)
			s->size += callee->size < HUGE_SIZE ? callee->size : HUGE_SIZE;
		s->size = s->size < HUGE_SIZE ? s->size : HUGE_SIZE;
		if (gj_o(s->fn, r)->op != GJ_PHI)
			gj_refuse_unbound(s, gj_o(s->fn, r), true);
	}
	gj_check_expressions(s);
	if (!s->fn->memory)
		gj_check_fresh(s);
}

/* Does every path raise or loop for ever? No, as long as a type is missing: of a function that is being inferred. */
static bool never_returns(const gj_inst *s)
{
	GJ_EACH_BLOCK(s->fn, b) {
		const gj_op *t = gj_terminator(s->fn, b);
		if (s->live[b] && !unbound_at(s, b) && (t->op == GJ_RETURN || (t->op == GJ_BRANCH && !gj_o(s->fn, t->arg[0])->type)))
			return false;
	}
	return true;
}

/* Fails for the call of an inner function that reads a variable which has no value when the function is made. */
static void refuse_unbound_inner(const gj_inst *s)
{
	GJ_EACH_OP(s->fn, b, r) {
		const gj_op *o = gj_o(s->fn, r), *f = o->op == GJ_CALL && s->live[b] ? gj_o(s->fn, o->arg[0]) : NULL;
		for (uint32_t k = 0; f && f->op == GJ_CLOSURE && k < f->nargs; k++)
			if (gj_o(s->fn, f->arg[k])->op == GJ_UNDEF && gj_o(s->fn, f->arg[k])->imm.name)
				gj_fail(s->fn, o->loc, GJ_ERR_INNER_UNBOUND, f->imm.obj->code->name, gj_o(s->fn, f->arg[k])->imm.name);
	}
}

static void finish(gj_inst *s)
{
	if (!s->ret.type && never_returns(s))
		s->ret.type = gj_t_none;
	if (!s->ret.type) {
		refuse_unbound_inner(s);
		gj_fail(s->fn, 0, GJ_ERR_NO_RETURN, s->code->name);
	}
	check(s);
	s->done = true;
}

/* The callee's positions point at the call, so that an error in it shows the whole chain. */
static void chain_locs(gj_fn *f, const gj_fn *from, uint32_t loc)
{
	uint32_t up = 0, mine = f->loc.n, calls[GJ_DIAG_FRAMES], n = 0;
	for (uint32_t l = loc; l && n < GJ_LEN(calls); l = from->loc.p[l].up)
		calls[n++] = l;
	while (n > 0) {
		const gj_loc *c = &from->loc.p[calls[--n]];
		up = gj_loc_add(f, c->code, c->pos, up);
	}
	for (uint32_t i = 1; i < mine; i++)
		f->loc.p[i].up = up;
}

/* SSA of the code, and room for what will be known of it. */
static void read_code(gj_infer *I, gj_inst *s, const gj_fn *from, uint32_t loc)
{
	bool numpy = s->fn ? s->fn->numpy : I->numpy;
	s->reread = false;
	s->sweeps = 0;
	s->ret = (gj_known){ 0 };
	s->fn = gj_ssa_read(I->trap, s->code, &s->reading);
	s->fn->numpy = numpy;
	s->fn->memory = I->memory && !numpy;
	s->fn->reports = I->reports;
	gj_cfg(s->fn);
	if (from)
		chain_locs(s->fn, from, loc);
	s->konst = gj_new(I->arena, const gj_obj *, s->fn->op.n);
	s->callee = gj_new(I->arena, gj_inst *, s->fn->op.n);
	s->picks = gj_new(I->arena, gj_picks *, s->fn->op.n);
	s->edge = gj_new(I->arena, uint8_t, 2 * s->fn->bb.n);
	s->live = gj_new(I->arena, uint8_t, s->fn->bb.n);
	s->live[0] = 1;
}

/* Sweeps until nothing changes. Functions that call each other: what an inner one found while an outer one was not finished
 * holds for that moment only, so it is solved again at each call until the outermost is stable. */
static void solve(gj_infer *I, gj_inst *s, const gj_fn *from, uint32_t loc)
{
	uint32_t outer = I->waits;
	bool failed, final = false;
	s->sweeps = 0;
	if (++I->depth > MAX_DEPTH)
		gj_fail(s->fn, 0, GJ_ERR_TOO_DEEP, s->code->name);
	s->depth = I->depth;
	s->busy = true;
	s->outer = I->top;
	I->top = s;
	I->waits = NOBODY;
	s->live[0] = 1;
	do {
		s->changed = false;
		gj_interruption_point(I->trap);
		if (s->reread)
			read_code(I, s, from, loc);
		failed = sweep(I, s, final);
		if (++s->sweeps > MAX_SWEEPS)
			gj_fail(s->fn, 0, GJ_ERR_INTERNAL, "type inference does not end");
		final = !s->changed;
	} while (s->changed || failed);
	s->busy = false;
	I->top = s->outer;
	I->depth--;
	s->waits = I->waits < s->depth ? I->waits : NOBODY;
	I->waits = s->waits < outer ? s->waits : outer;
	if (s->waits != NOBODY)
		return;
	finish(s);
	for (gj_inst *w = I->all; w; w = w->next)
		if (!w->done && !w->busy && w->waits != NOBODY && w->waits >= s->depth && (w->ret.type || never_returns(w)))
			finish(w);
}

static bool same_args(const gj_inst *s, const gj_code *code, bool numpy, gj_taker taker, uint32_t n, const gj_known *args)
{
	if (s->code != code || s->nargs != n || s->fn->numpy != numpy || s->reading.taker != taker)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (s->arg[i].type != args[i].type || !gj_obj_equal(s->arg[i].konst, args[i].konst))
			return false;
	return true;
}

/* Does the function ask for the values of its arguments? Then it is compiled for each that is a constant. */
static bool asks_literally(const gj_code *code)
{
	for (int i = 0; i < code->nnames; i++)
		if (!strcmp(code->name_text[i], "literally"))
			return true;
	return false;
}

gj_inst *gj_infer_function(gj_infer *I, const gj_code *code, uint32_t n, const gj_known *args, const gj_fn *from, uint32_t loc)
{
	gj_known *a = gj_new(I->arena, gj_known, n + 1);
	if (!from && code->flags & GJ_CO_VARKEYWORDS)
		gj_refuse(gj_ssa(I->trap, code), 0, "a **parameter");
	if (!from && gj_code_params(code) != n)
		gj_fail(gj_ssa(I->trap, code), 0, GJ_ERR_SIGNATURE_COUNT, (int)n, code->name, gj_code_params(code));
	bool literally = asks_literally(code);
	for (uint32_t i = 0; i < n; i++)
		a[i] = literally ? args[i] : (gj_known){ args[i].type, constant_argument(I->arena, args[i]) };
	gj_inst *s = I->all;
	bool numpy = I->numpy;
	gj_taker taker = I->taker;
	I->taker = GJ_TAKE_NOBODY;
	while (s && !same_args(s, code, numpy, taker, n, a))
		s = s->next;
	if (s && (s->busy || s->done)) {
		s->recursive |= s->busy;
		if (s->busy && s->depth < I->waits)
			I->waits = s->depth;
		if (s->busy && s->depth < I->met)
			I->met = s->depth;
		return s;
	}
	if (s && s->fails && !I->final)
		gj_fail(s->fn, 0, GJ_ERR_INTERNAL, "a function that fails");
	if (!s) {
		s = gj_new(I->arena, gj_inst, 1);
		s->code = code;
		s->nargs = n;
		s->arg = a;
		s->reading.taker = taker;
		read_code(I, s, from, loc);
		s->next = I->all;
		I->all = s;
	}
	solve(I, s, from, loc);
	return s;
}
