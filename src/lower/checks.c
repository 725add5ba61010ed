/* Checks that options ask for: indices against extents (boundscheck), and what raises in Python though no `raise` stands there
 * (debug). One place for all, so that every way to memory has them. */
#include "lower/lower.h"
#include "image/report.h"

#include <string.h>

static gj_source_site *site(gj_lower *L, gj_site_kind kind, const gj_obj *exception, const char *name)
{
	const gj_loc *l = &L->fn->loc.p[L->loc];
	gj_source_site *s = gj_new(L->arena, gj_source_site, 1);
	*s = (gj_source_site){ .kind = kind, .code = l->code, .pos = l->pos, .exception = exception, .name = name };
	return s;
}

/* The variable, argument or global that holds value r of s; NULL: none does. */
const char *gj_lname_of(const gj_inst *s, gj_ref r)
{
	const gj_fn *f = s->fn;
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_ARG)
		return s->code->var[o->imm.i];
	for (uint32_t i = f->named.n; i-- > 0;)
		if (f->named.p[i].value == r)
			return f->named.p[i].name;
	if (o->op == GJ_ATTR && !strcmp(o->imm.name, "flat"))
		return gj_lname_of(s, o->arg[0]);
	return o->op == GJ_ATTR ? o->imm.name : NULL;
}

/* Such numbers are never counted from the end. */
static bool was_unsigned(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	return o->op == GJ_CVT && gj_is_unsigned(gj_o(f, o->arg[0])->type);
}

/* n indices, then as many extents. */
static void check_bounds(gj_lower *L, uint32_t n, const gj_ref *arg, const char *name)
{
	gj_source_site *p = site(L, GJ_SITE_INDEX, NULL, name);
	gj_ref out = 0;
	for (uint32_t d = 0; d < n; d++)
		p->as_given |= (uint8_t)(was_unsigned(L->fn, arg[d]) << d);
	if (!L->landing) {
		gj_o(L->fn, gj_e(L, GJ_BOUNDS, NULL, 2 * n, arg))->imm.site = p;
		return;
	}
	for (uint32_t d = 0; d < n; d++) {
		gj_ref i = gj_ecast(L, arg[d], gj_scalar[GJ_U64]), extent = gj_ecast(L, arg[n + d], gj_scalar[GJ_U64]);
		gj_ref off = gj_ecmp(L, GJ_CMP_GE, i, extent);
		out = out ? gj_e2(L, GJ_OR, gj_bool(), out, off) : off;
	}
	gj_lraise(L, out, p, 2 * n, arg);
}

static void check_places(gj_lower *L, gj_lv a, const gj_ref *at, const char *name)
{
	gj_ref arg[2 * GJ_MAX_NDIM], n = 0;
	const char *pattern = "";
	for (uint32_t d = 0; d < a.type->ndim; d++)
		n += at[d] != 0;
	for (uint32_t d = 0, k = 0; d < a.type->ndim; d++) {
		pattern = gj_printf(L->arena, "%s%s%s", pattern, d ? ", " : "", at[d] ? "." : ":");
		if (!at[d])
			continue;
		arg[k] = at[d];
		arg[n + k++] = gj_ecast(L, gj_extent(a, d), gj_i64());
	}
	if (n && n < a.type->ndim)
		name = gj_printf(L->arena, "%s[%s]", name ? name : "", pattern);
	if (n)
		check_bounds(L, n, arg, name);
}

void gj_lcheck_index(gj_lower *L, gj_lv a, const gj_ref *at, const char *name)
{
	if (L->M->bounds)
		check_places(L, a, at, name);
}

void gj_lcheck_always(gj_lower *L, gj_lv a, const gj_ref *at, const char *name)
{
	if (L->M->bounds || L->M->reports)
		check_places(L, a, at, name);
}

void gj_lcheck_item(gj_lower *L, gj_ref at, uint32_t n)
{
	if (L->M->bounds || L->M->reports)         /* there are few, and what else should it be? */
		check_bounds(L, 1, (gj_ref[]){ at, gj_eint(L, gj_i64(), n) }, NULL);
}

