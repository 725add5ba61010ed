/* Array expressions: their elements by position, and their shapes. An expression's parts are those of its operands, its type
 * says what is computed of them (infer/expressions.c). */
#include "lower/lower.h"
#include "image/report.h"

#include <string.h>

gj_lv gj_loperand(gj_lv v, uint32_t i)
{
	const gj_ref *p = v.part;
	for (uint32_t k = 0; k < i; k++)
		p += gj_parts(v.type->item[k]);
	return (gj_lv){ v.type->item[i], v.konst ? v.konst->item[i] : NULL, p };
}

gj_lv gj_lexpression(gj_lower *L, const gj_type *t, const gj_lv *operand)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	for (uint32_t i = 0; i < t->n; i++)
		p = gj_append(p, operand[i]);
	return v;
}

/* -- Elements ----------------------------------------------------------------------------------------------------------- */

/* An array's element at position at[] of the target. */
static gj_lv element(gj_lower *L, gj_lv target, gj_lv v, const gj_ref *at)
{
	gj_ref from[GJ_MAX_NDIM];
	for (uint32_t d = 0; d < v.type->ndim; d++) {
		uint32_t k = target.type->ndim - v.type->ndim + d;
		from[d] = at[k];
		if (gj_lsame(L, gj_extent(v, d), gj_extent(target, k)))
			continue;
		gj_ref one = gj_ecmp(L, GJ_CMP_EQ, gj_extent(v, d), gj_eint(L, gj_i64(), 1));
		from[d] = gj_e3(L, GJ_SELECT, gj_i64(), one, gj_eint(L, gj_i64(), 0), at[k]);
	}
	return gj_lload(L, gj_lelement(L, v, from), v.type->elem);
}

gj_lv gj_lbroadcast(gj_lower *L, gj_lv target, gj_lv v, const gj_ref *at)
{
	if (v.type->kind == GJ_ARRAY)
		return element(L, target, v, at);
	if (v.type->kind != GJ_EXPRESSION)
		return v;
	const gj_name *row = v.type->obj;
	gj_lcall c = { .L = L, .row = row, .name = row->name, .type = v.type->elem, .n = v.type->n };
	for (uint32_t i = 0; i < c.n; i++) {
		gj_lv x = gj_loperand(v, i);
		c.a[i] = gj_lbroadcast(L, target, x, at);
		c.a[i].konst = gj_is_scalar(x.type) ? x.konst : NULL;
	}
	return gj_lconv(L, gj_lower_name(&c), v.type->elem);
}

uint32_t gj_larrays(gj_lower *L, gj_lv v, gj_lv **out)
{
	GJ_VEC(gj_lv) found = { 0 }, todo = { 0 };
	gj_push(L->arena, &todo, v);
	while (todo.n) {
		gj_lv x = todo.p[--todo.n];
		if (x.type->kind == GJ_ARRAY)
			gj_push(L->arena, &found, x);
		for (uint32_t i = x.type->kind == GJ_EXPRESSION ? x.type->n : 0; i-- > 0;)
			gj_push(L->arena, &todo, gj_loperand(x, i));
	}
	*out = found.p;
	return found.n;
}

/* -- Shapes ------------------------------------------------------------------------------------------------------------- */

/* An array without data, with the extents of n operands together. */
static gj_lv together(gj_lower *L, const gj_type *elem, uint32_t ndim, uint32_t n, const gj_lv *operand)
{
	gj_ref *p, shape[GJ_MAX_NDIM] = { 0 }, one = gj_eint(L, gj_i64(), 1);
	for (uint32_t o = 0; o < n; o++) {
		gj_lv *array;
		for (uint32_t i = 0, many = gj_larrays(L, operand[o], &array); i < many; i++)
			for (uint32_t d = 0, k = ndim - array[i].type->ndim; k < ndim; d++, k++) {
				gj_ref x = gj_extent(array[i], d);
				bool repeats = shape[k] && shape[k] != x;
				shape[k] = repeats ? gj_e3(L, GJ_SELECT, gj_i64(), gj_ecmp(L, GJ_CMP_EQ, shape[k], one), x, shape[k]) : x;
			}
	}
	gj_lv s = gj_lv_new(L, gj_array_type(elem, (int)ndim, 'C', true, GJ_GLOBAL), &p);
	memcpy(p + 1, shape, ndim * sizeof *p);
	return s;
}

gj_lv gj_lextents(gj_lower *L, gj_lv v)
{
	return v.type->kind == GJ_ARRAY ? v : together(L, v.type->elem, v.type->ndim, 1, &v);
}

