/* Arrays of other libraries, the fastest way in that each offers: torch's table of C functions (DLPack 1.3 exchange),
 * CuPy's attributes, __cuda_array_interface__ version 3, and for arrays in host memory __dlpack__, __array_interface__ and
 * the buffer protocol. */
#include "launch/foreign.h"
#include "launch/getter.h"
#include "printed.h"

#include "memory/device.h"
#include "memory/dlpack.h"
#include "memory/extent.h"
#include "memory/stream.h"
#include "types/dtype.h"

#include <string.h>

/* -- DLPack's C exchange ------------------------------------------------------------------------------------------ */

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
	case DL_BFLOAT:  return log == 1 ? GJ_BF16 : -1;
	case DL_COMPLEX: return log > 2 ? GJ_C64 + log - 3 : -1;
	case DL_BOOL:    return log == 0 ? GJ_BOOL : -1;
	default:         return -1;
	}
}

/* In place of an ordinary exception that is pending. */
static bool refuse(PyObject *o, const char *why)
{
	gj_error(GJ_ERR_ARG_TENSOR, Py_TYPE(o)->tp_name, why);
	return false;
}

static bool refuse_dtype(PyObject *o)
{
	PyObject *dtype = PyErr_Occurred() ? NULL : PyObject_GetAttrString(o, "dtype"), *text = dtype ? PyObject_Str(dtype) : NULL;
	const char *name = text ? PyUnicode_AsUTF8(text) : NULL;
	char why[200];
	PyOS_snprintf(why, sizeof why, "its dtype%s%.100s is not one that kernels have: convert it first", name ? " " : "",
		name ? name : "");
	refuse(o, why);
	Py_XDECREF(text);
	Py_XDECREF(dtype);
	return false;
}

/* Takes the pending exception, or NULL where none is. false: it is none that could be swallowed, and stays. */
static bool pending(PyObject **value)
{
	PyObject *cls, *trace;
	PyErr_Fetch(&cls, value, &trace);
	PyErr_NormalizeException(&cls, value, &trace);
	Py_XINCREF(*value);
	PyErr_Restore(cls, *value, trace);
	if (gj_forgive(PyExc_Exception))
		return true;
	Py_CLEAR(*value);
	return false;
}

/* With the first line of the pending exception, which says what the library has against it. */
static bool refuse_because(PyObject *o, const char *what)
{
	char why[300];
	PyObject *said;
	if (!pending(&said))
		return false;
	PyObject *text = said ? PyObject_Str(said) : NULL;
	const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
	Py_XDECREF(said);
	if (!gj_forgive(PyExc_Exception)) {
		Py_XDECREF(text);
		return false;
	}
	bool dtype = s && strstr(s, "dtype");
	PyOS_snprintf(why, sizeof why, "%s%s%.*s%s", what, s && *s ? " (" : "", s ? (int)strcspn(s, "\n") : 0, s ? s : "",
		s && *s ? ")" : "");
	Py_XDECREF(text);
	return dtype ? refuse_dtype(o) : refuse(o, why);
}

/* Attributes that tensors are asked for at every launch. */
static gj_getter is_conj = { .text = "is_conj" }, is_neg = { .text = "is_neg" }, requires_grad = { .text = "requires_grad" };

/* Is the attribute (called, if `call`) true? An object without it: no. false too with an exception, which is set. */
static bool says(PyObject *o, gj_getter *which, bool call)
{
	PyObject *v = gj_get(which, o);
	if (!v) {
		gj_forgive(PyExc_AttributeError);
		return false;
	}
	if (call)
		Py_SETREF(v, PyObject_CallNoArgs(v));
	int truth = v ? PyObject_IsTrue(v) : 0;
	Py_XDECREF(v);
	return truth > 0;
}

static const char tracked[] = "it requires grad, and a kernel's work would not be differentiated: pass x.detach()";

