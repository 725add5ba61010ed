/* Typing of calls: type constructors, device functions (arguments bound as Python binds them), closures, and the rules
 * gj_i_* of the named functions of names.def. */
#include "infer/infer.h"

#include <string.h>

static gj_val just(const gj_type *t) { return (gj_val){ t, NULL }; }
static gj_val value(const gj_inst *s, gj_ref r) { return (gj_val){ gj_o(s->fn, r)->type, s->konst[r] }; }
static gj_arena *arena(const gj_icall *c) { return c->s->fn->arena; }

/* -- Device functions ----------------------------------------------------------------------------------------------- */

/* How many values an inner function holds: what it captured, then its defaults. */
static uint32_t held_items(gj_val f) { return f.type->kind == GJ_TUPLE ? f.type->n : 0; }

static gj_val held_item(gj_val f, uint32_t i) { return (gj_val){ f.type->item[i], f.konst->item[i] }; }

/* The operand that gives parameter i, 0 when its default does, fails when nothing does. */
static gj_ref bind_param(const gj_inst *s, const gj_op *call, const gj_code *code, uint32_t i)
{
	uint32_t nkw = call->imm.kw ? call->imm.kw->n : 0, npos = call->nargs - 1 - nkw;
	if (i < npos && i < (uint32_t)code->nargs)
		return call->arg[i + 1];
	for (uint32_t k = 0; k < nkw; k++)
		if (!strcmp(call->imm.kw->name[k], code->var[i]) && i >= (uint32_t)code->nposonly)
			return call->arg[call->nargs - nkw + k];
	uint32_t held = held_items(value(s, call->arg[0])), defaults = held - (held ? (uint32_t)code->nfree : 0);
	bool positional = i < (uint32_t)code->nargs;
	if (positional && i + defaults >= (uint32_t)code->nargs)
		return GJ_HELD + held + i - (uint32_t)code->nargs;
	bool has_default = positional ? i + (uint32_t)code->ndefaults >= (uint32_t)code->nargs
	                              : code->kwdefaults && code->kwdefaults[i - (uint32_t)code->nargs];
	if (!has_default)
		gj_fail(s->fn, call->loc, GJ_ERR_CALL_MISSING, code->name, code->var[i]);
	return 0;
}

static void check_call(const gj_inst *s, const gj_op *call, const gj_code *code)
{
	uint32_t nkw = call->imm.kw ? call->imm.kw->n : 0, npos = call->nargs - 1 - nkw;
	if (code->flags & GJ_CO_VARKEYWORDS)
		gj_fail(s->fn, call->loc, GJ_ERR_VARKEYWORDS, code->name);
	if (npos > (uint32_t)code->nargs && !(code->flags & GJ_CO_VARARGS))
		gj_fail(s->fn, call->loc, GJ_ERR_CALL_COUNT, code->name, code->nargs, npos);
	for (uint32_t k = 0; k < nkw; k++) {
		int i = 0, n = code->nargs + code->nkwonly;
		while (i < n && strcmp(code->var[i], call->imm.kw->name[k]))
			i++;
		if (i == n || i < code->nposonly)
			gj_fail(s->fn, call->loc, GJ_ERR_NO_KEYWORD, code->name, call->imm.kw->name[k]);
		if (i < code->nargs && (uint32_t)i < npos)
			gj_fail(s->fn, call->loc, GJ_ERR_CALL_TWICE, code->name, code->var[i]);
	}
}

static gj_val default_of(const gj_inst *s, const gj_op *call, const gj_code *code, uint32_t i)
{
	const gj_obj *o = i < (uint32_t)code->nargs ? code->defaults[i + (uint32_t)code->ndefaults - (uint32_t)code->nargs]
	                                            : code->kwdefaults[i - (uint32_t)code->nargs];
	return gj_val_of(s->fn, call->loc, o);
}

/* What *args of the callee takes. */
uint32_t gj_call_rest(const gj_op *call, const gj_code *code, const gj_ref **arg)
{
	uint32_t npos = call->nargs - 1 - (call->imm.kw ? call->imm.kw->n : 0), named = (uint32_t)code->nargs;
	*arg = call->arg + 1 + named;
	return npos > named ? npos - named : 0;
}

