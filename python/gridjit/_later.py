"""Names that come later: those whose modules are imported when they are first used, paths of numba's (_paths.py), and names that numba has
and gridjit has not yet. The latter can be probed for: hasattr() is False, `from … import` an ImportError; what is raised says that the name
is no mistake, and is a NotImplementedError too."""

import importlib
import importlib.machinery
import sys

from .errors import NotBuiltAttributeError, NotBuiltImportError

LATER = {
	"gridjit.cuda": frozenset("""codegen cooperative cudadecl cudaimpl descriptor models nvvmutils stubs target""".split()),
}


def _text(module, name):
	return f"{module}.{name} is not built yet"


# -- Paths of numba's --

def on_path(path):
	"""What a row of _paths.PATHS says: name → where it is, or what stands for it."""
	from ._paths import PATHS
	return {name: where for name, _, where in (word.replace("=", ":=", 1).partition(":") for word in PATHS[path].split())}


def of_path(path, name):
	"""The thing of that name on a path. KeyError: there is none."""
	where = on_path(path)[name]
	if where[0] == "=":
		module, _, attribute = where[1:].rpartition(".")
		return getattr(importlib.import_module(f"gridjit.{module}"), attribute)
	from . import absent
	return getattr(absent, where)(name)


def attribute(module, name):
	"""What stands on the module's path under this name; raises where there is no such name, or not yet."""
	if name in LATER.get(module, ()):
		raise NotBuiltAttributeError(_text(module, name))
	if not name.startswith("__") and module != "gridjit.cuda":
		try:
			return sys.modules[module].__dict__.setdefault(name, of_path(module.partition(".")[2], name))
		except KeyError:
			pass
	raise AttributeError(f"module '{module}' has no attribute '{name}'")


def module(package, names, modules):
	"""__getattr__ and __dir__ of a package: names are found in the modules that have them (module: names), modules by themselves."""
	space, home = sys.modules[package].__dict__, {name: module for module, text in names.items() for name in text.split()}

	def get(name):
		if name in home:
			value = space[name] = getattr(importlib.import_module(f"{package}.{home[name]}"), name)
			return value
		return importlib.import_module(f"{package}.{name}") if name in modules else attribute(package, name)
	return get, lambda: sorted({*space, *home, *modules})


class _Loader:
	"""Of modules that consist of a row of _paths.PATHS."""

	@staticmethod
	def create_module(spec):
		return None

	@staticmethod
	def exec_module(module):
		name = module.__name__
		module.__doc__ = f"What programs import from numba.{name.partition('.')[2]}."
		module.__getattr__ = lambda attribute_: attribute(name, attribute_)
		module.__dir__ = lambda: sorted({*module.__dict__, *on_path(name.partition(".")[2])})


class Finder:
	"""Last on sys.meta_path: what has not been found by then is a path of numba's, a mistake, or not built yet."""

	@staticmethod
	def find_spec(name, path=None, target=None):
		package, _, last = name.rpartition(".")
		if last in LATER.get(package, ()):
			raise NotBuiltImportError(_text(package, last), name=name)
		if name.startswith("gridjit."):
			from ._paths import PATHS
			if name.partition(".")[2] in PATHS:
				return importlib.machinery.ModuleSpec(name, _Loader, is_package=True)


def install():
	if Finder not in sys.meta_path:
		sys.meta_path.append(Finder)
