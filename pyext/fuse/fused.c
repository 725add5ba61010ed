/* FusedPlan: a fused function for arguments of certain dtypes and dimensions: what it returns, its ordinary call (call.c), and its loops
 * (fusion.c) for arrays whose shapes and results python/gridjit/fusing.py has seen to. */
#include "fuse/fusion.h"

#include "build.h"
#include "freeze/freeze.h"
#include "fuse/fused.h"
#include "launch/options.h"
#include "types/dtype.h"

#include <string.h>

static PyTypeObject *plan_type;

/* -- Making one ---------------------------------------------------------------------------------------------------------- */

/* An argument's type from (dtype, number of dimensions; −1: a number of Python's). NULL with an exception. */
static const gj_type *argument(PyObject *o, uint32_t i)
{
	PyArray_Descr *d;
	int ndim;
	if (!PyArg_ParseTuple(o, "O!i", &PyArrayDescr_Type, &d, &ndim))
		return NULL;
	int kind = gj_kind_of_dtype(d);
	if (kind < 0 || ndim > GJ_MAX_NDIM) {
		PyObject *name = PyObject_Str((PyObject *)d);
		const char *text = name ? PyUnicode_AsUTF8(name) : NULL;
		if (text && ndim > GJ_MAX_NDIM)
			gj_error(GJ_ERR_ARRAY_NDIM, ndim, GJ_MAX_NDIM);
		else if (text)
			gj_error(GJ_ERR_ARRAY_DTYPE, text, gj_instead_of_dtype(d));
		Py_XDECREF(name);
		return NULL;
	}
	return ndim < 0 ? gj_scalar[kind] : gj_element_type(gj_scalar[kind], ndim, (uint64_t)1 << i);
}

static bool read_types(gj_fusion *p, PyObject *types)
{
	p->nin = (uint32_t)PyTuple_GET_SIZE(types);
	if (p->nin > 32)
		return gj_error(GJ_ERR_FUSE_MANY, p->nin), false;
	for (uint32_t i = 0; i < p->nin; i++) {
		if (!(p->arg[i] = argument(PyTuple_GET_ITEM(types, i), i)))
			return false;
		p->numbers |= (uint64_t)gj_is_scalar(p->arg[i]) << i;
	}
	return true;
}

static bool infer(gj_fusion *p)
{
	gj_request rq = { .code = p->code, .arg = p->arg, .nargs = p->nin, .options = p->options };
	gj_diag diag = { 0 };
	const gj_type *ret;
	bool ok;
	Py_BEGIN_ALLOW_THREADS
	ok = gj_return_type(&rq, &ret, &diag);
	Py_END_ALLOW_THREADS
	if (!ok)
		return gj_diag_error(&diag), false;
	p->one = ret;
	p->nret = ret->kind == GJ_TUPLE ? ret->n : 1;
	p->ret = ret->kind == GJ_TUPLE ? ret->item : &p->one;
	for (uint32_t i = 0; i < p->nret; i++) {
		bool reduced = p->ret[i]->kind == GJ_REDUCED;
		for (uint32_t k = 0; k < (reduced ? p->ret[i]->n : 1); k++, p->nout++) {
			if (p->nin + p->nout >= GJ_MAX_OPERANDS || p->nout >= 32)
				return gj_error(GJ_ERR_FUSE_MANY, p->nin + p->nout + 1), false;
			p->out[p->nout].of = p->ret[i];
			p->out[p->nout].as = reduced ? p->ret[i]->item[k] : p->ret[i];
		}
	}
	return true;
}

/* FusedPlan(function, types, options) */
static PyObject *plan_new(PyTypeObject *type, PyObject *args, PyObject *kw)
{
	(void)kw;
	PyObject *function, *types, *options;
	if (!PyArg_ParseTuple(args, "OO!O!:FusedPlan", &function, &PyTuple_Type, &types, &PyDict_Type, &options))
		return NULL;
	gj_fusion *p = (gj_fusion *)type->tp_alloc(type, 0);
	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	p->function = Py_NewRef(function);
	bool ok = gj_options_read(options, "fuse", GJ_SET_VECTORIZE, &p->options) && read_types(p, types);
	p->options.target = &gj_targets[GJ_TARGET_CPU];
	p->options.entry = GJ_ENTRY_FUSED;
	if (ok && !(p->arena = gj_arena_new()))
		PyErr_NoMemory();
	else if (ok && gj_freeze(function, p->arena, NULL, &p->code) == 0 && infer(p))
		return (PyObject *)p;
	Py_DECREF(p);
	return NULL;
}

