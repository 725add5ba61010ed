"""Ctrl-C ends what runs for long, and nothing is lost by it. Everything in processes of their own, which are given up after
a while."""

import os
import subprocess
import sys

import pytest
import warm

PRELUDE = """
import os, signal, sys, threading, time
import numpy as np
from gridjit import cuda

@cuda.jit
def forever(x):
	while True:
		x[0] += 1

@cuda.jit
def many(x):
	x[0] += 1

@cuda.jit
def one_after_the_other(x, n):
	t = 0.0
	for i in range(n):
		t = t * 0.5 + i
	x[cuda.grid(1)] = t

@cuda.jit
def beyond_barriers(x):
	t = cuda.threadIdx.x
	while x[0] >= 0:
		cuda.syncthreads()
		x[t + 1] += 1
		cuda.syncthreads()

@cuda.jit
def through_phases(x, n):
	for k in range(n):
		x[cuda.threadIdx.x + 1] += 1
		cuda.syncthreads()

@cuda.jit
def calls_itself(x, n):
	if n > 0:
		calls_itself(x, n - 1)
	while True:
		x[0] += 1

@cuda.jit
def deep(x):
	calls_itself(x, 5)

@cuda.jit
def inner(x, n):
	while True:
		t = 0.0
		for i in range(n):
			t += x[i]
		x[0] = t

@cuda.jit
def sleeps(x):
	while x[0] == 0:
		cuda.nanosleep(100)

@cuda.jit
def last_block(x):
	if cuda.blockIdx.x == cuda.gridDim.x - 1:
		while True:
			x[1] += 1

def interrupted(launch, after=0.4, within=1.5):
	timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
	timer.start()
	start = time.perf_counter()
	try:
		launch()
	except KeyboardInterrupt:
		took = time.perf_counter() - start
		assert after * 0.9 < took < after + within * SLOW, took
		return
	finally:
		timer.join()
	raise AssertionError("it ended by itself")

def usable():
	x = np.zeros(1 << 16)
	one_after_the_other[256, 256](x, 3)
	assert (x == 2.5).all(), x
"""


SLOW = 10 if os.environ.get("GRIDJIT_TEST_ASAN") else 1


def text_of(code):
	return f"SLOW = {SLOW}\n" + PRELUDE + code + '\nprint("OK")'


def run(code, width=32):
	status, out, err = warm.run(text_of(code), width, 60 * SLOW)
	assert out == "OK\n" and status == 0, out + err


def run_anew(code, device="cpu", **env):
	"""For what must be said before Python starts."""
	env = dict(os.environ, GRIDJIT_DEVICE=device, **env)
	done = subprocess.run([sys.executable, "-c", text_of(code)], env=env, capture_output=True, text=True, timeout=60 * SLOW)
	assert done.stdout == "OK\n", done.stdout + done.stderr


@pytest.mark.parametrize("width", [32, 1])
@pytest.mark.parametrize("launch", ["forever[1, 1](x)", "forever[8, 64](x)", "many[(2**30, 256), 1](x)",
	"many[(2**30, 256), 1024](x)", "one_after_the_other[2, 64](x, 2**60)", "beyond_barriers[1, 64](x)", "beyond_barriers[6, 96](x)",
	"through_phases[3, 96](x, 2**60)", "deep[2, 32](x)", "inner[3, 32](x, 1000)", "sleeps[4, 32](x)",
	"last_block[40, 32](x)"])
def test_launch(launch, width):
	"""Between the first and the second time that it is asked whether somebody wants to stop it, and before the first."""
	run(f"x = np.zeros(256)\nfor after in 0.25, 0.05:\n\tinterrupted(lambda: {launch}, after)\n\tusable()", width)


@pytest.mark.parametrize("threads", ["1", "4"])
def test_number_of_threads(threads):
	run_anew("x = np.zeros(256)\nfor after in 0.25, 0.02, 0.1:\n\tinterrupted(lambda: forever[8, 64](x), after)\n\tusable()", GRIDJIT_CPU_THREADS=threads)


def test_threads_and_memory_stay():
	run_anew("""
import resource
def threads():
	return len(os.listdir("/proc/self/task"))
def mapped():
	return int(open("/proc/self/statm").read().split()[0])
x = np.zeros(256)
for k in range(7):
	interrupted(lambda: forever[8, 64](x), 0.25)
	if k == 1:
		before = threads(), mapped()
usable()
assert threads() == before[0], (threads(), before)
assert mapped() <= before[1] + 512, (mapped(), before)
""", MALLOC_ARENA_MAX="1")


