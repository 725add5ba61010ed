/* A launch like the last one: most pass the same device arrays and other numbers to the same grid. Their kernel keeps, of the last one, what
 * proves that (the serials of its arrays, the classes of its numbers) and what the device was given. It keeps no array alive. The driver
 * leaves cold caches behind, so what a launch reads here lies close together. */
#include "launch/again.h"

#include "launch/argument.h"
#include "launch/bind.h"
#include "memory/devarray.h"

#include <stddef.h>
#include <string.h>

enum { MOST = 14 /* arguments */ };

/* How an argument is known again: an array by its serial, None and numbers by their class. NUMPY: one that is never freed, of NumPy's own. */
enum { ARRAY, FOREIGN, NONE, BOOL, INT, FLOAT, NUMPY, UNKNOWN };
typedef struct seen {
	union { uint64_t serial; PyTypeObject *cls; } as;
	uint16_t at;                               /* where a number goes in the buffer, … */
	uint8_t  size, kind;                       /* … and its bytes; 0: the kernel has no use for it */
} seen;

struct gj_again_launch {
	const gj_specialisation *form;             /* NULL: nothing is kept */
	uint32_t n;
	gj_kernel *kernel;
	PyTypeObject *arrays;                      /* the class of all arrays, a reference; NULL: there are none */
	gj_reader reader;                          /* of this class, if it is another library's; else read NULL */
	gj_view  *view;                            /* FOREIGN: one for each argument; NULL: never needed */
	unsigned long notes;                       /* how often this was written */
	gj_launch launch;
	seen arg[MOST];
	char buffer[GJ_AGAIN_BYTES];
};

/* -- Noting a launch ---------------------------------------------------------------------------------------------- */

static int kind_of(PyObject *o, const gj_arg *leaf)
{
	bool numpy = PyArray_IsScalar(o, Number) && !PyType_HasFeature(Py_TYPE(o), Py_TPFLAGS_HEAPTYPE);
	return leaf->serial ? (PyObject_TypeCheck(o, gj_devarray_class) ? ARRAY : UNKNOWN)     /* not one in a tuple */
		: leaf->type->kind == GJ_ARRAY ? FOREIGN
		: o == Py_None ? NONE
		: PyBool_Check(o) ? BOOL
		: PyLong_CheckExact(o) && leaf->type->kind == GJ_I64 ? INT
		: PyFloat_CheckExact(o) ? FLOAT
		: numpy && gj_is_scalar(leaf->type) ? NUMPY
		: UNKNOWN;
}

/* Where the number of leaf i goes, if that is one place at most. What a launch itself says stands beside leaf 0. */
static bool find_place(const gj_image *im, uint32_t i, seen *x)
{
	for (const gj_param *p = im->param; p < im->param + im->nparams; p++) {
		if (p->leaf != i || p->field != GJ_FIELD_VALUE)
			continue;
		if (x->size || p->dim)
			return false;
		x->at = p->offset;
		x->size = p->size;
	}
	return true;
}

/* Is it of the class of all arrays? */
static bool is_of(gj_again_launch *m, PyObject *o)
{
	if (!m->arrays)
		m->arrays = (PyTypeObject *)Py_NewRef(Py_TYPE(o));
	return m->arrays == Py_TYPE(o);
}

static bool note_view(gj_again_launch *m, const gj_arg *leaf, uint32_t i)
{
	const gj_reader *r = gj_known_reader(m->arrays);
	if (!r || (!m->view && !(m->view = PyMem_Calloc(MOST, sizeof *m->view))))
		return false;
	m->reader = *r;
	return gj_foreign_view(r, leaf, &m->view[i]);
}

static bool note_one(gj_again_launch *m, const gj_image *im, const gj_arg *leaf, uint32_t i, PyObject *o)
{
	seen *x = &m->arg[i];
	*x = (seen){ .kind = (uint8_t)kind_of(o, leaf) };
	if (x->kind == FOREIGN)
		return is_of(m, o) && note_view(m, leaf, i);
	if (x->kind != ARRAY) {
		x->as.cls = Py_TYPE(o);
		return x->kind != UNKNOWN && find_place(im, i, x);
	}
	x->as.serial = leaf->serial;
	return is_of(m, o);
}

