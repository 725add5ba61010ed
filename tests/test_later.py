"""Names that numba has and gridjit has not yet can be probed for."""

import importlib
import importlib.util

import pytest

import gridjit
from gridjit import cuda, errors
from gridjit._later import LATER

MODULES = {"gridjit": gridjit, "gridjit.cuda": cuda, "gridjit.extending": gridjit.extending}


def names():
	"""Those that nobody has built meanwhile."""
	return [(module, name) for module, group in LATER.items() for name in sorted(group)]


@pytest.mark.parametrize("module, name", names(), ids=lambda value: value)
def test_probes(module, name):
	m, text = MODULES[module], f"{module}.{name} is not built yet"
	assert not hasattr(m, name) and getattr(m, name, 3) == 3 and name not in dir(m), "built: then it leaves the list"
	with pytest.raises(errors.NotBuiltAttributeError, match=text) as e:
		getattr(m, name)
	assert isinstance(e.value, AttributeError) and isinstance(e.value, NotImplementedError)
	for use in (f"import {module}.{name}", f"from {module} import {name}", f"from {module}.{name} import something",
			f"__import__('{module}.{name}')"):
		with pytest.raises(errors.NotBuiltImportError, match=text) as e:
			exec(use, {})
		assert isinstance(e.value, ImportError) and isinstance(e.value, NotImplementedError) and e.value.name == f"{module}.{name}"


@pytest.mark.parametrize("module", MODULES)
def test_mistakes_are_mistakes(module):
	m = MODULES[module]
	assert not hasattr(m, "nothing_of_the_kind")
	with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'nothing_of_the_kind'") as e:
		m.nothing_of_the_kind
	assert not isinstance(e.value, NotImplementedError)
	with pytest.raises(ModuleNotFoundError):
		importlib.import_module(f"{module}.nothing_of_the_kind")
	with pytest.raises(ImportError) as e:
		exec(f"from {module} import nothing_of_the_kind", {})
	assert not isinstance(e.value, NotImplementedError)
	assert importlib.util.find_spec(f"{module}.nothing_of_the_kind") is None
