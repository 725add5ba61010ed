/* Fused functions on the CPU: one loop over positions of an array of any dimensions, whose elements are stored or reduced. */
#ifndef GJ_FUSED_H
#define GJ_FUSED_H

#include "run/cpu/elementwise.h"

enum { GJ_MAX_LOOPS = 6 };

typedef enum gj_fold { GJ_FOLD_NONE, GJ_FOLD_SUM, GJ_FOLD_PROD, GJ_FOLD_MIN, GJ_FOLD_MAX, GJ_FOLD_VAR, GJ_FOLD_STD, GJ_FOLD_ARGMIN,
	GJ_FOLD_ARGMAX } gj_fold;

typedef struct gj_fused_operand {
	char   *at;
	int64_t stride[GJ_MAX_LOOPS];              /* bytes; outputs: 0 along reduced dimensions */
	uint32_t size;                             /* bytes of an element as the kernel reads or writes it */
	uint8_t fold, kind;                        /* outputs: what becomes of the elements, which are of that gj_kind */
	double ddof;                               /* VAR, STD: of so many fewer */
} gj_fused_operand;

/* One run: the inputs, then the outputs, which are all stored or all reduced along the same dimensions. */
typedef struct gj_fused {
	uint32_t nin, nargs, ndim;
	int64_t  shape[GJ_MAX_LOOPS];
	bool     reduced[GJ_MAX_LOOPS];
	int64_t  together;                         /* rows of the innermost dimension that are computed as one, because they are short */
	uint64_t scalars;                          /* inputs that are one value for each run of the innermost loop */
	gj_fused_operand op[GJ_MAX_OPERANDS];
	const gj_element_kernel *kernel, *streamed;        /* made for those scalars; streamed: NULL where outputs are to stay in the caches */
} gj_fused;

/* Puts the dimensions into the order of memory, joins those that are one, and sets scalars. */
void gj_fused_plan(gj_fused *);
/* After that: is what it stores too much for the caches? */
bool gj_fused_streams(const gj_fused *);
/* Runs it on all threads of the CPU device. Nothing is reduced to less than one element. False: no memory, or an element has raised; *failure
 * says which, and what. */
bool gj_fused_run(gj_fused *, gj_loop_failure *failure);

#endif
