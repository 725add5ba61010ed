/* What a machine must do to run kernels: one vtable for all (cuda/device.c, cpu/device.c). Every call may come from any
 * thread without Python's GIL. Calls return a status; gj_error_text() of the same thread says more. */
#ifndef GJ_DEVICE_H
#define GJ_DEVICE_H

#include "image/target.h"

typedef enum gj_status {
	GJ_OK,
	GJ_E_NODEVICE,                             /* no such device, or no driver */
	GJ_E_NOMEM,                                /* device or host memory is out */
	GJ_E_INVALID,                              /* an argument the device refuses */
	GJ_E_UNSUPPORTED,
	GJ_E_LOAD,                                 /* the image could not be loaded */
	GJ_E_LAUNCH,                               /* a kernel failed while running; the context may be lost */
	GJ_E_DEEP,                                 /* … its functions call themselves too often */
	GJ_E_NOTREADY,                             /* query: still running */
	GJ_E_INTERRUPTED,                          /* by Ctrl-C; the exception is set */
	GJ_E_RAISED,                               /* a kernel reported an exception: run/failure.h */
	GJ_E_TOO_FAR,                              /* the kernel's other form must run: GJ_FACT_OTHER */
	GJ_E_FORKED,                               /* the device was opened before fork() */
	GJ_E_DRIVER                                /* anything else the driver says */
} gj_status;

const char *gj_error_text(void);               /* of the last call of this thread that failed; "" at first */
int         gj_error_code(void);               /* the driver's own number (CUresult), 0: none */

typedef struct gj_device gj_device;
typedef struct gj_kernel gj_kernel;            /* a loaded image */
typedef struct gj_stream gj_stream;            /* NULL: the default stream */
typedef struct gj_event  gj_event;
typedef uintptr_t gj_devptr;

typedef struct gj_device_info {
	char     name[128];
	uint8_t  uuid[16];
	int      cc_major, cc_minor;               /* CPU: 0, 0 */
	int      ptx_version;                      /* the newest that the driver reads: 85 for 8.5; CPU: 0 */
	int      driver_version;                   /* as the driver says: 13000; CPU: 0 */
	int      multiprocessors;                  /* CPU: threads of the pool */
	int      max_threads_per_block, max_block[3], max_grid[3];
	int      warp_size;
	size_t   shared_per_block, shared_per_block_optin, total_memory;
	int      registers_per_block, clock_khz, pci_bus, pci_device, pci_domain;
} gj_device_info;

/* What a kernel is linked with: code for the GPU that was compiled elsewhere, or the file of a library for the CPU. */
typedef enum gj_link_kind {
	GJ_LINK_PTX, GJ_LINK_CUBIN, GJ_LINK_FATBIN, GJ_LINK_OBJECT, GJ_LINK_ARCHIVE, GJ_LINK_LIBRARY, GJ_NLINK_KINDS
} gj_link_kind;
typedef struct gj_linked { gj_link_kind kind; const char *name; const void *data; size_t n; } gj_linked;    /* LIBRARY: name is its path */

typedef struct gj_kernel_info {
	int      registers, max_threads;
	size_t   shared_bytes, local_bytes, const_bytes;
} gj_kernel_info;

typedef struct gj_launch {
	uint32_t grid[3], block[3];
	uint32_t shared;                           /* dynamic shared memory, bytes */
	gj_stream *stream;
	void    *params;                           /* the parameter buffer, laid out by image->param */
	size_t   nparams;                          /* its bytes */
	bool     alone;                            /* nobody but this launch can write memory until it ends */
} gj_launch;

typedef enum gj_copy { GJ_H2D, GJ_D2H, GJ_D2D } gj_copy;

/* Host memory and where it belongs in a block of device memory. */
typedef struct gj_parcel { uintptr_t host; size_t at, bytes; } gj_parcel;
enum { GJ_PARCELS_BYTES = 64 << 10 };           /* how large such a block is at most */