/* The C path hands out lazily conjugated or negated tensors, and ones that autograd tracks, without a word. A negated
 * view is the imaginary part of a conjugated one: it is strided, so others are not asked. */
static bool lazy_tensor(PyObject *o, const dl_tensor *t, int64_t size)
{
	if (t->code == DL_COMPLEX && says(o, &is_conj, true))
		return refuse(o, "it is a lazy conjugate: call .resolve_conj() first");
	bool strided = t->ndim && (t->strides[t->ndim - 1] != size || t->shape[t->ndim - 1] <= 1);
	bool real = t->code == DL_FLOAT || t->code == DL_BFLOAT;
	if (strided && real && says(o, &is_neg, true))
		return refuse(o, "it is a lazy negative: call .resolve_neg() first");
	if ((real || t->code == DL_COMPLEX) && says(o, &requires_grad, false))
		return refuse(o, tracked);
	return !PyErr_Occurred();
}

/* Notes the stream that a library works on; two that disagree cancel out. */
static void note_stream(gj_args *a, const void *library, uintptr_t stream)
{
	if (!a->asked)
		a->producer = stream;
	else if (a->producer != stream)
		a->producer = 0;
	a->asked = library;
}

/* Memory of the host as a NumPy array that keeps `o` alive; of bfloat16, which NumPy has not, as one of bits. */
static bool read_host(gj_args *a, PyObject *o, int kind, const dl_tensor *t, bool readonly)
{
	const char *lie = gj_extent_lies((uintptr_t)t->data + t->byte_offset, t->ndim, t->shape, t->strides, gj_scalar[kind]->size);
	if (lie)
		return gj_error(GJ_ERR_ARRAY_LIES, lie), false;
	PyObject *array = PyArray_NewFromDescr(&PyArray_Type, gj_dtype_of_kind(kind == GJ_BF16 ? GJ_U16 : kind), t->ndim, (npy_intp *)t->shape,
		(npy_intp *)t->strides, (char *)t->data + t->byte_offset, readonly ? 0 : NPY_ARRAY_WRITEABLE, NULL);
	if (!array)
		return false;
	PyArray_UpdateFlags((PyArrayObject *)array, NPY_ARRAY_ALIGNED | NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS);
	if (PyArray_SetBaseObject((PyArrayObject *)array, Py_NewRef(o)) < 0)
		return Py_DECREF(array), false;
	if (!gj_args_keep(a, array) || !gj_args_ndarray(a, (PyArrayObject *)array))
		return false;
	gj_arg *leaf = &a->leaf[a->nleaves - 1];
	leaf->type = gj_array_type_of(kind, leaf->type->ndim, leaf->type->layout, leaf->type->readonly);
	return true;
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
	if (!holder || gj_device_reaches(a->dev, holder))
		return holder != NULL;
	return gj_error(GJ_ERR_ARG_DEVICE, holder->ordinal, holder->info.name, a->dev->ordinal, a->dev->info.name), false;
}

/* Shape and strides, in bytes from now on, are copied before other code runs: they are the tensor's own. */
static bool copy_dims(dl_tensor *t, int64_t *shape, int64_t *strides, int64_t size)
{
	bool steps = t->strides;
	for (int i = 0; i < t->ndim; i++) {
		shape[i] = t->shape[i];
		if (steps && __builtin_mul_overflow(shape[i] > 1 ? t->strides[i] : 1, size, &strides[i]))
			return gj_error(GJ_ERR_ARRAY_LIES, "its strides lead out of the address space"), false;
	}
	t->shape = shape;
	t->strides = strides;
	return steps || gj_c_strides(t->ndim, shape, size, strides)
		|| (gj_error(GJ_ERR_ARRAY_LIES, "its size in bytes does not fit in 64 bits"), false);
}

