/* Texts of exceptions, and texts that are printed, that depend on the way control came: `raise ValueError("a" if x else "b")`. Strings are
 * constants and no phi joins two of them, so the number of the text is joined instead, and who is told takes the text of that number. Where one is
 * compared with a constant, as in `state == "idle"`, numbers are. So it is with classes of exceptions that are raised, and None beside them. */
#include "bytecode/state.h"
#include "code/exceptions.h"

#include <string.h>

enum { MAX_PHIS = 16 };

typedef const gj_obj *chosen(gj_ssa_state *, gj_ref);

typedef struct gathered {
	chosen *chosen;                            /* what an operation chooses among: string_of or class_of */
	gj_ref phi[MAX_PHIS], number[MAX_PHIS];
	const gj_obj *of[GJ_MAX_CHOSEN];
	uint32_t nphis, n;
} gathered;

/* A constant string, which may be an item of a constant tuple: `state, n = "idle", 0`. NULL: it is none. */
static const gj_obj *string_of(gj_ssa_state *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r), *tuple = o->op == GJ_UNPACK ? gj_o(s->f, gj_var_find(s, o->arg[0])) : NULL;
	const gj_obj *c = o->op == GJ_OBJ ? o->imm.obj : NULL;
	if (tuple && tuple->op == GJ_OBJ && tuple->imm.obj->kind == GJ_OBJ_TUPLE && o->imm.i < (int64_t)tuple->imm.obj->n)
		c = tuple->imm.obj->item[o->imm.i];
	return c && c->kind == GJ_OBJ_STR ? c : NULL;
}

/* A class of exceptions, or None. NULL: it is none. */
static const gj_obj *class_of(gj_ssa_state *s, gj_ref r)
{
	const gj_obj *c = gj_named_object(s, r);
	return c && (c->kind == GJ_OBJ_NONE || gj_is_exception(c)) ? c : NULL;
}

static bool same(const gj_obj *a, const gj_obj *b)
{
	if (a->kind == GJ_OBJ_OPAQUE && b->kind == GJ_OBJ_OPAQUE)
		return a->kin->item[0]->data == b->kin->item[0]->data;
	return a->kind == b->kind && (a->kind == GJ_OBJ_NONE || !strcmp(a->name, b->name));
}

/* Its number, as a new one if need be; GJ_MAX_CHOSEN: there are too many. */
static uint32_t number_of(gathered *g, const gj_obj *of)
{
	uint32_t i = 0;
	while (i < g->n && !same(g->of[i], of))
		i++;
	if (i == g->n && i < GJ_MAX_CHOSEN)
		g->of[g->n++] = of;
	return i;
}

/* Is r a constant of that kind, or a phi of nothing else? */
static bool gather(gj_ssa_state *s, gj_ref r, gathered *g)
{
	const gj_op *o = gj_o(s->f, r);
	const gj_obj *of = g->chosen(s, r);
	if (of)
		return number_of(g, of) < GJ_MAX_CHOSEN;
	for (uint32_t i = 0; i < g->nphis; i++)
		if (g->phi[i] == r)
			return true;
	if (o->op == GJ_UNDEF)                                 /* who reads the variable asks whether it has a value */
		return true;
	if (o->op != GJ_PHI || g->nphis == MAX_PHIS)
		return false;
	g->phi[g->nphis++] = r;
	for (uint32_t i = 0; i < o->nargs; i++)
		if (!gather(s, gj_var_find(s, o->arg[i]), g))
			return false;
	return true;
}

void gj_grow_aliases(gj_ssa_state *s, uint32_t more)
{
	gj_ref *alias = gj_new(s->f->arena, gj_ref, s->f->op.n + more);
	memcpy(alias, s->alias, s->f->op.n * sizeof *alias);
	s->alias = alias;
}

void gj_move_before(gj_fn *f, uint32_t block, gj_ref r)
{
	gj_ref *op = f->bb.p[block].ops.p, last = op[f->bb.p[block].ops.n - 1];
	uint32_t at = 0;
	while (op[at] != r)
		at++;
	memmove(op + at + 1, op + at, (f->bb.p[block].ops.n - 1 - at) * sizeof *op);
	op[at] = last;
}