def test_handlers_run_and_the_kernel_goes_on():
	"""A handler that does not raise is run while the kernel runs, which then ends as ever, with all its registers."""
	run("""
calls = []
signal.signal(signal.SIGINT, lambda *_: calls.append(time.perf_counter()))
x = np.zeros((4, 64))

@cuda.jit
def much(x, n):
	a, b, c, d = 0.1, 0.2, 0.3, 0.4
	k = cuda.threadIdx.x
	for i in range(n):
		a, b, c, d = b * 0.5 + k, c * 0.25 + a, d * 0.125 - b, a * 0.0625 + i
	x[0, k], x[1, k], x[2, k], x[3, k] = a, b, c, d

much[1, 64](x, 20_000_000 * SLOW)
want = x.copy()
for k in range(5):
	timer = threading.Timer(0.05 + 0.05 * k, os.kill, (os.getpid(), signal.SIGINT))
	timer.start()
	x[:] = 0
	start = time.perf_counter()
	much[1, 64](x, 20_000_000 * SLOW)
	end = time.perf_counter()
	timer.join()
	assert (x == want).all(), (x, want)
	assert len(calls) == k + 1
""")


def test_another_exception_of_the_handler():
	run("""
class Stop(Exception):
	pass
def stop(*_):
	raise Stop("now")
signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
	forever[4, 32](np.zeros(1))
except Stop as e:
	assert str(e) == "now"
else:
	raise AssertionError
usable()
""")


def test_launches_of_other_threads_go_on():
	"""Only the main thread is interrupted, as everywhere in Python."""
	run("""
x, y = np.zeros(64), np.zeros(64)
ended = []
def other():
	one_after_the_other[1, 64](y, 300_000_000)
	ended.append(y[0])
thread = threading.Thread(target=other)
one_after_the_other[1, 64](y, 3)
thread.start()
interrupted(lambda: forever[4, 64](x), 0.3, 3)
assert not ended
thread.join()
assert ended and ended[0] > 0
usable()
""")


def test_many_launches_beside_an_interrupted_one():
	run("""
from concurrent.futures import ThreadPoolExecutor
stop = False
def work(_):
	n = 0
	while not stop:
		usable()
		n += 1
	return n
usable()
with ThreadPoolExecutor(3) as pool:
	counts = [pool.submit(work, k) for k in range(3)]
	for k in range(3):
		interrupted(lambda: forever[4, 64](np.zeros(1)), 0.3, 3)
	stop = True
	assert all(c.result() > 0 for c in counts)
usable()
""")


def test_waiting_loops():
	run("""
@cuda.jit
def wait(flag):
	while cuda.atomic.add(flag, 0, 0) == 0:
		pass
keep = threading.Thread(target=time.sleep, args=(8,), daemon=True)     # so that it is not told as a deadlock
keep.start()
interrupted(lambda: wait[50, 32](np.zeros(1, np.int32)))
usable()
""")


def test_compilation():
	"""A function that takes long to compile."""
	run("""
lines = "".join(f"\\tif a[{i}] > {i}:\\n\\t\\tx = x * a[{i}] + {i}\\n\\telse:\\n\\t\\ty = y + x\\n" for i in range(6000))
space = {}
exec(f"def long(a):\\n\\tx = y = 0.0\\n{lines}\\ta[0] = x + y\\n", space)
long = cuda.jit(space["long"])
interrupted(lambda: long[1, 1](np.zeros(8000)), 0.3, 10)
usable()
""")


def test_child_of_a_fork():
	run("""
usable()
interrupted(lambda: forever[4, 64](np.zeros(1)), 0.3)
child = os.fork()
if not child:
	try:
		interrupted(lambda: forever[4, 64](np.zeros(1)), 0.3)
		usable()
		os._exit(0)
	finally:
		os._exit(1)
assert os.waitpid(child, 0)[1] == 0
usable()
""")


@pytest.mark.gpu
@pytest.mark.parametrize("wait", ["cuda.synchronize()", "stream.synchronize()", "event.synchronize()", "d.copy_to_host()",
	"long[1, 1](np.zeros(1), n)"])
def test_waiting_for_a_gpu(wait):
	"""The waiting ends, the kernel goes on to its end; what comes next waits for that."""
	run_anew(f"""
@cuda.jit
def long(x, n):
	t = x[0]
	for i in range(n):
		t = t * 0.5 + i
	x[0] = t

d, stream, event, n = cuda.to_device(np.zeros(1)), cuda.stream(), cuda.event(), 400_000_000
long[1, 1](d, 1000)
cuda.synchronize()
on = stream if "stream" in {wait!r} or "event" in {wait!r} else 0
long[1, 1, on](d, n)
event.record(on)
interrupted(lambda: {wait})
cuda.synchronize()
assert event.query()
one = d.copy_to_host()[0]
assert one > n, one
usable()
""", device="gpu")
