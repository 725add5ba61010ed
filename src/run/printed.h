/* Lines that kernels have printed and Python has not shown yet. They are the thread's that came by them: it launched on the CPU, or
 * has waited for a GPU. */
#ifndef GJ_PRINTED_H
#define GJ_PRINTED_H

#include "image/report.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Words: each line's first one (image/report.h), then its numbers. */
typedef struct gj_lines { uint64_t *word; size_t n, cap; uint64_t lost; } gj_lines;

bool gj_lines_add(gj_lines *, uint32_t site, uint32_t n, const uint64_t *value);     /* false: out of memory */

/* A line as it is to be shown. */
typedef struct gj_printed { struct gj_printed *next; uint32_t n; uint64_t value[GJ_PRINT_VALUES]; char text[]; } gj_printed;

/* Queues a line for this thread; lines that were lost. */
void gj_printed_put(const char *text, uint32_t n, const uint64_t *value);
void gj_printed_lose(uint64_t lines);
/* What is queued, in order, to be freed one by one; adds to *lost. */
extern _Atomic bool gj_printed_ever;           /* by any thread of the process */
bool gj_printed_mine(void);
static inline bool gj_printed_any(void)
{
	return atomic_load_explicit(&gj_printed_ever, memory_order_relaxed) && gj_printed_mine();
}
gj_printed *gj_printed_take(uint64_t *lost);
/* Queues for this thread what was taken of another one. */
void gj_printed_give(gj_printed *first, uint64_t lost);

#endif
