/* Kernels that stop at barriers: what resume.c, which emits them, and phases.c, which runs them without stopping, share. */
#ifndef GJ_EMIT_RESUME_H
#define GJ_EMIT_RESUME_H

#include "emit/cpu/cpu.h"

typedef struct gj_stop { LLVMBasicBlockRef at, resume; } gj_stop;
typedef struct gj_kept { gj_v at; gj_t type; } gj_kept;        /* a variable; at: an alloca */

typedef struct gj_resume_block gj_resume_block;

struct gj_resume {
	LLVMBasicBlockRef warp, next;
	gj_v      dispatch, state, frame;
	gj_v      one_row;                         /* are the block's threads one row along the axis of the lanes */
	gj_v      before, stopped;                 /* has a warp stopped since they were run from the first on: before this one, with it */
	bool      asks;                            /* is there a stop at which the runtime may have something to do */
	GJ_VEC(gj_stop) stops;
	GJ_VEC(gj_kept) vars;
	uint32_t  bytes;                           /* of the frame */
	gj_resume_block *block; uint32_t nblocks;  /* in the order of their addresses */
};

static inline gj_v gj_byte_gep(gj_gen *g, gj_v base, gj_v bytes)
{
	return LLVMBuildInBoundsGEP2(g->b, g->u->i8, base, &bytes, 1, "");
}

static inline bool gj_is_phi(gj_v x) { return LLVMIsAPHINode(x) != NULL; }

/* Operands of `user`, and where operand i must be known: before what is returned. */
static inline unsigned gj_operands(gj_v user)
{
	return gj_is_phi(user) ? LLVMCountIncoming(user) : (unsigned)LLVMGetNumOperands(user);
}

static inline gj_v gj_needed_at(gj_v user, unsigned i)
{
	return gj_is_phi(user) ? LLVMGetBasicBlockTerminator(LLVMGetIncomingBlock(user, i)) : user;
}

/* A place for a value in the warp's frame, and how it is aligned. */
uint32_t gj_resume_place(gj_gen *, gj_t);
unsigned gj_resume_align(const gj_gen *, gj_t);

/* Nothing more is put into the frame. */
void gj_resume_close(gj_gen *);

#endif