/* Do v's extents fit the target's? Those in front of them must be 1. 0: it is known. */
static gj_ref fits(gj_lower *L, gj_lv target, gj_lv v)
{
	gj_ref all = 0;
	for (uint32_t d = 0; d < v.type->ndim; d++) {
		bool front = d + target.type->ndim < v.type->ndim;
		gj_ref n = gj_extent(v, d), want = front ? gj_eint(L, gj_i64(), 1) : gj_extent(target, target.type->ndim - v.type->ndim + d);
		if (gj_lsame(L, n, want))
			continue;
		gj_ref same = gj_ecmp(L, GJ_CMP_EQ, n, want);
		if (!front)
			same = gj_e2(L, GJ_OR, gj_bool(), same, gj_ecmp(L, GJ_CMP_EQ, n, gj_eint(L, gj_i64(), 1)));
		all = all ? gj_e2(L, GJ_AND, gj_bool(), all, same) : same;
	}
	return all;
}

static gj_ref all_fit(gj_lower *L, gj_lv target, gj_lv v)
{
	gj_lv *array;
	gj_ref all = 0;
	for (uint32_t i = 0, n = gj_larrays(L, v, &array); i < n; i++) {
		gj_ref one = fits(L, target, array[i]);
		all = all && one ? gj_e2(L, GJ_AND, gj_bool(), all, one) : one ? one : all;
	}
	return all;
}

/* A text about shapes, and their extents. */
typedef struct shapes { gj_sb text; gj_ref value[GJ_REPORT_VALUES]; uint32_t n; } shapes;

static bool has_room(const shapes *s, gj_lv v) { return s->n + v.type->ndim <= GJ_REPORT_VALUES; }

/* The extents from dimension `first` on. */
static void put_shape_from(shapes *s, gj_lv v, uint32_t first)
{
	gj_sb_puts(&s->text, "(");
	for (uint32_t d = first; d < v.type->ndim; d++) {
		gj_sb_printf(&s->text, "%s" GJ_L_NUMBER, d > first ? "," : "");
		s->value[s->n++] = gj_extent(v, d);
	}
	gj_sb_puts(&s->text, v.type->ndim == first + 1 ? ",)" : ")");
}

static void put_shape(shapes *s, gj_lv v) { put_shape_from(s, v, 0); }

static void tell_shapes(gj_lower *L, gj_ref fails, shapes *s)
{
	gj_ltell(L, fails, gj_strdup(L->arena, gj_sb_str(&s->text)), s->n, s->value);
	gj_sb_free(&s->text);
}

/* Where one of n operands does not fit the shape of all: tells of their shapes, in NumPy's words. */
static void tell_operands(gj_lower *L, gj_lv all, uint32_t n, const gj_lv *operand)
{
	shapes s = { 0 };
	gj_ref fit = 0;
	gj_sb_puts(&s.text, "operands could not be broadcast together with shapes ");
	for (uint32_t i = 0; i < n; i++) {
		if (!gj_has_elements(operand[i].type))
			continue;
		gj_lv x = gj_lextents(L, operand[i]);
		gj_ref one = fits(L, all, x);
		fit = fit && one ? gj_e2(L, GJ_AND, gj_bool(), fit, one) : one ? one : fit;
		if (has_room(&s, x)) {
			put_shape(&s, x);
			gj_sb_puts(&s.text, " ");
		}
	}
	if (fit)
		tell_shapes(L, gj_e1(L, GJ_NOT, gj_bool(), fit), &s);
	else
		gj_sb_free(&s.text);
}

/* The innermost part of an expression whose operands do not fit is computed first. */
static void tell_expression(gj_lower *L, gj_lv v)
{
	gj_lv operand[GJ_MAX_CALL];
	for (uint32_t i = 0; v.type->kind == GJ_EXPRESSION && i < v.type->n; i++)
		tell_expression(L, operand[i] = gj_loperand(v, i));
	if (v.type->kind == GJ_EXPRESSION)
		tell_operands(L, gj_lextents(L, v), v.type->n, operand);
}

/* NumPy leaves out extents in front that are 1, down to the dimensions of the target. */
static void tell_input(gj_lower *L, gj_ref fails, gj_lv target, gj_lv extents, uint32_t first)
{
	shapes s = { 0 };
	gj_sb_puts(&s.text, "could not broadcast input array from shape ");
	put_shape_from(&s, extents, first);
	gj_sb_puts(&s.text, " into shape ");
	put_shape(&s, target);
	tell_shapes(L, fails, &s);
}

