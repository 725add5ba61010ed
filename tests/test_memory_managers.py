"""Memory managers (python/gridjit/cuda/managers.py): classes as people write them for numba give the memory of arrays."""

import ctypes
import gc
import pickle
import subprocess
import sys

import numpy as np
import pytest

from gridjit import cuda
from gridjit.cuda import (BaseCUDAMemoryManager, GetIpcHandleMixin, HostOnlyCUDAMemoryManager, MappedMemory, MemoryInfo, MemoryPointer,
	PinnedMemory)
from gridjit.cuda.cudadrv import driver


class Pool:
	"""What RMM or CuPy is: memory by the block, which it knows by address."""

	def __init__(self):
		self.live, self.asked = {}, []

	def malloc(self, size):
		self.asked.append(size)
		block = cuda._core.Buffer(size, driver=True)
		self.live[block.ptr] = block
		return block


class PoolManager(GetIpcHandleMixin, HostOnlyCUDAMemoryManager):
	pool = None
	made = 0

	def __init__(self, *args, **kwargs):
		super().__init__(*args, **kwargs)
		self.log = []

	def initialize(self):
		super().initialize()
		self.log.append("initialize")

	def memalloc(self, nbytes):
		pool = self.pool
		address = pool.malloc(nbytes).ptr
		return MemoryPointer(cuda.current_context(), ctypes.c_uint64(address), nbytes, finalizer=lambda: pool.live.pop(address))

	def get_memory_info(self):
		return MemoryInfo(free=1000 - sum(block.nbytes for block in self.pool.live.values()), total=1000)

	def reset(self):
		super().reset()
		self.log.append("reset")

	@property
	def interface_version(self):
		return 1


@pytest.fixture
def pool(device):
	PoolManager.pool = Pool()
	cuda.set_memory_manager(PoolManager)
	yield PoolManager.pool
	cuda.set_memory_manager(None)


@cuda.jit
def double(x):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] *= 2


def test_arrays(pool):
	host = np.arange(50, dtype=np.float32)
	x = cuda.to_device(host)
	assert pool.asked == [200] and x.device_ctypes_pointer.value in pool.live
	double[2, 32](x)
	np.testing.assert_array_equal(x.copy_to_host(), 2 * host)
	view = x[10:20]
	y = cuda.device_array_like(x)
	assert len(pool.live) == 2 and x.gpu_data.memory.size == 200
	del x, y
	gc.collect()
	assert len(pool.live) == 1
	np.testing.assert_array_equal(view.copy_to_host(), 2 * host[10:20])
	del view
	gc.collect()
	assert not pool.live
	assert cuda.device_array(0).copy_to_host().size == 0 and pool.asked == [200, 200]


def test_results_of_operators(pool):
	x = cuda.to_device(np.arange(8.0))
	y = x + x
	assert y.device_ctypes_pointer.value in pool.live
	np.testing.assert_array_equal(y.copy_to_host(), 2 * np.arange(8.0))


def test_context(pool):
	context = cuda.current_context()
	manager = context.memory_manager
	assert isinstance(manager, PoolManager) and manager.context == context and manager.log == ["initialize"]
	memory = context.memalloc(64)
	assert isinstance(memory, MemoryPointer) and memory.size == 64 and context.get_memory_info() == (936, 1000)
	assert driver.is_device_memory(memory) and driver.device_pointer(memory) == memory.device_pointer_value
	memory.memset(7)
	got = np.zeros(64, np.uint8)
	driver.device_to_host(got, memory, 64)
	assert (got == 7).all()
	part = memory.view(16, 24)
	assert part.device_pointer_value == memory.device_pointer_value + 16 and part.size == 8 and part.owner is memory
	with pytest.raises(RuntimeError):
		memory.view(16, 65)
	memory.free()
	assert not pool.live
	with pytest.raises(RuntimeError, match="Freeing dead pointer"):
		memory.free()
	context.reset()
	assert manager.log == ["initialize", "reset"] and context.memory_manager is manager


def test_array_over_memory(pool):
	from gridjit.cuda.cudadrv.devicearray import DeviceNDArray
	memory = cuda.current_context().memalloc(32)
	x = DeviceNDArray((4,), (8,), np.dtype(np.float64), gpu_data=memory)
	x.copy_to_device(np.arange(4.0))
	double[1, 32](x)
	np.testing.assert_array_equal(x.copy_to_host(), 2 * np.arange(4.0))
	del memory
	gc.collect()
	assert pool.live


def test_host_memory(pool):
	"""A manager of device memory alone: the driver gives page-locked and managed memory."""
	for make, kind in ((cuda.pinned_array, np.ndarray), (cuda.mapped_array, np.ndarray), (cuda.managed_array, np.ndarray)):
		x = make(40, np.float32)
		x[:] = 3
		double[2, 32](x)
		cuda.synchronize()
		assert (x == 6).all() and isinstance(x, kind)
	x = np.ones(40, np.float32)
	with cuda.mapped(x) as mapped:
		double[2, 32](mapped)
		cuda.synchronize()
	with cuda.pinned(x[::-2]):
		assert (x == 2).all()
	context = cuda.current_context()
	memory = context.memhostalloc(64, mapped=True)
	assert type(memory) is MappedMemory and memory.host_pointer and type(context.memhostalloc(64)) is PinnedMemory
	assert context.memallocmanaged(64).host_pointer
	assert pool.asked == []


