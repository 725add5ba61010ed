/* Types of what Python, math and NumPy name: builtins, operators as functions, scalar math. */
#include "infer/infer.h"

#include <stdlib.h>
#include <string.h>

/* numba gives t for what Python calls an int; in fused functions the type decides what arrays become, so it is Python's there. */
static const gj_type *python_int(const gj_icall *c, const gj_type *t) { return t && c->s->fn->numpy ? gj_scalar[GJ_I64] : t; }

gj_known gj_infer_abs(gj_icall *c)
{
	if (gj_has_elements(c->a[0].type))
		return gj_known_ufunc(c->s->fn, c->loc, "np.absolute", 1, c->a);
	const gj_type *a = gj_arg_scalar(c, 0), *t = gj_rule_abs(a);
	return gj_or_bad(c, gj_is_bool(a) ? python_int(c, t) : t);
}

/* The least or greatest of constant int64s. */
static const gj_obj *fold_minmax(const gj_icall *c, const gj_type *t)
{
	bool tuple = c->n == 1;
	uint32_t n = tuple ? c->a[0].type->n : c->n;
	int64_t best = 0, v;
	for (uint32_t i = 0; i < n; i++) {
		const gj_obj *k = !tuple ? c->a[i].konst : c->a[0].konst ? c->a[0].konst->item[i] : NULL;
		if (t->kind != GJ_I64 || !gj_obj_is_int(k, &v))
			return NULL;
		best = i == 0 || (c->arg == GJ_MIN ? v < best : v > best) ? v : best;
	}
	return gj_obj_int(c->s->fn->arena, best);
}

gj_known gj_infer_minmax(gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	bool tuple = c->n == 1 && gj_is_sequence(t) && t->n > 0;
	uint32_t n = tuple ? t->n : c->n;
	if (c->n == 1 && !tuple)
		return gj_take_all(c, c->arg == GJ_MIN ? GJ_TAKE_MIN : GJ_TAKE_MAX, gj_just(NULL));
	for (uint32_t i = 0; i < n; i++) {
		const gj_type *x = tuple ? c->a[0].type->item[i] : c->a[i].type;
		if (!gj_is_scalar(x))
			gj_bad_argument(c, tuple ? 0 : i);
		const gj_type *both = i == 0 ? x : gj_rule_minmax(t, x);
		if (!both)
			gj_bad_argument(c, tuple || gj_is_bool(t) ? 0 : i);
		t = both;
	}
	return (gj_known){ t, fold_minmax(c, t) };
}

/* Is t what a class stands for? int and float are those of Python, as numba has it: 64 bits. */
static bool is_instance(const gj_icall *c, const gj_type *t, const gj_obj *class)
{
	static const struct { const char *name; uint8_t kind; } known[] = {
		{ "builtins.int", GJ_I64 }, { "builtins.float", GJ_F64 }, { "builtins.bool", GJ_BOOL }, { "builtins.complex", GJ_C128 }, { "builtins.tuple", GJ_TUPLE },
		{ "np.ndarray", GJ_ARRAY }
	};
	bool any = false;
	for (uint32_t i = 0; class && class->kind == GJ_OBJ_TUPLE && i < class->n; i++)
		any |= is_instance(c, t, class->item[i]);
	if (class && class->kind == GJ_OBJ_TUPLE)
		return any;
	if (class && class->kind == GJ_OBJ_TYPE)
		return t == class->type;
	if (class && class->kind == GJ_OBJ_NAME && !strcmp(class->name, "builtins.list"))
		return gj_is_list(t);
	for (size_t i = 0; class && class->kind == GJ_OBJ_NAME && i < GJ_LEN(known); i++)
		if (!strcmp(class->name, known[i].name))
			return known[i].kind == GJ_ARRAY ? gj_has_elements(t) : t->kind == known[i].kind && !gj_is_list(t);
	gj_bad_argument(c, 1);
}

gj_known gj_infer_isinstance(gj_icall *c)
{
	if (c->a[0].type->kind == GJ_OPTIONAL)
		gj_bad_argument(c, 0);
	return (gj_known){ gj_scalar[GJ_BOOL], gj_obj_bool(c->s->fn->arena, is_instance(c, c->a[0].type, c->a[1].konst)) };
}

/* Calls that say all parts one by one are operations (src/bytecode/actions.c). */
gj_known gj_infer_slice(gj_icall *c) { gj_bad_argument(c, 0); }

