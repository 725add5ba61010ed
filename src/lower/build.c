/* Building while lowering: values of parts, operations at L->cur, conversions, loops and conditions. */
#include "lower/lower.h"

#include <string.h>

/* -- Values --------------------------------------------------------------------------------------------------------- */

gj_lv gj_lv_new(gj_lower *L, const gj_type *t, gj_ref **parts)
{
	*parts = gj_new(L->arena, gj_ref, gj_parts(t) + 1);
	return (gj_lv){ t, NULL, *parts };
}

gj_lv gj_lv_scalar(gj_lower *L, const gj_type *t, gj_ref r)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	*p = r;
	return v;
}

gj_lv gj_lv_none(void) { return (gj_lv){ gj_t_none, NULL, NULL }; }

gj_lv gj_lv_item(gj_lower *L, gj_lv tuple, uint32_t i)
{
	(void)L;
	const gj_ref *p = tuple.part;
	for (uint32_t k = 0; k < i; k++)
		p += gj_parts(tuple.type->item[k]);
	return (gj_lv){ tuple.type->item[i], tuple.konst ? tuple.konst->item[i] : NULL, p };
}

gj_ref *gj_append(gj_ref *p, gj_lv v)
{
	memcpy(p, v.part, gj_parts(v.type) * sizeof *p);
	return p + gj_parts(v.type);
}

gj_lv gj_lv_pair(gj_lower *L, const gj_type *tuple, gj_lv a, gj_lv b)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, tuple, &p);
	a = gj_lconv(L, a, tuple->item[0]);
	b = gj_lconv(L, b, tuple->item[1]);
	uint32_t n = gj_parts(a.type);
	memcpy(p, a.part, n * sizeof *p);
	memcpy(p + n, b.part, gj_parts(b.type) * sizeof *p);
	return v;
}

static gj_lv frozen_array(gj_lower *L, const gj_type *t, const gj_obj *o)
{
	gj_ref shape[GJ_MAX_NDIM], data = gj_e(L, GJ_CONSTMEM, gj_ptr_type(t->elem, (gj_space)t->space), 0, NULL);
	gj_o(L->fn, data)->imm.obj = o;
	for (int d = 0; d < t->ndim; d++)
		shape[d] = gj_eint(L, gj_scalar[GJ_I64], o->shape[d]);
	return gj_larray(L, t, data, shape);
}

static gj_lv captured_array(gj_lower *L, const gj_type *t, const gj_obj *o)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	p[0] = gj_e(L, GJ_ADDRESS, gj_part_of(t, 0).type, 0, NULL);
	gj_o(L->fn, p[0])->imm.i = o->i;
	for (int k = 0; k < 2 * t->ndim; k++)
		p[1 + k] = gj_eint(L, gj_scalar[GJ_I64], o->shape[k]);
	return v;
}

gj_lv gj_lv_obj(gj_lower *L, const gj_type *t, const gj_obj *o)
{
	gj_ref *p;
	gj_lv v;
	if (t->kind == GJ_ARRAY) {
		v = (o->kind == GJ_OBJ_CAPTURED ? captured_array : frozen_array)(L, o->type, o);
	} else if (t->kind == GJ_REF) {
		v = gj_lv_scalar(L, t, frozen_array(L, o->type, o).part[0]);
	} else {
		v = gj_lv_new(L, t, &p);
		if (t->kind == GJ_TUPLE)
			for (uint32_t i = 0; i < t->n; i++) {
				gj_lv x = gj_lv_obj(L, t->item[i], o->item[i]);
				memcpy(p, x.part, gj_parts(t->item[i]) * sizeof *p);
				p += gj_parts(t->item[i]);
			}
		else if (gj_is_complex(t))
			p[0] = gj_eflt(L, gj_real_type(t), o->f), p[1] = gj_eflt(L, gj_real_type(t), o->im);
		else if (gj_is_scalar(t))
			*p = gj_is_float(t) ? gj_eflt(L, t, o->f) : gj_eint(L, t, o->i);
	}
	v.konst = o;
	return v;
}

