/* Tells debuggers of the code that was loaded. */
#ifndef GJ_DEBUGGER_H
#define GJ_DEBUGGER_H

#include <stddef.h>

typedef struct gj_told gj_told;

/* An object file whose sections say where in memory they lie: it is taken, and freed when it is forgotten. NULL: there is no memory,
 * and the object is freed. */
gj_told *gj_debugger_tell(void *object, size_t n);
void     gj_debugger_forget(gj_told *);        /* NULL is fine */

#endif
