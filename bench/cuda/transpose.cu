/* Same work as tests/kernels/transpose.py. */
#include "portable.h"
#define TILE 32

KERNEL void transpose(GLOBAL const float *a, GLOBAL float *out, int rows, int cols)
{
	SHARED float tile[TILE][TILE + 1];
	int x = BX * TILE + LX, y = BY * TILE + LY;
	for (int j = 0; j < TILE; j += NY)
		if (x < cols && y + j < rows) tile[LY + j][LX] = a[(long)(y + j) * cols + x];
	BARRIER;
	x = BY * TILE + LX;
	y = BX * TILE + LY;
	for (int j = 0; j < TILE; j += NY)
		if (x < rows && y + j < cols) out[(long)(y + j) * rows + x] = tile[LX][LY + j];
}
