/* A call on its way: operands are read as those of a launch are, their shapes broadcast and merged, outputs made, and the
 * kernel for what is left launched. Where its types and shapes have been seen, nothing but results are made in Python. */
#include "elements/call.h"

#include "launch/argument.h"
#include "launch/launch.h"
#include "launch/transfer.h"
#include "memory/devarray.h"
#include "memory/device.h"
#include "memory/extent.h"
#include "memory/stream.h"
#include "types/dtype.h"

#include <string.h>

enum { GPU_BLOCK = 256, CPU_BLOCK = 1024, MOST_BLOCKS = 65535 };

/* What is known of a call while it runs. Leaves of `args`: inputs, mask, outputs. */
typedef struct running {
	gj_elements_call *c;
	gj_args args;
	gj_walk walk;
	gj_elements_row *row;
	gj_stream *stream;
	PyObject *bound;                           /* stream that results are bound to; borrowed; NULL: none */
	PyObject *result[GJ_WALK_OPERANDS];        /* owned */
	uint32_t first;                            /* of walk.op: the first input */
	bool device, retreat;                      /* an input lies on the device; outputs cannot be written as they lie */
} running;

/* -- Reading --------------------------------------------------------------------------------------------------------- */

static bool is_given(const gj_elements_call *c, uint32_t i) { return c->out && c->out[i] && c->out[i] != Py_None; }

/* An integer of more than 64 bits is still one to the choice of types; to functions of floats it is a float. */
static bool read_huge(running *r, PyObject *o)
{
	PyObject *x = PyNumber_Float(o);
	bool ok = x && gj_args_add(&r->args, x);
	Py_XDECREF(x);
	return ok;
}

static bool read_input(running *r, PyObject *o)
{
	if (gj_args_add(&r->args, o))
		return true;
	if (!r->args.huge || !PyLong_CheckExact(o))
		return false;
	gj_forgive(PyExc_ValueError);
	return read_huge(r, o);
}

static bool read_inputs(running *r, uint8_t *key)
{
	const gj_elements_call *c = r->c;
	for (uint32_t i = 0; i < c->self->nin; i++) {
		PyObject *o = c->in[i];
		if (PyTuple_Check(o))
			return gj_error(GJ_ERR_VALUE_TYPE, "tuple", "give an array"), false;
		if (!read_input(r, o))
			return false;
		const gj_arg *x = &r->args.leaf[i];
		bool array = x->type->kind == GJ_ARRAY;
		if (!array && !gj_is_scalar(x->type))
			return gj_error(GJ_ERR_VALUE_TYPE, Py_TYPE(o)->tp_name, "give an array or a number"), false;
		r->device |= array && !x->array;
		key[i] = (uint8_t)(array ? x->type->elem->kind : PyLong_CheckExact(o) && x->type->kind == GJ_F64 ? GJ_I64 : x->type->kind);
		if (PyLong_CheckExact(o) || PyFloat_CheckExact(o) || PyComplex_CheckExact(o))
			key[i] |= GJ_WEAK;
	}
	return true;
}

/* Python's integers must fit in the type that the function takes them as. */
static bool check_weak(const running *r)
{
	for (uint32_t i = 0; i < r->row->nin; i++) {
		const gj_type *t = gj_scalar[r->row->in[i]];
		if (!PyLong_CheckExact(r->c->in[i]) || !gj_is_int(t))
			continue;
		const gj_arg *x = &r->args.leaf[i];
		bool big = x->type->kind != GJ_I64, fits = gj_is_unsigned(t) ? x->type->kind == GJ_U64 || (!big && x->value.i >= 0) : !big;
		if (fits && t->size < 8) {
			int64_t most = (int64_t)1 << (8 * t->size - !gj_is_unsigned(t));
			fits = !big && x->value.i < most && (gj_is_unsigned(t) || x->value.i >= -most);
		}
		if (!fits) {
			PyObject *text = PyObject_Str(r->c->in[i]);
			if (text)
				gj_error(GJ_ERR_ELEMENTS_INTEGER, PyUnicode_AsUTF8(text), t->name);
			Py_XDECREF(text);
			return false;
		}
	}
	return true;
}

