/* Arrays of other libraries, the fastest way in that each offers: torch's table of C functions (DLPack 1.3 exchange),
 * CuPy's attributes, __cuda_array_interface__ version 3, and __dlpack__ for arrays in host memory. */
#include "launch/foreign.h"

#include "memory/device.h"
#include "memory/stream.h"
#include "types/dtype.h"

#include <string.h>

/* -- DLPack's C exchange ------------------------------------------------------------------------------------------ */

enum { DL_CPU = 1, DL_CUDA = 2, DL_CUDA_HOST = 3, DL_CUDA_MANAGED = 13 };
enum { DL_INT, DL_UINT, DL_FLOAT, DL_COMPLEX = 5, DL_BOOL };

typedef struct { int32_t type, id; } dl_device;
typedef struct {
	void *data;
	dl_device device;
	int32_t ndim;
	uint8_t code, bits;
	uint16_t lanes;
	int64_t *shape, *strides;                  /* strides in elements, NULL: C order */
	uint64_t byte_offset;
} dl_tensor;

typedef struct dl_exchange {
	uint32_t major, minor;
	struct dl_exchange *older;
	void *allocate, *from_object, *to_object;
	int (*describe)(void *object, dl_tensor *out);      /* no reference taken, no synchronisation */
	int (*current_stream)(int device_type, int32_t id, void **out);
} dl_exchange;

static int dl_kind(const dl_tensor *t)
{
	int log = t->bits == 8 ? 0 : t->bits == 16 ? 1 : t->bits == 32 ? 2 : t->bits == 64 ? 3 : t->bits == 128 ? 4 : -1;
	if (t->lanes != 1 || log < 0)
		return -1;
	switch (t->code) {
	case DL_INT:     return log < 4 ? GJ_I8 + log : -1;
	case DL_UINT:    return log < 4 ? GJ_U8 + log : -1;
	case DL_FLOAT:   return log > 0 && log < 4 ? GJ_F16 + log - 1 : -1;
	case DL_COMPLEX: return log > 2 ? GJ_C64 + log - 3 : -1;
	case DL_BOOL:    return log == 0 ? GJ_BOOL : -1;
	default:         return -1;
	}
}

static bool refuse(PyObject *o, const char *why)
{
	PyErr_Clear();
	gj_error(GJ_ERR_ARG_TENSOR, Py_TYPE(o)->tp_name, why);
	return false;
}

static bool refuse_dtype(PyObject *o)
{
	PyObject *dtype = PyObject_GetAttrString(o, "dtype"), *text = dtype ? PyObject_Str(dtype) : NULL;
	const char *name = text ? PyUnicode_AsUTF8(text) : NULL;
	char why[200];
	PyErr_Clear();
	PyOS_snprintf(why, sizeof why, "its dtype%s%.100s is not one that kernels have: convert it first", name ? " " : "",
		name ? name : "");
	refuse(o, why);
	Py_XDECREF(text);
	Py_XDECREF(dtype);
	return false;
}

/* With the first line of the pending exception, which says what the library has against it. */
static bool refuse_because(PyObject *o, const char *what)
{
	PyObject *cls, *value, *trace;
	char why[300];
	PyErr_Fetch(&cls, &value, &trace);
	PyObject *text = value ? PyObject_Str(value) : NULL;
	const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
	PyErr_Clear();
	bool dtype = s && strstr(s, "dtype");
	PyOS_snprintf(why, sizeof why, "%s%s%.*s%s", what, s && *s ? " (" : "", s ? (int)strcspn(s, "\n") : 0, s ? s : "",
		s && *s ? ")" : "");
	Py_XDECREF(text);
	Py_XDECREF(cls);
	Py_XDECREF(value);
	Py_XDECREF(trace);
	return dtype ? refuse_dtype(o) : refuse(o, why);
}

/* Is attribute `name` (called, if `call`) true? An object without it: no. */
static bool says(PyObject *o, const char *name, bool call)
{
	PyObject *v = call ? PyObject_CallMethod(o, name, NULL) : PyObject_GetAttrString(o, name);
	int truth = v ? PyObject_IsTrue(v) : 0;
	Py_XDECREF(v);
	PyErr_Clear();
	return truth > 0;
}

