"""Builds gridjit._core: every C file of src/ and pyext/ and, by default, a static LLVM, in one extension module.

Metadata is in pyproject.toml. This file finds the tools, says which package to install when one is missing, compiles
in parallel and keeps objects in build/obj so that a rebuild after one edit compiles one file.

Environment:
  CC                  C compiler (default: gcc, else clang)
  LLVM_CONFIG         llvm-config to use (default: the newest of llvm-config-22 .. llvm-config-19)
  GRIDJIT_LLVM        "static" (default) or "shared": link libLLVM.so instead
  GRIDJIT_SANITIZE    "address,undefined": sanitizer build, with debug information, not stripped
  GRIDJIT_DEBUG=1     no optimisation, debug information, not stripped
  GRIDJIT_WERROR=1    warnings are errors (also when CI is set)
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
LLVM_VERSIONS = range(22, 18, -1)
# What the two targets and the object loader need; irreader lets GRIDJIT_DUMP text be read back.
COMPONENTS = "core bitreader linker analysis passes orcjit irreader " \
	"x86codegen x86desc x86info nvptxcodegen nvptxdesc nvptxinfo".split()
# The extension itself, and what debuggers look for (src/run/cpu/debugger.c).
EXPORTS = "{ global: PyInit__core; __jit_debug_register_code; __jit_debug_descriptor; local: *; };\n"


def missing(what, package):
	sys.exit(f"\ngridjit cannot be built: {what}.\n"
		f"On Debian or Ubuntu:  sudo apt-get install {package}\n")


def output(*command):
	return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def flag(name):
	return os.environ.get(name, "") not in ("", "0", "false", "no")


def version():
	for line in (ROOT / "pyproject.toml").read_text().splitlines():
		if line.startswith("version = "):
			return line.split('"')[1]
	raise SystemExit("pyproject.toml has no version")


def find_compiler():
	command = shlex.split(os.environ.get("CC", ""))
	if command:
		if not shutil.which(command[0]):
			missing(f"the C compiler that CC names, {command[0]!r}, was not found", "gcc g++")
		return command
	for name in "gcc", "clang":
		if shutil.which(name):
			return [name]
	missing("no C compiler was found", "gcc g++")


def library_file(cc, name):
	"""Path of a library that the compiler driver finds, or None."""
	path = output(*cc, f"-print-file-name={name}")
	return path if os.path.isabs(path) and os.path.exists(path) else None


def python_flags():
	include = sysconfig.get_path("include")
	if not os.path.exists(os.path.join(include, "Python.h")):
		missing(f"Python.h was not found in {include}", "python{}.{}-dev".format(*sys.version_info))
	try:
		import numpy
	except ImportError:
		missing("NumPy is needed to build (pip install numpy)", "python3-numpy")
	return ["-isystem", include, "-isystem", numpy.get_include()]


class LLVM:
	"""Flags to compile and link against one LLVM, through its llvm-config."""

	def __init__(self, cc):
		self.config = os.environ.get("LLVM_CONFIG") or self.newest()
		try:
			self.version = output(self.config, "--version")
		except (OSError, subprocess.CalledProcessError):
			missing(f"LLVM_CONFIG={self.config!r} does not run", "llvm-19-dev")
		self.major = int(self.version.split(".")[0])
		if self.major not in LLVM_VERSIONS:
			missing(f"LLVM {self.version} ({self.config}) is not supported, only 19 to 22", "llvm-19-dev")
		self.include = output(self.config, "--includedir")
		if not os.path.exists(os.path.join(self.include, "llvm-c", "Core.h")):
			missing(f"llvm-c/Core.h was not found in {self.include}", f"llvm-{self.major}-dev")
		self.shared = os.environ.get("GRIDJIT_LLVM", "static") == "shared"
		self.link = self.shared_flags() if self.shared else self.static_flags(cc)

	@staticmethod
	def newest():
		for number in LLVM_VERSIONS:
			if shutil.which(f"llvm-config-{number}"):
				return f"llvm-config-{number}"
		if shutil.which("llvm-config"):
			return "llvm-config"
		missing("LLVM 19, 20, 21 or 22 was not found (LLVM_CONFIG can name an llvm-config)",
			"llvm-19-dev  (or the newest of llvm-20-dev, llvm-21-dev, llvm-22-dev that apt offers)")

	def shared_flags(self):
		libdir = output(self.config, "--libdir")
		libs = shlex.split(output(self.config, "--link-shared", "--libs"))
		return [f"-L{libdir}", *libs, f"-Wl,-rpath,{libdir}", "-lm", "-ldl", "-lpthread"]

	def static_flags(self, cc):
		"""Everything in: LLVM, the C++ library, zlib and zstd, so that only libc and libm are needed to run."""
		try:
			libs = shlex.split(output(self.config, "--link-static", "--ldflags", "--libs", *COMPONENTS))
		except subprocess.CalledProcessError as error:
			missing(f"{self.config} has no static libraries or misses a target ({error.stderr.strip()}); "
				"GRIDJIT_LLVM=shared links libLLVM.so instead", f"llvm-{self.major}-dev")
		system = output(self.config, "--link-static", "--system-libs").split()
		for needed, archive, package in (("-lz", "libz.a", "zlib1g-dev"), ("-lzstd", "libzstd.a", "libzstd-dev"),
				("always", "libstdc++.a", "g++")):
			if needed != "always" and needed not in system:
				continue
			if not library_file(cc, archive):
				missing(f"{archive} was not found", package)
			libs.append(f"-l:{archive}")
		return ["-Wl,--as-needed", *libs, "-static-libgcc", "-lrt", "-ldl", "-lm", "-lpthread"]


class Toolchain:
	"""One compiler with all flags. Objects lie in a directory named by the flags, so builds never mix."""

	def __init__(self):
		if not sys.platform.startswith("linux"):
			sys.exit("gridjit builds on Linux only, so far")
		self.cc = find_compiler()
		self.identity = output(*self.cc, "--version")
		self.llvm = LLVM(self.cc)
		self.sanitize = os.environ.get("GRIDJIT_SANITIZE", "")
		debug = flag("GRIDJIT_DEBUG")
		self.strip = not (debug or self.sanitize)
		self.common = ["-std=c11", f'-DGJ_VERSION="{version()}"', "-fPIC", "-fvisibility=hidden",
			"-ffunction-sections", "-fdata-sections", "-ffp-contract=off", "-Wall", "-Wextra",
			"-Werror=implicit-function-declaration", "-Isrc", "-O0" if debug else "-O2"]
		if not self.strip:
			self.common += ["-g", "-fno-omit-frame-pointer"]
		if not debug and not self.sanitize:
			self.common.append("-DNDEBUG")
		if self.sanitize:
			self.common += [f"-fsanitize={self.sanitize}", "-fno-sanitize-recover=undefined"]
		if flag("CI") or flag("GRIDJIT_WERROR"):
			self.common.append("-Werror")
		# A launch is a walk through a dozen small files: as one piece it takes a tenth less time. gcc only: clang's form of
		# it needs a linker of its own.
		self.across_files = ["-flto"] if self.strip and "Free Software Foundation" in self.identity else []
		self.room = {
			"pyext": ["-Ipyext", "-fno-strict-aliasing", *self.across_files, *python_flags()],
			# Calls that 22 deprecates are the only spelling that 19 has.
			"emit": ["-isystem", self.llvm.include, "-Wno-deprecated-declarations"],
			"run": self.across_files,
			"key.c": ["-include", str(self.write_build_header())],
		}

	@staticmethod
	def write_build_header():
		"""GJ_BUILD, a hash of src/ and of what is compiled with users' functions: the cache on disk never hands one build the code
		that another one made."""
		digest = hashlib.sha256()
		for path in [*sorted(ROOT.glob("src/**/*.*")), *sorted(ROOT.glob("python/gridjit/_functions/*.py"))]:
			digest.update(path.read_bytes())
		header, text = Path("build/obj/build.h"), f'#define GJ_BUILD "{digest.hexdigest()[:16]}"\n'
		path = ROOT / header
		path.parent.mkdir(parents=True, exist_ok=True)
		if not path.exists() or path.read_text() != text:
			path.write_text(text)
		return header

	def compile_command(self, source):
		"""pyext/ sees Python, src/emit sees LLVM, nobody else does."""
		if source.parts[0] == "pyext":                 # Python.h sets _GNU_SOURCE itself
			return [*self.cc, *self.common, *self.room["pyext"]]
		return [*self.cc, *self.common, "-D_GNU_SOURCE=", *self.room.get(source.parts[1], [])]

	def object_of(self, source):
		command = self.compile_command(source)
		key = hashlib.sha256("\0".join([*command, self.llvm.version, self.identity]).encode())
		return ROOT / "build" / "obj" / key.hexdigest()[:12] / source.with_suffix(".o")

	def compile(self, source):
		"""Returns (object, text the compiler printed); an up-to-date object is left alone."""
		obj = self.object_of(source)
		if up_to_date(obj):
			return obj, ""
		obj.parent.mkdir(parents=True, exist_ok=True)
		command = [*self.compile_command(source), "-MMD", "-MF", str(obj.with_suffix(".d")),
			"-c", str(source), "-o", str(obj)]
		done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
		if done.returncode:
			obj.unlink(missing_ok=True)
			raise CompileError(source, done.stderr)
		return obj, done.stderr

	def link(self, objects, target):
		"""Links only when an object or the command has changed."""
		target.parent.mkdir(parents=True, exist_ok=True)
		work = ROOT / "build" / "obj"
		script = work / "exports.map"
		script.write_text(EXPORTS)
		command = [*self.cc, *self.across_files, "-shared", "-fPIC", "-o", str(target), *map(str, objects), *self.llvm.link,
			"-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", f"-Wl,--version-script={script}"]
		if self.sanitize:
			command.append(f"-fsanitize={self.sanitize}")
		if self.strip:
			command.append("-s")
		stamp = work / (hashlib.sha256(str(target).encode()).hexdigest()[:12] + ".link")
		newest = max(obj.stat().st_mtime_ns for obj in objects)
		if target.exists() and target.stat().st_mtime_ns >= newest and stamp.exists() \
				and stamp.read_text() == shlex.join(command):
			return
		print("gridjit: linking", flush=True)
		# A new file, never the old one overwritten: a running Python may have it mapped.
		target.unlink(missing_ok=True)
		done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
		if done.returncode:
			sys.exit(f"linking {target.name} failed:\n{done.stderr[-8000:]}")
		if not self.sanitize:
			check_symbols(target)
		stamp.write_text(shlex.join(command))


class CompileError(Exception):
	def __init__(self, source, text):
		super().__init__(f"{source} does not compile:\n{text}")


def up_to_date(obj):
	"""True if the object is newer than all files that its dependency file names."""
	depfile = obj.with_suffix(".d")
	if not obj.exists() or not depfile.exists():
		return False
	made = obj.stat().st_mtime_ns
	names = depfile.read_text().replace("\\\n", " ").split(":", 1)[1].split()
	try:
		return all((ROOT / name).stat().st_mtime_ns <= made for name in names)
	except OSError:
		return False


def check_symbols(target):
	"""An extension may leave Python's symbols open, so ld cannot complain of a missing function: the loader does."""
	load = "import ctypes, os, sys; ctypes.PyDLL(sys.argv[1], os.RTLD_NOW)"
	done = subprocess.run([sys.executable, "-c", load, str(target)], capture_output=True, text=True)
	if done.returncode:
		target.unlink()
		sys.exit(f"{target.name} cannot be loaded: {done.stderr.strip().splitlines()[-1]}")


