"""The rules of the house, checked on the source text: who may include what, how long things may be, what is used."""

import ast
import builtins
import re
import shutil
import subprocess

import pytest
import sources
from conftest import LONGEST
from sources import C_FILES, ROOT, files, included, includes, may_know, name, room_of

MAX_FILE, MAX_FUNCTION = 800, 80
PY_FILES = files("python/**/*.py", "tests/**/*.py", "bench/*.py", "examples/*.py", "setup.py")

# Circles of files that are honest: each is one recursion, cut where it reads best.
CIRCLES = {
	("pyext/freeze/freeze.c", "pyext/freeze/freeze_value.c"): "a function holds values, and functions are values",
	("src/infer/calls.c", "src/infer/fixpoint.c"): "a call infers the function that is called, and that one calls",
}


def tracked():
	if not shutil.which("git"):
		pytest.skip("git is not installed")
	done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
	if done.returncode:
		pytest.skip("not a git checkout")
	return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def test_longest_test_files_exist():
	assert [stem for stem in LONGEST if not (ROOT / "tests" / stem).with_name(f"test_{stem.rpartition('/')[2]}.py").is_file()] == []


def test_system_headers_stay_in_their_rooms():
	wrong = []
	for path in C_FILES:
		for include in includes(path):
			header = include[1:]
			if header.startswith(("Python.h", "numpy/", "structmember.h")) and name(path).split("/")[0] != "pyext":
				wrong.append(f"{name(path)}: {header} belongs in pyext/")
			if header.startswith(("llvm-c/", "llvm/")) and room_of(name(path)) != "emit":
				wrong.append(f"{name(path)}: {header} belongs in src/emit/")
			if header in ("cuda.h", "cuda_runtime.h", "cudaTypedefs.h"):
				wrong.append(f"{name(path)}: {header}: users have no CUDA toolkit")
	assert not wrong, "\n".join(wrong)


def test_rooms_include_only_those_before_them():
	wrong = [f"{name(path)} includes {other}" for path in C_FILES for other, _ in included(path)
		if other and not may_know(name(path), other)]
	assert not wrong, "\n".join(wrong)


def test_quoted_includes_exist():
	wrong = [f"{name(path)} includes {text}, which is nowhere" for path in C_FILES for other, text in included(path) if not other]
	assert not wrong, "\n".join(wrong)


def test_rooms_call_only_those_before_them():
	"""Also through declarations of their own."""
	wrong = [f"{file} calls {', '.join(sorted(functions))} of {other}" for file, others in sources.calls().items()
		for other, functions in others.items() if not may_know(file, other)]
	assert not wrong, "\n".join(wrong)


def test_targets_and_devices_do_not_know_each_other():
	wrong = [f"{name(path)} includes {other}" for path in C_FILES for other, _ in included(path)
		if other and sources.is_stranger(name(path), other)]
	wrong += [f"{file} calls {', '.join(sorted(functions))} of {other}" for file, others in sources.calls().items()
		for other, functions in others.items() if sources.is_stranger(file, other)]
	assert not wrong, "\n".join(wrong)


def test_files_form_no_circles():
	"""A file does not call one that calls it, directly or through others, but for the honest ones."""
	graph = sources.calls()
	wrong = []
	for part in sources.circles(graph):
		if tuple(sorted(part)) not in CIRCLES:
			wrong += ["", *(f"{file} -> {other}: {', '.join(sorted(functions))}" for file in sorted(part)
				for other, functions in graph[file].items() if other in part)]
	assert not wrong, "\n".join(wrong)
	gone = set(CIRCLES) - {tuple(sorted(part)) for part in sources.circles(graph)}
	assert not gone, f"no circles any more: {gone}"


def test_a_circle_is_seen():
	assert sources.circles({"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": []}) == [{"b", "c"}]
	assert not may_know("src/ir/cfg.c", "src/infer/calls.c") and not may_know("src/run/cache.c", "src/ir/ir.h")
	assert sources.is_stranger("src/emit/emit.c", "src/emit/cpu/math.c") and sources.is_stranger("src/run/cpu/rt.c", "src/run/cuda/api.h")
	assert not sources.is_stranger("src/emit/cpu/math.c", "src/emit/emit.c") and not sources.is_stranger("src/run/cpu/rt.c", "src/run/status.c")


def test_shared_functions_have_one_home():
	homes = sources.homes()
	several = {function: places for function, places in homes.items() if len(places) > 1}
	assert not several, several
	nowhere = {function: header for function, header in sources.declared().items()
		if function not in homes and function not in sources.assembled()}
	assert not nowhere, f"declared, but defined nowhere: {nowhere}"


def test_tests_do_not_import_tests():
	"""What tests share stands in tests/support."""
	wrong = []
	for path in files("tests/**/*.py"):
		for line in re.findall(r"^\s*(?:from|import) +(test_\w+)", path.read_text(), re.M):
			wrong.append(f"{name(path)} imports {line}")
	assert not wrong, "\n".join(wrong)
	misplaced = [name(path) for path in files("tests/*.py") if not path.name.startswith(("test_", "conftest"))]
	assert not misplaced, f"these belong in tests/support: {misplaced}"