static const char tracked[] = "it requires grad, and a kernel's work would not be differentiated: pass x.detach()";

/* The C path hands out lazily conjugated or negated tensors, and ones that autograd tracks, without a word. A negated
 * view is the imaginary part of a conjugated one: it is strided, so others are not asked. */
static bool lazy_tensor(PyObject *o, const dl_tensor *t)
{
	if (t->code == DL_COMPLEX && says(o, "is_conj", true))
		return refuse(o, "it is a lazy conjugate: call .resolve_conj() first");
	bool strided = t->ndim && t->strides && (t->strides[t->ndim - 1] != 1 || t->shape[t->ndim - 1] <= 1);
	if (strided && t->code == DL_FLOAT && says(o, "is_neg", true))
		return refuse(o, "it is a lazy negative: call .resolve_neg() first");
	if ((t->code == DL_FLOAT || t->code == DL_COMPLEX) && says(o, "requires_grad", false))
		return refuse(o, tracked);
	return true;
}

/* Notes the stream that the producer works on; two that disagree cancel out. */
static void note_stream(gj_args *a, uintptr_t stream)
{
	if (!a->foreign)
		a->producer = stream;
	else if (a->producer != stream)
		a->producer = 0;
	a->foreign = true;
}

/* Memory of the host as a NumPy array that keeps `o` alive. */
static bool read_host(gj_args *a, PyObject *o, int kind, const dl_tensor *t)
{
	npy_intp strides[GJ_MAX_NDIM];
	for (int i = 0; t->strides && i < t->ndim; i++)
		strides[i] = t->strides[i] * gj_scalar[kind]->size;
	PyObject *array = PyArray_NewFromDescr(&PyArray_Type, gj_dtype_of_kind(kind), t->ndim, (npy_intp *)t->shape,
		t->strides ? strides : NULL, (char *)t->data + t->byte_offset, NPY_ARRAY_WRITEABLE, NULL);
	if (!array)
		return false;
	PyArray_UpdateFlags((PyArrayObject *)array, NPY_ARRAY_ALIGNED | NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS);
	if (PyArray_SetBaseObject((PyArrayObject *)array, Py_NewRef(o)) < 0 || !gj_args_keep(a, array))
		return Py_DECREF(array), false;
	return gj_args_ndarray(a, (PyArrayObject *)array);
}

/* A GPU array as argument of a launch: only GPUs can reach it, and of several perhaps not every one. data 0: it is known to
 * be on the right one. */
static bool reachable(gj_args *a, PyObject *o, uintptr_t data)
{
	if (!a->dev)
		return true;
	if (a->dev->ops->host_memory)
		return gj_error(GJ_ERR_ARG_ON_GPU, Py_TYPE(o)->tp_name), false;
	gj_device *holder = gj_device_of(a->dev, data);
	if (holder && holder != a->dev)
		gj_error(GJ_ERR_ARG_DEVICE, holder->ordinal, holder->info.name, a->dev->ordinal, a->dev->info.name);
	return holder == a->dev;
}

static bool read_exchange(gj_args *a, PyObject *o, const gj_reader *r)
{
	const dl_exchange *api = r->aux;
	dl_tensor t;
	if (api->describe(o, &t) != 0)
		return refuse(o, "only dense tensors with memory of their own can be passed");
	int kind = dl_kind(&t);
	if (kind < 0)
		return refuse_dtype(o);
	if (t.ndim > GJ_MAX_NDIM)
		return gj_error(GJ_ERR_ARRAY_NDIM, (int)t.ndim, (int)GJ_MAX_NDIM), false;
	if (!lazy_tensor(o, &t))
		return false;
	if (t.device.type == DL_CPU || t.device.type == DL_CUDA_HOST)
		return read_host(a, o, kind, &t);
	if (t.device.type != DL_CUDA && t.device.type != DL_CUDA_MANAGED)
		return refuse(o, "it is neither in host memory nor on a CUDA device");
	uintptr_t data = (uintptr_t)t.data + t.byte_offset;
	bool here = a->dev && t.device.type == DL_CUDA && t.device.id == a->dev->ordinal;
	if (!reachable(a, o, here ? 0 : data))
		return false;
	void *stream = NULL;
	if (a->dev && !a->foreign && api->current_stream && api->current_stream(DL_CUDA, t.device.id, &stream) != 0)
		return false;
	if (!a->foreign)
		note_stream(a, (uintptr_t)stream);
	int64_t strides[GJ_MAX_NDIM];
	for (int i = 0; t.strides && i < t.ndim; i++)
		strides[i] = t.strides[i] * gj_scalar[kind]->size;
	return gj_args_describe(a, kind, t.ndim, data, false, t.shape, t.strides ? strides : NULL);
}

