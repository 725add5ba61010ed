/* _core.Launcher: a dispatcher with its grid and block. Calling it reads the arguments, finds the compiled form, fills
 * one parameter buffer on the stack and launches; on a repeat launch no Python object is made. */
#include "memory/devarray.h"
#include "launch/dispatcher.h"
#include "types/typeobj.h"

#include <string.h>

typedef struct Launcher {
	PyObject_HEAD
	vectorcallfunc call;
	gj_dispatcher *disp;
	PyObject *stream;                          /* NULL: the default stream */
	uint32_t grid[3], block[3], shared;
} Launcher;

PyTypeObject *gj_launcher_class;

enum { FREE_MAX = 16, BUFFER = 2048 };
static Launcher *free_list[FREE_MAX];
static int nfree;

/* -- Configuration: kernel[grid, block, stream, shared] ------------------------------------------------------------------------------ */

static const char axis_name[] = "xyz";

/* Takes the number's reference. */
static bool wrong_extent(PyObject *number, bool zero, const char *what, int axis)
{
	PyObject *text = PyObject_Str(number);
	const char *s = text ? PyUnicode_AsUTF8(text) : "a number of thousands of digits";
	PyErr_Clear();
	if (zero)
		gj_error(GJ_ERR_CONFIG_ZERO, what, axis_name[axis]);
	else
		gj_error(GJ_ERR_CONFIG_RANGE, what, axis_name[axis], s);
	Py_XDECREF(text);
	Py_DECREF(number);
	return false;
}

/* One extent; false: exception. */
static bool read_extent(PyObject *o, const char *what, int axis, uint32_t *out)
{
	PyObject *n = PyLong_CheckExact(o) ? Py_NewRef(o) : PyNumber_Index(o);
	if (!n) {
		PyErr_Clear();
		return gj_error(GJ_ERR_CONFIG_TYPE, what, Py_TYPE(o)->tp_name), false;
	}
	int overflow;
	long long v = PyLong_AsLongLongAndOverflow(n, &overflow);
	if (overflow || v < 1 || v > UINT32_MAX)
		return wrong_extent(n, v == 0 && !overflow, what, axis);
	*out = (uint32_t)v;
	Py_DECREF(n);
	return true;
}

static bool read_shape(PyObject *o, const char *what, uint32_t out[3])
{
	out[0] = out[1] = out[2] = 1;
	if (PyLong_CheckExact(o))
		return read_extent(o, what, 0, &out[0]);
	if (!PyTuple_Check(o) && !PyList_Check(o))
		return read_extent(o, what, 0, &out[0]);
	Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
	if (n < 1 || n > 3)
		return gj_error(GJ_ERR_CONFIG_RANK, what, (int)n), false;
	for (int i = 0; i < n; i++)
		if (!read_extent(PySequence_Fast_GET_ITEM(o, i), what, i, &out[i]))
			return false;
	return true;
}

static bool read_shared(PyObject *o, uint32_t *out)
{
	long long v = PyIndex_Check(o) ? PyNumber_AsSsize_t(o, NULL) : -1;
	if (!PyIndex_Check(o))
		return gj_error(GJ_ERR_CONFIG_SHARED_TYPE, Py_TYPE(o)->tp_name), false;
	if (v < 0 || v > INT32_MAX)
		return gj_error(GJ_ERR_CONFIG_SHARED_RANGE, v), false;
	*out = (uint32_t)v;
	return true;
}

static bool read_config(Launcher *l, PyObject *key)
{
	Py_ssize_t n = PyTuple_Check(key) ? PyTuple_GET_SIZE(key) : 1;
	if (n < 2 || n > 4)
		return gj_error(GJ_ERR_CONFIG_COUNT, (int)n, gj_dispatcher_name(l->disp)), false;
	if (!read_shape(PyTuple_GET_ITEM(key, 0), "grid", l->grid) || !read_shape(PyTuple_GET_ITEM(key, 1), "block", l->block))
		return false;
	PyObject *stream = n > 2 ? PyTuple_GET_ITEM(key, 2) : Py_None;
	if (stream != Py_None && !(PyLong_CheckExact(stream) && PyLong_AsLong(stream) == 0 && !PyErr_Occurred()))
		l->stream = Py_NewRef(stream);
	PyErr_Clear();
	return n < 4 || read_shared(PyTuple_GET_ITEM(key, 3), &l->shared);
}

