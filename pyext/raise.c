/* Errors as exceptions: diagnostics of the compiler, rows of errors.def, failed calls of a device. The text of a diagnostic
 * is for the person who wrote the kernel:
 *
 *     cannot compute: operator + between float32 and a string
 *       File "saxpy.py", line 7, in saxpy
 *         out[i] = a * x[i] + "y"
 *                  ^^^^^^^^^^^^^^
 *     Hint: …
 */
#include "core.h"
#include "failure.h"
#include "nearest.h"

#include <string.h>

/* Class `name` of gridjit.errors, else of builtins, else RuntimeError: a new reference. NULL: another exception came. */
static PyObject *exception_class(const char *name)
{
	static const char *const modules[] = { "gridjit.errors", "builtins" };
	for (size_t i = 0; i < GJ_LEN(modules); i++) {
		PyObject *m = PyImport_ImportModule(modules[i]);
		PyObject *cls = m ? PyObject_GetAttrString(m, name) : NULL;
		Py_XDECREF(m);
		if (cls && PyExceptionClass_Check(cls))
			return cls;
		Py_XDECREF(cls);
		if (!gj_forgive(PyExc_Exception))
			return NULL;
	}
	return Py_NewRef(PyExc_RuntimeError);
}

/* Line of a source file through linecache (which knows notebooks' cells too); NULL: not to be had. */
static PyObject *source_line(const char *file, int line)
{
	PyObject *cache = PyImport_ImportModule("linecache");
	PyObject *text = cache ? PyObject_CallMethod(cache, "getline", "si", file, line) : NULL;
	Py_XDECREF(cache);
	if (text && PyUnicode_Check(text) && PyUnicode_GetLength(text) > 0)
		return text;
	Py_XDECREF(text);
	gj_forgive(PyExc_Exception);               /* nothing of the search for a source line is worth more than the message */
	return NULL;
}

/* Characters in the first `bytes` bytes of UTF-8. */
static int characters(const char *s, int bytes)
{
	int n = 0;
	for (int i = 0; i < bytes && s[i]; i++)
		n += (s[i] & 0xc0) != 0x80;
	return n;
}

/* The source line without its indentation and, where columns are known, carets under the expression. */
static void put_source(gj_sb *out, const gj_frame *f)
{
	PyObject *text = source_line(f->file, f->pos.line);
	const char *line = text ? PyUnicode_AsUTF8(text) : NULL;
	if (!line) {
		gj_forgive(PyExc_UnicodeError);
		Py_XDECREF(text);
		return;
	}
	int indent = (int)strspn(line, " \t\f"), end = (int)strcspn(line, "\r\n");
	int from = f->pos.col, to = f->pos.end_line == f->pos.line ? f->pos.end_col : end;
	if (end > indent)
		gj_sb_printf(out, "    %.*s\n", end - indent, line + indent);
	if (from >= indent && from < end && to > from) {
		int n = characters(line + from, (to < end ? to : end) - from);
		gj_sb_puts(out, "    ");
		for (int i = indent; i < from; i++)
			if ((line[i] & 0xc0) != 0x80)
				gj_sb_puts(out, line[i] == '\t' ? "\t" : " ");
		while (n-- > 0)
			gj_sb_puts(out, "^");
		gj_sb_puts(out, "\n");
	}
	Py_DECREF(text);
}

static void put_frame(gj_sb *out, const gj_frame *f, bool caller)
{
	gj_sb_printf(out, "  %sFile \"%s\"", caller ? "called from " : "", f->file ? f->file : "?");
	if (f->pos.line > 0)
		gj_sb_printf(out, ", line %d", f->pos.line);
	if (f->func)
		gj_sb_printf(out, ", in %s", f->func);
	gj_sb_puts(out, "\n");
	if (f->file && f->pos.line > 0)
		put_source(out, f);
}

/* Every name in a module. */
static void offer_module(gj_nearest *like, const char *module)
{
	PyObject *name = PyUnicode_FromString(module), *m = name ? PyImport_GetModule(name) : NULL, *all = m ? PyObject_Dir(m) : NULL;
	if (all)
		gj_nearest_offer_names(like, all);
	Py_XDECREF(all);
	Py_XDECREF(m);
	Py_XDECREF(name);
	gj_forgive(PyExc_Exception);
}

