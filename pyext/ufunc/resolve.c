/* Which loop runs for which operand types. NumPy asks gj_ufunc_resolve for every combination of dtypes that it has not
 * seen; what is missing is compiled there and entered in the tables that NumPy reads. The GIL is kept: versions before
 * 2.1 cannot have two threads resolve the same dtypes at once. */
#include "ufunc/ufunc.h"
#include "types/dtype.h"

#include <string.h>

/* -- Tables ------------------------------------------------------------------------------------------------------------ */

/* Replaced tables stay until the ufunc dies: NumPy may be reading them. */
static int retire(gj_ufunc *u, const void *table)
{
	void **old = PyMem_Realloc(u->old, (u->nold + 1) * sizeof *old);
	if (!old)
		return PyErr_NoMemory(), -1;
	old[u->nold++] = (void *)table;
	u->old = old;
	return 0;
}

static void *grown(gj_ufunc *u, const void *table, size_t have, size_t more)
{
	char *new = PyMem_Malloc(have + more);
	if (!new || (table && retire(u, table) < 0)) {
		PyMem_Free(new);
		if (!PyErr_Occurred())
			PyErr_NoMemory();
		return NULL;
	}
	if (have)
		memcpy(new, table, have);
	return new;
}

static void type_numbers(const gj_row *r, char *out)
{
	for (uint32_t i = 0; i < r->loop.nargs; i++) {
		PyArray_Descr *d = gj_dtype_of_kind(r->type[i]->kind);
		out[i] = (char)d->type_num;
		Py_DECREF(d);
	}
}

int gj_ufunc_add(PyUFuncObject *uf, gj_row *r)
{
	gj_ufunc *u = gj_ufunc_of((PyObject *)uf);
	size_t n = (size_t)uf->ntypes, nargs = r->loop.nargs;
	PyUFuncGenericFunction *functions = grown(u, n ? uf->functions : NULL, n * sizeof *functions, sizeof *functions);
	void **data = functions ? grown(u, n ? uf->data : NULL, n * sizeof *data, sizeof *data) : NULL;
	char *types = data ? grown(u, n ? uf->types : NULL, n * nargs, nargs) : NULL;
	if (!types) {
		PyMem_Free(data);
		PyMem_Free(functions);
		return -1;
	}
	functions[n] = gj_row_loop;
	data[n] = r;
	type_numbers(r, types + n * nargs);
	uf->functions = functions;
	uf->data = (void *const *)data;
	uf->types = types;
	uf->ntypes = (int)n + 1;
	r->next = u->rows;
	u->rows = r;
	return 0;
}

/* Enters the row as the loop of exactly its dtypes, by way of a ufunc that has no other: NumPy 1.26 asks a second time
 * under other rules, and must find it. */
static int enter(PyUFuncObject *uf, gj_row *r, const char *types)
{
	static PyUFuncGenericFunction function = gj_row_loop;
	gj_ufunc *u = gj_ufunc_of((PyObject *)uf);
	void **data = PyMem_Malloc(sizeof *data);
	char *copy = PyMem_Malloc(r->loop.nargs);
	PyObject *donor = NULL;
	int status = -1;
	if (data && copy) {
		data[0] = r;
		memcpy(copy, types, r->loop.nargs);
		donor = PyUFunc_FromFuncAndDataAndSignatureAndIdentity(&function, (void *const *)data, copy, 1, uf->nin, uf->nout,
			uf->identity, uf->name, "", 0, uf->core_signature, uf->identity_value);
	}
	PyObject *loops = donor ? ((PyUFuncObject *)donor)->_loops : NULL;
	if (loops && PyDict_Check(loops))
		status = PyDict_Update(uf->_loops, loops);
	else if (loops && PyList_Check(loops) && PyList_GET_SIZE(loops) > 0)
		status = PyList_Append(uf->_loops, PyList_GET_ITEM(loops, 0));
	if (status == 0)
		status = PyList_Append(u->donors, donor);
	if (status < 0 && !PyErr_Occurred())
		PyErr_NoMemory();
	if (!donor || retire(u, data) < 0 || retire(u, copy) < 0)
		status = -1;                           /* a few bytes leak where memory is out */
	Py_XDECREF(donor);
	return status;
}

/* -- Choosing ---------------------------------------------------------------------------------------------------------- */

enum { WEAK = 7 << 28 };                       /* NumPy 2: operands that were Python numbers */

static PyArray_Descr *named(PyObject *type_tup, int i)
{
	PyObject *o = type_tup && type_tup != Py_None ? PyTuple_GetItem(type_tup, i) : NULL;
	return o && PyArray_DescrCheck(o) ? (PyArray_Descr *)o : NULL;
}

/* The dtypes that a call has for its inputs, as new references: what signature= and dtype= name, else the operands' own;
 * Python numbers take the type that they have beside the arrays.  */
