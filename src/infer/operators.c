/* Typing of Python's operators, truth, indexing and attributes, with constants folded where a kernel's shape can depend
 * on them: integers and booleans. Floats are left to the optimiser. */
#include "infer/infer.h"
#include "types/record.h"

#include <string.h>

static bool is_text(const gj_type *t) { return t == gj_t_str; }
static bool has_elements(const gj_type *t) { return gj_has_elements(t); }
static bool is_list(const gj_type *t) { return gj_is_list(t); }

static GJ_NORETURN void no_rule(const gj_fn *f, uint32_t loc, const char *op, gj_known a, gj_known b)
{
	static const struct { bool (*is)(const gj_type *); gj_err id; } rows[] = {
		{ is_text, GJ_ERR_TEXT_BINOP }, { has_elements, GJ_ERR_ARRAY_BINOP }, { is_list, GJ_ERR_LIST_BINOP }, { gj_is_sequence, GJ_ERR_TUPLE_BINOP },
	};
	size_t i = 0;
	gj_refuse_opaque(f, loc, a);
	gj_refuse_opaque(f, loc, b);
	while (i < GJ_LEN(rows) && !rows[i].is(a.type) && !rows[i].is(b.type))
		i++;
	gj_fail(f, loc, i < GJ_LEN(rows) ? rows[i].id : GJ_ERR_NO_BINOP, op, gj_known_text(f->arena, a), gj_known_text(f->arena, b));
}

/* -- Folding of integers ------------------------------------------------------------------------------------------- */

static bool fold_divide(gj_binop op, int64_t a, int64_t b, int64_t *r)
{
	if (b == 0 || (a == INT64_MIN && b == -1))
		return false;
	int64_t q = a / b, m = a % b;
	if (m && (m < 0) != (b < 0))
		q--, m += b;
	*r = op == GJ_OP_FLOORDIV_ ? q : m;
	return true;
}

static bool fold_power(int64_t a, int64_t n, int64_t *r)
{
	if (n < 0 || n > 64)
		return false;
	for (*r = 1; n > 0; n--)
		if (__builtin_mul_overflow(*r, a, r))
			return false;
	return true;
}

/* a op b for int64 constants; false where the result would wrap or trap: the optimiser has the exact rules for those. */
static bool fold(gj_binop op, int64_t a, int64_t b, int64_t *r)
{
	switch (op) {
	case GJ_OP_ADD_:    return !__builtin_add_overflow(a, b, r);
	case GJ_OP_SUB_:    return !__builtin_sub_overflow(a, b, r);
	case GJ_OP_MUL_:    return !__builtin_mul_overflow(a, b, r);
	case GJ_OP_AND_:    *r = a & b; return true;
	case GJ_OP_OR_:     *r = a | b; return true;
	case GJ_OP_XOR_:    *r = a ^ b; return true;
	case GJ_OP_POW_:    return fold_power(a, b, r);
	case GJ_OP_FLOORDIV_: case GJ_OP_MOD_: return fold_divide(op, a, b, r);
	case GJ_OP_LSHIFT_: return b >= 0 && b < 63 && !__builtin_mul_overflow(a, (int64_t)1 << b, r);
	case GJ_OP_RSHIFT_:
		if (b < 0 || b > 63)
			return false;
		*r = a >> b;
		return true;
	default:            return false;
	}
}

static const gj_obj *fold_obj(const gj_fn *f, const gj_type *t, gj_binop op, gj_known a, gj_known b)
{
	int64_t x, y, r;
	bool bits = gj_is_bool(t) && (op == GJ_OP_AND_ || op == GJ_OP_OR_ || op == GJ_OP_XOR_);
	if ((t->kind != GJ_I64 && !bits) || !gj_obj_is_int(a.konst, &x) || !gj_obj_is_int(b.konst, &y) || !fold(op, x, y, &r))
		return NULL;
	return bits ? gj_obj_bool(f->arena, r) : gj_obj_int(f->arena, r);
}

/* -- Operators ------------------------------------------------------------------------------------------------------ */

static gj_known concat(const gj_fn *f, uint32_t loc, gj_known a, gj_known b)
{
	uint32_t n = a.type->n + b.type->n;
	const gj_type **t = gj_new(f->arena, const gj_type *, n + 1);
	gj_obj *o = gj_new(f->arena, gj_obj, 1);
	const gj_obj **k = gj_new(f->arena, const gj_obj *, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		gj_known v = i < a.type->n ? a : b;
		uint32_t j = i < a.type->n ? i : i - a.type->n;
		t[i] = v.type->item[j];
		if (v.konst)
			k[i] = v.konst->item[j];
	}
	o->kind = GJ_OBJ_TUPLE;
	o->n = n;
	o->item = k;
	return (gj_known){ gj_made_tuple(f, loc, t, n), a.konst || b.konst ? o : NULL };
}

static const gj_obj *text_object(gj_arena *arena, const char *text)
{
	gj_obj *o = gj_new(arena, gj_obj, 1);
	*o = (gj_obj){ .kind = GJ_OBJ_STR, .name = text };
	return o;
}

static const char *text_of(gj_known v) { return v.konst && v.konst->kind == GJ_OBJ_STR ? v.konst->name : NULL; }

