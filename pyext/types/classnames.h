/* What classes hold, read from their dictionaries: no code of the user's runs. */
#ifndef GJ_CLASSNAMES_H
#define GJ_CLASSNAMES_H

#include "core.h"
#include "types/fields.h"

/* What a class holds under a name. Borrowed; NULL: nothing. */
PyObject *gj_class_attribute(PyTypeObject *, PyObject *name);
/* The public names of the class and its bases: a new list; NULL: an exception is set. */
PyObject *gj_class_public(PyTypeObject *);
/* The names of the items of a class of tuples: of a named tuple's, or of those of sys.float_info and its like. NULL: it has none. */
const gj_fields *gj_class_fields(PyTypeObject *);
/* Names for the members of an enumeration that are not numbers themselves, or of an IntEnum. NULL: another class, or an exception is set. */
const gj_fields *gj_enum_fields(PyTypeObject *);
/* The class that has, or had last, these names: a new reference; NULL: it is gone, or an exception is set. */
PyObject *gj_fields_class(const gj_fields *);
/* The number that such a member stands for: a new reference; NULL: none, or an exception is set. */
PyObject *gj_enum_value(PyObject *member);
/* The function that makes a named tuple's objects, as the library wrote it. Borrowed; NULL: a class of another kind. */
PyFunctionObject *gj_class_maker(PyTypeObject *);

#endif
