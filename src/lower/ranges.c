/* Loops over ranges. Most count as they are written: i += step while i < stop. Where that could run over the end of the
 * type, the number of items is computed beforehand and the loop counts k from 0 to it, the item being start + k·step. */
#include "lower/lower.h"

static const uint64_t SMALL = 1 << 20, FAR = (uint64_t)1 << 62;

static uint64_t sum(uint64_t a, uint64_t b) { return a + b < a ? UINT64_MAX : a + b; }

static uint64_t product(uint64_t a, uint64_t b)
{
	uint64_t r;
	return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

static uint64_t of_type(const gj_type *t)
{
	uint64_t most = UINT64_MAX >> (64 - 8 * t->size);
	return gj_is_bool(t) ? 1 : gj_is_unsigned(t) ? most : most / 2 + 1;
}

static uint64_t of_sreg(int64_t which)
{
	bool of_block = which <= GJ_TID_Z || (which >= GJ_NTID_X && which <= GJ_NTID_Z);
	return of_block ? 1024 : INT32_MAX;
}

/* A bound of |r|, from what it is made of. Extents count as those of arrays that exist. */
static uint64_t bound(const gj_lower *L, gj_ref r, int depth)
{
	const gj_op *o = gj_o(L->fn, r);
	uint64_t a, b, most = of_type(o->type);
	if (!gj_is_int(o->type) && !gj_is_bool(o->type))
		return UINT64_MAX;
	switch (depth > 8 ? GJ_NOP : o->op) {
	case GJ_CONST: return o->imm.i < 0 && !gj_is_unsigned(o->type) ? -(uint64_t)o->imm.i : (uint64_t)o->imm.i;
	case GJ_SREG:  return of_sreg(o->imm.i);
	case GJ_PARAM: return L->fn->param.p[o->imm.i].field == GJ_FIELD_SHAPE ? (uint64_t)1 << 48 : most;
	case GJ_CVT: case GJ_ABS: case GJ_MOD:
		a = bound(L, o->arg[o->op == GJ_MOD], depth + 1);
		return a < most ? a : most;
	case GJ_ADD: case GJ_SUB: case GJ_MUL: case GJ_MIN: case GJ_MAX:
		a = bound(L, o->arg[0], depth + 1);
		b = bound(L, o->arg[1], depth + 1);
		a = o->op == GJ_MUL ? product(a, b) : o->op == GJ_ADD || o->op == GJ_SUB ? sum(a, b) : a > b ? a : b;
		return a < most ? a : most;
	default: return most;
	}
}

/* What r is a product or sum of, apart from sizes and indices of the launch; UINT64_MAX: of something else too. */
static uint64_t constant_part(const gj_lower *L, gj_ref r, int depth)
{
	const gj_op *o = gj_o(L->fn, r);
	uint64_t a, b;
	switch (depth > 8 ? GJ_NOP : o->op) {
	case GJ_CONST: return bound(L, r, 0);
	case GJ_SREG:  return 1;
	case GJ_CVT:   return constant_part(L, o->arg[0], depth + 1);
	case GJ_ADD: case GJ_MUL:
		a = constant_part(L, o->arg[0], depth + 1);
		b = constant_part(L, o->arg[1], depth + 1);
		return o->op == GJ_MUL ? product(a, b) : a > b ? a : b;
	default: return UINT64_MAX;
	}
}

/* Of 64 bits there is no end in sight where start and step are small, or indices and sizes of the launch: the loop would
 * take years to come to it. */
static bool plain(const gj_lower *L, gj_lv range)
{
	gj_ref start = range.part[0], stop = range.part[1], step = range.part[2];
	const gj_op *o = gj_o(L->fn, step);
	const gj_type *t = range.type->elem;
	uint64_t most = of_type(t) - !gj_is_unsigned(t), by = bound(L, step, 0), reach = sum(bound(L, stop, 0), by);
	if ((o->op == GJ_CONST && (o->imm.i == 1 || o->imm.i == -1)) || (reach <= most && reach != UINT64_MAX))
		return true;
	bool slow = by <= SMALL || constant_part(L, step, 0) <= SMALL;
	return t->size == 8 && slow && (bound(L, start, 0) <= FAR || constant_part(L, start, 0) <= SMALL);
}

/* How far it is from a to b > a, as an unsigned number. */
static gj_ref distance(gj_lower *L, const gj_type *t, gj_ref a, gj_ref b)
{
	return gj_ecast(L, gj_e2(L, GJ_SUB, t, b, a), gj_scalar[t->size == 8 ? GJ_U64 : GJ_U32]);
}

/* -1 and 1: the step's sign is known; 0: it is not. */
static int direction(const gj_lower *L, gj_lv range)
{
	const gj_op *step = gj_o(L->fn, range.part[2]);
	if (gj_is_unsigned(range.type->elem) || (step->flags & GJ_NONNEG))
		return 1;
	return step->op != GJ_CONST ? 0 : step->imm.i < 0 ? -1 : 1;
}

typedef struct walk { gj_ref back, room, size; } walk;

/* Of a step at i: does it go down, how far is it to `stop`, how large is it? back is 0 where the sign is known. */
static walk walk_of(gj_lower *L, gj_lv range, gj_ref i)
{
	const gj_type *t = range.type->elem, *u = gj_scalar[t->size == 8 ? GJ_U64 : GJ_U32];
	gj_ref stop = range.part[1], step = range.part[2];
	int way = direction(L, range);
	if (way > 0)
		return (walk){ 0, distance(L, t, i, stop), gj_ecast(L, step, u) };
	gj_ref down = distance(L, t, stop, i), minus = gj_ecast(L, gj_e1(L, GJ_NEG, t, step), u);
	if (way < 0)
		return (walk){ 0, down, minus };
	gj_ref back = gj_ecmp(L, GJ_CMP_LT, step, gj_eint(L, t, 0));
	return (walk){ back, gj_e3(L, GJ_SELECT, u, back, down, distance(L, t, i, stop)),
	               gj_e3(L, GJ_SELECT, u, back, minus, gj_ecast(L, step, u)) };
}

/* The number of items, as an unsigned number: (room - 1) // size + 1. */
static gj_ref count(gj_lower *L, gj_lv range)
{
	gj_ref start = range.part[0], stop = range.part[1];
	const gj_op *step = gj_o(L->fn, range.part[2]);
	walk w = walk_of(L, range, start);
	const gj_type *u = gj_o(L->fn, w.room)->type, *bool_ = gj_scalar[GJ_BOOL];
	gj_ref one = gj_eint(L, u, 1), n = w.room;
	if (step->op != GJ_CONST || step->imm.i != 1)
		n = gj_e2(L, GJ_ADD, u, gj_e2(L, GJ_FLOORDIV, u, gj_e2(L, GJ_SUB, u, n, one), w.size), one);
	gj_ref some = gj_ecmp(L, direction(L, range) < 0 ? GJ_CMP_GT : GJ_CMP_LT, start, stop);
	if (w.back)
		some = gj_e3(L, GJ_SELECT, bool_, w.back, gj_ecmp(L, GJ_CMP_GT, start, stop), some);
	return gj_e3(L, GJ_SELECT, u, some, n, gj_eint(L, u, 0));
}

gj_ref gj_lrange_length(gj_lower *L, gj_lv range) { return gj_ecast(L, count(L, range), gj_scalar[GJ_I64]); }

/* An iterator has the range's parts and the number of its items. */
void gj_lrange_iter(gj_lower *L, gj_lv range, gj_ref part[4])
{
	for (int i = 0; i < 3; i++)
		part[i] = range.part[i];
	part[3] = gj_ecast(L, count(L, range), range.type->elem);
}

/* -- The loop ------------------------------------------------------------------------------------------------------- */

gj_ref gj_lrange_start(gj_lower *L, gj_lv range)
{
	return plain(L, range) ? range.part[0] : gj_eint(L, range.type->elem, 0);
}

gj_ref gj_lrange_next(gj_lower *L, gj_lv range, gj_ref at)
{
	const gj_type *t = range.type->elem;
	bool as_written = plain(L, range);
	gj_ref next = gj_e2(L, GJ_ADD, t, at, as_written ? range.part[2] : gj_eint(L, t, 1));
	gj_o(L->fn, next)->flags |= as_written && !gj_is_unsigned(t) ? GJ_NSW : 0;
	return next;
}

gj_ref gj_lrange_get(gj_lower *L, gj_lv range, gj_ref at)
{
	const gj_type *t = range.type->elem;
	return plain(L, range) ? at : gj_e2(L, GJ_ADD, t, range.part[0], gj_e2(L, GJ_MUL, t, at, range.part[2]));
}

bool gj_lrange_ends(const gj_lower *L, gj_lv range)                             /* enumerate's does not */
{
	const gj_op *stop = gj_o(L->fn, range.part[1]);
	return stop->op != GJ_CONST || !(stop->flags & GJ_WRAP);
}

gj_ref gj_lrange_has(gj_lower *L, gj_lv range, gj_ref at)
{
	const gj_type *u = gj_scalar[range.type->elem->size == 8 ? GJ_U64 : GJ_U32], *bool_ = gj_scalar[GJ_BOOL];
	gj_ref stop = range.part[1], step = range.part[2];
	int way = direction(L, range);
	if (!gj_lrange_ends(L, range))
		return gj_eint(L, bool_, 1);
	if (!plain(L, range))
		return gj_ecmp(L, GJ_CMP_LT, gj_ecast(L, at, u), gj_ecast(L, range.part[3], u));
	if (way)
		return gj_ecmp(L, way > 0 ? GJ_CMP_LT : GJ_CMP_GT, at, stop);
	gj_ref up = gj_ecmp(L, GJ_CMP_LT, at, stop), down = gj_ecmp(L, GJ_CMP_GT, at, stop);
	return gj_e3(L, GJ_SELECT, bool_, gj_ecmp(L, GJ_CMP_LT, step, gj_eint(L, range.type->elem, 0)), down, up);
}
