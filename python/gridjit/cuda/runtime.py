"""The version of CUDA that kernels run under: the driver's, since nothing else of CUDA is needed."""

from .devices import get_current_device, is_supported_version

__all__ = ["get_version", "is_supported_version"]


def get_version():
	"""(major, minor) of the newest CUDA that the driver knows; (0, 0) on the CPU device."""
	version = get_current_device().DRIVER_VERSION
	return version // 1000, version % 1000 // 10