static void launcher_dealloc(PyObject *self)
{
	Launcher *l = (Launcher *)self;
	Py_CLEAR(l->disp);
	Py_CLEAR(l->stream);
	if (nfree < FREE_MAX)
		free_list[nfree++] = l;
	else
		PyObject_Free(l);
	Py_DECREF(gj_launcher_class);
}

static PyObject *launcher_call(PyObject *, PyObject *const *, size_t, PyObject *);

PyObject *gj_launcher_new(gj_dispatcher *d, PyObject *key)
{
	Launcher *l = nfree ? free_list[--nfree] : PyObject_Malloc(sizeof *l);
	if (!l)
		return PyErr_NoMemory();
	PyObject_Init((PyObject *)l, gj_launcher_class);
	l->call = launcher_call;
	l->disp = (gj_dispatcher *)Py_NewRef(d);
	l->stream = NULL;
	l->shared = 0;
	if (!read_config(l, key))
		Py_CLEAR(l);
	return (PyObject *)l;
}

/* -- What the device can do ------------------------------------------------------------------------------------------------------------ */

static bool check_config(const Launcher *l, const gj_device *dev)
{
	const gj_device_info *info = &dev->info;
	uint64_t threads = (uint64_t)l->block[0] * l->block[1] * l->block[2];
	if (threads > (uint64_t)info->max_threads_per_block || l->block[0] > INT32_MAX || l->block[1] > INT32_MAX)
		return gj_error(GJ_ERR_CONFIG_THREADS, (unsigned long long)threads, l->block[0], l->block[1], l->block[2],
			info->max_threads_per_block), false;
	for (int i = 0; i < 3; i++) {
		if (l->block[i] > (uint32_t)info->max_block[i])
			return gj_error(GJ_ERR_CONFIG_EXTENT, "block", axis_name[i], l->block[i], info->max_block[i]), false;
		if (l->grid[i] > (uint32_t)info->max_grid[i])
			return gj_error(GJ_ERR_CONFIG_EXTENT, "grid", axis_name[i], l->grid[i], info->max_grid[i]), false;
	}
	return true;
}

static bool check_kernel(const Launcher *l, const gj_special *s)
{
	uint64_t threads = (uint64_t)l->block[0] * l->block[1] * l->block[2];
	uint64_t shared = (uint64_t)l->shared + s->image.shared_bytes;
	if (shared > s->dev->info.shared_per_block_optin)
		return gj_error(GJ_ERR_CONFIG_SHARED, (unsigned long long)shared, s->image.shared_bytes, l->shared,
			s->dev->info.shared_per_block_optin), false;
	if (s->image.max_threads && threads > s->image.max_threads)
		return gj_error(GJ_ERR_CONFIG_BOUNDS, (unsigned long long)threads, s->image.max_threads), false;
	return true;
}

static bool warn_small(const Launcher *l, const gj_device *dev)
{
	uint64_t blocks = (uint64_t)l->grid[0] * l->grid[1] * l->grid[2];
	if (!gj_config.warn_low_occupancy || dev->ops->host_memory || blocks >= 128)
		return true;
	PyObject *cls = gj_import("gridjit.errors", "NumbaPerformanceWarning");
	int bad = !cls || PyErr_WarnFormat(cls, 1, "a grid of %d blocks leaves most of the GPU idle", (int)blocks);
	Py_XDECREF(cls);
	return !bad;
}

/* -- Arguments ------------------------------------------------------------------------------------------------------------------------------ */

/* Say which argument the pending exception is about. */
static void note_argument(const gj_dispatcher *d, Py_ssize_t i)
{
	PyObject *type, *value, *trace;
	PyErr_Fetch(&type, &value, &trace);
	PyErr_NormalizeException(&type, &value, &trace);
	PyObject *done = value ? PyObject_CallMethod(value, "add_note", "N", PyUnicode_FromFormat("  argument '%U' of %U()",
		PyTuple_GET_ITEM(d->params, i), d->name)) : NULL;
	Py_XDECREF(done);
	PyErr_Clear();
	PyErr_Restore(type, value, trace);
}

