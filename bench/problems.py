"""The benchmark kernels: sizes, and how the arguments of tests/kernels map to those of bench/cuda/*.cu.

The Python text is the tests' own; another package's version of it is the same text with the import changed."""

import importlib
import sys
import types
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

# name: (size, block) for a GPU, (size, block) for a CPU
SIZES = {
	"saxpy": ((1 << 26, 256), (1 << 22, 256)),
	"stencil2d": ((8192, (32, 8)), (1024, (32, 8))),
	"stencil3d": ((512, (32, 4, 2)), (128, (32, 4, 2))),
	"transpose": ((8192, (32, 8)), (2048, (32, 8))),
	"block_sum": ((1 << 26, 256), (1 << 22, 256)),
	"matmul": ((2048, (16, 16)), (512, (32, 32))),
	"nbody": ((32768, 256), (4096, 256)),
	"mandelbrot": ((4096, (32, 8)), (1024, (32, 8))),
	"black_scholes": ((1 << 24, 256), (1 << 20, 256)),
	"histogram": ((1 << 26, 256), (1 << 22, 256)),
	"warp_scan": ((1 << 26, 256), (1 << 22, 256)),
	"strided_stencil": ((4096, (32, 8)), (512, (32, 8))),
	"nbody_records": ((32768, 256), (4096, 256)),
	"mandelbrot_complex": ((4096, (32, 8)), (1024, (32, 8))),
	"saxpy_half": ((1 << 26, 256), (1 << 22, 256)),
}

# The same kernels with approximate functions and divisions: name: (kernel, size, block) for a GPU. Triton's are of that kind anyway.
FAST = {"black_scholes, fastmath": ("black_scholes", 1 << 24, 256)}

# More shapes for a CPU: label: (name, size, block, blocks or None: as many as the case takes, float32 instead of float64)
CPU_SHAPES = {
	"block_sum, float32, 16 M in 8 blocks": ("block_sum", 1 << 24, 256, 8, True),
	"block_sum, 16 M in 8 blocks": ("block_sum", 1 << 24, 256, 8, False),
	"block_sum, one item a thread": ("block_sum", 1 << 20, 256, 1 << 12, False),
	"matmul, blocks of 16 × 16": ("matmul", 512, (16, 16), None, False),
}


def shape(array):
	return [np.int32(extent) for extent in array.shape]


def strides(array):
	return [np.int64(stride // array.itemsize) for stride in array.strides]


# name: arguments of the C kernel from those of the Python kernel (arrays stand for their data pointers)
C_ARGS = {
	"saxpy": lambda a, x, y, out: [a, x, y, out, *shape(x)],
	"stencil2d": lambda u, out, alpha: [u, out, np.float64(alpha), *shape(u)],
	"stencil3d": lambda u, out, scale: [u, out, scale, *shape(u)],
	"transpose": lambda a, out: [a, out, *shape(a)],
	"block_sum": lambda x, total: [x, total, *shape(x)],
	"matmul": lambda a, b, c: [a, b, c, np.int32(a.shape[0]), np.int32(a.shape[1]), np.int32(b.shape[1])],
	"nbody": lambda pos, acc: [pos, acc, np.int32(pos.shape[0])],
	"nbody_records": lambda bodies, acc: [bodies, acc, np.int32(bodies.shape[0])],
	"mandelbrot": lambda image, left, top, step, limit: [image, np.float64(left), np.float64(top), np.float64(step),
		np.int32(limit), *shape(image)],
	"mandelbrot_complex": lambda image, corner, step, limit: [image, np.float64(corner.real), np.float64(corner.imag),
		np.float64(step), np.int32(limit), *shape(image)],
	"saxpy_half": lambda a, x, y, out: [a.view(np.uint16), x, y, out, *shape(x)],
	"black_scholes": lambda call, put, s, x, t, rate, vol: [call, put, s, x, t, np.float32(rate), np.float32(vol), *shape(s)],
	"histogram": lambda values, counts: [values, counts, *shape(values)],
	"warp_scan": lambda x, out: [x, out, *shape(x)],
	"strided_stencil": lambda u, out: [u, out, *shape(u), *strides(u), *strides(out)],
}


# Elements that a thread of the C kernel works on, where it is not one.
C_ELEMENTS = {"saxpy_half": 2}


def c_grid(name, grid):
	"""The C kernel's grid from that of the Python kernel."""
	return grid if name not in C_ELEMENTS else -(-grid // C_ELEMENTS[name])


def defines(block):
	threads = block if isinstance(block, int) else block[0] * block[1]
	return {"THREADS": threads, "TILE": block[0] if not isinstance(block, int) else 0}


def c_source(name, block, single=False):
	"""The kernel's C text with its header and the constants that depend on the block."""
	folder = Path(__file__).parent / "cuda"
	constants = {"THREADS"} if name in ("block_sum", "nbody", "nbody_records") else {"TILE"} if name == "matmul" else set()
	lines = [f"#define {key} {value}\n" for key, value in defines(block).items() if key in constants]
	lines += ["#define SINGLE\n"] * single
	header = (folder / "portable.h").read_text()
	return "".join(lines) + header + (folder / f"{name}.cu").read_text().replace('#include "portable.h"', "")


def module(name, package="gridjit"):
	"""tests/kernels/<name>.py with `from gridjit import` turned into `from <package> import`."""
	path = ROOT / "tests" / "kernels" / f"{name}.py"
	text = path.read_text().replace("from gridjit import", f"from {package} import")
	loaded = types.ModuleType(f"{name}_{package}")
	exec(compile(text, str(path), "exec"), loaded.__dict__)
	return loaded


def checked(kernel):
	"""The kernel with boundscheck=True; fast if it is."""
	from gridjit import cuda
	return cuda.jit(boundscheck=True, fastmath=bool(kernel._options.get("fastmath")))(kernel.py_func)


def case(name, size, block, package="gridjit", single=False, fast=False):
	"""A Case with plain arrays: views become contiguous, in the order of memory that they have. single: in float32; fast: with
	fastmath=True, and results that are not as close."""
	kind = {"kind": importlib.import_module(package).float32} if single else {}
	made = module(name, package).case(size, block, np.random.default_rng(1), **kind)
	if fast:
		made.kernel = importlib.import_module(package).cuda.jit(fastmath=True)(made.kernel.py_func)
		made.rtol = made.atol = 1e-3
	made.args = [np.array(arg, order="K") if isinstance(arg, np.ndarray) else arg for arg in made.args]
	return made
