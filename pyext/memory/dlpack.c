/* Device arrays for other libraries through DLPack: a capsule with a tensor that holds the array until its consumer lets it go. */
#include "memory/dlpack.h"
#include "memory/devarray.h"

static const char *const names[] = { "dltensor", "dltensor_versioned" };

/* What the first version gives. */
typedef struct dl_managed {
	dl_tensor tensor;
	void *context;
	void (*deleter)(struct dl_managed *);
} dl_managed;

/* A tensor in either form, and what it points to. */
typedef struct exported {
	union { dl_managed old; dl_versioned versioned; } as;
	int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM];
	PyObject *array;
} exported;

/* Whoever consumes it may call this from any thread, and when Python is gone, with which the array went. */
static void let_go(exported *e)
{
	if (!Py_IsInitialized())
		return;
	PyGILState_STATE state = PyGILState_Ensure();
	Py_DECREF(e->array);
	PyMem_Free(e);
	PyGILState_Release(state);
}

static void delete_old(dl_managed *m) { let_go((exported *)m->context); }
static void delete_versioned(dl_versioned *v) { let_go((exported *)v->context); }

/* Nobody took what is in it: consumers rename the capsule. */
static void capsule_gone(PyObject *capsule)
{
	for (int i = 0; i < 2; i++)
		if (PyCapsule_IsValid(capsule, names[i]))
			let_go(PyCapsule_GetContext(capsule));
}

static bool set_type(dl_tensor *t, const gj_type *type)
{
	if (!type || !gj_is_scalar(type))
		return false;
	t->code = gj_is_bool(type) ? DL_BOOL : type->kind == GJ_BF16 ? DL_BFLOAT : gj_is_complex(type) ? DL_COMPLEX
		: gj_is_float(type) ? DL_FLOAT : gj_is_signed(type) ? DL_INT : DL_UINT;
	t->bits = (uint8_t)(8 * type->size);
	t->lanes = 1;
	return true;
}

static bool set_tensor(exported *e, dl_tensor *t, const gj_devarray *a)
{
	bool host = a->dev->ops->host_memory;
	*t = (dl_tensor){ .data = (void *)(uintptr_t)a->data, .device = { host ? DL_CPU : DL_CUDA, host ? 0 : a->dev->ordinal },
	                  .ndim = a->ndim, .shape = e->shape, .strides = e->strides };
	const gj_type *item = a->type ? a->type->elem : NULL;
	bool ok = set_type(t, item);
	for (int d = 0; ok && d < a->ndim; d++) {
		e->shape[d] = a->shape[d];
		e->strides[d] = a->strides[d] / (int64_t)item->size;
		ok = a->strides[d] % (int64_t)item->size == 0;
	}
	return ok;
}

PyObject *gj_devarray_dlpack(PyObject *self, PyObject *versioned)
{
	gj_devarray *a = (gj_devarray *)self;
	bool since1 = versioned == Py_True;
	exported *e = PyMem_Calloc(1, sizeof *e);
	if (!e)
		return PyErr_NoMemory();
	bool ok = set_tensor(e, since1 ? &e->as.versioned.tensor : &e->as.old.tensor, a);
	if (!ok || (a->readonly && !since1)) {
		PyMem_Free(e);
		PyObject *dtype = ok ? NULL : PyObject_Str((PyObject *)a->dtype);
		const char *text = dtype ? PyUnicode_AsUTF8(dtype) : NULL;
		if (ok)
			gj_error(GJ_ERR_DLPACK_READONLY);
		else if (text)
			gj_error(GJ_ERR_DLPACK_DTYPE, text);
		Py_XDECREF(dtype);
		return NULL;
	}
	if (since1)
		e->as.versioned = (dl_versioned){ .major = 1, .context = e, .deleter = delete_versioned, .flags = a->readonly, .tensor = e->as.versioned.tensor };
	else
		e->as.old = (dl_managed){ .context = e, .deleter = delete_old, .tensor = e->as.old.tensor };
	e->array = Py_NewRef(self);
	PyObject *capsule = PyCapsule_New(&e->as, names[since1], capsule_gone);
	if (capsule)
		PyCapsule_SetContext(capsule, e);
	else
		let_go(e);
	return capsule;
}
