/* A function of numbers over broadcast operands in device memory: what a launch must know of their shapes and strides. */
#ifndef GJ_BROADCAST_H
#define GJ_BROADCAST_H

#include "core.h"

enum {
	GJ_WALK_OPERANDS = 40,                     /* outputs, mask, inputs */
	GJ_BY_VALUE = 0xff                         /* mask of an operand that is a number */
};

typedef struct gj_operand {
	gj_devptr data;
	int64_t size;                              /* of an element, bytes */
	int     ndim;                              /* as given; 0 of numbers and 0-d arrays */
	const int64_t *shape, *strides;
	int64_t step[GJ_MAX_NDIM];                 /* bytes, by the loop's dimensions; 0 where it is repeated */
	uint8_t varies;                            /* dimensions of the loop along which its elements change, a bit each */
} gj_operand;

/* Operands: outputs, then perhaps a mask, then inputs. Dimensions: the last is the fastest. */
typedef struct gj_walk {
	uint32_t n, nout;
	int ndim;
	int64_t shape[GJ_MAX_NDIM], size;          /* size: of all elements */
	uint8_t order[GJ_MAX_NDIM];                /* dimensions of the broadcast shape, slowest first */
	gj_operand op[GJ_WALK_OPERANDS];
} gj_walk;

/* The shape that operands from `first` on have together. false: they do not fit. */
bool gj_walk_broadcast(gj_walk *, uint32_t first);
/* Steps of operands from `first` on in the broadcast shape. false: operand *bad cannot be stretched to it. */
bool gj_walk_steps(gj_walk *, uint32_t first, uint32_t end, uint32_t *bad);
/* The order in which memory is run along, as operands from `first` on lie; C's where they disagree. */
void gj_walk_order(gj_walk *, uint32_t first);
/* Strides of a new array of the broadcast shape, in that order without gaps. */
void gj_walk_strides(const gj_walk *, int64_t size, int64_t *strides);
/* Merges what lies as one dimension, in the loop's order; ndim ≥ 1 afterwards. */
void gj_walk_collapse(gj_walk *);
/* Does output o lie on another operand, and not on the very same elements? */
bool gj_walk_overlaps(const gj_walk *, uint32_t o);

#endif