static void report(gj_lower *L, gj_ref fails, gj_source_site *p, uint32_t n, const gj_ref *value)
{
	gj_ref arg[1 + GJ_REPORT_VALUES] = { fails };
	if (L->landing) {
		gj_lraise(L, fails, p, n, value);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		arg[1 + i] = value[i];
	gj_o(L->fn, gj_e(L, GJ_REPORT, NULL, 1 + n, arg))->imm.site = p;
}

void gj_lreport(gj_lower *L, gj_ref fails, const gj_obj *exception, bool assertion)
{
	if (L->M->reports)
		report(L, fails, site(L, assertion ? GJ_SITE_ASSERT : GJ_SITE_RAISE, exception, NULL), 0, NULL);
}

/* The letter of a number's type (image/report.h); 0: it is no number. */
static char letter(const gj_type *t)
{
	return gj_is_bool(t) ? 'b' : gj_is_signed(t) ? 'i' : gj_is_int(t) ? 'u' : gj_is_float(t) ? 'd' : 0;
}

/* Puts what v is (code.h: GJ_TOLD), and its numbers to arg. */
static void put_told(gj_lower *L, gj_sb *out, gj_lv v, gj_ref *arg, uint32_t *n)
{
	if (v.konst && v.konst->kind == GJ_OBJ_STR) {
		gj_sb_printf(out, "s%s%c", v.konst->name, GJ_TOLD_ONE);
		return;
	}
	if (gj_is_sequence(v.type)) {
		gj_sb_puts(out, "(");
		for (uint32_t i = 0; i < v.type->n; i++)
			put_told(L, out, gj_lv_item(L, v, i), arg, n);
		gj_sb_puts(out, ")");
		return;
	}
	v = gj_lwide(L, v);
	char c = v.type->kind == GJ_NONE ? 'n' : letter(v.type);
	if (c && c != 'n' && *n < GJ_REPORT_VALUES)
		arg[(*n)++] = v.part[0];
	else
		c = c == 'n' ? c : '?';
	gj_sb_put(out, &c, 1);
}

/* The text with what each value is behind its mark; *next: the value that is due. */
static const char *lettered(gj_lower *L, const char *text, const gj_lv *value, uint32_t *next, gj_ref *arg, uint32_t *n)
{
	gj_sb out = { 0 };
	bool format = false;
	for (const char *p = text; *p; p++) {
		bool mark = *p == GJ_TOLD || (*p == GJ_TOLD_IN && !format);
		format = *p == GJ_TOLD_IN ? !format : format;
		gj_sb_put(&out, p, 1);
		if (mark)
			put_told(L, &out, value[(*next)++], arg, n);
	}
	const char *s = gj_strdup(L->arena, gj_sb_str(&out));
	gj_sb_free(&out);
	return s;
}

void gj_lreport_told(gj_lower *L, const gj_obj *exception, bool assertion, uint32_t nvalues, const gj_lv *value)
{
	gj_ref arg[GJ_REPORT_VALUES];
	uint32_t next = 0, n = 0;
	if (!L->M->reports)
		return;
	if (nvalues) {
		gj_obj *t = gj_new(L->arena, gj_obj, 1), *text;
		const gj_obj **item = gj_new(L->arena, const gj_obj *, exception->n);
		for (uint32_t i = 0; i < exception->n; i++) {
			item[i] = exception->item[i];
			if (!i || item[i]->kind != GJ_OBJ_STR)
				continue;
			item[i] = text = gj_new(L->arena, gj_obj, 1);
			*text = (gj_obj){ .kind = GJ_OBJ_STR, .name = lettered(L, exception->item[i]->name, value, &next, arg, &n) };
		}
		*t = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = exception->n, .item = item };
		exception = t;
	}
	report(L, gj_eint(L, gj_bool(), 1), site(L, assertion ? GJ_SITE_ASSERT : GJ_SITE_RAISE, exception, NULL), n, arg);
}

void gj_lprint(gj_lower *L, const char *text, uint32_t n, const gj_ref *value)
{
	gj_o(L->fn, gj_e(L, GJ_PRINT, NULL, n, value))->imm.site = site(L, GJ_SITE_PRINT, NULL, text);
}

