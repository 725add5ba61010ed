/* What the files of fused functions share: a function for arguments of certain dtypes and dimensions. */
#ifndef GJ_FUSION_H
#define GJ_FUSION_H

#include "core.h"

#include "build.h"
#include "run/cpu/fused.h"

#include <pthread.h>

/* A compiled loop: for these outputs, with these inputs the same along the innermost dimension. */
typedef struct gj_made_loop {
	struct gj_made_loop *next;
	uint32_t outputs;
	uint64_t scalars;
	bool     streamed;                         /* results go past the caches */
	gj_image image;
	gj_element_kernel loop;
} gj_made_loop;

typedef struct gj_fusion {
	PyObject_HEAD
	PyObject *function;
	gj_arena *arena;                           /* of code */
	const gj_code *code;
	gj_options options;
	uint32_t nin, nout, nret;
	const gj_type *arg[GJ_MAX_OPERANDS], *const *ret;
	const gj_type *one;                        /* … where a single value is returned */
	struct { const gj_type *of, *as; } out[GJ_MAX_OPERANDS];      /* the numbers that the loop gives, results' one after another */
	uint64_t numbers;                          /* arguments that are Python's numbers, a bit each */
	gj_made_loop *made;
	pthread_mutex_t lock;
} gj_fusion;

/* What becomes of output k, and what an element of it is as it is written. */
uint8_t   gj_fusion_fold(const gj_fusion *, uint32_t k);
const gj_type *gj_fusion_written(const gj_fusion *, uint32_t k);
/* Computes these outputs, with operands and shape in place; false with an exception. */
bool      gj_fusion_run(gj_fusion *, gj_fused *, uint32_t outputs);

/* call.c: what the function returns of these arguments, with out=, if this is an ordinary call; else NotImplemented. */
PyObject *gj_fusion_call(PyObject *plan, PyObject *const *arg, Py_ssize_t n, PyObject *out);

bool      gj_is_plan(PyObject *);

#endif
