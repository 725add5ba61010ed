/* The two floats of 16 bits, as C code sees them: float16 (IEEE's binary16) and bfloat16 (the upper half of a float32). */
#ifndef GJ_HALF_H
#define GJ_HALF_H

#include <stdbool.h>
#include <stdint.h>

/* The number that these bits are, exactly; NaN keeps sign and payload. `brain`: of bfloat16. */
double gj_half_value(uint16_t bits, bool brain);
/* The nearest one, of two the even one; NaN becomes quiet and keeps its sign and the upper bits of its payload. */
uint16_t gj_half_bits(double, bool brain);
/* The value that x is rounded to. */
static inline double gj_half_round(double x, bool brain) { return gj_half_value(gj_half_bits(x, brain), brain); }

#endif
