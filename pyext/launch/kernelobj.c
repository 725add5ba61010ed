/* _core.Kernel: one compiled form of a kernel, as `dispatcher.overloads` shows it. */
#include "launch/kernelobj.h"

#include "types/signature.h"
#include "types/typeobj.h"

typedef struct { PyObject_HEAD gj_dispatcher *disp; gj_specialisation *s; } KernelObject;

static PyTypeObject *kernel_class;

#define S (((KernelObject *)self)->s)

PyObject *gj_kernel_object(gj_dispatcher *d, gj_specialisation *s)
{
	KernelObject *k = PyObject_GC_New(KernelObject, kernel_class);
	if (k) {
		k->disp = (gj_dispatcher *)Py_NewRef(d);
		k->s = s;
		PyObject_GC_Track(k);
	}
	return (PyObject *)k;
}

/* Never changes once it is made, so it needs no tp_clear: any cycle leads through something that has one. */
static int kernel_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(((KernelObject *)self)->disp);
	return 0;
}

static void kernel_dealloc(PyObject *self)
{
	PyTypeObject *cls = Py_TYPE(self);
	PyObject_GC_UnTrack(self);
	Py_DECREF(((KernelObject *)self)->disp);
	PyObject_GC_Del(self);
	Py_DECREF(cls);
}

/* -- Numbers of the device ---------------------------------------------------------------------------------------- */

static bool info(PyObject *self, gj_kernel_info *out)
{
	gj_status status = S->dev->ops->kernel_info(S->dev, S->kernel, out);
	return status == GJ_OK || (gj_status_error(status, "asking for a kernel's properties"), false);
}

#define NUMBERS(X) \
	X(regs_per_thread, registers, "Registers of a thread.") \
	X(max_threads_per_block, max_threads, "Most threads of a block that this kernel can run with.") \
	X(shared_mem_per_block, shared_bytes, "Static shared memory of a block in bytes.") \
	X(local_mem_per_thread, local_bytes, "Local memory of a thread in bytes.") \
	X(const_mem_size, const_bytes, "Constant memory in bytes.")

#define X(name, field, doc) \
static PyObject *get_##name(PyObject *self, void *unused) \
{ \
	(void)unused; \
	gj_kernel_info i; \
	return info(self, &i) ? PyLong_FromLongLong((long long)i.field) : NULL; \
}
NUMBERS(X)
#undef X

/* suggest_block(shared=0) -> (threads, least number of blocks that fills the device) */
static PyObject *suggest_block(PyObject *self, PyObject *args)
{
	Py_ssize_t shared = 0;
	int block, grid;
	if (!PyArg_ParseTuple(args, "|n:suggest_block", &shared))
		return NULL;
	gj_status status = S->dev->ops->suggest_block(S->dev, S->kernel, (size_t)(shared < 0 ? 0 : shared), &block, &grid);
	return status == GJ_OK ? Py_BuildValue("ii", block, grid) : gj_status_error(status, "asking for a block size");
}

static bool is_block(long threads)
{
	char number[32];
	PyOS_snprintf(number, sizeof number, "%ld", threads);
	if (threads == 0)
		gj_error(GJ_ERR_CONFIG_ZERO, "block", 'x');
	else if (threads < 0 || threads > INT32_MAX)
		gj_error(GJ_ERR_CONFIG_RANGE, "block", 'x', number);
	return threads > 0 && threads <= INT32_MAX;
}

static PyObject *active_blocks(PyObject *self, PyObject *args)
{
	int block, blocks;
	Py_ssize_t shared = 0;
	if (!PyArg_ParseTuple(args, "i|n:active_blocks", &block, &shared) || !is_block(block))
		return NULL;
	gj_status status = S->dev->ops->occupancy(S->dev, S->kernel, block, (size_t)(shared < 0 ? 0 : shared), &blocks);
	return status == GJ_OK ? PyLong_FromLong(blocks) : gj_status_error(status, "asking for the occupancy");
}

