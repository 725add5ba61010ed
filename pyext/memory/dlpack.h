/* DLPack: how arrays go from one library to another. Its structures, as far as they are read or made here. */
#ifndef GJ_DLPACK_H
#define GJ_DLPACK_H

#include "core.h"

enum { DL_CPU = 1, DL_CUDA = 2, DL_CUDA_HOST = 3, DL_CUDA_MANAGED = 13 };
enum { DL_INT, DL_UINT, DL_FLOAT, DL_BFLOAT = 4, DL_COMPLEX, DL_BOOL };

typedef struct { int32_t type, id; } dl_device;
typedef struct {
	void *data;
	dl_device device;
	int32_t ndim;
	uint8_t code, bits;
	uint16_t lanes;
	int64_t *shape, *strides;                  /* strides in elements, NULL: C order */
	uint64_t byte_offset;
} dl_tensor;

/* What __dlpack__() gives since version 1. */
typedef struct dl_versioned {
	uint32_t major, minor;
	void *context;
	void (*deleter)(struct dl_versioned *);
	uint64_t flags;                            /* bit 0: read-only */
	dl_tensor tensor;
} dl_versioned;

/* _dlpack(versioned) of DeviceArray: a capsule with its memory. Raises BufferError for what DLPack cannot say. */
PyObject *gj_devarray_dlpack(PyObject *array, PyObject *versioned);

#endif
