/* Same work as tests/kernels/histogram.py. */
#include "portable.h"
#define BINS 256

KERNEL void histogram(GLOBAL const byte *values, GLOBAL int *counts, int n)
{
	SHARED int local_counts[BINS];
	for (int b = LX; b < BINS; b += NX) local_counts[b] = 0;
	BARRIER;
	for (int i = GX; i < n; i += SPAN) ADD_SHARED(&local_counts[values[i]], 1);
	BARRIER;
	for (int b = LX; b < BINS; b += NX)
		if (local_counts[b] > 0) ADD_GLOBAL(&counts[b], local_counts[b]);
}