static bool read_array(running *r, PyObject *o, const char *what)
{
	if (PyTuple_Check(o))
		return gj_error(GJ_ERR_ELEMENTS_ARRAY, what, "tuple"), false;
	if (!gj_args_add(&r->args, o))
		return false;
	if (r->args.leaf[r->args.nleaves - 1].type->kind != GJ_ARRAY)
		return gj_error(GJ_ERR_ELEMENTS_ARRAY, what, Py_TYPE(o)->tp_name), false;
	return true;
}

/* An output that is given: can it be written, in place? */
static bool check_output(running *r)
{
	const gj_arg *x = &r->args.leaf[r->args.nleaves - 1];
	if (x->type->readonly)
		return gj_error(GJ_ERR_ELEMENTS_READONLY), false;
	r->retreat |= x->host != NULL;             /* memory that the device does not use in place */
	return true;
}

static bool read_outputs(running *r)
{
	const gj_elements_call *c = r->c;
	if (c->where && !read_array(r, c->where, "where"))
		return false;
	if (c->where && r->args.leaf[r->args.nleaves - 1].type->elem->kind != GJ_BOOL)
		return gj_error(GJ_ERR_ELEMENTS_MASK, r->args.leaf[r->args.nleaves - 1].type->elem->name), false;
	for (uint32_t i = 0; i < c->self->nout; i++)
		if (is_given(c, i) && (!read_array(r, c->out[i], "out") || !check_output(r)))
			return false;
	return true;
}

/* Does an output that is given have another type than the function gives? */
static bool is_cast(const running *r)
{
	uint32_t at = r->c->self->nin + (r->c->where != NULL);
	for (uint32_t i = 0; i < r->c->self->nout; i++)
		if (is_given(r->c, i) && r->args.leaf[at++].type->elem->kind != r->row->out[i])
			return true;
	return false;
}

/* The stream asked for, else the one that the library works on whose arrays these are. */
static bool choose_stream(running *r)
{
	r->stream = NULL;
	if (r->c->stream) {
		r->bound = r->c->stream;
		return gj_stream_of(r->c->stream, r->args.dev, &r->stream) == 0;
	}
	return !r->args.producer || (r->stream = gj_stream_wrapped(r->args.dev, r->args.producer)) != NULL;
}

/* -- Shapes ---------------------------------------------------------------------------------------------------------- */

static void operand(gj_operand *o, const gj_arg *x)
{
	bool array = x->type->kind == GJ_ARRAY;
	o->data = x->data;
	o->ndim = array ? x->type->ndim : 0;
	o->size = array ? x->type->elem->size : x->type->size;
	o->shape = x->shape;
	o->strides = x->strides;
	o->varies = array ? 0 : GJ_BY_VALUE;
}

static void add_shape(PyObject **text, int ndim, const int64_t *shape)
{
	PyObject *t = PyTuple_New(ndim);
	for (int d = 0; t && d < ndim; d++)
		PyTuple_SET_ITEM(t, d, PyLong_FromLongLong(shape[d]));
	PyObject *s = t ? PyObject_Repr(t) : NULL, *tight = s ? PyObject_CallMethod(s, "replace", "ss", ", ", ",") : NULL;
	if (*text && tight)
		Py_SETREF(*text, PyUnicode_FromFormat("%U%U ", *text, tight));
	Py_XDECREF(tight);
	Py_XDECREF(s);
	Py_XDECREF(t);
}

/* As NumPy lists them: inputs, outputs that are given, the mask. */
static bool refuse_shapes(const running *r)
{
	PyObject *text = PyUnicode_FromString("");
	const gj_walk *l = &r->walk;
	for (uint32_t i = r->first; i < l->n; i++)
		add_shape(&text, l->op[i].ndim, l->op[i].shape);
	for (uint32_t i = 0; i < r->first; i++)
		if (i >= l->nout || is_given(r->c, i))
			add_shape(&text, l->op[i].ndim, l->op[i].shape);
	if (text && !PyErr_Occurred())
		gj_error(GJ_ERR_ELEMENTS_SHAPES, PyUnicode_AsUTF8(text));
	Py_XDECREF(text);
	return false;
}

