/* What inference knows of a value (its type and, where it is a constant, the value), how messages call it, and what rules
 * ask of their arguments. */
#include "infer/infer.h"
#include "types/record.h"
#include "code/exceptions.h"

#include <string.h>

enum { MAX_LEAVES = 1000 };

/* -- Constants ------------------------------------------------------------------------------------------------------ */

const gj_obj *gj_obj_int(gj_arena *a, int64_t v)
{
	gj_obj *o = gj_new(a, gj_obj, 1);
	o->kind = GJ_OBJ_INT;
	o->i = v;
	return o;
}

const gj_obj *gj_obj_bool(gj_arena *a, bool v)
{
	gj_obj *o = gj_new(a, gj_obj, 1);
	o->kind = GJ_OBJ_BOOL;
	o->i = v;
	return o;
}

bool gj_obj_is_int(const gj_obj *o, int64_t *v)
{
	if (!o || o->big || o->is_unsigned || (o->kind == GJ_OBJ_SCALAR && o->type->kind == GJ_U64 && o->i < 0))
		return false;
	*v = o->i;
	return o->kind == GJ_OBJ_INT || o->kind == GJ_OBJ_BOOL ||
	       (o->kind == GJ_OBJ_SCALAR && (gj_is_int(o->type) || gj_is_bool(o->type)));
}

bool gj_obj_is_float(const gj_obj *o, double *v)
{
	int64_t i;
	if (o && (o->kind == GJ_OBJ_FLOAT || (o->kind == GJ_OBJ_SCALAR && gj_is_float(o->type)))) {
		*v = o->f;
		return true;
	}
	*v = gj_obj_is_int(o, &i) ? (double)i : 0;
	return gj_obj_is_int(o, &i) && i >= -(1ll << 53) && i <= 1ll << 53;
}

bool gj_obj_equal(const gj_obj *a, const gj_obj *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->kind != b->kind || a->n != b->n || a->type != b->type || a->i != b->i || a->code != b->code || a->fields != b->fields ||
	    a->is_unsigned != b->is_unsigned || memcmp(&a->f, &b->f, sizeof a->f) ||
	    memcmp(&a->im, &b->im, sizeof a->im) || a->data != b->data)
		return false;
	if (a->kind == GJ_OBJ_MODULE && a->name == b->name && a->item == b->item)
		return true;
	if ((a->name || b->name) && (!a->name || !b->name || strcmp(a->name, b->name)))
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!gj_obj_equal(a->item[i], b->item[i]))
			return false;
	return true;
}

/* The type that a class of Python's stands for; NULL: none. */
static const gj_type *class_type(const gj_obj *o)
{
	static const struct { const char *name; gj_kind kind; } known[] = {
		{ "builtins.int", GJ_I64 }, { "builtins.float", GJ_F64 }, { "builtins.bool", GJ_BOOL }, { "builtins.complex", GJ_C128 } };
	for (size_t i = 0; o->kind == GJ_OBJ_NAME && i < GJ_LEN(known); i++)
		if (!strcmp(o->name, known[i].name))
			return gj_scalar[known[i].kind];
	return o->kind == GJ_OBJ_TYPE ? o->type : NULL;
}

const gj_obj *gj_obj_wide(gj_arena *arena, const gj_type *t, const gj_obj *o)
{
	if (!o || gj_is_float8(t) || gj_is_integer_member(t))
		return o && gj_is_integer_member(t) ? o->item[0] : NULL;
	if (t->kind != GJ_TUPLE || gj_wide(t) == t)
		return o;
	gj_obj *r = gj_memdup(arena, o, sizeof *o);
	const gj_obj **item = gj_new(arena, const gj_obj *, t->n);
	for (uint32_t i = 0; i < t->n; i++)
		item[i] = gj_is_float8(t->item[i]) ? o->item[i] : gj_obj_wide(arena, t->item[i], o->item[i]);
	r->item = item;
	return r;
}

gj_known gj_known_wide(gj_arena *arena, gj_known v)
{
	return v.type ? (gj_known){ gj_wide(v.type), gj_obj_wide(arena, v.type, v.konst) } : v;
}

bool gj_obj_same(const gj_obj *a, const gj_obj *b)
{
	const gj_type *t = class_type(a);
	return gj_obj_equal(a, b) || (t && t == class_type(b));
}

