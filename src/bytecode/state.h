/* What the files of SSA construction share. blocks.c finds the blocks, ssa.c walks them, actions.c, tuples.c and caught.c hold one action a
 * bytecode, generator.c what takes the items of a generator, variables.c follows variables from block to block, closure.c and tidy.c look at the whole when it is there. */
#ifndef GJ_SSA_H
#define GJ_SSA_H

#include "bytecode/decode.h"
#include "ir/walk.h"

/* Blocks that stand for a stretch of bytecode, or for an edge on which the stack changes. */
typedef enum gj_stretch {
	GJ_ENTRY, GJ_CODE,
	GJ_EDGE_ITEM,                              /* into a for loop: fetch the item, step on, push the item */
	GJ_EDGE_POP,                               /* drop the top */
	GJ_EDGE_MARK,                              /* push the marker that END_FOR removes */
	GJ_EDGE_STOP, GJ_EDGE_FIRST, GJ_EDGE_MORE, GJ_EDGE_RESULT, GJ_EDGE_EMPTY,     /* of generators (generator.c) */
	GJ_EDGE_RAISED,                            /* out of what has raised: the stack as its handler wants it */
	GJ_CAUGHT_HERE                             /* … and before the handler, all ways in one: the exception on top */
} gj_stretch;

typedef struct gj_sblock {
	gj_stretch kind;
	uint32_t first, last;                      /* CODE: instructions, both included; edges: the jump */
	uint32_t copy;                             /* number of the gj_copy that it belongs to */
	const gj_handler *handler;                 /* EDGE_RAISED, CAUGHT_HERE */
	gj_ref  *stack; uint32_t depth;            /* at the end; 0 is CPython's NULL */
	bool     done;
	uint32_t loaded;                           /* 1 + the variable that its last instruction loads, if that may be caught */
	GJ_VEC(gj_ref) phis;
} gj_sblock;

/* Variables are numbered as var[] of the code; behind them come the hidden positions of iterators, by the place of the
 * iterator in the stack; from BOUND on, whether each variable has a value, from KEPT on, whether it had one before a comprehension
 * took its name; from FILLED on, how many items an array has that a loop fills, by its place in the stack; what is known of the items that a generator has yielded; with this bit, places of the stack. */
enum {
	GJ_VAR_FILLED = 0x08000000, GJ_VAR_BOUND = 0x10000000, GJ_VAR_KEPT = 0x20000000,
	GJ_VAR_STACK = (int)0x40000000, GJ_VAR_TAKEN = GJ_VAR_STACK - 3, GJ_VAR_YIELDED, GJ_VAR_SOME
};

/* A stretch of instructions that has blocks of its own: number 0 is the whole function, the others rounds of unrolled loops. */
typedef struct gj_copy {
	uint32_t up;                               /* the copy that it is part of */
	uint32_t loop, round;                      /* entry of the reading's loops, counted from 1; 0: the whole function */
	uint32_t next;                             /* the next round, where jumps to the loop's start lead */
	uint32_t first, end;                       /* instructions */
	uint32_t *block;                           /* of each that starts one; 0: none */
} gj_copy;

typedef struct gj_sphi { gj_ref ref; uint32_t block, var; } gj_sphi;
typedef struct gj_place { uint32_t var, block, place; gj_ref value; } gj_place;

/* A dictionary that bytecode builds. named: all its keys are constant strings, but those of dictionaries that are merged into it, which
 * have no name and stand among the items as they are. */
typedef struct gj_building { gj_ref ref; bool named; GJ_VEC(const char *) name; GJ_VEC(gj_ref) item; } gj_building;

/* `sub` of an UNSUPPORTED that is a piece of an f-string: several one after the other, a value, a value and its format; the text of a value
 * (!s; !r or !a), which is formatted as texts are. */
enum { GJ_TEXT_OTHER, GJ_TEXT_PARTS, GJ_TEXT_VALUE, GJ_TEXT_SPEC, GJ_TEXT_STR, GJ_TEXT_REPR };

typedef GJ_VEC(gj_ref) gj_refs;

typedef struct gj_raise { gj_ref op, value; } gj_raise;     /* a RAISE and what it raises */

