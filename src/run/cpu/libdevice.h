/* NVIDIA's libdevice on the CPU. */
#ifndef GJ_CPU_LIBDEVICE_H
#define GJ_CPU_LIBDEVICE_H

#include <stdint.h>

/* The function that does what __nv_<name> does; of remquo what gives its quotient. 0: there is none. */
uintptr_t gj_cpu_libdevice(const char *name);

#endif
