/* The CUDA driver's interface as far as we use it, declared by ourselves: building and running need no toolkit. The
 * functions are rows of cuda_api.def, reached through gj_cu once gj_cuda_load() has found them. */
#ifndef GJ_CUDA_API_H
#define GJ_CUDA_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enumerations of the driver have the size of an int. */
typedef int CUresult, CUdevice, CUdevice_attribute, CUpointer_attribute, CUmemPool_attribute, CUfunction_attribute,
        CUjit_option, CUjitInputType;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUlinkState_st *CUlinkState;
typedef struct CUmemPoolHandle_st *CUmemoryPool;
typedef struct CUuuid_st { char bytes[16]; } CUuuid;
typedef struct CUipcMemHandle_st { char reserved[64]; } CUipcMemHandle;
typedef struct CUmemAccessDesc_st { struct { int type, id; } location; int flags; } CUmemAccessDesc;
typedef size_t (*CUoccupancyB2DSize)(int block);

typedef struct CUlaunchAttribute {
	int id;
	char pad[4];
	union { char size[64]; int cooperative; } value;
} CUlaunchAttribute;
typedef struct CUlaunchConfig {
	unsigned gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes;
	CUstream hStream;
	CUlaunchAttribute *attrs;
	unsigned numAttrs;
} CUlaunchConfig;

enum {
#define CUVALUE(name, value) name = value,
#include "run/cuda/api.def"
	CUDA_SUCCESS = 0
};

/* Ends of cuLaunchKernel's `extra` list, and the two streams that need not be made. */
#define CU_LAUNCH_PARAM_BUFFER_POINTER ((void *)1)
#define CU_LAUNCH_PARAM_BUFFER_SIZE    ((void *)2)
#define CU_STREAM_LEGACY               ((CUstream)(uintptr_t)1)
#define CU_STREAM_PER_THREAD           ((CUstream)(uintptr_t)2)

typedef struct gj_cuda_api {
#define CU(name, symbol, since, need, args) CUresult (*name) args;
#include "run/cuda/api.def"
} gj_cuda_api;

/* Filled by the first gj_cuda_load(), constant afterwards. */
extern gj_cuda_api gj_cu;

enum { GJ_CUDA_LEAST_DRIVER = 11040 };         /* CUDA 11.4 */

/* Finds the driver and initialises it, once a process: number of GPUs, 0 and *why if there are none. */
int gj_cuda_load(const char **why);
int gj_cuda_driver_version(void);              /* 13000; 0 before a successful load */

#endif