void gj_again_note(gj_dispatcher *d, const gj_launch_config *c, const gj_args *a, PyObject *const *arg, const gj_launch *what)
{
	gj_again_launch *m = d->again;
	if (a->nargs > MOST || a->nleaves != a->nargs || what->nparams > GJ_AGAIN_BYTES)
		return;
	if (!m && !(m = d->again = PyMem_Calloc(1, sizeof *m)))
		return;
	PyTypeObject *before = m->arrays;
	bool ok = c->settings == a->settings;      /* the form may have been found before they changed */
	m->form = NULL;
	m->arrays = NULL;
	m->reader.read = NULL;
	m->notes++;
	for (uint32_t i = 0; i < a->nargs && ok; i++)
		ok = note_one(m, &d->last->image, &a->leaf[i], i, arg[i]);
	if (ok) {
		m->form = d->last;
		d->recent = *c;
		d->recent.fits = a->dev;
		d->recent.stream = NULL;
		m->n = a->nargs;
		m->kernel = d->last->kernel;
		m->launch = *what;
		memcpy(m->buffer, what->params, what->nparams);
	}
	Py_XDECREF(before);
}

void gj_again_free(gj_again_launch *m)
{
	if (!m)
		return;
	Py_XDECREF(m->arrays);
	PyMem_Free(m->view);
	PyMem_Free(m);
}

int gj_again_visit(const gj_again_launch *m, visitproc visit, void *arg)
{
	if (m)
		Py_VISIT(m->arrays);
	return 0;
}

/* -- One like it -------------------------------------------------------------------------------------------------- */

/* A number of the class that was seen goes into the buffer; false: it is not one that its type holds. */
static inline bool put(const seen *x, PyObject *o, char *buffer)
{
	uint8_t value[16];
	bool truth = o == Py_True;
	int64_t integer;
	double real;
	const void *from = value;
	switch (x->kind) {
	case INT:
		if (!gj_int64(o, &integer))
			return false;
		from = &integer;
		break;
	case FLOAT: real = PyFloat_AS_DOUBLE(o), from = &real; break;
	case BOOL:  from = &truth; break;
	case NUMPY: PyArray_ScalarAsCtype(o, value); break;
	default:    return true;
	}
	if (x->size == 8)
		memcpy(buffer + x->at, from, 8);
	else
		memcpy(buffer + x->at, from, x->size);
	return true;
}

gj_kernel *gj_again(const gj_dispatcher *d, const gj_launch_config *c, gj_device *dev, PyObject *const *arg, gj_launch *what, char *buffer)
{
	const gj_again_launch *m = d->again;
	if (!m || !m->form || m->form != d->last || d->locked || d->recent.settings != gj_config.changes || d->recent.fits != dev
		|| memcmp(&d->recent, c, offsetof(gj_launch_config, fits)))
		return NULL;
	unsigned long notes = m->notes;
	for (size_t at = 0; at < m->launch.nparams; at += 32)
		memcpy(buffer + at, m->buffer + at, 32);
	for (uint32_t i = 0, n = m->n; i < n; i++) {
		const seen *x = &m->arg[i];
		PyTypeObject *cls = Py_TYPE(arg[i]);
		bool same = x->kind == ARRAY ? cls == m->arrays && ((gj_devarray *)arg[i])->serial == x->as.serial
			: x->kind == FOREIGN ? cls == m->arrays && gj_foreign_same(&m->reader, arg[i], dev, &m->view[i])
			: cls == x->as.cls && put(x, arg[i], buffer);
		if (!same && PyErr_Occurred())
			gj_note_argument(d, i);
		if (!same || m->notes != notes)        /* another library's code may have launched the kernel */
			return NULL;
	}
	*what = m->launch;
	what->params = buffer;
	what->stream = NULL;
	if (m->reader.read && !c->stream && !gj_foreign_stream(&m->reader, dev, &what->stream))
		return NULL;
	return m->notes == notes && m->form == d->last ? m->kernel : NULL;
}
