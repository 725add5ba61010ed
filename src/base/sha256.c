/* SHA-256 as FIPS 180-4 writes it: names of cached kernels and the checksum of what the cache holds. */
#include "base/base.h"

#include <string.h>

static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static uint32_t load_be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void compress(uint32_t h[8], const uint8_t *block)
{
	uint32_t w[64], v[8];
	for (int t = 0; t < 16; t++)
		w[t] = load_be(block + 4 * t);
	for (int t = 16; t < 64; t++) {
		uint32_t x = w[t - 15], y = w[t - 2];
		w[t] = w[t - 16] + (ror(x, 7) ^ ror(x, 18) ^ x >> 3) + w[t - 7] + (ror(y, 17) ^ ror(y, 19) ^ y >> 10);
	}
	memcpy(v, h, sizeof v);
	for (int t = 0; t < 64; t++) {
		uint32_t a = v[0], e = v[4];
		uint32_t t1 = v[7] + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + K[t] + w[t];
		uint32_t t2 = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof *v);
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		h[i] += v[i];
}

void gj_hash_init(gj_hasher *s)
{
	static const uint32_t start[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};
	memset(s, 0, sizeof *s);
	memcpy(s->h, start, sizeof start);
}

void gj_hash_put(gj_hasher *s, const void *data, size_t n)
{
	const uint8_t *p = data;
	while (n) {
		size_t used = s->bytes % 64, m = 64 - used < n ? 64 - used : n;
		memcpy(s->buf + used, p, m);
		s->bytes += m;
		p += m;
		n -= m;
		if (used + m == 64)
			compress(s->h, s->buf);
	}
}

void gj_hash_u64(gj_hasher *s, uint64_t x)
{
	uint8_t b[8];
	for (int i = 0; i < 8; i++)
		b[i] = (uint8_t)(x >> 8 * i);
	gj_hash_put(s, b, sizeof b);
}

void gj_hash_str(gj_hasher *s, const char *text)
{
	size_t n = strlen(text);
	gj_hash_u64(s, n);
	gj_hash_put(s, text, n);
}

gj_hash gj_hash_done(gj_hasher *s)
{
	static const uint8_t pad[64] = { 0x80 };
	uint64_t bits = s->bytes * 8;
	uint8_t length[8];
	gj_hash_put(s, pad, 1 + (119 - s->bytes % 64) % 64);
	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	gj_hash_put(s, length, sizeof length);
	gj_hash r;
	for (int i = 0; i < 32; i++)
		r.b[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
	return r;
}

void gj_hash_hex(const gj_hash *h, char out[65])
{
	for (int i = 0; i < 64; i++)
		out[i] = "0123456789abcdef"[h->b[i / 2] >> (i % 2 ? 0 : 4) & 15];
	out[64] = 0;
}
