/* Whole-array stores whose sources may overlap the target. Python reads everything before it writes, and a thread has no memory for
 * a copy of any size. So: where source and target step alike, the loops run in the direction in which each element is read before
 * it is overwritten, as memmove does. Where they do not, a few elements go through a temporary of the thread, and with more of
 * them the thread ends, as it does where Python raises; functions for the host have memory for all. Which it is, is asked when the kernel
 * runs, unless it is known before. */
#include "lower/lower.h"

enum { MOST_HELD = 64 };                                      /* elements of the temporary */

/* How to run through the target; 0: false. */
typedef struct order { gj_ref up, down, held; } order;

static gj_ref either(gj_lower *L, gj_ref a, gj_ref b) { return a && b ? gj_e2(L, GJ_OR, gj_bool(), a, b) : a ? a : b; }
static gj_ref both(gj_lower *L, gj_ref a, gj_ref b) { return a && b ? gj_e2(L, GJ_AND, gj_bool(), a, b) : a ? a : b; }
static gj_ref not(gj_lower *L, gj_ref a) { return gj_e1(L, GJ_NOT, gj_bool(), a); }
static gj_ref zero(gj_lower *L) { return gj_eint(L, gj_i64(), 0); }

static gj_ref root_of(const gj_fn *f, gj_ref p)
{
	const gj_op *root = gj_root(f, p);
	while (gj_o(f, p) != root)
		p = gj_o(f, p)->arg[0];
	return p;
}

/* Is it known that they have no memory in common? What is made here now is none that was known before: of two values that are at hand
 * the one with the smaller number came first. */
static bool known_apart(const gj_lower *L, gj_lv t, gj_lv s)
{
	gj_ref a = root_of(L->fn, t.part[0]), b = root_of(L->fn, s.part[0]);
	if (gj_apart(L->fn, a, b))
		return true;
	return (gj_o(L->fn, a)->op == GJ_ALLOC && b < a) || (gj_o(L->fn, b)->op == GJ_ALLOC && a < b);
}

/* -- Where two views lie ------------------------------------------------------------------------------------------------ */

/* Bytes from where p is reckoned from. */
static gj_ref offset(gj_lower *L, gj_ref p)
{
	gj_ref sum = zero(L);
	for (const gj_op *o = gj_o(L->fn, p);; o = gj_o(L->fn, o->arg[0])) {
		if (o->op == GJ_AT)
			o = gj_o(L->fn, o->arg[o->nargs - 1]);
		if (o->op == GJ_PTRCAST)
			continue;
		if (o->op != GJ_ELEM && o->op != GJ_BYTES)
			return sum;
		gj_ref by = gj_ecast(L, o->arg[1], gj_i64());
		if (o->op == GJ_ELEM)
			by = gj_eindex(L, GJ_MUL, by, gj_eint(L, gj_i64(), o->type->elem->size));
		sum = gj_eindex(L, GJ_ADD, sum, by);
	}
}

/* Bytes from b's first element to a's; 0: they cannot be told (local arrays, one of several). */
static gj_ref distance(gj_lower *L, gj_lv a, gj_lv b)
{
	const gj_op *x = gj_root(L->fn, a.part[0]), *y = gj_root(L->fn, b.part[0]);
	bool shared = x->op == GJ_SHAREDMEM && y->op == GJ_SHAREDMEM && x->imm.i == y->imm.i;
	if (x == y || shared)
		return gj_e2(L, GJ_SUB, gj_i64(), offset(L, a.part[0]), offset(L, b.part[0]));
	if (a.type->space == GJ_LOCAL || b.type->space == GJ_LOCAL)
		return 0;
	gj_ref p[2] = { a.part[0], b.part[0] };
	for (int i = 0; a.type->space != b.type->space && i < 2; i++)
		p[i] = gj_ecast(L, p[i], gj_ptr_type(gj_o(L->fn, p[i])->type->elem, GJ_GENERIC));
	return gj_e2(L, GJ_SUB, gj_i64(), gj_e1(L, GJ_BITCAST, gj_i64(), p[0]), gj_e1(L, GJ_BITCAST, gj_i64(), p[1]));
}

