/* Which compiled form the arguments of a call take: explicit signatures, then types and facts. */
#include "launch/overload.h"

#include "launch/bind.h"
#include "launch/transfer.h"
#include "memory/device.h"
#include "types/signature.h"
#include "types/typeobj.h"

#include <string.h>

/* Can all arguments be converted to the signature? *fit: how. */
static bool fits(const gj_allowed *s, const gj_args *a, gj_fit *fit)
{
	*fit = (gj_fit){ 0 };
	if (s->n != a->nargs)
		return false;
	for (uint32_t i = 0; i < a->nargs; i++) {
		if (!gj_args_fit(a->type[i], s->arg[i]))
			return false;
		gj_fit_add(fit, a->type[i], s->arg[i]);
	}
	return true;
}

static void refuse(gj_dispatcher *d, const gj_args *a, gj_err id)
{
	PyObject *given = gj_signature_new(NULL, a->type, a->nargs), *text = given ? PyObject_Repr(given) : NULL;
	gj_sb all = { 0 };
	for (gj_allowed *s = d->allowed; s; s = s->next)
		gj_say_misfit(&all, s->arg, s->n, a->type, a->nargs, gj_args_fit);
	if (text)
		gj_error(id, gj_dispatcher_name(d), PyUnicode_AsUTF8(text), gj_sb_str(&all));
	gj_sb_free(&all);
	Py_XDECREF(text);
	Py_XDECREF(given);
}

/* Arguments of a function with explicit signatures: those of the signature that fits best, converted. */
static bool fit_signature(gj_dispatcher *d, gj_args *a)
{
	gj_allowed *best = NULL;
	gj_fit fit, of_best = { 0 };
	bool tie = false;
	for (gj_allowed *s = d->allowed; s; s = s->next) {
		if (!fits(s, a, &fit))
			continue;
		int order = best ? gj_fit_compare(&fit, &of_best) : -1;
		tie = order ? tie && order > 0 : tie || memcmp(s->arg, best->arg, s->n * sizeof *s->arg);
		if (order < 0) {
			best = s;
			of_best = fit;
		}
	}
	if (best && !tie)
		return gj_args_convert(a, best->arg);
	refuse(d, a, best ? GJ_ERR_AMBIGUOUS : GJ_ERR_NO_OVERLOAD);
	return false;
}

/* false: the kernel writes to an array that is read-only although the signature does not say so. */
static bool only_reads(const gj_dispatcher *d, const gj_specialisation *s, const gj_args *a)
{
	uint32_t leaf = 0;
	for (uint32_t i = 0; i < a->nargs; i++)
		for (uint32_t end = leaf + gj_leaves(a->type[i]); leaf < end; leaf++)
			if (a->leaf[leaf].readonly && leaf < s->image.nleaves && s->image.written[leaf]) {
				gj_error(GJ_ERR_READONLY, a->type[i]->name);
				gj_note_argument(d, i);
				return false;
			}
	return true;
}

/* A GPU's threads may run neighbours, and those of the CPU device if tests want it. */
static bool runs_neighbours(const gj_device *dev)
{
	return gj_config.neighbours < 0 || !dev->ops->target->vectors;
}

/* What is taken for known: of the facts that hold for the arguments, those that the launch's configuration leaves. */
static uint32_t facts_of(const gj_args *a, uint32_t config)
{
	uint32_t of_args = gj_args_facts(a), facts = of_args & (config | ~(uint32_t)GJ_FACT_IDX32) & ~(uint32_t)GJ_FACT_ALIGNED_ROWS;
	uint32_t needed = GJ_FACT_NOALIAS | GJ_FACT_ALIGN16 | (config & GJ_FACT_ALIGNED_ROWS);
	facts |= config & (GJ_FACTS_BLOCK | (uint32_t)GJ_FACT_OTHER);
	if (runs_neighbours(a->dev) && (of_args & needed) == needed)
		facts |= config & GJ_FACTS_NEIGHBOURS;
	return facts;
}

gj_specialisation *gj_specialisation_again(const gj_dispatcher *d, const gj_args *a, uint32_t config)
{
	return gj_specialised_last(d, a->dev, a->type, a->nargs, facts_of(a, config));
}

gj_specialisation *gj_specialisation_of(gj_dispatcher *d, gj_args *a, uint32_t config)
{
	if (d->locked && !fit_signature(d, a))
		return NULL;
	gj_specialisation *s = gj_specialise(d, a->dev, a->type, a->nargs, facts_of(a, config));
	return s && d->locked && !only_reads(d, s, a) ? NULL : s;
}

gj_specialisation *gj_specialisation_plain(gj_dispatcher *d, gj_args *a)
{
	if (d->locked && !fit_signature(d, a))
		return NULL;
	gj_specialisation *s = gj_specialise(d, a->dev, a->type, a->nargs, 0);
	return s && d->locked && !only_reads(d, s, a) ? NULL : s;
}

/* -- Without a launch --------------------------------------------------------------------------------------------- */

static bool find_specialisation(gj_dispatcher *d, PyObject *const *arg, void *out)
{
	gj_specialisation **s = out;
	gj_device *dev = gj_device_current();
	gj_args a;
	if (!dev)
		return false;
	gj_args_init(&a, dev);
	if (gj_read_args(d, &a, arg) && gj_args_place(&a, NULL)) {
		*s = gj_specialisation_of(d, &a, GJ_FACT_IDX32 | GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS);
		gj_args_return(&a, NULL, NULL, false);
	}
	gj_args_clear(&a);
	return *s != NULL;
}

gj_specialisation *gj_specialisation_for(gj_dispatcher *d, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames)
{
	gj_specialisation *s = NULL;
	return gj_with_bound(d, arg, n, kwnames, find_specialisation, &s) ? s : NULL;
}

static bool list_types(gj_dispatcher *d, PyObject *const *arg, void *out)
{
	PyObject **types = out;
	gj_args a;
	gj_args_init(&a, NULL);
	*types = gj_read_args(d, &a, arg) ? gj_types_to_py(a.type, a.nargs) : NULL;
	gj_args_clear(&a);
	return *types != NULL;
}

PyObject *gj_argument_types(gj_dispatcher *d, PyObject *const *arg, Py_ssize_t n, PyObject *kwnames)
{
	PyObject *types = NULL;
	return gj_with_bound(d, arg, n, kwnames, list_types, &types) ? types : NULL;
}
