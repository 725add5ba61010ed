/* _core.Buffer: owns one allocation: of the device, or of a kind that the host reaches too, or memory of the program that
 * is page-locked while the buffer lives, or memory of another process. Freed when nothing refers to it any more. A memory manager
 * (python/gridjit/cuda/managers.py) may take the driver's place. */
#include "memory/buffer.h"
#include "printed.h"

#include "memory/device.h"
#include "memory/stream.h"

#include <string.h>

PyTypeObject *gj_buffer_class;
static PyObject *manager;                          /* manager(ordinal, kind, bytes); NULL: the driver's own memory */

static const char *const kinds[GJ_NMEMORY + 1] = {
	[GJ_MEM_PINNED] = "pinned", [GJ_MEM_COMBINED] = "write-combined", [GJ_MEM_MANAGED] = "managed",
	[GJ_MEM_MANAGED_HOST] = "managed by the host", [GJ_MEM_SHARED] = "shared", [GJ_MEM_OPENED] = "opened",
	[GJ_MEM_REGISTERED] = "registered", [GJ_NMEMORY] = "device",
};

/* -- Making one --------------------------------------------------------------------------------------------------- */

/* Without memory yet. */
static gj_buffer *empty(gj_device *dev, gj_memory kind, size_t nbytes)
{
	gj_buffer *b = PyObject_GC_New(gj_buffer, gj_buffer_class);
	if (!b)
		return NULL;
	memset((char *)b + sizeof(PyObject), 0, sizeof *b - sizeof(PyObject));
	b->dev = dev;
	b->kind = kind;
	b->nbytes = nbytes;
	PyObject_GC_Track(b);
	return b;
}

/* The buffer, if its memory could be had. */
static PyObject *finished(gj_buffer *b, gj_status status, const char *what)
{
	if (status == GJ_OK)
		return (PyObject *)b;
	b->place = (gj_place){ 0 };
	Py_DECREF(b);
	return gj_status_error(status, what);
}

/* What the manager gives: an object to which the memory belongs, its address for kernels, and the host's or None. The manager
 * has the way out to say None: memory of this kind is the driver's. */
static bool ask_manager(gj_buffer *b)
{
	PyObject *ask = Py_XNewRef(manager), *owner, *host;
	unsigned long long at;
	if (!ask || b->kind == GJ_MEM_SHARED)
		return Py_XDECREF(ask), true;
	PyObject *given = PyObject_CallFunction(ask, "isn", b->dev->ordinal, kinds[b->kind], (Py_ssize_t)b->nbytes);
	bool ok = given && (given == Py_None || PyArg_ParseTuple(given, "OKO:memory manager", &owner, &at, &host));
	if (ok && given != Py_None) {
		b->place.at = at;
		b->place.host = host == Py_None ? NULL : PyLong_AsVoidPtr(host);
		b->owner = Py_NewRef(owner);
		b->managed = true;
		ok = !PyErr_Occurred();
	}
	Py_XDECREF(given);
	Py_DECREF(ask);
	return ok;
}

static PyObject *make(gj_device *dev, gj_memory kind, size_t nbytes, PyObject *stream, bool asks)
{
	gj_stream *s = NULL;
	if (stream && gj_stream_of(stream, dev, &s) < 0)
		return NULL;
	gj_buffer *b = empty(dev, kind, nbytes);
	if (!b)
		return NULL;
	if (asks && !ask_manager(b))
		return Py_DECREF(b), NULL;
	if (b->managed)
		return (PyObject *)b;
	b->order = s;
	b->stream = Py_XNewRef(stream);
	size_t bytes = nbytes ? nbytes : 1;        /* an empty array has an address too */
	char what[64];
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = kind == GJ_NMEMORY ? dev->ops->alloc(dev, bytes, s, &b->place.at)
		: dev->ops->alloc_kind(dev, kind, bytes, &b->place);
	Py_END_ALLOW_THREADS
	PyOS_snprintf(what, sizeof what, "allocating %s memory", kinds[kind]);
	return finished(b, status, what);
}

PyObject *gj_buffer_new(gj_device *dev, size_t nbytes, PyObject *stream)
{
	return make(dev, GJ_NMEMORY, nbytes, stream, true);
}

/* The memory that an array's items lie in: its first byte and its length. */
static size_t extent(PyArrayObject *a, char **lo)
{
	char *hi = *lo = PyArray_BYTES(a);
	if (PyArray_SIZE(a) == 0)
		return 0;
	for (int i = 0; i < PyArray_NDIM(a); i++) {
		npy_intp step = PyArray_STRIDE(a, i) * (PyArray_DIM(a, i) - 1);
		*(step < 0 ? lo : &hi) += step;
	}
	return (size_t)(hi - *lo) + (size_t)PyArray_ITEMSIZE(a);
}

