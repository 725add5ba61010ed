"""What a kernel is compiled for: launchconfig, compile_device, compile_all."""

import numpy as np
import pytest

from gridjit import cuda, errors, extending, typeof, types
from gridjit.cuda import launchconfig


def block_size():
	raise NotImplementedError


seen = []


@extending.overload(block_size)
def block_size_of_launch():
	config = launchconfig.ensure_current_launch_config()
	seen.append(config)
	size = config.blockdim[0]
	return lambda: size


def fill(x):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] = block_size()


def test_launch_sensitive(device):
	kernel, x, stream = cuda.jit(fill), np.zeros(64), cuda.stream()
	kernel.mark_launch_config_sensitive()
	seen.clear()
	for block in (32, 64, 32):
		kernel[2, block, stream, 16](x)
		stream.synchronize()
		assert (x == block).all()
	assert [config.blockdim for config in seen] == [(32, 1, 1), (64, 1, 1)]
	config = seen[0]
	assert (config.griddim, config.sharedmem) == ((2, 1, 1), 16) and config.stream is stream and "in (2, 1, 1) blocks" in repr(config)
	assert config.dispatcher.__name__ == "fill" and len(kernel.overloads) == 1
	kernel.forall(64)(x)
	assert (x == 256).all()
	kernel.recompile()
	kernel[2, 32](x)
	assert (x == 32).all() and len(seen) == 4


def test_no_launch(device):
	assert launchconfig.current_launch_config() is None
	with pytest.raises(RuntimeError, match="No launch config set for this thread"):
		launchconfig.ensure_current_launch_config()
	with pytest.raises(RuntimeError, match="No launch config"):
		cuda.jit(fill).compile((types.float64[::1],))
	with pytest.raises(TypeError, match="device function"):
		cuda.jit(device=True)(fill).mark_launch_config_sensitive()


def test_others_keep_one(device):
	"""A kernel that is not marked is compiled for its first launch."""
	kernel, x = cuda.jit(fill), np.zeros(64)
	for block in (32, 64):
		kernel[2, block](x)
		assert (x == 32).all()


def test_compile_device(device):
	@cuda.jit(device=True)
	def add(a, b):
		return a + b
	made = add.compile_device((types.int32, types.float32))
	assert made.signature == types.float64(types.int32, types.float32) and made.name in made.ptx
	assert add.compile_device((types.int32, types.float32), types.float32).signature.return_type == types.float32
	with pytest.raises(errors.TypingError):
		add.compile_device((types.int32, types.float32[:]))


def test_compile_all():
	text = cuda.PTXSource("// bar's PTX", "bar.ptx")
	archive = cuda.Archive(b"!<arch>", "more.a")
	bar = cuda.declare_device("bar", "float32(float32)", link=[text, archive])
	codes, kind = cuda.compile_all(lambda x: bar(x) + bar(2 * x), "float32(float32)", abi_info={"abi_name": "foo"})
	assert codes[1:] == ["// bar's PTX", archive] and "foo" in codes[0] and "bar" in codes[0] and kind == types.float32

	@cuda.jit(link=[text])
	def kernel(x):
		x[0] = 1
	codes, kind = cuda.compile_all(kernel, "void(float32[::1])", device=False, abi="numba")
	assert codes[1:] == ["// bar's PTX"] and ".entry" in codes[0] and kind == types.none
	assert cuda.compile_all(lambda x: x, "float32(float32)", cc=(9, 0), abi_info={"abi_name": "same"})[0][0].count(".target sm_90") == 1
	with pytest.raises(NotImplementedError, match="ltoir"):
		cuda.compile_all(lambda x: x, "float32(float32)", output="ltoir")


