/* Types of cuda.fp16 and cuda.bf16. */
#include "infer/infer.h"

static void check_numbers(const gj_icall *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		gj_arg_number(c, i);
}

gj_known gj_infer_half(gj_icall *c)
{
	check_numbers(c);
	return gj_just(gj_scalar[c->arg & 255]);
}

gj_known gj_infer_half_test(gj_icall *c)
{
	check_numbers(c);
	return gj_just(gj_scalar[GJ_BOOL]);
}

gj_known gj_infer_half_sign(gj_icall *c)
{
	check_numbers(c);
	return gj_just(gj_scalar[GJ_I32]);
}

gj_known gj_infer_half_to(gj_icall *c)
{
	check_numbers(c);
	return gj_just(gj_scalar[c->arg >> 8 & 255]);
}
