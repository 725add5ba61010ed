/* What to compile for and how: plain data, made from the rows of options.def. */
#ifndef GJ_OPTIONS_H
#define GJ_OPTIONS_H

#include "image/entry.h"
#include "image/target.h"

typedef struct gj_cc { int major, minor; } gj_cc;
typedef struct gj_bounds { uint32_t threads, blocks, cluster; } gj_bounds;     /* of a launch; 0: none */

/* Kinds of options and their C types. Python reads and shows a kind by its row in pyext/launch/options.c. */
#define GJ_OPTION_KINDS(X) \
	X(TARGET, const gj_target *) X(CC, gj_cc) X(COUNT, uint32_t) X(FLAG, bool) X(TEXT, const char *) X(ENTRY, gj_entry_kind) \
	X(BOUNDS, gj_bounds) X(INLINE, bool) X(CARVEOUT, int8_t)

typedef enum gj_option_kind {
#define X(kind, type) GJ_OPTION_##kind,
	GJ_OPTION_KINDS(X)
#undef X
	GJ_NOPTION_KINDS
} gj_option_kind;

#define X(kind, type) typedef type gj_option_##kind;
GJ_OPTION_KINDS(X)
#undef X

typedef struct gj_options {
#define OPTION(field, keyword, kind, ...) gj_option_##kind field;
#include "image/options.def"
} gj_options;

typedef enum gj_setter {
	GJ_SET_JIT = 1, GJ_SET_COMPILE = 2, GJ_SET_MAKER = 4, GJ_SET_DEVICE = 8, GJ_SET_LAUNCH = 16, GJ_SET_LOOK = 32, GJ_SET_VECTORIZE = 64
} gj_setter;

/* A row of options.def as data. */
typedef struct gj_option {
	const char *keyword;
	gj_option_kind kind;
	size_t at;                                 /* of the field in gj_options */
	bool key;                                  /* part of the cache's key */
	unsigned setters;                          /* gj_setter */
	const char *what;
} gj_option;

enum {
#define OPTION(field, ...) GJ_OPTION_AT_##field,
#include "image/options.def"
	GJ_NOPTIONS
};
extern const gj_option gj_option_rows[GJ_NOPTIONS];
extern const gj_options gj_options_default;

/* The row of a keyword; NULL: none. */
const gj_option *gj_option_named(const char *keyword);
/* Is what raises told to somebody? Otherwise a thread that raises is at its end. */
bool gj_options_report(const gj_options *);
/* Every option of the key. */
void gj_options_hash(gj_hasher *, const gj_options *);

#endif
