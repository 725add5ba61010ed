/* Attributes of other libraries' objects that launches ask for again and again. */
#ifndef GJ_GETTER_H
#define GJ_GETTER_H

#include "core.h"

/* An attribute, and how the class that was last asked computes it, if that is a C function; the version says that the class is as it was. */
typedef struct gj_getter { const char *const text; PyObject *name; PyTypeObject *cls; unsigned version; PyGetSetDef *def; } gj_getter;

/* What getattr(o, text) gives: a new reference; NULL: exception. */
PyObject *gj_get(gj_getter *, PyObject *o);

#endif
