"""Kernels whose threads wait in loops for memory that others write, each with its right result.

test_waiting.py runs each in a process of its own, `python waiting_cases.py NAME`, so that a hang is a failure."""

import sys

import numpy as np
from gridjit import cuda

CASES = {}


def case(f):
	CASES[f.__name__] = f
	return f


def i32(*values):
	return np.array(values or (0,), np.int32)


@cuda.jit(device=True)
def acquire(mutex, i):
	while cuda.atomic.cas(mutex, i, 0, 1) != 0:
		pass


@cuda.jit(device=True)
def release(mutex, i):
	cuda.threadfence()
	cuda.atomic.exch(mutex, i, 0)


@case
def lock_of_each_lane():
	@cuda.jit
	def locked(mutex, total):
		while cuda.atomic.cas(mutex, 0, 0, 1) != 0:
			pass
		total[0] += 1
		cuda.threadfence()
		cuda.atomic.exch(mutex, 0, 0)

	total = np.zeros(1)
	locked[4, 64](i32(), total)
	assert total[0] == 256


@case
def lock_in_device_functions():
	@cuda.jit
	def locked(mutex, totals):
		i = cuda.grid(1) % totals.shape[0]
		acquire(mutex, i)
		totals[i] += cuda.threadIdx.x
		release(mutex, i)

	totals = np.zeros(5)
	locked[6, 70](i32(0, 0, 0, 0, 0), totals)
	want = np.zeros(5)
	np.add.at(want, np.arange(420) % 5, np.arange(420) % 70)
	assert (totals == want).all(), totals


@case
def lock_of_two_places():
	"""In the order of the places, so that nobody waits for ever."""
	@cuda.jit
	def move(mutex, account):
		t = cuda.grid(1)
		a, b = t % 4, (t + 1) % 4
		acquire(mutex, min(a, b))
		acquire(mutex, max(a, b))
		account[a] -= 1
		account[b] += 2
		release(mutex, max(a, b))
		release(mutex, min(a, b))

	account = np.zeros(4)
	move[5, 64](i32(0, 0, 0, 0), account)
	assert (account == 80).all(), account


@case
def try_lock_with_flag():
	@cuda.jit
	def locked(mutex, total):
		done = False
		while not done:
			if cuda.atomic.cas(mutex, 0, 0, 1) == 0:
				total[0] += 1
				cuda.threadfence()
				cuda.atomic.exch(mutex, 0, 0)
				done = True

	total = np.zeros(1)
	locked[3, 96](i32(), total)
	assert total[0] == 288


@case
def try_lock_that_counts():
	"""A loop that goes on only where the lock was got."""
	@cuda.jit
	def locked(mutex, total, n):
		i = 0
		while i < n:
			if cuda.atomic.exch(mutex, 0, 1) == 0:
				total[0] += i
				i += 1
				cuda.threadfence()
				cuda.atomic.exch(mutex, 0, 0)

	total = np.zeros(1)
	locked[2, 64](i32(), total, 5)
	assert total[0] == 128 * 10


@case
def lock_with_break():
	@cuda.jit
	def locked(mutex, total):
		while True:
			old = cuda.atomic.cas(mutex, 0, 0, 1)
			if old == 0:
				break
		total[0] += 1
		cuda.threadfence()
		cuda.atomic.exch(mutex, 0, 0)

	total = np.zeros(1)
	locked[4, 33](i32(), total)
	assert total[0] == 132


@case
def lock_carried_by_a_variable():
	@cuda.jit
	def locked(mutex, total):
		old = cuda.atomic.cas(mutex, 0, 0, 1)
		while old != 0:
			old = cuda.atomic.cas(mutex, 0, 0, 1)
		total[0] += 1
		cuda.threadfence()
		mutex[0] = 0

	total = np.zeros(1)
	locked[4, 40](i32(), total)
	assert total[0] == 160


@case
def lock_with_backoff():
	@cuda.jit
	def locked(mutex, total):
		ns = 8
		while cuda.atomic.exch(mutex, 0, 1) == 1:
			cuda.nanosleep(ns)
			if ns < 256:
				ns *= 2
		total[0] += 1
		cuda.threadfence()
		cuda.atomic.exch(mutex, 0, 0)

	total = np.zeros(1)
	locked[4, 64](i32(), total)
	assert total[0] == 256


