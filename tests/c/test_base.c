/* base: arena and its trap, vectors, string builder, SHA-256 against known digests, diagnostics. */
#include "base/base.h"
#include "base/half.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_arena(void)
{
	gj_arena *a = gj_arena_new();
	for (size_t n = 0; n < 3000; n += 7) {
		unsigned char *p = gj_alloc(a, n), sum = 0;
		for (size_t i = 0; i < n; i++)
			sum |= p[i];
		CHECK((uintptr_t)p % 16 == 0 && sum == 0, "%zu bytes", n);
		memset(p, 0xff, n);
	}
	char *big = gj_alloc(a, 5 << 20);
	big[(5 << 20) - 1] = 1;
	CHECK(strcmp(gj_printf(a, "%s-%d", "x", 7), "x-7") == 0, "gj_printf");
	CHECK(strcmp(gj_strndup(a, "abcdef", 3), "abc") == 0, "gj_strndup");
	CHECK(strcmp(gj_strdup(a, ""), "") == 0, "gj_strdup");
	CHECK(memcmp(gj_memdup(a, "a\0b", 3), "a\0b", 3) == 0, "gj_memdup");
	GJ_VEC(int) v = { 0 };
	for (int i = 0; i < 10000; i++)
		gj_push(a, &v, i);
	int wrong = 0;
	for (int i = 0; i < 10000; i++)
		wrong += v.p[i] != i;
	CHECK(v.n == 10000 && !wrong, "%d wrong items", wrong);
	gj_reserve(a, &v, 70000);
	CHECK(v.cap >= 70000 && v.p[9999] == 9999, "gj_reserve");
	gj_arena_free(a);
}

static void test_trap(void)
{
	static gj_trap trap;
	trap.arena = gj_arena_new();
	gj_arena_trap(trap.arena, &trap);
	volatile int landed = 0;
	if (setjmp(trap.env) == 0)
		gj_alloc(trap.arena, PTRDIFF_MAX);
	else
		landed = 1;
	CHECK(landed && trap.diag.set && trap.diag.id == GJ_ERR_NOMEM, "huge allocation");
	CHECK(strcmp(trap.diag.exc, "MemoryError") == 0 && !trap.diag.hint, "row NOMEM");
	gj_diag_clear(&trap.diag);
	GJ_VEC(double) v = { 0 };
	if (setjmp(trap.env) == 0)
		gj_reserve(trap.arena, &v, UINT32_MAX);
	else
		landed = 2;
	CHECK(landed == 2 && trap.diag.id == GJ_ERR_NOMEM, "huge vector");
	gj_diag_clear(&trap.diag);
	gj_arena_free(trap.arena);
}

static void test_sb(void)
{
	gj_sb s = { 0 };
	CHECK(strcmp(gj_sb_str(&s), "") == 0, "empty builder");
	gj_sb_puts(&s, "ab");
	gj_sb_put(&s, "c\0d", 3);
	gj_sb_printf(&s, "%05d", 42);
	CHECK(s.n == 10 && memcmp(s.p, "abc\0d00042", 11) == 0, "%zu bytes", s.n);
	for (int i = 0; i < 1000; i++)
		gj_sb_printf(&s, "[%d]", i);
	CHECK(!s.failed && strstr(s.p + 5, "[999]") && s.p[s.n] == 0, "long text");
	gj_sb_free(&s);
	CHECK(!s.p && !s.n && !s.cap, "freed");
}

static void digest(const char *data, size_t n, size_t step, char out[65])
{
	gj_hasher h;
	gj_hash_init(&h);
	for (size_t i = 0; i < n; i += step)
		gj_hash_put(&h, data + i, n - i < step ? n - i : step);
	gj_hash d = gj_hash_done(&h);
	gj_hash_hex(&d, out);
}