gj_known gj_infer_round(gj_icall *c)
{
	const gj_type *as;
	bool digits = c->a[1].type && c->a[1].type != gj_t_none;
	if (digits)
		gj_arg_integer(c, 1);
	const gj_type *a = gj_arg_number(c, 0), *t = gj_rule_round(a, digits, &as);
	return gj_or_bad(c, gj_is_float(a) ? t : python_int(c, t));
}

gj_known gj_infer_binop(gj_icall *c) { return gj_known_binop(c->s->fn, c->loc, (gj_binop)c->arg, c->a[0], c->a[1]); }
gj_known gj_infer_compare(gj_icall *c) { return gj_known_compare(c->s->fn, c->loc, (gj_cmpop)c->arg, c->a[0], c->a[1]); }
gj_known gj_infer_unary(gj_icall *c) { return gj_known_unary(c->s->fn, c->loc, (gj_unop)c->arg, c->a[0]); }
gj_known gj_infer_truth(gj_icall *c) { return gj_known_truth(c->s->fn, c->loc, c->a[0]); }

gj_known gj_infer_divmod(gj_icall *c)
{
	if (gj_is_fused(c->a[0].type) || gj_is_fused(c->a[1].type)) {
		gj_known quotient = gj_known_fused(c->s->fn, c->loc, "np.floor_divide", NULL, 2, c->a);
		return quotient.type ? gj_pair(quotient.type, quotient.type) : gj_or_bad(c, NULL);
	}
	const gj_type *t = gj_rule_divmod(gj_arg_number(c, 0), gj_arg_number(c, 1));
	return gj_pair(gj_or_bad(c, t).type, t);
}

