/* The compiler's one intermediate form: SSA over basic blocks, at two levels (ops.def). A value is a 32-bit index into
 * fn->op; 0 is "no value". */
#ifndef GJ_IR_H
#define GJ_IR_H

#include "code/code.h"
#include "image/entry.h"
#include "image/image.h"

typedef uint32_t gj_ref;

typedef enum gj_opcode {
#define OP(name, level, args, flags, meaning) GJ_##name,
#include "ir/ops.def"
	GJ_NOPS
} gj_opcode;

typedef enum gj_math {                         /* imm.i of MATH */
#define MATH(id, py, np, n, stem, fast, llvm, vec) GJ_MATH_##id,
#include "ir/math.def"
	GJ_NMATH
} gj_math;

typedef enum gj_libdevice_id {                    /* imm.i of LIBCALL */
#define LIBDEVICE(name, results, operands, params, how, value) GJ_LIBDEVICE_##name,
#include "ir/libdevice.def"
	GJ_NLIBDEVICE
} gj_libdevice_id;

typedef struct gj_libdevice_row { const char *name, *results, *operands; int value; } gj_libdevice_row;

typedef enum gj_sreg {
	GJ_TID_X, GJ_TID_Y, GJ_TID_Z, GJ_CTAID_X, GJ_CTAID_Y, GJ_CTAID_Z, GJ_NTID_X, GJ_NTID_Y, GJ_NTID_Z,
	GJ_NCTAID_X, GJ_NCTAID_Y, GJ_NCTAID_Z, GJ_LANEID, GJ_WARPSIZE, GJ_LANEMASK_LT,
	GJ_WARPID,                                 /* CPU, loops of ufuncs: the outer element whose lanes these are */
	GJ_DYNSHARED,                              /* bytes of dynamic shared memory: block->dynamic_shared, %dynamic_smem_size */
	GJ_THREAD_ID, GJ_THREADS,                  /* functions for the host: of the pool's threads that may work on a loop */
	GJ_PLACE_X, GJ_PLACE_Y, GJ_PLACE_Z,        /* CPU: a thread's place in the grid: ctaid * ntid + tid (lanes/places.c) */
	GJ_NSREGS
} gj_sreg;

typedef enum gj_atomic {
	GJ_AT_ADD, GJ_AT_SUB, GJ_AT_MAX, GJ_AT_MIN, GJ_AT_NANMAX, GJ_AT_NANMIN, GJ_AT_AND, GJ_AT_OR, GJ_AT_XOR,
	GJ_AT_EXCH, GJ_AT_INC, GJ_AT_DEC, GJ_AT_CAS, GJ_NATOMICS
} gj_atomic;

/* How far a round is from the first; is it the first, the last (bool); of a turn: how many rounds do all threads have, if
 * the range ends (int64) so far behind grid(1) of its start (int32: 0 to GJ_MOST_ROUNDS)? */
typedef enum gj_round { GJ_ROUND_FROM, GJ_ROUND_FIRST, GJ_ROUND_LAST, GJ_ROUND_WHOLE } gj_round;
/* Grids are powers of two, so that rounds lie in the same set of a first-level cache of 8 ways: with 8 of them sums waited for its misses. */
enum { GJ_MOST_ROUNDS = 6 };

/* Cache operators of LOAD and STORE: ld.ca … st.wt, to which only the GPU listens. PAST: a vector is stored past the caches, to an
 * address that its registers are aligned to; only the CPU listens. */
typedef enum gj_hint {
	GJ_HINT_NONE, GJ_HINT_CA, GJ_HINT_CG, GJ_HINT_CS, GJ_HINT_LU, GJ_HINT_CV, GJ_HINT_WB, GJ_HINT_WT, GJ_HINT_PAST, GJ_NHINTS
} gj_hint;

enum { GJ_NSW = 1, GJ_NUW = 2, GJ_NONNEG = 4 /* result is known to be ≥ 0 */, GJ_WRAP = 8 /* SELECT of a negative index; CONST: enumerate's end */,
	GJ_ASIDE = 16 /* LOAD, STORE: in another way of doing what is done beside it */,
	GJ_CHECKED = 32 /* ITEM: indices outside raise without boundscheck too */ };

/* How a value differs between the lanes of a warp (divergence.c). */
typedef enum gj_shape { GJ_UNIFORM, GJ_LINEAR, GJ_VARYING } gj_shape;