/* Which part of an array or a record says who owns its memory; −1: none. */
static int owner_part(const gj_type *t)
{
	bool owned = t && (t->kind == GJ_ARRAY || t->kind == GJ_REF) && t->space == GJ_COUNTED;
	return owned ? t->kind == GJ_ARRAY ? 1 + 2 * t->ndim : 1 : -1;
}

gj_lv gj_lowned_as(gj_lower *L, gj_lv v, gj_lv of)
{
	gj_ref *p = (gj_ref *)(uintptr_t)v.part;                                    /* it was made just now */
	int mine = owner_part(v.type), its = owner_part(of.type);
	if (mine >= 0)
		p[mine] = its >= 0 ? of.part[its] : gj_eint(L, gj_i64(), 0);
	return v;
}

gj_lv gj_larray(gj_lower *L, const gj_type *t, gj_ref pointer, const gj_ref *shape)
{
	gj_ref *p, step = gj_eint(L, gj_i64(), t->elem->size);
	gj_lv v = gj_lv_new(L, t, &p);
	p[0] = pointer;
	memcpy(p + 1, shape, t->ndim * sizeof *p);
	for (int k = 0; k < t->ndim; k++) {
		int d = t->layout == 'F' ? k : t->ndim - 1 - k;
		p[1 + t->ndim + d] = step;
		if (k + 1 < t->ndim)
			step = gj_eindex(L, GJ_MUL, step, shape[d]);
	}
	return gj_lowned_as(L, v, (gj_lv){ 0 });
}

gj_lv gj_ljoined(gj_lower *L, const gj_type *t, uint32_t n, const gj_lv *v)
{
	gj_ref *p, *args = gj_new(L->arena, gj_ref, n + 1);
	gj_lv joined = gj_lv_new(L, t, &p);
	for (uint32_t j = 0, parts = gj_parts(t); j < parts; j++) {
		for (uint32_t i = 0; i < n; i++)
			args[i] = v[i].part[j];
		p[j] = gj_e(L, GJ_PHI, gj_part_of(t, j).type, n, args);
	}
	return joined;
}

/* -- Operations -------------------------------------------------------------------------------------------------------- */

gj_ref gj_e(gj_lower *L, gj_opcode op, const gj_type *t, uint32_t n, const gj_ref *a)
{
	return gj_emit(L->fn, L->cur, op, t, L->loc, n, a);
}

gj_ref gj_e1(gj_lower *L, gj_opcode op, const gj_type *t, gj_ref a) { return gj_e(L, op, t, 1, &a); }

gj_ref gj_e2(gj_lower *L, gj_opcode op, const gj_type *t, gj_ref a, gj_ref b)
{
	return gj_e(L, op, t, 2, (gj_ref[]){ a, b });
}

gj_ref gj_e3(gj_lower *L, gj_opcode op, const gj_type *t, gj_ref a, gj_ref b, gj_ref c)
{
	return gj_e(L, op, t, 3, (gj_ref[]){ a, b, c });
}

gj_ref gj_esub(gj_lower *L, gj_opcode op, uint8_t sub, const gj_type *t, uint32_t n, const gj_ref *a)
{
	gj_ref r = gj_e(L, op, t, n, a);
	gj_o(L->fn, r)->sub = sub;
	return r;
}

gj_ref gj_ecmp(gj_lower *L, gj_cmpop op, gj_ref a, gj_ref b)
{
	return gj_esub(L, GJ_CMP, (uint8_t)op, gj_scalar[GJ_BOOL], 2, (gj_ref[]){ a, b });
}

gj_ref gj_eint(gj_lower *L, const gj_type *t, int64_t v)
{
	gj_ref r = gj_e(L, GJ_CONST, t, 0, NULL);
	if (gj_is_float(t))
		gj_o(L->fn, r)->imm.f = gj_rounded(t, (double)v);
	else
		gj_o(L->fn, r)->imm.i = v;
	return r;
}