/* Of a string's UTF-8. */
static int64_t characters(const char *s)
{
	int64_t n = 0;
	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

/* Of one character; 0: there are more or less. */
static int32_t code_point(const char *s)
{
	const uint8_t *b = (const uint8_t *)s;
	uint32_t n = *b < 0x80 ? *b != 0 : *b < 0xe0 ? 2 : *b < 0xf0 ? 3 : 4, x = n < 2 ? *b : *b & (0x7fu >> n);
	if (!n || strlen(s) != n)
		return 0;
	for (uint32_t i = 1; i < n; i++)
		x = x << 6 | (b[i] & 0x3f);
	return (int32_t)x;
}

gj_known gj_infer_ord(gj_icall *c)
{
	int32_t x = c->a[0].type == gj_t_str && c->a[0].konst ? code_point(c->a[0].konst->name) : 0;
	if (!x)
		gj_bad_argument(c, 0);
	return (gj_known){ gj_scalar[GJ_I64], gj_obj_int(c->s->fn->arena, x) };
}

gj_known gj_infer_len(gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	if (t == gj_t_str && c->a[0].konst)
		return (gj_known){ gj_scalar[GJ_I64], gj_obj_int(c->s->fn->arena, characters(c->a[0].konst->name)) };
	if (gj_is_sequence(t) || gj_is_dict(t))
		return (gj_known){ gj_scalar[GJ_I64], gj_obj_int(c->s->fn->arena, t->n) };
	if (gj_is_fused(t))
		gj_fail(c->s->fn, c->loc, GJ_ERR_FUSE_SHAPE, "len()");
	if (!(gj_has_elements(t) && t->ndim > 0) && t->kind != GJ_RANGE && t->kind != GJ_FLAT)
		gj_bad_argument(c, 0);
	uint64_t n;
	gj_shape_known shape;
	if (t->kind == GJ_ARRAY && gj_known_shape(c->s, c->ref[0], &shape))
		return (gj_known){ gj_scalar[GJ_I64], gj_obj_int(c->s->fn->arena, shape.extent[0]) };
	bool known = t->kind == GJ_RANGE && gj_iter_count((gj_known){ gj_iter_type(t), c->a[0].konst }, &n) && n <= INT64_MAX;
	return (gj_known){ gj_scalar[GJ_I64], known ? gj_obj_int(c->s->fn->arena, (int64_t)n) : NULL };
}

gj_known gj_infer_int(gj_icall *c)
{
	int64_t x;
	if (!c->a[0].type)
		return (gj_known){ gj_scalar[GJ_I64], gj_obj_int(c->s->fn->arena, 0) };
	const gj_type *t = gj_or_bad(c, gj_rule_int(gj_arg_number(c, 0))).type;
	bool exact = t->kind == GJ_I64 && gj_obj_is_int(c->a[0].konst, &x);
	return (gj_known){ t, exact ? gj_obj_int(c->s->fn->arena, x) : NULL };
}

/* float("inf"): of a constant string. */
static gj_known read_float(gj_icall *c)
{
	const gj_obj *text = c->a[0].konst;
	char *end = NULL;
	gj_obj *o = gj_new(c->s->fn->arena, gj_obj, 1);
	*o = (gj_obj){ .kind = GJ_OBJ_FLOAT, .f = text ? strtod(text->name, &end) : 0 };
	if (!text || end == text->name || end[strspn(end, " \t\n")] || strpbrk(text->name, "xXpP("))
		gj_bad_argument(c, 0);
	return (gj_known){ gj_scalar[GJ_F64], o };
}

/* Of integers of any size. */
gj_known gj_infer_gcd(gj_icall *c)
{
	bool both = gj_is_unsigned(gj_arg_integer(c, 0)) && gj_is_unsigned(gj_arg_integer(c, 1));
	return gj_just(gj_scalar[both ? GJ_U64 : GJ_I64]);
}

gj_known gj_infer_float(gj_icall *c)
{
	if (c->a[0].type == gj_t_str)
		return read_float(c);
	return c->a[0].type ? gj_or_bad(c, gj_rule_float(gj_arg_number(c, 0))) : gj_just(gj_scalar[GJ_F64]);
}

gj_known gj_infer_complex(gj_icall *c)
{
	if (!c->a[0].type)
		return gj_just(gj_scalar[GJ_C128]);
	return gj_or_bad(c, gj_rule_complex(gj_arg_scalar(c, 0), c->a[1].type ? gj_arg_number(c, 1) : NULL));
}

/* The type of the numbers in *item, the constant that the range is, or NULL, as the result. */
static const gj_obj *range_of(gj_icall *c, const char *name, const gj_type **item)
{
	if (c->n > 3)
		gj_fail(c->s->fn, c->loc, GJ_ERR_ARG_COUNT, name, "1 to 3 arguments", c->n);
	for (uint32_t i = 0; i < c->n; i++)
		if (!gj_is_int(c->a[i].type))
			gj_bad_integer(c, i);
	int64_t part[3] = { 0, 0, 1 };
	bool known = true;
	for (uint32_t i = 0; i < c->n; i++)
		known &= gj_obj_is_int(c->a[i].konst, &part[c->n == 1 ? 1 : i]);
	if (c->n == 3 && gj_obj_is_int(c->a[2].konst, &part[2]) && part[2] == 0)
		gj_fail(c->s->fn, c->loc, GJ_ERR_RANGE_STEP);
	const gj_type *t = gj_rule_range(c->a[0].type, c->n > 1 ? c->a[1].type : NULL, c->n > 2 ? c->a[2].type : NULL);
	*item = gj_or_bad(c, t).type;
	return known ? gj_range_konst(c->s->fn->arena, part) : NULL;
}

gj_known gj_infer_range(gj_icall *c)
{
	const gj_type *item;
	const gj_obj *konst = range_of(c, "range", &item);
	return (gj_known){ gj_range_type(item), konst };
}

gj_known gj_infer_prange(gj_icall *c)
{
	const gj_type *item;
	const gj_obj *konst = range_of(c, "prange", &item);
	return (gj_known){ gj_prange_type(item), konst };
}

/* The items from the last to the first: a range of the same numbers, a tuple, a view of an array. */
gj_known gj_infer_reversed(gj_icall *c)
{
	gj_arena *arena = c->s->fn->arena;
	const gj_type *t = c->a[0].type;
	const gj_obj *konst = c->a[0].konst;
	int64_t part[3], back[3];
	uint64_t n;
	if (t->kind == GJ_ARRAY && t->ndim > 0)
		return gj_just(gj_rule_index(t, "S"));
	if (gj_is_sequence(t)) {
		gj_known *item = gj_new(arena, gj_known, t->n + 1);
		for (uint32_t i = 0; i < t->n; i++)
			item[i] = (gj_known){ t->item[t->n - 1 - i], konst ? konst->item[t->n - 1 - i] : NULL };
		return gj_known_items(c->s->fn, c->loc, NULL, t->n, item);
	}
	if (t->kind != GJ_RANGE)
		gj_bad_argument(c, 0);
	bool known = gj_range_parts(konst, part) && gj_iter_count((gj_known){ gj_iter_type(t), konst }, &n) && n <= INT32_MAX &&
	             !__builtin_mul_overflow(part[2], (int64_t)n - 1, &back[0]) && !__builtin_add_overflow(back[0], part[0], &back[0]) &&
	             !__builtin_sub_overflow(part[0], part[2], &back[1]) && part[2] != INT64_MIN;
	back[2] = known ? -part[2] : 0;
	return (gj_known){ gj_range_type(gj_scalar[GJ_I64]), known ? gj_range_konst(arena, back) : NULL };
}

static gj_known zip(gj_icall *c, uint32_t n, const gj_known *over)
{
	const gj_type *t[GJ_MAX_CALL];
	const gj_obj **item = gj_new(c->s->fn->arena, const gj_obj *, n + 1);
	gj_obj *konst = gj_new(c->s->fn->arena, gj_obj, 1);
	bool any = false;
	for (uint32_t i = 0; i < n; i++) {
		gj_known it = gj_known_iter(c->s->fn, c->loc, over[i]);
		t[i] = it.type;
		any |= (item[i] = it.konst) != NULL;
	}
	*konst = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = n, .item = item };
	return (gj_known){ gj_iter_type(gj_tuple_type(t, n)), any ? konst : NULL };
}

