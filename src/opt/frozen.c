/* Limits of the arrays that are frozen into a kernel. */
#include "opt/opt.h"

void gj_check_frozen(const gj_fn *f)
{
	GJ_VEC(const gj_obj *) seen = { 0 };
	uint64_t total = 0;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		bool new = o->op == GJ_CONSTMEM;
		for (uint32_t j = 0; new && j < seen.n; j++)
			new = seen.p[j] != o->imm.obj;
		if (!new)
			continue;
		uint64_t bytes = o->imm.obj->type->elem->size;
		for (uint8_t d = 0; d < o->imm.obj->type->ndim; d++)
			bytes *= (uint64_t)o->imm.obj->shape[d];
		gj_push(f->arena, &seen, o->imm.obj);
		if (bytes > GJ_MAX_FROZEN || (total += bytes) > GJ_MAX_FROZEN)
			gj_fail(f, o->loc, GJ_ERR_CONST_TOO_LARGE, (unsigned long long)(bytes > total ? bytes : total) >> 20,
				GJ_MAX_FROZEN >> 20);
	}
}
