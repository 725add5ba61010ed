"""What programs import from numba.cuda.cudadrv: device arrays, devices, errors, and a few functions of the driver."""

from . import devicearray, devices, driver, error, runtime

__all__ = ["devicearray", "devices", "driver", "error", "runtime"]
