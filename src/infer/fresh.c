/* Arrays that a function makes have one place in local memory, however often they are made. An array that is made again in a loop
 * while the one before is still used would be the same: that is refused. */
#include "infer/infer.h"
#include "ir/walk.h"

#include <string.h>

/* Does a value of this type lead to memory? */
static bool leads_to_memory(const gj_type *t)
{
	if (!t)
		return false;
	for (uint32_t i = 0; (t->kind == GJ_TUPLE || t->kind == GJ_EXPRESSION) && i < t->n; i++)
		if (leads_to_memory(t->item[i]))
			return true;
	return t->kind == GJ_ARRAY || t->kind == GJ_REF || (t->kind == GJ_ITER && leads_to_memory(t->elem));
}

/* Does the op give an array that is made each time it runs? */
static bool makes(const gj_inst *s, gj_ref r)
{
	const gj_op *o = gj_o(s->fn, r);
	if (o->op != GJ_CALL || !leads_to_memory(o->type))
		return false;
	uint32_t i = 0;
	for (const gj_inst *callee; (callee = gj_callee(s, r, &i));)
		if (callee->makes)
			return true;
	if (s->callee[r])
		return false;
	const gj_obj *f = s->konst[o->arg[0]];
	if (!f || f->kind != GJ_OBJ_NAME || o->type->space != GJ_LOCAL)
		return false;
	gj_shape_known shape;                          /* of what is given as `out`, a reduction knows none */
	return gj_new_array_of(f->name) > GJ_NEW_NOTHING || (gj_gives_local(gj_name_find(f->name)) && gj_known_shape(s, r, &shape));
}

/* What an array is part of, or a view of. */
static bool *derived(const gj_inst *s, gj_ref from)
{
	bool *in = gj_new(s->fn->arena, bool, s->fn->op.n), changed = true;
	in[from] = true;
	while (changed) {
		changed = false;
		GJ_EACH_OP(s->fn, b, r) {
			const gj_op *o = gj_o(s->fn, r);
			for (uint32_t k = 0; s->live[b] && !in[r] && k < o->nargs && leads_to_memory(o->type); k++)
				changed |= in[r] = in[o->arg[k]];
		}
	}
	return in;
}

typedef struct walk { const gj_inst *s; gj_ref made, value; bool *seen; GJ_VEC(uint32_t) next; gj_ref use; } walk;

/* Phis of the block that an edge leads to take their operands on it. */
static bool taken_on(walk *w, uint32_t b, uint32_t i)
{
	uint32_t to = w->s->fn->bb.p[b].succ[i], at = gj_edge_index(w->s->fn, b, i);
	GJ_EACH_PHI(w->s->fn, to, r)
		if (gj_o(w->s->fn, r)->arg[at] == w->value && gj_o(w->s->fn, r)->type) {
			w->use = w->made;
			return true;
		}
	return false;
}

/* Along block b from place i on, until the value is made anew; true: it is used before. */
static bool used(walk *w, uint32_t b, uint32_t i)
{
	const gj_bb *bb = &w->s->fn->bb.p[b];
	for (; i < bb->ops.n; i++) {
		const gj_op *o = gj_o(w->s->fn, bb->ops.p[i]);
		if (bb->ops.p[i] == w->value)
			return false;
		for (uint32_t k = 0; o->op != GJ_PHI && k < o->nargs; k++)
			if (o->arg[k] == w->value) {
				w->use = bb->ops.p[i];
				return true;
			}
	}
	for (uint32_t k = 0; k < bb->nsucc; k++) {
		if (!w->s->edge[2 * b + k])
			continue;
		if (taken_on(w, b, k))
			return true;
		if (!w->seen[bb->succ[k]]) {
			w->seen[bb->succ[k]] = true;
			gj_push(w->s->fn->arena, &w->next, bb->succ[k]);
		}
	}
	return false;
}

/* An op behind which `value`, which leads to the array made before, is used. 0: none. */
static gj_ref used_after(const gj_inst *s, gj_ref made, gj_ref value)
{
	walk w = { .s = s, .made = made, .value = value, .seen = gj_new(s->fn->arena, bool, s->fn->bb.n) };
	uint32_t b = gj_o(s->fn, made)->block, place = 0;
	while (s->fn->bb.p[b].ops.p[place] != made)
		place++;
	bool found = used(&w, b, place + 1);
	while (!found && w.next.n)
		found = used(&w, w.next.p[--w.next.n], 0);
	return found ? w.use : 0;
}

void gj_check_fresh(gj_inst *s)
{
	GJ_EACH_OP(s->fn, b, r) {
		if (!s->live[b] || !makes(s, r))
			continue;
		s->makes |= leads_to_memory(s->ret.type);
		const bool *in = derived(s, r);
		for (gj_ref d = 1; d < s->fn->op.n; d++) {
			gj_ref use = in[d] && d != r ? used_after(s, r, d) : 0;
			if (use)                                   /* d was made before r was, and from what r gave the last time */
				gj_fail(s->fn, gj_o(s->fn, use)->loc, GJ_ERR_FRESH);
		}
	}
}