/* sub of PHI: a value; one that a variable may have, which another phi tells of; that one; what a loop over prange leaves
 * behind, where rounds do not look at it (opt/carried.c): an array's owner, its address. */
typedef enum gj_phi_of { GJ_PHI_VALUE, GJ_PHI_BOUND, GJ_PHI_MAYBE, GJ_PHI_OWNER, GJ_PHI_ADDRESS } gj_phi_of;

typedef struct gj_fn gj_fn;
typedef struct gj_source_site gj_source_site;
typedef struct gj_kwnames { uint32_t n; const char *const *name; } gj_kwnames;

/* Where an op comes from; `up` is the index of the call that inlined it, 0: none. Entry 0 of fn->loc is "unknown". */
typedef struct gj_loc { const gj_code *code; gj_pos pos; uint32_t up; } gj_loc;

typedef struct gj_op {
	uint16_t op;                               /* gj_opcode */
	uint8_t  sub, flags;
	uint32_t block, loc;
	uint32_t nargs;
	gj_ref  *arg;
	gj_ref   mask;                             /* width 32: lanes that run it; 0: all lanes of ALLLANES */
	uint8_t  shape;                            /* gj_shape, after divergence.c; UNIFORM before */
	int64_t  stride;                           /* LINEAR: difference between neighbouring lanes (pointers: bytes) */
	const gj_type *type;
	union { int64_t i; double f; const gj_obj *obj; const char *name; const gj_kwnames *kw; gj_fn *fn; gj_source_site *site; } imm;
} gj_op;

typedef struct gj_bb {
	GJ_VEC(gj_ref) ops;                        /* phis, body, one terminator */
	GJ_VEC(uint32_t) preds;                    /* order = order of phi operands */
	uint32_t succ[2]; uint32_t nsucc;
	uint32_t idom, rpo;                        /* cfg.c; rpo of an unreachable block is UINT32_MAX */
	uint32_t dom_in, dom_size;                 /* cfg.c: place in the dominator tree, preorder; see gj_dominates */
	uint32_t loop;                             /* innermost loop, 0: none */
	bool rare;                                 /* CPU: is run for the few vectors that lack lanes (lanes/whole.c) */
} gj_bb;

/* A natural loop; loops[0] is unused. */
typedef struct gj_loop { uint32_t header, latch, parent, depth; bool divergent; } gj_loop;

/* A machine parameter of a kernel before unused ones are dropped (leaf, field and dim as in gj_param). */
typedef struct gj_fnparam {
	uint32_t leaf;
	uint8_t  field, dim;
	bool     sum;                              /* DATA: the array is only added to (sums.c) */
	bool     written;
	uint8_t  unit;                             /* SHAPE: it is a multiple of this; 0: not known */
	const gj_type *type;                       /* BYTES: of an element */
} gj_fnparam;

/* An entry that code from elsewhere calls: its name, and what it takes and gives in the caller's types. */
typedef struct gj_export {
	const char *symbol;                        /* [A-Za-z0-9_$] */
	const gj_type *const *arg; uint32_t nargs;
	const gj_type *ret;
} gj_export;

/* A site of the image to be. */
struct gj_source_site {
	gj_site_kind kind;
	const gj_code *code; gj_pos pos;
	const gj_obj *exception;                   /* as in RAISE */
	const char *name;                          /* INDEX: of the array, as the kernel calls it; NULL: it has none. PRINT: its template */
	uint32_t number;                           /* among the entry's `ends` (opt/ends.c) */
	uint8_t as_given;                          /* INDEX: as in gj_site */
};

/* What became of a loop over prange, or may go wrong in one. */
typedef struct gj_note { uint32_t loc; bool warns; const char *text; } gj_note;
typedef struct gj_named { gj_ref value; const char *name; } gj_named;

/* Which loop of a function's bytecode: that at instruction `insn`, in round `round` of entry `up` of the unrolled loops, counted
 * from 1 (0: of none). Unrolled, it has `count` rounds. */
typedef struct gj_loop_place { uint32_t up, round, insn, count; } gj_loop_place;

/* Who takes the items of a generator expression, which has no meaning of its own. */
typedef enum gj_taker { GJ_TAKE_NOBODY, GJ_TAKE_TUPLE, GJ_TAKE_LIST, GJ_TAKE_SUM, GJ_TAKE_ANY, GJ_TAKE_ALL, GJ_TAKE_MIN, GJ_TAKE_MAX } gj_taker;

