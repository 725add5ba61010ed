/* One call of a function of numbers over arrays. */
#ifndef GJ_CALL_H
#define GJ_CALL_H

#include "elements/rows.h"

typedef struct gj_elements {
	PyObject_HEAD
	vectorcallfunc call;
	uint32_t nin, nout;
	uint32_t block;                            /* threads of a block; 0: the device's choice */
	gj_elements_row *rows;
} gj_elements;

typedef struct gj_elements_call {
	gj_elements *self;
	PyObject *const *in;
	PyObject *const *out;                      /* NULL: none is given; else nout, NULL or None where it is not */
	PyObject *where;                           /* NULL: everywhere */
	PyObject *stream;                          /* NULL: the default */
	const uint8_t *key;                        /* NULL: the inputs' own */
	bool cast;                                 /* outputs may be of other types than the function gives */
	bool began;                                /* set: the device was given work, so what is raised is final */
} gj_elements_call;

/* The result, or a tuple of several. NULL: exception. NotImplemented: outputs are not written as they lie (in host memory
 * that the device does not reach, across other operands, unaligned, of another type): the caller brings others. */
PyObject *gj_elements_run(gj_elements_call *);

#endif
