/* _core.Extern: a function that is declared, not defined: its symbol, signature and calling convention, and what it is to be
 * linked with. Frozen it is a function without a body. */
#include "freeze/extern.h"

#include "types/signature.h"
#include "types/typeobj.h"

#include <string.h>

typedef struct Extern {
	PyObject_HEAD
	PyObject *name, *link;                     /* str; tuple of what gridjit.cuda.linking knows to read */
	PyObject *owner; void *address;            /* of one that is in this process: what keeps it there; else NULL */
	gj_extern_abi abi;
	const gj_type *ret, **arg;
	uint32_t n;
} Extern;

static PyTypeObject *extern_class;

/* Can such a value be passed, or returned? Of C's convention results are what one register holds. */
static bool passes(const gj_type *t, bool result, bool c_abi)
{
	if (t->kind == GJ_TUPLE && !(result && c_abi)) {
		for (uint32_t i = 0; i < t->n; i++)
			if (!passes(t->item[i], result, c_abi))
				return false;
		return true;
	}
	bool number = gj_is_scalar(t) && !gj_is_half(t) && !(result && c_abi && gj_is_complex(t));
	return number || t == gj_t_none || (t->kind == GJ_ARRAY && !result && gj_is_scalar(t->elem)) || (t->kind == GJ_PTR && (c_abi || !result));
}

static bool check(const Extern *e, const char *name)
{
	if (!e->ret)
		return gj_error(GJ_ERR_EXTERN_RESULT, name), false;
	if (!passes(e->ret, true, e->abi != GJ_EXTERN_NUMBA))
		return gj_error(GJ_ERR_EXTERN_RETURNS, name, e->ret->name), false;
	for (uint32_t i = 0; i < e->n; i++)
		if (!passes(e->arg[i], false, e->abi != GJ_EXTERN_NUMBA))
			return gj_error(GJ_ERR_EXTERN_TAKES, name, e->arg[i]->name), false;
	return true;
}

static bool is_symbol(const char *s)
{
	return *s && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$") == strlen(s) && !strchr("0123456789", *s);
}

static PyObject *new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	static char *names[] = { "name", "sig", "abi", "link", "address", "owner", NULL };
	const char *name, *abi;
	PyObject *sig, *link, *address = NULL, *owner = NULL;
	const gj_type *ret, *arg[GJ_MAX_SIGNATURE];
	if (!PyArg_ParseTupleAndKeywords(args, kw, "sOsO!|O!O:Extern", names, &name, &sig, &abi, &PyTuple_Type, &link, &PyLong_Type, &address, &owner))
		return NULL;
	if (!is_symbol(name))
		return gj_error(GJ_ERR_EXTERN_NAME, name);
	bool c = !strcmp(abi, "c");
	if (!c && strcmp(abi, "numba"))
		return gj_error(GJ_ERR_EXTERN_ABI, abi);
	int n = gj_signature_read(sig, &ret, arg);
	Extern *e = n < 0 ? NULL : (Extern *)cls->tp_alloc(cls, 0);
	if (!e)
		return NULL;
	e->abi = c ? GJ_EXTERN_C : GJ_EXTERN_NUMBA;
	e->ret = ret;
	e->n = (uint32_t)n;
	e->arg = PyMem_Malloc(((size_t)n + 1) * sizeof *e->arg);
	e->name = PyUnicode_FromString(name);
	e->link = Py_NewRef(link);
	e->owner = Py_XNewRef(owner);
	e->address = address ? PyLong_AsVoidPtr(address) : NULL;
	if (e->arg)
		memcpy(e->arg, arg, (size_t)n * sizeof *arg);
	else
		PyErr_NoMemory();
	if (!e->arg || !e->name || PyErr_Occurred() || !check(e, name))
		Py_CLEAR(e);
	return (PyObject *)e;
}

static int traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(((Extern *)self)->link);
	Py_VISIT(((Extern *)self)->owner);
	return 0;
}

