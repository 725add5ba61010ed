/* Loops over the grid, on the CPU: what the files that turn them into something else share. grid_while.c gives them one form, grid_rounds.c
 * makes a kernel of one round, or of the part of a kernel that is such a loop, grid_nest.c a larger grid. */
#ifndef GJ_GRID_H
#define GJ_GRID_H

#include "opt/opt.h"

/* A kernel whose blocks have nothing to do with each other, all in one function. */
bool gj_is_plain_kernel(const gj_fn *);

/* What a launch can do once more in each round: simple arithmetic, and loads of what the kernel does not write. */
bool gj_can_repeat(const gj_fn *, const gj_op *);

/* What threads do together, or that ends one of them. */
bool gj_meets(const gj_op *);

/* Is `start` a constant behind the thread's place in the grid along the axis? How far. */
bool gj_grid_start(const gj_fn *, gj_ref start, int axis, int64_t *offset);

/* The same number, if in other types. */
gj_ref gj_same_number(const gj_fn *, gj_ref);

/* What loops have become is simplified. */
void gj_grid_tidy(gj_fn *);

#endif
