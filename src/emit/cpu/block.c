/* What compiled code reads of the block that it runs for (cpu_abi.h). */
#include "emit/cpu/cpu.h"

gj_v gj_block_field(gj_gen *g, unsigned offset, gj_t t)
{
	gj_v *memo = &g->field[offset / 4];
	if (*memo)
		return *memo;
	LLVMBasicBlockRef here = gj_here(g);
	gj_at(g, g->entry);
	*memo = gj_load(g, t, gj_offset(g, g->block, offset), 4);
	gj_at(g, here);
	return *memo;
}

gj_v gj_block_now(gj_gen *g, unsigned offset)
{
	return gj_load(g, g->u->i32, gj_offset(g, g->block, offset), 4);
}
