/* What the rows of names.def mean to lowering: a function that builds the row's operations, with the row's argument. */
#include "lower/lower.h"
#include "image/barrier.h"

#define NAME(name, params, rule, low, arg, doc) gj_lv gj_lower_##low(gj_lcall *);
#define SPACE(name, doc)
#include "names/names.def"

static const struct { gj_lv (*lower)(gj_lcall *); int arg; } table[] = {
#define NAME(name, params, rule, low, arg, doc) { gj_lower_##low, arg },
#define SPACE(name, doc) { NULL, 0 },
#include "names/names.def"
};

gj_lv gj_lower_name(gj_lcall *c)
{
	uint32_t row = gj_name_index(c->row);
	c->arg = table[row].arg;
	return table[row].lower(c);
}
