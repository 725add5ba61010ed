/* Functions that kernels know by identity. */
#ifndef GJ_KNOWN_H
#define GJ_KNOWN_H

#include "core.h"

/* Dotted name of a function that kernels know by identity ("math.sin", "np.sqrt"); NULL: none. */
const char *gj_known_name(PyObject *);
int gj_known_init(void);

#endif
