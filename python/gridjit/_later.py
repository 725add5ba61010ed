"""Names that come later: those whose modules are imported when they are first used, and those that numba has and gridjit has not
yet. The latter can be probed for: hasattr() is False, `from … import` an ImportError; what is raised says that the name is no
mistake, and is a NotImplementedError too."""

import importlib
import sys

from .errors import NotBuiltAttributeError, NotBuiltImportError

LATER = {
	"gridjit": frozenset("""experimental gdb generated_jit jit_module jitclass literally objmode
		overload pndindex register_jitable stencil typed""".split()),
	"gridjit.extending": frozenset("""box infer_getattr intrinsic lower_builtin make_attribute_wrapper models NativeValue overload
		overload_attribute overload_classmethod overload_method register_model type_callable typeof_impl unbox""".split()),
	"gridjit.cuda": frozenset("""breakpoint codegen compile_all cooperative cudadecl cudaimpl descriptor extending fp8 launchconfig
		literal models nvvmutils set_memory_manager simulator stubs target testing BaseCUDAMemoryManager
		HostOnlyCUDAMemoryManager GetIpcHandleMixin MemoryPointer MappedMemory PinnedMemory IpcHandle""".split()),
}


_MANAGERS = ("gridjit takes memory from the driver's own pool, and other managers (RMM) cannot take its place; arrays on memory of theirs "
	"can be passed to kernels")
WHY = dict.fromkeys("""set_memory_manager BaseCUDAMemoryManager HostOnlyCUDAMemoryManager GetIpcHandleMixin MemoryPointer MappedMemory
	PinnedMemory IpcHandle""".split(), _MANAGERS)


def _text(module, name):
	return f"{module}.{name} is not built yet" + (f": {WHY[name]}" if module == "gridjit.cuda" and name in WHY else "")


def attribute(module, name):
	"""Raises: there is no such name, or not yet."""
	if name in LATER[module]:
		raise NotBuiltAttributeError(_text(module, name))
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


class Finder:
	"""Last on sys.meta_path: what has not been found by then is a mistake, or not built yet."""

	@staticmethod
	def find_spec(name, path=None, target=None):
		package, _, last = name.rpartition(".")
		if last in LATER.get(package, ()):
			raise NotBuiltImportError(_text(package, last), name=name)


def install():
	if Finder not in sys.meta_path:
		sys.meta_path.append(Finder)
