/* Same work as tests/kernels/warp_scan.py. */
#include "portable.h"

DEVICE int scan_warp(int value, int lane)
{
	for (int delta = 1; delta < 32; delta *= 2) {
		int other = __shfl_up_sync(0xFFFFFFFF, value, delta);
		if (lane >= delta) value += other;
	}
	return value;
}

KERNEL void warp_scan(GLOBAL const int *x, GLOBAL int *out, int n)
{
	SHARED int totals[32];
	int i = GX, lane = LX % 32, warp = LX / 32;
	int value = scan_warp(i < n ? x[i] : 0, lane);
	if (lane == 31) totals[warp] = value;
	BARRIER;
	if (warp == 0) totals[lane] = scan_warp(lane < NX / 32 ? totals[lane] : 0, lane);
	BARRIER;
	if (warp > 0) value += totals[warp - 1];
	if (i < n) out[i] = value;
}
