/* Variables that one round of a loop over prange leaves to the next. Rounds run in any order, so there are four kinds: nobody reads
 * it; each round adds the same to it; it is read behind the loop only, where it is the last round's; or all that rounds do with it is to let it take part in an
 * operation whose order does not matter: s += e, e * s, s = max(s, e), s = s or e, `if e > s: s = e`, under conditions and in loops too.
 * Anything else is an error: what depends on the variable would depend on which rounds came before. */
#include "opt/prange.h"

#include <math.h>
#include <string.h>

typedef struct chain {
	gj_prange *p;
	gj_fn *f;
	gj_carried *c;
	bool *in;                                  /* by op: depends on the variable */
	bool known;                                /* c->op */
	bool *nan;                                 /* by op: of a minimum or maximum in which NaN wins */
} chain;

gj_ref gj_carry_in(const gj_prange *p, gj_ref phi)  { return gj_o(p->f, phi)->arg[gj_pred_index(p->f, p->header, p->before)]; }
gj_ref gj_carry_out(const gj_prange *p, gj_ref phi) { return gj_o(p->f, phi)->arg[gj_pred_index(p->f, p->header, p->latch)]; }

/* -- What depends on it -------------------------------------------------------------------------------------------------- */

static bool in_loop(const chain *c, uint32_t b) { return b == c->p->header || c->p->inside[b]; }

static bool takes(const chain *c, const gj_op *o)
{
	for (uint32_t k = 0; k < o->nargs; k++)
		if (c->in[o->arg[k]])
			return true;
	return false;
}

/* true: there is anything but the phi. */
static bool spread(chain *c)
{
	bool any = false;
	c->in[c->c->phi] = true;
	for (bool more = true; more;) {
		more = false;
		GJ_EACH_OP(c->f, b, r)
			if (in_loop(c, b) && !c->in[r] && !(b == c->p->header && gj_o(c->f, r)->op == GJ_PHI) && takes(c, gj_o(c->f, r)))
				c->in[r] = any = more = true;
	}
	return any;
}

/* -- What is done with it ------------------------------------------------------------------------------------------------ */

static bool is_so(chain *c, gj_opcode op, bool compared, bool nan)
{
	if (!c->known) {
		c->known = true;
		c->c->op = op;
		c->c->compared = compared;
		c->c->nan = nan;
	}
	return c->c->op == op && c->c->compared == compared && c->c->nan == nan;
}

static bool is_by(chain *c, gj_opcode op, bool compared) { return is_so(c, op, compared, false); }

/* A value of the variable, not of a comparison of it. */
static bool is_value(const chain *c, gj_ref r) { return c->in[r] && gj_o(c->f, r)->op != GJ_CMP; }

static bool is_const_bool(const chain *c, gj_ref r) { return gj_is_const(c->f, r) && gj_is_bool(gj_o(c->f, r)->type); }

/* Nothing is written in block b from op r on. */
static bool keeps_memory(const gj_fn *f, uint32_t b, gj_ref r)
{
	bool behind = false;
	GJ_EACH_OP_OF(f, b, o) {
		behind |= o == r;
		if (behind && gj_op_is(gj_o(f, o), GJ_F_WRITE))
			return false;
	}
	return true;
}

/* Are x and y, computed in one block or in y's predecessor and y's, the same value: do they come about in the same way? */
static bool is_same(const gj_fn *f, gj_ref x, gj_ref y, int depth)
{
	const gj_op *a = gj_o(f, x), *b = gj_o(f, y);
	if (x == y)
		return true;
	if (a->op != b->op || a->sub != b->sub || a->type != b->type || a->nargs != b->nargs || a->imm.i != b->imm.i || depth > 16 ||
	    gj_op_is(a, GJ_F_WRITE | GJ_F_TERM) || a->op == GJ_PHI || a->op == GJ_UNDEF)
		return false;
	if (a->op == GJ_LOAD && (!keeps_memory(f, a->block, x) ||
	    (b->block != a->block && (f->bb.p[b->block].preds.n != 1 || f->bb.p[b->block].preds.p[0] != a->block))))
		return false;
	for (uint32_t k = 0; k < a->nargs; k++)
		if (!is_same(f, a->arg[k], b->arg[k], depth + 1))
			return false;
	return true;
}