gj_known gj_known_binop(const gj_fn *f, uint32_t loc, gj_binop op, gj_known a, gj_known b)
{
	const gj_type *as_a, *as_b, *t;
	if (op == GJ_OP_ADD_ && gj_is_sequence(a.type) && gj_is_sequence(b.type) && gj_is_list(a.type) == gj_is_list(b.type))
		return gj_is_list(a.type) ? gj_as_list(concat(f, loc, a, b)) : concat(f, loc, a, b);
	if (op == GJ_OP_ADD_ && text_of(a) && text_of(b))
		return gj_known_of(f, loc, text_object(f->arena, gj_printf(f->arena, "%s%s", text_of(a), text_of(b))));
	if (gj_has_elements(a.type) || gj_has_elements(b.type)) {
		const char *ufunc = gj_ufunc_of_binop(op);
		gj_known v = ufunc ? gj_known_ufunc(f, loc, ufunc, 2, (gj_known[]){ a, b }) : gj_just(NULL);
		return v.type ? v : (no_rule(f, loc, gj_binop_name[op], a, b), v);
	}
	if (!gj_is_scalar(a.type) || !gj_is_scalar(b.type) || !(t = gj_rule_binop(op, a.type, b.type, &as_a, &as_b)))
		no_rule(f, loc, gj_binop_name[op], a, b);
	return (gj_known){ t, fold_obj(f, t, op, a, b) };
}

#define ORDERED(name, T) \
	static bool name(gj_cmpop op, T a, T b) \
	{ \
		switch (op) { \
		case GJ_CMP_LT: return a < b; \
		case GJ_CMP_LE: return a <= b; \
		case GJ_CMP_EQ: return a == b; \
		case GJ_CMP_NE: return a != b; \
		case GJ_CMP_GT: return a > b; \
		default:        return a >= b; \
		} \
	}
ORDERED(ordered_ints, int64_t)
ORDERED(ordered_floats, double)

static const gj_obj *fold_compare(const gj_fn *f, gj_cmpop op, const gj_obj *a, const gj_obj *b)
{
	int64_t x, y;
	double v, w;
	if (gj_obj_is_int(a, &x) && gj_obj_is_int(b, &y))
		return gj_obj_bool(f->arena, ordered_ints(op, x, y));
	return gj_obj_is_float(a, &v) && gj_obj_is_float(b, &w) ? gj_obj_bool(f->arena, ordered_floats(op, v, w)) : NULL;
}

gj_known gj_known_compare(const gj_fn *f, uint32_t loc, gj_cmpop op, gj_known a, gj_known b)
{
	const gj_type *as_a, *as_b, *bool_ = gj_scalar[GJ_BOOL];
	bool equality = op == GJ_CMP_EQ || op == GJ_CMP_NE;
	if (a.type->kind == GJ_OPTIONAL || b.type->kind == GJ_OPTIONAL) {
		if (a.type != gj_t_none && b.type != gj_t_none)
			gj_known_compare(f, loc, op, gj_known_seen(a), gj_known_seen(b));
		return gj_just(bool_);
	}
	if ((gj_has_elements(a.type) || gj_has_elements(b.type)) && gj_element_of(a.type) && gj_element_of(b.type)) {
		gj_known v = gj_known_ufunc(f, loc, gj_ufunc_of_cmpop(op), 2, (gj_known[]){ a, b });
		return v.type ? v : (no_rule(f, loc, gj_cmpop_name[op], a, b), v);
	}
	if (gj_is_scalar(a.type) && gj_is_scalar(b.type) && gj_rule_compare(op, a.type, b.type, &as_a, &as_b))
		return (gj_known){ bool_, fold_compare(f, op, a.konst, b.konst) };
	if (gj_never_equal(a.type, b.type) && a.type->kind == b.type->kind && equality)
		return (gj_known){ bool_, gj_obj_bool(f->arena, op == GJ_CMP_NE) };
	if (a.type->kind == GJ_TUPLE && b.type->kind == GJ_TUPLE && (equality || (gj_is_sequence(a.type) && gj_is_sequence(b.type)))) {
		uint32_t n = a.type->n < b.type->n ? a.type->n : b.type->n;
		for (uint32_t i = 0; i < n; i++)
			gj_known_compare(f, loc, op, gj_just(a.type->item[i]), gj_just(b.type->item[i]));
		return gj_just(bool_);
	}
	if (equality && a.konst && b.konst && !gj_is_scalar(a.type) && !gj_is_scalar(b.type))
		return (gj_known){ bool_, gj_obj_bool(f->arena, gj_obj_same(a.konst, b.konst) == (op == GJ_CMP_EQ)) };
	if (equality && (a.type == gj_t_none || b.type == gj_t_none))
		return (gj_known){ bool_, gj_obj_bool(f->arena, (a.type == b.type) == (op == GJ_CMP_EQ)) };
	no_rule(f, loc, gj_cmpop_name[op], a, b);
}

