/* Overloaded functions. What was registered is in gridjit.overloading, which is looked at only where somebody has imported it. What has
 * been answered so far for this compilation is a list: function, types as text, implementation or None (freeze.h). */
#include "freeze/overloaded.h"

#include <string.h>

/* Borrowed; NULL: there is none, or an exception is set. */
static PyObject *table(const char *name)
{
	PyObject *key = PyUnicode_FromString("gridjit.overloading"), *module = key ? PyImport_GetModule(key) : NULL;
	PyObject *o = module ? PyDict_GetItemString(PyModule_GetDict(module), name) : NULL;
	Py_XDECREF(key);
	Py_XDECREF(module);
	return o && PyDict_Check(o) ? o : NULL;
}

bool gj_is_overloaded(const gj_freezer *fz, PyObject *o)
{
	PyObject *all = fz->captures && fz->captures->answers ? table("FUNCTIONS") : NULL, *key = all ? PyLong_FromVoidPtr(o) : NULL;
	bool is = key && PyDict_GetItemWithError(all, key);
	Py_XDECREF(key);
	return is;
}

PyObject *gj_overloaded_method(const gj_freezer *fz, PyObject *name)
{
	PyObject *all = fz->captures && fz->captures->answers ? table("METHODS") : NULL;
	return all ? PyDict_GetItemWithError(all, name) : NULL;
}

const gj_obj *gj_freeze_overloaded(gj_freezer *fz, PyObject *o)
{
	PyObject *answers = fz->captures->answers, *name = NULL;
	gj_obj *r = gj_freeze_met(fz, o, NULL);
	if (r)
		return r;
	if (gj_attribute(o, "__name__", &name) < 0)
		return NULL;
	uint32_t n = (uint32_t)PyList_GET_SIZE(answers);
	const char **attr = gj_new(fz->arena, const char *, n + 1);
	const gj_obj **item = gj_new(fz->arena, const gj_obj *, n + 1);
	r = gj_obj_new(fz, GJ_OBJ_OVERLOADED, name && PyUnicode_Check(name) ? gj_freeze_text(fz, name) : "function");
	Py_XDECREF(name);
	r->data = o;
	r->attr = attr;
	r->item = item;
	fz->captures->overloads = true;
	if (gj_freeze_meet(fz, o, NULL, r) < 0)                /* implementations may call it */
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		PyObject *answer = PyList_GET_ITEM(answers, i);
		if (PyTuple_GET_ITEM(answer, 0) != o)
			continue;
		attr[r->n] = gj_freeze_text(fz, PyTuple_GET_ITEM(answer, 1));
		if (!(item[r->n++] = gj_freeze_value(fz, PyTuple_GET_ITEM(answer, 2), NULL)))
			return NULL;
	}
	return r;
}
