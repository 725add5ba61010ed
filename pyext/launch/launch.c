/* A launch: the arguments in their places on the device, one parameter buffer on the stack, the device's queue. On a
 * repeated launch no Python object is made. */
#include "launch/launch.h"

#include "interrupt.h"
#include "launch/again.h"
#include "launch/overload.h"
#include "launch/transfer.h"
#include "memory/stream.h"
#include "printed.h"

#include <string.h>

enum { BUFFER = 2048 };

/* Where a thread runs `each` neighbours: are blocks fewer by that, or is each smaller? A multiprocessor holds few blocks at a time, and
 * small ones leave it idle between them. */
static bool fewer_blocks(const gj_launch_config *c, uint32_t each)
{
	enum { LEAST = 128 };
	return c->grid[0] % each == 0 && c->block[0] * c->block[1] * c->block[2] < each * LEAST;
}

static gj_status run(gj_device *dev, gj_kernel *kernel, const gj_launch *what)
{
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = dev->ops->launch(dev, kernel, what);
	Py_END_ALLOW_THREADS
	gj_show_any();
	return status;
}

/* Where nothing happens to the arguments but that they are read, the next launch may be the same. */
static bool can_be_noted(const gj_dispatcher *d, const gj_specialisation *s, const gj_args *a)
{
	return !a->narrays && !a->nrefs && s == d->last && !s->image.straight && !s->image.spins && !d->locked && !d->base.debug;
}

static gj_status launch(gj_dispatcher *d, const gj_launch_config *c, const gj_specialisation *s, const gj_args *a, PyObject *const *arg,
	gj_stream *stream)
{
	char small[BUFFER] __attribute__((aligned(16)));
	size_t n = s->image.param_bytes;
	char *buffer = n <= sizeof small ? small : PyMem_RawMalloc(n);
	if (!buffer)
		return GJ_E_NOMEM;
	memset(buffer, 0, n);                      /* between parameters, too */
	gj_args_fill(&s->image, a, c->block[0], buffer);
	uint32_t each = s->image.neighbours > 1 ? s->image.neighbours : 1, fewer = fewer_blocks(c, each) ? each : 1;
	gj_launch what = { { c->grid[0] / fewer, c->grid[1], c->grid[2] }, { c->block[0] / (each / fewer), c->block[1], c->block[2] }, c->shared,
		stream, buffer, n, s->image.spins && gj_is_only_thread() };
	if (arg && can_be_noted(d, s, a))
		gj_again_note(d, c, a, arg, &what);
	gj_status status = run(s->dev, s->kernel, &what);
	if (buffer != small)
		PyMem_RawFree(buffer);
	return status;
}

/* The stream asked for, else the one that the foreign arrays' library works on, else the default. */
static bool choose_stream(const gj_launch_config *c, const gj_args *a, gj_stream **out)
{
	*out = NULL;
	if (c->stream)
		return gj_stream_of(c->stream, a->dev, out) == 0;
	return !a->producer || (*out = gj_stream_wrapped(a->dev, a->producer)) != NULL;
}

/* Host arrays are back when the call returns, unless the user named a stream to wait for; a kernel that is debugged has ended. */
static bool settle(const gj_dispatcher *d, const gj_launch_config *c, const gj_args *a, gj_stream *stream)
{
	gj_status status = GJ_OK;
	bool back = a->nhost && !c->stream && stream;
	if (!back && (!d->base.debug || a->dev->ops->host_memory))
		return true;
	Py_BEGIN_ALLOW_THREADS
	status = a->dev->ops->stream_sync(a->dev, stream);
	Py_END_ALLOW_THREADS
	gj_show_any();
	return status == GJ_OK || (gj_status_error(status, back ? "copying array arguments back" : "waiting for a kernel with debug=True"), false);
}

/* What is being launched, while it may be compiled for that. */
typedef struct { const gj_launch_config *config; gj_dispatcher *kernel; } launching;
static _Thread_local launching now;

/* Tells who watches that it was compiled, if it was; false: exception. */
static bool told(gj_dispatcher *d, unsigned long before)
{
	if (!d->watch || d->watch == Py_None || d->hits + d->misses == before)
		return true;
	PyObject *done = PyObject_CallNoArgs(d->watch);
	Py_XDECREF(done);
	return done;
}

/* Has the grid a thread for each item along the first dimension of all arrays? */
static uint32_t covered(const gj_launch_config *c, const gj_args *a)
{
	int64_t threads = (int64_t)c->grid[0] * c->block[0];
	for (uint32_t i = 0; i < a->nleaves; i++)
		if (a->leaf[i].type->kind == GJ_ARRAY && a->leaf[i].type->ndim && a->leaf[i].shape[0] > threads)
			return 0;
	return GJ_FACT_COVERED;
}

/* The form of s with straight code, where blocks are of the size for it and so many have been launched that what they gain by it is about
 * what its compilation takes; else s. NULL: exception. */
static gj_specialisation *straight(gj_dispatcher *d, const gj_launch_config *c, gj_args *a, gj_specialisation *s, uint32_t facts)
{
	if (!s->image.straight || s->image.straight != c->block[0] || c->block[1] != 1 || c->block[2] != 1)
		return s;
	if (!s->straight && s->blocks < gj_config.straight_after) {
		s->blocks += (uint64_t)c->grid[0] * c->grid[1] * c->grid[2];
		return s;
	}
	if (!s->straight)
		s->straight = gj_specialisation_of(d, a, facts | (uint32_t)GJ_FACT_OTHER);
	d->last = s;
	return s->straight;
}

