/* Typing of array expressions: what operators and NumPy's functions of numbers give where an operand is an array. It is not
 * computed where it is written, because a thread has no memory for it, but where its elements are asked for: stored, reduced,
 * indexed, iterated over. That is the same as long as nobody writes to memory in between, which is checked here. */
#include "infer/infer.h"
#include "ir/walk.h"

#include <string.h>

enum { MAX_PARTS = 2048 };                                    /* scalars that an expression is made of */

const gj_type *gj_ufunc_type(const char *dotted, const gj_type *a, const gj_type *b)
{
	const gj_type *as;
	return gj_rule_numpy(strchr(dotted, '.') + 1, a, b, &as);
}

const char *gj_ufunc_of_binop(gj_binop op)
{
	static const char *const name[GJ_NBINOPS] = {
		"np.add", "np.bitwise_and", "np.floor_divide", "np.left_shift", NULL, "np.multiply", "np.remainder", "np.bitwise_or",
		"np.power", "np.right_shift", "np.subtract", "np.true_divide", "np.bitwise_xor",
	};
	return name[op];
}

const char *gj_ufunc_of_cmpop(gj_cmpop op)
{
	static const char *const name[GJ_NCMPOPS] = { "np.less", "np.less_equal", "np.equal", "np.not_equal", "np.greater", "np.greater_equal" };
	return name[op];
}

const char *gj_ufunc_of_unop(gj_unop op)
{
	static const char *const name[GJ_NUNOPS] = { "np.negative", "np.positive", "np.invert", NULL };
	return name[op];
}

/* The constants of the operands as those of a tuple: operand k of the expression is what item k of a tuple would be. */
static const gj_obj *constants(gj_arena *arena, uint32_t n, const gj_known *a)
{
	const gj_obj **item = gj_new(arena, const gj_obj *, n + 1);
	gj_obj *o = gj_new(arena, gj_obj, 1);
	bool any = false;
	for (uint32_t i = 0; i < n; i++)
		any |= (item[i] = a[i].konst) != NULL;
	*o = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = n, .item = item };
	return any ? o : NULL;
}

gj_known gj_known_expression(const gj_fn *f, uint32_t loc, const char *dotted, const gj_type *elem, uint32_t n, const gj_known *a)
{
	const gj_type **item = gj_new(f->arena, const gj_type *, n + 1);
	uint32_t parts = 0;
	if (f->numpy)
		return gj_known_fused(f, loc, dotted, elem, n, a);
	int ndim = 0;
	for (uint32_t i = 0; i < n; i++) {
		item[i] = a[i].type;
		parts += gj_parts(item[i]);
		ndim = item[i]->kind != GJ_ARRAY && item[i]->kind != GJ_EXPRESSION ? ndim : item[i]->ndim > ndim ? item[i]->ndim : ndim;
	}
	const gj_type *t = parts > MAX_PARTS ? NULL : gj_expression_type(elem, ndim, gj_name_find(dotted), item, n);
	if (!t)
		gj_fail(f, loc, GJ_ERR_EXPRESSION_SIZE);
	return (gj_known){ t, constants(f->arena, n, a) };
}

gj_known gj_known_ufunc(const gj_fn *f, uint32_t loc, const char *dotted, uint32_t n, const gj_known *a)
{
	const gj_type *elem[2] = { NULL }, *t;
	for (uint32_t i = 0; i < n; i++)
		if (!(elem[i] = gj_element_of(a[i].type)))
			return (gj_known){ 0 };
	if (f->numpy)
		return gj_known_fused(f, loc, dotted, NULL, n, a);
	t = gj_ufunc_type(dotted, elem[0], elem[1]);
	return t && gj_is_scalar(t) ? gj_known_expression(f, loc, dotted, t, n, a) : (gj_known){ 0 };
}

/* -- What is written between an expression and its use ------------------------------------------------------------------- */

/* Is it, or does it hold, what reads memory when it is used? */
static bool is_pending(const gj_type *t)
{
	if (!t)
		return false;
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		if (is_pending(t->item[i]))
			return true;
	return t->kind == GJ_EXPRESSION || (t->kind == GJ_ITER && is_pending(t->elem));
}

