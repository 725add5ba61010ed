/* Overloaded functions. What was registered is in gridjit.overloading, which is looked at only where somebody has imported it. What has
 * been answered so far for this compilation is a list: function, types as text, implementation or None (freeze.h). */
#include "freeze/overloaded.h"

#include <string.h>

/* Borrowed; NULL: there is none, or an exception is set. */
static PyObject *table(const char *name)
{
	PyObject *key = PyUnicode_FromString("gridjit.overloading"), *module = key ? PyImport_GetModule(key) : NULL;
	PyObject *o = module ? PyDict_GetItemString(PyModule_GetDict(module), name) : NULL;
	Py_XDECREF(key);
	Py_XDECREF(module);
	return o && PyDict_Check(o) ? o : NULL;
}

bool gj_is_overloaded(const gj_freezer *fz, PyObject *o)
{
	PyObject *all = fz->captures && fz->captures->answers ? table("FUNCTIONS") : NULL, *key = all ? PyLong_FromVoidPtr(o) : NULL;
	bool is = key && PyDict_GetItemWithError(all, key);
	Py_XDECREF(key);
	return is;
}

static PyObject *find(const gj_freezer *fz, const char *in, PyObject *name)
{
	PyObject *all = fz->captures && fz->captures->answers ? table(in) : NULL;
	return all ? PyDict_GetItemWithError(all, name) : NULL;
}

PyObject *gj_overloaded_method(const gj_freezer *fz, PyObject *name) { return find(fz, "METHODS", name); }

PyObject *gj_overloaded_attribute(const gj_freezer *fz, PyObject *name) { return find(fz, "ATTRIBUTES", name); }
