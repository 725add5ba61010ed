/* _core.Launcher: a dispatcher with its grid and block. Calling it reads the arguments and launches. */
#include "launch/launcher.h"

#include "launch/bind.h"
#include "launch/launch.h"
#include "memory/device.h"

typedef struct Launcher {
	PyObject_HEAD
	vectorcallfunc call;
	gj_dispatcher *disp;
	PyObject *callbacks, *args;                /* a list, or NULL: nobody has asked for it; of the launch, while they are called, or NULL */
	gj_launch_config config;
} Launcher;

static PyTypeObject *launcher_class;

enum { FREE_MAX = 16 };
static Launcher *free_list[FREE_MAX];
static int nfree;

static int launcher_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(((Launcher *)self)->disp);
	Py_VISIT(((Launcher *)self)->config.stream);
	Py_VISIT(((Launcher *)self)->callbacks);
	Py_VISIT(((Launcher *)self)->args);
	return 0;
}

/* The rest never changes, so a cycle that leads through it leads through something that has a tp_clear. */
static int launcher_clear(PyObject *self)
{
	Py_CLEAR(((Launcher *)self)->callbacks);
	Py_CLEAR(((Launcher *)self)->args);
	return 0;
}

static void launcher_dealloc(PyObject *self)
{
	Launcher *l = (Launcher *)self;
	if (PyObject_GC_IsTracked(self))
		PyObject_GC_UnTrack(self);
	launcher_clear(self);
	Py_CLEAR(l->disp);
	Py_CLEAR(l->config.stream);
	if (nfree < FREE_MAX)
		free_list[nfree++] = l;
	else
		PyObject_GC_Del(l);
	Py_DECREF(launcher_class);
}

static PyObject *launcher_call(PyObject *, PyObject *const *, size_t, PyObject *);

PyObject *gj_launcher_new(gj_dispatcher *d, PyObject *key)
{
	Launcher *l = nfree ? (Launcher *)PyObject_Init((PyObject *)free_list[--nfree], launcher_class)
		: PyObject_GC_New(Launcher, launcher_class);
	if (!l)
		return NULL;
	l->call = launcher_call;
	l->callbacks = l->args = NULL;
	l->disp = (gj_dispatcher *)Py_NewRef(d);
	if (!gj_launch_config_read(&l->config, key, d))
		Py_CLEAR(l);
	else
		PyObject_GC_Track(l);
	return (PyObject *)l;
}

/* -- Calling it --------------------------------------------------------------------------------------------------- */

typedef struct { const gj_launch_config *config; gj_device *dev; } launch_on;

static __attribute__((noinline)) bool launch_read(gj_dispatcher *d, PyObject *const *arg, const launch_on *on)
{
	gj_args a;
	gj_args_init(&a, on->dev);
	bool ok = gj_read_args(d, &a, arg) && gj_launch_args(d, on->config, &a, arg);
	gj_args_clear(&a);
	return ok;
}

static bool launch_bound(gj_dispatcher *d, PyObject *const *arg, void *data)
{
	const launch_on *on = data;
	bool ok;
	return gj_launch_again(d, on->config, on->dev, arg, &ok) ? ok : launch_read(d, arg, on);
}

/* Each callback is given the compiled kernel and the launcher, whose `args` they may look at. */
static bool call_back(Launcher *l, PyObject *const *arg, size_t nargsf, PyObject *kwnames)
{
	Py_ssize_t n = PyVectorcall_NARGS(nargsf);
	PyObject *find = PyObject_GetAttrString((PyObject *)l->disp, "_kernel_for"), *args = find ? PyTuple_New(n) : NULL;
	PyObject *kernel = args ? PyObject_Vectorcall(find, arg, (size_t)n, kwnames) : NULL;
	for (Py_ssize_t i = 0; args && i < n; i++)
		PyTuple_SET_ITEM(args, i, Py_NewRef(arg[i]));
	bool ok = kernel;
	Py_XSETREF(l->args, args);
	for (Py_ssize_t i = 0; ok && l->callbacks && i < PyList_GET_SIZE(l->callbacks); i++) {
		PyObject *f = Py_NewRef(PyList_GET_ITEM(l->callbacks, i)), *done = PyObject_CallFunctionObjArgs(f, kernel, l, NULL);
		ok = done;
		Py_XDECREF(done);
		Py_DECREF(f);
	}
	Py_CLEAR(l->args);
	Py_XDECREF(kernel);
	Py_XDECREF(find);
	return ok;
}

