"""Random kernels at both widths against the Python interpreter, as tests/property/ has them, in numbers."""

import numpy as np

from exchanges import Exchange
from grid_simulator import simulate
from gridjit import config
from programs import CELLS, Program
from property.test_programs import compare, compiled, inputs, interpreted


def control_flow(r):
	text = Program(r).text
	threads, live = 74, 70
	got = inputs(threads)
	want = [array.tolist() for array in got]
	interpreted(text, threads, [*want, live])
	compiled(text)[2, 37](*got, live)
	compare(f"width {config.CPU_WIDTH}", text, got, want)


def barriers(r):
	text = Program(r, barriers=True).text
	grid, block = 2, r.choice([1, 33, 64])
	got = inputs(grid * block)
	want = [array.tolist() for array in got]
	simulate("kernel", grid, block, [*want, grid * block], source=text, scope={"np": np, "math": __import__("math")})
	compiled(text)[grid, block](*got, grid * block)
	compare(f"width {config.CPU_WIDTH}", text, got, want)


def exchanges(r):
	program = Exchange(r, length=3)
	threads = 2 * int(np.prod(program.shape))
	got = inputs(threads) + [np.arange(threads * CELLS) % 3 == 0, np.ones(threads * CELLS, program.types["ox"].strip("_"))]
	want = [array.copy() for array in got]
	simulate("kernel", 2, program.shape, [*want, threads - 5], source=program.simulated, scope={"np": np, "math": __import__("math")})
	compiled(program.text)[2, program.shape](*got, threads - 5)
	compare(f"width {config.CPU_WIDTH}", f"{program.shape}\n{program.text}", got, want)


def case(r):
	config.CPU_WIDTH = r.choice([32, 32, 1])
	with np.errstate(all="ignore"):
		r.choice([control_flow, control_flow, barriers, exchanges])(r)
