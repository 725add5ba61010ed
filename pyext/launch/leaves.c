/* The arguments of a launch, leaf by leaf: a list that grows on the heap beyond what fits on the stack. */
#include "launch/leaves.h"

#include "memory/extent.h"
#include "types/dtype.h"

#include <string.h>

void gj_args_init(gj_args *a, gj_device *dev)
{
	a->dev = dev;
	a->settings = gj_config.changes;
	a->type = a->type0;
	a->leaf = a->leaf0;
	a->ref = a->ref0;
	a->nargs = a->nleaves = a->nrefs = a->narrays = a->nhost = a->nkeep = a->depth = 0;
	a->type_cap = a->leaf_cap = GJ_FAST_ARGS;
	a->ref_cap = GJ_FAST_REFS;
	a->hinted = a->huge = false;
	a->plain = true;
	a->together = 0;
	a->near = false;
	a->lent = (gj_place){ 0 };
	a->producer = 0;
	a->asked = NULL;
}

void gj_args_clear(gj_args *a)
{
	for (uint32_t i = 0; i < a->nleaves && a->nhost; i++) {
		Py_CLEAR(a->leaf[i].host);
		Py_CLEAR(a->leaf[i].temp);
	}
	while (a->nrefs)
		Py_DECREF(a->ref[--a->nrefs]);
	if (a->type != a->type0)
		PyMem_Free(a->type);
	if (a->leaf != a->leaf0)
		PyMem_Free(a->leaf);
	if (a->ref != a->ref0)
		PyMem_Free(a->ref);
}

/* A list that starts in the struct itself and doubles on the heap. */
static bool grow(void **list, void *first, uint32_t *cap, size_t item)
{
	void *p = PyMem_Malloc(2 * *cap * item);
	if (!p)
		return PyErr_NoMemory(), false;
	memcpy(p, *list, *cap * item);
	if (*list != first)
		PyMem_Free(*list);
	*list = p;
	*cap *= 2;
	return true;
}

/* Leaves point into themselves (dims): moved ones must point to where they are now. */
static void move(gj_arg *to, const gj_arg *from)
{
	bool shape = from->shape == from->dims, strides = from->strides == from->dims + GJ_MAX_NDIM;
	*to = *from;
	if (shape)
		to->shape = to->dims;
	if (strides)
		to->strides = to->dims + GJ_MAX_NDIM;
}

bool gj_args_more_leaves(gj_args *a)
{
	gj_arg *old = a->leaf;
	gj_arg *p = PyMem_Malloc(2 * a->leaf_cap * sizeof *p);
	if (!p)
		return PyErr_NoMemory(), false;
	for (uint32_t i = 0; i < a->nleaves; i++)
		move(&p[i], &old[i]);
	if (old != a->leaf0)
		PyMem_Free(old);
	a->leaf = p;
	a->leaf_cap *= 2;
	return true;
}

bool gj_args_open(gj_args *a, uint32_t at, uint32_t n)
{
	uint32_t end = a->nleaves;
	for (uint32_t i = 0; i < n; i++)
		if (!gj_args_leaf(a, gj_t_none))
			return false;
	for (uint32_t i = end; i-- > at;)
		move(&a->leaf[i + n], &a->leaf[i]);
	for (uint32_t i = 0; i < a->nleaves; i++)
		a->leaf[i].first += i < at || i >= at + n ? n * (a->leaf[i].first >= at) : 0;
	for (gj_arg *x = &a->leaf[at]; n--; x++)
		*x = (gj_arg){ .type = gj_t_none };
	return true;
}

bool gj_args_type(gj_args *a, const gj_type *t)
{
	if (a->nargs == a->type_cap && !grow((void **)&a->type, a->type0, &a->type_cap, sizeof *a->type))
		return false;
	a->type[a->nargs++] = t;
	return true;
}

bool gj_args_keep(gj_args *a, PyObject *ref)
{
	if (a->nrefs == a->ref_cap && !grow((void **)&a->ref, a->ref0, &a->ref_cap, sizeof *a->ref))
		return Py_DECREF(ref), false;
	a->ref[a->nrefs++] = ref;
	return true;
}

/* -- Arrays ------------------------------------------------------------------------------------------------------- */

bool gj_refuse_dtype(PyArray_Descr *dtype)
{
	PyObject *text = PyObject_Str((PyObject *)dtype);
	const char *name = text ? PyUnicode_AsUTF8(text) : NULL;
	if (name)
		gj_error(GJ_ERR_ARRAY_DTYPE, name, gj_instead_of_dtype(dtype));
	Py_XDECREF(text);
	return false;
}

void gj_arg_dims(gj_arg *leaf, PyArrayObject *o)
{
	const npy_intp *shape = PyArray_DIMS(o), *strides = PyArray_STRIDES(o);
	leaf->shape = leaf->dims;
	leaf->strides = leaf->dims + GJ_MAX_NDIM;
	for (int i = 0; i < PyArray_NDIM(o); i++) {
		leaf->dims[i] = shape[i];
		leaf->dims[GJ_MAX_NDIM + i] = strides[i];
	}
}

