/* What generalised ufuncs have of their own: a layout of core dimensions, arrays among the arguments, outputs whose types
 * nothing but the caller's arrays say, and inputs that are written. */
#include "ufunc/ufunc.h"

#include <string.h>

enum { NAMES = 60 };                           /* of core dimensions in options.extents; others have none */

static bool is_array(const gj_type *t) { return t->kind == GJ_ARRAY; }

/* -- Arguments -------------------------------------------------------------------------------------------------------------- */

/* Dimensions of the array that the function gets of an operand; an output () is an array of one item. */
static int dimensions(const PyUFuncObject *uf, int i)
{
	int n = uf->core_num_dims[i];
	return n == 0 && i >= uf->nin ? 1 : n;
}

int gj_general_check(PyUFuncObject *uf, const gj_type *ret, const gj_type *const *arg, int n)
{
	if (ret && ret != gj_t_none) {
		gj_error(GJ_ERR_GUFUNC_RETURN, uf->name, ret->name);
		return -1;
	}
	if (n != uf->nargs) {
		gj_error(GJ_ERR_GUFUNC_COUNT, uf->name, n, uf->core_signature, uf->nargs);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		int ndim = dimensions(uf, i);
		bool array = is_array(arg[i]), one = uf->core_num_dims[i] == 0;
		bool fits = array ? arg[i]->ndim == (one ? 1 : ndim) && gj_is_scalar(arg[i]->elem) : ndim == 0 && gj_is_scalar(arg[i]);
		if (!fits) {
			gj_error(GJ_ERR_GUFUNC_TYPES, i + 1, uf->name, arg[i]->name, uf->core_signature);
			return -1;
		}
	}
	return 0;
}

void gj_general_arguments(const PyUFuncObject *uf, const gj_type *const *item, const gj_type **arg)
{
	for (int i = 0; i < uf->nargs; i++) {
		int ndim = dimensions(uf, i);
		arg[i] = ndim ? gj_array_type(item[i], ndim, 'A', false, GJ_GLOBAL) : item[i];
	}
}

void gj_general_describe(const PyUFuncObject *uf, const gj_type *const *arg, gj_rows *rows)
{
	uint64_t writable = gj_ufunc_of((PyObject *)uf)->writable;
	rows->nargs = (uint32_t)uf->nargs;
	for (int i = 0; i < uf->nargs; i++) {
		gj_rows_operand *o = &rows->op[i];
		const gj_type *item = is_array(arg[i]) ? arg[i]->elem : arg[i];
		o->size = (uint8_t)item->size;
		o->ndim = is_array(arg[i]) ? arg[i]->ndim : 0;
		o->written = i >= uf->nin || writable >> i & 1 || !uf->nout;       /* without outputs it can do nothing else */
		for (int d = 0; d < o->ndim; d++)
			o->dim[d] = uf->core_num_dims[i] ? (uint8_t)uf->core_dim_ixs[uf->core_offsets[i] + d] : GJ_NO_DIM;
	}
}

const char *gj_general_extents(const gj_rows *rows, gj_arena *arena, bool outer)
{
	gj_sb text = { 0 };
	for (uint32_t i = 0; i < rows->nargs; i++) {
		gj_sb_printf(&text, "%s%s", i ? "," : "", outer ? "0" : "");
		for (uint32_t d = 0; d < rows->op[i].ndim; d++) {
			uint8_t dim = rows->op[i].dim[d];
			gj_sb_printf(&text, "%c", dim < NAMES ? 'A' + dim : '-');
		}
	}
	const char *s = gj_strdup(arena, gj_sb_str(&text));
	gj_sb_free(&text);
	return s;
}

/* -- Calls ------------------------------------------------------------------------------------------------------------------- */

static PyObject *keyword(PyObject *const *values, PyObject *names, const char *name)
{
	for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++)
		if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), name) == 0)
			return values[i];
	return NULL;
}

static bool is_signature(PyObject *name)
{
	return PyUnicode_CompareWithASCIIString(name, "signature") == 0 || PyUnicode_CompareWithASCIIString(name, "sig") == 0;
}

/* Output k as the caller gives it, by position or by keyword: a borrowed reference; NULL: not given. */
static PyObject *given(const PyUFuncObject *uf, PyObject *const *args, Py_ssize_t n, PyObject *out, int k)
{
	if (uf->nin + k < n)
		return args[uf->nin + k];
	if (out && PyTuple_Check(out))
		return k < PyTuple_GET_SIZE(out) ? PyTuple_GET_ITEM(out, k) : NULL;
	return k == 0 ? out : NULL;
}

/* The dtypes of the operands as signature= takes them: those that the caller's says, else those of the outputs that are given;
 * NumPy asks nothing of them when it looks for a loop. *known: it says something of each output. NULL with an exception. */
static PyObject *signature_of(const PyUFuncObject *uf, PyObject *const *args, Py_ssize_t n, PyObject *out, PyObject *said, bool *known)
{
	PyObject *t = PyTuple_New(uf->nargs);
	*known = true;
	for (int i = 0; t && i < uf->nargs; i++) {
		PyObject *o = i < uf->nin ? NULL : given(uf, args, n, out, i - uf->nin), *d = said ? PyTuple_GET_ITEM(said, i) : Py_None;
		if (d == Py_None && o && PyArray_Check(o))
			d = (PyObject *)PyArray_DescrNewByteorder(PyArray_DESCR((PyArrayObject *)o), NPY_NATIVE);
		else
			Py_INCREF(d);
		if (d)
			PyTuple_SET_ITEM(t, i, d);
		else
			Py_CLEAR(t);
		*known &= i < uf->nin || d != Py_None;
	}
	return t;
}

