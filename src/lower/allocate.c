/* Memory for an array, in functions that have some: its size, which may be none at all, and its owner. */
#include "lower/lower.h"

enum { MOST_BYTES_LOG2 = 60 };

#define ERROR(id, class_name, words) \
	static const gj_obj id##_cls = { .kind = GJ_OBJ_NAME, .name = "builtins." class_name }; \
	static const gj_obj id##_text = { .kind = GJ_OBJ_STR, .name = words }; \
	static const gj_obj *const id##_items[] = { &id##_cls, &id##_text }; \
	static const gj_obj id = { .kind = GJ_OBJ_TUPLE, .n = 2, .item = (const gj_obj **)id##_items }
ERROR(negative, "ValueError", "negative dimensions are not allowed");
ERROR(too_large, "MemoryError", "Allocation failed (probably too large).");

static gj_ref known(gj_lower *L, int64_t v) { return gj_eint(L, gj_i64(), v); }

/* Bytes of the array; negative and huge extents raise. */
static gj_ref bytes_of(gj_lower *L, const gj_type *t, const gj_ref *shape)
{
	gj_ref n = known(L, t->elem->size), size = gj_eflt(L, gj_scalar[GJ_F64], t->elem->size), zero = known(L, 0);
	for (uint32_t d = 0; d < t->ndim; d++) {
		if (!(gj_o(L->fn, shape[d])->flags & GJ_NONNEG) && gj_o(L->fn, shape[d])->op != GJ_CONST)
			gj_lreport(L, gj_ecmp(L, GJ_CMP_LT, shape[d], zero), &negative, false);
		if (gj_o(L->fn, shape[d])->op == GJ_CONST && gj_o(L->fn, shape[d])->imm.i < 0)
			gj_lreport(L, gj_eint(L, gj_bool(), 1), &negative, false);
		n = gj_e2(L, GJ_MUL, gj_i64(), n, shape[d]);
		size = gj_e2(L, GJ_MUL, gj_scalar[GJ_F64], size, gj_ecast(L, shape[d], gj_scalar[GJ_F64]));
	}
	gj_ref most = gj_eflt(L, gj_scalar[GJ_F64], (double)(1ull << MOST_BYTES_LOG2));
	if (t->ndim)
		gj_lreport(L, gj_ecmp(L, GJ_CMP_GT, size, most), &too_large, false);
	return n;
}

gj_lv gj_lnew_array(gj_lower *L, const gj_type *t, const gj_ref *shape, bool zeros)
{
	gj_ref bytes = bytes_of(L, t, shape), data = gj_e1(L, GJ_ALLOC, gj_part_of(t, 0).type, bytes);
	gj_o(L->fn, data)->sub = zeros;
	gj_ref owner = gj_e1(L, GJ_BITCAST, gj_i64(), data);
	gj_lreport(L, gj_ecmp(L, GJ_CMP_EQ, owner, known(L, 0)), &too_large, false);
	gj_land_owning(L, owner);
	gj_lv v = gj_larray(L, t, data, shape);
	((gj_ref *)(uintptr_t)v.part)[1 + 2 * t->ndim] = owner;
	return v;
}