/* The newest table that we understand; NULL: the class has none. */
static const dl_exchange *exchange_of(PyTypeObject *cls)
{
	PyObject *capsule = PyObject_GetAttrString((PyObject *)cls, "__dlpack_c_exchange_api__");
	const dl_exchange *api = capsule && PyCapsule_CheckExact(capsule) ? PyCapsule_GetPointer(capsule, "dlpack_exchange_api")
		: NULL;
	Py_XDECREF(capsule);
	PyErr_Clear();
	while (api && api->major != 1)
		api = api->older;
	return api && api->describe ? api : NULL;
}

/* -- __cuda_array_interface__ ------------------------------------------------------------------------------------- */

/* Integers of a tuple; their number, or −1 without an exception set. */
static int read_ints(PyObject *tuple, int64_t *out)
{
	if (!tuple || !PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) > GJ_MAX_NDIM)
		return -1;
	int n = (int)PyTuple_GET_SIZE(tuple);
	for (int i = 0; i < n; i++) {
		out[i] = PyLong_AsLongLong(PyTuple_GET_ITEM(tuple, i));
		if (out[i] == -1 && PyErr_Occurred())
			return PyErr_Clear(), -1;
	}
	return n;
}

static int typestr_kind(PyObject *text)
{
	PyArray_Descr *d = NULL;
	if (!text || !PyUnicode_Check(text) || !PyArray_DescrConverter(text, &d))
		return PyErr_Clear(), -1;
	int kind = gj_kind_of_dtype(d);
	Py_DECREF(d);
	return kind;
}

/* The protocol's stream: None no wait, 1 and 2 the two default streams, 0 forbidden. */
static bool wait_for(gj_args *a, PyObject *o, PyObject *stream)
{
	if (!stream || stream == Py_None || !a->dev || !gj_config.interface_sync)
		return true;
	uintptr_t handle = PyLong_AsSize_t(stream);
	if (PyErr_Occurred() || handle == 0)
		return refuse(o, "its __cuda_array_interface__ names an invalid stream");
	gj_stream *s = gj_stream_wrapped(a->dev, handle);
	gj_status status = GJ_OK;
	if (!s)
		return false;
	Py_BEGIN_ALLOW_THREADS
	status = a->dev->ops->stream_sync(a->dev, s);
	Py_END_ALLOW_THREADS
	return status == GJ_OK || (gj_status_error(status, "waiting for the stream of an array argument"), false);
}

static bool read_interface(gj_args *a, PyObject *o, PyObject *dict)
{
	int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	PyObject *data = PyDict_GetItemString(dict, "data"), *mask = PyDict_GetItemString(dict, "mask");
	PyObject *steps = PyDict_GetItemString(dict, "strides");
	int ndim = read_ints(PyDict_GetItemString(dict, "shape"), shape);
	int kind = typestr_kind(PyDict_GetItemString(dict, "typestr"));
	if (kind < 0)
		return refuse_dtype(o);
	if (mask && mask != Py_None)
		return refuse(o, "it is masked: pass the data and the mask as two arrays");
	if (steps == Py_None)
		steps = NULL;
	if (ndim < 0 || (steps && read_ints(steps, strides) != ndim))
		return refuse(o, "its __cuda_array_interface__ has no valid shape and strides of at most 6 dimensions");
	if (!data || !PyTuple_Check(data) || PyTuple_GET_SIZE(data) != 2)
		return refuse(o, "its __cuda_array_interface__ has no valid data pointer");
	uintptr_t ptr = PyLong_AsSize_t(PyTuple_GET_ITEM(data, 0));
	int readonly = PyErr_Occurred() ? -1 : PyObject_IsTrue(PyTuple_GET_ITEM(data, 1));
	if (readonly < 0)
		return refuse(o, "its __cuda_array_interface__ has no valid data pointer");
	return reachable(a, o, ptr) && wait_for(a, o, PyDict_GetItemString(dict, "stream"))
		&& gj_args_describe(a, kind, ndim, ptr, readonly, shape, steps ? strides : NULL);
}