/* How SSA is to be made of bytecode: what inference has found out about it. */
typedef struct gj_reading { GJ_VEC(gj_loop_place) loops, arrays; /* of comprehensions that fill an array */ bool collects; /* also if how many rounds there are is known */ gj_taker taker; } gj_reading;

enum { GJ_ITER_UNROLLED = 1, GJ_ITER_COLLECTED };                           /* sub of GETITER */

enum { GJ_ROLLED = 1 };                                                     /* sub of JUMP and BRANCH, at the end of a loop: it is not unrolled */

typedef enum gj_sort { GJ_SORT_TUPLE, GJ_SORT_LIST, GJ_SORT_DICT, GJ_SORT_TEXT } gj_sort; /* sub of MKTUPLE */

/* A loop whose rounds run side by side, in an entry of its own: with a lane a round (NULL: it cannot), with a thread for many. */
typedef struct gj_rounds { gj_fn *wide, *single; uint32_t loc; const char *scalar; /* why it has no lanes; NULL: it may */ bool chunked; /* into the same chunks whoever runs it */ bool heavy; /* a round is much */ bool promised; /* over prange */ bool rows; /* `wide`: lanes share out inner loops (opt/inner.c) */ GJ_VEC(uint32_t) own; /* leaves: arrays of which each chunk has a copy */ } gj_rounds;

struct gj_fn {
	gj_arena *arena;
	gj_trap  *trap;
	const gj_code *code;
	const char *name;                          /* symbol: unique in the module, [A-Za-z0-9_] */
	GJ_VEC(gj_op *) op;                        /* op.p[0] is unused */
	GJ_VEC(gj_bb) bb;                          /* bb.p[0] is the entry; it has no predecessors */
	GJ_VEC(gj_loc) loc;
	GJ_VEC(gj_loop) loops;
	GJ_VEC(gj_fnparam) param;                  /* low level */
	GJ_VEC(uint32_t) rpo;                      /* blocks in reverse postorder, unreachable ones absent */
	GJ_VEC(gj_loop_place) fors;                /* high level: by imm.i of ITERHAS */
	GJ_VEC(gj_named) named;                    /* high level: what is stored in variables, and globals; low: phis of variables, where loops run side by side */
	bool low;
	const gj_entry *entry;                     /* what the kind of entry that it is says; low: not NULL */
	GJ_VEC(gj_source_site) ends;               /* low, entries: where threads of it and its callees end or report (opt/ends.c) */
	const gj_export *export;                   /* NULL: entry->abi is LOWERED */
	uint32_t width;                            /* low: lanes of a vector: 8, 16 or 32, or 1 */
	const gj_type *const *result; uint32_t nresults;     /* low, functions: scalar result types */
	GJ_VEC(gj_note) notes;                     /* of these: for people */
	GJ_VEC(gj_rounds) rounds;                  /* low, functions for the host: what ROUNDS runs */
	GJ_VEC(gj_fn *) callee;                    /* low: functions reached through FCALL, for the emitter (of the entry only) */
	bool called, apart;                        /* low, functions: in an FCALL; … in several, in none of which the code may stand */
	uint32_t shared_bytes;                     /* low */
	bool barriers, dynamic_shared;
	bool cooperative;                          /* blocks wait for each other at barriers of the grid */
	bool needs_memory;                         /* of an entry that has none: some array expression does, if it is large */
	bool listens;                              /* low: threads learn of each other's writes while they run (written.c) */
	bool spins;                                /* CPU: has loops that wait for memory (waits.c) */
	gj_ref round_index, round_bound;           /* CPU: a launch runs rounds as long as index + step < bound (grid_rounds.c); 0: one */
	bool round_turns;                          /* … several of a thread, if all threads have them, before the next thread's */
	bool round_last;                           /* … and one more, in which no thread is in its loop */
	uint32_t free_rounds;                      /* … in any order, and at once: 1 + the parameter that bounds them; 0: they are not, or none does */
	gj_reach reach[GJ_ALL_REACHES];            /* CPU: threads of the grid along each axis, whatever it is launched with; param as in round_bound's place: 1 + which of `param` (grid_nest.c) */
	bool nest;                                 /* CPU: of the image */
	uint32_t kept;                             /* CPU: values of a thread that outlive a turn: LOCALMEM with sub 1, 2 … */
	bool begins_with_loop;                     /* CPU: over the grid */
	gj_fn *part;                               /* CPU: the loop over the grid that it begins with, to be run for many blocks first; NULL: it is whole */
	bool places;                               /* CPU: threads are known by their places in the grid, and run in the order of these (lanes/places.c) */
	bool streams;                              /* CPU: threads do little but read and write a few arrays, item after item */
	bool rows;                                 /* CPU, width 1: it is the loop over the threads of a row of a block (opt/rows.c) */
	bool waits;                                /* CPU: needs a stack for each warp */
	bool raises;                               /* CPU, functions: the last result says whether the thread has ended */
	uint32_t facts;                            /* low: what the launch knows (GJ_FACT_…) */
	uint32_t neighbours;                       /* low: of the image */
	bool numpy;                                /* high: of a fused function, typed by NumPy's rules */
	bool memory;                               /* high: it can make arrays */
	bool reports;                              /* high: what it raises is told to somebody */
	bool catches;                              /* high: it has handlers of exceptions; of an entry: or what it calls */
	bool tells;                                /* low, functions: the last result says whether it has raised, and not returned */
	uint64_t deep;                             /* … handlers that take it if calls are too deep */
	uint32_t lanes;                            /* low, rows: lanes that share out loops of an outer element; 0: there are none */
	GJ_VEC(uint32_t) shared;                   /* … these: places of their conditions */
	bool no_fma;                               /* low: keep a*b + c in two roundings */
};

