/* Repeated calls: for the types of a call that went the long way, how to recognise the next such arguments by looking at their
 * classes, and where what they hold goes in the buffer that compiled code reads. No object is made, no type looked up. */
#include "jit/host.h"

#include <string.h>

enum { MAX_PLANS = 4 };
enum { LAYOUT = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS | NPY_ARRAY_WRITEABLE | NPY_ARRAY_ALIGNED };

typedef enum what { INT, INT_AS_FLOAT, FLOAT, BOOL, NONE, ARRAY } what;

typedef struct place {
	what what;
	bool optional, told;                       /* it may be None; the first parameter says whether it is */
	int ndim, flags;
	const PyArray_Descr *dtype;                /* the very object, which the plan holds */
	uint32_t first, end;                       /* of the image's parameters */
} place;

struct gj_plan {
	gj_plan *next;
	gj_specialisation *s;
	int32_t out;                               /* where the address of results goes; −1: nowhere */
	uint32_t n;
	place arg[];
};

static void free_plan(gj_plan *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		Py_XDECREF(p->arg[i].dtype);
	PyMem_Free(p);
}

void gj_plans_free(gj_host *h)
{
	while (h->plans) {
		gj_plan *next = h->plans->next;
		free_plan(h->plans);
		h->plans = next;
	}
}

/* -- Making one ---------------------------------------------------------------------------------------------------------- */

/* `given`: the argument's own type; `x`: its leaf, the value's of what may be None. */
static bool describe(place *a, const gj_type *given, const gj_type *as, const gj_arg *x)
{
	PyArrayObject *o = x->array;
	bool as_float = given->kind == GJ_I64 && as->kind == GJ_F64, array = given->kind == GJ_ARRAY && gj_can_convert(given, as);
	if (given != as && !as_float && !array && !(a->optional && given == gj_t_none))
		return false;
	switch (given->kind) {
	case GJ_I64:  a->what = as_float ? INT_AS_FLOAT : INT; return true;
	case GJ_F64:  a->what = FLOAT; return true;
	case GJ_BOOL: a->what = BOOL; return true;
	case GJ_NONE: a->what = NONE; return true;
	case GJ_ARRAY: break;
	default: return false;
	}
	if (!o || !PyArray_CheckExact(o) || !PyArray_ISALIGNED(o))
		return false;
	a->what = ARRAY;
	a->ndim = PyArray_NDIM(o);
	a->flags = PyArray_FLAGS(o) & LAYOUT;
	a->dtype = (PyArray_Descr *)Py_NewRef(PyArray_DESCR(o));
	return true;
}

void gj_plan_add(gj_host *h, const gj_args *a, const gj_type *const *given, gj_specialisation *s)
{
	const gj_image *im = &s->image;
	uint32_t n = a->nargs, at = 0, leaf = 0;
	gj_plan **end = &h->plans;
	bool positional = h->d.npositional == h->d.nparams;        /* a call's arguments are its parameters */
	if (!positional || im->param_bytes > GJ_PLAN_BYTES || gj_parts(s->ret) > GJ_PLAN_SLOTS)
		return;
	gj_plan *p = PyMem_Calloc(1, sizeof *p + n * sizeof *p->arg);
	if (!p)
		return;
	*p = (gj_plan){ .s = s, .out = -1 };
	for (; p->n < n; p->n++) {
		place *x = &p->arg[p->n];
		const gj_type *t = s->arg[p->n];
		x->optional = t->kind == GJ_OPTIONAL;
		if (!describe(x, given[p->n], x->optional ? t->elem : t, &a->leaf[leaf + x->optional])) {
			free_plan(p);
			return;
		}
		uint32_t valid = leaf;
		leaf += gj_leaves(t);
		for (x->first = at; at < im->nparams && im->param[at].leaf < leaf; at++)
			;
		x->end = at;
		x->told = x->optional && x->first < at && im->param[x->first].leaf == valid;
	}
	if (at < im->nparams)
		p->out = im->param[at].offset;
	p->next = h->plans;
	h->plans = p;
	for (int k = 0; *end && k < MAX_PLANS; k++)
		end = &(*end)->next;
	for (gj_plan *old = *end, *next; old; old = next) {
		next = old->next;
		free_plan(old);
	}
	*end = NULL;
}

/* -- Using it ------------------------------------------------------------------------------------------------------------ */

static void put_array(const gj_param *p, const gj_param *end, PyArrayObject *o, char *params)
{
	for (; p < end; p++) {
		int64_t v = p->field == GJ_FIELD_DATA ? (int64_t)(intptr_t)PyArray_DATA(o)
			: p->field == GJ_FIELD_SHAPE ? PyArray_DIMS(o)[p->dim] : PyArray_STRIDES(o)[p->dim];
		memcpy(params + p->offset, &v, sizeof v);
	}
}

/* false: the object is not of the kind that the plan is for. */
static inline bool put(const place *a, PyObject *o, const gj_param *param, char *params)
{
	const gj_param *p = param + a->first, *end = param + a->end;
	PyArrayObject *array = (PyArrayObject *)o;
	int overflow;
	int64_t i;
	double f;
	if (a->told)
		params[(p++)->offset] = a->what != NONE;
	switch (a->what) {
	case INT: case INT_AS_FLOAT:
		if (!PyLong_CheckExact(o) || (i = PyLong_AsLongLongAndOverflow(o, &overflow), overflow))
			return false;
		f = (double)i;
		if (p < end)
			memcpy(params + p->offset, a->what == INT ? (void *)&i : (void *)&f, sizeof i);
		return true;
	case FLOAT:
		if (!PyFloat_CheckExact(o))
			return false;
		f = PyFloat_AS_DOUBLE(o);
		if (p < end)
			memcpy(params + p->offset, &f, sizeof f);
		return true;
	case BOOL:
		if (o != Py_True && o != Py_False)
			return false;
		if (p < end)
			params[p->offset] = o == Py_True;
		return true;
	case NONE:
		for (; p < end; p++)                       /* of the value that there is not */
			memset(params + p->offset, 0, p->size);
		return o == Py_None;
	default:
		if (!PyArray_CheckExact(o) || PyArray_DESCR(array) != a->dtype || PyArray_NDIM(array) != a->ndim
			|| (PyArray_FLAGS(array) & LAYOUT) != a->flags)
			return false;
		put_array(p, end, array, params);
		return true;
	}
}

gj_specialisation *gj_plan_fill(gj_host *h, PyObject *const *arg, Py_ssize_t n, char *params, uint64_t *out)
{
	for (gj_plan **at = &h->plans, *p; (p = *at); at = &p->next) {
		const gj_param *param = p->s->image.param;
		Py_ssize_t i = 0;
		if (p->n != (uint32_t)n)
			continue;
		while (i < n && put(&p->arg[i], arg[i], param, params))
			i++;
		if (i < n)
			continue;
		if (p->out >= 0)
			memcpy(params + p->out, &out, sizeof out);
		if (p != h->plans) {
			*at = p->next;
			p->next = h->plans;
			h->plans = p;
		}
		return p->s;
	}
	return NULL;
}
