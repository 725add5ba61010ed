/* Functions that have implementations by the types of a call (extending.overload). Who chooses them is Python, which inference cannot
 * ask: it fails with what it wants to know, and is begun again with the answer among what was frozen (pyext/launch/functions.c). */
#include "infer/infer.h"
#include "code/wanted.h"

#include <string.h>

/* The types of a call; false: not all are known yet. */
static bool describe(const gj_inst *s, const gj_op *call, gj_wanted *w)
{
	*w = (gj_wanted){ .n = call->nargs - 1, .nkw = call->imm.kw ? call->imm.kw->n : 0 };
	if (w->n > GJ_WANTED_ARGS)
		gj_fail(s->fn, call->loc, GJ_ERR_TUPLE_SIZE, GJ_WANTED_ARGS);
	for (uint32_t i = 0; i < w->n; i++) {
		gj_known v = gj_known_seen(gj_value(s, call->arg[i + 1]));
		if (!v.type)
			return false;
		w->type[i] = v.type->kind == GJ_REF ? v.type->elem : gj_in_space(s->fn->trap, v.type, GJ_GLOBAL);
		if (i >= w->n - w->nkw)
			w->keyword[i] = call->imm.kw->name[i - (w->n - w->nkw)];
	}
	return true;
}

const gj_obj *gj_known_implementation(const gj_inst *s, gj_ref r, const gj_obj *f)
{
	const gj_op *call = gj_o(s->fn, r);
	gj_trap *trap = s->fn->trap;
	gj_sb text = { 0 };
	gj_wanted w;
	if (!describe(s, call, &w))
		return NULL;
	gj_wanted_text(&w, &text);
	const char *types = gj_strdup(s->fn->arena, gj_sb_str(&text));
	gj_sb_free(&text);
	uint32_t i = 0;
	while (i < f->n && strcmp(f->attr[i], types))
		i++;
	if (i < f->n && f->item[i]->kind == GJ_OBJ_FUNCTION)
		return f->item[i];
	if (i == f->n && trap->wanted) {
		w.function = f;
		*trap->wanted = w;
	}
	gj_fail(s->fn, call->loc, GJ_ERR_OVERLOAD, f->name, types);
}
