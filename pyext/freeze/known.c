/* Functions that kernels know by identity: those of builtins, math, cmath, operator and NumPy, under the name that the table
 * of intrinsics uses. Names without a row are kept too: then the error can say which function it is. */
#include "freeze/known.h"
#include "names/names.h"

#include <string.h>

static PyObject *known;                        /* dict: address → (dotted name as bytes, object) */

const char *gj_known_name(PyObject *o)
{
	PyObject *key = PyLong_FromVoidPtr(o);
	PyObject *row = key ? PyDict_GetItemWithError(known, key) : NULL;
	Py_XDECREF(key);
	return row ? PyBytes_AS_STRING(PyTuple_GET_ITEM(row, 0)) : NULL;
}

/* Two names of one function: that with a row in the table wins, else the first. */
static int add(const char *prefix, const char *name, PyObject *o)
{
	PyObject *dotted = PyBytes_FromFormat("%s.%s", prefix, name), *key = PyLong_FromVoidPtr(o), *row = NULL;
	int status = dotted && key ? 0 : -1;
	const char *old = status ? NULL : gj_known_name(o);
	bool better = !old || (!gj_name_find(old) && gj_name_find(PyBytes_AS_STRING(dotted)));
	if (!status && better) {
		row = PyTuple_Pack(2, dotted, o);
		status = row ? PyDict_SetItem(known, key, row) : -1;
	}
	Py_XDECREF(row);
	Py_XDECREF(dotted);
	Py_XDECREF(key);
	return status;
}

/* Of NumPy's classes only few are names: np.float32 and the like are types. */
static bool wanted_numpy(PyObject *o)
{
	const char *class = PyType_Check(o) ? ((PyTypeObject *)o)->tp_name : NULL;
	return PyCallable_Check(o) && (!class || !strcmp(class, "numpy.dtype") || !strcmp(class, "numpy.ndarray") || !strcmp(class, "finfo")
		|| !strcmp(class, "iinfo") || !strcmp(class, "ndindex") || !strcmp(class, "ndenumerate"));
}

static bool wanted_any(PyObject *o)
{
	return PyCallable_Check(o);
}

static int add_module(const char *module, const char *prefix, bool (*wanted)(PyObject *))
{
	PyObject *m = PyImport_ImportModule(module), *name, *o;
	Py_ssize_t at = 0;
	int status = m ? 0 : -1;
	while (!status && PyDict_Next(PyModule_GetDict(m), &at, &name, &o)) {
		const char *text = PyUnicode_AsUTF8(name);
		if (!text)
			status = -1;
		else if (*text != '_' && wanted(o))
			status = add(prefix, text, o);
	}
	Py_XDECREF(m);
	return status;
}

/* -- What is written in Python ------------------------------------------------------------------------------------- */

static PyObject *functions, *methods, *written;

static bool open_functions(void)
{
	if (!functions)
		functions = gj_import("gridjit._functions", "FUNCTIONS");
	if (functions && !methods)
		methods = gj_import("gridjit._functions", "METHODS");
	if (methods && !written)
		written = gj_import("gridjit._functions", "WRITTEN");
	return functions && methods && written;
}

PyObject *gj_known_function(PyObject *o)
{
	PyObject *key = open_functions() ? PyLong_FromVoidPtr(o) : NULL, *f = key ? PyDict_GetItemWithError(functions, key) : NULL;
	Py_XDECREF(key);
	return f;
}

PyObject *gj_known_method(PyObject *name) { return open_functions() ? PyDict_GetItemWithError(methods, name) : NULL; }

PyObject *gj_known_written(void) { return open_functions() ? written : NULL; }

/* -- Start ----------------------------------------------------------------------------------------------------------- */

int gj_known_init(void)
{
	if (known)
		return 0;
	known = PyDict_New();
	if (!known || add_module("builtins", "builtins", wanted_any) || add_module("math", "math", wanted_any) || add_module("cmath", "cmath", wanted_any)
	    || add_module("operator", "operator", wanted_any) || add_module("numpy", "np", wanted_numpy)) {
		Py_CLEAR(known);
		return -1;
	}
	return 0;
}
