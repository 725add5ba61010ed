"""One function for each message of the compiler, as a user would write the mistake. A line ends with `# here: TEXT` where
the caret must point, and TEXT is what it must underline."""
import enum
import math

import numpy as np

import gridjit
import gridjit.extending
import gridjit.np.unsafe.ndarray
from gridjit import cuda, float32

DICT = {"a": 1}
BIG = 2 ** 70
TABLE = np.arange(4, dtype=np.float32)
HUGE = np.broadcast_to(np.float32(1), 1 << 25)
RECORDS = np.zeros(2, [("mass", "f4"), ("name", "S8")])
PACKED = np.dtype([("flag", "i1"), ("n", "i4")])


class Shade(enum.Enum):
	DARK = 1
	LIGHT = 2


class Config:
	TILE = 16
	SIZES = [16]


def plain(a, b):
	return a + b


def mixed(a):
	if a > 1:
		return 1
	return (1, 2)


def mixed_tuple(a, b):
	return a, b


def endless(a):
	return endless((a, 1))


@cuda.jit("int32(int32, int32)", device=True)
def signed(a, b):
	return a + b


@gridjit.njit(["int64(int64, float64)", "int64(float64, int64)"])
def either(a, b):
	return 1


@cuda.jit("float32[:](int32)", device=True)
def wrong_return(a):
	return a


@cuda.jit
def launched(x):
	x[0] = 1


def UNSUPPORTED_OP(x):
	with x:
		pass


def NAME(x):
	x[0] = undefined_thing  # here: undefined_thing


def UNKNOWN_NAME(x):
	x[0] = cuda.threadIdx.w + sum(x)  # here: cuda.threadIdx.w


def UNKNOWN_FUNCTION(x):
	x[0] = cuda.atomic(x)  # here: cuda.atomic(x)


def UNBOUND(x):
	if x[0] < 0:
		del y  # noqa: F821
	y = y + 1  # here: y + 1


def ATTRIBUTE(x):
	x[0] = math.sine(1)  # here: math.sine


def OBJECT_ATTRIBUTE(x):
	x[0] = Config.SIZES  # here: Config.SIZES


def ARRAY_ATTRIBUTE(x):
	x[0] = x.searchsorted()  # here: x.searchsorted


def NOT_BUILT(x):
	x[0] = cuda.cooperative.sum(x[0])  # here: cuda.cooperative.sum


def INSTEAD(x):
	x[0] = np.linalg.norm(x)  # here: np.linalg.norm(x)


def NOT_CALLABLE(x):
	x[0] = x(0)  # here: x(0)


def NOT_CALLED(x):
	x[0] = 1
	cuda.syncthreads  # noqa: B018  # here: cuda.syncthreads


def SPACE_VALUE(x):
	x[0] = x[cuda.threadIdx]  # here: x[cuda.threadIdx]


def CLOSURE_VALUE(x):
	f = lambda: x[1]  # noqa: E731
	g = lambda: x[0]  # noqa: E731
	if x[0] > 0:
		f = g
	x[0] = f()


def NO_KEYWORD(x):
	x[0] = plain(1, c=2)  # here: plain(1, c=2)


def ARG_COUNT(x):
	x[0] = math.sin(1, 2)  # here: math.sin(1, 2)


def ARG_MISSING(x):
	x[0] = cuda.grid()  # here: cuda.grid()


def ARG_TYPE(x):
	x[0] = math.sin("1")  # here: math.sin("1")


def ARG_ARRAY(x):
	x[0] = math.sin(x)  # here: math.sin(x)


def ARG_COMPLEX(x):
	x[0] = math.sqrt(1j)  # here: math.sqrt(1j)


def ARG_INTEGER(x):
	for i in range(x.size / 2):  # here: range(x.size / 2)
		x[i] = 1


def ARG_SIZE(x):
	for i in range(x):  # here: range(x)
		x[i] = 1


def ARG_ITEM(x):
	for i in range(x.shape):  # here: range(x.shape)
		x[i] = 1


def ARG_PREDICATE(x):
	x[0] = cuda.syncthreads_count(x[0])  # here: cuda.syncthreads_count(x[0])


def ARG_KIND(x):
	x[0] = cuda.shfl_sync(-1, np.int8(1), 0)  # here: cuda.shfl_sync(-1, np.int8(1), 0)


def CALL_COUNT(x):
	x[0] = plain(1, 2, 3)  # here: plain(1, 2, 3)


