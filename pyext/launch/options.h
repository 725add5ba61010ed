/* Options of a compilation. */
#ifndef GJ_LAUNCH_OPTIONS_H
#define GJ_LAUNCH_OPTIONS_H

#include "core.h"
#include "compile.h"

/* Facts that can be assumed where no arguments are at hand. */
enum { GJ_FACTS_USUAL = GJ_FACT_IDX32 | GJ_FACT_NOALIAS | GJ_FACT_ALIGN16 | GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS };

/* Fill *out from a dictionary of keywords, of which those rows of options.def are taken that one of `setters` can set; the
 * others keep their defaults. false: exception, which names `function`. */
bool gj_options_read(PyObject *dict, const char *function, unsigned setters, gj_options *out);
/* The same dictionary from the options. */
PyObject *gj_options_show(const gj_options *, unsigned setters);
PyObject *gj_read_options(PyObject *module, PyObject *args);
PyObject *gj_check_keywords(PyObject *module, PyObject *args);
int gj_options_init(PyObject *module);
/* Path of libdevice.10.bc, or NULL; searched once. false: exception. */
bool gj_libdevice(const char **path);
/* All options of a compilation for a device: the decorator's, its facts, what the device and the settings say. false:
 * exception. */
bool gj_options_for(const gj_options *decorator, gj_device *, uint32_t facts, gj_options *out);

#endif
