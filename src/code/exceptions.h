/* Classes of exceptions while a function is compiled: Python's own by their names, others by the class's address. */
#ifndef GJ_EXCEPTIONS_H
#define GJ_EXCEPTIONS_H

#include "code/code.h"

/* Is it a class of exceptions? */
bool gj_is_exception(const gj_obj *);
/* Would `except handled` take what `raise raised` raises? Both as RAISE has them (ir/ops.def): a class, (class, arguments …), or NULL, which
 * raises a RuntimeError; handled: a class. */
bool gj_exception_is(const gj_obj *raised, const gj_obj *handled);

#endif
