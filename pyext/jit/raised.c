/* What a function for the host raised, as Python's exception: the class that its code names, its arguments, and a traceback that
 * shows the line. */
#include "jit/host.h"

#include "code/code.h"
#include "exceptions.h"
#include "run/cpu/call.h"

#include <frameobject.h>

#include <string.h>

/* -- Its arguments ------------------------------------------------------------------------------------------------------- */

/* Of indices and extents, in NumPy's words. */
static PyObject *index_message(const char *name, const gj_report *r)
{
	uint32_t n = r->nvalues / 2;
	for (uint32_t i = 0; i < n && n <= GJ_REPORT_VALUES / 2; i++) {
		int64_t at = (int64_t)r->value[i], extent = (int64_t)r->value[n + i];
		if (at >= 0 && at < extent)
			continue;
		gj_diag d = { 0 };
		gj_diag_set(&d, *name ? GJ_ERR_INDEX_OF : GJ_ERR_INDEX, (long long)(at < 0 ? at - extent : at), (int)i, (long long)extent, name);
		PyObject *args = d.message ? Py_BuildValue("(s)", d.message) : NULL;
		gj_diag_clear(&d);
		return args;
	}
	return Py_BuildValue("(s)", "index is out of bounds");
}

/* A number that was told, by its letter; values that cannot be told are None. */
static PyObject *number(char letter, uint64_t bits)
{
	double f;
	memcpy(&f, &bits, sizeof f);
	switch (letter) {
	case 'b': return PyBool_FromLong(bits != 0);
	case 'i': return PyLong_FromLongLong((long long)bits);
	case 'u': return PyLong_FromUnsignedLongLong(bits);
	case 'd': return PyFloat_FromDouble(f);
	default:  return Py_NewRef(Py_None);
	}
}

/* The number behind a mark at p; *next: the value that is due. */
static PyObject *told(const char *p, const gj_report *r, uint32_t *next)
{
	bool known = *p != '?' && *next < r->nvalues && *next < GJ_REPORT_VALUES;
	return number(known ? *p : 0, known ? r->value[(*next)++] : 0);
}

/* A text in which values stand (code.h: GJ_TOLD). A new reference. */
static PyObject *completed(const char *p, const gj_report *r, uint32_t *next)
{
	if (*p == GJ_TOLD)
		return told(p + 1, r, next);
	PyObject *parts = PyList_New(0), *none = parts ? PyUnicode_FromString("") : NULL, *all = NULL;
	while (none && *p) {
		const char *end = p + 1;
		PyObject *part, *x, *spec;
		if (*p != GJ_TOLD_IN) {
			for (; *end && *end != GJ_TOLD_IN; end++)
				;
			part = PyUnicode_DecodeUTF8(p, end - p, "replace");
		} else {
			end = p + 2;
			for (; *end && *end != GJ_TOLD_IN; end++)
				;
			spec = PyUnicode_DecodeUTF8(p + 2, end - p - 2, "replace");
			x = told(p + 1, r, next);
			part = x && spec ? PyObject_Format(x, spec) : NULL;
			Py_XDECREF(x);
			Py_XDECREF(spec);
			end += *end != 0;
		}
		int status = part ? PyList_Append(parts, part) : -1;
		Py_XDECREF(part);
		if (status < 0)
			goto done;
		p = end;
	}
	all = none ? PyUnicode_Join(none, parts) : NULL;
done:
	Py_XDECREF(none);
	Py_XDECREF(parts);
	return all;
}

