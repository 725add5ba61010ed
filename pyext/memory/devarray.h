/* Arrays in device memory, and the objects that own memory, streams and events: what launches and copies work with. */
#ifndef GJ_DEVARRAY_H
#define GJ_DEVARRAY_H

#include "core.h"

/* -- Devices (device.c) ------------------------------------------------------------------------------------------------- */

/* The device of this thread: the one selected, else the first. NULL: exception set. Opens the driver on first use. */
gj_device *gj_device_current(void);
/* Device by ordinal, of the kind that gridjit.config.DEVICE asks for. NULL: exception set. */
gj_device *gj_device_open(int ordinal);
/* The device whose kernels reach another library's memory: `dev`, if they can, else the GPU that holds it. Costs nothing
 * where there is one GPU. NULL: exception set. */
gj_device *gj_device_of(gj_device *dev, gj_devptr);
/* Are we on GPUs? −1: exception set (a GPU was asked for and there is none). */
int  gj_on_gpu(void);
/* Drop the choice of device: the setting has changed. */
void gj_device_forget(void);

/* -- Memory (buffer.c) ---------------------------------------------------------------------------------------------------- */

/* Owns an allocation; freed in the order of the stream that it was made on. */
typedef struct gj_buffer {
	PyObject_HEAD
	gj_device *dev;
	uintptr_t  ptr;
	size_t     nbytes;
	bool       pinned;
	PyObject  *stream;
} gj_buffer;
extern PyTypeObject *gj_buffer_class;
PyObject *gj_buffer_new(gj_device *, size_t nbytes, PyObject *stream);       /* stream: as gj_stream_of takes it */

/* -- Streams and events (stream.c) ----------------------------------------------------------------------------------------- */

extern PyTypeObject *gj_stream_class, *gj_event_class;
/* What users pass as a stream: None, 0, 1 (legacy), 2 (per thread), a Stream, or an object with __cuda_stream__.
 * −1: exception set. *out NULL is the default stream. */
int gj_stream_of(PyObject *, gj_device *, gj_stream **out);
/* The stream of a foreign library by its handle; one object a handle, never freed. NULL: exception set. */
gj_stream *gj_stream_wrapped(gj_device *, uintptr_t handle);

/* -- Arrays (devarray.c) ---------------------------------------------------------------------------------------------------- */

typedef struct gj_devarray {
	PyObject_HEAD
	PyObject  *weak;
	gj_device *dev;
	gj_devptr  data;
	int        ndim;
	bool       readonly;
	char       layout;                         /* 'C' (also when both), 'F' or 'A' */
	const gj_type *type;                       /* NULL: kernels cannot take this dtype */
	int64_t    shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	PyArray_Descr *dtype;
	PyObject  *base;                           /* gj_buffer, or the foreign object that owns the memory */
	PyObject  *stream;                         /* bound stream, or None */
} gj_devarray;
extern PyTypeObject *gj_devarray_class;

/* Move data while other Python threads run; `what` for the error. */
bool gj_copy_bytes(gj_device *, gj_copy, uintptr_t dst, uintptr_t src, size_t, gj_stream *, const char *what);

int gj_device_init(PyObject *module);
int gj_buffer_init(PyObject *module);
int gj_stream_init(PyObject *module);
int gj_event_init(PyObject *module);
int gj_devarray_init(PyObject *module);

#endif