/* Integers, or one tuple of them; of none there is one index, (). The row's argument: rounds may run side by side. */
gj_known gj_infer_ndindex(gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	bool tuple = c->n == 1 && gj_is_sequence(t);
	uint32_t n = tuple ? t->n : c->n;
	const gj_obj **item = gj_new(c->s->fn->arena, const gj_obj *, n + 1);
	gj_obj *konst = gj_new(c->s->fn->arena, gj_obj, 1);
	if (n > GJ_MAX_NDIM)
		gj_bad_argument(c, 0);
	for (uint32_t i = 0; i < n; i++) {
		if (!gj_is_int(tuple ? t->item[i] : c->a[i].type))
			gj_bad_integer(c, tuple ? 0 : i);
		item[i] = !tuple ? c->a[i].konst : c->a[0].konst ? c->a[0].konst->item[i] : NULL;
	}
	*konst = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = n, .item = item };
	return (gj_known){ gj_indices_type(n, c->arg), konst };
}

/* zip(np.ndindex(a.shape), a.flat) */
gj_known gj_infer_ndenumerate(gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	if (t->kind != GJ_ARRAY || !gj_flat_of(t) || !gj_is_plain(t->elem))
		gj_bad_argument(c, 0);
	return zip(c, 2, (gj_known[]){ gj_just(gj_indices_type(t->ndim, false)), gj_just(gj_flat_of(t)) });
}

gj_known gj_infer_zip(gj_icall *c) { return zip(c, c->n, c->a); }

/* zip(range(start, ∞), iterable) */
gj_known gj_infer_enumerate(gj_icall *c)
{
	int64_t part[3] = { 0, INT64_MAX, 1 };
	if (c->a[1].type && !gj_is_int(c->a[1].type))
		gj_bad_argument(c, 1);
	bool known = !c->a[1].type || gj_obj_is_int(c->a[1].konst, &part[0]);
	const gj_obj *numbers = known ? gj_range_konst(c->s->fn->arena, part) : NULL;
	return zip(c, 2, (gj_known[]){ { gj_range_type(gj_scalar[GJ_I64]), numbers }, c->a[0] });
}

/* "math.sin" and "np.sin" without their module, as the rules of types/ want them. */
static const char *bare(const gj_icall *c)
{
	return strchr(c->name, '.') + 1;
}

gj_known gj_infer_math1(gj_icall *c)
{
	static const char *const whole[] = { "floor", "ceil", "trunc" };
	const gj_type *as, *t = gj_rule_math(bare(c), gj_arg_number(c, 0), NULL, &as);
	for (size_t i = 0; i < GJ_LEN(whole); i++)
		if (!strcmp(bare(c), whole[i]))
			t = t && c->s->fn->memory ? gj_scalar[GJ_I64] : python_int(c, t);      /* as numba has it: kernels have a float */
	return gj_or_bad(c, t);
}

gj_known gj_infer_math2(gj_icall *c)
{
	const gj_type *as;
	return gj_or_bad(c, gj_rule_math(bare(c), gj_arg_number(c, 0), gj_arg_number(c, 1), &as));
}

