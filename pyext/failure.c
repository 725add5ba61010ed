/* What a kernel reported becomes the exception that the kernel raised: of its class, with its arguments, and before the first of
 * them where it happened, in numba-cuda's words. */
#include "core.h"

#include "exceptions.h"
#include "failure.h"
#include "run/failure.h"

#include <string.h>

/* -- The message -------------------------------------------------------------------------------------------------- */

/* "(3, 4)", of n numbers; indices that were counted from the end are shown as they were given. */
static void put_tuple(gj_sb *out, const uint64_t *value, const uint64_t *extent, uint32_t n)
{
	gj_sb_puts(out, n == 1 && extent ? "" : "(");
	for (uint32_t i = 0; i < n; i++) {
		int64_t x = (int64_t)value[i];
		gj_sb_printf(out, "%s%lld", i ? ", " : "", (long long)(extent && x < 0 ? x - (int64_t)extent[i] : x));
	}
	gj_sb_puts(out, n == 1 ? extent ? "" : ",)" : ")");
}

static char *taken(gj_diag *d)
{
	char *text = d->message;
	d->message = NULL;
	gj_diag_clear(d);
	return text;
}

/* Where it was, and with an index what was wrong with it: on the heap. */
static char *text_of(const gj_failure *f)
{
	gj_diag d = { 0 };
	gj_sb index = { 0 }, shape = { 0 };
	const gj_report *r = &f->report;
	gj_diag_set(&d, GJ_ERR_OF_THREAD, f->function, f->file, (int)f->line, r->thread[0], r->thread[1], r->thread[2], r->block[0],
		r->block[1], r->block[2]);
	char *where = taken(&d);
	if (f->kind != GJ_SITE_INDEX || !where)
		return where;
	uint32_t n = r->nvalues / 2;
	put_tuple(&index, r->value, r->value + n, n);
	put_tuple(&shape, r->value + n, NULL, n);
	bool named = *f->message;
	gj_diag_set(&d, GJ_ERR_OUT_OF_BOUNDS, where, gj_sb_str(&index), named ? "array '" : "a tuple or array", f->message, named ? "'" : "",
		gj_sb_str(&shape));
	free(where);
	gj_sb_free(&index);
	gj_sb_free(&shape);
	return taken(&d);
}

/* The exception's arguments with `text` before the first: of one that is no string, its value follows. */
static PyObject *arguments(const gj_failure *f, const char *text)
{
	if (f->kind == GJ_SITE_INDEX || !*f->message)
		return Py_BuildValue("(s)", text);
	bool told = f->report.nvalues || strstr(f->message, "\\x05") || strstr(f->message, "\\x04");
	PyObject *args = f->message[0] == '(' ? gj_exception_args(f->message, &f->report) : NULL;
	if (PyErr_Occurred())
		return NULL;
	if (!args || PyTuple_GET_SIZE(args) < (told ? 1 : 2)) {
		Py_XDECREF(args);
		return Py_BuildValue("(N)", PyUnicode_FromFormat("%s: %s", text, f->message));
	}
	PyObject *first = PyUnicode_FromFormat("%s: %S", text, PyTuple_GET_ITEM(args, 0));
	PyObject *rest = first ? PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args)) : NULL, *all = NULL;
	if (rest) {
		PyObject *one = PyTuple_Pack(1, first);
		all = one ? PySequence_Concat(one, rest) : NULL;
		Py_XDECREF(one);
	}
	Py_XDECREF(rest);
	Py_XDECREF(first);
	Py_DECREF(args);
	return all;
}

PyObject *gj_failure_error(void)
{
	const gj_failure *f = gj_failure_last();
	if (!gj_forgive(PyExc_Exception))
		return NULL;
	char *text = text_of(f);
	PyObject *cls = !text ? PyErr_NoMemory() : f->kind == GJ_SITE_INDEX ? Py_NewRef(PyExc_IndexError) : gj_exception_class(f->exception);
	PyObject *args = cls ? arguments(f, text) : NULL, *error = args ? PyObject_Call(cls, args, NULL) : NULL;
	if (error)
		PyErr_SetObject(cls, error);
	Py_XDECREF(error);
	Py_XDECREF(args);
	Py_XDECREF(cls);
	free(text);
	return NULL;
}
