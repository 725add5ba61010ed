/* Where many generators of xoroshiro128+ start. A step of the generator is linear over the bits of its state, so a jump is
 * a matrix of 128 × 128 bits: it is kept as what it makes of each byte of a state, and a jump is 16 look-ups. */
#include "base/xoroshiro.h"

enum {
	BITS = 128, BYTES = 16,
	CHAINS = 4, LONG = 4096                                                    /* so many states are filled from several places at once */
};

typedef uint64_t two __attribute__((vector_size(16)));       /* a state: s0, s1 */

/* What a map makes of a state in which only byte i is not 0. */
typedef struct map { two of[BYTES][256]; } map;

static uint64_t rotated(uint64_t x, int by) { return x << by | x >> (64 - by); }

static two step(two s)
{
	uint64_t x = s[0] ^ s[1];
	return (two){ rotated(s[0], 55) ^ x ^ x << 14, rotated(x, 36) };
}

/* 2**64 steps, by the polynomial that its authors publish. */
static two far_step(two s)
{
	static const uint64_t jump[] = { 0xbeac0467eba5facb, 0xd86b048b86aa9922 };
	two to = { 0, 0 };
	for (int i = 0; i < BITS; i++, s = step(s))
		if (jump[i / 64] >> i % 64 & 1)
			to ^= s;
	return to;
}

static two mapped(const map *m, two s)
{
	two to = { 0, 0 };
	for (int i = 0; i < BYTES / 2; i++)
		to ^= m->of[i][s[0] >> 8 * i & 255] ^ m->of[i + BYTES / 2][s[1] >> 8 * i & 255];
	return to;
}

/* A map from what it makes of each bit. */
static void set_map(map *m, const two bit[BITS])
{
	for (int i = 0; i < BYTES; i++) {
		m->of[i][0] = (two){ 0, 0 };
		for (int x = 1; x < 256; x++)
			m->of[i][x] = m->of[i][x & (x - 1)] ^ bit[8 * i + __builtin_ctz((unsigned)x)];
	}
}

static two only(int bit)
{
	uint64_t one = (uint64_t)1 << bit % 64;
	return bit < 64 ? (two){ one, 0 } : (two){ 0, one };
}

/* The state n jumps behind s. */
static two jumped(const map *jump, uint64_t n, two s)
{
	two bit[BITS];
	map power = *jump;                                                         /* 1, 2, 4 … jumps */
	for (; n; n >>= 1) {
		if (n & 1)
			s = mapped(&power, s);
		for (int i = 0; i < BITS; i++)
			bit[i] = mapped(&power, mapped(&power, only(i)));
		set_map(&power, bit);
	}
	return s;
}

/* SplitMix64's first number, twice. */
static two seeded(uint64_t seed)
{
	uint64_t z = seed + 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return (two){ z, z };
}

void gj_xoroshiro_fill(gj_xoroshiro *state, size_t n, uint64_t seed, uint64_t first)
{
	size_t chains = n < LONG ? 1 : CHAINS, each = n / chains;
	two at[CHAINS], bit[BITS];
	map jump;
	for (int i = 0; i < BITS; i++)
		bit[i] = far_step(only(i));
	set_map(&jump, bit);
	at[0] = jumped(&jump, first, seeded(seed));
	for (size_t c = 1; c < chains; c++)
		at[c] = jumped(&jump, each, at[c - 1]);
	for (size_t i = 0; i < each; i++)
		for (size_t c = 0; c < chains; c++) {
			state[c * each + i] = (gj_xoroshiro){ at[c][0], at[c][1] };
			at[c] = mapped(&jump, at[c]);
		}
	for (size_t i = chains * each; i < n; i++) {                               /* the last chain goes on */
		state[i] = (gj_xoroshiro){ at[chains - 1][0], at[chains - 1][1] };
		at[chains - 1] = mapped(&jump, at[chains - 1]);
	}
}
