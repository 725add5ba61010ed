/* From a dispatcher and argument types to a loaded kernel: freeze the function, then build (src/build.c) without the GIL. */
#include "launch/specialise.h"

#include "build.h"
#include "launch/functions.h"
#include "launch/known_result.h"
#include "launch/dispatcher.h"
#include "launch/leaves.h"
#include "launch/options.h"

#include <string.h>

/* Does every parameter point at something that a launch has? Images come from files too. */
static bool sound(const gj_image *im, uint32_t nleaves)
{
	if (im->nleaves > nleaves)
		return false;
	for (uint32_t i = 0; i < im->nparams; i++) {
		const gj_param *p = &im->param[i];
		if (p->leaf >= nleaves || p->dim >= GJ_MAX_NDIM || (uint32_t)p->offset + p->size > im->param_bytes
			|| (p->field == GJ_FIELD_VALUE && (p->dim + 1u) * p->size > 16)
			|| (p->field != GJ_FIELD_VALUE && p->size != 8 && p->size != 4))
			return false;
	}
	return true;
}

void gj_specialisation_free(gj_specialisation *s)
{
	if (s->kernel)
		s->dev->ops->unload(s->dev, s->kernel);
	gj_image_clear(&s->image);
	Py_XDECREF(s->function);
	Py_XDECREF(s->captured);
	Py_XDECREF(s->known);
	PyMem_Free(s->arg);
	PyMem_Free(s);
}

/* Where a thread cannot run neighbours it does not matter whether it might, nor the grid's shape where threads run block by block, nor the
 * block's where they do not, nor what a loop over the grid has to do where there is none, nor which of two forms is wanted where there is one. */
static bool matches(const gj_specialisation *s, gj_device *dev, const gj_type *const *arg, uint32_t n, uint32_t facts)
{
	uint32_t none = (s->image.neighbours ? 0 : GJ_FACTS_NEIGHBOURS) | (uint32_t)(s->image.places ? GJ_FACTS_SHAPE : GJ_FACTS_GRID)
		| (s->image.begins_with_loop ? 0 : GJ_FACT_COVERED) | (s->image.straight || s->image.nest ? 0 : (uint32_t)GJ_FACT_OTHER);
	return s->dev == dev && (s->facts | none) == (facts | none) && s->nargs == n && !memcmp(s->arg, arg, n * sizeof *arg)
		&& (!dev->ops->target->vectors || (s->width == (uint32_t)gj_config.cpu_width && s->libm_exact == gj_config.libm_exact));
}

static gj_specialisation *find(gj_dispatcher *d, gj_device *dev, const gj_type *const *arg, uint32_t n, uint32_t facts)
{
	for (gj_specialisation *s = d->first; s; s = s->next)
		if (matches(s, dev, arg, n, facts))
			return s;
	return NULL;
}

/* The finished build as a specialisation; takes over its image and kernel. */
static gj_specialisation *adopt(gj_build *b, uint32_t facts)
{
	const gj_options *o = &b->rq.options;
	gj_specialisation *s = PyMem_Calloc(1, sizeof *s);
	const gj_type **arg = PyMem_New(const gj_type *, b->rq.nargs + 1);
	if (!s || !arg) {
		PyMem_Free(s);
		PyMem_Free(arg);
		return PyErr_NoMemory(), NULL;
	}
	memcpy(arg, b->rq.arg, b->rq.nargs * sizeof *arg);
	*s = (gj_specialisation){ .dev = b->dev, .facts = facts, .width = o->width, .libm_exact = o->libm_exact, .nargs = b->rq.nargs,
		.arg = arg, .ret = b->ret, .image = b->image, .kernel = b->kernel };
	for (uint32_t i = 0; i < s->nargs; i++)
		s->nleaves += gj_leaves(arg[i]);
	s->nleaves += gj_entries[o->entry].results == GJ_RESULTS_HOST;         /* where results go */
	memset(&b->image, 0, sizeof b->image);
	b->kernel = NULL;
	return s;
}

/* Turns a failed build into the exception. */
static void complain(gj_build *b, const char *name)
{
	char what[200];
	if (b->diag.set)
		gj_diag_error(&b->diag);
	else if (b->status != GJ_OK) {
		PyOS_snprintf(what, sizeof what, "%s (%s)", b->what, name);
		gj_status_error(b->status, what);
	} else
		gj_error(GJ_ERR_INTERNAL, "the compiled kernel's parameters do not fit its arguments");
}

static void discard(gj_build *b)
{
	if (b->kernel)
		b->dev->ops->unload(b->dev, b->kernel);
	gj_image_clear(&b->image);
}

static gj_specialisation *append(gj_dispatcher *d, gj_specialisation *s)
{
	gj_specialisation **at = &d->first;
	while (*at)
		at = &(*at)->next;
	return *at = s;
}