/* Types of an explicit signature replace those of the call: the values are converted. */
static void apply_signature(const gj_inst *s, const gj_op *call, const gj_code *code, uint32_t n, gj_val *a)
{
	if (!code->arg_type)
		return;
	if ((uint32_t)code->narg_types != n)
		gj_fail(s->fn, call->loc, GJ_ERR_CALL_COUNT, code->name, code->narg_types, n);
	for (uint32_t i = 0; i < n; i++) {
		if (!gj_can_convert(a[i].type, code->arg_type[i]))
			gj_fail(s->fn, call->loc, GJ_ERR_CALL_CONVERT, i + 1, code->name, gj_val_name(s->fn->arena, a[i]), code->arg_type[i]->name);
		if (code->arg_type[i]->kind != GJ_ARRAY)                               /* an array may be better known than the signature says */
			a[i] = just(code->arg_type[i]);
	}
}

uint32_t gj_call_args(const gj_inst *s, gj_ref r, const gj_code *code, gj_val *a, gj_ref *from)
{
	const gj_op *call = gj_o(s->fn, r);
	gj_val f = value(s, call->arg[0]);
	uint32_t n = (uint32_t)(code->nargs + code->nkwonly);
	check_call(s, call, code);
	for (uint32_t i = 0; i < n; i++) {
		from[i] = bind_param(s, call, code, i);
		a[i] = from[i] >= GJ_HELD ? held_item(f, from[i] - GJ_HELD) : from[i] ? value(s, from[i]) : default_of(s, call, code, i);
		if (!a[i].type)
			return UINT32_MAX;
	}
	if (code->flags & GJ_CO_VARARGS) {
		const gj_ref *rest;
		uint32_t nrest = gj_call_rest(call, code, &rest);
		from[n] = GJ_REST;
		a[n] = gj_val_tuple(s, call->loc, nrest, rest);
		if (!a[n++].type)
			return UINT32_MAX;
	}
	apply_signature(s, call, code, n, a);
	for (uint32_t i = 0; held_items(f) && i < (uint32_t)code->nfree; i++) {
		from[n] = GJ_HELD + i;
		a[n++] = held_item(f, i);
	}
	return n;
}

static gj_val call_function(gj_infer *I, gj_inst *s, gj_ref r, const gj_obj *fn)
{
	const gj_op *call = gj_o(s->fn, r);
	const gj_code *code = fn->code;
	uint32_t most = gj_code_params(code) + (uint32_t)code->nfree + 1;
	gj_val *a = gj_new(s->fn->arena, gj_val, most);
	gj_ref *from = gj_new(s->fn->arena, gj_ref, most);
	uint32_t n = gj_call_args(s, r, code, a, from);
	if (n == UINT32_MAX)
		return just(NULL);
	gj_inst *callee = s->callee[r] = gj_infer_function(I, code, n, a, s->fn, call->loc);
	if (!code->ret || code->ret == callee->ret.type)
		return callee->ret;
	if (callee->ret.type && !gj_can_convert(callee->ret.type, code->ret))
		gj_fail(s->fn, call->loc, GJ_ERR_RETURN_CONVERT, code->name, callee->ret.type->name, code->ret->name);
	return just(code->ret);
}

/* -- Named functions ------------------------------------------------------------------------------------------------ */

static gj_val call_named(gj_infer *I, gj_inst *s, gj_ref r, const char *name)
{
	const gj_op *call = gj_o(s->fn, r);
	const gj_intrin *row = gj_intrinsic(name);
	int slot[GJ_MAX_CALL];
	gj_icall c = { .I = I, .s = s, .row = row, .name = name, .loc = call->loc };
	if (!row || !row->params || (gj_is_method(row) && gj_o(s->fn, call->arg[0])->op != GJ_ATTR))
		gj_fail(s->fn, call->loc, GJ_ERR_UNKNOWN_FUNCTION, gj_shown(name));
	c.n = gj_bind_row(s->fn, call, row, name, slot);
	for (uint32_t i = 0; i < c.n; i++) {
		if (slot[i] < 0)
			continue;
		c.ref[i] = gj_slot_ref(s->fn, call, slot[i]);
		c.a[i] = gj_val_seen(value(s, c.ref[i]));
		if (!c.a[i].type)
			return just(NULL);
	}
	return row->infer(&c);
}

