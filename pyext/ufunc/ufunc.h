/* Ufuncs made by vectorize: real np.ufunc objects whose loops are compiled when their types first turn up. */
#ifndef GJ_UFUNC_H
#define GJ_UFUNC_H

#include "core.h"

#include <stdatomic.h>

#define PY_UFUNC_UNIQUE_SYMBOL gj_ufunc_api
#ifndef GJ_UFUNC_OWNER                         /* ufuncobj.c holds NumPy's table of functions */
#define NO_IMPORT_UFUNC
#endif
#include <numpy/ufuncobject.h>

#include "build.h"
#include "launch/capture.h"
#include "run/cpu/rows.h"

typedef struct gj_ufunc gj_ufunc;

/* One compiled form of a row (row.c says which there are), or why it could not be made. */
typedef struct gj_made {
	struct gj_made *next;
	uint64_t form;
	gj_image image;
	gj_element_kernel loop;                    /* without a kernel: */
	gj_diag diag;                              /* set: not compiled */
	bool quiet;                                /* … which nobody is told: there is something better, or a better reason */
	gj_status status;                          /* not GJ_OK: not loaded */
} gj_made;

/* The loop of a row as a function for the host (hosted.c). */
typedef struct gj_hosted {
	gj_arena *arena;
	gj_request rq;
	const gj_type *arg[GJ_MAX_OPERANDS];       /* arrays with any strides */
	gj_outside outside;
	gj_rows rows;
	atomic_bool works;                         /* it can be compiled, and is what runs */
} gj_hosted;

/* One set of operand types: the data of NumPy's loop. Freed with the ufunc. */
typedef struct gj_row {
	struct gj_row *next;
	uint32_t nin, nargs;
	bool declared;                             /* by add() */
	bool own;                                  /* for Python's numbers of their own types, since others cannot be compiled */
	bool general;                              /* of a generalised ufunc: */
	union { gj_elementwise loop; gj_rows rows; };      /* their owner is the row */
	gj_arena *arena;                           /* of code */
	const gj_code *code;
	gj_options options;
	const gj_type *type[GJ_MAX_OPERANDS];      /* of an item */
	const gj_type *arg[GJ_MAX_OPERANDS], *ret; /* what the function is compiled for; arrays: of any strides */
	uint32_t narg;
	PyObject *py_func;                         /* borrowed of the ufunc */
	_Atomic(gj_hosted *) hosted;               /* NULL: never asked for */
	_Atomic(gj_made *) made;                   /* threads add to it without a lock: nothing is ever taken away */
} gj_row;

/* What is behind NumPy's part of the object. */
struct gj_ufunc {
	PyObject *py_func, *dict, *weak;
	PyObject *function;                        /* py_func with the names that it had when it was declared, or py_func */
	PyObject *donors;                          /* list: ufuncs whose loops NumPy was given (resolve.c) */
	gj_options options;
	bool parallel, frozen;                     /* frozen: only the declared types are taken */
	bool declared;                             /* some were */
	bool twins;                                /* rows differ in nothing but their outputs; NumPy must not be asked which */
	bool general;                              /* made with a layout, if only of numbers: */
	uint64_t writable;                         /* inputs that are written too, a bit each */
	vectorcallfunc call;                       /* NumPy's own */
	gj_row *rows;                              /* last made first */
	void *old; uint32_t nold;                  /* tables that running calls may still read */
};

extern PyTypeObject gj_ufunc_class;
extern size_t gj_ufunc_offset;                 /* bytes of NumPy's part */
/* What is behind it. */
static inline gj_ufunc *gj_ufunc_of(PyObject *o) { return (gj_ufunc *)(void *)((char *)o + gj_ufunc_offset); }

/* A row for these inputs; ret: what it returns, NULL: what the function does. NULL with an exception. */
gj_row *gj_row_new(PyUFuncObject *, const gj_type *const *in, const gj_type *ret);
/* A row of a generalised ufunc, for arguments that are numbers or arrays, outputs among them. */
gj_row *gj_row_general(PyUFuncObject *, const gj_type *const *arg);
void    gj_row_free(gj_row *);
/* Compiles the row's ordinary form now; -1 with an exception. */
int     gj_row_compile(gj_row *);
/* A stage of the compilation of the row's ordinary form, as text; NULL with an exception. */
PyObject *gj_row_dump(const gj_row *, const char *stage);
/* NumPy's loops; data: the row. */
void    gj_row_loop(char **args, npy_intp const *dimensions, npy_intp const *steps, void *data);
void    gj_row_general_loop(char **args, npy_intp const *dimensions, npy_intp const *steps, void *data);

/* general.c: what generalised ufuncs have of their own. */
/* The arguments of a declared signature checked against the layout; -1 with an exception. */
int     gj_general_check(PyUFuncObject *, const gj_type *ret, const gj_type *const *arg, int n);
/* The function's arguments where the operands' items have these types. */
void    gj_general_arguments(const PyUFuncObject *, const gj_type *const *item, const gj_type **arg);
void    gj_general_describe(const PyUFuncObject *, const gj_type *const *arg, gj_rows *);
/* Which dimensions of operands are the same, as options.extents says it; outer: behind one of all outer elements. */
const char *gj_general_extents(const gj_rows *, gj_arena *, bool outer);
/* Makes a fresh ufunc with a layout one; -1 with an exception. */
int     gj_general_start(PyUFuncObject *, PyObject *writable);

/* hosted.c. The loop, not compiled; NULL with an exception. */
gj_hosted *gj_hosted_new(gj_row *, PyObject *py_func);
void    gj_hosted_free(gj_hosted *);
/* The request for arrays that are C-contiguous, or any; arg: room for their types. */
void    gj_hosted_request(const gj_hosted *, bool contiguous, const gj_type **arg, gj_request *);
/* What the function returns for the request's arguments where it is one for the host; false: the diagnosis or an exception says why not. */
bool    gj_hosted_never(const gj_diag *);      /* Is what is wrong with a loop of a ufunc wrong with one for the host, too? */
bool    gj_hosted_says_more(const gj_diag *host, const gj_diag *first);    /* Is that diagnosis to be told rather than that of the loop of a ufunc? */
bool    gj_hosted_returns(gj_request *, PyObject *py_func, const gj_type **ret, gj_diag *);

/* resolve.c: adds the row to the tables that NumPy reads. -1 with an exception. */
int     gj_ufunc_add(PyUFuncObject *, gj_row *);
/* The row of these types, of n operands; NULL among them: any. */
gj_row *gj_ufunc_exact(const gj_ufunc *, const gj_type *const *type, uint32_t n);
int     gj_ufunc_resolve(PyUFuncObject *, NPY_CASTING, PyArrayObject **, PyObject *type_tup, PyArray_Descr **out);

int gj_ufunc_init(PyObject *module);

#endif
