/* What a function for the host returns that has no value at run time: functions, strings, dtypes, which are the same in all calls. */
#ifndef GJ_KNOWN_RESULT_H
#define GJ_KNOWN_RESULT_H

#include "compile.h"
#include "core.h"

/* Is there such an object in a result of that type? */
bool gj_has_constants(const gj_type *);
/* The objects in the result of a request that has been compiled of `frozen`, whose Python function is `function`: itself, or a tuple of them with None for what is none. NULL: exception. */
PyObject *gj_known_result(gj_device *, PyObject *frozen, PyObject *function, const gj_request *);

#endif
