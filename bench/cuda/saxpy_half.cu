/* Same work as tests/kernels/saxpy_half.py, two elements a thread. No OpenCL form: its halves are an extension. */
#include "portable.h"
#include <cuda_fp16.h>

KERNEL void saxpy_half(unsigned short bits, GLOBAL const __half *x, GLOBAL const __half *y, GLOBAL __half *out, int n)
{
	int i = 2 * GX;
	__half a = __ushort_as_half(bits);
	if (i + 1 < n)
		*(__half2 *)(out + i) = __hfma2(__half2half2(a), *(const __half2 *)(x + i), *(const __half2 *)(y + i));
	else if (i < n)
		out[i] = __hfma(a, x[i], y[i]);
}
