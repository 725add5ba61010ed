/* _core.Stream and _core.Event, and what counts as a stream: 0 and None are the default one, 1 and 2 CUDA's legacy and
 * per-thread default streams, and other libraries' streams come in through __cuda_stream__. */
#include "memory/stream.h"

#include "memory/device.h"
#include "printed.h"

typedef struct { PyObject_HEAD PyObject *weak; gj_device *dev; gj_stream *stream; bool owned; } StreamObject;
typedef struct { PyObject_HEAD gj_device *dev; gj_event *event; } EventObject;

static PyTypeObject *stream_class, *event_class;

static PyObject *done(gj_status status, const char *what)
{
	if (status != GJ_OK)
		return gj_status_error(status, what);
	Py_RETURN_NONE;
}

/* Finished or still running: a query's two good answers. */
static PyObject *answer(gj_status status, const char *what)
{
	if (status != GJ_OK && status != GJ_E_NOTREADY)
		return gj_status_error(status, what);
	return PyBool_FromLong(status == GJ_OK);
}

/* -- Streams of others -------------------------------------------------------------------------------------------- */

typedef struct wrapped { struct wrapped *next; gj_device *dev; uintptr_t handle; gj_stream *stream; } wrapped;

gj_stream *gj_stream_wrapped(gj_device *dev, uintptr_t handle)
{
	static wrapped *seen[64];
	wrapped **bucket = &seen[(handle >> 4 ^ handle >> 12 ^ handle ^ (uintptr_t)dev->ordinal) % GJ_LEN(seen)];
	for (wrapped *w = *bucket; w; w = w->next)
		if (w->dev == dev && w->handle == handle)
			return w->stream;
	wrapped *w = PyMem_Malloc(sizeof *w);
	if (!w)
		return PyErr_NoMemory(), NULL;
	gj_status status = dev->ops->stream_wrap(dev, handle, &w->stream);
	if (status != GJ_OK) {
		PyMem_Free(w);
		return gj_status_error(status, "using the stream of another library"), NULL;
	}
	w->next = *bucket;
	w->dev = dev;
	w->handle = handle;
	return (*bucket = w)->stream;
}

static int from_handle(PyObject *number, gj_device *dev, gj_stream **out)
{
	uintptr_t handle = PyLong_AsSize_t(number);
	if (handle == (uintptr_t)-1 && PyErr_Occurred()) {
		if (PyErr_ExceptionMatches(PyExc_OverflowError))
			gj_error(GJ_ERR_NOT_A_STREAM, "a negative or too large number");
		return -1;
	}
	*out = handle ? gj_stream_wrapped(dev, handle) : NULL;
	return handle && !*out ? -1 : 0;
}

/* __cuda_stream__: (version, handle), as an attribute or a method. */
static int from_protocol(PyObject *o, gj_device *dev, gj_stream **out)
{
	PyObject *p = PyObject_GetAttrString(o, "__cuda_stream__");
	if (p && PyCallable_Check(p))
		Py_SETREF(p, PyObject_CallNoArgs(p));
	if (!p && !PyErr_ExceptionMatches(PyExc_AttributeError))
		return -1;
	int ok = p && PyTuple_Check(p) && PyTuple_GET_SIZE(p) == 2 && PyLong_Check(PyTuple_GET_ITEM(p, 1));
	gj_forgive(PyExc_AttributeError);
	if (ok)
		ok = from_handle(PyTuple_GET_ITEM(p, 1), dev, out) == 0 ? 1 : -1;
	else
		gj_error(GJ_ERR_NOT_A_STREAM, Py_TYPE(o)->tp_name);
	Py_XDECREF(p);
	return ok > 0 ? 0 : -1;
}

int gj_stream_of(PyObject *o, gj_device *dev, gj_stream **out)
{
	*out = NULL;
	if (!o || o == Py_None)
		return 0;
	if (PyLong_Check(o))
		return from_handle(o, dev, out);
	if (!PyObject_TypeCheck(o, stream_class))
		return from_protocol(o, dev, out);
	StreamObject *s = (StreamObject *)o;
	if (s->stream && s->dev != dev) {
		gj_error(GJ_ERR_STREAM_DEVICE, s->dev->ordinal, s->dev->info.name, dev->ordinal, dev->info.name);
		return -1;
	}
	*out = s->stream;
	return 0;
}

