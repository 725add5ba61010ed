/* Loads and stores while lowering: a value in memory is its parts, each at its place in the whole. Records stay where they are when
 * they are loaded; what lies in one goes to another field by field. */
#include "lower/lower.h"
#include "types/record.h"

enum { MANY = 16 };                                           /* items of a field that are copied in a loop */

/* Bytes that an address is a multiple of, so many bytes (or any number of times as many) behind one that pointers of type t hold. */
static uint32_t known_behind(const gj_type *t, uint32_t bytes)
{
	uint32_t known = gj_known_align(t);
	while (bytes % known)
		known /= 2;
	return known;
}

gj_ref gj_lplace(gj_lower *L, gj_ref p, gj_part part)
{
	const gj_type *t = gj_o(L->fn, p)->type;
	if (t->elem == part.type)
		return p;
	uint32_t known = known_behind(t, part.offset);
	if (t->space == GJ_LOCAL && known > gj_align(part.type))                   /* a part of the lanes beside it lies between */
		known = gj_align(part.type);
	return gj_e2(L, GJ_BYTES, gj_ptr_at(part.type, (gj_space)t->space, known), p, gj_eint(L, gj_i64(), part.offset));
}

gj_ref gj_lfield_place(gj_lower *L, gj_ref p, const gj_type *record, uint32_t i)
{
	int ndim;
	const gj_type *from = gj_o(L->fn, p)->type, *inner = gj_innermost(record->item[i], &ndim);
	uint32_t at = gj_record_of(record)->offset[i];
	return gj_e2(L, GJ_BYTES, gj_ptr_at(inner, (gj_space)from->space, known_behind(from, at)), p, gj_eint(L, gj_i64(), at));
}

gj_lv gj_lload(gj_lower *L, gj_ref p, const gj_type *t)
{
	gj_ref *r;
	const gj_type *ptr = gj_o(L->fn, p)->type;
	if (t->kind == GJ_RECORD)                      /* stays where it is */
		t = gj_ref_type(t, false, (gj_space)ptr->space, ptr->align);
	gj_lv v = gj_lv_new(L, t, &r);
	if (t->kind == GJ_REF) {
		r[0] = gj_ecast(L, p, gj_part_of(t, 0).type);
		return gj_lowned_as(L, v, (gj_lv){ 0 });
	}
	for (uint32_t i = 0, n = gj_parts(t); i < n; i++)
		r[i] = gj_e1(L, GJ_LOAD, gj_part_of(t, i).type, gj_lplace(L, p, gj_part_of(t, i)));
	return v;
}

gj_lv gj_lload_from(gj_lower *L, gj_lv of, gj_ref p, const gj_type *t) { return gj_lowned_as(L, gj_lload(L, p, t), of); }

/* -- Records ---------------------------------------------------------------------------------------------------------- */

typedef GJ_VEC(gj_lv) values;

static gj_ref item_at(gj_lower *L, gj_ref p, gj_ref i, const gj_type *t)
{
	int ndim;
	const gj_type *from = gj_o(L->fn, p)->type, *inner = gj_innermost(t, &ndim);
	gj_ref off = gj_eindex(L, GJ_MUL, i, gj_eint(L, gj_i64(), t->size));
	return gj_e2(L, GJ_BYTES, gj_ptr_at(inner, (gj_space)from->space, known_behind(from, t->size)), p, off);
}

/* What kernels cannot read are so many bytes. */
static const gj_type *seen(const gj_type *t)
{
	return t->kind == GJ_RECORD && gj_record_of(t)->dtype ? gj_nested_type(gj_scalar[GJ_U8], t->size) : t;
}

