/* Variables of bytecode → SSA, after Braun et al. ("Simple and Efficient Construction of SSA Form"), without recursion:
 * a read that comes to a join makes a phi at once, all operands are filled in when every block is done, and phis that
 * turn out to join one value become aliases of it. For reducible control flow the result is minimal and pruned.
 *
 * Whether a variable has a value is a variable too, True where it is stored, False at the start and behind `del`. A read asks for it
 * (ASSIGNED), and behind the read it is True, since Python would not come there otherwise. Where every path has a value the answer is the
 * constant True when phis are settled, and nothing is left of the question. */
#include "bytecode/state.h"

#include <string.h>

/* -- (block, variable) → value: open addressing ---------------------------------------------------------------------- */

static uint64_t key_of(uint32_t block, uint32_t var)
{
	return (uint64_t)(block + 1) << 32 | var;
}

static uint32_t slot_of(const gj_ssa_state *s, uint64_t key)
{
	uint32_t mask = s->defs.cap - 1, i = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) & mask;
	while (s->defs.key[i] && s->defs.key[i] != key)
		i = (i + 1) & mask;
	return i;
}

static void grow_defs(gj_ssa_state *s)
{
	uint64_t *key = s->defs.key;
	gj_ref *ref = s->defs.ref;
	uint32_t cap = s->defs.cap;
	s->defs.cap = cap ? cap * 2 : 256;
	s->defs.key = gj_new(s->f->arena, uint64_t, s->defs.cap);
	s->defs.ref = gj_new(s->f->arena, gj_ref, s->defs.cap);
	for (uint32_t i = 0; i < cap; i++)
		if (key[i]) {
			uint32_t to = slot_of(s, key[i]);
			s->defs.key[to] = key[i];
			s->defs.ref[to] = ref[i];
		}
}

void gj_var_write(gj_ssa_state *s, uint32_t block, uint32_t var, gj_ref value)
{
	if (s->defs.n * 2 >= s->defs.cap)
		grow_defs(s);
	uint32_t i = slot_of(s, key_of(block, var));
	s->defs.n += !s->defs.key[i];
	s->defs.key[i] = key_of(block, var);
	s->defs.ref[i] = value;
}

static gj_ref lookup(const gj_ssa_state *s, uint32_t block, uint32_t var)
{
	return s->defs.cap ? s->defs.ref[slot_of(s, key_of(block, var))] : 0;
}

/* -- Reading ---------------------------------------------------------------------------------------------------------- */

/* In the entry, so that it dominates every use. */
gj_ref gj_var_undef(gj_ssa_state *s, uint32_t var)
{
	gj_ref r = gj_emit(s->f, 0, GJ_UNDEF, NULL, 0, 0, NULL);
	if (var < (uint32_t)s->code->nvars)
		gj_o(s->f, r)->imm.name = s->code->var[var];
	return r;
}

gj_ref gj_var_phi(gj_ssa_state *s, uint32_t block, uint32_t var)
{
	gj_ref r = gj_op_new(s->f, block, GJ_PHI, NULL, 0, 0, NULL);
	gj_push(s->f->arena, &s->phi, ((gj_sphi){ r, block, var }));
	return r;
}

enum { MOST_WAYS = 4, MOST_STEPS = 8 };

/* The block with the definition or the join that all ways into join b come from, where they are few, short and whole: a branch that does
 * not store the variable needs no phi behind it. b: there is none. */
static uint32_t behind_branch(const gj_ssa_state *s, uint32_t b, uint32_t var)
{
	const gj_bb *bb = &s->f->bb.p[b];
	uint32_t from = b;
	for (uint32_t k = 0; k < bb->preds.n; k++) {
		uint32_t up = bb->preds.p[k], steps = 0;
		while (s->sb.p[up].done && !lookup(s, up, var) && s->f->bb.p[up].preds.n == 1 && steps++ < MOST_STEPS)
			up = s->f->bb.p[up].preds.p[0];
		if (!s->sb.p[up].done || steps > MOST_STEPS || (k && up != from) || bb->preds.n > MOST_WAYS)
			return b;
		from = up;
	}
	return from;
}

