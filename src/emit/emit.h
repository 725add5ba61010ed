/* Typed SSA → LLVM → PTX or object code. The only room that includes llvm-c. */
#ifndef GJ_EMIT_H
#define GJ_EMIT_H

#include "image/options.h"
#include "ir/walk.h"

/* Compile the entry f (and its callees) into *image. Fails through f->trap. */
void gj_emit_image(gj_fn *f, const gj_options *, gj_image *image);

/* "22.1.8". */
const char *gj_llvm_version(void);
/* What the code for a target depends on beside the options: the host's processor and its features, for the CPU. Part of the
 * cache's key; static text. */
const char *gj_emit_identity(const gj_target *);

/* Bytes of all vector registers of the target's machine; 0: vectors are no business of its. */
uint32_t gj_emit_registers(const gj_target *);

/* Table check: every intrinsic that the tables name is known to this LLVM with the declaration expected. NULL, or the
 * first row that is wrong. */
const char *gj_emit_check(void);

#endif
