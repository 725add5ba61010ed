"""Kernels as users write them, each in a module of its own with its test cases.

A module has `SIZES` and `BLOCKS` (what the tests try) and `case(size, block, rng)`, which returns a Case. Only
`from gridjit import …` is ours in them: the benchmarks load the same text with `from numba import …` in its place.
"""

from dataclasses import dataclass
from typing import Any, Callable


NAMES = ["saxpy", "stencil2d", "stencil3d", "transpose", "block_sum", "matmul", "nbody", "mandelbrot", "black_scholes",
	"histogram", "warp_scan", "strided_stencil", "nbody_records", "mandelbrot_complex", "saxpy_half"]


@dataclass
class Case:
	kernel: Any                                # the dispatcher
	args: list                                 # arrays and scalars, in the kernel's order
	grid: Any
	block: Any
	outputs: tuple                             # indices of the arguments that the kernel writes
	expect: Callable[[], list]                 # their contents afterwards, by NumPy
	rtol: float = 0.0
	atol: float = 0.0
	stray: float = 0.0                         # the share of elements that rounding may change altogether
	sharedmem: int = 0
	work: float = 0.0                          # units of work, for the benchmarks
	unit: str = "elements"

	def launch(self, *args):
		self.kernel[self.grid, self.block, 0, self.sharedmem](*(args or self.args))

	def fresh(self):
		"""The arguments with copies of the arrays that the kernel writes, so that a launch can be repeated."""
		return [arg.copy(order="K") if index in self.outputs else arg for index, arg in enumerate(self.args)]


def blocks(n, threads):
	return (n + threads - 1) // threads
