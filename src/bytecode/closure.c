/* Inner functions capture values when they are made; Python captures variables. The two differ only if a captured
 * variable is assigned while the function can still be called: that is refused, with the variable's name. */
#include "bytecode/state.h"

#include <string.h>

typedef struct live {
	gj_ssa_state *s;
	gj_ref closure;
	bool *carrier;                             /* ops: the closure, and phis that may be it */
	bool *in;                                  /* blocks at whose start it may still be used */
	GJ_VEC(uint32_t) work;
	GJ_VEC(gj_place) use;                      /* block and place of ordinary uses */
} live;

static void need_in(live *l, uint32_t block)
{
	if (l->in[block])
		return;
	l->in[block] = true;
	gj_push(l->s->f->arena, &l->work, block);
}

/* Needed at the end of a block: then also at its start, unless it is made in it. */
static void need_out(live *l, uint32_t block)
{
	if (gj_o(l->s->f, l->closure)->block != block)
		need_in(l, block);
}

static uint32_t place_of(const gj_fn *f, gj_ref r)
{
	const gj_bb *bb = &f->bb.p[gj_o(f, r)->block];
	uint32_t k = 0;
	while (k < bb->ops.n && bb->ops.p[k] != r)
		k++;
	return k;
}

static bool joins_carrier(live *l, gj_ref phi)
{
	const gj_op *o = gj_o(l->s->f, phi);
	for (uint32_t k = 0; k < o->nargs; k++)
		if (l->carrier[gj_var_find(l->s, o->arg[k])])
			return true;
	return false;
}

static void spread_phis(live *l)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (uint32_t i = 0; i < l->s->phi.n; i++) {
			gj_ref r = l->s->phi.p[i].ref;
			if (l->s->alias[r] || l->carrier[r] || !joins_carrier(l, r))
				continue;
			l->carrier[r] = changed = true;
		}
	}
}

static void find_uses(live *l)
{
	const gj_fn *f = l->s->f;
	uint32_t made = place_of(f, l->closure);
	GJ_ALL_BLOCKS(f, b)
		GJ_EACH_OP_OF(f, b, r) {
			const gj_op *o = gj_o(f, r);
			for (uint32_t a = 0; a < o->nargs; a++) {
				if (!l->carrier[gj_var_find(l->s, o->arg[a])])
					continue;
				gj_push(f->arena, &l->use, ((gj_place){ .block = b, .place = r_at }));
				if (gj_o(f, l->closure)->block != b || r_at < made)
					need_in(l, b);
			}
		}
	for (uint32_t i = 0; i < l->s->phi.n; i++) {
		gj_sphi phi = l->s->phi.p[i];
		for (uint32_t k = 0; l->carrier[phi.ref] && k < gj_o(f, phi.ref)->nargs; k++)
			if (l->carrier[gj_var_find(l->s, gj_o(f, phi.ref)->arg[k])])
				need_out(l, f->bb.p[phi.block].preds.p[k]);
	}
	while (l->work.n) {
		const gj_bb *bb = &f->bb.p[l->work.p[--l->work.n]];
		for (uint32_t k = 0; k < bb->preds.n; k++)
			need_out(l, bb->preds.p[k]);
	}
}

/* Can the closure be used after this store, without being made anew in between? */
static bool used_after(const live *l, gj_place st)
{
	const gj_fn *f = l->s->f;
	const gj_bb *bb = &f->bb.p[st.block];
	bool made_here = gj_o(f, l->closure)->block == st.block;
	uint32_t made = made_here ? place_of(f, l->closure) : 0;
	for (uint32_t i = 0; i < l->use.n; i++)
		if (l->use.p[i].block == st.block && l->use.p[i].place >= st.place
		    && !(made_here && made >= st.place && made < l->use.p[i].place))
			return true;
	if (made_here && made >= st.place)
		return false;
	for (uint32_t k = 0; k < bb->nsucc; k++)
		if (l->in[bb->succ[k]])
			return true;
	return false;
}

/* The variable of the enclosing function that a nested code object calls `name`; UINT32_MAX: a free one, never stored. */
static uint32_t captured(const gj_code *outer, const char *name)
{
	for (int v = 0; v < outer->nvars - outer->nfree; v++)
		if (!strcmp(outer->var[v], name))
			return (uint32_t)v;
	return UINT32_MAX;
}

static void refuse(gj_ssa_state *s, gj_ref closure, gj_place st)
{
	gj_op *o = gj_o(s->f, closure);
	const char *name = s->code->var[st.var];
	bool self = gj_var_find(s, st.value) == closure;
	o->op = GJ_UNSUPPORTED;
	o->sub = 0;
	o->nargs = 0;
	o->imm.name = self ? "an inner function that calls itself"
	                   : gj_printf(s->f->arena, "an inner function that uses '%s', which is assigned after the function"
	                                            " is made,", name);
}

static void check_closure(gj_ssa_state *s, gj_ref r)
{
	const gj_fn *f = s->f;
	const gj_code *inner = gj_o(f, r)->imm.obj->code;
	live l = { .s = s, .closure = r, .carrier = gj_new(f->arena, bool, f->op.n), .in = gj_new(f->arena, bool, f->bb.n) };
	l.carrier[r] = true;
	spread_phis(&l);
	find_uses(&l);
	for (int k = 0; k < inner->nfree; k++) {
		uint32_t var = captured(s->code, inner->var[inner->nvars - inner->nfree + k]);
		for (uint32_t i = 0; i < s->store.n; i++)
			if (s->store.p[i].var == var && used_after(&l, s->store.p[i])) {
				refuse(s, r, s->store.p[i]);
				return;
			}
	}
}

void gj_closure_check(gj_ssa_state *s)
{
	for (gj_ref r = 1; r < s->f->op.n; r++)
		if (gj_o(s->f, r)->op == GJ_CLOSURE && gj_o(s->f, r)->nargs > gj_o(s->f, r)->sub)
			check_closure(s, r);
}
