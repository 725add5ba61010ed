/* The ufunc as an object: a subtype of np.ufunc, whose size and whose constructor are known at run time only. A fresh
 * np.ufunc is made, and its body moved into an object of our type that has fields of its own behind it. */
#define GJ_UFUNC_OWNER
#include "ufunc/ufunc.h"

#include "freeze/freeze.h"
#include "launch/functions.h"
#include "launch/options.h"
#include "types/signature.h"
#include "types/typeobj.h"

#include <string.h>

/* -- Making one ---------------------------------------------------------------------------------------------------------- */

static int identity_of(PyObject *o, int *code, PyObject **value)
{
	*value = NULL;
	if (o == Py_None)
		*code = PyUFunc_None;
	else if (PyUnicode_Check(o) && PyUnicode_CompareWithASCIIString(o, "reorderable") == 0)
		*code = PyUFunc_ReorderableNone;
	else if (PyLong_CheckExact(o) || PyFloat_CheckExact(o) || PyBool_Check(o)) {
		*code = PyUFunc_IdentityValue;
		*value = o;
	} else {
		gj_error(GJ_ERR_UFUNC_IDENTITY, Py_TYPE(o)->tp_name);
		return -1;
	}
	return 0;
}

/* A ufunc without loops, in an object of our type. */
static PyObject *shell(int nin, int nout, int identity, PyObject *value, const char *name, const char *doc, const char *layout)
{
	PyUFuncObject *fresh = (PyUFuncObject *)PyUFunc_FromFuncAndDataAndSignatureAndIdentity(NULL, NULL, NULL, 0, nin, nout, identity,
		name, doc, 0, layout, value);
	if (!fresh)
		return NULL;
	PyObject *o = (PyObject *)PyObject_GC_New(PyUFuncObject, &gj_ufunc_class);
	if (!o) {
		Py_DECREF(fresh);
		return NULL;
	}
	memcpy((char *)o + sizeof(PyObject), (char *)fresh + sizeof(PyObject), gj_ufunc_offset - sizeof(PyObject));
	memset(gj_ufunc_of(o), 0, sizeof(gj_ufunc));
	PyObject_GC_Del(fresh);
	return o;
}

static PyObject *dunder(PyObject *f, const char *name, const char **text)
{
	PyObject *s = PyObject_GetAttrString(f, name);
	gj_forgive(PyExc_AttributeError);
	*text = s && PyUnicode_Check(s) ? PyUnicode_AsUTF8(s) : NULL;
	return s;
}

/* What both kinds of ufunc have beyond NumPy's; -1 with an exception. */
static int start(PyObject *o, PyObject *function, PyObject *keep, PyObject *options, bool parallel)
{
	PyUFuncObject *uf = (PyUFuncObject *)o;
	gj_ufunc *u = gj_ufunc_of(o);
	u->py_func = Py_NewRef(function);
	u->function = Py_NewRef(function);
	u->parallel = parallel;
	u->donors = PyList_New(0);
	uf->obj = Py_NewRef(keep);                 /* holds the text of name and doc */
	Py_XSETREF(uf->userloops, PyDict_New());
	uf->type_resolver = gj_ufunc_resolve;
	PyObject_GC_Track(o);
	return u->donors && uf->userloops && gj_options_read(options, "vectorize", GJ_SET_VECTORIZE, &u->options) ? 0 : -1;
}

/* _core.ufunc(function, nin, nout, identity, options, parallel, layout, writable): without loops; they are declared, or made
 * when needed. */
static PyObject *make(PyObject *m, PyObject *args)
{
	(void)m;
	PyObject *function, *identity, *options, *value, *writable, *o = NULL;
	const char *layout, *name, *doc;
	int nin, nout, parallel, code;
	if (!PyArg_ParseTuple(args, "OiiOO!pzO!:ufunc", &function, &nin, &nout, &identity, &PyDict_Type, &options, &parallel, &layout,
		&PyTuple_Type, &writable) || identity_of(identity, &code, &value) < 0)
		return NULL;
	PyObject *n = dunder(function, "__name__", &name), *d = dunder(function, "__doc__", &doc);
	PyObject *keep = PyErr_Occurred() ? NULL : Py_BuildValue("[OO]", n ? n : Py_None, d ? d : Py_None);
	if (keep && (o = shell(nin, nout, code, value, name ? name : "?", doc, layout))
		&& (start(o, function, keep, options, parallel) < 0 || (layout && gj_general_start((PyUFuncObject *)o, writable) < 0)))
		Py_CLEAR(o);
	Py_XDECREF(keep);
	Py_XDECREF(n);
	Py_XDECREF(d);
	return o;
}