gj_known gj_known_unary(const gj_fn *f, uint32_t loc, gj_unop op, gj_known a)
{
	const gj_type *as, *t;
	int64_t x;
	if (op == GJ_UN_NOT) {
		gj_known v = gj_known_truth(f, loc, a);
		return (gj_known){ v.type, v.konst ? gj_obj_bool(f->arena, !v.konst->i) : NULL };
	}
	if (gj_has_elements(a.type)) {
		gj_known v = gj_known_ufunc(f, loc, gj_ufunc_of_unop(op), 1, &a);
		if (v.type)
			return v;
	}
	if (!gj_is_scalar(a.type) || !(t = gj_rule_unary(op, a.type, &as)))
		gj_fail(f, loc, GJ_ERR_NO_UNOP, gj_unop_name[op], gj_known_text(f->arena, a));
	if (t->kind == GJ_I64 && gj_obj_is_int(a.konst, &x) && x != INT64_MIN)
		return (gj_known){ t, gj_obj_int(f->arena, op == GJ_UN_NEG ? -x : op == GJ_UN_INVERT ? ~x : x) };
	return gj_just(t);
}

gj_known gj_known_truth(const gj_fn *f, uint32_t loc, gj_known a)
{
	const gj_type *bool_ = gj_scalar[GJ_BOOL];
	if (gj_is_scalar(a.type))
		return (gj_known){ bool_, fold_compare(f, GJ_CMP_NE, a.konst, gj_obj_int(f->arena, 0)) };
	switch (a.type->kind) {
	case GJ_NONE:   return (gj_known){ bool_, gj_obj_bool(f->arena, false) };
	case GJ_TUPLE:  return (gj_known){ bool_, gj_obj_bool(f->arena, a.type->n > 0) };
	case GJ_STATIC: return (gj_known){ bool_, gj_obj_bool(f->arena, true) };
	case GJ_OPTIONAL: gj_known_truth(f, loc, gj_known_seen(a)); return gj_just(bool_);
	case GJ_STR:    if (a.konst) return (gj_known){ bool_, gj_obj_bool(f->arena, *a.konst->name != 0) }; break;
	default:        break;
	}
	gj_refuse_opaque(f, loc, a);
	gj_fail(f, loc, gj_has_elements(a.type) ? GJ_ERR_TRUTH_ARRAY : GJ_ERR_TRUTH, gj_known_text(f->arena, a));
}

gj_known gj_known_in(const gj_fn *f, uint32_t loc, gj_known a, gj_known b, bool negate)
{
	b = gj_known_seen(b);
	const char *text = a.konst && a.konst->kind == GJ_OBJ_STR ? a.konst->name : NULL;
	if (gj_is_dict(b.type) && text)
		return (gj_known){ gj_scalar[GJ_BOOL], gj_obj_bool(f->arena, (gj_item_named(b.type, text) >= 0) != negate) };
	if (text && b.konst && b.konst->kind == GJ_OBJ_STR)
		return (gj_known){ gj_scalar[GJ_BOOL], gj_obj_bool(f->arena, (strstr(b.konst->name, text) != NULL) != negate) };
	if (!gj_is_sequence(b.type) || gj_is_sequence(a.type))
		no_rule(f, loc, negate ? "not in" : "in", a, b);
	bool found = false, known = true;
	for (uint32_t i = 0; i < b.type->n; i++) {
		gj_known item = { b.type->item[i], b.konst ? b.konst->item[i] : NULL };
		const gj_obj *same = gj_known_compare(f, loc, GJ_CMP_EQ, a, item).konst;
		found |= same && same->i;
		known &= same != NULL;
	}
	return (gj_known){ gj_scalar[GJ_BOOL], found || known ? gj_obj_bool(f->arena, found != negate) : NULL };
}

/* -- Indexing ------------------------------------------------------------------------------------------------------- */

static GJ_NORETURN void no_index(const gj_inst *s, uint32_t loc, gj_known v)
{
	gj_refuse_opaque(s->fn, loc, v);
	gj_err id = gj_is_float(v.type) ? GJ_ERR_INDEX_FLOAT : gj_has_elements(v.type) ? GJ_ERR_INDEX_ARRAY : GJ_ERR_INDEX_TYPE;
	gj_fail(s->fn, loc, id, gj_known_text(s->fn->arena, v));
}

static char slice_char(const gj_inst *s, const gj_op *at, const gj_op *o)
{
	int64_t step = 1;
	bool plain = true, unit = true;
	for (uint32_t i = 0; i < o->nargs; i++) {
		const gj_type *t = gj_known_seen(gj_value(s, o->arg[i])).type;
		if (t && t != gj_t_none && !gj_is_int(gj_wide(t)))
			no_index(s, at->loc, gj_just(t));
		if (t != gj_t_none && i < 2)
			plain = false;
		if (t != gj_t_none && i == 2)
			unit = gj_obj_is_int(s->konst[o->arg[2]], &step) && step == 1;
		if (step == 0)
			gj_fail(s->fn, at->loc, GJ_ERR_SLICE_STEP);
	}
	return !unit ? 'S' : plain ? ':' : 's';
}

static char type_char(const gj_inst *s, const gj_op *at, gj_known v)
{
	v = gj_known_wide(s->fn->arena, gj_known_seen(v));
	if (gj_is_int(v.type))
		return 'i';
	if (v.type == gj_t_ellipsis)
		return '.';
	if (v.type == gj_t_none)
		return 'n';
	no_index(s, at->loc, v);
}

static char item_char(const gj_inst *s, const gj_op *at, gj_ref r)
{
	const gj_op *o = gj_o(s->fn, r);
	return o->op == GJ_MKSLICE ? slice_char(s, at, o) : type_char(s, at, (gj_known){ o->type, s->konst[r] });
}