static void dealloc(PyObject *self)
{
	Extern *e = (Extern *)self;
	PyTypeObject *cls = Py_TYPE(self);
	PyObject_GC_UnTrack(self);
	Py_XDECREF(e->name);
	Py_XDECREF(e->link);
	Py_XDECREF(e->owner);
	PyMem_Free(e->arg);
	cls->tp_free(self);
	Py_DECREF(cls);
}

static PyObject *call(PyObject *self, PyObject *args, PyObject *kw)
{
	(void)args, (void)kw;
	const char *name = PyUnicode_AsUTF8(((Extern *)self)->name);
	return name ? gj_error(GJ_ERR_OUTSIDE_KERNEL, name) : NULL;
}

static PyObject *repr(PyObject *self)
{
	return PyUnicode_FromFormat("<declared function %U>", ((Extern *)self)->name);
}

static PyObject *get_sig(PyObject *self, void *unused)
{
	(void)unused;
	const Extern *e = (Extern *)self;
	return gj_signature_new(e->ret, e->arg, e->n);
}

static PyObject *get_abi(PyObject *self, void *unused)
{
	(void)unused;
	return PyUnicode_FromString(((Extern *)self)->abi == GJ_EXTERN_NUMBA ? "numba" : "c");
}

static PyObject *reduce(PyObject *self, PyObject *unused)
{
	(void)unused;
	const Extern *e = (Extern *)self;
	return Py_BuildValue("O(ONNO)", Py_TYPE(self), e->name, get_sig(self, NULL), get_abi(self, NULL), e->link);
}

