/* What every file of pyext/ needs: Python, NumPy, and the few helpers that they share. */
#ifndef GJ_CORE_H
#define GJ_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>                      /* Py_T_… names came with 3.12 only */

#define NPY_TARGET_VERSION NPY_1_25_API_VERSION
#include <numpy/numpyconfig.h>
#ifndef NPY_2_0_API_VERSION                    /* NumPy 1's own headers */
#define NPY_2_0_API_VERSION NPY_1_25_API_VERSION
#endif
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL gj_numpy_api
#ifndef GJ_NUMPY_OWNER                         /* module.c holds NumPy's table of functions */
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>
#if NPY_ABI_VERSION < 0x02000000               /* there dtypes are open */
#define PyDataType_ELSIZE(D) ((npy_intp)(D)->elsize)
#define PyDataType_SUBARRAY(D) ((D)->subarray)
#define PyDataType_NAMES(D) ((D)->names)
#define PyDataType_FIELDS(D) ((D)->fields)
#define PyArray_ImportNumPyAPI _import_array
#endif

#include "run/device.h"

_Static_assert(sizeof(npy_intp) == sizeof(int64_t), "shapes and strides are used in place");

#include "raise.h"

/* -- Exceptions, attributes --------------------------------------------------------------------------------------- */

/* Clears the pending exception if it is of this class. false: there is another one, and it stays. A KeyboardInterrupt is
 * nobody's to swallow, and PyExc_Exception leaves out of memory and out of stack as they are too. */
bool gj_forgive(PyObject *cls);
/* The value of an int that fits in 64 bits; false: it does not. */
static inline bool gj_int64(PyObject *o, int64_t *out)
{
#if PY_VERSION_HEX >= 0x030c0000                 /* without a call */
	if (PyUnstable_Long_IsCompact((PyLongObject *)o))
		return *out = PyUnstable_Long_CompactValue((PyLongObject *)o), true;
#endif
	int overflow;
	*out = PyLong_AsLongLongAndOverflow(o, &overflow);
	return !overflow;
}
/* 1: *out is the attribute, a new reference; 0: there is none (AttributeError); −1: an exception. */
int gj_attribute(PyObject *, const char *name, PyObject **out);
/* What a weak reference refers to, as a new reference, or NULL. */
PyObject *gj_referent(PyObject *ref);
/* Is one of the class's bases called that (as its tp_name says: with the module for classes in C)? Runs no code. */
bool gj_has_base(PyTypeObject *, const char *name);
/* Attribute of a module, imported if need be, as a new reference. */
PyObject *gj_import(const char *module, const char *name);

/* Make the type (once a process) and add it to the module. */
int gj_add_type(PyObject *module, PyTypeObject **slot, PyType_Spec *, PyTypeObject *base);

/* -- Settings that gridjit.config changes at run time ------------------------------------------------------------- */

typedef struct gj_settings {
	int  device;                               /* 0 auto, 1 gpu, 2 cpu */
	int  cpu_width;                            /* 32 or 1 */
	bool libm_exact;
	bool interface_sync;                       /* wait for the stream that a __cuda_array_interface__ names */
	bool warn_low_occupancy, warn_copy;
	bool cache;                                /* use the disk cache */
	int  boundscheck;                          /* 1, 0: of all that is made, whatever its options say; −1: as they say */
	int  neighbours;                           /* most of a GPU's threads that one thread runs: 1, 2 or 4; −2, −4: on the CPU too */
	uint64_t straight_after;                   /* CPU: blocks that a kernel has run before it is compiled to straight code for such */
	uint64_t changes;                          /* how often any of these was set */
} gj_settings;
extern gj_settings gj_config;

#endif