/* An array that shows its memory to nobody; those that a library differentiates say so. */
static bool refuse_protocol(PyObject *o, const char *what)
{
	PyObject *cls, *value, *trace;
	PyErr_Fetch(&cls, &value, &trace);
	bool grad = says(o, "requires_grad", false);
	PyErr_Restore(cls, value, trace);
	return grad ? refuse(o, tracked) : refuse_because(o, what);
}

/* NumPy takes memory from DLPack's first version as read-only, because that has no flag for it. The library's own way to
 * NumPy may know better: it counts where it leads to the same memory. */
static PyObject *writable(PyObject *o, PyObject *array)
{
	PyArrayObject *a = (PyArrayObject *)array;
	PyObject *other = PyArray_ISWRITEABLE(a) ? NULL : PyArray_FromAny(o, NULL, 0, 0, 0, NULL);
	PyArrayObject *b = (PyArrayObject *)other;
	PyErr_Clear();
	if (b && PyArray_ISWRITEABLE(b) && PyArray_DATA(a) == PyArray_DATA(b) && PyArray_NDIM(a) == PyArray_NDIM(b)
		&& PyArray_EquivTypes(PyArray_DESCR(a), PyArray_DESCR(b)) && PyArray_CompareLists(PyArray_DIMS(a), PyArray_DIMS(b),
			PyArray_NDIM(a)) && PyArray_CompareLists(PyArray_STRIDES(a), PyArray_STRIDES(b), PyArray_NDIM(a))) {
		Py_DECREF(array);
		return other;
	}
	Py_XDECREF(other);
	return array;
}

/* NumPy's view of a host array of another library; never a copy, so that what the kernel writes is seen. */
static bool read_dlpack(gj_args *a, PyObject *o)
{
	PyObject *from = gj_import("numpy", "from_dlpack");
	PyObject *array = from ? PyObject_CallOneArg(from, o) : NULL;
	Py_XDECREF(from);
	if (!array || !PyArray_Check(array)) {
		Py_XDECREF(array);
		return refuse_protocol(o, "it offers no memory that can be shared");
	}
	array = writable(o, array);
	return gj_args_keep(a, array) && gj_args_ndarray(a, (PyArrayObject *)array);
}

static bool read_protocol(gj_args *a, PyObject *o, const gj_reader *r)
{
	(void)r;
	PyObject *dict = PyObject_GetAttrString(o, "__cuda_array_interface__");
	if (!dict && !PyErr_ExceptionMatches(PyExc_AttributeError))
		return refuse_protocol(o, "its __cuda_array_interface__ cannot be read");
	if (!dict) {
		PyErr_Clear();
		return read_dlpack(a, o);
	}
	if (!PyDict_Check(dict)) {
		Py_DECREF(dict);
		return refuse(o, "its __cuda_array_interface__ is no dictionary");
	}
	bool ok = read_interface(a, o, dict);
	Py_DECREF(dict);
	return ok;
}

/* -- CuPy --------------------------------------------------------------------------------------------------------- */

static struct { PyObject *data, *ptr, *dtype, *shape, *strides, *contiguous, *current; } cupy;

