/* Arguments of a launch as plain C: what a parameter buffer is filled from. */
#ifndef GJ_LEAVES_H
#define GJ_LEAVES_H

#include "core.h"

#include <string.h>

/* One leaf: a scalar's bits or an array's place and shape. Tuples are flattened into their items, depth first; every
 * other argument is one leaf (None too, though it fills no parameter). */
typedef struct gj_arg {
	const gj_type *type;
	union { uint8_t b[16]; int64_t i; uint64_t u; double f; float f4; double c[2]; } value;
	gj_devptr data;
	const int64_t *shape, *strides;            /* strides in bytes; a device array's own, or dims[] */
	uint64_t serial;                           /* a device array's; 0: it is none */
	/* A new leaf has none of these: */
	PyArrayObject *array;                      /* the NumPy array that was read: borrowed, the caller holds it */
	PyArrayObject *host;                       /* memory that the device cannot use in place: the array … */
	PyArrayObject *temp;                       /* … a contiguous, aligned array with the same contents (may be `host`) … */
	gj_devptr copy;                            /* … and its copy on the device (0: temp itself is used) */
	uint32_t first;                            /* of the leaves that are the same memory seen in the same way: the first */
	bool owns_copy, skip_in, skip_out;
	bool written;                              /* of the first: the kernel writes to one of them */
	bool readonly;                             /* an array that a signature takes for one that can be written */
	/* Behind what every launch touches: */
	int64_t dims[2 * GJ_MAX_NDIM];
	const PyArray_Descr *dtype;                /* of `array` when it was read: to be compared only */
} gj_arg;

enum { GJ_FAST_ARGS = 12, GJ_FAST_REFS = 12 };

/* All arguments of one launch. Lives on the stack; a launch with many arguments moves to the heap. */
typedef struct gj_args {
	gj_device *dev;                            /* NULL: only types are wanted */
	uint64_t settings;                         /* gj_config.changes before the first was read */
	const gj_type **type; uint32_t nargs, type_cap;    /* one an argument */
	gj_arg *leaf; uint32_t nleaves, leaf_cap;
	uint32_t narrays, nhost, nkeep;            /* leaves with `array` set; with `host`; with `skip_out` */
	bool huge;                                 /* an integer has more than 64 bits: that is why reading them failed */
	gj_devptr together;                        /* a block with the copies of all host arrays; 0: each has one of its own */
	bool near;                                 /* that block may be memory of the host, … */
	gj_place lent;                             /* … which is this; host NULL: it is not */
	bool plain;                                /* no code but ours has run since the first was read */
	bool hinted;                               /* what In, Out or InOut hold is being read */
	uint32_t depth;                            /* tuples that are being read */
	uintptr_t producer;                        /* stream that the foreign arrays' owner works on */
	const void *asked;                         /* the library that was last asked for it; NULL: none */
	PyObject **ref; uint32_t nrefs, ref_cap;   /* what keeps foreign memory alive until the launch is queued */
	const gj_type *type0[GJ_FAST_ARGS];
	gj_arg leaf0[GJ_FAST_ARGS];
	PyObject *ref0[GJ_FAST_REFS];
} gj_args;

void gj_args_init(gj_args *, gj_device *);
void gj_args_clear(gj_args *);

/* -- For those who read arguments. false and NULL: exception set. ------------------------------------------------- */

bool    gj_args_more_leaves(gj_args *);                /* room for one at least */
/* A new leaf of this type; NULL: none could be made of it. */
static inline gj_arg *gj_args_leaf(gj_args *a, const gj_type *t)
{
	if (!t)
		return PyErr_NoMemory(), NULL;
	if (a->nleaves == a->leaf_cap && !gj_args_more_leaves(a))
		return NULL;
	gj_arg *leaf = &a->leaf[a->nleaves++];
	leaf->type = t;
	memset(&leaf->value, 0, sizeof leaf->value);
	leaf->array = leaf->host = leaf->temp = NULL;
	leaf->copy = 0;
	leaf->serial = 0;
	leaf->first = 0;
	leaf->owns_copy = leaf->skip_in = leaf->skip_out = leaf->written = leaf->readonly = false;
	return leaf;
}
/* n leaves of None at `at`, before those that were there; false: exception. */
bool    gj_args_open(gj_args *, uint32_t at, uint32_t n);
bool    gj_args_type(gj_args *, const gj_type *);      /* one more argument is complete: its type */
bool    gj_args_keep(gj_args *, PyObject *);           /* steals the reference */
bool    gj_args_ndarray(gj_args *, PyArrayObject *);
/* Is the array still what was read? Code of the user's that runs in between, and other threads, may have changed it. */
bool    gj_args_unchanged(const gj_arg *);
void    gj_arg_dims(gj_arg *, PyArrayObject *);        /* shape and strides are the array's from now on: a copy of them */
bool    gj_args_describe(gj_args *, const gj_type *elem, int ndim, uintptr_t data, bool readonly, const int64_t *shape,
	const int64_t *strides);                   /* a foreign array in device memory; strides NULL: C order */
bool    gj_refuse_dtype(PyArray_Descr *);              /* sets the exception: no kernel takes such an array */
/* The buffer that a compiled function reads its parameters from; row: threads of a block along x. */
void    gj_args_fill(const gj_image *, const gj_args *, uint32_t row, char *buffer);

#endif
