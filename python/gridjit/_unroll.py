"""literal_unroll(), literally(), extents(): on the host nothing, in compiled code marks (src/names/names.def)."""


def literal_unroll(container):
	"""The tuple itself. In kernels a loop over it is written out, with an item of its own type in each round."""
	return container


def literally(obj):
	"""The value itself. In compiled code it must be a constant, and what is called with one is compiled for it."""
	return obj


def extents(shape):
	"""The shape, or tuple of shapes, itself. In the text of an exception it is written as NumPy does: (2,3)."""
	return shape


literal_unroll._gj_intrinsic = "gridjit.literal_unroll"
literally._gj_intrinsic = "gridjit.literally"
extents._gj_intrinsic = "gridjit.extents"
