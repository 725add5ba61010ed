/* The rules of the IR, checked after every pass in debug builds and in tests. Computes its own dominators, so it holds
 * whether or not gj_cfg ran since the last change. What ops.def says is taken from ops.def. */
#include "ir/dom.h"

#include <string.h>

enum { LEVEL_H = 1, LEVEL_L = 2, LEVEL_B = 3, ARGS_V = -1 };
#define ARGS_0 0
#define ARGS_1 1
#define ARGS_2 2
#define ARGS_3 3

static const struct { uint8_t level; int8_t args; } shape_of[GJ_NOPS] = {
#define OP(name, level, args, flags, meaning) { LEVEL_##level, ARGS_##args },
#include "ir/ops.def"
};

typedef struct check {
	const gj_fn *f;
	gj_dom d;
	uint32_t *at;                              /* place of each op in its block, from 1; 0: in no block */
	const char *error;
} check;

/* Notes the first violation; every test below ends when it returns false. */
static bool bad(check *c, uint32_t block, gj_ref r, const char *what)
{
	const char *name = r ? gj_op_name[gj_o(c->f, r)->op] : "-";
	if (!c->error)
		c->error = gj_printf(c->f->arena, "block %u, v%u %s: %s", block, r, name, what);
	return false;
}

/* -- Types of the low level ------------------------------------------------------------------------------------------- */

/* T(op, result, operands): what the types of an op must be, a letter each.
 *   s the result's type   b bool   i integer   x i64 or u64 (a count)   j i32 or i64 (an index)   p pointer   m i32 or u32
 *   n a number (scalar)   * pointer to the result's type   v void (no type)   _ anything
 * An operand string that ends in '.' covers any number more of its last letter. */
static const struct { char result; const char *args; } type_rule[GJ_NOPS] = {
#define T(op, result, args) [GJ_##op] = { result, args },
	T(BRANCH, 'v', "b") T(JUMP, 'v', "")
	T(PHI, '_', "s.") T(UNDEF, '_', "")
	T(CONST, 'n', "") T(PARAM, '_', "")
	T(ADD, 'n', "ss") T(SUB, 'n', "ss") T(MUL, 'n', "ss") T(NEG, 'n', "s") T(FMA, 'n', "sss") T(DIV, 'n', "ss")
	T(FLOORDIV, 'n', "ss") T(MOD, 'n', "ss") T(POW, 'n', "sn") T(SHL, 'i', "sx") T(SHR, 'i', "sx")
	T(AND, 'n', "ss") T(OR, 'n', "ss") T(XOR, 'n', "ss") T(NOT, 'n', "s") T(ABS, 'n', "s")
	T(MIN, 'n', "ss") T(MAX, 'n', "ss") T(CMP, 'b', "__") T(SELECT, '_', "bss") T(CVT, 'n', "n") T(BITCAST, '_', "_")
	T(POPC, 'i', "s") T(CLZ, 'i', "s") T(FFS, 'i', "s") T(BREV, 'i', "s")
	T(ISNAN, 'b', "n") T(ISINF, 'b', "n") T(ISFINITE, 'b', "n")
	T(SREG, 'm', "") T(ELEM, 'p', "sj") T(BYTES, 'p', "pj") T(AT, 'p', "s_.") T(PTRCAST, 'p', "p")
	T(SHAREDMEM, 'p', "") T(LOCALMEM, 'p', "") T(CONSTMEM, 'p', "") T(ADDRESS, 'p', "")
	T(LOAD, '_', "*") T(STORE, 'v', "p_") T(ATOMIC, 'n', "*s.")
	T(FENCE, 'v', "") T(SHFL, 'n', "msm") T(VOTE, '_', "mb") T(MATCH, 'm', "mn")
	T(ACTIVEMASK, 'm', "") T(RESULT, '_', "_") T(SLOT, '_', "") T(GET, '_', "s") T(SET, 'v', "__")
	T(ROUND, 'v', "nx") T(ROUNDS, 'i', "xx_.") T(FAILED, 'v', "xxn.")
	T(KEEP, 'v', "x") T(TELL, 'v', "xn.") T(TAKE, 'x', "p") T(AGAIN, 'v', "p") T(THROW, 'v', "")
	T(BOUNDS, 'v', "j.") T(REPORT, 'v', "bn.") T(PRINT, 'v', "n.") T(STORED, 'v', "_") T(EXTERN, 'v', "_.")
	T(ALLLANES, 'b', "") T(ANY, 'b', "b") T(ANDMASK, 'b', "bb") T(ANDNOT, 'b', "bb")
#undef T
};

