/* Runs a block of a resumable kernel, round after round, as the CPU device does. */
#ifndef ROUNDS_H
#define ROUNDS_H

#include "image/cpu_abi.h"
#include "image/image.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef void kernel_entry(gj_block *, const char *, uint32_t, uint32_t);

static uint32_t arrived_lanes, arrived_trues;

static inline void count_arrival(uint32_t here, uint32_t pred)
{
	arrived_lanes += (uint32_t)__builtin_popcount(here);
	arrived_trues += (uint32_t)__builtin_popcount(pred & here);
}

static inline void run_rounds(const gj_image *m, kernel_entry *entry, gj_block *b, const char *params, uint32_t warps)
{
	uint32_t state[32] = { 0 };
	size_t bytes = (size_t)m->frame_bytes * warps;
	b->frame_bytes = m->frame_bytes;
	b->state = state;
	b->frame = aligned_alloc(64, bytes);
	memset(b->frame, 0xa5, bytes);
	do {
		arrived_lanes = arrived_trues = 0;
		entry(b, params, 0, warps);
		b->lanes = arrived_lanes;
		b->trues = arrived_trues;
	} while (b->stopped);
	free(b->frame);
}

#endif
