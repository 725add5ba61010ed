/* _core.DeviceArray: an array in device memory. Views are computed by NumPy on a shadow: an ndarray with the device's
 * address, whose items are never touched, so that indexing, transposing and the like follow NumPy to the letter. */
#include "memory/devarray.h"
#include "memory/dlpack.h"

#include "memory/buffer.h"
#include "memory/device.h"
#include "memory/extent.h"
#include "memory/stream.h"
#include "printed.h"
#include "types/dtype.h"

#include <string.h>

PyTypeObject *gj_devarray_class;

/* -- Making one --------------------------------------------------------------------------------------------------- */

static void change(gj_devarray *a)
{
	static uint64_t serials;
	a->serial = ++serials;
}

static void finish(gj_devarray *a)
{
	change(a);
	int64_t size = PyDataType_ELSIZE(a->dtype);
	a->layout = gj_is_contiguous(a->ndim, a->shape, a->strides, size, 'C') ? 'C'
		: gj_is_contiguous(a->ndim, a->shape, a->strides, size, 'F') ? 'F' : 'A';
	a->type = gj_array_type_where(gj_type_of_dtype(a->dtype), a->ndim, a->layout, a->readonly, a->data, a->shape, a->strides);
}

/* Steals nothing; dtype, base and stream are borrowed. */
static PyObject *make(PyTypeObject *cls, gj_device *dev, gj_devptr data, int ndim, const int64_t *shape,
	const int64_t *strides, PyArray_Descr *dtype, bool readonly, PyObject *base, PyObject *stream)
{
	if (ndim > GJ_MAX_NDIM)
		return gj_error(GJ_ERR_ARRAY_NDIM, ndim, (int)GJ_MAX_NDIM);
	gj_devarray *a = (gj_devarray *)cls->tp_alloc(cls, 0);
	if (!a)
		return NULL;
	a->dev = dev;
	a->data = data;
	a->ndim = ndim;
	a->readonly = a->fixed = readonly;
	for (int i = 0; i < ndim; i++) {
		a->shape[i] = shape[i];
		a->strides[i] = strides[i];
	}
	a->dtype = (PyArray_Descr *)Py_NewRef(dtype);
	a->base = Py_XNewRef(base);
	a->stream = Py_NewRef(stream ? stream : Py_None);
	finish(a);
	return (PyObject *)a;
}

/* Integers ≥ `least` of `o` (an int or a sequence of ints); their number, −1 with an exception. */
static int read_dims(PyObject *o, const char *what, int64_t least, int64_t *out)
{
	PyObject *seq = PyIndex_Check(o) ? PyTuple_Pack(1, o) : PySequence_Tuple(o);   /* __index__ of an item could change a list */
	if (!seq)
		return -1;
	Py_ssize_t n = PyTuple_GET_SIZE(seq);
	if (n > GJ_MAX_NDIM)
		gj_error(GJ_ERR_ARRAY_NDIM, (int)n, (int)GJ_MAX_NDIM);
	for (Py_ssize_t i = 0; i < n && !PyErr_Occurred(); i++) {
		out[i] = PyNumber_AsSsize_t(PyTuple_GET_ITEM(seq, i), PyExc_OverflowError);
		if (out[i] < least && !PyErr_Occurred())
			gj_error(GJ_ERR_NEGATIVE_DIM, what, (long long)out[i]);
	}
	Py_DECREF(seq);
	return PyErr_Occurred() ? -1 : (int)n;
}

/* Bytes from the first item to the end of the last; strides are filled in where `given` is false. −1: too large. */
static int64_t layout_bytes(int ndim, const int64_t *shape, int64_t *strides, bool given, char order, int64_t item)
{
	int64_t total = item, span = item, step;
	bool empty = false;
	for (int k = 0; k < ndim; k++) {
		int i = order == 'F' ? k : ndim - 1 - k;
		if (!given)
			strides[i] = total;
		empty |= shape[i] == 0;
		if (__builtin_mul_overflow(total, shape[i] ? shape[i] : 1, &total)
			|| __builtin_mul_overflow(strides[i], shape[i] ? shape[i] - 1 : 0, &step) || __builtin_add_overflow(span, step, &span))
			return -1;
	}
	return empty ? 0 : span;
}

/* The device that foreign memory is on. On the CPU device only its own memory can be: addresses of a GPU mean nothing. */
static gj_device *holder(gj_device *dev, gj_devptr data, PyObject *owner)
{
	int where = 0;
	if (!dev->ops->host_memory)
		return gj_device_of(dev, data);
	if (data)
		dev->ops->pointer_device(dev, data, &where);
	if (where == dev->ordinal)
		return dev;
	gj_error(GJ_ERR_ARG_ON_GPU, Py_TYPE(owner)->tp_name);
	return NULL;
}