extern const gj_libdevice_row gj_libdevice_rows[GJ_NLIBDEVICE];        /* libdevice.c */
const gj_type *gj_libdevice_type(char letter);

/* -- Building (ir.c) -------------------------------------------------------------------------------------------------- */

gj_fn   *gj_fn_new(gj_trap *, const gj_code *, const char *name);
uint32_t gj_block_new(gj_fn *);
/* A new op at the end of the block; args are copied. */
gj_ref   gj_emit(gj_fn *, uint32_t block, gj_opcode, const gj_type *, uint32_t loc, uint32_t nargs, const gj_ref *args);
/* A copy to work on: of its ops and blocks, not of callees and loops over prange. */
gj_fn   *gj_fn_copy(const gj_fn *);
/* A new op that stands in no block yet (place it with gj_push on bb.ops). */
gj_ref   gj_op_new(gj_fn *, uint32_t block, gj_opcode, const gj_type *, uint32_t loc, uint32_t nargs, const gj_ref *args);
static inline gj_op *gj_o(const gj_fn *f, gj_ref r) { return f->op.p[r]; }
static inline bool gj_is_const(const gj_fn *f, gj_ref r) { return gj_o(f, r)->op == GJ_CONST; }
static inline bool gj_has_phis(const gj_fn *f, uint32_t b) { return gj_o(f, f->bb.p[b].ops.p[0])->op == GJ_PHI; }
void     gj_link(gj_fn *, uint32_t from, uint32_t to);      /* append succ and pred; terminator ops are emitted apart */
uint32_t gj_loc_add(gj_fn *, const gj_code *, gj_pos, uint32_t up);
void     gj_fn_dump(const gj_fn *, gj_sb *);                 /* stable text: numbered by position, no pointers */
/* Every rule of the form: ops in one block, operands defined before use (dominance), phi arity, terminators last,
 * operand counts and levels of ops.def, types present and right at the low level. NULL, or what is wrong. */
const char *gj_fn_verify(const gj_fn *);

static inline gj_op *gj_terminator(const gj_fn *f, uint32_t b) { return gj_o(f, f->bb.p[b].ops.p[f->bb.p[b].ops.n - 1]); }

/* -- Edges (edges.c): a place among the predecessors of a block is one among the operands of its phis ---------------- */