static bool read_exchange(gj_args *a, PyObject *o, const void *aux)
{
	const dl_exchange *api = aux;
	int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	dl_tensor t;
	if (api->describe(o, &t) != 0)
		return refuse(o, "only dense tensors with memory of their own can be passed");
	int kind = dl_kind(&t);
	if (kind < 0)
		return refuse_dtype(o);
	if (t.ndim < 0 || t.ndim > GJ_MAX_NDIM)
		return gj_error(GJ_ERR_ARRAY_NDIM, (int)t.ndim, (int)GJ_MAX_NDIM), false;
	if (!copy_dims(&t, shape, strides, gj_scalar[kind]->size) || !lazy_tensor(o, &t, gj_scalar[kind]->size))
		return false;
	if (t.device.type == DL_CPU || t.device.type == DL_CUDA_HOST)
		return read_host(a, o, kind, &t, false);
	if (t.device.type != DL_CUDA && t.device.type != DL_CUDA_MANAGED)
		return refuse(o, "it is neither in host memory nor on a CUDA device");
	uintptr_t data = (uintptr_t)t.data + t.byte_offset;
	bool here = a->dev && t.device.type == DL_CUDA && t.device.id == a->dev->ordinal;
	if (!reachable(a, o, here ? 0 : data))
		return false;
	void *stream = NULL;
	if (a->dev && a->asked != api) {
		if (api->current_stream && api->current_stream(DL_CUDA, t.device.id, &stream) != 0)
			return false;
		note_stream(a, api, (uintptr_t)stream);
	}
	return gj_args_describe(a, gj_scalar[kind], t.ndim, data, false, shape, strides);
}

/* The newest table that we understand; NULL: the class has none, or an exception is set. */
static const dl_exchange *exchange_of(PyTypeObject *cls)
{
	PyObject *capsule;
	if (gj_attribute((PyObject *)cls, "__dlpack_c_exchange_api__", &capsule) < 0)
		return gj_forgive(PyExc_Exception), NULL;
	const dl_exchange *api = capsule && PyCapsule_CheckExact(capsule) ? PyCapsule_GetPointer(capsule, "dlpack_exchange_api")
		: NULL;
	Py_XDECREF(capsule);
	gj_forgive(PyExc_ValueError);              /* a capsule of another name */
	while (api && api->major != 1)
		api = api->older;
	return api && api->describe ? api : NULL;
}

/* -- __cuda_array_interface__ ------------------------------------------------------------------------------------- */

/* Integers of a tuple; their number, or −1, with an exception or without. */
static int read_ints(PyObject *tuple, int64_t *out)
{
	if (!tuple || !PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) > GJ_MAX_NDIM)
		return -1;
	int n = (int)PyTuple_GET_SIZE(tuple);
	for (int i = 0; i < n; i++) {
		out[i] = PyLong_AsLongLong(PyTuple_GET_ITEM(tuple, i));
		if (out[i] == -1 && PyErr_Occurred())
			return -1;
	}
	return n;
}

/* The type of an element; NULL: none of kernels, or an exception. `descr` tells of the fields of records. */
static const gj_type *element_of(PyObject *typestr, PyObject *descr)
{
	PyArray_Descr *d = NULL;
	if (!typestr || !PyUnicode_Check(typestr) || !PyArray_DescrConverter(typestr, &d))
		return gj_forgive(PyExc_Exception), NULL;
	if (descr && d->kind == 'V') {
		PyObject *reads = gj_import("numpy.lib.format", "descr_to_dtype"), *full = reads ? PyObject_CallOneArg(reads, descr) : NULL;
		Py_XDECREF(reads);
		if (full && PyArray_DescrCheck(full) && PyDataType_ELSIZE((PyArray_Descr *)full) == PyDataType_ELSIZE(d))
			Py_SETREF(d, (PyArray_Descr *)Py_NewRef(full));
		Py_XDECREF(full);
		gj_forgive(PyExc_Exception);
	}
	const gj_type *t = gj_type_of_dtype(d);
	Py_DECREF(d);
	return t;
}