static bool refuse_output(const running *r, uint32_t bad)
{
	gj_walk together = r->walk;
	if (!gj_walk_broadcast(&together, 0))
		return refuse_shapes(r);
	PyObject *one = PyUnicode_FromString(""), *all = PyUnicode_FromString("");
	add_shape(&one, r->walk.op[bad].ndim, r->walk.op[bad].shape);
	add_shape(&all, r->walk.ndim, r->walk.shape);
	if (one && all && !PyErr_Occurred())
		gj_error(GJ_ERR_ELEMENTS_OUTPUT, (int)PyUnicode_GET_LENGTH(one) - 1, PyUnicode_AsUTF8(one), (int)PyUnicode_GET_LENGTH(all) - 1,
			PyUnicode_AsUTF8(all));
	Py_XDECREF(one);
	Py_XDECREF(all);
	return false;
}

/* -- Outputs --------------------------------------------------------------------------------------------------------- */

static PyTypeObject *array_class(void)
{
	static PyTypeObject *cls;
	if (!cls)
		cls = (PyTypeObject *)gj_import("gridjit.cuda.devicearray", "DeviceNDArray");
	return cls;
}

/* A new output, in the order of the inputs; where all inputs are the host's, so is what the CPU device writes. */
static bool make_output(running *r, uint32_t i)
{
	gj_operand *o = &r->walk.op[i];
	int64_t strides[GJ_MAX_NDIM];
	PyArray_Descr *dtype = gj_dtype_of_kind(r->row->out[i]);
	PyTypeObject *cls = array_class();
	if (!dtype || !cls)
		return Py_XDECREF(dtype), false;
	o->size = gj_scalar[r->row->out[i]]->size;
	gj_walk_strides(&r->walk, o->size, strides);
	PyObject *a;
	if (!r->device && r->args.dev->ops->host_memory) {
		a = PyArray_NewFromDescr(&PyArray_Type, (PyArray_Descr *)Py_NewRef(dtype), r->walk.ndim, (npy_intp *)r->walk.shape,
			r->walk.ndim ? (npy_intp *)strides : NULL, NULL, 0, NULL);
		o->data = a ? (gj_devptr)PyArray_DATA((PyArrayObject *)a) : 0;
	} else {
		a = gj_devarray_new(cls, r->args.dev, r->walk.ndim, r->walk.shape, strides, dtype, r->bound);
		o->data = a ? ((gj_devarray *)a)->data : 0;
	}
	Py_DECREF(dtype);
	r->result[i] = a;
	o->ndim = r->walk.ndim;
	memcpy(o->step, strides, (size_t)o->ndim * sizeof *strides);
	for (int d = 0; d < o->ndim; d++)
		if (r->walk.shape[d] == 1)
			o->step[d] = 0;
	return a != NULL;
}

/* The operands in their order. */
static void place_operands(running *r)
{
	const gj_elements_call *c = r->c;
	gj_walk *l = &r->walk;
	uint32_t nin = c->self->nin, at = nin + (c->where != NULL);
	l->nout = c->self->nout;
	r->first = l->nout + (c->where != NULL);
	l->n = r->first + nin;
	for (uint32_t i = 0; i < nin; i++)
		operand(&l->op[r->first + i], &r->args.leaf[i]);
	if (c->where)
		operand(&l->op[l->nout], &r->args.leaf[nin]);
	for (uint32_t i = 0; i < l->nout; i++) {
		l->op[i] = (gj_operand){ 0 };
		if (is_given(c, i))
			operand(&l->op[i], &r->args.leaf[at++]);
	}
}

/* As NumPy: inputs are stretched to an output that is given. */
static bool stretch(gj_walk *l, uint32_t out)
{
	gj_walk wider = { .n = l->n, .nout = l->nout };
	wider.op[out] = l->op[out];
	for (uint32_t k = l->nout; k < l->n; k++)
		wider.op[k] = l->op[k];
	if (l->op[out].ndim < l->ndim || !gj_walk_broadcast(&wider, 0))
		return false;
	memcpy(l->shape, wider.shape, sizeof l->shape);
	memcpy(l->order, wider.order, sizeof l->order);
	l->ndim = wider.ndim;
	l->size = wider.size;
	return true;
}

