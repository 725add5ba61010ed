"""Exceptions and warnings, with numba's names and hierarchy.

Code that catches `numba.errors.TypingError` works with `gridjit.errors.TypingError`. Messages begin with what is wrong in
the kernel's own words, followed by the place in the source."""

from numpy.exceptions import AxisError as _AxisError


class NumbaWarning(Warning):
	"""Base of all warnings."""


class NumbaPerformanceWarning(NumbaWarning):
	"""Something runs slower than it could."""


class NumbaParallelSafetyWarning(NumbaWarning):
	"""Rounds of a parallel loop may disturb each other."""


class NumbaDeprecationWarning(NumbaWarning, DeprecationWarning):
	"""Something will go away."""


class NumbaPendingDeprecationWarning(NumbaWarning, PendingDeprecationWarning):
	"""Something may go away."""


class NumbaTypeSafetyWarning(NumbaWarning):
	"""A conversion may lose values."""


class NumbaExperimentalFeatureWarning(NumbaWarning):
	"""A feature may change."""


class NumbaInvalidConfigWarning(NumbaWarning):
	"""Options contradict each other."""


class NumbaDebugInfoWarning(NumbaWarning):
	"""Debug information is incomplete."""


class NumbaError(Exception):
	"""Base of everything the compiler raises."""


GridjitError = NumbaError


class UnsupportedError(NumbaError):
	"""Python that kernels cannot have."""


class UnsupportedBytecodeError(UnsupportedError):
	"""A construct whose bytecode kernels cannot have."""


class DeprecationError(NumbaError):
	"""A keyword that is gone."""


class ByteCodeSupportError(NumbaError):
	"""The function's bytecode cannot be read."""


class CompilerError(NumbaError):
	"""A fault in the compiler."""


class InternalError(CompilerError):
	"""A fault in the compiler."""


class IRError(NumbaError):
	"""The function's intermediate form is wrong."""


class LoweringError(NumbaError):
	"""Typed code could not be turned into machine code."""


class TypingError(NumbaError):
	"""Types do not fit: an operation does not exist for its operands."""


class UnsupportedNameError(TypingError, UnsupportedError):
	"""A name that Python knows and compiled code does not."""


class ConstantInferenceError(NumbaError):
	"""A value must be a constant, but is not."""


class RequireLiteralValue(TypingError):
	"""An argument must be a literal."""


class NumbaValueError(TypingError):
	"""A value that types rule out."""


class NumbaTypeError(TypingError):
	"""A type that cannot be used here."""


class NumbaAttributeError(TypingError):
	"""An attribute that does not exist."""


class AxisError(TypingError, _AxisError):
	"""An axis that an array does not have."""


class NumbaIndexError(TypingError):
	"""An index that cannot be used."""


class NumbaKeyError(TypingError):
	"""A key that does not exist."""


class NumbaAssertionError(TypingError):
	"""A condition of the compiler does not hold."""


class NumbaNotImplementedError(TypingError):
	"""Something that kernels cannot do yet."""


class NumbaRuntimeError(NumbaError):
	"""A failure while running."""


class NotSupportedError(UnsupportedError, NotImplementedError):
	"""Something of numba's that gridjit does not do."""


class NotBuiltAttributeError(AttributeError, NotImplementedError):
	"""A name that numba has and gridjit has not yet."""


class NotBuiltImportError(ImportError, NotImplementedError):
	"""A module that numba has and gridjit has not yet."""


class CudaDriverError(Exception):
	"""The device failed."""


class CudaSupportError(ImportError):
	"""There is no GPU, or no driver, or it cannot do what is asked."""


class CudaAPIError(CudaDriverError):
	"""A call to the device failed.

	CudaAPIError(code, msg): `code` is the driver's number, 0 when there is none. The CPU device raises it too."""

	def __init__(self, code, msg=None):
		self.code, self.msg = (0, code) if msg is None else (code, msg)
		super().__init__(code, msg)

	def __str__(self):
		return f"[{self.code}] {self.msg}" if self.code else str(self.msg)


class CudaMemoryError(CudaAPIError, MemoryError):
	"""Memory of the device, or pinned memory, is used up."""


class CallDepthError(CudaAPIError, RecursionError):
	"""Functions of a kernel on the CPU call themselves so often that a thread's stack is full."""


class LaunchConfigError(CudaAPIError, ValueError):
	"""A grid, block or amount of shared memory that cannot be launched."""


class CudaDeviceError(CudaAPIError, IndexError):
	"""A device that does not exist."""


class TypeIndexError(KeyError):
	"""A type indexed by something that makes no array type."""

	__str__ = Exception.__str__


class DeadMemoryError(RuntimeError):
	"""Memory was used after it was freed."""


class LinkerError(RuntimeError):
	"""A compiled kernel could not be linked or loaded."""


class NvrtcError(RuntimeError):
	"""NVIDIA's runtime compiler failed."""


class NvrtcCompilationError(NvrtcError, LinkerError):
	"""CUDA C that does not compile."""


class NvrtcSupportError(LinkerError, ImportError):
	"""There is no NVRTC, or it does not know the GPU."""
