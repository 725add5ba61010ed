"""What a thread has read it does not read again, unless somebody may have written it since."""
import numpy as np
import pytest

from gridjit import cuda


@pytest.fixture
def arrays():
	r = np.random.default_rng(5)
	return r.random(200), r.integers(0, 200, 200)


def test_a_maximum_of_what_an_index_gives(arrays):
	@cuda.jit
	def f(x, k, o):
		i = cuda.grid(1)
		if i < o.size:
			best = 0.0
			for j in range(5):
				if x[k[(i + j) % 200]] > best:
					best = x[k[(i + j) % 200]]
			o[i] = best

	x, k = arrays
	o = np.zeros(200)
	f[4, 64](x, k, o)
	assert np.array_equal(o, np.max([x[k[(np.arange(200) + j) % 200]] for j in range(5)], axis=0))


def test_a_store_lies_between(arrays):
	@cuda.jit
	def f(x, y, o):
		i = cuda.grid(1)
		if i < o.size:
			if x[i] > 0.5:
				y[i] = -1.0
				o[i] = x[i]
			else:
				o[i] = 2 * x[i]

	x, _ = arrays
	o, y = np.zeros(200), np.zeros(200)
	f[4, 64](x, y, o)
	assert np.array_equal(o, np.where(x > 0.5, x, 2 * x))
	y = x.copy()
	f[4, 64](y, y, o)
	assert np.array_equal(o, np.where(x > 0.5, -1.0, 2 * x))


def test_threads_meet_between(arrays):
	@cuda.jit
	def f(x, o):
		s = cuda.shared.array(64, np.float64)
		t, i = cuda.threadIdx.x, cuda.grid(1)
		s[t] = x[i]
		cuda.syncthreads()
		a = s[63 - t]
		cuda.syncthreads()
		s[t] = 2 * s[t]
		cuda.syncthreads()
		if a > 0.25:
			o[i] = s[63 - t] - a
		cuda.syncwarp()
		if t == 0:
			cuda.atomic.add(o, i, 1.0)

	x, _ = arrays
	o = np.zeros(192)
	f[3, 64](x, o)
	back = x[:192].reshape(3, 64)[:, ::-1].ravel()
	want = np.where(back > 0.25, back, 0)
	want[::64] += 1
	assert np.allclose(o, want)


def test_each_round_reads_anew():
	@cuda.jit
	def f(x, o):
		i = cuda.grid(1)
		if i < o.size:
			while x[i] < 100.0:
				x[i] *= 2.0
				if x[i] > 50.0:
					break
			o[i] = x[i]

	x = np.arange(1.0, 129.0)
	o = np.zeros(128)
	want = x.copy()
	for i in range(128):
		while want[i] < 100:
			want[i] *= 2
			if want[i] > 50:
				break
	f[2, 64](x, o)
	assert np.array_equal(o, want) and np.array_equal(x, want)
