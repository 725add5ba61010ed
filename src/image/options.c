/* The rows of options.def as a table, and what is done with all of them: defaults, the part of the cache's key. */
#include "image/options.h"

#include <stddef.h>
#include <string.h>

enum { FREE = false, KEY = true, JIT = GJ_SET_JIT, COMPILE = GJ_SET_COMPILE, MAKER = GJ_SET_MAKER, DEVICE = GJ_SET_DEVICE,
	LAUNCH = GJ_SET_LAUNCH, LOOK = GJ_SET_LOOK, VECTORIZE = GJ_SET_VECTORIZE };

const gj_option gj_option_rows[GJ_NOPTIONS] = {
#define OPTION(field, keyword, kind, value, key, setters, what) \
	{ keyword, GJ_OPTION_##kind, offsetof(gj_options, field), key, setters, what },
#include "image/options.def"
};

const gj_options gj_options_default = {
#define OPTION(field, keyword, kind, value, key, setters, what) .field = value,
#include "image/options.def"
};

bool gj_options_report(const gj_options *o)
{
	const gj_entry *entry = &gj_entries[o->entry];
	bool launched = entry->args == GJ_ARGS_LEAVES;         /* others have nobody to tell */
	return entry->raise == GJ_RAISE_REPORTED || (launched && (o->debug || o->extents));
}

const gj_option *gj_option_named(const char *keyword)
{
	for (int i = 0; i < GJ_NOPTIONS; i++)
		if (!strcmp(gj_option_rows[i].keyword, keyword))
			return &gj_option_rows[i];
	return NULL;
}

/* -- The key: a value of each kind, without the padding of structures ----------------------------------------------------------- */

static void hash_TARGET(gj_hasher *h, const gj_target *const *x) { gj_hash_str(h, (*x)->name); }
static void hash_COUNT(gj_hasher *h, const uint32_t *x) { gj_hash_u64(h, *x); }
static void hash_FLAG(gj_hasher *h, const bool *x) { gj_hash_u64(h, *x); }
static void hash_INLINE(gj_hasher *h, const bool *x) { gj_hash_u64(h, *x); }
static void hash_CARVEOUT(gj_hasher *h, const int8_t *x) { gj_hash_u64(h, (uint64_t)*x); }
static void hash_ENTRY(gj_hasher *h, const gj_entry_kind *x) { gj_hash_u64(h, *x); }

static void hash_TEXT(gj_hasher *h, const char *const *x)
{
	gj_hash_u64(h, *x != NULL);
	gj_hash_str(h, *x ? *x : "");
}

static void hash_CC(gj_hasher *h, const gj_cc *x)
{
	gj_hash_u64(h, (uint64_t)x->major);
	gj_hash_u64(h, (uint64_t)x->minor);
}

static void hash_BOUNDS(gj_hasher *h, const gj_bounds *x)
{
	gj_hash_u64(h, x->threads);
	gj_hash_u64(h, x->blocks);
	gj_hash_u64(h, x->cluster);
}

void gj_options_hash(gj_hasher *h, const gj_options *o)
{
#define OPTION(field, keyword, kind, value, key, ...) \
	if (key) \
		hash_##kind(h, &o->field);
#include "image/options.def"
}
