/* Functions with implementations that Python chooses by the types of a call: extending.overload. */
#ifndef GJ_OVERLOADED_H
#define GJ_OVERLOADED_H

#include "freeze/freezer.h"

/* Has it overloads? false too with an exception. */
bool gj_is_overloaded(const gj_freezer *, PyObject *);
/* The function that stands for a method, or an attribute, that was overloaded. Borrowed; NULL: none, or an exception is set. */
PyObject *gj_overloaded_method(const gj_freezer *, PyObject *name);
PyObject *gj_overloaded_attribute(const gj_freezer *, PyObject *name);

#endif
