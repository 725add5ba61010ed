/* Compiled, never run, where a CUDA toolkit is at hand: every row of cuda_api.def and cuda_errors.def against its
 * cuda.h. The rows' parameters are read with the toolkit's types; structs are compared with ours by size and offset. */
#include <cuda.h>

#include <stddef.h>

#if CUDA_VERSION / 1000 == 13                  /* others lack some rows, or hide them */

/* This header hides the first version of it behind the second. */
#undef cuEventElapsedTime
CUresult cuEventElapsedTime(float *ms, CUevent, CUevent);

#define CU(name, symbol, since, need, args) \
	_Static_assert(_Generic(&symbol, CUresult (CUDAAPI *) args: 1, default: 0), #name " has another type");
#define CUVALUE(name, value) _Static_assert((long long)(name) == (value), #name " is another number");
#include "run/cuda/api.def"

#define CUERROR(code, name, status, lost, remark) _Static_assert(CUDA_ERROR_##name == code, #name " is another number");
#include "run/cuda/errors.def"

_Static_assert(CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT == 1 && CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT == 2 &&
               CU_LAUNCH_PARAM_END_AS_INT == 0, "ends of the extra list");
_Static_assert(sizeof(CUresult) == sizeof(int) && sizeof(CUjit_option) == sizeof(int), "enumerations");
_Static_assert(sizeof(CUdeviceptr) == 8 && sizeof(CUuuid) == 16, "sizes");
_Static_assert(sizeof(CUipcMemHandle) == 64 && sizeof(CUmemAccessDesc) == 12 && offsetof(CUmemAccessDesc, flags) == 8, "memory of others");
_Static_assert(sizeof(CUlaunchAttribute) == 72 && offsetof(CUlaunchAttribute, value) == 8, "launch attribute");
_Static_assert(sizeof(CUlaunchConfig) == 56 && offsetof(CUlaunchConfig, hStream) == 32 &&
               offsetof(CUlaunchConfig, attrs) == 40 && offsetof(CUlaunchConfig, numAttrs) == 48, "launch config");

#endif
