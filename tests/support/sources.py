"""The C sources as text: who includes whom, where a function is defined, which files call each other in a circle."""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A function's name and parameters at the start of a line: a definition or a declaration, by what follows.
_HEAD = r"^(?!typedef|return|else)[A-Za-z_][\w\s*]*?[\s*](gj_\w+)\s*\([^;{}]*\)"
_DEFINITION = re.compile(_HEAD + r"\s*(?:__attribute__\(\(.*?\)\)\s*)?\{", re.M)
_DECLARATION = re.compile(_HEAD + r"[^;{}]*;", re.M)
_NO_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def files(*patterns):
	found = [path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.is_file()]
	assert found, patterns
	return found


def name(path):
	return str(path.relative_to(ROOT))


C_FILES = files("src/**/*.[ch]", "src/**/*.def", "pyext/**/*.[ch]", "pyext/**/*.def")


def includes(path):
	return re.findall(r'^\s*#\s*include\s*([<"][^>"]+)[>"]', path.read_text(), re.M)


@cache
def code(path):
	"""The text without comments and strings."""
	return _NO_CODE.sub(lambda m: '""' if m.group()[0] == '"' else " ", path.read_text())


def unit(path):
	"""A header counts with its .c file."""
	return name(path.with_suffix(".c") if path.suffix == ".h" and path.with_suffix(".c").exists() else path)


def units():
	return {unit(path): path for path in C_FILES if path.suffix != ".def"}


@cache
def homes():
	"""{function: units that define it}, for the functions that files share."""
	found = defaultdict(set)
	for path in C_FILES:
		if path.suffix != ".def":
			for match in _DEFINITION.finditer(code(path)):
				found[match.group(1)].add(unit(path))
	return found


def declared():
	"""{function: header that declares it}"""
	return {match.group(1): name(path) for path in C_FILES if path.suffix == ".h"
		for match in _DECLARATION.finditer(code(path))}


def assembled():
	"""Functions that are written in assembler: their labels stand in strings."""
	return {label for path in C_FILES if path.suffix == ".c" for label in re.findall(r'"(gj_\w+):', path.read_text())}


@cache
def calls():
	"""{unit: {unit whose functions it names: those functions}}. Of headers the bodies count; constants and .def tables do not."""
	graph = {one: defaultdict(set) for one in units()}
	for path in C_FILES:
		if path.suffix == ".def":
			continue
		text = code(path) if path.suffix == ".c" else "\n".join(re.findall(r"\{.*?\}", code(path), re.S))
		for function in set(re.findall(r"\bgj_\w+", text)):
			for home in homes().get(function, ()):
				if home != unit(path):
					graph[unit(path)][home].add(function)
	return graph


def circles(graph):
	"""Strongly connected parts of more than one node (Tarjan)."""
	order, low, stack, found = {}, {}, [], []

	def visit(node):
		order[node] = low[node] = len(order)
		stack.append(node)
		for other in graph[node]:
			if other not in order:
				visit(other)
			if other in stack:
				low[node] = min(low[node], low[other])
		if low[node] == order[node]:
			part = set(stack[stack.index(node):])
			del stack[stack.index(node):]
			if len(part) > 1:
				found.append(part)

	for node in graph:
		if node not in order:
			visit(node)
	return found


# -- Rooms -------------------------------------------------------------------------------------------------------------

# Along the pipeline: a file knows its own room and those of earlier rows, not its neighbours in a row.
ROOMS = [["base"], ["types"], ["code", "image"], ["ir"], ["names", "bytecode"], ["infer"], ["lower"], ["opt"], ["lanes"], ["emit"],
	["stages"], ["compile"], ["key"], ["run"], ["build"],
	["pyext/core"], ["pyext/types"], ["pyext/memory", "pyext/freeze"], ["pyext/launch"], ["pyext/ufunc", "pyext/fuse", "pyext/elements", "pyext/jit"], ["pyext/module"]]
# The devices know no compiler.
KNOWN_TO_RUN = ["base", "types", "image", "run"]
# Files beside the rooms of pyext/: below all of them, or above.
_PYEXT = {"core": "pyext/core", "raise": "pyext/core", "failure": "pyext/core", "raised": "pyext/core", "exceptions": "pyext/core", "printed": "pyext/core", "interrupt": "pyext/core", "nearest": "pyext/core", "module": "pyext/module", "debug": "pyext/module"}


def room_of(file):
	"""The room of a file by its name from the root: "src/infer/calls.c" is of infer."""
	top, *rest = file.split("/")
	if top == "pyext":
		return f"pyext/{rest[0]}" if len(rest) > 1 else _PYEXT[rest[0].split(".")[0]]
	return rest[0].split(".")[0]


def may_know(file, other):
	place = {room: row for row, rooms in enumerate(ROOMS) for room in rooms}
	room, known = room_of(file), room_of(other)
	if room == "run":
		return known in KNOWN_TO_RUN
	return known == room or place[known] < place[room]


def is_stranger(file, other):
	"""Targets of the emitter and devices, a folder each, do not know each other; what they share knows none of them."""
	(mine, *_, own), (theirs, *_, one) = _folders(file), _folders(other)
	return mine == theirs and mine in ("emit", "run") and one not in (own, "")


def _folders(file):
	parts = file.split("/")
	return parts[1], (parts[2] if len(parts) > 3 else "")


def included(path):
	"""Files of ours that it includes, and those that do not exist."""
	for include in includes(path):
		if include[0] == '"':
			found = [base / include[1:] for base in (path.parent, ROOT / "src", ROOT / "pyext") if (base / include[1:]).exists()]
			yield name(found[0].resolve()) if found else None, include[1:]
