/* What a kernel reported becomes the exception that the kernel raised: of its class, with its arguments, and before the first of
 * them where it happened, in numba-cuda's words. */
#include "core.h"

#include "exceptions.h"
#include "failure.h"
#include "run/failure.h"

#include <string.h>

/* -- The message -------------------------------------------------------------------------------------------------- */

/* What is negative was counted from the end, unless that takes more than 64 bits: then it is a sum that has wrapped. */
void gj_put_index(gj_sb *out, uint64_t index, uint64_t extent, bool as_given)
{
	int64_t x = (int64_t)index, given;
	if (as_given)
		gj_sb_printf(out, "%llu", (unsigned long long)index);
	else
		gj_sb_printf(out, "%lld", (long long)(x < 0 && !__builtin_sub_overflow(x, (int64_t)extent, &given) ? given : x));
}

/* "(3, 4)", of as many dimensions; of one "3". */
static void put_indices(gj_sb *out, const gj_failure *f, uint32_t n)
{
	const uint64_t *index = f->report.value;
	for (uint32_t i = 0; i < n; i++) {
		gj_sb_puts(out, i ? ", " : n > 1 ? "(" : "");
		gj_put_index(out, index[i], index[n + i], f->as_given >> i & 1);
	}
	gj_sb_puts(out, n > 1 ? ")" : "");
}

/* "(3, 4)", "(3,)" */
static void put_shape(gj_sb *out, const uint64_t *extent, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		gj_sb_printf(out, "%s%llu", i ? ", " : "(", (unsigned long long)extent[i]);
	gj_sb_puts(out, n == 1 ? ",)" : ")");
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
	put_indices(&index, f, n);
	put_shape(&shape, r->value + n, n);
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
