/* Same work as tests/kernels/nbody.py; THREADS is the block size. */
#include "portable.h"

KERNEL void nbody(GLOBAL const float *pos, GLOBAL float *acc, int n)
{
	SHARED float tile[THREADS][4];
	int i = GX;
	float px = 0, py = 0, pz = 0, ax = 0, ay = 0, az = 0;
	if (i < n) px = pos[4 * i], py = pos[4 * i + 1], pz = pos[4 * i + 2];
	for (int start = 0; start < n; start += THREADS) {
		int j = start + LX;
		for (int d = 0; d < 4; d++) tile[LX][d] = j < n ? pos[4 * j + d] : 0;
		BARRIER;
		for (int k = 0; k < THREADS; k++) {
			float dx = tile[k][0] - px, dy = tile[k][1] - py, dz = tile[k][2] - pz;
			float inverse = RSQRT(dx * dx + dy * dy + dz * dz + 1e-3f);
			float force = tile[k][3] * inverse * inverse * inverse;
			ax += dx * force;
			ay += dy * force;
			az += dz * force;
		}
		BARRIER;
	}
	if (i < n) acc[3 * i] = ax, acc[3 * i + 1] = ay, acc[3 * i + 2] = az;
}
