/* A freeze in progress, and what it makes of objects that have no meaning in kernels: a name for the message, and what to
 * write instead where that is known. */
#include "freeze/freezer.h"
#include "freeze/known.h"
#include "ir/ir.h"

#include <string.h>

gj_obj *gj_obj_new(gj_freezer *fz, gj_objkind kind, const char *name)
{
	gj_obj *o = gj_new(fz->arena, gj_obj, 1);
	o->kind = kind;
	o->name = name;
	return o;
}

const char *gj_freeze_text(gj_freezer *fz, PyObject *str)
{
	Py_ssize_t n;
	const char *s = PyUnicode_AsUTF8AndSize(str, &n);
	if (s)
		return gj_strndup(fz->arena, s, (size_t)n);
	gj_forgive(PyExc_UnicodeError);
	PyObject *bytes = PyUnicode_AsEncodedString(str, "utf-8", "backslashreplace");
	const char *text = bytes ? gj_strdup(fz->arena, PyBytes_AS_STRING(bytes)) : "?";
	Py_XDECREF(bytes);
	return text;
}

gj_obj *gj_freeze_met(const gj_freezer *fz, PyObject *o, const gj_names *names)
{
	for (uint32_t i = 0; i < fz->met.n; i++)
		if (fz->met.p[i].key == o && fz->met.p[i].names == names)
			return fz->met.p[i].obj;
	return NULL;
}

int gj_freeze_meet(gj_freezer *fz, PyObject *o, const gj_names *names, gj_obj *obj)
{
	gj_push(fz->arena, &fz->met, ((gj_met){ o, names, obj }));
	return PyList_Append(fz->keep, o);
}

PyObject *gj_freeze_python(PyObject *o)
{
	static const char *const names[] = { "_gj_function", "py_func" };
	PyObject *f = NULL;
	for (size_t i = 0; i < GJ_LEN(names) && !f && PyCallable_Check(o) && !PyType_Check(o); i++) {
		f = PyObject_GetAttrString(o, names[i]);
		gj_forgive(PyExc_Exception);                   /* proxies of what is not there yet refuse in their own ways */
		if (f && !PyFunction_Check(f))
			Py_CLEAR(f);
	}
	return f;
}

/* -- What has no meaning ------------------------------------------------------------------------------------------ */

static gj_obj *opaque(gj_freezer *fz, const char *kind, const char *name, const char *instead)
{
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_OPAQUE, gj_printf(fz->arena, "%s%s", kind, name));
	r->instead = instead;
	return r;
}

const gj_obj *gj_freeze_refused(gj_freezer *fz, const char *what, const char *instead) { return opaque(fz, what, "", instead); }

const gj_obj *gj_freeze_later(gj_freezer *fz, const char *module, const char *name)
{
	gj_obj *r = opaque(fz, gj_printf(fz->arena, "%s.", module), name, NULL);
	r->later = true;
	return r;
}

/* Text of an attribute in the arena; NULL: it has none, or an exception is set. */
static const char *text_of(gj_freezer *fz, PyObject *o, const char *attribute)
{
	PyObject *v;
	if (gj_attribute(o, attribute, &v) < 0)
		gj_forgive(PyExc_Exception);
	const char *text = v && PyUnicode_Check(v) ? gj_freeze_text(fz, v) : NULL;
	Py_XDECREF(v);
	return text;
}

/* Functions of NumPy and of random that no table knows. NULL: it is none, or an exception is set. */
static gj_obj *library_function(gj_freezer *fz, PyObject *o)
{
	bool numpy, host = fz->captures && fz->captures->memory;
	if (gj_known_random(o, &numpy)) {
		const char *name = text_of(fz, o, "__name__");
		return name ? opaque(fz, numpy ? "np.random." : "random.", name, host ? "docs/jit.md lists the functions of random numbers that can be "
			"compiled" : "functions for the host (gridjit.jit) can; kernels have cuda.random, or take the numbers as an array") : NULL;
	}
	if (!PyCallable_Check(o) || PyType_Check(o))
		return NULL;
	const char *module = text_of(fz, o, "__module__"), *name = module ? text_of(fz, o, "__name__") : NULL;
	if (!name || strncmp(module, "numpy", 5) || (module[5] && module[5] != '.'))
		return NULL;
	return opaque(fz, gj_printf(fz->arena, "np%s.", module + 5), name, gj_instead_of_name("np.", host));
}

/* Of an extension module, or a method of an object: "time.time", "the function upper". */
static gj_obj *c_function(gj_freezer *fz, PyObject *o)
{
	const char *name = ((PyCFunctionObject *)o)->m_ml->ml_name, *module = text_of(fz, o, "__module__");
	if (PyErr_Occurred())
		return NULL;
	if (!module)
		return opaque(fz, "the function ", name, NULL);
	const char *dotted = gj_printf(fz->arena, "%s.%s", module, name), *instead = gj_instead_of_name(dotted, false);
	return opaque(fz, dotted, "", instead ? instead : "write it in Python, or call it on the host and pass what it gives");
}

const gj_obj *gj_freeze_absent(gj_freezer *fz, PyObject *o)
{
	const char *absent = text_of(fz, o, "_gj_absent"), *why = absent ? strstr(absent, ": ") : NULL;
	return why && !PyErr_Occurred() ? opaque(fz, gj_strndup(fz->arena, absent, (size_t)(why - absent)), "", why + 2) : NULL;
}

/* "the class Config", "the function print", "a Python object of type list". */
const gj_obj *gj_freeze_opaque(gj_freezer *fz, PyObject *o)
{
	if (gj_has_base(Py_TYPE(o), "gridjit._core.DeviceArray"))
		return opaque(fz, "a device array", "", "pass it as an argument: only kernels that are launched refer to device arrays by "
			"name, to those of their own device and of items that they know");
	if (gj_has_base(Py_TYPE(o), "gridjit._core.Extern"))
		return opaque(fz, "a declared function", "", "only kernels call functions that are compiled elsewhere, not ufuncs and fused functions");
	const gj_obj *absent = gj_freeze_absent(fz, o);
	if (absent || PyErr_Occurred())
		return absent;
	if (PyType_Check(o))
		return opaque(fz, "the class ", ((PyTypeObject *)o)->tp_name, NULL);
	gj_obj *function = library_function(fz, o);
	if (function || PyErr_Occurred())
		return PyErr_Occurred() ? NULL : function;
	if (PyCFunction_Check(o))
		return c_function(fz, o);
	const char *method = PyMethod_Check(o) ? text_of(fz, PyMethod_GET_FUNCTION(o), "__name__") : NULL;
	if (PyErr_Occurred())
		return NULL;
	return method ? opaque(fz, "the method ", method, NULL) : opaque(fz, "a Python object of type ", Py_TYPE(o)->tp_name, NULL);
}
