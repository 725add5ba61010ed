"""numba.cuda.types: gridjit.types."""

import sys

from .. import types

sys.modules[__name__] = types
