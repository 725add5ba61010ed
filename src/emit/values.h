/* Making values (values.c): what every handler of an op is written with, at either width. */
#ifndef GJ_VALUES_H
#define GJ_VALUES_H

#include "emit/gen.h"
#include "emit/llvm.h"

/* Types: of a value, at the form asked for, of a value in memory (bool is a byte). */
gj_t gj_ty(const gj_unit *, const gj_type *);
gj_t gj_tyw(const gj_gen *, const gj_type *);
gj_t gj_bits_ty(const gj_unit *, gj_t);       /* the integer that a number's bits are, or a vector's of numbers */
gj_v gj_inline_asm(gj_t, const char *text, const char *constraints, bool effects);    /* assembly as a function of this type */
gj_t gj_mem_ty(const gj_unit *, const gj_type *);
gj_t gj_vec_ty(const gj_unit *, gj_t scalar);
gj_t gj_elem_ty(gj_t);                         /* the lane type of a vector, or the type itself */
bool gj_is_vec(gj_t);
gj_t gj_like(gj_t shape, gj_t scalar);         /* scalar, as a vector where shape is one */

/* Constants of scalar or vector type. */
gj_v gj_kint(gj_t, uint64_t);
gj_v gj_kfp(gj_t, double);
gj_v gj_i32(const gj_unit *, uint32_t);
gj_v gj_steps(const gj_unit *, gj_t int_type, int64_t stride);  /* <0, stride, 2·stride, …> */

/* Operand i of o, in the form asked for; the scalar or the vector of a value. */
gj_v gj_arg(gj_gen *, const gj_op *o, unsigned i);
gj_v gj_sc(gj_gen *, gj_ref);
gj_v gj_vec(gj_gen *, gj_ref);
gj_v gj_splat(gj_gen *, gj_v scalar);
const gj_type *gj_arg_type(const gj_gen *, const gj_op *o, unsigned i);
/* Is the value one scalar for all lanes? */
bool gj_uniform(const gj_gen *, gj_ref);

/* Bytes of the registers that a function's vectors lie in. NumPy's arrays are aligned to 16 bytes, and accesses of 64 then all cross lines:
 * functions that are streams keep to 32. */
unsigned gj_register_bytes(const gj_unit *, const gj_fn *);

/* Masks. */
gj_v gj_mask_of(gj_gen *, const gj_op *);      /* vector of i1: lanes that run the op */
/* Lanes from … from + n − 1 of x; y != NULL: of x and y one after the other. */
gj_v gj_lanes_of(gj_gen *, gj_v x, gj_v y, unsigned from, unsigned n);
gj_v gj_joined(gj_gen *, gj_v *part, unsigned count);     /* vectors of one length, a power of two of them; part[] is used up */
bool gj_is_all(gj_v mask);                     /* is it the constant of all lanes */
gj_v gj_lane_bits(gj_gen *, gj_v mask);             /* i32, a bit a lane */
gj_v gj_any(gj_gen *, gj_v cond);              /* i1: some lane of a vector; a scalar is returned as it is */

/* Control flow in the middle of an op. */
LLVMBasicBlockRef gj_bb_new(gj_gen *, const char *name);
void gj_at(gj_gen *, LLVMBasicBlockRef);
LLVMBasicBlockRef gj_here(gj_gen *);
gj_v gj_alloca(gj_gen *, gj_t, unsigned count, unsigned align);      /* in the entry block */
typedef struct gj_if { LLVMBasicBlockRef from, then, done; } gj_if;
gj_if gj_if_begin(gj_gen *, gj_v cond);
void gj_if_end(gj_gen *, gj_if *);
gj_v gj_if_phi(gj_gen *, const gj_if *, gj_v then, gj_v otherwise);  /* after gj_if_end */
/* for each lane of mask: between begin and end `lane` is its number (i32). */
typedef struct gj_lanes { LLVMBasicBlockRef head, body, done; gj_v rest, lane; } gj_lanes;
gj_lanes gj_lanes_begin(gj_gen *, gj_v mask);
void gj_lanes_end(gj_gen *, gj_lanes *);
/* A vector in memory, so that lanes can be read and written by a variable number. */
gj_v gj_spill(gj_gen *, gj_v vector);
gj_v gj_lane_get(gj_gen *, gj_v slot, gj_t scalar, gj_v lane);
void gj_lane_set(gj_gen *, gj_v slot, gj_v value, gj_v lane);

/* A function's arguments in LLVM: those that the IR does not know, and the machine type of one of a kernel's that it does. */
gj_hidden gj_hidden_args(const gj_unit *, const gj_fn *);
gj_t gj_param_ty(const gj_unit *, const gj_fnparam *);

/* Instructions. */
gj_v gj_select(gj_gen *, gj_v cond, gj_v a, gj_v b);
gj_v gj_icmp(gj_gen *, LLVMIntPredicate, gj_v a, gj_v b);
gj_v gj_fcmp(gj_gen *, LLVMRealPredicate, gj_v a, gj_v b);
gj_v gj_fast(gj_gen *, gj_v);                  /* put fast-math flags on it where the options ask for them */
gj_v gj_offset(gj_gen *, gj_v ptr, int64_t bytes);
gj_v gj_load(gj_gen *, gj_t, gj_v ptr, unsigned align);
void gj_store(gj_gen *, gj_v, gj_v ptr, unsigned align);
gj_v gj_extern_call(gj_gen *, const char *name, gj_t ret, unsigned n, const gj_v *arg);
void gj_attr(gj_unit *, gj_v fn, unsigned index, const char *name, uint64_t value);
void gj_attr_text(gj_unit *, gj_v fn, const char *name, const char *value);

#endif