gj_ref gj_eflt(gj_lower *L, const gj_type *t, double v)
{
	gj_ref r = gj_e(L, GJ_CONST, t, 0, NULL);
	gj_o(L->fn, r)->imm.f = gj_rounded(t, v);
	return r;
}

gj_ref gj_ecast(gj_lower *L, gj_ref r, const gj_type *to)
{
	const gj_type *from = gj_o(L->fn, r)->type;
	if (from == to)
		return r;
	if (from->kind == GJ_PTR)
		return gj_e1(L, GJ_PTRCAST, to, r);
	return gj_e1(L, to->kind == GJ_PTR ? GJ_BITCAST : GJ_CVT, to, r);
}

void gj_jump(gj_lower *L, uint32_t to)
{
	gj_e(L, GJ_JUMP, NULL, 0, NULL);
	gj_link(L->fn, L->cur, to);
}

void gj_branch(gj_lower *L, gj_ref cond, uint32_t yes, uint32_t no)
{
	gj_e1(L, GJ_BRANCH, NULL, cond);
	gj_link(L->fn, L->cur, yes);
	gj_link(L->fn, L->cur, no);
}

/* -- Floats of 8 bits ---------------------------------------------------------------------------------------------------- */

/* In memory and in registers they are their bits, and what is computed of them is computed as float32. To 8 bits is rounded once, half to even,
 * from float32 or float64; what is too large becomes the largest number, as CUDA C's types have it. */

/* Of float32 and float64: bits of the fraction, bias of the exponent. */
typedef struct wide { const gj_type *number, *bits; int fraction, bias; } wide;

static gj_ref shifted(gj_lower *L, gj_opcode op, const gj_type *t, gj_ref x, int by) { return gj_e2(L, op, t, x, gj_eint(L, gj_i64(), by)); }

static int bias_of(const gj_type *t) { return t == gj_t_e4m3 ? 7 : 15; }

/* Through float16, which has more of everything: e5m2 is its upper half, e4m3 has another bias and no infinity. */
static gj_ref value_of(gj_lower *L, gj_ref bits, const gj_type *t)
{
	const gj_type *u16 = gj_scalar[GJ_U16], *f32 = gj_scalar[GJ_F32];
	gj_ref x = gj_ecast(L, bits, u16), low = gj_e2(L, GJ_AND, u16, x, gj_eint(L, u16, 0x7f));
	if (t == gj_t_e5m2)
		return gj_ecast(L, gj_e1(L, GJ_BITCAST, gj_scalar[GJ_F16], shifted(L, GJ_SHL, u16, x, 8)), f32);
	gj_ref sign = shifted(L, GJ_SHL, u16, gj_e2(L, GJ_AND, u16, x, gj_eint(L, u16, 0x80)), 8);
	gj_ref half = gj_e1(L, GJ_BITCAST, gj_scalar[GJ_F16], gj_e2(L, GJ_OR, u16, sign, shifted(L, GJ_SHL, u16, low, 7)));
	gj_ref number = gj_e2(L, GJ_MUL, f32, gj_ecast(L, half, f32), gj_eflt(L, f32, 256));
	return gj_e3(L, GJ_SELECT, f32, gj_ecmp(L, GJ_CMP_EQ, low, gj_eint(L, u16, 0x7f)), gj_eflt(L, f32, __builtin_nan("")), number);
}

/* A number in the range of `to` whose exponent it has: the fraction is rounded where it ends. */
static gj_ref normal(gj_lower *L, const wide *w, gj_ref size, const gj_type *to, int fraction)
{
	int shift = w->fraction - fraction;
	gj_ref r = gj_e2(L, GJ_SUB, w->bits, size, gj_eint(L, w->bits, (int64_t)(w->bias - bias_of(to)) << w->fraction));
	gj_ref odd = gj_e2(L, GJ_AND, w->bits, shifted(L, GJ_SHR, w->bits, r, shift), gj_eint(L, w->bits, 1));
	r = gj_e2(L, GJ_ADD, w->bits, r, gj_e2(L, GJ_ADD, w->bits, odd, gj_eint(L, w->bits, ((int64_t)1 << (shift - 1)) - 1)));
	return shifted(L, GJ_SHR, w->bits, r, shift);
}

