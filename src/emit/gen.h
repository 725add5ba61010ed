/* What the files of this room share: a module under construction (gj_unit), a function under construction (gj_gen) and
 * the helpers that make one emitter serve two widths.
 *
 * A handler of the op table emits one op and returns its value in the form that g->wide asks for: a scalar, or a vector
 * of u->lanes lanes. LLVM's builders take both alike, so arithmetic is written once; only memory, control and warp operations
 * look at g->wide. At width 1 g->wide is always false. */
#ifndef GJ_GEN_H
#define GJ_GEN_H

#include "emit/emit.h"
#include "image/cpu_abi.h"

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/TargetMachine.h>
#include <llvm/Config/llvm-config.h>

enum { GJ_LANES = 32 /* of a warp; a vector may have fewer */, GJ_NSPACES = GJ_GENERIC + 1 };

typedef LLVMValueRef gj_v;
typedef LLVMTypeRef gj_t;
typedef struct gj_gen gj_gen;
typedef struct gj_unit gj_unit;
typedef gj_v gj_emit_op(gj_gen *, const gj_op *);
typedef struct gj_callee { gj_fn *f; gj_v fn; gj_t type; } gj_callee;      /* a function of the module */

/* -- Intrinsics (intrinsics.def, llvm.c) --------------------------------------------------------------------------- */

typedef enum gj_intrin {
#define INTRIN(id, name, sig, old, oldsig) GJ_IN_##id,
#include "emit/llvm_intrinsics.def"
	GJ_NINTRINS
} gj_intrin;

/* Does this LLVM know the row by its first name? (The second name may have another signature.) */
unsigned gj_intrin_id(gj_intrin);
bool gj_intrin_new(gj_intrin);
/* The row of a name; -1: none. */
int gj_intrin_named(const char *name);
/* Is there one under either name? Rows without are those that only some LLVMs need. */
bool gj_intrin_exists(gj_intrin);
/* Call it; `over` are the types of an overloaded one, n of them. */
gj_v gj_call(gj_gen *, gj_intrin, const gj_t *over, unsigned nover, const gj_v *arg, unsigned nargs);
gj_v gj_call1(gj_gen *, gj_intrin, gj_v a);               /* overloaded on the type of its operand */
gj_v gj_call2(gj_gen *, gj_intrin, gj_v a, gj_v b);
gj_v gj_plain(gj_gen *, gj_intrin, unsigned n, const gj_v *arg);      /* not overloaded */

/* -- A target ------------------------------------------------------------------------------------------------------ */

/* How to emit for a machine: the ops that it does in its own way, and hooks. */
typedef struct gj_target {
	void (*open)(gj_unit *);                   /* target machine, address spaces; refuses what cannot be compiled */
	void (*declared)(gj_unit *, const gj_callee *);      /* attributes of a function */
	void (*begin)(gj_gen *);                   /* sets head, exit and what the target's own arguments hold */
	void (*end)(gj_gen *);                     /* terminates entry, head and exit */
	void (*finish)(gj_unit *);                 /* optimise and write the image's code */
	/* A math function of the target's library; arguments are float32 or float64 of either width. */
	gj_v (*library)(gj_gen *, const gj_op *, int row, const gj_v *arg, unsigned n);
	gj_emit_op *op[GJ_NOPS];                   /* overrides of the common table */
} gj_target;

extern const gj_target gj_target_nvptx, gj_target_cpu;

/* -- A module ------------------------------------------------------------------------------------------------------ */

typedef struct gj_global { const void *key; int64_t at; gj_v global; } gj_global;

