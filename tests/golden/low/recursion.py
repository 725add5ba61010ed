"""Functions that call themselves or each other become functions of their own; the type of one that turns out float late."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1], float64[::1])"


def factorial(n):
	if n <= 1:
		return 1
	return n * factorial(n - 1)


def fibonacci(n):
	return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def gcd(a, b):
	return (a, 0) if b == 0 else gcd(b, a % b)


def down(n):
	if n <= 0:
		return 1
	return up(n - 1)


def up(n):
	return down(n) + 1 if n % 3 else down(n - 2) / 4


def kernel(y, z):
	i = cuda.grid(1)
	if i < y.shape[0]:
		z[i] = down(i % 12) + up(i % 7)
		y[i, 0] = factorial(i % 15)
		y[i, 1] = fibonacci(i % 12)
		y[i, 2] = gcd(i * 6, 84)[0]


def args():
	return [np.zeros((70, 3), np.int64), np.zeros(70)]
