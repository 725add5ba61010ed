/* Functions of _core for tests only. */
#ifndef GJ_DEBUG_H
#define GJ_DEBUG_H

#include "core.h"

extern PyMethodDef gj_debug_methods[];

#endif
