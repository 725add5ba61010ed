/* The ordinary call of a fused function: NumPy's own arrays and Python's numbers go in, new arrays or those given come out, all from one
 * loop. What is not ordinary (subclasses, other byte orders, overlaps, nothing to compute, results that need a second step, mistakes)
 * fusing.py does. */
#include "fuse/fusion.h"

#include "memory/owned.h"
#include "run/cpu/large.h"
#include "run/cpu/owned.h"
#include "types/dtype.h"

#include <stddef.h>

typedef union number { bool b; int64_t i; double f; Py_complex c; } number;

typedef struct call {
	const gj_fusion *p;
	PyArrayObject *array[GJ_MAX_OPERANDS];     /* inputs; NULL: a number */
	number   number[GJ_MAX_OPERANDS];
	uint64_t used;                             /* inputs that results take their shape from: the others may be read, if numbers */
	gj_fused f;
} call;

/* -- Arguments ------------------------------------------------------------------------------------------------------------- */

/* The classes of Python's numbers are as those of fusing.py, exactly; members of an IntEnum are integers. */
static bool read_number(PyObject *x, int kind, number *out)
{
	switch (kind) {
	case GJ_BOOL: out->b = x == Py_True; return PyBool_Check(x);
	case GJ_F64:  out->f = PyFloat_CheckExact(x) ? PyFloat_AS_DOUBLE(x) : 0; return PyFloat_CheckExact(x);
	case GJ_C128: out->c = PyComplex_CheckExact(x) ? PyComplex_AsCComplex(x) : (Py_complex){ 0 }; return PyComplex_CheckExact(x);
	case GJ_I64: {
		int overflow = 1;
		bool is = PyLong_CheckExact(x) || (PyLong_Check(x) && gj_has_base(Py_TYPE(x), "IntEnum"));
		out->i = is ? PyLong_AsLongLongAndOverflow(x, &overflow) : 0;
		return !overflow;
	}
	default: return false;
	}
}

static bool read_argument(call *c, PyObject *x, uint32_t i)
{
	const gj_type *t = c->p->arg[i];
	PyArrayObject *a = (PyArrayObject *)x;
	c->array[i] = NULL;
	if (gj_is_scalar(t))
		return read_number(x, t->kind, &c->number[i]);
	c->array[i] = a;
	return PyArray_CheckExact(x) && PyArray_NDIM(a) == t->ndim && gj_kind_of_dtype(PyArray_DESCR(a)) == t->elem->kind && PyArray_ISALIGNED(a);
}

/* -- Shapes ------------------------------------------------------------------------------------------------------------------ */

static bool is_reduced(const gj_type *t, uint32_t d) { return t->kind == GJ_REDUCED && gj_reducing_of(t).axes >> d & 1; }

static int reduction(const gj_type *t) { return t->kind == GJ_REDUCED ? (int)gj_reducing_of(t).how : -1; }

/* Is what is written what is returned, or the sum of which that is the mean? And has it the shape of what is reduced? */
static bool is_direct(const gj_type *t)
{
	int how = reduction(t);
	if (how >= 0 && (t->n > 1 || gj_shape_arguments(t->item[0]) != gj_shape_arguments(t)))
		return false;
	return how < 0 || how == GJ_RED_ARGMIN || how == GJ_RED_ARGMAX || t->item[0]->elem == t->elem;
}

/* The shape of the loop that computes a result; false: there is none, or it has no elements. */
static bool loop_shape(const call *c, uint64_t arguments, uint32_t *ndim, int64_t *shape)
{
	*ndim = 0;
	for (uint32_t i = 0; i < c->p->nin; i++)
		if (arguments >> i & 1 && c->array[i] && (uint32_t)PyArray_NDIM(c->array[i]) > *ndim)
			*ndim = (uint32_t)PyArray_NDIM(c->array[i]);
	if (*ndim > GJ_MAX_LOOPS)
		return false;
	for (uint32_t d = 0; d < *ndim; d++)
		shape[d] = 1;
	for (uint32_t i = 0; i < c->p->nin; i++) {
		uint32_t n = arguments >> i & 1 && c->array[i] ? (uint32_t)PyArray_NDIM(c->array[i]) : 0;
		for (uint32_t d = 0; d < n; d++) {
			int64_t extent = PyArray_DIM(c->array[i], d), *s = &shape[*ndim - n + d];
			if (extent != 1 && *s != 1 && *s != extent)
				return false;
			*s = extent == 1 ? *s : extent;
		}
	}
	for (uint32_t d = 0; d < *ndim; d++)
		if (shape[d] == 0)
			return false;
	return true;
}

