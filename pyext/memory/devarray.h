/* Arrays in device memory. */
#ifndef GJ_DEVARRAY_H
#define GJ_DEVARRAY_H

#include "core.h"

typedef struct gj_devarray {
	PyObject_HEAD
	uint64_t   serial;                         /* no other array's, and another one when what a kernel sees of it changes */
	PyObject  *weak;
	gj_device *dev;
	gj_devptr  data;
	int        ndim;
	bool       readonly, fixed;                /* fixed: it was made so, and stays so */
	char       layout;                         /* 'C' (also when both), 'F' or 'A' */
	const gj_type *type;                       /* NULL: kernels cannot take this dtype */
	int64_t    shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	PyArray_Descr *dtype;
	PyObject  *base;                           /* gj_buffer, or the foreign object that owns the memory */
	PyObject  *stream;                         /* bound stream, or None */
} gj_devarray;
extern PyTypeObject *gj_devarray_class;

/* A new array on memory of its own, of a class like gj_devarray_class. `stream`: the one that it is bound to, NULL: none. */
PyObject *gj_devarray_new(PyTypeObject *cls, gj_device *, int ndim, const int64_t *shape, const int64_t *strides, PyArray_Descr *,
	PyObject *stream);

int gj_devarray_init(PyObject *module);

#endif
