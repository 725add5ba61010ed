/* Functions of our own for vectors of compiled code, by the names that emit/cpu/math.c knows. */
#ifndef GJ_RUN_CPU_VECTOR_MATH_H
#define GJ_RUN_CPU_VECTOR_MATH_H

#include "base/base.h"

#ifdef __x86_64__
/* Of so many registers of eight float64 from x on, each is replaced by its value; the processor has AVX-512, and the host a libmvec that knows
 * the function. */
void gj_rt_exp(double *x, uint32_t registers);
void gj_rt_log(double *x, uint32_t registers);
void gj_rt_erf(double *x, uint32_t registers);
#endif

#endif