/* Dtypes of device arrays: plain data of some size. Sets the exception. */
static bool has_items(PyArray_Descr *dtype)
{
	gj_err wrong = PyDataType_FLAGCHK(dtype, NPY_ITEM_REFCOUNT) ? GJ_ERR_ARRAY_DTYPE : PyDataType_HASSUBARRAY(dtype)
		? GJ_ERR_ARRAY_SUBARRAY : PyDataType_ELSIZE(dtype) == 0 ? GJ_ERR_ARRAY_NO_SIZE : GJ_ERR_COUNT;
	PyObject *text = wrong == GJ_ERR_COUNT ? NULL : PyObject_Str((PyObject *)dtype);
	const char *name = text ? PyUnicode_AsUTF8(text) : NULL;
	if (name)
		gj_error(wrong, name, gj_instead_of_dtype(dtype));
	Py_XDECREF(text);
	return wrong == GJ_ERR_COUNT;
}

static PyObject *check_dtype(PyObject *unused, PyObject *o)
{
	(void)unused;
	if (!PyArray_DescrCheck(o))
		return PyErr_Format(PyExc_TypeError, "a dtype is needed, not %s", Py_TYPE(o)->tp_name);
	return has_items((PyArray_Descr *)o) ? Py_NewRef(Py_None) : NULL;
}

/* Does the memory hold such an array? A buffer is known to its last byte, and so is all memory of the CPU device. Sets
 * the exception. */
static bool can_be(gj_device *dev, PyObject *owner, gj_devptr data, int ndim, const int64_t *shape, const int64_t *strides,
	int64_t item)
{
	uintptr_t lo = data, hi = data + (uintptr_t)item;
	char why[120];
	const char *lie = gj_extent_lies(data, ndim, shape, strides, item);
	if (lie)
		return gj_error(GJ_ERR_ARRAY_LIES, lie), false;
	for (int i = 0; i < ndim; i++) {
		if (shape[i] == 0)
			return true;
		*(strides[i] < 0 ? &lo : &hi) += (uintptr_t)strides[i] * (uintptr_t)(shape[i] - 1);
	}
	gj_buffer *b = Py_IS_TYPE(owner, gj_buffer_class) ? (gj_buffer *)owner : NULL;
	size_t left = b ? lo < b->place.at || lo - b->place.at > b->nbytes ? 0 : b->nbytes - (lo - b->place.at) : dev->ops->left(dev, lo);
	if (hi - lo <= left)
		return true;
	PyOS_snprintf(why, sizeof why, "it needs %zu bytes from %#zx on, there are %zu", (size_t)(hi - lo), (size_t)lo, left);
	return gj_error(GJ_ERR_ARRAY_OUTSIDE, why), false;
}

/* Of what a memory manager gave (a MemoryPointer). 0 with an exception: it is something else. */
static gj_devptr address_of(PyObject *memory)
{
	PyObject *value = PyObject_GetAttrString(memory, "device_pointer_value");
	gj_devptr at = value ? PyLong_AsSize_t(value) : 0;
	Py_XDECREF(value);
	if (!value)
		PyErr_SetString(PyExc_TypeError, "gpu_data is neither a Buffer nor comes with a pointer");
	return at;
}

static PyObject *create(PyTypeObject *cls, PyObject *shape_, PyObject *strides_, PyArray_Descr *dtype, PyObject *stream,
	PyObject *base, PyObject *pointer, char order, bool readonly)
{
	int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	bool given = strides_ != Py_None;
	int ndim = read_dims(shape_, "dimension", 0, shape), nstrides = 0;
	int64_t least = pointer == Py_None ? 0 : INT64_MIN;    /* a new allocation starts at the first item */
	if (ndim < 0 || (given && (nstrides = read_dims(strides_, "stride", least, strides)) < 0))
		return NULL;
	if (given && nstrides != ndim)
		return PyErr_Format(PyExc_ValueError, "%d strides were given for %d dimensions", nstrides, ndim);
	if (!has_items(dtype))
		return NULL;
	int64_t bytes = layout_bytes(ndim, shape, strides, given, order, PyDataType_ELSIZE(dtype));
	if (bytes < 0 && pointer == Py_None)
		return gj_error(GJ_ERR_ARRAY_HUGE);
	gj_device *dev = gj_device_current();
	PyObject *buffer = !dev ? NULL : base != Py_None ? Py_NewRef(base) : gj_buffer_new(dev, (size_t)bytes, stream);
	if (!buffer)
		return NULL;
	bool ours = Py_IS_TYPE(buffer, gj_buffer_class);
	if (ours)
		dev = ((gj_buffer *)buffer)->dev;
	gj_devptr data = pointer != Py_None ? PyLong_AsSize_t(pointer) : ours ? ((gj_buffer *)buffer)->place.at : address_of(buffer);
	PyObject *o = NULL;
	if (!PyErr_Occurred() && can_be(dev, buffer, data, ndim, shape, strides, PyDataType_ELSIZE(dtype))
		&& (ours || (dev = holder(dev, data, base))))
		o = make(cls, dev, data, ndim, shape, strides, dtype, readonly, buffer, stream);
	Py_DECREF(buffer);
	return o;
}

