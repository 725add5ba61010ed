/* Classes of exceptions by the names that compiled code has for them. Those that are not Python's own get one when they are frozen: module and
 * qualified name, and a number where another living class has the same, so that a name means one class. */
#include "exceptions.h"

static PyObject *classes;                      /* name: weak reference */

/* What a weak reference refers to, as a new reference, or NULL. */
static PyObject *alive(PyObject *ref)
{
#if PY_VERSION_HEX >= 0x030d0000
	PyObject *o;
	return PyWeakref_GetRef(ref, &o) > 0 ? o : NULL;
#else
	PyObject *o = PyWeakref_GetObject(ref);
	return o && o != Py_None ? Py_NewRef(o) : NULL;
#endif
}

static PyObject *attribute(PyObject *class, const char *name)
{
	PyObject *v;
	if (gj_attribute(class, name, &v) < 0)
		return NULL;
	if (v && !PyUnicode_Check(v))
		Py_CLEAR(v);
	return v ? v : PyUnicode_FromString("?");
}

/* Is the name the class's, or nobody's and now its? −1: exception. */
static int claim(PyObject *class, PyObject *name)
{
	PyObject *ref = PyDict_GetItemWithError(classes, name), *other = ref ? alive(ref) : NULL;
	int mine = other == class;
	if (!other && !PyErr_Occurred()) {
		ref = PyWeakref_NewRef(class, NULL);
		mine = ref && PyDict_SetItem(classes, name, ref) == 0;
		Py_XDECREF(ref);
	}
	Py_XDECREF(other);
	return PyErr_Occurred() ? -1 : mine;
}

PyObject *gj_exception_name(PyObject *class)
{
	PyObject *module = attribute(class, "__module__"), *qualname = module ? attribute(class, "__qualname__") : NULL, *name = NULL;
	classes = classes ? classes : PyDict_New();
	for (int i = 1, mine = 0; qualname && classes && !mine; i++) {
		Py_XSETREF(name, i == 1 ? PyUnicode_FromFormat("%U.%U", module, qualname) : PyUnicode_FromFormat("%U.%U@%d", module, qualname, i));
		mine = name ? claim(class, name) : -1;
		if (mine < 0) {
			Py_CLEAR(name);
			break;
		}
	}
	Py_XDECREF(module);
	Py_XDECREF(qualname);
	return name;
}

PyObject *gj_exception_class(const char *name)
{
	PyObject *ref = classes ? PyDict_GetItemString(classes, name) : NULL, *cls = ref ? alive(ref) : NULL;
	PyObject *own = cls || !*name ? NULL : gj_import("builtins", name);
	if (!cls && !own && !gj_forgive(PyExc_Exception))
		return NULL;
	if (own && PyExceptionClass_Check(own))
		return own;
	Py_XDECREF(own);
	return cls ? cls : Py_NewRef(PyExc_RuntimeError);
}
