/* Factorisations of large matrices in functions for the host: by the LAPACK that comes with the BLAS in the process. */
#ifndef GJ_LAPACK_H
#define GJ_LAPACK_H

#include <stdint.h>

#define LAPACK(name, signature, params) int32_t gj_lapack_##name params;
#include "image/lapack.def"
#undef LAPACK

/* The function of a row; 0: there is none. */
uintptr_t gj_cpu_lapack(const char *name);

#endif