gj_ref gj_constant_before(gj_ssa_state *s, gj_ref r, const gj_obj *obj)
{
	uint32_t block = gj_o(s->f, r)->block;
	gj_grow_aliases(s, 1);
	gj_ref n = gj_emit(s->f, block, GJ_OBJ, NULL, gj_o(s->f, r)->loc, 0, NULL);
	gj_o(s->f, n)->imm.obj = obj;
	gj_move_before(s->f, block, r);
	return n;
}

/* The number of r, in the same block. */
static gj_ref emit_number(gj_ssa_state *s, gj_ref r, gathered *g)
{
	gj_obj *number = gj_new(s->f->arena, gj_obj, 1);
	*number = (gj_obj){ .kind = GJ_OBJ_INT, .i = number_of(g, g->chosen(s, r)) };
	return gj_constant_before(s, r, number);
}

static void fill(gj_ssa_state *s, gathered *g, uint32_t i)
{
	uint32_t n = gj_o(s->f, g->phi[i])->nargs;
	gj_ref *arg = gj_new(s->f->arena, gj_ref, n);
	gj_grow_aliases(s, n);
	for (uint32_t k = 0; k < n; k++) {
		gj_ref a = gj_var_find(s, gj_o(s->f, g->phi[i])->arg[k]);
		if (g->chosen(s, a))
			arg[k] = emit_number(s, a, g);
		else
			arg[k] = a;                                    /* another of the phis, or no value */
		for (uint32_t j = 0; j < g->nphis; j++)
			if (g->phi[j] == a)
				arg[k] = g->number[j];
	}
	gj_o(s->f, g->number[i])->arg = arg;
	gj_o(s->f, g->number[i])->nargs = n;
}

/* The phis of numbers beside those that r is one of; false: r is no phi of such constants. */
static bool number(gj_ssa_state *s, gj_ref r, gathered *g)
{
	if (gj_o(s->f, r)->op != GJ_PHI || !gather(s, r, g) || !g->n)
		return false;
	gj_grow_aliases(s, g->nphis);
	for (uint32_t i = 0; i < g->nphis; i++)
		g->number[i] = gj_var_phi(s, gj_o(s->f, g->phi[i])->block, GJ_VAR_SOME);
	for (uint32_t i = 0; i < g->nphis; i++)
		fill(s, g, i);
	return true;
}

static void choose(gj_ssa_state *s, gj_ref r)
{
	gathered g = { .chosen = string_of };
	if (gj_choice_of(s, r) || !number(s, r, &g))
		return;
	gj_sb text = { 0 };
	for (uint32_t i = 0; i < g.n; i++)
		gj_sb_printf(&text, "%s%c", g.of[i]->name, GJ_TOLD_ONE);
	const char *texts = gj_strdup(s->f->arena, gj_sb_str(&text));
	gj_sb_free(&text);
	gj_push(s->f->arena, &s->choice, ((gj_choice){ r, g.number[0], texts }));
}

/* `phi is None`, whose class of exceptions or None has that number: numbers are compared. */
static void compare_with_none(gj_ssa_state *s, gj_ref phi, gj_ref n, int64_t none)
{
	for (gj_ref r = 1, end = s->f->op.n; r < end; r++) {
		const gj_op *o = gj_o(s->f, r);
		uint32_t k = o->op == GJ_IS && !s->alias[r] && gj_var_find(s, o->arg[0]) == phi ? 0 : 1;
		if (o->op != GJ_IS || s->alias[r] || gj_var_find(s, o->arg[k]) != phi)
			continue;
		const gj_op *other = gj_o(s->f, gj_var_find(s, o->arg[1 - k]));
		if (other->op != GJ_OBJ || other->imm.obj->kind != GJ_OBJ_NONE)
			continue;
		gj_obj *number = gj_new(s->f->arena, gj_obj, 1);
		*number = (gj_obj){ .kind = GJ_OBJ_INT, .i = none };
		gj_ref arg[] = { n, gj_constant_before(s, r, number) };
		gj_op *at = gj_o(s->f, r);
		at->op = GJ_PYCMP;
		at->sub = at->sub ? GJ_CMP_NE : GJ_CMP_EQ;
		at->arg = gj_memdup(s->f->arena, arg, sizeof arg);
	}
}

uint32_t gj_choose_class(gj_ssa_state *s, gj_ref r, gj_ref *chosen, const gj_obj *class[GJ_MAX_CHOSEN])
{
	gathered g = { .chosen = class_of };
	if (!number(s, r, &g))
		return 0;
	*chosen = g.number[0];
	memcpy(class, g.of, g.n * sizeof *class);
	for (uint32_t i = 0; i < g.n; i++)
		for (uint32_t k = 0; g.of[i]->kind == GJ_OBJ_NONE && k < g.nphis; k++)
			compare_with_none(s, g.phi[k], g.number[k], i);
	return g.n;
}