uint32_t gj_index_items(const gj_inst *s, const gj_op *at, gj_ref index, char items[16], gj_ref ref[16])
{
	const gj_op *o = gj_o(s->fn, index);
	uint32_t n = 0;
	if (!gj_is_sequence(o->type) || gj_is_list(o->type)) {
		items[n] = item_char(s, at, index);
		ref[n++] = index;
	} else if (o->op == GJ_MKTUPLE && o->nargs < 15) {
		for (; n < o->nargs; n++) {
			items[n] = item_char(s, at, o->arg[n]);
			ref[n] = o->arg[n];
		}
	} else {
		for (; n < o->type->n && n < 15; n++) {                                /* a tuple value: its items have no op */
			items[n] = type_char(s, at, (gj_known){ o->type->item[n], NULL });
			ref[n] = 0;
		}
	}
	items[n] = 0;
	return n;
}

static gj_known tuple_item(gj_inst *s, const gj_op *o, gj_known a, gj_known index)
{
	int64_t i;
	if (gj_obj_is_int(index.konst, &i)) {
		if (i < -(int64_t)a.type->n || i >= (int64_t)a.type->n)
			gj_fail(s->fn, o->loc, GJ_ERR_TUPLE_RANGE, a.type->name, (long long)i);
		i += i < 0 ? a.type->n : 0;
		return (gj_known){ a.type->item[i], a.konst ? a.konst->item[i] : NULL };
	}
	if (!gj_is_int(index.type))
		no_index(s, o->loc, index);
	gj_known function = gj_known_one_of(s->fn->arena, a.type, a.konst);
	if (function.type)
		return function;
	const gj_type *t = gj_items_type(a.type);
	if (!t || !gj_is_choosable(t))
		gj_fail(s->fn, o->loc, GJ_ERR_TUPLE_INDEX, a.type->name);
	return gj_just(t);
}

/* Part i of a slice, a constant; `absent` where it is None or missing. */
static int64_t slice_const(const gj_inst *s, const gj_op *item, uint32_t i, int64_t absent)
{
	const gj_op *slice = gj_o(s->fn, item->arg[1]);
	int64_t v = absent;
	bool none = i >= slice->nargs || gj_o(s->fn, slice->arg[i])->type == gj_t_none;
	if (!none && !gj_obj_is_int(s->konst[slice->arg[i]], &v))
		gj_fail(s->fn, item->loc, GJ_ERR_TUPLE_SLICE);
	return v;
}

static int64_t clamp(int64_t v, int64_t n, int64_t low, int64_t high)
{
	v += v < 0 ? n : 0;
	return v < low ? low : v > high ? high : v;
}

uint32_t gj_tuple_slice(const gj_inst *s, const gj_op *item, uint32_t n, uint32_t *at)
{
	int64_t step = slice_const(s, item, 2, 1), low = step < 0 ? -1 : 0, high = step < 0 ? (int64_t)n - 1 : n;
	if (step == 0)
		gj_fail(s->fn, item->loc, GJ_ERR_TUPLE_SLICE);
	int64_t start = slice_const(s, item, 0, INT64_MIN), stop = slice_const(s, item, 1, INT64_MIN);
	uint32_t count = 0;
	start = start == INT64_MIN ? (step < 0 ? high : low) : clamp(start, n, low, high);
	stop = stop == INT64_MIN ? (step < 0 ? low : high) : clamp(stop, n, low, high);
	for (int64_t i = start; count < n && (step < 0 ? i > stop : i < stop); i += step)
		at[count++] = (uint32_t)i;
	return count;
}

static gj_known tuple_slice(gj_inst *s, const gj_op *o, gj_known a)
{
	uint32_t *at = gj_new(s->fn->arena, uint32_t, a.type->n + 1);
	const gj_type **t = gj_new(s->fn->arena, const gj_type *, a.type->n + 1);
	const gj_obj **k = gj_new(s->fn->arena, const gj_obj *, a.type->n + 1);
	uint32_t n = gj_tuple_slice(s, o, a.type->n, at);
	for (uint32_t i = 0; i < n; i++)
		t[i] = a.type->item[at[i]], k[i] = a.konst ? a.konst->item[at[i]] : NULL;
	gj_obj *part = gj_new(s->fn->arena, gj_obj, 1);
	*part = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = n, .item = k };
	gj_known v = { gj_tuple_type(t, n), a.konst ? part : NULL };
	return gj_is_list(a.type) ? gj_as_list(v) : v;
}

static gj_known dict_item(const gj_inst *s, const gj_op *o, gj_known a, gj_known key)
{
	const char *name = key.konst && key.konst->kind == GJ_OBJ_STR ? key.konst->name : NULL;
	int i = name ? gj_item_named(a.type, name) : -1;
	if (i < 0)
		gj_no_key(s->fn, o->loc, a.type, key);
	return (gj_known){ a.type->item[i], a.konst ? a.konst->item[i] : NULL };
}

