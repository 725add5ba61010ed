/* A dispatcher: a Python function, its options and its specialisations. */
#ifndef GJ_DISPATCHER_H
#define GJ_DISPATCHER_H

#include "core.h"
#include "compile.h"
#include "launch/config.h"
#include "launch/specialise.h"

/* Argument types that an explicit signature allows. */
typedef struct gj_again_launch gj_again_launch;        /* again.c */

typedef struct gj_allowed { struct gj_allowed *next; const gj_type *ret; uint32_t n; const gj_type *arg[]; } gj_allowed;

struct gj_dispatcher {
	PyObject_HEAD
	/* What every launch reads: */
	gj_specialisation *last;                   /* the one launched last */
	gj_again_launch *again;                    /* what one like the last launch would find, or NULL */
	uint32_t nparams, npositional;
	bool locked;                               /* only types of `allowed` are taken */
	gj_launch_config recent;                   /* of the launch that again.c noted, on recent.fits; without its stream */
	PyObject *weak, *py_func;
	PyObject *function;                        /* py_func with the names that it had when it was declared (gridjit/_declared.py), or NULL */
	PyObject *name;                            /* str: for messages */
	PyObject *params;                          /* tuple of str: positional ones, keyword-only ones, "*rest" */
	PyObject *defaults, *kwdefaults;           /* tuple: of the last positional ones; dict: of keyword-only ones; or NULL */
	PyObject *link;                            /* tuple of what it is linked with, or NULL */
	PyObject *watch;                           /* called when it has been compiled for a launch, which is still the current one; or NULL */
	uint32_t nposonly;
	bool star;                                 /* the last parameter takes the rest of the positional arguments as a tuple */
	gj_options base;                           /* what the decorator asked for */
	bool device;
	bool inlined;                              /* wherever it is called; base has both options that say so */
	gj_allowed *allowed;
	gj_specialisation *first;                         /* all, oldest first */
	gj_specialisation *retired;                       /* forgotten by recompile(), freed with the dispatcher */
	unsigned long hits, misses;                /* of the disk cache */
};

/* What is frozen for it, if its function is this one: of functions for the host the dispatcher itself, with types of variables; by which
 * they call themselves, too. */
static inline PyObject *gj_dispatcher_frozen(gj_dispatcher *d, PyObject *function)
{
	return gj_entries[d->base.entry].runner == GJ_RUN_CALL ? (PyObject *)d : function;
}

/* The kernel's name for messages. */
static inline const char *gj_dispatcher_name(const gj_dispatcher *d)
{
	const char *s = d->name ? PyUnicode_AsUTF8(d->name) : NULL;
	if (!s)
		gj_forgive(PyExc_Exception);
	return s ? s : "kernel";
}

#endif
