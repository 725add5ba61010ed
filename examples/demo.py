"""Four kernels, each checked against NumPy: what `make demo` shows. Runs on the GPU if there is one, else on the CPU.

    python examples/demo.py [--device auto|gpu|cpu]

Leaves mandelbrot.png beside this file."""

import argparse
import math
import os
import struct
import sys
import time
import zlib
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser(description="gridjit's demonstration")
parser.add_argument("--device", choices=("auto", "gpu", "cpu"), help="where kernels run (default: GRIDJIT_DEVICE or auto)")
options = parser.parse_args()
if options.device:
	os.environ["GRIDJIT_DEVICE"] = options.device

import gridjit                                         # noqa: E402  (the device is chosen by the environment)
from gridjit import cuda, float32, float64             # noqa: E402

TILE, THREADS = 32, 256


@cuda.jit(device=True)
def escape_time(cr, ci, limit):
	zr = 0.0
	zi = 0.0
	for n in range(limit):
		if zr * zr + zi * zi > 4.0:
			return n
		zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
	return limit


@cuda.jit
def mandelbrot(image, left, top, step, limit):
	x, y = cuda.grid(2)
	if y < image.shape[0] and x < image.shape[1]:
		image[y, x] = escape_time(left + x * step, top + y * step, limit)


