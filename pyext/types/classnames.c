/* What classes hold, and what a class of tuples calls their items. */
#include "types/classnames.h"

#include <string.h>

static PyObject *dict_of(PyTypeObject *class)
{
#if PY_VERSION_HEX >= 0x030c0000
	return PyType_GetDict(class);
#else
	return Py_XNewRef(class->tp_dict);
#endif
}

PyObject *gj_class_attribute(PyTypeObject *class, PyObject *name)
{
	for (Py_ssize_t i = 0; class->tp_mro && i < PyTuple_GET_SIZE(class->tp_mro); i++) {
		PyObject *dict = dict_of((PyTypeObject *)PyTuple_GET_ITEM(class->tp_mro, i));
		PyObject *v = dict ? PyDict_GetItemWithError(dict, name) : NULL;
		Py_XDECREF(dict);
		gj_forgive(PyExc_Exception);
		if (v)
			return v;
	}
	return NULL;
}

static int put_public(PyObject *list, PyObject *dict)
{
	PyObject *key, *value;
	Py_ssize_t at = 0;
	while (PyDict_Next(dict, &at, &key, &value))
		if (PyUnicode_Check(key) && PyUnicode_GET_LENGTH(key) && PyUnicode_READ_CHAR(key, 0) != '_' && PyList_Append(list, key) < 0)
			return -1;
	return 0;
}

PyObject *gj_class_public(PyTypeObject *class)
{
	PyObject *list = PyList_New(0);
	for (Py_ssize_t i = 0; list && class->tp_mro && i < PyTuple_GET_SIZE(class->tp_mro); i++) {
		PyObject *dict = dict_of((PyTypeObject *)PyTuple_GET_ITEM(class->tp_mro, i));
		if (dict && put_public(list, dict) < 0)
			Py_CLEAR(list);
		Py_XDECREF(dict);
	}
	return list;
}

static PyObject *attribute(PyTypeObject *class, const char *name)
{
	PyObject *text = PyUnicode_InternFromString(name), *v = text ? gj_class_attribute(class, text) : NULL;
	gj_forgive(PyExc_Exception);
	Py_XDECREF(text);
	return v;
}

/* Does the class read an item under this name, as the library has it do, and not something of its own? */
static bool reads_item(PyTypeObject *class, PyObject *name)
{
	PyObject *v = PyUnicode_Check(name) ? gj_class_attribute(class, name) : NULL;
	const char *getter = v ? Py_TYPE(v)->tp_name : "";      /* 3.11 has it in _collections */
	return v && (!strcmp(getter + (*getter == '_'), "collections._tuplegetter") || PyObject_TypeCheck(v, &PyMemberDescr_Type));
}

/* -- From names to classes: the last that had them, as long as it lives ---------------------------------------------- */

static PyObject *classes;                      /* address of the names: weak reference to the class */

static const gj_fields *remember(const gj_fields *f, PyTypeObject *class)
{
	PyObject *key = f ? PyLong_FromVoidPtr((void *)f) : NULL, *known, *ref = NULL;
	if (!f)
		return PyErr_NoMemory(), NULL;
	classes = classes ? classes : PyDict_New();
	known = key && classes ? PyDict_GetItemWithError(classes, key) : NULL;
	PyObject *last = known ? gj_referent(known) : NULL;
	if (key && classes && !PyErr_Occurred() && last != (PyObject *)class) {
		ref = PyWeakref_NewRef((PyObject *)class, NULL);
		if (ref)
			PyDict_SetItem(classes, key, ref);
	}
	Py_XDECREF(last);
	Py_XDECREF(ref);
	Py_XDECREF(key);
	return PyErr_Occurred() ? NULL : f;
}

PyObject *gj_fields_class(const gj_fields *f)
{
	PyObject *key = PyLong_FromVoidPtr((void *)f), *ref = key && classes ? PyDict_GetItemWithError(classes, key) : NULL;
	PyObject *class = ref ? gj_referent(ref) : NULL;
	Py_XDECREF(key);
	return class;
}

/* -- Named tuples -------------------------------------------------------------------------------------------------- */

const gj_fields *gj_class_fields(PyTypeObject *class)
{
	enum { MAX_NAMES = 256 };
	const char *name[MAX_NAMES], *dot = strrchr(class->tp_name, '.');
	PyObject *names = attribute(class, "_fields");
	names = names ? names : attribute(class, "__match_args__");
	Py_ssize_t n = names && PyTuple_Check(names) ? PyTuple_GET_SIZE(names) : -1;
	if (!PyType_IsSubtype(class, &PyTuple_Type) || n < 0 || n > MAX_NAMES)
		return NULL;
	for (Py_ssize_t i = 0; i < n; i++) {
		name[i] = reads_item(class, PyTuple_GET_ITEM(names, i)) ? PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i)) : NULL;
		gj_forgive(PyExc_Exception);
		if (!name[i])
			return NULL;
	}
	return remember(gj_fields_of(dot ? dot + 1 : class->tp_name, name, (uint32_t)n), class);
}

PyFunctionObject *gj_class_maker(PyTypeObject *class)
{
	PyObject *method = attribute(class, "__new__"), *init = attribute(class, "__init__");
	PyObject *new = method && Py_IS_TYPE(method, &PyStaticMethod_Type) ? PyObject_GetAttrString(method, "__func__") : NULL;
	gj_forgive(PyExc_Exception);
	Py_XDECREF(new);                                       /* the class holds the method, which holds it */
	if (!new || !PyFunction_Check(new) || (init && PyFunction_Check(init)))
		return NULL;
	PyObject *globals = PyFunction_GET_GLOBALS(new), *name = globals ? PyDict_GetItemString(globals, "__name__") : NULL;
	const char *text = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
	gj_forgive(PyExc_Exception);
	return text && !strncmp(text, "namedtuple_", 11) ? (PyFunctionObject *)new : NULL;
}

static PyObject *text_of(PyTypeObject *class, const char *name)
{
	PyObject *v = NULL;
	if (gj_attribute((PyObject *)class, name, &v) < 0)
		return NULL;
	if (v && !PyUnicode_Check(v))
		Py_CLEAR(v);
	return v;
}

/* Two classes are one if module and name are. */
const gj_fields *gj_enum_fields(PyTypeObject *class)
{
	const gj_fields *f = NULL;
	bool integer = PyType_IsSubtype(class, &PyLong_Type) && gj_has_base(class, "IntEnum");
	if (!gj_has_base(class, "Enum") || (!integer && (PyType_IsSubtype(class, &PyLong_Type) || PyType_IsSubtype(class, &PyFloat_Type))))
		return NULL;
	PyObject *module = text_of(class, "__module__"), *name = module ? text_of(class, "__qualname__") : NULL;
	PyObject *label = name ? PyUnicode_FromFormat("%U.%U", module, name) : NULL;
	const char *text = label ? PyUnicode_AsUTF8(label) : NULL;
	if (text)
		f = remember(gj_member_fields(text, integer), class);
	Py_XDECREF(label);
	Py_XDECREF(name);
	Py_XDECREF(module);
	return f;
}

PyObject *gj_enum_value(PyObject *member)
{
	PyObject *v = NULL;
	if (gj_attribute(member, "_value_", &v) < 0)
		return NULL;
	if (v && !PyLong_Check(v) && !PyFloat_Check(v) && !PyArray_IsScalar(v, Number) && !PyArray_IsScalar(v, Bool))
		Py_CLEAR(v);
	return v;
}
