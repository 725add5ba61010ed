"""Two GPUs in one process: which one works, whose memory is whose, copies between them, peers. With --gpu, on a machine that has two."""

import threading

import numpy as np
import pytest

import gridjit
from gridjit import cuda, vectorize

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def two():
	previous = gridjit.config.DEVICE
	gridjit.config.DEVICE = "gpu"
	if len(cuda.gpus) < 2:
		gridjit.config.DEVICE = previous
		pytest.skip("there is one GPU")
	cuda.select_device(0)
	yield
	cuda.select_device(0)
	gridjit.config.DEVICE = previous


@cuda.jit
def scale(x, a):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] *= a


@vectorize(["float32(float32, float32)"], target="cuda")
def weigh(x, y):
	return x + 2 * y


def test_each_device_runs_the_kernel():
	kept = []
	for device in cuda.gpus:
		with device:
			assert cuda.get_current_device().id == device.id
			x = cuda.to_device(np.arange(1000, dtype=np.float32))
			scale[8, 128](x, device.id + 2)
			kept.append(x)
	assert cuda.get_current_device().id == 0
	for k, x in enumerate(kept):
		assert (x.copy_to_host() == np.arange(1000) * (k + 2)).all()


def test_memory_of_another_device_is_refused():
	with cuda.gpus[1]:
		x = cuda.to_device(np.ones(10, np.float32))
	with pytest.raises(ValueError, match="memory of device 1"):
		scale[1, 32](x, 2)
	assert (x.copy_to_host() == 1).all()


def test_copies_between_devices():
	x = cuda.to_device(np.arange(100_000, dtype=np.float64))
	with cuda.gpus[1]:
		y = cuda.device_array(100_000, np.float64)
		y.copy_to_device(x)
		y[:10] = np.zeros(10)
		z = cuda.to_device(y.copy_to_host())
	x.copy_to_device(y)
	with cuda.gpus[1]:
		grid = cuda.to_device(np.arange(12.0).reshape(3, 4))
	assert (grid[:, ::2].copy_to_host() == np.arange(12.0).reshape(3, 4)[:, ::2]).all()
	columns = cuda.device_array((3, 2))
	columns.copy_to_device(grid[:, 1::2])
	grid[1:, ::2] = columns[1:]
	assert (grid.copy_to_host() == [[0, 1, 2, 3], [5, 5, 7, 7], [9, 9, 11, 11]]).all()
	assert grid.copy()._device == 0 and cuda.get_current_device().id == 0
	expect = np.arange(100_000.0)
	expect[:10] = 0
	assert (x.copy_to_host() == expect).all() and (z.copy_to_host() == expect).all()


def test_ufuncs_and_arrays_follow_their_device():
	for device in cuda.gpus:
		with device:
			x = cuda.to_device(np.arange(50_000, dtype=np.float32))
			y = weigh(x, x) + 1
			assert (y.copy_to_host() == 3 * np.arange(50_000, dtype=np.float32) + 1).all()
			assert float(x.max()) == 49_999 and int(x.argmin()) == 0
			f = gridjit.fuse(lambda a, b: (a * b).sum())
			assert np.isclose(float(f(x, y).copy_to_host()), (np.arange(50_000.0) * (3 * np.arange(50_000.0) + 1)).sum(), rtol=1e-5)


def test_threads_have_devices_of_their_own():
	found, errors = {}, []

	def work(k):
		try:
			cuda.select_device(k % 2)
			x = cuda.to_device(np.full(4096, k, np.float32))
			for _ in range(20):
				scale[32, 128](x, 1.5)
			found[k] = x.copy_to_host(), cuda.get_current_device().id
		except Exception as error:
			errors.append(error)
	threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert not errors
	for k, (x, device) in found.items():
		assert device == k % 2 and np.allclose(x, k * 1.5 ** 20)
	assert cuda.get_current_device().id == 0


def test_streams_belong_to_a_device():
	with cuda.gpus[1]:
		stream = cuda.stream()
		x = cuda.to_device(np.ones(1000, np.float32), stream=stream)
		scale[8, 128, stream](x, 3)
		assert (x.copy_to_host(stream=stream) == 3).all() or (stream.synchronize() or (x.copy_to_host() == 3).all())
	y = cuda.to_device(np.ones(10, np.float32))
	with pytest.raises(ValueError, match="stream is one of device 1"):
		scale[1, 32, stream](y, 2)


def test_peers_reach_each_other():
	first, second = (device.get_primary_context() for device in cuda.gpus)
	if not first.can_access_peer(second):
		pytest.skip("these two have no way to each other")
	first.enable_peer_access(second)
	first.enable_peer_access(second)
	with cuda.gpus[1]:
		x = cuda.to_device(np.arange(256, dtype=np.float32))
	scale[2, 128](x, 2)                                                # device 0's kernel, device 1's memory
	cuda.synchronize()
	assert (x.copy_to_host() == np.arange(256) * 2).all()