struct gj_unit {
	const gj_options *opt;
	const gj_target *target;
	gj_fn    *kernel;
	gj_image *image;
	gj_arena *arena;
	LLVMContextRef ctx;
	LLVMModuleRef mod;
	LLVMBuilderRef b;
	LLVMTargetMachineRef tm;
	bool      gpu, vector;
	unsigned  lanes;                           /* CPU: of a vector: the width; 1: not vector */
	unsigned  space[GJ_NSPACES];               /* LLVM's address space of each gj_space */
	gj_t      tvoid, i1, i8, i16, i32, i64, f16, f32, f64, ptr;
	GJ_VEC(gj_callee) fns;                     /* [0] is the kernel */
	bool     *param_used;                      /* of the kernel's parameters */
	GJ_VEC(gj_global) globals;                 /* frozen arrays by object, static shared arrays by offset */
	GJ_VEC(int32_t) sites;
	bool      resumable;                       /* CPU: the kernel stops and resumes at barriers (cpu/resume.c) */
	uint32_t  frame_bytes;                     /* of a warp of such a kernel */
	uint32_t  stack_bytes;                     /* sum of the frames, CPU */
	const char *trouble;                       /* what LLVM's diagnostics said, arena text */
	bool      libdevice;                       /* something of it is called */
	LLVMDIBuilderRef di;                       /* line tables wanted */
	GJ_VEC(gj_global) scopes;                  /* DISubprogram by code */
	LLVMMetadataRef di_unit;
};

/* -- A function ---------------------------------------------------------------------------------------------------- */

/* The value of an op: s scalar (of lane 0 when stride != 0, else of every lane), v a vector of lanes; each made on
 * demand from the other where that is possible. */
typedef struct gj_forms { gj_v s, v; int64_t stride; } gj_forms;

struct gj_gen {
	gj_unit *u;
	gj_fn   *f;
	gj_v     fn;
	LLVMBuilderRef b;
	bool     wide;                             /* form of the value that the handler is asked for */
	gj_ref   ref;                              /* the op being emitted */
	gj_forms  *val;
	uint32_t *uses;
	LLVMBasicBlockRef *first, *last;           /* of each IR block */
	LLVMBasicBlockRef *edge2;                  /* block on the second of two edges to one successor */
	LLVMBasicBlockRef entry;                   /* allocas and what holds for the whole function; terminated last */
	LLVMBasicBlockRef head;                    /* what holds for one warp; terminated last; may be entry */
	LLVMBasicBlockRef loop;                    /* CPU: head of the loop over warps */
	LLVMBasicBlockRef exit;                    /* RETURN of a kernel goes here; NULL: ret */
	gj_v     block, warp, all;                 /* CPU: gj_block, warp (width 1: thread) index, lanes that exist */
	struct gj_resume *resume;                  /* CPU: NULL: not resumable */
	gj_v     field[sizeof(gj_block) / 4];       /* CPU: fields of gj_block already read, by offset */
	int      counted;                          /* CPU: thread[0..counted] are threadIdx of the warp's first thread */
	gj_v     thread[3];
	gj_v    *param;                            /* value of each parameter of f */
};

/* Types: of a value, at the form asked for, of a value in memory (bool is a byte). */
gj_t gj_ty(const gj_unit *, const gj_type *);
gj_t gj_tyw(const gj_gen *, const gj_type *);
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

/* Masks. */
gj_v gj_mask_of(gj_gen *, const gj_op *);      /* vector of i1: lanes that run the op */
/* Lanes from … from + n − 1 of x; y != NULL: of x and y one after the other. */
gj_v gj_lanes_of(gj_gen *, gj_v x, gj_v y, unsigned from, unsigned n);
gj_v gj_lane_bits(gj_gen *, gj_v mask);             /* i32, a bit a lane */
gj_v gj_all_lanes(gj_gen *, gj_ref mask);      /* i1: are all lanes on; NULL: that takes more than a comparison */
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

/* Where g->resume is set, what outlives an op outlives barriers: memory of the warp, aligned to 64; an alloca that is
 * only loaded and stored as a whole. */
gj_v gj_resume_local(gj_gen *, uint64_t bytes);
void gj_resume_variable(gj_gen *, gj_v alloca, gj_t);

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