/* The call with this signature= in place of another. */
static PyObject *call_with(PyObject *o, PyObject *const *args, Py_ssize_t n, PyObject *names, PyObject *signature)
{
	Py_ssize_t old = names ? PyTuple_GET_SIZE(names) : 0, at = 0;
	PyObject **all = PyMem_Malloc((size_t)(n + old + 1) * sizeof *all), *list = PyList_New(0), *more = NULL, *result = NULL;
	bool ok = all && list;
	for (Py_ssize_t i = 0; ok && i < old; i++) {
		PyObject *name = PyTuple_GET_ITEM(names, i);
		if (is_signature(name))
			continue;
		all[n + at++] = args[n + i];
		ok = PyList_Append(list, name) == 0;
	}
	PyObject *name = ok ? PyUnicode_InternFromString("signature") : NULL;
	if (name && PyList_Append(list, name) == 0 && (more = PyList_AsTuple(list))) {
		memcpy(all, args, (size_t)n * sizeof *all);
		all[n + at] = signature;
		result = gj_ufunc_of(o)->call(o, all, (size_t)n, more);
	} else if (!PyErr_Occurred()) {
		PyErr_NoMemory();
	}
	Py_XDECREF(name);
	Py_XDECREF(list);
	Py_XDECREF(more);
	PyMem_Free(all);
	return result;
}

/* What is written must not be read-only. NumPy does not ask that of inputs. */
static bool may_write(PyObject *o, PyObject *const *args, Py_ssize_t n)
{
	uint64_t writable = gj_ufunc_of(o)->writable;
	for (int i = 0; writable >> i && i < n; i++)
		if (writable >> i & 1 && PyArray_Check(args[i]) && !PyArray_ISWRITEABLE((PyArrayObject *)args[i])) {
			gj_error(GJ_ERR_GUFUNC_READONLY, i, ((PyUFuncObject *)o)->name);
			return false;
		}
	return true;
}

/* Whoever has an __array_ufunc__ of its own is asked before anything is refused. */
static bool are_plain(PyObject *const *args, Py_ssize_t n)
{
	for (Py_ssize_t i = 0; i < n; i++)
		if (!PyArray_CheckExact(args[i]) && !PyArray_IsAnyScalar(args[i]) && !PyList_Check(args[i]) && !PyTuple_Check(args[i]))
			return false;
	return true;
}

static PyObject *call(PyObject *o, PyObject *const *args, size_t nargsf, PyObject *names)
{
	const PyUFuncObject *uf = (PyUFuncObject *)o;
	gj_ufunc *u = gj_ufunc_of(o);
	Py_ssize_t n = PyVectorcall_NARGS(nargsf);
	PyObject *said = keyword(args + n, names, "signature"), *dtype = keyword(args + n, names, "dtype");
	bool known;
	if (!may_write(o, args, n))
		return NULL;
	if (!said)
		said = keyword(args + n, names, "sig");
	bool odd = said && (!PyTuple_Check(said) || PyTuple_GET_SIZE(said) != uf->nargs);      /* says all, or is wrong */
	if (u->frozen || !uf->nout || odd || (dtype && dtype != Py_None))
		return u->call(o, args, nargsf, names);
	PyObject *signature = signature_of(uf, args, n, keyword(args + n, names, "out"), said, &known), *result = NULL;
	if (signature && known)
		result = call_with(o, args, n, names, signature);
	else if (signature && (u->twins || !u->declared) && n >= uf->nin && are_plain(args, n))
		gj_error(GJ_ERR_GUFUNC_OUTPUTS, uf->name);
	else if (signature)
		result = u->call(o, args, nargsf, names);
	Py_XDECREF(signature);
	return result;
}

/* -- Making one -------------------------------------------------------------------------------------------------------------- */

/* With flags of their own, outputs and inputs that are written are copied where they overlap other operands: NumPy's are made for
 * loops that read all of an element before they write it. */
enum {
	OUTPUT = NPY_ITER_WRITEONLY | NPY_ITER_UPDATEIFCOPY | NPY_ITER_ALIGNED | NPY_ITER_ALLOCATE | NPY_ITER_NO_BROADCAST
		| NPY_ITER_NO_SUBTYPE,
	WRITTEN = NPY_ITER_READWRITE | NPY_ITER_UPDATEIFCOPY | NPY_ITER_ALIGNED | NPY_ITER_NO_BROADCAST
};

int gj_general_start(PyUFuncObject *uf, PyObject *writable)
{
	gj_ufunc *u = gj_ufunc_of((PyObject *)uf);
	u->general = true;
	u->call = uf->vectorcall;
	uf->vectorcall = call;
	for (int i = 0; i < uf->nargs; i++)
		if (uf->core_num_dims[i] > GJ_MAX_NDIM) {
			gj_error(GJ_ERR_GUFUNC_NDIM, uf->core_signature, GJ_MAX_NDIM);
			return -1;
		}
	for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(writable); k++) {
		Py_ssize_t i = PyNumber_AsSsize_t(PyTuple_GET_ITEM(writable, k), NULL);
		if (i == -1 && PyErr_Occurred())
			return -1;
		if (i < 0 || i >= uf->nin || !uf->core_num_dims[i]) {
			gj_error(GJ_ERR_GUFUNC_WRITABLE, (int)i, uf->core_signature);
			return -1;
		}
		u->writable |= (uint64_t)1 << i;
		uf->op_flags[i] = WRITTEN;
	}
	for (int i = uf->nin; i < uf->nargs && uf->core_enabled; i++)      /* a layout of numbers alone is a plain ufunc to NumPy */
		uf->op_flags[i] = OUTPUT;
	return 0;
}
