"""What programs import from numba.cuda.core: gridjit's own modules under those paths."""

import sys

from ... import config, errors, types

for _module in config, errors, types:
	sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module
