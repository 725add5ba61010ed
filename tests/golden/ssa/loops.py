def sum_range(n):
	s = 0
	for i in range(n):
		s += i
	return s


def nested(n, m, a):
	s = 0.0
	for i in range(n):
		for j in range(i, m):
			if j == 7:
				continue
			if a[i, j] < 0:
				break
			s += a[i, j]
		else:
			s -= 1.0
	return s


def while_else(n):
	while n > 0:
		n //= 2
		if n == 5:
			break
	else:
		n = -1
	return n


def forever(a, i):
	while True:
		if a[i] == 0:
			return i
		i += 1


def over_tuple(x):
	s = 0
	for a, (b, c) in ((1, (2, 3)), x):
		s += a * b - c
	return s