static PyObject *launcher_call(PyObject *self, PyObject *const *arg, size_t nargsf, PyObject *kwnames)
{
	Launcher *l = (Launcher *)self;
	gj_device *dev = gj_device_current();
	Py_ssize_t n = PyVectorcall_NARGS(nargsf);
	if (!dev || !gj_launch_config_check(&l->config, dev))
		return NULL;
	if (l->callbacks && PyList_GET_SIZE(l->callbacks) && !call_back(l, arg, nargsf, kwnames))
		return NULL;
	bool as_given = !kwnames && n == l->disp->nparams && n == l->disp->npositional;
	launch_on on = { &l->config, dev };
	if (as_given ? !launch_bound(l->disp, arg, &on) : !gj_with_bound(l->disp, arg, n, kwnames, launch_bound, &on))
		return NULL;
	Py_RETURN_NONE;
}

/* -- The type ----------------------------------------------------------------------------------------------------- */

static PyObject *get_grid(PyObject *self, void *unused)
{
	(void)unused;
	const uint32_t *g = ((Launcher *)self)->config.grid;
	return Py_BuildValue("III", g[0], g[1], g[2]);
}

static PyObject *get_block(PyObject *self, void *unused)
{
	(void)unused;
	const uint32_t *b = ((Launcher *)self)->config.block;
	return Py_BuildValue("III", b[0], b[1], b[2]);
}

static PyObject *get_stream(PyObject *self, void *unused)
{
	(void)unused;
	PyObject *s = ((Launcher *)self)->config.stream;
	return s ? Py_NewRef(s) : PyLong_FromLong(0);
}

static PyObject *get_callbacks(PyObject *self, void *unused)
{
	(void)unused;
	Launcher *l = (Launcher *)self;
	if (!l->callbacks && !(l->callbacks = PyList_New(0)))
		return NULL;
	return Py_NewRef(l->callbacks);
}

static PyGetSetDef getset[] = {
	{ "pre_launch_callbacks", get_callbacks, NULL, "List of functions of the compiled kernel and this, which are called before each launch.", NULL },
	{ "griddim", get_grid, NULL, "Blocks of the grid: (x, y, z).", NULL },
	{ "blockdim", get_block, NULL, "Threads of a block: (x, y, z).", NULL },
	{ "stream", get_stream, NULL, "The stream; 0: the default.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMemberDef members[] = {
	{ "__vectorcalloffset__", T_PYSSIZET, offsetof(Launcher, call), READONLY, NULL },
	{ "args", T_OBJECT, offsetof(Launcher, args), READONLY, "The positional arguments, while pre_launch_callbacks are called; else None." },
	{ "dispatcher", T_OBJECT, offsetof(Launcher, disp), READONLY, "The kernel." },
	{ "sharedmem", T_UINT, offsetof(Launcher, config.shared), READONLY, "Bytes of dynamic shared memory." },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_dealloc, launcher_dealloc }, { Py_tp_traverse, launcher_traverse }, { Py_tp_clear, launcher_clear }, { Py_tp_call, PyVectorcall_Call },
	{ Py_tp_getset, getset },
	{ Py_tp_members, members }, { Py_tp_doc, "A kernel with grid and block: call it to launch." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Launcher", sizeof(Launcher), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE
	| Py_TPFLAGS_DISALLOW_INSTANTIATION, slots };

int gj_launcher_init(PyObject *m)
{
	return gj_add_type(m, &launcher_class, &spec, NULL);
}
