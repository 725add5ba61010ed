/* _core.Signature: result and argument types of a function; and reading one from whatever users write: an object,
 * "void(float32[:], int64)", or a tuple of types. */
#include "types/signature.h"

#include "types/typeobj.h"

#include <string.h>

typedef struct { PyObject_HEAD PyObject *ret, *args; } SignatureObject;

static PyTypeObject *signature_class;

PyObject *gj_signature_new(const gj_type *ret, const gj_type *const *arg, uint32_t n)
{
	SignatureObject *s = PyObject_New(SignatureObject, signature_class);
	if (!s)
		return NULL;
	s->ret = ret ? gj_type_to_py(ret) : Py_NewRef(Py_None);
	s->args = gj_types_to_py(arg, n);
	if (!s->ret || !s->args)
		Py_CLEAR(s);
	return (PyObject *)s;
}

/* -- Reading ------------------------------------------------------------------------------------------------------ */

static int read_tuple(PyObject *, const gj_type **);

const gj_type *gj_signature_type(PyObject *o)
{
	const gj_type *arg[GJ_MAX_SIGNATURE], *ret;
	if (!Py_IS_TYPE(o, signature_class))
		return NULL;
	SignatureObject *s = (SignatureObject *)o;
	int n = s->ret == Py_None ? -1 : read_tuple(s->args, arg);
	if (n < 0)
		return PyErr_Occurred() ? NULL : (gj_error(GJ_ERR_TYPE_FUNCTION), NULL);
	ret = gj_type_from_py(s->ret);
	return gj_function_type(ret, arg, (uint32_t)n, NULL);
}

static int read_tuple(PyObject *tuple, const gj_type **arg)
{
	Py_ssize_t n = PyTuple_GET_SIZE(tuple);
	if (n > GJ_MAX_SIGNATURE) {
		gj_error(GJ_ERR_SIGNATURE_LONG, (int)GJ_MAX_SIGNATURE);
		return -1;
	}
	for (Py_ssize_t i = 0; i < n; i++)
		if (!(arg[i] = gj_signature_type(PyTuple_GET_ITEM(tuple, i))) && (PyErr_Occurred() || !(arg[i] = gj_type_from_any(PyTuple_GET_ITEM(tuple, i)))))
			return -1;
	return (int)n;
}

static int read_text(PyObject *text, const gj_type **ret, const gj_type **arg)
{
	const char *s = PyUnicode_AsUTF8(text);
	gj_unread error;
	if (!s)
		return -1;
	int n = gj_parse_signature(s, ret, arg, GJ_MAX_SIGNATURE, &error);
	if (n < 0)
		gj_error(GJ_ERR_SIGNATURE_TEXT, s, error.why, error.hint);
	return n;
}

/* float32(int32) of numba's types: an object with return_type and args. */
static int read_numba(PyObject *o, const gj_type **ret, const gj_type **arg)
{
	PyObject *result, *args = NULL;
	int n = -1;
	if (gj_attribute(o, "return_type", &result) < 0 || gj_attribute(o, "args", &args) < 0) {
		Py_XDECREF(result);
		return -1;
	}
	if (!args || !PyTuple_Check(args))
		gj_error(GJ_ERR_NOT_A_SIGNATURE, Py_TYPE(o)->tp_name);
	else if (!result || result == Py_None || (*ret = gj_type_from_any(result)))
		n = read_tuple(args, arg);
	Py_XDECREF(result);
	Py_XDECREF(args);
	return n;
}

int gj_signature_read(PyObject *o, const gj_type **ret, const gj_type *arg[GJ_MAX_SIGNATURE])
{
	*ret = NULL;
	if (PyUnicode_Check(o))
		return read_text(o, ret, arg);
	if (PyTuple_Check(o))
		return read_tuple(o, arg);
	if (gj_is_numba_signature(o))
		return read_numba(o, ret, arg);
	if (!Py_IS_TYPE(o, signature_class)) {
		gj_error(GJ_ERR_NOT_A_SIGNATURE, Py_TYPE(o)->tp_name);
		return -1;
	}
	SignatureObject *s = (SignatureObject *)o;
	*ret = gj_type_from_py(s->ret);
	return read_tuple(s->args, arg);
}