def CALL_MISSING(x):
	x[0] = plain(1)  # here: plain(1)


def CALL_TWICE(x):
	x[0] = plain(1, a=2)  # here: plain(1, a=2)


def INPLACE_NDIM(x):
	x += x.reshape(1, 1)  # here: x += x.reshape(1, 1)


def TEXT_INDEX(x):
	x[0] = "abc"[int(x[0])] == "b"  # here: "abc"[int(x[0])]


def MEMBER_KEY(x):
	x[0] = Shade["LIHGT"].value  # here: Shade["LIHGT"]


def KEY(x):
	x[0] = {"a": 1, "b": x[0]}["c"]  # here: {"a": 1, "b": x[0]}["c"]


def STAR_STAR(x):
	x[0] = plain(1, **x[0])  # here: plain(1, **x[0])


def NEEDS_MEMORY(x):
	y = np.array(x + x)  # here: np.array(x + x)
	y[0] = 1


def LIKE_SHAPE(x):
	y = x.copy()  # here: x.copy()
	x[0] = y[0]


def RAGGED(x):
	y = np.array([[1, 2], [3]])  # here: np.array([[1, 2], [3]])
	x[0] = y[0]


def FRESH(x):
	old = np.zeros(2)
	for i in range(3):
		new = np.zeros(2)
		x[i] = old[0]  # here: old[0]
		old = new


def NEEDS_COPY(x):
	y = x.reshape(2, 2).T.reshape(4)  # here: x.reshape(2, 2).T.reshape(4)
	y[0] = 1


def VIEW_SIZE(x):
	x[0] = x[::2].view("i8")[0]  # here: x[::2].view("i8")


def AXES(x):
	y = x.transpose(0, 0)  # here: x.transpose(0, 0)
	y[0] = 1


def AXES_INTEGERS(x):
	x[0] = x.sum(axis=0.5)  # here: x.sum(axis=0.5)


def AXIS(x):
	x[0] = x.argmax(axis=1)  # here: x.argmax(axis=1)


def AXIS_TWICE(x):
	x[0] = x.argmin(axis=(0, 0))  # here: x.argmin(axis=(0, 0))


def AXIS_ONE(x):
	x[0] = x.reshape(2, 2, 1).argmin(axis=(0, 1))  # here: x.reshape(2, 2, 1).argmin(axis=(0, 1))


def REDUCE_CORRECTION(x):
	x[0] = x.var(ddof=1, correction=1)  # here: x.var(ddof=1, correction=1)


def STAR(x):
	x[0] = plain(*x)  # here: plain(*x)


def CALL_CONVERT(x):
	x[0] = signed(1, x)  # here: signed(1, x)


def PICKED(x):
	f = plain if x[0] > 1 else mixed_tuple
	x[0] = f(1, 2)  # here: f(1, 2)


def CALL_OVERLOAD(x):
	x[0] = either(x, 1)  # here: either(x, 1)


def CALL_AMBIGUOUS(x):
	x[0] = either(1, 1)  # here: either(1, 1)


def RETURN_CONVERT(x):
	x[0] = wrong_return(1)[0]  # here: wrong_return(1)


def TOO_DEEP(x):
	x[0] = endless(1)


def UNIFY(x):
	if x[0] > 0:
		y = 1
	else:
		y = (1, 2)  # here: (1, 2)
	x[0] = y


def OPTIONAL(x):
	y = None
	if x[0] > 0:
		y = range(3)  # here: range(3)
	for i in y:
		x[1] = i


def EXPRESSION_PATHS(x):
	y = x + 1 if x[0] > 2 else x * 2  # here: x * 2
	x[:] = y


def RETURN_UNIFY(x):
	x[0] = mixed(x[1])


def NO_BINOP(x):
	x[0] = x[0] + None  # here: x[0] + None


def TEXT_BINOP(x):
	x[0] = x[0] + "1"  # here: x[0] + "1"


def LIST_BINOP(x):
	x[0] = ([0] * 10)[0]  # here: [0] * 10


def TUPLE_BINOP(x):
	if cuda.grid(1) < x.shape:  # here: cuda.grid(1) < x.shape
		x[0] = 1


def ARRAY_BINOP(x):
	x[0] = x @ x  # here: x @ x


def EXPRESSION_SIZE(x):
	y = x + x
	y = y + y
	y = y + y
	y = y + y
	y = y + y
	y = y + y
	y = y + y
	y = y + y
	y = y + y
	y = y + y  # here: y + y
	x[0] = y[0]


