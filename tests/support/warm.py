"""Processes of their own for tests, without what imports take: `run` has each forked by one that has imported NumPy and gridjit, and has
launched and compiled nothing. It is this file run as a program, one for each process of pytest."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import warnings

_parent = None


def _start():
	global _parent
	env = dict(os.environ, GRIDJIT_DEVICE="cpu")
	_parent = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
	atexit.register(_parent.communicate)


def run(code, width=32, timeout=60):
	"""Runs the text as `python -c` does, on the CPU device; (exit status, negative: of which signal; stdout; stderr). A process that
	takes longer is killed: TimeoutError."""
	if _parent is None:
		_start()
	with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
		paths = [f"/proc/{os.getpid()}/fd/{file.fileno()}" for file in (out, err)]
		_parent.stdin.write(json.dumps([code, width, paths]).encode() + b"\n")
		_parent.stdin.flush()
		pid = int(_parent.stdout.readline())
		late = not select.select([_parent.stdout], [], [], timeout)[0]
		if late:
			os.kill(pid, signal.SIGKILL)
		status = int(_parent.stdout.readline())
		texts = []
		for file in out, err:
			file.seek(0)
			texts.append(file.read())
	if late:
		raise TimeoutError(f"not done after {timeout} s", *texts)
	return status, *texts


def serve():
	"""Forks a process for each request, and comes back in it with what it shall do; in the parent None, at the end."""
	answers = os.dup(1)
	for line in sys.stdin:
		with warnings.catch_warnings():
			warnings.simplefilter("ignore")                # of forks beside threads, which are OpenBLAS's here
			pid = os.fork()
		if not pid:
			os.close(answers)
			return json.loads(line)
		os.write(answers, f"{pid}\n".encode())
		os.write(answers, f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())


if __name__ == "__main__":
	from gridjit import config, cuda
	task = serve()
	if task:
		text, config.CPU_WIDTH, paths = task
		os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
		for number, path in enumerate(paths, 1):
			os.dup2(os.open(path, os.O_WRONLY), number)
		exec(compile(text, "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
