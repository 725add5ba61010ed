/* What a kernel reported of its failure, for this thread: a launch on the CPU, or waiting for a GPU, gave GJ_E_RAISED. */
#ifndef GJ_FAILURE_H
#define GJ_FAILURE_H

#include "image/report.h"
#include "run/device.h"

typedef struct gj_failure {
	gj_site_kind kind;                         /* RAISE, ASSERT, INDEX */
	uint8_t as_given;                          /* as in gj_site */
	int32_t line;
	char file[1024], function[256], exception[256], message[4096];         /* as in gj_site, cut where they are longer */
	gj_report report;
} gj_failure;

/* Remembers a report of the image with these sites and returns GJ_E_RAISED. */
gj_status gj_failure_set(const gj_site *, uint32_t nsites, uint32_t first, const char *text, const gj_report *);
const gj_failure *gj_failure_last(void);

#endif