/* What Python raises of itself, as a class and its message. */
#define ERROR(id, class_name, words) \
	static const gj_obj id##_cls = { .kind = GJ_OBJ_NAME, .name = "builtins." class_name }; \
	static const gj_obj id##_text = { .kind = GJ_OBJ_STR, .name = words }; \
	static const gj_obj *const id##_items[] = { &id##_cls, &id##_text }; \
	static const gj_obj id = { .kind = GJ_OBJ_TUPLE, .n = 2, .item = (const gj_obj **)id##_items }
ERROR(zero_quotient, "ZeroDivisionError", "division by zero");
ERROR(zero_divisor, "ZeroDivisionError", "integer division or modulo by zero");
ERROR(zero_modulus, "ZeroDivisionError", "integer modulo by zero");
ERROR(zero_float_quotient, "ZeroDivisionError", "float division by zero");
ERROR(zero_float_divisor, "ZeroDivisionError", "float floor division by zero");
ERROR(zero_float_modulus, "ZeroDivisionError", "float modulo by zero");
ERROR(zero_float_both, "ZeroDivisionError", "float divmod()");
ERROR(zero_power, "ZeroDivisionError", "0.0 cannot be raised to a negative power");
ERROR(zero_complex, "ZeroDivisionError", "complex division by zero");
ERROR(zero_step, "ValueError", "range() arg 3 must not be zero");
ERROR(zero_slice_step, "ValueError", "slice step cannot be zero");
ERROR(negative_shift, "ValueError", "negative shift count");
ERROR(nan_integer, "ValueError", "cannot convert float NaN to integer");
ERROR(infinite_integer, "OverflowError", "cannot convert float infinity to integer");
ERROR(does_not_fit, "ValueError", "shapes, sizes or values that do not fit here");

static void report_zero(gj_lower *L, bool asked, gj_ref x, const gj_obj *error)
{
	if (asked)
		gj_lreport(L, gj_ecmp(L, GJ_CMP_EQ, x, gj_eint(L, gj_o(L->fn, x)->type, 0)), error, false);
}

void gj_lcheck_divisor(gj_lower *L, uint32_t op, bool reals, gj_ref divisor)
{
	static const gj_obj *const zero[GJ_NBINOPS + 1][2] = {
		[GJ_OP_TRUEDIV_] = { &zero_quotient, &zero_float_quotient }, [GJ_OP_FLOORDIV_] = { &zero_divisor, &zero_float_divisor },
		[GJ_OP_MOD_] = { &zero_modulus, &zero_float_modulus }, [GJ_DIVMOD] = { &zero_divisor, &zero_float_both },
	};
	if (zero[op][reals] && gj_is_scalar(gj_o(L->fn, divisor)->type))
		report_zero(L, L->M->zeros && !L->quiet, divisor, zero[op][reals]);
}

void gj_lcheck_shift(gj_lower *L, gj_binop op, gj_ref count)
{
	const gj_type *t = gj_o(L->fn, count)->type;
	if ((op == GJ_OP_LSHIFT_ || op == GJ_OP_RSHIFT_) && L->M->strict && gj_is_signed(t))
		gj_lreport(L, gj_ecmp(L, GJ_CMP_LT, count, gj_eint(L, t, 0)), &negative_shift, false);
}

void gj_lcheck_whole(gj_lower *L, gj_ref x)
{
	if (!L->M->strict || L->quiet || !gj_is_float(gj_o(L->fn, x)->type))
		return;
	gj_lreport(L, gj_e1(L, GJ_ISNAN, gj_bool(), x), &nan_integer, false);
	gj_lreport(L, gj_e1(L, GJ_ISINF, gj_bool(), x), &infinite_integer, false);
}

/* Integers: 0 ** −1. */
void gj_lcheck_power(gj_lower *L, gj_ref base, gj_ref exponent)
{
	const gj_type *t = gj_o(L->fn, base)->type, *e = gj_o(L->fn, exponent)->type;
	if (!L->M->zeros || L->quiet || !gj_is_signed(e))
		return;
	gj_ref zero = gj_ecmp(L, GJ_CMP_EQ, base, gj_eint(L, t, 0)), below = gj_ecmp(L, GJ_CMP_LT, exponent, gj_eint(L, e, 0));
	gj_lreport(L, gj_e2(L, GJ_AND, gj_bool(), zero, below), &zero_power, false);
}

void gj_lcheck_complex_divisor(gj_lower *L, gj_lv divisor)
{
	if (L->M->zeros && !L->quiet)
		gj_lreport(L, gj_e1(L, GJ_NOT, gj_bool(), gj_ltruth(L, divisor)), &zero_complex, false);
}

/* Is it a number of 32 bits made wider? Two of them have a product of 64. */
static bool is_short(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	return o->op == GJ_CVT && gj_is_int(gj_o(f, o->arg[0])->type) && gj_o(f, o->arg[0])->type->size <= 4;
}

/* Extents of blocks and grids, and their products: what loops over a grid step by. */
static bool is_positive(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	switch (o->op) {
	case GJ_CONST: return gj_is_int(o->type) && o->imm.i > 0;
	case GJ_SREG:  return o->imm.i >= GJ_NTID_X && o->imm.i <= GJ_NCTAID_Z;
	case GJ_CVT:   return gj_is_int(o->type) && o->type->size >= gj_o(f, o->arg[0])->type->size && is_positive(f, o->arg[0]);
	case GJ_MUL:   return o->type->size == 8 && is_short(f, o->arg[0]) && is_short(f, o->arg[1]) && is_positive(f, o->arg[0]) && is_positive(f, o->arg[1]);
	default:       return false;
	}
}

void gj_lcheck_step(gj_lower *L, gj_ref step, bool slice)
{
	report_zero(L, L->M->reports && !is_positive(L->fn, step), step, slice ? &zero_slice_step : &zero_step);
}

/* An exception of this class with this text, in which values may stand. */
static const gj_obj *error_of(gj_lower *L, const gj_obj *class, const char *text)
{
	gj_obj *o = gj_new(L->arena, gj_obj, 2);
	const gj_obj **item = gj_new(L->arena, const gj_obj *, 2);
	o[0] = (gj_obj){ .kind = GJ_OBJ_STR, .name = text };
	o[1] = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = 2, .item = item };
	item[0] = class;
	item[1] = &o[0];
	return &o[1];
}

