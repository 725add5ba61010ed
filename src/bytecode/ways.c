/* `raise A if x else B`: which exception it is depends on the way control came. No phi joins two classes, so each way gets a RAISE of its own: a copy of
 * the block that ends in it. Where the ways come together before that block, or somebody may catch the exception, classes are numbered (choice.c), and each number
 * has a RAISE. */
#include "bytecode/state.h"

enum { MAX_WAYS = 16 };

/* The phi of the block at which it ends that says what is raised, or is called to make it; 0: nothing depends on the way. */
static gj_ref deciding(gj_ssa_state *s, const gj_raise *raise)
{
	gj_ref r = gj_var_find(s, raise->value);
	uint32_t block = gj_o(s->f, raise->op)->block;
	if (gj_o(s->f, r)->op == GJ_CALL && gj_o(s->f, r)->block == block)
		r = gj_var_find(s, gj_o(s->f, r)->arg[0]);
	const gj_op *o = gj_o(s->f, r);
	return o->op == GJ_PHI && o->block == block && o->nargs <= MAX_WAYS && !s->f->bb.p[block].nsucc ? r : 0;
}

/* What r, a value in the block, is on way k; copies of the block's ops begin with op `first`. */
static gj_ref on_way(gj_ssa_state *s, uint32_t block, uint32_t k, gj_ref r, gj_ref first)
{
	const gj_bb *b = &s->f->bb.p[block];
	r = gj_var_find(s, r);
	if (gj_o(s->f, r)->op == GJ_PHI && gj_o(s->f, r)->block == block)
		return gj_var_find(s, gj_o(s->f, r)->arg[k]);
	for (uint32_t i = 0; i < b->ops.n; i++)
		if (b->ops.p[i] == r)
			return first + i;
	return r;
}

/* The block once more, for way k. */
static void copy(gj_ssa_state *s, gj_raise raise, uint32_t k)
{
	gj_fn *f = s->f;
	uint32_t block = gj_o(f, raise.op)->block, to = gj_block_new(f), from = f->bb.p[block].preds.p[k];
	gj_ref first = f->op.n;
	gj_push(f->arena, &s->sb, s->sb.p[block]);
	gj_grow_aliases(s, f->bb.p[block].ops.n);
	for (uint32_t i = 0; i < f->bb.p[block].ops.n; i++) {
		const gj_op *o = gj_o(f, f->bb.p[block].ops.p[i]);
		gj_ref *arg = gj_new(f->arena, gj_ref, o->nargs + 1);
		for (uint32_t j = 0; j < o->nargs; j++)
			arg[j] = on_way(s, block, k, o->arg[j], first);
		gj_op *made = gj_o(f, gj_emit(f, to, (gj_opcode)o->op, o->type, o->loc, o->nargs, arg));
		made->sub = o->sub;
		made->imm = o->imm;
		made->flags = o->flags;
	}
	gj_push(f->arena, &s->raise, ((gj_raise){ on_way(s, block, k, raise.op, first), on_way(s, block, k, raise.value, first) }));
	for (uint32_t i = 0; i < f->bb.p[from].nsucc; i++)
		if (f->bb.p[from].succ[i] == block) {
			f->bb.p[from].succ[i] = to;
			break;
		}
	gj_push(f->arena, &f->bb.p[to].preds, from);
}

/* The phi of classes, whose ways come together somewhere before the RAISE; 0: there is none. */
static gj_ref chosen_before(gj_ssa_state *s, const gj_raise *raise)
{
	gj_ref r = gj_var_find(s, raise->value);
	if (gj_o(s->f, r)->op == GJ_CALL)
		r = gj_var_find(s, gj_o(s->f, r)->arg[0]);
	return gj_o(s->f, r)->op == GJ_PHI ? r : 0;
}

static uint32_t new_block_like(gj_ssa_state *s, uint32_t block)
{
	gj_push(s->f->arena, &s->sb, s->sb.p[block]);
	return gj_block_new(s->f);
}

static gj_ref emit(gj_ssa_state *s, uint32_t block, gj_opcode op, uint32_t loc, uint32_t n, const gj_ref *arg)
{
	gj_grow_aliases(s, 1);
	return gj_emit(s->f, block, op, NULL, loc, n, arg);
}

static gj_ref emit_object(gj_ssa_state *s, uint32_t block, uint32_t loc, const gj_obj *obj)
{
	gj_ref r = emit(s, block, GJ_OBJ, loc, 0, NULL);
	gj_o(s->f, r)->imm.obj = obj;
	return r;
}

