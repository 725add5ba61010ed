def slices(a, i, j):
	return a[i:j], a[:], a[::2], a[i:], a[:j, None, ...], a[i:j:-1]


def stores(a, i, j):
	a[i:j] = 0
	a[:] = a[j]
	a[i, 1:j] = a[..., 2]