/* -- Values --------------------------------------------------------------------------------------------------------- */

static const gj_type *tuple_of(const gj_fn *f, uint32_t loc, const gj_obj *o)
{
	const gj_type **t = gj_new(f->arena, const gj_type *, o->n + 1);
	for (uint32_t i = 0; i < o->n; i++)
		t[i] = gj_known_of(f, loc, o->item[i]).type;
	return o->fields ? gj_named_type(o->fields, t) : o->i ? gj_list_type(t, o->n) : gj_tuple_type(t, o->n);
}

static const gj_type *slice_of(const gj_fn *f, uint32_t loc, const gj_obj *o)
{
	const gj_type *part[3];
	for (int i = 0; i < 3; i++)
		part[i] = gj_known_of(f, loc, o->item[i]).type;
	return gj_named_type(gj_slice_fields(), part);
}

gj_known gj_known_of(const gj_fn *f, uint32_t loc, const gj_obj *o)
{
	switch (o->kind) {
	case GJ_OBJ_NONE:     return (gj_known){ gj_t_none, o };
	case GJ_OBJ_BOOL:     return (gj_known){ gj_scalar[GJ_BOOL], o };
	case GJ_OBJ_FLOAT:    return (gj_known){ gj_scalar[GJ_F64], o };
	case GJ_OBJ_COMPLEX:  return (gj_known){ gj_scalar[GJ_C128], o };
	case GJ_OBJ_STR:      return (gj_known){ gj_t_str, o };
	case GJ_OBJ_ELLIPSIS: return (gj_known){ gj_t_ellipsis, o };
	case GJ_OBJ_ARRAY:    return (gj_known){ o->i ? gj_item_type(o->type) : o->type, o };
	case GJ_OBJ_SCALAR: case GJ_OBJ_CAPTURED: return (gj_known){ o->type, o };
	case GJ_OBJ_TUPLE:    return (gj_known){ tuple_of(f, loc, o), o };
	case GJ_OBJ_SLICE:    return (gj_known){ slice_of(f, loc, o), o };
	case GJ_OBJ_INT:
		if (o->big)
			gj_fail(f, loc, GJ_ERR_INT_TOO_LARGE, o->name);
		return (gj_known){ gj_scalar[o->is_unsigned ? GJ_U64 : GJ_I64], o };
	case GJ_OBJ_TYPE:     return (gj_known){ gj_static_type(NULL, "type"), o };
	case GJ_OBJ_MODULE:   return (gj_known){ gj_static_type(NULL, "module"), o };
	case GJ_OBJ_OPAQUE: case GJ_OBJ_MISSING: return (gj_known){ gj_static_type(NULL, "object"), o };
	default:              return (gj_known){ gj_static_type(NULL, "function"), o };
	}
}

const char *gj_known_text(gj_arena *a, gj_known v)
{
	const gj_obj *o = v.konst;
	if (!v.type)
		return "an undefined value";
	const gj_name *row = o && o->kind == GJ_OBJ_NAME ? gj_name_find(o->name) : NULL;
	if (row && row->space)
		return o->name;
	if (o && (o->kind == GJ_OBJ_FUNCTION || o->kind == GJ_OBJ_OVERLOADED || o->kind == GJ_OBJ_EXTERN || o->kind == GJ_OBJ_NAME || o->kind == GJ_OBJ_CODE))
		return gj_printf(a, "the function %s", o->name ? gj_shown(o->name) : o->code->name);
	if (gj_is_generator(v))
		return "a generator expression";
	if (o && o->kind == GJ_OBJ_MODULE)
		return gj_printf(a, "the module %s", o->name);
	if (o && o->kind == GJ_OBJ_TYPE)
		return gj_printf(a, "the type %s", o->type->name);
	if (o && o->kind == GJ_OBJ_OPAQUE)
		return o->name;
	if (v.type->kind == GJ_RANGE)
		return gj_printf(a, "a range of %s", v.type->elem->name);
	return v.type == gj_t_str ? "a string" : v.type->name;
}

const char *gj_known_list(gj_arena *arena, uint32_t n, const gj_known *v)
{
	const char *text = "";
	for (uint32_t i = 0; i < n; i++)
		text = gj_printf(arena, "%s%s%s", text, i ? ", " : "", gj_known_text(arena, v[i]));
	return gj_printf(arena, "(%s)", text);
}