/* x becomes e if `cond` is `taken`, and cond asks about x: x itself, or a comparison of the two. */
static bool replaces(chain *c, gj_ref cond, bool taken, gj_ref x, gj_ref e)
{
	const gj_op *o = gj_o(c->f, cond);
	gj_cmpop by = (gj_cmpop)o->sub;
	if (!is_value(c, x) || c->in[e])
		return false;
	if (cond == x)
		return is_by(c, taken ? GJ_AND : GJ_OR, false);
	if (o->op != GJ_CMP || (o->arg[0] != x && o->arg[1] != x) || !is_same(c->f, o->arg[o->arg[0] == x], e, 0))
		return false;
	bool first = o->arg[0] != x;
	bool greater = by == GJ_CMP_GT || by == GJ_CMP_GE, less = by == GJ_CMP_LT || by == GJ_CMP_LE;
	if ((!greater && !less) || (!taken && gj_is_float(o->type)) || (!taken && gj_is_float(gj_o(c->f, x)->type)))
		return false;                          /* not less is more than greater: it is NaN too */
	bool up = first == greater;
	return is_by(c, up == taken ? GJ_MAX : GJ_MIN, true);
}

/* Does the block go on to another one, without having done anything that is seen? */
static bool is_detour(const chain *c, uint32_t b)
{
	const gj_bb *bb = &c->f->bb.p[b];
	if (bb->preds.n != 1 || gj_terminator(c->f, b)->op != GJ_JUMP)
		return false;
	for (uint32_t i = 0; i + 1 < bb->ops.n; i++) {
		const gj_op *o = gj_o(c->f, bb->ops.p[i]);
		if (c->in[bb->ops.p[i]] || gj_op_is(o, GJ_F_WRITE) || o->op == GJ_PHI)
			return false;
	}
	return true;
}

/* Where edge i of block b comes to, if nothing happens on the way; *k: as which predecessor. */
static uint32_t comes_to(const chain *c, uint32_t b, uint32_t i, uint32_t *k)
{
	const gj_fn *f = c->f;
	uint32_t to = f->bb.p[b].succ[i];
	if (is_detour(c, to)) {
		*k = gj_pred_index(f, f->bb.p[to].succ[0], to);
		return f->bb.p[to].succ[0];
	}
	*k = gj_edge_index(f, b, i);
	return to;
}

/* A branch that asks about the variable may only choose its next value. */
static bool check_branch(chain *c, const gj_op *t)
{
	uint32_t k[2], to = comes_to(c, t->block, 0, &k[0]);
	bool any = false;
	if (comes_to(c, t->block, 1, &k[1]) != to || !c->p->inside[to])
		return false;
	GJ_EACH_PHI(c->f, to, r) {
		const gj_op *o = gj_o(c->f, r);
		gj_ref yes = o->arg[k[0]], no = o->arg[k[1]];
		if (yes == no)
			continue;
		if (any || !(c->in[no] ? replaces(c, t->arg[0], true, no, yes) : replaces(c, t->arg[0], false, yes, no)))
			return false;
		any = true;
	}
	return true;
}

/* Is the way into block b, as predecessor k, one that such a branch chooses? */
static bool is_chosen(const chain *c, uint32_t b, uint32_t k)
{
	uint32_t from = c->f->bb.p[b].preds.p[k];
	const gj_bb *bb = &c->f->bb.p[from];
	const gj_op *t = gj_terminator(c->f, from);
	if (is_detour(c, from))
		t = gj_terminator(c->f, bb->preds.p[0]);
	return t->op == GJ_BRANCH && c->in[t->arg[0]];
}

