/* List comprehensions that np.array takes: np.array([f(v) for v in x]). Where how many rounds there are is known only at run time, the
 * loop stays a loop, and instead of a list there is an array of as many items as rounds (gj_reading.arrays), which it fills. Rounds that
 * an `if` leaves out are not counted, and what they would have filled is cut off. */
#include "bytecode/state.h"

#include <string.h>

static const gj_obj array_name = { .kind = GJ_OBJ_NAME, .name = "np.array" }, as_array = { .kind = GJ_OBJ_NAME, .name = "np.asarray" };
static const gj_obj zero = { .kind = GJ_OBJ_INT, .i = 0 }, one = { .kind = GJ_OBJ_INT, .i = 1 };

static const char *name_of(const gj_ssa_state *s, uint32_t i) { return gj_pyops[s->in.p[i].row].name; }

/* -- Which they are, found in a list's code ------------------------------------------------------------------------------- */

void gj_collect_note(gj_ssa_state *s, gj_ref list, gj_ref iterator, gj_ref longer)
{
	gj_push(s->f->arena, &s->listed, ((gj_growth){ list, iterator, longer }));
}

static bool takes(gj_ssa_state *s, const gj_op *call)
{
	const gj_obj *f = call->op == GJ_CALL && !call->sub ? gj_named_object(s, gj_var_find(s, call->arg[0])) : NULL;
	const gj_kwnames *kw = call->imm.kw;
	bool plain = call->nargs <= 3 && (!kw || !kw->n || (kw->n == 1 && !strcmp(kw->name[0], "dtype")));
	return f && plain && f->kind == GJ_OBJ_NAME && (!strcmp(f->name, array_name.name) || !strcmp(f->name, as_array.name));
}

/* Does nothing take the list but one call of np.array, as its first argument, and what makes the list? */
static bool only_array_takes(gj_ssa_state *s, gj_ref list, const gj_op *longer)
{
	uint32_t calls = 0;
	for (uint32_t i = 0; i < s->phi.n; i++) {
		const gj_op *o = gj_o(s->f, s->phi.p[i].ref);
		for (uint32_t k = 0; k < o->nargs && !s->alias[s->phi.p[i].ref]; k++)
			if (s->phi.p[i].ref != list && gj_var_find(s, o->arg[k]) == list)
				return false;
	}
	GJ_EACH_OP(s->f, b, r) {
		const gj_op *o = gj_o(s->f, r);
		for (uint32_t k = 0; k < o->nargs && o->op != GJ_PHI; k++) {
			if (gj_var_find(s, o->arg[k]) != list || (o->op == GJ_STAR && r == longer->arg[0]))
				continue;
			if (k != 1 || !takes(s, o))
				return false;
			calls++;
		}
	}
	return calls == 1;
}

void gj_collect_mark(gj_ssa_state *s)
{
	for (uint32_t i = 0; i < s->listed.n; i++) {
		gj_ref list = gj_var_find(s, s->listed.p[i].list), it = gj_var_find(s, s->listed.p[i].iterator);
		const gj_op *longer = gj_o(s->f, s->listed.p[i].longer);
		if (gj_o(s->f, list)->op == GJ_PHI && gj_o(s->f, it)->op == GJ_GETITER && longer->nargs == 2 && only_array_takes(s, list, longer))
			gj_o(s->f, it)->sub = GJ_ITER_COLLECTED;
	}
}

/* -- The array in the list's place ---------------------------------------------------------------------------------------- */

/* What the reading collects in the loop that begins with instruction i, seen from the block at work; NULL: nothing. */
static gj_collection *collection(gj_ssa_state *s, uint32_t i)
{
	const gj_copy *in = &s->copy.p[s->sb.p[s->cur].copy];
	for (uint32_t k = 0; k < s->reading->arrays.n; k++) {
		const gj_loop_place *l = &s->reading->arrays.p[k];
		if (l->insn != i || l->up != in->loop || l->round != in->round)
			continue;
		while (s->collected.n <= k)
			gj_push(s->f->arena, &s->collected, ((gj_collection){ 0 }));
		return &s->collected.p[k];
	}
	return NULL;
}