@case
def lock_with_a_limit_of_tries():
	"""Two conditions, one of which is about the thread alone."""
	@cuda.jit
	def locked(mutex, total, failed):
		tries = 0
		while cuda.atomic.cas(mutex, 0, 0, 1) != 0 and tries < 1000000:
			tries += 1
		if tries == 1000000:
			cuda.atomic.add(failed, 0, 1)
			return
		total[0] += 1
		cuda.threadfence()
		cuda.atomic.exch(mutex, 0, 0)

	total, failed = np.zeros(1), i32()
	locked[4, 64](i32(), total, failed)
	assert total[0] == 256 and failed[0] == 0


@case
def lock_in_shared_memory():
	@cuda.jit
	def locked(out):
		mutex = cuda.shared.array(1, np.int32)
		total = cuda.shared.array(1, np.float64)
		if cuda.threadIdx.x == 0:
			mutex[0] = 0
			total[0] = 0
		cuda.syncthreads()
		while cuda.atomic.cas(mutex, 0, 0, 1) != 0:
			pass
		total[0] += cuda.threadIdx.x
		cuda.threadfence_block()
		cuda.atomic.exch(mutex, 0, 0)
		cuda.syncthreads()
		if cuda.threadIdx.x == 0:
			out[cuda.blockIdx.x] = total[0]

	out = np.zeros(5)
	locked[5, 100](out)
	assert (out == 4950).all()


@case
def ticket_lock():
	@cuda.jit
	def locked(next, serving, order, n):
		mine = cuda.atomic.add(next, 0, 1)
		while cuda.atomic.add(serving, 0, 0) != mine:
			pass
		order[n[0]] = mine
		n[0] += 1
		cuda.threadfence()
		cuda.atomic.add(serving, 0, 1)

	order = np.zeros(192, np.int32)
	locked[3, 64](i32(), i32(), order, i32())
	assert (order == np.arange(192)).all()


@case
def ticket_lock_read_by_loads():
	@cuda.jit
	def locked(next, serving, total):
		mine = cuda.atomic.add(next, 0, 1)
		while serving[0] != mine:
			cuda.threadfence()
		total[0] = total[0] * 3 + 1
		cuda.threadfence()
		serving[0] = mine + 1

	total = np.zeros(1, np.uint64)
	locked[2, 64](i32(), i32(), total)
	want = 0
	for _ in range(128):
		want = (want * 3 + 1) % 2**64
	assert total[0] == want


@case
def semaphore():
	"""A try is undone when it fails."""
	@cuda.jit
	def limited(free, inside, most, total):
		while cuda.atomic.sub(free, 0, 1) <= 0:
			cuda.atomic.add(free, 0, 1)
		cuda.atomic.max(most, 0, cuda.atomic.add(inside, 0, 1) + 1)
		cuda.atomic.add(total, 0, 1)
		cuda.atomic.sub(inside, 0, 1)
		cuda.threadfence()
		cuda.atomic.add(free, 0, 1)

	most, total, free = i32(), i32(), i32(3)
	limited[4, 64](free, i32(), most, total)
	assert total[0] == 256 and 1 <= most[0] <= 3 and free[0] == 3


@case
def later_warp():
	@cuda.jit
	def later(flag, out):
		t = cuda.threadIdx.x
		if t == 32:
			out[32] = 5
			cuda.threadfence()
			cuda.atomic.exch(flag, 0, 1)
		elif t == 0:
			while cuda.atomic.add(flag, 0, 0) == 0:
				pass
			out[0] = out[32] + 1

	out = np.zeros(64)
	later[1, 64](i32(), out)
	assert out[0] == 6


@case
def all_lanes_wait_for_a_later_warp():
	"""No lane of a warp is elsewhere: vectors stay."""
	@cuda.jit
	def later(flag, out):
		t = cuda.threadIdx.x
		if cuda.threadIdx.y == 1:
			out[1, t] = t
			cuda.threadfence()
			if t == 0:
				flag[0] = 1
		else:
			while flag[0] == 0:
				cuda.threadfence()
			out[0, t] = 7

	out = np.zeros((2, 32))
	later[1, (32, 2)](i32(), out)
	assert (out[0] == 7).all() and (out[1] == np.arange(32)).all()


