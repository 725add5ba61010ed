/* A function of arrays for each outer element, on the CPU: the loop of a generalised ufunc, as NumPy calls it. */
#ifndef GJ_ROWS_H
#define GJ_ROWS_H

#include "run/cpu/elementwise.h"

enum { GJ_NO_DIM = 255 };                      /* a core dimension of one item that layouts do not have: an output () */

/* An operand as the function sees it: a number (ndim 0), or an array whose dimensions have the extents dim[…] of the call. */
typedef struct gj_rows_operand {
	uint8_t size;                              /* bytes of an item */
	uint8_t ndim, dim[GJ_MAX_NDIM];
	bool    written;
} gj_rows_operand;

/* One set of operand types. */
typedef struct gj_rows gj_rows;
struct gj_rows {
	uint32_t nargs;
	gj_rows_operand op[GJ_MAX_OPERANDS];
	bool     hosted;                           /* kernels are functions for the host of all outer elements at once: arrays of a dimension more */
	bool     parallel;                         /* the outer elements of big loops go to all threads of the pool */
	_Atomic uint64_t ps_item;                  /* picoseconds that an item of an operand took lately; 0: not known */
	/* The kernel for operands whose arrays are C-contiguous, or for any; `alone`: nothing written overlaps another operand; lanes: as
	 * many are wished for (8, 16 or 32), to share out loops of an outer element; 0: none. Without the GIL. NULL: it cannot be made,
	 * and the owner knows why. */
	const gj_element_kernel *(*kernel)(gj_rows *, bool contiguous, bool alone, uint32_t lanes);
	void    *owner;
};

/* Calls the function for n outer elements: `sizes` are the extents of the core dimensions, `steps` the operands' steps from
 * one outer element to the next, `strides` those of each operand's core dimensions, operand after operand, all in bytes. Gives the
 * floating-point exceptions (FE_…) that were raised, −1 where there was no kernel or the thread was interrupted, −2 where the
 * function has raised what *failure says. */
int gj_rows_run(gj_rows *, char *const *args, int64_t n, const int64_t *sizes, const int64_t *steps, const int64_t *strides, gj_loop_failure *);

#endif
