/* Diagnostics of the compiler as Python exceptions. */
#ifndef GJ_RAISE_H
#define GJ_RAISE_H

#include "core.h"

/* Set the exception that *d describes: the message, where it is with the source line and a caret, the calls that led
 * there, the hint. An ordinary exception that is pending is replaced, a KeyboardInterrupt and its like stay. Leaves *d as
 * it is. */
void gj_raise(gj_diag *d);

#endif