/* pin(array, mapped): (buffer, where kernels find the first item). */
static PyObject *pin(PyObject *cls, PyObject *args)
{
	(void)cls;
	PyArrayObject *array;
	int mapped;
	char *host;
	if (!PyArg_ParseTuple(args, "O!p:pin", &PyArray_Type, &array, &mapped))
		return NULL;
	gj_device *dev = gj_device_current();
	size_t n = extent(array, &host);
	gj_buffer *b = dev ? empty(dev, GJ_MEM_REGISTERED, n) : NULL;
	if (!b || n == 0)
		return b ? Py_BuildValue("Nn", b, (Py_ssize_t)0) : NULL;
	b->owner = Py_NewRef(array);
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = dev->ops->pin(dev, host, n, &b->place);
	Py_END_ALLOW_THREADS
	if (status == GJ_OK && mapped && !b->place.at) {
		Py_DECREF(b);
		return gj_error(GJ_ERR_PINNED_PARTLY);
	}
	PyObject *o = finished(b, status, "page-locking an array");
	return o ? Py_BuildValue("NK", o, (unsigned long long)(b->place.at + (gj_devptr)(PyArray_BYTES(array) - host))) : NULL;
}

/* open(handle, nbytes): the allocation of another process that share() gave the handle of. */
static PyObject *open_shared(PyObject *cls, PyObject *args)
{
	(void)cls;
	Py_buffer handle;
	Py_ssize_t nbytes;
	gj_share share = { 0 };
	if (!PyArg_ParseTuple(args, "y*n:open", &handle, &nbytes))
		return NULL;
	bool fits = handle.len == sizeof share.handle && nbytes >= 0;
	if (fits)
		memcpy(share.handle, handle.buf, sizeof share.handle);
	PyBuffer_Release(&handle);
	if (!fits)
		return gj_error(GJ_ERR_IPC_HANDLE, (int)sizeof share.handle);
	gj_device *dev = gj_device_current();
	gj_buffer *b = dev ? empty(dev, GJ_MEM_OPENED, (size_t)nbytes) : NULL;
	if (!b)
		return NULL;
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = dev->ops->open_shared(dev, &share, &b->place.at);
	Py_END_ALLOW_THREADS
	return finished(b, status, "opening memory of another process");
}

/* of(memory, address, nbytes): what a memory manager gave. */
static PyObject *of_manager(PyObject *cls, PyObject *args)
{
	(void)cls;
	PyObject *owner;
	unsigned long long at;
	Py_ssize_t nbytes;
	if (!PyArg_ParseTuple(args, "OKn:of", &owner, &at, &nbytes))
		return NULL;
	gj_device *dev = gj_device_current();
	gj_buffer *b = dev ? empty(dev, GJ_NMEMORY, (size_t)nbytes) : NULL;
	if (!b)
		return NULL;
	b->place.at = at;
	b->owner = Py_NewRef(owner);
	b->managed = true;
	return (PyObject *)b;
}

/* Never changes once it is made, so it needs no tp_clear: any cycle leads through something that has one. */
static int buffer_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(((gj_buffer *)self)->stream);
	Py_VISIT(((gj_buffer *)self)->owner);
	return 0;
}

static void give_back(gj_device *dev, gj_memory kind, gj_place place, gj_stream *order)
{
	if (kind == GJ_NMEMORY && place.at)
		dev->ops->free(dev, place.at, order);
	else if (kind != GJ_NMEMORY && (place.at || place.host)) {
		Py_BEGIN_ALLOW_THREADS                 /* it may wait for the device */
		dev->ops->free_kind(dev, kind, place);
		Py_END_ALLOW_THREADS
	}
}

static void buffer_dealloc(PyObject *self)
{
	gj_buffer *b = (gj_buffer *)self;
	PyTypeObject *cls = Py_TYPE(self);
	PyObject_GC_UnTrack(self);
	if (!b->managed)
		give_back(b->dev, b->kind, b->place, b->order);
	Py_XDECREF(b->stream);
	Py_XDECREF(b->owner);
	PyObject_GC_Del(self);
	Py_DECREF(cls);
}

