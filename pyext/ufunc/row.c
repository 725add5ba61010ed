/* One loop of a ufunc: its code, what was compiled of it, and the function that NumPy calls. */
#include "ufunc/ufunc.h"
#include "freeze/freeze.h"

#include <fenv.h>
#include <stdlib.h>
#include <string.h>

size_t gj_ufunc_offset;

gj_ufunc *gj_ufunc_of(PyObject *o) { return (gj_ufunc *)(void *)((char *)o + gj_ufunc_offset); }

/* -- Compiling -------------------------------------------------------------------------------------------------------- */

enum { MAX_STACK = 1 << 20 };                  /* of local arrays: loops run on the caller's stack */

static gj_made *find(gj_row *r, uint64_t scalars, bool serial)
{
	for (gj_made *m = r->made; m; m = m->next)
		if (m->serial == serial && (serial || m->scalars == scalars))
			return m;
	return NULL;
}

/* Compiles one form; false: diag or status says why. Under the lock. */
static bool make(gj_row *r, gj_made *m)
{
	gj_build b = { .rq = { .code = r->code, .arg = r->type, .nargs = r->loop.nin, .ret = r->ret, .options = r->options },
		.use_cache = gj_config.cache };
	if ((r->status = gj_cpu_open(0, &b.dev)) != GJ_OK)
		return false;
	gj_options *o = &b.rq.options;
	o->entry = GJ_ENTRY_ELEMENTS;
	o->strided = m->serial;
	o->scalars = m->serial ? 0 : (uint32_t)m->scalars;
	o->width = m->serial || gj_config.cpu_width == 1 ? 1 : 32;
	o->facts = GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS;
	gj_build_run(&b);
	r->diag = b.diag;
	r->status = b.status;
	m->image = b.image;
	m->loop = (gj_element_kernel){ b.kernel, m->image.param, m->image.nparams };
	if (b.kernel && m->image.local_bytes > MAX_STACK) {
		b.dev->ops->unload(b.dev, b.kernel);
		gj_diag_set(&r->diag, GJ_ERR_UFUNC_STACK, r->code->name, MAX_STACK >> 10);
		return false;
	}
	return b.kernel && !b.diag.set && b.status == GJ_OK;
}

static const gj_element_kernel *kernel(gj_elementwise *e, uint64_t scalars, bool serial)
{
	gj_row *r = e->owner;
	pthread_mutex_lock(&r->lock);
	gj_made *m = r->failed ? NULL : find(r, scalars, serial);
	if (!m && !r->failed && (m = calloc(1, sizeof *m))) {
		m->scalars = scalars;
		m->serial = serial;
		if (make(r, m)) {
			m->next = r->made;
			r->made = m;
		} else {
			gj_image_clear(&m->image);
			free(m);
			m = NULL;
			r->failed = true;
		}
	}
	pthread_mutex_unlock(&r->lock);
	return m ? &m->loop : NULL;
}

void gj_row_complain(gj_row *r)
{
	if (r->diag.set)
		gj_diag_error(&r->diag);
	else if (r->status != GJ_OK)
		gj_status_error(r->status, "loading a ufunc's loop");
	else if (!r->error)
		PyErr_NoMemory();
	if (!r->error) {
		PyObject *type, *value, *traceback;
		PyErr_Fetch(&type, &value, &traceback);
		PyErr_NormalizeException(&type, &value, &traceback);
		r->error = value;
		Py_XDECREF(type);
		Py_XDECREF(traceback);
	}
	PyErr_SetObject((PyObject *)Py_TYPE(r->error), r->error);
}

int gj_row_compile(gj_row *r)
{
	if (kernel(&r->loop, 0, false))
		return 0;
	gj_row_complain(r);
	return -1;
}

/* -- The loop ----------------------------------------------------------------------------------------------------------- */

void gj_row_loop(char **args, npy_intp const *dimensions, npy_intp const *steps, void *data)
{
	gj_row *r = data;
	int flags = gj_elementwise_run(&r->loop, args, dimensions[0], steps);
	if (flags > 0)
		feraiseexcept(flags);
	if (flags < 0) {
		NPY_ALLOW_C_API_DEF
		NPY_ALLOW_C_API
		if (!PyErr_Occurred())
			gj_row_complain(r);
		NPY_DISABLE_C_API
	}
}

/* -- Rows --------------------------------------------------------------------------------------------------------------- */

void gj_row_free(gj_row *r)
{
	gj_device *dev;
	for (gj_made *m = r->made, *next; m; m = next) {
		next = m->next;
		if (gj_cpu_open(0, &dev) == GJ_OK)
			dev->ops->unload(dev, m->loop.kernel);
		gj_image_clear(&m->image);
		free(m);
	}
	gj_diag_clear(&r->diag);
	Py_XDECREF(r->error);
	gj_arena_free(r->arena);
	pthread_mutex_destroy(&r->lock);
	PyMem_Free(r);
}

/* What the function returns for the row's inputs, as one type an output. */
static int type_outputs(gj_row *r, uint32_t nout)
{
	gj_request rq = { .code = r->code, .arg = r->type, .nargs = r->loop.nin, .ret = r->ret, .options = r->options };
	gj_diag diag = { 0 };
	rq.options.entry = GJ_ENTRY_ELEMENTS;
	if (!gj_return_type(&rq, &r->ret, &diag)) {
		gj_diag_error(&diag);
		return -1;
	}
	uint32_t n = r->ret->kind == GJ_TUPLE ? r->ret->n : 1;
	if (n != nout) {
		gj_error(GJ_ERR_UFUNC_OUTPUTS, r->code->name, (unsigned)n, (unsigned)nout);
		return -1;
	}
	for (uint32_t i = 0; i < nout; i++)
		r->type[r->loop.nin + i] = r->ret->kind == GJ_TUPLE ? r->ret->item[i] : r->ret;
	return 0;
}

gj_row *gj_row_new(gj_ufunc *u, uint32_t nin, uint32_t nout, const gj_type *const *in, const gj_type *ret)
{
	gj_row *r = PyMem_Calloc(1, sizeof *r);
	if (!r || !(r->arena = gj_arena_new())) {
		PyMem_Free(r);
		return PyErr_NoMemory(), NULL;
	}
	pthread_mutex_init(&r->lock, NULL);
	r->loop = (gj_elementwise){ .nin = nin, .nargs = nin + nout, .parallel = u->parallel, .kernel = kernel, .owner = r };
	r->options = u->options;
	r->options.target = &gj_targets[GJ_TARGET_CPU];
	r->ret = ret;
	memcpy(r->type, in, nin * sizeof *in);
	bool ok = gj_freeze(u->py_func, r->arena, &r->code) == 0;
	if (ok && r->code->nargs != (int)nin) {
		gj_error(GJ_ERR_SIGNATURE_COUNT, (int)nin, r->code->name, r->code->nargs);
		ok = false;
	}
	if (!ok || type_outputs(r, nout) < 0) {
		gj_row_free(r);
		return NULL;
	}
	for (uint32_t i = 0; i < nin + nout; i++)
		r->loop.size[i] = (uint8_t)r->type[i]->size;
	return r;
}
