"""What the fake driver (tests/c/fake_cuda.c) was given at the last launch; for programs that run on it."""

import ctypes
import os


class Launch(ctypes.Structure):
	_fields_ = [("name", ctypes.c_char_p), ("carveout", ctypes.c_int), ("grid", ctypes.c_uint * 3), ("block", ctypes.c_uint * 3),
		("shared", ctypes.c_uint), ("stream", ctypes.c_void_p), ("cooperative", ctypes.c_bool), ("params", ctypes.c_ubyte * 256),
		("nparams", ctypes.c_size_t)]


class Controls(ctypes.Structure):
	_fields_ = [("before", ctypes.c_void_p * 4), ("last", ctypes.POINTER(Launch))]


last = Controls.in_dll(ctypes.CDLL(os.environ["GRIDJIT_CUDA_LIBRARY"]), "fake").last.contents