static bool check_phi(chain *c, const gj_op *o)
{
	for (uint32_t k = 0; k < o->nargs; k++) {
		gj_ref x = o->arg[k];
		if (is_value(c, x) || is_chosen(c, o->block, k))
			continue;
		if (c->in[x] || !is_const_bool(c, x) || !is_by(c, gj_o(c->f, x)->imm.i ? GJ_OR : GJ_AND, false))
			return false;
	}
	return true;
}

static bool check_select(chain *c, const gj_op *o)
{
	gj_ref cond = o->arg[0], yes = o->arg[1], no = o->arg[2];
	if (c->in[cond])
		return c->in[no] ? replaces(c, cond, true, no, yes) : replaces(c, cond, false, yes, no);
	if (is_value(c, yes) && is_value(c, no))
		return true;
	gj_ref x = is_value(c, yes) ? no : yes;
	return !c->in[x] && is_const_bool(c, x) && is_by(c, gj_o(c->f, x)->imm.i ? GJ_OR : GJ_AND, false);
}

/* isnan(x) ? x : what comes of the others, or NULL: something else. */
static const gj_op *unless_nan(const chain *c, const gj_op *o, gj_ref *x)
{
	const gj_op *cond = o->op == GJ_SELECT ? gj_o(c->f, o->arg[0]) : NULL;
	*x = cond && cond->op == GJ_ISNAN ? cond->arg[0] : 0;
	return *x && o->arg[1] == *x ? gj_o(c->f, o->arg[2]) : NULL;
}

/* NumPy's minimum and maximum: isnan(s) ? s : isnan(x) ? x : max(s, x). Marks their ops. */
static bool find_nan(chain *c)
{
	c->nan = gj_new(c->f->arena, bool, c->f->op.n);
	GJ_EACH_OP(c->f, b, r) {
		gj_ref s, x;
		const gj_op *o = gj_o(c->f, r), *then = in_loop(c, b) && c->in[r] ? unless_nan(c, o, &s) : NULL, *last = then ? unless_nan(c, then, &x) : NULL;
		if (!last || !is_value(c, s) || c->in[x] || (last->op != GJ_MIN && last->op != GJ_MAX)
		    || !((last->arg[0] == s && last->arg[1] == x) || (last->arg[0] == x && last->arg[1] == s)))
			continue;
		if (!is_so(c, (gj_opcode)last->op, false, true))
			return false;
		c->nan[r] = c->nan[o->arg[0]] = c->nan[o->arg[2]] = c->nan[then->arg[2]] = true;
	}
	return true;
}

static bool check_op(chain *c, const gj_op *o)
{
	bool first = o->nargs > 0 && is_value(c, o->arg[0]) && (o->nargs < 2 || !c->in[o->arg[1]]);
	bool second = o->nargs > 1 && is_value(c, o->arg[1]) && !c->in[o->arg[0]];
	switch (o->op) {
	case GJ_ADD: case GJ_MUL: case GJ_AND: case GJ_OR: case GJ_XOR:
		return (first || second) && is_by(c, (gj_opcode)o->op, false);
	case GJ_MIN: case GJ_MAX:
		return (first || second) && is_by(c, (gj_opcode)o->op, o->sub);
	case GJ_SUB:    return first && is_by(c, GJ_ADD, false);
	case GJ_DIV:    return first && is_by(c, GJ_MUL, false);
	case GJ_CMP:    return first || second;        /* whoever uses it is looked at */
	case GJ_PHI:    return check_phi(c, o);
	case GJ_SELECT: return check_select(c, o);
	case GJ_BRANCH: return check_branch(c, o);
	case GJ_JUMP:   return true;
	default:        return false;
	}
}

/* The op that makes rounds depend on each other; 0: none. */
static gj_ref wrong_op(chain *c)
{
	if (!find_nan(c))
		return c->c->phi;
	GJ_EACH_OP(c->f, b, r)
		if (in_loop(c, b) && c->in[r] && r != c->c->phi && !c->nan[r] && !check_op(c, gj_o(c->f, r)))
			return r;
	GJ_EACH_PHI(c->f, c->p->header, q) {
		gj_ref out = gj_carry_out(c->p, q);
		if (q == c->c->phi ? !is_value(c, out) : c->in[out])
			return q == c->c->phi ? out : q;
	}
	return 0;
}

