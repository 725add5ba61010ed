/* Compiled forms of a kernel: finding one, compiling it when there is none. */
#ifndef GJ_SPECIALISE_H
#define GJ_SPECIALISE_H

#include "core.h"

typedef struct gj_dispatcher gj_dispatcher;

/* One compiled form of a kernel: for these argument types, facts and device. Once it is in the list, nothing changes but what
 * launches note. */
typedef struct gj_specialisation {
	struct gj_specialisation *next;
	gj_device *dev;
	uint32_t facts, width;
	bool libm_exact;
	uint32_t nargs, nleaves;
	const gj_type **arg, *ret;                 /* ret: of functions for the host */
	gj_image image;
	gj_kernel *kernel;
	uint64_t blocks;                           /* launched, of those that image.straight is about */
	struct gj_specialisation *straight;        /* the form for these; NULL: not asked for yet */
	bool warned;                               /* of what its image tells of */
	PyObject *known;                           /* of the result: constant objects in it, or NULL (known_result.h) */
	PyObject *function;                        /* the Python function with the names that it had when it was first compiled for these types */
	PyObject *captured;                        /* what keeps device arrays alive that the code refers to, or NULL */
} gj_specialisation;

/* The compiled form for these types and facts, compiled now if there is none (without the GIL). NULL: exception. */
gj_specialisation *gj_specialise(gj_dispatcher *, gj_device *, const gj_type *const *arg, uint32_t n, uint32_t facts);
/* The one launched last, if it is for these; else NULL. */
gj_specialisation *gj_specialised_last(const gj_dispatcher *, gj_device *, const gj_type *const *arg, uint32_t n, uint32_t facts);
void gj_specialisation_free(gj_specialisation *);

#endif
