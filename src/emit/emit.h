/* Typed SSA → LLVM → PTX or object code. The only room that includes llvm-c. */
#ifndef GJ_EMIT_H
#define GJ_EMIT_H

#include "image/options.h"
#include "ir/walk.h"

/* Compile the entry f (and its callees) into *image. Fails through f->trap. */
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
