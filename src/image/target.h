/* What a machine is like that kernels are compiled for: the facts that decide, before code is emitted, which passes a kernel
 * goes through, and that a launch asks for. A device says which target it is (gj_device_ops); how to emit for one is
 * gj_backend's (src/emit/gen.h). */
#ifndef GJ_TARGET_H
#define GJ_TARGET_H

#include "image/image.h"

/* Which operations a machine has on floats of 16 bits, each rounded once: + − · fma, sign and comparison of float16; + − · of
 * bfloat16, and fma. */
typedef struct gj_halves { bool float16, bfloat16, bfloat16_fma; } gj_halves;

typedef struct gj_target {
	const char *name;                          /* of its folder in src/emit */
	gj_format format;                          /* what its code is */
	const char *assembly;                      /* what GRIDJIT_DUMP calls the text of its code */
	uint32_t warp;                             /* threads of a warp */
	bool vectors;                              /* a warp can be a vector: lanes are chosen, and branches become masks */
	bool thread_ends;                          /* a thread can end anywhere; else functions return to say that they raised */
	bool in_turn;                              /* warps run in turn, each until it waits: loops that wait for memory say so */
	bool in_order;                             /* a thread's instructions run in their order: loads had better stand early */
	bool own_sums;                             /* a launch may give its threads copies of arrays that are only added to */
	struct { uint8_t float16, bfloat16, bfloat16_fma; } halves_from;    /* compute capability · 10 from which gj_halves are true; 0: never */
	bool library;                              /* the math library is a file that is found at run time */
} gj_target;

/* By the order of targets.def. */
enum {
#define TARGET(id, backend, device, ...) GJ_TARGET_##id,
#include "image/targets.def"
	GJ_NTARGETS
};

/* What a machine of the target that is this new has. */
gj_halves gj_halves_of(const gj_target *, int cc_major, int cc_minor);

extern const gj_target gj_targets[GJ_NTARGETS];

#endif
