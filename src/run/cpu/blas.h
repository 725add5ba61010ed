/* Products of large arrays in functions for the host: through the BLAS that is in the process, which NumPy and SciPy bring. */
#ifndef GJ_BLAS_H
#define GJ_BLAS_H

#include <stdbool.h>
#include <stdint.h>

#define BLAS(name, signature, R, params) R gj_blas_##name params;
#include "image/blas.def"
#undef BLAS

/* The function of a row; 0: there is none. */
uintptr_t gj_cpu_blas(const char *name);

/* A function of the LAPACK that is in the same library, by Fortran's name ("dgesv"); NULL: there is none. Do its integers have 64 bits? */
void    (*gj_blas_lapack(const char *name))(void);
bool      gj_blas_wide(void);

#endif
