/* The loops of a kernel whose threads are known by their places in the grid (lanes/places.c): planes, rows, and in each row the
 * vectors. No block is seen: a call runs a box of places, and what depends on the row alone is computed once a row. */
#include "emit/cpu/cpu.h"

#include <stddef.h>

/* Places are counted in 32 bits where the launch knows that they fit. */
static gj_t place_type(const gj_unit *u) { return u->opt->facts & GJ_FACT_IDX32 ? u->i32 : u->i64; }

static gj_v bound(gj_gen *g, unsigned field, unsigned at)
{
	unsigned axis = gj_axes_from[gj_lanes_axis(g->u->opt->facts)][at];
	gj_v x = gj_block_field(g, field + 8 * axis, g->u->i64);
	LLVMBasicBlockRef here = gj_here(g);
	gj_at(g, g->entry);
	x = LLVMBuildTrunc(g->b, x, place_type(g->u), "");
	gj_at(g, here);
	return x;
}

/* The head of a loop over the axis at place `at`, entered from block `before`. */
static LLVMBasicBlockRef begin_loop(gj_gen *g, unsigned at, const char *name, LLVMBasicBlockRef before)
{
	gj_v first = bound(g, offsetof(gj_block, place), at);
	LLVMBasicBlockRef head = gj_bb_new(g, name);
	gj_cpu(g)->end[at] = bound(g, offsetof(gj_block, behind), at);
	gj_at(g, head);
	gj_cpu(g)->place[at] = LLVMBuildPhi(g->b, place_type(g->u), "");
	LLVMAddIncoming(gj_cpu(g)->place[at], &first, &before, 1);
	return head;
}

void gj_places_begin(gj_gen *g)
{
	gj_unit *u = g->u;
	gj_cpu_gen *c = gj_cpu(g);
	c->row = begin_loop(g, 2, "plane", c->rounds ? c->rounds : g->entry);
	c->outer = begin_loop(g, 1, "row", c->row);
	c->head = c->loop = begin_loop(g, 0, "warp", c->outer);
	g->exit = gj_bb_new(g, "next");
	gj_at(g, c->head);
	if (u->opt->facts & GJ_FACT_FULL_WARPS) {
		g->all = u->vector ? LLVMConstAllOnes(gj_vec_ty(u, u->i1)) : NULL;
		return;
	}
	gj_v left = LLVMBuildSub(g->b, c->end[0], c->place[0], ""), lanes = LLVMConstInt(LLVMTypeOf(left), u->lanes, 0);
	g->there = gj_icmp(g, LLVMIntUGE, left, lanes);
	left = LLVMBuildTrunc(g->b, gj_select(g, g->there, lanes, left), u->i32, "");
	g->all = gj_icmp(g, LLVMIntULT, gj_steps(u, u->i32, 1), gj_splat(g, left));
}

/* Goes on behind the loop. */
static void end_loop(gj_gen *g, unsigned at, unsigned step, LLVMBasicBlockRef head)
{
	gj_v phi = gj_cpu(g)->place[at], next = LLVMBuildAdd(g->b, phi, LLVMConstInt(LLVMTypeOf(phi), step, 0), "");
	LLVMBasicBlockRef done = gj_bb_new(g, "done"), here = gj_here(g);
	LLVMBuildCondBr(g->b, gj_icmp(g, LLVMIntULT, next, gj_cpu(g)->end[at]), head, done);
	LLVMAddIncoming(phi, &next, &here, 1);
	gj_at(g, done);
}

void gj_places_end(gj_gen *g)
{
	end_loop(g, 0, g->u->lanes, gj_cpu(g)->loop);
	end_loop(g, 1, 1, gj_cpu(g)->outer);
	end_loop(g, 2, 1, gj_cpu(g)->row);
}

gj_v gj_places_number(gj_gen *g)
{
	gj_v from = LLVMBuildSub(g->b, gj_cpu(g)->place[0], LLVMGetIncomingValue(gj_cpu(g)->place[0], 0), "");
	gj_v n = LLVMBuildExactUDiv(g->b, from, LLVMConstInt(LLVMTypeOf(from), g->u->lanes, 0), "");
	return LLVMBuildIntCast2(g->b, n, g->u->i32, 0, "");
}