/* bfloat16, of which NumPy's codes say only that it has two bytes; the object's own dtype says the rest. NULL: something else. */
static const gj_type *brain_element(PyObject *o, PyObject *typestr)
{
	PyObject *dtype = NULL, *text = NULL;
	bool two = typestr && PyUnicode_Check(typestr) && PyUnicode_GET_LENGTH(typestr) == 3
		&& PyUnicode_CompareWithASCIIString(typestr, "<V2") * PyUnicode_CompareWithASCIIString(typestr, "|V2") == 0;
	if (two && !PyErr_Occurred() && gj_attribute(o, "dtype", &dtype) > 0)
		text = PyObject_Str(dtype);
	const char *name = text ? PyUnicode_AsUTF8(text) : NULL;
	const char *at = name ? strstr(name, "bfloat16") : NULL;
	bool yes = at && !at[8];
	Py_XDECREF(text);
	Py_XDECREF(dtype);
	return yes ? gj_scalar[GJ_BF16] : NULL;
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
	gj_show_any();
	return status == GJ_OK || (gj_status_error(status, "waiting for the stream of an array argument"), false);
}

/* What the interface's dictionary holds. Numbers in it may run code that takes the dictionary apart, so these are references
 * of our own; what is None is NULL. */
enum { I_SHAPE, I_STRIDES, I_TYPESTR, I_DATA, I_MASK, I_STREAM, I_DESCR, I_COUNT };

static bool take_entries(PyObject *dict, PyObject *entry[I_COUNT])
{
	static const char *const names[I_COUNT] = { "shape", "strides", "typestr", "data", "mask", "stream", "descr" };
	memset(entry, 0, I_COUNT * sizeof *entry);
	for (int i = 0; i < I_COUNT; i++) {
		PyObject *name = PyUnicode_FromString(names[i]), *v = name ? PyDict_GetItemWithError(dict, name) : NULL;
		Py_XDECREF(name);
		entry[i] = v == Py_None ? NULL : Py_XNewRef(v);
		if (PyErr_Occurred())
			return false;
	}
	return true;
}

static bool read_entries(gj_args *a, PyObject *o, PyObject *const entry[I_COUNT])
{
	int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	PyObject *data = entry[I_DATA], *steps = entry[I_STRIDES];
	int ndim = read_ints(entry[I_SHAPE], shape);
	const gj_type *elem = ndim < 0 ? NULL : element_of(entry[I_TYPESTR], entry[I_DESCR]);
	if (ndim >= 0 && !elem && !(elem = brain_element(o, entry[I_TYPESTR])))
		return refuse_dtype(o);
	if (entry[I_MASK])
		return refuse(o, "it is masked: pass the data and the mask as two arrays");
	if (ndim < 0 || (steps && read_ints(steps, strides) != ndim))
		return refuse(o, "its __cuda_array_interface__ has no valid shape and strides of at most 6 dimensions");
	if (!data || !PyTuple_Check(data) || PyTuple_GET_SIZE(data) != 2)
		return refuse(o, "its __cuda_array_interface__ has no valid data pointer");
	uintptr_t ptr = PyLong_AsSize_t(PyTuple_GET_ITEM(data, 0));
	int readonly = PyErr_Occurred() ? -1 : PyObject_IsTrue(PyTuple_GET_ITEM(data, 1));
	if (readonly < 0)
		return refuse(o, "its __cuda_array_interface__ has no valid data pointer");
	return reachable(a, o, ptr) && wait_for(a, o, entry[I_STREAM])
		&& gj_args_describe(a, elem, ndim, ptr, readonly, shape, steps ? strides : NULL);
}

static bool read_interface(gj_args *a, PyObject *o, PyObject *dict)
{
	PyObject *entry[I_COUNT];
	bool ok = take_entries(dict, entry) && read_entries(a, o, entry);
	for (int i = 0; i < I_COUNT; i++)
		Py_XDECREF(entry[i]);
	return ok;
}