static const char *name_of(const gj_fn *f, gj_ref r)
{
	for (uint32_t i = 0; i < f->named.n; i++)
		if (f->named.p[i].value == r)
			return f->named.p[i].name;
	return NULL;
}

/* Where, and under which name (NULL: it has none), the variable gets what makes rounds depend on each other. */
static void tell(const chain *c, gj_ref wrong, gj_carried_wrong *out)
{
	const gj_op *end = gj_o(c->f, gj_carry_out(c->p, c->c->phi)), *where = end->op == GJ_PHI ? gj_o(c->f, wrong) : end;
	for (uint32_t k = 0; where->op == GJ_PHI && k < where->nargs; k++)         /* what the variable becomes */
		if (!c->in[where->arg[k]])
			where = gj_o(c->f, where->arg[k]);
	out->loc = where->loc;
	const char *name = name_of(c->f, c->c->phi);
	out->name = name ? gj_printf(c->f->arena, "'%s'", name) : "a value";
}

/* Does it reach anything but phis? */
static bool is_wanted(const gj_fn *f, gj_ref r, bool *seen)
{
	seen[r] = true;
	GJ_EACH_OP(f, b, u) {
		const gj_op *o = gj_o(f, u);
		for (uint32_t k = 0; k < o->nargs; k++)
			if (o->arg[k] == r && (o->op != GJ_PHI || (!seen[u] && is_wanted(f, u, seen))))
				return true;
	}
	return false;
}

static bool used_outside(const gj_prange *p, gj_ref phi)
{
	const gj_fn *f = p->f;
	bool *seen = gj_new(f->arena, bool, f->op.n);
	seen[phi] = true;
	GJ_EACH_OP(f, b, r)
		for (uint32_t k = 0; k < gj_o(f, r)->nargs && b != p->header && !p->inside[b]; k++)
			if (gj_o(f, r)->arg[k] == phi && (gj_o(f, r)->op != GJ_PHI || (!seen[r] && is_wanted(f, r, seen))))
				return true;
	return false;
}

/* Does every round add the same to it? Then its value in each is known: k += 2, positions in what is iterated over beside. */
static gj_ref counts_by(const gj_prange *p, gj_ref phi)
{
	const gj_op *next = gj_o(p->f, gj_carry_out(p, phi));
	gj_ref by = next->op == GJ_ADD && next->arg[0] == phi ? next->arg[1] : next->op == GJ_ADD && next->arg[1] == phi ? next->arg[0] : 0;
	uint32_t b = by ? gj_o(p->f, by)->block : 0;
	return by && gj_is_int(next->type) && b != p->header && !p->inside[b] ? by : 0;
}

/* Does no way through a round take the variable's value away? Then rounds that find it are as good as rounds that began with it. */
static bool stays_bound(const gj_prange *p, gj_ref r, bool *seen)
{
	const gj_op *o = gj_o(p->f, r);
	if (seen[r] || o->op != GJ_PHI)
		return seen[r] || (o->op == GJ_CONST && o->imm.i);
	seen[r] = true;
	for (uint32_t k = 0; k < o->nargs; k++)
		if (!stays_bound(p, o->arg[k], seen))
			return false;
	return true;
}

/* What says whether a variable has a value that has none before the loop: each round begins anew without. So does what is not known before the
 * loop, where rounds only read the variable. */
static bool is_rounds_flag(const gj_prange *p, gj_ref phi)
{
	gj_ref before = gj_carry_in(p, phi);
	const gj_op *in = gj_o(p->f, before);
	if (in->op == GJ_CONST)
		return !in->imm.i;
	bool *seen = gj_new(p->f->arena, bool, p->f->op.n);
	seen[phi] = seen[before] = true;
	return stays_bound(p, gj_carry_out(p, phi), seen);
}

/* What is done with a value, through phis too: an owner's users are counted, and nothing else is. */
typedef struct uses { bool counted, other; } uses;

