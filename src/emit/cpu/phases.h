/* What the files of phases share: phases.c looks whether a kernel's warps stay together, phases_build.c makes loops of its phases. */
#ifndef GJ_EMIT_PHASES_H
#define GJ_EMIT_PHASES_H

#include "emit/cpu/resume.h"

enum { GJ_NOWHERE = UINT32_MAX };

/* A value of one place as it is called in another. */
typedef struct gj_local { gj_v x, here; } gj_local;

/* A block of a warp's code. succs: in LLVM's order; of a stop, where it resumes. */
typedef struct gj_node {
	LLVMBasicBlockRef bb;
	GJ_VEC(uint32_t) succs, preds;
	bool      stops;                           /* ends with a barrier */
	bool      parts, cuts;                     /* ends with a branch that warps take differently; that leads from one phase to others */
	bool      leads;                           /* begins a phase */
	bool      cyclic;                          /* can be run several times in its phase */
	uint32_t  phase;                           /* the node that leads its phase */
	uint32_t  walk;                            /* the last walk that came here */
	gj_v      top;                             /* what is fetched from other phases stands before this */
	GJ_VEC(gj_local) known;                    /* what was */
} gj_node;

/* An instruction. node: NOWHERE for those of resume.c's loop over warps; at: its place in the frame, or NOWHERE. */
typedef struct gj_seen {
	gj_v x;
	uint32_t node;
	bool varies;
	bool shares;                               /* its place is another's later, or was before: nothing is made again of it */
	bool wanted;                               /* of the loop over warps: by the phase at hand */
	uint32_t at;
} gj_seen;

/* From addresses to numbers. */
typedef struct gj_places { gj_arena *arena; const void **key; uint32_t *number, size, n; } gj_places;

typedef struct gj_phased {
	gj_gen   *g;
	gj_resume *r;
	GJ_VEC(gj_node) node;                      /* from the start on, in reverse post-order; then those that split edges */
	uint32_t  end;                             /* where the kernel returns */
	GJ_VEC(gj_seen) seen;
	gj_places nodes, values;
	uint64_t *pdom; uint32_t words;            /* of each node those that every way from it to the end goes through */
	GJ_VEC(gj_v) work;                         /* values that vary, whose users are to be looked at */
	uint32_t  walks;
} gj_phased;

static inline gj_arena *gj_phased_arena(const gj_phased *p) { return p->g->u->arena; }

uint32_t gj_place_of(const gj_places *, const void *key);      /* NOWHERE: it has none */
void gj_note_value(gj_phased *, gj_v, uint32_t node, bool varies, uint32_t at);
void gj_note_copy(gj_phased *, gj_v copy, const gj_seen *of);  /* what a value is called elsewhere */
gj_seen *gj_find_value(const gj_phased *, gj_v);               /* NULL: it is not the kernel's own, or was made since */
bool gj_value_varies(const gj_phased *, gj_v);                 /* from warp to warp */
bool gj_is_pure(gj_v);                         /* does it nothing but make a value of its operands? */
void gj_assign_phases(gj_phased *);
void gj_split_edge(gj_phased *, uint32_t to, uint32_t pred);   /* a node of its own between it and its predecessor of that number */

/* Into what is empty but for g and r; false: warps may part. */
bool gj_find_phases(gj_phased *);

#endif