static gj_val construct(gj_inst *s, const gj_op *call, const gj_type *to)
{
	gj_val a = call->nargs == 2 ? value(s, call->arg[1]) : just(to);
	if (call->nargs > 2)
		gj_fail(s->fn, call->loc, GJ_ERR_ARG_COUNT, to->name, "one argument", call->nargs - 1);
	if (!a.type)
		return just(NULL);
	if (!gj_is_scalar(a.type) || (gj_is_complex(a.type) && !gj_is_complex(to)))
		gj_fail(s->fn, call->loc, GJ_ERR_CONVERT, gj_val_name(s->fn->arena, a), to->name);
	int64_t x;
	bool exact = to->kind == GJ_I64 && gj_obj_is_int(a.konst, &x);
	return (gj_val){ to, exact ? gj_obj_int(s->fn->arena, x) : NULL };
}

gj_val gj_rule_val_call(gj_infer *I, gj_inst *s, gj_ref r)
{
	const gj_op *call = gj_o(s->fn, r);
	gj_val f = value(s, call->arg[0]);
	gj_refuse_unbound(s, call, false);
	if (!f.type)
		return just(NULL);
	switch (f.konst ? f.konst->kind : GJ_OBJ_OPAQUE) {
	case GJ_OBJ_NAME:     return call_named(I, s, r, f.konst->name);
	case GJ_OBJ_TYPE:     return construct(s, call, f.konst->type);
	case GJ_OBJ_FUNCTION: case GJ_OBJ_CODE: return call_function(I, s, r, f.konst);
	default:              gj_fail(s->fn, call->loc, GJ_ERR_NOT_CALLABLE, gj_val_name(s->fn->arena, f));
	}
}

/* -- Rules of names.def -------------------------------------------------------------------------------------------- */

void gj_bad_argument(const gj_icall *c, uint32_t i, bool integer)
{
	gj_err id = c->a[i].type->kind == GJ_ARRAY ? GJ_ERR_ARG_ARRAY : integer && gj_is_float(c->a[i].type) ? GJ_ERR_ARG_INTEGER
	          : GJ_ERR_ARG_TYPE;
	gj_fail(c->s->fn, c->loc, id, gj_shown(c->name), i + 1, gj_val_name(arena(c), c->a[i]));
}

static GJ_NORETURN void bad(const gj_icall *c, uint32_t i) { gj_bad_argument(c, i, false); }

static const gj_type *number(const gj_icall *c, uint32_t i)
{
	if (!gj_is_scalar(c->a[i].type) || gj_is_complex(c->a[i].type))
		bad(c, i);
	return c->a[i].type;
}

static const gj_type *integer(const gj_icall *c, uint32_t i)
{
	if (!gj_is_int(number(c, i)) && !gj_is_bool(c->a[i].type))
		gj_bad_argument(c, i, true);
	return c->a[i].type;
}

static gj_val or_bad(const gj_icall *c, const gj_type *t)
{
	if (!t)
		bad(c, c->n > 1 ? 1 : 0);
	return just(t);
}

static gj_val pair(const gj_type *a, const gj_type *b) { return just(gj_tuple_type((const gj_type *[]){ a, b }, 2)); }

gj_val gj_i_i32(gj_icall *c) { (void)c; return just(gj_scalar[GJ_I32]); }
gj_val gj_i_u32(gj_icall *c) { (void)c; return just(gj_scalar[GJ_U32]); }
gj_val gj_i_none(gj_icall *c) { (void)c; return just(gj_t_none); }

gj_val gj_i_none_of_numbers(gj_icall *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->a[i].type)
			number(c, i);
	return just(gj_t_none);
}