static void find_uses(const gj_fn *f, gj_ref r, bool *seen, uses *u)
{
	seen[r] = true;
	GJ_EACH_OP(f, b, by) {
		const gj_op *o = gj_o(f, by);
		for (uint32_t k = 0; k < o->nargs; k++) {
			if (o->arg[k] != r)
				continue;
			bool counts = o->op == GJ_RETAIN || o->op == GJ_RELEASE;
			u->counted |= counts;
			u->other |= !counts && o->op != GJ_PHI;
			if (o->op == GJ_PHI && !seen[by])
				find_uses(f, by, seen, u);
		}
	}
}

static void begin_anew(const gj_prange *p, gj_ref phi, gj_ref with)
{
	GJ_EACH_OP(p->f, b, r)
		for (uint32_t k = 0; p->inside[b] && k < gj_o(p->f, r)->nargs; k++)
			if (gj_o(p->f, r)->arg[k] == phi)
				gj_o(p->f, r)->arg[k] = with;
}

/* An op before the terminator of block b. */
static gj_ref insert(gj_fn *f, uint32_t b, gj_opcode op, const gj_type *t, uint32_t nargs, const gj_ref *arg)
{
	gj_ref end = f->bb.p[b].ops.p[--f->bb.p[b].ops.n], r = gj_emit(f, b, op, t, 0, nargs, arg);
	gj_push(f->arena, &f->bb.p[b].ops, end);
	return r;
}

/* The owner of an array that has none before the loop: a round that leaves one lets go of it itself. That nobody reads the array behind the
 * loop, or in another round, is seen at its address. */
static void let_go(const gj_prange *p, gj_ref phi)
{
	gj_fn *f = p->f;
	gj_ref before = gj_carry_in(p, phi), out = gj_carry_out(p, phi);
	if (out != phi)
		insert(f, p->latch, GJ_RELEASE, NULL, 1, &out);
	gj_o(f, phi)->arg[gj_pred_index(f, p->header, p->latch)] = before;
	begin_anew(p, phi, insert(f, p->before, GJ_CONST, gj_o(f, phi)->type, 0, NULL));
	GJ_EACH_OP(f, b, r)
		for (uint32_t k = 0; k < gj_o(f, r)->nargs; k++)
			if (gj_o(f, r)->arg[k] == phi)
				gj_o(f, r)->arg[k] = before;
}

static bool is_pointer(const gj_prange *p, gj_ref phi) { return gj_o(p->f, phi)->type->kind == GJ_PTR; }

/* Is the array of this owner read behind the loop? What the parts of one variable have in common is their name. */
static bool is_left(const gj_prange *p, gj_ref owner)
{
	const char *name = name_of(p->f, owner);
	GJ_EACH_PHI(p->f, p->header, r) {
		const char *other = name_of(p->f, r);
		if (is_pointer(p, r) && (!name || !other || !strcmp(name, other)) && used_outside(p, r))
			return true;
	}
	return false;
}

/* The owner of an array that is read behind the loop, which is the last round's; rounds begin without. */
static void leave_behind(const gj_prange *p, gj_ref phi)
{
	begin_anew(p, phi, insert(p->f, p->before, GJ_CONST, gj_o(p->f, phi)->type, 0, NULL));
	gj_o(p->f, phi)->sub = GJ_PHI_OWNER;
}

