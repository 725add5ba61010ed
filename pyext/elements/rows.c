/* Rows and kernels are found here by plain comparison; what is missing is made in Python (gridjit/cuda/_loops.py). */
#include "elements/rows.h"

#include "launch/dispatcherobj.h"
#include "types/dtype.h"

#include <string.h>

/* The class of Python's numbers of a kind. */
static PyObject *number_class(const gj_type *t)
{
	return Py_NewRef((PyObject *)(gj_is_complex(t) ? &PyComplex_Type : gj_is_float(t) ? &PyFloat_Type : &PyLong_Type));
}

/* The types of a key as Python sees them: dtypes, and int, float or complex for Python's numbers. */
static PyObject *types_of(const uint8_t *key, uint32_t n)
{
	PyObject *t = PyTuple_New((Py_ssize_t)n);
	for (uint32_t i = 0; t && i < n; i++) {
		PyObject *o = key[i] & GJ_WEAK ? number_class(gj_scalar[key[i] & ~GJ_WEAK]) : (PyObject *)gj_dtype_of_kind(key[i]);
		if (o)
			PyTuple_SET_ITEM(t, (Py_ssize_t)i, o);
		else
			Py_CLEAR(t);
	}
	return t;
}

static bool read_kinds(PyObject *dtypes, uint32_t n, uint8_t *out)
{
	for (uint32_t i = 0; i < n && PyTuple_GET_SIZE(dtypes) == (Py_ssize_t)n; i++) {
		PyObject *o = PyTuple_GET_ITEM(dtypes, (Py_ssize_t)i);
		int kind = PyArray_DescrCheck(o) ? gj_kind_of_dtype((PyArray_Descr *)o) : -1;
		if (kind < 0)
			return gj_error(GJ_ERR_INTERNAL, "a row of a function over arrays has a dtype that kernels do not"), false;
		out[i] = (uint8_t)kind;
	}
	return PyTuple_GET_SIZE(dtypes) == (Py_ssize_t)n
		|| (gj_error(GJ_ERR_INTERNAL, "a row of a function over arrays has other operands than it"), false);
}

static void free_row(gj_elements_row *r)
{
	for (gj_elements_form *f = r->form, *next; f; f = next) {
		next = f->next;
		Py_XDECREF(f->kernel);
		PyMem_Free(f);
	}
	Py_XDECREF(r->make);
	PyMem_Free(r);
}

gj_elements_row *gj_elements_row_of(gj_elements_row **list, const uint8_t *key, uint32_t nin, uint32_t nout, PyObject *owner)
{
	for (gj_elements_row *r = *list; r; r = r->next)
		if (r->nin == nin && !memcmp(r->key, key, nin))
			return r;
	PyObject *types = types_of(key, nin), *t = types ? PyObject_CallMethod(owner, "_row", "(N)", types) : NULL;
	PyObject *in, *out, *make;
	gj_elements_row *r = t ? PyMem_Calloc(1, sizeof *r) : NULL;
	if (r && PyArg_ParseTuple(t, "O!O!O:_row", &PyTuple_Type, &in, &PyTuple_Type, &out, &make) && read_kinds(in, nin, r->in)
		&& read_kinds(out, nout, r->out)) {
		r->nin = nin;
		r->nout = nout;
		memcpy(r->key, key, nin);
		r->make = Py_NewRef(make);
		r->next = *list;
		*list = r;
	} else if (r) {
		free_row(r);
		r = NULL;
	} else if (t)
		PyErr_NoMemory();
	Py_XDECREF(t);
	return r;
}

static bool serves(const gj_elements_form *f, const gj_walk *l, bool wide)
{
	if (f->wide != wide || f->ndim != l->ndim || f->n != l->n)
		return false;
	for (uint32_t i = 0; i < l->n; i++)
		if (f->varies[i] != l->op[i].varies)
			return false;
	return true;
}

gj_dispatcher *gj_elements_form_of(gj_elements_row *r, const gj_walk *l, bool wide)
{
	for (gj_elements_form *f = r->form; f; f = f->next)
		if (serves(f, l, wide))
			return f->kernel;
	gj_elements_form *f = PyMem_Calloc(1, sizeof *f);
	if (!f)
		return PyErr_NoMemory(), NULL;
	for (uint32_t i = 0; i < l->n; i++)
		f->varies[i] = l->op[i].varies;
	f->wide = wide;
	f->ndim = l->ndim;
	f->n = l->n;
	bool mask = l->n > r->nin + r->nout;
	PyObject *k = PyObject_CallFunction(r->make, "iy#OO", l->ndim, f->varies, (Py_ssize_t)l->n, mask ? Py_True : Py_False,
		wide ? Py_True : Py_False);
	if (k && !PyObject_TypeCheck(k, gj_dispatcher_class)) {
		gj_error(GJ_ERR_INTERNAL, "a row of a function over arrays makes no kernel");
		Py_CLEAR(k);
	}
	if (!k) {
		PyMem_Free(f);
		return NULL;
	}
	f->kernel = (gj_dispatcher *)k;
	f->next = r->form;
	r->form = f;
	return f->kernel;
}

void gj_elements_rows_free(gj_elements_row **list)
{
	gj_elements_row *r = *list;
	*list = NULL;
	for (gj_elements_row *next; r; r = next) {
		next = r->next;
		free_row(r);
	}
}

int gj_elements_rows_visit(gj_elements_row *r, visitproc visit, void *arg)
{
	for (; r; r = r->next) {
		Py_VISIT(r->make);
		for (gj_elements_form *f = r->form; f; f = f->next)
			Py_VISIT(f->kernel);
	}
	return 0;
}
