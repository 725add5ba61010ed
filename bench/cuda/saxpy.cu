/* Same work as tests/kernels/saxpy.py. */
#include "portable.h"

KERNEL void saxpy(float a, GLOBAL const float *x, GLOBAL const float *y, GLOBAL float *out, int n)
{
	int i = GX;
	if (i < n) out[i] = a * x[i] + y[i];
}
