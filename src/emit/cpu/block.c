/* What compiled code reads of the block that it runs for (cpu_abi.h). */
#include "emit/cpu/cpu.h"

#include <stddef.h>

gj_v gj_block_field(gj_gen *g, unsigned offset, gj_t t)
{
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

gj_v gj_block_own_sums(gj_gen *g)
{
	gj_v own = gj_block_field(g, offsetof(gj_block, own_sums), g->u->i32);
	return gj_icmp(g, LLVMIntNE, own, gj_i32(g->u, 0));
}