/* Everything at p that is no long array is loaded, or stored from where it was put: all loads come before the first store. */
static void pass(gj_lower *L, gj_ref p, const gj_type *t, values *held, uint32_t *next)
{
	t = seen(t);
	if (t->kind == GJ_RECORD) {
		for (uint32_t i = 0; i < t->n; i++)
			pass(L, gj_lfield_place(L, p, t, i), t->item[i], held, next);
	} else if (t->kind == GJ_NESTED) {
		for (uint32_t i = 0; t->n <= MANY && i < t->n; i++)
			pass(L, item_at(L, p, gj_eint(L, gj_i64(), i), t->elem), t->elem, held, next);
	} else if (next) {
		gj_lstore(L, p, held->p[(*next)++], t);
	} else {
		gj_push(L->arena, held, gj_lload(L, p, t));
	}
}

static void copy(gj_lower *L, gj_ref to, gj_ref from, const gj_type *t);

/* The long arrays among the fields, item by item. */
static void copy_long(gj_lower *L, gj_ref to, gj_ref from, const gj_type *t)
{
	t = seen(t);
	for (uint32_t i = 0; t->kind == GJ_RECORD && i < t->n; i++)
		copy_long(L, gj_lfield_place(L, to, t, i), gj_lfield_place(L, from, t, i), t->item[i]);
	if (t->kind != GJ_NESTED)
		return;
	if (t->n <= MANY) {
		for (uint32_t i = 0; i < t->n; i++) {
			gj_ref at = gj_eint(L, gj_i64(), i);
			copy_long(L, item_at(L, to, at, t->elem), item_at(L, from, at, t->elem), t->elem);
		}
		return;
	}
	gj_lfor l = gj_lfor_begin(L, gj_eint(L, gj_i64(), t->n), NULL);
	copy(L, item_at(L, to, l.i, t->elem), item_at(L, from, l.i, t->elem), t->elem);
	gj_lfor_end(L, &l, NULL);
}

static void copy(gj_lower *L, gj_ref to, gj_ref from, const gj_type *t)
{
	values held = { 0 };
	uint32_t next = 0;
	pass(L, from, t, &held, NULL);
	pass(L, to, t, &held, &next);
	copy_long(L, to, from, t);
}

/* A record, a tuple of its fields or of the items of a field that is an array, or a number for all of them. */
static void store_fields(gj_lower *L, gj_ref p, gj_lv v, const gj_type *t)
{
	if (v.type->kind == GJ_REF) {
		copy(L, p, v.part[0], t);
		return;
	}
	if (v.type->kind == GJ_TUPLE) {
		for (uint32_t i = 0; i < t->n; i++) {
			gj_lv x = gj_lv_item(L, v, i);
			if (t->kind == GJ_RECORD)
				gj_lstore(L, gj_lfield_place(L, p, t, i), x, t->item[i]);
			else
				gj_lstore(L, item_at(L, p, gj_eint(L, gj_i64(), i), t->elem), x, t->elem);
		}
		return;
	}
	for (uint32_t i = 0; t->kind == GJ_RECORD && i < t->n; i++)
		gj_lstore(L, gj_lfield_place(L, p, t, i), v, t->item[i]);
	if (t->kind == GJ_RECORD)
		return;
	gj_lfor l = gj_lfor_begin(L, gj_eint(L, gj_i64(), t->n), NULL);
	gj_lstore(L, item_at(L, p, l.i, t->elem), v, t->elem);
	gj_lfor_end(L, &l, NULL);
}

void gj_lstore(gj_lower *L, gj_ref p, gj_lv v, const gj_type *t)
{
	if (v.type->kind == GJ_OPTIONAL) {
		gj_lrequire_value(L, gj_lis_there(L, v), v.type->elem);
		v = gj_linner(v);
	}
	if (t->kind == GJ_RECORD || t->kind == GJ_NESTED) {
		store_fields(L, p, v, t);
		return;
	}
	if (gj_is_bool(t))
		v = gj_lv_scalar(L, t, gj_ltruth(L, v));
	v = gj_lconv(L, v, t);
	for (uint32_t i = 0, n = gj_parts(t); i < n; i++)
		gj_e2(L, GJ_STORE, NULL, gj_lplace(L, p, gj_part_of(t, i)), v.part[i]);
}