/* An array that shows its memory to nobody; those that a library differentiates say so. */
static bool refuse_protocol(PyObject *o, const char *what)
{
	PyObject *said;
	if (!pending(&said))
		return false;
	bool grad = says(o, &requires_grad, false);
	if (!gj_forgive(PyExc_Exception)) {
		Py_XDECREF(said);
		return false;
	}
	if (said)
		PyErr_SetObject((PyObject *)Py_TYPE(said), said);
	Py_XDECREF(said);
	return grad ? refuse(o, tracked) : refuse_because(o, what);
}

/* NumPy takes memory from DLPack's first version as read-only, because that has no flag for it. The library's own way to
 * NumPy may know better: it counts where it leads to the same memory. Steals the array; NULL: exception. */
static PyObject *writable(PyObject *o, PyObject *array)
{
	PyArrayObject *a = (PyArrayObject *)array;
	PyObject *other = PyArray_ISWRITEABLE(a) ? NULL : PyArray_FromAny(o, NULL, 0, 0, 0, NULL);
	PyArrayObject *b = (PyArrayObject *)other;
	if (!gj_forgive(PyExc_Exception)) {
		Py_DECREF(array);
		return NULL;
	}
	if (b && PyArray_ISWRITEABLE(b) && PyArray_DATA(a) == PyArray_DATA(b) && PyArray_NDIM(a) == PyArray_NDIM(b)
		&& PyArray_EquivTypes(PyArray_DESCR(a), PyArray_DESCR(b)) && PyArray_CompareLists(PyArray_DIMS(a), PyArray_DIMS(b),
			PyArray_NDIM(a)) && PyArray_CompareLists(PyArray_STRIDES(a), PyArray_STRIDES(b), PyArray_NDIM(a))) {
		Py_DECREF(array);
		return other;
	}
	Py_XDECREF(other);
	return array;
}

/* The tensor in a capsule of __dlpack__(); NULL: it is none. The first version has no flag for memory that must not be written. */
static const dl_tensor *tensor_in(PyObject *capsule, bool *readonly)
{
	*readonly = true;
	if (PyCapsule_IsValid(capsule, "dltensor"))
		return PyCapsule_GetPointer(capsule, "dltensor");
	if (!PyCapsule_IsValid(capsule, "dltensor_versioned"))
		return NULL;
	const dl_versioned *v = PyCapsule_GetPointer(capsule, "dltensor_versioned");
	*readonly = v->flags & 1;
	return v->major == 1 ? &v->tensor : NULL;
}

/* A tensor that NumPy does not take: of bfloat16, or on a GPU. The capsule is kept, unused, which keeps the memory.
 * 0: it is something else; −1: exception. */
static int read_capsule(gj_args *a, PyObject *o)
{
	int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	bool readonly, ok;
	PyObject *capsule = PyObject_CallMethod(o, "__dlpack__", NULL);
	const dl_tensor *found = capsule ? tensor_in(capsule, &readonly) : NULL;
	int kind = found ? dl_kind(found) : -1;
	if (kind < 0 || found->ndim < 0 || found->ndim > GJ_MAX_NDIM) {
		Py_XDECREF(capsule);
		return gj_forgive(PyExc_Exception) ? 0 : -1;
	}
	dl_tensor t = *found;
	uintptr_t data = (uintptr_t)t.data + t.byte_offset;
	if (!gj_args_keep(a, capsule) || !copy_dims(&t, shape, strides, gj_scalar[kind]->size))
		ok = false;
	else if (t.device.type == DL_CPU || t.device.type == DL_CUDA_HOST)
		ok = read_host(a, o, kind, &t, readonly);
	else if (t.device.type != DL_CUDA && t.device.type != DL_CUDA_MANAGED)
		ok = refuse(o, "it is neither in host memory nor on a CUDA device");
	else
		ok = reachable(a, o, data) && gj_args_describe(a, gj_scalar[kind], t.ndim, data, readonly, shape, strides);
	return ok ? 1 : -1;
}

