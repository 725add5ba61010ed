"""numba's simulator runs kernels in Python. The CPU device takes its place: GRIDJIT_DEVICE=cpu, or `gridjit.config.DEVICE = "cpu"`. Kernels
mean there what they mean on a GPU, on all cores; boundscheck=True and debug=True say what goes wrong."""

from ..errors import NotBuiltAttributeError


def __getattr__(name):
	if name.startswith("__"):
		raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
	raise NotBuiltAttributeError(f"gridjit.cuda.simulator.{name}: there is no simulator: kernels run on the CPU with GRIDJIT_DEVICE=cpu, where "
		"print(), boundscheck=True and debug=True work")
