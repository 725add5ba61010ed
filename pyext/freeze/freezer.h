/* A freeze in progress: what freeze.c and freeze_value.c share, each of which calls the other. */
#ifndef GJ_FREEZER_H
#define GJ_FREEZER_H

#include "code/code.h"
#include "core.h"
#include "freeze/freeze.h"

/* A freeze in progress: objects that were met before, and references that keep their addresses from being reused. */
typedef struct gj_names { const char **name; PyObject **object; uint32_t n; } gj_names;
typedef struct gj_met { PyObject *key; const gj_names *names; gj_obj *obj; } gj_met;
typedef struct gj_frozen_class { PyObject *class; const gj_obj *obj; } gj_frozen_class;
typedef struct gj_freezer {
	gj_arena *arena;
	PyObject *keep;                            /* list */
	GJ_VEC(gj_met) met;
	uint32_t depth, nfunctions, items;         /* nesting of values; functions met; items of dictionaries and lists */
	gj_captures *captures;                     /* NULL: nothing outside means anything */
	const gj_obj *const *written;              /* by gj_written; NULL: not wanted, or not read yet */
	GJ_VEC(gj_frozen_class) exceptions;        /* classes of exceptions that are not Python's own, and their bases */
	const gj_code *iteration;                  /* (x for x in it), once it is asked for */
	PyObject *root; const char *root_name;     /* a dispatcher that may not be stored under its name yet, if it is one that is frozen */
	uint32_t frames;                           /* values and code objects that are being frozen: each for the one before */
} gj_freezer;

/* -- freezer.c ---------------------------------------------------------------------------------------------------- */

gj_obj *gj_obj_new(gj_freezer *, gj_objkind, const char *name);
/* An object met before, or NULL; met in a namespace only with the same names. */
gj_obj *gj_freeze_met(const gj_freezer *, PyObject *, const gj_names *);
/* Remember, and hold a reference until the end. −1 with an exception. */
int gj_freeze_meet(gj_freezer *, PyObject *, const gj_names *, gj_obj *);
const char *gj_freeze_text(gj_freezer *, PyObject *str);       /* UTF-8 in the arena; never NULL */
/* The Python function of a dispatcher or ufunc, with the names that it had when it was declared (gridjit/_declared.py): a new
 * reference; NULL: it has none, or an exception is set. */
PyObject *gj_freeze_python(PyObject *);
/* An object that is an error where it is used; NULL with an exception. */
const gj_obj *gj_freeze_opaque(gj_freezer *, PyObject *);
const gj_obj *gj_freeze_absent(gj_freezer *, PyObject *);     /* what gridjit/absent.py describes; NULL: it is no such thing, or an exception is set */
/* The same: `what` it is, and what to write instead; text of the arena, or constant. */
const gj_obj *gj_freeze_refused(gj_freezer *, const char *what, const char *instead);
/* The same of a name that numba has and we do not yet. */
const gj_obj *gj_freeze_later(gj_freezer *, const char *module, const char *name);

/* -- freeze_value.c, freeze.c ------------------------------------------------------------------------------------- */

/* Any object. `names`: attributes that the code mentions, for namespaces. NULL with an exception. */
const gj_obj *gj_freeze_value(gj_freezer *, PyObject *, const gj_names *names);
/* The same; steals the reference, and holds it until the freeze ends. */
const gj_obj *gj_freeze_kept(gj_freezer *, PyObject *, const gj_names *names);
enum { GJ_MAX_FRAMES = 1500 };                 /* whatever users nest in what, the C stack holds that many */
const gj_obj *gj_freeze_function(gj_freezer *, PyObject *function, PyObject *dispatcher);
const gj_code *gj_freeze_iteration(gj_freezer *);             /* the code of (x for x in it); NULL with an exception */
const gj_obj *gj_freeze_code(gj_freezer *, PyObject *code);    /* nested code, in the place where it stands */
const gj_obj *const *gj_freeze_written(void);                  /* by gj_written, for as long as the process lives; NULL with an exception */

#endif
