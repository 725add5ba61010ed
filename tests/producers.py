"""Arrays of other libraries, as far as kernels look at them."""


class HostProducer:
	"""A host array of another library: DLPack only."""

	def __init__(self, array):
		self.array = array

	def __dlpack__(self, **keywords):
		return self.array.__dlpack__(**keywords)

	def __dlpack_device__(self):
		return self.array.__dlpack_device__()
