/* Lowering of arrays at pointers of C. */
#include "lower/lower.h"

gj_lv gj_lower_carray(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_ref extent[GJ_MAX_NDIM];
	gj_lv shape = c->a[1];
	bool tuple = shape.type->kind == GJ_TUPLE;
	for (uint32_t d = 0; d < c->type->ndim; d++)
		extent[d] = gj_ecast(L, tuple ? gj_lv_item(L, shape, d).part[0] : shape.part[0], gj_i64());
	return gj_larray(L, c->type, gj_ecast(L, c->a[0].part[0], gj_part_of(c->type, 0).type), extent);
}

/* a.ctypes.data */
gj_lv gj_larray_address(gj_lower *L, gj_lv a, const gj_type *t)
{
	gj_ref p = gj_ecast(L, a.part[0], gj_ptr_type(a.type->elem, GJ_GENERIC));
	return gj_lv_scalar(L, t, gj_e1(L, GJ_BITCAST, t, p));
}
