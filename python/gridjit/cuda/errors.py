"""numba.cuda.errors: gridjit.errors."""

import sys

from .. import errors

sys.modules[__name__] = errors
