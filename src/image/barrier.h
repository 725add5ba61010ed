/* What a barrier of a block gives each thread: nothing, or of the threads' predicates the number that is true, or whether all
 * or any are. */
#ifndef GJ_BARRIER_H
#define GJ_BARRIER_H

typedef enum gj_barrier_kind { GJ_BAR_SYNC, GJ_BAR_COUNT, GJ_BAR_AND, GJ_BAR_OR } gj_barrier_kind;

#endif