/* Shapes of all operands, outputs that are missing, and the walk without dimensions that it does not need. */
static bool shape(running *r)
{
	const gj_elements_call *c = r->c;
	gj_walk *l = &r->walk;
	uint32_t bad;
	place_operands(r);
	if (!gj_walk_broadcast(l, l->nout))
		return refuse_shapes(r);
	for (uint32_t i = 0; i < l->nout; i++)
		if (is_given(c, i) && !stretch(l, i))
			return refuse_output(r, i);
	if (!gj_walk_steps(l, l->nout, l->n, &bad))
		return refuse_shapes(r);
	for (uint32_t i = 0; i < l->nout; i++)
		if (is_given(c, i) && !gj_walk_steps(l, i, i + 1, &bad))
			return refuse_output(r, bad);
	gj_walk_order(l, l->nout);
	for (uint32_t i = 0; i < l->nout; i++)
		if (!is_given(c, i) && !make_output(r, i))
			return false;
	if (l->size == 0)
		return true;
	gj_walk_collapse(l);
	for (uint32_t i = 0; i < l->nout; i++)
		r->retreat |= is_given(c, i) && gj_walk_overlaps(l, i);
	return true;
}

/* -- The launch ------------------------------------------------------------------------------------------------------ */

/* Two elements a thread, read and written at once: all operands lie one after the other, without a rest. */
static bool is_wide(const running *r)
{
	const gj_walk *l = &r->walk;
	if (r->args.dev->ops->host_memory || l->ndim != 1 || l->shape[0] % 2 || l->shape[0] < 4096 || l->n != r->row->nin + r->row->nout)
		return false;
	for (uint32_t i = 0; i < l->n; i++)
		if (l->op[i].varies && l->op[i].varies != GJ_BY_VALUE && (l->op[i].step[0] != l->op[i].size || l->op[i].data & 15))
			return false;
	return true;
}

static const gj_type *scalar_of(const running *r, uint32_t i)
{
	if (i >= r->first)
		return r->args.leaf[i - r->first].type;
	if (i >= r->walk.nout)
		return r->args.leaf[r->c->self->nin].type;
	if (!is_given(r->c, i))
		return gj_scalar[r->row->out[i]];
	uint32_t at = r->c->self->nin + (r->c->where != NULL);
	for (uint32_t k = 0; k < i; k++)
		at += is_given(r->c, k);
	return r->args.leaf[at].type;
}

/* An operand as the kernel's argument: an array of the dimensions along which it changes, of one element if there are none. */
static bool add_operand(const running *r, gj_args *k, uint32_t i)
{
	const gj_operand *o = &r->walk.op[i];
	const gj_type *t = scalar_of(r, i);
	int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	if (o->varies == GJ_BY_VALUE) {
		gj_arg *x = gj_args_leaf(k, t);
		if (x)
			memcpy(x->value.b, r->args.leaf[i - r->first].value.b, sizeof x->value.b);
		return x && gj_args_type(k, t);
	}
	int n = 0;
	for (int d = 0; d < r->walk.ndim; d++)
		if (o->varies >> d & 1) {
			shape[n] = r->walk.shape[d];
			strides[n++] = o->step[d];
		}
	if (!n) {
		shape[n] = 1;
		strides[n++] = o->size;
	}
	int kind = t->kind == GJ_ARRAY ? t->elem->kind : t->kind;
	return gj_args_describe(k, gj_scalar[kind], n, o->data, false, shape, strides) && gj_args_type(k, k->leaf[k->nleaves - 1].type);
}

static uint32_t blocks(int64_t n, uint32_t each)
{
	int64_t b = n / each + (n % each != 0);
	return (uint32_t)(b < MOST_BLOCKS ? b : MOST_BLOCKS);
}

