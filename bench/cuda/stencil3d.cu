/* Same work as tests/kernels/stencil3d.py. */
#include "portable.h"

KERNEL void stencil3d(GLOBAL const float *u, GLOBAL float *out, float scale, int nz, int ny, int nx)
{
	int k = GX, j = GY, i = GZ;
	if (i <= 0 || i >= nz - 1 || j <= 0 || j >= ny - 1 || k <= 0 || k >= nx - 1) return;
	long at = ((long)i * ny + j) * nx + k, row = nx, plane = (long)ny * nx;
	float total = u[at - plane] + u[at + plane] + u[at - row] + u[at + row] + u[at - 1] + u[at + 1];
	out[at] = scale * (total - 6.0f * u[at]);
}