static bool fits(char rule, const gj_type *t, const gj_type *result)
{
	if (rule == '_')
		return true;
	if (rule == 'v')
		return !t || t->kind == GJ_NONE;
	if (!t)
		return false;
	switch (rule) {
	case 's': return t == result;
	case 'b': return t->kind == GJ_BOOL;
	case 'i': return gj_is_int(t);
	case 'n': return gj_is_scalar(t);
	case 'x': return t->kind == GJ_I64 || t->kind == GJ_U64;
	case 'j': return t->kind == GJ_I64 || t->kind == GJ_I32;
	case 'm': return t->kind == GJ_I32 || t->kind == GJ_U32;
	case 'p': return t->kind == GJ_PTR;
	case '*': return t->kind == GJ_PTR && t->elem == result;
	default:  return false;
	}
}

/* What the letters cannot say. */
static const char *special_types(const gj_fn *f, const gj_op *o)
{
	const gj_type *a = o->nargs ? gj_o(f, o->arg[0])->type : NULL, *b = o->nargs > 1 ? gj_o(f, o->arg[1])->type : NULL;
	switch (o->op) {
	case GJ_STORE:
		return a->elem == b ? NULL : "stores a value of another type than the pointer's";
	case GJ_SET:
		return a == b ? NULL : "sets a slot of another type";
	case GJ_CMP:
		if (a != b && !(a && b && gj_is_int(a) && gj_is_int(b) && a->size == 8 && b->size == 8))
			return "compares different types";
		return o->sub < GJ_NCMPOPS ? NULL : "no such comparison";
	default:
		return NULL;
	}
}

static bool check_types(check *c, gj_ref r)
{
	const gj_op *o = gj_o(c->f, r);
	const char *rule = type_rule[o->op].args;
	if (!rule)
		return true;
	if (!fits(type_rule[o->op].result, o->type, o->type))
		return bad(c, o->block, r, "wrong type of the result");
	for (uint32_t k = 0; k < o->nargs && *rule; k++) {
		if (!fits(*rule, gj_o(c->f, o->arg[k])->type, o->type))
			return bad(c, o->block, r, "wrong type of an operand");
		if (rule[1] != '.')
			rule++;
	}
	const char *why = special_types(c->f, o);
	return why ? bad(c, o->block, r, why) : true;
}

/* -- Operands --------------------------------------------------------------------------------------------------------- */

/* May block `at`, place `place`, use value r? */
static bool reaches(const check *c, gj_ref r, uint32_t at, uint32_t place)
{
	uint32_t home = gj_o(c->f, r)->block;
	return home == at ? c->at[r] < place : gj_dom_over(&c->d, home, at);
}

static bool check_arg(check *c, gj_ref user, gj_ref r, uint32_t at, uint32_t place)
{
	const gj_op *o = gj_o(c->f, user);
	if (!r || r >= c->f->op.n)
		return bad(c, o->block, user, "an operand is no value");
	if (!c->at[r])
		return bad(c, o->block, user, "an operand stands in no reachable block");
	if (gj_op_is(gj_o(c->f, r), GJ_F_TERM))
		return bad(c, o->block, user, "an operand is a terminator");
	if (!reaches(c, r, at, place))
		return bad(c, o->block, user, "an operand does not dominate its use");
	return true;
}

static bool check_op(check *c, gj_ref r)
{
	const gj_op *o = gj_o(c->f, r);
	const gj_bb *bb = &c->f->bb.p[o->block];
	if (!(shape_of[o->op].level & (c->f->low ? LEVEL_L : LEVEL_H)))
		return bad(c, o->block, r, "does not belong to this level");
	if (shape_of[o->op].args >= 0 && o->nargs != (uint32_t)shape_of[o->op].args)
		return bad(c, o->block, r, "wrong number of operands");
	if (o->op == GJ_PHI && o->nargs != bb->preds.n)
		return bad(c, o->block, r, "operands and predecessors differ in number");
	if (o->loc >= c->f->loc.n)
		return bad(c, o->block, r, "no such source position");
	for (uint32_t k = 0; k < o->nargs; k++) {
		bool phi = o->op == GJ_PHI;
		if (!check_arg(c, r, o->arg[k], phi ? bb->preds.p[k] : o->block, phi ? UINT32_MAX : c->at[r]))
			return false;
	}
	if (o->mask && !check_arg(c, r, o->mask, o->block, c->at[r]))
		return false;
	return !c->f->low || check_types(c, r);
}

