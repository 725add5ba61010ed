/* Ctrl-C while Python is not running, and who else is running (interrupt.c). */
#ifndef GJ_PY_INTERRUPT_H
#define GJ_PY_INTERRUPT_H

#include "core.h"

/* Is the calling thread the only one that the interpreter has? */
bool gj_is_only_thread(void);
int  gj_interrupt_init(PyObject *module);

/* The exception that a signal's handler has raised, and that is set, is raised when control is back in Python: for calls from C, which
 * cannot be given it. With the GIL. */
void gj_interrupt_put_off(void);

#endif