/* Color['RED']: the member of an enumeration; no type: the class is none. */
static gj_known member_named(const gj_inst *s, const gj_op *o, const gj_obj *class, const gj_obj *key)
{
	bool any = false;
	for (uint32_t i = 0; key && key->kind == GJ_OBJ_STR && class->attr && i < class->n; i++) {
		gj_known v = gj_known_of(s->fn, o->loc, class->item[i]);
		any |= gj_is_member(v.type);
		if (gj_is_member(v.type) && !strcmp(class->attr[i], key->name))
			return v;
	}
	if (any)
		gj_no_member(s->fn, o->loc, class, key->name);
	return (gj_known){ 0 };
}

/* "abc"[1] */
static gj_known character(const gj_inst *s, const gj_op *o, gj_known a, gj_known index)
{
	int64_t i, n = 0;
	const char *text = a.konst && a.konst->kind == GJ_OBJ_STR ? a.konst->name : "";
	while ((unsigned char)text[n] - 1u < 0x7f)
		n++;
	if (text[n] || !gj_obj_is_int(index.konst, &i) || i < -n || i >= n)
		gj_fail(s->fn, o->loc, GJ_ERR_TEXT_INDEX);
	return gj_known_of(s->fn, o->loc, text_object(s->fn->arena, gj_strndup(s->fn->arena, text + (i < 0 ? i + n : i), 1)));
}

gj_known gj_known_item(gj_inst *s, const gj_op *o, gj_known a, gj_known index)
{
	char items[16];
	gj_ref ref[16];
	if (gj_is_sequence(a.type))
		return gj_o(s->fn, o->arg[1])->op == GJ_MKSLICE ? tuple_slice(s, o, a) : tuple_item(s, o, a, index);
	if (gj_is_dict(a.type))
		return dict_item(s, o, a, index);
	int field = gj_field_index(s->fn, o->loc, a.type, index.konst);
	if (field >= 0)
		return gj_known_field(s->fn, o->loc, a.type, field);
	if (a.type->kind == GJ_PTR) {
		if (!index.type || !gj_is_int(index.type))
			gj_fail(s->fn, o->loc, GJ_ERR_POINTER_INDEX, index.type ? gj_known_text(s->fn->arena, index) : "a slice");
		if (a.type->elem == gj_t_none)
			gj_fail(s->fn, o->loc, GJ_ERR_POINTER_VOID);
		return gj_just(a.type->elem->kind == GJ_RECORD ? gj_ref_type(a.type->elem, false, (gj_space)a.type->space, a.type->align) : a.type->elem);
	}
	gj_known member = a.konst && a.konst->kind == GJ_OBJ_OPAQUE ? member_named(s, o, a.konst, index.konst) : (gj_known){ 0 };
	if (member.type)
		return member;
	if (a.konst && a.konst->kind == GJ_OBJ_FUNCTION)
		gj_fail(s->fn, o->loc, GJ_ERR_LAUNCH_INSIDE, a.konst->name ? a.konst->name : a.konst->code->name);
	gj_refuse_opaque(s->fn, o->loc, a);
	if (a.type->kind == GJ_FLAT && gj_is_int(index.type))
		return gj_just(a.type->elem->elem);
	if (a.type == gj_t_str)
		return character(s, o, a, index);
	if (!gj_has_elements(a.type))
		gj_fail(s->fn, o->loc, GJ_ERR_NO_INDEX, gj_known_text(s->fn->arena, a));
	if (gj_is_fused(a.type))
		gj_fail(s->fn, o->loc, GJ_ERR_FUSE_SHAPE, "an index");
	uint32_t n = gj_index_items(s, o, o->arg[1], items, ref);
	if (a.type->kind == GJ_EXPRESSION) {
		if (n != a.type->ndim || strspn(items, "i") != n)
			gj_fail(s->fn, o->loc, GJ_ERR_EXPRESSION_INDEX, a.type->name, (int)a.type->ndim);
		return gj_just(a.type->elem);
	}
	const gj_type *t = gj_rule_index(a.type, items);
	if (!t)
		gj_fail(s->fn, o->loc, GJ_ERR_INDEX_COUNT, a.type->name, (int)a.type->ndim, n);
	return gj_just(t);
}

/* -- Attributes ----------------------------------------------------------------------------------------------------- */

/* What a dotted name stands for: the value it reads, or a function or namespace. */
gj_known gj_known_named(gj_inst *s, const gj_op *o, const char *dotted, const gj_code *code)
{
	const gj_name *row = gj_name_find(dotted);
	if (!row)
		gj_no_name(s->fn, o->loc, dotted);
	if (gj_name_is_value(row)) {
		gj_icall c = { .s = s, .row = row, .name = dotted, .loc = o->loc };
		const gj_op *base = o->op == GJ_ATTR ? gj_o(s->fn, o->arg[0]) : o;
		c.ref[0] = base->op == GJ_ATTR ? base->arg[0] : 0;                     /* a of a.flags.c_contiguous */
		return gj_infer_name(&c);
	}
	gj_obj *k = gj_new(s->fn->arena, gj_obj, 1);
	k->kind = GJ_OBJ_NAME;
	k->name = dotted;
	k->code = code;
	return gj_known_of(s->fn, o->loc, k);
}

