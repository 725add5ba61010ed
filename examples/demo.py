"""Four kernels, a ufunc and a fused expression, each checked against NumPy and timed as it is: what `make demo` shows. Runs on the GPU if there is
one, else on the CPU. They are what arrays as wholes are bad at: branches that differ from item to item, and expressions that make a
temporary array of every step.

    python examples/demo.py [--device auto|gpu|cpu]

Leaves mandelbrot.png beside this file."""

import argparse
import math
import os
import statistics
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
from gridjit import cuda, float32                      # noqa: E402

TILE, THREADS, SOFT = 128, 256, 1e-3


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
def heat(new, old, rate):
	x, y = cuda.grid(2)
	if y < old.shape[0] and x < old.shape[1]:
		if x == 0 or y == 0 or x == old.shape[1] - 1 or y == old.shape[0] - 1:
			new[y, x] = old[y, x]                          # the edge keeps its temperature
		else:
			around = old[y - 1, x] + old[y + 1, x] + old[y, x - 1] + old[y, x + 1]
			new[y, x] = old[y, x] + rate * (around - float32(4) * old[y, x])


@cuda.jit
def gravity(force, place, mass):
	"""The pull of all bodies on each: a tile of them at a time in the memory that the threads of a block share."""
	tile = cuda.shared.array((TILE, 4), float32)
	i, t = cuda.grid(1), cuda.threadIdx.x
	x, y, z = place[i, 0], place[i, 1], place[i, 2]
	fx = fy = fz = float32(0)
	for start in range(0, place.shape[0], TILE):
		for k in range(3):
			tile[t, k] = place[start + t, k]
		tile[t, 3] = mass[start + t]
		cuda.syncthreads()
		for j in range(TILE):
			dx, dy, dz = tile[j, 0] - x, tile[j, 1] - y, tile[j, 2] - z
			near = dx * dx + dy * dy + dz * dz + SOFT
			pull = tile[j, 3] / (near * math.sqrt(near))
			fx += dx * pull
			fy += dy * pull
			fz += dz * pull
		cuda.syncthreads()
	force[i, 0], force[i, 1], force[i, 2] = fx, fy, fz


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


@gridjit.vectorize(target="parallel")
def settled(x, r):
	"""Where x → r x (1 − x) has got to when it stands still, or after 200 rounds."""
	for _ in range(200):
		y = r * x * (1 - x)
		if abs(y - x) < 1e-6:
			return y
		x = y
	return x


@gridjit.fuse
def haversine(lat, lon, to_lat, to_lon):
	"""Distances of places on the Earth, in km."""
	h = np.sin((to_lat - lat) / 2) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2) ** 2
	d = 12742.0 * np.arcsin(np.sqrt(h))
	return d, d.mean()


def median_time(run, repeats=5):
	"""(median seconds of some runs, what they return), after one that warms up."""
	result = run()
	times = []
	for _ in range(repeats):
		start = time.perf_counter()
		run()
		times.append(time.perf_counter() - start)
	return statistics.median(times), result


