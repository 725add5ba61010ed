"""literal_unroll() and literally(): on the host nothing, in kernels marks (src/names/names.def)."""


def literal_unroll(container):
	"""The tuple itself. In kernels a loop over it is written out, with an item of its own type in each round."""
	return container


def literally(obj):
	"""The value itself. In compiled code it must be a constant, and what is called with one is compiled for it."""
	return obj


literal_unroll._gj_intrinsic = "gridjit.literal_unroll"
literally._gj_intrinsic = "gridjit.literally"
