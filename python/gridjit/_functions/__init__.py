"""NumPy's functions of whole arrays for functions on the host, in Python: compiled with whoever calls them, for the types that they are
called with. What is a loop over all elements, the compiler knows by itself (src/names/names.def)."""

import numpy as np

from .. import parallel
from . import eigen, elementwise, indexing, linalg, operations, products, shapes, sorting, sums, threads

# In the order of gj_written (src/code/code.h).
WRITTEN = (indexing.take, indexing.put, products.dot, sorting.nonzero, operations.sum_axis, operations.prod_axis, operations.min_axis, operations.max_axis,
	operations.mean_axis, operations.any_axis, operations.all_axis, operations.var_axis, operations.std_axis, shapes.reshaped, shapes.raveled)

# By NumPy's names; a version of NumPy that lacks one has none to call.
NAMES = {
	sorting: """argmax argmin nanargmax nanargmin sort argsort partition argpartition searchsorted digitize argwhere nonzero flatnonzero count_nonzero unique isin union1d
		intersect1d setdiff1d setxor1d""",
	sums: """cumsum cumprod ptp average median percentile quantile diff ediff1d gradient trapezoid trace bincount histogram cov corrcoef interp
		nansum nanprod nanmean nanmax nanmin nanvar nanstd nanmedian nanpercentile nanquantile nancumsum nancumprod""",
	products: "matmul dot vdot inner outer cross kron correlate convolve",
	shapes: """eye identity diag diagflat diagonal fill_diagonal tri tril triu tril_indices triu_indices vander logspace geomspace indices meshgrid flip flipud
		fliplr rot90 roll swapaxes moveaxis repeat tile resize broadcast_to atleast_1d atleast_2d atleast_3d concatenate stack vstack hstack dstack column_stack
		append insert delete trim_zeros split array_split hsplit vsplit ascontiguousarray
		asfortranarray frombuffer broadcast_shapes broadcast_arrays dsplit tril_indices_from triu_indices_from take extract select take_along_axis copyto""",
	elementwise: """heaviside angle imag iscomplexobj isrealobj around round clip isclose allclose array_equal nan_to_num sinc isposinf isneginf iscomplex isreal isscalar polyval unwrap hanning hamming
		blackman bartlett kaiser""",
	linalg: """linalg.norm linalg.solve linalg.inv linalg.det linalg.slogdet linalg.matrix_power linalg.cholesky linalg.qr linalg.eigh linalg.eigvalsh linalg.svd
		linalg.pinv linalg.matrix_rank linalg.cond linalg.lstsq""",
	eigen: "linalg.eig linalg.eigvals roots",
}
OTHER_NAMES = {"round": "around"}
OLDER = {"trapz": sums.trapezoid, "in1d": sorting.isin, "row_stack": shapes.vstack}

METHODS = {"argmax": sorting.argmax, "argmin": sorting.argmin, "sort": sorting.sort_in_place, "argsort": sorting.argsort,
	"searchsorted": sorting.searchsorted, "nonzero": sorting.nonzero, "cumsum": sums.cumsum, "cumprod": sums.cumprod,
	"ptp": sums.ptp, "trace": sums.trace, "dot": products.dot, "repeat": shapes.repeat, "clip": elementwise.clip,
	"round": elementwise.around, "take": shapes.take, "swapaxes": shapes.swapaxes, "diagonal": shapes.diagonal, "indices": indexing.slice_indices}

# Methods of np.random.Generator, from generator.py, which is imported if one of them is called.
GENERATOR = """random integers shuffle permutation choice uniform standard_normal normal lognormal standard_exponential exponential standard_gamma gamma
	beta chisquare noncentral_chisquare f noncentral_f standard_t standard_cauchy laplace logistic gumbel pareto power rayleigh weibull wald vonmises
	triangular poisson binomial geometric negative_binomial hypergeometric logseries zipf""".split()
METHODS |= dict.fromkeys(GENERATOR)


def _find(name):
	"""NumPy's function of a name; None: this version has none."""
	thing = np
	for word in name.split("."):
		thing = getattr(thing, word, None)
	return thing


def _table():
	table = {}
	for module, names in NAMES.items():
		for name in names.split():
			last = name.rpartition(".")[2]
			table[_find(name)] = getattr(module, OTHER_NAMES.get(last, last))
	table |= {vars(np).get(name): f for name, f in OLDER.items()}
	table |= {getattr(parallel, name): getattr(threads, name)
		for name in ("get_num_threads", "set_num_threads", "get_parallel_chunksize", "set_parallel_chunksize", "parallel_chunksize")}
	return {id(function): f for function, f in table.items() if function is not None}


FUNCTIONS = _table()