/* A group of names, such as cuda.threadIdx. */
static void refuse_space(const gj_fn *f, uint32_t loc, const char *name)
{
	const gj_name *row = gj_name_find(name);
	const char *word[8];
	uint32_t n = 0;
	if (!row || !row->space)
		return;
	for (const gj_name *below = NULL; n < GJ_LEN(word) && (below = gj_name_next(name, below));)
		word[n++] = below->name;
	gj_fail(f, loc, GJ_ERR_SPACE_VALUE, name, gj_listed(f->arena, word, n));
}

void gj_refuse_opaque(const gj_fn *f, uint32_t loc, gj_known v)
{
	if (gj_is_generator(v))
		gj_fail(f, loc, GJ_ERR_GENERATOR);
	if (v.konst && gj_is_exception(v.konst))
		gj_fail(f, loc, GJ_ERR_INSTEAD, v.konst->kind == GJ_OBJ_NAME ? gj_printf(f->arena, "the class %s", gj_shown(v.konst->name)) : v.konst->name,
		        "classes of exceptions stand behind raise and except alone: write the raise where the class is chosen, raise ValueError(\"text\")");
	if (v.konst && v.konst->kind == GJ_OBJ_NAME)
		refuse_space(f, loc, v.konst->name);
	if (!v.konst || v.konst->kind != GJ_OBJ_OPAQUE)
		return;
	if (v.konst->later)
		gj_fail(f, loc, GJ_ERR_NOT_BUILT, v.konst->name);
	if (v.konst->instead)
		gj_fail(f, loc, GJ_ERR_INSTEAD, v.konst->name, v.konst->instead);
}

void gj_refuse_lost(const gj_inst *s, const gj_op *phi, gj_known v)
{
	for (uint32_t k = 0; k < phi->nargs; k++)
		gj_refuse_opaque(s->fn, gj_o(s->fn, phi->arg[k])->loc, gj_value(s, phi->arg[k]));
	gj_fail(s->fn, phi->loc, GJ_ERR_UNIFY, "a value", v.type->name, v.type->name);
}

/* ARG counts as CPython's variables do: what nested code captures stands at the end of them. */
uint32_t gj_arg_index(const gj_inst *s, const gj_op *arg)
{
	uint32_t declared = gj_code_params(s->code), v = (uint32_t)arg->imm.i;
	return v < declared ? v : declared + v - (uint32_t)(s->code->nvars - s->code->nfree);
}

bool gj_is_assigned(const gj_inst *s, const gj_op *o)
{
	int64_t holds;
	return gj_obj_is_int(s->konst[o->arg[0]], &holds) && holds;
}

bool gj_is_unbound(const gj_inst *s, gj_ref r)
{
	int64_t holds;
	const gj_op *o = gj_o(s->fn, r);
	return o->op == GJ_ASSIGNED && s->fn->reports && gj_obj_is_int(s->konst[o->arg[0]], &holds) && !holds;
}

/* Fails when an operand is a variable that no path has set; `final`: what has no type by now never gets one. */
void gj_refuse_unbound(const gj_inst *s, const gj_op *o, bool final)
{
	for (uint32_t i = 0; i < o->nargs; i++) {
		const gj_op *a = gj_o(s->fn, o->arg[i]);
		for (uint32_t k = 0; a->op == GJ_PHI && final && !a->type && k < a->nargs; k++)
			if (gj_o(s->fn, a->arg[k])->op == GJ_UNDEF)
				a = gj_o(s->fn, a->arg[k]);
		if (a->op == GJ_UNDEF || (final && !a->type))
			gj_fail(s->fn, o->loc, GJ_ERR_UNBOUND, a->op == GJ_UNDEF && a->imm.name
			        ? gj_printf(s->fn->arena, "variable '%s'", a->imm.name) : "a variable");
	}
}

/* Is function f among those that are picked from? */
static bool has(const gj_obj *all, const gj_obj *f)
{
	for (uint32_t i = 0; i < all->n; i++)
		if (gj_obj_equal(all->item[i], f))
			return true;
	return false;
}

