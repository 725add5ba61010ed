/* Same work as tests/kernels/matmul.py; TILE is the block's side. */
#include "portable.h"

KERNEL void matmul(GLOBAL const float *a, GLOBAL const float *b, GLOBAL float *c, int rows, int inner, int cols)
{
	SHARED float sa[TILE][TILE], sb[TILE][TILE];
	int x = GX, y = GY;
	float acc = 0;
	for (int t = 0; t < (inner + TILE - 1) / TILE; t++) {
		sa[LY][LX] = y < rows && t * TILE + LX < inner ? a[(long)y * inner + t * TILE + LX] : 0;
		sb[LY][LX] = x < cols && t * TILE + LY < inner ? b[(long)(t * TILE + LY) * cols + x] : 0;
		BARRIER;
		for (int k = 0; k < TILE; k++) acc += sa[LY][k] * sb[k][LX];
		BARRIER;
	}
	if (y < rows && x < cols) c[(long)y * cols + x] = acc;
}