/* Are there rounds without an item? Then several jumps lead to the loop's start. */
static bool leaves_out(const gj_ssa_state *s, uint32_t loop)
{
	uint32_t back = 0;
	for (uint32_t i = loop; i < (uint32_t)s->in.p[loop].target; i++)
		back += s->in.p[i].target == (int32_t)loop;
	return back > 1;
}

/* How many items the array has that stands n places below the top. */
static uint32_t filled(const gj_ssa_state *s, uint32_t n) { return GJ_VAR_FILLED + s->stack.n - n; }

bool gj_collect_begin(gj_ssa_state *s)
{
	static const gj_obj empty = { .kind = GJ_OBJ_NAME, .name = "np.empty" };
	uint32_t loop = (uint32_t)(s->insn - s->in.p) + 2;
	gj_collection *c = loop < s->in.n && !strcmp(name_of(s, loop), "FOR_ITER") ? collection(s, loop) : NULL;
	if (!c)
		return false;
	gj_ref it = *gj_ssa_from_top(s, 1), call[] = { gj_ssa_emit_obj(s, &empty), gj_ssa_emit1(s, GJ_ITERCOUNT, it), gj_ssa_emit1(s, GJ_ITEMTYPE, it) };
	*c = (gj_collection){ .type = call[2], .array = gj_ssa_emit(s, GJ_CALL, 3, call), .cut = leaves_out(s, loop) };
	gj_var_write(s, s->cur, filled(s, 1), gj_ssa_emit_obj(s, &zero));
	gj_ssa_push(s, c->array);
	return true;
}

bool gj_collect_item(gj_ssa_state *s, gj_ref v)
{
	uint32_t at = (uint32_t)(s->insn - s->in.p), loop = at;
	while (loop > 0 && (strcmp(name_of(s, loop), "FOR_ITER") || s->in.p[loop].target <= (int32_t)at))
		loop--;
	gj_collection *c = loop ? collection(s, loop) : NULL;
	if (!c)
		return false;
	gj_ref n = gj_var_read(s, s->cur, filled(s, 2)), store[] = { *gj_ssa_from_top(s, 2), n, v };
	gj_ref r = gj_ssa_emit(s, GJ_SETITEM, 3, store), next = gj_ssa_emit2(s, GJ_PYBIN, n, gj_ssa_emit_obj(s, &one));
	gj_o(s->f, next)->sub = GJ_OP_ADD_;
	gj_o(s->f, c->type)->imm.i = r;
	gj_var_write(s, s->cur, filled(s, 2), next);
	return true;
}

void gj_collect_end(gj_ssa_state *s, uint32_t loop)
{
	static const gj_obj none = { .kind = GJ_OBJ_NONE };
	gj_collection *c = collection(s, loop);
	if (!c || !c->cut)
		return;
	gj_ref *list = gj_ssa_from_top(s, 2), part[] = { gj_ssa_emit_obj(s, &none), gj_var_read(s, s->cur, filled(s, 2)) };
	c->array = gj_ssa_emit2(s, GJ_ITEM, *list, gj_ssa_emit(s, GJ_MKSLICE, 2, part));
	*list = c->array;
}

/* The call that takes the array. */
static gj_ref taker(gj_ssa_state *s, gj_ref array)
{
	GJ_EACH_OP(s->f, b, r) {
		const gj_op *o = gj_o(s->f, r);
		if (o->op == GJ_CALL && o->nargs > 1 && gj_var_find(s, o->arg[1]) == array && takes(s, o))
			return r;
	}
	return 0;
}

void gj_collect_settle(gj_ssa_state *s)
{
	for (uint32_t i = 0; i < s->collected.n; i++) {
		const gj_collection *c = &s->collected.p[i];
		gj_ref call = c->array ? taker(s, c->array) : 0;
		if (call)
			gj_o(s->f, call)->arg[0] = gj_constant_before(s, call, c->cut ? &array_name : &as_array);
	}
}