/* The value of a variable at the end of what is known of a block: up through single predecessors and branches to a definition, a
 * join or the entry. The blocks on the way remember the answer. */
gj_ref gj_var_read(gj_ssa_state *s, uint32_t block, uint32_t var)
{
	uint32_t b = block, up;
	gj_ref r;
	while (!(r = lookup(s, b, var)) && s->f->bb.p[b].preds.n) {
		up = s->f->bb.p[b].preds.n == 1 ? s->f->bb.p[b].preds.p[0] : behind_branch(s, b, var);
		if (up == b)
			break;
		b = up;
	}
	if (!r) {
		r = s->f->bb.p[b].preds.n ? gj_var_phi(s, b, var) : gj_var_undef(s, var);
		gj_var_write(s, b, var, r);
	}
	for (up = block; up != b; up = s->f->bb.p[up].preds.p[0])
		gj_var_write(s, up, var, r);
	return r;
}

/* -- Has it a value? ---------------------------------------------------------------------------------------------------- */

static void set_bound(gj_ssa_state *s, uint32_t var, gj_ref flag) { gj_var_write(s, s->cur, GJ_VAR_BOUND + var, flag); }

static bool is_named(const gj_insn *in, const char *name) { return in->row != UINT16_MAX && !strcmp(gj_pyops[in->row].name, name); }

void gj_var_enter(gj_ssa_state *s)
{
	static const gj_obj value[] = { { .kind = GJ_OBJ_BOOL, .i = 0 }, { .kind = GJ_OBJ_BOOL, .i = 1 } };
	uint32_t nvars = (uint32_t)s->code->nvars;
	bool keeps = false;                        /* only where a comprehension takes the names of variables (3.12 and later) */
	s->in_cell = gj_new(s->f->arena, bool, nvars + 1);
	for (const gj_insn *in = s->in.p; in < s->in.p + s->in.n; in++) {
		keeps |= is_named(in, "LOAD_FAST_AND_CLEAR");
		if (in->arg < nvars && is_named(in, "MAKE_CELL"))
			s->in_cell[in->arg] = true;
	}
	for (int i = 0; i < 2; i++)
		s->truth[i] = gj_ssa_emit_obj(s, &value[i]);
	for (uint32_t v = 0; v < nvars; v++) {
		set_bound(s, v, s->truth[0]);
		if (keeps)
			gj_var_write(s, s->cur, GJ_VAR_KEPT + v, s->truth[1]);
	}
}

/* Is the variable loaded for an inner function? LOAD_CLOSURE does that, since 3.13 LOAD_FAST of a variable that is in a cell. */
static bool captures(const gj_ssa_state *s, uint32_t var)
{
	return is_named(s->insn, "LOAD_CLOSURE") || (s->in_cell[var] && is_named(s->insn, "LOAD_FAST"));
}

/* What is neither a phi nor undefined has been stored on every path. An inner function that gets what is surely undefined may be one that
 * nobody calls. */
gj_ref gj_var_load(gj_ssa_state *s, uint32_t var)
{
	gj_ref r = gj_var_read(s, s->cur, var);
	bool open = gj_o(s->f, r)->op == GJ_PHI || gj_o(s->f, r)->op == GJ_UNDEF;
	gj_ref flag = open ? gj_var_read(s, s->cur, GJ_VAR_BOUND + var) : s->truth[1];
	if (flag == s->truth[1] || (captures(s, var) && gj_o(s->f, r)->op == GJ_UNDEF))
		return r;
	gj_ref a = gj_ssa_emit1(s, GJ_ASSIGNED, flag);
	gj_o(s->f, a)->imm.name = s->code->var[var];
	gj_o(s->f, a)->sub = captures(s, var);
	gj_push(s->f->arena, &s->assigned, a);
	if (gj_may_be_caught(s, (uint32_t)(s->insn - s->in.p)))
		s->sb.p[s->cur].loaded = var + 1;
	else
		set_bound(s, var, s->truth[1]);
	return r;
}

