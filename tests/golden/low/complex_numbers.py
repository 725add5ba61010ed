"""Complex numbers are two floats each: loaded and stored part by part, multiplied by four products, a square by three, added to
and scaled by reals without an imaginary part of zero, joined by two phis."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(complex128[::1], complex64[:], complex128, float64, complex128[::1])"


def kernel(a, b, s, x, out):
	i = cuda.grid(1)
	if i < a.size:
		z = a[i]
		if z.real < x:
			z = z * s + 1j
		else:
			z = x
		out[i] = z * z - x * b[i] + z.conjugate()
		b.imag[i] = abs(a[i]) if a[i] != s else 0


def args():
	return [np.array([1 + 2j, -3j, 4, 0.5 - 1j]), np.array([2j, 9, 1 - 1j, 9, 3, 9, -1j, 9], np.complex64)[::2], 0.5 - 1j, 2.0,
		np.zeros(4, complex)]


def expect(a, b, s, x, out):
	z = np.where(a.real < x, a * s + 1j, x)
	out[:] = z * z - x * b + z.conjugate()
	b.imag = np.where(a != s, abs(a), 0)
