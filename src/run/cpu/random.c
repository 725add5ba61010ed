/* The Mersenne Twister MT19937 (Matsumoto, Nishimura 1998). A round of 624 words is made and tempered at
 * once, so that loops of the compiler's vectors do it, and a number that is asked for is a load. */
#define _GNU_SOURCE
#include "run/cpu/random.h"

#include <math.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#pragma GCC optimize("O3")

enum { N = GJ_RANDOM_WORDS, M = 397 };

/* -- Seeds ------------------------------------------------------------------------------------------------------------ */

static void seed(gj_random *r, uint32_t n)
{
	for (uint32_t i = 0; i < N; i++) {
		r->state[i] = n;
		n = 1812433253u * (n ^ n >> 30) + i + 1;
	}
	r->next = N;
	r->started = true;
	r->spare = r->seeded = false;
}

/* The whole state is the system's entropy, in pieces that are given at once; where there is none, the clock and the address differ
 * between threads. */
static void start(gj_random *r)
{
	enum { PIECE = 208 };
	char *at = (char *)r->state, *end = at + sizeof r->state;
	while (at < end && getrandom(at, PIECE, 0) == PIECE)
		at += PIECE;
	if (at < end) {
		struct timespec t;
		clock_gettime(CLOCK_REALTIME, &t);
		seed(r, (uint32_t)((uint64_t)t.tv_nsec * 2654435761u ^ (uint64_t)t.tv_sec ^ (uintptr_t)r >> 4));
	}
	r->state[0] |= 0x80000000u;                    /* a state of zeros would stay one */
	r->started = true;
}

void gj_random_init(gj_random *r)
{
	r->next = N;
	r->started = r->seeded = r->spare = false;
}

void gj_random_forked(gj_random *r)
{
	if (!r->seeded)
		gj_random_init(r);
}

void gj_rng_seed(gj_random *r, uint32_t n)
{
	seed(r, n);
	r->seeded = true;
}

void gj_rng_start(gj_random *r) { gj_random_init(r); }

/* -- The generator ---------------------------------------------------------------------------------------------------- */

/* The upper bit of one word and the lower bits of the next, shifted, with the matrix where the lowest bit is set. */
static inline uint32_t twist(uint32_t a, uint32_t b)
{
	return ((a & 0x80000000u) | (b & 0x7fffffffu)) >> 1 ^ (-(b & 1) & 0x9908b0dfu);
}

void gj_random_refill(gj_random *r)
{
	if (!r->started)
		start(r);
	uint32_t *restrict s = r->state, *restrict out = r->word;
	for (int i = 0; i < N - M; i++)
		s[i] = s[i + M] ^ twist(s[i], s[i + 1]);
	for (int i = N - M; i < N - 1; i++)
		s[i] = s[i + M - N] ^ twist(s[i], s[i + 1]);
	s[N - 1] = s[M - 1] ^ twist(s[N - 1], s[0]);
	for (int i = 0; i < N; i++) {
		uint32_t y = s[i];
		y ^= y >> 11;
		y ^= y << 7 & 0x9d2c5680u;
		y ^= y << 15 & 0xefc60000u;
		out[i] = y ^ y >> 18;
	}
	r->next = 0;
}

double gj_rng_next_unit(gj_random *r) { return gj_random_unit(r); }
uint32_t gj_rng_next_word(gj_random *r) { return gj_random_word(r); }

double gj_random_gauss(gj_random *r)
{
	double x, y, square;
	if (r->spare) {
		r->spare = false;
		return r->second;
	}
	do {
		x = 2.0 * gj_random_unit(r) - 1.0;
		y = 2.0 * gj_random_unit(r) - 1.0;
		square = x * x + y * y;
	} while (square >= 1.0 || square == 0.0);
	double factor = sqrt(-2.0 * log(square) / square);
	r->spare = true;
	r->second = factor * x;
	return factor * y;
}

/* -- By name ---------------------------------------------------------------------------------------------------------- */

uintptr_t gj_cpu_random(const char *name)
{
	static const struct { const char *name; void (*f)(void); } rows[] = {
#define RANDOM(NAME, signature, R, params) { #NAME, (void (*)(void))gj_rng_##NAME },
#define INLINED(NAME, signature, words)
#include "image/random.def"
#undef INLINED
#undef RANDOM
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!strcmp(rows[i].name, name))
			return (uintptr_t)rows[i].f;
	return 0;
}