const gj_obj *gj_obj_pick(gj_arena *arena, const gj_obj *a, const gj_obj *b)
{
	const gj_obj *const *of_a = a->kind == GJ_OBJ_PICKED ? a->item : &a, *const *of_b = b->kind == GJ_OBJ_PICKED ? b->item : &b;
	uint32_t na = a->kind == GJ_OBJ_PICKED ? a->n : 1, nb = b->kind == GJ_OBJ_PICKED ? b->n : 1, first = na;
	const gj_obj **item = gj_new(arena, const gj_obj *, na + nb);
	gj_obj *all = gj_new(arena, gj_obj, 1);
	memcpy(item, of_a, na * sizeof *item);
	*all = (gj_obj){ .kind = GJ_OBJ_PICKED, .n = na, .item = item };
	for (uint32_t i = 0; i < nb; i++)
		if (!has(all, of_b[i]))
			item[all->n++] = of_b[i];
	return all->n == first && a->kind == GJ_OBJ_PICKED ? a : all;
}

const gj_obj *gj_obj_meet(gj_arena *a, const gj_obj *x, const gj_obj *y)
{
	if (gj_obj_equal(x, y))
		return x;
	if (x && y && x->kind == GJ_OBJ_PICKED && y->kind == GJ_OBJ_PICKED)
		return gj_obj_pick(a, x, y);
	if (!x || !y || x->kind != GJ_OBJ_TUPLE || y->kind != GJ_OBJ_TUPLE || x->n != y->n)
		return NULL;
	gj_obj *o = gj_new(a, gj_obj, 1);
	const gj_obj **item = gj_new(a, const gj_obj *, x->n + 1);
	bool any = false;
	for (uint32_t i = 0; i < x->n; i++)
		any |= (item[i] = gj_obj_meet(a, x->item[i], y->item[i])) != NULL;
	*o = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = x->n, .item = item };
	return any ? o : NULL;
}

bool gj_is_lost(gj_known v)
{
	for (uint32_t i = 0; v.type->kind == GJ_TUPLE && i < v.type->n; i++)
		if (gj_is_lost((gj_known){ v.type->item[i], v.konst ? v.konst->item[i] : NULL }))
			return true;
	return v.type->kind == GJ_STATIC && !v.konst;
}

const gj_type *gj_made_tuple(const gj_fn *f, uint32_t loc, const gj_type *const *item, uint32_t n)
{
	uint32_t size = 0;
	for (uint32_t i = 0; i < n; i++)
		if ((size += gj_leaves(item[i])) > MAX_LEAVES)
			gj_fail(f, loc, GJ_ERR_TUPLE_SIZE, MAX_LEAVES);
	return gj_tuple_type(item, n);
}

/* The constant of a tuple has an item for each that is one, NULL for the others. */
gj_known gj_known_items(const gj_fn *f, uint32_t loc, const gj_fields *names, uint32_t n, const gj_known *item)
{
	const gj_type **t = gj_new(f->arena, const gj_type *, n + 1);
	const gj_obj **k = gj_new(f->arena, const gj_obj *, n + 1);
	bool konst = n == 0;
	for (uint32_t i = 0; i < n; i++) {
		t[i] = item[i].type, k[i] = item[i].konst;
		konst |= k[i] != NULL;
	}
	if (gj_too_deep(t, n))
		gj_fail(f, loc, GJ_ERR_TUPLE_DEPTH, GJ_MAX_NESTED);
	gj_obj *c = NULL;
	if (konst) {
		c = gj_new(f->arena, gj_obj, 1);
		*c = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = n, .item = k, .fields = names };
	}
	const gj_type *made = gj_made_tuple(f, loc, t, n);
	return (gj_known){ names ? gj_named_type(names, t) : made, c };
}

gj_known gj_as_list(gj_known v)
{
	return v.type && v.type->kind == GJ_TUPLE ? (gj_known){ gj_list_type(v.type->item, v.type->n), v.konst } : v;
}

gj_known gj_as_dict(gj_arena *arena, gj_known v, const char *const *name)
{
	if (!v.type)
		return v;
	const gj_fields *fields = gj_dict_fields(name, v.type->n);
	gj_obj *k = gj_new(arena, gj_obj, 1);
	if (v.konst)
		*k = *v.konst, k->fields = fields;
	return (gj_known){ gj_named_type(fields, v.type->item), v.konst ? k : NULL };
}

