"""Names that numba has and gridjit has not yet. They can be probed for: hasattr() is False, `from … import` an ImportError;
what is raised says that the name is no mistake, and is a NotImplementedError too."""

import sys

from .errors import NotBuiltAttributeError, NotBuiltImportError

LATER = {
	"gridjit": frozenset("""carray cfunc experimental extending farray gdb generated_jit get_num_threads
		get_thread_id jit_module jitclass literally objmode overload pndindex register_jitable
		set_num_threads set_parallel_chunksize get_parallel_chunksize stencil threading_layer typed""".split()),
	"gridjit.cuda": frozenset("""args breakpoint compile_all cooperative cudadrv extending fp8
		launchconfig literal set_memory_manager simulator
		testing BaseCUDAMemoryManager HostOnlyCUDAMemoryManager GetIpcHandleMixin MemoryPointer MappedMemory
		PinnedMemory IpcHandle""".split()),
}


def attribute(module, name):
	"""What a module's __getattr__ does: raises."""
	if name in LATER[module]:
		raise NotBuiltAttributeError(f"{module}.{name} is not built yet")
	raise AttributeError(f"module '{module}' has no attribute '{name}'")


class Finder:
	"""Last on sys.meta_path: what has not been found by then is a mistake, or not built yet."""

	@staticmethod
	def find_spec(name, path=None, target=None):
		package, _, last = name.rpartition(".")
		if last in LATER.get(package, ()):
			raise NotBuiltImportError(f"{name} is not built yet", name=name)


def install():
	if Finder not in sys.meta_path:
		sys.meta_path.append(Finder)
