/* Arguments of a launch as plain C: what a parameter buffer is filled from. */
#ifndef GJ_LEAVES_H
#define GJ_LEAVES_H

#include "core.h"

/* One leaf: a scalar's bits or an array's place and shape. Tuples are flattened into their items, depth first; every
 * other argument is one leaf (None too, though it fills no parameter). */
typedef struct gj_arg {
	const gj_type *type;
	union { uint8_t b[16]; int64_t i; uint64_t u; double f; float f4; double c[2]; } value;
	gj_devptr data;
	const int64_t *shape, *strides;            /* strides in bytes; a device array's own, or dims[] */
	PyArrayObject *array;                      /* the NumPy array that was read: borrowed, the caller holds it */
	const PyArray_Descr *dtype;                /* its dtype then: to be compared only */
	PyArrayObject *host;                       /* memory that the device cannot use in place: the array … */
	PyArrayObject *temp;                       /* … a contiguous, aligned array with the same contents (may be `host`) … */
	gj_devptr copy;                            /* … and its copy on the device (0: temp itself is used) */
	uint32_t first;                            /* of the leaves that are the same memory seen in the same way: the first */
	bool owns_copy, skip_in, skip_out;
	bool written;                              /* of the first: the kernel writes to one of them */
	bool readonly;                             /* an array that a signature takes for one that can be written */
	int64_t dims[2 * GJ_MAX_NDIM];
} gj_arg;

enum { GJ_FAST_ARGS = 12, GJ_FAST_REFS = 12 };

/* All arguments of one launch. Lives on the stack; a launch with many arguments moves to the heap. */
typedef struct gj_args {
	gj_device *dev;                            /* NULL: only types are wanted */
	const gj_type **type; uint32_t nargs, type_cap;    /* one an argument */
	gj_arg *leaf; uint32_t nleaves, leaf_cap;
	uint32_t nhost, nkeep;                     /* leaves with `host` set; with `skip_out` set */
	bool hinted;                               /* what In, Out or InOut hold is being read */
	uint32_t depth;                            /* tuples that are being read */
	uintptr_t producer; bool foreign;          /* stream that the foreign arrays' owner works on */
	PyObject **ref; uint32_t nrefs, ref_cap;   /* what keeps foreign memory alive until the launch is queued */
	const gj_type *type0[GJ_FAST_ARGS];
	gj_arg leaf0[GJ_FAST_ARGS];
	PyObject *ref0[GJ_FAST_REFS];
} gj_args;

void gj_args_init(gj_args *, gj_device *);
void gj_args_clear(gj_args *);

/* -- For those who read arguments. false and NULL: exception set. ------------------------------------------------- */

gj_arg *gj_args_leaf(gj_args *, const gj_type *);      /* a new leaf of this type */
bool    gj_args_type(gj_args *, const gj_type *);      /* one more argument is complete: its type */
bool    gj_args_keep(gj_args *, PyObject *);           /* steals the reference */
bool    gj_args_ndarray(gj_args *, PyArrayObject *);
/* Is the array still what was read? Code of the user's that runs in between, and other threads, may have changed it. */
bool    gj_args_unchanged(const gj_arg *);
void    gj_arg_dims(gj_arg *, PyArrayObject *);        /* shape and strides are the array's from now on: a copy of them */
bool    gj_args_describe(gj_args *, int kind, int ndim, uintptr_t data, bool readonly, const int64_t *shape,
	const int64_t *strides);                   /* a foreign array in device memory; strides NULL: C order */
bool    gj_refuse_dtype(PyArray_Descr *);              /* sets the exception: no kernel takes such an array */
/* Leaves of an argument of this type. */

#endif
