/* Python functions → struct gj_code: the only place that reads Python code objects. */
#ifndef GJ_FREEZE_H
#define GJ_FREEZE_H

#include "core.h"
#include "code/code.h"

/* An array in the memory of a device, as kernels of it see it. */
typedef struct gj_capture { const gj_type *type; uintptr_t at; int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM]; } gj_capture;

/* What code refers to outside itself. `read` reads device arrays: it fills *out and adds what keeps the memory alive to `kept`.
 * 0: it is no such array; −1: exception. */
typedef struct gj_captures {
	int (*read)(struct gj_captures *, PyObject *, gj_capture *out);      /* NULL: device arrays mean nothing */
	gj_device *dev;
	PyObject *kept, *linked;                   /* lists, or NULL: nothing was captured; declared functions are linked with nothing */
	PyObject *answers;                         /* list of (function, types as text, implementation or None) for overloaded functions; NULL: these are
	                                            * functions as others */
	PyObject *overloads;                       /* list of those that were met, or NULL */
	PyObject *objects;                         /* dictionary that takes functions and types, by the addresses of what they became; or NULL */
	PyObject *function;                        /* the Python function of a dispatcher that is frozen; NULL: the one that it has */
	bool alone;                                /* nothing is linked */
	bool memory;                               /* the function can make arrays: NumPy's functions of whole arrays are read in (known.h) */
} gj_captures;

/* Freeze a function, or the function of a dispatcher, with everything it refers to. −1 with an exception. Captures NULL:
 * device arrays and declared functions mean nothing in it. */
int gj_freeze(PyObject *, gj_arena *, gj_captures *, const gj_code **out);

/* Freeze any object. −1 with an exception. */
int gj_freeze_object(PyObject *, gj_arena *, gj_captures *, const gj_obj **out);

/* Tables of the running interpreter and of the functions known by identity; adds _core.Intrinsic to the module. */
int gj_freeze_init(PyObject *module);

#endif
