"""The launch that a kernel is being compiled for, for what runs in Python meanwhile: implementations of extending.overload().

A kernel that is compiled in different ways for different launches says so: kernel.mark_launch_config_sensitive()."""

import contextlib

from .. import _core

__all__ = ["LaunchConfig", "capture_compile_config", "current_launch_config", "ensure_current_launch_config"]


class LaunchConfig:
	"""A launch: dispatcher, griddim, blockdim (three numbers each), stream, sharedmem (bytes)."""

	def __init__(self, dispatcher, griddim, blockdim, stream, sharedmem):
		self.dispatcher, self.griddim, self.blockdim, self.stream, self.sharedmem = dispatcher, griddim, blockdim, stream, sharedmem

	def mark_kernel_as_launch_config_sensitive(self):
		"""The same as of the kernel: from the next launch on it is compiled for each configuration by itself."""
		self.dispatcher.mark_launch_config_sensitive()

	def __repr__(self):
		return f"<launch of {self.dispatcher!r} in {self.griddim} blocks of {self.blockdim} threads>"


def current_launch_config():
	"""The launch that this thread is compiling for, a LaunchConfig; None: it compiles for none."""
	now = _core.current_launch()
	return now and LaunchConfig(*now)


def ensure_current_launch_config():
	"""The same. Raises RuntimeError where there is none."""
	config = current_launch_config()
	if config is None:
		raise RuntimeError("No launch config set for this thread")
	return config


@contextlib.contextmanager
def capture_compile_config(dispatcher):
	"""In the context a dictionary: what launch the kernel was compiled for last, as "config"; None: it was compiled for none."""
	if dispatcher is None:
		raise TypeError("dispatcher is required")
	record, outer = {"config": None}, dispatcher._watch

	def watch():
		record["config"] = current_launch_config()
		if outer is not None:
			outer()
	dispatcher._watch = watch
	try:
		yield record
	finally:
		dispatcher._watch = outer
