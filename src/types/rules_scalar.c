/* Typing of operators on scalars, and unification. The rules are formulas; tests/data/typing-rules holds the tables
 * that they must give, cell by cell. */
#include "types/fields.h"
#include "types/record.h"
#include "types/rules.h"

#include <string.h>

#include <stdlib.h>

const char *const gj_binop_name[GJ_NBINOPS] = { "+", "&", "//", "<<", "@", "*", "%", "|", "**", ">>", "-", "/", "^" };
const char *const gj_cmpop_name[GJ_NCMPOPS] = { "<", "<=", "==", "!=", ">", ">=" };
const char *const gj_unop_name[GJ_NUNOPS] = { "-", "+", "~", "not" };

gj_rank gj_rank_inexact(const gj_type *t)
{
	return t->kind == GJ_BF16 ? 1 : gj_is_float(t) ? t->kind - GJ_F16 + 1 : gj_is_complex(t) ? t->kind - GJ_C64 + 2 : 0;
}

static gj_rank rank_of_bytes(int bytes)
{
	return bytes <= 1 ? 1 : bytes == 2 ? 2 : 3;
}

gj_rank gj_rank_exact(const gj_type *t)
{
	return gj_is_intbool(t) ? rank_of_bytes(gj_is_unsigned(t) ? 2 * t->size : t->size) : gj_rank_inexact(t);
}

gj_rank gj_rank_sized(const gj_type *t)
{
	return gj_is_intbool(t) ? rank_of_bytes(t->size) : gj_rank_inexact(t);
}

const gj_type *gj_common_int(const gj_type *a, const gj_type *b)
{
	if (gj_is_bool(a) || gj_is_bool(b))
		return gj_is_bool(a) ? b : a;
	if (gj_is_unsigned(a) == gj_is_unsigned(b))
		return a->size >= b->size ? a : b;
	const gj_type *s = gj_is_signed(a) ? a : b, *u = gj_is_signed(a) ? b : a;
	static const uint8_t above[] = { [1] = GJ_I16, [2] = GJ_I32, [4] = GJ_I64, [8] = GJ_F64 };
	return u->size < s->size ? s : gj_scalar[above[u->size]];
}

static gj_rank beside_bfloat16(const gj_type *t, gj_rank usual)
{
	return gj_is_intbool(t) ? usual ? rank_of_bytes(t->size) : 0 : t->kind == GJ_F16 ? 2 : usual;
}

const gj_type *gj_inexact_of(const gj_type *a, const gj_type *b, gj_rank (*rank)(const gj_type *), gj_rank least)
{
	bool brain = a->kind == GJ_BF16 || (b && b->kind == GJ_BF16);
	gj_rank x = rank(a), y = b ? rank(b) : 0;
	if (brain)
		x = beside_bfloat16(a, x), y = b ? beside_bfloat16(b, y) : 0;
	gj_rank r = gj_rank_max(least, gj_rank_max(x, y));
	if (gj_is_complex(a) || (b && gj_is_complex(b)))
		return gj_rank_complex(r);
	return brain && r == 1 ? gj_scalar[GJ_BF16] : gj_rank_float(r);
}

/* Integers in arithmetic have 64 bits and keep their signedness; bool counts as signed. */
static const gj_type *wide(const gj_type *t)
{
	return gj_scalar[gj_is_unsigned(t) ? GJ_U64 : GJ_I64];
}

static const gj_type *wide2(const gj_type *a, const gj_type *b)
{
	return gj_scalar[gj_is_unsigned(a) && gj_is_unsigned(b) ? GJ_U64 : GJ_I64];
}

/* Common inexact type in arithmetic, of at least rank `least`. */
static const gj_type *inexact2(const gj_type *a, const gj_type *b, gj_rank least)
{
	return gj_inexact_of(a, b, gj_rank_exact, least);
}