/* Memory of other kinds than alloc() gives. */
typedef enum gj_memory {
	GJ_MEM_PINNED,                             /* the host's, page-locked: copies are direct, and kernels reach it in place */
	GJ_MEM_COMBINED,                           /* the same, write-combined: the host reads it slowly */
	GJ_MEM_MANAGED,                            /* goes where it is used; any kernel's … */
	GJ_MEM_MANAGED_HOST,                       /* … or the host's, until a stream is given it */
	GJ_MEM_SHARED,                             /* the device's; other processes can open it */
	GJ_MEM_OPENED,                             /* such memory of another process: open_shared() */
	GJ_MEM_REGISTERED,                         /* the program's, page-locked by pin() */
	GJ_NMEMORY
} gj_memory;
typedef struct gj_place { gj_devptr at; void *host; } gj_place;    /* as kernels see it; as the host does, NULL: not at all */
typedef struct gj_share { uint8_t handle[64]; uint64_t offset; } gj_share;    /* of an allocation, and where in it */

struct gj_device {
	const struct gj_device_ops *ops;
	int ordinal;
	gj_device_info info;
	uint64_t peers;                            /* by ordinal: devices whose memory its kernels may reach beside their own */
};

static inline bool gj_device_reaches(const gj_device *d, const gj_device *other)
{
	return d == other || (other->ordinal < 64 && d->peers >> other->ordinal & 1);
}

/* Waiting flags of stream and event functions follow CUDA: a copy from or to pageable memory returns when the host
 * buffer may be used again; everything else is asynchronous. */