/* Not so at the start of a handler. */
void gj_var_loaded(gj_ssa_state *s)
{
	const gj_bb *b = &s->f->bb.p[s->cur];
	uint32_t from = b->preds.n == 1 ? b->preds.p[0] : 0, var = s->sb.p[from].loaded;
	if (var && s->sb.p[s->cur].kind == GJ_CODE)
		set_bound(s, var - 1, s->truth[1]);
}

/* What a comprehension gives back comes from the stack, behind its loop, and is a phi, or nothing; what it stores itself, items, is neither. (`for y
 * in (x,)` is `y = x` in bytecode, and x may be a phi.) */
static bool gives_back(const gj_ssa_state *s, gj_ref value)
{
	if (gj_o(s->f, value)->op != GJ_PHI)
		return gj_o(s->f, value)->op == GJ_UNDEF;
	const gj_insn *before = s->insn - 1;
	bool swapped = is_named(before, "SWAP") || (before->row != UINT16_MAX && !strncmp(gj_pyops[before->row].name, "STORE_FAST", 10));
	for (uint32_t i = s->phi.n; swapped && i-- > 0;)
		if (s->phi.p[i].ref == value)
			return s->phi.p[i].var & GJ_VAR_STACK;
	return false;
}

void gj_var_store(gj_ssa_state *s, uint32_t var, gj_ref value)
{
	gj_opcode is = (gj_opcode)gj_o(s->f, value)->op;
	bool given_back = lookup(s, 0, GJ_VAR_KEPT + var) && gives_back(s, value);
	gj_ref kept = given_back ? gj_var_read(s, s->cur, GJ_VAR_KEPT + var) : s->truth[1];
	gj_var_write(s, s->cur, var, value);
	set_bound(s, var, is == GJ_UNDEF ? s->truth[0] : kept);
	s->sb.p[s->cur].loaded = 0;         /* `del` has loaded it */
	if (given_back)
		gj_var_write(s, s->cur, GJ_VAR_KEPT + var, s->truth[1]);
}

void gj_var_clear(gj_ssa_state *s, uint32_t var)
{
	gj_var_write(s, s->cur, GJ_VAR_KEPT + var, gj_var_read(s, s->cur, GJ_VAR_BOUND + var));
	gj_var_write(s, s->cur, var, gj_var_undef(s, var));
	set_bound(s, var, s->truth[0]);
}

static bool is_flag(uint32_t var) { return var >= GJ_VAR_BOUND && var < GJ_VAR_TAKEN; }

static bool joins(gj_ssa_state *s, gj_ref phi, const bool *of)
{
	const gj_op *o = gj_o(s->f, phi);
	for (uint32_t k = 0; k < o->nargs; k++)
		if (of[o->arg[k]])
			return true;
	return false;
}

/* Flags to which no False comes are True: also phis of loops, which join each other. Phis are made from the read upwards: what one joins
 * stands mostly behind it, and so all but loops are settled in one round from the end. */
static void settle_flags(gj_ssa_state *s)
{
	bool *open = gj_new(s->f->arena, bool, s->f->op.n);
	open[s->truth[0]] = true;
	for (bool changed = true; changed;) {
		changed = false;
		for (uint32_t i = s->phi.n; i-- > 0;) {
			gj_sphi phi = s->phi.p[i];
			if (is_flag(phi.var) && !open[phi.ref] && joins(s, phi.ref, open))
				open[phi.ref] = changed = true;
		}
	}
	for (uint32_t i = 0; i < s->phi.n; i++)
		if (is_flag(s->phi.p[i].var) && !open[s->phi.p[i].ref])
			s->alias[s->phi.p[i].ref] = s->truth[1];
}