/* Do all results come from one loop, of the shape that it sets? */
static bool one_loop(call *c)
{
	const gj_fusion *p = c->p;
	for (uint32_t k = 0; k < p->nret; k++) {
		uint32_t ndim;
		int64_t shape[GJ_MAX_LOOPS];
		c->used |= gj_shape_arguments(p->ret[k]);
		if (!is_direct(p->ret[k]) || (p->ret[k]->kind == GJ_REDUCED) != (p->ret[0]->kind == GJ_REDUCED))
			return false;
		if (!loop_shape(c, gj_shape_arguments(p->ret[k]), &ndim, k ? shape : c->f.shape))
			return false;
		c->f.ndim = k ? c->f.ndim : ndim;
		if (ndim != c->f.ndim)
			return false;
		for (uint32_t d = 0; d < ndim; d++)
			if (k && (shape[d] != c->f.shape[d] || is_reduced(p->ret[k], d) != is_reduced(p->ret[0], d)))
				return false;
	}
	for (uint32_t d = 0; d < c->f.ndim; d++)
		c->f.reduced[d] = is_reduced(p->ret[0], d);
	return true;
}

/* -- Operands ---------------------------------------------------------------------------------------------------------------- */

static void set_inputs(call *c)
{
	static char nothing[16];
	gj_fused *f = &c->f;
	for (uint32_t i = 0; i < c->p->nin; i++) {
		PyArrayObject *a = c->array[i];
		const gj_type *t = a ? c->p->arg[i]->elem : c->p->arg[i];
		gj_fused_operand *op = &f->op[i];
		op->size = t->size;
		op->kind = t->kind;
		op->at = !a ? (char *)&c->number[i] : c->used >> i & 1 ? PyArray_BYTES(a) : nothing;
		for (uint32_t d = 0, n = a && c->used >> i & 1 ? (uint32_t)PyArray_NDIM(a) : 0; d < n; d++)
			op->stride[f->ndim - n + d] = PyArray_DIM(a, d) == 1 ? 0 : PyArray_STRIDE(a, d);
	}
}

/* Results lie as the arrays of their shape do, if all of these are in Fortran's order. */
static int is_fortran(const call *c, int ndim, const npy_intp *shape)
{
	int found = 0;
	for (uint32_t i = 0; ndim > 1 && i < c->p->nin; i++) {
		PyArrayObject *a = c->array[i];
		if (!a || PyArray_NDIM(a) != ndim || memcmp(PyArray_DIMS(a), shape, (size_t)ndim * sizeof *shape))
			continue;
		if (!PyArray_IS_F_CONTIGUOUS(a))
			return 0;
		found = 1;
	}
	return found;
}

/* The shape of result k; returns its dimensions. */
static int result_shape(const call *c, const gj_type *t, npy_intp *shape)
{
	int n = 0;
	for (uint32_t d = 0; d < c->f.ndim; d++)
		if (!c->f.reduced[d] || t->readonly)
			shape[n++] = c->f.reduced[d] ? 1 : c->f.shape[d];
	return n;
}

static void set_output(call *c, uint32_t k, PyArrayObject *a)
{
	const gj_type *t = c->p->ret[k], *written = c->p->out[k].as->elem;
	gj_fused *f = &c->f;
	gj_fused_operand *op = &f->op[f->nin + k];
	op->at = PyArray_BYTES(a);
	op->size = written->size;
	op->kind = written->kind;
	op->fold = gj_fusion_fold(c->p, k);
	op->ddof = t->kind == GJ_REDUCED ? t->ddof : 0;
	for (uint32_t d = 0, at = 0; d < f->ndim; d++) {
		op->stride[d] = f->reduced[d] || f->shape[d] == 1 ? 0 : PyArray_STRIDE(a, (int)at);
		at += !f->reduced[d] || t->readonly;
	}
}

