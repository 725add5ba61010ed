/* Dispatchers: a Python function, its options and its specialisations; and how one is compiled and launched. */
#ifndef GJ_DISPATCHER_H
#define GJ_DISPATCHER_H

#include "launch/argument.h"
#include "compile.h"

/* One compiled form of a kernel: for these argument types, facts and device. Never changes once it is in the list. */
typedef struct gj_special {
	struct gj_special *next;
	gj_device *dev;
	uint32_t facts, width;
	bool libm_exact;
	uint32_t nargs, nleaves;
	const gj_type **arg;
	gj_image image;
	gj_kernel *kernel;
} gj_special;

/* Argument types that an explicit signature allows. */
typedef struct gj_allowed { struct gj_allowed *next; const gj_type *ret; uint32_t n; const gj_type *arg[]; } gj_allowed;

typedef struct gj_dispatcher {
	PyObject_HEAD
	PyObject *weak, *py_func, *options;
	PyObject *name;                            /* str: for messages */
	PyObject *params;                          /* tuple of str: positional ones, keyword-only ones, "*rest" */
	PyObject *defaults, *kwdefaults;           /* tuple: of the last positional ones; dict: of keyword-only ones; or NULL */
	uint32_t nparams, npositional, nposonly;
	bool star;                                 /* the last parameter takes the rest of the positional arguments as a tuple */
	gj_options base;                           /* what the decorator asked for */
	bool device, locked;                       /* locked: only types of `allowed` are taken */
	int inline_; int forceinline;
	gj_allowed *allowed;
	gj_special *first, *last;                  /* all, oldest first; the one launched last */
	gj_special *retired;                       /* forgotten by recompile(), freed with the dispatcher */
	unsigned long hits, misses;                /* of the disk cache */
} gj_dispatcher;

extern PyTypeObject *gj_dispatcher_class, *gj_launcher_class, *gj_kernel_class;

const char *gj_dispatcher_name(const gj_dispatcher *);

/* -- special.c: finding and compiling --------------------------------------------------------------------------------------- */

/* The compiled form for these types and facts, compiled now if there is none (without the GIL). NULL: exception. */
gj_special *gj_special_get(gj_dispatcher *, gj_device *, const gj_type *const *arg, uint32_t n, uint32_t facts);
/* Facts that can be assumed where no arguments are at hand. */
enum { GJ_FACTS_USUAL = GJ_FACT_IDX32 | GJ_FACT_NOALIAS | GJ_FACT_ALIGN16 | GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS };
/* All options of a compilation for a device; false: exception. */
bool gj_special_options(const gj_dispatcher *, gj_device *, uint32_t facts, gj_options *);
void gj_special_free(gj_special *);
/* Leaves of an argument of this type. */
uint32_t gj_leaves_of(const gj_type *);
/* Fill *out from the keyword dictionary of the decorator or of cuda.compile. */
bool gj_options_read(PyObject *dict, gj_options *out);
/* Path of libdevice.10.bc, or NULL; searched once. false: exception. */
bool gj_libdevice(const char **path);
PyObject *gj_compile_function(PyObject *module, PyObject *args, PyObject *kw);

/* -- launch.c ------------------------------------------------------------------------------------------------------------------ */

/* kernel[grid, block, stream, shared] */
PyObject *gj_launcher_new(gj_dispatcher *, PyObject *key);
/* The compiled form that a launch with these arguments would run (block is one-dimensional). NULL: exception. */
gj_special *gj_special_for(gj_dispatcher *, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
/* Tuple of the types of these arguments, one a parameter. */
PyObject *gj_argument_types(gj_dispatcher *, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);
PyObject *gj_kernel_object(gj_dispatcher *, gj_special *);

int gj_dispatcher_init(PyObject *module);
int gj_launcher_init(PyObject *module);
int gj_kernel_init(PyObject *module);

#endif