/* ASSIGNEDs that hold whichever way control came. */
static void drop_assigned(gj_ssa_state *s)
{
	for (uint32_t i = 0; i < s->assigned.n; i++) {
		gj_op *o = gj_o(s->f, s->assigned.p[i]);
		if (gj_var_find(s, o->arg[0]) != s->truth[1])
			continue;
		o->op = GJ_NOP;
		o->nargs = 0;
	}
}

/* -- Phis ------------------------------------------------------------------------------------------------------------- */

static gj_ref stack_operand(gj_ssa_state *s, uint32_t pred, uint32_t place)
{
	const gj_sblock *p = &s->sb.p[pred];
	if (!p->done || place >= p->depth)
		gj_ssa_damaged(s, "the stack is not of one depth");
	return p->stack[place] ? p->stack[place] : gj_var_undef(s, UINT32_MAX);
}

static void fill_phi(gj_ssa_state *s, gj_sphi phi)
{
	uint32_t n = s->f->bb.p[phi.block].preds.n;
	gj_ref *arg = gj_new(s->f->arena, gj_ref, n);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t pred = s->f->bb.p[phi.block].preds.p[k];
		arg[k] = phi.var & GJ_VAR_STACK ? stack_operand(s, pred, phi.var & ~(uint32_t)GJ_VAR_STACK)
		                                : gj_var_read(s, pred, phi.var);
	}
	gj_o(s->f, phi.ref)->arg = arg;
	gj_o(s->f, phi.ref)->nargs = n;
}

gj_ref gj_var_find(gj_ssa_state *s, gj_ref r)
{
	while (s->alias && s->alias[r]) {            /* NULL: no phi is known to be trivial yet */
		if (s->alias[s->alias[r]])
			s->alias[r] = s->alias[s->alias[r]];
		r = s->alias[r];
	}
	return r;
}

const gj_obj *gj_named_object(gj_ssa_state *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	const gj_obj *in = o->op == GJ_ATTR ? gj_named_object(s, gj_var_find(s, o->arg[0])) : NULL;
	if (o->op == GJ_OBJ)
		return o->imm.obj;
	for (uint32_t i = 0; in && in->kind == GJ_OBJ_MODULE && in->item && i < in->n; i++)
		if (!strcmp(in->attr[i], o->imm.name))
			return in->item[i];
	return NULL;
}

/* The one value that a phi joins besides itself, 0 if there are several. */
static gj_ref only_operand(gj_ssa_state *s, gj_ref phi)
{
	const gj_op *o = gj_o(s->f, phi);
	gj_ref one = 0;
	for (uint32_t k = 0; k < o->nargs; k++) {
		gj_ref a = gj_var_find(s, o->arg[k]);
		if (a == phi || a == one)
			continue;
		if (one)
			return 0;
		one = a;
	}
	return one;
}

/* Phis that join one value become aliases of it. */
void gj_var_trivial(gj_ssa_state *s)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (uint32_t i = s->phi.n; i-- > 0;) {
			gj_ref r = s->phi.p[i].ref, one = s->alias[r] ? 0 : only_operand(s, r);
			if (one) {
				s->alias[r] = one;
				changed = true;
			}
		}
	}
}

/* Debuggers are not told of what a comprehension gives back, which may be nothing. */
static void drop_stored(gj_ssa_state *s)
{
	GJ_EACH_OP(s->f, b, r) {
		gj_op *o = gj_o(s->f, r);
		if (o->op != GJ_STORED || gj_o(s->f, gj_var_find(s, o->arg[0]))->op != GJ_UNDEF)
			continue;
		o->op = GJ_NOP;
		o->nargs = 0;
	}
}

void gj_var_fill(gj_ssa_state *s)
{
	for (uint32_t i = 0; i < s->phi.n; i++)                /* reading adds phis */
		fill_phi(s, s->phi.p[i]);
	s->alias = gj_new(s->f->arena, gj_ref, s->f->op.n + 1);     /* one op is still to come: the entry's JUMP */
	settle_flags(s);
	gj_var_trivial(s);
	drop_assigned(s);
	drop_stored(s);
}
