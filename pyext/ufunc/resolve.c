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
	for (uint32_t i = 0; i < r->nargs; i++) {
		PyArray_Descr *d = gj_dtype_of_kind(r->type[i]->kind);
		out[i] = (char)d->type_num;
		Py_DECREF(d);
	}
}

int gj_ufunc_add(PyUFuncObject *uf, gj_row *r)
{
	gj_ufunc *u = gj_ufunc_of((PyObject *)uf);
	size_t n = (size_t)uf->ntypes, nargs = r->nargs;
	for (uint32_t i = 0; i < r->nargs; i++)
		if (r->type[i]->kind == GJ_BF16)
			return gj_error(GJ_ERR_UFUNC_BFLOAT16, uf->name), -1;
	PyUFuncGenericFunction *functions = grown(u, n ? uf->functions : NULL, n * sizeof *functions, sizeof *functions);
	void **data = functions ? grown(u, n ? uf->data : NULL, n * sizeof *data, sizeof *data) : NULL;
	char *types = data ? grown(u, n ? uf->types : NULL, n * nargs, nargs) : NULL;
	if (!types) {
		PyMem_Free(data);
		PyMem_Free(functions);
		return -1;
	}
	functions[n] = r->general ? gj_row_general_loop : gj_row_loop;
	data[n] = r;
	type_numbers(r, types + n * nargs);
	uf->functions = functions;
	uf->data = data;
	uf->types = types;
	uf->ntypes = (int)n + 1;
	u->twins |= gj_ufunc_exact(u, r->type, r->nin) != NULL;
	r->next = u->rows;
	u->rows = r;
	return 0;
}

/* Adds (dtypes, loop) to a list of such, unless these dtypes are there: what is there must stay, calls hold it. */
static int append(PyObject *loops, PyObject *entry)
{
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(loops); i++) {
		PyObject *other = PyList_GET_ITEM(loops, i);
		int same = PyObject_RichCompareBool(PyTuple_GET_ITEM(other, 0), PyTuple_GET_ITEM(entry, 0), Py_EQ);
		if (same)
			return same < 0 ? -1 : 0;
	}
	return PyList_Append(loops, entry);
}

/* Enters the row as the loop of exactly its dtypes, by way of a ufunc that has no other: NumPy 1.26 asks a second time
 * under other rules, and must find it. */
static int enter(PyUFuncObject *uf, gj_row *r, const char *types)
{
	static PyUFuncGenericFunction elements = gj_row_loop, rows = gj_row_general_loop;
	gj_ufunc *u = gj_ufunc_of((PyObject *)uf);
	void **data = PyMem_Malloc(sizeof *data);
	char *copy = PyMem_Malloc(r->nargs);
	PyObject *donor = NULL;
	int status = -1;
	if (data && copy) {
		data[0] = r;
		memcpy(copy, types, r->nargs);
		donor = PyUFunc_FromFuncAndDataAndSignatureAndIdentity(r->general ? &rows : &elements, data, copy, 1, uf->nin, uf->nout,
			uf->identity, uf->name, "", 0, uf->core_signature, uf->identity_value);
	}
	PyObject *loops = donor ? ((PyUFuncObject *)donor)->_loops : NULL;
	if (loops && PyDict_Check(loops))
		status = PyDict_Merge(uf->_loops, loops, 0);
	else if (loops && PyList_Check(loops) && PyList_GET_SIZE(loops) > 0)
		status = append(uf->_loops, PyList_GET_ITEM(loops, 0));
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
 * Python numbers take the type that they have beside the arrays, or keep their own. Of generalised ufuncs, where they always keep it,
 * also those that it has for its outputs; NULL: none. */
static int wanted(PyUFuncObject *uf, PyArrayObject **op, PyObject *type_tup, bool own, PyArray_Descr **want)
{
	PyArray_Descr *result = NULL;
	PyArrayObject *present[GJ_MAX_OPERANDS];
	bool general = gj_ufunc_of((PyObject *)uf)->general;
	int n = 0;
	for (int i = uf->nin; i < uf->nin + uf->nout && !result && !general; i++)
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
		else if (op[i] && (general || own || !(PyArray_FLAGS(op[i]) & WEAK)))
			Py_INCREF(d = PyArray_DESCR(op[i]));
		else if (!(d = PyArray_ResultType(n, present, 0, NULL)))
			return -1;
		want[i] = d;
	}
	for (int i = uf->nin; i < uf->nargs && general; i++) {
		PyArray_Descr *d = named(type_tup, i);
		want[i] = d ? d : op[i] ? PyArray_DESCR(op[i]) : NULL;
		Py_XINCREF(want[i]);
	}
	return 0;
}

