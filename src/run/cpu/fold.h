/* Folding elements that lie one behind the other into one, or into as many others. */
#ifndef GJ_FOLD_H
#define GJ_FOLD_H

#include "run/cpu/fused.h"

/* What elements came to so far. */
typedef struct gj_folded {
	union { double d; float f; uint64_t u; char bytes[8]; } value;
	int64_t index;                             /* ARGMIN, ARGMAX: where it was */
	bool any;                                  /* there was an element */
} gj_folded;

/* n elements more, of which the first has this index. float32 is summed up in `d`. */
void gj_fold_row(gj_fold, uint8_t kind, const void *x, int64_t n, int64_t index, gj_folded *);
/* What two stretches came to, the second behind the first. */
void gj_fold_join(gj_fold, uint8_t kind, gj_folded *, const gj_folded *more);
/* The element to store. */
void gj_fold_end(gj_fold, uint8_t kind, const gj_folded *, void *out);
/* to[j] and x[j] of n elements; ARGMIN, ARGMAX: at[j] is where to[j] was, x[j] was at more_at[j], or at index. */
void gj_fold_column(gj_fold, uint8_t kind, void *to, int64_t *at, const void *x, const int64_t *more_at, int64_t index, int64_t n);

#endif
