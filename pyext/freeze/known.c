/* Functions that kernels know by identity: those of builtins, math, cmath, operator and NumPy, under the name that the table
 * of intrinsics uses. Names without a row are kept too: then the error can say which function it is. */
#include "freeze/known.h"
#include "names/names.h"

#include <string.h>

static PyObject *known;                        /* dict: address → (dotted name as bytes, object) */

static const char *name_in(PyObject *table, PyObject *o)
{
	PyObject *key = PyLong_FromVoidPtr(o);
	PyObject *row = key ? PyDict_GetItemWithError(table, key) : NULL;
	Py_XDECREF(key);
	return row ? PyBytes_AS_STRING(PyTuple_GET_ITEM(row, 0)) : NULL;
}

const char *gj_known_name(PyObject *o)
{
	return name_in(known, o);
}

/* Is this what the function itself says? */
static bool is_own(PyObject *o, const char *name)
{
	PyObject *own = PyObject_GetAttrString(o, "__name__");
	bool same = own && PyUnicode_Check(own) && !PyUnicode_CompareWithASCIIString(own, name);
	Py_XDECREF(own);
	gj_forgive(PyExc_Exception);
	return same;
}

/* Two names of one function: that with a row in the table wins, else its own, else the first. */
static int add(PyObject *table, const char *prefix, const char *name, PyObject *o)
{
	PyObject *dotted = PyBytes_FromFormat("%s.%s", prefix, name), *key = PyLong_FromVoidPtr(o), *row = NULL;
	int status = dotted && key ? 0 : -1;
	const char *old = status ? NULL : name_in(table, o);
	bool better = !old || (!gj_name_find(old) && (gj_name_find(PyBytes_AS_STRING(dotted)) || is_own(o, name)));
	if (!status && better) {
		row = PyTuple_Pack(2, dotted, o);
		status = row ? PyDict_SetItem(table, key, row) : -1;
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

static int add_module(PyObject *table, const char *module, const char *prefix, bool (*wanted)(PyObject *))
{
	PyObject *m = PyImport_ImportModule(module), *name, *o;
	Py_ssize_t at = 0;
	int status = m ? 0 : -1;
	while (!status && PyDict_Next(PyModule_GetDict(m), &at, &name, &o)) {
		const char *text = PyUnicode_AsUTF8(name);
		if (!text)
			status = -1;
		else if (*text != '_' && wanted(o))
			status = add(table, prefix, text, o);
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

static PyObject *find_in(PyObject *table, PyObject *o)
{
	PyObject *key = table ? PyLong_FromVoidPtr(o) : NULL, *f = key ? PyDict_GetItemWithError(table, key) : NULL;
	Py_XDECREF(key);
	return f;
}

bool gj_known_random(PyObject *o, bool *numpy)
{
	PyObject *self = PyMethod_Check(o) ? PyMethod_GET_SELF(o) : PyCFunction_Check(o) ? PyCFunction_GET_SELF(o) : NULL, *module = NULL;
	const char *class = self ? Py_TYPE(self)->tp_name : "", *from = NULL;
	bool function = strstr(Py_TYPE(o)->tp_name, "cython_function") || PyCFunction_Check(o);      /* of NumPy 1 */
	if (function && gj_attribute(o, "__module__", &module) > 0 && PyUnicode_Check(module))
		from = PyUnicode_AsUTF8(module);
	*numpy = strstr(class, "numpy.random") || (from && !strncmp(from, "numpy.random", 12));
	Py_XDECREF(module);
	return *numpy || !strcmp(class, "Random");
}

/* Of np.random and random: their modules, and what is written of them, are imported if a function is from there. */
static PyObject *random_function(PyObject *o)
{
	static PyObject *tables[2];
	bool numpy;
	if (!gj_known_random(o, &numpy) || PyErr_Occurred())
		return NULL;
	if (!tables[numpy])
		tables[numpy] = gj_import("gridjit._functions.random", numpy ? "NUMPY" : "PYTHON");
	return find_in(tables[numpy], o);
}

PyObject *gj_known_function(PyObject *o)
{
	PyObject *f = open_functions() ? find_in(functions, o) : NULL;
	return f || PyErr_Occurred() ? f : random_function(o);
}

/* Of those that need no memory. */
static PyObject *in_elements(const char *table)
{
	static PyObject *functions, *methods;
	PyObject **at = *table == 'F' ? &functions : &methods;
	if (!*at)
		*at = gj_import("gridjit._elements", table);
	return *at;
}

PyObject *gj_known_element_function(PyObject *o) { return find_in(in_elements("FUNCTIONS"), o); }

PyObject *gj_known_element_method(PyObject *name)
{
	PyObject *table = in_elements("METHODS");
	return table ? PyDict_GetItemWithError(table, name) : NULL;
}

/* Those of NumPy's generators are imported if one of them is named: they stand as None. */
PyObject *gj_known_method(PyObject *name)
{
	static PyObject *generators;
	PyObject *f = open_functions() ? PyDict_GetItemWithError(methods, name) : NULL;
	if (f != Py_None)
		return f;
	if (!generators)
		generators = gj_import("gridjit._functions.generator", "METHODS");
	return generators ? PyDict_GetItemWithError(generators, name) : NULL;
}

PyObject *gj_known_written(void) { return open_functions() ? written : NULL; }

/* -- Start ----------------------------------------------------------------------------------------------------------- */

int gj_known_init(void)
{
	static const struct { const char *module, *prefix; bool (*wanted)(PyObject *); } rows[] = {
		{ "builtins", "builtins", wanted_any }, { "math", "math", wanted_any }, { "cmath", "cmath", wanted_any },
		{ "operator", "operator", wanted_any }, { "numpy", "np", wanted_numpy },
	};
	PyObject *table = known ? NULL : PyDict_New();
	int status = known || table ? 0 : -1;
	for (size_t i = 0; table && !status && i < GJ_LEN(rows); i++)
		status = add_module(table, rows[i].module, rows[i].prefix, rows[i].wanted);
	if (!status && !known)                         /* another thread may have been faster */
		known = Py_XNewRef(table);
	Py_XDECREF(table);
	return status;
}