typedef enum class {
	RING,                                      /* + - *: everything */
	QUOTIENT,                                  /* /: integers give float64 */
	ORDERED,                                   /* // %: no complex, at least float32 */
	POWER,
	SHIFT,
	BITWISE,
	REJECTED
} class;

static const uint8_t class_of[GJ_NBINOPS] = {
	RING, BITWISE, ORDERED, SHIFT, REJECTED, RING, ORDERED, BITWISE, POWER, SHIFT, RING, QUOTIENT, BITWISE,
};

/* Float ** integer: the exponent stays an integer. */
static const gj_type *exponent(const gj_type *b)
{
	return gj_is_unsigned(b) ? gj_scalar[GJ_U64] : gj_scalar[b->kind == GJ_I64 ? GJ_I64 : GJ_I32];
}

static const gj_type *int_binop(class c, const gj_type *a, const gj_type *b, const gj_type **as_a, const gj_type **as_b)
{
	bool both_bool = gj_is_bool(a) && gj_is_bool(b);
	if (c == BITWISE && both_bool)
		return *as_a = *as_b = a;
	*as_a = wide(a);
	*as_b = wide(b);
	if (c == SHIFT) {
		*as_a = gj_is_bool(a) ? gj_scalar[GJ_I8] : a;
		*as_b = gj_scalar[gj_is_signed(b) ? GJ_I64 : GJ_U64];
		return wide(a);
	}
	return c == QUOTIENT ? gj_scalar[GJ_F64] : wide2(a, b);
}

const gj_type *gj_rule_binop(gj_binop op, const gj_type *a, const gj_type *b, const gj_type **as_a,
                             const gj_type **as_b)
{
	const gj_type *left, *right, *r;
	class c = class_of[op];
	if (!gj_is_scalar(a) || !gj_is_scalar(b) || c == REJECTED)
		return NULL;
	if (gj_is_intbool(a) && gj_is_intbool(b)) {
		r = int_binop(c, a, b, &left, &right);
	} else {
		bool complex = gj_is_complex(a) || gj_is_complex(b);
		if (c == SHIFT || c == BITWISE || (c == ORDERED && complex))
			return NULL;
		r = left = right = inexact2(a, b, c == ORDERED || c == POWER ? 2 : 1);
		if (c == POWER && gj_is_float(a) && gj_is_intbool(b)) {
			r = left = gj_rank_float(gj_rank_max(2, gj_rank_inexact(a)));
			right = exponent(b);
		}
	}
	gj_give(as_a, left);
	gj_give(as_b, right);
	return r;
}

const gj_type *gj_rule_compare(gj_cmpop op, const gj_type *a, const gj_type *b, const gj_type **as_a,
                             const gj_type **as_b)
{
	if (!gj_is_scalar(a) || !gj_is_scalar(b))
		return NULL;
	bool equality = op == GJ_CMP_EQ || op == GJ_CMP_NE;
	if (!equality && (gj_is_complex(a) || gj_is_complex(b)))
		return NULL;
	const gj_type *as;
	if (gj_is_intbool(a) && gj_is_intbool(b)) {
		as = gj_common_int(a, b);
		if (gj_is_float(as))
			as = NULL;                         /* uint64 against signed: exactly, not as float64 */
	} else {
		as = inexact2(a, b, 1);
	}
	gj_give(as_a, as);
	gj_give(as_b, as);
	return gj_scalar[GJ_BOOL];
}

const gj_type *gj_rule_unary(gj_unop op, const gj_type *a, const gj_type **as_a)
{
	if (!gj_is_scalar(a) || (op == GJ_UN_INVERT && !gj_is_intbool(a)))
		return NULL;
	if (op == GJ_UN_NOT) {
		gj_give(as_a, gj_is_half(a) ? gj_scalar[GJ_F32] : a);
		return gj_scalar[GJ_BOOL];
	}
	const gj_type *r = !gj_is_intbool(a) || (op == GJ_UN_INVERT && gj_is_bool(a)) ? a : wide(a);
	gj_give(as_a, gj_is_bool(a) ? r : a);      /* computed in the operand's width, extended afterwards, as numba does */
	return r;
}