PyObject *gj_devarray_new(PyTypeObject *cls, gj_device *dev, int ndim, const int64_t *shape, const int64_t *strides,
	PyArray_Descr *dtype, PyObject *stream)
{
	int64_t as[GJ_MAX_NDIM];
	memcpy(as, strides, (size_t)ndim * sizeof *as);
	int64_t bytes = layout_bytes(ndim, shape, as, true, 'C', PyDataType_ELSIZE(dtype));
	if (bytes < 0)
		return gj_error(GJ_ERR_ARRAY_HUGE);
	PyObject *buffer = gj_buffer_new(dev, (size_t)bytes, stream), *o = NULL;
	if (buffer)
		o = make(cls, dev, ((gj_buffer *)buffer)->place.at, ndim, shape, strides, dtype, false, buffer, stream);
	Py_XDECREF(buffer);
	return o;
}

static PyObject *array_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	static char *names[] = { "shape", "strides", "dtype", "stream", "gpu_data", "order", "readonly", "pointer", NULL };
	PyObject *shape, *strides = Py_None, *stream = Py_None, *base = Py_None, *pointer = Py_None, *o = NULL;
	PyArray_Descr *dtype = NULL;
	int order = 'C', readonly = 0;
	if (PyArg_ParseTupleAndKeywords(args, kw, "O|OO&OOCpO:DeviceArray", names, &shape, &strides, PyArray_DescrConverter,
		&dtype, &stream, &base, &order, &readonly, &pointer)) {
		if (!dtype)
			dtype = PyArray_DescrFromType(NPY_FLOAT64);
		if (order != 'C' && order != 'F')
			gj_error(GJ_ERR_ARRAY_ORDER, order);
		else if (dtype)
			o = create(cls, shape, strides, dtype, stream, base, pointer, (char)order, readonly);
	}
	Py_XDECREF(dtype);
	return o;
}

/* The owner of the memory stays as long as the address: only the stream is cleared. */
static int array_traverse(PyObject *self, visitproc visit, void *arg)
{
	gj_devarray *a = (gj_devarray *)self;
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(a->dtype);
	Py_VISIT(a->base);
	Py_VISIT(a->stream);
	return 0;
}

static int array_clear(PyObject *self)
{
	Py_XSETREF(((gj_devarray *)self)->stream, Py_NewRef(Py_None));
	return 0;
}

static void array_dealloc(PyObject *self)
{
	gj_devarray *a = (gj_devarray *)self;
	PyTypeObject *cls = Py_TYPE(self);
	PyObject_GC_UnTrack(self);
	if (a->weak)
		PyObject_ClearWeakRefs(self);
	Py_XDECREF(a->dtype);
	Py_XDECREF(a->base);
	Py_XDECREF(a->stream);
	cls->tp_free(self);
	Py_DECREF(cls);
}

/* -- Views through a shadow --------------------------------------------------------------------------------------- */

static PyObject *shadow(gj_devarray *a)
{
	PyObject *s = PyArray_NewFromDescr(&PyArray_Type, (PyArray_Descr *)Py_NewRef(a->dtype), a->ndim, (npy_intp *)a->shape,
		(npy_intp *)a->strides, (void *)(a->data ? a->data : 16), NPY_ARRAY_WRITEABLE | NPY_ARRAY_ALIGNED, NULL);
	if (s)
		PyArray_UpdateFlags((PyArrayObject *)s, NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS);
	return s;
}