static void test_sha(void)
{
	static const struct { const char *text, *hex; } known[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	char hex[65];
	for (size_t i = 0; i < GJ_LEN(known); i++) {
		digest(known[i].text, strlen(known[i].text), 1, hex);
		CHECK(strcmp(hex, known[i].hex) == 0, "\"%s\": %s", known[i].text, hex);
	}
	static char million[1000000];
	memset(million, 'a', sizeof million);
	for (size_t step = 1; step < 5000; step = step * 3 + 1) {
		digest(million, sizeof million, step, hex);
		CHECK(strcmp(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0, "step %zu", step);
	}
	gj_hasher x, y;
	gj_hash_init(&x);
	gj_hash_init(&y);
	gj_hash_str(&x, "a");
	gj_hash_str(&x, "bc");
	gj_hash_str(&y, "ab");
	gj_hash_str(&y, "c");
	gj_hash dx = gj_hash_done(&x), dy = gj_hash_done(&y);
	CHECK(memcmp(&dx, &dy, sizeof dx) != 0, "strings are told apart");
}

static void test_diag(void)
{
	gj_diag d = { 0 };
	gj_diag_set(&d, GJ_ERR_INTERNAL, "it broke");
	CHECK(d.set && strcmp(d.exc, "CompilerError") == 0, "class");
	CHECK(strcmp(d.message, "internal error: it broke") == 0, "%s", d.message);
	CHECK(d.hint && strstr(d.hint, "report it"), "hint");
	char file[] = "k.py";
	gj_frame frames[GJ_DIAG_FRAMES + 3];
	for (size_t i = 0; i < GJ_LEN(frames); i++)
		frames[i] = (gj_frame){ file, i ? NULL : "f", { (int)i, 2, 3, 4 } };
	gj_diag_at(&d, frames, GJ_LEN(frames));
	file[0] = 'x';
	CHECK(d.nframes == GJ_DIAG_FRAMES && strcmp(d.frame[0].file, "k.py") == 0, "frames are copied and cut");
	CHECK(strcmp(d.frame[0].func, "f") == 0 && !d.frame[1].func && d.frame[7].pos.line == 7, "frame contents");
	gj_diag_set(&d, GJ_ERR_UNSUPPORTED_OP, "yield", "a loop");
	CHECK(d.nframes == 0 && !strcmp(d.hint, "a loop") && strstr(d.message, "yield"), "set again");
	gj_diag_clear(&d);
	CHECK(!d.set && !d.message, "cleared");
}

/* Every pattern is itself; a number between two neighbours goes to the nearer one, from the middle to the even one. */
static void test_half(void)
{
	for (int brain = 0; brain < 2; brain++) {
		uint16_t infinity = brain ? 0x7f80 : 0x7c00, quiet = brain ? 0x40 : 0x200;
		for (uint32_t i = 0; i < 1u << 16; i++) {
			uint16_t bits = (uint16_t)i, size = bits & 0x7fff;
			double x = gj_half_value(bits, brain);
			CHECK(gj_half_bits(x, brain) == (size > infinity ? (bits | quiet) : bits), "%x", i);
			if (size >= infinity)
				continue;
			double above = size + 1 < infinity ? gj_half_value((uint16_t)(bits + 1), brain) : ldexp(x < 0 ? -1 : 1, brain ? 128 : 16);
			double middle = x + (above - x) / 2;
			CHECK(gj_half_bits(middle, brain) == bits + (bits & 1), "middle above %x", i);
			CHECK(gj_half_bits(nextafter(middle, x), brain) == bits && gj_half_bits(nextafter(middle, above), brain) == bits + 1, "next to it, %x", i);
		}
	}
	CHECK(gj_half_bits(1e300, false) == 0x7c00 && gj_half_bits(-1e300, true) == 0xff80, "too large");
	CHECK(gj_half_bits(-1e-300, false) == 0x8000 && gj_half_bits(4e-324, true) == 0, "too small");
}

int main(void)
{
	test_arena();
	test_trap();
	test_sb();
	test_sha();
	test_diag();
	test_half();
	return done();
}