@cuda.jit
def matmul(a, b, c):
	sa = cuda.shared.array((TILE, TILE), float32)
	sb = cuda.shared.array((TILE, TILE), float32)
	tx = cuda.threadIdx.x
	ty = cuda.threadIdx.y
	x, y = cuda.grid(2)
	acc = float32(0)
	for t in range(a.shape[1] // TILE):
		sa[ty, tx] = a[y, t * TILE + tx]
		sb[ty, tx] = b[t * TILE + ty, x]
		cuda.syncthreads()
		for k in range(TILE):
			acc += sa[ty, k] * sb[k, tx]
		cuda.syncthreads()
	c[y, x] = acc


@cuda.jit
def total(x, out):
	shared = cuda.shared.array(THREADS, float64)
	t = cuda.threadIdx.x
	acc = 0.0
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		acc += x[i]
	shared[t] = acc
	cuda.syncthreads()
	step = THREADS // 2
	while step > 0:
		if t < step:
			shared[t] += shared[t + step]
		cuda.syncthreads()
		step //= 2
	if t == 0:
		cuda.atomic.add(out, 0, shared[0])


@cuda.jit(device=True)
def normal_cdf(d):
	k = 1.0 / (1.0 + 0.2316419 * math.fabs(d))
	series = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
	tail = 0.39894228040143267794 * math.exp(-0.5 * d * d) * series
	return 1.0 - tail if d > 0 else tail


@cuda.jit
def black_scholes(call, price, strike, years, rate, volatility):
	i = cuda.grid(1)
	if i < call.shape[0]:
		root = volatility * math.sqrt(years[i])
		d1 = (math.log(price[i] / strike[i]) + (rate + 0.5 * volatility ** 2) * years[i]) / root
		call[i] = price[i] * normal_cdf(d1) - strike[i] * math.exp(-rate * years[i]) * normal_cdf(d1 - root)


def best_time(run, repeats=3):
	"""Seconds of the fastest of some runs, after one that compiles."""
	run()
	times = []
	for _ in range(repeats):
		start = time.perf_counter()
		run()
		times.append(time.perf_counter() - start)
	return min(times)


def timed(kernel, grid, block, args, reference):
	"""(seconds by the kernel, arrays on the device throughout; seconds by NumPy; its result)."""
	def launch():
		kernel[grid, block](*args)
		cuda.synchronize()
	start = time.perf_counter()
	expected = reference()
	return best_time(launch), time.perf_counter() - start, expected


def png(path, grey):
	"""An 8-bit image, written with the standard library."""
	rows = b"".join(b"\0" + row.tobytes() for row in grey.astype(np.uint8))

	def chunk(kind, data):
		return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
	header = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
	path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def demo_mandelbrot():
	height, width, limit = 800, 1200, 100
	left, top, step = -2.2, -1.0, 2.0 / 800

	def reference():
		c = (left + step * np.arange(width))[None, :] + 1j * (top + step * np.arange(height))[:, None]
		z, count = np.zeros_like(c), np.full(c.shape, limit)
		for n in range(limit):
			live = count == limit
			gone = live & (z.real ** 2 + z.imag ** 2 > 4.0)
			count[gone] = n
			live &= ~gone
			z[live] = z[live] ** 2 + c[live]
		return count
	image = cuda.to_device(np.zeros((height, width), np.int64))
	ours, theirs, expected = timed(mandelbrot, (-(-width // 32), -(-height // 8)), (32, 8), (image, left, top, step, limit), reference)
	result = image.copy_to_host()
	png(Path(__file__).with_name("mandelbrot.png"), 255 * np.log1p(result % limit) / math.log(limit))
	wrong = np.mean(result != expected)
	return f"Mandelbrot {width} × {height}", ours, theirs, wrong < 0.005, f"{wrong:.2%} of the pixels differ"


def demo_matmul():
	n = 1024
	rng = np.random.default_rng(0)
	a, b = rng.random((n, n), dtype=np.float32), rng.random((n, n), dtype=np.float32)
	c = cuda.to_device(np.zeros((n, n), np.float32))
	args = cuda.to_device(a), cuda.to_device(b), c
	ours, theirs, expected = timed(matmul, (n // TILE, n // TILE), (TILE, TILE), args, lambda: a @ b)
	error = np.max(np.abs(c.copy_to_host() - expected) / expected)
	return f"tiled matrix product {n}²", ours, theirs, error < 1e-4, f"relative error {error:.1e}"


def demo_total():
	x = np.random.default_rng(0).random(1 << 24)
	out = cuda.to_device(np.zeros(1))
	ours, theirs, expected = timed(total, 512, THREADS, (cuda.to_device(x), out), lambda: x.sum())
	out.copy_to_device(np.zeros(1))
	total[512, THREADS](cuda.to_device(x), out)
	error = abs(out.copy_to_host()[0] - expected) / expected
	return "sum of 16,777,216 numbers", ours, theirs, error < 1e-12, f"relative error {error:.1e}"


def demo_black_scholes():
	n = 1 << 20
	rng = np.random.default_rng(0)
	s, k, t = rng.uniform(5, 30, n), rng.uniform(1, 100, n), rng.uniform(0.25, 10, n)
	rate, vol = 0.02, 0.3

	def cdf(d):
		w = 1.0 / (1.0 + 0.2316419 * np.abs(d))
		series = w * (0.31938153 + w * (-0.356563782 + w * (1.781477937 + w * (-1.821255978 + w * 1.330274429))))
		tail = 0.39894228040143267794 * np.exp(-0.5 * d * d) * series
		return np.where(d > 0, 1.0 - tail, tail)

	def reference():
		d1 = (np.log(s / k) + (rate + 0.5 * vol ** 2) * t) / (vol * np.sqrt(t))
		d2 = d1 - vol * np.sqrt(t)
		return s * cdf(d1) - k * np.exp(-rate * t) * cdf(d2)
	call = cuda.to_device(np.zeros(n))
	args = (call, *map(cuda.to_device, (s, k, t)), rate, vol)
	ours, theirs, expected = timed(black_scholes, n // THREADS, THREADS, args, reference)
	error = np.max(np.abs(call.copy_to_host() - expected))
	return f"Black-Scholes, {n:,} options", ours, theirs, error < 1e-9, f"error {error:.1e}"


def show(rows):
	"""A table, drawn by rich where it is installed."""
	heads = ["", "gridjit", "NumPy", "faster", "checked against NumPy"]
	cells = [[name, f"{ours * 1e3:.2f} ms", f"{theirs * 1e3:.1f} ms", f"{theirs / ours:.1f} ×", ("ok, " if good else "WRONG, ") + note]
		for name, ours, theirs, good, note in rows]
	try:
		from rich.console import Console
		from rich.table import Table
	except ImportError:
		widths = [max(len(row[i]) for row in [heads, *cells]) for i in range(len(heads))]
		for row in [heads, *cells]:
			print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)))
		return
	table = Table(*heads)
	for row in cells:
		table.add_row(*row)
	Console().print(table)


def main():
	device = cuda.get_current_device()
	name = device.name.decode() if isinstance(device.name, bytes) else device.name
	kind = "GPU" if gridjit.device_kind() == "cuda" else "CPU, SIMD on every core"
	print(f"gridjit {gridjit.__version__} on {name} ({kind})")
	rows = [demo() for demo in (demo_mandelbrot, demo_matmul, demo_total, demo_black_scholes)]
	show(rows)
	print(f"picture: {os.path.relpath(Path(__file__).with_name('mandelbrot.png'))}")
	return 0 if all(good for _, _, _, good, _ in rows) else 1


if __name__ == "__main__":
	sys.exit(main())