/* NumPy's view of a host array of another library; never a copy, so that what the kernel writes is seen. */
static bool read_dlpack(gj_args *a, PyObject *o)
{
	PyObject *from = gj_import("numpy", "from_dlpack"), *said;
	PyObject *array = from ? PyObject_CallOneArg(from, o) : NULL;
	Py_XDECREF(from);
	if (!array || !PyArray_Check(array)) {
		Py_XDECREF(array);
		int done = pending(&said) ? read_capsule(a, o) : -1;
		if (done) {
			Py_XDECREF(said);
			return done > 0;
		}
		if (said)
			PyErr_SetObject((PyObject *)Py_TYPE(said), said);
		Py_XDECREF(said);
		return refuse_protocol(o, "it offers no memory that can be shared");
	}
	array = writable(o, array);
	return array && gj_args_keep(a, array) && gj_args_ndarray(a, (PyArrayObject *)array);
}

/* The buffer protocol and __array_interface__: what NumPy makes of it without a copy. */
static bool read_buffer(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	PyObject *array = PyArray_FromAny(o, NULL, 0, 0, 0, NULL);
	if (!array)
		return refuse_because(o, "it offers no memory that can be shared");
	if (PyArray_CHKFLAGS((PyArrayObject *)array, NPY_ARRAY_OWNDATA)) {
		Py_DECREF(array);
		return refuse(o, "NumPy can only copy its memory: pass np.asarray(x)");
	}
	return gj_args_keep(a, array) && gj_args_ndarray(a, (PyArrayObject *)array);
}

static bool read_protocol(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	PyObject *dict;
	int found = gj_attribute(o, "__cuda_array_interface__", &dict);
	if (found <= 0)
		return found < 0 ? refuse_protocol(o, "its __cuda_array_interface__ cannot be read") : read_dlpack(a, o);
	if (!PyDict_Check(dict)) {
		Py_DECREF(dict);
		return refuse(o, "its __cuda_array_interface__ is no dictionary");
	}
	bool ok = read_interface(a, o, dict);
	Py_DECREF(dict);
	return ok;
}

/* -- CuPy --------------------------------------------------------------------------------------------------------- */

static struct { gj_getter data, ptr, dtype, shape, strides, contiguous, ndim, size, stream; PyObject *current; } cupy = {
	.data.text = "data", .ptr.text = "ptr", .dtype.text = "dtype", .shape.text = "shape", .strides.text = "strides",
	.contiguous.text = "_c_contiguous", .ndim.text = "ndim", .size.text = "size", .stream.text = "ptr" };

static bool cupy_init(void)
{
	if (!cupy.current)
		cupy.current = gj_import("cupy.cuda", "get_current_stream");
	gj_forgive(PyExc_Exception);
	return cupy.current != NULL;
}

static bool integer_attr(PyObject *o, gj_getter *name, uintptr_t *out)
{
	PyObject *v = o ? gj_get(name, o) : NULL;
	*out = v ? PyLong_AsSize_t(v) : 0;
	Py_XDECREF(v);
	return v && !PyErr_Occurred();
}

static int tuple_attr(PyObject *o, gj_getter *name, int64_t *out)
{
	PyObject *v = gj_get(name, o);
	int n = read_ints(v, out);
	Py_XDECREF(v);
	return n;
}

/* The shape; of one dimension without gaps from two numbers, which costs half of having a tuple made. −1 as tuple_attr. */
static int cupy_shape(PyObject *o, bool contiguous, int64_t *shape)
{
	uintptr_t ndim, size;
	bool line = contiguous && integer_attr(o, &cupy.ndim, &ndim) && ndim == 1 && integer_attr(o, &cupy.size, &size);
	if (!gj_forgive(PyExc_Exception))
		return -1;
	if (!line)
		return tuple_attr(o, &cupy.shape, shape);
	shape[0] = (int64_t)size;
	return 1;
}