/* How far a's elements reach below (side 0) and above (side 1) its first, in bytes. */
static gj_ref reach(gj_lower *L, gj_lv a, int side)
{
	gj_ref sum = gj_eint(L, gj_i64(), side ? a.type->elem->size : 0);
	for (uint32_t d = 0; d < a.type->ndim; d++) {
		gj_ref last = gj_eindex(L, GJ_SUB, gj_extent(a, d), gj_eint(L, gj_i64(), 1));
		gj_ref far = gj_eindex(L, GJ_MUL, last, gj_stride(a, d));
		sum = gj_eindex(L, GJ_ADD, sum, gj_e2(L, side ? GJ_MAX : GJ_MIN, gj_i64(), far, zero(L)));
	}
	return sum;
}

/* Have they no byte in common? `away`: the distance from s to t. */
static gj_ref lie_apart(gj_lower *L, gj_lv t, gj_lv s, gj_ref away)
{
	gj_ref above = gj_ecmp(L, GJ_CMP_GE, gj_eindex(L, GJ_ADD, away, reach(L, t, 0)), reach(L, s, 1));
	gj_ref below = gj_ecmp(L, GJ_CMP_LE, gj_eindex(L, GJ_ADD, away, reach(L, t, 1)), reach(L, s, 0));
	return either(L, above, below);
}

/* Do both step alike in every dimension of s? 0: yes, it is known. */
static gj_ref step_alike(gj_lower *L, gj_lv t, gj_lv s)
{
	gj_ref alike = 0;
	for (uint32_t d = 0, k = t.type->ndim - s.type->ndim; d < s.type->ndim; d++, k++) {
		if (!gj_lsame(L, gj_stride(t, k), gj_stride(s, d)))
			alike = both(L, alike, gj_ecmp(L, GJ_CMP_EQ, gj_stride(t, k), gj_stride(s, d)));
		if (!gj_lsame(L, gj_extent(t, k), gj_extent(s, d)))
			alike = both(L, alike, gj_ecmp(L, GJ_CMP_EQ, gj_extent(t, k), gj_extent(s, d)));
	}
	return alike;
}

/* Does each step of a dimension pass by all elements of the dimensions behind it? Then loops run through memory in one direction.
 * 0: yes, it is known. */
static gj_ref in_order(gj_lower *L, gj_lv a)
{
	gj_ref yes = 0;
	for (uint32_t d = 0; d + 1 < a.type->ndim; d++) {
		gj_ref outer = gj_e1(L, GJ_ABS, gj_i64(), gj_stride(a, d)), inner = gj_e1(L, GJ_ABS, gj_i64(), gj_stride(a, d + 1));
		yes = both(L, yes, gj_ecmp(L, GJ_CMP_GE, outer, gj_eindex(L, GJ_MUL, inner, gj_extent(a, d + 1))));
	}
	return yes;
}

/* What reading s asks of the order. `copied`: what is stored is what was read. */
static void ask(gj_lower *L, gj_lv t, gj_lv s, bool copied, order *o)
{
	if (known_apart(L, t, s))
		return;
	gj_ref away = distance(L, t, s), alike = step_alike(L, t, s), fits = both(L, alike, in_order(L, t));
	if (!away) {
		o->held = gj_eint(L, gj_bool(), 1);
		return;
	}
	gj_ref meet = not(L, lie_apart(L, t, s, away)), level = gj_ecmp(L, GJ_CMP_EQ, away, zero(L));
	if (s.type->ndim == t.type->ndim) {
		o->up = either(L, o->up, both(L, meet, gj_ecmp(L, GJ_CMP_LT, away, zero(L))));
		o->down = either(L, o->down, both(L, meet, gj_ecmp(L, GJ_CMP_GT, away, zero(L))));
		level = both(L, alike, level);
		fits = fits ? either(L, fits, level) : 0;
	} else if (copied && s.type->ndim + 1 == t.type->ndim && s.type->elem == t.type->elem) {        /* a[:] = a[k]: a[k] stays as it is */
		level = gj_ecmp(L, GJ_CMP_EQ, gj_e2(L, GJ_MOD, gj_i64(), away, gj_stride(t, 0)), zero(L));
		fits = both(L, fits, level);
	} else {
		fits = gj_eint(L, gj_bool(), 0);
	}
	if (fits)
		o->held = either(L, o->held, both(L, meet, not(L, fits)));
}

