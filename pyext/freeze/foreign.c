/* Functions of C that Python has by their address: those of ctypes and cffi, and objects that say their own. Frozen they are declared functions (extern.c), whose
 * types gridjit/_foreign.py reads. */
#include "freeze/foreign.h"
#include "freeze/extern.h"

#include <string.h>

static bool begins(const char *s, const char *with) { return !strncmp(s, with, strlen(with)); }

/* An object of cffi through which memory is reached: ffi.from_buffer(a). */
static bool is_ffi(PyObject *o)
{
	PyObject *module = NULL;
	const char *name = Py_TYPE(o)->tp_name;
	if (!strcmp(name, "_cffi_backend.FFI"))
		return true;
	bool is = !strcmp(name, "FFI") && gj_attribute((PyObject *)Py_TYPE(o), "__module__", &module) > 0 && PyUnicode_Check(module)
		&& PyUnicode_CompareWithASCIIString(module, "cffi.api") == 0;
	Py_XDECREF(module);
	return is;
}

/* What it is in compiled code: arrays become pointers where they are passed. */
static const gj_obj *freeze_ffi(gj_freezer *fz)
{
	static const char *const attr[] = { "from_buffer" };
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_MODULE, "ffi");
	const gj_obj **item = gj_new(fz->arena, const gj_obj *, GJ_LEN(attr));
	item[0] = gj_obj_new(fz, GJ_OBJ_NAME, "np.asarray");
	r->n = GJ_LEN(attr);
	r->attr = attr;
	r->item = item;
	return r;
}

/* Their classes have a class of their own. */
bool gj_is_ctypes_function(PyObject *o) { return !strcmp(Py_TYPE(Py_TYPE(o))->tp_name, "_ctypes.PyCFuncPtrType"); }

/* numba's protocol: __wrapper_address__() says where it is, signature() what it takes. */
static bool has_address(PyObject *o)
{
	PyObject *method = NULL;
	bool yes = !PyType_Check(o) && gj_attribute((PyObject *)Py_TYPE(o), "__wrapper_address__", &method) > 0;
	Py_XDECREF(method);
	return yes;
}

/* Functions of a module that cffi has made are methods of its lib. */
bool gj_is_foreign(PyObject *o)
{
	PyObject *self = PyCFunction_Check(o) ? PyCFunction_GET_SELF(o) : NULL;
	return gj_is_ctypes_function(o) || begins(Py_TYPE(o)->tp_name, "_cffi_backend._CData")
		|| (self && !strcmp(Py_TYPE(self)->tp_name, "_cffi_backend.Lib")) || is_ffi(o) || has_address(o);
}

const gj_obj *gj_freeze_foreign(gj_freezer *fz, PyObject *o)
{
	const gj_obj *r = gj_freeze_met(fz, o, NULL);
	if (r || !fz->captures || fz->captures->alone)
		return r ? r : gj_freeze_elsewhere(fz);
	if (is_ffi(o))
		return freeze_ffi(fz);
	PyObject *describe = gj_import("gridjit._foreign", "describe"), *made = describe ? PyObject_CallOneArg(describe, o) : NULL;
	Py_XDECREF(describe);
	if (made && PyUnicode_Check(made))
		r = gj_freeze_refused(fz, "a function of C's", gj_freeze_text(fz, made));
	else if (made && PyList_Append(fz->keep, made) == 0)
		r = gj_freeze_extern(fz, made);
	Py_XDECREF(made);
	return r && gj_freeze_meet(fz, o, NULL, (gj_obj *)r) < 0 ? NULL : r;
}
