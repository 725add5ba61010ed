"""Functions made of text: what the kernels over arrays share that are written for a number of dimensions."""


def pack(names):
	return ", ".join(names)


def indent(lines, depth=1):
	return ["\t" * depth + line for line in lines]


def define(source, scope, title, module=None, name=None):
	"""The function that is defined by the source, whose names mean what the scope says."""
	exec(compile(source, f"<{title}>", "exec"), scope)
	made = scope[source[4:source.index("(")]]
	made.__name__ = made.__qualname__ = name or made.__name__
	made.__module__ = module or made.__module__
	return made


def decode(position, dimensions, extent):
	"""Lines that make indices of a position in all of these dimensions."""
	lines = []
	for d in reversed(dimensions[1:]):
		lines += [f"i{d} = {position} % {extent(d)}", f"r{d} = {position} // {extent(d)}"]
		position = f"r{d}"
	return lines + ([f"i{dimensions[0]} = {position}"] if dimensions else [])
