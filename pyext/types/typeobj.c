/* gj_type to Python object and back. Objects are made once a type and live as long as the process. */
#include "types/typeobj.h"

#include "types/dtype.h"
#include "types/fields.h"

#include <string.h>

PyTypeObject *gj_type_classes[GJ_NCLASSES];
static struct { PyObject **p; uint32_t n; } objects;   /* by gj_type.id */

bool gj_is_uniform(const gj_type *t)
{
	for (uint32_t i = 1; i < t->n; i++)
		if (t->item[i] != t->item[0])
			return false;
	return t->n > 0;
}

static int class_of(const gj_type *t)
{
	if (t->kind == GJ_BOOL)
		return GJ_CLASS_Boolean;
	if (gj_is_scalar(t))
		return gj_is_int(t) ? GJ_CLASS_Integer : gj_is_float(t) ? GJ_CLASS_Float : GJ_CLASS_Complex;
	switch (t->kind) {
	case GJ_NONE:  return GJ_CLASS_NoneType;
	case GJ_ARRAY: return GJ_CLASS_Array;
	case GJ_PTR:   return GJ_CLASS_CPointer;
	case GJ_FUNCTION: return GJ_CLASS_FunctionType;
	case GJ_RECORD: return GJ_CLASS_Record;
	case GJ_NESTED: return GJ_CLASS_NestedArray;
	case GJ_OPTIONAL: return GJ_CLASS_Optional;
	case GJ_VECTOR: return GJ_CLASS_VectorType;
	case GJ_FLOAT8: return GJ_CLASS_Float;
	case GJ_TUPLE:
		if (gj_is_numpy_generator(t))
			return GJ_CLASS_NumPyRandomGeneratorType;
		if (gj_is_slice(t))
			return GJ_CLASS_Type;
		if (gj_names_of(t))
			return gj_is_uniform(t) ? GJ_CLASS_NamedUniTuple : GJ_CLASS_NamedTuple;
		return gj_is_uniform(t) ? GJ_CLASS_UniTuple : GJ_CLASS_Tuple;
	default:       return GJ_CLASS_Type;
	}
}

static bool reserve(uint32_t id)
{
	if (id < objects.n)
		return true;
	uint32_t n = (id + 64) * 2;
	PyObject **p = PyMem_Realloc(objects.p, n * sizeof *p);
	if (!p)
		return PyErr_NoMemory(), false;
	memset(p + objects.n, 0, (n - objects.n) * sizeof *p);
	objects.p = p;
	objects.n = n;
	return true;
}

PyObject *gj_type_to_py(const gj_type *t)
{
	if (!t)
		return PyErr_NoMemory();
	if (!reserve(t->id))
		return NULL;
	if (!objects.p[t->id]) {
		gj_typeobj *o = PyObject_New(gj_typeobj, gj_type_classes[class_of(t)]);
		if (!o)
			return NULL;
		o->type = t;
		objects.p[t->id] = (PyObject *)o;
	}
	return Py_NewRef(objects.p[t->id]);
}

const gj_type *gj_type_from_py(PyObject *o)
{
	return gj_type_classes[GJ_CLASS_Type] && PyObject_TypeCheck(o, gj_type_classes[GJ_CLASS_Type]) ? ((gj_typeobj *)o)->type : NULL;
}

PyObject *gj_types_to_py(const gj_type *const *t, uint32_t n)
{
	PyObject *tuple = PyTuple_New(n);
	for (uint32_t i = 0; tuple && i < n; i++) {
		PyObject *o = gj_type_to_py(t[i]);
		if (!o)
			Py_CLEAR(tuple);
		else
			PyTuple_SET_ITEM(tuple, i, o);
	}
	return tuple;
}

static const gj_type *from_text(PyObject *text)
{
	const char *s = PyUnicode_AsUTF8(text);
	gj_unread error;
	const gj_type *t = s ? gj_parse_type(s, &error) : NULL;
	if (s && !t)
		gj_error(GJ_ERR_TYPE_TEXT, s, error.why, error.hint);
	return t;
}

/* NumPy dtypes and scalar classes, and Python's own number classes. NULL: none, or an exception is set. */
static const gj_type *from_dtype(PyObject *o)
{
	PyArray_Descr *d = NULL;
	bool candidate = PyArray_DescrCheck(o) || PyType_Check(o);
	if (candidate && !PyArray_DescrConverter(o, &d))
		gj_forgive(PyExc_Exception);
	const gj_type *t = d ? gj_type_of_dtype(d) : NULL;
	Py_XDECREF(d);
	return t;
}

/* Is it a class of numba's (numba.core.types, numba.cuda.types …) of this name, or one below it? */
static bool is_numba(PyTypeObject *cls, const char *name)
{
	PyObject *module = NULL;
	if (!gj_has_base(cls, name))
		return false;
	if (gj_attribute((PyObject *)cls, "__module__", &module) < 0)
		gj_forgive(PyExc_Exception);
	const char *s = module && PyUnicode_Check(module) ? PyUnicode_AsUTF8(module) : NULL;
	bool yes = s && !strncmp(s, "numba", 5) && (!s[5] || strchr("._", s[5]));
	Py_XDECREF(module);
	return yes;
}

bool gj_is_numba_signature(PyObject *o)
{
	return is_numba(Py_TYPE(o), "Signature");
}

/* numba's types print as ours are read; of literals the type counts. */
static const gj_type *from_numba(PyObject *o)
{
	PyObject *name = NULL, *literal = NULL;
	if (!is_numba(Py_TYPE(o), "Type") || PyErr_Occurred())
		return NULL;
	if (gj_attribute(o, "name", &name) < 0)
		return NULL;
	const char *s = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
	const gj_type *t = s ? gj_parse_type(s, NULL) : NULL;
	Py_XDECREF(name);
	if (!t && !PyErr_Occurred() && gj_attribute(o, "literal_type", &literal) > 0 && literal != o)
		t = from_numba(literal);
	Py_XDECREF(literal);
	return t;
}

const gj_type *gj_type_from_types(PyObject *o)
{
	const gj_type *t = gj_type_from_py(o);
	return t ? t : from_numba(o);
}

const gj_type *gj_type_from_any(PyObject *o)
{
	const gj_type *t = gj_type_from_types(o);
	if (t || PyErr_Occurred())
		return t;
	if (o == Py_None)
		return gj_t_none;
	if (PyUnicode_Check(o))
		return from_text(o);
	if ((t = from_dtype(o)) || PyErr_Occurred())
		return t;
	PyObject *absent = NULL;
	if (gj_attribute(o, "_gj_absent", &absent) < 0)
		return NULL;
	if (absent) {                                          /* gridjit/absent.py */
		const char *text = PyUnicode_Check(absent) ? PyUnicode_AsUTF8(absent) : NULL, *why = text ? strstr(text, ": ") : NULL;
		char name[200];
		PyOS_snprintf(name, sizeof name, "%.*s", why ? (int)(why - text) : 0, text ? text : "");
		if (!PyErr_Occurred())
			gj_error(GJ_ERR_ABSENT_TYPE, name, why ? why + 2 : "");
		Py_DECREF(absent);
		return NULL;
	}
	PyObject *text = PyArray_DescrCheck(o) ? PyUnicode_FromFormat("the dtype %S", o) : NULL;
	gj_error(GJ_ERR_NOT_A_TYPE, text ? PyUnicode_AsUTF8(text) : Py_TYPE(o)->tp_name);
	Py_XDECREF(text);
	return NULL;
}