/* A pointer that is read behind the loop alone is carried as a number, and made a pointer again in the header. */
static void carry_as_number(gj_prange *p, gj_ref phi)
{
	gj_fn *f = p->f;
	const gj_type *i64 = gj_scalar[GJ_I64];
	gj_ref in = gj_carry_in(p, phi), out = gj_carry_out(p, phi), arg[2];
	arg[gj_pred_index(f, p->header, p->before)] = insert(f, p->before, GJ_BITCAST, i64, 1, &in);
	arg[gj_pred_index(f, p->header, p->latch)] = insert(f, p->latch, GJ_BITCAST, i64, 1, &out);
	gj_ref number = gj_op_new(f, p->header, GJ_PHI, i64, gj_o(f, phi)->loc, 2, arg);
	gj_op *o = gj_o(f, phi);
	gj_o(f, number)->sub = GJ_PHI_ADDRESS;
	*o = (gj_op){ .op = GJ_BITCAST, .type = o->type, .loc = o->loc, .block = o->block, .nargs = 1, .arg = gj_memdup(f->arena, &number, sizeof number) };
	if (name_of(f, phi))
		gj_push(f->arena, &f->named, ((gj_named){ number, name_of(f, phi) }));
	gj_bb *bb = &f->bb.p[p->header];
	uint32_t at = 0, n = 0;
	while (bb->ops.p[at] != phi)
		at++;
	bb->ops.p[at] = number;
	while (gj_o(f, bb->ops.p[n])->op == GJ_PHI)
		n++;
	gj_push(f->arena, &bb->ops, 0);
	memmove(bb->ops.p + n + 1, bb->ops.p + n, (bb->ops.n - 1 - n) * sizeof *bb->ops.p);
	bb->ops.p[n] = phi;
}

/* Do rounds ask for what others have left, or lies it in memory that is theirs alone? */
static bool is_only_left(gj_prange *p, gj_ref phi)
{
	gj_carried found = { .phi = phi };
	chain c = { .p = p, .f = p->f, .c = &found, .in = gj_new(p->f->arena, bool, p->f->op.n) };
	return used_outside(p, phi) && !spread(&c) && gj_root(p->f, gj_carry_out(p, phi))->op != GJ_LOCALMEM;
}

/* What becomes of a header's phi; the op that makes rounds depend on each other through it, or 0. */
static gj_ref find_one(gj_prange *p, gj_carried *found, chain *c)
{
	*c = (chain){ .p = p, .f = p->f, .c = found, .in = gj_new(p->f->arena, bool, p->f->op.n) };
	if ((found->by = counts_by(p, found->phi))) {
		found->how = GJ_CARRY_COUNTED;
		return 0;
	}
	gj_phi_of sub = gj_o(p->f, found->phi)->sub;
	found->owner = sub == GJ_PHI_OWNER;
	if (found->owner || sub == GJ_PHI_ADDRESS) {
		found->how = GJ_CARRY_LAST;
		return 0;
	}
	bool used = spread(c), outside = used_outside(p, found->phi);
	gj_ref wrong = used ? wrong_op(c) : is_pointer(p, found->phi) && outside ? gj_carry_out(p, found->phi) : 0;
	found->how = used ? GJ_CARRY_REDUCED : outside ? GJ_CARRY_LAST : GJ_CARRY_NOTHING;
	return wrong ? wrong : used && !c->known ? found->phi : 0;
}

/* Is a variable each round's own? One that may have no value before the loop is, if rounds would depend on each other through it. */
static bool is_private(gj_prange *p, const char *name)
{
	bool depends = false;
	GJ_EACH_PHI(p->f, p->header, r) {
		gj_carried found = { .phi = r };
		chain c;
		const char *other = gj_o(p->f, r)->sub == GJ_PHI_MAYBE ? name_of(p->f, r) : NULL;
		depends |= other && !strcmp(other, name) && find_one(p, &found, &c);
	}
	return depends;
}