/* Arguments as the image has them, with what was told in its place. */
static PyObject *complete(PyObject *args, const gj_report *r)
{
	uint32_t next = 0;
	PyObject *all = PyTuple_New(PyTuple_GET_SIZE(args));
	for (Py_ssize_t i = 0; all && i < PyTuple_GET_SIZE(args); i++) {
		PyObject *x = PyTuple_GET_ITEM(args, i);
		const char *text = PyUnicode_Check(x) ? PyUnicode_AsUTF8(x) : NULL;
		bool marked = text && (strchr(text, GJ_TOLD) || strchr(text, GJ_TOLD_IN));
		PyObject *item = marked ? completed(text, r, &next) : Py_NewRef(x);
		if (!item)
			Py_CLEAR(all);
		else
			PyTuple_SET_ITEM(all, i, item);
	}
	Py_DECREF(args);
	return all;
}

static PyObject *arguments(const char *text, const gj_report *r)
{
	PyObject *ast = *text ? PyImport_ImportModule("ast") : NULL;
	PyObject *args = ast ? PyObject_CallMethod(ast, "literal_eval", "s", text) : NULL;
	Py_XDECREF(ast);
	if (args && PyTuple_Check(args))
		return complete(args, r);
	Py_XDECREF(args);
	if (!gj_forgive(PyExc_Exception))
		return NULL;
	return *text ? Py_BuildValue("(s)", text) : PyTuple_New(0);
}

/* -- The traceback ------------------------------------------------------------------------------------------------------- */

/* A frame of this function at this line, which never ran. The pending exception gets it. */
static void add_frame(const gj_host *h, const char *file, const char *function, int line)
{
	PyObject *cls, *value, *trace;
	PyErr_Fetch(&cls, &value, &trace);
	PyCodeObject *code = PyCode_NewEmpty(file, function, line);
	PyFrameObject *frame = code ? PyFrame_New(PyThreadState_Get(), code, PyFunction_GetGlobals(h->d.py_func), NULL) : NULL;
	Py_XDECREF(code);
	if (!frame && !gj_forgive(PyExc_Exception)) {
		Py_XDECREF(cls);
		Py_XDECREF(value);
		Py_XDECREF(trace);
		return;
	}
	PyErr_Restore(cls, value, trace);
	if (frame)
		PyTraceBack_Here(frame);
	Py_XDECREF(frame);
}

static PyObject *too_deep(const gj_host *h)
{
	return gj_error(GJ_ERR_HOST_RECURSION, gj_dispatcher_name(&h->d));
}

/* The exception that a call reported; returns NULL. */
static PyObject *raise_reported(const gj_host *h, const gj_specialisation *s, const gj_report *r)
{
	const gj_image *m = &s->image;
	if (r->site == (uint32_t)GJ_SITE_DEEP)
		return too_deep(h);
	if (m->first_report > m->nsites || r->site >= m->nsites - m->first_report)
		return gj_error(GJ_ERR_INTERNAL, "a failure at a place that the function does not have");
	const gj_site *site = &m->site[m->first_report + r->site];
	const char *file = m->text + site->file, *message = m->text + site->message;
	bool index = site->kind == GJ_SITE_INDEX;
	PyObject *cls = index ? Py_NewRef(PyExc_IndexError) : gj_exception_class(m->text + site->exception);
	PyObject *args = cls ? index ? index_message(message, r) : arguments(message, r) : NULL;
	PyObject *error = args ? PyObject_Call(cls, args, NULL) : NULL;
	if (error && PyExceptionInstance_Check(error)) {
		PyErr_SetObject((PyObject *)Py_TYPE(error), error);
		add_frame(h, file, m->text + site->function, site->line);
	} else if (error)
		PyErr_SetString(PyExc_TypeError, "exceptions must derive from BaseException");
	Py_XDECREF(error);
	Py_XDECREF(args);
	Py_XDECREF(cls);
	return NULL;
}

PyObject *gj_host_fail(const gj_host *h, const gj_specialisation *s, gj_status status, const gj_report *report)
{
	char what[200];
	if (status == GJ_E_RAISED)
		return raise_reported(h, s, report);
	PyOS_snprintf(what, sizeof what, "the call of %s", gj_dispatcher_name(&h->d));
	return gj_status_error(status, what);
}
