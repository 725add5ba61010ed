"""Element-wise functions, reductions and scans on device arrays, beside CuPy, torch, numba-cuda and a device copy, those that are
installed. Medians of one run, microseconds.

    python bench/arrays.py [elements]      64 M float32 by default on a GPU, 4 M on the CPU device"""

import sys

import numpy as np
from measure import interleaved, said

import gridjit
from gridjit import cuda

ON_GPU = gridjit.device_kind() == "cuda"


def optional(name):
	try:
		return __import__(name, fromlist=["_"])
	except ImportError:
		return None


cupy, torch, numba_cuda = (optional(name) if ON_GPU else None for name in ("cupy", "torch", "numba.cuda"))


@cuda.vectorize
def saxpy(x, y):
	return 2 * x + y


def twice_plus(x, y):
	"""For numba-cuda, which takes no lambda, and whose literals are int64."""
	return np.float32(2) * x + y


def elementwise(x, y):
	"""Two different inputs and an output that is there."""
	out = cuda.device_array_like(x)
	variants = {"gridjit": lambda i: saxpy(x, y, out=out), "device copy": lambda i: out._copy_from(x, 0)}
	if cupy:
		a, b, o = (cupy.asarray(v) for v in (x, y, out))
		f = cupy.ElementwiseKernel("float32 x, float32 y", "float32 z", "z = 2 * x + y", "saxpy")
		variants["cupy"] = lambda i: f(a, b, o)
	if numba_cuda:
		import numba
		n, m, r = (numba_cuda.as_cuda_array(v) for v in (x, y, out))
		g = numba.vectorize(["float32(float32, float32)"], target="cuda")(twice_plus)
		variants["numba-cuda"] = lambda i: g(n, m, out=r)
	return variants


def calls(x, y):
	"""1,000 elements: what a call costs, with a new output."""
	variants = {"gridjit": lambda i: saxpy(x, y), "gridjit x + y": lambda i: x + y}
	if cupy:
		a, b = cupy.asarray(x), cupy.asarray(y)
		f = cupy.ElementwiseKernel("float32 x, float32 y", "float32 z", "z = 2 * x + y", "saxpy")
		variants["cupy"] = lambda i: f(a, b)
	if torch:
		t, u = torch.as_tensor(x, device="cuda"), torch.as_tensor(y, device="cuda")
		variants["torch x + y"] = lambda i: t + u
	if not ON_GPU:
		h, k = np.asarray(x), np.asarray(y)
		variants["numpy x + y"] = lambda i: h + k
	return variants


def reductions(name, x, **keywords):
	variants = {"gridjit": lambda i: getattr(x, name)(**keywords)}
	if cupy:
		a = cupy.asarray(x)
		variants["cupy"] = lambda i: getattr(a, name)(**keywords)
	if torch:
		t, dim = torch.as_tensor(x, device="cuda"), {"dim": keywords["axis"]} if keywords else {}
		f = getattr(t, {"min": "amin"}.get(name, name))
		variants["torch"] = lambda i: f(**dim) if dim or name != "cumsum" else f(0)
	if numba_cuda and name == "sum" and not keywords:
		import numba.cuda
		r, n = numba.cuda.reduce(lambda a, b: a + b), numba.cuda.as_cuda_array(x)
		res = numba.cuda.device_array(1, np.float32)
		variants["numba-cuda"] = lambda i: r(n, res=res)
	if not ON_GPU:
		h = np.asarray(x)
		variants["numpy"] = lambda i: getattr(h, name)(**keywords)
	return variants


def rows(n):
	random = np.random.default_rng(0)
	x, y = (cuda.to_device(random.random(n, dtype=np.float32)) for _ in range(2))
	side = int(n ** 0.5)
	square = x[:side * side].reshape(side, side)
	yield f"2 x + y, {n} float32", elementwise(x, y)
	yield "2 x + y, a call on 1000", calls(x[:1000].copy(), y[:1000].copy())
	for name in "sum", "min", "argmin", "cumsum":
		yield f"{name}, {n} float32", reductions(name, x)
	for axis in 0, 1:
		yield f"sum of axis {axis}, {side} x {side}", reductions("sum", square, axis=axis)


def main():
	n = int(sys.argv[1]) if len(sys.argv) > 1 else 1 << 26 if ON_GPU else 1 << 22
	print(f"{cuda.get_current_device().name}, NumPy {np.__version__}")
	for title, variants in rows(n):
		for name, run in list(variants.items()):
			try:
				run(0)
			except Exception as error:
				print(f"  {name}: {said(error)}")
				del variants[name]
		times = interleaved(variants, finish=cuda.synchronize)
		print(f"{title:40}", "   ".join(f"{name} {1e6 * time:.1f}" for name, time in times.items()), flush=True)


if __name__ == "__main__":
	main()
