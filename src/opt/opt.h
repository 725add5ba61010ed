/* What the files of the optimiser share: opt.c (the passes in their order), simplify.c (the walk over the function),
 * fold.c and identity.c (what one op comes to), range.c (how large values get), fma.c (fused multiply-add) … */
#ifndef GJ_OPT_H
#define GJ_OPT_H

#include "ir/walk.h"
#include "image/target.h"

/* Bits of an immediate: integers and bool as imm.i in canonical form (extended by the type's sign), floats as imm.f. */
typedef union gj_imm { int64_t i; double f; } gj_imm;

/* The immediate as the type holds it: integers wrapped to its width, float32 rounded. */
gj_imm gj_imm_canonical(const gj_type *, gj_imm);

/* Is the op, all of whose operands are constants, a constant too? */
bool gj_fold_const(const gj_fn *, const gj_op *, gj_imm *out);

/* What an op comes to without computing it. `same`: the value it equals; `is_const`: the constant it equals. With
 * neither it may still have been rewritten in place into a simpler op of the same value: then `changed`. */
typedef struct gj_folded { gj_ref same; bool is_const, changed; gj_imm imm; } gj_folded;
gj_folded gj_fold_identity(const gj_fn *, gj_ref);

/* Sets GJ_NONNEG and GJ_NSW, GJ_NUW where they are proven; true if it found any new one. */
bool gj_ranges(gj_fn *);

/* How many bits each value needs (by op), as range.c counts them. */
const uint8_t *gj_bits(gj_fn *);

/* Makes one branch of conditions that follow each other (conditions.c); true if it made any. */
bool gj_join_conditions(gj_fn *);

/* Computes in 32 bits what fits (narrow.c). */
void gj_narrow(gj_fn *);

/* Drops the handling of negative indices where an index cannot be negative (negative_index.c); true if it dropped any. */
bool gj_index_signs(gj_fn *);

/* Drops checks of bounds that hold anyhow (bounds.c); true if it dropped any. */
bool gj_prove_bounds(gj_fn *);

/* Checks of bounds go before what nobody sees, loads above all, which then stand side by side (bounds.c). After the other passes. */
void gj_check_early(gj_fn *);

/* Makes checks of bounds in loops before these, where that can be (loop_bounds.c); true if it made any. After the other passes. in_turn: loops
 * over the grid are left to gj_split_grid_rounds. */
bool gj_check_before_loops(gj_fn *, bool in_turn);

/* The same for the loop over the threads of a row, with this header. */
void gj_check_before_row(gj_fn *, uint32_t header);

/* Width 1: makes such a loop of a kernel that has none, if it checks bounds (rows.c). Just before it is emitted. False: it has not. */
bool gj_run_rows(gj_fn *);

/* Joins a store with one that a condition lays over it (stores.c); true if it joined any. */
bool gj_merge_stores(gj_fn *);

/* Arrays frozen into a kernel become part of its code, PTX text of four characters a byte: fails where they are too large. */
void gj_check_frozen(const gj_fn *);

/* simplify.c: every op folded, or replaced by an equal one; true if anything changed. After gj_cfg. */
bool gj_simplify_values(gj_fn *);
/* Folds branches and joins blocks; true if the graph changed, which is then analysed anew. */
bool gj_simplify_blocks(gj_fn *);
void gj_remove_dead(gj_fn *);

/* Lists where threads of the entry and its callees raise, in entry->ends (ends.c). */
void gj_find_ends(gj_fn *entry);

/* Loops over the grid are tested where they begin, whatever they are written with (grid_while.c). */
void gj_test_grid_loops_first(gj_fn *);

/* Makes a kernel that is a loop over the grid one of its rounds (grid_rounds.c). After written.c and waits.c. */
void gj_split_grid_rounds(gj_fn *);
/* Makes a kernel whose loops over the grid have rounds of their own one of a thread for each round: f->reach (grid_nest.c); or, not
 * wanted, only says that it could. After the former. */
void gj_spread_grid_nest(gj_fn *, bool wanted);
/* Makes f->part of the loop over the grid that a kernel with barriers begins with, and takes it out of f. Returns a copy of f as it was;
 * NULL: there is no such loop, or it is not worth it. */
gj_fn *gj_split_grid_part(gj_fn *f, bool worth);

/* Loads go before slow operations (loads.c). After the other passes. */
void gj_load_early(gj_fn *);

/* Makes a thread run as many threads' work as it can, up to `most` (1, 2 or 4; `most_narrow` where all items have 16 bits or fewer), and
 * returns that; 0: the kernel is not for it. After the other passes. */
uint32_t gj_run_neighbours(gj_fn *, uint32_t most, uint32_t most_narrow);

/* Computes in float32 what the machine does not compute with floats of 16 bits (halves.c). */
void gj_widen_halves(gj_fn *, const gj_halves *);

/* The first part of gj_simplify: values and branches, but no op that stands for several. */
void gj_simplify_first(gj_fn *);

/* Who gives loops in the rounds of a loop over prange to lanes: makes of an entry for one thread one for a vector, and fills its `shared`;
 * false: it is not worth it. NULL: nobody does. */
typedef struct gj_sharing gj_sharing;
struct gj_sharing { bool (*share)(const gj_sharing *, gj_fn *); };

/* Makes entries of loops over prange, in f->rounds (outline.c). */
void gj_outline(gj_fn *, const gj_sharing *);

/* What a round of a loop leaves behind that the next would compute again is kept for it (kept.c); true if anything is. */
bool gj_keep_for_next(gj_fn *);

/* Forms FMA. */
void gj_contract(gj_fn *);

#endif
