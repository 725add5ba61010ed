/* Same work as tests/kernels/stencil2d.py. */
#include "portable.h"

KERNEL void stencil2d(GLOBAL const double *u, GLOBAL double *out, double alpha, int ny, int nx)
{
	int j = GX, i = GY;
	if (i >= ny || j >= nx) return;
	GLOBAL const double *p = u + (long)i * nx + j;
	double v = p[0];
	if (i > 0 && j > 0 && i < ny - 1 && j < nx - 1)
		v += alpha * (p[-nx] + p[nx] + p[-1] + p[1] - 4 * p[0]);
	out[(long)i * nx + j] = v;
}
