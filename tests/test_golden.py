"""The kernels of tests/golden/low as scalar SSA (NAME.ir, the same on every Python version; --update-golden rewrites it) and,
where NAME.ptx.txt lies beside it, as PTX: its lines occur in that order (`*` stands for anything within a line)."""

import re

import pytest

from gridjit import _core, cuda
from language_cases import FOLDER, NAMES, load


def scalar_ssa(module):
	return _core.compile(module.kernel, module.SIGNATURE, {"cc": (9, 0)}, "low")[0]


@pytest.mark.parametrize("name", NAMES)
def test_scalar_ssa(name, update_golden):
	text, path = scalar_ssa(load(name)), FOLDER / f"{name}.ir"
	if update_golden:
		path.write_text(text)
	assert path.read_text() == text


@pytest.mark.parametrize("name", sorted(path.name.removesuffix(".ptx.txt") for path in FOLDER.glob("*.ptx.txt")))
def test_ptx(name):
	module = load(name)
	text, at = cuda.compile_ptx(module.kernel, module.SIGNATURE, cc=(9, 0))[0], 0
	text = text.replace("), \n\t", "), ").replace("\t", " ")     # LLVM 19 breaks calls, and sets tabs elsewhere
	for line in (FOLDER / f"{name}.ptx.txt").read_text().splitlines():
		choices = ["[^\n]*".join(map(re.escape, choice.split("*"))) for choice in line.split(" | ")]
		pattern = "|".join(choices)                              # as LLVM 22 writes it | as LLVM 19 does
		found = re.compile(pattern).search(text, at)
		assert found, f"{line!r} is not (or not in this order) in\n{text}"
		at = found.end()


def test_every_golden_file_has_a_kernel():
	assert {path.name.split(".")[0] for path in FOLDER.iterdir() if path.is_file()} == set(NAMES)
