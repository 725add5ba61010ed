/* Loops whose rounds run side by side, over prange or found to be independent: what the files that make entries of them share. outline.c
 * finds the loops and puts a ROUNDS in their place, carried.c says what of one round the next one sees, rounds.c makes the entry. */
#ifndef GJ_PRANGE_H
#define GJ_PRANGE_H

#include "opt/independent.h"
#include "opt/opt.h"

/* What becomes of a phi of the loop's header: nobody reads it; it is known from the round's number; it is its last round's behind the
 * loop; or what all rounds contribute to it, in any order. */
typedef enum gj_carry_how { GJ_CARRY_NOTHING, GJ_CARRY_COUNTED, GJ_CARRY_LAST, GJ_CARRY_REDUCED } gj_carry_how;

typedef struct gj_carried {
	gj_ref   phi;
	gj_carry_how how;
	gj_opcode op;                              /* REDUCED: makes one of two */
	bool     owner;                            /* LAST: of an array; what other rounds leave they let go of, and the function of what was before */
	bool     compared;                         /* MIN, MAX: by a comparison, which NaN never passes */
	bool     nan;                              /* … NaN wins */
	gj_ref   by;                               /* COUNTED: by how much in each round */
	gj_ref   cell;                             /* LOCALMEM of the function: partial values, a chunk each; the last */
} gj_carried;

/* An array to whose elements rounds add, and not otherwise look at it, so that each chunk may have a copy of its own. */
typedef struct gj_added {
	gj_ref   base, address;                    /* its memory; an element's */
	gj_carried how;                            /* op, compared */
	const gj_type *type;                       /* of what is added: the elements', or of the parts of complex ones */
	gj_ref   copies, step, count;              /* where chunk 0 adds, how many elements further the next does; numbers of `type` */
	gj_ref   memory;                           /* of the copies: an owner, or 0 */
} gj_added;

typedef struct gj_prange {
	gj_fn   *f;
	uint32_t loop, header, body, latch, before, exit;      /* blocks: `body` comes behind the header, `before` leads to it */
	uint32_t loc;
	bool     promised;                         /* over prange: rounds are independent because the user says so */
	gj_ref   position, start, step, length;
	int64_t  nesting;                          /* how deep it is nested, as of ROUND */
	uint32_t handler;                          /* handled.c: block behind the loop where what rounds raise is handled; 0: out of the function */
	GJ_VEC(gj_ref) held;                       /* … RETAINs and RELEASEs on the way there, of what is from outside the loop */
	uint32_t blocks;                           /* of f when `inside` was made */
	bool    *inside;                           /* by block: what rounds run; not the header */
	bool    *raises;                           /* … of which these only raise */
	uint32_t nops;                             /* in these */
	bool     heavy, owns, catches;             /* with loops or calls in them; with arrays that are counted; with handlers of exceptions */
	bool     tells;                            /* without handlers, but it says who around it takes an exception */
	GJ_VEC(gj_carried) carried;
	gj_pairs apart;                            /* objects that must be, or rounds run one after the other */
	GJ_VEC(gj_added) added;                    /* arrays that rounds add to, or the like */
	gj_ref   chunks, several;                  /* … then: how many there are at most; more than one */
	GJ_VEC(gj_ref) along;                      /* SELECTs of 0 or an index: the index, or rounds run one after the other */
	GJ_VEC(gj_ref) leaf;                       /* values of f that the entry takes, from GJ_LEAF_FIRST on */
} gj_prange;

/* Leaves that the runtime gives: the first round, how many there are, the number of the chunk. */
enum { GJ_LEAF_ROUND, GJ_LEAF_COUNT, GJ_LEAF_CHUNK, GJ_LEAF_FIRST };

/* The operand of a header's phi that comes from before the loop, or from the end of a round. */
gj_ref gj_carry_in(const gj_prange *, gj_ref phi);
gj_ref gj_carry_out(const gj_prange *, gj_ref phi);

/* Variables that have no value before a loop over prange, or may have none: rounds begin without. */
void gj_make_own(gj_prange *);
/* Fills p->carried. false: rounds depend on each other through the variable *told. */
typedef struct gj_carried_wrong { uint32_t loc; const char *name; } gj_carried_wrong;
bool gj_find_carried(gj_prange *, gj_carried_wrong *told);
/* What leaves the other value as it is; two partial values as one; at the end of block b. */
gj_ref gj_carry_neutral(gj_fn *, uint32_t b, const gj_carried *, const gj_type *);
gj_ref gj_carry_join(gj_fn *, uint32_t b, const gj_carried *, gj_ref x, gj_ref y);

/* added.c: finds such arrays where rounds may meet in them; NULL, or why rounds cannot run side by side. Makes the copies, at the end of
 * the block before the loop, for `work` rounds with those of inner loops (known: all of them); adds them up, from block b on. */
const char *gj_find_added(gj_prange *);
void     gj_copy_added(gj_prange *, bool known, gj_ref work);
uint32_t gj_join_added(gj_prange *, uint32_t b, gj_ref chunks);

/* handled.c: puts handlers around loops of this nesting into blocks of their own; is b one? Of a loop in a `try`: NULL, or why its handler
 * cannot do without the loop's own rounds; fills p->held. Is it something of what is held outside the rounds? Where the runtime says with
 * `chunks` that a round has raised, control goes to the handler; returns the block that goes on. */
void     gj_split_handlers(gj_fn *, int64_t nesting);
bool     gj_is_handler(const gj_prange *, uint32_t b);
const char *gj_find_handled(gj_prange *);
bool     gj_is_held_outside(const gj_prange *, const gj_op *);
uint32_t gj_go_to_handler(gj_prange *, uint32_t b, gj_ref chunks);

/* The entry: with `lanes` rounds side by side in a vector, 1: one after the other. */
gj_fn *gj_rounds_make(gj_prange *, uint32_t lanes, const char *name);

/* inner.c: an entry for the loop in whose rounds inner loops are shared out among lanes, and a value, at the end of the block before the loop,
 * that says whether these are long enough; NULL: there is none. */
gj_fn *gj_share_inner(gj_prange *, const gj_sharing *, const char *name, gj_ref *enough);
/* Does it share out the loop of f whose position is marked? */
bool   gj_shares_inner(const gj_fn *rows, const gj_fn *f, const gj_op *mark);

/* before.c: can a value be computed before the loop? Computed there, at the end of the block before it; n >= least. */
bool   gj_can_hoist(const gj_prange *, gj_ref);
gj_ref gj_hoist(gj_prange *, gj_ref);
gj_ref gj_at_least(gj_prange *, gj_ref n, int64_t least);

/* rounds.c: helpers for building */
gj_ref gj_int(gj_fn *, uint32_t b, const gj_type *, int64_t);

#endif