def test_defer_cleanup(pool):
	manager, freed = cuda.current_context().memory_manager, []
	with cuda.defer_cleanup():
		with cuda.defer_cleanup():
			manager.deallocations.add_item(freed.append, 1)
		manager.deallocations.add_item(freed.append, 2)
		assert freed == [] and manager.deallocations.is_disabled and len(manager.deallocations) == 2
	assert freed == [1, 2] and not manager.deallocations.is_disabled


def test_ipc(pool):
	"""The handle comes from the manager."""
	x = cuda.to_device(np.arange(4))
	if cuda.get_current_device().kind == "cpu":
		with pytest.raises(NotImplementedError):
			x.get_ipc_handle()
	handle = cuda.IpcHandle(x, (ctypes.c_byte * 64)(*range(64)), 32, offset=8)
	copy = pickle.loads(pickle.dumps(handle))
	assert bytes(copy) == bytes(handle) == bytes(range(64)) and (copy.size, copy.offset) == (32, 8)


def test_all_by_itself(device):
	"""A manager that is no child of HostOnlyCUDAMemoryManager gives host memory too, and raises what it raises."""
	class Full(BaseCUDAMemoryManager):
		asked = []

		def memalloc(self, size):
			raise MemoryError(f"no {size} bytes")

		def memhostalloc(self, size, mapped, portable, wc):
			self.asked.append((size, wc))
			buffer = cuda._core.Buffer(size, "pinned", driver=True)
			return MappedMemory(self.context, buffer.host_pointer, size, owner=buffer)

		def mempin(self, owner, pointer, size, mapped):
			return PinnedMemory(self.context, pointer, size, owner=owner)

		def initialize(self):
			pass

		get_ipc_handle = get_memory_info = reset = defer_cleanup = initialize
		interface_version = 1
	cuda.set_memory_manager(Full)
	try:
		with pytest.raises(MemoryError, match="no 800 bytes"):
			cuda.to_device(np.zeros(100))
		x = cuda.mapped_array(10, wc=True)
		x[:] = 4
		double[1, 32](x)
		cuda.synchronize()
		assert (x == 8).all() and Full.asked == [(80, True)]
		assert cuda.managed_array(3).shape == (3,)
	finally:
		cuda.set_memory_manager(None)
	assert cuda.to_device(np.zeros(100)).gpu_data.memory is None


def test_refused(device):
	class Old(PoolManager):
		interface_version = 2
	with pytest.raises(TypeError, match="a memory manager is a class"):
		cuda.set_memory_manager(3)
	with pytest.raises(RuntimeError, match="requires a context"):
		PoolManager()
	try:
		cuda.set_memory_manager(Old)
		with pytest.raises(RuntimeError, match="EMM Plugin interface has version 2 - version 1 required"):
			cuda.device_array(3)
	finally:
		cuda.set_memory_manager(None)


@pytest.mark.parametrize("gives, error, text", [
	(lambda size: None, TypeError, "gave None: it must give a MemoryPointer"),
	(lambda size: 4096, TypeError, "gave 4096: it must give a MemoryPointer"),
	(lambda size: MemoryPointer(None, 4096, size - 1), ValueError, "was asked for 24 bytes, and gave 23 at address 0x1000"),
	(lambda size: MemoryPointer(None, None, size), ValueError, "gave 24 at address 0x0"),
	(lambda size: MemoryPointer(None, 1 << 64, size), ValueError, "gave 24 at address 0x1"),
])
def test_what_is_no_memory(device, gives, error, text):
	class Wrong(PoolManager):
		def memalloc(self, size):
			return gives(size)
	try:
		cuda.set_memory_manager(Wrong)
		with pytest.raises(error, match=text):
			cuda.device_array(3)
	finally:
		cuda.set_memory_manager(None)


def test_not_used_before_it_is_initialised(pool):
	class Late(PoolManager):
		def initialize(self):
			Late.made += 1
			if Late.made == 1:
				raise OSError("not yet")
	cuda.set_memory_manager(Late)
	with pytest.raises(OSError, match="not yet"):
		cuda.device_array(3)
	assert cuda.device_array(3).gpu_data.memory.size == 24 and Late.made == 2


def test_from_the_environment(device, tmp_path):
	(tmp_path / "plugin.py").write_text("from gridjit import cuda\nfrom test_memory_managers import Pool, PoolManager\n"
		"PoolManager.pool = Pool()\n_numba_memory_manager = PoolManager\n")
	program = "from gridjit import cuda; x = cuda.device_array(10); import plugin; assert plugin.PoolManager.pool.asked == [80]"
	import os
	run = lambda module: subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ,  # noqa: E731
		"GRIDJIT_CUDA_MEMORY_MANAGER": module, "GRIDJIT_DEVICE": "cpu" if cuda.get_current_device().kind == "cpu" else "gpu",
		"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])})
	done = run("plugin")
	assert done.returncode == 0, done.stderr
	assert "no memory manager comes from nowhere" in run("nowhere").stderr