/* -- Unification --------------------------------------------------------------------------------------------------- */

static const gj_type *unify_scalars(const gj_type *a, const gj_type *b)
{
	if (gj_is_intbool(a) && gj_is_intbool(b))
		return gj_common_int(a, b);
	return gj_inexact_of(a, b, gj_rank_sized, 1);
}

static const gj_type *unify_tuples(const gj_type *a, const gj_type *b)
{
	const gj_type **item = a->n == b->n && !gj_never_equal(a, b) ? malloc((a->n + 1) * sizeof *item) : NULL, *t = NULL;
	uint32_t i = 0;
	while (item && i < a->n && (item[i] = gj_unify(a->item[i], b->item[i])))
		i++;
	if (item && i == a->n)
		t = gj_names_of(a) == gj_names_of(b) ? gj_tuple_like(a, item) : gj_is_dict(a) || gj_is_dict(b) ? NULL : gj_tuple_type(item, a->n);
	free(item);
	return t;
}

static gj_space common_space(const gj_type *a, const gj_type *b)
{
	return a->space == b->space ? (gj_space)a->space : a->space == GJ_COUNTED || b->space == GJ_COUNTED ? GJ_COUNTED : GJ_GENERIC;
}

/* What is known of the alignment of either; 0: all that the items' type asks for. */
static uint32_t known_of(const gj_type *a, const gj_type *b)
{
	return !a->align || (b->align && b->align < a->align) ? b->align : a->align;
}

static const gj_type *unify_arrays(const gj_type *a, const gj_type *b)
{
	if (a->elem != b->elem || a->ndim != b->ndim)
		return NULL;
	return gj_array_at(a->elem, a->ndim, a->layout == b->layout ? a->layout : 'A', a->readonly || b->readonly, common_space(a, b), known_of(a, b));
}

static const gj_type *unify_refs(const gj_type *a, const gj_type *b)
{
	return a->elem == b->elem ? gj_ref_type(a->elem, a->readonly || b->readonly, common_space(a, b), known_of(a, b)) : NULL;
}

/* None and a value, or what may be None already, and another. */
static const gj_type *unify_optional(const gj_type *a, const gj_type *b)
{
	const gj_type *x = a->kind == GJ_OPTIONAL ? a->elem : a, *y = b->kind == GJ_OPTIONAL ? b->elem : b;
	return gj_optional_type(x == gj_t_none ? y : y == gj_t_none ? x : gj_unify(x, y));
}

const gj_type *gj_unify(const gj_type *a, const gj_type *b)
{
	if (a == b)
		return a;
	if (a == gj_t_none || b == gj_t_none || a->kind == GJ_OPTIONAL || b->kind == GJ_OPTIONAL)
		return unify_optional(a, b);
	if (gj_is_float8(a) || gj_is_float8(b) || gj_is_integer_member(a) || gj_is_integer_member(b))
		return gj_unify(gj_wide(a), gj_wide(b));
	if (gj_is_scalar(a) && gj_is_scalar(b))
		return unify_scalars(a, b);
	if (a->kind != b->kind)
		return NULL;
	if (a->kind == GJ_ELEMENT)
		return a->elem != b->elem ? NULL
			: gj_element_type(a->elem, a->ndim > b->ndim ? a->ndim : b->ndim, gj_shape_arguments(a) | gj_shape_arguments(b));
	return a->kind == GJ_TUPLE ? unify_tuples(a, b) : a->kind == GJ_ARRAY ? unify_arrays(a, b) : a->kind == GJ_REF ? unify_refs(a, b) : NULL;
}

const gj_type *gj_items_type(const gj_type *tuple)
{
	const gj_type *t = tuple->n ? tuple->item[0] : NULL;
	for (uint32_t i = 1; t && i < tuple->n; i++)
		if (tuple->item[i] != t)
			t = strcmp(t->name, tuple->item[i]->name) ? NULL : gj_unify(t, tuple->item[i]);
	return t;
}