static void extent(PyArrayObject *a, const char **low, const char **high)
{
	*low = PyArray_BYTES(a);
	*high = *low + PyArray_ITEMSIZE(a);
	for (int d = 0; d < PyArray_NDIM(a); d++) {
		npy_intp far = (PyArray_DIM(a, d) - 1) * PyArray_STRIDE(a, d);
		*(far < 0 ? low : high) += far;
	}
}

static bool meet(PyArrayObject *a, PyArrayObject *b)
{
	const char *low, *high, *from, *to;
	extent(a, &low, &high);
	extent(b, &from, &to);
	return low < to && from < high;
}

static bool is_same(PyArrayObject *a, PyArrayObject *b)
{
	size_t bytes = (size_t)PyArray_NDIM(a) * sizeof(npy_intp);
	return PyArray_BYTES(a) == PyArray_BYTES(b) && PyArray_ITEMSIZE(a) == PyArray_ITEMSIZE(b) && PyArray_NDIM(a) == PyArray_NDIM(b)
		&& !memcmp(PyArray_DIMS(a), PyArray_DIMS(b), bytes) && !memcmp(PyArray_STRIDES(a), PyArray_STRIDES(b), bytes);
}

/* Can result k be computed right into x? An element may be read before it is overwritten, but no other. */
static bool fits(const call *c, uint32_t k, PyObject *x, PyObject *const *outs)
{
	const gj_type *t = c->p->ret[k];
	PyArrayObject *a = (PyArrayObject *)x;
	npy_intp shape[GJ_MAX_LOOPS];
	if (!PyArray_CheckExact(x) || PyArray_NDIM(a) != result_shape(c, t, shape) || memcmp(PyArray_DIMS(a), shape, (size_t)PyArray_NDIM(a) * sizeof *shape))
		return false;
	if (gj_kind_of_dtype(PyArray_DESCR(a)) != t->elem->kind || !PyArray_ISBEHAVED(a))
		return false;
	for (uint32_t i = 0; i < c->p->nin; i++)
		if (c->array[i] && meet(a, c->array[i]) && (t->kind == GJ_REDUCED || !is_same(a, c->array[i])))
			return false;
	for (uint32_t i = 0; i < k; i++)
		if (outs[i] != Py_None && meet(a, (PyArrayObject *)outs[i]))
			return false;
	return true;
}

/* A new array; where it is large, in memory that earlier ones have left. */
static PyObject *new_array(int n, const npy_intp *shape, PyArray_Descr *dtype, int fortran)
{
	size_t bytes = (size_t)PyDataType_ELSIZE(dtype);
	bool fits = true;
	for (int d = 0; d < n; d++)
		fits &= !__builtin_mul_overflow(bytes, (size_t)shape[d], &bytes);
	if (!fits || bytes < GJ_LARGE)
		return PyArray_Empty(n, shape, dtype, fortran);
	uint64_t owner = gj_owned_new(bytes);
	PyObject *memory = owner ? gj_memory_new(owner) : PyErr_NoMemory();
	PyObject *a = memory ? PyArray_NewFromDescr(&PyArray_Type, (PyArray_Descr *)Py_NewRef(dtype), n, shape, NULL, (void *)(uintptr_t)owner,
		fortran ? NPY_ARRAY_FARRAY : NPY_ARRAY_CARRAY, NULL) : NULL;
	Py_DECREF(dtype);
	if (a && PyArray_SetBaseObject((PyArrayObject *)a, memory) == 0)
		return a;
	if (!a)
		Py_XDECREF(memory);
	Py_XDECREF(a);
	return NULL;
}

static PyObject *new_result(const call *c, uint32_t k)
{
	npy_intp shape[GJ_MAX_LOOPS];
	int n = result_shape(c, c->p->ret[k], shape);
	PyArray_Descr *dtype = gj_dtype_of_kind(c->p->ret[k]->elem->kind);
	return dtype ? new_array(n, shape, dtype, is_fortran(c, n, shape)) : NULL;
}

/* What is given for each result, None or an array; false: not as many. */
static bool read_outs(const gj_fusion *p, PyObject *out, PyObject **outs)
{
	bool tuple = PyTuple_Check(out);
	for (uint32_t k = 0; k < p->nout; k++)
		outs[k] = !tuple ? out : k < PyTuple_GET_SIZE(out) ? PyTuple_GET_ITEM(out, k) : NULL;
	return out == Py_None || (tuple ? PyTuple_GET_SIZE(out) == p->nout : p->nout == 1);
}