gj_known gj_known_tuple(const gj_inst *s, const gj_op *at, uint32_t n, const gj_ref *item)
{
	gj_known *v = gj_new(s->fn->arena, gj_known, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		v[i] = gj_known_at(s, at->block, item[i]);
		if (!v[i].type)
			return (gj_known){ 0 };
	}
	return gj_known_items(s->fn, at->loc, NULL, n, v);
}

const gj_type *gj_element_of(const gj_type *t)
{
	t = gj_has_elements(t) ? t->elem : t;
	return gj_is_scalar(t) ? t : NULL;
}

static int kind_of_number(const gj_type *t) { return gj_is_bool(t) ? 0 : gj_is_int(t) ? 1 : gj_is_float(t) ? 2 : 3; }

bool gj_storable_kind(const gj_type *from, const gj_type *to) { return kind_of_number(from) <= kind_of_number(to); }

/* -- Arguments of a call -------------------------------------------------------------------------------------------- */

static GJ_NORETURN void refuse(const gj_icall *c, uint32_t i, gj_err id)
{
	gj_refuse_opaque(c->s->fn, c->loc, c->a[i]);
	gj_fail(c->s->fn, c->loc, id, gj_shown(c->name), i + 1, gj_known_text(c->s->fn->arena, c->a[i]));
}

void gj_bad_argument(const gj_icall *c, uint32_t i)
{
	bool complex = gj_is_complex(c->a[i].type) && c->name && !strncmp(c->name, "math.", 5);
	refuse(c, i, c->a[i].type->kind == GJ_ARRAY ? GJ_ERR_ARG_ARRAY : complex ? GJ_ERR_ARG_COMPLEX : GJ_ERR_ARG_TYPE);
}

void gj_bad_integer(const gj_icall *c, uint32_t i)
{
	const gj_type *t = c->a[i].type;
	refuse(c, i, gj_is_float(t) ? GJ_ERR_ARG_INTEGER : t->kind == GJ_ARRAY ? GJ_ERR_ARG_SIZE : gj_is_sequence(t) ? GJ_ERR_ARG_ITEM : GJ_ERR_ARG_TYPE);
}

const gj_type *gj_arg_number(const gj_icall *c, uint32_t i)
{
	if (!gj_is_scalar(c->a[i].type) || gj_is_complex(c->a[i].type))
		gj_bad_argument(c, i);
	return c->a[i].type;
}

const gj_type *gj_arg_scalar(const gj_icall *c, uint32_t i)
{
	if (!gj_is_scalar(c->a[i].type))
		gj_bad_argument(c, i);
	return c->a[i].type;
}

const gj_type *gj_arg_integer(const gj_icall *c, uint32_t i)
{
	if (!gj_is_int(gj_arg_number(c, i)) && !gj_is_bool(c->a[i].type))
		gj_bad_integer(c, i);
	return c->a[i].type;
}

gj_known gj_or_bad(const gj_icall *c, const gj_type *t)
{
	if (!t)
		gj_bad_argument(c, c->n > 1 && c->a[1].type ? 1 : 0);
	return gj_just(t);
}

/* -- Memory ------------------------------------------------------------------------------------------------------- */

const gj_type *gj_in_space(gj_trap *trap, const gj_type *t, gj_space space)
{
	const gj_type *moved = t;
	if (t->kind == GJ_ARRAY)
		moved = gj_array_at(t->elem, t->ndim, t->layout, t->readonly, space, t->align);
	if (t->kind == GJ_RECORD || t->kind == GJ_REF)
		moved = gj_ref_type(t->kind == GJ_REF ? t->elem : t, t->readonly, space, t->kind == GJ_REF ? t->align : 0);
	if (t->kind == GJ_TUPLE) {
		const gj_type **item = gj_new(trap->arena, const gj_type *, t->n + 1);
		for (uint32_t i = 0; i < t->n; i++)
			item[i] = gj_in_space(trap, t->item[i], space);
		moved = gj_tuple_like(t, item);
	}
	if (t->kind == GJ_OPTIONAL)
		moved = gj_optional_type(gj_in_space(trap, t->elem, space));
	if (!moved) {
		gj_diag_set(&trap->diag, GJ_ERR_NOMEM);
		gj_trap_throw(trap);
	}
	return moved;
}
