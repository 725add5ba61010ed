"""Timing that can be believed: warm-up, a batch long enough for the clock, several rounds with the variants interleaved
(other load on the machine then hits all alike), medians, or the best of the rounds where others use the machine too."""

import math
import os
import platform
import re
import statistics
import time

ROUNDS = 9
BATCH_S = 0.02


def cpu_name():
	with open("/proc/cpuinfo") as file:
		names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
	return f"{names[0] if names else platform.processor()}, {len(os.sched_getaffinity(0))} threads"


def cpu_and_load():
	"""The processor, and what others let it do when the measurement began: on a busy machine wall times of parallel loops say little."""
	return f"{cpu_name()}, load average {os.getloadavg()[0]:.1f}"


def wall_clock():
	start = time.perf_counter()
	return lambda: time.perf_counter() - start


def processor_clock():
	"""Of all threads of the process: for what runs on one thread, while others use the machine."""
	start = time.process_time()
	return lambda: time.process_time() - start


def batch_size(run, clock, finish):
	"""Calls of `run` that take about BATCH_S."""
	run(0)
	finish()
	stop = clock()
	run(1)
	finish()
	return max(1, min(2000, math.ceil(BATCH_S / max(stop(), 1e-7))))


def interleaved(variants, clock=wall_clock, finish=lambda: None, rounds=ROUNDS, pick=statistics.median):
	"""variants: name → run(i), the i-th call (i picks a buffer). Returns name → seconds a call, of the rounds that which `pick` takes."""
	counts = {name: batch_size(run, clock, finish) for name, run in variants.items()}
	samples = {name: [] for name in variants}
	for _ in range(rounds):
		for name, run in variants.items():
			finish()
			stop = clock()
			for i in range(counts[name]):
				run(i)
			finish()
			samples[name].append(stop() / counts[name])
	return {name: pick(values) for name, values in samples.items()}


def in_stretches(variants, clock=wall_clock, rounds=5, passes=3, lead=0.25, pick=statistics.median):
	"""The same for variants with threads of their own, whose idle ones may still look for work on the cores that the next variant needs: each has
	stretches to itself. One begins with `lead` seconds of calls that are not timed, and is `rounds` batches long; every other pass goes
	through the variants in the other order."""
	samples = {name: [] for name in variants}
	for number in range(passes):
		for name, run in list(variants.items())[::-1 if number % 2 else 1]:
			begin = time.perf_counter()
			while time.perf_counter() - begin < lead:
				run(0)
			count = batch_size(run, clock, lambda: None)
			for _ in range(rounds):
				stop = clock()
				for i in range(count):
					run(i)
				samples[name].append(stop() / count)
	return {name: pick(values) for name, values in samples.items()}


def geometric_mean(values):
	values = [value for value in values if value]
	return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def said(error):
	"""The first line of an exception, without colours and addresses."""
	return re.sub(r"\x1b\[\d+m| at 0x[0-9a-f]+", "", f"{type(error).__name__}: {error}").splitlines()[0][:160]
