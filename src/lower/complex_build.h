/* Complex numbers while lowering: two floats of one type, and short names for building with them. Private to complex.c
 * and complex_math.c. */
#ifndef GJ_COMPLEX_BUILD_H
#define GJ_COMPLEX_BUILD_H

#include "lower/lower.h"

typedef struct gj_cx { gj_ref re, im; } gj_cx;

/* Where to build, and the type of the parts. */
typedef struct gj_cbuild { gj_lower *L; const gj_type *t; } gj_cbuild;

static inline gj_ref gj_cop(const gj_cbuild *k, gj_opcode op, gj_ref a, gj_ref b) { return gj_e2(k->L, op, k->t, a, b); }
static inline gj_ref gj_cadd(const gj_cbuild *k, gj_ref a, gj_ref b) { return gj_cop(k, GJ_ADD, a, b); }
static inline gj_ref gj_csub(const gj_cbuild *k, gj_ref a, gj_ref b) { return gj_cop(k, GJ_SUB, a, b); }
static inline gj_ref gj_cmul(const gj_cbuild *k, gj_ref a, gj_ref b) { return gj_cop(k, GJ_MUL, a, b); }
static inline gj_ref gj_cdiv(const gj_cbuild *k, gj_ref a, gj_ref b) { return gj_cop(k, GJ_DIV, a, b); }
static inline gj_ref gj_cneg(const gj_cbuild *k, gj_ref a) { return gj_e1(k->L, GJ_NEG, k->t, a); }
static inline gj_ref gj_cmag(const gj_cbuild *k, gj_ref a) { return gj_e1(k->L, GJ_ABS, k->t, a); }
static inline gj_ref gj_cnum(const gj_cbuild *k, double x) { return gj_eflt(k->L, k->t, x); }
static inline gj_ref gj_cpick(const gj_cbuild *k, gj_ref c, gj_ref yes, gj_ref no) { return gj_e3(k->L, GJ_SELECT, k->t, c, yes, no); }
static inline gj_ref gj_cand(const gj_cbuild *k, gj_ref a, gj_ref b) { return gj_e2(k->L, GJ_AND, gj_bool(), a, b); }
static inline gj_ref gj_cor(const gj_cbuild *k, gj_ref a, gj_ref b) { return gj_e2(k->L, GJ_OR, gj_bool(), a, b); }
static inline gj_ref gj_cnot(const gj_cbuild *k, gj_ref a) { return gj_e1(k->L, GJ_NOT, gj_bool(), a); }
static inline gj_ref gj_ctest(const gj_cbuild *k, gj_opcode op, gj_ref a) { return gj_e1(k->L, op, gj_bool(), a); }
/* Is a < x, and so on, for a constant x? */
static inline gj_ref gj_cis(const gj_cbuild *k, gj_cmpop op, gj_ref a, double x) { return gj_ecmp(k->L, op, a, gj_cnum(k, x)); }

/* complex_math.c */
gj_ref gj_cx_function(const gj_cbuild *, gj_math, uint32_t n, const gj_ref *);     /* of floats */
gj_ref gj_cx_abs(const gj_cbuild *, gj_cx);
gj_ref gj_cx_angle(const gj_cbuild *, gj_cx);
gj_cx  gj_cx_power(const gj_cbuild *, gj_cx base, gj_cx exponent);
gj_cx  gj_cx_rect(const gj_cbuild *, gj_ref r, gj_ref phi);
/* A function of one argument; `id` is a row of math.def. */
gj_cx  gj_cx_math(const gj_cbuild *, gj_math id, gj_cx);

#endif
