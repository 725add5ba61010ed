/* The error state that both machines share: gj_error_text() and gj_error_code() of device.h read what is set here. */
#ifndef GJ_STATUS_H
#define GJ_STATUS_H

#include "run/device.h"

/* Remember text (printf format, no newline; cut at 2 KiB) and the driver's number (0: none) for this thread and return
 * `status`, so that a function fails with `return gj_error_set(GJ_E_INVALID, 0, "…")`. */
gj_status gj_error_set(gj_status status, int code, const char *fmt, ...) GJ_PRINTF(3, 4);

/* The name of a status as users see it: "out of memory", "launch failed" …; static text, never NULL. */
const char *gj_status_name(gj_status);

#endif
