"""A grid of threads in plain Python: what a kernel means, however slowly. Each thread is a generator; a barrier is a
yield, so the kernel's source is rewritten: cuda.syncthreads() → (yield ("sync", True)) and so on. The threads of a
block run round-robin from barrier to barrier; blocks run one after the other."""

import ast
import inspect
import itertools
import textwrap
from types import SimpleNamespace

import numpy as np

BARRIERS = {"syncthreads": "sync", "syncthreads_count": "count", "syncthreads_and": "and", "syncthreads_or": "or"}
REDUCE = {"sync": lambda p: None, "count": lambda p: sum(map(bool, p)), "and": lambda p: int(all(p)), "or": lambda p: int(any(p))}


class BarriersYield(ast.NodeTransformer):
	def visit_Call(self, node):
		self.generic_visit(node)
		if isinstance(node.func, ast.Attribute) and node.func.attr in BARRIERS:
			predicate = node.args[0] if node.args else ast.Constant(True)
			kind = ast.Constant(BARRIERS[node.func.attr])
			return ast.Yield(ast.Tuple([kind, predicate], ast.Load()))
		return node


class Cuda:
	"""What the name `cuda` means inside a simulated kernel: one object a block, `at` is the running thread."""

	def __init__(self, block_idx, block_dim, grid_dim, dynamic):
		self.blockIdx, self.blockDim, self.gridDim = block_idx, block_dim, grid_dim
		self.arrays, self.dynamic, self.thread, self.calls = [], dynamic, None, None
		self.shared = SimpleNamespace(array=self.shared_array)
		self.local = SimpleNamespace(array=lambda shape, dtype: np.zeros(shape, np.dtype(dtype)))
		self.atomic = SimpleNamespace(add=self.atomic_add, max=self.atomic_max)

	@property
	def threadIdx(self):
		return self.thread

	def grid(self, ndim):
		at = [getattr(self.blockIdx, d) * getattr(self.blockDim, d) + getattr(self.thread, d) for d in "xyz"[:ndim]]
		return at[0] if ndim == 1 else tuple(at)

	def gridsize(self, ndim):
		size = [getattr(self.gridDim, d) * getattr(self.blockDim, d) for d in "xyz"[:ndim]]
		return size[0] if ndim == 1 else tuple(size)

	def shared_array(self, shape, dtype):
		"""The n-th call of every thread gives the n-th array of the block."""
		number = next(self.calls)
		if number == len(self.arrays):
			self.arrays.append(self.dynamic.view(dtype) if shape == 0 else np.zeros(shape, np.dtype(dtype)))
		return self.arrays[number]

	def threadfence_block(self):
		"""Threads run one after the other."""

	def atomic_add(self, array, index, value):
		old = array[index]
		array[index] += value
		return old

	def atomic_max(self, array, index, value):
		old = array[index]
		array[index] = max(old, value)
		return old


def dim3(size):
	size = (size,) if np.isscalar(size) else tuple(size)
	return SimpleNamespace(**dict(zip("xyz", size + (1,) * (3 - len(size)))))


def threads_of(dim):
	return [SimpleNamespace(x=x, y=y, z=z) for z, y, x in itertools.product(range(dim.z), range(dim.y), range(dim.x))]


def run_block(make, cuda, args):
	waiting = []
	for thread in threads_of(cuda.blockDim):
		waiting.append([thread, itertools.count(), make(*args), None])
	while waiting:
		arrived = []
		for entry in waiting:
			cuda.thread, cuda.calls = entry[0], entry[1]
			try:
				arrived.append((entry, entry[2].send(entry[3])))
			except StopIteration:
				pass
		kinds = {kind for _, (kind, _) in arrived}
		assert len(kinds) <= 1, "threads of a block wait at different barriers"
		if arrived:
			result = REDUCE[kinds.pop()]([predicate for _, (_, predicate) in arrived])
			for entry, _ in arrived:
				entry[3] = result
		waiting = [entry for entry, _ in arrived]


def simulate(function, grid, block, args, source=None, sharedmem=0, scope=None):
	"""Run a kernel (a Python function, or source text that defines one by `function`'s name) over the whole grid."""
	name = function if isinstance(function, str) else function.__name__
	text = source or textwrap.dedent(inspect.getsource(function))
	tree = BarriersYield().visit(ast.parse(text))
	for node in tree.body:
		if isinstance(node, ast.FunctionDef):
			node.decorator_list = []
			if node.name == name:                  # a generator even where it has no barrier
				node.body.append(ast.parse("if False: yield").body[0])
	code = compile(ast.fix_missing_locations(tree), "<simulated kernel>", "exec")
	grid, block = dim3(grid), dim3(block)
	for block_idx in threads_of(grid):
		cuda = Cuda(block_idx, block, grid, np.zeros(sharedmem, np.uint8))
		names = dict(scope or (function.__globals__ if callable(function) else {}), cuda=cuda)
		if callable(function) and function.__closure__:
			names.update({var: cell.cell_contents for var, cell in zip(function.__code__.co_freevars, function.__closure__)})
		exec(code, names)
		run_block(names[name], cuda, args)