static PyObject *buffer_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "nbytes", "kind", "stream", "driver", NULL };
	Py_ssize_t nbytes;
	const char *kind = "device";
	PyObject *stream = NULL;
	int driver = false;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "n|sOp:Buffer", names, &nbytes, &kind, &stream, &driver))
		return NULL;
	if (nbytes < 0)
		return PyErr_Format(PyExc_ValueError, "a buffer cannot have %zd bytes", nbytes);
	size_t i = 0;
	while (i < GJ_LEN(kinds) && (strcmp(kinds[i], kind) || i == GJ_MEM_OPENED || i == GJ_MEM_REGISTERED))
		i++;
	if (i == GJ_LEN(kinds))
		return PyErr_Format(PyExc_ValueError, "there is no kind of memory called %s", kind);
	gj_device *dev = gj_device_current();
	return dev ? make(dev, (gj_memory)i, (size_t)nbytes, stream, !driver) : NULL;
}

/* -- Using one ---------------------------------------------------------------------------------------------------- */

/* NumPy arrays stand on memory that the host reaches. */
static int buffer_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
	gj_buffer *b = (gj_buffer *)self;
	if (!b->place.host || b->kind == GJ_MEM_REGISTERED) {
		PyErr_SetString(PyExc_BufferError, "device memory cannot be read by the host: copy it first");
		view->obj = NULL;
		return -1;
	}
	return PyBuffer_FillInfo(view, self, b->place.host, (Py_ssize_t)b->nbytes, 0, flags);
}

gj_devptr gj_buffer_reached(PyArrayObject *a)
{
	PyObject *base = PyArray_BASE(a);
	while (base && PyArray_Check(base))
		base = PyArray_BASE((PyArrayObject *)base);
	gj_buffer *b = base && Py_IS_TYPE(base, gj_buffer_class) ? (gj_buffer *)base : NULL;
	return b && b->place.host ? b->place.at + (gj_devptr)(PyArray_BYTES(a) - (char *)b->place.host) : 0;
}

bool gj_buffer_make_shared(gj_buffer *b)
{
	gj_device *dev = b->dev;
	gj_place old = b->place, new = { 0 };
	if (b->kind == GJ_MEM_SHARED)
		return true;
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = dev->ops->sync(dev);
	if (status == GJ_OK)
		status = dev->ops->alloc_kind(dev, GJ_MEM_SHARED, b->nbytes, &new);
	if (status == GJ_OK && b->nbytes)
		status = dev->ops->copy(dev, GJ_D2D, new.at, old.at, b->nbytes, NULL);
	if (status == GJ_OK)
		status = dev->ops->sync(dev);
	Py_END_ALLOW_THREADS
	bool ok = status == GJ_OK;
	if (ok) {
		b->place = new;
		b->kind = GJ_MEM_SHARED;
		give_back(dev, GJ_NMEMORY, old, b->order);
	} else {
		give_back(dev, GJ_MEM_SHARED, new, NULL);
		gj_status_error(status, "moving an array to memory that processes share");
	}
	return ok;
}

/* On the default stream the call returns when the copy is done, of pinned memory too: users who name no stream have
 * nothing to wait for. */
bool gj_copy_bytes(gj_device *dev, gj_copy how, uintptr_t dst, uintptr_t src, size_t n, gj_stream *stream, const char *what)
{
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = dev->ops->copy(dev, how, dst, src, n, stream);
	if (status == GJ_OK && !stream && how != GJ_D2D && !dev->ops->host_memory)
		status = dev->ops->stream_sync(dev, NULL);
	Py_END_ALLOW_THREADS
	gj_show_any();
	if (status != GJ_OK)
		gj_status_error(status, what);
	return status == GJ_OK;
}

static bool address_of(PyObject *o, uintptr_t *out)
{
	*out = PyLong_AsSize_t(o);
	return !PyErr_Occurred();
}

/* memcpy(what, to, from, bytes, stream): which way is the last word of what. */
static PyObject *copy_memory(PyObject *m, PyObject *args)
{
	static const char *const way[] = { [GJ_H2D] = "to the device", [GJ_D2H] = "to the host", [GJ_D2D] = "on the device" };
	(void)m;
	const char *what;
	PyObject *to, *from, *stream;
	Py_ssize_t n;
	uintptr_t dst, src;
	gj_stream *s;
	if (!PyArg_ParseTuple(args, "sOOnO:memcpy", &what, &to, &from, &n, &stream) || !address_of(to, &dst) || !address_of(from, &src))
		return NULL;
	size_t how = 0;
	while (how < GJ_LEN(way) && strcmp(way[how], what))
		how++;
	if (how == GJ_LEN(way) || n < 0)
		return PyErr_Format(PyExc_ValueError, "%zd bytes cannot be copied %s", n, what);
	gj_device *dev = gj_device_current();
	if (!dev || gj_stream_of(stream, dev, &s) < 0 || (n && !gj_copy_bytes(dev, (gj_copy)how, dst, src, (size_t)n, s, "copying memory")))
		return NULL;
	Py_RETURN_NONE;
}