void gj_diag_raise(const gj_diag *d)
{
	gj_sb out = { 0 };
	if (!gj_forgive(PyExc_Exception))          /* what was pending weighs more */
		return;
	gj_sb_puts(&out, d->message ? d->message : "unknown error");
	gj_sb_puts(&out, d->nframes || d->hint ? "\n" : "");
	for (int i = 0; i < d->nframes; i++)
		put_frame(&out, &d->frame[i], i > 0);
	gj_nearest like = gj_nearest_to(d->sought ? d->sought : "");
	if (d->module)
		offer_module(&like, d->module);
	if (d->hint || *like.like)
		gj_sb_printf(&out, "Hint: %s%s", gj_did_you_mean(&like), d->hint ? d->hint : "");
	const char *text = gj_sb_str(&out);
	size_t n = strlen(text);
	while (n && (text[n - 1] == '\n' || (*like.like && !d->hint && text[n - 1] == ' ')))         /* a suggestion with nothing behind it */
		n--;
	PyObject *cls = PyErr_Occurred() ? NULL : exception_class(d->exc ? d->exc : "RuntimeError");
	if (!cls) {                                /* Ctrl-C while the source line was looked up */
		gj_sb_free(&out);
		return;
	}
	PyObject *message = PyUnicode_DecodeUTF8(text, (Py_ssize_t)n, "replace");
	if (message && !out.failed)
		PyErr_SetObject(cls, message);
	else
		PyErr_NoMemory();
	Py_XDECREF(message);
	Py_DECREF(cls);
	gj_sb_free(&out);
}

PyObject *gj_diag_error(gj_diag *d)
{
	if (d->id != GJ_ERR_INTERRUPTED || !PyErr_Occurred())
		gj_diag_raise(d);
	gj_diag_clear(d);
	return NULL;
}

int gj_warn(gj_err id, ...)
{
	gj_diag d = { 0 };
	va_list ap;
	va_start(ap, id);
	gj_diag_vset(&d, id, ap);
	va_end(ap);
	PyObject *cls = exception_class(d.exc);
	int status = cls ? PyErr_WarnEx(cls, d.message, 1) : -1;
	Py_XDECREF(cls);
	gj_diag_clear(&d);
	return status;
}

PyObject *gj_error(gj_err id, ...)
{
	gj_diag d = { 0 };
	va_list args;
	va_start(args, id);
	gj_diag_vset(&d, id, args);
	va_end(args);
	return gj_diag_error(&d);
}

/* Classes of gridjit.errors, in the order of gj_status. */
static const char *const status_class[] = {
	[GJ_OK] = "CudaAPIError", [GJ_E_NODEVICE] = "CudaSupportError", [GJ_E_NOMEM] = "CudaMemoryError",
	[GJ_E_INVALID] = "CudaAPIError", [GJ_E_UNSUPPORTED] = "CudaSupportError", [GJ_E_LOAD] = "LinkerError",
	[GJ_E_LAUNCH] = "CudaAPIError", [GJ_E_DEEP] = "CallDepthError",
	[GJ_E_NOTREADY] = "CudaAPIError", [GJ_E_INTERRUPTED] = "CudaAPIError", [GJ_E_RAISED] = "CudaAPIError", [GJ_E_TOO_FAR] = "CudaAPIError", [GJ_E_FORKED] = "CudaDriverError",
	[GJ_E_DRIVER] = "CudaAPIError",
};

PyObject *gj_status_error(gj_status status, const char *what)
{
	if (status == GJ_E_INTERRUPTED && PyErr_Occurred())
		return NULL;
	if (status == GJ_E_RAISED)
		return gj_failure_error();
	PyObject *cls = gj_import("gridjit.errors", status_class[status]);
	const char *text = gj_error_text();
	PyObject *message = cls ? PyUnicode_FromFormat("%s failed: %s", what, *text ? text : "the device gave no reason") : NULL;
	PyObject *error = message ? PyObject_CallFunctionObjArgs(cls, message, NULL) : NULL;
	PyObject *code = error ? PyLong_FromLong(gj_error_code()) : NULL;
	if (code && PyObject_SetAttrString(error, "code", code) == 0)
		PyErr_SetObject(cls, error);
	Py_XDECREF(code);
	Py_XDECREF(error);
	Py_XDECREF(message);
	Py_XDECREF(cls);
	return NULL;
}
