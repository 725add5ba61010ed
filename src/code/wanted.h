/* What inference wants to know of Python, where it fails with GJ_ERR_OVERLOAD: the implementation of an overloaded function for the types
 * of a call. */
#ifndef GJ_WANTED_H
#define GJ_WANTED_H

#include "code/code.h"

enum { GJ_WANTED_ARGS = 32 };

typedef struct gj_wanted {
	const gj_obj *function;                    /* NULL: nothing is wanted */
	uint32_t n, nkw;                           /* the last nkw by keyword */
	const gj_type *type[GJ_WANTED_ARGS];
	const char *keyword[GJ_WANTED_ARGS];       /* NULL: by position */
} gj_wanted;

void gj_wanted_text(const gj_wanted *, gj_sb *out);

#endif
