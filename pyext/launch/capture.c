/* A device array that a kernel refers to by name is read as an argument is, once, when the kernel is compiled; its address and
 * shape become constants of the code. */
#include "launch/capture.h"

#include "launch/argument.h"
#include "memory/buffer.h"
#include "memory/devarray.h"

#include <string.h>

/* The address must stay: such memory is not moved any more. */
static void tell(PyObject *o)
{
	if (!PyObject_TypeCheck(o, gj_devarray_class))
		return;
	PyObject *base = ((gj_devarray *)o)->base;
	if (base && Py_IS_TYPE(base, gj_buffer_class))
		((gj_buffer *)base)->known = true;
}

/* Holds the object and what was made to read it. */
static bool keep(gj_captures *c, PyObject *o, const gj_args *a)
{
	if (!c->kept && !(c->kept = PyList_New(0)))
		return false;
	bool ok = PyList_Append(c->kept, o) == 0;
	for (uint32_t i = 0; ok && i < a->nrefs; i++)
		ok = PyList_Append(c->kept, a->ref[i]) == 0;
	return ok;
}

/* What cannot be read here (memory of another device, a dtype that kernels do not have) is no error until a kernel uses it. */
static int read_array(gj_captures *c, PyObject *o, gj_capture *out)
{
	gj_args a;
	gj_args_init(&a, c->dev);
	bool ok = gj_args_add(&a, o);
	const gj_arg *x = a.leaf;
	int found = !ok ? 0 : a.nleaves == 1 && x->type->kind == GJ_ARRAY && !x->host;
	if (!ok && !gj_forgive(PyExc_Exception))
		found = -1;
	if (found > 0) {
		*out = (gj_capture){ .type = x->type, .at = x->data };
		memcpy(out->shape, x->shape, x->type->ndim * sizeof *x->shape);
		memcpy(out->strides, x->strides, x->type->ndim * sizeof *x->strides);
		tell(o);
		found = keep(c, o, &a) ? 1 : -1;
	}
	gj_args_clear(&a);
	return found;
}

gj_captures gj_captures_for(gj_device *dev) { return (gj_captures){ .read = read_array, .dev = dev }; }

void gj_outside_clear(gj_outside *out)
{
	Py_CLEAR(out->kept);
	Py_CLEAR(out->files);
	PyMem_Free(out->linked);
	*out = (gj_outside){ 0 };
}

/* -- What it is linked with --------------------------------------------------------------------------------------- */

/* (kind, name, bytes) of each file. */
static bool read_files(gj_outside *out)
{
	Py_ssize_t n = PyList_GET_SIZE(out->files);
	if (!(out->linked = PyMem_Calloc((size_t)n + 1, sizeof *out->linked)))
		return PyErr_NoMemory(), false;
	for (Py_ssize_t i = 0; i < n; i++) {
		int kind;
		Py_ssize_t size;
		gj_linked *l = &out->linked[out->nlinked++];
		const char *data;
		if (!PyArg_ParseTuple(PyList_GET_ITEM(out->files, i), "isy#", &kind, &l->name, &data, &size))
			return false;
		l->kind = (gj_link_kind)kind;
		l->data = data;
		l->n = (size_t)size;
	}
	return true;
}

int gj_link_for(gj_device *dev, PyObject *link, gj_outside *out)
{
	bool more = link && PyTuple_GET_SIZE(link);
	if (!more && !out->files)
		return 0;
	Py_XINCREF(link);
	PyObject *resolve = gj_import("gridjit.cuda.linking", "resolve");
	PyObject *all = resolve ? PySequence_List(out->files ? out->files : link) : NULL, *files = NULL;
	if (all && more && out->files) {
		PyObject *done = PyObject_CallMethod(all, "extend", "(O)", link);
		if (!done)
			Py_CLEAR(all);
		Py_XDECREF(done);
	}
	if (all)
		files = PyObject_CallFunction(resolve, "Os(ii)", all, dev->ops->kind, dev->info.cc_major, dev->info.cc_minor);
	Py_XDECREF(all);
	Py_XDECREF(resolve);
	Py_XDECREF(link);
	Py_XSETREF(out->files, files);
	return files && PyList_Check(files) && read_files(out) ? 0 : -1;
}
