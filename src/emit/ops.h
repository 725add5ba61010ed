/* The handlers of ops, and what their files offer each other and the targets. */
#ifndef GJ_OPS_H
#define GJ_OPS_H

#include "emit/values.h"

#define GJ_HANDLERS(X) \
	X(const) X(param) X(undef) X(add) X(sub) X(mul) X(neg) X(fma) X(div) X(floordiv) X(mod) X(pow) X(shl) \
	X(shr) X(and) X(or) X(xor) X(not) X(abs) X(min) X(max) X(cmp) X(select) X(cvt) X(bitcast) X(popc) X(clz) \
	X(ffs) X(brev) X(isnan) X(isinf) X(isfinite) X(math) X(elem) X(bytes) X(ptrcast) X(localmem) X(constmem) \
	X(load) X(store) X(atomic) X(slot) X(get) X(set) X(alllanes) X(any) X(andmask) X(andnot) X(fcall) X(result) \
	X(nop)
#define X(name) gj_emit_op gj_do_##name;
GJ_HANDLERS(X)
#undef X

gj_v gj_all_lanes(gj_gen *, gj_ref mask);      /* i1: are all lanes on; NULL: that takes more than a comparison */
gj_v gj_cvt(gj_gen *, gj_v a, const gj_type *from, const gj_type *to);     /* CVT */
/* Python's integer division: quotient and remainder; either may be NULL. */
void gj_divmod(gj_gen *, const gj_op *, gj_v *q, gj_v *r);
gj_v gj_fmod(gj_gen *, gj_v a, gj_v b);        /* exact; sign of a */
gj_v gj_frexp(gj_gen *, gj_v a, gj_v *exponent);      /* mantissa; *exponent i32 */
gj_v gj_ldexp(gj_gen *, gj_v a, gj_v n);       /* n: i32 */
/* The comparison o of two values of its operands' types. */
gj_v gj_compare(gj_gen *, const gj_op *o, gj_v a, gj_v b);
/* Old value of *ptr after one scalar atomic operation. `local`: no other thread can touch it meanwhile. */
gj_v gj_atomic_one(gj_gen *, const gj_op *, gj_v ptr, gj_v b, gj_v c, bool local);
gj_v gj_math_row(gj_gen *, const gj_op *, int row, const gj_v *arg, unsigned n);
typedef struct gj_math_info { const char *stem, *fast, *llvm; bool libmvec; } gj_math_info;
extern const gj_math_info gj_math_info_of[];   /* by row */

#endif
