/* The handlers of ops, and what their files offer each other and the targets. */
#ifndef GJ_OPS_H
#define GJ_OPS_H

#include "emit/values.h"
#include "image/report.h"

/* Those of all machines: OP's is gj_do_op(). */
#define GJ_HANDLERS(X) \
	X(CONST, const) X(PARAM, param) X(UNDEF, undef) X(ADD, add) X(SUB, sub) X(MUL, mul) X(NEG, neg) X(FMA, fma) \
	X(DIV, div) X(FLOORDIV, floordiv) X(MOD, mod) X(POW, pow) X(SHL, shl) X(SHR, shr) X(AND, and) X(OR, or) \
	X(XOR, xor) X(NOT, not) X(ABS, abs) X(MIN, min) X(MAX, max) X(CMP, cmp) X(SELECT, select) X(CVT, cvt) \
	X(BITCAST, bitcast) X(POPC, popc) X(CLZ, clz) X(FFS, ffs) X(BREV, brev) X(ISNAN, isnan) X(ISINF, isinf) \
	X(ISFINITE, isfinite) X(MATH, math) X(LIBCALL, libcall) X(ELEM, elem) X(BYTES, bytes) X(PTRCAST, ptrcast) X(LOCALMEM, localmem) \
	X(CONSTMEM, constmem) X(ADDRESS, address) X(LOAD, load) X(STORE, store) X(ATOMIC, atomic) X(SLOT, slot) X(GET, get) X(SET, set) \
	X(ALLLANES, alllanes) X(ANY, any) X(ALL, all) X(ANDMASK, andmask) X(ANDNOT, andnot) X(FCALL, fcall) X(RESULT, result) \
	X(NOP, nop) X(BOUNDS, bounds) X(REPORT, report) X(PRINT, print) X(EXTERN, extern) X(STORED, stored)
#define X(op, name) gj_emit_op gj_do_##name;
GJ_HANDLERS(X)
#undef X

/* accesses.c: what an access through the pointer operand of an op may rely on, of items of this size; a value as memory has it, where a
 * bool is a byte; llvm.masked.*, whose operand `at` is the pointer; the load, of zeros in lanes that are off; the store. */
unsigned gj_align_of(const gj_gen *, const gj_op *, unsigned size);
gj_v gj_to_memory(gj_gen *, const gj_type *, gj_v);
gj_v gj_masked(gj_gen *, gj_llvm_intrin, gj_v *arg, unsigned n, unsigned at, gj_t vec, unsigned align);
gj_v gj_masked_load(gj_gen *, gj_v from, gj_v mask, gj_t, unsigned align);
void gj_masked_store(gj_gen *, gj_v x, gj_v to, gj_v mask, unsigned align);
/* Are masks registers of their own (AVX-512), of which each piece is at hand? Elsewhere they are vectors, as wide as what they are for. */
static inline bool gj_has_masks(const gj_unit *u) { return u->register_bytes == 64; }

/* interleaved.c: an access of items that lie between those of others, made together with these. NULL, false: by itself. The load as
 * a vector of type t. */
gj_v gj_interleaved_load(gj_gen *, const gj_op *, gj_t t, gj_v mask);
bool gj_interleaved_store(gj_gen *, const gj_op *, gj_v mask);

gj_v gj_any_lane(gj_gen *, gj_ref mask);      /* i1: is a lane on; mask 0: all that exist */
gj_v gj_lanes_below(gj_gen *, gj_ref mask);    /* how many lanes are on, of a mask that says `below a bound`; NULL: another */
bool gj_one_lane(const gj_gen *, gj_ref mask);     /* is it of one lane at most, for sure */
gj_v gj_all_lanes(gj_gen *, gj_ref mask);      /* i1: are all lanes on; NULL: that takes more than a comparison */
gj_v gj_cvt(gj_gen *, gj_v a, const gj_type *from, const gj_type *to);     /* CVT */

/* half.c: floats of 16 bits, which are integers to LLVM. */
gj_v gj_own_half(gj_gen *, gj_v bits, const gj_type *);        /* as LLVM's own type, and back */
gj_v gj_half_of_own(gj_gen *, gj_v);
gj_v gj_widen_half(gj_gen *, gj_v bits, const gj_type *);      /* as float32 */
gj_v gj_to_half(gj_gen *, gj_v, const gj_type *from, const gj_type *to);   /* of any number, rounded once */
gj_v gj_add_halves(gj_gen *, gj_v a, gj_v b, const gj_type *);

/* Python's integer division: quotient and remainder; either may be NULL. */
void gj_divmod(gj_gen *, const gj_op *, gj_v *q, gj_v *r);
gj_v gj_fmod(gj_gen *, gj_v a, gj_v b);        /* exact; sign of a */
gj_v gj_frexp(gj_gen *, gj_v a, gj_v *exponent);      /* mantissa; *exponent i32 */
gj_v gj_ldexp(gj_gen *, gj_v a, gj_v n);       /* n: i32 */
/* The comparison o of two values of its operands' types. */
gj_v gj_compare(gj_gen *, const gj_op *o, gj_v a, gj_v b);
/* Atomic between the threads of the device; relaxed. CMPXCHG: the old value and whether it was taken. */
gj_v gj_atomic_rmw(gj_gen *, LLVMAtomicRMWBinOp, gj_v ptr, gj_v x);
gj_v gj_atomic_cmpxchg(gj_gen *, gj_v ptr, gj_v expected, gj_v x);
/* Old value of *ptr after one scalar atomic operation. `local`: no other thread can touch it meanwhile. */
gj_v gj_atomic_one(gj_gen *, const gj_op *, gj_v ptr, gj_v b, gj_v c, bool local);
gj_v gj_math_row(gj_gen *, const gj_op *, int row, const gj_v *arg, unsigned n);
typedef struct gj_math_info { const char *stem, *fast, *llvm; bool libmvec; } gj_math_info;
extern const gj_math_info gj_math_info_of[];   /* by row */

/* checks.c: value r of the lane, as 64 bits, floats as float64; lane NULL: there is one. */
gj_v gj_of_lane(gj_gen *, gj_ref, gj_v lane);
gj_v gj_never_back(gj_gen *);

/* exceptions.c: where users are told of floating-point exceptions. */
/* Operand x of an op that may raise some, which must not where the op is not run: idle lanes get a harmless value. */
gj_v gj_idle_apart(gj_gen *, const gj_op *, gj_v x);
/* Integers: raises the exception if a divisor is zero. */
void gj_divided_by_zero(gj_gen *, const gj_op *, gj_v is_zero);
/* Floats: raises the exception of an op that is not defined for operands that are not `valid`, unless one is NaN. */
void gj_invalid_operands(gj_gen *, const gj_op *, gj_v valid, gj_v a, gj_v b);

#endif