gj_val gj_i_grid(gj_icall *c)
{
	const gj_type *i64[3] = { gj_scalar[GJ_I64], gj_scalar[GJ_I64], gj_scalar[GJ_I64] };
	int64_t n;
	if (!gj_obj_is_int(c->a[0].konst, &n) || n < 1 || n > 3)
		gj_fail(c->s->fn, c->loc, GJ_ERR_GRID_NDIM, c->name);
	return just(n == 1 ? i64[0] : gj_tuple_type(i64, (uint32_t)n));
}

gj_val gj_i_array(gj_icall *c)
{
	const gj_obj *shape = c->a[0].konst;
	uint32_t ndim = shape && shape->kind == GJ_OBJ_TUPLE ? shape->n : 1;
	int64_t n, align;
	if (!shape || ndim > GJ_MAX_NDIM)
		gj_fail(c->s->fn, c->loc, GJ_ERR_SHAPE_CONST, c->name, gj_val_name(arena(c), just(c->a[0].type)));
	for (uint32_t i = 0; i < ndim; i++) {
		if (!gj_obj_is_int(shape->kind == GJ_OBJ_TUPLE ? shape->item[i] : shape, &n))
			gj_fail(c->s->fn, c->loc, GJ_ERR_SHAPE_CONST, c->name, gj_val_name(arena(c), just(c->a[0].type)));
		if (n < 0 || n > INT32_MAX || (n == 0 && (c->row->arg != GJ_SHARED || ndim > 1)))
			gj_fail(c->s->fn, c->loc, GJ_ERR_SHAPE_RANGE, c->name, (long long)n);
	}
	const gj_type *dtype = gj_dtype_argument(c, 1);
	if (c->n > 2 && c->a[2].type && c->a[2].type != gj_t_none &&
	    (!gj_obj_is_int(c->a[2].konst, &align) || align <= 0 || (align & (align - 1))))
		gj_fail(c->s->fn, c->loc, GJ_ERR_ALIGNMENT);
	return just(gj_array_type(dtype, (int)ndim, 'C', false, (gj_space)c->row->arg));
}

gj_val gj_i_array_like(gj_icall *c)
{
	if (!c->a[0].konst || c->a[0].konst->kind != GJ_OBJ_ARRAY)
		gj_fail(c->s->fn, c->loc, GJ_ERR_CONST_ARRAY, gj_val_name(arena(c), c->a[0]));
	return c->a[0];
}

gj_val gj_i_barrier(gj_icall *c)
{
	if (gj_is_bool(integer(c, 0)))
		gj_fail(c->s->fn, c->loc, GJ_ERR_PREDICATE, c->name);
	return just(gj_scalar[GJ_I32]);
}

gj_val gj_i_shfl(gj_icall *c)
{
	integer(c, 0);
	integer(c, 2);
	switch (number(c, 1)->kind) {
	case GJ_I32: case GJ_I64: case GJ_U32: case GJ_U64: case GJ_F32: case GJ_F64: return just(c->a[1].type);
	default: bad(c, 1);
	}
}

gj_val gj_i_vote(gj_icall *c)
{
	integer(c, 0);
	integer(c, 1);
	return just(gj_scalar[c->row->arg == 3 ? GJ_I32 : GJ_BOOL]);
}

gj_val gj_i_match(gj_icall *c)
{
	integer(c, 0);
	number(c, 1);
	return c->row->arg == 0 ? just(gj_scalar[GJ_I32]) : pair(gj_scalar[GJ_I32], gj_scalar[GJ_BOOL]);
}

gj_val gj_i_bits(gj_icall *c)
{
	const gj_type *t = integer(c, 0);
	if (c->row->arg == GJ_FFS)
		return just(gj_scalar[GJ_U32]);
	if (c->row->arg == GJ_BREV)
		return just(gj_scalar[t->kind == GJ_U64 ? GJ_U64 : GJ_U32]);
	return just(gj_is_bool(t) ? gj_scalar[GJ_I8] : t);
}