@case
def chain_of_warps():
	"""Each warp waits for the one behind it."""
	@cuda.jit
	def chain(state):
		w, n = cuda.threadIdx.x // 32, cuda.blockDim.x // 32
		if cuda.laneid == 0 and w < n - 1:
			while state[w + 1] == 0:
				cuda.threadfence_block()
		cuda.syncwarp()
		if cuda.laneid == 0:
			state[w] = state[w + 1] + 1
			cuda.threadfence_block()

	state = np.zeros(9, np.int32)
	chain[1, 256](state)
	assert (state == np.arange(8, -1, -1)).all(), state


@case
def plain_load():
	"""Without a fence in the loop; threads of one warp, the waiting one first."""
	@cuda.jit
	def wait(flag, out):
		if cuda.threadIdx.x == 0:
			while flag[0] == 0:
				pass
			out[0] = 1
		elif cuda.threadIdx.x == 1:
			cuda.threadfence()
			flag[0] = 1

	out = np.zeros(1)
	wait[1, 2](i32(), out)
	assert out[0] == 1


@case
def producer_and_consumer():
	"""A ring of four places between two warps."""
	@cuda.jit
	def pipe(ring, head, tail, out):
		t, n = cuda.threadIdx.x, out.shape[0]
		if t == 0:
			for i in range(n):
				while cuda.atomic.add(tail, 0, 0) <= i:
					pass
				out[i] = ring[i % 4]
				cuda.threadfence()
				cuda.atomic.add(head, 0, 1)
		elif t == 32:
			for i in range(n):
				while i - cuda.atomic.add(head, 0, 0) >= 4:
					pass
				ring[i % 4] = i * i
				cuda.threadfence()
				cuda.atomic.add(tail, 0, 1)

	out = np.zeros(50)
	pipe[1, 64](np.zeros(4), i32(), i32(), out)
	assert (out == np.arange(50) ** 2).all()


@case
def earlier_block_waits_for_later():
	@cuda.jit
	def blocks(flags, out):
		b, n = cuda.blockIdx.x, cuda.gridDim.x
		if cuda.threadIdx.x == 0:
			if b < n - 1:
				while cuda.atomic.max(flags, b + 1, 0) == 0:
					pass
				out[b] = out[b + 1] + 1
			cuda.threadfence()
			cuda.atomic.exch(flags, b, 1)

	out = np.zeros(40)
	blocks[40, 64](np.zeros(40, np.int32), out)
	assert (out == np.arange(39, -1, -1)).all()


@case
def grid_barrier():
	@cuda.jit
	def all_blocks(arrived, before, after):
		b = cuda.blockIdx.x
		if cuda.threadIdx.x == 0:
			before[b] = b + 1
			cuda.threadfence()
			cuda.atomic.add(arrived, 0, 1)
			while cuda.atomic.add(arrived, 0, 0) < cuda.gridDim.x:
				pass
		cuda.syncthreads()
		if cuda.threadIdx.x == 0:
			total = 0
			for i in range(cuda.gridDim.x):
				total += before[i]
			after[b] = total

	for n in (1, 4, 33, 80):
		before, after = np.zeros(n), np.zeros(n)
		all_blocks[n, 64](i32(), before, after)
		assert (after == n * (n + 1) / 2).all(), (n, after)


@case
def grid_barrier_in_rounds():
	"""Jacobi's iteration over a line: a round reads what the neighbouring blocks wrote in the last."""
	@cuda.jit
	def relax(arrived, u, v, rounds):
		i = cuda.grid(1)
		for k in range(rounds):
			if 0 < i < u.shape[0] - 1:
				v[i] = (u[i - 1] + u[i + 1]) * 0.5
			cuda.threadfence()
			cuda.syncthreads()
			if cuda.threadIdx.x == 0:
				cuda.atomic.add(arrived, 0, 1)
				while cuda.atomic.add(arrived, 0, 0) < cuda.gridDim.x * (k + 1):
					pass
			cuda.syncthreads()
			u, v = v, u

	u = np.random.default_rng(1).random(8 * 64)
	want, other = u.copy(), u.copy()
	for _ in range(21):
		other[1:-1] = (want[:-2] + want[2:]) * 0.5
		want, other = other, want
	v = u.copy()
	relax[8, 64](i32(), u, v, 21)
	assert (v == want).all()


