/* Python arguments to gj_args: a table of readers, one a Python class, found by hashing the class. The common cases
 * (our arrays, NumPy's, numbers) create no Python object. */
#include "launch/argument.h"

#include "base/half.h"
#include "freeze/foreign.h"
#include "launch/foreign.h"
#include "memory/buffer.h"
#include "memory/devarray.h"
#include "types/classnames.h"
#include "types/dtype.h"

/* -- Numbers ------------------------------------------------------------------------------------------------------ */

static bool read_none(gj_args *a, PyObject *o, const void *aux)
{
	(void)o, (void)aux;
	return gj_args_leaf(a, gj_t_none) != NULL;
}

static bool read_bool(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	gj_arg *leaf = gj_args_leaf(a, gj_scalar[GJ_BOOL]);
	if (leaf)
		leaf->value.u = o == Py_True;
	return leaf != NULL;
}

/* int64, or uint64 from 2**63. */
static bool read_int(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	int overflow;
	int64_t value = PyLong_AsLongLongAndOverflow(o, &overflow);
	uint64_t big = overflow > 0 ? PyLong_AsUnsignedLongLong(o) : 0;
	if (overflow < 0 || (overflow > 0 && PyErr_Occurred())) {
		gj_forgive(PyExc_OverflowError);
		a->huge = true;
		PyObject *text = PyLong_Type.tp_repr(o);
		if (text)
			gj_error(GJ_ERR_VALUE_INT, PyUnicode_AsUTF8(text));
		else
			gj_error(GJ_ERR_VALUE_INT, "it has thousands of digits");
		Py_XDECREF(text);
		return false;
	}
	gj_arg *leaf = gj_args_leaf(a, gj_scalar[overflow ? GJ_U64 : GJ_I64]);
	if (leaf)
		leaf->value.u = overflow ? big : (uint64_t)value;
	return leaf != NULL;
}

static bool read_float(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	gj_arg *leaf = gj_args_leaf(a, gj_scalar[GJ_F64]);
	if (leaf)
		leaf->value.f = PyFloat_AS_DOUBLE(o);
	return leaf != NULL;
}

static bool read_complex(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	gj_arg *leaf = gj_args_leaf(a, gj_scalar[GJ_C128]);
	if (leaf) {
		leaf->value.c[0] = PyComplex_RealAsDouble(o);
		leaf->value.c[1] = PyComplex_ImagAsDouble(o);
	}
	return leaf != NULL;
}

/* Has the object's class a kernel? Then the object is what it was called on. */
static bool has_kernels(PyObject *o)
{
	PyObject *names = gj_class_public(Py_TYPE(o));
	bool found = false;
	for (Py_ssize_t i = 0; names && i < PyList_GET_SIZE(names) && !found; i++) {
		PyObject *v = gj_class_attribute(Py_TYPE(o), PyList_GET_ITEM(names, i));
		found = v && gj_has_base(Py_TYPE(v), "gridjit._core.Dispatcher");
	}
	Py_XDECREF(names);
	return found;
}

/* What to pass in place of an object that no kernel takes. */
static const char *instead_of(PyObject *o)
{
	static const struct { const char *method, *instead; } by_method[] = {
		{ "to_numpy", "pass x.to_numpy()" }, { "__next__", "make it an array: np.fromiter(x, float)" }, { "__float__", "pass float(x)" },
	};
	if (PyBytes_Check(o))
		return "pass a string, or np.frombuffer(x, np.uint8)";
	if (PyList_Check(o))
		return "make it an array, np.array(x), or a tuple";
	if (PyDict_Check(o) || PyAnySet_Check(o))
		return "pass the values that the kernel needs as numbers, tuples or arrays";
	if (gj_has_base(Py_TYPE(o), "Enum"))
		return "pass its value: x.value";
	if (PyArray_IsScalar(o, Void))
		return "pass the array that it is an item of, or its fields one by one";
	if (PyArray_IsScalar(o, Datetime) || PyArray_IsScalar(o, Timedelta))
		return "pass its number, x.astype('int64'): dates are not built yet";
	if (PyModule_Check(o))
		return "let the kernel use it as a global or closure variable: data and functions are arguments";
	if (PyCFunction_Check(o) || PyType_Check(o))
		return "functions that kernels can call are arguments: Python's own, device functions, those of math and NumPy, types of numbers";
	for (size_t i = 0; i < GJ_LEN(by_method); i++) {
		PyObject *method;
		int found = gj_attribute((PyObject *)Py_TYPE(o), by_method[i].method, &method);
		Py_XDECREF(method);
		if (found > 0)
			return by_method[i].instead;
	}
	if (has_kernels(o))
		return "a kernel in a class takes the object as its first argument, as methods do: write @staticmethod above @cuda.jit";
	return "kernels take numbers, tuples, None and arrays (NumPy, device arrays, torch, CuPy, __cuda_array_interface__)";
}

