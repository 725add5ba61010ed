/* What a function for the host returns: its parts, one after the other where the caller says, 8 bytes each. */
#include "lower/lower.h"

void gj_lhost_results(gj_lower *L, gj_lv v, uint32_t leaf)
{
	uint32_t n = gj_parts(v.type);
	if (!n)
		return;
	gj_ref out = gj_lparameter(L, (gj_fnparam){ .leaf = leaf, .field = GJ_FIELD_DATA }, gj_ptr_type(gj_i64(), GJ_GLOBAL));
	for (uint32_t i = 0; i < n; i++) {
		const gj_type *t = gj_part_of(v.type, i).type;
		bool address = t->kind == GJ_PTR;
		gj_ref x = address ? gj_e1(L, GJ_BITCAST, gj_i64(), v.part[i]) : v.part[i];
		t = address ? gj_i64() : t;
		gj_e2(L, GJ_STORE, NULL, gj_e2(L, GJ_BYTES, gj_ptr_type(t, GJ_GLOBAL), out, gj_eint(L, gj_i64(), 8 * (int64_t)i)), x);
	}
}
