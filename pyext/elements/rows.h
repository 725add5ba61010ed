/* What a function over arrays has been made into so far: a row for each set of operand types, and in it a kernel for each
 * way in which operands lie. */
#ifndef GJ_ROWS_H
#define GJ_ROWS_H

#include "elements/broadcast.h"
#include "launch/dispatcher.h"

enum { GJ_WEAK = 0x80 };                       /* of a key: a Python number, which takes the type of what it meets */

typedef struct gj_elements_form {
	struct gj_elements_form *next;
	bool wide;
	int ndim;
	uint32_t n;
	uint8_t varies[GJ_WALK_OPERANDS];
	gj_dispatcher *kernel;
} gj_elements_form;

typedef struct gj_elements_row {
	struct gj_elements_row *next;
	uint32_t nin, nout;
	uint8_t key[GJ_WALK_OPERANDS];             /* kinds of the inputs, weak or not */
	uint8_t in[GJ_WALK_OPERANDS], out[GJ_WALK_OPERANDS];   /* kinds that the function takes and gives */
	PyObject *make;                            /* make(ndim, varies, mask, wide): the kernel */
	gj_elements_form *form;
} gj_elements_row;

/* The row for these inputs; asks resolve(types) for (input dtypes, output dtypes, make) where there is none. NULL: exception. */
gj_elements_row *gj_elements_row_of(gj_elements_row **list, const uint8_t *key, uint32_t nin, uint32_t nout, PyObject *owner);
/* The kernel for a collapsed loop, of `wide` accesses or not. NULL: exception. */
gj_dispatcher *gj_elements_form_of(gj_elements_row *, const gj_walk *, bool wide);
void gj_elements_rows_free(gj_elements_row **list);
int  gj_elements_rows_visit(gj_elements_row *, visitproc, void *);

#endif
