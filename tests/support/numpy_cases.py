"""Calls of NumPy's functions of arrays, which functions for the host can make: text, over the arguments below."""

import numpy as np

ARGUMENTS = {
	"x": np.array([3.0, 1, 2, 5, 4]), "y": np.array([1.0, 2, 2, 5, 9]), "i": np.array([3, 1, 2, 0, 1]), "f": np.array([3.5, -1.25, 2, 0.5], np.float32),
	"s": np.array([4, 2, 9], np.int16), "n": np.array([1.0, np.nan, 0.5, np.nan, 7]), "m": np.array([True, False, True, True, False]),
	"a": np.arange(6.0).reshape(2, 3) - 2, "b": np.arange(12.0).reshape(3, 4), "k": np.arange(6).reshape(2, 3), "c": np.arange(24.0).reshape(2, 3, 4),
	"z": np.array([1 + 2j, 3 - 1j, 0.5j, 2, 1j]), "w": np.array([0.5, 0.25, 0.25]), "t": np.linspace(0, 20, 9) % 6.0,
	"q": np.array([[4.0, 1, 2], [1, 3, 0.5], [2, 0.5, 5]]), "u": np.array([[2.0, 1, 0], [1, 1e-3, 3], [4, 2, 2]]),
	"h": np.array([[2, 1j, 0.5], [-1j, 3, 1 + 1j], [0.5, 1 - 1j, 4]]), "p": np.array([0, 2, 2, 1]), "e": np.zeros(0),
	"g": np.array([[2, 0.5], [0.5, 1]], np.float32), "r": np.random.default_rng(1).random(200), "v": np.random.default_rng(2).integers(0, 9, 60), "d": np.random.default_rng(3).random((4, 30)),
}