/* A list that list_append makes longer, before and after it, and the iterator whose loop does so (collected.c). */
typedef struct gj_growth { gj_ref list, iterator, longer; } gj_growth;
typedef struct gj_collection { gj_ref type, array; bool cut; } gj_collection;     /* ITEMTYPE; what np.array takes; some rounds leave out their item */

typedef struct gj_choice { gj_ref phi, number; const char *texts; } gj_choice;     /* choice.c; texts: each with a GJ_TOLD_ONE behind it */

typedef struct gj_ssa_state gj_ssa_state;
struct gj_ssa_state {
	gj_fn *f;
	const gj_code *code;
	gj_insns in;
	GJ_VEC(gj_sblock) sb;                      /* beside f->bb */
	const gj_reading *reading;
	GJ_VEC(gj_copy) copy;
	uint32_t unrolled;                         /* instructions of all copies of loops */
	GJ_VEC(gj_ref) unroll;                     /* iterators whose loops must be unrolled */
	GJ_VEC(gj_growth) listed;
	GJ_VEC(gj_collection) collected;           /* by number in reading->arrays */
	/* the block at work */
	uint32_t cur, loc;
	const gj_insn *insn;
	GJ_VEC(gj_ref) stack;
	gj_ref cond;                               /* of the block's BRANCH */
	const gj_obj *kw;                          /* names for the next call */
	gj_ref *precall; uint32_t nprecall; bool has_precall;
	GJ_VEC(gj_building) building;
	GJ_VEC(gj_raise) raise;
	gj_refs print;                             /* calls of print() */
	GJ_VEC(gj_choice) choice;
	const bool *doomed;                        /* raised.c: blocks from which every way raises */
	/* variables */
	struct { uint64_t *key; gj_ref *ref; uint32_t n, cap; } defs;
	GJ_VEC(gj_sphi) phi;
	gj_ref truth[2];                           /* False and True, in the entry */
	bool *in_cell;                             /* of each variable: an inner function uses it */
	GJ_VEC(gj_ref) assigned;                   /* ASSIGNEDs */
	GJ_VEC(gj_place) store;                    /* to captured variables */
	gj_ref *alias;                             /* op → what stands for it; 0: itself */
};

/* stack.c */
enum { GJ_SSA_DEPTH = 1 << 16 };               /* of the stack, at most */
uint32_t gj_ssa_loc(const gj_ssa_state *, uint32_t unit);    /* where code unit `unit` comes from */
GJ_NORETURN void gj_ssa_damaged(const gj_ssa_state *, const char *what);
gj_ref gj_ssa_emit(gj_ssa_state *, gj_opcode, uint32_t nargs, const gj_ref *args);
void   gj_ssa_push(gj_ssa_state *, gj_ref);
gj_ref gj_ssa_pop(gj_ssa_state *);             /* may be 0, a NULL */
gj_ref gj_ssa_value(gj_ssa_state *);           /* pop what must be a value */
gj_ref gj_ssa_unsupported(gj_ssa_state *, const char *what);
gj_ref gj_ssa_emit1(gj_ssa_state *, gj_opcode, gj_ref);
gj_ref gj_ssa_emit2(gj_ssa_state *, gj_opcode, gj_ref, gj_ref);
gj_ref gj_ssa_emit_obj(gj_ssa_state *, const gj_obj *);
gj_ref gj_ssa_as_variable(gj_ssa_state *, uint32_t variable, gj_ref);     /* of the type that locals= gives the variable */
gj_ref *gj_ssa_pop_values(gj_ssa_state *, uint32_t n);          /* into a new array, the deepest first */
gj_ref *gj_ssa_from_top(gj_ssa_state *, uint32_t n);            /* the place of item n, counted from 1 */
gj_ref gj_ssa_same_on_all_paths(const gj_ssa_state *, gj_ref);  /* what a place of the stack holds whichever way control came, or itself */