gj_row *gj_ufunc_exact(const gj_ufunc *u, const gj_type *const *type, uint32_t n)
{
	for (gj_row *r = u->rows; r; r = r->next) {
		bool fits = true;
		for (uint32_t i = 0; fits && i < n; i++)
			fits = !type[i] || type[i] == r->type[i];
		if (fits)
			return r;
	}
	return NULL;
}

static bool casts(PyArray_Descr *from, const gj_type *to, NPY_CASTING casting)
{
	PyArray_Descr *d = gj_dtype_of_kind(to->kind);
	bool fits = d && PyArray_CanCastTypeTo(from, d, casting);
	Py_XDECREF(d);
	return fits;
}

/* What Python's numbers are taken for, in this order: any type of a kind that holds them, where an array has their kind or a wider one,
 * else int64, float64, complex128, as NumPy's own search has it; what they are beside the arrays; int64, float64, complex128; any
 * type of their kind; or of a kind that holds them. */
typedef enum weak { AS_NUMPY, AS_ARRAYS, AS_PYTHON, AS_KIND, AS_NUMBER } weak;

static int kind_order(PyArray_Descr *d) { return PyTypeNum_ISBOOL(d->type_num) ? 0 : PyTypeNum_ISINTEGER(d->type_num) ? 1 : 2; }

/* Does an array (or a scalar of NumPy's) have the kind of every Python number, or a wider one? */
static bool arrays_hold_numbers(PyUFuncObject *uf, PyArrayObject **op)
{
	int arrays = -1, numbers = -1;
	for (int i = 0; i < uf->nin; i++) {
		int *most = op[i] && PyArray_FLAGS(op[i]) & WEAK ? &numbers : &arrays, kind = op[i] ? kind_order(PyArray_DESCR(op[i])) : -1;
		*most = kind > *most ? kind : *most;
	}
	return arrays >= numbers;
}

static bool takes_number(PyArrayObject *number, const gj_type *t, weak as)
{
	PyArray_Descr *d = PyArray_DESCR(number);
	bool whole = PyTypeNum_ISINTEGER(d->type_num), real = PyTypeNum_ISFLOAT(d->type_num);
	if (as == AS_PYTHON)
		return casts(d, t, NPY_SAFE_CASTING);
	if (as == AS_NUMBER)
		return whole ? gj_is_number(t) && !gj_is_bool(t) : gj_is_complex(t) || (real && gj_is_float(t));
	return as == AS_KIND && ((whole && gj_is_int(t)) || (real && gj_is_float(t)) || (!whole && !real && gj_is_complex(t)));
}

/* Are operands of the row's types, where signature= or dtype= says of which they are to be? */
static bool has_named(PyUFuncObject *uf, const gj_row *r, PyObject *type_tup)
{
	bool same = true;
	for (int i = 0; same && i < uf->nargs; i++)
		same = !named(type_tup, i) || casts(named(type_tup, i), r->type[i], NPY_EQUIV_CASTING);
	return same;
}

/* The first declared row that all inputs can be cast to, as NumPy's own ufuncs choose. */
static gj_row *first(PyUFuncObject *uf, PyArrayObject **op, PyArray_Descr *const *want, PyObject *type_tup, NPY_CASTING casting, weak as)
{
	gj_row *found = NULL;
	bool alone = as == AS_NUMPY;
	if (alone)
		as = arrays_hold_numbers(uf, op) ? AS_NUMBER : AS_PYTHON;
	for (gj_row *r = gj_ufunc_of((PyObject *)uf)->rows; r; r = r->next) {
		bool fits = has_named(uf, r, type_tup);
		for (int i = 0; fits && i < uf->nin; i++) {
			bool number = op[i] && PyArray_FLAGS(op[i]) & WEAK && !named(type_tup, i);
			fits = (!(number && alone) && casts(want[i], r->type[i], casting)) || (number && takes_number(op[i], r->type[i], as));
		}
		if (fits)
			found = r;                             /* rows: last made first */
	}
	return found;
}