def EXPRESSION_STALE(x):
	y = x * 2
	x[0] = 1
	x[1] = y[0]  # here: y[0]


def EXPRESSION_INDEX(x):
	x[:2] = (x + x)[:2]  # here: (x + x)[:2]


def LITERALLY(x):
	x[0] = gridjit.literally(x.shape[0])  # here: gridjit.literally(x.shape[0])


def REDUCE_AXIS(x):
	x[0] = x.sum(axis=0, keepdims=True)[0]  # here: x.sum(axis=0, keepdims=True)


def EXPRESSION_INPLACE(x):
	y = x + x
	y += 1  # here: y += 1
	x[0] = y[0]


def NO_UNOP(x):
	x[0] = ~x[1]  # here: ~x[1]


def IS(x):
	x[0] = x[1] is x[2]  # here: x[1] is x[2]


def TRUTH(x):
	if range(3):
		x[0] = 1


def TRUTH_ARRAY(x):
	if cuda.grid(1) < x:
		x[0] = 1


def CONVERT(x):
	x[0] = float32(x)  # here: float32(x)


def INT_TOO_LARGE(x):
	x[0] = BIG  # here: BIG


def ITER(x):
	for i in x[0]:  # here: x[0]
		pass


def ITER_TUPLE(x):
	x[0] = (1, 2.0).index(2)  # here: (1, 2.0).index(2)


def GENERATOR(x):
	for y in (a for a in x):  # here: (a for a in x)
		x[0] = y


def LIST_LENGTH(x):
	x[0] = [-i for i in range(2) if x[i] > 0][0]  # here: -i


def LIST_CHANGE(x):
	t = [1, 2]
	t[0] = 3  # here: t[0]
	x[0] = t[0]


def UNROLL_COUNT(x):
	x[0] = [y for y in x][0]


def UNROLL_SIZE(x):
	x[0] = len([i for i in range(5000)])


def RANGE_STEP(x):
	for i in range(0, 4, 0):  # here: range(0, 4, 0)
		x[0] = i


def SLICE_STEP(x):
	x[0] = x[::0].size  # here: x[::0]


@cuda.jit("float32(CPointer(float32))", device=True)
def half_way(p):
	return p[0.5]


def only_numbers(x):
	return x


@gridjit.extending.overload(only_numbers)
def choose_only_numbers(x):
	return (lambda x: x) if isinstance(x, gridjit.types.Number) else None


def OVERLOAD(x):
	x[0] = only_numbers(x)  # here: only_numbers(x)


def FIXED_TUPLE(x):
	x[0] = gridjit.np.unsafe.ndarray.to_fixed_tuple(x, x.size)[0]


def POINTER_INDEX(x):
	x[0] = half_way(x)


@cuda.jit("float32(voidptr)", device=True)
def first_of(p):
	return p[0]


def POINTER_VOID(x):
	x[0] = first_of(x)


@cuda.jit("float32(voidptr)", device=True)
def as_array(p):
	return gridjit.carray(p, 3)[0]


def CARRAY_VOID(x):
	x[0] = as_array(x)


@cuda.jit("float32(CPointer(float32))", device=True)
def as_integers(p):
	return gridjit.carray(p, 3, np.int32)[0]


def CARRAY_DTYPE(x):
	x[0] = as_integers(x)


def UNPACK(x):
	a, b = x[0]
	x[0] = a


def PRINT_LONG(a):
	t = a[0], a[0], a[0], a[0], a[0], a[0], a[0], a[0]
	print(t, t, t, t, t)  # here: print(t, t, t, t, t)


def PRINT_FORMAT(x):
	print(f"{(x[0], 1):>9}")  # here: print(f"{(x[0], 1):>9}")


def UNPACK_STAR(x):
	a, *b = x
	x[0] = a


def UNPACK_COUNT(x):
	a, b = cuda.grid(3)
	x[0] = a


def doubling(a):
	return doubling((a, a))


def wrapping(a):
	return wrapping((((a,),),))


def TUPLE_DEPTH(x):
	x[0] = wrapping(1)


def TUPLE_SIZE(x):
	x[0] = doubling(1)


def TUPLE_RANGE(x):
	t = (1, 2)
	x[0] = t[2]  # here: t[2]