/* One below it: an addition rounds to the units that `to` has there, and the low bits of the sum count them. */
static gj_ref subnormal(gj_lower *L, const wide *w, gj_ref size, const gj_type *to, int fraction)
{
	gj_ref units = gj_eflt(L, w->number, __builtin_ldexp(1, w->fraction + 1 - bias_of(to) - fraction));
	gj_ref sum = gj_esub(L, GJ_ADD, 1, w->number, 2, (gj_ref[]){ gj_e1(L, GJ_BITCAST, w->number, size), units });
	return gj_e2(L, GJ_SUB, w->bits, gj_e1(L, GJ_BITCAST, w->bits, sum), gj_e1(L, GJ_BITCAST, w->bits, units));
}

static gj_ref bits_of(gj_lower *L, gj_ref x, const gj_type *to)
{
	const gj_type *from = gj_o(L->fn, x)->type, *u8 = gj_scalar[GJ_U8];
	bool exact = gj_is_half(from) || from->kind == GJ_F32 || gj_is_bool(from) || from->size <= 2;
	const wide w = exact ? (wide){ gj_scalar[GJ_F32], gj_scalar[GJ_U32], 23, 127 } : (wide){ gj_scalar[GJ_F64], gj_scalar[GJ_U64], 52, 1023 };
	int fraction = to == gj_t_e4m3 ? 3 : 2, top = 8 * (int)w.bits->size - 1;
	x = gj_ecast(L, x, w.number);
	gj_ref all = gj_e1(L, GJ_BITCAST, w.bits, x), size = gj_e2(L, GJ_AND, w.bits, all, gj_eint(L, w.bits, (int64_t)(((uint64_t)1 << top) - 1)));
	gj_ref sign = shifted(L, GJ_SHL, u8, gj_ecast(L, shifted(L, GJ_SHR, w.bits, all, top), u8), 7);
	gj_ref small = gj_ecmp(L, GJ_CMP_LT, size, gj_eint(L, w.bits, (int64_t)(w.bias + 1 - bias_of(to)) << w.fraction));
	gj_ref r = gj_e3(L, GJ_SELECT, w.bits, small, subnormal(L, &w, size, to, fraction), normal(L, &w, size, to, fraction));
	r = gj_e2(L, GJ_MIN, w.bits, r, gj_eint(L, w.bits, to == gj_t_e4m3 ? 0x7e : 0x7b));
	r = gj_e3(L, GJ_SELECT, w.bits, gj_e1(L, GJ_ISNAN, gj_bool(), x), gj_eint(L, w.bits, 0x7f), r);
	return gj_e2(L, GJ_OR, u8, gj_ecast(L, r, u8), sign);
}

/* A real number, or a float of 8 bits, as the other of these. */
static gj_ref float8(gj_lower *L, gj_lv v, const gj_type *to)
{
	gj_ref x = gj_is_float8(v.type) ? value_of(L, v.part[0], v.type) : v.part[0];
	return gj_is_float8(to) ? bits_of(L, x, to) : gj_ecast(L, x, gj_real_type(to));
}

/* -- Conversions --------------------------------------------------------------------------------------------------------- */

/* The parts of a value of another type, at p; a real number gets an imaginary part of zero. */
static void convert(gj_lower *, gj_lv, const gj_type *, gj_ref *);