# Where a line has several calls, they share a function that is compiled.
CALLS = """
np.partition(x, np.array([1, 3])), np.argpartition(x, np.array([0, 2]))[2], np.cross([0, 0, 1], x[:3])
np.ascontiguousarray(b.T).reshape(-1), np.asfortranarray(b), np.ascontiguousarray(b[:, ::2]), np.array(b, order="F"), np.empty_like(b.T, order="C").shape, np.asarray(c.T, order="C").ravel()
np.matmul(q, q), np.matmul(q, q[0]), np.heaviside(x - 2, 0.5), np.heaviside(0, 0.5), np.heaviside(-1.0, x), np.heaviside(n, 1.0), np.angle(z), np.angle(z, True), np.angle(-2.0), np.angle(a), np.angle(2j, deg=True)
np.frombuffer(x, np.int16), np.frombuffer(i, dtype=np.float32), np.broadcast_shapes((3, 1), (1, 4), (2, 1, 1)), np.broadcast_shapes(3, (4, 1)), np.broadcast_arrays(a, a[0]), np.dsplit(c, (1, 3)), np.tril_indices_from(b), np.triu_indices_from(b, 1)
np.iscomplexobj(z), np.iscomplexobj(x), np.isrealobj(1j), np.isrealobj(i)
np.around(x / 3, 2), np.round(2.5), np.round(-1.2345, 3), np.around(x * 100 + 26, -2), np.round(f, 1), np.round(z / 3, 2), np.around(i), x.round(1)
np.clip(x, 2, 4), np.clip(x, None, 3), np.clip(i, 1, 2), np.clip(7.5, 0, 5), x.clip(2.0, 3.0), np.clip(a, -1.0, 1.0), np.clip(x, y, y + 1)
np.isclose(x, x + 1e-9), np.isclose(1.0, 1.1), np.isclose(n, n), np.isclose(n, n, equal_nan=True), np.allclose(x, y), np.allclose(x, x + 1e-9), np.isclose(np.inf, np.inf), np.isclose(1.0, np.inf), np.isclose(x, 3.0, atol=1.5)
np.array_equal(x, x), np.array_equal(x, y), np.array_equal(x, a), np.array_equal(x, x[1:]), np.array_equal(i, x)
np.nan_to_num(n), np.nan_to_num(n, nan=3.0), np.nan_to_num(np.inf), np.sinc(x - 3), np.sinc(0.0), np.isposinf(n), np.isneginf(-1 / x), np.iscomplex(z), np.isreal(z), np.isscalar(3.0), np.isscalar(x)
np.polyval(x, 2.0), np.polyval(x, y), np.polyval(i, 3), np.polyval(x, a), np.unwrap(t), np.unwrap(x * 2)
np.hanning(7), np.hamming(6), np.blackman(5), np.bartlett(7), np.bartlett(6), np.kaiser(7, 8.6), np.hanning(1), np.hamming(0)
np.partition(r, 17)[17], np.partition(x, 2)[:2].max(), np.partition(b, 1), np.argpartition(x, 0)[0], np.sort(b[:, ::-1]), np.argsort(x)
np.digitize(x, np.array([1.0, 2.0, 4.0])), np.digitize(x, np.array([4.0, 2.0, 1.0])), np.digitize(2.0, np.array([1.0, 2.0, 4.0]), right=True), np.digitize(a, np.array([-1.0, 1.0]))
np.argwhere(b > 4), np.argwhere(x > 2), np.nonzero(b > 7), np.where(a > 0), b.nonzero(), np.argwhere(c % 5 == 0)
np.isin(i, p), np.union1d(i, p), np.intersect1d(i, p), np.setdiff1d(i, p), np.setxor1d(x, y), np.isin(b, y, invert=True), np.union1d(x, i)
np.var(b, 0), np.std(b, axis=1), b.var(1), np.var(x, ddof=1), np.std(i, ddof=1), np.var(z), np.std(c, 2), np.ptp(x), np.average(x), np.average(x, weights=y), np.average(b, axis=1)
np.diff(x), np.diff(x, 2), np.diff(b), np.diff(i), np.ediff1d(x), np.ediff1d(b), np.ediff1d(x, to_end=y[:2]), np.ediff1d(x, to_begin=y[:1], to_end=y[:2]), np.gradient(x), np.gradient(x, 0.5)
np.median(x), np.median(b), np.median(r), np.median(i), np.median(n), np.percentile(x, 30), np.percentile(r, 99.5), np.percentile(x, w * 100), np.quantile(x, 0.25), np.quantile(i, w), np.quantile(b, 0.9), np.percentile(x, 0), np.percentile(x, 100)
np.bincount(i), np.bincount(i, x), np.bincount(i, minlength=7), np.bincount(i, weights=y), np.trace(b), np.trace(k)
np.histogram(x), np.histogram(x, 4), np.histogram(r, 7, (0.1, 0.9)), np.histogram(x, np.array([0.0, 2.0, 3.5, 5.0])), np.histogram(v), np.histogram(b, bins=5), np.histogram(np.ones(3), 3)
np.cov(d), np.cov(x), np.cov(x, y), np.cov(d, rowvar=False), np.cov(d, bias=True), np.cov(d, ddof=0), np.cov(z, z * 2), np.corrcoef(d), np.corrcoef(x, y), np.corrcoef(d, rowvar=False), np.cov(k)
np.nanargmax(n), np.nanargmin(n), np.nanargmax(b), np.nansum(n), np.nanprod(n), np.nanmean(n), np.nanmax(n), np.nanmin(n), np.nanvar(n), np.nanstd(n), np.nanmedian(n), np.nanpercentile(n, 40), np.nanquantile(n, w), np.nancumsum(n), np.nancumprod(n), np.nansum(i)
np.vdot(x, y), np.vdot(z, z), np.inner(x, y), np.inner(b, b), np.outer(x, y), np.kron(x, y), np.kron(a, q), np.kron(i, p), np.kron(a, x), np.cross(x[:3], y[:3])
np.correlate(x, y), np.correlate(x, w), np.correlate(x, w, "same"), np.correlate(x, w, "full"), np.correlate(w, x, "full"), np.correlate(z, z, "full"), np.convolve(x, w), np.convolve(w, x), np.convolve(x, w, "valid"), np.convolve(x, w, mode="same"), np.convolve(i, p), np.correlate(x, x[:4], "same")
np.eye(3), np.eye(2, 3), np.eye(3, k=1), np.eye(3, 4, -1), np.identity(2), np.diag(x), np.diag(b), np.diag(x, 1), np.diag(b, 1), np.diag(b, -1), np.diagflat(a), np.diagonal(b), b.diagonal(1)
np.eye(3, dtype=np.int32), np.eye(2, 3, 1, np.complex64), np.identity(3, np.float32), np.identity(2, dtype=int), np.tri(3, dtype=np.int8), np.eye(2, dtype=bool)
np.count_nonzero(b, axis=0), np.count_nonzero(b > 4, -1), np.cumsum(i, dtype=np.float32), np.cumsum(s, dtype=np.int16), i.cumsum(dtype=np.int32), np.cumprod(i, dtype=np.float64), np.cumsum(k, 0, np.int16)
np.nanvar(n, ddof=1), np.nanstd(n, ddof=1), np.trace(b, 1), np.trace(b, -1), b.trace(offset=2), np.intersect1d(i[:3], s, assume_unique=True), np.setdiff1d(s, i, assume_unique=True), np.unique(ar=i)
np.linalg.cond(q, 1), np.linalg.cond(q, np.inf), np.linalg.cond(q, -2), np.linalg.matrix_rank(q, 3.0), np.linalg.matrix_rank(q, tol=10.0), np.hsplit(b, indices_or_sections=(1, 2))
np.frombuffer(x, np.uint8, 5, 2), np.frombuffer(x, dtype=np.int32, offset=8), np.frombuffer(x, np.int16, count=3)
np.dot(a, b, np.empty((2, 4))), np.outer(x, y, out=np.empty((5, 5))), np.clip(x, 1, 3, out=np.empty(5)), np.round(x, 1, np.empty(5)), np.outer(b[:, 1], b[:, 0]), np.atleast_2d(b[:, 1]), np.column_stack((b[:, 0], b)), b.T.ravel(), b.T.reshape(2, -1)
np.tri(3), np.tri(3, 4, 1), np.tri(4, 2, -1), np.tril(b), np.tril(b, 1), np.triu(b), np.triu(b, -1), np.triu(k, 1), np.tril_indices(3), np.tril_indices(3, 1, 4), np.triu_indices(4), np.triu_indices(3, -1, 2), np.vander(x), np.vander(x, 3), np.vander(i, 3, True)
np.logspace(0, 2, 5), np.logspace(0, 3, 4, base=2.0), np.geomspace(1, 1000, 4), np.geomspace(-2.0, -32.0, 5), np.indices((3,)), np.indices((2, 3)), np.meshgrid(x, i), np.linspace(0, 1, 5)
np.flip(x), np.flip(b), np.flip(b, 1), np.flip(c), np.flip(c, 1), np.flipud(b), np.fliplr(b), np.rot90(b), np.rot90(b, 2), np.rot90(b, -1), np.rot90(b, 4), np.roll(x, 2), np.roll(x, -7), np.roll(b, 3), np.roll(b, 1, 0), np.roll(b, 1, axis=1), np.swapaxes(b, 0, 1), np.swapaxes(c, 0, 2), c.swapaxes(-1, 1), np.moveaxis(c, 0, 2), np.moveaxis(c, 2, 0), np.moveaxis(c, 1, -1), np.moveaxis(b, 0, 1)
np.repeat(x, 2), np.repeat(b, 3), np.repeat(x, i), x.repeat(2), np.tile(x, 3), np.tile(x, (2, 2)), np.tile(b, 2), np.tile(b, (2, 3)), np.resize(x, 7), np.resize(x, (2, 4)), np.broadcast_to(x, (2, 5)), np.atleast_1d(3.0), np.atleast_1d(b), np.atleast_2d(x), np.atleast_2d(b), np.atleast_3d(x), np.atleast_3d(b), np.atleast_2d(2)
np.concatenate((x, y)), np.concatenate((x, i)), np.concatenate((i, x, i)), np.concatenate((b, b + 1)), np.concatenate((b, b[:, :1]), axis=1), np.concatenate((b, b), -1), np.concatenate((c, c), 1), np.concatenate((s, s)), np.concatenate((m, m)), np.concatenate((x, z))
np.stack((x, y)), np.stack((x, y), 1), np.stack((x, i), axis=-1), np.stack((b, b + 1), 1), np.vstack((x, y)), np.vstack((b, b)), np.hstack((x, y)), np.hstack((b, b)), np.dstack((x, y)), np.dstack((b, b)), np.column_stack((x, y)), np.column_stack((x, i, y)), np.column_stack((b.T, x[:4]))
np.append(x, 3), np.append(x, y), np.append(i, 2.5), np.append(b, x), np.append(b, b, axis=0), np.append(b, b[:, :2], 1), np.insert(x, 2, 7.0), np.insert(x, -1, y), np.delete(x, 1), np.delete(x, -1), np.delete(x, p), np.trim_zeros(np.array([0.0, 0.0, 1.0, 0.0, 2.0, 0.0])), np.trim_zeros(np.array([0, 1, 0]), "f")
np.split(x, (1, 3)), np.array_split(x, (2,)), np.vsplit(b, (1,)), np.hsplit(b, (1, 3)), np.hsplit(x, (2,)), np.split(b, (2,)), np.ascontiguousarray(b.T), np.ascontiguousarray(x)
np.take(x, i), np.take(b, p), np.take(x, 2), x.take(p), np.extract(x > 2, x), np.extract(b > 4, b), np.select((x > 3, x > 1), (x, y)), np.select((x > 3, x > 1), (x, y), -1.0), np.take_along_axis(x, np.argsort(x), 0), np.take_along_axis(k, k % 2, 0), np.take_along_axis(b, p.reshape((1, 4)), 0)
np.linalg.norm(x), np.linalg.norm(b), np.linalg.norm(z), np.linalg.norm(x, 1), np.linalg.norm(x, np.inf), np.linalg.norm(x, -np.inf), np.linalg.norm(x, 0), np.linalg.norm(x, 3), np.linalg.norm(a, 1), np.linalg.norm(a, np.inf), np.linalg.norm(a, 2), np.linalg.norm(a, -2), np.linalg.norm(i)
np.linalg.solve(q, w), np.linalg.solve(u, b), np.linalg.solve(h, z[:3])
np.linalg.inv(q), np.linalg.inv(u), np.linalg.inv(h), np.linalg.det(q), np.linalg.det(u), np.linalg.det(h)
np.linalg.slogdet(u), np.linalg.slogdet(h), np.linalg.matrix_power(u, 5), np.linalg.matrix_power(q, -2), np.linalg.matrix_power(q, 0)
np.linalg.cholesky(q), np.linalg.cholesky(h), np.linalg.qr(u), np.linalg.qr(d[:, :3]), np.linalg.qr(d[:, :3].T), np.linalg.qr(h)
np.linalg.eigvalsh(q), np.linalg.eigvalsh(h), np.linalg.cond(u), np.linalg.matrix_rank(b)
np.linalg.pinv(b), np.linalg.pinv(a), np.linalg.lstsq(b.T, y[:4] + x[:4])
np.linalg.lstsq(d.T, d[0]), np.linalg.lstsq(u, b)
np.linalg.solve(g, f[:2]), np.linalg.inv(g), np.linalg.cholesky(g), np.linalg.qr(g)
"""