static bool cupy_init(void)
{
	if (cupy.data)
		return true;
	PyObject *current = gj_import("cupy.cuda", "get_current_stream");
	cupy.ptr = PyUnicode_InternFromString("ptr");
	cupy.dtype = PyUnicode_InternFromString("dtype");
	cupy.shape = PyUnicode_InternFromString("shape");
	cupy.strides = PyUnicode_InternFromString("strides");
	cupy.contiguous = PyUnicode_InternFromString("_c_contiguous");
	cupy.current = current;
	cupy.data = current ? PyUnicode_InternFromString("data") : NULL;
	PyErr_Clear();
	return cupy.data != NULL;
}

static bool integer_attr(PyObject *o, PyObject *name, uintptr_t *out)
{
	PyObject *v = o ? PyObject_GetAttr(o, name) : NULL;
	*out = v ? PyLong_AsSize_t(v) : 0;
	Py_XDECREF(v);
	return v && !PyErr_Occurred();
}

static int tuple_attr(PyObject *o, PyObject *name, int64_t *out)
{
	PyObject *v = PyObject_GetAttr(o, name);
	int n = read_ints(v, out);
	Py_XDECREF(v);
	return n;
}

static bool read_cupy(gj_args *a, PyObject *o, const gj_reader *r)
{
	int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	uintptr_t ptr, stream = 0;
	PyObject *data = PyObject_GetAttr(o, cupy.data), *dtype = PyObject_GetAttr(o, cupy.dtype);
	PyObject *c = PyObject_GetAttr(o, cupy.contiguous);
	bool known = integer_attr(data, cupy.ptr, &ptr) && dtype && PyArray_DescrCheck(dtype) && c;
	int kind = known ? gj_kind_of_dtype((PyArray_Descr *)dtype) : -1;
	bool contiguous = c == Py_True;
	Py_XDECREF(data);
	Py_XDECREF(dtype);
	Py_XDECREF(c);
	if (!known)
		return PyErr_Clear(), read_protocol(a, o, r);
	int ndim = tuple_attr(o, cupy.shape, shape);
	if (kind < 0)
		return refuse_dtype(o);
	if (ndim < 0 || (!contiguous && tuple_attr(o, cupy.strides, strides) != ndim))
		return refuse(o, "arrays of more than 6 dimensions cannot be passed");
	if (!reachable(a, o, ptr))
		return false;
	if (a->dev) {
		PyObject *current = PyObject_CallNoArgs(cupy.current);
		bool ok = integer_attr(current, cupy.ptr, &stream);
		Py_XDECREF(current);
		if (!ok)
			return false;
		note_stream(a, stream);
	}
	return gj_args_describe(a, kind, ndim, ptr, false, shape, contiguous ? NULL : strides);
}

/* -- Which way in ------------------------------------------------------------------------------------------------- */

static bool has(PyObject *o, const char *name)
{
	PyObject *v = PyObject_GetAttrString((PyObject *)Py_TYPE(o), name);
	Py_XDECREF(v);
	PyErr_Clear();
	return v != NULL;
}

/* cupy.ndarray by name, so that cupy is never imported for the sake of asking. */
static bool is_cupy(PyTypeObject *cls)
{
	PyObject *module = PyObject_GetAttrString((PyObject *)cls, "__module__");
	bool yes = module && PyUnicode_Check(module) && PyUnicode_CompareWithASCIIString(module, "cupy") == 0
		&& !strcmp(cls->tp_name, "ndarray");
	Py_XDECREF(module);
	PyErr_Clear();
	return yes;
}

/* The protocol may also be an attribute of the instance alone. */
static bool offers(PyObject *o, const char *name)
{
	PyObject *v = PyObject_GetAttrString(o, name);
	Py_XDECREF(v);
	PyErr_Clear();
	return v != NULL;
}

bool gj_foreign_classify(PyObject *o, gj_reader *r)
{
	r->aux = (void *)exchange_of(Py_TYPE(o));
	if (r->aux)
		r->read = read_exchange;
	else if (is_cupy(Py_TYPE(o)) && cupy_init())
		r->read = read_cupy;
	else if (has(o, "__cuda_array_interface__") || has(o, "__dlpack__") || offers(o, "__cuda_array_interface__"))
		r->read = read_protocol;
	return true;
}
