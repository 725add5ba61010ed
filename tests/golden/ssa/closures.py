def capture(x):
	k = x + 1

	def inner(a, b=2, c=(3, 4)):
		return a * b + k + c[0]

	again = lambda z: inner(z, c=(1, x)) + k
	return inner(3) + again(4)


def in_loop(n):
	s = 0
	for i in range(n):
		f = lambda a: a + i
		s += f(i)
	return s


def outer(n):
	def middle(m):
		def innermost():
			return n + m
		return innermost()
	return middle(1)


def argument_is_captured(n):
	return (lambda: n)()


def changes(n):
	k = 1
	f = lambda: k
	k = 2
	return f() + n
