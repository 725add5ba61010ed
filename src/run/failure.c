/* The last report that this thread has come by, in memory of the thread: the kernel may be gone when somebody asks for it. */
#include "run/failure.h"
#include "run/status.h"

#include <stdio.h>

static _Thread_local gj_failure last;

gj_status gj_failure_set(const gj_site *site, uint32_t nsites, uint32_t first, const char *text, uint32_t neighbours, const gj_report *r)
{
	if (first > nsites || r->site >= nsites - first)
		return gj_error_set(GJ_E_LAUNCH, 0, "a kernel reported a failure at a place that it does not have");
	const gj_site *s = &site[first + r->site];
	last.kind = (gj_site_kind)s->kind;
	last.line = s->line;
	snprintf(last.file, sizeof last.file, "%s", text + s->file);
	snprintf(last.function, sizeof last.function, "%s", text + s->function);
	snprintf(last.exception, sizeof last.exception, "%s", text + s->exception);
	snprintf(last.message, sizeof last.message, "%s", text + s->message);
	last.report = *r;
	if (neighbours > 1 && r->nvalues % 2 && r->nvalues <= GJ_REPORT_VALUES)
		last.report.thread[0] = r->thread[0] * neighbours + (uint32_t)r->value[--last.report.nvalues];
	return gj_error_set(GJ_E_RAISED, 0, "the kernel raised an exception");
}

const gj_failure *gj_failure_last(void) { return &last; }