/* The device array that a view of the shadow stands for; steals the view. */
static PyObject *from_shadow(gj_devarray *a, PyObject *view)
{
	PyObject *o = NULL;
	if (view && PyArray_Check(view)) {
		PyArrayObject *v = (PyArrayObject *)view;
		o = make(Py_TYPE(a), a->dev, (gj_devptr)PyArray_DATA(v), PyArray_NDIM(v), (const int64_t *)PyArray_DIMS(v),
			(const int64_t *)PyArray_STRIDES(v), PyArray_DESCR(v), a->readonly, a->base, a->stream);
	}
	Py_XDECREF(view);
	return o;
}

/* _view(method, *args): a view by one of ndarray's methods that never copies. */
static PyObject *array_view(PyObject *self, PyObject *args)
{
	gj_devarray *a = (gj_devarray *)self;
	if (PyTuple_GET_SIZE(args) < 1)
		return PyErr_Format(PyExc_TypeError, "_view() takes a method's name");
	PyObject *s = shadow(a), *rest = PyTuple_GetSlice(args, 1, PY_SSIZE_T_MAX), *view = NULL;
	PyObject *method = s && rest ? PyObject_GetAttr(s, PyTuple_GET_ITEM(args, 0)) : NULL;
	if (method)
		view = PyObject_CallObject(method, rest);
	Py_XDECREF(method);
	Py_XDECREF(rest);
	Py_XDECREF(s);
	return from_shadow(a, view);
}

/* _reshape(shape, order): contiguous arrays only, where NumPy never copies; else NotImplemented. */
static PyObject *array_reshape(PyObject *self, PyObject *args)
{
	gj_devarray *a = (gj_devarray *)self;
	PyArray_Dims dims = { NULL, 0 };
	int order;
	PyObject *view = NULL, *s = NULL;
	if (!PyArg_ParseTuple(args, "O&C:reshape", PyArray_IntpConverter, &dims, &order))
		return NULL;
	bool c = order == 'C', f = order == 'F';
	if (!c && !f)
		gj_error(GJ_ERR_ARRAY_ORDER, order);
	else if (!gj_is_contiguous(a->ndim, a->shape, a->strides, PyDataType_ELSIZE(a->dtype), (char)order))
		view = Py_NewRef(Py_NotImplemented);
	else if ((s = shadow(a)))
		view = PyArray_Newshape((PyArrayObject *)s, &dims, c ? NPY_CORDER : NPY_FORTRANORDER);
	Py_XDECREF(s);
	PyDimMem_FREE(dims.ptr);
	return view == Py_NotImplemented ? view : from_shadow(a, view);
}

/* One item of an index as something that can only make a view; NULL: an exception, or none for index arrays and the like. */
static PyObject *plain_index(PyObject *o)
{
	if (PySlice_Check(o) || o == Py_Ellipsis || o == Py_None || PyUnicode_Check(o))
		return Py_NewRef(o);
	PyObject *number = !PyBool_Check(o) && PyIndex_Check(o) ? PyNumber_Index(o) : NULL;
	if (!number && PyErr_Occurred() && PySequence_Check(o))
		gj_forgive(PyExc_TypeError);
	return number;
}

/* The key as a tuple that ends in `...`, so that NumPy gives an array even for a single item. NULL as of plain_index. */
static PyObject *view_key(PyObject *key)
{
	if (PyUnicode_Check(key))
		return Py_NewRef(key);
	PyObject *list = PyTuple_Check(key) ? PySequence_List(key) : PyList_New(0), *out = NULL;
	bool ellipsis = false, ok = list && (PyTuple_Check(key) || PyList_Append(list, key) == 0);
	for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(list); i++) {
		PyObject *item = plain_index(PyList_GET_ITEM(list, i));
		ellipsis |= item == Py_Ellipsis;
		ok = item && PyList_SetItem(list, i, item) == 0;
	}
	if (ok && !ellipsis)
		ok = PyList_Append(list, Py_Ellipsis) == 0;
	if (ok)
		out = PyList_AsTuple(list);
	Py_XDECREF(list);
	return out;
}

/* _index(key): a view, or NotImplemented for keys that make none. */
static PyObject *array_index(PyObject *self, PyObject *key)
{
	PyObject *k = view_key(key), *s = k ? shadow((gj_devarray *)self) : NULL;
	PyObject *view = s ? PyObject_GetItem(s, k) : NULL;
	Py_XDECREF(k);
	Py_XDECREF(s);
	if (!k && !PyErr_Occurred())
		Py_RETURN_NOTIMPLEMENTED;
	return from_shadow((gj_devarray *)self, view);
}

