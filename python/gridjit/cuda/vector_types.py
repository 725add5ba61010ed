"""Vector types of kernels, float32x4 and the like: 1 to 4 numbers side by side that are loaded and stored together. In a kernel they
are made of numbers and shorter vectors, float32x4(xy, 0, 1), and have the parts x, y, z and w. CUDA C's names are theirs too: float4."""

from ..types import Type

_C_NAMES = {"char": "int8", "short": "int16", "int": "int32", "long": "int64", "longlong": "int64", "uchar": "uint8", "ushort": "uint16",
	"uint": "uint32", "ulong": "uint64", "ulonglong": "uint64", "float": "float32", "double": "float64"}
vector_types = {f"{name}x{n}": Type(f"{name}x{n}") for name in dict.fromkeys(_C_NAMES.values()) for n in range(1, 5)}
aliases = {f"{c}{n}": vector_types[f"{name}x{n}"] for c, name in _C_NAMES.items() for n in range(1, 5)}
globals().update(vector_types, **aliases)
