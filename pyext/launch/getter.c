/* Attributes that are C functions of their class, called without looking for them: what the interpreter does to find one takes several
 * times as long as most such functions, and more where caches are cold. */
#include "launch/getter.h"

#include "types/classnames.h"

/* Of a class as it is now; 0: it cannot be told whether it changes. */
static unsigned version_of(const PyTypeObject *cls)
{
#if PY_VERSION_HEX < 0x030c0000
	if (!PyType_HasFeature((PyTypeObject *)cls, Py_TPFLAGS_VALID_VERSION_TAG))
		return 0;
#endif
	return cls->tp_version_tag;
}

/* Notes the function behind the attribute, where looking for it has no other way. Finding one comes before whatever an object itself holds
 * under that name. */
static void learn(gj_getter *g, PyTypeObject *cls)
{
	PyObject *found = cls->tp_getattro == PyObject_GenericGetAttr ? gj_class_attribute(cls, g->name) : NULL;
	PyGetSetDef *def = found && Py_IS_TYPE(found, &PyGetSetDescr_Type) && PyType_IsSubtype(cls, PyDescr_TYPE(found))
		? ((PyGetSetDescrObject *)found)->d_getset : NULL;
	if (!def || !def->get)
		return;
	g->cls = cls;
	g->version = version_of(cls);
	g->def = def;
}

PyObject *gj_get(gj_getter *g, PyObject *o)
{
	PyTypeObject *cls = Py_TYPE(o);
	if (cls == g->cls && g->version && g->version == version_of(cls))
		return g->def->get(o, g->def->closure);
	if (!g->name && !(g->name = PyUnicode_InternFromString(g->text)))
		return NULL;
	PyObject *v = PyObject_GetAttr(o, g->name);
	if (v && Py_IS_TYPE(o, cls))               /* what ran may have given the object another class, and this one may be gone */
		learn(g, cls);
	return v;
}