/* The types of a signature, which must be numbers; -1 with an exception. */
static int read_signature(PyObject *signature, const char *name, const gj_type **ret, const gj_type *arg[GJ_MAX_SIGNATURE])
{
	int n = gj_signature_read(signature, ret, arg);
	for (int i = 0; i < n; i++)
		if (!gj_is_scalar(arg[i])) {
			gj_error(GJ_ERR_UFUNC_SCALARS, name, arg[i]->name);
			return -1;
		}
	return n;
}

/* _core.return_type(function, signature): what it returns for these types. */
static PyObject *return_type(PyObject *m, PyObject *args)
{
	(void)m;
	PyObject *function, *signature;
	const gj_type *arg[GJ_MAX_SIGNATURE], *ret = NULL;
	gj_request rq = { .arg = arg, .options = gj_options_default };
	gj_diag diag = { 0 };
	int n;
	if (!PyArg_ParseTuple(args, "OO:return_type", &function, &signature) || (n = read_signature(signature, "ufunc", &rq.ret, arg)) < 0)
		return NULL;
	gj_arena *arena = gj_arena_new();
	if (!arena)
		return PyErr_NoMemory();
	rq.nargs = (uint32_t)n;
	rq.options.entry = GJ_ENTRY_ELEMENTS;
	rq.options.target = &gj_targets[GJ_TARGET_CPU];
	PyObject *o = NULL;
	gj_captures outside = { 0 };               /* declared functions have types, too */
	if (gj_freeze_request(function, arena, &outside, &rq) == 0) {
		gj_request host = { .arg = arg, .nargs = rq.nargs, .ret = rq.ret, .options = rq.options };
		gj_diag other = { 0 };
		bool ok = gj_return_type(&rq, &ret, &diag) || gj_hosted_returns(&host, function, &ret, &other);
		if (ok)
			o = gj_type_to_py(ret);
		else if (!PyErr_Occurred() || gj_forgive(PyExc_Exception))
			gj_diag_raise(gj_hosted_says_more(&other, &diag) ? &other : &diag);
		gj_diag_clear(&other);
		gj_diag_clear(&diag);
	}
	Py_XDECREF(outside.linked);
	gj_arena_free(arena);
	return o;
}

/* -- Life ------------------------------------------------------------------------------------------------------------------ */

static int traverse(PyObject *o, visitproc visit, void *arg)
{
	gj_ufunc *u = gj_ufunc_of(o);
	Py_VISIT(u->py_func);
	Py_VISIT(u->function);
	Py_VISIT(u->dict);
	Py_VISIT(u->donors);
	return PyUFunc_Type.tp_traverse(o, visit, arg);
}

static int clear(PyObject *o)
{
	gj_ufunc *u = gj_ufunc_of(o);
	Py_CLEAR(u->py_func);
	Py_CLEAR(u->function);
	Py_CLEAR(u->dict);
	return 0;
}

static void dealloc(PyObject *o)
{
	gj_ufunc own = *gj_ufunc_of(o);
	PyUFuncObject *uf = (PyUFuncObject *)o;
	PyObject_GC_UnTrack(o);
	if (own.weak)
		PyObject_ClearWeakRefs(o);
	const void *tables[3] = { uf->functions, uf->data, uf->types };
	bool any = uf->ntypes > 0;
	clear(o);
	own.py_func = own.function = own.dict = NULL;
	PyUFunc_Type.tp_dealloc(o);
	Py_XDECREF(own.donors);
	for (gj_row *r = own.rows, *next; r; r = next) {
		next = r->next;
		gj_row_free(r);
	}
	for (int i = 0; any && i < 3; i++)
		PyMem_Free((void *)tables[i]);
	for (uint32_t i = 0; i < own.nold; i++)
		PyMem_Free(((void **)own.old)[i]);
	PyMem_Free(own.old);
}

/* -- Methods --------------------------------------------------------------------------------------------------------------- */

/* A row for a declared signature; NULL with an exception. */
static gj_row *declared(PyObject *o, PyObject *signature)
{
	PyUFuncObject *uf = (PyUFuncObject *)o;
	const gj_type *ret, *arg[GJ_MAX_SIGNATURE];
	if (gj_ufunc_of(o)->general) {
		int n = gj_signature_read(signature, &ret, arg);
		return n < 0 || gj_general_check(uf, ret, arg, n) < 0 ? NULL : gj_row_general(uf, arg);
	}
	int n = read_signature(signature, uf->name, &ret, arg);
	if (n < 0)
		return NULL;
	if (n == uf->nin)
		return gj_row_new(uf, arg, ret);
	gj_error(GJ_ERR_SIGNATURE_COUNT, n, uf->name, uf->nin);
	return NULL;
}