@case
def grid_barrier_with_sense():
	@cuda.jit
	def turns(count, sense, log, rounds):
		mine = 0
		for k in range(rounds):
			if cuda.threadIdx.x == 0:
				log[cuda.blockIdx.x, k] = k + 1
				mine = 1 - mine
				cuda.threadfence()
				if cuda.atomic.add(count, 0, 1) == cuda.gridDim.x - 1:
					count[0] = 0
					cuda.threadfence()
					cuda.atomic.exch(sense, 0, mine)
				else:
					while cuda.atomic.or_(sense, 0, 0) != mine:
						pass
				for b in range(cuda.gridDim.x):
					if log[b, k] != k + 1:
						log[cuda.blockIdx.x, k] = -1
			cuda.syncthreads()

	log = np.zeros((7, 6), np.int64)
	turns[7, 32](i32(), i32(), log, 6)
	assert (log == np.arange(1, 7)).all(), log


@case
def block_waits_together():
	"""One thread asks, the block decides: the condition goes through shared memory."""
	@cuda.jit
	def wait(flag, out):
		seen = cuda.shared.array(1, np.int32)
		if cuda.blockIdx.x == cuda.gridDim.x - 1:
			if cuda.threadIdx.x == 0:
				cuda.atomic.exch(flag, 0, 1)
			return
		while True:
			if cuda.threadIdx.x == 0:
				seen[0] = cuda.atomic.add(flag, 0, 0)
			cuda.syncthreads()
			if seen[0] != 0:
				break
			cuda.syncthreads()
		out[cuda.blockIdx.x, cuda.threadIdx.x] = 1

	out = np.zeros((12, 48))
	wait[13, 48](i32(), out)
	assert (out == 1).all()


@case
def look_back():
	"""Merrill and Garland's scan: states are 1 (the block's own sum), 2 (all up to here)."""
	@cuda.jit
	def scan(x, out, state, own, upto, turn):
		part = cuda.shared.array(1, np.int32)
		before = cuda.shared.array(1, np.int64)
		t = cuda.threadIdx.x
		if t == 0:
			b = cuda.atomic.add(turn, 0, 1)
			part[0] = b
			total = 0
			for i in range(64):
				total += x[b * 64 + i]
			own[b] = total
			cuda.threadfence()
			cuda.atomic.exch(state, b, 1)
			j, sum = b - 1, 0
			while j >= 0:
				s = cuda.atomic.add(state, j, 0)
				if s == 2:
					sum += upto[j]
					break
				if s == 1:
					sum += own[j]
					j -= 1
			upto[b] = sum + total
			cuda.threadfence()
			cuda.atomic.exch(state, b, 2)
			before[0] = sum
		cuda.syncthreads()
		b = part[0]
		sum = before[0]
		for i in range(t + 1):
			sum += x[b * 64 + i]
		out[b * 64 + t] = sum

	x = np.random.default_rng(2).integers(0, 9, 64 * 30)
	out = np.zeros_like(x)
	scan[30, 64](x, out, np.zeros(30, np.int32), np.zeros(30, np.int64), np.zeros(30, np.int64), i32())
	assert (out == np.cumsum(x)).all()


@case
def look_back_by_loads():
	"""The same chain with plain loads, blocks in reverse."""
	@cuda.jit
	def chain(state, out):
		b = cuda.gridDim.x - 1 - cuda.blockIdx.x
		if cuda.threadIdx.x == 0:
			j = b - 1
			sum = 0
			while j >= 0:
				s = state[j]
				cuda.threadfence()
				if s < 0:
					sum -= s
					j = -1
				elif s > 0:
					sum += s
					j -= 1
			out[b] = sum
			cuda.threadfence()
			state[b] = -1 - sum if b % 3 == 0 else b + 1

	out = np.zeros(20)
	chain[20, 32](np.zeros(20, np.int64), out)
	assert out[0] == 0 and out[1] == 1 and out[2] == 1 + 2, out


@case
def recursion_waits():
	@cuda.jit
	def deep(mutex, total, n):
		if n > 0:
			while cuda.atomic.cas(mutex, 0, 0, 1) != 0:
				pass
			total[0] += n
			cuda.threadfence()
			cuda.atomic.exch(mutex, 0, 0)
			deep(mutex, total, n - 1)

	@cuda.jit
	def start(mutex, total):
		deep(mutex, total, 4)

	total = np.zeros(1)
	start[2, 40](i32(), total)
	assert total[0] == 80 * 10


