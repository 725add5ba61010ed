/* Same work as tests/kernels/mandelbrot_complex.py. */
#include "portable.h"

typedef struct { double re, im; } number;

DEVICE number product(number a, number b)
{
	number r;
	r.re = a.re * b.re - a.im * b.im;
	r.im = a.re * b.im + a.im * b.re;
	return r;
}

KERNEL void mandelbrot_complex(GLOBAL int *image, double left, double top, double step, int limit, int ny, int nx)
{
	int x = GX, y = GY;
	if (y >= ny || x >= nx) return;
	number c, z;
	c.re = left + x * step, c.im = top + y * step;
	z.re = z.im = 0;
	int n = 0;
	while (n < limit && z.re * z.re + z.im * z.im <= 4.0) {
		z = product(z, z);
		z.re += c.re;
		z.im += c.im;
		n++;
	}
	image[(long)y * nx + x] = n;
}