/* What stands for a value where there is none: nobody asks what it is. */
static void make_optional(gj_lower *L, gj_lv v, const gj_type *to, gj_ref *p)
{
	bool optional = v.type->kind == GJ_OPTIONAL;
	p[0] = optional ? v.part[0] : gj_eint(L, gj_bool(), v.type != gj_t_none);
	if (v.type != gj_t_none)
		convert(L, optional ? (gj_lv){ v.type->elem, NULL, v.part + 1 } : v, to->elem, p + 1);
	for (uint32_t i = 1; v.type == gj_t_none && i < gj_parts(to); i++) {
		const gj_type *t = gj_part_of(to, i).type;
		p[i] = t->kind == GJ_PTR ? gj_e(L, GJ_UNDEF, t, 0, NULL) : gj_eint(L, t, 0);
	}
}

static void convert(gj_lower *L, gj_lv v, const gj_type *to, gj_ref *p)
{
	if (to->kind == GJ_PICKED && v.type != to) {
		p[0] = gj_eint(L, gj_i64(), gj_function_number(v.konst));
		return;
	}
	if (to->kind == GJ_OPTIONAL && v.type != to) {
		make_optional(L, v, to, p);
		return;
	}
	if (to->kind == GJ_TUPLE && v.type != to) {
		for (uint32_t i = 0; i < to->n; p += gj_parts(to->item[i++]))
			convert(L, gj_lv_item(L, v, i), to->item[i], p);
		return;
	}
	uint32_t given = gj_parts(v.type);
	bool eight = v.type != to && (gj_is_float8(v.type) || gj_is_float8(to));
	if (eight)
		p[0] = float8(L, v, to);
	for (uint32_t i = eight, parts = gj_parts(to); i < parts; i++)
		p[i] = i < given ? gj_ecast(L, v.part[i], gj_part_of(to, i).type) : gj_eint(L, gj_part_of(to, i).type, 0);
}

gj_lv gj_lconv(gj_lower *L, gj_lv v, const gj_type *to)
{
	if (v.type == to)
		return v;
	gj_ref *p;
	gj_lv out = gj_lv_new(L, to, &p);
	out.konst = v.konst;
	convert(L, v, to, p);
	return out;
}

gj_lv gj_lwide(gj_lower *L, gj_lv v)
{
	if (!v.type || gj_wide(v.type) == v.type)
		return v;
	return gj_is_float8(v.type) ? gj_lconv(L, v, gj_scalar[GJ_F32]) : (gj_lv){ gj_wide(v.type), gj_obj_wide(L->arena, v.type, v.konst), v.part };
}

void gj_lfail(gj_lower *L, gj_err id, ...)
{
	va_list ap;
	va_start(ap, id);
	gj_vfail(L->fn, L->loc, id, ap);
}

/* Index arithmetic: an index that overflows its width is out of bounds. */
gj_ref gj_eindex(gj_lower *L, gj_opcode op, gj_ref a, gj_ref b)
{
	gj_ref r = gj_e2(L, op, gj_o(L->fn, a)->type, a, b);
	gj_o(L->fn, r)->flags |= GJ_NSW;
	return r;
}

gj_ref gj_ltruth(gj_lower *L, gj_lv a)
{
	const gj_type *bool_ = gj_scalar[GJ_BOOL];
	if (gj_is_bool(a.type))
		return a.part[0];
	a = gj_lwide(L, a);
	if (a.type->kind == GJ_OPTIONAL)
		return gj_e2(L, GJ_AND, bool_, a.part[0], gj_ltruth(L, (gj_lv){ a.type->elem, NULL, a.part + 1 }));
	if (gj_is_scalar(a.type)) {
		gj_ref zero = gj_eint(L, gj_real_type(a.type), 0), yes = gj_ecmp(L, GJ_CMP_NE, a.part[0], zero);
		return gj_is_complex(a.type) ? gj_e2(L, GJ_OR, bool_, yes, gj_ecmp(L, GJ_CMP_NE, a.part[1], zero)) : yes;
	}
	bool yes = a.type->kind == GJ_STATIC || (a.type->kind == GJ_TUPLE && a.type->n > 0) ||
	           (a.type == gj_t_str && a.konst && *a.konst->name);
	return gj_eint(L, bool_, yes);
}