/* Threads of a block given as an int or a tuple; −1 with an exception. */
static long block_threads(PyObject *o)
{
	if (PyLong_Check(o))
		return PyLong_AsLong(o);
	if (!PyTuple_Check(o)) {
		gj_error(GJ_ERR_CONFIG_TYPE, "block", Py_TYPE(o)->tp_name);
		return -1;
	}
	long n = 1;
	for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(o) && n > 0; i++) {
		long extent = PyLong_AsLong(PyTuple_GET_ITEM(o, i));
		if (PyErr_Occurred())
			return -1;
		if (__builtin_mul_overflow(n, extent, &n))
			n = LONG_MAX;
	}
	return n;
}

static PyObject *cooperative_blocks(PyObject *self, PyObject *args, PyObject *kw)
{
	static char *names[] = { "blockdim", "dynsmemsize", NULL };
	PyObject *block;
	Py_ssize_t shared = 0;
	int blocks;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "O|n:max_cooperative_grid_blocks", names, &block, &shared))
		return NULL;
	long threads = block_threads(block);
	if (PyErr_Occurred() || !is_block(threads))
		return NULL;
	gj_status status = S->dev->ops->occupancy(S->dev, S->kernel, (int)threads, (size_t)(shared < 0 ? 0 : shared), &blocks);
	if (status != GJ_OK)
		return gj_status_error(status, "asking for the occupancy");
	return PyLong_FromLongLong((long long)blocks * S->dev->info.multiprocessors);
}

/* -- What it was compiled for ------------------------------------------------------------------------------------- */

static PyObject *get_argtypes(PyObject *self, void *unused)
{
	(void)unused;
	return gj_types_to_py(S->arg, S->nargs);
}

static PyObject *get_signature(PyObject *self, void *unused)
{
	(void)unused;
	return gj_signature_new(S->ret ? S->ret : gj_t_none, S->arg, S->nargs);
}

static PyObject *get_neighbours(PyObject *self, void *unused)
{
	(void)unused;
	return PyLong_FromUnsignedLong(S->image.neighbours);
}

static PyObject *get_together(PyObject *self, void *unused)
{
	(void)unused;
	return PyBool_FromLong(S->image.together);
}

static PyObject *get_rounds(PyObject *self, void *unused)
{
	(void)unused;
	return PyBool_FromLong(S->image.rounds);
}

static PyObject *get_places(PyObject *self, void *unused)
{
	(void)unused;
	return PyBool_FromLong(S->image.places);
}

static PyObject *get_reach(PyObject *self, void *unused)
{
	char axes[4];
	Py_ssize_t n = 0;
	(void)unused;
	for (int d = 0; d < 3; d++)
		if (S->image.reach[d * GJ_REACHES].param || S->image.reach[d * GJ_REACHES].more)
			axes[n++] = "xyz"[d];
	return PyUnicode_FromStringAndSize(axes, n);
}

static PyObject *get_cooperative(PyObject *self, void *unused)
{
	(void)unused;
	return PyBool_FromLong(S->image.cooperative);
}

static PyObject *get_facts(PyObject *self, void *unused)
{
	(void)unused;
	static const char *const name[32] = { "idx32", "noalias", "align16", "lanes_x", "full_warps", "rows_16", "rows_8",
		[11] = "wide_x", "wide_y", [28] = "wide_z", "full_grid", "covered",
		[GJ_FACT_STRIDE_SHIFT] = "inner", "inner_2", "inner_3", "inner_4", "inner_back", "outer", "outer_2", "outer_3", "outer_4", "outer_back" };
	PyObject *set = PyFrozenSet_New(NULL);
	for (unsigned i = 0; set && i < GJ_LEN(name); i++) {
		PyObject *s = name[i] && S->facts >> i & 1 ? PyUnicode_FromString(name[i]) : NULL;
		if (s && PySet_Add(set, s) < 0)
			Py_CLEAR(set);
		Py_XDECREF(s);
	}
	return set;
}

static PyObject *get_written(PyObject *self, void *unused)
{
	(void)unused;
	PyObject *t = PyTuple_New(S->nleaves);
	for (uint32_t i = 0; t && i < S->nleaves; i++)
		PyTuple_SET_ITEM(t, i, PyBool_FromLong(i < S->image.nleaves && S->image.written[i]));
	return t;
}