gj_known gj_infer_cmath(gj_icall *c)
{
	const gj_type *as;
	return gj_or_bad(c, gj_rule_cmath(bare(c), gj_arg_scalar(c, 0), c->n > 1 && c->a[1].type ? gj_arg_scalar(c, 1) : NULL, &as));
}

/* The number's conjugate, of the number's type. */
gj_known gj_infer_conjugate(gj_icall *c) { return gj_just(gj_arg_scalar(c, 0)); }

gj_known gj_infer_npangle(gj_icall *c)
{
	if (c->a[1].type)
		gj_known_truth(c->s->fn, c->loc, c->a[1]);
	return gj_or_bad(c, gj_ufunc_type(c->name, gj_arg_scalar(c, 0), NULL));
}

/* arg 0: real, 1: imaginary */
gj_known gj_infer_nppart(gj_icall *c)
{
	if (c->a[0].type->kind == GJ_ARRAY)
		return gj_or_bad(c, gj_parts_array(c->a[0].type, c->arg ? "imag" : "real"));
	if (c->a[0].type->kind == GJ_ELEMENT)
		return gj_or_bad(c, gj_parts_element(c->a[0].type, c->arg ? "imag" : "real"));
	return gj_just(gj_real_type(gj_arg_scalar(c, 0)));
}

/* The last argument is the array to write the results into, or absent or None: then all others are numbers. */
gj_known gj_infer_numpy(gj_icall *c)
{
	bool many = false;
	const gj_type *t[2] = { NULL }, *out = c->a[--c->n].type == gj_t_none ? NULL : c->a[c->n].type;
	for (uint32_t i = 0; i < c->n; i++) {
		const gj_type *a = c->a[i].type;
		many |= gj_has_elements(a);
		if (out && gj_has_elements(a) && (out->kind != GJ_ARRAY || a->ndim > out->ndim))
			gj_bad_argument(c, out->kind == GJ_ARRAY ? i : c->n);
		t[i] = gj_has_elements(a) ? a->elem : gj_arg_scalar(c, i);
		if (!gj_is_scalar(t[i]))
			gj_bad_argument(c, i);
	}
	if ((many || c->s->fn->numpy) && !out) {
		gj_known v = gj_known_ufunc(c->s->fn, c->loc, c->name, c->n, c->a);
		return v.type ? v : gj_or_bad(c, NULL);
	}
	gj_known item = gj_or_bad(c, gj_ufunc_type(c->name, t[0], t[1]));
	if (!out)
		return item;
	if (out->kind != GJ_ARRAY || !gj_is_scalar(item.type) || !gj_is_scalar(out->elem))
		gj_bad_argument(c, c->n);
	if (!gj_storable_kind(item.type, out->elem))
		gj_fail(c->s->fn, c->loc, GJ_ERR_STORE, item.type->name, out->name);
	if (out->readonly)
		gj_fail(c->s->fn, c->loc, GJ_ERR_READONLY, out->name);
	return gj_just(out);
}

static const gj_type *frexp_float(gj_icall *c)
{
	const gj_type *as, *t = gj_arg_number(c, 0);
	return gj_is_float(t) && !gj_is_half(t) ? t : gj_rule_math("copysign", t, t, &as);
}

gj_known gj_infer_frexp(gj_icall *c) { return gj_pair(frexp_float(c), python_int(c, gj_scalar[GJ_I32])); }

gj_known gj_infer_modf(gj_icall *c)
{
	const gj_type *t = gj_arg_number(c, 0)->kind == GJ_F32 ? c->a[0].type : gj_scalar[GJ_F64];
	return gj_pair(t, t);
}

gj_known gj_infer_where(gj_icall *c)
{
	const gj_type *t[3];
	bool many = false;
	for (uint32_t i = 0; i < 3; i++) {
		many |= gj_has_elements(c->a[i].type);
		if (!(t[i] = gj_element_of(c->a[i].type)))
			gj_bad_argument(c, i);
	}
	const gj_type *elem = gj_unify(t[1], t[2]);
	if (c->s->fn->numpy)
		return gj_known_fused(c->s->fn, c->loc, "np.where", NULL, 3, c->a);
	return many ? gj_known_expression(c->s->fn, c->loc, "np.where", elem, 3, c->a) : gj_just(elem);
}
