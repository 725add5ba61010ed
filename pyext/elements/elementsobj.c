/* _core.Elements: a function of numbers that is called with arrays in device memory. This is the straight way; what is not
 * usual (lists, other dtypes, outputs that cannot be written in place, keywords) goes to the method _call in Python, which
 * makes it usual and comes back through _run. */
#include "elements/elementsobj.h"

#include "elements/call.h"
#include "types/dtype.h"

static PyTypeObject *elements_class;

static PyObject *elements_call(PyObject *, PyObject *const *, size_t, PyObject *);

static PyObject *elements_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	int nin, nout, block = 0;
	(void)kw;
	if (!PyArg_ParseTuple(args, "ii|i:Elements", &nin, &nout, &block))
		return NULL;
	if (nin < 1 || nout < 1 || nin + nout >= GJ_WALK_OPERANDS)
		return gj_error(GJ_ERR_ELEMENTS_COUNT, nin, nout, GJ_WALK_OPERANDS - 1);
	gj_elements *e = (gj_elements *)cls->tp_alloc(cls, 0);
	if (e) {
		e->call = elements_call;
		e->nin = (uint32_t)nin;
		e->nout = (uint32_t)nout;
		e->block = block > 0 ? (uint32_t)block : 0;
	}
	return (PyObject *)e;
}

static int elements_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	return gj_elements_rows_visit(((gj_elements *)self)->rows, visit, arg);
}

static int elements_clear(PyObject *self)
{
	gj_elements_rows_free(&((gj_elements *)self)->rows);
	return 0;
}

static void elements_dealloc(PyObject *self)
{
	PyTypeObject *cls = Py_TYPE(self);
	PyObject_GC_UnTrack(self);
	elements_clear(self);
	cls->tp_free(self);
	Py_DECREF(cls);
}

/* -- Calling ----------------------------------------------------------------------------------------------------------- */

static PyObject *in_python(PyObject *self, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames)
{
	PyObject *method = PyObject_GetAttrString(self, "_call");
	PyObject *o = method ? PyObject_Vectorcall(method, arg, (size_t)n, kwnames) : NULL;
	Py_XDECREF(method);
	return o;
}

/* Keywords that the straight way knows: out (one array), stream. */
static bool read_keywords(gj_elements_call *c, PyObject *const *value, PyObject *kwnames, PyObject **out)
{
	for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); i++) {
		PyObject *name = PyTuple_GET_ITEM(kwnames, i);
		if (PyUnicode_CompareWithASCIIString(name, "stream") == 0)
			c->stream = value[i] == Py_None || (PyLong_CheckExact(value[i]) && !PyObject_IsTrue(value[i])) ? NULL : value[i];
		else if (PyUnicode_CompareWithASCIIString(name, "out") == 0 && c->self->nout == 1 && !c->out && !PyTuple_Check(value[i])) {
			out[0] = value[i];
			c->out = out;
		} else
			return false;
	}
	return true;
}

static PyObject *elements_call(PyObject *self, PyObject *const *arg, size_t nargsf, PyObject *kwnames)
{
	gj_elements *e = (gj_elements *)self;
	Py_ssize_t n = PyVectorcall_NARGS(nargsf);
	PyObject *out[1] = { NULL }, *o = NULL;
	gj_elements_call c = { .self = e, .in = arg };
	bool straight = n == (Py_ssize_t)e->nin && read_keywords(&c, arg + n, kwnames, out);
	if (straight && (o = gj_elements_run(&c)) && o != Py_NotImplemented)
		return o;
	if (straight && !o && (c.began || !gj_forgive(PyExc_Exception)))
		return NULL;
	Py_XDECREF(o);
	return in_python(self, arg, n, kwnames);
}

/* A tuple of dtypes as a key; false: exception. */
static bool read_types(PyObject *types, uint32_t n, uint8_t *key)
{
	if (!PyTuple_Check(types) || PyTuple_GET_SIZE(types) != (Py_ssize_t)n)
		return PyErr_SetString(PyExc_TypeError, "_run() takes a dtype for each input"), false;
	for (uint32_t i = 0; i < n; i++) {
		PyObject *d = PyTuple_GET_ITEM(types, (Py_ssize_t)i);
		int kind = PyArray_DescrCheck(d) ? gj_kind_of_dtype((PyArray_Descr *)d) : -1;
		if (kind < 0)
			return PyErr_Format(PyExc_TypeError, "_run(): %R is no dtype of kernels", d), false;
		key[i] = (uint8_t)kind;
	}
	return true;
}

/* _run(inputs, outputs or None, where or None, stream, types or None) */
static PyObject *elements_run(PyObject *self, PyObject *args)
{
	gj_elements *e = (gj_elements *)self;
	PyObject *in, *out, *where, *stream, *types;
	uint8_t key[GJ_WALK_OPERANDS];
	if (!PyArg_ParseTuple(args, "O!OOOO:_run", &PyTuple_Type, &in, &out, &where, &stream, &types))
		return NULL;
	if (PyTuple_GET_SIZE(in) != (Py_ssize_t)e->nin || (out != Py_None && (!PyTuple_Check(out) || PyTuple_GET_SIZE(out) != (Py_ssize_t)e->nout)))
		return PyErr_Format(PyExc_TypeError, "_run() takes tuples of %u inputs and %u outputs", (unsigned)e->nin, (unsigned)e->nout);
	if (types != Py_None && !read_types(types, e->nin, key))
		return NULL;
	bool plain = stream == Py_None || (PyLong_CheckExact(stream) && PyObject_IsTrue(stream) == 0);
	gj_elements_call c = { e, ((PyTupleObject *)in)->ob_item, out == Py_None ? NULL : ((PyTupleObject *)out)->ob_item,
		where == Py_None ? NULL : where, plain ? NULL : stream, types == Py_None ? NULL : key, true, false };
	return gj_elements_run(&c);
}

/* -- The type ------------------------------------------------------------------------------------------------------------ */

static PyMethodDef methods[] = {
	{ "_run", elements_run, METH_VARARGS, "_run(inputs, outputs, where, stream, types)" },
	{ NULL, NULL, 0, NULL },
};

static PyMemberDef members[] = {
	{ "__vectorcalloffset__", T_PYSSIZET, offsetof(gj_elements, call), READONLY, NULL },
	{ "nin", T_UINT, offsetof(gj_elements, nin), READONLY, "Number of inputs." },
	{ "nout", T_UINT, offsetof(gj_elements, nout), READONLY, "Number of outputs." },
	{ "max_blocksize", T_UINT, offsetof(gj_elements, block), 0, "Threads of a block at most; 0: the device's choice." },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, elements_new }, { Py_tp_dealloc, elements_dealloc }, { Py_tp_traverse, elements_traverse },
	{ Py_tp_clear, elements_clear }, { Py_tp_call, PyVectorcall_Call }, { Py_tp_methods, methods }, { Py_tp_members, members },
	{ Py_tp_doc, "Elements(nin, nout, block=0): a function of numbers over arrays." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Elements", sizeof(gj_elements), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, slots };

int gj_elements_init(PyObject *m)
{
	return gj_add_type(m, &elements_class, &spec, NULL);
}