static PyObject *array_broadcast(PyObject *self, PyObject *shape)
{
	PyObject *s = shadow((gj_devarray *)self), *f = s ? gj_import("numpy", "broadcast_to") : NULL;
	PyObject *view = f ? PyObject_CallFunctionObjArgs(f, s, shape, NULL) : NULL;
	Py_XDECREF(f);
	Py_XDECREF(s);
	return from_shadow((gj_devarray *)self, view);
}

/* -- Copies ------------------------------------------------------------------------------------------------------- */

static size_t bytes_of(const gj_devarray *a)
{
	size_t n = (size_t)PyDataType_ELSIZE(a->dtype);
	for (int i = 0; i < a->ndim; i++)
		n *= (size_t)a->shape[i];
	return n;
}

static bool stream_for(gj_devarray *a, PyObject *stream, gj_stream **out)
{
	bool given = stream && stream != Py_None && !(PyLong_Check(stream) && PyObject_IsTrue(stream) == 0);
	return gj_stream_of(given ? stream : a->stream, a->dev, out) == 0;
}

/* Strided arrays come as one span, from which NumPy takes the items. */
static PyObject *read_span(gj_devarray *a, gj_stream *stream)
{
	npy_intp n;
	uintptr_t lo = a->data, hi = a->data + (uintptr_t)PyDataType_ELSIZE(a->dtype);
	for (int i = 0; i < a->ndim; i++) {
		int64_t span = a->strides[i] * (a->shape[i] - 1);
		*(span < 0 ? &lo : &hi) += (uintptr_t)span;
	}
	n = (npy_intp)(hi - lo);
	PyObject *bytes = PyArray_SimpleNew(1, &n, NPY_UINT8), *out = NULL;
	char *at = bytes ? PyArray_DATA((PyArrayObject *)bytes) : NULL;
	PyObject *view = at && gj_copy_bytes(a->dev, GJ_D2H, (uintptr_t)at, lo, (size_t)n, stream, "copying to the host")
		? PyArray_NewFromDescr(&PyArray_Type, (PyArray_Descr *)Py_NewRef(a->dtype), a->ndim, (npy_intp *)a->shape,
			(npy_intp *)a->strides, at + (a->data - lo), 0, NULL) : NULL;
	if (view)
		out = PyArray_NewCopy((PyArrayObject *)view, NPY_KEEPORDER);
	Py_XDECREF(view);
	Py_XDECREF(bytes);
	return out;
}

/* _to_numpy(stream): the contents as a new array. */
static PyObject *to_numpy(PyObject *self, PyObject *stream)
{
	gj_devarray *a = (gj_devarray *)self;
	gj_stream *s;
	if (!stream_for(a, stream, &s))
		return NULL;
	if (a->layout == 'A')
		return read_span(a, s);
	PyObject *out = PyArray_Empty(a->ndim, (npy_intp *)a->shape, (PyArray_Descr *)Py_NewRef(a->dtype), a->layout == 'F');
	size_t n = bytes_of(a);
	if (out && n && !gj_copy_bytes(a->dev, GJ_D2H, (uintptr_t)PyArray_DATA((PyArrayObject *)out), a->data, n, s,
		"copying to the host"))
		Py_CLEAR(out);
	return out;
}

/* Do host array and device array hold their items in the same order without gaps? */
static bool same_order(gj_devarray *a, PyArrayObject *h)
{
	return (size_t)PyArray_NBYTES(h) == bytes_of(a)
		&& ((a->layout == 'C' && PyArray_IS_C_CONTIGUOUS(h)) || (a->layout == 'F' && PyArray_IS_F_CONTIGUOUS(h))
			|| (PyArray_IS_C_CONTIGUOUS(h) && PyArray_IS_F_CONTIGUOUS(h) && a->layout != 'A'));
}