def test_files_are_short():
	long = [f"{name(path)}: {lines} lines" for path in C_FILES + PY_FILES
		if (lines := len(path.read_text().splitlines())) > MAX_FILE]
	assert not long, "\n".join(long)


def c_functions(path):
	"""(name, lines) of each function: bodies start with a brace that a parameter list precedes and end at column 0."""
	header, start = "", None
	for number, line in enumerate(path.read_text().splitlines(), 1):
		if start is None:
			if re.match(r"[A-Za-z_].*\)\s*\{?\s*$", line) or (line.startswith(("\t", " ")) and header and ")" in line):
				header = line if not line[0].isspace() else header
			if line.rstrip() == "{" or re.match(r"[A-Za-z_][^=]*\)\s*\{\s*$", line):
				found = re.search(r"([A-Za-z_]\w*)\s*\(", header or line)
				header, start = (found.group(1) if found else "?"), number
		elif line.startswith("}"):
			yield header, number - start + 1
			header, start = "", None


def test_functions_are_short():
	long = []
	for path in C_FILES:
		long += [f"{name(path)}: {function}, {lines} lines" for function, lines in c_functions(path) if lines > MAX_FUNCTION]
	for path in PY_FILES:
		for node in ast.walk(ast.parse(path.read_text())):
			if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
				lines = node.end_lineno - node.lineno + 1
				if lines > MAX_FUNCTION:
					long.append(f"{name(path)}: {node.name}, {lines} lines")
	assert not long, "\n".join(long)


def test_c_files_say_what_they_are():
	silent = [name(path) for path in C_FILES if not path.read_text().lstrip().startswith(("/*", "//"))]
	assert not silent, silent


def test_shared_symbols_have_the_prefix():
	"""A function that is not static starts with gj_ (PyInit_ aside)."""
	wrong = []
	definition = re.compile(r"^(?!static|typedef|struct [^(]*\{|enum|#|extern|return|else|GJ_|ERR\(|[A-Z_]+\()"
		r"[A-Za-z_][\w\s\*]*?\b([A-Za-z_]\w*)\([^;]*$")
	for path in C_FILES:
		if path.suffix != ".c":
			continue
		for line in path.read_text().splitlines():
			found = definition.match(line)
			if found and "=" not in line and not found.group(1).startswith(("gj_", "PyInit_", "__", "defined")):
				wrong.append(f"{name(path)}: {found.group(1)}")
	assert not wrong, "\n".join(wrong)


def error_rows():
	text = re.sub(r"/\*.*?\*/", "", (ROOT / "src/base/errors.def").read_text(), flags=re.S)
	return re.findall(r"^ERR\((\w+),\s*(\w+),", text, re.M)


def test_every_message_is_used():
	words = set(re.findall(r"\w+", "\n".join(path.read_text() for path in C_FILES if path.name != "errors.def")))
	unused = [row for row, _ in error_rows() if f"GJ_ERR_{row}" not in words and row not in words]
	assert not unused, f"rows of errors.def that nobody raises: {unused}"


def test_every_message_has_a_class():
	rows = error_rows()
	assert len({row for row, _ in rows}) == len(rows), "an id appears twice"
	text = "\n".join(path.read_text() for path in files("python/gridjit/**/*.py"))
	unknown = {cls for _, cls in rows if not hasattr(builtins, cls) and not re.search(rf"\bclass {cls}\b|\b{cls} =", text)}
	assert not unknown, unknown


def test_exceptions_are_cleared_in_one_place():
	"""gj_forgive() looks at what it clears: a KeyboardInterrupt is nobody's to swallow."""
	clearing = [name(path) for path in C_FILES if path.suffix in (".c", ".h") and "PyErr_Clear(" in path.read_text()]
	assert clearing == ["pyext/core.c"]


def test_no_path_of_a_machine():
	bad = re.compile("|".join(["/wo" "rk/", "/ro" "ot/", r"/ho" r"me/\w+/", "/tm" "p/bash_jobs"]))
	wrong = []
	for path in tracked():
		if path.suffix in (".png", ".svg", ".ico"):
			continue
		for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
			if bad.search(line):
				wrong.append(f"{name(path)}:{number}: {line.strip()[:80]}")
	assert not wrong, "\n".join(wrong)


PAGES = ["README.md", "CONTRIBUTING.md", "docs/design.md", "docs/arrays.md", "docs/kernels.md", "docs/from-numba.md", "docs/what-works.md"]


@pytest.mark.parametrize("page", PAGES)
def test_pages_point_at_things_that_exist(page):
	"""Paths in backticks, links, make targets and environment variables of a page are real."""
	text = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.S)
	wrong = []
	for path in re.findall(r"`((?:src|pyext|python|tests|bench|docs|examples|\.ci)/[\w./-]*)`", text):
		if not (ROOT / path).exists():
			wrong.append(path)
	for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", re.sub(r"`[^`]*`", "", text)):
		if not ((ROOT / page).parent / link).exists():
			wrong.append(link)
	targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
	wrong += [f"make {target}" for target in re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.M)
		if target not in targets]
	source = "\n".join(path.read_text(errors="replace") for path in C_FILES + PY_FILES + [ROOT / "Makefile"])
	wrong += [variable for variable in set(re.findall(r"\bGRIDJIT_[A-Z_]+\b", text)) if variable not in source]
	assert not wrong, wrong
