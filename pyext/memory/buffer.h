/* Memory: objects that own an allocation, and copies. */
#ifndef GJ_BUFFER_H
#define GJ_BUFFER_H

#include "core.h"

/* Owns an allocation; freed in the order of the stream that it was made on. */
typedef struct gj_buffer {
	PyObject_HEAD
	gj_device *dev;
	uintptr_t  ptr;
	size_t     nbytes;
	bool       pinned;
	gj_stream *order;
	PyObject  *stream;                         /* keeps `order` */
} gj_buffer;
extern PyTypeObject *gj_buffer_class;
PyObject *gj_buffer_new(gj_device *, size_t nbytes, PyObject *stream);       /* stream: as gj_stream_of takes it */

/* Move data while other Python threads run; `what` for the error. */
bool gj_copy_bytes(gj_device *, gj_copy, uintptr_t dst, uintptr_t src, size_t, gj_stream *, const char *what);

int gj_buffer_init(PyObject *module);

#endif