static PyObject *transfer(PyObject *self, PyObject *args, gj_copy how)
{
	gj_devarray *a = (gj_devarray *)self;
	PyArrayObject *h;
	PyObject *stream = NULL;
	gj_stream *s;
	if (!PyArg_ParseTuple(args, "O!|O", &PyArray_Type, &h, &stream) || !stream_for(a, stream, &s))
		return NULL;
	if (!same_order(a, h))
		return PyErr_Format(PyExc_ValueError, "the host array has another size or layout than the device array");
	if (how == GJ_D2H && PyArray_FailUnlessWriteable(h, "destination") < 0)
		return NULL;
	uintptr_t host = (uintptr_t)PyArray_DATA(h), dst = how == GJ_D2H ? host : a->data, src = how == GJ_D2H ? a->data : host;
	size_t n = bytes_of(a);
	if (n && !gj_copy_bytes(a->dev, how, dst, src, n, s, how == GJ_D2H ? "copying to the host" : "copying to the device"))
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *array_read(PyObject *self, PyObject *args)
{
	return transfer(self, args, GJ_D2H);
}

static PyObject *array_write(PyObject *self, PyObject *args)
{
	return transfer(self, args, GJ_H2D);
}

static PyObject *copy_from(PyObject *self, PyObject *args)
{
	gj_devarray *a = (gj_devarray *)self, *b;
	PyObject *stream = NULL;
	gj_stream *s;
	if (!PyArg_ParseTuple(args, "O!|O", gj_devarray_class, &b, &stream) || !stream_for(a, stream, &s))
		return NULL;
	if (a->dev->ops != b->dev->ops || a->layout == 'A' || a->layout != b->layout || bytes_of(a) != bytes_of(b))
		return PyErr_Format(PyExc_ValueError, "the arrays differ in kind of device, size or layout");
	size_t n = bytes_of(a);
	if (n && a->dev != b->dev) {
		gj_status status;
		Py_BEGIN_ALLOW_THREADS
		status = a->dev->ops->copy_from(a->dev, b->dev, a->data, b->data, n, s);
		Py_END_ALLOW_THREADS
		if (status != GJ_OK)
			return gj_status_error(status, "copying from another device");
	} else if (n && !gj_copy_bytes(a->dev, GJ_D2D, a->data, b->data, n, s, "copying on the device"))
		return NULL;
	Py_RETURN_NONE;
}

/* _share(): (handle, offset of the first item in its allocation), by which other processes find the array. Memory of the
 * stream-ordered pool cannot be shared: the array moves, as long as nobody else knows where it is. */
static PyObject *array_share(PyObject *self, PyObject *unused)
{
	(void)unused;
	gj_devarray *a = (gj_devarray *)self;
	gj_buffer *b = a->base && Py_IS_TYPE(a->base, gj_buffer_class) ? (gj_buffer *)a->base : NULL;
	gj_share share;
	if (b && b->kind == GJ_NMEMORY && (b->known || Py_REFCNT(b) > 1))
		return gj_error(GJ_ERR_IPC_MOVED);
	if (b && b->kind == GJ_NMEMORY) {
		gj_devptr offset = a->data - b->place.at;
		if (!gj_buffer_make_shared(b))
			return NULL;
		a->data = b->place.at + offset;
		change(a);
	}
	gj_status status = a->dev->ops->share(a->dev, a->data, &share);
	if (status != GJ_OK)
		return gj_status_error(status, "sharing an array with other processes");
	return Py_BuildValue("y#K", (const char *)share.handle, (Py_ssize_t)sizeof share.handle, (unsigned long long)share.offset);
}

/* On the CPU device: the memory itself as an ndarray. */
static PyObject *host_view(PyObject *self, PyObject *unused)
{
	(void)unused;
	gj_devarray *a = (gj_devarray *)self;
	if (!a->dev->ops->host_memory)
		Py_RETURN_NONE;
	PyObject *s = shadow(a);
	if (s && a->readonly)
		PyArray_CLEARFLAGS((PyArrayObject *)s, NPY_ARRAY_WRITEABLE);
	if (s && PyArray_SetBaseObject((PyArrayObject *)s, Py_NewRef(a->base ? a->base : self)) < 0)
		Py_CLEAR(s);
	return s;
}

/* -- Attributes --------------------------------------------------------------------------------------------------- */

static PyObject *int_tuple(const int64_t *v, int n)
{
	PyObject *t = PyTuple_New(n);
	for (int i = 0; t && i < n; i++) {
		PyObject *o = PyLong_FromLongLong(v[i]);
		if (!o)
			Py_CLEAR(t);
		else
			PyTuple_SET_ITEM(t, i, o);
	}
	return t;
}

#define SELF ((gj_devarray *)self)
#define GETTER(name, value) \
static PyObject *get_##name(PyObject *self, void *unused) \
{ \
	(void)unused; \
	return value; \
}
GETTER(shape, int_tuple(SELF->shape, SELF->ndim))
GETTER(strides, int_tuple(SELF->strides, SELF->ndim))
GETTER(dtype, Py_NewRef(SELF->dtype))
GETTER(ndim, PyLong_FromLong(SELF->ndim))
GETTER(itemsize, PyLong_FromSsize_t(PyDataType_ELSIZE(SELF->dtype)))
GETTER(nbytes, PyLong_FromSize_t(bytes_of(SELF)))
GETTER(size, PyLong_FromSize_t(PyDataType_ELSIZE(SELF->dtype) ? bytes_of(SELF) / (size_t)PyDataType_ELSIZE(SELF->dtype) : 0))
GETTER(readonly, PyBool_FromLong(SELF->readonly))
GETTER(layout, PyUnicode_FromStringAndSize(&SELF->layout, 1))
GETTER(gpu_data, Py_NewRef(SELF->base ? SELF->base : Py_None))
GETTER(on_host, PyBool_FromLong(SELF->dev->ops->host_memory))

/* The address of memory of ours must stay from now on. */
static PyObject *told(gj_devarray *a)
{
	if (a->base && Py_IS_TYPE(a->base, gj_buffer_class))
		((gj_buffer *)a->base)->known = true;
	return PyLong_FromSize_t(a->data);
}

GETTER(pointer, told(SELF))
GETTER(address, PyLong_FromSize_t(SELF->data))

static PyObject *get_alloc_size(PyObject *self, void *unused)
{
	(void)unused;
	PyObject *base = SELF->base;
	return PyLong_FromSize_t(base && Py_IS_TYPE(base, gj_buffer_class) ? ((gj_buffer *)base)->nbytes : bytes_of(SELF));
}

static PyObject *get_stream(PyObject *self, void *unused)
{
	(void)unused;
	return SELF->stream == Py_None ? PyLong_FromLong(0) : Py_NewRef(SELF->stream);
}

static int set_stream(PyObject *self, PyObject *value, void *unused)
{
	(void)unused;
	gj_stream *s;
	if (value && gj_stream_of(value, SELF->dev, &s) < 0)
		return -1;
	Py_XSETREF(SELF->stream, Py_NewRef(value ? value : Py_None));
	return 0;
}

/* With the fields of a structured dtype, unless they share bytes or are not in order: then they cannot be described. Steals dict. */
static PyObject *described(PyObject *dict, PyArray_Descr *dtype)
{
	PyObject *descr = PyObject_GetAttrString((PyObject *)dtype, "descr");
	bool ok = descr ? PyDict_SetItemString(dict, "descr", descr) == 0 : gj_forgive(PyExc_ValueError);
	Py_XDECREF(descr);
	if (!ok)
		Py_CLEAR(dict);
	return dict;
}

/* Without a stream of its own it says that nothing need be waited for; so what the default stream still does is waited for here. */
static PyObject *get_interface(PyObject *self, void *unused)
{
	gj_status status = GJ_OK;
	(void)unused;
	if (SELF->dev->ops->host_memory)
		return PyErr_Format(PyExc_AttributeError, "the array is in host memory (the device is the CPU)");
	gj_stream *s = NULL;
	if (gj_stream_of(SELF->stream, SELF->dev, &s) < 0)
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	if (!s)
		status = SELF->dev->ops->stream_sync(SELF->dev, NULL);
	Py_END_ALLOW_THREADS
	gj_show_any();
	if (status != GJ_OK)
		return gj_status_error(status, "waiting for the default stream");
	PyObject *strides = SELF->layout == 'C' ? Py_NewRef(Py_None) : int_tuple(SELF->strides, SELF->ndim);
	PyObject *handle = s ? PyLong_FromSize_t(SELF->dev->ops->stream_handle(s)) : Py_NewRef(Py_None);
	PyObject *dict = Py_BuildValue("{sNsNsNs(NN)sisN}", "shape", int_tuple(SELF->shape, SELF->ndim), "strides", strides,
		"typestr", PyObject_GetAttrString((PyObject *)SELF->dtype, "str"), "data", told(SELF),
		PyBool_FromLong(SELF->readonly), "version", 3, "stream", handle);
	return dict && PyDataType_HASFIELDS(SELF->dtype) ? described(dict, SELF->dtype) : dict;
}

static PyObject *contiguous(PyObject *self, char order)
{
	return PyBool_FromLong(gj_is_contiguous(SELF->ndim, SELF->shape, SELF->strides, PyDataType_ELSIZE(SELF->dtype), order));
}

static PyObject *is_c(PyObject *self, PyObject *unused)
{
	(void)unused;
	return contiguous(self, 'C');
}

static PyObject *is_f(PyObject *self, PyObject *unused)
{
	(void)unused;
	return contiguous(self, 'F');
}

static Py_ssize_t array_length(PyObject *self)
{
	if (SELF->ndim > 0)
		return (Py_ssize_t)SELF->shape[0];
	PyErr_SetString(PyExc_TypeError, "len() of a 0-d array");
	return -1;
}

static int array_bool(PyObject *self)
{
	if (bytes_of(SELF) / (size_t)(PyDataType_ELSIZE(SELF->dtype) + !PyDataType_ELSIZE(SELF->dtype)) == 1) {
		PyObject *h = to_numpy(self, Py_None);
		int truth = h ? PyObject_IsTrue(h) : -1;
		Py_XDECREF(h);
		return truth;
	}
	gj_error(GJ_ERR_ARRAY_TRUTH);
	return -1;
}

static PyObject *get_device(PyObject *self, void *unused)
{
	(void)unused;
	return PyLong_FromLong(((gj_devarray *)self)->dev->ordinal);
}

static PyObject *set_readonly(PyObject *self, PyObject *o)
{
	gj_devarray *a = (gj_devarray *)self;
	int readonly = PyObject_IsTrue(o);
	if (readonly < 0)
		return NULL;
	if (a->fixed && !readonly)
		return gj_error(GJ_ERR_ARRAY_WRITEABLE);
	a->readonly = readonly;
	finish(a);
	Py_RETURN_NONE;
}

static PyGetSetDef getset[] = {
	{ "shape", get_shape, NULL, "Extents.", NULL },
	{ "strides", get_strides, NULL, "Bytes from one item to the next, a dimension each.", NULL },
	{ "dtype", get_dtype, NULL, "NumPy dtype of the items.", NULL },
	{ "ndim", get_ndim, NULL, "Number of dimensions.", NULL },
	{ "size", get_size, NULL, "Number of items.", NULL },
	{ "itemsize", get_itemsize, NULL, "Bytes of an item.", NULL },
	{ "nbytes", get_nbytes, NULL, "Bytes of all items.", NULL },
	{ "alloc_size", get_alloc_size, NULL, "Bytes of the allocation that the array lies in.", NULL },
	{ "readonly", get_readonly, NULL, "Must kernels leave it as it is?", NULL },
	{ "layout", get_layout, NULL, "'C', 'F' or 'A' (strided).", NULL },
	{ "stream", get_stream, set_stream, "Stream that copies go to when they name none; 0: the default stream.", NULL },
	{ "gpu_data", get_gpu_data, NULL, "The object that owns the memory.", NULL },
	{ "device_pointer", get_pointer, NULL, "Address of the first item in device memory.", NULL },
	{ "_address", get_address, NULL, NULL, NULL },
	{ "_device", get_device, NULL, "Number of the device in whose memory it lies.", NULL },
	{ "on_host", get_on_host, NULL, "Is the memory the host's (the CPU device)?", NULL },
	{ "__cuda_array_interface__", get_interface, NULL, "CUDA Array Interface, version 3.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMethodDef methods[] = {
	{ "is_c_contiguous", is_c, METH_NOARGS, "Are the items in C order without gaps?" },
	{ "is_f_contiguous", is_f, METH_NOARGS, "Are the items in Fortran order without gaps?" },
	{ "_check_dtype", check_dtype, METH_O | METH_STATIC, "_check_dtype(dtype): raises ValueError if arrays of it hold nothing." },
	{ "_view", array_view, METH_VARARGS, NULL },
	{ "_reshape", array_reshape, METH_VARARGS, NULL },
	{ "_index", array_index, METH_O, NULL },
	{ "_broadcast", array_broadcast, METH_O, NULL },
	{ "_to_numpy", to_numpy, METH_O, NULL },
	{ "_read", array_read, METH_VARARGS, NULL },
	{ "_write", array_write, METH_VARARGS, NULL },
	{ "_copy_from", copy_from, METH_VARARGS, NULL },
	{ "_share", array_share, METH_NOARGS, NULL },
	{ "_host_view", host_view, METH_NOARGS, NULL },
	{ "_dlpack", gj_devarray_dlpack, METH_O, NULL },
	{ "_set_readonly", set_readonly, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyMemberDef members[] = {
	{ "__weaklistoffset__", T_PYSSIZET, offsetof(gj_devarray, weak), READONLY, NULL },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, array_new }, { Py_tp_dealloc, array_dealloc }, { Py_tp_traverse, array_traverse },
	{ Py_tp_clear, array_clear }, { Py_tp_getset, getset }, { Py_tp_methods, methods }, { Py_tp_members, members }, { Py_mp_length, array_length }, { Py_nb_bool, array_bool },
	{ Py_tp_doc, "DeviceArray(shape, strides=None, dtype=float64, stream=0, gpu_data=None, order='C'): array in device memory." },
	{ 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.DeviceArray", sizeof(gj_devarray), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, slots };

int gj_devarray_init(PyObject *m)
{
	return gj_add_type(m, &gj_devarray_class, &spec, NULL);
}
