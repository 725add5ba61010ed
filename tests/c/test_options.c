/* Options: every row of options.def has its default, and every row of the key changes the key. The rows are enumerated, so a
 * new one is tested as soon as it is there. */
#include "check.h"
#include "image/options.h"

#include <string.h>

static gj_hash key(const gj_options *o)
{
	gj_hasher h;
	gj_hash_init(&h);
	gj_options_hash(&h, o);
	return gj_hash_done(&h);
}

static bool same(gj_hash a, gj_hash b) { return memcmp(&a, &b, sizeof a) == 0; }

/* Other values of each kind: all of them, and each of their parts. */
static const gj_target *const other_TARGET[] = { &gj_targets[GJ_TARGET_NVPTX], &gj_targets[GJ_TARGET_CPU] };
static const uint32_t other_COUNT[] = { 0, 1, 2, 1u << 31 };
static const int8_t other_CARVEOUT[] = { -1, 0, 50, 100 };
static const bool other_FLAG[] = { false, true }, other_INLINE[] = { false, true };
static const char *const other_TEXT[] = { NULL, "", "a", "ab" };
static const gj_entry_kind other_ENTRY[] = { GJ_ENTRY_KERNEL, GJ_ENTRY_DEVICE, GJ_ENTRY_C, GJ_ENTRY_NUMBA };
static const gj_cc other_CC[] = { { 0 }, { 9, 0 }, { 0, 9 } };
static const gj_bounds other_BOUNDS[] = { { 0 }, { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } };

/* Values in which one option, at `row`, differs: their keys differ if it is of the key, else they are all the same. */
static void vary(const char *keyword, bool of_key, size_t at, const void *value, size_t n, size_t size)
{
	gj_options o = gj_options_default;
	gj_hash before[8];
	for (size_t i = 0; i < n; i++) {
		memcpy((char *)&o + at, (const char *)value + i * size, size);
		before[i] = key(&o);
		for (size_t k = 0; k < i; k++)
			CHECK(same(before[i], before[k]) == !of_key, "%s: values %zu and %zu %s", keyword, k, i,
				of_key ? "have the same key" : "have different keys");
	}
}

static void test_key(void)
{
#define OPTION(field, keyword, kind, value, ...) { \
		const gj_option *row = &gj_option_rows[GJ_OPTION_AT_##field]; \
		CHECK(sizeof *other_##kind == sizeof gj_options_default.field, "%s: its kind has another size", keyword); \
		vary(keyword, row->key, row->at, other_##kind, GJ_LEN(other_##kind), sizeof *other_##kind); \
	}
#include "image/options.def"
}

static void test_rows(void)
{
	for (int i = 0; i < GJ_NOPTIONS; i++) {
		const gj_option *row = &gj_option_rows[i];
		CHECK(gj_option_named(row->keyword) == row, "%s: another row has its name", row->keyword);
		CHECK(row->setters && *row->what, "%s: who sets it, and what it does", row->keyword);
		CHECK(row->kind < GJ_NOPTION_KINDS, "%s: kind %d", row->keyword, row->kind);
	}
	CHECK(!gj_option_named("nonsense"), "an option that is not there");
	CHECK(gj_options_default.opt && gj_options_default.width == 1 && !gj_options_default.debug, "defaults");
}

static void test_entries(void)
{
	for (int i = 0; i < GJ_NENTRIES; i++)
		CHECK(gj_entry_named(gj_entries[i].name) == (*gj_entries[i].name ? (gj_entry_kind)i : GJ_NENTRIES), "entry %d", i);
	CHECK(gj_entry_named("nonsense") == GJ_NENTRIES, "an entry that is not there");
}

int main(void)
{
	test_key();
	test_rows();
	test_entries();
	return done();
}
