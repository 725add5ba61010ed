/* Ufuncs made by vectorize: real np.ufunc objects whose loops are compiled when their types first turn up. */
#ifndef GJ_UFUNC_H
#define GJ_UFUNC_H

#include "core.h"

#include <pthread.h>

#define PY_UFUNC_UNIQUE_SYMBOL gj_ufunc_api
#ifndef GJ_UFUNC_OWNER                         /* ufuncobj.c holds NumPy's table of functions */
#define NO_IMPORT_UFUNC
#endif
#include <numpy/ufuncobject.h>

#include "build.h"
#include "run/cpu/elementwise.h"

typedef struct gj_ufunc gj_ufunc;

/* One compiled form of a row: with these inputs one value for all, or one element after the other. */
typedef struct gj_made {
	struct gj_made *next;
	uint64_t scalars;
	bool serial;
	gj_image image;
	gj_element_kernel loop;
} gj_made;

/* One set of operand types: the data of NumPy's loop. Freed with the ufunc. */
typedef struct gj_row {
	struct gj_row *next;
	gj_elementwise loop;                       /* its owner is the row */
	gj_arena *arena;                           /* of code */
	const gj_code *code;
	gj_options options;
	const gj_type *type[GJ_MAX_OPERANDS], *ret;
	pthread_mutex_t lock;                      /* of made and diag */
	gj_made *made;
	bool failed;                               /* a form could not be made: */
	gj_diag diag;                              /* set: not compiled */
	gj_status status;                          /* not GJ_OK: not loaded */
	PyObject *error;                           /* what was raised of that; again by each call */
} gj_row;

/* What is behind NumPy's part of the object. */
struct gj_ufunc {
	PyObject *py_func, *dict, *weak;
	PyObject *donors;                          /* list: ufuncs whose loops NumPy was given (resolve.c) */
	gj_options options;
	bool parallel, frozen;                     /* frozen: only the declared types are taken */
	gj_row *rows;                              /* last made first */
	void *old; uint32_t nold;                  /* tables that running calls may still read */
};

extern PyTypeObject gj_ufunc_class;
extern size_t gj_ufunc_offset;                 /* bytes of NumPy's part */
gj_ufunc *gj_ufunc_of(PyObject *);             /* what is behind it */

/* A row for these inputs; ret: what it returns, NULL: what the function does. NULL with an exception. */
gj_row *gj_row_new(gj_ufunc *, uint32_t nin, uint32_t nout, const gj_type *const *in, const gj_type *ret);
void    gj_row_free(gj_row *);
/* Compiles the row's ordinary form now; -1 with an exception. */
int     gj_row_compile(gj_row *);
/* Raises what a row's compilation ended with. */
void    gj_row_complain(gj_row *);
/* NumPy's loop over elements; data: the row. */
void    gj_row_loop(char **args, npy_intp const *dimensions, npy_intp const *steps, void *data);

/* resolve.c: adds the row to the tables that NumPy reads. -1 with an exception. */
int     gj_ufunc_add(PyUFuncObject *, gj_row *);
int     gj_ufunc_resolve(PyUFuncObject *, NPY_CASTING, PyArrayObject **, PyObject *type_tup, PyArray_Descr **out);

int gj_ufunc_init(PyObject *module);

#endif
