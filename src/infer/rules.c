/* What the rows of names.def mean to inference: a type rule each, with the row's argument. */
#include "infer/infer.h"
#include "image/barrier.h"

#define NAME(name, params, rule, low, arg, doc) gj_known gj_infer_##rule(gj_icall *);
#define SPACE(name, doc)
#include "names/names.def"

static const struct { gj_known (*rule)(gj_icall *); int arg; } table[] = {
#define NAME(name, params, rule, low, arg, doc) { gj_infer_##rule, arg },
#define SPACE(name, doc) { NULL, 0 },
#include "names/names.def"
};

int gj_rule_argument(const gj_name *row) { return table[gj_name_index(row)].arg; }

gj_known gj_infer_name(gj_icall *c)
{
	uint32_t row = gj_name_index(c->row);
	c->arg = table[row].arg;
	return table[row].rule(c);
}
