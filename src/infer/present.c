/* Values that may be None: who may be given one, and where it is known that there is one: behind a branch that asked. */
#include "infer/infer.h"
#include "ir/walk.h"

#include <string.h>

bool gj_takes_none(const gj_op *o)
{
	bool equality = o->op == GJ_PYCMP && (o->sub == GJ_CMP_EQ || o->sub == GJ_CMP_NE);
	return equality || o->op == GJ_IS || o->op == GJ_IN || o->op == GJ_TRUTH || (o->op == GJ_PYUN && o->sub == GJ_UN_NOT);
}

bool gj_keeps_none(const gj_name *row)
{
	static const char *const name[] = { "builtins.bool", "builtins.isinstance", "builtins.print", "operator.eq", "operator.ne", "operator.not_" };
	for (size_t i = 0; i < GJ_LEN(name); i++)
		if (!strcmp(row->name, name[i]))
			return true;
	return false;
}

gj_known gj_known_seen(gj_known v)
{
	v = gj_known_asked(v);
	return v.type && v.type->kind == GJ_OPTIONAL ? (gj_known){ v.type->elem, NULL } : v;
}

gj_known gj_known_asked(gj_known v)
{
	bool function = v.type && v.konst && v.konst->kind == GJ_OBJ_CODE;
	if (v.type && gj_is_generator(v))
		return (gj_known){ gj_static_type(NULL, "generator"), v.konst };
	return function ? (gj_known){ gj_static_type(NULL, "function"), v.konst } : v;
}

static bool is_none(const gj_inst *s, gj_ref r) { return gj_o(s->fn, r)->type == gj_t_none; }

/* Does it follow from the condition, which is `yes`, that op r is not None? */
static bool says_present(const gj_inst *s, gj_ref condition, bool yes, gj_ref r)
{
	for (const gj_op *o = gj_o(s->fn, condition);; o = gj_o(s->fn, o->arg[0])) {
		bool not = o->op == GJ_PYUN && o->sub == GJ_UN_NOT, equal = o->op == GJ_PYCMP && (o->sub == GJ_CMP_EQ || o->sub == GJ_CMP_NE);
		if ((o->op == GJ_TRUTH || not) && o->arg[0] == r)
			return yes != not;
		if (o->op == GJ_IS || equal) {
			bool negated = equal ? o->sub == GJ_CMP_NE : o->sub;
			bool asks = (o->arg[0] == r && is_none(s, o->arg[1])) || (o->arg[1] == r && is_none(s, o->arg[0]));
			return asks && yes == negated;
		}
		if (o->op != GJ_TRUTH && !not)
			return false;
		yes ^= not;
	}
}

bool gj_edge_says_present(const gj_inst *s, uint32_t from, uint32_t edge, gj_ref r)
{
	const gj_op *t = gj_terminator(s->fn, from);
	return t->op == GJ_BRANCH && says_present(s, t->arg[0], edge == 0, r);
}

bool gj_only_edge(const gj_inst *s, uint32_t b, uint32_t *from, uint32_t *edge)
{
	const gj_bb *bb = &s->fn->bb.p[b];
	uint32_t found = 0;
	for (uint32_t k = 0; k < bb->preds.n; k++) {
		uint32_t e = gj_pred_edge(s->fn, b, k);
		if (!s->edge[2 * bb->preds.p[k] + e])
			continue;
		*from = bb->preds.p[k];
		*edge = e;
		found++;
	}
	return found == 1;
}

bool gj_is_present(const gj_inst *s, uint32_t b, gj_ref r)
{
	uint32_t from, edge;
	for (uint32_t n = 0; n < s->fn->bb.n && gj_only_edge(s, b, &from, &edge); n++, b = from)
		if (gj_edge_says_present(s, from, edge, r))
			return true;
	return false;
}

gj_known gj_known_at(const gj_inst *s, uint32_t b, gj_ref r)
{
	gj_known v = gj_value(s, r);
	return v.type && v.type->kind == GJ_OPTIONAL && gj_is_present(s, b, r) ? gj_known_seen(v) : v;
}
