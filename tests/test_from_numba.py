"""docs/from-numba.md: what it says exists, exists; what can be probed for is on it."""

import re
from pathlib import Path

import numpy as np

import gridjit
from gridjit import _later, cuda

PAGE = (Path(__file__).resolve().parent.parent / "docs/from-numba.md").read_text()


@cuda.jit
def kernel(x):
	x[0] = 1


def rows():
	"""(what the section is about, names, what is said of them)"""
	for head, body in re.findall(r"^## `(\w+)`$(.*?)(?=^## |\Z)", PAGE, re.M | re.S):
		for names, said in re.findall(r"^\| (`.*?) \| (.*) \|$", body, re.M):
			yield head, re.findall(r"`([\w.]+)`", names), said


def has(thing, name):
	for word in name.split("."):
		if not hasattr(thing, word):
			return False
		thing = getattr(thing, word)
	return "not built yet" not in (thing.__doc__ or "") if callable(thing) else True


def test_what_is_said_to_exist():
	things = {"cuda": cuda, "kernel": kernel, "array": cuda.to_device(np.zeros(3)), "gridjit": gridjit, "extending": gridjit.extending}
	found = list(rows())
	assert {head for head, *_ in found} == set(things) and sum(len(names) for _, names, _ in found) > 200
	wrong = [f"{head}.{name}" for head, names, said in found if not said.startswith("missing") for name in names
		if not has(things[head], name)]
	assert not wrong


def test_what_can_be_probed_for():
	said = {(head, name) for head, names, _ in rows() for name in names}
	missing = [f"{module}.{name}" for module, names in _later.LATER.items() for name in names
		if (module.rpartition(".")[2], name) not in said]
	assert not missing


def test_names_stand_once():
	said = [(head, name) for head, names, _ in rows() for name in names]
	assert len(said) == len(set(said))
