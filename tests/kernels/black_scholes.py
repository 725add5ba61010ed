"""European option prices: transcendental functions and a device function of several results."""

import math

import numpy as np
from gridjit import cuda

from kernels import Case, blocks

SIZES = [1, 100, 5000]
BLOCKS = [32, 96, 256]
RATE, VOLATILITY = 0.02, 0.30


@cuda.jit(device=True)
def normal_cdf(d):
	k = 1.0 / (1.0 + 0.2316419 * math.fabs(d))
	series = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
	result = 0.39894228040143267794 * math.exp(-0.5 * d * d) * series
	if d > 0:
		result = 1.0 - result
	return result


@cuda.jit
def black_scholes(call, put, price, strike, years, rate, volatility):
	i = cuda.grid(1)
	if i >= price.shape[0]:
		return
	s = price[i]
	x = strike[i]
	t = years[i]
	root = math.sqrt(t)
	d1 = (math.log(s / x) + (rate + 0.5 * volatility * volatility) * t) / (volatility * root)
	d2 = d1 - volatility * root
	discount = x * math.exp(-rate * t)
	n1 = normal_cdf(d1)
	n2 = normal_cdf(d2)
	call[i] = s * n1 - discount * n2
	put[i] = discount * (1.0 - n2) - s * (1.0 - n1)


def expected(s, x, t):
	def cdf(d):
		k = 1.0 / (1.0 + 0.2316419 * np.abs(d))
		series = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
		tail = 0.39894228040143267794 * np.exp(-0.5 * d * d) * series
		return np.where(d > 0, 1.0 - tail, tail)
	d1 = (np.log(s / x) + (RATE + 0.5 * VOLATILITY ** 2) * t) / (VOLATILITY * np.sqrt(t))
	d2 = d1 - VOLATILITY * np.sqrt(t)
	discount = x * np.exp(-RATE * t)
	return [s * cdf(d1) - discount * cdf(d2), discount * (1.0 - cdf(d2)) - s * (1.0 - cdf(d1))]


def case(size, block, rng):
	s, x, t = rng.uniform(5, 30, size), rng.uniform(1, 100, size), rng.uniform(0.25, 10, size)
	args = [np.zeros(size), np.zeros(size), s, x, t, RATE, VOLATILITY]
	return Case(black_scholes, args, blocks(size, block), block, (0, 1), lambda: expected(s, x, t),
		rtol=1e-10, atol=1e-10, work=size, unit="options")