/* -- Loops -------------------------------------------------------------------------------------------------------------- */

/* One loop a dimension; `down`: where it is true, from the last element in memory to the first. */
static void loops(gj_lower *L, gj_lv target, gj_ref down, gj_lnext *next, void *arg, gj_ref *at, uint32_t d)
{
	if (d == target.type->ndim) {
		gj_lv v = next(L, target, at, arg);
		gj_lstore(L, gj_lelement(L, target, at), v, target.type->elem);
		return;
	}
	gj_lfor l = gj_lfor_begin(L, gj_extent(target, d), NULL);
	at[d] = l.i;
	if (down) {
		gj_ref last = gj_eindex(L, GJ_SUB, gj_extent(target, d), gj_eint(L, gj_i64(), 1));
		gj_ref turned = gj_ecmp(L, GJ_CMP_NE, gj_ecmp(L, GJ_CMP_LT, gj_stride(target, d), zero(L)), down);
		at[d] = gj_e3(L, GJ_SELECT, gj_i64(), turned, gj_eindex(L, GJ_SUB, last, l.i), l.i);
	}
	loops(L, target, down, next, arg, at, d + 1);
	gj_lfor_end(L, &l, NULL);
}

/* Loops that stand beside the usual ones are not for threads to share, and say nothing about these. */
static gj_ref begin_aside(gj_lower *L)
{
	L->alone = true;
	return L->fn->op.n;
}

static void end_aside(gj_lower *L, gj_ref from)
{
	L->alone = false;
	for (gj_ref r = from; r < L->fn->op.n; r++)
		if (gj_o(L->fn, r)->op == GJ_LOAD || gj_o(L->fn, r)->op == GJ_STORE)
			gj_o(L->fn, r)->flags |= GJ_ASIDE;
}

static gj_lv item(gj_lower *L, gj_lv target, const gj_ref *at, void *v) { return gj_lbroadcast(L, target, *(gj_lv *)v, at); }

/* All results first, then the stores. */
static void through_temporary(gj_lower *L, gj_lv target, gj_lnext *next, void *arg)
{
	const gj_type *t = target.type;
	gj_ref at[GJ_MAX_NDIM];
	if (gj_entries[L->M->options->entry].runner == GJ_RUN_CALL) {              /* there is memory for all of them */
		gj_ref from = begin_aside(L);
		gj_landing *before = L->landing;
		gj_lv all = gj_lnew_array(L, gj_array_type(t->elem, t->ndim, 'C', false, GJ_COUNTED), target.part + 1, false);
		loops(L, all, 0, next, arg, at, 0);
		loops(L, target, 0, item, &all, at, 0);
		end_aside(L, from);
		gj_e1(L, GJ_RELEASE, NULL, all.part[1 + 2 * t->ndim]);
		L->landing = before;
		return;
	}
	L->M->needs_memory = gj_entries[L->M->options->entry].runner == GJ_RUN_LOOP;
	gj_lrequire_or(L, gj_ecmp(L, GJ_CMP_LE, gj_lsize(L, target), gj_eint(L, gj_i64(), MOST_HELD)),
		"an array expression reads what it overwrites, and is too large to be kept meanwhile", 0, NULL);
	gj_ref memory = gj_e(L, GJ_LOCALMEM, gj_ptr_type(t->elem, GJ_LOCAL), 0, NULL);
	gj_o(L->fn, memory)->imm.i = MOST_HELD;
	gj_lv held = gj_larray(L, gj_array_type(t->elem, t->ndim, 'C', false, GJ_LOCAL), memory, target.part + 1);
	loops(L, held, 0, next, arg, at, 0);
	loops(L, target, 0, item, &held, at, 0);
}

/* Would plain loops, whose indices count up, overwrite what is still to be read? */
static gj_ref against(gj_lower *L, gj_lv target, const order *o)
{
	gj_ref yes = o->down;
	for (uint32_t d = 0; d < target.type->ndim && target.type->layout == 'A'; d++)
		yes = either(L, yes, both(L, o->up, gj_ecmp(L, GJ_CMP_LT, gj_stride(target, d), zero(L))));
	return yes;
}