/* -- Control ----------------------------------------------------------------------------------------------------------- */

static bool same(const gj_fn *f, gj_ref x, gj_ref y, int depth)
{
	const gj_op *a = gj_o(f, x), *b = gj_o(f, y);
	if (x == y)
		return true;
	if (a->op != b->op || a->sub != b->sub || a->type != b->type || a->nargs != b->nargs || a->imm.i != b->imm.i || a->op == GJ_PHI
	    || gj_is_own(a) || !gj_op_is(a, GJ_F_PURE) || depth > 8)
		return false;
	for (uint32_t k = 0; k < a->nargs; k++)
		if (!same(f, a->arg[k], b->arg[k], depth + 1))
			return false;
	return true;
}

bool gj_lsame(const gj_lower *L, gj_ref x, gj_ref y) { return same(L->fn, x, y, 0); }

int64_t gj_lnesting(const gj_lower *L, uint32_t place) { return (int64_t)L->depth * (GJ_NO_PLACE + 1) + place; }

void gj_lmark_round(gj_lower *L, gj_ref position, gj_ref rounds, bool promised)
{
	if (!L->M->options->parallel || L->alone)
		return;
	gj_ref r = gj_e2(L, GJ_ROUND, NULL, position, gj_ecast(L, rounds, gj_i64()));
	gj_o(L->fn, r)->sub = !promised;
	gj_o(L->fn, r)->imm.i = gj_lnesting(L, L->place);
}

gj_lfor gj_lfor_begin(gj_lower *L, gj_ref n, const gj_lv *carried)
{
	uint32_t head = gj_block_new(L->fn), body = gj_block_new(L->fn);
	gj_lfor l = { .head = head, .done = gj_block_new(L->fn) };
	gj_ref zero = gj_eint(L, gj_i64(), 0);
	gj_jump(L, head);
	L->cur = head;
	l.i = gj_e(L, GJ_PHI, gj_i64(), 2, (gj_ref[]){ zero, zero });
	if (carried) {
		gj_ref *p;
		l.carried = gj_lv_new(L, carried->type, &p);
		for (uint32_t k = 0, parts = gj_parts(carried->type); k < parts; k++)
			p[k] = gj_e(L, GJ_PHI, gj_part_of(carried->type, k).type, 2, (gj_ref[]){ carried->part[k], carried->part[k] });
	}
	gj_branch(L, gj_ecmp(L, GJ_CMP_LT, l.i, n), body, l.done);
	L->cur = body;
	gj_lmark_round(L, l.i, n, false);
	return l;
}

void gj_lfor_end(gj_lower *L, const gj_lfor *l, const gj_lv *next)
{
	for (uint32_t k = 0; next && k < gj_parts(next->type); k++)
		gj_o(L->fn, l->carried.part[k])->arg[1] = next->part[k];
	gj_o(L->fn, l->i)->arg[1] = gj_eindex(L, GJ_ADD, l->i, gj_eint(L, gj_i64(), 1));
	gj_jump(L, l->head);
	L->cur = l->done;
}

gj_ref gj_lsize(gj_lower *L, gj_lv a)
{
	gj_ref n = gj_eint(L, gj_i64(), 1);
	for (uint32_t d = 0; d < a.type->ndim; d++)
		n = gj_eindex(L, GJ_MUL, n, gj_extent(a, d));
	return n;
}

/* -- Arguments and result of a call --------------------------------------------------------------------------------- */

gj_lv gj_lresult(gj_lcall *c, gj_ref r)
{
	return gj_lv_scalar(c->L, gj_o(c->L->fn, r)->type, r);
}

gj_ref gj_larg(gj_lcall *c, uint32_t i, const gj_type *t)
{
	return gj_ecast(c->L, c->a[i].part[0], t);
}
