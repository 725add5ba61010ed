/* Typed SSA → LLVM → PTX or object code. The only room that includes llvm-c. */
#ifndef GJ_EMIT_H
#define GJ_EMIT_H

#include "ir/walk.h"

typedef enum gj_arch { GJ_ARCH_NVPTX, GJ_ARCH_CPU } gj_arch;

/* How a device function is called from elsewhere (abi.c). */
typedef enum gj_abi { GJ_ABI_C, GJ_ABI_NUMBA } gj_abi;
typedef struct gj_outside {
	gj_abi abi;
	const char *symbol;                        /* [A-Za-z0-9_$] */
	const gj_type *const *arg; uint32_t nargs; /* filled by gj_compile() */
	const gj_type *ret;
} gj_outside;

/* What to compile for and how. Plain data: part of the cache key byte by byte (gj_options_hash). */
typedef struct gj_options {
	gj_arch  arch;
	int      cc_major, cc_minor;               /* NVPTX */
	int      ptx_version;                      /* of the driver: 85 for 8.5; 0: the least for the sm */
	uint32_t width;                            /* CPU: lanes of a vector: 32, 16, 8, or 1 */
	uint32_t facts;                            /* GJ_FACT_… */
	bool     fastmath, debug, lineinfo;
	int      opt;                              /* 0 or 3 */
	uint32_t max_registers;                    /* 0: none */
	uint32_t max_threads, min_blocks, max_cluster;      /* launch_bounds, 0: none */
	bool     libm_exact;                       /* CPU: scalar libm instead of libmvec */
	bool     device;                           /* cuda.compile(device=True): a function instead of a kernel */
	const gj_outside *outside;                 /* NVPTX, device: how it is called; NULL: by its parts as lowered */
	const char *libdevice;                     /* path, or NULL: not found */
	bool     keep_text;                        /* fill image.llvm and image.assembly */
} gj_options;

/* Compile kernel f (and its callees) into *image. Fails through f->trap. */
void gj_emit_image(gj_fn *f, const gj_options *, gj_image *image);

/* "22.1.8"; and the CPU's name and features, which are part of the cache key. Static text. */
const char *gj_llvm_version(void);
const char *gj_host_cpu(void);

/* Table check: every intrinsic that the tables name is known to this LLVM with the declaration expected. NULL, or the
 * first row that is wrong. */
const char *gj_emit_check(void);

/* Least PTX version of an sm, and whether this LLVM knows it: 0 when it does not. */
int gj_ptx_minimum(int cc_major, int cc_minor);

#endif