static bool read_args(gj_dispatcher *d, gj_args *a, PyObject *const *arg)
{
	for (uint32_t i = 0; i < d->nparams; i++)
		if (!gj_args_add(a, arg[i])) {
			note_argument(d, i);
			return false;
		}
	return true;
}

/* "a, x and y" style list is more than an error needs: names with commas. */
static PyObject *parameter_list(const gj_dispatcher *d)
{
	PyObject *comma = PyUnicode_FromString(", "), *text = comma ? PyUnicode_Join(comma, d->params) : NULL;
	Py_XDECREF(comma);
	return text;
}

static bool wrong_count(const gj_dispatcher *d, Py_ssize_t given)
{
	PyObject *list = parameter_list(d);
	if (list)
		gj_error(GJ_ERR_CALL_ARGS, gj_dispatcher_name(d), d->star ? "at least " : "", d->nparams - d->star,
			PyUnicode_AsUTF8(list), (int)given);
	Py_XDECREF(list);
	return false;
}

static bool wrong_keyword(const gj_dispatcher *d, PyObject *name, bool unknown)
{
	const char *s = PyUnicode_AsUTF8(name);
	PyObject *list = parameter_list(d);
	if (s && list && unknown)
		gj_error(GJ_ERR_CALL_KEYWORD, gj_dispatcher_name(d), s, PyUnicode_AsUTF8(list));
	else if (s && list)
		gj_error(GJ_ERR_CALL_AGAIN, gj_dispatcher_name(d), s);
	Py_XDECREF(list);
	return false;
}

static Py_ssize_t parameter(const gj_dispatcher *d, PyObject *name)
{
	for (uint32_t i = d->nposonly; i < d->nparams; i++)
		if (PyUnicode_Compare(PyTuple_GET_ITEM(d->params, i), name) == 0)
			return i;
	return -1;
}

static bool bind_keywords(const gj_dispatcher *d, PyObject *const *value, PyObject *kwnames, PyObject **out)
{
	for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(kwnames); k++) {
		PyObject *name = PyTuple_GET_ITEM(kwnames, k);
		Py_ssize_t i = parameter(d, name);
		if (i < 0 || out[i])
			return wrong_keyword(d, name, i < 0);
		out[i] = value[k];
	}
	return true;
}

static PyObject *default_of(const gj_dispatcher *d, Py_ssize_t i)
{
	Py_ssize_t first = d->npositional - (d->defaults ? PyTuple_GET_SIZE(d->defaults) : 0);
	if (i < d->npositional)
		return i < first ? NULL : PyTuple_GET_ITEM(d->defaults, i - first);
	return d->kwdefaults ? PyDict_GetItem(d->kwdefaults, PyTuple_GET_ITEM(d->params, i)) : NULL;
}

/* Positional and keyword arguments and defaults to one array in the order of the parameters. *rest: a reference to what
 * *args takes. */
static bool bind(const gj_dispatcher *d, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames, PyObject **out, PyObject **rest)
{
	Py_ssize_t own = Py_MIN(n, d->npositional);
	if (n > own && !d->star)
		return wrong_count(d, n);
	memset(out, 0, d->nparams * sizeof *out);
	memcpy(out, arg, (size_t)own * sizeof *out);
	if (d->star) {
		*rest = out[d->nparams - 1] = PyTuple_New(n - own);
		for (Py_ssize_t i = own; *rest && i < n; i++)
			PyTuple_SET_ITEM(*rest, i - own, Py_NewRef(arg[i]));
		if (!*rest)
			return false;
	}
	if (kwnames && !bind_keywords(d, arg + n, kwnames, out))
		return false;
	for (Py_ssize_t i = 0; i < d->nparams; i++)
		if (!out[i] && !(out[i] = default_of(d, i)))
			return wrong_count(d, n + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0));
	return true;
}

