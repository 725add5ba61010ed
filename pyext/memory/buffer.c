/* _core.Buffer: owns one allocation, on the device or pinned on the host. Freed when nothing refers to it any more, in
 * the order of the stream that it was allocated on. */
#include "memory/buffer.h"
#include "printed.h"

#include "memory/device.h"
#include "memory/stream.h"

PyTypeObject *gj_buffer_class;

static PyObject *make(gj_device *dev, size_t nbytes, PyObject *stream, bool pinned)
{
	gj_stream *s = NULL;
	if (stream && gj_stream_of(stream, dev, &s) < 0)
		return NULL;
	gj_buffer *b = PyObject_GC_New(gj_buffer, gj_buffer_class);
	if (!b)
		return NULL;
	b->dev = dev;
	b->ptr = 0;
	b->nbytes = nbytes;
	b->pinned = pinned;
	b->order = s;
	b->stream = Py_XNewRef(stream);
	PyObject_GC_Track(b);
	size_t bytes = nbytes ? nbytes : 1;        /* an empty array has an address too */
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = pinned ? dev->ops->alloc_pinned(dev, bytes, (void **)&b->ptr) : dev->ops->alloc(dev, bytes, s, &b->ptr);
	Py_END_ALLOW_THREADS
	if (status != GJ_OK) {
		b->ptr = 0;
		Py_DECREF(b);
		return gj_status_error(status, pinned ? "allocating pinned memory" : "allocating device memory");
	}
	return (PyObject *)b;
}

PyObject *gj_buffer_new(gj_device *dev, size_t nbytes, PyObject *stream)
{
	return make(dev, nbytes, stream, false);
}

/* Never changes once it is made, so it needs no tp_clear: any cycle leads through something that has one. */
static int buffer_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(((gj_buffer *)self)->stream);
	return 0;
}

static void buffer_dealloc(PyObject *self)
{
	gj_buffer *b = (gj_buffer *)self;
	PyTypeObject *cls = Py_TYPE(self);
	PyObject_GC_UnTrack(self);
	if (b->ptr && b->pinned)
		b->dev->ops->free_pinned(b->dev, (void *)b->ptr);
	else if (b->ptr)
		b->dev->ops->free(b->dev, b->ptr, b->order);
	Py_XDECREF(b->stream);
	PyObject_GC_Del(self);
	Py_DECREF(cls);
}

static PyObject *buffer_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "nbytes", "pinned", "stream", NULL };
	Py_ssize_t nbytes;
	int pinned = 0;
	PyObject *stream = NULL;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "n|pO:Buffer", names, &nbytes, &pinned, &stream))
		return NULL;
	if (nbytes < 0)
		return PyErr_Format(PyExc_ValueError, "a buffer cannot have %zd bytes", nbytes);
	gj_device *dev = gj_device_current();
	return dev ? make(dev, (size_t)nbytes, stream, pinned) : NULL;
}

/* Pinned memory is host memory: NumPy arrays stand on it. */
static int buffer_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
	gj_buffer *b = (gj_buffer *)self;
	if (!b->pinned) {
		PyErr_SetString(PyExc_BufferError, "device memory cannot be read by the host: copy it first");
		view->obj = NULL;
		return -1;
	}
	return PyBuffer_FillInfo(view, self, (void *)b->ptr, (Py_ssize_t)b->nbytes, 0, flags);
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

static PyObject *get_ptr(PyObject *self, void *unused)
{
	(void)unused;
	return PyLong_FromSize_t(((gj_buffer *)self)->ptr);
}

static PyObject *get_nbytes(PyObject *self, void *unused)
{
	(void)unused;
	return PyLong_FromSize_t(((gj_buffer *)self)->nbytes);
}

static PyGetSetDef getset[] = {
	{ "ptr", get_ptr, NULL, "Address.", NULL },
	{ "device_ctypes_pointer", get_ptr, NULL, "Address.", NULL },
	{ "size", get_nbytes, NULL, "Size in bytes.", NULL },
	{ "nbytes", get_nbytes, NULL, "Size in bytes.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, buffer_new }, { Py_tp_dealloc, buffer_dealloc }, { Py_tp_traverse, buffer_traverse }, { Py_tp_getset, getset },
	{ Py_bf_getbuffer, buffer_getbuffer },
	{ Py_tp_doc, "Buffer(nbytes, pinned=False, stream=0): memory of the current device, or pinned host memory." },
	{ 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Buffer", sizeof(gj_buffer), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots };

int gj_buffer_init(PyObject *m)
{
	return gj_add_type(m, &gj_buffer_class, &spec, NULL);
}
