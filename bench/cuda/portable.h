/* One text of each benchmark kernel for nvcc, CuPy's RawKernel and OpenCL (PoCL). */
#ifdef __OPENCL_VERSION__
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define KERNEL __kernel
#define GLOBAL __global
#define SHARED __local
#define LX ((int)get_local_id(0))
#define LY ((int)get_local_id(1))
#define NX ((int)get_local_size(0))
#define NY ((int)get_local_size(1))
#define BX ((int)get_group_id(0))
#define BY ((int)get_group_id(1))
#define GX ((int)get_global_id(0))
#define GY ((int)get_global_id(1))
#define GZ ((int)get_global_id(2))
#define SPAN ((int)get_global_size(0))
#define BARRIER barrier(CLK_LOCAL_MEM_FENCE)
#define RSQRT(x) native_rsqrt(x)
#define fabsf(x) fabs(x)
#define EXPF(x) exp(x)
#define LOGF(x) log(x)
#define SQRTF(x) sqrt(x)
#define ADD_SHARED(p, v) atomic_add((volatile __local int *)(p), (v))
#define ADD_GLOBAL(p, v) atomic_add((volatile __global int *)(p), (v))
#define DEVICE static
typedef uchar byte;

/* OpenCL 1.2 adds no floats atomically, but it swaps their bits. */
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable
#define ADD_BY_SWAP(name, real, bits, as_real, as_bits, swap) \
	static void name(volatile __global real *p, real v) \
	{ \
		bits old, seen = as_bits(*p); \
		do { \
			old = seen; \
			seen = swap((volatile __global bits *)p, old, as_bits(as_real(old) + v)); \
		} while (seen != old); \
	}
ADD_BY_SWAP(add_global_f64, double, ulong, as_double, as_ulong, atom_cmpxchg)
ADD_BY_SWAP(add_global_f32, float, uint, as_float, as_uint, atomic_cmpxchg)
#define ADD_GLOBAL_F64(p, v) add_global_f64((p), (v))
#define ADD_GLOBAL_F32(p, v) add_global_f32((p), (v))
#else
#define KERNEL extern "C" __global__
#define EXPF(x) expf(x)
#define LOGF(x) logf(x)
#define SQRTF(x) sqrtf(x)
#define GLOBAL
#define SHARED __shared__
#define LX ((int)threadIdx.x)
#define LY ((int)threadIdx.y)
#define NX ((int)blockDim.x)
#define NY ((int)blockDim.y)
#define BX ((int)blockIdx.x)
#define BY ((int)blockIdx.y)
#define GX ((int)(blockIdx.x * blockDim.x + threadIdx.x))
#define GY ((int)(blockIdx.y * blockDim.y + threadIdx.y))
#define GZ ((int)(blockIdx.z * blockDim.z + threadIdx.z))
#define SPAN ((int)(gridDim.x * blockDim.x))
#define BARRIER __syncthreads()
#define RSQRT(x) rsqrtf(x)
#define ADD_SHARED(p, v) atomicAdd((p), (v))
#define ADD_GLOBAL(p, v) atomicAdd((p), (v))
#define ADD_GLOBAL_F64(p, v) atomicAdd((p), (v))
#define ADD_GLOBAL_F32(p, v) atomicAdd((p), (v))
#define DEVICE static __device__
typedef unsigned char byte;
#endif