/* Arguments as `use` wants them: each in its place. */
typedef bool bound_use(gj_dispatcher *, PyObject *const *, void *);

static bool with_bound(gj_dispatcher *d, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames, bound_use *use, void *data)
{
	PyObject **bound = PyMem_New(PyObject *, d->nparams + 1), *rest = NULL;
	if (!bound)
		return PyErr_NoMemory(), false;
	bool ok = bind(d, arg, n, kwnames, bound, &rest) && use(d, bound, data);
	Py_XDECREF(rest);
	PyMem_Free(bound);
	return ok;
}

/* -- Specialisation ---------------------------------------------------------------------------------------------------------------------------- */

static uint32_t exact(const gj_allowed *s, const gj_args *a)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < a->nargs; i++)
		n += s->arg[i] == a->type[i];
	return n;
}

static bool convertible(const gj_allowed *s, const gj_args *a)
{
	for (uint32_t i = 0; i < a->nargs; i++)
		if (!gj_args_fit(a->type[i], s->arg[i]))
			return false;
	return true;
}

/* Arguments of a kernel with explicit signatures: those of the signature that fits best, converted. */
static bool fit_signature(gj_dispatcher *d, gj_args *a)
{
	gj_allowed *best = NULL;
	for (gj_allowed *s = d->allowed; s; s = s->next)
		if (s->n == a->nargs && convertible(s, a) && (!best || exact(s, a) > exact(best, a)))
			best = s;
	if (best)
		return gj_args_convert(a, best->arg);
	PyObject *given = gj_signature_new(NULL, a->type, a->nargs), *text = given ? PyObject_Repr(given) : NULL;
	if (text)
		gj_error(GJ_ERR_NO_OVERLOAD, gj_dispatcher_name(d), PyUnicode_AsUTF8(text));
	Py_XDECREF(text);
	Py_XDECREF(given);
	return false;
}

/* What grid and block leave of the facts that depend on them. */
static uint32_t config_facts(const Launcher *l)
{
	uint32_t facts = GJ_FACT_IDX32;
	for (int d = 0; d < 3; d++)
		if (l->grid[d] >= 1u << 23 || (uint64_t)l->grid[d] * l->block[d] >= 1u << 30)
			facts = 0;
	if (l->block[0] % 32 == 0 || (l->block[1] == 1 && l->block[2] == 1))
		facts |= GJ_FACT_LANES_X;
	else if (l->block[0] % 8 == 0)
		facts |= l->block[0] % 16 == 0 ? GJ_FACT_ROWS_16 : GJ_FACT_ROWS_8;
	if (l->block[1] % 8 == 0)
		facts |= l->block[1] % 32 == 0 ? GJ_FACT_COLUMNS_32 : l->block[1] % 16 == 0 ? GJ_FACT_COLUMNS_16 : GJ_FACT_COLUMNS_8;
	if (l->block[2] % 8 == 0)
		facts |= l->block[2] % 32 == 0 ? GJ_FACT_DEPTHS_32 : l->block[2] % 16 == 0 ? GJ_FACT_DEPTHS_16 : GJ_FACT_DEPTHS_8;
	if (l->block[0] * l->block[1] * l->block[2] % 32 == 0)
		facts |= GJ_FACT_FULL_WARPS;
	return facts;
}

/* false: the kernel writes to an array that is read-only although the signature does not say so. */
static bool only_reads(const gj_dispatcher *d, const gj_special *s, const gj_args *a)
{
	uint32_t leaf = 0;
	for (uint32_t i = 0; i < a->nargs; i++)
		for (uint32_t end = leaf + gj_leaves_of(a->type[i]); leaf < end; leaf++)
			if (a->leaf[leaf].readonly && leaf < s->image.nleaves && s->image.written[leaf]) {
				gj_error(GJ_ERR_READONLY, a->type[i]->name);
				note_argument(d, i);
				return false;
			}
	return true;
}

