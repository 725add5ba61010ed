/* Memory: objects that own an allocation, and copies. */
#ifndef GJ_BUFFER_H
#define GJ_BUFFER_H

#include "core.h"

/* Owns an allocation. Plain device memory is freed in the order of the stream that it was made on. */
typedef struct gj_buffer {
	PyObject_HEAD
	gj_device *dev;
	gj_memory  kind;                           /* GJ_NMEMORY: plain device memory */
	gj_place   place;
	size_t     nbytes;
	bool       known;                          /* somebody was told the address, which therefore has to stay */
	gj_stream *order;
	PyObject  *stream;                         /* keeps `order` */
	PyObject  *owner;                          /* of memory that is not ours: REGISTERED, or … */
	bool       managed;                        /* … what a memory manager gave: it is gone when the owner is */
} gj_buffer;
extern PyTypeObject *gj_buffer_class;
PyObject *gj_buffer_new(gj_device *, size_t nbytes, PyObject *stream);       /* stream: as gj_stream_of takes it */

/* Where kernels find an array that lies in a buffer which the host reaches too; 0: it lies in none. */
gj_devptr gj_buffer_reached(PyArrayObject *);
/* Moves the contents of plain memory to where other processes can open it. false: exception set. */
bool gj_buffer_make_shared(gj_buffer *);

/* Move data while other Python threads run; `what` for the error. */
bool gj_copy_bytes(gj_device *, gj_copy, uintptr_t dst, uintptr_t src, size_t, gj_stream *, const char *what);

int gj_buffer_init(PyObject *module);

#endif
