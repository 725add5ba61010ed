/* Addresses of elements. */
#include "lower/lower.h"

static bool narrow(const gj_lower *L) { return L->M->options->facts & GJ_FACT_IDX32; }

/* Index arithmetic runs in 32 bits where the launch knows that it fits: an index out of that range is out of bounds. */
static gj_ref index_width(gj_lower *L, gj_ref r)
{
	if (narrow(L)) {
		r = gj_ecast(L, r, gj_scalar[GJ_I32]);
		gj_o(L->fn, r)->flags |= GJ_NSW;                                       /* the number fits */
	}
	return r;
}

gj_ref gj_lwrap_index(gj_lower *L, gj_ref i, gj_ref n)
{
	const gj_type *t = gj_o(L->fn, i)->type;
	const gj_op *o = gj_o(L->fn, i);
	if (gj_is_float(t) || gj_is_bool(t) || gj_is_unsigned(t))
		return gj_ecast(L, i, gj_i64());
	if (o->op == GJ_CONST && o->imm.i >= 0)
		return gj_eint(L, gj_i64(), o->imm.i);
	i = gj_ecast(L, i, gj_i64());
	gj_ref low = gj_ecmp(L, GJ_CMP_LT, i, gj_eint(L, gj_i64(), 0));
	i = gj_e3(L, GJ_SELECT, gj_i64(), low, gj_eindex(L, GJ_ADD, i, n), i);
	gj_o(L->fn, i)->flags |= GJ_WRAP;
	return i;
}

gj_ref gj_lat(gj_lower *L, gj_lv a, const gj_ref *at, char layout, gj_ref address)
{
	gj_ref arg[2 * GJ_MAX_NDIM + 2] = { a.part[0] }, step[GJ_MAX_NDIM];
	uint32_t n = 0;
	if (!L->M->options->spread && !L->M->options->parallel)
		return address;
	for (uint32_t d = 0; d < a.type->ndim; d++)
		if (at[d]) {
			step[n] = layout == 'A' ? gj_stride(a, d) : gj_extent(a, d);
			arg[++n] = at[d];
		}
	for (uint32_t i = 0; i < n; i++)
		arg[1 + n + i] = step[i];
	arg[1 + 2 * n] = address;
	gj_ref r = gj_e(L, GJ_AT, gj_o(L->fn, address)->type, 2 * n + 2, arg);
	gj_o(L->fn, r)->sub = (uint8_t)layout;
	return r;
}

gj_ref gj_lbyte_offset(gj_lower *L, gj_lv a, const gj_ref *at)
{
	gj_ref off = 0;
	for (uint32_t d = 0; d < a.type->ndim; d++) {
		if (!at[d])
			continue;
		gj_ref x = gj_eindex(L, GJ_MUL, index_width(L, at[d]), index_width(L, gj_stride(a, d)));
		off = off ? gj_eindex(L, GJ_ADD, off, x) : x;
	}
	return off;
}

gj_ref gj_lelement(gj_lower *L, gj_lv a, const gj_ref *at)
{
	const gj_type *ptr = gj_o(L->fn, a.part[0])->type;
	uint32_t n = a.type->ndim;
	if (n == 0)
		return a.part[0];
	if (a.type->layout == 'A')
		return gj_lat(L, a, at, 'A', gj_e2(L, GJ_BYTES, ptr, a.part[0], gj_lbyte_offset(L, a, at)));
	bool f = a.type->layout == 'F';
	gj_ref lin = 0, step = 0;
	for (uint32_t k = 0; k < n; k++) {                                         /* from the innermost: steps are products of extents */
		uint32_t d = f ? k : n - 1 - k;
		gj_ref x = index_width(L, at[d]), size = index_width(L, gj_extent(a, d));
		x = step ? gj_eindex(L, GJ_MUL, x, step) : x;
		lin = lin ? gj_eindex(L, GJ_ADD, lin, x) : x;
		step = step ? gj_eindex(L, GJ_MUL, step, size) : size;
	}
	return gj_lat(L, a, at, a.type->layout, gj_e2(L, GJ_ELEM, ptr, a.part[0], lin));
}

gj_ref gj_laddress(gj_lower *L, gj_lv a, gj_lv index, const char *name)
{
	gj_ref at[GJ_MAX_NDIM];
	if (a.type->kind == GJ_PTR)
		return gj_e2(L, GJ_ELEM, a.type, a.part[0], gj_ecast(L, index.part[0], gj_i64()));
	for (uint32_t d = 0; d < a.type->ndim; d++)
		at[d] = gj_lwrap_index(L, index.part[d], gj_extent(a, d));
	gj_lcheck_index(L, a, at, name);
	return gj_lelement(L, a, at);
}