/* The one that CuPy works on. */
static bool current_stream(uintptr_t *out)
{
	PyObject *current = PyObject_CallNoArgs(cupy.current);
	bool ok = integer_attr(current, &cupy.stream, out);
	Py_XDECREF(current);
	return ok;
}

static bool read_cupy(gj_args *a, PyObject *o, const void *aux)
{
	int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	uintptr_t ptr, stream = 0;
	PyObject *data = gj_get(&cupy.data, o), *dtype = gj_get(&cupy.dtype, o), *c = gj_get(&cupy.contiguous, o);
	bool known = integer_attr(data, &cupy.ptr, &ptr) && dtype && PyArray_DescrCheck(dtype) && c;
	const gj_type *elem = known ? gj_type_of_dtype((PyArray_Descr *)dtype) : NULL;
	bool contiguous = c == Py_True;
	Py_XDECREF(data);
	Py_XDECREF(dtype);
	Py_XDECREF(c);
	if (!known)
		return gj_forgive(PyExc_Exception) && read_protocol(a, o, aux);
	int ndim = cupy_shape(o, contiguous, shape);
	if (!elem)
		return refuse_dtype(o);
	if (ndim < 0 || (!contiguous && tuple_attr(o, &cupy.strides, strides) != ndim))
		return refuse(o, "arrays of more than 6 dimensions cannot be passed");
	if (!reachable(a, o, ptr))
		return false;
	if (a->dev && a->asked != &cupy) {
		if (!current_stream(&stream))
			return false;
		note_stream(a, &cupy, stream);
	}
	return gj_args_describe(a, elem, ndim, ptr, false, shape, contiguous ? NULL : strides);
}

/* -- Known again -------------------------------------------------------------------------------------------------- */

bool gj_foreign_view(const gj_reader *r, const gj_arg *leaf, gj_view *out)
{
	const gj_type *t = leaf->type;
	bool tensor = r->read == read_exchange, line = !t->ndim || leaf->strides[t->ndim - 1] == (int64_t)t->elem->size;
	if ((!tensor && r->read != read_cupy) || t->kind != GJ_ARRAY || t->readonly || (tensor ? gj_is_complex(t->elem) || !line : t->layout != 'C'))
		return false;
	*out = (gj_view){ .elem = t->elem, .ndim = (int)t->ndim, .data = leaf->data };
	for (uint32_t i = 0; i < t->ndim; i++) {
		out->shape[i] = leaf->shape[i];
		out->strides[i] = leaf->strides[i] / (int64_t)t->elem->size;
	}
	return true;
}

static bool same_tensor(const dl_exchange *api, PyObject *o, const gj_device *dev, const gj_view *v)
{
	dl_tensor t;
	if (api->describe(o, &t) != 0)
		return gj_forgive(PyExc_Exception), false;
	bool same = t.ndim == v->ndim && t.device.type == DL_CUDA && t.device.id == dev->ordinal && dl_kind(&t) == (int)v->elem->kind && t.strides
		&& (gj_devptr)t.data + t.byte_offset == v->data;
	for (int i = 0; same && i < v->ndim; i++)
		same = t.shape[i] == v->shape[i] && (t.shape[i] > 1 ? t.strides[i] : 1) == v->strides[i];
	bool asked = t.code == DL_FLOAT || t.code == DL_BFLOAT;
	return same && (!asked || ((!t.ndim || t.shape[t.ndim - 1] > 1) && !says(o, &requires_grad, false) && !PyErr_Occurred()));
}

static bool same_cupy(PyObject *o, gj_device *dev, const gj_view *v)
{
	int64_t shape[GJ_MAX_NDIM];
	uintptr_t ptr;
	PyObject *data = gj_get(&cupy.data, o), *dtype = gj_get(&cupy.dtype, o), *c = gj_get(&cupy.contiguous, o);
	bool same = c == Py_True && integer_attr(data, &cupy.ptr, &ptr) && ptr == v->data && dtype && PyArray_DescrCheck(dtype)
		&& gj_type_of_dtype((PyArray_Descr *)dtype) == v->elem && cupy_shape(o, true, shape) == v->ndim;
	Py_XDECREF(data);
	Py_XDECREF(dtype);
	Py_XDECREF(c);
	for (int i = 0; same && i < v->ndim; i++)
		same = shape[i] == v->shape[i];
	return gj_forgive(PyExc_Exception) && same && gj_device_of(dev, ptr) == dev;
}

