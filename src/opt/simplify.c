/* Simplification of the low level: constants, copies, identities, common subexpressions, phis; branches and blocks; dead
 * code. Each is linear in the function.
 *
 * A round walks the blocks in reverse postorder. `to` maps an op that is no longer needed to the value that takes its
 * place; operands are rewritten as they are met, those of loops in a sweep at the end. Constants live in the entry
 * block, one op for each value. */
#include "opt/opt.h"

#include <string.h>

typedef struct simplifier {
	gj_fn  *f;
	gj_ref *to; uint32_t nto;                  /* 0: itself */
	gj_ref *table; uint32_t mask;              /* hash table of available ops */
	GJ_VEC(gj_ref) fresh;                      /* constants to put at the head of the entry */
	bool changed;
} simplifier;

static gj_ref find(const simplifier *s, gj_ref r)
{
	while (r < s->nto && s->to[r])
		r = s->to[r];
	return r;
}

static void replace(simplifier *s, gj_ref r, gj_ref by)
{
	s->to[r] = by;
	s->changed = true;
}

/* -- Available ops ------------------------------------------------------------------------------------------------- */

static bool commutes(const gj_op *o)
{
	return o->op == GJ_ADD || o->op == GJ_MUL || o->op == GJ_AND || o->op == GJ_OR || o->op == GJ_XOR;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

/* Two checks of one index are one, wherever they stand. */
static int64_t imm_of(const gj_op *o) { return o->op == GJ_BOUNDS ? 0 : o->imm.i; }

static uint64_t op_hash(const gj_op *o)
{
	uint64_t h = mix((uint64_t)o->op | (uint64_t)o->sub << 16 | (uint64_t)o->nargs << 32, (uint64_t)imm_of(o));
	h = mix(h, (o->type ? o->type->id : 0) | (uint64_t)o->mask << 32);
	if (o->op == GJ_PHI)
		h = mix(h, o->block);
	if (commutes(o))
		return mix(h, (uint64_t)o->arg[0] + o->arg[1]);
	for (uint32_t k = 0; k < o->nargs; k++)
		h = mix(h, o->arg[k]);
	return h;
}

static bool op_same(const gj_op *a, const gj_op *b)
{
	if (a->op != b->op || a->sub != b->sub || a->type != b->type || a->nargs != b->nargs || imm_of(a) != imm_of(b)
	    || a->mask != b->mask || (a->op == GJ_PHI && a->block != b->block))
		return false;
	if (commutes(a) && a->arg[0] == b->arg[1] && a->arg[1] == b->arg[0])
		return true;
	return !a->nargs || memcmp(a->arg, b->arg, a->nargs * sizeof *a->arg) == 0;
}

/* The table's entry for ops like o: a ref, or 0 where one may be put. */
static gj_ref *lookup(simplifier *s, const gj_op *o)
{
	uint32_t i = (uint32_t)op_hash(o) & s->mask;
	while (s->table[i] && !op_same(gj_o(s->f, s->table[i]), o))
		i = (i + 1) & s->mask;
	return &s->table[i];
}

/* Two ops with equal keys are equal values. What reads memory or talks to other lanes never is. */
static bool has_equals(const gj_op *o)
{
	if (gj_op_is(o, GJ_F_READ | GJ_F_WRITE | GJ_F_TERM))
		return o->op == GJ_BOUNDS;
	return !gj_is_own(o);
}

/* The constant's op in the entry block. */
static gj_ref constant(simplifier *s, const gj_type *t, gj_imm v)
{
	gj_op key = { .op = GJ_CONST, .type = t, .imm.i = gj_imm_canonical(t, v).i };
	gj_ref *at = lookup(s, &key);
	if (!*at) {
		*at = gj_op_new(s->f, 0, GJ_CONST, t, 0, 0, NULL);
		gj_o(s->f, *at)->imm.i = key.imm.i;
		gj_push(s->f->arena, &s->fresh, *at);
	}
	return *at;
}

/* -- One op -------------------------------------------------------------------------------------------------------- */

static void visit_constant(simplifier *s, gj_ref r)
{
	gj_op *o = gj_o(s->f, r);
	gj_imm v = { .i = o->imm.i };
	o->imm.i = gj_imm_canonical(o->type, v).i;
	gj_ref *at = lookup(s, o);
	if (*at)
		s->to[r] = *at;
	else if (o->block == 0)
		*at = r;
	else
		s->to[r] = constant(s, o->type, v);
}

/* The one value that all operands are, apart from the phi itself and undefined ones; 0: there are several. */
static gj_ref phi_value(const simplifier *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	gj_ref one = 0;
	bool undefined = false;
	for (uint32_t k = 0; k < o->nargs; k++) {
		gj_ref a = o->arg[k];
		if (gj_o(s->f, a)->op == GJ_UNDEF)
			undefined = true;
		else if (a != r && one && a != one)
			return 0;
		else if (a != r)
			one = a;
	}
	if (!one)
		return 0;
	uint32_t home = gj_o(s->f, one)->block;
	bool reaches = home != o->block && gj_dominates(s->f, home, o->block);
	return !undefined || reaches ? one : 0;
}

/* An equal op that dominates takes the place of r; keeps only the promises that both make. */
static bool reuse(simplifier *s, gj_ref r)
{
	gj_op *o = gj_o(s->f, r);
	gj_ref *at = lookup(s, o);
	if (*at == r || !*at || !gj_dominates(s->f, gj_o(s->f, *at)->block, o->block)) {
		*at = r;
		return false;
	}
	gj_op *first = gj_o(s->f, *at);
	first->flags = (first->flags & o->flags) | ((first->flags | o->flags) & GJ_NONNEG);
	replace(s, r, *at);
	return true;
}

/* A check of constants that holds. */
static bool never_fails(const gj_fn *f, const gj_op *o)
{
	uint32_t n = o->nargs / 2;
	if (o->op == GJ_REPORT)
		return gj_is_const(f, o->arg[0]) && !gj_o(f, o->arg[0])->imm.i;
	for (uint32_t d = 0; o->op == GJ_BOUNDS && d < n; d++) {
		if (o->sub >> d & 1)
			continue;
		const gj_op *i = gj_o(f, o->arg[d]), *extent = gj_o(f, o->arg[n + d]);
		if (i->op != GJ_CONST || extent->op != GJ_CONST || i->imm.i < 0 || i->imm.i >= extent->imm.i)
			return false;
	}
	return o->op == GJ_BOUNDS;
}

static void visit(simplifier *s, gj_ref r)
{
	gj_op *o = gj_o(s->f, r);
	gj_imm v;
	gj_ref one;
	for (uint32_t k = 0; k < o->nargs; k++)
		o->arg[k] = find(s, o->arg[k]);
	if (o->op == GJ_CONST) {
		visit_constant(s, r);
		return;
	}
	if (o->op == GJ_PHI && (one = phi_value(s, r))) {
		replace(s, r, one);
		return;
	}
	if (never_fails(s->f, o)) {
		o->op = GJ_NOP;
		o->nargs = 0;
		s->changed = true;
		return;
	}
	if (!has_equals(o))
		return;
	if (o->op == GJ_BOUNDS) {
		reuse(s, r);
		return;
	}
	if (gj_fold_const(s->f, o, &v)) {
		replace(s, r, constant(s, o->type, v));
		return;
	}
	gj_folded got = gj_fold_identity(s->f, r);
	s->changed |= got.changed;
	if (got.is_const)
		replace(s, r, constant(s, o->type, got.imm));
	else if (got.same)
		replace(s, r, got.same);
	else
		reuse(s, r);
}

/* -- Rounds -------------------------------------------------------------------------------------------------------- */

static void prepare(simplifier *s)
{
	gj_fn *f = s->f;
	uint32_t size = 64;
	s->nto = f->op.n;
	s->to = gj_new(f->arena, gj_ref, s->nto);
	while (size < 3 * f->op.n)
		size *= 2;
	s->table = gj_new(f->arena, gj_ref, size);
	s->mask = size - 1;
}

/* Drops what was replaced, rewrites the remaining operands, and puts new constants first. */
static void sweep(simplifier *s)
{
	gj_fn *f = s->f;
	GJ_EACH_BLOCK(f, b) {
		gj_bb *bb = &f->bb.p[b];
		uint32_t n = 0;
		GJ_EACH_OP_OF(f, b, r) {
			gj_op *o = gj_o(f, r);
			if (s->to[r] || o->op == GJ_NOP)
				continue;
			for (uint32_t a = 0; a < o->nargs; a++)
				o->arg[a] = find(s, o->arg[a]);
			if (o->mask)
				o->mask = find(s, o->mask);
			bb->ops.p[n++] = r;
		}
		bb->ops.n = n;
	}
	gj_bb *entry = &f->bb.p[0];
	uint32_t old = entry->ops.n, add = s->fresh.n;
	if (!add)
		return;
	gj_reserve(f->arena, &entry->ops, old + add);
	memmove(entry->ops.p + add, entry->ops.p, old * sizeof *entry->ops.p);
	memcpy(entry->ops.p, s->fresh.p, add * sizeof *s->fresh.p);
	entry->ops.n = old + add;
}

bool gj_simplify_values(gj_fn *f)
{
	simplifier s = { .f = f };
	prepare(&s);
	GJ_EACH_OP(f, b, r)
		visit(&s, r);
	sweep(&s);
	return s.changed;
}

/* -- Branches ------------------------------------------------------------------------------------------------------ */

/* Do the two edges of a branch lead to one block and carry the same values? */
static bool edges_agree(const gj_fn *f, uint32_t from)
{
	const gj_bb *b = &f->bb.p[from];
	if (b->succ[0] != b->succ[1])
		return false;
	uint32_t x = gj_edge_index(f, from, 0), y = gj_edge_index(f, from, 1);
	GJ_EACH_PHI(f, b->succ[0], r)
		if (gj_o(f, r)->arg[x] != gj_o(f, r)->arg[y])
			return false;
	return true;
}

static bool fold_branch(gj_fn *f, uint32_t b)
{
	gj_bb *bb = &f->bb.p[b];
	gj_op *o = gj_terminator(f, b);
	if (o->op != GJ_BRANCH)
		return false;
	const gj_op *cond = gj_o(f, o->arg[0]);
	if (cond->op == GJ_CONST || edges_agree(f, b)) {
		gj_drop_edge(f, b, cond->op == GJ_CONST && !cond->imm.i ? 0 : 1);
		o->op = GJ_JUMP;
		o->nargs = 0;
		return true;
	}
	if (cond->op == GJ_NOT && bb->succ[0] != bb->succ[1]) {
		uint32_t first = bb->succ[0];
		bb->succ[0] = bb->succ[1];
		bb->succ[1] = first;
		o->arg[0] = cond->arg[0];
	}
	return false;
}

/* -- Blocks -------------------------------------------------------------------------------------------------------- */

/* Appends to block b the block it jumps to, if nothing else leads there. */
static bool merge_next(gj_fn *f, uint32_t b)
{
	gj_bb *bb = &f->bb.p[b];
	if (bb->nsucc != 1 || bb->succ[0] == b)
		return false;
	uint32_t n = bb->succ[0];
	gj_bb *next = &f->bb.p[n];
	if (n == 0 || next->preds.n != 1 || gj_o(f, next->ops.p[0])->op == GJ_PHI)
		return false;
	bb->ops.n--;                               /* the jump */
	for (uint32_t k = 0; k < next->ops.n; k++) {
		gj_o(f, next->ops.p[k])->block = b;
		gj_push(f->arena, &bb->ops, next->ops.p[k]);
	}
	bb->nsucc = next->nsucc;
	memcpy(bb->succ, next->succ, sizeof bb->succ);
	for (uint32_t i = 0; i < next->nsucc; i++)
		gj_rename_pred(f, next->succ[i], n, b);
	next->ops.n = next->preds.n = next->nsucc = 0;
	return true;
}

bool gj_simplify_blocks(gj_fn *f)
{
	bool cut = false, joined = false;
	GJ_EACH_BLOCK(f, b)
		cut |= fold_branch(f, b);
	if (cut)
		gj_cfg(f);
	GJ_EACH_BLOCK(f, b)
		while (f->bb.p[b].ops.n && merge_next(f, b))
			joined = true;
	if (joined)
		gj_cfg(f);
	return cut || joined;
}

/* -- Dead code ----------------------------------------------------------------------------------------------------- */

typedef struct liveness { gj_fn *f; uint8_t *live; GJ_VEC(gj_ref) work; } liveness;

static void need(liveness *l, gj_ref r)
{
	if (!r || l->live[r])
		return;
	l->live[r] = 1;
	gj_push(l->f->arena, &l->work, r);
}

void gj_remove_dead(gj_fn *f)
{
	liveness l = { .f = f, .live = gj_new(f->arena, uint8_t, f->op.n) };
	GJ_EACH_OP(f, b, r)
		if (gj_op_is(gj_o(f, r), GJ_F_WRITE | GJ_F_TERM))
			need(&l, r);
	while (l.work.n) {
		const gj_op *o = gj_o(f, l.work.p[--l.work.n]);
		for (uint32_t k = 0; k < o->nargs; k++)
			need(&l, o->arg[k]);
		need(&l, o->mask);
	}
	GJ_EACH_BLOCK(f, b) {
		gj_bb *bb = &f->bb.p[b];
		uint32_t n = 0;
		GJ_EACH_OP_OF(f, b, r)
			if (l.live[r])
				bb->ops.p[n++] = r;
		bb->ops.n = n;
	}
}
