"""The rules of the house, checked on the source text: who may include what, how long things may be, what is used."""

import ast
import builtins
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Rooms along the pipeline: a file includes headers of its own room and of those that stand in earlier rows.
ROOMS = [["base"], ["types"], ["code", "image"], ["ir"], ["names", "bytecode"], ["infer"], ["lower"], ["opt"], ["lanes"], ["emit"]]
# src/run knows no compiler: base, types and image only.
RUN = ["base", "types", "image", "run"]
MAX_FILE, MAX_FUNCTION = 800, 80


def files(*patterns):
	found = [path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.is_file()]
	assert found, patterns
	return found


def name(path):
	return str(path.relative_to(ROOT))


C_FILES = files("src/**/*.[ch]", "src/**/*.def", "pyext/**/*.[ch]")
PY_FILES = files("python/**/*.py", "tests/**/*.py", "bench/*.py", "examples/*.py", "setup.py")


def tracked():
	if not shutil.which("git"):
		pytest.skip("git is not installed")
	done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
	if done.returncode:
		pytest.skip("not a git checkout")
	return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def includes(path):
	return re.findall(r'^\s*#\s*include\s*([<"][^>"]+)[>"]', path.read_text(), re.M)


def room_of(path):
	parts = path.relative_to(ROOT).parts
	return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def test_system_headers_stay_in_their_rooms():
	wrong = []
	for path in C_FILES:
		for include in includes(path):
			header = include[1:]
			if header.startswith(("Python.h", "numpy/", "structmember.h")) and name(path).split("/")[0] != "pyext":
				wrong.append(f"{name(path)}: {header} belongs in pyext/")
			if header.startswith(("llvm-c/", "llvm/")) and room_of(path) != "emit":
				wrong.append(f"{name(path)}: {header} belongs in src/emit/")
			if header in ("cuda.h", "cuda_runtime.h", "cudaTypedefs.h"):
				wrong.append(f"{name(path)}: {header}: users have no CUDA toolkit")
			if header.startswith("run/cuda/") and not name(path).startswith("src/run/cuda/"):
				wrong.append(f"{name(path)}: {header} is for the CUDA device only")
	assert not wrong, "\n".join(wrong)


def test_rooms_include_only_those_before_them():
	place = {room: row for row, rooms in enumerate(ROOMS) for room in rooms}
	wrong = []
	for path in C_FILES:
		room = room_of(path)
		for include in includes(path):
			other = include[1:].split("/")[0]
			if include[0] != '"' or room is None or "/" not in include:
				continue
			allowed = other in RUN if room == "run" else \
				other in place and (other == room or place[other] < place[room])
			if not allowed:
				wrong.append(f"{name(path)} includes {include[1:]}")
	assert not wrong, "\n".join(wrong)


def test_quoted_includes_exist():
	wrong = []
	for path in C_FILES:
		for include in includes(path):
			if include[0] == '"' and not any((base / include[1:]).exists() for base in (ROOT / "src", ROOT / "pyext", path.parent)):
				wrong.append(f"{name(path)} includes {include[1:]}, which is nowhere")
	assert not wrong, "\n".join(wrong)


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


PAGES = ["README.md", "CONTRIBUTING.md", "docs/design.md"]


@pytest.mark.parametrize("page", PAGES)
def test_pages_point_at_things_that_exist(page):
	"""Paths in backticks, links, make targets and environment variables of a page are real."""
	text = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.S)
	wrong = []
	for path in re.findall(r"`((?:src|pyext|python|tests|bench|docs|examples|\.ci)/[\w./-]*)`", text):
		if not (ROOT / path).exists():
			wrong.append(path)
	for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
		if not ((ROOT / page).parent / link).exists():
			wrong.append(link)
	targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
	wrong += [f"make {target}" for target in re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.M)
		if target not in targets]
	source = "\n".join(path.read_text(errors="replace") for path in C_FILES + PY_FILES + [ROOT / "Makefile"])
	wrong += [variable for variable in set(re.findall(r"\bGRIDJIT_[A-Z_]+\b", text)) if variable not in source]
	assert not wrong, wrong
