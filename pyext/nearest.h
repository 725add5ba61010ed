/* "Did you mean" where the words are Python's. */
#ifndef GJ_NEAREST_PY_H
#define GJ_NEAREST_PY_H

#include "core.h"
#include "base/nearest.h"

/* Offers each str in a dictionary's keys, a tuple or a list. */
void gj_nearest_offer_names(gj_nearest *, PyObject *names);
/* did_you_mean(word, words): what hints begin with (base/nearest.h), "" where no word is near. */
PyObject *gj_did_you_mean_of(PyObject *module, PyObject *args);

#endif