gj_val gj_i_selp(gj_icall *c)
{
	gj_rule_val_truth(c->s->fn, c->loc, c->a[0]);
	if (number(c, 1) != number(c, 2))
		bad(c, 2);
	return just(c->a[1].type);
}

gj_val gj_i_fma(gj_icall *c)
{
	const gj_type *as, *t = number(c, 0);
	for (uint32_t i = 0; i < 3; i++)
		t = gj_rule_math("copysign", t, number(c, i), &as);
	return or_bad(c, t);
}

gj_val gj_i_cbrt(gj_icall *c)
{
	const gj_type *as;
	return or_bad(c, gj_rule_math("copysign", number(c, 0), c->a[0].type, &as));
}

gj_val gj_i_atomic(gj_icall *c)
{
	/* dtypes an operation works on, as bits of gj_kind */
	enum { INTS = 1 << GJ_I32 | 1 << GJ_I64 | 1 << GJ_U32 | 1 << GJ_U64, UINTS = 1 << GJ_U32 | 1 << GJ_U64,
	       ALL = INTS | 1 << GJ_F32 | 1 << GJ_F64 };
	int op = c->row->arg;
	unsigned ok = op <= GJ_AT_NANMIN ? ALL : op == GJ_AT_INC || op == GJ_AT_DEC ? UINTS : INTS;
	const gj_type *t = c->a[0].type;
	uint32_t first = c->n == 3 && op == GJ_AT_CAS ? 1 : 2;                     /* compare_and_swap has no index */
	if (t->kind != GJ_ARRAY)
		gj_fail(c->s->fn, c->loc, GJ_ERR_ATOMIC_ARRAY, c->name, gj_val_name(arena(c), c->a[0]));
	if (t->readonly)
		gj_fail(c->s->fn, c->loc, GJ_ERR_READONLY, t->name);
	if (!(ok >> t->elem->kind & 1))
		gj_fail(c->s->fn, c->loc, GJ_ERR_ATOMIC_DTYPE, c->name, t->elem->name);
	for (uint32_t i = first; i < c->n; i++)
		number(c, i);
	const gj_type *index = first == 1 ? gj_scalar[GJ_I64] : c->a[1].type;
	uint32_t n = index->kind == GJ_TUPLE ? index->n : 1;
	for (uint32_t i = 0; i < n; i++)
		if (!gj_is_scalar(index->kind == GJ_TUPLE ? index->item[i] : index))
			bad(c, 1);
	if (n != t->ndim)
		gj_fail(c->s->fn, c->loc, GJ_ERR_INDEX_COUNT, t->name, (int)t->ndim, n);
	return just(t->elem);
}

gj_val gj_i_abs(gj_icall *c) { return or_bad(c, gj_rule_abs(number(c, 0))); }

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
		best = i == 0 || (c->row->arg == GJ_MIN ? v < best : v > best) ? v : best;
	}
	return gj_obj_int(arena(c), best);
}

gj_val gj_i_minmax(gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	bool tuple = c->n == 1 && t->kind == GJ_TUPLE && t->n > 0;
	uint32_t n = tuple ? t->n : c->n;
	if (c->n == 1 && !tuple)
		bad(c, 0);
	for (uint32_t i = 0; i < n; i++) {
		const gj_type *x = tuple ? c->a[0].type->item[i] : c->a[i].type;
		if (!gj_is_scalar(x))
			bad(c, tuple ? 0 : i);
		t = i == 0 ? x : gj_rule_minmax(t, x);
		if (!t)
			bad(c, tuple ? 0 : i);
	}
	return (gj_val){ t, fold_minmax(c, t) };
}

