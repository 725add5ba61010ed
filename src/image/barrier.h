/* What waits at a barrier, and what it gives each thread: the threads of the block, which learn nothing, or of their
 * predicates the number that is true, or whether all or any are; or the threads of the grid. */
#ifndef GJ_BARRIER_H
#define GJ_BARRIER_H

#include <stdbool.h>

typedef enum gj_barrier_kind { GJ_BAR_SYNC, GJ_BAR_COUNT, GJ_BAR_AND, GJ_BAR_OR, GJ_BAR_GRID } gj_barrier_kind;

static inline bool gj_takes_predicate(unsigned kind) { return kind != GJ_BAR_SYNC && kind != GJ_BAR_GRID; }

#endif
