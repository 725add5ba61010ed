/* Streams and events. */
#ifndef GJ_STREAM_H
#define GJ_STREAM_H

#include "core.h"

/* What users pass as a stream: None, 0, 1 (legacy), 2 (per thread), a Stream, or an object with __cuda_stream__.
 * −1: exception set. *out NULL is the default stream. */
int gj_stream_of(PyObject *, gj_device *, gj_stream **out);
/* The stream of a foreign library by its handle; one object a handle, never freed. NULL: exception set. */
gj_stream *gj_stream_wrapped(gj_device *, uintptr_t handle);

int gj_stream_init(PyObject *module);
int gj_event_init(PyObject *module);

#endif
