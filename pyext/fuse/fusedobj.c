/* _core.FusedFunction: what fuse() makes of a function, as far as it is called. It tries the plans of recent calls on the arguments; what
 * none of them takes, the method _slowly of the class in python/gridjit/fusing.py does. */
#include "fuse/fused.h"
#include "fuse/fusion.h"

#include <stddef.h>
#include <structmember.h>

typedef struct gj_fused_function {
	PyObject_HEAD
	vectorcallfunc call;
	PyObject *recent;                          /* a tuple of plans, the last used first; NULL: none yet */
} gj_fused_function;

static PyTypeObject *function_class;
static PyObject *slowly;

/* Are there no keywords but out? */
static bool is_plain(PyObject *kwnames)
{
	return !kwnames || (PyTuple_GET_SIZE(kwnames) == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "out") == 0);
}

static PyObject *call(PyObject *self, PyObject *const *arg, size_t nargs, PyObject *kwnames)
{
	PyObject *recent = ((gj_fused_function *)self)->recent, *value = Py_NotImplemented;
	Py_ssize_t n = PyVectorcall_NARGS(nargs);
	if (recent && is_plain(kwnames)) {
		Py_INCREF(recent);                     /* the loop runs without the GIL */
		for (Py_ssize_t i = 0; value == Py_NotImplemented && i < PyTuple_GET_SIZE(recent); i++)
			value = gj_fusion_call(PyTuple_GET_ITEM(recent, i), arg, n, kwnames ? arg[n] : Py_None);
		Py_DECREF(recent);
	}
	if (value != Py_NotImplemented)
		return value;
	PyObject *method = PyObject_GetAttr(self, slowly);
	value = method ? PyObject_Vectorcall(method, arg, nargs, kwnames) : NULL;
	Py_XDECREF(method);
	return value;
}

static PyObject *function_new(PyTypeObject *type, PyObject *args, PyObject *kw)
{
	(void)args, (void)kw;                      /* they are __init__'s */
	gj_fused_function *f = (gj_fused_function *)type->tp_alloc(type, 0);
	if (f)
		f->call = call;
	return (PyObject *)f;
}

static int function_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(((gj_fused_function *)self)->recent);
	Py_VISIT(Py_TYPE(self));
	return 0;
}

static int function_clear(PyObject *self)
{
	Py_CLEAR(((gj_fused_function *)self)->recent);
	return 0;
}

static void function_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	PyObject_GC_UnTrack(self);
	function_clear(self);
	type->tp_free(self);
	Py_DECREF(type);
}

static PyObject *get_recent(PyObject *self, void *unused)
{
	(void)unused;
	PyObject *recent = ((gj_fused_function *)self)->recent;
	return recent ? Py_NewRef(recent) : PyTuple_New(0);
}

static int set_recent(PyObject *self, PyObject *plans, void *unused)
{
	(void)unused;
	bool ok = plans && PyTuple_CheckExact(plans);
	for (Py_ssize_t i = 0; ok && i < PyTuple_GET_SIZE(plans); i++)
		ok = gj_is_plan(PyTuple_GET_ITEM(plans, i));
	if (!ok) {
		PyErr_SetString(PyExc_TypeError, "_recent is a tuple of plans");
		return -1;
	}
	Py_XSETREF(((gj_fused_function *)self)->recent, Py_NewRef(plans));
	return 0;
}

static PyGetSetDef getset[] = {
	{ "_recent", get_recent, set_recent, "Plans of recent calls with NumPy's arrays, the last used first.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMemberDef members[] = {
	{ "__vectorcalloffset__", T_PYSSIZET, offsetof(gj_fused_function, call), READONLY, NULL },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, function_new }, { Py_tp_dealloc, function_dealloc }, { Py_tp_traverse, function_traverse }, { Py_tp_clear, function_clear },
	{ Py_tp_call, PyVectorcall_Call }, { Py_tp_getset, getset }, { Py_tp_members, members },
	{ Py_tp_doc, "A function of array expressions as one loop: call it with arrays and numbers." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.FusedFunction", sizeof(gj_fused_function), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE, slots };

int gj_fused_function_init(PyObject *module)
{
	slowly = slowly ? slowly : PyUnicode_InternFromString("_slowly");
	return slowly ? gj_add_type(module, &function_class, &spec, NULL) : -1;
}
