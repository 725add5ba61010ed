/* Functions for the host: called directly, on the stack of the thread that calls. */
#ifndef GJ_CALL_H
#define GJ_CALL_H

#include "image/report.h"
#include "run/device.h"

/* A report's site where calls went too deep: it has no place in the image. */
enum { GJ_SITE_DEEP = -1 };

/* Calls the function with parameters in the places of its image. GJ_E_RAISED: it has raised, *report says what;
 * GJ_E_INTERRUPTED: what Ctrl-C's handler raised is set in the thread. What it printed becomes the thread's. */
gj_status gj_call_host(gj_kernel *, const char *params, gj_report *);

/* The address of a function that C calls (an entry of the kind CFUNC), as C sees it; NULL: it is none. Whoever listens is told of
 * calls that failed (their results are zeros), and with GJ_OK of those that printed: from any thread, with `whose`. */
void *gj_call_address(gj_kernel *, void *whose);
void  gj_call_listen(void (*)(void *whose, gj_status, const gj_report *));
/* From now on such calls give zeros at once, in threads that Ctrl-C reaches: somebody above C is to be stopped. */
void  gj_call_stop(bool);

/* The calling thread's settings for loops over prange: how many threads may work on one, at most as many as there are (false: so many
 * there are not); how many rounds a thread takes at once, 0: as the runtime thinks. */
unsigned  gj_call_threads(void);
unsigned  gj_call_most_threads(void);
bool      gj_call_set_threads(int64_t);
int64_t   gj_call_chunk(void);
void      gj_call_set_chunk(int64_t);

#endif
