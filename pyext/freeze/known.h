/* Functions that kernels know by identity. */
#ifndef GJ_KNOWN_H
#define GJ_KNOWN_H

#include "core.h"

/* Dotted name of a function that kernels know by identity ("math.sin", "np.sqrt"); NULL: none. After gj_known_init(). */
const char *gj_known_name(PyObject *);
/* Makes the table, once: before the first freeze, because it costs a tenth of an import. −1: exception. */
int gj_known_init(void);

/* The Python function that stands for one of NumPy's, or for a method of arrays by its name, where functions can make arrays
 * (gridjit/_functions). Borrowed; NULL: none, or an exception is set. */
PyObject *gj_known_function(PyObject *);
PyObject *gj_known_method(PyObject *name);
/* The same where they cannot (gridjit/_elements.py). */
PyObject *gj_known_element_function(PyObject *);
PyObject *gj_known_element_method(PyObject *name);
/* Is it of np.random or of Python's random module? */
bool gj_known_random(PyObject *, bool *numpy);
/* Those that stand for operations, in the order of gj_written. */
PyObject *gj_known_written(void);

#endif
