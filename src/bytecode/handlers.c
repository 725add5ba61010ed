/* Which handler takes what an instruction raises, and which instructions may raise: those end their block, with a way to the handler. */
#include "bytecode/state.h"

#include <string.h>

const gj_handler *gj_handler_of(const gj_ssa_state *s, uint32_t i)
{
	uint32_t unit = s->in.p[i].unit;
	for (uint32_t k = 0; k < s->code->nhandlers; k++)
		if (unit >= s->code->handler[k].first && unit < s->code->handler[k].end)
			return &s->code->handler[k];
	return NULL;
}

static bool deletes(const gj_ssa_state *s, uint32_t var)
{
	for (uint32_t i = 0; i < s->in.n; i++)
		if (s->in.p[i].row != UINT16_MAX && s->in.p[i].arg == var && !strcmp(gj_pyops[s->in.p[i].row].name, "DELETE_FAST"))
			return true;
	return false;
}

/* An instruction for a variable that surely has a value: a parameter that is never deleted (3.11 has one instruction for all variables), or
 * what the handler of `except E as e` stores before it deletes it. */
static bool finds_value(const gj_ssa_state *s, uint32_t i)
{
	const char *name = gj_pyops[s->in.p[i].row].name, *before = i && s->in.p[i - 1].row != UINT16_MAX ? gj_pyops[s->in.p[i - 1].row].name : "";
	if (!strcmp(name, "LOAD_FAST"))
		return s->in.p[i].arg < gj_code_params(s->code) && !deletes(s, s->in.p[i].arg);
	return !strncmp(name, "DELETE_", 7) && !strncmp(before, "STORE_", 6) && !strcmp(name + 7, before + 6) && s->in.p[i].arg == s->in.p[i - 1].arg;
}

bool gj_may_be_caught(const gj_ssa_state *s, uint32_t i)
{
	const gj_pyop *row = &gj_pyops[s->in.p[i].row];
	bool raises = row->flow == GJ_FLOW_END && strncmp(row->name, "RETURN_", 7);
	return (raises || (row->flow == GJ_FLOW_RISK && !finds_value(s, i))) && gj_handler_of(s, i);
}
