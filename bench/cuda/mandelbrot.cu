/* Same work as tests/kernels/mandelbrot.py. */
#include "portable.h"

KERNEL void mandelbrot(GLOBAL int *image, double left, double top, double step, int limit, int ny, int nx)
{
	int x = GX, y = GY;
	if (y >= ny || x >= nx) return;
	double cr = left + x * step, ci = top + y * step, zr = 0, zi = 0;
	int n = 0;
	while (n < limit && zr * zr + zi * zi <= 4.0) {
		double t = zr * zr - zi * zi + cr;
		zi = 2.0 * zr * zi + ci;
		zr = t;
		n++;
	}
	image[(long)y * nx + x] = n;
}