/* The first declared row whose inputs are of exactly these types, and the outputs that are given, too, if there is one. */
static gj_row *declared(PyUFuncObject *uf, PyArrayObject **op, const gj_type *const *type, PyObject *type_tup)
{
	gj_row *found[2] = { NULL };
	for (gj_row *r = gj_ufunc_of((PyObject *)uf)->rows; r; r = r->next) {
		bool same = has_named(uf, r, type_tup), outputs = true;
		for (int i = 0; same && i < uf->nin; i++)
			same = type[i] == r->type[i];
		for (int i = uf->nin; i < uf->nargs; i++)
			outputs &= op[i] && casts(PyArray_DESCR(op[i]), r->type[i], NPY_EQUIV_CASTING);
		found[outputs] = same ? r : found[outputs];
	}
	return found[1] ? found[1] : found[0];
}

static bool has_number(PyUFuncObject *uf, PyArrayObject **op)
{
	bool any = false;
	for (int i = 0; i < uf->nin; i++)
		any |= op[i] && PyArray_FLAGS(op[i]) & WEAK;
	return any;
}

/* The first to which inputs can be cast safely; or, where an output's type is named, as the call allows, which NumPy checks. */
static gj_row *safe(PyUFuncObject *uf, PyArrayObject **op, PyArray_Descr *const *want, PyObject *type_tup)
{
	gj_row *r = has_number(uf, op) ? first(uf, op, want, type_tup, NPY_EQUIV_CASTING, AS_NUMPY) : NULL;
	bool any = false, output = false;
	for (int as = AS_NUMPY; !r && as <= AS_NUMBER; as++)
		r = first(uf, op, want, type_tup, NPY_SAFE_CASTING, (weak)as);
	for (int i = 0; i < uf->nargs; i++) {
		any |= named(type_tup, i) != NULL;
		output |= named(type_tup, i) && i >= uf->nin;
	}
	if (!r && output)
		r = first(uf, op, want, type_tup, NPY_UNSAFE_CASTING, AS_ARRAYS);
	if (!r && any)
		gj_error(GJ_ERR_UFUNC_NO_LOOP, uf->name);
	return r;
}

static gj_row *make(PyUFuncObject *uf, const gj_type *const *type)
{
	const gj_type *arg[GJ_MAX_OPERANDS];
	gj_row *r;
	if (gj_ufunc_of((PyObject *)uf)->general) {
		gj_general_arguments(uf, type, arg);
		r = gj_row_general(uf, arg);
	} else {
		r = gj_row_new(uf, type, NULL);
	}
	if (r && (gj_row_compile(r) < 0 || gj_ufunc_add(uf, r) < 0)) {
		gj_row_free(r);
		return NULL;
	}
	return r;
}

/* Kernel types of the operands, NULL where there is no dtype; false: one is no number that loops can have. */
static bool kinds(PyArray_Descr *const *want, int n, const gj_type **type)
{
	for (int i = 0; i < n; i++) {
		PyArray_Descr *d = want[i] ? PyArray_DescrNewByteorder(want[i], NPY_NATIVE) : NULL;
		int kind = d ? gj_kind_of_dtype(d) : -1;
		Py_XDECREF(d);
		if (want[i] && (kind < 0 || kind == GJ_BF16))
			return gj_forgive(PyExc_Exception), false;
		type[i] = want[i] ? gj_scalar[kind] : NULL;
	}
	return true;
}

/* The row for Python's numbers of their own types, if it has been made for want of one for what they are beside the arrays;
 * NULL: there is none. */
