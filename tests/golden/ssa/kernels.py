def saxpy(a, x, y, out, i):
	if i < out.shape[0]:
		out[i] = a * x[i] + y[i]


def mandelbrot(cr, ci, limit):
	zr = zi = 0.0
	n = 0
	while n < limit and zr * zr + zi * zi < 4.0:
		zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
		n += 1
	return n


def reduce(shared, tid, n, barrier):
	step = n // 2
	while step:
		if tid < step:
			shared[tid] += shared[tid + step]
		barrier()
		step >>= 1
	if tid == 0:
		return shared[0]
	return -1
