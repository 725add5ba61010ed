/* Arguments of a launch as plain C: what a parameter buffer is filled from. */
#ifndef GJ_ARGUMENT_H
#define GJ_ARGUMENT_H

#include "core.h"

/* One leaf: a scalar's bits or an array's place and shape. Tuples are flattened into their items, depth first; every
 * other argument is one leaf (None too, though it fills no parameter). */
typedef struct gj_arg {
	const gj_type *type;
	union { uint8_t b[16]; int64_t i; uint64_t u; double f; float f4; double c[2]; } value;
	gj_devptr data;
	const int64_t *shape, *strides;            /* strides in bytes; the Python object's own memory, or dims[] */
	PyArrayObject *host;                       /* memory that the device cannot use in place: the array … */
	PyArrayObject *temp;                       /* … a contiguous, aligned array with the same contents (may be `host`) … */
	gj_devptr copy;                            /* … and its copy on the device (0: temp itself is used) */
	bool owns_copy, skip_in, skip_out;
	bool readonly;                             /* an array that a signature takes for one that can be written */
	int64_t dims[2 * GJ_MAX_NDIM];
} gj_arg;

enum { GJ_FAST_ARGS = 12, GJ_FAST_REFS = 12 };

/* All arguments of one launch. Lives on the stack; a launch with many arguments moves to the heap. */
typedef struct gj_args {
	gj_device *dev;                            /* NULL: only types are wanted */
	const gj_type **type; uint32_t nargs, type_cap;    /* one an argument */
	gj_arg *leaf; uint32_t nleaves, leaf_cap;
	uint32_t nhost;                            /* leaves with `host` set */
	uintptr_t producer; bool foreign;          /* stream that the foreign arrays' owner works on */
	PyObject **ref; uint32_t nrefs, ref_cap;   /* what keeps foreign memory alive until the launch is queued */
	const gj_type *type0[GJ_FAST_ARGS];
	gj_arg leaf0[GJ_FAST_ARGS];
	PyObject *ref0[GJ_FAST_REFS];
} gj_args;

void gj_args_init(gj_args *, gj_device *);
void gj_args_clear(gj_args *);
/* Read one more argument. false: exception set, naming what cannot be passed. */
bool gj_args_add(gj_args *, PyObject *);
/* Facts (GJ_FACT_…) that hold for these arguments; call after gj_args_place. */
uint32_t gj_args_facts(const gj_args *);
/* Can this argument be passed where an explicit signature has that type? */
bool gj_args_fit(const gj_type *given, const gj_type *want);
/* Convert to the types of an explicit signature (n of them, as many as arguments). false: it cannot be done; no
 * exception, nothing changed. */
bool gj_args_convert(gj_args *, const gj_type *const *to);
/* Give host arrays a place on the device and copy them there. */
bool gj_args_place(gj_args *, gj_stream *);
/* Copy back what the kernel may have written and free the copies. Without `ok` only frees. */
bool gj_args_return(gj_args *, gj_stream *, const gj_image *, bool ok);

/* -- For the readers of argument.c and foreign.c ----------------------------------------------------------------------- */

gj_arg *gj_args_leaf(gj_args *, const gj_type *);      /* a new leaf of this type; NULL with MemoryError */
bool    gj_args_keep(gj_args *, PyObject *);           /* steals the reference; false with MemoryError */
bool    gj_args_ndarray(gj_args *, PyArrayObject *);
bool    gj_args_describe(gj_args *, int kind, int ndim, uintptr_t data, bool readonly, const int64_t *shape,
	const int64_t *strides);                   /* a foreign array in device memory; strides NULL: C order */

/* How a class of arguments is read. `aux`: what classify found out (a DLPack table …). */
typedef struct gj_reader gj_reader;
struct gj_reader {
	PyTypeObject *cls;
	bool (*read)(gj_args *, PyObject *, const gj_reader *);
	void *aux;
};
/* Fills read and aux for a foreign array class; read stays NULL when the object is none. false: exception. */
bool gj_foreign_classify(PyObject *, gj_reader *);

/* Is an array of this shape and these byte strides contiguous, last (C) or first (F) index fastest? */
bool gj_is_contiguous(int ndim, const int64_t *shape, const int64_t *strides, int64_t itemsize, char order);
/* First byte and one past the last of an array at `data`. Equal: no items. */
void gj_extent(const gj_type *, uintptr_t data, const int64_t *shape, const int64_t *strides, uintptr_t *lo, uintptr_t *hi);

int gj_argument_init(PyObject *module);

#endif