bool gj_args_unchanged(const gj_arg *x)
{
	PyArrayObject *o = x->array;
	const npy_intp *shape = PyArray_DIMS(o), *strides = PyArray_STRIDES(o);
	int ndim = x->type->ndim;
	bool same = PyArray_NDIM(o) == ndim && (gj_devptr)PyArray_DATA(o) == x->data
		&& (PyArray_DESCR(o) == x->dtype || gj_known_dtype(PyArray_DESCR(o)) == x->type->elem);
	for (int i = 0; same && i < ndim; i++)
		same = shape[i] == x->dims[i] && strides[i] == x->dims[GJ_MAX_NDIM + i];
	if (!same)
		gj_error(GJ_ERR_ARG_CHANGED);
	return same;
}

bool gj_args_ndarray(gj_args *a, PyArrayObject *o)
{
	int ndim = PyArray_NDIM(o);
	if (ndim > GJ_MAX_NDIM)
		return gj_error(GJ_ERR_ARRAY_NDIM, ndim, (int)GJ_MAX_NDIM), false;
	char layout = PyArray_IS_C_CONTIGUOUS(o) ? 'C' : PyArray_IS_F_CONTIGUOUS(o) ? 'F' : 'A';
	int kind = gj_kind_of_dtype(PyArray_DESCR(o));
	const gj_type *elem = kind >= 0 ? gj_scalar[kind] : gj_known_dtype(PyArray_DESCR(o));
	if (!elem)
		return gj_refuse_dtype(PyArray_DESCR(o));
	bool readonly = !PyArray_ISWRITEABLE(o);
	const gj_type *t = gj_is_scalar(elem) ? gj_array_type_of(elem->kind, ndim, layout, readonly)
		: gj_array_type(elem, ndim, layout, readonly, GJ_GLOBAL);
	gj_arg *leaf = gj_args_leaf(a, t);
	if (!leaf)
		return false;
	leaf->array = o;
	a->narrays++;
	leaf->dtype = PyArray_DESCR(o);
	leaf->data = (gj_devptr)PyArray_DATA(o);
	gj_arg_dims(leaf, o);
	if (a->dev && (!a->dev->ops->host_memory || !gj_is_aligned(o, elem))) {
		leaf->host = (PyArrayObject *)Py_NewRef(o);
		a->nhost++;
	}
	return true;
}

bool gj_args_describe(gj_args *a, const gj_type *elem, int ndim, uintptr_t data, bool readonly, const int64_t *shape,
	const int64_t *strides)
{
	int64_t dims[2 * GJ_MAX_NDIM], size = elem->size;
	const char *lie = NULL;
	for (int i = 0; i < ndim; i++) {
		dims[i] = shape[i];
		dims[GJ_MAX_NDIM + i] = strides ? strides[i] : 0;
	}
	if (!strides && !gj_c_strides(ndim, dims, size, dims + GJ_MAX_NDIM))
		lie = "its size in bytes does not fit in 64 bits";
	if (lie || (lie = gj_extent_lies(data, ndim, dims, dims + GJ_MAX_NDIM, size)))
		return gj_error(GJ_ERR_ARRAY_LIES, lie), false;
	char layout = gj_is_contiguous(ndim, dims, dims + GJ_MAX_NDIM, size, 'C') ? 'C'
		: gj_is_contiguous(ndim, dims, dims + GJ_MAX_NDIM, size, 'F') ? 'F' : 'A';
	gj_arg *leaf = gj_args_leaf(a, gj_array_type_where(elem, ndim, layout, readonly, data, dims, dims + GJ_MAX_NDIM));
	if (!leaf)
		return false;
	for (int i = 0; i < ndim; i++) {
		leaf->dims[i] = dims[i];
		leaf->dims[GJ_MAX_NDIM + i] = dims[GJ_MAX_NDIM + i];
	}
	leaf->data = data;
	leaf->shape = leaf->dims;
	leaf->strides = leaf->dims + GJ_MAX_NDIM;
	return true;
}

/* -- To the compiled function -------------------------------------------------------------------------------------- */

/* Bytes of an array without gaps. */
static int64_t bytes_of(const gj_arg *x)
{
	int64_t n = x->type->elem->size;
	for (uint32_t d = 0; d < x->type->ndim; d++)
		n *= x->shape[d];
	return n;
}

/* n bytes; parameters are of 4 or 8 in most cases. */
static inline void put(char *to, const void *from, size_t n)
{
	if (n == 8)
		memcpy(to, from, 8);
	else if (n == 4)
		memcpy(to, from, 4);
	else
		memcpy(to, from, n);
}

void gj_args_fill(const gj_image *im, const gj_args *a, uint32_t row, char *buffer)
{
	for (uint32_t i = 0; i < im->nparams; i++) {
		const gj_param *p = &im->param[i];
		const gj_arg *x = &a->leaf[p->leaf];
		char *to = buffer + p->offset;
		int64_t v;
		switch (p->field) {
		case GJ_FIELD_VALUE: put(to, x->value.b + p->dim * p->size, p->size); continue;
		case GJ_FIELD_DATA:  v = (int64_t)x->data; break;
		case GJ_FIELD_SHAPE: v = x->shape[p->dim]; break;
		case GJ_FIELD_BYTES: v = bytes_of(x); break;
		case GJ_FIELD_ROW:   v = row; break;
		default:             v = x->strides[p->dim]; break;
		}
		put(to, &v, p->size);                  /* little-endian: the low bytes come first */
	}
}