static gj_special *specialise(gj_dispatcher *d, gj_args *a, uint32_t config)
{
	if (d->locked && !fit_signature(d, a))
		return NULL;
	uint32_t facts = gj_args_facts(a) & (config | ~(uint32_t)GJ_FACT_IDX32);
	gj_special *s = gj_special_get(d, a->dev, a->type, a->nargs, facts | (config & GJ_FACTS_BLOCK));
	return s && d->locked && !only_reads(d, s, a) ? NULL : s;
}

static bool find_special(gj_dispatcher *d, PyObject *const *arg, void *out)
{
	gj_special **s = out;
	gj_device *dev = gj_device_current();
	gj_args a;
	if (!dev)
		return false;
	gj_args_init(&a, dev);
	if (read_args(d, &a, arg) && gj_args_place(&a, NULL)) {
		*s = specialise(d, &a, GJ_FACT_IDX32 | GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS);
		gj_args_return(&a, NULL, NULL, false);
	}
	gj_args_clear(&a);
	return *s != NULL;
}

gj_special *gj_special_for(gj_dispatcher *d, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames)
{
	gj_special *s = NULL;
	return with_bound(d, arg, n, kwnames, find_special, &s) ? s : NULL;
}

static bool list_types(gj_dispatcher *d, PyObject *const *arg, void *out)
{
	PyObject **types = out;
	gj_args a;
	gj_args_init(&a, NULL);
	*types = read_args(d, &a, arg) ? gj_types_to_py(a.type, a.nargs) : NULL;
	gj_args_clear(&a);
	return *types != NULL;
}

PyObject *gj_argument_types(gj_dispatcher *d, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames)
{
	PyObject *types = NULL;
	return with_bound(d, arg, n, kwnames, list_types, &types) ? types : NULL;
}

/* -- The launch ---------------------------------------------------------------------------------------------------------------------------------- */

/* Bytes of an array without gaps. */
static int64_t bytes_of(const gj_arg *x)
{
	int64_t n = x->type->elem->size;
	for (uint32_t d = 0; d < x->type->ndim; d++)
		n *= x->shape[d];
	return n;
}

static void fill(const gj_image *im, const gj_args *a, char *buffer)
{
	for (uint32_t i = 0; i < im->nparams; i++) {
		const gj_param *p = &im->param[i];
		const gj_arg *x = &a->leaf[p->leaf];
		char *to = buffer + p->offset;
		int64_t v;
		switch (p->field) {
		case GJ_FIELD_VALUE: memcpy(to, x->value.b, p->size); continue;
		case GJ_FIELD_DATA:  v = (int64_t)x->data; break;
		case GJ_FIELD_SHAPE: v = x->shape[p->dim]; break;
		case GJ_FIELD_BYTES: v = bytes_of(x); break;
		default:             v = x->strides[p->dim]; break;
		}
		memcpy(to, &v, p->size);               /* little-endian: the low bytes come first */
	}
}

static gj_status launch(const Launcher *l, gj_special *s, const gj_args *a, gj_stream *stream)
{
	char small[BUFFER] __attribute__((aligned(16)));
	size_t n = s->image.param_bytes;
	char *buffer = n <= sizeof small ? small : PyMem_RawMalloc(n);
	if (!buffer)
		return GJ_E_NOMEM;
	fill(&s->image, a, buffer);
	gj_launch what = { { l->grid[0], l->grid[1], l->grid[2] }, { l->block[0], l->block[1], l->block[2] }, l->shared, stream,
		buffer, n };
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = s->dev->ops->launch(s->dev, s->kernel, &what);
	Py_END_ALLOW_THREADS
	if (buffer != small)
		PyMem_RawFree(buffer);
	return status;
}

/* The stream asked for, else the one that the foreign arrays' library works on, else the default. */
static bool choose_stream(const Launcher *l, const gj_args *a, gj_stream **out)
{
	*out = NULL;
	if (l->stream)
		return gj_stream_of(l->stream, a->dev, out) == 0;
	return !a->producer || (*out = gj_stream_wrapped(a->dev, a->producer)) != NULL;
}

