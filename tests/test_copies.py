"""Every way in which a host array goes to the device and back: the right bytes, and, where its items lie as the device's do,
without a copy of it on the host (bench/copies.py says what such a copy costs)."""

import os
import subprocess
import sys

import numpy as np
import pytest

from gridjit import cuda

PROGRAM = """
import tracemalloc
import numpy as np
from gridjit import cuda

@cuda.jit
def look(x, out):
	out[0] = x[0]

def direct(way, host):
	tracemalloc.start()
	way()
	peak = tracemalloc.get_traced_memory()[1]
	tracemalloc.stop()
	assert peak < host.nbytes / 4, (peak, host.nbytes)

N = 1 << 18
out = cuda.device_array(1, np.float32)
pin = cuda.pinned_array((512, N // 512), np.float32)
pin[...] = np.arange(N).reshape(pin.shape)
look[1, 1](np.zeros(4, np.float32), out)
for host in (np.arange(N, dtype=np.float32), pin, pin.T, np.asfortranarray(pin.copy())):
	device = cuda.device_array_like(host)
	host.flags.writeable = False
	for way in (lambda: cuda.to_device(host), lambda: cuda.to_device(host, to=device), lambda: device.copy_to_device(host),
			lambda: device.setitem(..., host), lambda: look[1, 1](host.ravel("K"), out)):
		direct(way, host)
		device.copy_to_device(np.zeros_like(host))
	host.flags.writeable = True
	cuda.to_device(host, to=device)
	back = np.empty_like(host)
	direct(lambda: device.copy_to_host(back), host)
	assert (back == host).all()
print("OK")
"""


def test_no_copy_on_the_host(fake_driver, tmp_path):
	done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path)})
	assert done.stdout == "OK\n", done.stderr


SOURCES = {
	"C": np.arange(24.0).reshape(4, 6), "F": np.asfortranarray(np.arange(24.0).reshape(4, 6)),
	"strided": np.arange(96.0).reshape(8, 12)[::2, 1::2], "backwards": np.arange(24.0).reshape(4, 6)[::-1, ::-1],
	"other dtype": np.arange(24, dtype=np.int16).reshape(4, 6), "swapped": np.arange(24, dtype=">f8").reshape(4, 6),
	"unaligned": np.frombuffer(b"x" + np.arange(24.0).tobytes(), np.uint8)[1:].view(np.float64).reshape(4, 6),
	"broadcast": np.broadcast_to(np.arange(6.0), (4, 6)), "list": np.arange(24.0).reshape(4, 6).tolist(),
}


@pytest.mark.parametrize("order", "CFA")
@pytest.mark.parametrize("name", SOURCES)
def test_ways_in(name, order, device):
	source, want = SOURCES[name], np.asarray(SOURCES[name]).astype(float)
	target = cuda.device_array((4, 12))[:, ::2] if order == "A" else cuda.device_array((4, 6), order=order)
	for way in (lambda: cuda.to_device(source, to=target), lambda: target.copy_to_device(source),
			lambda: target.setitem(..., source)):
		target[...] = -1
		way()
		assert (target.copy_to_host() == want).all()
	if name != "swapped":
		assert (cuda.to_device(source).copy_to_host() == want).all()


def test_pinned_on_a_stream(device):
	host, stream = cuda.pinned_array(1 << 16, np.float32), cuda.stream()
	host[:] = np.arange(1 << 16)
	target = cuda.to_device(host, stream=stream)
	stream.synchronize()
	host[:] = 0
	target.copy_to_host(host, stream=stream)
	stream.synchronize()
	assert (host == np.arange(1 << 16)).all()


def test_shapes_that_do_not_fit(device):
	target = cuda.device_array((4, 6))
	for wrong in (np.zeros((6, 4)), np.zeros(24), [1.0]):
		with pytest.raises(ValueError, match="shape"):
			target.copy_to_device(wrong)
