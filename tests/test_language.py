"""Every kernel of tests/golden/low, run on each device, against the same function in plain Python or against NumPy."""

import numpy as np
import pytest

from conftest import assert_same
from language_cases import NAMES, expected, launched, load


@pytest.mark.parametrize("name", NAMES)
def test_results(device, name):
	module = load(name)
	got, want = launched(module), expected(module)
	rtol = getattr(module, "RTOL", 0)
	for number, (a, b) in enumerate(zip(got, want)):
		if isinstance(a, np.ndarray):
			assert_same(a, b, rtol=rtol, atol=rtol, what=f"argument {number}")
