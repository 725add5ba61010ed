"""What programs import from numba.core: gridjit's own modules under numba's paths, `from gridjit.core.errors import TypingError`."""

import sys

from .. import config, errors, types

for _module in config, errors, types:
	sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module
