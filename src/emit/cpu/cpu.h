/* The CPU target's files among themselves. */
#ifndef GJ_EMIT_CPU_H
#define GJ_EMIT_CPU_H

#include "emit/ops.h"

bool gj_have_libmvec(void);
gj_v gj_cpu_library(gj_gen *, const gj_op *, int row, const gj_v *arg, unsigned n);
/* A field of gj_block, read once a call of the kernel. */
gj_v gj_block_field(gj_gen *, unsigned offset, gj_t);
gj_v gj_block_now(gj_gen *, unsigned offset);  /* an i32, read here */

/* cpu/resume.c */
typedef struct gj_resume gj_resume;
void gj_resume_begin(gj_gen *);
void gj_resume_stop(gj_gen *, gj_v cond, LLVMBasicBlockRef otherwise);
void gj_resume_return(gj_gen *);
void gj_resume_end(gj_gen *);

gj_emit_op gj_cpu_barrier, gj_cpu_syncwarp, gj_cpu_fence, gj_cpu_shfl, gj_cpu_vote, gj_cpu_match, gj_cpu_activemask,
	gj_cpu_nanosleep;

#endif