/* -- Stream ------------------------------------------------------------------------------------------------------- */

/* Stream(handle=None): a new stream; or the one with this handle, which stays its owner's. */
static PyObject *stream_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	static char *names[] = { "handle", NULL };
	PyObject *handle = Py_None;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "|O:Stream", names, &handle))
		return NULL;
	gj_device *dev = gj_device_current();
	StreamObject *s = dev ? (StreamObject *)cls->tp_alloc(cls, 0) : NULL;
	if (!s)
		return NULL;
	s->dev = dev;
	s->owned = handle == Py_None;
	gj_status status = s->owned ? dev->ops->stream_create(dev, &s->stream) : GJ_OK;
	if (status != GJ_OK)
		gj_status_error(status, "creating a stream");
	if (status != GJ_OK || (!s->owned && from_handle(handle, dev, &s->stream) < 0)) {
		s->stream = NULL;
		Py_CLEAR(s);
	}
	return (PyObject *)s;
}

static void stream_dealloc(PyObject *self)
{
	StreamObject *s = (StreamObject *)self;
	PyTypeObject *cls = Py_TYPE(self);
	if (s->weak)
		PyObject_ClearWeakRefs(self);
	if (s->owned && s->stream)
		s->dev->ops->stream_destroy(s->dev, s->stream);
	cls->tp_free(self);
	Py_DECREF(cls);
}

static PyObject *stream_sync(PyObject *self, PyObject *unused)
{
	(void)unused;
	StreamObject *s = (StreamObject *)self;
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = s->dev->ops->stream_sync(s->dev, s->stream);
	Py_END_ALLOW_THREADS
	gj_show_any();
	return done(status, "synchronize()");
}

static PyObject *stream_query(PyObject *self, PyObject *unused)
{
	(void)unused;
	StreamObject *s = (StreamObject *)self;
	return answer(s->dev->ops->stream_query(s->dev, s->stream), "query()");
}

static PyObject *stream_int(PyObject *self)
{
	StreamObject *s = (StreamObject *)self;
	return PyLong_FromSize_t(s->stream ? s->dev->ops->stream_handle(s->stream) : 0);
}

static PyObject *stream_handle(PyObject *self, void *unused)
{
	(void)unused;
	return stream_int(self);
}

static PyObject *stream_protocol(PyObject *self, PyObject *unused)
{
	(void)unused;
	return Py_BuildValue("iN", 0, stream_int(self));
}

/* A stream is true, though its handle may be 0. */
static int stream_bool(PyObject *self)
{
	(void)self;
	return 1;
}

static PyMethodDef stream_methods[] = {
	{ "synchronize", stream_sync, METH_NOARGS, "Wait until everything queued on the stream is done." },
	{ "query", stream_query, METH_NOARGS, "query() -> bool: is everything queued done?" },
	{ "__cuda_stream__", stream_protocol, METH_NOARGS, "(version, handle), for other libraries." },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef stream_getset[] = {
	{ "handle", stream_handle, NULL, "The driver's handle; 0: the default stream, or the CPU device.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMemberDef stream_members[] = {
	{ "__weaklistoffset__", T_PYSSIZET, offsetof(StreamObject, weak), READONLY, NULL },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot stream_slots[] = {
	{ Py_tp_new, stream_new }, { Py_tp_dealloc, stream_dealloc }, { Py_nb_int, stream_int }, { Py_nb_bool, stream_bool },
	{ Py_tp_methods, stream_methods }, { Py_tp_getset, stream_getset }, { Py_tp_members, stream_members },
	{ Py_tp_doc, "Stream(handle=None): work queued in order." }, { 0, NULL },
};

static PyType_Spec stream_spec = { "gridjit._core.Stream", sizeof(StreamObject), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, stream_slots };

int gj_stream_init(PyObject *m)
{
	return gj_add_type(m, &stream_class, &stream_spec, NULL);
}

/* -- Event -------------------------------------------------------------------------------------------------------- */

static PyObject *event_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	static char *names[] = { "timing", NULL };
	int timing = 1;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "|p:Event", names, &timing))
		return NULL;
	gj_device *dev = gj_device_current();
	EventObject *e = dev ? (EventObject *)cls->tp_alloc(cls, 0) : NULL;
	if (!e)
		return NULL;
	e->dev = dev;
	gj_status status = dev->ops->event_create(dev, timing, &e->event);
	if (status != GJ_OK) {
		e->event = NULL;
		Py_CLEAR(e);
		gj_status_error(status, "creating an event");
	}
	return (PyObject *)e;
}

