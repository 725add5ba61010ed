/* The compiler as a function: frozen code and types in, image out. */
#ifndef GJ_COMPILE_H
#define GJ_COMPILE_H

#include "code/wanted.h"
#include "emit/emit.h"

typedef struct gj_returned { gj_arena *arena; const gj_obj *konst; } gj_returned;

typedef struct gj_request {
	const gj_code *code;
	const gj_type *const *arg; uint32_t nargs; /* types of the positional arguments */
	const gj_obj *const *konst;                /* what is known of their values, functions; NULL: nothing of any */
	const gj_type *ret;                        /* an explicit signature's return type (entries with results), or NULL */
	gj_options     options;
	gj_wanted     *wanted;                     /* what inference asks for, or NULL */
	gj_returned   *returned;                   /* takes what is known of the result, or NULL */
	bool           layouts;                    /* while it is frozen: the code is compiled for contiguous arrays, too */
} gj_request;

/* Compile without Python: any thread, no GIL. On success fills *image (caller clears it) and *ret with the return type. On
 * failure returns false and fills *diag. */
bool gj_compile(const gj_request *, gj_image *image, const gj_type **ret, gj_diag *diag);

/* The stage `what` ("code", "cfg", "ssa", "types", "low", "llvm", "ptx", "asm") as text, for tests and
 * GRIDJIT_DUMP; false fills *diag. */
bool gj_compile_dump(const gj_request *, const char *what, gj_sb *out, gj_diag *diag);

/* What a function returns as such an entry, without compiling it. */
bool gj_return_type(const gj_request *, const gj_type **ret, gj_diag *);

#endif
