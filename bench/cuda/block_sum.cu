/* Same work as tests/kernels/block_sum.py; THREADS is the block size. */
#include "portable.h"

#ifdef SINGLE
typedef float real;
#define ADD_TOTAL ADD_GLOBAL_F32
#else
typedef double real;
#define ADD_TOTAL ADD_GLOBAL_F64
#endif

KERNEL void block_sum(GLOBAL const real *x, GLOBAL real *total, int n)
{
	SHARED real shared[THREADS];
	real acc = 0;
	for (int i = GX; i < n; i += SPAN) acc += x[i];
	shared[LX] = acc;
	BARRIER;
	for (int step = THREADS / 2; step > 0; step /= 2) {
		if (LX < step) shared[LX] += shared[LX + step];
		BARRIER;
	}
	if (LX == 0) ADD_TOTAL(total, shared[0]);
}
