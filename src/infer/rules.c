/* What the rows of names.def mean to inference: a type rule each, with the row's argument. */
#include "infer/infer.h"
#include "image/barrier.h"

#include <string.h>

#define NAME(name, params, rule, low, arg, doc) gj_known gj_infer_##rule(gj_icall *);
#define SPACE(name, doc)
#include "names/names.def"

static const struct { gj_known (*rule)(gj_icall *); int arg; } table[] = {
#define NAME(name, params, rule, low, arg, doc) { gj_infer_##rule, arg },
#define SPACE(name, doc) { NULL, 0 },
#include "names/names.def"
};

int gj_rule_argument(const gj_name *row) { return table[gj_name_index(row)].arg; }
/* The rules by name, for questions about them. */
static const char *const rule_name[] = {
#define NAME(name, params, rule, low, arg, doc) #rule,
#define SPACE(name, doc) "",
#include "names/names.def"
};

static bool is_one_of(const gj_name *row, const char *const *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rule_name[gj_name_index(row)], rules[i]))
			return true;
	return false;
}

bool gj_takes_expressions(const gj_name *row)
{
	static const char *const rules[] = { "reduce", "where", "astype", "abs" };
	return gj_is_ufunc(row) || is_one_of(row, rules, GJ_LEN(rules));
}

bool gj_is_reduction(const gj_name *row) { return is_one_of(row, (const char *const[]){ "reduce" }, 1); }
bool gj_gives_local(const gj_name *row) { return is_one_of(row, (const char *const[]){ "reduce", "accumulate" }, 2); }
bool gj_is_where(const gj_name *row) { return row && is_one_of(row, (const char *const[]){ "where" }, 1); }

int gj_reshapes(const gj_name *row)
{
	bool ravel = row && is_one_of(row, (const char *const[]){ "ravel" }, 1);
	return ravel ? 'r' : row && is_one_of(row, (const char *const[]){ "reshape" }, 1) ? 's' : 0;
}

bool gj_makes_array(const gj_name *row)
{
	static const char *const rules[] = { "new_array" };
	return is_one_of(row, rules, GJ_LEN(rules));
}

bool gj_changes_array(const gj_name *row) { return is_one_of(row, (const char *const[]){ "fill" }, 1); }

gj_known gj_infer_name(gj_icall *c)
{
	uint32_t row = gj_name_index(c->row);
	c->arg = table[row].arg;
	return table[row].rule(c);
}