@case
def many_threads_resident():
	"""As many blocks as a large GPU holds: 132 × 2 of 256 threads."""
	@cuda.jit
	def all_blocks(arrived, out):
		if cuda.threadIdx.x == 0:
			cuda.atomic.add(arrived, 0, 1)
			while cuda.atomic.add(arrived, 0, 0) < cuda.gridDim.x:
				pass
		cuda.syncthreads()
		out[cuda.grid(1)] = 1

	out = np.zeros(264 * 256, np.int8)
	all_blocks[264, 256](i32(), out)
	assert (out == 1).all()


@case
def three_dimensions():
	@cuda.jit
	def locked(mutex, totals):
		i = cuda.threadIdx.z
		while cuda.atomic.cas(mutex, i, 0, 1) != 0:
			pass
		totals[i] += 1
		cuda.threadfence()
		cuda.atomic.exch(mutex, i, 0)

	totals = np.zeros(4)
	locked[(2, 2, 1), (8, 8, 4)](i32(0, 0, 0, 0), totals)
	assert (totals == 256).all()


@case
def from_many_threads():
	"""Launches side by side, each with blocks that wait for each other."""
	from concurrent.futures import ThreadPoolExecutor

	def launch(n):
		out = np.zeros(n)
		earlier[n, 32](np.zeros(n, np.int32), out)
		return (out == np.arange(n - 1, -1, -1)).all()

	@cuda.jit
	def earlier(flags, out):
		b, n = cuda.blockIdx.x, cuda.gridDim.x
		if cuda.threadIdx.x == 0:
			if b < n - 1:
				while flags[b + 1] == 0:
					cuda.threadfence()
				out[b] = out[b + 1] + 1
			cuda.threadfence()
			flags[b] = 1

	with ThreadPoolExecutor(6) as pool:
		assert all(pool.map(launch, [9, 17, 3, 30, 12, 25] * 5))


@case
def written_by_the_host():
	"""Another thread of Python may write what a kernel waits for: that is no deadlock, however long it takes."""
	import threading
	import time

	@cuda.jit
	def wait(flag, out):
		while flag[0] == 0:
			cuda.threadfence()
		out[0] = 1
		flag[1] = 1

	flag, out = i32(0, 0), np.zeros(1)

	def write():
		time.sleep(2.5)
		flag[0] = 1

	thread = threading.Thread(target=write)
	thread.start()
	wait[1, 1](flag, out)
	thread.join()
	assert out[0] == 1


@case
def by_volatile_loads():
	@cuda.jit
	def wait(flag, out):
		if cuda.blockIdx.x == 0:
			while cuda.ldcv(flag, 0) == 0:
				pass
			out[0] = flag[1]
		else:
			flag[1] = 7
			cuda.stwt(flag, 0, 1)

	for _ in range(20):
		out = np.zeros(1)
		wait[2, 1](i32(0, 0), out)
		assert out[0] == 7


@case
def slow_to_come():
	"""Others compute for longer than it takes to see a deadlock."""
	@cuda.jit
	def wait(flag, out, n):
		if cuda.blockIdx.x == 0:
			while cuda.atomic.add(flag, 0, 0) == 0:
				pass
			out[0] = out[1]
		else:
			x = 0.5
			for i in range(n):
				x = x * 3.9 * (1 - x)
			out[1] = x
			cuda.threadfence()
			cuda.atomic.exch(flag, 0, 1)

	out = np.zeros(2)
	wait[2, 1](i32(), out, 400_000_000)
	assert out[0] == out[1] != 0


@case
def counts_while_it_waits():
	"""A loop that gives up by itself is no deadlock."""
	@cuda.jit
	def wait(flag, out, n):
		tries = 0
		while cuda.atomic.add(flag, 0, 0) == 0:
			tries += 1
			if tries == n:
				break
			cuda.nanosleep(1)
		out[0] = tries

	out = np.zeros(1)
	wait[1, 1](i32(), out, 8_000_000)
	assert out[0] == 8_000_000


def main(name):
	CASES[name]()
	print("OK")


if __name__ == "__main__":
	main(sys.argv[1])