/* In what makes the message: operands of calls, and pieces of f-strings in them. */
static void choose_in(gj_ssa_state *s, gj_ref r, int depth)
{
	choose(s, r);
	bool text = gj_o(s->f, r)->op == GJ_UNSUPPORTED || gj_o(s->f, r)->op == GJ_CALL;
	for (uint32_t i = 0; text && depth && i < gj_o(s->f, r)->nargs; i++)
		choose_in(s, gj_var_find(s, gj_o(s->f, r)->arg[i]), depth - 1);
}

void gj_choose_texts(gj_ssa_state *s)
{
	for (uint32_t i = 0; i < s->raise.n; i++)
		choose_in(s, gj_var_find(s, s->raise.p[i].value), 4);
	for (uint32_t i = 0; i < s->print.n; i++)
		choose_in(s, s->print.p[i], 4);
}

const gj_choice *gj_choice_of(const gj_ssa_state *s, gj_ref r)
{
	for (uint32_t i = 0; i < s->choice.n; i++)
		if (s->choice.p[i].phi == r)
			return &s->choice.p[i];
	return NULL;
}

/* Which of the choice's texts it is; −1: none. */
static int64_t place_in(const char *texts, const char *text)
{
	size_t n = strlen(text);
	for (int64_t i = 0; *texts; i++, texts = strchr(texts, GJ_TOLD_ONE) + 1)
		if (!strncmp(texts, text, n) && texts[n] == GJ_TOLD_ONE)
			return i;
	return -1;
}

static const gj_obj *numbered(gj_ssa_state *s, const char *texts, const gj_obj *text)
{
	gj_obj *o = gj_new(s->f->arena, gj_obj, 1);
	*o = (gj_obj){ .kind = GJ_OBJ_INT, .i = text->kind == GJ_OBJ_STR ? place_in(texts, text->name) : 0 };
	if (text->kind == GJ_OBJ_STR)
		return o;
	const gj_obj **item = gj_new(s->f->arena, const gj_obj *, text->n + 1);
	for (uint32_t i = 0; i < text->n; i++)
		item[i] = numbered(s, texts, text->item[i]);
	*o = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = text->n, .item = item };
	return o;
}

/* A constant string, or for `in` a constant tuple of them. */
static bool is_text(const gj_op *o, bool many)
{
	const gj_obj *c = o->op == GJ_OBJ ? o->imm.obj : NULL;
	for (uint32_t i = 0; c && many && c->kind == GJ_OBJ_TUPLE && i < c->n; i++)
		if (c->item[i]->kind != GJ_OBJ_STR)
			return false;
	return c && c->kind == (many ? GJ_OBJ_TUPLE : GJ_OBJ_STR);
}

/* Operand k of comparison r is such a phi, the other one constant? Then both become numbers. */
static bool compare_numbers(gj_ssa_state *s, gj_ref r, uint32_t k)
{
	const gj_op *o = gj_o(s->f, r), *other = gj_o(s->f, gj_var_find(s, o->arg[1 - k]));
	gj_ref phi = gj_var_find(s, o->arg[k]), arg[2];
	if (gj_o(s->f, phi)->op != GJ_PHI || !is_text(other, o->op == GJ_IN))
		return false;
	choose(s, phi);
	const gj_choice *c = gj_choice_of(s, phi);
	if (!c)
		return false;
	arg[k] = c->number;
	arg[1 - k] = gj_constant_before(s, r, numbered(s, c->texts, other->imm.obj));
	gj_o(s->f, r)->arg = gj_memdup(s->f->arena, arg, sizeof arg);
	return true;
}

void gj_choose_compared(gj_ssa_state *s)
{
	for (gj_ref r = 1, n = s->f->op.n; r < n; r++) {
		const gj_op *o = gj_o(s->f, r);
		bool equal = o->op == GJ_PYCMP && (o->sub == GJ_CMP_EQ || o->sub == GJ_CMP_NE);
		if (!s->alias[r] && (equal || o->op == GJ_IN) && !compare_numbers(s, r, 0) && equal)
			compare_numbers(s, r, 1);
	}
}