/* -- The Python type ---------------------------------------------------------------------------------------------- */

static PyObject *signature_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	(void)cls;
	static char *names[] = { "return_type", "args", NULL };
	PyObject *ret, *types;
	const gj_type *r = NULL, *arg[GJ_MAX_SIGNATURE];
	if (!PyArg_ParseTupleAndKeywords(args, kw, "OO!:Signature", names, &ret, &PyTuple_Type, &types))
		return NULL;
	if (ret != Py_None && !(r = gj_type_from_any(ret)))
		return NULL;
	int n = read_tuple(types, arg);
	return n < 0 ? NULL : gj_signature_new(r, arg, (uint32_t)n);
}

static void signature_dealloc(PyObject *self)
{
	SignatureObject *s = (SignatureObject *)self;
	PyTypeObject *cls = Py_TYPE(self);
	Py_XDECREF(s->ret);
	Py_XDECREF(s->args);
	PyObject_Free(self);
	Py_DECREF(cls);
}

static PyObject *signature_repr(PyObject *self)
{
	SignatureObject *s = (SignatureObject *)self;
	PyObject *comma = PyUnicode_FromString(", "), *parts = PyList_New(0), *text = NULL, *joined = NULL;
	for (Py_ssize_t i = 0; parts && i < PyTuple_GET_SIZE(s->args); i++) {
		PyObject *one = PyObject_Str(PyTuple_GET_ITEM(s->args, i));
		if (!one || PyList_Append(parts, one) < 0)
			Py_CLEAR(parts);
		Py_XDECREF(one);
	}
	if (comma && parts && (joined = PyUnicode_Join(comma, parts)))
		text = s->ret == Py_None ? PyUnicode_FromFormat("(%U)", joined) : PyUnicode_FromFormat("(%U) -> %S", joined, s->ret);
	Py_XDECREF(comma);
	Py_XDECREF(parts);
	Py_XDECREF(joined);
	return text;
}

static PyObject *signature_compare(PyObject *a, PyObject *b, int op)
{
	if (!Py_IS_TYPE(b, signature_class) || (op != Py_EQ && op != Py_NE))
		Py_RETURN_NOTIMPLEMENTED;
	SignatureObject *x = (SignatureObject *)a, *y = (SignatureObject *)b;
	int same = x->ret == y->ret ? PyObject_RichCompareBool(x->args, y->args, Py_EQ) : 0;
	return same < 0 ? NULL : PyBool_FromLong(same == (op == Py_EQ));
}

static Py_hash_t signature_hash(PyObject *self)
{
	SignatureObject *s = (SignatureObject *)self;
	Py_hash_t h = PyObject_Hash(s->args);
	if (h != -1 && (h ^= (Py_hash_t)((uintptr_t)s->ret >> 4)) == -1)
		h = -2;
	return h;
}

static PyObject *signature_reduce(PyObject *self, PyObject *unused)
{
	(void)unused;
	SignatureObject *s = (SignatureObject *)self;
	return Py_BuildValue("O(OO)", signature_class, s->ret, s->args);
}

static PyMemberDef members[] = {
	{ "return_type", T_OBJECT, offsetof(SignatureObject, ret), READONLY, "Type of the result; None: not given." },
	{ "args", T_OBJECT, offsetof(SignatureObject, args), READONLY, "Tuple of the arguments' types." },
	{ NULL, 0, 0, 0, NULL },
};

static PyMethodDef methods[] = {
	{ "__reduce__", signature_reduce, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, signature_new }, { Py_tp_dealloc, signature_dealloc }, { Py_tp_repr, signature_repr },
	{ Py_tp_richcompare, signature_compare }, { Py_tp_hash, signature_hash },
	{ Py_tp_members, members }, { Py_tp_methods, methods },
	{ Py_tp_doc, "Signature(return_type, args): types of a function; float32(int32) makes one." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Signature", sizeof(SignatureObject), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots };

int gj_signature_init(PyObject *m)
{
	return gj_add_type(m, &signature_class, &spec, NULL);
}