/* A text of a site; None: not known. */
static PyObject *text_of(const gj_image *m, uint32_t at)
{
	return at ? PyUnicode_DecodeUTF8(m->text + at, (Py_ssize_t)strlen(m->text + at), "replace") : Py_NewRef(Py_None);
}

static PyObject *get_sites(PyObject *self, void *unused)
{
	(void)unused;
	static const char *const kind[GJ_NSITE_KINDS] = { "barrier", "raise", "assert", "wait", "index", "print", "race" };
	const gj_image *m = &S->image;
	PyObject *t = PyTuple_New(m->nsites);
	for (uint32_t i = 0; t && i < m->nsites; i++) {
		const gj_site *s = &m->site[i];
		PyObject *row = Py_BuildValue("sNiNNN", kind[s->kind], text_of(m, s->file), (int)s->line, text_of(m, s->function),
			text_of(m, s->exception), text_of(m, s->message));
		if (row)
			PyTuple_SET_ITEM(t, i, row);
		else
			Py_CLEAR(t);
	}
	return t;
}

static PyObject *get_device(PyObject *self, void *unused)
{
	(void)unused;
	return PyUnicode_FromString(S->dev->ops->kind);
}

static PyObject *get_code(PyObject *self, void *unused)
{
	(void)unused;
	return PyBytes_FromStringAndSize((const char *)S->image.code, (Py_ssize_t)S->image.ncode);
}

static PyGetSetDef getset[] = {
	{ "argtypes", get_argtypes, NULL, "Types of the arguments.", NULL },
	{ "argument_types", get_argtypes, NULL, "Types of the arguments.", NULL },
	{ "signature", get_signature, NULL, "Signature with these argument types, and what is returned.", NULL },
	{ "neighbours", get_neighbours, NULL, "How many threads of a launch one thread runs; 0: it could not be several.", NULL },
	{ "together", get_together, NULL, "CPU: do all warps of a block go from barrier to barrier in one call?", NULL },
	{ "rounds", get_rounds, NULL, "CPU: is it a loop over the grid whose rounds are run in turn?", NULL },
	{ "places", get_places, NULL, "CPU: do threads run in the order of their places in the grid, whatever its blocks?", NULL },
	{ "reach", get_reach, NULL, "CPU: along which axes are there as many threads as its loops over the grid have rounds, not as many as it is launched with?", NULL },
	{ "cooperative", get_cooperative, NULL, "Does it synchronise the whole grid?", NULL },
	{ "facts", get_facts, NULL, "What the optimiser took for granted: names of the facts.", NULL },
	{ "written", get_written, NULL, "Which arguments (tuples item by item) the kernel may write to.", NULL },
	{ "sites", get_sites, NULL, "Barriers (CPU), where threads end and where indices are checked, in the source: (kind, file, line, function, exception class, message or array).", NULL },
	{ "code", get_code, NULL, "The compiled code as bytes: a cubin, or on the CPU device an object.", NULL },
	{ "device_kind", get_device, NULL, "'cuda' or 'cpu'.", NULL },
#define X(name, field, doc) { #name, get_##name, NULL, doc, NULL },
	NUMBERS(X)
#undef X
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMethodDef methods[] = {
	{ "suggest_block", suggest_block, METH_VARARGS, "suggest_block(shared=0) -> (threads a block, blocks that fill the device)." },
	{ "active_blocks", active_blocks, METH_VARARGS, "active_blocks(threads, shared=0): blocks that a multiprocessor holds." },
	{ "max_cooperative_grid_blocks", (PyCFunction)(void (*)(void))cooperative_blocks, METH_VARARGS | METH_KEYWORDS,
		"max_cooperative_grid_blocks(blockdim, dynsmemsize=0): blocks that can run at the same time." },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_dealloc, kernel_dealloc }, { Py_tp_traverse, kernel_traverse }, { Py_tp_getset, getset }, { Py_tp_methods, methods },
	{ Py_tp_doc, "One compiled form of a kernel." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Kernel", sizeof(KernelObject), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots };

int gj_kernel_init(PyObject *m)
{
	return gj_add_type(m, &kernel_class, &spec, NULL);
}