/* Is t what a class stands for? int and float are those of Python, as numba has it: 64 bits. */
static bool is_instance(const gj_icall *c, const gj_type *t, const gj_obj *class)
{
	static const struct { const char *name; uint8_t kind; } known[] = {
		{ "builtins.int", GJ_I64 }, { "builtins.float", GJ_F64 }, { "builtins.bool", GJ_BOOL }, { "builtins.tuple", GJ_TUPLE },
		{ "np.ndarray", GJ_ARRAY }
	};
	bool any = false;
	for (uint32_t i = 0; class && class->kind == GJ_OBJ_TUPLE && i < class->n; i++)
		any |= is_instance(c, t, class->item[i]);
	if (class && class->kind == GJ_OBJ_TUPLE)
		return any;
	if (class && class->kind == GJ_OBJ_TYPE)
		return t == class->type;
	for (size_t i = 0; class && class->kind == GJ_OBJ_NAME && i < GJ_LEN(known); i++)
		if (!strcmp(class->name, known[i].name))
			return t->kind == known[i].kind;
	bad(c, 1);
}

gj_val gj_i_isinstance(gj_icall *c)
{
	return (gj_val){ gj_scalar[GJ_BOOL], gj_obj_bool(arena(c), is_instance(c, c->a[0].type, c->a[1].konst)) };
}

gj_val gj_i_round(gj_icall *c)
{
	const gj_type *as;
	bool digits = c->a[1].type && c->a[1].type != gj_t_none;
	if (digits)
		integer(c, 1);
	return or_bad(c, gj_rule_round(number(c, 0), digits, &as));
}

gj_val gj_i_binop(gj_icall *c) { return gj_rule_val_binop(c->s->fn, c->loc, (gj_binop)c->row->arg, c->a[0], c->a[1]); }
gj_val gj_i_compare(gj_icall *c) { return gj_rule_val_compare(c->s->fn, c->loc, (gj_cmpop)c->row->arg, c->a[0], c->a[1]); }
gj_val gj_i_unary(gj_icall *c) { return gj_rule_val_unary(c->s->fn, c->loc, (gj_unop)c->row->arg, c->a[0]); }
gj_val gj_i_truth(gj_icall *c) { return gj_rule_val_truth(c->s->fn, c->loc, c->a[0]); }

gj_val gj_i_divmod(gj_icall *c)
{
	const gj_type *t = gj_rule_divmod(number(c, 0), number(c, 1));
	return pair(or_bad(c, t).type, t);
}

gj_val gj_i_len(gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	if (t->kind == GJ_TUPLE)
		return (gj_val){ gj_scalar[GJ_I64], gj_obj_int(arena(c), t->n) };
	if (!(t->kind == GJ_ARRAY && t->ndim > 0) && t->kind != GJ_RANGE)
		bad(c, 0);
	return just(gj_scalar[GJ_I64]);
}

gj_val gj_i_int(gj_icall *c)
{
	int64_t x;
	if (!c->a[0].type)
		return (gj_val){ gj_scalar[GJ_I64], gj_obj_int(arena(c), 0) };
	const gj_type *t = or_bad(c, gj_rule_int(number(c, 0))).type;
	bool exact = t->kind == GJ_I64 && gj_obj_is_int(c->a[0].konst, &x);
	return (gj_val){ t, exact ? gj_obj_int(arena(c), x) : NULL };
}

gj_val gj_i_float(gj_icall *c)
{
	return c->a[0].type ? or_bad(c, gj_rule_float(number(c, 0))) : just(gj_scalar[GJ_F64]);
}

gj_val gj_i_range(gj_icall *c)
{
	if (c->n > 3)
		gj_fail(c->s->fn, c->loc, GJ_ERR_ARG_COUNT, "range", "1 to 3 arguments", c->n);
	for (uint32_t i = 0; i < c->n; i++)
		if (!gj_is_int(c->a[i].type))
			gj_bad_argument(c, i, true);
	int64_t step;
	if (c->n == 3 && gj_obj_is_int(c->a[2].konst, &step) && step == 0)
		gj_fail(c->s->fn, c->loc, GJ_ERR_RANGE_STEP);
	const gj_type *t = gj_rule_range(c->a[0].type, c->n > 1 ? c->a[1].type : NULL, c->n > 2 ? c->a[2].type : NULL);
	return just(gj_range_type(or_bad(c, t).type));
}

