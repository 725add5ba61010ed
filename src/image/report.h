/* How a kernel tells that it failed: the first thread that does writes this record, the others find it taken. A launch on the CPU
 * has one of its own; on a GPU each module has one in host memory, whose address the loader puts into the module's variable
 * `gj_report` (0: nobody listens), and that is looked at whenever the host has waited for the GPU. */
#ifndef GJ_REPORT_H
#define GJ_REPORT_H

#include <stdint.h>

enum { GJ_REPORT_VALUES = 12 /* indices and extents of as many dimensions as arrays have */ };

typedef enum gj_report_state { GJ_REPORT_NONE, GJ_REPORT_BEGUN, GJ_REPORT_WHOLE } gj_report_state;

typedef struct gj_report {
	uint32_t state;                            /* gj_report_state */
	uint32_t site;                             /* of the image's sites, from first_report on */
	uint32_t block[3], thread[3];
	uint32_t nvalues, unused;
	uint64_t value[GJ_REPORT_VALUES];          /* INDEX: indices, then extents */
} gj_report;

#endif
