/* Same work as tests/kernels/block_sum.py; THREADS is the block size. */
#include "portable.h"

KERNEL void block_sum(GLOBAL const double *x, GLOBAL double *total, int n)
{
	SHARED double shared[THREADS];
	double acc = 0.0;
	for (int i = GX; i < n; i += SPAN) acc += x[i];
	shared[LX] = acc;
	BARRIER;
	for (int step = THREADS / 2; step > 0; step /= 2) {
		if (LX < step) shared[LX] += shared[LX + step];
		BARRIER;
	}
	if (LX == 0) ADD_GLOBAL_F64(total, shared[0]);
}
