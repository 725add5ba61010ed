/* Same work as tests/kernels/nbody_records.py; THREADS is the block size. */
#include "portable.h"

typedef struct { float x, y, z, mass; } body;

KERNEL void nbody_records(GLOBAL const body *bodies, GLOBAL float *acc, int n)
{
	SHARED body tile[THREADS];
	int i = GX;
	float px = 0, py = 0, pz = 0, ax = 0, ay = 0, az = 0;
	if (i < n) px = bodies[i].x, py = bodies[i].y, pz = bodies[i].z;
	for (int start = 0; start < n; start += THREADS) {
		int j = start + LX;
		if (j < n) tile[LX] = bodies[j];
		else tile[LX].x = tile[LX].y = tile[LX].z = tile[LX].mass = 0;
		BARRIER;
		for (int k = 0; k < THREADS; k++) {
			body q = tile[k];
			float dx = q.x - px, dy = q.y - py, dz = q.z - pz;
			float inverse = RSQRT(dx * dx + dy * dy + dz * dz + 1e-3f);
			float force = q.mass * inverse * inverse * inverse;
			ax += dx * force;
			ay += dy * force;
			az += dz * force;
		}
		BARRIER;
	}
	if (i < n) acc[3 * i] = ax, acc[3 * i + 1] = ay, acc[3 * i + 2] = az;
}
