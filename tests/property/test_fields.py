"""Random statements on the fields of records, each thread on its own record, against the same on NumPy's fields: of types of all
sizes, aligned and packed, nested and with arrays inside, in one array or two, under conditions."""

import itertools
import linecache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

counter = itertools.count()
options = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
TYPES = ["i1", "u1", "?", "i2", "f2", "i4", "u4", "f4", "i8", "f8", "c8", "c16"]
CONDITIONS = {"i < p.shape[0]": lambda p, m: slice(None), "i < p.shape[0] and m[i]": lambda p, m: m != 0, "i < min(7, p.shape[0])": lambda p, m: slice(0, 7)}
BLOCKS = [32, 64, 20, (8, 4), (16, 2)]


class Record:
	"""A dtype, and its fields: (source text behind the record, view of them in an array, dtype)."""

	def __init__(self, random):
		self.random = random
		one = random.choice(TYPES) if random.random() < 0.5 else None
		members = [(f"f{k}", one or random.choice(TYPES)) for k in range(random.randint(1, 8))]
		if random.random() < 0.3:
			members.append(("inner", np.dtype([("x", one or "f4"), ("y", one or "f4")])))
		if random.random() < 0.3:
			members.append(("row", one or "f4", 3))
		self.dtype = np.dtype(members, align=random.random() < 0.7)
		self.fields = []
		for name, (type_, _offset) in self.dtype.fields.items():
			if type_.names:
				self.fields += [(f".{name}.{k}", lambda a, name=name, k=k: a[name][k], type_[k]) for k in "xy"]
			elif type_.shape:
				self.fields += [(f".{name}[{k}]", lambda a, name=name, k=k: a[name][:, k], type_.base) for k in range(3)]
			else:
				self.fields.append((f".{name}", lambda a, name=name: a[name], type_))

	def array(self, rng, n):
		a = np.zeros(n, self.dtype)
		for _text, view, type_ in self.fields:
			view(a)[...] = rng.integers(0, 2 if type_ == "?" else 50, n)
		return a


def statement(record, second):
	"""Source, and the same on whole fields: run(p, q, o, mask)."""
	random = record.random
	(text, view, type_), where = random.choice(record.fields), random.choice(["p", second])
	kind = random.choice(["load", "copy", "copy", "change", "whole"] if random.random() < 0.3 else ["load", "copy", "change"])
	if kind == "load" and type_.kind != "c":
		column = random.randrange(4)
		return f"o[i, {column}] = {where}[i]{text}", lambda a, o, on: o[:, column].__setitem__(on, view(a[where])[on])
	if kind == "change" and type_.kind in "iufc":
		def change(a, o, on):
			view(a[where])[on] += type_.type(3)
		return f"{where}[i]{text} += 3", change
	if kind == "whole":
		return f"{second}[i] = p[i]", lambda a, o, on: a[second].__setitem__(on, a["p"][on])
	other, other_view, _ = random.choice([field for field in record.fields if field[2] == type_])
	return f"{second}[i]{other} = {where}[i]{text}", lambda a, o, on: other_view(a[second]).__setitem__(on, view(a[where])[on])


def compiled(text):
	from gridjit import cuda
	name = f"<random records {next(counter)}>"
	linecache.cache[name] = len(text), None, text.splitlines(True), name
	scope = {"cuda": cuda}
	exec(compile(text, name, "exec"), scope)
	return cuda.jit(scope["kernel"])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@options
@given(random=st.randoms(use_true_random=False))
def test_fields(device, random):
	record, n = Record(random), random.choice([1, 31, 64, 200])
	second, condition, block = random.choice("pq"), random.choice(list(CONDITIONS)), random.choice(BLOCKS)
	made = [statement(record, second) for _ in range(random.randint(1, 8))]
	place = "cuda.grid(1)" if isinstance(block, int) else "(cuda.blockIdx.x * cuda.blockDim.y + cuda.threadIdx.y) * cuda.blockDim.x + cuda.threadIdx.x"
	text = "\n\t\t".join([f"def kernel(p, q, o, m):\n\ti = {place}\n\tif {condition}:", *(source for source, _ in made)]) + "\n"
	rng = np.random.default_rng(random.randrange(1000))
	a = {"p": record.array(rng, n), "q": record.array(rng, n)}
	o, m = np.zeros((n, 4)), rng.integers(0, 2, n)
	got, got_o = {name: array.copy() for name, array in a.items()}, o.copy()
	threads = block if isinstance(block, int) else block[0] * block[1]
	compiled(text)[-(-n // threads), block](got["p"], got["q"], got_o, m)
	on = CONDITIONS[condition](a["p"], m)
	for _source, run in made:
		run(a, o, on)
	np.testing.assert_array_equal(got_o, o, err_msg=text)
	for name in a:
		for field, view, _type in record.fields:
			np.testing.assert_array_equal(view(got[name]), view(a[name]), err_msg=f"{record.dtype} {name}{field}\n{text}")