bool (*gj_read_function)(gj_args *, PyObject *);

static bool refuse(PyObject *o)
{
	const char *instead = instead_of(o);
	gj_error(GJ_ERR_VALUE_TYPE, Py_TYPE(o)->tp_name, instead);
	return false;
}

static bool read_numpy_scalar(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	PyArray_Descr *d = PyArray_DescrFromScalar(o);
	if (!d)
		return false;
	const gj_type *t = gj_known_dtype(d);
	Py_DECREF(d);
	if (!t || (!gj_is_scalar(t) && !gj_is_float8(t)))
		return PyErr_Occurred() ? false : refuse(o);
	gj_arg *leaf = gj_args_leaf(a, gj_wide(t));
	if (!leaf || (t->kind != GJ_BF16 && !gj_is_float8(t))) {
		if (leaf)
			PyArray_ScalarAsCtype(o, leaf->value.b);
		return leaf != NULL;
	}
	PyObject *f = PyNumber_Float(o);           /* how ml_dtypes' scalars lie in memory is its own affair */
	float wide = f ? (float)PyFloat_AS_DOUBLE(f) : 0;
	if (f && t->kind == GJ_BF16)
		leaf->value.u = gj_half_bits(wide, true);
	else if (f)
		memcpy(leaf->value.b, &wide, sizeof wide);
	Py_XDECREF(f);
	return f != NULL;
}

/* Functions, and types: whatever can be called. */
static bool read_callable(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	return gj_read_function(a, o) || (!PyErr_Occurred() && refuse(o));
}

/* A record of NumPy's is passed as the memory that it is, which an array without dimensions shows: what the kernel writes to it, it keeps. */
static const gj_type *read_record(gj_args *a, PyObject *o)
{
	PyVoidScalarObject *v = (PyVoidScalarObject *)o;
	const gj_type *t = gj_type_of_dtype(v->descr);
	if (!t)
		return PyErr_Occurred() ? NULL : (refuse(o), NULL);
	PyObject *array = PyArray_NewFromDescr(&PyArray_Type, (PyArray_Descr *)Py_NewRef(v->descr), 0, NULL, NULL, v->obval,
		v->flags & NPY_ARRAY_WRITEABLE, NULL);
	if (!array)
		return NULL;
	PyArray_UpdateFlags((PyArrayObject *)array, NPY_ARRAY_ALIGNED | NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS);
	if (PyArray_SetBaseObject((PyArrayObject *)array, Py_NewRef(o)) < 0)
		return Py_DECREF(array), NULL;
	return gj_args_keep(a, array) && gj_args_ndarray(a, (PyArrayObject *)array) ? t : NULL;
}

/* -- Tuples ------------------------------------------------------------------------------------------------------- */

static const gj_type *read_one(gj_args *a, PyObject *o);

static const gj_type *read_items(gj_args *a, PyObject *tuple, const gj_fields *names, const gj_type **item)
{
	Py_ssize_t n = PyTuple_GET_SIZE(tuple);
	for (Py_ssize_t i = 0; i < n; i++)
		if (!(item[i] = read_one(a, PyTuple_GET_ITEM(tuple, i))))
			return NULL;
	const gj_type *t = names && names->n == n ? gj_named_type(names, item) : gj_tuple_type(item, (uint32_t)n);
	if (!t)
		PyErr_NoMemory();
	return t;
}

static const gj_type *read_tuple(gj_args *a, PyObject *o, const gj_fields *names)
{
	Py_ssize_t n = PyTuple_GET_SIZE(o);
	const gj_type *few[8], **item = n <= 8 ? few : PyMem_New(const gj_type *, n), *t = NULL;
	if (!item)
		return PyErr_NoMemory(), NULL;
	if (a->depth == GJ_MAX_NESTED)
		gj_error(GJ_ERR_TUPLE_DEPTH, GJ_MAX_NESTED);
	else {
		a->depth++;
		t = read_items(a, o, names, item);
		a->depth--;
	}
	if (item != few)
		PyMem_Free(item);
	return t;
}

