"""Devices and contexts, by the names of numba.cuda.cudadrv.devices."""

from ..devices import Context, current_context as get_context, gpus, require_context

__all__ = ["Context", "get_context", "gpus", "require_context", "reset"]


def reset():
	"""Wait for all work of all devices."""
	for device in gpus:
		device.reset()