/* building.c: gj_build pushes a dictionary, an UNSUPPORTED `what` without names, which gj_build_allow takes back; gj_build_merge adds dictionary r */
void gj_build(gj_ssa_state *, const char *what, const gj_obj *name, uint32_t n, const gj_ref *item);
void gj_build_merge(gj_ssa_state *, gj_building *, gj_ref r);
gj_building *gj_built(gj_ssa_state *, gj_ref);         /* NULL: r is none */
void gj_build_allow(gj_ssa_state *, const gj_building *);
const gj_obj *gj_build_keys(gj_ssa_state *, const gj_ref *key, uint32_t n, uint32_t step);    /* NULL: not all are constant strings */

/* tuples.c: the values of a tuple that is known here; false for any other. And the tuple or list of the items of a tuple and one
 * more, an ordinary value or a STAR. */
bool   gj_ssa_tuple_items(gj_ssa_state *, gj_ref, gj_ref **item, uint32_t *n);
gj_ref gj_ssa_longer(gj_ssa_state *, gj_ref tuple, gj_ref item, gj_sort);
/* Is it a tuple of n that is made here, with slices among its items? These are no values that could come out of it. */
bool   gj_ssa_makes_slices(gj_ssa_state *, const gj_op *tuple, uint32_t n);
/* What slice(stop), slice(start, stop[, step]) makes, of the function and its arguments; 0: another call. */
gj_ref gj_ssa_slice(gj_ssa_state *, const gj_ref *arg, uint32_t nargs);
/* Loops whose iterators stand in the stack from place `from` on must be unrolled. */
void   gj_ssa_unroll(gj_ssa_state *, uint32_t from);

/* generator.c: what stands at the start of a generator that is taken from, behind an item, at the end; and on edges. */
void   gj_generator_enter(gj_ssa_state *);
void   gj_generator_item(gj_ssa_state *, gj_ref);
void   gj_generator_end(gj_ssa_state *);
void   gj_generator_edge(gj_ssa_state *, gj_stretch);
/* Where an item leads besides on, and where the end does: GJ_CODE: nowhere else. yes: if the condition holds. */
typedef struct gj_fork { gj_stretch yes, no; } gj_fork;
gj_fork gj_generator_fork(gj_taker, bool end);

/* collected.c: a list grows in a loop; once aliases are known, marks iterators of loops whose items may go into an array. What stands at BUILD_LIST,
 * LIST_APPEND (false: this list is none that the reading collects), and on the edge out of the loop that begins at an instruction; then who takes arrays. */
void   gj_collect_note(gj_ssa_state *, gj_ref list, gj_ref iterator, gj_ref longer);
void   gj_collect_mark(gj_ssa_state *);
bool   gj_collect_begin(gj_ssa_state *);
bool   gj_collect_item(gj_ssa_state *, gj_ref);
void   gj_collect_end(gj_ssa_state *, uint32_t loop);
void   gj_collect_settle(gj_ssa_state *);

/* blocks.c: f->bb and sb with their edges; the successor for "true" comes first */
void gj_ssa_blocks(gj_ssa_state *);

/* Actions, one a bytecode (a column of pyops.def): in actions.c but for those of tuples.c and caught.c. */
typedef void gj_action(gj_ssa_state *, uint32_t n);
#define PYOP(name, since, until, c11, c12, c13, pop, push, taken, flow, action, text) gj_action gj_act_##action;
#include "bytecode/pyops.def"
#define ACTION(NAME) void gj_act_##NAME(gj_ssa_state *s, uint32_t n)
#define UNUSED_N (void)n
void gj_ssa_enter_loop(gj_ssa_state *);        /* GJ_EDGE_ITEM */

