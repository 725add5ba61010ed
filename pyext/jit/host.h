/* Functions for the host: what @jit makes of a Python function. */
#ifndef GJ_HOST_H
#define GJ_HOST_H

#include "launch/dispatcher.h"
#include "launch/leaves.h"
#include "raised.h"

typedef struct gj_plan gj_plan;

typedef struct gj_host {
	gj_dispatcher d;
	vectorcallfunc call;
	gj_plan *plans;                            /* for the types of recent calls, the last first */
	bool nogil;                                /* the GIL is let go while it runs */
} gj_host;

/* -- plan.c: repeated calls ---------------------------------------------------------------------------------------------- */

enum { GJ_PLAN_BYTES = 512, GJ_PLAN_SLOTS = 32 };

/* Remembers that arguments of the types `given`, which became those that `s` was compiled for, run s; without memory nothing. */
void gj_plan_add(gj_host *, const gj_args *, const gj_type *const *given, gj_specialisation *s);
void gj_plans_free(gj_host *);
/* The compiled form for these arguments, its parameters filled in; results go to `out`. NULL without an exception: none is
 * remembered. */
gj_specialisation *gj_plan_fill(gj_host *, PyObject *const *arg, Py_ssize_t n, char *params, uint64_t *out);

/* -- result.c ------------------------------------------------------------------------------------------------------------ */

/* The value of a type from its parts. `known`: a specialisation's. `array`: those that the call was given, NULLs among them. NULL: exception. */
PyObject *gj_host_result(const gj_type *, PyObject *known, const uint64_t *part, PyArrayObject *const *array, Py_ssize_t n);

/* -- callback.c ---------------------------------------------------------------------------------------------------------- */

/* _address(). C may call it as long as the object lives. */
PyObject *gj_host_address(PyObject *self, PyObject *unused);

int gj_host_init(PyObject *module);
int gj_threads_init(PyObject *module);         /* threads.c */

#endif
