/* The last report that this thread has come by, in memory of the thread: the kernel may be gone when somebody asks for it. */
#include "run/failure.h"
#include "run/status.h"

#include <stdio.h>

static _Thread_local gj_failure last;

/* Takes the place of the thread that was to fail from behind its values: another thread ran it, in another block maybe. */
static void place(gj_report *r)
{
	uint64_t at = r->value[--r->nvalues], row = at >> GJ_REPORT_ROW;
	at &= ((uint64_t)1 << GJ_REPORT_ROW) - 1;
	if (!row)
		return;
	r->thread[0] = (uint32_t)(at % row);
	r->block[0] = (uint32_t)(at / row);
}

gj_status gj_failure_set(const gj_site *site, uint32_t nsites, uint32_t first, const char *text, const gj_report *r)
{
	if (first > nsites || r->site >= nsites - first)
		return gj_error_set(GJ_E_LAUNCH, 0, "a kernel reported a failure at a place that it does not have");
	const gj_site *s = &site[first + r->site];
	last.kind = (gj_site_kind)s->kind;
	last.as_given = s->as_given;
	last.line = s->line;
	snprintf(last.file, sizeof last.file, "%s", text + s->file);
	snprintf(last.function, sizeof last.function, "%s", text + s->function);
	snprintf(last.exception, sizeof last.exception, "%s", text + s->exception);
	snprintf(last.message, sizeof last.message, "%s", text + s->message);
	last.report = *r;
	if (s->kind == GJ_SITE_INDEX && r->nvalues % 2 && r->nvalues <= GJ_REPORT_VALUES)
		place(&last.report);
	return gj_error_set(GJ_E_RAISED, 0, "the kernel raised an exception");
}

const gj_failure *gj_failure_last(void) { return &last; }
