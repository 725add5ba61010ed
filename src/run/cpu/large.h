/* Memory of large arrays that calls make anew. */
#ifndef GJ_LARGE_H
#define GJ_LARGE_H

#include <stdbool.h>
#include <stddef.h>

enum { GJ_LARGE = 4 << 20 };                   /* bytes from which on it pays */

/* At least so many bytes, aligned to a page; *mapped: what to give back. zeros: filled with them. NULL: no memory. */
void *gj_large_take(size_t bytes, bool zeros, size_t *mapped);
void  gj_large_give(void *, size_t mapped);

#endif
