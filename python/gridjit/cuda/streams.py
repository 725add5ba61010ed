"""Streams (work queued in order) and events (points in that work)."""

import contextlib
import operator
import warnings

from .. import _core


class Stream(_core.Stream):
	"""Work queued in order. cuda.stream() makes one; int(stream) is the driver's handle."""

	_callbacks = None

	@contextlib.contextmanager
	def auto_synchronize(self):
		"""Context manager: waits for the stream at the end."""
		yield self
		self.synchronize()

	def add_callback(self, callback, arg=None):
		"""Call callback(stream, status, arg) on another thread when everything queued so far is done. status: 0, or the
		exception of what failed."""
		if self._callbacks is None:
			from concurrent.futures import ThreadPoolExecutor
			self._callbacks = ThreadPoolExecutor(1, thread_name_prefix="gridjit-stream")
		event = _core.Event(timing=False)
		event.record(self)
		self._callbacks.submit(self._wait_and_call, event, callback, arg)

	def _wait_and_call(self, event, callback, arg):
		status = 0
		try:
			event.synchronize()
		except Exception as error:
			status = error
		try:
			callback(self, status, arg)
		except Exception as error:
			warnings.warn(f"a stream's callback failed: {error!r}")

	def async_done(self):
		"""An asyncio future that is done when everything queued so far is; its result is the stream."""
		import asyncio
		loop = asyncio.get_running_loop()
		future = loop.create_future()

		def finish(stream, status, _):
			if not future.cancelled():
				future.set_exception(status) if status else future.set_result(stream)
		self.add_callback(lambda *args: loop.call_soon_threadsafe(finish, *args))
		return future

	def __repr__(self):
		return f"<CUDA stream {int(self)}>" if int(self) else "<default CUDA stream>"


Event = _core.Event


def stream():
	"""A new stream."""
	return Stream()


def default_stream():
	"""The default stream of the device."""
	return Stream(0)


def legacy_default_stream():
	"""CUDA's legacy default stream, which waits for the others."""
	return Stream(1)


def per_thread_default_stream():
	"""CUDA's default stream of this thread."""
	return Stream(2)


def external_stream(ptr):
	"""The stream of another library by its handle; it stays that library's."""
	return Stream(operator.index(ptr))


def event(timing=True):
	"""A new event. timing=False makes it cheaper and elapsed_time() impossible."""
	return Event(timing)


def event_elapsed_time(evtstart, evtend):
	"""Milliseconds between two recorded events."""
	return evtstart.elapsed_time(evtend)
