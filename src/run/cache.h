/* The disk cache: content-addressed blobs. A key names its contents completely, so nothing goes stale; a damaged,
 * short or foreign file is a miss. */
#ifndef GJ_CACHE_H
#define GJ_CACHE_H

#include "base/base.h"

/* Opens (and makes, 0700) the directory: `dir`, else $GRIDJIT_CACHE_DIR, else $XDG_CACHE_HOME/gridjit, else
 * ~/.cache/gridjit. NULL when GRIDJIT_CACHE=0, when it cannot be made, is not ours or others can write to it;
 * *why (static text) then says why. */
typedef struct gj_cache gj_cache;
gj_cache *gj_cache_open(const char *dir, const char **why);
void      gj_cache_close(gj_cache *);
const char *gj_cache_path(const gj_cache *);

/* *blob on the heap; false: not there. */
bool gj_cache_get(gj_cache *, const gj_hash *key, void **blob, size_t *n);
/* Written to a temporary file and renamed; errors are ignored (a cache may fail silently). Trims the directory, oldest
 * use first, when it grows over the limit (GRIDJIT_CACHE_SIZE bytes, default 512 MiB). */
void gj_cache_put(gj_cache *, const gj_hash *key, const void *blob, size_t n);

#endif
