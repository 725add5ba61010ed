"""Arrays in device memory, by the names of numba.cuda.cudadrv.devicearray."""

from ..devicearray import DeviceNDArray, as_device as _as_device, device_array_like
from ..devicearray import is_cuda_array as is_cuda_ndarray
from ..hostarray import ManagedNDArray, MappedNDArray
from ..ipc import IpcArrayHandle

__all__ = ["DeviceNDArray", "IpcArrayHandle", "ManagedNDArray", "MappedNDArray", "auto_device", "device_array_like", "is_cuda_ndarray",
	"require_cuda_ndarray"]


def require_cuda_ndarray(obj):
	"""Raises ValueError if it is no array in device memory."""
	if not is_cuda_ndarray(obj):
		raise ValueError("require an cuda ndarray object")


def auto_device(obj, stream=0, copy=True):
	"""(device array of it, was one made?)."""
	if is_cuda_ndarray(obj):
		return obj, False
	if copy:
		return _as_device(obj, stream), True
	return device_array_like(obj, stream), True
