/* Same work as tests/kernels/strided_stencil.py: strides in elements are arguments. */
#include "portable.h"

KERNEL void strided_stencil(GLOBAL const double *u, GLOBAL double *out, int ny, int nx, long us, long ut, long os, long ot)
{
	int j = GX, i = GY;
	if (i <= 0 || i >= ny - 1 || j <= 0 || j >= nx - 1) return;
	GLOBAL const double *p = u + i * us + j * ut;
	out[i * os + j * ot] = 0.25 * (p[-us] + p[us] + p[-ut] + p[ut]);
}