/* Where loops are shared out, the one with a direction is apart: it is never shared, and the other one's indices are plain. */
static void run(gj_lower *L, gj_lv target, const order *o, gj_lnext *next, void *arg, gj_ref *at)
{
	if (!o->down || !L->M->options->parallel) {
		loops(L, target, o->down, next, arg, at, 0);
		return;
	}
	uint32_t directed = gj_block_new(L->fn), plain = gj_block_new(L->fn), done = gj_block_new(L->fn);
	gj_branch(L, against(L, target, o), directed, plain);
	L->cur = directed;
	gj_ref from = begin_aside(L);
	loops(L, target, o->down, next, arg, at, 0);
	end_aside(L, from);
	gj_jump(L, done);
	L->cur = plain;
	loops(L, target, 0, next, arg, at, 0);
	gj_jump(L, done);
	L->cur = done;
}

void gj_lfill(gj_lower *L, gj_lv target, uint32_t n, const gj_lv *source, gj_lnext *next, void *arg)
{
	gj_ref at[GJ_MAX_NDIM];
	order o = { 0 };
	uint32_t arrays = 0;
	for (uint32_t i = 0; i < n && target.type->ndim > 0; i++) {
		gj_lv *array;
		uint32_t more = gj_larrays(L, source[i], &array);
		for (uint32_t k = 0; k < more; k++)
			ask(L, target, array[k], next == item && source[i].type->kind == GJ_ARRAY, &o);
		arrays += more;
	}
	if (arrays > 1 && o.up && o.down)
		o.held = either(L, o.held, both(L, o.up, o.down));
	if (!o.held) {
		run(L, target, &o, next, arg, at);
		return;
	}
	uint32_t hold = gj_block_new(L->fn), now = gj_block_new(L->fn), done = gj_block_new(L->fn);
	gj_branch(L, o.held, hold, now);
	L->cur = hold;
	through_temporary(L, target, next, arg);
	gj_jump(L, done);
	L->cur = now;
	run(L, target, &o, next, arg, at);
	gj_jump(L, done);
	L->cur = done;
}

/* Is v the target itself, as at the end of `a[:] += e`? */
static bool is_itself(gj_lower *L, gj_lv target, gj_lv v)
{
	if (v.type->kind != GJ_ARRAY || v.type->elem != target.type->elem || v.type->ndim != target.type->ndim || !gj_lsame(L, v.part[0], target.part[0]))
		return false;
	for (uint32_t d = 0; d < v.type->ndim; d++)
		if (!gj_lsame(L, gj_extent(v, d), gj_extent(target, d)) || !gj_lsame(L, gj_stride(v, d), gj_stride(target, d)))
			return false;
	return true;
}

void gj_lcopy(gj_lower *L, gj_lv target, gj_lv v)
{
	if (!is_itself(L, target, v))
		gj_lfill(L, target, 1, &v, item, &v);
}

void gj_lcopy_apart(gj_lower *L, gj_lv target, gj_lv v) { gj_lfill(L, target, 0, NULL, item, &v); }

static void require_apart(gj_lower *L, gj_lv t, gj_lv s, bool or_same)
{
	if (known_apart(L, t, s) || (or_same && is_itself(L, t, s)))
		return;
	gj_ref away = distance(L, t, s), fine = gj_ecmp(L, GJ_CMP_EQ, gj_lsize(L, s), zero(L));
	if (away)
		fine = either(L, fine, lie_apart(L, t, s, away));
	if (away && or_same && t.type->ndim == s.type->ndim && t.type->elem == s.type->elem)
		fine = either(L, fine, both(L, gj_ecmp(L, GJ_CMP_EQ, away, zero(L)), step_alike(L, t, s)));
	gj_lrequire_or(L, fine, "an output overlaps what is read", 0, NULL);
}

void gj_lrequire_apart(gj_lower *L, gj_lv t, gj_lv s) { require_apart(L, t, s, false); }
void gj_lrequire_apart_or_same(gj_lower *L, gj_lv t, gj_lv s) { require_apart(L, t, s, true); }