static gj_row *own(PyUFuncObject *uf, PyArrayObject **op, PyObject *type_tup, bool now)
{
	PyArray_Descr *want[GJ_MAX_OPERANDS] = { NULL };
	const gj_type *type[GJ_MAX_OPERANDS];
	bool ok = wanted(uf, op, type_tup, true, want) == 0 && kinds(want, uf->nin, type);
	gj_row *r = ok ? gj_ufunc_exact(gj_ufunc_of((PyObject *)uf), type, (uint32_t)uf->nin) : NULL;
	if (now && ok && (r || (r = make(uf, type))))
		r->own = true;
	for (int i = 0; i < uf->nin; i++)
		Py_XDECREF(want[i]);
	return r && r->own ? r : NULL;
}

/* A new row for these types. A count of rounds beside floats is a float for NumPy, and range() takes none: where there is no loop for
 * what Python's numbers are beside the arrays, there may be one for what they are. If not, the first error stands. */
static gj_row *make_for(PyUFuncObject *uf, PyArrayObject **op, PyObject *type_tup, const gj_type *const *type)
{
	bool numbers = !gj_ufunc_of((PyObject *)uf)->general && has_number(uf, op);
	PyObject *cls, *value, *trace;
	gj_row *r = numbers ? own(uf, op, type_tup, false) : NULL;
	if (r || PyErr_Occurred() || (r = make(uf, type)) || !numbers || !PyErr_ExceptionMatches(PyExc_Exception))
		return r;
	PyErr_Fetch(&cls, &value, &trace);
	if (!(r = own(uf, op, type_tup, true)) && gj_forgive(PyExc_Exception)) {
		PyErr_Restore(cls, value, trace);
		return NULL;
	}
	Py_XDECREF(cls);
	Py_XDECREF(value);
	Py_XDECREF(trace);
	return r;
}

/* 0: found (NULL: there is none), -1 with an exception. */
static int choose(PyUFuncObject *uf, PyArrayObject **op, PyObject *type_tup, gj_row **out)
{
	gj_ufunc *u = gj_ufunc_of((PyObject *)uf);
	PyArray_Descr *want[GJ_MAX_OPERANDS] = { NULL };
	const gj_type *type[GJ_MAX_OPERANDS];
	int n = u->general && !u->frozen ? uf->nargs : uf->nin;
	bool ok = wanted(uf, op, type_tup, false, want) == 0, numbers = ok && kinds(want, n, type), untyped = false;
	gj_row *r = NULL;
	if (numbers && u->frozen && !has_number(uf, op))
		r = declared(uf, op, type, type_tup);
	else if (numbers && !u->frozen)
		r = gj_ufunc_exact(u, type, (uint32_t)n);
	for (int i = uf->nin; numbers && i < n; i++)
		untyped |= !type[i];
	if (ok && !r && (u->frozen || (untyped && u->declared)))
		r = safe(uf, op, want, type_tup);
	else if (numbers && !r && untyped)
		gj_error(GJ_ERR_GUFUNC_OUTPUTS, uf->name);
	else if (numbers && !r)
		r = make_for(uf, op, type_tup, type);
	for (int i = 0; i < uf->nargs; i++)
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

/* Inputs that are written get back what the function left. */
static int check_written(PyUFuncObject *uf, PyArrayObject **op, PyArray_Descr **answer)
{
	uint64_t writable = gj_ufunc_of((PyObject *)uf)->writable;
	for (int i = 0; writable >> i; i++)
		if (writable >> i & 1 && op[i] && !PyArray_CanCastTypeTo(answer[i], PyArray_DESCR(op[i]), NPY_SAME_KIND_CASTING)) {
			PyObject *have = PyObject_Str((PyObject *)PyArray_DESCR(op[i])), *want = PyObject_Str((PyObject *)answer[i]);
			if (have && want)
				gj_error(GJ_ERR_GUFUNC_CAST, i, uf->name, PyUnicode_AsUTF8(have), PyUnicode_AsUTF8(want));
			Py_XDECREF(have);
			Py_XDECREF(want);
			return -1;
		}
	return 0;
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
	if (check_written(uf, op, out) == 0 && (is_key(uf, op, type_tup, out) || enter(uf, r, types) == 0))
		return 0;
	for (int i = 0; i < uf->nargs; i++)
		Py_CLEAR(out[i]);
	return -1;
}