/* Are these the types of the signature, with known functions in the place of any? */
static bool fits(const gj_allowed *a, const gj_type *const *arg)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (gj_in_spaces_of(a->arg[i], arg[i]) != arg[i])
			return false;
	return true;
}

/* What an explicit signature says is returned; NULL: what the function does. */
static const gj_type *declared(const gj_dispatcher *d, const gj_type *const *arg, uint32_t n)
{
	for (const gj_allowed *a = d->allowed; a; a = a->next)
		if (a->n == n && fits(a, arg))
			return a->ret;
	return NULL;
}

/* The Python function with the names that it had when it was declared, or first compiled for these types: a new reference. */
static PyObject *function_for(const gj_dispatcher *d, const gj_type *const *arg, uint32_t n)
{
	if (d->function)
		return Py_NewRef(d->function);
	for (const gj_specialisation *s = d->first; s; s = s->next)
		if (s->nargs == n && !memcmp(s->arg, arg, n * sizeof *arg))
			return Py_NewRef(s->function);
	PyObject *now = gj_import("gridjit._declared", "as_declared"), *f = now ? PyObject_CallFunctionObjArgs(now, d->py_func, (PyObject *)d, NULL) : NULL;
	Py_XDECREF(now);
	return f;
}

static gj_specialisation *make_of(gj_dispatcher *d, PyObject *function, gj_device *dev, const gj_type *const *arg, uint32_t n, uint32_t facts)
{
	PyObject *frozen = gj_dispatcher_frozen(d, function);
	gj_arena *arena = gj_arena_new();
	gj_build b = { .rq = { .arg = arg, .nargs = n, .ret = declared(d, arg, n) }, .dev = dev, .use_cache = gj_config.cache };
	gj_specialisation *s = NULL;
	gj_outside outside = { .function = function };
	if (!arena)
		return PyErr_NoMemory(), NULL;
	if (gj_options_for(&d->base, dev, facts, &b.rq.options)
		&& gj_freeze_for(dev, frozen, arena, &b.rq, &outside) == 0 && gj_link_for(dev, d->link, &outside) == 0) {
		b.linked = outside.linked;
		b.nlinked = outside.nlinked;
		b.use_cache &= !outside.kept;          /* addresses mean nothing to other processes */
		Py_BEGIN_ALLOW_THREADS
		gj_build_run(&b);
		Py_END_ALLOW_THREADS
		*(b.hit ? &d->hits : &d->misses) += 1;
		if (b.diag.set || b.status != GJ_OK || !(s = adopt(&b, facts)))
			PyErr_Occurred() && !b.diag.set ? (void)0 : complain(&b, gj_dispatcher_name(d));
		else if (!sound(&s->image, s->nleaves)) {
			complain(&b, gj_dispatcher_name(d));
			gj_specialisation_free(s);
			s = NULL;
		}
		if (s) {
			s->function = Py_NewRef(function);
			s->captured = Py_XNewRef(outside.kept);
		}
		if (s && gj_has_constants(s->ret) && !(s->known = gj_known_result(dev, frozen, function, &b.rq))) {
			gj_specialisation_free(s);
			s = NULL;
		}
	}
	gj_outside_clear(&outside);
	discard(&b);
	gj_arena_free(arena);
	return s;
}

static gj_specialisation *make(gj_dispatcher *d, gj_device *dev, const gj_type *const *arg, uint32_t n, uint32_t facts)
{
	PyObject *function = function_for(d, arg, n);
	gj_specialisation *s = function ? make_of(d, function, dev, arg, n, facts) : NULL;
	Py_XDECREF(function);
	return s;
}

/* Those facts that the device's code can use. */
static uint32_t useful(const gj_device *dev, uint32_t facts)
{
	if (!dev->ops->target->vectors || (uint32_t)gj_config.cpu_width != dev->ops->target->warp)
		facts &= ~(uint32_t)(GJ_FACTS_BLOCK | (GJ_FACTS_STRIDES & ~GJ_FACT_INNER));    /* gathers are what others save */
	return facts;
}

gj_specialisation *gj_specialised_last(const gj_dispatcher *d, gj_device *dev, const gj_type *const *arg, uint32_t n, uint32_t facts)
{
	return d->last && matches(d->last, dev, arg, n, useful(dev, facts)) ? d->last : NULL;
}

gj_specialisation *gj_specialise(gj_dispatcher *d, gj_device *dev, const gj_type *const *arg, uint32_t n, uint32_t facts)
{
	facts = useful(dev, facts);
	if (d->last && matches(d->last, dev, arg, n, facts))
		return d->last;
	gj_specialisation *s = find(d, dev, arg, n, facts);
	if (!s) {
		if (!(s = make(d, dev, arg, n, facts)))
			return NULL;
		gj_specialisation *other = find(d, dev, arg, n, facts);    /* another thread may have been faster */
		if (other)
			gj_specialisation_free(s);
		s = other ? other : append(d, s);
	}
	return d->last = s;
}
