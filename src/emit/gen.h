/* What the files of this room share: a module under construction (gj_unit), a function under construction (gj_gen), what
 * differs between targets (gj_backend), and the parts of a compilation.
 *
 * A handler of the op table emits one op and returns its value in the form that g->wide asks for: a scalar, or a vector
 * of u->lanes lanes. LLVM's builders take both alike, so arithmetic is written once; only memory, control and warp operations
 * look at g->wide. At width 1 g->wide is always false. */
#ifndef GJ_GEN_H
#define GJ_GEN_H

#include "emit/emit.h"
#include "lanes/interleaved.h"

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/TargetMachine.h>
#include <llvm/Config/llvm-config.h>

/* DICompileUnit's kinds; the C enum leaves the last one out. */
enum { GJ_NO_LINES, GJ_FULL_DEBUG, GJ_LINE_TABLES, GJ_LINE_DIRECTIVES };
enum { GJ_LANES = 32 /* of a warp; a vector may have fewer */, GJ_NSPACES = GJ_GENERIC + 1 };

typedef LLVMValueRef gj_v;
typedef LLVMTypeRef gj_t;
typedef struct gj_gen gj_gen;
typedef struct gj_unit gj_unit;
typedef gj_v gj_emit_op(gj_gen *, const gj_op *);
/* A function of the module; of a kernel's body that stands a second time, for blocks of so many threads (else 0). */
typedef struct gj_callee { gj_fn *f; gj_v fn; gj_t type; uint32_t threads; } gj_callee;

/* -- A target ------------------------------------------------------------------------------------------------------ */

/* Arguments of a function in LLVM that those of the IR know nothing of: some come before them and some after. */
typedef struct gj_hidden { gj_t first[3], last[2]; unsigned nfirst, nlast; } gj_hidden;

/* How to emit for a target (gj_target): what it does in its own way. Hooks below the first line may be NULL: then nothing
 * is done, or what the comment says. */
