/* Options of a compilation. */
#ifndef GJ_OPTIONS_H
#define GJ_OPTIONS_H

#include "core.h"
#include "compile.h"

/* Facts that can be assumed where no arguments are at hand. */
enum { GJ_FACTS_USUAL = GJ_FACT_IDX32 | GJ_FACT_NOALIAS | GJ_FACT_ALIGN16 | GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS };

/* Fill *out from the keyword dictionary of the decorator or of cuda.compile. */
bool gj_options_read(PyObject *dict, gj_options *out);
/* Path of libdevice.10.bc, or NULL; searched once. false: exception. */
bool gj_libdevice(const char **path);
/* All options of a compilation for a device: the decorator's, its facts, what the device and the settings say. false:
 * exception. */
bool gj_options_for(const gj_options *decorator, gj_device *, uint32_t facts, gj_options *out);

#endif