/* add(signature): compiles a loop for these types now, and declares it. */
static PyObject *add(PyObject *o, PyObject *signature)
{
	gj_row *r = declared(o, signature), *other = r ? gj_ufunc_exact(gj_ufunc_of(o), r->type, r->nin) : NULL;
	bool again = other && !memcmp(other->type, r->type, sizeof r->type);
	if (other && !again)
		gj_error(GJ_ERR_UFUNC_TWICE, ((PyUFuncObject *)o)->name);
	if (r)
		r->declared = true;
	if (!r || other || gj_row_compile(r) < 0 || gj_ufunc_add((PyUFuncObject *)o, r) < 0) {
		if (r)
			gj_row_free(r);
		if (!again)
			return NULL;
	}
	gj_ufunc_of(o)->declared = true;
	Py_RETURN_NONE;
}

/* check(signature): raises what add() would, of a generalised ufunc; nothing is compiled. */
static PyObject *check(PyObject *o, PyObject *signature)
{
	const gj_type *ret, *arg[GJ_MAX_SIGNATURE];
	int n = gj_signature_read(signature, &ret, arg);
	if (n < 0 || (gj_ufunc_of(o)->general && gj_general_check((PyUFuncObject *)o, ret, arg, n) < 0))
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *disable_compile(PyObject *o, PyObject *args)
{
	int value = 1;
	if (!PyArg_ParseTuple(args, "|p:disable_compile", &value))
		return NULL;
	gj_ufunc_of(o)->frozen = value;
	Py_RETURN_NONE;
}

/* NumPy (to 2.5) reads through NULL where it has to choose between loops that differ in their outputs only. */
static PyObject *resolve_dtypes(PyObject *o, PyObject *args, PyObject *kw)
{
	if (gj_ufunc_of(o)->twins)
		return gj_error(GJ_ERR_GUFUNC_OUTPUTS, ((PyUFuncObject *)o)->name);
	PyObject *method = PyObject_GetAttrString((PyObject *)&PyUFunc_Type, "resolve_dtypes");
	PyObject *all = method ? PyTuple_New(PyTuple_GET_SIZE(args) + 1) : NULL, *result = NULL;
	if (all) {
		PyTuple_SET_ITEM(all, 0, Py_NewRef(o));
		for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); i++)
			PyTuple_SET_ITEM(all, i + 1, Py_NewRef(PyTuple_GET_ITEM(args, i)));
		result = PyObject_Call(method, all, kw);
	}
	Py_XDECREF(all);
	Py_XDECREF(method);
	return result;
}

/* The signatures that were given to add(), in their order. */
static PyObject *declared_signatures(PyObject *o, PyObject *unused)
{
	(void)unused;
	PyObject *list = PyList_New(0);
	for (gj_row *r = gj_ufunc_of(o)->rows; list && r; r = r->next) {
		if (!r->declared)
			continue;
		const gj_type *ret = r->general ? gj_t_none : r->ret;
		PyObject *s = gj_signature_new(ret, r->arg, r->narg);
		if (!s || PyList_Insert(list, 0, s) < 0)
			Py_CLEAR(list);
		Py_XDECREF(s);
	}
	return list;
}

/* inspect(stage): {types: the text of a stage of the compilation} of each loop. */
static PyObject *inspect(PyObject *o, const char *stage)
{
	PyUFuncObject *uf = (PyUFuncObject *)o;
	PyObject *names = PyObject_GetAttrString(o, "types"), *all = names ? PyDict_New() : NULL;
	for (int i = 0; all && i < uf->ntypes; i++) {
		PyObject *text = gj_row_dump(uf->data[i], stage);
		if (!text || PyDict_SetItem(all, PyList_GET_ITEM(names, i), text) < 0)
			Py_CLEAR(all);
		Py_XDECREF(text);
	}
	Py_XDECREF(names);
	return all;
}

static PyObject *inspect_llvm(PyObject *o, PyObject *unused)
{
	(void)unused;
	return inspect(o, "llvm");
}

static PyObject *inspect_asm(PyObject *o, PyObject *unused)
{
	(void)unused;
	return inspect(o, "asm");
}

static PyObject *reduce(PyObject *o, PyObject *unused)
{
	(void)unused;
	PyObject *f = gj_import("gridjit.ufuncs", "_reduce"), *result = f ? PyObject_CallOneArg(f, o) : NULL;
	Py_XDECREF(f);
	return result;
}

/* Ufuncs never change, as functions. */
static PyObject *copy(PyObject *o, PyObject *unused)
{
	(void)unused;
	return Py_NewRef(o);
}

