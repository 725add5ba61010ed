"""The fuzzer: `python tests/fuzz/fuzz.py [--seconds 60] [--seed 1] [--kind code] [--jobs 2]`, or `make fuzz`.

Each case is a kind and a number, from which all of it follows. Cases run a batch at a time in forked children, on the CPU
device; a child that dies, hangs or finds something wrong leaves the case's name and what it was, and the run fails.

    code        functions whose bytecode, constants and names were damaged, compiled for both machines: an error or code
    programs    random kernels on the device, at both widths, against the Python interpreter
    arguments   hostile arguments of launches and device arrays: an error or a launch

`python tests/fuzz/fuzz.py --case code:123` runs one case here, with its traceback."""

import argparse
import os
import pickle
import random
import resource
import select
import signal
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support"), str(HERE.parent)]
os.environ.setdefault("GRIDJIT_DEVICE", "cpu")
os.environ.setdefault("GRIDJIT_CACHE", "0")

BATCH, PATIENCE, MEMORY = 20, 120, 6 << 30     # cases of a child; seconds for a case, on a busy machine; bytes of a child


def kinds():
	import arguments
	import damage
	import programs_against_python
	return {"code": damage.case, "programs": programs_against_python.case, "arguments": arguments.case}


def run_case(kind, number):
	"""None, or what is wrong."""
	try:
		return kinds()[kind](random.Random(f"{kind}:{number}"))
	except Exception:
		return traceback.format_exc()


# -- children --

def child(kind, numbers, pipe):
	resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
	resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
	with os.fdopen(pipe, "wb") as out:
		for number in numbers:
			pickle.dump(("begin", number, None), out)
			out.flush()
			wrong = run_case(kind, number)
			pickle.dump(("end", number, wrong), out)
			out.flush()
	os._exit(0)


class Child:
	def __init__(self, kind, numbers):
		self.kind, self.numbers, self.buffer = kind, numbers, b""
		self.current, self.since, self.done = None, time.monotonic(), 0
		read, write = os.pipe()
		self.pid = os.fork()
		if not self.pid:
			os.close(read)
			signal.signal(signal.SIGINT, signal.SIG_DFL)
			child(kind, numbers, write)
		os.close(write)
		self.pipe = read

	def fileno(self):
		return self.pipe

	def messages(self):
		"""What it says; None at its end."""
		data = os.read(self.pipe, 1 << 16)
		self.buffer += data
		while True:
			stream = _Bytes(self.buffer)
			try:
				message = pickle.load(stream)
			except (EOFError, pickle.UnpicklingError):
				break
			self.buffer = self.buffer[stream.at:]
			yield message
		if not data:
			yield None


class _Bytes:
	"""A file that says EOF instead of reading short."""

	def __init__(self, data):
		self.data, self.at = data, 0

	def read(self, n):
		if self.at + n > len(self.data):
			raise EOFError
		self.at += n
		return self.data[self.at - n:self.at]

	def readline(self):
		end = self.data.find(b"\n", self.at)
		if end < 0:
			raise EOFError
		return self.read(end + 1 - self.at)


class Run:
	def __init__(self, options):
		self.options, self.found, self.count = options, [], 0
		self.end = time.monotonic() + options.seconds
		self.children = []
		names = [options.kind] if options.kind else list(kinds())
		self.batches = self.make_batches(names)

	def make_batches(self, names):
		start = self.options.seed * 10_000_000
		while True:
			for name in names:
				yield name, range(start, start + BATCH)
			start += BATCH

	def report(self, kind, number, wrong):
		self.found.append((kind, number))
		print(f"\n=== {kind}:{number}\n{wrong}", flush=True)

	def ended(self, c):
		_, status = os.waitpid(c.pid, 0)
		os.close(c.pipe)
		self.children.remove(c)
		if c.current is None:
			return
		self.report(c.kind, c.current, f"the process died: signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status)
			else f"the process ended with status {os.WEXITSTATUS(status)}")
		self.children.append(Child(c.kind, range(c.current + 1, c.numbers.stop)))

	def listen(self, c):
		for message in c.messages():
			if message is None:
				self.ended(c)
				return
			what, number, wrong = message
			c.current, c.since = (number, time.monotonic()) if what == "begin" else (None, time.monotonic())
			self.count += what == "end"
			if wrong:
				self.report(c.kind, number, wrong)

	def whole(self):
		while time.monotonic() < self.end or self.children:
			while time.monotonic() < self.end and len(self.children) < self.options.jobs:
				self.children.append(Child(*next(self.batches)))
			for c in select.select(self.children, [], [], 1)[0]:
				self.listen(c)
			for c in list(self.children):
				if c.current is not None and time.monotonic() - c.since > PATIENCE:
					print(f"\n=== {c.kind}:{c.current} hangs", flush=True)
					os.kill(c.pid, signal.SIGKILL)
					c.since = time.monotonic()
		print(f"{self.count - len(self.found)} passed, {len(self.found)} failed", flush=True)
		return 1 if self.found else 0


def main():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--seconds", type=float, default=60)
	parser.add_argument("--seed", type=int, default=1)
	parser.add_argument("--kind")
	parser.add_argument("--jobs", type=int, default=os.cpu_count())
	parser.add_argument("--case", help="kind:number, here and now")
	options = parser.parse_args()
	if options.case:
		kind, number = options.case.split(":")
		wrong = run_case(kind, int(number))
		print(wrong or "right")
		return bool(wrong)
	return Run(options).whole()


if __name__ == "__main__":
	sys.exit(main())
