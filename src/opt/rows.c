/* A CPU that runs threads one by one leaves it to LLVM to make vectors of them, which no check of bounds may stand in the way of. So
 * the threads of a row of a block become a loop of the kernel's own, and checks are made before it as before any other (loop_bounds.c):
 *
 *     thread t of the row:          for t in range(threads whose checks hold not yet): body(t)
 *         body(t)              →    for t in range(…, those whose checks hold):        body(t), which checks nothing
 *                                   for t in range(…, the row's end):                  body(t)
 *
 * The order of threads stays, and each that can fail makes its checks itself. Kernels with loops are left as they are: LLVM makes vectors
 * of innermost loops, and those have their checks before them already. */
#include "opt/opt.h"

static bool fits(const gj_fn *f)
{
	bool checks = false;
	if (f->entry->runner != GJ_RUN_LAUNCH || f->barriers || f->waits || f->callee.n || f->round_index || f->part || f->loops.n > 1)
		return false;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		bool ends = o->op == GJ_JUMP || o->op == GJ_BRANCH || o->op == GJ_RETURN || o->op == GJ_RAISE;
		if (gj_op_is(o, GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP | GJ_F_LANES) || (gj_op_is(o, GJ_F_TERM) && !ends)
		    || (o->op == GJ_SREG && (o->imm.i == GJ_LANEID || o->imm.i == GJ_WARPID || o->imm.i == GJ_LANEMASK_LT)))
			return false;
		checks |= o->op == GJ_BOUNDS;
	}
	return checks;
}

/* What was there is done by thread t, and comes to `next`. */
static void be_thread(gj_fn *f, gj_ref t, uint32_t next)
{
	GJ_ALL_BLOCKS(f, b) GJ_EACH_OP_OF(f, b, r) {
		gj_op *o = gj_o(f, r);
		for (uint32_t k = 0; k < o->nargs; k++)
			if (gj_o(f, o->arg[k])->op == GJ_SREG && gj_o(f, o->arg[k])->imm.i == GJ_TID_X)
				o->arg[k] = t;
		if (o->op == GJ_RETURN || o->op == GJ_RAISE) {
			o->op = GJ_JUMP;
			o->nargs = 0;
			o->imm.i = 0;
			gj_link(f, b, next);
		}
	}
}

bool gj_run_rows(gj_fn *f)
{
	if (!fits(f))
		return false;
	uint32_t next = gj_block_new(f), body = gj_split_block(f, 0, 0);
	gj_ref n = gj_emit(f, 0, GJ_SREG, gj_scalar[GJ_I32], 0, 0, NULL);
	gj_o(f, n)->imm.i = GJ_NTID_X;
	gj_o(f, n)->flags = GJ_NONNEG;
	gj_counted loop = gj_count_loop(f, 0, gj_scalar[GJ_I32]);
	be_thread(f, loop.i, next);
	gj_count_rounds(f, &loop, n, body, next);
	gj_emit(f, loop.done, GJ_RETURN, NULL, 0, 0, NULL);
	f->rows = true;
	gj_cfg(f);
	gj_check_before_row(f, loop.head);
	return true;
}