void gj_make_own(gj_prange *p)
{
	gj_fn *f = p->f;
	bool *own = gj_new(f->arena, bool, f->op.n);
	GJ_EACH_PHI(f, p->header, r) {
		const char *name = gj_o(f, r)->sub ? name_of(f, r) : NULL;
		own[r] = gj_o(f, gj_carry_in(p, r))->op == GJ_UNDEF || (name && is_private(p, name));
	}
	GJ_EACH_PHI(f, p->header, r) {
		const gj_op *o = gj_o(f, r), *in = gj_o(f, gj_carry_in(p, r));
		bool none = in->op == GJ_CONST && !in->imm.i;
		uses u = { 0 };
		find_uses(f, r, gj_new(f->arena, bool, f->op.n), &u);
		bool owner = u.counted && o->sub != GJ_PHI_BOUND;
		if (o->sub == GJ_PHI_BOUND && (own[r] || is_rounds_flag(p, r)))
			begin_anew(p, r, own[r] ? insert(f, p->before, GJ_CONST, o->type, 0, NULL) : gj_carry_in(p, r));
		else if (owner && is_left(p, r))
			leave_behind(p, r);
		else if (owner && !u.other && (none || o->sub == GJ_PHI_MAYBE))
			let_go(p, r);
		else if (own[r] && !u.counted && o->sub != GJ_PHI_BOUND)
			begin_anew(p, r, insert(f, p->before, GJ_UNDEF, o->type, 0, NULL));
	}
	for (uint32_t i = 0; i < f->bb.p[p->header].ops.n; i++) {
		gj_ref r = f->bb.p[p->header].ops.p[i];
		if (gj_o(f, r)->op == GJ_PHI && is_pointer(p, r) && is_only_left(p, r))
			carry_as_number(p, r);
	}
}

bool gj_find_carried(gj_prange *p, gj_carried_wrong *told)
{
	gj_fn *f = p->f;
	GJ_EACH_PHI(f, p->header, r) {
		gj_carried found = { .phi = r };
		chain c;
		gj_ref wrong = r == p->position ? 0 : find_one(p, &found, &c);
		if (wrong) {
			tell(&c, wrong, told);
			return false;
		}
		if (r != p->position)
			gj_push(f->arena, &p->carried, found);
	}
	return true;
}

/* -- Partial values ------------------------------------------------------------------------------------------------------- */

static int64_t least_of(const gj_type *t)
{
	return gj_is_bool(t) || gj_is_unsigned(t) ? 0 : (int64_t)(UINT64_MAX << (8 * t->size - 1));
}

static int64_t most_of(const gj_type *t)
{
	return gj_is_bool(t) ? 1 : gj_is_unsigned(t) ? (t->size == 8 ? -1 : ((int64_t)1 << 8 * t->size) - 1) : ~least_of(t);
}

gj_ref gj_carry_neutral(gj_fn *f, uint32_t b, const gj_carried *c, const gj_type *t)
{
	gj_ref r = gj_emit(f, b, GJ_CONST, t, 0, 0, NULL);
	gj_op *o = gj_o(f, r);
	if (gj_is_float(t)) {
		double end = c->op == GJ_MAX ? -INFINITY : INFINITY;
		o->imm.f = c->op == GJ_ADD ? -0.0 : c->op == GJ_MUL ? 1.0 : c->compared || c->nan ? end : NAN;
		return r;
	}
	switch (c->op) {
	case GJ_MUL: o->imm.i = 1; break;
	case GJ_AND: o->imm.i = gj_is_bool(t) ? 1 : gj_is_unsigned(t) ? most_of(t) : -1; break;
	case GJ_MIN: o->imm.i = most_of(t); break;
	case GJ_MAX: o->imm.i = least_of(t); break;
	default:     o->imm.i = 0;
	}
	return r;
}

gj_ref gj_carry_join(gj_fn *f, uint32_t b, const gj_carried *c, gj_ref x, gj_ref y)
{
	const gj_type *t = gj_o(f, x)->type;
	gj_ref both[2] = { x, y }, best;
	if (!c->compared) {
		best = gj_emit(f, b, c->op, t, 0, 2, both);
		for (int k = 2; c->nan && k-- > 0;) {
			gj_ref is = gj_emit(f, b, GJ_ISNAN, gj_scalar[GJ_BOOL], 0, 1, &both[k]);
			best = gj_emit(f, b, GJ_SELECT, t, 0, 3, (gj_ref[]){ is, both[k], best });
		}
		return best;
	}
	gj_ref cond = gj_emit(f, b, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ y, x });
	gj_o(f, cond)->sub = c->op == GJ_MAX ? GJ_CMP_GT : GJ_CMP_LT;
	return gj_emit(f, b, GJ_SELECT, t, 0, 3, (gj_ref[]){ cond, y, x });
}
