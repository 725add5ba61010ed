/* What compiled code reads of the block that it runs for (cpu_abi.h). */
#include "emit/cpu/cpu.h"

#include <stddef.h>

/* What code for blocks of a row of g->threads threads knows: NULL if that is not in the field. */
static gj_v known_field(const gj_gen *g, unsigned offset)
{
	if (offset == offsetof(gj_block, nthreads) || offset == offsetof(gj_block, block_dim))
		return gj_i32(g->u, g->threads);
	bool more = offset == offsetof(gj_block, block_dim) + 4 || offset == offsetof(gj_block, block_dim) + 8;
	return more ? gj_i32(g->u, 1) : NULL;
}

gj_v gj_block_field(gj_gen *g, unsigned offset, gj_t t)
{
	gj_v known = g->threads ? known_field(g, offset) : NULL;
	if (known)
		return known;
	gj_v *memo = &gj_cpu(g)->field[offset / 4];
	if (*memo)
		return *memo;
	LLVMBasicBlockRef here = gj_here(g);
	gj_at(g, g->entry);
	*memo = gj_load(g, t, gj_offset(g, gj_cpu(g)->block, offset), 4);
	gj_at(g, here);
	return *memo;
}

gj_v gj_block_now(gj_gen *g, unsigned offset)
{
	return gj_load(g, g->u->i32, gj_offset(g, gj_cpu(g)->block, offset), 4);
}

gj_v gj_first_warp(const gj_gen *g)
{
	return g->threads ? gj_i32(g->u, 0) : LLVMGetParam(g->fn, LLVMCountParams(g->fn) - 2);
}

gj_v gj_end_of_warps(const gj_gen *g)
{
	return g->threads ? gj_i32(g->u, g->threads / g->u->lanes) : LLVMGetParam(g->fn, LLVMCountParams(g->fn) - 1);
}

gj_v gj_block_own_sums(gj_gen *g)
{
	gj_v own = gj_block_field(g, offsetof(gj_block, own_sums), g->u->i32);
	return gj_icmp(g, LLVMIntNE, own, gj_i32(g->u, 0));
}