static PyMethodDef methods[] = {
	{ "__reduce__", reduce, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef getset[] = {
	{ "sig", get_sig, NULL, "The signature.", NULL },
	{ "abi", get_abi, NULL, "The calling convention: 'numba' or 'c'.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMemberDef members[] = {
	{ "name", T_OBJECT, offsetof(Extern, name), READONLY, "The symbol." },
	{ "link", T_OBJECT, offsetof(Extern, link), READONLY, "What it is linked with." },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, new }, { Py_tp_dealloc, dealloc }, { Py_tp_traverse, traverse }, { Py_tp_call, call }, { Py_tp_repr, repr },
	{ Py_tp_methods, methods }, { Py_tp_getset, getset }, { Py_tp_members, members },
	{ Py_tp_doc, "Extern(name, sig, abi, link): a function for kernels to call that is compiled elsewhere." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Extern", sizeof(Extern), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots };

/* -- Freezing ----------------------------------------------------------------------------------------------------- */

bool gj_is_extern(PyObject *o) { return Py_TYPE(o) == extern_class; }

/* What an address is good for ends with this process. */
static int note_owner(gj_captures *c, const Extern *e)
{
	if (!e->address)
		return 0;
	if (!c->kept && !(c->kept = PyList_New(0)))
		return -1;
	return PyList_Append(c->kept, e->owner ? e->owner : Py_None);
}

static int note_link(gj_captures *c, PyObject *link)
{
	if (!PyTuple_GET_SIZE(link))
		return 0;
	if (!c->linked && !(c->linked = PyList_New(0)))
		return -1;
	PyObject *done = PyObject_CallMethod(c->linked, "extend", "(O)", link);
	Py_XDECREF(done);
	return done ? 0 : -1;
}

const gj_obj *gj_freeze_elsewhere(gj_freezer *fz)
{
	return gj_freeze_refused(fz, "a function of C's in this process", "functions for the host call it, and kernels on the CPU device; "
		"others call what is linked with them: cuda.declare_device()");
}

const gj_obj *gj_freeze_extern(gj_freezer *fz, PyObject *o)
{
	const Extern *e = (const Extern *)o;
	gj_obj *r = gj_freeze_met(fz, o, NULL);
	if (r)
		return r;
	if (!fz->captures || fz->captures->alone)
		return gj_freeze_opaque(fz, o);
	if (e->address && (!fz->captures->dev || !fz->captures->dev->ops->host_memory))
		return gj_freeze_elsewhere(fz);
	gj_code *c = gj_new(fz->arena, gj_code, 1);
	const gj_type **arg = gj_new(fz->arena, const gj_type *, e->n + 1);
	gj_declared *sig = gj_new(fz->arena, gj_declared, 1);
	const char **var = gj_new(fz->arena, const char *, e->n + 1), *name = gj_freeze_text(fz, e->name);
	memcpy(arg, e->arg, e->n * sizeof *arg);
	for (uint32_t i = 0; i < e->n; i++)
		var[i] = gj_printf(fz->arena, "argument %u", i + 1);
	*c = (gj_code){ .name = name, .qualname = name, .file = "", .bytes = (const uint8_t *)"", .nargs = (int)e->n, .nposonly = (int)e->n,
	                .var = var, .nvars = (int)e->n, .declared = sig, .ndeclared = 1 };
	*sig = (gj_declared){ e->ret, arg, (int)e->n };
	c->digest = gj_code_digest(c);
	r = gj_obj_new(fz, GJ_OBJ_EXTERN, name);
	r->i = e->abi;
	r->at = (uintptr_t)e->address;
	r->code = c;
	return note_link(fz->captures, e->link) < 0 || note_owner(fz->captures, e) < 0 || gj_freeze_meet(fz, o, NULL, r) < 0 ? NULL : r;
}

/* -- Functions of the runtime ------------------------------------------------------------------------------------- */

typedef struct row { const char *name, *signature; } row;

static PyObject *functions_of(const char *prefix, const row *rows, size_t n, gj_extern_abi abi)
{
	PyObject *all = PyDict_New();
	for (size_t i = 0; all && i < n; i++) {
		PyObject *name = PyUnicode_FromFormat("%s%s", prefix, rows[i].name);
		PyObject *f = name ? PyObject_CallFunction((PyObject *)extern_class, "OssN", name, rows[i].signature, "c", PyTuple_New(0)) : NULL;
		if (f)
			((Extern *)f)->abi = abi;
		if (!f || PyDict_SetItemString(all, rows[i].name, f) < 0)
			Py_CLEAR(all);
		Py_XDECREF(f);
		Py_XDECREF(name);
	}
	return all;
}

static PyObject *random_functions(PyObject *m, PyObject *python)
{
	(void)m;
	static const row rows[] = {
#define RANDOM(name, signature, R, params) { #name, signature },
#define INLINED(name, signature, words) { #name, signature },
#include "image/random.def"
#undef INLINED
#undef RANDOM
	};
	return functions_of("gj_rng_", rows, GJ_LEN(rows), python == Py_True ? GJ_EXTERN_PYTHON_RANDOM : GJ_EXTERN_RANDOM);
}

static PyObject *blas_functions(PyObject *m, PyObject *none)
{
	(void)m, (void)none;
	static const row rows[] = {
#define BLAS(name, signature, R, params) { #name, signature },
#include "image/blas.def"
#undef BLAS
	};
	return functions_of("gj_blas_", rows, GJ_LEN(rows), GJ_EXTERN_C);
}

static PyObject *lapack_functions(PyObject *m, PyObject *none)
{
	(void)m, (void)none;
	static const row rows[] = {
#define LAPACK(name, signature, params) { #name, signature },
#include "image/lapack.def"
#undef LAPACK
	};
	return functions_of("gj_lapack_", rows, GJ_LEN(rows), GJ_EXTERN_C);
}

static PyMethodDef functions[] = {
	{ "random_functions", random_functions, METH_O,
		"random_functions(python): name → declared function, for each row of random.def; of which stream: Python's or NumPy's." },
	{ "blas_functions", blas_functions, METH_NOARGS, "blas_functions(): name → declared function, for each row of blas.def." },
	{ "lapack_functions", lapack_functions, METH_NOARGS, "lapack_functions(): name → declared function, for each row of lapack.def." },
	{ NULL, NULL, 0, NULL },
};

int gj_extern_init(PyObject *m)
{
	return gj_add_type(m, &extern_class, &spec, NULL) < 0 ? -1 : PyModule_AddFunctions(m, functions);
}
