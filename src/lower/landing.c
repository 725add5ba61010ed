/* Exceptions that functions for the host catch. Without a handler around, what raises leaves all frames at once (run/cpu/call.c). With one
 * it tells the runtime what it is, lets go of what the bodies in between hold, and jumps to the handler; functions that are called return,
 * and say that they have raised. Handlers know an exception by bits: which of the classes in the module's except clauses it is of. */
#include "lower/lower.h"
#include "code/exceptions.h"
#include "image/report.h"
#include "ir/walk.h"

enum { MOST_CLASSES = 63 };

/* Of op l->op: the block where what it raises goes. */
static uint32_t block_of_op(gj_lower *L, gj_landing *l)
{
	gj_body *B = l->body;
	uint32_t b = l->hblock, to;
	int edge = gj_caught_edge(B->s->fn, b);
	if (edge < 0 || !B->s->edge[2 * b + (uint32_t)edge])
		to = gj_landing_block(L, B->outer);
	else
		to = B->caught[b] = B->caught[b] ? B->caught[b] : gj_block_new(L->fn);
	return gj_lrelease_raised(B, b, l->op, to);
}

void gj_land_for(gj_body *B, uint32_t b, gj_ref r)
{
	int edge = gj_caught_edge(B->s->fn, b);
	bool here = edge >= 0 && B->s->edge[2 * b + (uint32_t)edge];
	B->L->landing = NULL;
	if (!here && !B->outer)
		return;
	B->L->landing = gj_new(B->L->arena, gj_landing, 1);
	*B->L->landing = (gj_landing){ .make = block_of_op, .body = B, .hblock = b, .op = r };
}

void gj_land_in_caller(gj_lower *L)
{
	L->landing = gj_new(L->arena, gj_landing, 1);
	L->landing->block = gj_block_new(L->fn);
}

/* Nobody looks at the results. */
void gj_land_end(gj_lower *L)
{
	GJ_VEC(gj_ref) value = { 0 };
	L->cur = L->landing->block;
	for (uint32_t i = 0; i + 1 < L->fn->nresults; i++)
		gj_push(L->arena, &value, gj_e(L, GJ_UNDEF, L->fn->result[i], 0, NULL));
	gj_push(L->arena, &value, gj_eint(L, gj_bool(), 1));
	gj_e(L, GJ_RETURN, NULL, value.n, value.p);
}

/* -- Handlers ------------------------------------------------------------------------------------------------------------- */

gj_lv gj_lcaught(gj_body *B, gj_ref r)
{
	gj_lower *L = B->L;
	gj_ref *part = gj_new(L->arena, gj_ref, 2);
	part[1] = gj_e(L, GJ_LOCALMEM, gj_ptr_type(gj_i64(), GJ_GENERIC), 0, NULL);
	gj_o(L->fn, part[1])->imm.i = GJ_CAUGHT_WORDS;
	part[0] = gj_e1(L, GJ_TAKE, gj_i64(), part[1]);
	gj_o(L->fn, part[0])->imm.i = gj_lnesting(L, (uint32_t)gj_o(B->s->fn, r)->imm.i);
	return (gj_lv){ gj_o(B->s->fn, r)->type, NULL, part };
}

static const gj_ref *caught(gj_body *B, const gj_op *o) { return B->val[gj_caught_of(B->s->fn, o->arg[0])].part; }

/* The bit of a class. */
static int64_t bit_of(gj_lower *L, const gj_obj *class)
{
	uint32_t i = 0;
	while (i < L->M->handled.n && L->M->handled.p[i] != class)
		i++;
	if (i == MOST_CLASSES)
		gj_lfail(L, GJ_ERR_EXCEPT_MANY, MOST_CLASSES);
	if (i == L->M->handled.n)
		gj_push(L->arena, &L->M->handled, class);
	return (int64_t)1 << i;
}

gj_lv gj_lmatches(gj_body *B, gj_ref r)
{
	gj_lower *L = B->L;
	const gj_op *o = gj_o(B->s->fn, r);
	const gj_obj *class = B->s->konst[o->arg[1]];
	int64_t bits = 0;
	for (uint32_t i = 0; i < (class->kind == GJ_OBJ_TUPLE ? class->n : 1); i++)
		bits |= bit_of(L, class->kind == GJ_OBJ_TUPLE ? class->item[i] : class);
	gj_ref is = gj_e2(L, GJ_AND, gj_i64(), caught(B, o)[0], gj_eint(L, gj_i64(), bits));
	return gj_lv_scalar(L, o->type, gj_ecmp(L, GJ_CMP_NE, is, gj_eint(L, gj_i64(), 0)));
}

void gj_lreraise(gj_body *B, const gj_op *o)
{
	gj_e1(B->L, GJ_AGAIN, NULL, caught(B, o)[1]);
	gj_lraise_on(B->L);
}

/* -- Which handlers would take it ------------------------------------------------------------------------------------------ */

static int64_t handlers_of(const gj_module *M, const gj_obj *exception)
{
	int64_t bits = 0;
	for (uint32_t i = 0; i < M->handled.n; i++)
		bits |= (int64_t)gj_exception_is(exception, M->handled.p[i]) << i;
	return bits;
}

void gj_settle_handled(gj_module *M)
{
	static const gj_obj index = { .kind = GJ_OBJ_NAME, .name = "builtins.IndexError" }, deep = { .kind = GJ_OBJ_NAME, .name = "builtins.RecursionError" };
	for (uint32_t i = 0; i < M->fn.n; i++) {
		gj_fn *f = M->fn.p[i];
		f->deep = (uint64_t)handlers_of(M, &deep);
		GJ_EACH_OP(f, b, r) {
			const gj_op *o = gj_o(f, r);
			if (o->op == GJ_TELL)
				gj_o(f, o->arg[0])->imm.i = handlers_of(M, o->imm.site->kind == GJ_SITE_INDEX ? &index : o->imm.site->exception);
		}
	}
}
