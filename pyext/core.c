/* What every other file of pyext/ stands on: errors as exceptions, the settings, types of the module. */
#include "core.h"
#include "raise.h"

PyObject *gj_import(const char *module, const char *name)
{
	PyObject *m = PyImport_ImportModule(module);
	PyObject *o = m ? PyObject_GetAttrString(m, name) : NULL;
	Py_XDECREF(m);
	return o;
}

bool gj_forgive(PyObject *cls)
{
	if (!PyErr_Occurred())
		return true;
	if (!PyErr_ExceptionMatches(cls))
		return false;
	if (cls == PyExc_Exception && (PyErr_ExceptionMatches(PyExc_MemoryError) || PyErr_ExceptionMatches(PyExc_RecursionError)))
		return false;
	PyErr_Clear();
	return true;
}

int gj_attribute(PyObject *o, const char *name, PyObject **out)
{
	*out = PyObject_GetAttrString(o, name);
	return *out ? 1 : gj_forgive(PyExc_AttributeError) ? 0 : -1;
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

/* -- Settings, types ---------------------------------------------------------------------------------------------- */

gj_settings gj_config = { .cpu_width = 32, .interface_sync = true, .cache = true };

int gj_add_type(PyObject *m, PyTypeObject **slot, PyType_Spec *spec, PyTypeObject *base)
{
	if (!*slot)
		*slot = (PyTypeObject *)PyType_FromModuleAndSpec(m, spec, (PyObject *)base);
	return *slot ? PyModule_AddType(m, *slot) : -1;
}