/* Place of the edge from a block (of its first one, if there are two). */
uint32_t gj_pred_index(const gj_fn *, uint32_t to, uint32_t from);
/* Place of the edge that leaves block `from` as successor i. */
uint32_t gj_edge_index(const gj_fn *, uint32_t from, uint32_t i);
/* Which successor of its predecessor number k is block b: the inverse. */
uint32_t gj_pred_edge(const gj_fn *, uint32_t b, uint32_t k);
/* Takes an edge away with the phi operands that it carried: at b alone; at both its ends. */
void     gj_drop_pred(gj_fn *, uint32_t b, uint32_t k);
void     gj_drop_edge(gj_fn *, uint32_t from, uint32_t i);
/* The edges from block `from` to block b come from block `to`. */
void     gj_rename_pred(gj_fn *, uint32_t b, uint32_t from, uint32_t to);

/* The ops of block b from place `at` on move to a new block with what b leads to; b does not lead to it yet. */
uint32_t gj_split_block(gj_fn *, uint32_t b, uint32_t at);

/* High level: the successor of block b that is a handler of what its ops raise; −1: it has none. */
int      gj_caught_edge(const gj_fn *, uint32_t b);
/* The edges into b from the predecessors at take[] go through a new block instead, which jumps to b. */
uint32_t gj_split_edges(gj_fn *, uint32_t b, const bool *take);

/* for i in range(n): begins behind block `from`, which has no end yet. `head` takes other phis, from there and from a round's end. */
typedef struct gj_counted { uint32_t head, done; gj_ref i, one; } gj_counted;
gj_counted gj_count_loop(gj_fn *, uint32_t from, const gj_type *);
/* … whose rounds begin in block `body` and end in block `last`. */
void     gj_count_rounds(gj_fn *, const gj_counted *, gj_ref n, uint32_t body, uint32_t last);

extern const char *const gj_op_name[GJ_NOPS];
extern const uint16_t gj_op_flags[GJ_NOPS];
enum {
	GJ_F_PURE = 1, GJ_F_READ = 2, GJ_F_WRITE = 4, GJ_F_TERM = 8, GJ_F_MASK = 16,
	GJ_F_WARP = 32, GJ_F_BLOCK = 64, GJ_F_SLEEP = 128, GJ_F_ORDER = 256, GJ_F_LANES = 512
};
/* Has the op one of these flags? */
static inline bool gj_op_is(const gj_op *o, uint32_t flags) { return gj_op_flags[o->op] & flags; }
/* Is each such op a thing of its own, whatever equals it? */
static inline bool gj_is_own(const gj_op *o) { return o->op == GJ_UNDEF || o->op == GJ_LOCALMEM || o->op == GJ_SLOT || o->op == GJ_NOP; }

/* Blocks only: reverse postorder, edges, dominators, loops. */
void gj_cfg_dump(const gj_fn *, gj_sb *);
/* Does block a dominate block b (a == b counts)? After gj_cfg, both reachable. */
static inline bool gj_dominates(const gj_fn *f, uint32_t a, uint32_t b)
{
	return f->bb.p[b].dom_in - f->bb.p[a].dom_in < f->bb.p[a].dom_size;
}

/* Is it a pointer that is reckoned from another, its first operand? */
static inline bool gj_is_offset(const gj_op *o) { return o->op == GJ_ELEM || o->op == GJ_BYTES || o->op == GJ_AT || o->op == GJ_PTRCAST; }
/* objects.c: what a pointer is reckoned from; do two pointers point into objects that never meet? */
const gj_op *gj_root(const gj_fn *, gj_ref);
bool     gj_apart(const gj_fn *, gj_ref, gj_ref);

/* Block index or number of blocks × block size, both of one direction: the former's gj_sreg; −1: another op. With
 * GJ_FACT_IDX32 it is below 2^30. */
int64_t gj_grid_product(const gj_fn *, const gj_op *);
/* Is the op a thread's place in the grid, as grid(1) makes it: ctaid * ntid + tid of one direction? That: 0 to 2; −1: another op. */
int gj_grid_place(const gj_fn *, const gj_op *);

/* Is there a loop in loop l? */
bool gj_has_inner(const gj_fn *, uint32_t l);

/* How often loop l goes round at most, where constants say so; −1: they do not. After gj_cfg. */
int64_t gj_most_rounds(const gj_fn *, uint32_t l);

/* Takes the op out of its block; it may be put into another. */
void gj_take_out(gj_fn *, gj_ref);

/* Is the op, a bool, true (`is`), or false, where its first operand is so and another one too? Which; 0: not so. */
uint32_t gj_both_of(const gj_fn *, const gj_op *, bool is);

/* How often each value is an operand or a mask in the blocks of rpo. */
uint32_t *gj_count_uses(const gj_fn *);

