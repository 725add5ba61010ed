/* The names that kernels know (names.def): look-up by dotted name, what stands below a namespace, and the binding of a
 * call's operands to a row's parameters. What a name means to a stage is a table of that stage, in the order of the rows. */
#ifndef GJ_NAMES_H
#define GJ_NAMES_H

#include "base/nearest.h"
#include "ir/ir.h"

enum { GJ_MAX_CALL = 32, GJ_PARAMS_TEXT = 128 };

typedef struct gj_name {
	const char *name;                          /* dotted */
	const char *params;                        /* NULL: not called */
	const char *doc;                           /* one sentence */
	bool space;                                /* a namespace; what is neither that nor called is a value */
} gj_name;

/* How functions of halves do what they do (halves.def). */
typedef enum gj_half_how {
	GJ_HALF_NEAREST, GJ_HALF_ZERO, GJ_HALF_DOWN, GJ_HALF_UP,               /* conversions: they round; other functions: the first */
	GJ_HALF_ALONE,                                                         /* nothing else is computed with it in one rounding */
	GJ_HALF_SATURATED, GJ_HALF_POSITIVE, GJ_HALF_NAN, GJ_HALF_UNORDERED
} gj_half_how;

const gj_name *gj_name_find(const char *dotted);             /* NULL: none */
uint32_t gj_name_index(const gj_name *);                     /* which row of names.def, for tables beside it */
/* The rows directly below a namespace, one after another: the first after NULL; NULL: no more. */
const gj_name *gj_name_next(const char *space, const gj_name *after);
/* Offers what stands directly below it. */
void gj_nearest_offer_below(gj_nearest *, const char *space);
static inline bool gj_name_is_value(const gj_name *row) { return !row->params && !row->space; }
bool gj_is_method(const gj_name *);                          /* its first parameter is what it is called on */
bool gj_is_ufunc(const gj_name *);                           /* its last parameter is `out`, an array */
const char *gj_shown(const char *dotted);                    /* as users write it: without "builtins." */
/* The parameters as Python writes them, without what a method is called on: "shape, dtype, alignment=None". */
void gj_name_params(const gj_name *, char text[GJ_PARAMS_TEXT]);

/* Which parameter slots of the row the operands of a CALL go to: slot[i] = operand index or −1. Fails on a wrong count
 * or keyword. Returns the number of slots. */
uint32_t gj_bind_row(const gj_fn *, const gj_op *call, const gj_name *, const char *name, int slot[GJ_MAX_CALL]);
/* The slot of the parameter of this name; a row without it: one that is always empty. */
uint32_t gj_name_slot(const gj_name *, const char *param);
/* The op in a slot: slot 0 is what a method is called on (x in `x.bit_count()`). */
gj_ref gj_slot_ref(const gj_fn *, const gj_op *call, int slot);

#endif