const gj_name *gj_value_row(const gj_inst *s, const gj_op *o)
{
	const char *dotted = NULL;
	const gj_obj *base = o->op == GJ_ATTR ? s->konst[o->arg[0]] : o->imm.obj;
	if (!base || (base->kind != GJ_OBJ_NAME && base->kind != GJ_OBJ_MODULE))
		return NULL;
	if (base->kind == GJ_OBJ_NAME)
		dotted = o->op == GJ_ATTR ? gj_printf(s->fn->arena, "%s.%s", base->name, o->imm.name) : base->name;
	for (uint32_t i = 0; !dotted && o->op == GJ_ATTR && i < base->n; i++)
		if (!strcmp(base->attr[i], o->imm.name) && base->item[i]->kind == GJ_OBJ_NAME)
			dotted = base->item[i]->name;
	const gj_name *row = dotted ? gj_name_find(dotted) : NULL;
	return row && gj_name_is_value(row) ? row : NULL;
}

static gj_known module_attr(gj_inst *s, const gj_op *o, const gj_obj *m)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (!strcmp(m->attr[i], o->imm.name)) {
			if (m->item[i]->kind == GJ_OBJ_MISSING)
				break;
			if (m->item[i]->kind == GJ_OBJ_NAME)
				return gj_known_named(s, o, m->item[i]->name, m->item[i]->code);
			return gj_known_of(s->fn, o->loc, m->item[i]);
		}
	gj_fail_module(s->fn, o->loc, m->name, o->imm.name);
}

/* Does the table have such a method, or more below such a name? */
static bool method(const gj_inst *s, const char *of, const char *name)
{
	return gj_name_find(gj_printf(s->fn->arena, "%s.%s", of, name)) != NULL;
}

const gj_type *gj_parts_array(const gj_type *t, const char *name)
{
	if (!gj_is_complex(t->elem))
		return strcmp(name, "real") || !gj_is_scalar(t->elem) ? NULL : t;
	if (gj_part_named(t->elem, name) < 0)
		return NULL;
	return gj_array_in(gj_real_type(t->elem), t->ndim, 'A', t);
}

const gj_type *gj_parts_element(const gj_type *t, const char *name)
{
	bool fits = t->kind == GJ_ELEMENT && (!strcmp(name, "imag") || !strcmp(name, "real"));
	return fits ? gj_element_type(gj_real_type(t->elem), t->ndim, gj_shape_arguments(t)) : NULL;
}

const gj_type *gj_stored_parts(const gj_inst *s, const gj_op *o)
{
	const gj_type *a = gj_o(s->fn, o->arg[0])->type;
	const gj_obj *name = s->konst[o->arg[1]];
	bool attribute = o->sub && a && a->kind == GJ_ARRAY && gj_is_scalar(a->elem) && name && name->kind == GJ_OBJ_STR;
	return attribute && (!strcmp(name->name, "real") || !strcmp(name->name, "imag")) ? gj_parts_array(a, name->name) : NULL;
}

bool gj_stores_flat(const gj_inst *s, const gj_op *o)
{
	const gj_type *a = gj_o(s->fn, o->arg[0])->type;
	const gj_obj *name = o->sub ? s->konst[o->arg[1]] : NULL;
	const gj_op *of = gj_o(s->fn, o->arg[0]);
	if (a && a->kind == GJ_OPTIONAL)
		a = a->elem;
	if (!a || a->kind == GJ_FLAT)
		return a;
	if (a->kind != GJ_ARRAY || !gj_is_plain(a->elem))
		return false;
	return o->sub ? name && name->kind == GJ_OBJ_STR && !strcmp(name->name, "flat")
	              : of->op == GJ_ATTR && !strcmp(of->imm.name, "flat") && gj_o(s->fn, o->arg[1])->op == GJ_MKSLICE;
}

/* The shape as a tuple, or how many items there are. */
static gj_known extents(gj_inst *s, const gj_shape_known *shape, bool tuple)
{
	gj_known item[GJ_MAX_NDIM];
	int64_t n = 1;
	for (int d = 0; d < shape->ndim; d++) {
		item[d] = (gj_known){ gj_scalar[GJ_I64], gj_obj_int(s->fn->arena, shape->extent[d]) };
		n *= shape->extent[d];
	}
	return tuple ? gj_known_items(s->fn, 0, NULL, (uint32_t)shape->ndim, item) : (gj_known){ gj_scalar[GJ_I64], gj_obj_int(s->fn->arena, n) };
}

/* A method that is a function, or an attribute that one gives (gj_obj's MISSING). */
static const gj_obj *written(const gj_inst *s, const char *name, int64_t attribute)
{
	for (int i = 0; i < s->code->nnames; i++) {
		const gj_obj *o = s->code->global[i];
		if (!strcmp(s->code->name_text[i], name) && o->kind == GJ_OBJ_MISSING && o->n && o->i == attribute)
			return o->item[0];
	}
	return NULL;
}

static const gj_obj *written_method(const gj_inst *s, const char *name) { return written(s, name, 0); }

/* Does a value of the type have a part of that name? */
static bool has_part(const gj_type *t, const char *name)
{
	const gj_type *record = t->kind == GJ_REF || gj_holds_record(t) ? t->elem : NULL;
	return (record && gj_field_named(record, name) >= 0) || (t->kind == GJ_TUPLE && gj_item_named(t, name) >= 0)
		|| (t->kind == GJ_VECTOR && gj_part_named(t, name) >= 0);
}