static void event_dealloc(PyObject *self)
{
	EventObject *e = (EventObject *)self;
	PyTypeObject *cls = Py_TYPE(self);
	if (e->event)
		e->dev->ops->event_destroy(e->dev, e->event);
	cls->tp_free(self);
	Py_DECREF(cls);
}

static int stream_argument(EventObject *e, PyObject *args, PyObject *kw, gj_stream **out)
{
	static char *names[] = { "stream", NULL };
	PyObject *stream = NULL;
	return PyArg_ParseTupleAndKeywords(args, kw, "|O", names, &stream) ? gj_stream_of(stream, e->dev, out) : -1;
}

static PyObject *event_record(PyObject *self, PyObject *args, PyObject *kw)
{
	EventObject *e = (EventObject *)self;
	gj_stream *s;
	if (stream_argument(e, args, kw, &s) < 0)
		return NULL;
	return done(e->dev->ops->event_record(e->dev, e->event, s), "record()");
}

static PyObject *event_wait(PyObject *self, PyObject *args, PyObject *kw)
{
	EventObject *e = (EventObject *)self;
	gj_stream *s;
	if (stream_argument(e, args, kw, &s) < 0)
		return NULL;
	return done(e->dev->ops->stream_wait(e->dev, s, e->event), "wait()");
}

static PyObject *event_sync(PyObject *self, PyObject *unused)
{
	(void)unused;
	EventObject *e = (EventObject *)self;
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = e->dev->ops->event_sync(e->dev, e->event);
	Py_END_ALLOW_THREADS
	gj_show_any();
	return done(status, "synchronize()");
}

static PyObject *event_query(PyObject *self, PyObject *unused)
{
	(void)unused;
	EventObject *e = (EventObject *)self;
	return answer(e->dev->ops->event_query(e->dev, e->event), "query()");
}

static PyObject *event_elapsed(PyObject *self, PyObject *end)
{
	if (!PyObject_TypeCheck(end, event_class))
		return PyErr_Format(PyExc_TypeError, "elapsed_time() takes an Event, not %s", Py_TYPE(end)->tp_name);
	EventObject *e = (EventObject *)self;
	float ms;
	gj_status status = e->dev->ops->event_elapsed(e->dev, e->event, ((EventObject *)end)->event, &ms);
	return status == GJ_OK ? PyFloat_FromDouble((double)ms) : gj_status_error(status, "elapsed_time()");
}

static PyMethodDef event_methods[] = {
	{ "record", (PyCFunction)(void (*)(void))event_record, METH_VARARGS | METH_KEYWORDS,
		"record(stream=0): the event happens when what is queued on the stream so far is done." },
	{ "wait", (PyCFunction)(void (*)(void))event_wait, METH_VARARGS | METH_KEYWORDS,
		"wait(stream=0): what is queued on the stream from now on waits for the event." },
	{ "synchronize", event_sync, METH_NOARGS, "Wait for the event." },
	{ "query", event_query, METH_NOARGS, "query() -> bool: has it happened?" },
	{ "elapsed_time", event_elapsed, METH_O, "elapsed_time(end) -> float: milliseconds from this event to `end`." },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot event_slots[] = {
	{ Py_tp_new, event_new }, { Py_tp_dealloc, event_dealloc }, { Py_tp_methods, event_methods },
	{ Py_tp_doc, "Event(timing=True): a point in the work of a stream." }, { 0, NULL },
};

static PyType_Spec event_spec = { "gridjit._core.Event", sizeof(EventObject), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, event_slots };

int gj_event_init(PyObject *m)
{
	return gj_add_type(m, &event_class, &event_spec, NULL);
}