static bool begins(const char *text, const char *with) { return !strncmp(text, with, strlen(with)); }

bool gj_writes_memory(const gj_inst *s, gj_ref r)
{
	const gj_op *o = gj_o(s->fn, r);
	if (o->op == GJ_SETITEM || gj_is_inplace(s->fn, o))
		return true;
	if (o->op != GJ_CALL)
		return false;
	uint32_t i = 0;
	for (const gj_inst *callee; (callee = gj_callee(s, r, &i));)
		if (callee->writes || !callee->done)
			return true;
	if (i > 1 || s->callee[r])
		return false;
	const gj_obj *f = s->konst[o->arg[0]];
	if (!f || f->kind != GJ_OBJ_NAME)
		return false;
	const gj_name *row = gj_name_find(f->name);
	return (row && gj_changes_array(row)) || begins(f->name, "cuda.atomic.") || begins(f->name, "cuda.sync") || begins(f->name, "cuda.threadfence") ||
	       (row && row->params && strstr(row->params, " out=None") && o->type && o->type->kind == GJ_ARRAY);
}

/* A walk from behind the op that makes an expression to one that uses it. */
typedef struct walk { const gj_inst *s; gj_ref made, use; uint8_t *seen; GJ_VEC(uint32_t) next; } walk;

enum { CLEAN = 1, DIRTY = 2 };                                /* nothing has been written on the way; something has */

/* The ops of block b from place i on, with what the way to there was like; true: the use is reached behind a write. */
static bool through(walk *w, uint32_t b, uint32_t i, uint8_t how)
{
	const gj_bb *bb = &w->s->fn->bb.p[b];
	for (; i < bb->ops.n; i++) {
		gj_ref r = bb->ops.p[i];
		if (r == w->use && how == DIRTY)
			return true;
		if (r == w->made)                          /* made anew */
			return false;
		how = gj_writes_memory(w->s, r) ? DIRTY : how;
	}
	for (uint32_t k = 0; k < bb->nsucc; k++)
		if (w->s->edge[2 * b + k] && !(w->seen[bb->succ[k]] & how)) {
			w->seen[bb->succ[k]] |= how;
			gj_push(w->s->fn->arena, &w->next, 2 * bb->succ[k] + (how == DIRTY));
		}
	return false;
}

static uint32_t place_behind(const gj_fn *f, gj_ref r)
{
	const gj_bb *b = &f->bb.p[gj_o(f, r)->block];
	for (uint32_t i = 0; i < b->ops.n && gj_o(f, r)->op != GJ_ARG; i++)
		if (b->ops.p[i] == r)
			return i + 1;
	return 0;
}

static void check_use(const gj_inst *s, gj_ref made, gj_ref use)
{
	walk w = { .s = s, .made = gj_o(s->fn, made)->op == GJ_ARG ? 0 : made, .use = use,
		.seen = gj_new(s->fn->arena, uint8_t, s->fn->bb.n) };
	bool stale = through(&w, gj_o(s->fn, made)->op == GJ_ARG ? 0 : gj_o(s->fn, made)->block, place_behind(s->fn, made), CLEAN);
	while (!stale && w.next.n) {
		uint32_t at = w.next.p[--w.next.n];
		stale = through(&w, at / 2, 0, at & 1 ? DIRTY : CLEAN);
	}
	if (stale)
		gj_fail(s->fn, gj_o(s->fn, use)->loc, GJ_ERR_EXPRESSION_STALE);
}

void gj_check_expressions(gj_inst *s)
{
	bool any = false;
	GJ_EACH_OP(s->fn, b, r) {
		s->writes |= s->live[b] && gj_writes_memory(s, r);
		any |= s->live[b] && is_pending(gj_o(s->fn, r)->type);
	}
	if (!any || !s->writes)
		return;
	GJ_EACH_OP(s->fn, b, r) {
		const gj_op *o = gj_o(s->fn, r);
		for (uint32_t i = 0; s->live[b] && i < o->nargs; i++)
			if (is_pending(gj_o(s->fn, o->arg[i])->type))
				check_use(s, o->arg[i], r);
	}
}
