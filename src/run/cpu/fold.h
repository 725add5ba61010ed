/* Folding elements that lie one behind the other into one, or into as many others. */
#ifndef GJ_FOLD_H
#define GJ_FOLD_H

#include "run/cpu/fused.h"

/* What elements came to so far. */
typedef struct gj_folded {
	union { double d, pair[2]; float f; uint64_t u; char bytes[16]; } value;        /* pair: real and imaginary part */
	int64_t index;                             /* ARGMIN, ARGMAX: where it was; VAR, STD: how many they were */
	bool any;                                  /* there was an element */
} gj_folded;

/* n elements more, of which the first has this index. float32 is summed up in `d`, complex numbers in `pair`; of VAR and STD `pair` is the
 * mean, and the sum of the squares of how far elements are from it. Pairs (complex128) are to these elements with a weight, 1 or 0. */
void gj_fold_row(gj_fold, uint8_t kind, const void *x, int64_t n, int64_t index, gj_folded *);
/* What two stretches came to, the second behind the first. */
void gj_fold_join(gj_fold, uint8_t kind, gj_folded *, const gj_folded *more);
/* The element to store; of so many, less ddof, VAR and STD are. */
void gj_fold_end(gj_fold, uint8_t kind, const gj_folded *, double ddof, void *out);
/* to[j] and x[j] of n elements; ARGMIN, ARGMAX: at[j] is where to[j] was, x[j] was at more_at[j], or at index. */
void gj_fold_column(gj_fold, uint8_t kind, void *to, int64_t *at, const void *x, const int64_t *more_at, int64_t index, int64_t n);

/* VAR and STD of columns: n means, then as many sums of squares, and of pairs as many sums of weights, which count there. The first elements;
 * those that are the count-th; a elements beside b others; and what is stored of element j. */
void gj_spread_first(uint8_t kind, double *to, const void *x, int64_t n);
void gj_spread_column(uint8_t kind, double *to, const void *x, int64_t count, int64_t n);
void gj_spread_join(uint8_t kind, double *to, int64_t a, const double *more, int64_t b, int64_t n);
void gj_spread_end(gj_fold, uint8_t kind, const double *from, int64_t j, int64_t n, int64_t count, double ddof, void *out);

#endif
