/* _core.Memory: what keeps the memory of an array that a compiled function has made; the array's base. */
#include "memory/owned.h"

#include "run/cpu/owned.h"

typedef struct { PyObject_HEAD uint64_t owner; } MemoryObject;

static PyTypeObject *memory_class;

PyObject *gj_memory_new(uint64_t owner)
{
	MemoryObject *m = (MemoryObject *)memory_class->tp_alloc(memory_class, 0);
	if (!m) {
		gj_owned_release(owner);
		return NULL;
	}
	m->owner = owner;
	gj_owned_give(owner);
	return (PyObject *)m;
}

static void dealloc(PyObject *self)
{
	PyTypeObject *cls = Py_TYPE(self);
	gj_owned_release(((MemoryObject *)self)->owner);
	cls->tp_free(self);
	Py_DECREF(cls);
}

static PyType_Slot slots[] = {
	{ Py_tp_dealloc, dealloc }, { Py_tp_doc, "Memory of an array that a compiled function has made." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Memory", sizeof(MemoryObject), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots };

int gj_memory_init(PyObject *m) { return gj_add_type(m, &memory_class, &spec, NULL); }