/* Values whose methods and attributes can be overloaded. */
static bool is_value(const gj_type *t)
{
	return t && (t->kind == GJ_ARRAY || t->kind == GJ_REF || t->kind == GJ_TUPLE || t->kind == GJ_VECTOR || gj_is_scalar(t));
}

const gj_obj *gj_attribute_function(const gj_inst *s, const gj_op *o)
{
	const gj_type *t = o->op == GJ_ATTR ? gj_o(s->fn, o->arg[0])->type : NULL;
	return is_value(t) && !has_part(t, o->imm.name) ? written(s, o->imm.name, 1) : NULL;
}

/* Of generators of random numbers, and slices. */
static bool has_methods(const gj_type *t, const char *name)
{
	return strcmp(name, "indices") ? gj_is_numpy_generator(t) : gj_is_slice(t);
}

/* A method of other values than arrays. */
static const gj_obj *overloaded_method(const gj_inst *s, const gj_type *t, const char *name)
{
	const gj_obj *f = is_value(t) && !has_part(t, name) ? written_method(s, name) : NULL;
	return f && f->kind == GJ_OBJ_OVERLOADED ? f : NULL;
}

static gj_known array_attr(gj_inst *s, const gj_op *o, const gj_type *t)
{
	const gj_type *i64[GJ_MAX_NDIM], *ints;
	for (int i = 0; i < GJ_MAX_NDIM; i++)
		i64[i] = gj_scalar[GJ_I64];
	ints = gj_tuple_type(i64, t->ndim);
	static const char *const unknown[] = { "shape", "size", "nbytes", "strides", "T", "flags" };
	bool lies = t->kind == GJ_ARRAY;               /* an expression has no memory */
	for (size_t i = 0; gj_is_fused(t) && i < GJ_LEN(unknown); i++)
		if (!strcmp(o->imm.name, unknown[i]))
			gj_fail(s->fn, o->loc, GJ_ERR_FUSE_SHAPE, o->imm.name);
	gj_shape_known shape;
	if ((!strcmp(o->imm.name, "shape") || !strcmp(o->imm.name, "size")) && gj_known_shape(s, o->arg[0], &shape))
		return extents(s, &shape, o->imm.name[1] == 'h');
	if (!strcmp(o->imm.name, "shape") || (lies && !strcmp(o->imm.name, "strides")))
		return gj_just(ints);
	if (!strcmp(o->imm.name, "size") || !strcmp(o->imm.name, "nbytes"))
		return gj_just(gj_scalar[GJ_I64]);
	if (!strcmp(o->imm.name, "ndim"))
		return (gj_known){ gj_scalar[GJ_I64], gj_obj_int(s->fn->arena, t->ndim) };
	if (!strcmp(o->imm.name, "itemsize"))
		return (gj_known){ gj_scalar[GJ_I64], gj_obj_int(s->fn->arena, t->elem->size) };
	if (lies && !strcmp(o->imm.name, "T"))
		return gj_just(gj_rule_transpose(t));
	if (lies && !strcmp(o->imm.name, "ctypes"))    /* as an argument of C's functions: its memory */
		return gj_just(t);
	if (lies && !strcmp(o->imm.name, "data") && gj_o(s->fn, o->arg[0])->op == GJ_ATTR && !strcmp(gj_o(s->fn, o->arg[0])->imm.name, "ctypes"))
		return gj_just(gj_scalar[GJ_U64]);
	if (lies && !strcmp(o->imm.name, "flat") && gj_flat_of(t))
		return gj_just(gj_flat_of(t));
	const gj_type *parts = lies ? gj_parts_array(t, o->imm.name) : gj_parts_element(t, o->imm.name);
	if (parts)
		return gj_just(parts);
	const gj_obj *own = t->kind != GJ_EXPRESSION ? written_method(s, o->imm.name) : NULL;
	if (own)
		return gj_known_of(s->fn, o->loc, own);
	if (method(s, "array", o->imm.name))
		return gj_known_named(s, o, gj_printf(s->fn->arena, "array.%s", o->imm.name), NULL);
	if (!strcmp(o->imm.name, "dtype")) {
		gj_obj *k = gj_new(s->fn->arena, gj_obj, 1);
		k->kind = GJ_OBJ_TYPE;
		k->type = t->elem;
		return gj_known_of(s->fn, o->loc, k);
	}
	if (gj_holds_record(t) && gj_field_named(t->elem, o->imm.name) >= 0)
		return gj_known_field(s->fn, o->loc, t, gj_field_named(t->elem, o->imm.name));
	gj_no_attribute(s->fn, o->loc, gj_just(t), o->imm.name);
}

/* The methods with which Python changes a list. */
static bool changes_lists(const char *name)
{
	static const char *const methods[] = { "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse" };
	for (size_t i = 0; i < GJ_LEN(methods); i++)
		if (!strcmp(name, methods[i]))
			return true;
	return false;
}

/* What a dtype says of itself; nothing (type NULL) of another name. */
static gj_known dtype_attr(gj_inst *s, const gj_op *o, const gj_type *t)
{
	if (!strcmp(o->imm.name, "itemsize"))
		return (gj_known){ gj_scalar[GJ_I64], gj_obj_int(s->fn->arena, t->size) };
	if (strcmp(o->imm.name, "kind"))
		return (gj_known){ NULL };
	gj_obj *kind = gj_new(s->fn->arena, gj_obj, 1);
	*kind = (gj_obj){ .kind = GJ_OBJ_STR, .name = gj_is_bool(t) ? "b" : gj_is_unsigned(t) ? "u" : gj_is_int(t) ? "i" : gj_is_float(t) ? "f" : gj_is_complex(t) ? "c" : "V" };
	return gj_known_of(s->fn, o->loc, kind);
}