def sources():
	found = sorted(ROOT.glob("pyext/**/*.c")) + sorted(ROOT.glob("src/**/*.c"))
	return [path.relative_to(ROOT) for path in found]


class BuildCore(build_ext):
	"""build_ext with our own compile and link steps: setuptools' compiler knows no static archives of other languages."""

	def build_extension(self, ext):
		tools = Toolchain()
		target = Path(self.get_ext_fullpath(ext.name)).resolve()
		mode = tools.sanitize or ("shared" if tools.llvm.shared else "static")
		print(f"gridjit: LLVM {tools.llvm.version} ({mode}), {' '.join(tools.cc)}", flush=True)
		failed, stale = [], sum(not up_to_date(tools.object_of(source)) for source in sources())
		workers = self.parallel or os.cpu_count() or 1
		if stale:
			print(f"gridjit: compiling {stale} files, {workers} at a time" + (": a minute of processor time" if stale > 200 else ""), flush=True)
		with ThreadPoolExecutor(workers) as pool:
			jobs = [pool.submit(tools.compile, source) for source in sources()]
			objects = []
			for job in jobs:
				try:
					obj, warnings = job.result()
					objects.append(obj)
					sys.stderr.write(warnings)
				except CompileError as error:
					failed.append(str(error))
		if failed:
			sys.exit("\n".join(failed))
		tools.link(objects, target)
		print(f"gridjit: {target.name}, {target.stat().st_size / 1e6:.1f} MB", flush=True)

	def get_source_files(self):
		return [str(path) for path in sources()]


setup(
	ext_modules=[Extension("gridjit._core", sources=[])],
	cmdclass={"build_ext": BuildCore},
)