/* -- Arrays ------------------------------------------------------------------------------------------------------- */

static bool read_ndarray(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	return gj_args_ndarray(a, (PyArrayObject *)o);
}

/* An array over mapped or managed memory: the device takes it where it is. What only has its class, a copy, is one of the host's. */
static bool read_in_place(gj_args *a, PyObject *o, const void *aux)
{
	gj_devptr at = a->dev && !a->dev->ops->host_memory ? gj_buffer_reached((PyArrayObject *)o) : 0;
	if (!at || !PyArray_ISALIGNED((PyArrayObject *)o))
		return read_ndarray(a, o, aux);
	if (!gj_args_ndarray(a, (PyArrayObject *)o))
		return false;
	gj_arg *leaf = &a->leaf[a->nleaves - 1];
	a->nhost--;
	Py_CLEAR(leaf->host);
	leaf->array = NULL;
	leaf->data = at;
	return true;
}

static bool read_masked(gj_args *a, PyObject *o, const void *aux)
{
	(void)a, (void)aux;
	gj_error(GJ_ERR_ARRAY_MASKED, Py_TYPE(o)->tp_name);
	return false;
}

static bool read_devarray(gj_args *a, PyObject *o, const void *aux)
{
	(void)aux;
	gj_devarray *d = (gj_devarray *)o;
	if (!d->type)
		return gj_refuse_dtype(d->dtype);
	if (a->dev && !gj_device_reaches(a->dev, d->dev))
		return gj_error(GJ_ERR_ARG_DEVICE, d->dev->ordinal, d->dev->info.name, a->dev->ordinal, a->dev->info.name), false;
	gj_arg *leaf = gj_args_leaf(a, d->type);
	if (!leaf)
		return false;
	leaf->data = d->data;
	leaf->serial = d->serial;
	leaf->shape = d->shape;
	leaf->strides = d->strides;
	return true;
}

/* A record in device memory: an array without dimensions. */
static const gj_type *read_device_record(gj_args *a, PyObject *o)
{
	const gj_type *t = read_devarray(a, o, NULL) ? a->leaf[a->nleaves - 1].type : NULL;
	return t && t->ndim == 0 && !t->align && t->elem->kind == GJ_RECORD ? t->elem : t;
}

/* -- In, Out, InOut: which way a host array, or those of a tuple, are copied -------------------------------------- */

typedef struct { PyObject_HEAD PyObject *array; int in, out; } HintObject;
static PyTypeObject *hint_class;
static const char nested_hints[] = "In, Out and InOut take an array or a tuple of arrays, not each other";

static const gj_type *read_hint(gj_args *a, PyObject *o)
{
	HintObject *h = (HintObject *)o;
	uint32_t first = a->nleaves;
	if (a->hinted)
		return PyErr_SetString(PyExc_TypeError, nested_hints), NULL;
	a->hinted = true;
	const gj_type *t = read_one(a, h->array);
	a->hinted = false;
	for (uint32_t i = first; t && i < a->nleaves; i++) {
		a->leaf[i].skip_in = !h->in;
		a->leaf[i].skip_out = !h->out;
		a->nkeep += !h->out && a->leaf[i].array;
	}
	return t;
}

static PyObject *hint_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	static char *names[] = { "array", "copy_in", "copy_out", NULL };
	PyObject *array;
	int in, out;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "Opp:Hint", names, &array, &in, &out))
		return NULL;
	if (Py_IS_TYPE(array, hint_class))
		return PyErr_SetString(PyExc_TypeError, nested_hints), NULL;
	HintObject *h = (HintObject *)cls->tp_alloc(cls, 0);
	if (h)
		h->array = Py_NewRef(array), h->in = in, h->out = out;
	return (PyObject *)h;
}

/* Never changes once it is made, so it needs no tp_clear: any cycle leads through something that has one. */
static int hint_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(((HintObject *)self)->array);
	return 0;
}

static void hint_dealloc(PyObject *self)
{
	PyTypeObject *cls = Py_TYPE(self);
	PyObject_GC_UnTrack(self);
	Py_XDECREF(((HintObject *)self)->array);
	cls->tp_free(self);
	Py_DECREF(cls);
}

