"""European option prices in single precision: transcendental functions and a device function. Constants are NumPy
scalars, so that arithmetic stays in float32."""

import math

import numpy as np
from gridjit import cuda

from kernels import Case, blocks

SIZES = [1, 100, 5000]
BLOCKS = [32, 96, 256]
RATE, VOLATILITY = np.float32(0.02), np.float32(0.30)
HALF, ONE, K0 = np.float32(0.5), np.float32(1.0), np.float32(0.2316419)
A0, A1, A2 = np.float32(0.39894228), np.float32(0.31938153), np.float32(-0.356563782)
A3, A4, A5 = np.float32(1.781477937), np.float32(-1.821255978), np.float32(1.330274429)


@cuda.jit(device=True)
def normal_cdf(d):
	k = ONE / (ONE + K0 * math.fabs(d))
	series = k * (A1 + k * (A2 + k * (A3 + k * (A4 + k * A5))))
	result = A0 * math.exp(-HALF * d * d) * series
	if d > 0:
		result = ONE - result
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
	d1 = (math.log(s / x) + (rate + HALF * volatility * volatility) * t) / (volatility * root)
	d2 = d1 - volatility * root
	discount = x * math.exp(-rate * t)
	n1 = normal_cdf(d1)
	n2 = normal_cdf(d2)
	call[i] = s * n1 - discount * n2
	put[i] = discount * (ONE - n2) - s * (ONE - n1)


def expected(s, x, t):
	s, x, t = s.astype(np.float64), x.astype(np.float64), t.astype(np.float64)
	rate, volatility = float(RATE), float(VOLATILITY)
	def cdf(d):
		k = 1.0 / (1.0 + 0.2316419 * np.abs(d))
		series = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
		tail = 0.39894228040143267794 * np.exp(-0.5 * d * d) * series
		return np.where(d > 0, 1.0 - tail, tail)
	d1 = (np.log(s / x) + (rate + 0.5 * volatility ** 2) * t) / (volatility * np.sqrt(t))
	d2 = d1 - volatility * np.sqrt(t)
	discount = x * np.exp(-rate * t)
	prices = s * cdf(d1) - discount * cdf(d2), discount * (1.0 - cdf(d2)) - s * (1.0 - cdf(d1))
	return [price.astype(np.float32) for price in prices]


def case(size, block, rng):
	s, x, t = (rng.uniform(low, high, size).astype(np.float32) for low, high in ((5, 30), (1, 100), (0.25, 10)))
	args = [np.zeros_like(s), np.zeros_like(s), s, x, t, RATE, VOLATILITY]
	return Case(black_scholes, args, blocks(size, block), block, (0, 1), lambda: expected(s, x, t),
		rtol=1e-4, atol=1e-4, work=size, unit="options")
