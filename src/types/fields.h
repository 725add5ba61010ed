/* The names of the items of a named tuple. A member of an enumeration is one too: of its value, under the name of its class, and that of
 * an IntEnum is computed with as its value; a slice is one of start, stop and step; and so is a dictionary whose keys are constant strings, which nobody changes: **keywords. */
#ifndef GJ_FIELDS_H
#define GJ_FIELDS_H

#include "types/type.h"

/* Interned and immortal: equal ones are one object, from any thread. */
typedef enum gj_fields_kind { GJ_FIELDS_TUPLE, GJ_FIELDS_MEMBER, GJ_FIELDS_INTEGER, GJ_FIELDS_DICT, GJ_FIELDS_SLICE } gj_fields_kind;
struct gj_fields { const char *label; uint32_t n; const char *const *name; gj_fields_kind kind; };       /* label: of the class */
/* NULL: out of memory. */
const gj_fields *gj_fields_of(const char *label, const char *const *name, uint32_t n);
const gj_fields *gj_member_fields(const char *label, bool integer);
const gj_fields *gj_dict_fields(const char *const *name, uint32_t n);
const gj_fields *gj_slice_fields(void);

/* The tuple type of items that have these names; NULL as gj_tuple_type. */
const gj_type *gj_named_type(const gj_fields *, const gj_type *const *item);
/* Names of a tuple's items, or NULL. */
static inline const gj_fields *gj_names_of(const gj_type *t) { return t->kind == GJ_TUPLE ? t->obj : NULL; }
/* The type of as many other items under the names of the tuple t, if it has some. */
const gj_type *gj_tuple_like(const gj_type *t, const gj_type *const *item);
static inline bool gj_is_integer_member(const gj_type *t) { return gj_names_of(t) && gj_names_of(t)->kind == GJ_FIELDS_INTEGER; }
static inline bool gj_is_member(const gj_type *t)
{
	return gj_is_integer_member(t) || (gj_names_of(t) && gj_names_of(t)->kind == GJ_FIELDS_MEMBER);
}
static inline bool gj_is_dict(const gj_type *t) { return gj_names_of(t) && gj_names_of(t)->kind == GJ_FIELDS_DICT; }
static inline bool gj_is_slice(const gj_type *t) { return gj_names_of(t) && gj_names_of(t)->kind == GJ_FIELDS_SLICE; }
/* A tuple that can be taken apart. */
static inline bool gj_is_sequence(const gj_type *t) { return t->kind == GJ_TUPLE && !gj_is_member(t) && !gj_is_dict(t) && !gj_is_slice(t); }
/* A generator of np.random's: its address, under the name of its class. */
#define GJ_GENERATOR "numpy.random.Generator"
bool gj_is_numpy_generator(const gj_type *);
/* Members are equal to those of their own class only, lists to lists, dictionaries to those with the same keys in the same order. */
static inline bool gj_never_equal(const gj_type *a, const gj_type *b)
{
	bool own = gj_is_member(a) || gj_is_member(b) || gj_is_dict(a) || gj_is_dict(b);
	return (own && gj_names_of(a) != gj_names_of(b)) || gj_is_list(a) != gj_is_list(b);
}
/* May a tuple be passed where a signature says `to`, as far as names go: where it has none, or the same? */
static inline bool gj_takes_names(const gj_type *from, const gj_type *to)
{
	return !gj_names_of(to) || gj_names_of(from) == gj_names_of(to);
}
/* Which item has this name? −1: none. */
int gj_item_named(const gj_type *, const char *name);

#endif
