def unpack(t):
	a, b, c = t
	(d, e), f = a, b
	return a, c, d + e * f


def swap(a, b, c, d):
	a, b = b, a
	a, b, c, d = d, c, b, a
	return a - b - c - d


def index(t, i):
	return t[0] + t[i] + t[-1], (1, 2.5, True, None, "x")


def augmented(a, i):
	a[i] += 1
	a[i][0] *= a[0][i]
	i <<= 2
	return i