def TUPLE_SLICE(x):
	t = (1, 2, 3)[cuda.grid(1):]  # here: (1, 2, 3)[cuda.grid(1):]
	x[0] = t[0]


def TUPLE_INDEX(x):
	t = (1, 2.0)
	x[0] = t[cuda.threadIdx.x]  # here: t[cuda.threadIdx.x]


def NO_INDEX(x):
	y = 1
	x[0] = y[0]  # here: y[0]


def INDEX_TYPE(x):
	x[0] = x["a"]  # here: x["a"]


def INDEX_ARRAY(x):
	x[x] = 1  # here: x[x]


def INDEX_FLOAT(x):
	x[0] = x[x.size / 2]  # here: x[x.size / 2]


def LAUNCH_INSIDE(x):
	launched[1, 32](x)  # here: launched[1, 32]


def INDEX_COUNT(x):
	x[0] = x[0, 1]  # here: x[0, 1]


@gridjit.vectorize
def halves(v):
	return v / 2 if v > 1 else v


def UFUNC_ARRAYS(x):
	x[:] = halves(x)  # here: halves(x)


def SETITEM(x):
	t = (1, 2)
	t[0] = 1  # here: t[0]


def STORE(x):
	x[0] = "text"  # here: x[0]


def MEMBER_NAME(x):
	c = Shade.DARK if x[0] > 0 else Shade.LIGHT
	if c.name == "DARK":  # here: c.name
		x[0] = 1


def STORE_COMPLEX(x):
	x[0] = 1j  # here: x[0]


def VECTOR_PARTS(x):
	x[0] = cuda.float32x4(cuda.float32x2(1, 2), 3).x  # here: cuda.float32x4(cuda.float32x2(1, 2), 3)


def FIELD(x):
	x[0] = RECORDS[0].z  # here: RECORDS[0].z


def FIELD_DTYPE(x):
	x[0] = RECORDS[0].name  # here: RECORDS[0].name


def READONLY(x):
	TABLE[0] = 1.0  # here: TABLE[0]


def SHAPE_CONST(x):
	s = cuda.shared.array(x.shape[0], float32)  # here: cuda.shared.array(x.shape[0], float32)
	x[0] = s[0]


def SHAPE_OWN(x):
	a = cuda.local.array(x.size, float32)  # here: cuda.local.array(x.size, float32)
	x[0] = a[0]


def SHAPE_RANGE(x):
	s = cuda.local.array(-1, float32)  # here: cuda.local.array(-1, float32)
	x[0] = s[0]


def LOCAL_TOO_LARGE(x):
	s = cuda.local.array((10 ** 5, 10 ** 4), float32)  # here: cuda.local.array((10 ** 5, 10 ** 4), float32)
	x[0] = s[0, 0]


def SHARED_TOO_LARGE(x):
	s = cuda.shared.array((64, 128), float32)
	t = cuda.shared.array((64, 128), float32)  # here: cuda.shared.array((64, 128), float32)
	x[0] = s[0, 0] + t[0, 0]


def DTYPE(x):
	s = cuda.shared.array(4, 1.0)  # here: cuda.shared.array(4, 1.0)
	x[0] = s[0]


def ALIGNMENT(x):
	s = cuda.shared.array(4, float32, 3)  # here: cuda.shared.array(4, float32, 3)
	x[0] = s[0]


def CONST_ARRAY(x):
	c = cuda.const.array_like(x)  # here: cuda.const.array_like(x)
	x[0] = c[0]


def CONST_TOO_LARGE(x):
	x[0] = HUGE[cuda.grid(1)]


def ATOMIC_ARRAY(x):
	cuda.atomic.add(1, 0, 1)  # here: cuda.atomic.add(1, 0, 1)


def ATOMIC_DTYPE(x):
	cuda.atomic.and_(x, 0, 1)  # here: cuda.atomic.and_(x, 0, 1)


def ATOMIC_ALIGN(x):
	a = cuda.local.array(1, PACKED)
	cuda.atomic.add(a.n, 0, 1)  # here: cuda.atomic.add(a.n, 0, 1)


def TILE_SIZE(x):
	cuda.cg.tiled_partition(cuda.cg.this_thread_block(), 12)  # here: cuda.cg.tiled_partition(cuda.cg.this_thread_block(), 12)


def GRID_NDIM(x):
	x[0] = cuda.grid(4)  # here: cuda.grid(4)


def KERNEL_RETURN(x):
	return x[0]