/* In a new block: raise class, or the call of it with these arguments. */
static uint32_t raise_one(gj_ssa_state *s, gj_raise raise, const gj_obj *class)
{
	static const gj_obj type_error = { .kind = GJ_OBJ_NAME, .name = "builtins.TypeError" }, not_callable = { .kind = GJ_OBJ_STR, .name = "'NoneType' object is not callable" };
	gj_fn *f = s->f;
	uint32_t block = new_block_like(s, gj_o(f, raise.op)->block), loc = gj_o(f, raise.op)->loc;
	const gj_op call = *gj_o(f, gj_var_find(s, raise.value));
	bool calls = call.op == GJ_CALL, none = calls && class->kind == GJ_OBJ_NONE;
	gj_ref value = emit_object(s, block, loc, none ? &type_error : class);
	if (calls) {
		gj_ref *arg = gj_new(f->arena, gj_ref, call.nargs + 1);
		for (uint32_t i = 1; i < call.nargs; i++)
			arg[i] = call.arg[i];
		arg[0] = value;
		if (none)
			arg[1] = emit_object(s, block, loc, &not_callable);
		value = emit(s, block, GJ_CALL, call.loc, none ? 2 : call.nargs, arg);
		if (!none)
			gj_o(f, value)->imm = call.imm;
	}
	gj_ref op = emit(s, block, GJ_RAISE, loc, 0, NULL);
	gj_push(f->arena, &s->raise, ((gj_raise){ op, value }));
	return block;
}

/* block: to `yes` if the number is i, else to `no`. */
static void fork(gj_ssa_state *s, uint32_t block, uint32_t loc, gj_ref number, int64_t i, uint32_t yes, uint32_t no)
{
	gj_obj *n = gj_new(s->f->arena, gj_obj, 1);
	*n = (gj_obj){ .kind = GJ_OBJ_INT, .i = i };
	gj_ref same[] = { number, emit_object(s, block, loc, n) }, is = emit(s, block, GJ_PYCMP, loc, 2, same);
	gj_o(s->f, is)->sub = GJ_CMP_EQ;
	is = emit(s, block, GJ_TRUTH, loc, 1, &is);
	emit(s, block, GJ_BRANCH, loc, 1, &is);
	gj_link(s->f, block, yes);
	gj_link(s->f, block, no);
}

/* A RAISE for each class that the number says, in place of this one. */
static bool part_by_number(gj_ssa_state *s, gj_raise raise)
{
	gj_ref number, phi = chosen_before(s, &raise);
	const gj_obj *class[GJ_MAX_CHOSEN];
	uint32_t n = phi ? gj_choose_class(s, phi, &number, class) : 0, block = gj_o(s->f, raise.op)->block, loc = gj_o(s->f, raise.op)->loc;
	if (!n)
		return false;
	bool caught = s->f->bb.p[block].nsucc;
	uint32_t handler = s->f->bb.p[block].succ[0], at = block, one[GJ_MAX_CHOSEN];
	if (caught)
		s->f->bb.p[handler].preds.n = 0;       /* it is the edge from this block (GJ_EDGE_RAISED): nothing else leads there */
	for (uint32_t i = 0; i < n; i++) {
		one[i] = raise_one(s, raise, class[i]);
		if (caught)
			gj_link(s->f, one[i], handler);
	}
	gj_ref value = gj_var_find(s, raise.value);
	gj_o(s->f, raise.op)->op = GJ_NOP;
	if (gj_o(s->f, value)->op == GJ_CALL) {
		gj_o(s->f, value)->op = GJ_NOP;
		gj_o(s->f, value)->nargs = 0;
	}
	s->f->bb.p[block].nsucc = 0;
	for (uint32_t i = 0; i + 2 < n; i++) {
		uint32_t next = new_block_like(s, block);
		fork(s, at, loc, number, i, one[i], next);
		at = next;
	}
	if (n > 1)
		fork(s, at, loc, number, n - 2, one[n - 2], one[n - 1]);
	else {
		emit(s, at, GJ_JUMP, loc, 0, NULL);
		gj_link(s->f, at, one[0]);
	}
	return true;
}

void gj_part_raises(gj_ssa_state *s)
{
	bool parted = false;
	for (uint32_t i = 0, n = s->raise.n; i < n; i++) {
		gj_raise raise = s->raise.p[i];
		uint32_t block = gj_o(s->f, raise.op)->block;
		gj_bb *b = &s->f->bb.p[block];
		if (!deciding(s, &raise))
			continue;
		for (uint32_t k = 1; k < b->preds.n; k++, b = &s->f->bb.p[block])
			copy(s, raise, k);
		s->f->bb.p[block].preds.n = 1;
		for (uint32_t k = 0; k < s->phi.n; k++)
			if (s->phi.p[k].block == block && !s->alias[s->phi.p[k].ref])
				gj_o(s->f, s->phi.p[k].ref)->nargs = 1;
		parted = true;
	}
	for (uint32_t i = 0, n = s->raise.n; i < n; i++)
		parted |= part_by_number(s, s->raise.p[i]);
	if (parted) {
		gj_cfg(s->f);
		gj_var_trivial(s);
	}
}
