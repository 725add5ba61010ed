"""The names that kernels know (src/names/names.def) as Python sees them: dir(), help(), signatures, tab completion."""

import inspect
import pickle
import pydoc
import re
import rlcompleter
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gridjit import _core, cuda
from names_page import PAGE, PARTS, part, renewed

SRC = Path(__file__).resolve().parent.parent / "src"


def rows():
	"""(dotted name, parameters: None for what is not called) of each row, as the preprocessor finds them."""
	asked = """
		#define NAME(name, params, rule, low, arg, doc) ROW(name | params)
		#define SPACE(name, doc) ROW(name | 0)
		#include "names/names.def"
	"""
	found = []
	text = subprocess.run(["cc", "-E", "-P", f"-I{SRC}", "-x", "c", "-"], input=asked, text=True, check=True, capture_output=True).stdout
	for name, params in re.findall(r"ROW\(([^|]*)\|((?:[^\"()]|\"[^\"]*\")*)\)", text):
		name, params = ("".join(re.findall(r'"([^"]*)"', part)) if '"' in part else None for part in (name, params))
		if name:
			found.append((name, params))
	return found


ROWS = rows()
NAMES = [name for name, _ in ROWS]


def written(name, params):
	"""The parameters as they stand in a docstring."""
	words = params.split()[name.startswith(("int.", "number.", "array.", "tuple.", "dict.")):]
	return ", ".join("*" + word[:-1] if word[-1] in "*+" else word for word in words)


def below(name):
	return sorted(word for word in dir(_core.Intrinsic(name)) if not word.startswith("__"))


def test_the_table_is_read():
	assert len(ROWS) > 250 and {"cuda.grid", "cuda.atomic", "math.sin", "np.arctan2", "array.flags.c_contiguous"} <= set(NAMES)


def test_a_name_has_one_row():
	assert not {name for name in NAMES if NAMES.count(name) > 1}


def test_docstrings():
	wrong = []
	for name, params in ROWS:
		head = name.removeprefix("builtins.") + ("" if params is None else f"({written(name, params)})")
		first, empty, sentence = _core.Intrinsic(name).__doc__.split("\n")
		if first != head or empty or not sentence.endswith((".", "?")) or not 2 < len(sentence) <= 120:
			wrong.append((name, first, sentence))
	assert not wrong


def test_signatures():
	for name, params in ROWS:
		if params is not None:
			wanted = eval(f"lambda {written(name, params)}: None")
			assert inspect.signature(_core.Intrinsic(name)) == inspect.signature(wanted), name
	assert inspect.signature(cuda.shared.array).parameters["alignment"].default is None
	assert inspect.signature(cuda.syncwarp).parameters["mask"].default == 0xffffffff
	assert inspect.signature(_core.Intrinsic("np.zeros")).parameters["dtype"].default is float
	with pytest.raises(AttributeError):
		cuda.threadIdx.__signature__


def test_dir_lists_what_is_below():
	for name in NAMES:
		assert below(name) == sorted(other[len(name) + 1:] for other in NAMES
			if other.startswith(name + ".") and "." not in other[len(name) + 1:]), name
	assert below("cuda.threadIdx") == ["x", "y", "z"] and below("cuda.grid") == []


def test_each_name_stands_in_a_namespace():
	spaces = {name for name in NAMES if below(name)}
	assert {name.rpartition(".")[0] for name in NAMES if "." in name} == spaces


def test_attributes_of_cuda():
	names = [name for name in NAMES if name.startswith("cuda.") and name.count(".") == 1]
	assert len(names) >= 40
	for name in names:
		word = name.removeprefix("cuda.")
		assert word in dir(cuda)
		assert getattr(cuda, word) in (_core.Intrinsic(name), sys.modules.get(f"gridjit.{name}"))      # cuda.cg, once it is imported
		assert getattr(cuda, word) is getattr(cuda, word)


def test_pickle_repr_equality():
	for name in NAMES:
		value = _core.Intrinsic(name)
		again = pickle.loads(pickle.dumps(value))
		assert repr(value) == name == value.__name__ and again == value and hash(again) == hash(value)


def completions(text):
	completer = rlcompleter.Completer({"cuda": cuda})
	found = []
	while (word := completer.complete(text, len(found))) is not None:
		found.append(word.rstrip("()"))
	return sorted(found)


@pytest.mark.parametrize("text, wanted", [
	("cuda.syncthr", ["cuda.syncthreads", "cuda.syncthreads_and", "cuda.syncthreads_count", "cuda.syncthreads_or"]),
	("cuda.atomic.c", ["cuda.atomic.cas", "cuda.atomic.compare_and_swap"]),
	("cuda.shared.", ["cuda.shared.array"]),
	("cuda.blockDim.", ["cuda.blockDim.x", "cuda.blockDim.y", "cuda.blockDim.z"])])
def test_tab_completion(text, wanted):
	assert completions(text) == wanted


@pytest.mark.parametrize("value, text", [(cuda.grid, "cuda.grid(ndim)"), (cuda.atomic, "cuda.atomic"),
	(cuda.shared.array, "cuda.shared.array(shape, dtype, alignment=None)"), (cuda.blockIdx.y, "cuda.blockIdx.y")],
	ids=repr)
def test_help(value, text):
	page = pydoc.render_doc(value, renderer=pydoc.plaintext).splitlines()
	assert f"    {text}" in page
	assert f"    {value.__doc__.splitlines()[2]}" in page


def test_no_other_attributes():
	with pytest.raises(AttributeError):
		cuda.atomic.multiply
	assert not hasattr(cuda.grid, "__wrapped__")


def test_a_default_can_be_written():
	@cuda.jit
	def kernel(a, out):
		tile = cuda.shared.array(4, np.int32, alignment=None)
		cuda.syncwarp(mask=0xffffffff)
		tile[0] = round(a[0], ndigits=None)
		out[0] = np.add(a[0], a[1], out=None) + tile[0]
		out[1] = np.sqrt(a[2], None)

	a, out = np.array([2.0, 3.5, 9.0]), np.zeros(2)
	kernel[1, 1](a, out)
	assert out.tolist() == [7.5, 3.0]


@pytest.mark.parametrize("name", PARTS)
def test_lists_of_the_page(name, update_golden):
	"""docs/kernels.md says what a kernel can say; the tables say it to the page."""
	if update_golden:
		PAGE.write_text(renewed(PAGE.read_text()))
	assert part(PAGE.read_text(), name)[0].splitlines() == PARTS[name](), \
		"pytest tests/test_names.py --update-golden writes the lists of docs/kernels.md"


def test_every_row_is_on_the_page():
	text, missing = part(PAGE.read_text(), "names")[0], []
	for name, params in ROWS:
		space, _, last = name.rpartition(".")
		section = next((body for heads, body in re.findall(r"^### (.*?)$(.*?)(?=^### |\Z)", text, re.M | re.S)
			if (space if params is not None or not below(name) else name) in heads.split(", ")), "")
		if (f"`{last}({written(name, params)})`" if params is not None else "" if below(name) else f"`{last}`") not in section:
			missing.append(name)
	assert not missing