static gj_specialisation *find_or_compile(gj_dispatcher *d, const gj_launch_config *c, gj_args *a, uint32_t facts)
{
	launching *mine = &now, outer = *mine;
	*mine = (launching){ c, d };
	unsigned long before = d->hits + d->misses;
	gj_specialisation *last = d->last, *s = gj_specialisation_of(d, a, facts);
	a->plain &= s == last && !d->locked;
	s = s ? straight(d, c, a, s, facts) : NULL;
	if (s && !told(d, before))
		s = NULL;
	*mine = outer;
	a->plain &= d->hits + d->misses == before; /* compiling runs other threads */
	return s;
}

/* Most launches are of the form of the last one: nothing is compiled then, and nobody asks what is being launched. */
static gj_specialisation *find(gj_dispatcher *d, const gj_launch_config *c, gj_args *a)
{
	uint32_t facts = c->facts | covered(c, a);
	gj_specialisation *s = d->locked ? NULL : gj_specialisation_again(d, a, facts);
	return s && !s->image.straight ? s : find_or_compile(d, c, a, facts);
}

/* current_launch(): (kernel, grid, block, stream, sharedmem), or None. */
PyObject *gj_current_launch(PyObject *m, PyObject *unused)
{
	(void)m, (void)unused;
	const gj_launch_config *c = now.config;
	if (!c)
		Py_RETURN_NONE;
	PyObject *stream = c->stream ? Py_NewRef(c->stream) : PyLong_FromLong(0);
	return Py_BuildValue("O(III)(III)NI", now.kernel, c->grid[0], c->grid[1], c->grid[2], c->block[0], c->block[1], c->block[2], stream,
		c->shared);
}

/* The compiled form, and arrays in their last places; NULL: exception. */
static gj_specialisation *prepare(gj_dispatcher *d, const gj_launch_config *c, gj_args *a)
{
	static const uint32_t of_arrays = GJ_FACT_IDX32 | GJ_FACT_NOALIAS | GJ_FACT_ALIGN16 | GJ_FACTS_STRIDES | GJ_FACT_ALIGNED_ROWS;
	bool moved;
	gj_specialisation *s = find(d, c, a);
	if (!s || !gj_args_shield(a, &s->image, &moved))
		return NULL;
	return moved && s->facts & of_arrays & ~gj_args_facts(a) ? find(d, c, a) : s;
}

static __attribute__((cold)) bool complain(const gj_dispatcher *d, gj_status status)
{
	char what[200];
	PyOS_snprintf(what, sizeof what, "the launch of %s", gj_dispatcher_name(d));
	gj_status_error(status, what);
	return false;
}

/* In the kernel's other form, where its loops over the grid have more rounds than a launch can have threads. False: exception. */
static bool launch_somehow(gj_dispatcher *d, const gj_launch_config *c, gj_specialisation *s, gj_args *a, PyObject *const *arg, gj_stream *stream)
{
	gj_status status = launch(d, c, s, a, arg, stream);
	if (status == GJ_E_TOO_FAR) {
		gj_specialisation *other = find_or_compile(d, c, a, c->facts | covered(c, a) | (uint32_t)GJ_FACT_OTHER);
		if (!other)
			return false;
		d->last = s;
		status = launch(d, c, other, a, NULL, stream);
	}
	return status == GJ_OK || complain(d, status);
}

static double threads_of(const gj_launch_config *c)
{
	return (double)c->grid[0] * c->grid[1] * c->grid[2] * c->block[0] * c->block[1] * c->block[2];
}

bool gj_launch_args(gj_dispatcher *d, const gj_launch_config *c, gj_args *a, PyObject *const *arg)
{
	gj_stream *stream;
	a->near = a->nhost && d->last && gj_args_stay_near(a, &d->last->image, threads_of(c));
	if (!choose_stream(c, a, &stream) || ((a->nhost || a->nkeep) && !gj_args_place(a, stream)))
		return gj_args_return(a, NULL, NULL, false);
	gj_specialisation *s = prepare(d, c, a);
	bool as_read = a->plain && !c->stream && !a->producer && !a->nhost && !a->nkeep;
	bool ok = s && (!a->lent.host || gj_args_stay_near(a, &s->image, threads_of(c)) || gj_args_send(a)) && gj_launch_config_fits(c, s)
		&& (as_read || gj_args_in_place(a));
	ok = ok && launch_somehow(d, c, s, a, arg, stream);
	return gj_args_return(a, stream, s ? &s->image : NULL, ok) && settle(d, c, a, stream);
}

bool gj_launch_again(gj_dispatcher *d, const gj_launch_config *c, gj_device *dev, PyObject *const *arg, bool *ok)
{
	char buffer[GJ_AGAIN_BYTES] __attribute__((aligned(16)));
	gj_launch what;
	gj_kernel *kernel = gj_again(d, c, dev, arg, &what, buffer);
	*ok = kernel;
	if (!kernel)
		return PyErr_Occurred();
	*ok = !c->stream || gj_stream_of(c->stream, dev, &what.stream) == 0;
	gj_status status = *ok ? run(dev, kernel, &what) : GJ_OK;
	if (status == GJ_E_TOO_FAR)                /* with these numbers it needs its other form */
		return false;
	*ok = *ok && (status == GJ_OK || complain(d, status));
	return true;
}
