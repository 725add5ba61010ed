/* Shared between the files of typing rules: what a scalar asks of a common floating type. Private to src/types. */
#ifndef GJ_RULES_H
#define GJ_RULES_H

#include "types/type.h"

/* The floating types by how much they hold: 0 none, 1 float16 or bfloat16, 2 float32, 3 float64. */
typedef int gj_rank;

static inline const gj_type *gj_rank_float(gj_rank r)   { return gj_scalar[GJ_F16 + r - 1]; }
static inline const gj_type *gj_rank_complex(gj_rank r) { return gj_scalar[r > 2 ? GJ_C128 : GJ_C64]; }
static inline gj_rank gj_rank_max(gj_rank a, gj_rank b) { return a > b ? a : b; }

/* Rank of a floating type, of the parts of a complex one; 0 for the others. */
gj_rank gj_rank_inexact(const gj_type *);
/* The float that holds every value of an integer type, as numba sees it when it picks an overload: 8 bits (unsigned: 0)
 * fit float16, 16 bits (unsigned: 8) float32, more take float64. Floats ask for themselves. */
gj_rank gj_rank_exact(const gj_type *);
/* The same by size alone, as numba unifies: 8 bits with float16, 16 with float32. */
gj_rank gj_rank_sized(const gj_type *);
/* The floating or complex type, of at least rank `least`, that holds a and b (NULL: only a) if each asks for what `rank` says. Beside
 * bfloat16 ml_dtypes' promotion decides: bool and 8 bits fit it, float16 and 16 bits take float32, larger integers float64 (where
 * `rank` counts integers at all). */
const gj_type *gj_inexact_of(const gj_type *a, const gj_type *b, gj_rank (*rank)(const gj_type *), gj_rank least);
/* Common type of two integers (or bool): signed against unsigned goes to the next larger signed type, past 64 bits to
 * float64. */
const gj_type *gj_common_int(const gj_type *a, const gj_type *b);

static inline bool gj_is_intbool(const gj_type *t) { return t->kind <= GJ_U64; }
static inline void gj_give(const gj_type **out, const gj_type *t) { if (out) *out = t; }

#endif