/* -- Blocks ------------------------------------------------------------------------------------------------------------ */

static uint32_t count(const uint32_t *p, uint32_t n, uint32_t x)
{
	uint32_t k = 0;
	for (uint32_t i = 0; i < n; i++)
		k += p[i] == x;
	return k;
}

static bool check_edges(check *c, uint32_t b)
{
	const gj_bb *bb = &c->f->bb.p[b];
	for (uint32_t i = 0; i < bb->nsucc; i++) {
		uint32_t s = bb->succ[i];
		const gj_bb *to = &c->f->bb.p[s];
		if (count(to->preds.p, to->preds.n, b) != count(bb->succ, bb->nsucc, s))
			return bad(c, b, 0, "a successor does not name it as predecessor");
	}
	for (uint32_t i = 0; i < bb->preds.n; i++) {
		uint32_t p = bb->preds.p[i];
		if (p >= c->f->bb.n)
			return bad(c, b, 0, "a predecessor is no block");
		if (!count(c->f->bb.p[p].succ, c->f->bb.p[p].nsucc, b))
			return bad(c, b, 0, "a predecessor does not name it as successor");
	}
	return true;
}

static bool check_preds(check *c, uint32_t b)
{
	const gj_bb *bb = &c->f->bb.p[b];
	for (uint32_t i = 0; i < bb->preds.n; i++)
		if (c->d.num[bb->preds.p[i]] == UINT32_MAX)
			return bad(c, b, 0, "a predecessor is unreachable");
	return true;
}

/* As many successors as the terminator has? */
static bool succs_fit(const gj_op *o, uint32_t n, bool low)
{
	if (!low && (o->op == GJ_RAISE || o->op == GJ_RERAISE))
		return n <= 1;
	if (!low && o->op == GJ_UNREACHABLE)                   /* in front of it something is raised: nothing takes these ways */
		return true;
	return n == (o->op == GJ_BRANCH || o->op == GJ_TRY ? 2 : o->op == GJ_JUMP);
}

/* The block's list of ops: membership, phis first, one terminator, last. Fills c->at. */
static bool check_list(check *c, uint32_t b)
{
	const gj_bb *bb = &c->f->bb.p[b];
	bool body = false;
	if (!bb->ops.n)
		return bad(c, b, 0, "the block is empty");
	for (uint32_t i = 0; i < bb->ops.n; i++) {
		gj_ref r = bb->ops.p[i];
		if (!r || r >= c->f->op.n)
			return bad(c, b, 0, "lists something that is no op");
		const gj_op *o = gj_o(c->f, r);
		if (o->op >= GJ_NOPS)
			return bad(c, b, 0, "lists an op of no known opcode");
		if (c->at[r])
			return bad(c, b, r, "is listed twice");
		c->at[r] = i + 1;
		if (o->block != b)
			return bad(c, b, r, "claims to stand in another block");
		if (o->op == GJ_PHI && body)
			return bad(c, b, r, "a phi after other ops");
		body |= o->op != GJ_PHI && o->op != GJ_NOP;
		if (gj_op_is(o, GJ_F_TERM) != (i + 1 == bb->ops.n))
			return bad(c, b, r, "a block has one terminator, at its end");
	}
	if (!succs_fit(gj_terminator(c->f, b), bb->nsucc, c->f->low))
		return bad(c, b, 0, "the number of successors is not the terminator's");
	return true;
}

const char *gj_fn_verify(const gj_fn *f)
{
	check c = { .f = f, .at = gj_new(f->arena, uint32_t, f->op.n) };
	if (!f->bb.n)
		return "the function has no block";
	for (uint32_t b = 0; b < f->bb.n; b++)
		for (uint32_t i = 0; i < f->bb.p[b].nsucc; i++)
			if (f->bb.p[b].succ[i] >= f->bb.n)
				return "a successor is no block";
	if (f->bb.p[0].preds.n)
		return "the entry has a predecessor";
	GJ_ALL_BLOCKS(f, b)
		if (!check_edges(&c, b))
			return c.error;
	gj_dom_build(&c.d, f);
	for (uint32_t i = 0; i < c.d.n; i++)
		if (!check_preds(&c, c.d.order[i]) || !check_list(&c, c.d.order[i]))
			return c.error;
	for (uint32_t i = 0; i < c.d.n; i++)
		GJ_EACH_OP_OF(f, c.d.order[i], r)
			if (!check_op(&c, r))
				return c.error;
	return NULL;
}
