/* What every other file of pyext/ stands on: attributes, exceptions that may be forgotten, the settings, types of the module. */
#include "core.h"

#include <string.h>

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

bool gj_has_base(PyTypeObject *cls, const char *name)
{
	for (Py_ssize_t i = 0; cls->tp_mro && i < PyTuple_GET_SIZE(cls->tp_mro); i++)
		if (!strcmp(((PyTypeObject *)PyTuple_GET_ITEM(cls->tp_mro, i))->tp_name, name))
			return true;
	return false;
}

int gj_attribute(PyObject *o, const char *name, PyObject **out)
{
	*out = PyObject_GetAttrString(o, name);
	return *out ? 1 : gj_forgive(PyExc_AttributeError) ? 0 : -1;
}

/* -- Settings, types ---------------------------------------------------------------------------------------------- */

gj_settings gj_config = { .cpu_width = 32, .interface_sync = true, .cache = true, .boundscheck = -1, .neighbours = 2, .straight_after = 1 << 20 };

int gj_add_type(PyObject *m, PyTypeObject **slot, PyType_Spec *spec, PyTypeObject *base)
{
	if (!*slot)
		*slot = (PyTypeObject *)PyType_FromModuleAndSpec(m, spec, (PyObject *)base);
	return *slot ? PyModule_AddType(m, *slot) : -1;
}

PyObject *gj_referent(PyObject *ref)
{
#if PY_VERSION_HEX >= 0x030d0000
	PyObject *o;
	return PyWeakref_GetRef(ref, &o) > 0 ? o : NULL;
#else
	PyObject *o = PyWeakref_GetObject(ref);
	return o && o != Py_None ? Py_NewRef(o) : NULL;
#endif
}