/* variables.c */
gj_ref gj_var_read(gj_ssa_state *, uint32_t block, uint32_t var);
void   gj_var_write(gj_ssa_state *, uint32_t block, uint32_t var, gj_ref);
gj_ref gj_var_undef(gj_ssa_state *, uint32_t var);
void   gj_var_enter(gj_ssa_state *);           /* at the start no variable has a value */
void   gj_var_loaded(gj_ssa_state *);          /* … at the start of another block: what was loaded on the way to it has one */
gj_ref gj_var_load(gj_ssa_state *, uint32_t var);               /* in the block at work, which it leaves if there is no value */
void   gj_var_store(gj_ssa_state *, uint32_t var, gj_ref);      /* in the block at work; an UNDEF: from here on there is none */
void   gj_var_clear(gj_ssa_state *, uint32_t var);              /* for a comprehension, behind which gj_var_store gives it back what it was */
gj_ref gj_var_phi(gj_ssa_state *, uint32_t block, uint32_t var);
void   gj_var_fill(gj_ssa_state *);            /* operands of all phis, then the trivial ones become aliases */
void   gj_var_trivial(gj_ssa_state *);         /* again, after edges are gone */
gj_ref gj_var_find(gj_ssa_state *, gj_ref);    /* through aliases */
const gj_obj *gj_named_object(gj_ssa_state *, gj_ref);          /* the object that a name stands for, dotted or not; NULL: it is no name */

/* ways.c: where what is raised depends on the way control came, each has a RAISE of its own. */
void   gj_part_raises(gj_ssa_state *);

/* raised.c: what each RAISE raises, when all variables are known; what only makes its message is deleted. */
void   gj_settle_raises(gj_ssa_state *);
/* How often each op is an operand; deletes the ops `work`, which nobody uses, and what is not used then, as far as it stands in such blocks (NULL: all). */
uint32_t *gj_ssa_uses(gj_ssa_state *);
void   gj_drop_unused(gj_ssa_state *, gj_refs *work, uint32_t *uses, const bool *where);
/* printed.c: texts with values in them that print() takes become MKTUPLEs of the text and its values. Call them before the raises are settled. */
void   gj_find_prints(gj_ssa_state *);
void   gj_settle_prints(gj_ssa_state *);
extern const gj_obj gj_assertion;              /* what a failed assert raises */

/* texts.c: what r is as a text that an exception tells, with marks in it for `value`; false: it is no text, or says something else. May a
 * message tell r? */
bool   gj_text_of(gj_ssa_state *, gj_ref r, gj_sb *out, gj_refs *value, int depth);
bool   gj_can_tell(gj_ssa_state *, gj_ref r, int depth);

/* choice.c: phis of strings that are raised or printed, or compared with constants, get one of numbers beside them; NULL: r is no such phi. Adds ops. */
void   gj_choose_texts(gj_ssa_state *);
void   gj_choose_compared(gj_ssa_state *);
const gj_choice *gj_choice_of(const gj_ssa_state *, gj_ref r);
/* r is a phi of classes of exceptions, or of None: how many they are, and the phi of their numbers, which `r is None` compares from now on; 0: it is none. */
enum { GJ_MAX_CHOSEN = 16 };
uint32_t gj_choose_class(gj_ssa_state *, gj_ref r, gj_ref *number, const gj_obj *class[GJ_MAX_CHOSEN]);
/* Room for more ops, which stand for themselves; a constant before op r; the last op of the block goes before op r. */
void   gj_grow_aliases(gj_ssa_state *, uint32_t more);
gj_ref gj_constant_before(gj_ssa_state *, gj_ref r, const gj_obj *);
void   gj_move_before(gj_fn *, uint32_t block, gj_ref r);

/* handlers.c: the handler of what instruction i raises, NULL: none here; is it one that may raise, and has one? caught.c: what a handler begins with. */
const gj_handler *gj_handler_of(const gj_ssa_state *, uint32_t i);
bool   gj_may_be_caught(const gj_ssa_state *, uint32_t i);
void   gj_ssa_raised(gj_ssa_state *, const gj_handler *);
void   gj_ssa_caught(gj_ssa_state *, const gj_handler *);
/* Ends the block: the exception that is being handled, or r (not 0), is raised once more. */
void   gj_ssa_reraise(gj_ssa_state *, gj_ref r);

/* closure.c: closures whose captured variables change later become unsupported */
void gj_closure_check(gj_ssa_state *);

/* shortcut.c: edges through blocks that decide nothing lead on */
void gj_shortcuts(gj_fn *);

/* tidy.c: phis into their blocks, dead ops out, jumps threaded, blocks joined, predecessors in order */
void gj_ssa_tidy(gj_ssa_state *);

#endif