uint32_t gj_lrequire_begin(gj_lower *L, gj_ref condition)
{
	uint32_t holds = gj_block_new(L->fn), not = gj_block_new(L->fn);
	gj_branch(L, condition, holds, not);
	L->cur = not;
	return holds;
}

void gj_lrequire_end(gj_lower *L, uint32_t holds)
{
	gj_o(L->fn, gj_e(L, GJ_RAISE, NULL, 0, NULL))->imm.obj = does_not_fit.item[0];
	L->cur = holds;
}

void gj_ltell(gj_lower *L, gj_ref fails, const char *text, uint32_t n, const gj_ref *value)
{
	if (L->M->reports)
		report(L, fails, site(L, GJ_SITE_RAISE, error_of(L, does_not_fit.item[0], text), NULL), n, value);
}

void gj_lcheck_fits(gj_lower *L, gj_ref x, const gj_type *t)
{
	static const gj_obj class = { .kind = GJ_OBJ_NAME, .name = "builtins.OverflowError" };
	const gj_type *wide = gj_o(L->fn, x)->type;
	uint32_t bits = 8 * t->size - !gj_is_unsigned(t);
	if (!L->M->reports || (t->size == 8 && !gj_is_unsigned(t)))
		return;
	gj_ref low = gj_ecmp(L, GJ_CMP_LT, x, gj_eint(L, wide, gj_is_unsigned(t) ? 0 : -((int64_t)1 << bits))), fails = low;
	if (t->size < 8)
		fails = gj_e2(L, GJ_OR, gj_bool(), low, gj_ecmp(L, GJ_CMP_GE, x, gj_eint(L, wide, (int64_t)1 << bits)));
	const char *text = gj_printf(L->arena, "Python integer " GJ_L_NUMBER " out of bounds for %s", t->name);
	report(L, fails, site(L, GJ_SITE_RAISE, error_of(L, &class, text), NULL), 1, &x);
}

void gj_lrequire_or(gj_lower *L, gj_ref condition, const char *text, uint32_t n, const gj_ref *value)
{
	uint32_t holds = gj_lrequire_begin(L, condition);
	gj_ltell(L, gj_eint(L, gj_bool(), 1), text, n, value);
	gj_lrequire_end(L, holds);
}

void gj_lrequire(gj_lower *L, gj_ref condition)
{
	uint32_t holds = gj_lrequire_begin(L, condition);
	gj_lreport(L, gj_eint(L, gj_bool(), 1), &does_not_fit, false);
	gj_lrequire_end(L, holds);
}

void gj_lrequire_value(gj_lower *L, gj_ref there, const gj_type *t)
{
	static const gj_obj class = { .kind = GJ_OBJ_NAME, .name = "builtins.TypeError" };
	uint32_t holds = gj_lrequire_begin(L, there);
	gj_lreport(L, gj_eint(L, gj_bool(), 1), error_of(L, &class, gj_printf(L->arena, "expected %s, got None", t->name)), false);
	gj_o(L->fn, gj_e(L, GJ_RAISE, NULL, 0, NULL))->imm.obj = &class;
	L->cur = holds;
}

void gj_lcheck_assigned(gj_lower *L, gj_ref assigned, const char *name, bool free)
{
	static const gj_obj local = { .kind = GJ_OBJ_NAME, .name = "builtins.UnboundLocalError" }, outer = { .kind = GJ_OBJ_NAME, .name = "builtins.NameError" };
	const char *text = free ? "cannot access free variable '%s' where it is not associated with a value in enclosing scope"
		: "cannot access local variable '%s' where it is not associated with a value";
	const gj_op *flag = gj_o(L->fn, assigned);
	bool never = L->M->reports && flag->op == GJ_CONST && !flag->imm.i;
	gj_ref fails = never ? gj_eint(L, gj_bool(), 1) : gj_e1(L, GJ_NOT, gj_bool(), assigned);
	gj_lreport(L, fails, error_of(L, free ? &outer : &local, gj_printf(L->arena, text, name)), false);
	if (never && !L->landing) {
		gj_o(L->fn, gj_e(L, GJ_RAISE, NULL, 0, NULL))->imm.obj = free ? &outer : &local;
		L->cur = gj_block_new(L->fn);
	}
}