gj_v gj_cvt(gj_gen *, gj_v a, const gj_type *from, const gj_type *to);     /* CVT */
/* Python's integer division: quotient and remainder; either may be NULL. */
void gj_divmod(gj_gen *, const gj_op *, gj_v *q, gj_v *r);
gj_v gj_fmod(gj_gen *, gj_v a, gj_v b);        /* exact; sign of a */
gj_v gj_frexp(gj_gen *, gj_v a, gj_v *exponent);      /* mantissa; *exponent i32 */
gj_v gj_ldexp(gj_gen *, gj_v a, gj_v n);       /* n: i32 */
/* Old value of *ptr after one scalar atomic operation. `local`: no other thread can touch it meanwhile. */
gj_v gj_atomic_one(gj_gen *, const gj_op *, gj_v ptr, gj_v b, gj_v c, bool local);
gj_v gj_math_row(gj_gen *, const gj_op *, int row, const gj_v *arg, unsigned n);
typedef struct gj_math_info { const char *stem, *fast, *llvm; bool libmvec; } gj_math_info;
extern const gj_math_info gj_math_info_of[];   /* by row */
typedef enum gj_row {                          /* rows of math.def */
#define MATH(id, py, np, n, stem, fast, llvm, vec) GJ_ROW_##id,
#include "ir/math.def"
	GJ_NROWS
} gj_row;

/* -- Op handlers by file ------------------------------------------------------------------------------------------- */

#define GJ_HANDLERS(X) \
	X(const) X(param) X(undef) X(add) X(sub) X(mul) X(neg) X(fma) X(div) X(floordiv) X(mod) X(pow) X(shl) \
	X(shr) X(and) X(or) X(xor) X(not) X(abs) X(min) X(max) X(cmp) X(select) X(cvt) X(bitcast) X(popc) X(clz) \
	X(ffs) X(brev) X(isnan) X(isinf) X(isfinite) X(math) X(elem) X(bytes) X(ptrcast) X(localmem) X(constmem) \
	X(load) X(store) X(atomic) X(slot) X(get) X(set) X(alllanes) X(any) X(andmask) X(andnot) X(fcall) X(result) \
	X(nop)
#define X(name) gj_emit_op gj_do_##name;
GJ_HANDLERS(X)
#undef X

/* -- Parts of a compilation ---------------------------------------------------------------------------------------- */

void gj_llvm_start(void);                      /* once a process; any thread */
/* Runs body(u) with LLVM's fatal errors caught: NULL, or LLVM's words (static text of this thread). Leaving body by
 * longjmp needs gj_llvm_unguard. */
const char *gj_llvm_guard(void (*body)(gj_unit *), gj_unit *);
void gj_llvm_unguard(void);
const char *gj_host_features(void);
bool gj_host_has(const char *feature);
unsigned gj_host_vector_bytes(void);           /* of the widest registers: 64, 32 or 16 */
LLVMTargetMachineRef gj_machine(const char *triple, const char *cpu, const char *features, int opt);

void gj_lines_open(gj_unit *);                 /* debuginfo.c; both do nothing unless lines are wanted */
void gj_lines_fn(gj_gen *);
void gj_lines_at(gj_gen *, uint32_t loc);
void gj_lines_outside(gj_unit *, gj_v fn);     /* abi.c's function */
void gj_lines_close(gj_unit *);
void gj_outside_emit(gj_unit *);               /* abi.c */
void gj_unroll_hint(gj_gen *, uint32_t block, gj_v branch);      /* loops.c: at the end of a block */
void gj_prefetch_hint(gj_gen *, uint32_t block);
void gj_optimise(gj_unit *, const char *passes);
void gj_order_blocks(gj_unit *);
LLVMMemoryBufferRef gj_codegen(gj_unit *, LLVMModuleRef, LLVMCodeGenFileType);
void gj_keep_text(gj_unit *);                  /* inspect_*: fill image->llvm and image->assembly */
void gj_libdevice_link(gj_unit *);
gj_v gj_libdevice_call(gj_gen *, const gj_op *, int row, const gj_v *arg, unsigned n);
/* The kernel's arguments in LLVM: how many come before those of the IR, and the machine type of one of these. */
unsigned gj_hidden_args(const gj_unit *, const gj_fn *);
gj_t gj_param_ty(const gj_unit *, const gj_fnparam *);
/* A copy on the heap with a NUL behind it, as images hold. */
char *gj_heap_copy(gj_unit *, const void *, size_t n);

#endif
