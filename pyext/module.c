/* The extension module gridjit._core: brings up NumPy's C API and each file's part, turns errors into exceptions, and
 * holds the settings that gridjit.config changes. */
#define GJ_NUMPY_OWNER
#include "core.h"

#include "launch/argument.h"
#include "debug.h"
#include "memory/devarray.h"
#include "launch/dispatcher.h"
#include "freeze/freeze.h"
#include "raise.h"
#include "types/typeobj.h"

#include <string.h>

/* -- Errors -------------------------------------------------------------------------------------------------------------------- */

PyObject *gj_import(const char *module, const char *name)
{
	PyObject *m = PyImport_ImportModule(module);
	PyObject *o = m ? PyObject_GetAttrString(m, name) : NULL;
	Py_XDECREF(m);
	return o;
}

PyObject *gj_diag_error(gj_diag *d)
{
	gj_raise(d);
	gj_diag_clear(d);
	return NULL;
}

PyObject *gj_error(gj_err id, ...)
{
	gj_diag d = { 0 };
	va_list args;
	va_start(args, id);
	gj_diag_vset(&d, id, args);
	va_end(args);
	return gj_diag_error(&d);
}

/* Classes of gridjit.errors, in the order of gj_status. */
static const char *const status_class[] = {
	[GJ_OK] = "CudaAPIError", [GJ_E_NODEVICE] = "CudaSupportError", [GJ_E_NOMEM] = "CudaMemoryError",
	[GJ_E_INVALID] = "CudaAPIError", [GJ_E_UNSUPPORTED] = "CudaSupportError", [GJ_E_LOAD] = "LinkerError",
	[GJ_E_LAUNCH] = "CudaAPIError", [GJ_E_NOTREADY] = "CudaAPIError", [GJ_E_FORKED] = "CudaDriverError",
	[GJ_E_DRIVER] = "CudaAPIError",
};

PyObject *gj_status_error(gj_status status, const char *what)
{
	PyObject *cls = gj_import("gridjit.errors", status_class[status]);
	const char *text = gj_error_text();
	PyObject *message = cls ? PyUnicode_FromFormat("%s failed: %s", what, *text ? text : "the device gave no reason") : NULL;
	PyObject *error = message ? PyObject_CallFunctionObjArgs(cls, message, NULL) : NULL;
	PyObject *code = error ? PyLong_FromLong(gj_error_code()) : NULL;
	if (code && PyObject_SetAttrString(error, "code", code) == 0)
		PyErr_SetObject(cls, error);
	Py_XDECREF(code);
	Py_XDECREF(error);
	Py_XDECREF(message);
	Py_XDECREF(cls);
	return NULL;
}

/* -- Settings -------------------------------------------------------------------------------------------------------------------- */

gj_settings gj_config = { .cpu_width = 32, .interface_sync = true, .cache = true };

static PyObject *configure(PyObject *m, PyObject *args, PyObject *kw)
{
	(void)m;
	static char *names[] = { "device", "cpu_width", "libm_exact", "interface_sync", "warn_low_occupancy", "warn_copy",
		"cache", NULL };
	int device, width, libm, sync, occupancy, copy, cache;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "iippppp:configure", names, &device, &width, &libm, &sync, &occupancy,
		&copy, &cache))
		return NULL;
	if (device != gj_config.device)
		gj_device_forget();
	gj_config = (gj_settings){ device, width, libm, sync, occupancy, copy, cache };
	Py_RETURN_NONE;
}

static PyObject *typeof_(PyObject *m, PyObject *o)
{
	(void)m;
	const gj_type *t = gj_typeof(o);
	return t ? gj_type_to_py(t) : NULL;
}

static PyObject *as_type(PyObject *m, PyObject *o)
{
	(void)m;
	const gj_type *t = gj_type_from_any(o);
	return t ? gj_type_to_py(t) : NULL;
}

static PyObject *signature(PyObject *m, PyObject *o)
{
	(void)m;
	const gj_type *ret, *arg[GJ_MAX_SIGNATURE];
	int n = gj_signature_read(o, &ret, arg);
	return n < 0 ? NULL : gj_signature_new(ret, arg, (uint32_t)n);
}

static PyMethodDef methods[] = {
	{ "configure", (PyCFunction)(void (*)(void))configure, METH_VARARGS | METH_KEYWORDS, "Settings of gridjit.config." },
	{ "typeof", typeof_, METH_O, "typeof(value): the type that a kernel sees for this value." },
	{ "as_type", as_type, METH_O, "as_type(x): a Type from a Type, text, NumPy dtype or scalar class." },
	{ "signature", signature, METH_O, "signature(x): a Signature from a Signature, text or tuple of types." },
	{ "compile", (PyCFunction)(void (*)(void))gj_compile_function, METH_VARARGS | METH_KEYWORDS,
		"compile(function, signature, options, dump=None, symbol=None, numba_abi=False) -> (text, return type): compile without\n"
		"a device." },
	{ NULL, NULL, 0, NULL },
};

/* -- The module ------------------------------------------------------------------------------------------------------------------ */

int gj_add_type(PyObject *m, PyTypeObject **slot, PyType_Spec *spec, PyTypeObject *base)
{
	if (!*slot)
		*slot = (PyTypeObject *)PyType_FromModuleAndSpec(m, spec, (PyObject *)base);
	return *slot ? PyModule_AddType(m, *slot) : -1;
}

static int (*const parts[])(PyObject *) = {
	gj_typeobj_init, gj_signature_init, gj_argument_init, gj_device_init, gj_buffer_init, gj_stream_init, gj_event_init,
	gj_devarray_init, gj_dispatcher_init, gj_launcher_init, gj_kernel_init, gj_freeze_init,
};

static int exec(PyObject *m)
{
	if (PyArray_ImportNumPyAPI() < 0 || PyModule_AddStringConstant(m, "__version__", GJ_VERSION) < 0)
		return -1;
	for (size_t i = 0; i < GJ_LEN(parts); i++)
		if (parts[i](m) < 0)
			return -1;
	return PyModule_AddFunctions(m, gj_debug_methods);
}

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, (void *)exec },
#if PY_VERSION_HEX >= 0x030c0000
	{ Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED },
#endif
	{ 0, NULL },
};

static PyModuleDef def = { PyModuleDef_HEAD_INIT, "_core", "gridjit's compiler and runtime.", 0, methods, slots, NULL, NULL,
	NULL };

PyMODINIT_FUNC PyInit__core(void)
{
	return PyModuleDef_Init(&def);
}
