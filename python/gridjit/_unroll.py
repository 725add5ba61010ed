"""literal_unroll(): on the host nothing, in kernels a mark (src/names/names.def)."""


def literal_unroll(container):
	"""The tuple itself. In kernels a loop over it is written out, with an item of its own type in each round."""
	return container


literal_unroll._gj_intrinsic = "gridjit.literal_unroll"
