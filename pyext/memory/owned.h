/* Memory of arrays that compiled functions have made, as a Python object. */
#ifndef GJ_MEMORY_OWNED_H
#define GJ_MEMORY_OWNED_H

#include "core.h"

/* Takes over one reference to the memory, also where it fails. */
PyObject *gj_memory_new(uint64_t owner);
int gj_memory_init(PyObject *module);

#endif