void gj_lrequire_fit(gj_lower *L, gj_lv target, gj_lv v)
{
	gj_ref fit = all_fit(L, target, v);
	if (!fit)
		return;
	uint32_t holds = gj_lrequire_begin(L, fit);
	if (L->M->reports) {
		tell_expression(L, v);
		gj_lv from = gj_lextents(L, v);
		uint32_t front = from.type->ndim > target.type->ndim ? from.type->ndim - target.type->ndim : 0;
		gj_ref longer = 0, one = gj_eint(L, gj_i64(), 1);
		for (uint32_t d = 0; d < front; d++) {
			gj_ref more = gj_ecmp(L, GJ_CMP_NE, gj_extent(from, d), one);
			longer = longer ? gj_e2(L, GJ_OR, gj_bool(), longer, more) : more;
		}
		if (longer)
			tell_input(L, longer, target, from, 0);
		tell_input(L, gj_eint(L, gj_bool(), 1), target, from, front);
	}
	gj_lrequire_end(L, holds);
}

void gj_lrequire_operand(gj_lower *L, gj_lv target, gj_lv v)
{
	gj_ref fit = all_fit(L, target, v);
	if (!fit)
		return;
	uint32_t holds = gj_lrequire_begin(L, fit);
	if (L->M->reports) {
		shapes s = { 0 };
		tell_expression(L, v);
		gj_sb_puts(&s.text, "operands could not be broadcast together with shapes ");
		put_shape(&s, target);
		gj_sb_puts(&s.text, " ");
		put_shape(&s, gj_lextents(L, v));
		gj_sb_puts(&s.text, " ");
		tell_shapes(L, gj_eint(L, gj_bool(), 1), &s);
	}
	gj_lrequire_end(L, holds);
}

void gj_lrequire_output(gj_lower *L, gj_lv out, uint32_t n, const gj_lv *operand)
{
	gj_lv all[GJ_MAX_CALL];
	gj_ref fit = 0;
	for (uint32_t i = 0; i < n; i++) {
		gj_ref one = gj_has_elements(operand[i].type) ? all_fit(L, out, operand[i]) : 0;
		fit = fit && one ? gj_e2(L, GJ_AND, gj_bool(), fit, one) : one ? one : fit;
		all[i] = operand[i];
	}
	if (!fit)
		return;
	uint32_t holds = gj_lrequire_begin(L, fit);
	if (L->M->reports) {
		shapes s = { 0 };
		for (uint32_t i = 0; i < n; i++)
			tell_expression(L, operand[i]);
		all[n] = out;
		gj_lv shape = together(L, out.type->elem, out.type->ndim, n + 1, all);
		tell_operands(L, shape, n + 1, all);
		gj_sb_puts(&s.text, "non-broadcastable output operand with shape ");
		put_shape(&s, out);
		gj_sb_puts(&s.text, " doesn't match the broadcast shape ");
		put_shape(&s, shape);
		tell_shapes(L, gj_eint(L, gj_bool(), 1), &s);
	}
	gj_lrequire_end(L, holds);
}

gj_lv gj_lshaped(gj_lower *L, gj_lv v)
{
	gj_lv s = gj_lextents(L, v);
	gj_ref fit = all_fit(L, s, v);
	if (fit) {
		uint32_t holds = gj_lrequire_begin(L, fit);
		if (L->M->reports)
			tell_expression(L, v);
		gj_ltell(L, gj_eint(L, gj_bool(), 1), "operands could not be broadcast together", 0, NULL);
		gj_lrequire_end(L, holds);
	}
	return s;
}

gj_lv gj_lexpression_item(gj_lower *L, gj_lv v, uint32_t n, const gj_ref *index)
{
	gj_ref at[GJ_MAX_NDIM] = { 0 };
	gj_lv s = gj_lshaped(L, v);
	for (uint32_t k = 0; k < n; k++)
		at[k] = gj_lwrap_index(L, index[k], gj_extent(s, k));
	gj_lcheck_index(L, s, at, NULL);
	return gj_lbroadcast(L, s, v, at);
}

/* -- Functions that only expressions of arrays need ------------------------------------------------------------------------ */

gj_lv gj_lower_astype(gj_lcall *c)
{
	if (c->type->kind == GJ_ELEMENT)
		return gj_lfused(c->L, "array.astype", c->type, 1, c->a);
	return gj_is_bool(c->type) ? gj_lresult(c, gj_ltruth(c->L, c->a[0])) : gj_lconv(c->L, c->a[0], c->type);
}

gj_lv gj_lower_where(gj_lcall *c)
{
	if (c->type->kind == GJ_ELEMENT)
		return gj_lfused(c->L, "np.where", c->type, 3, c->a);
	gj_ref *p, yes = gj_ltruth(c->L, c->a[0]);
	gj_lv a = gj_lconv(c->L, c->a[1], c->type), b = gj_lconv(c->L, c->a[2], c->type), v = gj_lv_new(c->L, c->type, &p);
	for (uint32_t i = 0, n = gj_parts(c->type); i < n; i++)
		p[i] = gj_e3(c->L, GJ_SELECT, gj_part_of(c->type, i).type, yes, a.part[i], b.part[i]);
	return v;
}
