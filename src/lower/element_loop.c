/* The loops of ufuncs: thread i has element i of each operand. A number among the arguments is read there, an array (of
 * generalised ufuncs) lies there, and numbers that the function returns are written there, the outputs' leaves after the
 * arguments'. */
#include "lower/lower.h"

/* Where this thread's element of an operand is. */
static gj_ref address(gj_lower *L, uint32_t leaf, const gj_type *t)
{
	const gj_type *i32 = gj_scalar[GJ_I32], *i64 = gj_scalar[GJ_I64], *elem = t->kind == GJ_ARRAY ? t->elem : t;
	const gj_type *ptr = gj_ptr_type(elem, GJ_GLOBAL);
	gj_ref index = gj_e(L, GJ_SREG, i32, 0, NULL);
	gj_o(L->fn, index)->imm.i = L->M->options->spread ? GJ_WARPID : GJ_TID_X;
	gj_ref data = gj_lparameter(L, (gj_fnparam){ .leaf = leaf, .field = GJ_FIELD_DATA }, ptr);
	if (t->kind != GJ_ARRAY && !L->M->options->strided)
		return gj_e2(L, GJ_ELEM, ptr, data, index);
	gj_ref step = gj_lparameter(L, (gj_fnparam){ .leaf = leaf, .field = GJ_FIELD_STEP }, i64);
	return gj_e2(L, GJ_BYTES, ptr, data, gj_eindex(L, GJ_MUL, gj_ecast(L, index, i64), step));
}

gj_lv gj_lelement_argument(gj_lower *L, const gj_type *t, uint32_t *leaf)
{
	uint32_t l = (*leaf)++;
	if (t->kind == GJ_ARRAY)
		return gj_larray_argument(L, t, l, address(L, l, t));
	const gj_type *elem = gj_element_of(t);
	bool same = l < 32 && L->M->options->scalars >> l & 1;
	gj_lv v = same ? gj_lvalue_argument(L, elem, l) : gj_lload(L, address(L, l, elem), elem);
	return (gj_lv){ t, NULL, v.part };
}

/* Output `number` of v, if it is wanted. */
static void store(gj_lower *L, gj_lv v, uint32_t number, uint32_t *leaf)
{
	const gj_type *t = gj_element_of(v.type);
	gj_ref first = L->fn->op.n;
	if (L->fn->entry->results == GJ_RESULTS_ELEMENTS || L->M->options->outputs >> number & 1)
		gj_lstore(L, address(L, (*leaf)++, t), (gj_lv){ t, NULL, v.part }, t);
	for (gj_ref r = first; L->M->options->streamed && r < L->fn->op.n; r++)
		if (gj_o(L->fn, r)->op == GJ_STORE)
			gj_o(L->fn, r)->sub = GJ_HINT_PAST;
}

void gj_lelement_results(gj_lower *L, gj_lv v, uint32_t leaf)
{
	uint32_t n = v.type->kind == GJ_TUPLE ? v.type->n : 1, number = 0;
	for (uint32_t i = 0; i < n; i++) {
		gj_lv x = v.type->kind == GJ_TUPLE ? gj_lv_item(L, v, i) : v;
		bool reduced = x.type->kind == GJ_REDUCED;
		for (uint32_t k = 0; k < (reduced ? x.type->n : 1); k++)
			store(L, reduced ? gj_lv_item(L, x, k) : x, number++, &leaf);
	}
}

void gj_lelement_check(gj_lower *L, gj_ref first)
{
	for (gj_ref r = first; r < L->fn->op.n; r++) {
		const gj_op *o = gj_o(L->fn, r);
		if ((o->op == GJ_SREG && o->imm.i != GJ_THREAD_ID && o->imm.i != GJ_THREADS) || o->op == GJ_SHAREDMEM || gj_op_is(o, GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP))
			gj_fail(L->fn, o->loc, gj_entries[L->M->options->entry].runner == GJ_RUN_CALL ? GJ_ERR_HOST_THREADS : GJ_ERR_UFUNC_THREADS);
	}
}