typedef struct gj_backend {
	void (*start)(void);                       /* once a process: the target's part of LLVM */
	void (*open)(gj_unit *);                   /* target machine, address spaces; refuses what cannot be compiled */
	void (*declared)(gj_unit *, const gj_callee *);      /* attributes of a function */
	void (*begin)(gj_gen *);                   /* sets exit and what the target's own arguments hold */
	void (*end)(gj_gen *);                     /* terminates entry and the target's own blocks */
	void (*finish)(gj_unit *);                 /* optimises, and writes the image's code and what only the target knows of it */
	/* A math function of the target's library; arguments are float32 or float64 of either width. */
	gj_v (*library)(gj_gen *, const gj_op *, int row, const gj_v *arg, unsigned n);
	gj_emit_op *libcall;                       /* LIBCALL */
	/* ---- */
	void (*close)(gj_unit *);                  /* takes u->tm; NULL: it is disposed of */
	const char *(*identity)(void);             /* what the code depends on beside the options; static text; NULL: nothing */
	uint32_t (*registers)(void);               /* bytes of all vector registers; NULL: there are none */
	struct gj_intrin_row *intrin; unsigned nintrins;     /* rows of its own, numbered from GJ_NINTRINS on */
	const char *inner;                         /* suffix of a kernel's symbol where the one that is run is made by `around` */
	void (*arguments)(const gj_unit *, const gj_fn *, gj_hidden *);
	void (*pass)(gj_gen *, gj_v mask, gj_v *first);      /* the first of them, for a call */
	uint32_t (*threads)(const gj_unit *);      /* of blocks for which the root stands a second time; 0: it does not */
	void (*around)(gj_unit *);                 /* functions around the kernel's: its entry, the ABI of foreign callers */
	/* A failure is told of, of this lane (NULL: there is one), and the thread or the launch ends; what comes behind is not
	 * reached. `site` is of the entry's `ends`. */
	void (*report)(gj_gen *, uint32_t site, gj_v lane, const gj_v *value, unsigned n);
	void (*print)(gj_gen *, uint32_t site, gj_v lane, const gj_v *value, unsigned n);
	void (*end_thread)(gj_gen *);              /* NULL: targets of which gj_target says that only kernels can */
	gj_v (*math)(gj_gen *, int row, const gj_v *arg);    /* a row of math.def; NULL result: as all do */
	gj_v (*to_int)(gj_gen *, gj_v x, unsigned bits, bool is_signed);   /* of one float32 or float64, saturating */
	gj_v (*atomic)(gj_gen *, const gj_op *, gj_v p, gj_v b);           /* one operation; NULL result: as all do */
	/* Targets with functions for the host: one of the thread's random numbers (cpu_abi.h); what is known of a function that takes them. */
	gj_v (*random)(gj_gen *, unsigned which);
	void (*random_function)(gj_unit *, gj_v fn);
	gj_v (*own_copy)(gj_gen *);                /* i1: do arrays that are only added to belong to this thread alone */
	/* Where what outlives an op must outlive barriers: memory of the warp, aligned to 64 (NULL result: an alloca will do);
	 * an alloca that is only loaded and stored as a whole. */
	gj_v (*keep_local)(gj_gen *, uint64_t bytes);
	void (*keep_variable)(gj_gen *, gj_v alloca, gj_t);
	void (*way_back)(gj_gen *, uint32_t block);          /* at the end of a block, which may lead back in a loop */
	const char *scope;                         /* LLVM's name for the scope of atomics; NULL: all threads there are */
	bool block_alone;                          /* a block is one thread of the machine: nobody else touches its memory */
	bool zeros_ordered;                        /* minnum and maxnum take −0 to be below +0 */
	/* Debug information (LLVMDWARFEmissionKind) with lineinfo, with debug: what the tools of the machine read. */
	unsigned char lineinfo_kind, debug_kind;
	bool symbols_told;                         /* … of functions: debuggers show them in the place of names */
	bool vector_accesses;                      /* parts of a vector are loaded together, from the address that its type asks for */
	bool unroll_hints;                         /* LLVM does not unroll loops of unknown length by itself */
	gj_emit_op *op[GJ_NOPS];                   /* overrides of the common table */
} gj_backend;

/* -- A module ------------------------------------------------------------------------------------------------------ */

typedef struct gj_variable { gj_v fn; LLVMMetadataRef scope, up; /* the call that inlined it */ const char *name; gj_v place; } gj_variable;
typedef struct gj_global { const void *key; int64_t at; gj_v global; } gj_global;

struct gj_unit {
	const gj_options *opt;
	const gj_backend *backend;
	gj_fn    *root;                            /* the kernel or device function that is compiled */
	gj_image *image;
	gj_arena *arena;
	LLVMContextRef ctx;
	LLVMModuleRef mod;
	LLVMBuilderRef b;
	LLVMTargetMachineRef tm;
	bool      vector;
	bool      plain_loops;                     /* LLVM need not reduce the strength of loops */
	unsigned  lanes;                           /* of a vector: the width; 1: not vector */
	unsigned  register_bytes;                  /* of the machine's vectors */
	unsigned  space[GJ_NSPACES];               /* LLVM's address space of each gj_space */
	gj_t      tvoid, i1, i8, i16, i32, i64, f32, f64, ptr;
	GJ_VEC(gj_callee) fns;                     /* [0] is the root */
	uint32_t  full;                            /* 1 + the parameter that all threads of the root's second version are below by their places; 0: none */
	bool     *param_used;                      /* of a kernel's parameters */
	GJ_VEC(gj_global) globals;                 /* frozen arrays by object, static shared arrays by offset */
	GJ_VEC(gj_source_site) sites;              /* barriers */
	bool      calls_out;                       /* functions that are compiled elsewhere: they need stack too */
	uint32_t  stack_bytes;                     /* sum of the frames that LLVM reports ("warn-stack-size") */
	const char *trouble;                       /* what LLVM's diagnostics said, arena text */
	void     *own;                             /* the target's */
	LLVMDIBuilderRef di;                       /* NULL: no debug information */
	GJ_VEC(gj_global) scopes;                  /* DISubprogram by code */
	LLVMMetadataRef di_unit;
	GJ_VEC(gj_variable) variables;
};