def test_of_numbas_testing(device, capsys):
	import unittest

	from gridjit.cuda import testing

	class Case(testing.CUDATestCase):
		def test_printed(self):
			@cuda.jit
			def kernel():
				print("hello", cuda.threadIdx.x)
			with testing.captured_stdout() as out:
				kernel[1, 1]()
			self.assertEqual(out.getvalue(), "hello 0\n")

		@testing.skip_on_cudasim("runs")
		@testing.skip_unless_cc_53
		def test_runs(self):
			pass

		@testing.skip_unless_cudasim("there is none")
		def test_skipped(self):
			raise AssertionError
	found = unittest.TextTestRunner(stream=open("/dev/null", "w")).run(unittest.defaultTestLoader.loadTestsFromTestCase(Case))
	assert (found.testsRun, len(found.skipped), found.errors, found.failures) == (3, 1, [], [])


def test_simulator():
	from gridjit.cuda import simulator
	assert not hasattr(simulator, "kernel") and cuda.simulator is simulator
	with pytest.raises(NotImplementedError, match="GRIDJIT_DEVICE=cpu"):
		simulator.kernel


def test_capture(device):
	"""The launch that a kernel is compiled for; a launch that finds it compiled is none."""
	kernel, x = cuda.jit(lambda x: None), np.zeros(3)
	with launchconfig.capture_compile_config(kernel) as outer, launchconfig.capture_compile_config(kernel) as inner:
		kernel[3, 32, 0, 8](x)
		kernel[4, 32](x)
	assert inner["config"].griddim == outer["config"].griddim == (3, 1, 1) and inner["config"].sharedmem == 8
	with launchconfig.capture_compile_config(kernel) as record:
		kernel[3, 32](x)
	assert record == {"config": None} and kernel._watch is None
	with pytest.raises(TypeError, match="dispatcher is required"):
		with launchconfig.capture_compile_config(None):
			pass


def test_callbacks(device):
	"""Called in their order before each launch, with the compiled kernel and the launch; what one raises ends it."""
	@cuda.jit
	def kernel(x):
		x[0] += 1

	seen, x = [], np.zeros(1)
	launch = kernel[2, 1]
	launch.pre_launch_callbacks.append(lambda compiled, config: seen.append((compiled.argtypes, config.griddim, config.args)))
	launch(x)
	launch(x=x)
	types_ = (types.float64[::1],)
	assert seen[0][:2] == seen[1][:2] == (types_, (2, 1, 1)) and seen[0][2][0] is x and seen[1][2] == () and launch.args is None
	launch.pre_launch_callbacks[:] = [lambda compiled, config: 1 // 0]
	before = x.copy()
	with pytest.raises(ZeroDivisionError):
		launch(x)
	assert (x == before).all() and kernel[2, 1].pre_launch_callbacks == []


def test_extensions(device):
	"""What extensions make of the arguments is launched, the last asked first; what they want called afterwards is."""
	class Boxed:
		def __init__(self, value):
			self.value = value

	class Unbox:
		def prepare_args(self, kind, value, stream, retr):
			if not isinstance(value, Boxed):
				return kind, value
			retr.append(lambda: done.append(value))
			return typeof(value.value), value.value

	class Twice:
		def prepare_args(self, kind, value, stream, retr):
			return kind, Boxed(value.value * 2) if isinstance(value, Boxed) and isinstance(value.value, int) else value

	@cuda.jit(extensions=[Unbox(), Twice()])
	def kernel(x, n):
		x[cuda.grid(1)] = n

	done, x, n = [], np.zeros(4), Boxed(5)
	kernel[1, 4](Boxed(x), n)
	assert (x == 10).all() and len(done) == 2 and len(kernel.extensions) == 2


def test_compiled_form(device):
	"""What overloads has: numbers, texts and a launch of its own."""
	@cuda.jit
	def kernel(x, n):
		x[cuda.grid(1)] = n

	x = np.zeros(4)
	kernel[1, 4](x, 2)
	compiled = next(iter(kernel.overloads.values()))
	assert compiled.inspect_llvm() == kernel.inspect_llvm(compiled.argtypes) and "kernel" in compiled.inspect_asm()
	compiled.launch((x, 7.9), 1, 4)
	cuda.synchronize()
	assert (x == 7).all() and compiled.max_cooperative_grid_blocks(32) > 0 and "regs_per_thread" in dir(compiled)