static int plan_traverse(PyObject *o, visitproc visit, void *arg)
{
	Py_VISIT(((gj_fusion *)o)->function);
	Py_VISIT(Py_TYPE(o));
	return 0;
}

static void plan_dealloc(PyObject *o)
{
	gj_fusion *p = (gj_fusion *)o;
	PyTypeObject *type = Py_TYPE(o);
	gj_device *dev;
	PyObject_GC_UnTrack(o);
	for (gj_made_loop *m = p->made, *next; m; m = next) {
		next = m->next;
		if (m->loop.kernel && gj_cpu_open(0, &dev) == GJ_OK)
			dev->ops->unload(dev, m->loop.kernel);
		gj_image_clear(&m->image);
		PyMem_RawFree(m);
	}
	gj_arena_free(p->arena);
	Py_XDECREF(p->function);
	pthread_mutex_destroy(&p->lock);
	type->tp_free(o);
	Py_DECREF(type);
}

/* -- What it returns ------------------------------------------------------------------------------------------------------- */

/* Of output k: (dtype, dtype as it is written, arguments that its shape comes from, is it folded?). */
static PyObject *output(const gj_fusion *p, uint32_t k)
{
	return Py_BuildValue("NNKO", gj_dtype_of_kind(p->out[k].as->elem->kind), gj_dtype_of_kind(gj_fusion_written(p, k)->kind),
		(unsigned long long)gj_shape_arguments(p->out[k].as), gj_fusion_fold(p, k) ? Py_True : Py_False);
}

/* A tuple for each result: (dtype, dimensions, arguments that its shape comes from, reduction or −1, axes, are they kept?, ddof, is it of
 * what is chosen?, its outputs). */
static PyObject *get_results(PyObject *o, void *unused)
{
	(void)unused;
	gj_fusion *p = (gj_fusion *)o;
	PyObject *list = PyTuple_New(p->nret);
	for (uint32_t i = 0, k = 0; list && i < p->nret; i++) {
		const gj_type *t = p->ret[i];
		bool reduced = t->kind == GJ_REDUCED;
		gj_reducing r = reduced ? gj_reducing_of(t) : (gj_reducing){ 0 };
		PyObject *outputs = PyList_New(0);
		for (uint32_t n = 0; outputs && n < (reduced ? t->n : 1); n++, k++) {
			PyObject *one = output(p, k);
			if (!one || PyList_Append(outputs, one) < 0)
				Py_CLEAR(outputs);
			Py_XDECREF(one);
		}
		PyObject *x = outputs ? Py_BuildValue("NiKiiOdON", gj_dtype_of_kind(t->elem->kind), (int)t->ndim,
			(unsigned long long)gj_shape_arguments(t), reduced ? (int)r.how : -1, (int)r.axes, r.keep ? Py_True : Py_False, r.ddof,
			r.chosen ? Py_True : Py_False, outputs) : NULL;
		if (!x)
			Py_CLEAR(list);
		else
			PyTuple_SET_ITEM(list, i, x);
	}
	return list;
}

/* -- Running --------------------------------------------------------------------------------------------------------------- */

/* Strides of an array in a loop of this shape: 0 where it has one item and the loop more. */
static bool fit(const gj_fused *f, PyArrayObject *a, gj_fused_operand *op)
{
	int ndim = PyArray_NDIM(a), skip = (int)f->ndim - ndim;
	op->at = PyArray_BYTES(a);
	for (int d = 0; d < (int)f->ndim; d++)
		op->stride[d] = d < skip || PyArray_DIM(a, d - skip) == 1 ? 0 : PyArray_STRIDE(a, d - skip);
	for (int d = 0; d < ndim; d++)
		if (skip < 0 || (PyArray_DIM(a, d) != 1 && PyArray_DIM(a, d) != f->shape[d + skip]))
			return false;
	return true;
}

