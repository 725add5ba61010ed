/* Error text and code of the last runtime call that failed in this thread. Kept in thread-local memory, so setting an
 * error never allocates and a failing call in one thread cannot change what another thread is about to read. */
#include "run/status.h"

#include <stdio.h>

static _Thread_local struct { int code; char text[2048]; } last;

gj_status gj_error_set(gj_status status, int code, const char *fmt, ...)
{
	char text[sizeof last.text];           /* an argument may point into last.text */
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	last.code = code;
	snprintf(last.text, sizeof last.text, "%s", text);
	return status;
}

const char *gj_error_text(void) { return last.text; }
int         gj_error_code(void) { return last.code; }

const char *gj_status_name(gj_status status)
{
	static const char *const name[] = {
		[GJ_OK] = "success", [GJ_E_NODEVICE] = "no device", [GJ_E_NOMEM] = "out of memory",
		[GJ_E_INVALID] = "invalid argument", [GJ_E_UNSUPPORTED] = "not supported", [GJ_E_LOAD] = "load failed",
		[GJ_E_LAUNCH] = "launch failed", [GJ_E_DEEP] = "recursion too deep", [GJ_E_NOTREADY] = "not ready", [GJ_E_INTERRUPTED] = "interrupted", [GJ_E_RAISED] = "kernel raised an exception", [GJ_E_TOO_FAR] = "more rounds than threads", [GJ_E_FORKED] = "opened before fork",
		[GJ_E_DRIVER] = "driver error"
	};
	return (size_t)status < GJ_LEN(name) ? name[status] : "unknown status";
}