def timed(launch, reference):
	"""(seconds by the kernel, its arrays on the device throughout; seconds by NumPy; its result), measured alike."""
	def run():
		launch()
		cuda.synchronize()
	return median_time(run)[0], *median_time(reference)


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
	grid = -(-width // 32), -(-height // 8)
	ours, theirs, expected = timed(lambda: mandelbrot[grid, (32, 8)](image, left, top, step, limit), reference)
	result = image.copy_to_host()
	png(Path(__file__).with_name("mandelbrot.png"), 255 * np.log1p(result % limit) / math.log(limit))
	wrong = np.mean(result != expected)
	return f"Mandelbrot {width} × {height}", ours, theirs, wrong < 0.005, f"{wrong:.2%} of the pixels differ"


def demo_heat():
	n, steps, rate = 1024, 20, np.float32(0.2)
	start = np.random.default_rng(0).random((n, n), dtype=np.float32)

	def reference():
		t = start.copy()
		for _ in range(steps):
			around = t[:-2, 1:-1] + t[2:, 1:-1] + t[1:-1, :-2] + t[1:-1, 2:]
			t[1:-1, 1:-1] = t[1:-1, 1:-1] + rate * (around - 4 * t[1:-1, 1:-1])
		return t
	first, a, b = map(cuda.to_device, (start, start, start))

	def launch():
		a.copy_to_device(first)
		for _ in range(steps // 2):
			heat[(n // 32, n // 8), (32, 8)](b, a, rate)
			heat[(n // 32, n // 8), (32, 8)](a, b, rate)
	ours, theirs, expected = timed(launch, reference)
	error = np.max(np.abs(a.copy_to_host() - expected))
	return f"heat on {n} × {n}, {steps} steps", ours, theirs, error < 1e-5, f"error {error:.1e}"


def demo_gravity():
	n = 2048
	rng = np.random.default_rng(0)
	place, mass = rng.random((n, 3), dtype=np.float32), rng.random(n, dtype=np.float32)

	def reference():
		d = place[None, :, :] - place[:, None, :]
		near = (d * d).sum(axis=2) + np.float32(SOFT)
		return (d * (mass[None, :] / (near * np.sqrt(near)))[:, :, None]).sum(axis=1)
	force, *args = map(cuda.to_device, (np.zeros((n, 3), np.float32), place, mass))
	ours, theirs, expected = timed(lambda: gravity[n // TILE, TILE](force, *args), reference)
	error = np.max(np.abs(force.copy_to_host() - expected)) / np.max(np.abs(expected))
	return f"gravity of {n:,} bodies", ours, theirs, error < 1e-4, f"error {error:.1e}"


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
	ours, theirs, expected = timed(lambda: black_scholes[n // THREADS, THREADS](*args), reference)
	error = np.max(np.abs(call.copy_to_host() - expected))
	return f"Black-Scholes, {n:,} options", ours, theirs, error < 1e-9, f"error {error:.1e}"


def demo_ufunc():
	n = 1 << 18
	rng = np.random.default_rng(0)
	x, r = rng.uniform(0.1, 0.9, n), rng.uniform(0.5, 2.9, n)

	def reference():
		now, live = x.copy(), np.ones(n, bool)
		for _ in range(200):
			y = r * now * (1 - now)
			moved = np.abs(y - now) >= 1e-6
			now = np.where(live, y, now)
			live &= moved
		return now
	ours, result = median_time(lambda: settled(x, r))
	theirs, expected = median_time(reference)
	error = np.max(np.abs(result - expected))
	return f"a ufunc of {n:,} elements", ours, theirs, error < 1e-5, f"error {error:.1e}"


def demo_fused():
	n = 1 << 20
	rng = np.random.default_rng(0)
	places = [rng.uniform(-half, half, n) for half in (math.pi / 2, math.pi) * 2]

	def reference():
		lat, lon, to_lat, to_lon = places
		h = np.sin((to_lat - lat) / 2) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2) ** 2
		d = 12742.0 * np.arcsin(np.sqrt(h))
		return d, d.mean()
	args, where = (places, np.asarray) if gridjit.device_kind() == "cpu" else (map(cuda.to_device, places), lambda a: a.copy_to_host())
	args = list(args)
	ours, theirs, (expected, mean) = timed(lambda: haversine(*args), reference)
	result, ours_mean = map(where, haversine(*args))
	error = max(np.max(np.abs(result - expected)), abs(ours_mean - mean))
	return f"fused distances, {n:,}, and their mean", ours, theirs, error < 1e-6, f"error {error:.1e}"


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
	cores = device.MULTIPROCESSOR_COUNT
	how = "" if gridjit.device_kind() == "cuda" else f", SIMD on {cores} thread{'s' * (cores != 1)}"
	print(f"gridjit {gridjit.__version__} on {name}{how}; medians of warm runs, NumPy on its own arrays")
	rows = [demo() for demo in (demo_mandelbrot, demo_black_scholes, demo_heat, demo_gravity, demo_ufunc, demo_fused)]
	show(rows)
	print(f"picture: {os.path.relpath(Path(__file__).with_name('mandelbrot.png'))}")
	return 0 if all(good for _, _, _, good, _ in rows) else 1


if __name__ == "__main__":
	sys.exit(main())