/* Operands from arrays; false: they do not fit, which the caller in Python has seen to. */
static bool operands(const gj_fusion *p, gj_fused *f, PyObject *in, PyObject *out, uint32_t outputs)
{
	f->nin = p->nin;
	f->nargs = p->nin + (uint32_t)PyTuple_GET_SIZE(out);
	for (uint32_t i = 0, o = 0; i < f->nargs; i++) {
		PyObject *x = i < p->nin ? PyTuple_GET_ITEM(in, i) : PyTuple_GET_ITEM(out, i - p->nin);
		while (i >= p->nin && o < p->nout && !(outputs >> o & 1))
			o++;
		const gj_type *t = i < p->nin ? p->arg[i] : p->out[o].as, *elem = gj_is_scalar(t) ? t : t->elem;
		if (!PyArray_Check(x) || !fit(f, (PyArrayObject *)x, &f->op[i]) || !PyArray_ISALIGNED((PyArrayObject *)x))
			return false;
		f->op[i].size = elem->size;
		f->op[i].kind = elem->kind;
		f->op[i].fold = i < p->nin ? 0 : gj_fusion_fold(p, o);
		f->op[i].ddof = i < p->nin || !f->op[i].fold ? 0 : p->out[o].of->ddof;
		o += i >= p->nin;
	}
	return true;
}

/* run(outputs, shape, axes, inputs, results): arrays of the plan's dtypes, aligned, and as many results as bits in outputs. */
static PyObject *run(PyObject *o, PyObject *args)
{
	gj_fusion *p = (gj_fusion *)o;
	PyObject *shape, *in, *out;
	unsigned outputs, axes;
	gj_fused f = { 0 };
	if (!PyArg_ParseTuple(args, "IO!IO!O!:run", &outputs, &PyTuple_Type, &shape, &axes, &PyTuple_Type, &in, &PyTuple_Type, &out))
		return NULL;
	f.ndim = (uint32_t)PyTuple_GET_SIZE(shape);
	for (uint32_t d = 0; d < f.ndim && d < GJ_MAX_LOOPS; d++) {
		f.shape[d] = PyLong_AsLongLong(PyTuple_GET_ITEM(shape, d));
		f.reduced[d] = axes >> d & 1;
	}
	if (f.ndim > GJ_MAX_LOOPS || PyTuple_GET_SIZE(in) != p->nin || PyTuple_GET_SIZE(out) != __builtin_popcount(outputs) ||
	    !operands(p, &f, in, out, outputs))
		return PyErr_Occurred() ? NULL : gj_error(GJ_ERR_INTERNAL, "operands of a fused function");
	if (!gj_fusion_run(p, &f, outputs))
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *call(PyObject *o, PyObject *args)
{
	PyObject *given, *out;
	if (!PyArg_ParseTuple(args, "O!O:call", &PyTuple_Type, &given, &out))
		return NULL;
	return gj_fusion_call(o, ((PyTupleObject *)given)->ob_item, PyTuple_GET_SIZE(given), out);
}

static PyMethodDef methods[] = {
	{ "run", run, METH_VARARGS, "run(outputs, shape, axes, inputs, results): compute these outputs." },
	{ "call", call, METH_VARARGS,
		"call(args, out): what the function returns, if this is an ordinary call; else NotImplemented." },
	{ NULL, NULL, 0, NULL },
};

/* Is one value returned, and not a tuple of it? */
static PyObject *get_single(PyObject *o, void *unused)
{
	(void)unused;
	return PyBool_FromLong(((gj_fusion *)o)->one->kind != GJ_TUPLE);
}

static PyGetSetDef getset[] = {
	{ "single", get_single, NULL, "Is one value returned, and not a tuple?", NULL },
	{ "returned", get_results, NULL, "(dtype, ndim, arguments, reduction, axes, keepdims, ddof, chosen, outputs) of each result.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, plan_new }, { Py_tp_dealloc, plan_dealloc }, { Py_tp_traverse, plan_traverse }, { Py_tp_methods, methods }, { Py_tp_getset, getset },
	{ Py_tp_doc, "A fused function for arguments of certain types." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.FusedPlan", sizeof(gj_fusion), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots };

bool gj_is_plan(PyObject *o) { return PyObject_TypeCheck(o, plan_type); }

int gj_fuse_init(PyObject *module) { return gj_add_type(module, &plan_type, &spec, NULL); }
