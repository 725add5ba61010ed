/* A call's positional and keyword arguments to the parameters of a function, as Python binds them. */
#include "launch/bind.h"

#include "launch/argument.h"
#include "nearest.h"

#include <string.h>

void gj_note_argument(const gj_dispatcher *d, Py_ssize_t i)
{
	PyObject *type, *value, *trace;
	PyErr_Fetch(&type, &value, &trace);
	PyErr_NormalizeException(&type, &value, &trace);
	PyObject *done = value ? PyObject_CallMethod(value, "add_note", "N", PyUnicode_FromFormat("  argument '%U' of %U()",
		PyTuple_GET_ITEM(d->params, i), d->name)) : NULL;
	if (done || gj_forgive(PyExc_Exception))
		PyErr_Restore(type, value, trace);
	else {
		Py_XDECREF(type);
		Py_XDECREF(value);
		Py_XDECREF(trace);
	}
	Py_XDECREF(done);
}

bool gj_read_args(gj_dispatcher *d, gj_args *a, PyObject *const *arg)
{
	for (uint32_t i = 0; i < d->nparams; i++)
		if (!gj_args_add(a, arg[i])) {
			gj_note_argument(d, i);
			return false;
		}
	return true;
}

/* -- Positional arguments, keywords, defaults --------------------------------------------------------------------- */

/* "a, x and y" style list is more than an error needs: names with commas. */
static PyObject *parameter_list(const gj_dispatcher *d)
{
	PyObject *comma = PyUnicode_FromString(", "), *text = comma ? PyUnicode_Join(comma, d->params) : NULL;
	Py_XDECREF(comma);
	return text;
}

static PyObject *default_of(const gj_dispatcher *d, Py_ssize_t i)
{
	Py_ssize_t first = d->npositional - (d->defaults ? PyTuple_GET_SIZE(d->defaults) : 0);
	if (i < d->npositional)
		return i < first ? NULL : PyTuple_GET_ITEM(d->defaults, i - first);
	return d->kwdefaults ? PyDict_GetItemWithError(d->kwdefaults, PyTuple_GET_ITEM(d->params, i)) : NULL;
}

static bool wrong_count(const gj_dispatcher *d, Py_ssize_t given)
{
	PyObject *list = parameter_list(d);
	uint32_t most = d->nparams - d->star, least = 0;
	char from[32] = "";
	for (uint32_t i = 0; i < most; i++)
		least += !default_of(d, i);
	if (least < most && !d->star)
		PyOS_snprintf(from, sizeof from, "%u to ", (unsigned)least);
	if (list)
		gj_error(GJ_ERR_CALL_ARGS, gj_dispatcher_name(d), d->star ? "at least " : from, d->star ? least : most, PyUnicode_AsUTF8(list), (int)given);
	Py_XDECREF(list);
	return false;
}

static bool wrong_keyword(const gj_dispatcher *d, PyObject *name, bool unknown)
{
	const char *s = PyUnicode_AsUTF8(name);
	PyObject *list = parameter_list(d);
	gj_nearest like = gj_nearest_to(s ? s : "");
	gj_nearest_offer_names(&like, d->params);
	if (s && list && unknown)
		gj_error(GJ_ERR_CALL_KEYWORD, gj_dispatcher_name(d), s, gj_did_you_mean(&like), PyUnicode_AsUTF8(list));
	else if (s && list)
		gj_error(GJ_ERR_CALL_AGAIN, gj_dispatcher_name(d), s);
	Py_XDECREF(list);
	return false;
}

static Py_ssize_t parameter(const gj_dispatcher *d, PyObject *name)
{
	for (uint32_t i = d->nposonly; i < d->nparams; i++)
		if (PyUnicode_Compare(PyTuple_GET_ITEM(d->params, i), name) == 0)
			return i;
	return -1;
}

static bool bind_keywords(const gj_dispatcher *d, PyObject *const *value, PyObject *kwnames, PyObject **out)
{
	for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(kwnames); k++) {
		PyObject *name = PyTuple_GET_ITEM(kwnames, k);
		Py_ssize_t i = parameter(d, name);
		if (i < 0 || out[i])
			return wrong_keyword(d, name, i < 0);
		out[i] = value[k];
	}
	return true;
}

/* Positional and keyword arguments and defaults to one array in the order of the parameters. *rest: a reference to what
 * *args takes. */
static bool bind(const gj_dispatcher *d, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames, PyObject **out, PyObject **rest)
{
	Py_ssize_t own = Py_MIN(n, d->npositional);
	if (n > own && !d->star)
		return wrong_count(d, n);
	memset(out, 0, d->nparams * sizeof *out);
	memcpy(out, arg, (size_t)own * sizeof *out);
	if (d->star) {
		*rest = out[d->nparams - 1] = PyTuple_New(n - own);
		for (Py_ssize_t i = own; *rest && i < n; i++)
			PyTuple_SET_ITEM(*rest, i - own, Py_NewRef(arg[i]));
		if (!*rest)
			return false;
	}
	if (kwnames && !bind_keywords(d, arg + n, kwnames, out))
		return false;
	for (Py_ssize_t i = 0; i < d->nparams; i++)
		if (!out[i] && !(out[i] = default_of(d, i)))
			return wrong_count(d, n + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0));
	return true;
}

bool gj_with_bound(gj_dispatcher *d, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames, gj_bound_use *use, void *data)
{
	PyObject **bound = PyMem_New(PyObject *, d->nparams + 1), *rest = NULL;
	if (!bound)
		return PyErr_NoMemory(), false;
	bool ok = bind(d, arg, n, kwnames, bound, &rest) && use(d, bound, data);
	Py_XDECREF(rest);
	PyMem_Free(bound);
	return ok;
}
