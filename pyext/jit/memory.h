/* Memory of arrays that functions for the host have made, as a Python object. */
#ifndef GJ_JIT_MEMORY_H
#define GJ_JIT_MEMORY_H

#include "core.h"

/* Takes over one reference to the memory, also where it fails. */
PyObject *gj_memory_new(uint64_t owner);
int gj_memory_init(PyObject *module);

#endif
