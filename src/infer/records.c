/* Typing of records: their fields by name or by number, and what can be stored where. */
#include "infer/infer.h"
#include "types/fields.h"
#include "types/record.h"

#include <string.h>

int gj_field_index(const gj_fn *f, uint32_t loc, const gj_type *of, const gj_obj *index)
{
	const gj_type *record = gj_holds_record(of);
	int64_t i;
	if (!record || !index)
		return -1;
	if (index->kind == GJ_OBJ_STR) {
		if (gj_field_named(record, index->name) < 0)
			gj_no_field(f, loc, record, index->name);
		return gj_field_named(record, index->name);
	}
	if (of->kind != GJ_REF || !gj_obj_is_int(index, &i))
		return -1;
	if (i < -(int64_t)record->n || i >= (int64_t)record->n)
		gj_fail(f, loc, GJ_ERR_TUPLE_RANGE, record->name, (long long)i);
	return (int)(i < 0 ? i + record->n : i);
}

gj_known gj_known_field(const gj_fn *f, uint32_t loc, const gj_type *of, int field)
{
	int ndim;
	const gj_type *inner = gj_innermost(of->elem->item[field], &ndim), *t = gj_field_type(of, (uint32_t)field);
	const char *name = gj_record_of(of->elem)->name[field];
	if (inner->kind == GJ_RECORD && gj_record_of(inner)->dtype)
		gj_fail(f, loc, GJ_ERR_FIELD_DTYPE, name, gj_record_of(inner)->dtype);
	if (!t)
		gj_fail(f, loc, GJ_ERR_ARRAY_NDIM, ndim + (of->kind == GJ_ARRAY ? of->ndim : 0), (int)GJ_MAX_NDIM);
	return gj_just(t);
}

/* Into one item in memory. */
static bool item_storable(gj_known v, const gj_type *t)
{
	v = gj_known_seen(v);
	if (v.type != t)
		v.type = gj_wide(v.type);
	if (v.type == t || (v.type->kind == GJ_REF && v.type->elem == t))
		return true;
	if (t->kind == GJ_NESTED && gj_is_scalar(v.type))
		return item_storable(v, t->elem);
	if (t->kind == GJ_RECORD && gj_is_scalar(v.type)) {
		bool fits = !gj_record_of(t)->dtype;
		for (uint32_t i = 0; fits && i < t->n; i++)
			fits = item_storable(v, t->item[i]);
		return fits;
	}
	if (t->kind == GJ_RECORD || t->kind == GJ_NESTED) {                        /* a tuple of its fields, or items */
		bool fits = gj_is_sequence(v.type) && v.type->n == t->n && !(t->kind == GJ_RECORD && gj_record_of(t)->dtype);
		for (uint32_t i = 0; fits && i < t->n; i++)
			fits = item_storable(gj_just(v.type->item[i]), t->kind == GJ_RECORD ? t->item[i] : t->elem);
		return fits;
	}
	return gj_is_scalar(v.type) && (!gj_is_complex(v.type) || gj_is_complex(t));
}

/* In an element, or in each element of a view, or in those of a view of one dimension one by one. */
bool gj_storable(gj_known v, const gj_type *t)
{
	if (t->kind != GJ_ARRAY)
		return item_storable(v, t);
	if (gj_is_sequence(v.type) && t->ndim == 1) {
		for (uint32_t i = 0; i < v.type->n; i++)
			if (!item_storable((gj_known){ v.type->item[i], NULL }, t->elem))
				return false;
		return true;
	}
	if (gj_has_elements(v.type))
		return (v.type->ndim <= t->ndim || v.type->kind == GJ_ARRAY) && item_storable(gj_just(v.type->elem), t->elem);
	return item_storable(v, t->elem);
}
