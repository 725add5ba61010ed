/* Random numbers by xoroshiro128+: where many generators start, far apart in one sequence. */
#ifndef GJ_XOROSHIRO_H
#define GJ_XOROSHIRO_H

#include <stddef.h>
#include <stdint.h>

typedef struct gj_xoroshiro { uint64_t s0, s1; } gj_xoroshiro;

/* n states: that of the seed after `first` jumps of 2**64 numbers, and then each one jump behind the last. */
void gj_xoroshiro_fill(gj_xoroshiro *state, size_t n, uint64_t seed, uint64_t first);

#endif
