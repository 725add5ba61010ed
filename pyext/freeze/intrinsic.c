/* _core.Intrinsic("cuda.grid"): an immutable name of the kernel language. Its attributes are the names of names.def
 * below it; calling one outside a kernel is an error that says so. */
#include "freeze/intrinsic.h"

#include <string.h>

typedef struct intrinsic {
	PyObject_HEAD
	PyObject *name;                            /* "cuda.grid" */
} intrinsic;

static PyTypeObject *intrinsic_class;

const char *gj_intrinsic_name(PyObject *o)
{
	if (!intrinsic_class || Py_TYPE(o) != intrinsic_class)
		return NULL;
	const char *name = PyUnicode_AsUTF8(((intrinsic *)o)->name);
	if (!name)
		PyErr_Clear();
	return name;
}

static PyObject *make(PyObject *name)
{
	intrinsic *self = PyObject_New(intrinsic, intrinsic_class);
	if (self)
		self->name = Py_NewRef(name);
	return (PyObject *)self;
}

static PyObject *new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	static char *names[] = { "name", NULL };
	PyObject *name;
	bool is_namespace;
	(void)cls;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "U:Intrinsic", names, &name))
		return NULL;
	const char *text = PyUnicode_AsUTF8(name);
	if (!text)
		return NULL;
	if (!gj_intrinsic_exists(text, &is_namespace))
		return gj_error(GJ_ERR_NO_INTRINSIC, text);
	return make(name);
}

static void dealloc(PyObject *o)
{
	PyTypeObject *cls = Py_TYPE(o);
	Py_DECREF(((intrinsic *)o)->name);
	PyObject_Free(o);
	Py_DECREF(cls);
}

static PyObject *repr(PyObject *o)
{
	return Py_NewRef(((intrinsic *)o)->name);
}

/* Names of the table first: an intrinsic has no other attributes of its own but the special ones. */
static PyObject *getattro(PyObject *o, PyObject *attr)
{
	bool is_namespace;
	const char *text = PyUnicode_AsUTF8(attr);
	if (!text)
		return NULL;
	if (!strncmp(text, "__", 2))
		return PyObject_GenericGetAttr(o, attr);
	PyObject *child = PyUnicode_FromFormat("%U.%U", ((intrinsic *)o)->name, attr);
	const char *dotted = child ? PyUnicode_AsUTF8(child) : NULL;
	PyObject *result = NULL;
	if (dotted && gj_intrinsic_exists(dotted, &is_namespace))
		result = make(child);
	else if (dotted)
		gj_error(GJ_ERR_INTRINSIC_ATTR, PyUnicode_AsUTF8(((intrinsic *)o)->name), text);
	Py_XDECREF(child);
	return result;
}

static PyObject *call(PyObject *o, PyObject *args, PyObject *kw)
{
	(void)args;
	(void)kw;
	const char *name = gj_intrinsic_name(o);
	return gj_error(GJ_ERR_OUTSIDE_KERNEL, name ? name : "this function");
}

static PyObject *compare(PyObject *a, PyObject *b, int op)
{
	if (Py_TYPE(a) != intrinsic_class || Py_TYPE(b) != intrinsic_class)
		Py_RETURN_NOTIMPLEMENTED;
	return PyObject_RichCompare(((intrinsic *)a)->name, ((intrinsic *)b)->name, op);
}

static Py_hash_t hash(PyObject *o)
{
	return PyObject_Hash(((intrinsic *)o)->name);
}

static PyObject *reduce(PyObject *o, PyObject *none)
{
	(void)none;
	return Py_BuildValue("(O(O))", Py_TYPE(o), ((intrinsic *)o)->name);
}

static PyMethodDef methods[] = {
	{ "__reduce__", reduce, METH_NOARGS, "Pickle by name." },
	{ NULL, NULL, 0, NULL },
};

static PyMemberDef members[] = {
	{ "__name__", T_OBJECT_EX, offsetof(intrinsic, name), READONLY, "the dotted name" },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, new }, { Py_tp_dealloc, dealloc }, { Py_tp_repr, repr }, { Py_tp_getattro, getattro },
	{ Py_tp_call, call }, { Py_tp_richcompare, compare }, { Py_tp_hash, hash }, { Py_tp_methods, methods },
	{ Py_tp_members, members },
	{ Py_tp_doc, (void *)"A name that means something inside functions compiled with @cuda.jit only." },
	{ 0, NULL },
};

static PyType_Spec spec = {
	.name = "gridjit._core.Intrinsic", .basicsize = sizeof(intrinsic),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, .slots = slots,
};

int gj_intrinsic_init(PyObject *module)
{
	return gj_add_type(module, &intrinsic_class, &spec, NULL);
}
