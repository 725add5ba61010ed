/* Random numbers of functions for the host: the Mersenne Twister, two states a thread, one for each of Python's modules. Unseeded they
 * start from the system's entropy. Functions that compiled code calls are the rows of random.def, under gj_rng_<name>. */
#ifndef GJ_RANDOM_H
#define GJ_RANDOM_H

#include "image/cpu_abi.h"

void gj_random_init(gj_random *);              /* unseeded */
void gj_random_forked(gj_random *);            /* in the child of a fork: streams go on that the program has seeded */
void gj_random_refill(gj_random *);

static inline uint32_t gj_random_word(gj_random *r)
{
	if (__builtin_expect(r->next == GJ_RANDOM_WORDS, 0))
		gj_random_refill(r);
	return r->word[r->next++];
}

/* 64 bits: the first word is the upper half. */
static inline uint64_t gj_random_long(gj_random *r)
{
	uint64_t upper = gj_random_word(r);
	return upper << 32 | gj_random_word(r);
}

/* From 0 to 1, without 1: 53 bits. */
static inline double gj_random_unit(gj_random *r)
{
	uint32_t upper = gj_random_word(r) >> 5, lower = gj_random_word(r) >> 6;
	return (double)((uint64_t)upper << 26 | lower) * 0x1p-53;
}

/* A standard normal deviate, by Marsaglia's polar method. */
double gj_random_gauss(gj_random *);

#define RANDOM(name, signature, R, params) R gj_rng_##name params;
#define INLINED(name, signature, words)
#include "image/random.def"
#undef INLINED
#undef RANDOM

/* The function of a row; 0: there is none. */
uintptr_t gj_cpu_random(const char *name);

#endif
