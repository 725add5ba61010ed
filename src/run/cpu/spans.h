/* The blocks of memory that the CPU device has handed out. Calls may come from any thread. */
#ifndef GJ_RUN_CPU_SPANS_H
#define GJ_RUN_CPU_SPANS_H

#include "run/device.h"

#define GJ_SPAN_PLAIN GJ_NMEMORY              /* the kind of what alloc() gives */

typedef struct gj_span { uintptr_t start; size_t bytes; gj_memory kind; int fd; } gj_span;   /* fd: what it maps, −1: nothing */

/* A part of the machine's memory; false: there is not so much left. */
bool gj_spans_reserve(size_t bytes);
void gj_spans_unreserve(size_t bytes);
gj_status gj_spans_full(size_t bytes);        /* the error that says so */

bool gj_spans_add(gj_span);                  /* false: out of memory */
gj_status gj_spans_remove(uintptr_t start, gj_memory, gj_span *out);
bool gj_spans_find(uintptr_t at, gj_span *out);
size_t gj_spans_left(uintptr_t at);           /* bytes from here to its block's end; SIZE_MAX: in none */

void gj_spans_start(void);

#endif
