/* _core.Launcher: a dispatcher with its grid and block. Calling it reads the arguments and launches. */
#include "launch/launcher.h"

#include "launch/bind.h"
#include "launch/launch.h"
#include "memory/device.h"

typedef struct Launcher {
	PyObject_HEAD
	vectorcallfunc call;
	gj_dispatcher *disp;
	gj_launch_config config;
} Launcher;

static PyTypeObject *launcher_class;

enum { FREE_MAX = 16 };
static Launcher *free_list[FREE_MAX];
static int nfree;

/* Never changes once it is made, so it needs no tp_clear: any cycle leads through something that has one. */
static int launcher_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(((Launcher *)self)->disp);
	Py_VISIT(((Launcher *)self)->config.stream);
	return 0;
}

static void launcher_dealloc(PyObject *self)
{
	Launcher *l = (Launcher *)self;
	if (PyObject_GC_IsTracked(self))
		PyObject_GC_UnTrack(self);
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
	l->disp = (gj_dispatcher *)Py_NewRef(d);
	if (!gj_launch_config_read(&l->config, key, gj_dispatcher_name(d)))
		Py_CLEAR(l);
	else
		PyObject_GC_Track(l);
	return (PyObject *)l;
}

/* -- Calling it --------------------------------------------------------------------------------------------------- */

typedef struct { const gj_launch_config *config; gj_device *dev; } launch_on;

static bool launch_bound(gj_dispatcher *d, PyObject *const *arg, void *data)
{
	const launch_on *on = data;
	gj_args a;
	gj_args_init(&a, on->dev);
	bool ok = gj_read_args(d, &a, arg) && gj_launch_args(d, on->config, &a);
	gj_args_clear(&a);
	return ok;
}

static PyObject *launcher_call(PyObject *self, PyObject *const *arg, size_t nargsf, PyObject *kwnames)
{
	Launcher *l = (Launcher *)self;
	gj_device *dev = gj_device_current();
	Py_ssize_t n = PyVectorcall_NARGS(nargsf);
	if (!dev || !gj_launch_config_check(&l->config, dev))
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

static PyGetSetDef getset[] = {
	{ "griddim", get_grid, NULL, "Blocks of the grid: (x, y, z).", NULL },
	{ "blockdim", get_block, NULL, "Threads of a block: (x, y, z).", NULL },
	{ "stream", get_stream, NULL, "The stream; 0: the default.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMemberDef members[] = {
	{ "__vectorcalloffset__", T_PYSSIZET, offsetof(Launcher, call), READONLY, NULL },
	{ "dispatcher", T_OBJECT, offsetof(Launcher, disp), READONLY, "The kernel." },
	{ "sharedmem", T_UINT, offsetof(Launcher, config.shared), READONLY, "Bytes of dynamic shared memory." },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_dealloc, launcher_dealloc }, { Py_tp_traverse, launcher_traverse }, { Py_tp_call, PyVectorcall_Call },
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