/* Does loop `outer` (0: the function) contain loop `inner`? Loops contain themselves. After gj_cfg. */
static inline bool gj_loop_contains(const gj_fn *f, uint32_t outer, uint32_t inner)
{
	while (f->loops.p[inner].depth > f->loops.p[outer].depth)
		inner = f->loops.p[inner].parent;
	return inner == outer;
}

/* -- Failing: the message is a row of errors.def; loc says where (with the inline chain) ------------------------------ */
void gj_fail(const gj_fn *, uint32_t loc, gj_err id, ...) GJ_NORETURN;
/* A module of Python's has no such attribute. */
void gj_fail_module(const gj_fn *, uint32_t loc, const char *module, const char *name) GJ_NORETURN;
/* UNSUPPORTED_OP, with what to write instead (refused.def). */
void gj_refuse(const gj_fn *, uint32_t loc, const char *what) GJ_NORETURN;
/* The same of a name, as messages show it. What to write instead of it, NULL: nobody knows. */
void gj_refuse_name(const gj_fn *, uint32_t loc, const char *name, const char *like) GJ_NORETURN;
const char *gj_instead_of_name(const char *name, bool memory);     /* memory: of a function for the host */
void gj_vfail(const gj_fn *, uint32_t loc, gj_err id, va_list) GJ_NORETURN;

/* -- Passes, in the order of gj_compile() ------------------------------------------------------------------------------ */

gj_fn *gj_ssa(gj_trap *, const gj_code *);                   /* decode.c, cfg.c, ssa.c: bytecode → H-level SSA */
gj_fn *gj_ssa_read(gj_trap *, const gj_code *, const gj_reading *);
void   gj_cfg(gj_fn *);                                      /* rpo, dominators, preds of unreachable blocks dropped, loops */
void   gj_return_raises(gj_fn *);                            /* low, CPU: functions that are called end threads (raises.c) */
void   gj_simplify(gj_fn *);                                 /* low: fold, copy-propagate, CSE, DCE, form FMA */
void   gj_one_latch(gj_fn *);                                /* low: ways back meet before a loop's header (loopform.c) */
void   gj_loop_form(gj_fn *);                                /* low: preheaders, one latch, own exits, one RETURN, LCSSA */
/* Is the memory of this array reached through its parameter alone, and changed by nobody else while a thread runs? */
bool   gj_param_alone(const gj_fn *, const gj_fnparam *);
void   gj_find_waits(gj_fn *);                              /* low, CPU: YIELD and WATCH in loops that wait for memory; spins (waits.c) */
void   gj_find_sums(gj_fn *);                                /* low, CPU: param.sum, a BYTES for each; imm.i of their atomics: 1 */
void   gj_read_once(gj_fn *);                                /* low, width 32: loads of what is known take its value (reread.c) */
void   gj_spread_locals(gj_fn *);                            /* low, width 32: local arrays that meet others leave their space (locals.c) */
void   gj_divergence(gj_fn *, uint32_t facts);               /* low, width 32: shape and stride of each op, loop.divergent */
/* Lanes of a vector, and in `facts` along which axis of the block they lie, if along one; low, in loop form. Along y
 * and z only where no thread waits for others, other than at barriers. */
uint32_t gj_choose_lanes(gj_fn *, uint32_t *facts);
/* How many lanes have threads of which only few values should be under way, those that do little but read and write? After gj_divergence;
 * sets streams: it is a few arrays, item after item. */
uint32_t gj_lanes_of_streams(gj_fn *);
/* Rounds of a loop as lanes of vectors, after gj_divergence, or as one loop of which LLVM may make vectors: which is faster? */
bool   gj_lanes_pay(gj_fn *wide, gj_fn *single);
/* … is it one with math functions, in straight line and in the order of memory: then LLVM's vectors, which are as many as registers
 * hold, are faster. */
bool   gj_suits_llvm(const gj_fn *wide, const gj_fn *single);
/* Do warps wait for each other, other than at barriers? Then each needs a stack of its own too: where a thread sleeps
 * until memory changes; and at width 1, where the threads of a warp meet in its operations. */
bool   gj_waits(const gj_fn *, uint32_t width);
bool   gj_mask(gj_fn *);                                     /* low, width 32: only uniform branches are left. false: it cannot be (late.c) */

#endif
