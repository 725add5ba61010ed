/* What the files of SSA construction share. blocks.c finds the blocks, ssa.c walks them, actions.c holds one action a
 * bytecode, variables.c follows variables from block to block, closure.c and tidy.c look at the whole when it is there. */
#ifndef GJ_SSA_H
#define GJ_SSA_H

#include "bytecode/decode.h"
#include "ir/walk.h"

/* Blocks that stand for a stretch of bytecode, or for an edge on which the stack changes. */
typedef enum gj_stretch {
	GJ_ENTRY, GJ_CODE,
	GJ_EDGE_ITEM,                              /* into a for loop: fetch the item, step on, push the item */
	GJ_EDGE_POP,                               /* drop the top */
	GJ_EDGE_MARK                               /* push the marker that END_FOR removes */
} gj_stretch;

typedef struct gj_sblock {
	gj_stretch kind;
	uint32_t first, last;                      /* CODE: instructions, both included; edges: the jump */
	gj_ref  *stack; uint32_t depth;            /* at the end; 0 is CPython's NULL */
	bool     done;
	GJ_VEC(gj_ref) phis;
} gj_sblock;

/* Variables are numbered as var[] of the code; behind them come the hidden positions of iterators, by the place of the
 * iterator in the stack; with this bit, places of the stack. */
enum { GJ_VAR_STACK = (int)0x40000000 };

typedef struct gj_sphi { gj_ref ref; uint32_t block, var; } gj_sphi;
typedef struct gj_place { uint32_t var, block, place; gj_ref value; } gj_place;

/* A list or dictionary that bytecode builds: refused unless it becomes a tuple or the arguments of a call. name: keys of a
 * dictionary, a tuple of strings. */
typedef struct gj_building { gj_ref ref; const gj_obj *name; GJ_VEC(gj_ref) item; } gj_building;

typedef struct gj_raise { gj_ref op, value; } gj_raise;     /* a RAISE and what it raises */

typedef struct gj_ssa_state gj_ssa_state;
struct gj_ssa_state {
	gj_fn *f;
	const gj_code *code;
	gj_insns in;
	GJ_VEC(gj_sblock) sb;                      /* beside f->bb */
	uint32_t *block_of;                        /* instruction → block that starts there (or at its original); 0: none */
	/* the block at work */
	uint32_t cur, loc;
	const gj_insn *insn;
	GJ_VEC(gj_ref) stack;
	gj_ref cond;                               /* of the block's BRANCH */
	const gj_obj *kw;                          /* names for the next call */
	gj_ref *precall; uint32_t nprecall; bool has_precall;
	GJ_VEC(gj_building) building;
	GJ_VEC(gj_raise) raise;
	/* variables */
	struct { uint64_t *key; gj_ref *ref; uint32_t n, cap; } defs;
	GJ_VEC(gj_sphi) phi;
	GJ_VEC(gj_place) store;                    /* to captured variables */
	gj_ref *alias;                             /* op → what stands for it; 0: itself */
};

/* stack.c */
enum { GJ_SSA_DEPTH = 1 << 16 };               /* of the stack, at most */
uint32_t gj_ssa_loc(gj_ssa_state *, uint32_t unit);     /* where code unit `unit` comes from */
GJ_NORETURN void gj_ssa_damaged(const gj_ssa_state *, const char *what);
gj_ref gj_ssa_emit(gj_ssa_state *, gj_opcode, uint32_t nargs, const gj_ref *args);
void   gj_ssa_push(gj_ssa_state *, gj_ref);
gj_ref gj_ssa_pop(gj_ssa_state *);             /* may be 0, a NULL */
gj_ref gj_ssa_value(gj_ssa_state *);           /* pop what must be a value */
gj_ref gj_ssa_unsupported(gj_ssa_state *, const char *what);

/* building.c: gj_build pushes an UNSUPPORTED `what`, which gj_build_allow takes back */
void gj_build(gj_ssa_state *, const char *what, const gj_obj *name, uint32_t n, const gj_ref *item);
gj_building *gj_built(gj_ssa_state *, gj_ref);         /* NULL: r is none */
void gj_build_allow(gj_ssa_state *, const gj_building *);
const gj_obj *gj_build_keys(gj_ssa_state *, const gj_ref *key, uint32_t n, uint32_t step);    /* NULL: not all are constant strings */

/* blocks.c: f->bb and sb with their edges; the successor for "true" comes first */
void gj_ssa_blocks(gj_ssa_state *);

/* actions.c */
typedef void gj_action(gj_ssa_state *, uint32_t n);
extern gj_action *const gj_actions[];          /* by row of pyops.def */
void gj_ssa_enter_loop(gj_ssa_state *);        /* GJ_EDGE_ITEM */

/* variables.c */
gj_ref gj_var_read(gj_ssa_state *, uint32_t block, uint32_t var);
void   gj_var_write(gj_ssa_state *, uint32_t block, uint32_t var, gj_ref);
gj_ref gj_var_undef(gj_ssa_state *, uint32_t var);
gj_ref gj_var_phi(gj_ssa_state *, uint32_t block, uint32_t var);
void   gj_var_fill(gj_ssa_state *);            /* operands of all phis, then the trivial ones become aliases */
void   gj_var_trivial(gj_ssa_state *);         /* again, after edges are gone */
gj_ref gj_var_find(gj_ssa_state *, gj_ref);    /* through aliases */

/* raised.c: what each RAISE raises, when all variables are known; what only makes its message is deleted. */
void   gj_settle_raises(gj_ssa_state *);
extern const gj_obj gj_assertion;              /* what a failed assert raises */

/* closure.c: closures whose captured variables change later become unsupported */
void gj_closure_check(gj_ssa_state *);

/* shortcut.c: edges through blocks that decide nothing lead on */
void gj_shortcuts(gj_fn *);

/* tidy.c: phis into their blocks, dead ops out, jumps threaded, blocks joined, predecessors in order */
void gj_ssa_tidy(gj_ssa_state *);

#endif
