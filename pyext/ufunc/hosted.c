/* Loops of functions that need what functions for the host have and loops of ufuncs have not: memory for arrays, random numbers, exceptions.
 * Such a loop is a function for the host, written in Python around the ufunc's own (gridjit/ufuncs.py): its arguments are arrays of all
 * outer elements. */
#include "ufunc/ufunc.h"
#include "launch/functions.h"

#include <stdlib.h>
#include <string.h>

/* The loop as a Python function; NULL with an exception. */
static PyObject *written(const gj_row *r, PyObject *py_func)
{
	PyObject *make = gj_import("gridjit.ufuncs", "_loop"), *f;
	f = make ? PyObject_CallFunction(make, "OIIO", py_func, r->nin, r->nargs, r->general ? Py_True : Py_False) : NULL;
	Py_XDECREF(make);
	return f;
}

/* Freezes the function as one for the host, with what it refers to outside itself. */
static bool freeze(PyObject *f, gj_arena *arena, gj_request *rq, gj_outside *outside)
{
	gj_device *dev;
	gj_status status = gj_cpu_open(0, &dev);
	rq->options.entry = GJ_ENTRY_LOOP;
	rq->options.width = 1;
	if (status != GJ_OK)
		return gj_status_error(status, "opening the CPU device"), false;
	return gj_freeze_for(dev, f, arena, rq, outside) == 0 && gj_link_for(dev, NULL, outside) == 0;
}

void gj_hosted_free(gj_hosted *h)
{
	if (h) {
		gj_arena_free(h->arena);
		gj_outside_clear(&h->outside);
	}
	PyMem_RawFree(h);
}

static void describe(gj_hosted *h, const gj_row *r)
{
	h->rows.nargs = r->nargs;
	for (uint32_t i = 0; i < r->nargs; i++)
		h->rows.op[i] = (gj_rows_operand){ .size = (uint8_t)r->type[i]->size, .written = i >= r->nin };
	if (r->general)
		memcpy(h->rows.op, r->rows.op, sizeof h->rows.op);
	h->rows.parallel = r->general ? r->rows.parallel : r->loop.parallel;
	h->rows.hosted = true;
}

gj_hosted *gj_hosted_new(gj_row *r, PyObject *py_func)
{
	gj_hosted *h = PyMem_RawCalloc(1, sizeof *h);
	PyObject *f = NULL;
	bool ok = h && (h->arena = gj_arena_new());
	if (!ok)
		PyErr_NoMemory();
	if (ok) {
		describe(h, r);
		h->rq = (gj_request){ .arg = h->arg, .nargs = r->nargs, .ret = gj_t_none, .options = r->options, .layouts = true };
		h->rq.options.extents = gj_general_extents(&h->rows, h->arena, true);
		for (uint32_t i = 0; ok && i < r->nargs; i++) {
			int ndim = h->rows.op[i].ndim + 1;
			if (!(ok = ndim <= GJ_MAX_NDIM))
				gj_error(GJ_ERR_ARRAY_NDIM, ndim, GJ_MAX_NDIM);
			else
				h->arg[i] = gj_array_type(r->type[i], ndim, 'A', false, GJ_GLOBAL);
		}
		f = ok ? written(r, py_func) : NULL;
		ok = f && freeze(f, h->arena, &h->rq, &h->outside);
	}
	Py_XDECREF(f);
	if (ok)
		return h;
	gj_hosted_free(h);
	return NULL;
}

void gj_hosted_request(const gj_hosted *h, bool contiguous, const gj_type **arg, gj_request *rq)
{
	*rq = h->rq;
	rq->arg = arg;
	for (uint32_t i = 0; i < rq->nargs; i++)
		arg[i] = contiguous ? gj_array_type(h->arg[i]->elem, h->arg[i]->ndim, 'C', false, GJ_GLOBAL) : h->arg[i];
}

bool gj_hosted_returns(gj_request *rq, PyObject *py_func, const gj_type **ret, gj_diag *diag)
{
	gj_arena *arena = gj_arena_new();
	gj_outside outside = { 0 };
	if (!arena)
		return PyErr_NoMemory(), false;
	bool ok = freeze(py_func, arena, rq, &outside) && gj_return_type(rq, ret, diag);
	gj_outside_clear(&outside);
	gj_arena_free(arena);
	return ok;
}

bool gj_hosted_never(const gj_diag *d)
{
	static const gj_err ids[] = { GJ_ERR_UFUNC_THREADS, GJ_ERR_GUFUNC_WRITES, GJ_ERR_UFUNC_RETURN, GJ_ERR_KERNEL_RETURN };
	bool found = false;
	for (size_t i = 0; i < GJ_LEN(ids); i++)
		found |= d->set && d->id == ids[i];
	return found;
}

bool gj_hosted_says_more(const gj_diag *host, const gj_diag *first)
{
	return host->set && host->id != first->id && !gj_hosted_never(first);
}
