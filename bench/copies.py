"""Copies between host and device: every way in that gridjit has, and back, of pageable and of pinned memory, beside CuPy
where it is installed. Medians; the device is waited for after each copy.

    python bench/copies.py [--most MiB] [--rounds N]

Wanted (issue of the host's copies): pageable to the device at least 20 GB/s, pinned at least 0.97 of CuPy's, 1 MiB within
100 µs. Needs a GPU."""

import argparse
import statistics
import time

import numpy as np

from gridjit import cuda

MIB = 1 << 20
SIZES = (1, 4, 16, 64, 256, 1024)


@cuda.jit
def touch(x):
	x[0] = x[0]


@cuda.jit
def look(x, out):
	out[0] = x[0]


def pageable(n):
	return np.arange(n, dtype=np.float32)


def pinned(n):
	host = cuda.pinned_array(n, np.float32)
	host[:] = np.arange(n)
	return host


def gridjit_ways(host, is_pinned):
	"""{(direction, way): one copy}"""
	device, out = cuda.to_device(host), cuda.device_array(1, np.float32)
	back = pinned(host.size) if is_pinned else np.empty_like(host)
	return {
		("in", "to_device"): lambda: cuda.to_device(host),
		("in", "to_device(to=)"): lambda: cuda.to_device(host, to=device),
		("in", "copy_to_device"): lambda: device.copy_to_device(host),
		("in", "argument, read only"): lambda: look[1, 1](host, out),
		("in", "argument, cuda.In"): lambda: touch[1, 1](cuda.In(host)),
		("out", "copy_to_host()"): lambda: device.copy_to_host(),
		("out", "copy_to_host(ary)"): lambda: device.copy_to_host(back),
		("out", "argument, cuda.Out"): lambda: touch[1, 1](cuda.Out(back)),
	}


def cupy_ways(cupy, host, is_pinned):
	device = cupy.asarray(host)
	back = np.empty_like(host)
	if is_pinned:
		memory = cupy.cuda.alloc_pinned_memory(host.nbytes)
		back = np.frombuffer(memory, host.dtype, host.size)
	return {
		("in", "CuPy asarray"): lambda: cupy.asarray(host),
		("in", "CuPy set"): lambda: device.set(host),
		("out", "CuPy get"): lambda: device.get(),
		("out", "CuPy get(out=)"): lambda: device.get(out=back),
	}


def median(run, rounds):
	for _ in range(3):
		run()
	cuda.synchronize()
	times = []
	for _ in range(rounds):
		start = time.perf_counter()
		run()
		cuda.synchronize()
		times.append(time.perf_counter() - start)
	return statistics.median(times)


def main():
	parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
	parser.add_argument("--most", type=int, default=SIZES[-1], help="largest array, MiB")
	parser.add_argument("--rounds", type=int, default=15)
	options = parser.parse_args()
	try:
		import cupy
	except ImportError:
		cupy = None
	device = cuda.get_current_device()
	print(f"{device.name}; CuPy {cupy.__version__ if cupy else 'is not installed'}")
	print(f"{'memory':9} {'MiB':>5}  {'way':24} {'µs':>10} {'GB/s':>7}  of CuPy's best")
	for _ in range(20):                                    # the staging buffers are earned
		cuda.to_device(pageable(4 * MIB))
	for make in pageable, pinned:
		for size in (size for size in SIZES if size <= options.most):
			host = make(size * MIB // 4)
			ways = gridjit_ways(host, make is pinned)
			if cupy:
				ways |= cupy_ways(cupy, host, make is pinned)
			seconds = {way: median(run, options.rounds) for way, run in ways.items()}
			for (direction, name), took in seconds.items():
				peers = [other for (way, peer), other in seconds.items() if way == direction and peer.startswith("CuPy")]
				ratio = f"{min(peers) / took:.2f}" if peers and not name.startswith("CuPy") else ""
				print(f"{make.__name__:9} {size:5}  {direction + ': ' + name:24} {took * 1e6:10.1f} {host.nbytes / took / 1e9:7.2f}  {ratio}")


if __name__ == "__main__":
	main()