static int wanted(PyUFuncObject *uf, PyArrayObject **op, PyObject *type_tup, PyArray_Descr **want)
{
	PyArray_Descr *result = NULL;
	PyArrayObject *present[GJ_MAX_OPERANDS];
	int n = 0;
	for (int i = uf->nin; i < uf->nin + uf->nout && !result; i++)
		result = named(type_tup, i);
	for (int i = 0; i < uf->nin; i++)
		if (op[i])
			present[n++] = op[i];
	/* reduce() and accumulate() ask for (array, array), then for (what that gives, array): one type serves both. */
	bool reduces = uf->nin == 2 && uf->nout == 1 && op[0] == op[1] && !op[2];
	for (int i = 0; i < uf->nin; i++) {
		PyArray_Descr *d = named(type_tup, i);
		if (!d)
			d = result ? result : reduces && i == 1 ? named(type_tup, 0) : NULL;
		if (d)
			Py_INCREF(d);
		else if (op[i] && !(PyArray_FLAGS(op[i]) & WEAK))
			Py_INCREF(d = PyArray_DESCR(op[i]));
		else if (!(d = PyArray_ResultType(n, present, 0, NULL)))
			return -1;
		want[i] = d;
	}
	return 0;
}

static bool equals(const gj_row *r, const gj_type *const *in)
{
	return !memcmp(r->type, in, r->loop.nin * sizeof *in);
}

static gj_row *exact(const gj_ufunc *u, const gj_type *const *in)
{
	for (gj_row *r = u->rows; r; r = r->next)
		if (equals(r, in))
			return r;
	return NULL;
}

/* The first declared row that all inputs can be cast to safely, as NumPy's own ufuncs choose. */
static gj_row *safe(const gj_ufunc *u, PyArray_Descr *const *want)
{
	gj_row *found = NULL;
	for (gj_row *r = u->rows; r; r = r->next) {
		bool fits = true;
		for (uint32_t i = 0; fits && i < r->loop.nin; i++) {
			PyArray_Descr *d = gj_dtype_of_kind(r->type[i]->kind);
			fits = PyArray_CanCastTypeTo(want[i], d, NPY_SAFE_CASTING);
			Py_DECREF(d);
		}
		if (fits)
			found = r;                             /* rows: last made first */
	}
	return found;
}

static gj_row *make(PyUFuncObject *uf, const gj_type *const *in)
{
	gj_row *r = gj_row_new(gj_ufunc_of((PyObject *)uf), (uint32_t)uf->nin, (uint32_t)uf->nout, in, NULL);
	if (r && (gj_row_compile(r) < 0 || gj_ufunc_add(uf, r) < 0)) {
		gj_row_free(r);
		return NULL;
	}
	return r;
}

/* NumPy's kernel types of the inputs; false: one is no number that loops can have. */
static bool kinds(PyUFuncObject *uf, PyArray_Descr *const *want, const gj_type **in)
{
	for (int i = 0; i < uf->nin; i++) {
		PyArray_Descr *d = PyArray_DescrNewByteorder(want[i], NPY_NATIVE);
		int kind = d ? gj_kind_of_dtype(d) : -1;
		Py_XDECREF(d);
		if (kind < 0)
			return PyErr_Clear(), false;
		in[i] = gj_scalar[kind];
	}
	return true;
}

/* 0: found (NULL: there is none), -1 with an exception. */
static int choose(PyUFuncObject *uf, PyArrayObject **op, PyObject *type_tup, gj_row **out)
{
	gj_ufunc *u = gj_ufunc_of((PyObject *)uf);
	PyArray_Descr *want[GJ_MAX_OPERANDS] = { NULL };
	const gj_type *in[GJ_MAX_OPERANDS];
	bool ok = wanted(uf, op, type_tup, want) == 0, numbers = ok && kinds(uf, want, in);
	gj_row *r = numbers ? exact(u, in) : NULL;
	if (ok && !r)
		r = u->frozen ? safe(u, want) : numbers ? make(uf, in) : NULL;
	for (int i = 0; i < uf->nin; i++)
		Py_XDECREF(want[i]);
	*out = r;
	return PyErr_Occurred() ? -1 : 0;
}

/* Does the answer name the very dtypes that NumPy looked the loop up by? Then it enters the loop itself. */
static bool is_key(PyUFuncObject *uf, PyArrayObject **op, PyObject *type_tup, PyArray_Descr **answer)
{
	for (int i = 0; i < uf->nargs; i++) {
		PyArray_Descr *d = named(type_tup, i);
		if (!d && (i >= uf->nin || !op[i]))
			return false;
		if (!PyArray_EquivTypes(d ? d : PyArray_DESCR(op[i]), answer[i]))
			return false;
	}
	return true;
}

int gj_ufunc_resolve(PyUFuncObject *uf, NPY_CASTING casting, PyArrayObject **op, PyObject *type_tup, PyArray_Descr **out)
{
	(void)casting;                             /* NumPy checks that itself */
	char types[GJ_MAX_OPERANDS];
	gj_row *r;
	if (choose(uf, op, type_tup, &r) < 0)
		return -1;
	if (!r)
		return -2;
	for (int i = 0; i < uf->nargs; i++)
		if (!(out[i] = gj_dtype_of_kind(r->type[i]->kind)))
			return -1;
	type_numbers(r, types);
	if (is_key(uf, op, type_tup, out) || enter(uf, r, types) == 0)
		return 0;
	for (int i = 0; i < uf->nargs; i++)
		Py_CLEAR(out[i]);
	return -1;
}