/* -- A function ---------------------------------------------------------------------------------------------------- */

/* The value of an op: s scalar (of lane 0 when stride != 0, else of every lane), v a vector of lanes; each made on
 * demand from the other where that is possible. */
typedef struct gj_forms { gj_v s, v; int64_t stride; } gj_forms;

struct gj_gen {
	gj_unit *u;
	gj_fn   *f;
	gj_v     fn;
	uint32_t threads;                          /* of a block, where the code is for these alone; else 0 */
	LLVMBuilderRef b;
	bool     wide;                             /* form of the value that the handler is asked for */
	gj_ref   ref;                              /* the op being emitted */
	gj_forms *val;
	uint32_t *uses;
	LLVMBasicBlockRef *first, *last;           /* of each IR block */
	LLVMBasicBlockRef *edge2;                  /* block on the second of two edges to one successor */
	LLVMBasicBlockRef entry;                   /* allocas and what holds for the whole function; terminated last */
	LLVMBasicBlockRef exit;                    /* RETURN of a kernel goes here; NULL: ret */
	gj_v     all, there;                       /* vectors: lanes that exist; do all of them (i1; NULL: `all` is constant, or nobody knows) */
	gj_interleaved **interleaved;              /* vectors: by op */
	gj_v    *loaded;                           /* by load of them: the value, as bits, once the first member is emitted */
	gj_v    *param;                            /* value of each parameter of f */
	uint32_t *since;                           /* by op, for loops.c; NULL: not yet */
	void    *own;                              /* the target's */
};

/* -- Parts of a compilation ---------------------------------------------------------------------------------------- */

void gj_lines_open(gj_unit *);                 /* debuginfo.c; both do nothing unless lines are wanted */
void gj_lines_fn(gj_gen *);
void gj_lines_at(gj_gen *, uint32_t loc);
void gj_lines_export(gj_unit *, gj_v fn, const char *symbol);     /* a function around the root */
void gj_lines_none(gj_unit *);                 /* what follows comes from no line: functions that nobody wrote */
void gj_lines_close(gj_unit *);
void gj_unroll_hint(gj_gen *, uint32_t block, gj_v branch);      /* loops.c: at the end of a block */
void gj_unroll_fully(gj_gen *, gj_v branch);  /* the branch leads back in a loop that is to be unrolled, however large it becomes */
void gj_prefetch_hint(gj_gen *, uint32_t block);
/* Is it a loop of the whole grid over the items of an array? */
const gj_callee *gj_callee_of(gj_unit *, const gj_fn *);
bool gj_goes_through_array(const gj_fn *, uint32_t loop);
void gj_optimise(gj_unit *, const char *passes);      /* passes.c */
void gj_order_blocks(gj_unit *);
LLVMMemoryBufferRef gj_codegen(gj_unit *, LLVMModuleRef, LLVMCodeGenFileType);
char *gj_assembly(gj_unit *);                  /* heap text */
void gj_keep_llvm(gj_unit *);                  /* inspect_llvm(): fills image->llvm where texts are wanted */

/* image.c: a copy on the heap with a NUL behind it, as images hold; the code, which it takes; the parameters of a kernel;
 * the rest. */
char *gj_heap_copy(gj_unit *, const void *, size_t n);
void gj_image_code(gj_unit *, LLVMMemoryBufferRef);
void gj_image_params(gj_unit *);
void gj_image_fields(gj_unit *);

#endif