gj_known gj_known_attr(gj_inst *s, const gj_op *o, gj_known a)
{
	const char *name = o->imm.name;
	if (gj_is_list(a.type) && changes_lists(name))
		gj_fail(s->fn, o->loc, GJ_ERR_LIST_CHANGE, a.type->name);
	if (gj_has_elements(a.type))
		return array_attr(s, o, a.type);
	const gj_obj *own = overloaded_method(s, a.type, name);
	if (own)
		return gj_known_of(s->fn, o->loc, own);
	if (a.type->kind == GJ_VECTOR && gj_part_named(a.type, name) >= 0)
		return gj_just(a.type->elem);
	if (a.type->kind == GJ_REF) {
		if (gj_field_named(a.type->elem, name) < 0)
			gj_no_field(s->fn, o->loc, a.type->elem, name);
		return gj_known_field(s->fn, o->loc, a.type, gj_field_named(a.type->elem, name));
	}
	if (a.konst && a.konst->kind == GJ_OBJ_MODULE)
		return module_attr(s, o, a.konst);
	if (a.konst && a.konst->kind == GJ_OBJ_NAME)
		return gj_known_named(s, o, gj_printf(s->fn->arena, "%s.%s", a.konst->name, name), NULL);
	if (a.konst && a.konst->kind == GJ_OBJ_TYPE && !strcmp(name, "type"))      /* of a dtype: the same, to be called */
		return a;
	gj_known said = a.konst && a.konst->kind == GJ_OBJ_TYPE ? dtype_attr(s, o, a.konst->type) : (gj_known){ NULL };
	if (said.type)
		return said;
	if (a.konst && a.konst->kind == GJ_OBJ_INT && a.konst->fields && !strcmp(name, "value"))
		return gj_known_of(s->fn, o->loc, gj_obj_int(s->fn->arena, a.konst->i));
	if (gj_is_member(a.type) && !strcmp(name, "name")) {
		if (!a.konst || !a.konst->name)
			gj_fail(s->fn, o->loc, GJ_ERR_MEMBER_NAME, gj_known_text(s->fn->arena, a));
		return gj_known_of(s->fn, o->loc, text_object(s->fn->arena, a.konst->name));
	}
	if (gj_is_int(a.type) && !strcmp(name, "bit_count"))
		return gj_known_named(s, o, "int.bit_count", NULL);
	if (gj_is_dict(a.type) && method(s, "dict", name))
		return gj_known_named(s, o, gj_printf(s->fn->arena, "dict.%s", name), NULL);
	if (gj_is_integer_member(a.type) && strcmp(name, "value"))
		return gj_known_attr(s, o, gj_known_wide(s->fn->arena, a));
	int item = gj_is_dict(a.type) ? -1 : gj_item_named(a.type, name);
	if (item >= 0)
		return (gj_known){ a.type->item[item], a.konst ? a.konst->item[item] : NULL };
	own = has_methods(a.type, name) ? written_method(s, name) : NULL;
	if (own)
		return gj_known_of(s->fn, o->loc, own);
	if (a.type->kind == GJ_TUPLE && method(s, "tuple", name))
		return gj_known_named(s, o, gj_printf(s->fn->arena, "tuple.%s", name), NULL);
	if (gj_is_scalar(a.type) && (!gj_is_bool(a.type) || !strcmp(name, "item")) && method(s, "number", name))
		return gj_known_named(s, o, gj_printf(s->fn->arena, "number.%s", name), NULL);
	if (a.type->kind == GJ_RANGE && (!strcmp(name, "start") || !strcmp(name, "stop") || !strcmp(name, "step")))
		return gj_just(a.type->elem);
	if (gj_is_scalar(a.type) && !gj_is_bool(a.type) && (!strcmp(name, "real") || !strcmp(name, "imag")))
		return gj_just(gj_real_type(a.type));
	gj_refuse_opaque(s->fn, o->loc, a);
	for (uint32_t i = 0; a.konst && a.konst->attr && i < a.konst->n; i++)      /* of a class */
		if (!strcmp(a.konst->attr[i], name))
			return gj_known_of(s->fn, o->loc, a.konst->item[i]);
	gj_no_attribute(s->fn, o->loc, a, name);
}

gj_known gj_infer_hasattr(gj_icall *c)
{
	const gj_known a = gj_known_seen(c->a[0]);
	if (c->a[0].type->kind == GJ_OPTIONAL || a.type->kind == GJ_STATIC)
		gj_bad_argument(c, 0);
	if (!c->a[1].konst || c->a[1].konst->kind != GJ_OBJ_STR)
		gj_bad_argument(c, 1);
	const char *name = c->a[1].konst->name;
	bool any = has_part(a.type, name) || gj_has_words(c->s->fn->arena, a.type, name) || overloaded_method(c->s, a.type, name);
	return (gj_known){ gj_scalar[GJ_BOOL], gj_obj_bool(c->s->fn->arena, any) };
}
