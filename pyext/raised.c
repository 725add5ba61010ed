/* What a function for the host raised, as Python's exception: the class that its code names, its arguments, and a traceback that
 * shows the line. */
#include "raised.h"

#include "code/code.h"
#include "exceptions.h"
#include "failure.h"
#include "run/cpu/call.h"

#include <frameobject.h>

#include <string.h>

/* -- Its arguments ------------------------------------------------------------------------------------------------------- */

/* Of indices and extents, in NumPy's words. */
static PyObject *index_message(const gj_site *site, const char *name, const gj_report *r)
{
	uint32_t n = r->nvalues / 2;
	for (uint32_t i = 0; i < n && n <= GJ_REPORT_VALUES / 2; i++) {
		int64_t at = (int64_t)r->value[i], extent = (int64_t)r->value[n + i];
		if (at >= 0 && at < extent)
			continue;
		gj_diag d = { 0 };
		gj_sb index = { 0 };
		gj_put_index(&index, r->value[i], r->value[n + i], site->as_given >> i & 1);
		gj_diag_set(&d, *name ? GJ_ERR_INDEX_OF : GJ_ERR_INDEX, gj_sb_str(&index), (int)i, (long long)extent, name);
		PyObject *args = d.message ? Py_BuildValue("(s)", d.message) : NULL;
		gj_diag_clear(&d);
		gj_sb_free(&index);
		return args;
	}
	return Py_BuildValue("(s)", "index is out of bounds");
}

/* -- The traceback ------------------------------------------------------------------------------------------------------- */

/* A frame of this function at this line, which never ran. The pending exception gets it. */
static void add_frame(PyObject *py_func, const char *file, const char *function, int line)
{
	PyObject *cls, *value, *trace;
	PyErr_Fetch(&cls, &value, &trace);
	PyCodeObject *code = PyCode_NewEmpty(file, function, line);
	PyFrameObject *frame = code ? PyFrame_New(PyThreadState_Get(), code, PyFunction_GetGlobals(py_func), NULL) : NULL;
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

/* The exception that a call reported; returns NULL. */
static PyObject *raise_reported(const gj_image *m, PyObject *py_func, const char *name, const gj_report *r)
{
	if (r->site == (uint32_t)GJ_SITE_DEEP)
		return gj_error(GJ_ERR_HOST_RECURSION, name);
	if (m->first_report > m->nsites || r->site >= m->nsites - m->first_report)
		return gj_error(GJ_ERR_INTERNAL, "a failure at a place that the function does not have");
	const gj_site *site = &m->site[m->first_report + r->site];
	const char *file = m->text + site->file, *message = m->text + site->message;
	bool index = site->kind == GJ_SITE_INDEX;
	PyObject *cls = index ? Py_NewRef(PyExc_IndexError) : gj_exception_class(m->text + site->exception);
	PyObject *args = cls ? index ? index_message(site, message, r) : gj_exception_args(message, r) : NULL;
	PyObject *error = args ? PyObject_Call(cls, args, NULL) : NULL;
	if (error && PyExceptionInstance_Check(error)) {
		PyErr_SetObject((PyObject *)Py_TYPE(error), error);
		add_frame(py_func, file, m->text + site->function, site->line);
	} else if (error)
		PyErr_SetString(PyExc_TypeError, "exceptions must derive from BaseException");
	Py_XDECREF(error);
	Py_XDECREF(args);
	Py_XDECREF(cls);
	return NULL;
}

PyObject *gj_host_failed(const gj_image *m, PyObject *py_func, const char *name, gj_status status, const gj_report *report)
{
	char what[200];
	if (status == GJ_E_RAISED)
		return raise_reported(m, py_func, name, report);
	PyOS_snprintf(what, sizeof what, "the call of %s", name);
	return gj_status_error(status, what);
}