/* Host arrays are back when the call returns, unless the user named a stream to wait for. */
static bool settle(const Launcher *l, const gj_args *a, gj_stream *stream)
{
	gj_status status = GJ_OK;
	if (!a->nhost || l->stream || !stream)
		return true;
	Py_BEGIN_ALLOW_THREADS
	status = a->dev->ops->stream_sync(a->dev, stream);
	Py_END_ALLOW_THREADS
	return status == GJ_OK || (gj_status_error(status, "copying array arguments back"), false);
}

static bool run(const Launcher *l, gj_args *a)
{
	gj_stream *stream;
	if (!choose_stream(l, a, &stream) || (a->nhost && !gj_args_place(a, stream)))
		return gj_args_return(a, NULL, NULL, false);
	gj_special *s = specialise(l->disp, a, config_facts(l));
	bool ok = s && check_kernel(l, s);
	gj_status status = ok ? launch(l, s, a, stream) : GJ_OK;
	if (status != GJ_OK) {
		char what[200];
		PyOS_snprintf(what, sizeof what, "the launch of %s", gj_dispatcher_name(l->disp));
		gj_status_error(status, what);
		ok = false;
	}
	return gj_args_return(a, stream, s ? &s->image : NULL, ok) && settle(l, a, stream);
}

typedef struct { const Launcher *launcher; gj_device *dev; } launch_on;

static bool launch_bound(gj_dispatcher *d, PyObject *const *arg, void *data)
{
	const launch_on *on = data;
	gj_args a;
	gj_args_init(&a, on->dev);
	bool ok = read_args(d, &a, arg) && run(on->launcher, &a);
	gj_args_clear(&a);
	return ok;
}

static PyObject *launcher_call(PyObject *self, PyObject *const *arg, size_t nargsf, PyObject *kwnames)
{
	Launcher *l = (Launcher *)self;
	gj_device *dev = gj_device_current();
	Py_ssize_t n = PyVectorcall_NARGS(nargsf);
	if (!dev || !check_config(l, dev) || !warn_small(l, dev))
		return NULL;
	bool as_given = !kwnames && n == l->disp->nparams && n == l->disp->npositional;
	launch_on on = { l, dev };
	if (as_given ? !launch_bound(l->disp, arg, &on) : !with_bound(l->disp, arg, n, kwnames, launch_bound, &on))
		return NULL;
	Py_RETURN_NONE;
}

/* -- The type -------------------------------------------------------------------------------------------------------------------------------------- */

static PyObject *get_grid(PyObject *self, void *unused)
{
	(void)unused;
	const uint32_t *g = ((Launcher *)self)->grid;
	return Py_BuildValue("III", g[0], g[1], g[2]);
}

static PyObject *get_block(PyObject *self, void *unused)
{
	(void)unused;
	const uint32_t *b = ((Launcher *)self)->block;
	return Py_BuildValue("III", b[0], b[1], b[2]);
}

static PyObject *get_stream(PyObject *self, void *unused)
{
	(void)unused;
	PyObject *s = ((Launcher *)self)->stream;
	return s ? Py_NewRef(s) : PyLong_FromLong(0);
}

static PyGetSetDef getset[] = {
	{ "griddim", get_grid, NULL, "Blocks of the grid: (x, y, z).", NULL },
	{ "blockdim", get_block, NULL, "Threads of a block: (x, y, z).", NULL },
	{ "stream", get_stream, NULL, "The stream; 0: the default.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMemberDef members[] = {
	{ "__vectorcalloffset__", T_PYSSIZET, offsetof(Launcher, call), READONLY, NULL },
	{ "dispatcher", T_OBJECT, offsetof(Launcher, disp), READONLY, "The kernel." },
	{ "sharedmem", T_UINT, offsetof(Launcher, shared), READONLY, "Bytes of dynamic shared memory." },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_dealloc, launcher_dealloc }, { Py_tp_call, PyVectorcall_Call }, { Py_tp_getset, getset },
	{ Py_tp_members, members }, { Py_tp_doc, "A kernel with grid and block: call it to launch." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Launcher", sizeof(Launcher), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots };

int gj_launcher_init(PyObject *m)
{
	return gj_add_type(m, &gj_launcher_class, &spec, NULL);
}
