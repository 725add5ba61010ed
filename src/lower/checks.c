/* Checks that options ask for: indices against extents (boundscheck), and what raises in Python though no `raise` stands there
 * (debug). One place for all, so that every way to memory has them. */
#include "lower/lower.h"

static gj_source_site *site(gj_lower *L, gj_site_kind kind, const gj_obj *exception, const char *name)
{
	const gj_loc *l = &L->fn->loc.p[L->loc];
	gj_source_site *s = gj_new(L->arena, gj_source_site, 1);
	*s = (gj_source_site){ kind, l->code, l->pos, exception, name, 0 };
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
	return NULL;
}

void gj_lcheck_index(gj_lower *L, gj_lv a, const gj_ref *at, const char *name)
{
	gj_ref arg[2 * GJ_MAX_NDIM], n = 0;
	const char *pattern = "";
	if (!L->M->bounds)
		return;
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
		gj_o(L->fn, gj_e(L, GJ_BOUNDS, NULL, 2 * n, arg))->imm.site = site(L, GJ_SITE_INDEX, NULL, name);
}

void gj_lcheck_item(gj_lower *L, gj_ref at, uint32_t n)
{
	if (L->M->bounds)
		gj_o(L->fn, gj_e2(L, GJ_BOUNDS, NULL, at, gj_eint(L, gj_i64(), n)))->imm.site = site(L, GJ_SITE_INDEX, NULL, NULL);
}

void gj_lreport(gj_lower *L, gj_ref fails, const gj_obj *exception, bool assertion)
{
	if (L->M->reports)
		gj_o(L->fn, gj_e1(L, GJ_REPORT, NULL, fails))->imm.site = site(L, assertion ? GJ_SITE_ASSERT : GJ_SITE_RAISE, exception, NULL);
}

/* Division as Python has it: by zero it raises. */
void gj_lcheck_divisor(gj_lower *L, gj_binop op, gj_ref divisor)
{
	static const gj_obj cls = { .kind = GJ_OBJ_NAME, .name = "builtins.ZeroDivisionError" };
	static const gj_obj whole = { .kind = GJ_OBJ_STR, .name = "integer division or modulo by zero" };
	static const gj_obj real = { .kind = GJ_OBJ_STR, .name = "division by zero" };
	static const gj_obj *const items[2][2] = { { &cls, &whole }, { &cls, &real } };
	static const gj_obj error[2] = { { .kind = GJ_OBJ_TUPLE, .n = 2, .item = (const gj_obj **)items[0] },
		{ .kind = GJ_OBJ_TUPLE, .n = 2, .item = (const gj_obj **)items[1] } };
	bool divides = op == GJ_OP_TRUEDIV_ || op == GJ_OP_FLOORDIV_ || op == GJ_OP_MOD_;
	const gj_type *t = gj_o(L->fn, divisor)->type;
	if (L->M->reports && divides && gj_is_scalar(t))
		gj_lreport(L, gj_ecmp(L, GJ_CMP_EQ, divisor, gj_eint(L, t, 0)), &error[gj_is_float(t)], false);
}
