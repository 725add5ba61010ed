/* Variables of bytecode → SSA, after Braun et al. ("Simple and Efficient Construction of SSA Form"), without recursion:
 * a read that comes to a join makes a phi at once, all operands are filled in when every block is done, and phis that
 * turn out to join one value become aliases of it. For reducible control flow the result is minimal and pruned. */
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

/* The value of a variable at the end of what is known of a block: up through single predecessors to a definition, a
 * join or the entry. The blocks on the way remember the answer. */
gj_ref gj_var_read(gj_ssa_state *s, uint32_t block, uint32_t var)
{
	uint32_t b = block;
	gj_ref r;
	while (!(r = lookup(s, b, var)) && s->f->bb.p[b].preds.n == 1)
		b = s->f->bb.p[b].preds.p[0];
	if (!r) {
		r = s->f->bb.p[b].preds.n ? gj_var_phi(s, b, var) : gj_var_undef(s, var);
		gj_var_write(s, b, var, r);
	}
	for (uint32_t up = block; up != b; up = s->f->bb.p[up].preds.p[0])
		gj_var_write(s, up, var, r);
	return r;
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
		for (uint32_t i = 0; i < s->phi.n; i++) {
			gj_ref r = s->phi.p[i].ref, one = s->alias[r] ? 0 : only_operand(s, r);
			if (one) {
				s->alias[r] = one;
				changed = true;
			}
		}
	}
}

void gj_var_fill(gj_ssa_state *s)
{
	for (uint32_t i = 0; i < s->phi.n; i++)                /* reading adds phis */
		fill_phi(s, s->phi.p[i]);
	s->alias = gj_new(s->f->arena, gj_ref, s->f->op.n + 1);     /* one op is still to come: the entry's JUMP */
	gj_var_trivial(s);
}
