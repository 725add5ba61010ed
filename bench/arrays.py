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
	"""The module, or None; a peer that is there and breaks is told of."""
	try:
		return __import__(name, fromlist=["_"])
	except ImportError:
		return None
	except Exception as error:
		print(f"  {name}: {said(error)}")
		return None


def offer(variants, name, module, make):
	"""Another library's way, if it is installed: make() gives it, or breaks, which is told of."""
	if not module:
		return
	try:
		variants[name] = make()
	except Exception as error:
		print(f"  {name}: {said(error)}")


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

	def with_cupy():
		a, b, o = (cupy.asarray(v) for v in (x, y, out))
		f = cupy.ElementwiseKernel("float32 x, float32 y", "float32 z", "z = 2 * x + y", "saxpy")
		return lambda i: f(a, b, o)

	def with_numba():
		import numba
		n, m, r = (numba_cuda.as_cuda_array(v) for v in (x, y, out))
		g = numba.vectorize(["float32(float32, float32)"], target="cuda")(twice_plus)
		return lambda i: g(n, m, out=r)
	offer(variants, "cupy", cupy, with_cupy)
	offer(variants, "numba-cuda", numba_cuda, with_numba)
	return variants


def seven(x, y, z):
	return (x * y + z) / (x * x + y * y + 1)


def fused(x, y):
	"""Seven operations of three arrays, and their sum."""
	f, z = gridjit.fuse(seven), x[::-1]
	g = gridjit.fuse(lambda x, y, z: seven(x, y, z).sum())
	variants = {"gridjit": lambda i: f(x, y, z), "gridjit sum": lambda i: g(x, y, z), "gridjit unfused": lambda i: seven(x, y, z)}

	def with_cupy():
		a, b, c = (cupy.asarray(v) for v in (x, y, z))
		h = cupy.fuse(seven)
		variants["cupy unfused"] = lambda i: seven(a, b, c)
		return lambda i: h(a, b, c)
	offer(variants, "cupy", cupy, with_cupy)
	return variants


def product(a, b, out):
	for i in range(a.shape[0]):
		for j in range(b.shape[1]):
			total = np.float32(0)
			for k in range(a.shape[1]):
				total += a[i, k] * b[k, j]
			out[i, j] = total


def products(side):
	"""A product of two matrices as one outer element, whose loops are shared out among threads."""
	a = cuda.to_device(np.random.default_rng(1).random((side, side), dtype=np.float32))
	out, f = cuda.device_array_like(a), cuda.guvectorize(["void(f4[:,:], f4[:,:], f4[:,:])"], "(m,n),(n,p)->(m,p)")(product)
	variants = {"gridjit": lambda i: f(a, a, out=out)}

	def with_numba():
		import numba
		g = numba.guvectorize(["void(f4[:,:], f4[:,:], f4[:,:])"], "(m,n),(n,p)->(m,p)", target="cuda")(product)
		n, r = (numba_cuda.as_cuda_array(v) for v in (a, out))
		return lambda i: g(n, n, out=r)
	offer(variants, "numba-cuda", numba_cuda, with_numba)
	return variants


def calls(x, y):
	"""1,000 elements: what a call costs, with a new output."""
	variants = {"gridjit": lambda i: saxpy(x, y), "gridjit x + y": lambda i: x + y}

	def with_cupy():
		a, b = cupy.asarray(x), cupy.asarray(y)
		f = cupy.ElementwiseKernel("float32 x, float32 y", "float32 z", "z = 2 * x + y", "saxpy")
		return lambda i: f(a, b)

	def with_torch():
		t, u = torch.as_tensor(x, device="cuda"), torch.as_tensor(y, device="cuda")
		return lambda i: t + u
	offer(variants, "cupy", cupy, with_cupy)
	offer(variants, "torch x + y", torch, with_torch)
	if not ON_GPU:
		h, k = np.asarray(x), np.asarray(y)
		variants["numpy x + y"] = lambda i: h + k
	return variants


def reductions(name, x, **keywords):
	variants = {"gridjit": lambda i: getattr(x, name)(**keywords)}

	def with_cupy():
		a = cupy.asarray(x)
		return lambda i: getattr(a, name)(**keywords)

	def with_torch():
		t, dim = torch.as_tensor(x, device="cuda"), {"dim": keywords["axis"]} if keywords else {}
		f = getattr(t, {"min": "amin"}.get(name, name))
		return lambda i: f(**dim) if dim or name != "cumsum" else f(0)

	def with_numba():
		r, n = numba_cuda.reduce(lambda a, b: a + b), numba_cuda.as_cuda_array(x)
		res = numba_cuda.device_array(1, np.float32)
		return lambda i: r(n, res=res)
	offer(variants, "cupy", cupy, with_cupy)
	offer(variants, "torch", torch, with_torch)
	offer(variants, "numba-cuda", numba_cuda if name == "sum" and not keywords else None, with_numba)
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
	yield f"fused: 7 operations, {n} float32", fused(x, y)
	yield "product of two matrices of 512 x 512", products(512)
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
