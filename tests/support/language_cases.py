"""The kernels of tests/golden/low, one a file: `kernel`, its SIGNATURE, `args()` makes fresh arguments. Optional: LAUNCH (grid,
block, stream, sharedmem), `expect(*args)` computes the results in place (default: the grid simulator runs the kernel's
Python), `settle(*args)` puts results of no fixed order in order, RTOL, LIBDEVICE (its PTX needs libdevice)."""

import importlib.util
from pathlib import Path

import numpy as np

from grid_simulator import simulate

FOLDER = Path(__file__).parents[1] / "golden" / "low"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


def load(name):
	spec = importlib.util.spec_from_file_location(f"golden_low_{name}", FOLDER / f"{name}.py")
	module = importlib.util.module_from_spec(spec)
	spec.loader.exec_module(module)
	return module


def python_scope(module):
	"""The names that a case imports from gridjit as plain Python understands them: NumPy's types."""
	return {name: getattr(np, {"boolean": "bool_"}.get(name, name)) for name, value in vars(module).items()
		if name == getattr(value, "name", None) or name == "boolean"}


def python_source(module):
	return "".join(line for line in Path(module.__file__).read_text().splitlines(True) if "import cuda" not in line)


def expected(module):
	args = module.args()
	if hasattr(module, "expect"):
		module.expect(*args)
	else:
		grid, block, *rest = getattr(module, "LAUNCH", (2, 37))
		with np.errstate(all="ignore"):
			simulate("kernel", grid, block, args, python_source(module), rest[1] if rest else 0, python_scope(module))
	return args


def launched(module):
	from gridjit import cuda
	args = module.args()
	cuda.jit(module.kernel)[getattr(module, "LAUNCH", (2, 37))](*args)
	if hasattr(module, "settle"):
		module.settle(*args)
	return args