static PyMethodDef methods[] = {
	{ "__reduce__", reduce, METH_NOARGS, NULL },
	{ "__copy__", copy, METH_NOARGS, NULL },
	{ "__deepcopy__", copy, METH_O, NULL },
	{ "resolve_dtypes", (PyCFunction)(void (*)(void))resolve_dtypes, METH_VARARGS | METH_KEYWORDS,
		"resolve_dtypes(dtypes, …): the dtypes that a call would have, as NumPy's own method tells." },
	{ "add", add, METH_O, "add(signature): compile a loop for these types now." },
	{ "inspect_llvm", inspect_llvm, METH_NOARGS, "LLVM IR of the loops: {types: text}." },
	{ "inspect_asm", inspect_asm, METH_NOARGS, "Machine code of the loops as text: {types: text}." },
	{ "_declared_signatures", declared_signatures, METH_NOARGS, NULL },
	{ "check", check, METH_O, "check(signature): raise what add() would raise of the types, and compile nothing." },
	{ "disable_compile", disable_compile, METH_VARARGS, "disable_compile(val=True): take only the types compiled so far." },
	{ NULL, NULL, 0, NULL },
};

static PyObject *get_py_func(PyObject *o, void *unused)
{
	(void)unused;
	return Py_NewRef(gj_ufunc_of(o)->py_func);
}

static PyObject *get_function(PyObject *o, void *unused)
{
	(void)unused;
	return Py_NewRef(gj_ufunc_of(o)->function);
}

/* Before anything is compiled: rows refer to it. */
static int set_function(PyObject *o, PyObject *function, void *unused)
{
	(void)unused;
	gj_ufunc *u = gj_ufunc_of(o);
	if (!function || !PyFunction_Check(function) || u->rows) {
		PyErr_SetString(PyExc_TypeError, "a Python function is needed, before anything is compiled");
		return -1;
	}
	Py_SETREF(u->function, Py_NewRef(function));
	return 0;
}

static PyObject *get_self(PyObject *o, void *unused)
{
	(void)unused;
	return Py_NewRef(o);
}

static PyObject *get_frozen(PyObject *o, void *unused)
{
	(void)unused;
	return PyBool_FromLong(gj_ufunc_of(o)->frozen);
}

static PyGetSetDef getset[] = {
	{ "_frozen", get_frozen, NULL, NULL, NULL },
	{ "py_func", get_py_func, NULL, "The Python function.", NULL },
	{ "_gj_function", get_function, set_function, "The function as it is compiled (gridjit/_declared.py).", NULL },
	{ "__wrapped__", get_py_func, NULL, "The Python function.", NULL },
	{ "ufunc", get_self, NULL, "The ufunc itself.", NULL },
	{ "__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

PyTypeObject gj_ufunc_class = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "gridjit._core.UFunc",
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
	.tp_traverse = traverse, .tp_clear = clear, .tp_dealloc = dealloc, .tp_methods = methods, .tp_getset = getset,
};

static PyMethodDef functions[] = {
	{ "ufunc", make, METH_VARARGS, "ufunc(function, nin, nout, identity, options, parallel, layout, writable): without loops yet." },
	{ "return_type", return_type, METH_VARARGS, "return_type(function, signature): what the function returns for these types." },
	{ NULL, NULL, 0, NULL },
};

int gj_ufunc_init(PyObject *module)
{
	if (_import_umath() < 0)
		return -1;
	if (!gj_ufunc_offset) {
		gj_ufunc_offset = ((size_t)PyUFunc_Type.tp_basicsize + 15) & ~(size_t)15;
		gj_ufunc_class.tp_base = &PyUFunc_Type;
		gj_ufunc_class.tp_basicsize = (Py_ssize_t)(gj_ufunc_offset + sizeof(gj_ufunc));
		gj_ufunc_class.tp_dictoffset = (Py_ssize_t)(gj_ufunc_offset + offsetof(gj_ufunc, dict));
		gj_ufunc_class.tp_weaklistoffset = (Py_ssize_t)(gj_ufunc_offset + offsetof(gj_ufunc, weak));
		gj_ufunc_class.tp_vectorcall_offset = PyUFunc_Type.tp_vectorcall_offset;
		gj_ufunc_class.tp_call = PyUFunc_Type.tp_call;
	}
	/* PyType_Ready puts a __doc__ of None before np.ufunc's own. */
	if (PyType_Ready(&gj_ufunc_class) < 0 || PyDict_DelItemString(gj_ufunc_class.tp_dict, "__doc__") < 0 || PyModule_AddType(module, &gj_ufunc_class) < 0)
		return -1;
	return PyModule_AddFunctions(module, functions);
}
