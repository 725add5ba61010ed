/* Looking at the stages of a compilation: each as text, for GRIDJIT_DUMP and tests, and checked where that is asked for. */
#ifndef GJ_STAGES_H
#define GJ_STAGES_H

#include "ir/ir.h"

/* Where stages are printed: to standard error for the names in `wanted` (with commas between), or one of them to a string. */
typedef struct gj_stages { const char *wanted; gj_sb *out; bool verify; } gj_stages;

/* Does every build check every pass (debug builds), or does GRIDJIT_VERIFY=1 ask for it? */
bool gj_stages_verify(void);
bool gj_stages_want(const gj_stages *, const char *what);
void gj_show_text(const gj_stages *, const char *what, const char *text);
/* The function and those that it calls; fails if it is wrong. */
void gj_show(const gj_stages *, const char *what, const gj_fn *);
/* What comes before types, so that it can be seen where inference fails. */
void gj_show_frozen(const gj_stages *, gj_trap *, const gj_code *);

#endif