typedef struct gj_device_ops {
	const char *kind;                          /* "cuda" or "cpu" */
	const gj_target *target;                   /* what kernels are compiled for */
	bool host_memory;                          /* device pointers are host pointers: NumPy arrays are used in place */
	uint32_t busy_blocks;                      /* a launch of fewer leaves most of the device idle; 0: never */

	gj_status (*alloc)(gj_device *, size_t bytes, gj_stream *, gj_devptr *out);
	gj_status (*free)(gj_device *, gj_devptr, gj_stream *);
	gj_status (*copy)(gj_device *, gj_copy, uintptr_t dst, uintptr_t src, size_t bytes, gj_stream *);
	/* H2D or D2H, on the default stream, as one copy; what lies between parcels is lost. To the device it may go on behind the
	 * call, which is done with the host's memory. NULL where host_memory. */
	gj_status (*copy_parcels)(gj_device *, gj_copy, gj_devptr block, const gj_parcel *, uint32_t n);
	/* GJ_PARCELS_BYTES of host memory that kernels reach in place, over the bus; host NULL: all are in use. Handed back when nothing
	 * uses it any more. NULL where host_memory. */
	gj_status (*lend)(gj_device *, gj_place *out);
	void      (*hand_back)(gj_device *, gj_place);
	gj_status (*fill)(gj_device *, gj_devptr dst, uint8_t byte, size_t bytes, gj_stream *);
	gj_status (*alloc_kind)(gj_device *, gj_memory, size_t bytes, gj_place *out);    /* PINNED to SHARED */
	gj_status (*free_kind)(gj_device *, gj_memory, gj_place);
	/* Page-locks memory of the program. host NULL: it was locked already, and stays so when it is freed; at 0: not all of it
	 * is where kernels reach it. */
	gj_status (*pin)(gj_device *, void *, size_t bytes, gj_place *out);
	gj_status (*share)(gj_device *, gj_devptr, gj_share *out);
	gj_status (*open_shared)(gj_device *, const gj_share *, gj_devptr *allocation);
	/* Can kernels of this device reach memory of the other (one of the same kind)? `enable`: from now on they do. */
	gj_status (*peer)(gj_device *, gj_device *other, bool enable, bool *can);
	/* From another device, which has nothing left to do when that begins. NULL: there are no others. */
	gj_status (*copy_from)(gj_device *, gj_device *other, gj_devptr dst, gj_devptr src, size_t bytes, gj_stream *);
	gj_status (*memory_info)(gj_device *, size_t *free, size_t *total);
	/* CUDA's CU_DEVICE_ATTRIBUTE_ name. GJ_E_UNSUPPORTED: the device has no such number. */
	gj_status (*attribute)(gj_device *, const char *name, int *value);

	gj_status (*load)(gj_device *, const gj_image *, gj_kernel **out);
	void      (*unload)(gj_device *, gj_kernel *);
	gj_status (*kernel_info)(gj_device *, gj_kernel *, gj_kernel_info *out);
	/* Threads a block for 1-D work (occupancy), and blocks that a multiprocessor holds. */
	gj_status (*suggest_block)(gj_device *, gj_kernel *, size_t shared, int *block, int *min_grid);
	gj_status (*occupancy)(gj_device *, gj_kernel *, int block, size_t shared, int *blocks);
	gj_status (*launch)(gj_device *, gj_kernel *, const gj_launch *);
	/* What the compiler made → what the disk cache keeps, in the format `linked`: PTX → cubin through the driver's linker.
	 * *out is on the heap. NULL: nothing is left to do. */
	gj_status (*link)(gj_device *, const char *code, size_t n, uint32_t max_registers, const gj_linked *, uint32_t nlinked, uint8_t **out,
		size_t *nout);
	gj_format linked;

	gj_status (*stream_create)(gj_device *, gj_stream **out);
	gj_status (*stream_wrap)(gj_device *, uintptr_t handle, gj_stream **out);   /* a foreign CUstream, not owned */
	uintptr_t (*stream_handle)(gj_stream *);
	gj_status (*stream_destroy)(gj_device *, gj_stream *);
	gj_status (*stream_sync)(gj_device *, gj_stream *);
	gj_status (*stream_query)(gj_device *, gj_stream *);
	gj_status (*stream_wait)(gj_device *, gj_stream *, gj_event *);
	gj_status (*event_create)(gj_device *, bool timing, gj_event **out);
	gj_status (*event_destroy)(gj_device *, gj_event *);
	gj_status (*event_record)(gj_device *, gj_event *, gj_stream *);
	gj_status (*event_sync)(gj_device *, gj_event *);
	gj_status (*event_query)(gj_device *, gj_event *);
	gj_status (*event_elapsed)(gj_device *, gj_event *, gj_event *, float *ms);
	gj_status (*sync)(gj_device *);            /* the whole device */
	/* Which device's kernels reach it: this one, if its do; else the one that holds it; −1: none. */
	gj_status (*pointer_device)(gj_device *, gj_devptr, int *ordinal);
	/* Bytes from here to the end of the allocation; SIZE_MAX: nobody knows. */
	size_t    (*left)(gj_device *, gj_devptr);
} gj_device_ops;

/* -- Drivers ------------------------------------------------------------------------------------------------------- */

/* How the devices of one kind are reached; a row of targets.def each, in its order. */
typedef struct gj_driver {
	const char *name;                          /* of its folder in src/run */
	int (*count)(void);                        /* how many there are. Loads what is needed at the first call; never fails */
	const char *(*why)(void);                  /* why there is none: "libcuda.so.1: cannot open …"; "" when there is one */
	gj_status (*open)(int ordinal, gj_device **out);     /* the same object for the same ordinal; never freed */
	gj_status (*finish)(void);                 /* waits for kernels that may have something to tell: the process ends */
} gj_driver;

#define TARGET(id, backend, device, ...) \
	int gj_##device##_count(void); \
	const char *gj_##device##_why(void); \
	gj_status gj_##device##_open(int ordinal, gj_device **out); \
	gj_status gj_##device##_finish(void);
#include "image/targets.def"

extern const gj_driver gj_drivers[GJ_NTARGETS];

static inline const gj_driver *gj_driver_of(const gj_device *d) { return &gj_drivers[d->ops->target - gj_targets]; }

#endif
