def chain(a, b, c):
	if a < b <= c != 4:
		return 1
	return a < b < c


def and_or(a, b, c):
	return (a and b) or not c


def guarded(x, n, i):
	if i < n and x[i] > 0 or i is None:
		x[i] = 1 if n else 2


def is_none(a):
	if a is not None:
		return a
	return 0


def not_not(a):
	b = (not not a) if a else not not (a < 2)
	return not not a, not a, not not not a, not not not not a, b


def membership(a):
	return a in (1, 2, 3), a not in {4, 5}


def maybe_unset(a):
	if a > 0:
		b = 1
	return b


def both_return(a):
	if a:
		return a + 1
	else:
		return a - 1


def walrus(a, n):
	while (k := a[n]) > 0 and (n := n - 1):
		a[n] = k
	return n