/* Fills `all` with the results, given or new, and the operands; 0: something does not fit; −1: an exception. */
static int set_outputs(call *c, PyObject *all, PyObject *const *outs)
{
	for (uint32_t k = 0; k < c->p->nout; k++) {
		if (outs[k] != Py_None && !fits(c, k, outs[k], outs))
			return 0;
		PyObject *a = outs[k] != Py_None ? Py_NewRef(outs[k]) : new_result(c, k);
		if (!a)
			return -1;
		PyTuple_SET_ITEM(all, k, a);
		set_output(c, k, (PyArrayObject *)a);
	}
	return 1;
}

/* -- Means ------------------------------------------------------------------------------------------------------------------- */

static bool has_means(const gj_fusion *p)
{
	bool any = false;
	for (uint32_t k = 0; k < p->nout; k++)
		any |= reduction(p->ret[k]) == GJ_RED_MEAN;
	return any;
}

static int64_t count_reduced(const gj_fused *f)
{
	int64_t n = 1;
	for (uint32_t d = 0; d < f->ndim; d++)
		n *= f->reduced[d] ? f->shape[d] : 1;
	return n;
}

/* Sums become means. */
static bool divide(const gj_fusion *p, PyObject *all, int64_t count)
{
	PyObject *n = PyLong_FromLongLong(count);
	bool ok = n != NULL;
	for (uint32_t k = 0; ok && k < p->nout; k++) {
		if (reduction(p->ret[k]) != GJ_RED_MEAN)
			continue;
		PyObject *x = PyNumber_InPlaceTrueDivide(PyTuple_GET_ITEM(all, k), n);
		ok = x != NULL;
		Py_XDECREF(x);
	}
	Py_XDECREF(n);
	return ok;
}

/* -- The call ---------------------------------------------------------------------------------------------------------------- */

/* New arrays without dimensions are returned as scalars. */
static bool unwrap(PyObject *all, PyObject *const *outs)
{
	for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(all); k++) {
		PyObject *a = PyTuple_GET_ITEM(all, k), *x = outs[k] == Py_None && PyArray_NDIM((PyArrayObject *)a) == 0
			? PyArray_Return((PyArrayObject *)Py_NewRef(a)) : Py_NewRef(a);
		if (!x)
			return false;
		PyTuple_SET_ITEM(all, k, x);
		Py_DECREF(a);
	}
	return true;
}

/* As much of it as the plan needs: most calls are of a few operands. */
static void init(call *c, const gj_fusion *p)
{
	uint32_t n = p->nin + p->nout;
	c->p = p;
	c->used = 0;
	memset(&c->f, 0, offsetof(gj_fused, op));
	memset(c->f.op, 0, n * sizeof *c->f.op);
	c->f.kernel = c->f.streamed = NULL;
	c->f.nin = p->nin;
	c->f.nargs = n;
}

PyObject *gj_fusion_call(PyObject *o, PyObject *const *arg, Py_ssize_t n, PyObject *out)
{
	gj_fusion *p = (gj_fusion *)o;
	call c;
	PyObject *outs[GJ_MAX_OPERANDS];
	bool ordinary = n == p->nin && read_outs(p, out, outs);
	init(&c, p);
	for (uint32_t i = 0; ordinary && i < p->nin; i++)
		ordinary = read_argument(&c, arg[i], i);
	if (!ordinary || !one_loop(&c))
		Py_RETURN_NOTIMPLEMENTED;
	set_inputs(&c);
	PyObject *all = PyTuple_New(p->nout);
	int ok = all ? set_outputs(&c, all, outs) : -1;
	if (ok == 0) {
		Py_DECREF(all);
		Py_RETURN_NOTIMPLEMENTED;
	}
	int64_t count = has_means(p) ? count_reduced(&c.f) : 0;
	ok = ok > 0 && gj_fusion_run(p, &c.f, (uint32_t)(((uint64_t)1 << p->nout) - 1)) && (!count || divide(p, all, count)) && unwrap(all, outs);
	if (!ok) {
		Py_XDECREF(all);
		return NULL;
	}
	if (p->one->kind == GJ_TUPLE)
		return all;
	PyObject *single = Py_NewRef(PyTuple_GET_ITEM(all, 0));
	Py_DECREF(all);
	return single;
}