bool gj_foreign_same(const gj_reader *r, PyObject *o, gj_device *dev, const gj_view *v)
{
	return r->read == read_exchange ? same_tensor(r->aux, o, dev, v) : same_cupy(o, dev, v);
}

bool gj_foreign_stream(const gj_reader *r, gj_device *dev, gj_stream **out)
{
	uintptr_t handle = 0;
	void *stream = NULL;
	*out = NULL;
	if (r->read == read_exchange) {
		const dl_exchange *api = r->aux;
		if (api->current_stream && api->current_stream(DL_CUDA, dev->ordinal, &stream) != 0)
			return false;
		handle = (uintptr_t)stream;
	} else if (!current_stream(&handle))
		return false;
	return !handle || (*out = gj_stream_wrapped(dev, handle));
}

/* -- Which way in ------------------------------------------------------------------------------------------------- */

/* Has it such an attribute? What raises something else than AttributeError has, and is asked again when it is read. */
static bool has(PyObject *o, const char *name)
{
	PyObject *v;
	bool yes = gj_attribute(o, name, &v) != 0;
	Py_XDECREF(v);
	gj_forgive(PyExc_Exception);
	return yes;
}

/* cupy.ndarray by name, so that cupy is never imported for the sake of asking. */
static bool is_cupy(PyTypeObject *cls)
{
	PyObject *module = PyObject_GetAttrString((PyObject *)cls, "__module__");
	bool yes = module && PyUnicode_Check(module) && PyUnicode_CompareWithASCIIString(module, "cupy") == 0
		&& !strcmp(cls->tp_name, "ndarray");
	Py_XDECREF(module);
	gj_forgive(PyExc_Exception);
	return yes;
}

/* ctypes' pointers: POINTER(…) and c_void_p, which hold an address. */
static bool read_pointer(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	Py_buffer view;
	uintptr_t address = 0;
	if (PyObject_GetBuffer(o, &view, PyBUF_SIMPLE) < 0)
		return refuse_because(o, "it holds no address");
	if (view.len == sizeof address)
		memcpy(&address, view.buf, sizeof address);
	PyBuffer_Release(&view);
	gj_arg *leaf = gj_args_leaf(a, gj_scalar[GJ_U64]);
	if (leaf)
		leaf->value.u = address;
	return leaf != NULL;
}

static bool is_pointer(PyTypeObject *cls)
{
	return gj_has_base(cls, "_ctypes._Pointer") || (gj_has_base(cls, "_ctypes._SimpleCData") && gj_has_base(cls, "c_void_p"));
}

bool gj_foreign_classify(PyObject *o, gj_reader *r)
{
	r->aux = (void *)exchange_of(Py_TYPE(o));
	if (r->aux)
		r->read = read_exchange;
	else if (is_cupy(Py_TYPE(o)) && cupy_init())
		r->read = read_cupy;
	else if (!PyErr_Occurred() && (has((PyObject *)Py_TYPE(o), "__cuda_array_interface__")
		|| has((PyObject *)Py_TYPE(o), "__dlpack__") || has(o, "__cuda_array_interface__")))
		r->read = read_protocol;
	else if (!PyErr_Occurred() && is_pointer(Py_TYPE(o)))
		r->read = read_pointer;
	else if (!PyErr_Occurred() && !PyBytes_Check(o) && (PyObject_CheckBuffer(o) || has((PyObject *)Py_TYPE(o), "__array_interface__")))
		r->read = read_buffer;
	return !PyErr_Occurred();
}