/* A thread an element; the last dimension is x, the one before it y, all others are z. */
static void configure(const running *r, bool wide, gj_launch_config *c)
{
	const gj_walk *l = &r->walk;
	uint32_t most = r->c->self->block ? r->c->self->block : r->args.dev->ops->host_memory ? CPU_BLOCK : GPU_BLOCK;
	int64_t inner = l->shape[l->ndim - 1], outer = 1;
	*c = (gj_launch_config){ .grid = { 1, 1, 1 }, .block = { most, 1, 1 }, .stream = r->c->stream };
	if (l->ndim == 1) {
		int64_t threads = wide ? inner / 2 : inner;
		if (threads < most)
			c->block[0] = (uint32_t)(threads + 31) / 32 * 32;
		c->grid[0] = (uint32_t)((threads + c->block[0] - 1) / c->block[0]);
		return;
	}
	c->block[0] = 4;
	while (c->block[0] < inner && c->block[0] * 2 <= most)
		c->block[0] *= 2;
	c->block[1] = most / c->block[0];
	while (c->block[1] > 1 && c->block[1] / 2 >= l->shape[l->ndim - 2] && c->block[0] * c->block[1] > 32)
		c->block[1] /= 2;
	for (int d = 0; d < l->ndim - 2; d++)
		outer *= l->shape[d];
	c->grid[0] = (uint32_t)((inner + c->block[0] - 1) / c->block[0]);
	c->grid[1] = blocks(l->shape[l->ndim - 2], c->block[1]);
	c->grid[2] = blocks(outer, 1);
}

static bool launch(running *r)
{
	gj_launch_config config;
	bool wide = is_wide(r), ok = true;
	gj_dispatcher *d = gj_elements_form_of(r->row, &r->walk, wide);
	gj_args k;
	if (!d)
		return false;
	configure(r, wide, &config);
	config.facts = gj_launch_config_facts(&config);
	gj_args_init(&k, r->args.dev);
	k.producer = r->args.producer;
	k.asked = r->args.asked;
	for (uint32_t i = 0; ok && i < r->walk.n; i++)
		ok = add_operand(r, &k, i);
	r->c->began = true;
	ok = ok && gj_args_in_place(&r->args) && gj_launch_args(d, &config, &k, NULL);
	gj_args_clear(&k);
	return ok;
}

/* -- All of it ------------------------------------------------------------------------------------------------------- */

static bool work(running *r)
{
	const gj_elements *self = r->c->self;
	uint8_t key[GJ_WALK_OPERANDS];
	if (!read_inputs(r, key) || !read_outputs(r) || r->retreat)
		return !PyErr_Occurred();
	r->row = gj_elements_row_of(&r->c->self->rows, r->c->key ? r->c->key : key, self->nin, self->nout, (PyObject *)self);
	if (!r->row || !check_weak(r) || !choose_stream(r))
		return false;
	r->retreat = !r->c->cast && is_cast(r);
	if (r->retreat)
		return true;
	if (r->args.nhost && !gj_args_place(&r->args, r->stream))
		return gj_args_return(&r->args, NULL, NULL, false);
	bool ok = shape(r) && (r->retreat || r->walk.size == 0 || launch(r));
	return gj_args_return(&r->args, r->stream, NULL, ok);
}

/* Outputs as the caller gets them. */
static PyObject *results(running *r)
{
	uint32_t nout = r->c->self->nout;
	PyObject *all = nout > 1 ? PyTuple_New((Py_ssize_t)nout) : NULL;
	for (uint32_t i = 0; i < nout; i++) {
		PyObject *o = is_given(r->c, i) ? Py_NewRef(r->c->out[i]) : Py_NewRef(r->result[i]);
		if (PyArray_CheckExact(o) && !is_given(r->c, i))
			o = PyArray_Return((PyArrayObject *)o);
		else if (!r->device && !is_given(r->c, i))
			Py_SETREF(o, PyObject_CallMethod(o, "_to_host", NULL));
		if (nout == 1 || !o || !all) {
			Py_XDECREF(all);
			return o;
		}
		PyTuple_SET_ITEM(all, (Py_ssize_t)i, o);
	}
	return all;
}

PyObject *gj_elements_run(gj_elements_call *c)
{
	running r;
	r.c = c;
	r.row = NULL;
	r.bound = NULL;
	r.device = r.retreat = false;
	memset(r.result, 0, c->self->nout * sizeof *r.result);
	gj_device *dev = gj_device_current();
	if (!dev)
		return NULL;
	gj_args_init(&r.args, dev);
	bool ok = work(&r);
	gj_args_clear(&r.args);
	PyObject *o = !ok ? NULL : r.retreat ? Py_NewRef(Py_NotImplemented) : results(&r);
	for (uint32_t i = 0; i < c->self->nout; i++)
		Py_XDECREF(r.result[i]);
	return o;
}
