/* _core.Intrinsic("cuda.grid"): an immutable name of the kernel language. Its attributes are the names of names.def
 * below it, its docstring and signature are what the table says; calling one outside a kernel is an error that says so. */
#include "freeze/intrinsic.h"
#include "names/names.h"

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
		gj_forgive(PyExc_Exception);
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
	(void)cls;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "U:Intrinsic", names, &name))
		return NULL;
	const char *text = PyUnicode_AsUTF8(name);
	if (!text)
		return NULL;
	if (!gj_name_find(text))
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

static const gj_name *row_of(PyObject *o)
{
	const char *name = gj_intrinsic_name(o);
	return name ? gj_name_find(name) : NULL;
}

/* "cuda.grid(ndim)" and what it does. */
static PyObject *doc(PyObject *o, void *none)
{
	(void)none;
	const gj_name *row = row_of(o);
	char params[GJ_PARAMS_TEXT];
	if (!row)
		Py_RETURN_NONE;
	if (!row->params)
		return PyUnicode_FromFormat("%s\n\n%s", gj_shown(row->name), row->doc);
	gj_name_params(row, params);
	return PyUnicode_FromFormat("%s(%s)\n\n%s", gj_shown(row->name), params, row->doc);
}

/* For inspect.signature(): that of a Python function with these parameters. */
static PyObject *signature(const gj_name *row)
{
	char params[GJ_PARAMS_TEXT], text[GJ_PARAMS_TEXT + 16];
	gj_name_params(row, params);
	snprintf(text, sizeof text, "lambda %s: None", params);
	PyObject *names = PyDict_New(), *read = gj_import("inspect", "signature");
	PyObject *function = names && read ? PyRun_String(text, Py_eval_input, names, names) : NULL;
	PyObject *result = function ? PyObject_CallOneArg(read, function) : NULL;
	Py_XDECREF(function);
	Py_XDECREF(read);
	Py_XDECREF(names);
	return result;
}

/* Names of the table first: an intrinsic has no other attributes of its own but the special ones. */
static PyObject *getattro(PyObject *o, PyObject *attr)
{
	const char *text = PyUnicode_AsUTF8(attr);
	if (!text)
		return NULL;
	if (!strncmp(text, "__", 2)) {
		const gj_name *row = strcmp(text, "__signature__") ? NULL : row_of(o);
		return row && row->params ? signature(row) : PyObject_GenericGetAttr(o, attr);
	}
	PyObject *child = PyUnicode_FromFormat("%U.%U", ((intrinsic *)o)->name, attr);
	const char *dotted = child ? PyUnicode_AsUTF8(child) : NULL;
	PyObject *result = NULL;
	if (dotted && gj_name_find(dotted))
		result = make(child);
	else if (dotted)                           /* Python itself asks what was meant */
		gj_error(GJ_ERR_INTRINSIC_ATTR, PyUnicode_AsUTF8(((intrinsic *)o)->name), text);
	Py_XDECREF(child);
	return result;
}

/* What every object has, and the names below this one. */
static PyObject *dir(PyObject *o, PyObject *none)
{
	(void)none;
	const char *name = gj_intrinsic_name(o);
	PyObject *list = PyObject_CallMethod((PyObject *)&PyBaseObject_Type, "__dir__", "O", o);
	for (const gj_name *row = NULL; list && name && (row = gj_name_next(name, row));) {
		PyObject *last = PyUnicode_FromString(strrchr(row->name, '.') + 1);
		if (!last || PyList_Append(list, last) < 0)
			Py_CLEAR(list);
		Py_XDECREF(last);
	}
	return list;
}

static PyObject *call(PyObject *o, PyObject *args, PyObject *kw)
{
	(void)args;
	(void)kw;
	const char *name = gj_intrinsic_name(o);
	return gj_error(GJ_ERR_OUTSIDE_KERNEL, name ? name : "this function");
}

/* Any operator on the host: it has no value there. The other operand may be anything. */
static PyObject *no_value(PyObject *a)
{
	const char *name = gj_intrinsic_name(a);
	return gj_error(GJ_ERR_OUTSIDE_VALUE, name ? name : "this name");
}

static PyObject *no_value2(PyObject *a, PyObject *b)
{
	return no_value(Py_TYPE(a) == intrinsic_class ? a : b);
}

static PyObject *no_power(PyObject *a, PyObject *b, PyObject *modulus)
{
	(void)modulus;
	return no_value2(a, b);
}

static PyObject *compare(PyObject *a, PyObject *b, int op)
{
	if (op != Py_EQ && op != Py_NE && Py_TYPE(a) != Py_TYPE(b))
		return no_value2(a, b);
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
	{ "__dir__", dir, METH_NOARGS, "The names below this one, too." },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef getset[] = {
	{ "__doc__", doc, NULL, "what the name stands for", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMemberDef members[] = {
	{ "__name__", T_OBJECT_EX, offsetof(intrinsic, name), READONLY, "the dotted name" },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, new }, { Py_tp_dealloc, dealloc }, { Py_tp_repr, repr }, { Py_tp_getattro, getattro },
	{ Py_tp_call, call }, { Py_nb_add, no_value2 }, { Py_nb_subtract, no_value2 }, { Py_nb_multiply, no_value2 },
	{ Py_nb_true_divide, no_value2 }, { Py_nb_floor_divide, no_value2 }, { Py_nb_remainder, no_value2 },
	{ Py_nb_power, no_power }, { Py_nb_lshift, no_value2 }, { Py_nb_rshift, no_value2 }, { Py_nb_and, no_value2 },
	{ Py_nb_or, no_value2 }, { Py_nb_xor, no_value2 }, { Py_nb_negative, no_value }, { Py_nb_positive, no_value },
	{ Py_nb_invert, no_value }, { Py_nb_absolute, no_value }, { Py_nb_index, no_value }, { Py_nb_int, no_value },
	{ Py_nb_float, no_value }, { Py_tp_richcompare, compare }, { Py_tp_hash, hash }, { Py_tp_methods, methods },
	{ Py_tp_members, members }, { Py_tp_getset, getset },
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
