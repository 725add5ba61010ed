/* What the files of this room share: a module under construction (gj_unit), a function under construction (gj_gen), what
 * differs between targets (gj_target), and the parts of a compilation.
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

/* -- Parts of a compilation ---------------------------------------------------------------------------------------- */

void gj_lines_open(gj_unit *);                 /* debuginfo.c; both do nothing unless lines are wanted */
void gj_lines_fn(gj_gen *);
void gj_lines_at(gj_gen *, uint32_t loc);
void gj_lines_export(gj_unit *, gj_v fn);     /* that of numba_abi.c */
void gj_lines_close(gj_unit *);
void gj_export_emit(gj_unit *);               /* nvptx/numba_abi.c */
void gj_unroll_hint(gj_gen *, uint32_t block, gj_v branch);      /* loops.c: at the end of a block */
void gj_prefetch_hint(gj_gen *, uint32_t block);
void gj_optimise(gj_unit *, const char *passes);
void gj_order_blocks(gj_unit *);
LLVMMemoryBufferRef gj_codegen(gj_unit *, LLVMModuleRef, LLVMCodeGenFileType);
void gj_keep_text(gj_unit *);                  /* inspect_*: fill image->llvm and image->assembly */
void gj_libdevice_link(gj_unit *);
gj_v gj_libdevice_call(gj_gen *, const gj_op *, int row, const gj_v *arg, unsigned n);

/* image.c: a copy on the heap with a NUL behind it, as images hold; the parameters of a kernel; the rest. */
char *gj_heap_copy(gj_unit *, const void *, size_t n);
void gj_image_params(gj_unit *);
void gj_image_fields(gj_unit *);

#endif