/* Of ranges only: the same numbers from the last to the first. */
gj_val gj_i_reversed(gj_icall *c)
{
	if (c->a[0].type->kind != GJ_RANGE)
		bad(c, 0);
	return just(gj_range_type(gj_scalar[GJ_I64]));
}

static gj_val zip(gj_icall *c, uint32_t n, const gj_type *const *over)
{
	const gj_type *t[GJ_MAX_CALL];
	for (uint32_t i = 0; i < n; i++)
		t[i] = gj_rule_val_iter(c->s->fn, c->loc, just(over[i])).type;
	return just(gj_iter_type(gj_tuple_type(t, n)));
}

gj_val gj_i_zip(gj_icall *c)
{
	const gj_type *over[GJ_MAX_CALL];
	for (uint32_t i = 0; i < c->n; i++)
		over[i] = c->a[i].type;
	return zip(c, c->n, over);
}

/* zip(range(start, ∞), iterable) */
gj_val gj_i_enumerate(gj_icall *c)
{
	if (c->a[1].type && !gj_is_int(c->a[1].type))
		bad(c, 1);
	return zip(c, 2, (const gj_type *[]){ gj_range_type(gj_scalar[GJ_I64]), c->a[0].type });
}

/* "math.sin" and "np.sin" without their module, as the rules of types/ want them. */
static const char *bare(const gj_icall *c)
{
	return strchr(c->name, '.') + 1;
}

gj_val gj_i_math1(gj_icall *c)
{
	const gj_type *as;
	return or_bad(c, gj_rule_math(bare(c), number(c, 0), NULL, &as));
}

gj_val gj_i_math2(gj_icall *c)
{
	const gj_type *as;
	return or_bad(c, gj_rule_math(bare(c), number(c, 0), number(c, 1), &as));
}

const gj_type *gj_ufunc_type(const char *dotted, const gj_type *a, const gj_type *b)
{
	const gj_type *as;
	return gj_rule_numpy(strchr(dotted, '.') + 1, a, b, &as);
}

static int kind_of_number(const gj_type *t) { return gj_is_bool(t) ? 0 : gj_is_int(t) ? 1 : gj_is_float(t) ? 2 : 3; }

/* The last argument is the array to write the results into, or absent: then all others are numbers. */
gj_val gj_i_numpy(gj_icall *c)
{
	const gj_type *t[2] = { NULL }, *out = c->a[--c->n].type;
	for (uint32_t i = 0; i < c->n; i++) {
		const gj_type *a = c->a[i].type;
		if (!out && a->kind == GJ_ARRAY)
			gj_fail(c->s->fn, c->loc, GJ_ERR_NEEDS_MEMORY, gj_shown(c->name));
		if (a->kind == GJ_ARRAY && (out->kind != GJ_ARRAY || a->ndim > out->ndim))
			bad(c, out->kind == GJ_ARRAY ? i : c->n);
		t[i] = a->kind == GJ_ARRAY ? a->elem : number(c, i);
	}
	gj_val item = or_bad(c, gj_ufunc_type(c->name, t[0], t[1]));
	if (!out)
		return item;
	if (out->kind != GJ_ARRAY || !gj_is_scalar(item.type))
		bad(c, c->n);
	if (kind_of_number(item.type) > kind_of_number(out->elem))
		gj_fail(c->s->fn, c->loc, GJ_ERR_STORE, item.type->name, out->name);
	if (out->readonly)
		gj_fail(c->s->fn, c->loc, GJ_ERR_READONLY, out->name);
	return just(out);
}

static const gj_type *frexp_float(gj_icall *c)
{
	const gj_type *as, *t = number(c, 0);
	return gj_is_float(t) ? t : gj_rule_math("copysign", t, t, &as);
}

gj_val gj_i_frexp(gj_icall *c) { return pair(frexp_float(c), gj_scalar[GJ_I32]); }

gj_val gj_i_modf(gj_icall *c)
{
	const gj_type *t = number(c, 0)->kind == GJ_F32 ? c->a[0].type : gj_scalar[GJ_F64];
	return pair(t, t);
}