const gj_type *gj_in_spaces_of(const gj_type *t, const gj_type *actual)
{
	enum { MAX_ITEMS = 256 };
	const gj_type *item[MAX_ITEMS];
	if (t->kind == GJ_ARRAY && actual->kind == GJ_ARRAY)
		return gj_array_at(t->elem, t->ndim, t->layout, t->readonly, (gj_space)actual->space, t->align);
	if (actual->kind == GJ_REF && (t->kind == GJ_REF || t->kind == GJ_RECORD))
		return t == actual->elem ? actual : t;
	if (t->kind == GJ_FUNCTION)
		return gj_function_type(t->elem, t->item, t->n, actual->kind == GJ_FUNCTION ? actual->obj : actual);
	if (t->kind == GJ_OPTIONAL && actual != gj_t_none)
		return gj_optional_type(gj_in_spaces_of(t->elem, actual->kind == GJ_OPTIONAL ? actual->elem : actual));
	if (t->kind != GJ_TUPLE || actual->kind != GJ_TUPLE || t->n != actual->n || t->n > MAX_ITEMS)
		return t;
	for (uint32_t i = 0; i < t->n; i++)
		item[i] = gj_in_spaces_of(t->item[i], actual->item[i]);
	return gj_tuple_like(t, item);
}

/* Is nothing allowed, or taken for granted, that was not before? */
static bool keeps_access(const gj_type *from, const gj_type *to)
{
	return (!from->readonly || to->readonly) && (!from->align || (to->align && to->align <= from->align));
}

/* Arrays pass where the layout demanded is weaker and where no write access is gained, from any memory. */
static bool array_converts(const gj_type *from, const gj_type *to)
{
	bool layout = to->layout == 'A' || from->layout == to->layout || (from->ndim <= 1 && from->layout != 'A');
	return from->elem == to->elem && from->ndim == to->ndim && layout && keeps_access(from, to);
}

static bool converts(const gj_type *from, const gj_type *to)
{
	if (from == to || (to->kind == GJ_OPTIONAL && from == gj_t_none))
		return true;
	if (to->kind == GJ_OPTIONAL)
		return converts(from->kind == GJ_OPTIONAL ? from->elem : from, to->elem);
	if (gj_is_float8(from) || gj_is_float8(to) || (gj_is_integer_member(from) && to->kind != GJ_TUPLE))
		return converts(gj_wide(from), gj_wide(to));
	if (gj_is_scalar(from) && gj_is_scalar(to))
		return !gj_is_complex(from) || gj_is_complex(to);
	if (to->kind == GJ_FUNCTION)
		return from->kind == GJ_STATIC || (from->kind == GJ_FUNCTION && gj_in_spaces_of(to, from) == from);
	if (from->kind == GJ_REF && (to->kind == GJ_RECORD || to->kind == GJ_REF))
		return to == from->elem || (from->elem == to->elem && keeps_access(from, to));
	if (to->kind == GJ_PTR && to->elem == gj_t_none && (from->kind == GJ_PTR || from->kind == GJ_I64 || from->kind == GJ_U64))
		return true;
	if (to->kind == GJ_PTR)                    /* to the first item */
		return from->kind == GJ_ARRAY && (from->elem == to->elem || to->elem == gj_t_none) && !from->readonly;
	if (from->kind != to->kind)
		return false;
	if (from->kind == GJ_ARRAY)
		return array_converts(from, to);
	if (from->kind != GJ_TUPLE || from->n != to->n || !gj_takes_names(from, to))
		return false;
	for (uint32_t i = 0; i < from->n; i++)
		if (!converts(from->item[i], to->item[i]))
			return false;
	return true;
}

bool gj_can_convert(const gj_type *from, const gj_type *to)
{
	return converts(from->kind == GJ_OPTIONAL && to->kind != GJ_OPTIONAL ? from->elem : from, to);
}