/* memset(to, byte, bytes, stream) */
static PyObject *fill_memory(PyObject *m, PyObject *args)
{
	(void)m;
	PyObject *to, *stream;
	unsigned char byte;
	Py_ssize_t n;
	uintptr_t dst;
	gj_stream *s;
	if (!PyArg_ParseTuple(args, "ObnO:memset", &to, &byte, &n, &stream) || !address_of(to, &dst))
		return NULL;
	if (n < 0)
		return PyErr_Format(PyExc_ValueError, "%zd bytes cannot be filled", n);
	gj_device *dev = gj_device_current();
	if (!dev || gj_stream_of(stream, dev, &s) < 0)
		return NULL;
	gj_status status = dev->ops->fill(dev, dst, byte, (size_t)n, s);
	if (status != GJ_OK)
		return gj_status_error(status, "filling memory");
	Py_RETURN_NONE;
}

/* set_memory_manager(function or None) */
static PyObject *set_manager(PyObject *m, PyObject *function)
{
	(void)m;
	Py_XSETREF(manager, function == Py_None ? NULL : Py_NewRef(function));
	Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
	{ "set_memory_manager", set_manager, METH_O, "set_memory_manager(f): f(ordinal, kind, bytes) -> (owner, address, host's address or None), or None." },
	{ "memcpy", copy_memory, METH_VARARGS, "memcpy(which way, to, from, bytes, stream): copies memory by its addresses." },
	{ "memset", fill_memory, METH_VARARGS, "memset(to, byte, bytes, stream): fills device memory." },
	{ NULL, NULL, 0, NULL },
};

static PyObject *get_ptr(PyObject *self, void *unused)
{
	(void)unused;
	((gj_buffer *)self)->known = true;
	return PyLong_FromSize_t(((gj_buffer *)self)->place.at);
}

static PyObject *get_nbytes(PyObject *self, void *unused)
{
	(void)unused;
	return PyLong_FromSize_t(((gj_buffer *)self)->nbytes);
}

static PyObject *get_kind(PyObject *self, void *unused)
{
	(void)unused;
	return PyUnicode_FromString(kinds[((gj_buffer *)self)->kind]);
}

static PyObject *get_host(PyObject *self, void *unused)
{
	(void)unused;
	void *host = ((gj_buffer *)self)->place.host;
	return host ? PyLong_FromVoidPtr(host) : Py_NewRef(Py_None);
}

static PyObject *get_memory(PyObject *self, void *unused)
{
	(void)unused;
	return Py_NewRef(((gj_buffer *)self)->managed ? ((gj_buffer *)self)->owner : Py_None);
}

static PyMethodDef methods[] = {
	{ "pin", pin, METH_VARARGS | METH_CLASS, "pin(array, mapped) -> (buffer, address): the array's memory, page-locked as long as the buffer lives." },
	{ "of", of_manager, METH_VARARGS | METH_CLASS, "of(memory, address, nbytes): what a memory manager gave." },
	{ "open", open_shared, METH_VARARGS | METH_CLASS, "open(handle, nbytes): memory of another process." },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef getset[] = {
	{ "ptr", get_ptr, NULL, "Address.", NULL },
	{ "device_pointer", get_ptr, NULL, "Address.", NULL },
	{ "host_pointer", get_host, NULL, "Address for the host; None: it does not reach the memory.", NULL },
	{ "memory", get_memory, NULL, "What the memory manager gave; None: the driver's own memory.", NULL },
	{ "kind", get_kind, NULL, "'device', 'pinned', 'managed' …", NULL },
	{ "size", get_nbytes, NULL, "Size in bytes.", NULL },
	{ "nbytes", get_nbytes, NULL, "Size in bytes.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, buffer_new }, { Py_tp_dealloc, buffer_dealloc }, { Py_tp_traverse, buffer_traverse }, { Py_tp_getset, getset },
	{ Py_tp_methods, methods }, { Py_bf_getbuffer, buffer_getbuffer },
	{ Py_tp_doc, "Buffer(nbytes, kind='device', stream=0, driver=False): memory of the current device, or of a kind that the host reaches too;\ndriver: the driver's, whatever memory manager there is." },
	{ 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Buffer", sizeof(gj_buffer), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots };

int gj_buffer_init(PyObject *m)
{
	return PyModule_AddFunctions(m, functions) < 0 ? -1 : gj_add_type(m, &gj_buffer_class, &spec, NULL);
}