static PyMemberDef hint_members[] = {
	{ "array", T_OBJECT, offsetof(HintObject, array), READONLY, "The array." },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot hint_slots[] = {
	{ Py_tp_new, hint_new }, { Py_tp_dealloc, hint_dealloc }, { Py_tp_traverse, hint_traverse },
	{ Py_tp_members, hint_members },
	{ Py_tp_doc, "Hint(array, copy_in, copy_out): a kernel argument and which way it is copied." }, { 0, NULL },
};

static PyType_Spec hint_spec = { "gridjit._core.Hint", sizeof(HintObject), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, hint_slots };

/* -- Generators of np.random -------------------------------------------------------------------------------------- */

static bool is_generator(PyObject *o) { return !strcmp(Py_TYPE(o)->tp_name, "numpy.random._generator.Generator"); }

/* The address of what NumPy draws from (its bitgen_t), which the generator holds. */
static const gj_type *read_generator(gj_args *a, PyObject *o)
{
	static const char *const name[] = { "bitgen" };
	PyObject *bits = PyObject_GetAttrString(o, "bit_generator"), *capsule = bits ? PyObject_GetAttrString(bits, "capsule") : NULL;
	void *p = capsule ? PyCapsule_GetPointer(capsule, "BitGenerator") : NULL;
	PyObject *address = p ? PyLong_FromVoidPtr(p) : NULL;
	const gj_type *t = address ? read_one(a, address) : NULL;
	Py_XDECREF(address);
	Py_XDECREF(capsule);
	Py_XDECREF(bits);
	return t ? gj_named_type(gj_fields_of(GJ_GENERATOR, name, 1), &t) : NULL;
}

/* -- Slices -------------------------------------------------------------------------------------------------------- */

static const gj_type *read_slice(gj_args *a, PyObject *o)
{
	PySliceObject *s = (PySliceObject *)o;
	PyObject *part[3] = { s->start, s->stop, s->step };
	const gj_type *t[3];
	for (int i = 0; i < 3; i++) {
		PyObject *n = part[i] == Py_None ? Py_NewRef(Py_None) : PyNumber_Index(part[i]);
		bool ok = n && (n == Py_None ? read_none(a, n, NULL) : read_int(a, n, NULL));
		Py_XDECREF(n);
		if (!ok)
			return NULL;
		t[i] = a->leaf[a->nleaves - 1].type;
	}
	return gj_named_type(gj_slice_fields(), t);
}

/* -- Readers by class --------------------------------------------------------------------------------------------- */

enum { READERS = 64, WAYS = 2 };
static gj_reader readers[READERS][WAYS];       /* by hash; holds a reference to each class. Two classes of one hash do not drive each other out */

/* MappedNDArray and ManagedNDArray say so. */
static bool lies_in_place(PyObject *o)
{
	PyObject *mark;
	int found = gj_attribute((PyObject *)Py_TYPE(o), "_used_in_place", &mark);
	Py_XDECREF(mark);
	return found > 0;
}

/* NumPy's arrays and their subclasses. */
static bool classify_array(PyObject *o, gj_reader *r)
{
	PyObject *cls = PyArray_CheckExact(o) ? NULL : gj_import("numpy.ma", "MaskedArray");
	int masked = cls ? PyObject_IsInstance(o, cls) : 0;
	Py_XDECREF(cls);
	r->read = masked ? read_masked : !PyErr_Occurred() && !PyArray_CheckExact(o) && lies_in_place(o) ? read_in_place : read_ndarray;
	return !PyErr_Occurred();
}

/* Chooses the reader of an object's class; read stays NULL when no kernel can take it, and of tuples and members, whose names are found. false:
 * exception. */
static bool classify(PyObject *o, gj_reader *r)
{
	if ((r->aux = (void *)(PyTuple_Check(o) ? gj_class_fields(Py_TYPE(o)) : gj_enum_fields(Py_TYPE(o)))) || PyTuple_Check(o) || PyErr_Occurred())
		return !PyErr_Occurred();
	r->read = o == Py_None ? read_none
		: PyBool_Check(o) ? read_bool
		: PyLong_Check(o) ? read_int
		: PyFloat_Check(o) ? read_float
		: PyArray_IsScalar(o, Generic) ? read_numpy_scalar
		: PyComplex_Check(o) ? read_complex
		: PyObject_TypeCheck(o, gj_devarray_class) ? read_devarray
		: gj_is_ctypes_function(o) ? read_callable             /* which has memory to share, too */
		: NULL;
	if (PySlice_Check(o))
		return (r->aux = (void *)gj_slice_fields());
	if (is_generator(o)) {
		static const char *const name[] = { "bitgen" };
		return (r->aux = (void *)gj_fields_of(GJ_GENERATOR, name, 1));
	}
	if (!r->read && !(PyArray_Check(o) ? classify_array(o, r) : gj_foreign_classify(o, r)))
		return false;
	if (!r->read && (PyCallable_Check(o) || PyUnicode_Check(o)))
		r->read = read_callable;
	r->plain = r->read == read_none || r->read == read_bool || r->read == read_int || r->read == read_float || r->read == read_ndarray
		|| r->read == read_devarray;
	return true;
}

static gj_reader *row_of(PyTypeObject *cls)
{
	return readers[((uintptr_t)cls >> 4 ^ (uintptr_t)cls >> 10) % READERS];
}

const gj_reader *gj_known_reader(PyTypeObject *cls)
{
	const gj_reader *r = row_of(cls);
	return r[0].cls == cls ? r : r[1].cls == cls ? r + 1 : NULL;
}

/* By value: code of the user's that runs while an object is classified or read may have the row taken over by another class. */
static bool reader_of(PyObject *o, gj_reader *out)
{
	PyTypeObject *cls = Py_TYPE(o);
	const gj_reader *known = gj_known_reader(cls);
	if (known)
		return *out = *known, true;
	*out = (gj_reader){ .cls = (PyTypeObject *)Py_NewRef(cls) };   /* that code may give the object another class */
	bool found = classify(o, out), can = found && (out->read || out->aux || PyTuple_Check(o));
	if (can && Py_IS_TYPE(o, cls)) {
		gj_reader *r = row_of(cls);
		cls = r[WAYS - 1].cls;
		r[1] = r[0];
		r[0] = *out;
	}
	Py_XDECREF(cls);
	return can || (found && refuse(o));
}

/* A member of an enumeration is passed as its value. */
static const gj_type *read_member(gj_args *a, PyObject *o, const gj_fields *names)
{
	PyObject *v = gj_enum_value(o);
	const gj_type *t = v ? read_one(a, v) : PyErr_Occurred() ? NULL : (refuse(o), NULL);
	Py_XDECREF(v);
	return t ? gj_named_type(names, &t) : NULL;
}

/* Arguments of a class that is met for the first time, tuples, members of enumerations and hints. */
static const gj_type *read_other(gj_args *a, PyObject *o)
{
	if (PyTuple_CheckExact(o))
		return read_tuple(a, o, NULL);
	if (Py_IS_TYPE(o, hint_class))
		return read_hint(a, o);
	if (PyArray_IsScalar(o, Void))
		return read_record(a, o);
	if (PyObject_TypeCheck(o, gj_devarray_class) && gj_has_base(Py_TYPE(o), "DeviceRecord"))
		return read_device_record(a, o);
	gj_reader r;
	if (!reader_of(o, &r))
		return NULL;
	if (!r.read)
		return PyTuple_Check(o) ? read_tuple(a, o, r.aux) : is_generator(o) ? read_generator(a, o) : PySlice_Check(o) ? read_slice(a, o) : read_member(a, o, r.aux);
	return r.read(a, o, r.aux) ? a->leaf[a->nleaves - 1].type : NULL;
}

/* Type of one argument after its leaves were added. */
static const gj_type *read_one(gj_args *a, PyObject *o)
{
	const gj_reader *r = gj_known_reader(Py_TYPE(o));
	bool known = r && r->read;
	a->plain &= known && r->plain;
	if (!known)
		return read_other(a, o);
	return r->read(a, o, r->aux) ? a->leaf[a->nleaves - 1].type : NULL;
}

bool gj_args_add(gj_args *a, PyObject *o)
{
	const gj_type *t = read_one(a, o);
	return t && gj_args_type(a, t);
}

/* -- Types of values ---------------------------------------------------------------------------------------------- */

/* Values that have a type but are no kernel arguments. */
static const gj_type *typeof_other(PyObject *o)
{
	if (PyUnicode_Check(o))
		return gj_t_str;
	if (o == Py_Ellipsis)
		return gj_t_ellipsis;
	if (PySlice_Check(o))
		return gj_slice_type(((PySliceObject *)o)->step == Py_None ? 2 : 3);
	return NULL;
}

const gj_type *gj_typeof(PyObject *o)
{
	const gj_type *t = typeof_other(o);
	if (t)
		return t;
	gj_args args;
	gj_args_init(&args, NULL);
	t = gj_args_add(&args, o) ? args.type[0] : NULL;
	gj_args_clear(&args);
	return t;
}

int gj_argument_init(PyObject *m)
{
	return gj_add_type(m, &hint_class, &hint_spec, NULL);
}
