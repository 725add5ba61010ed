/* Which array parameters a kernel may write: a launch copies back only those, and the others may be read-only. And which
 * of them nobody else writes while a thread runs, so that what it has read stays true. */
#include "lower/lower.h"
#include "ir/walk.h"

/* Mark the parameters that pointer r may come from. A pointer that meets itself in a loop is visited once. */
static void mark(gj_fn *f, gj_ref r, bool *seen)
{
	const gj_op *o = gj_o(f, r);
	if (seen[r] || !o->type || o->type->kind != GJ_PTR)
		return;
	seen[r] = true;
	if (o->op == GJ_PARAM)
		f->param.p[o->imm.i].written = true;
	for (uint32_t i = 0; i < o->nargs; i++)
		mark(f, o->arg[i], seen);
}

/* Can a thread learn here that others have come by, and so count on what they have written? */
static bool listens(const gj_op *o, bool used)
{
	bool fresh = o->op == GJ_LOAD && o->sub == GJ_HINT_CV;
	return fresh || gj_op_is(o, GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP | GJ_F_ORDER) || (o->op == GJ_ATOMIC && used);
}

static bool any_listens(const gj_fn *f)
{
	const uint32_t *uses = gj_count_uses(f);
	bool any = false;
	GJ_EACH_OP(f, b, r)
		any |= listens(gj_o(f, r), uses[r] > 0);
	for (uint32_t i = 0; i < f->callee.n; i++)
		any |= any_listens(f->callee.p[i]);
	return any;
}

bool gj_param_alone(const gj_fn *f, const gj_fnparam *p)
{
	return p->field == GJ_FIELD_DATA && (f->facts & GJ_FACT_NOALIAS) && !(p->written && f->listens);
}

/* Does the function that is called write to what argument j points to? What other languages' do is not known. */
static bool writes(const gj_op *call, uint32_t j)
{
	const gj_fn *f = call->op == GJ_FCALL ? call->imm.fn : NULL;
	return !f || j >= f->param.n || f->param.p[j].written;
}

/* By what is known of functions that it calls. */
static void mark_own(gj_fn *f)
{
	bool *seen = gj_new(f->arena, bool, f->op.n);
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (o->op == GJ_STORE || o->op == GJ_ATOMIC)
			mark(f, o->arg[0], seen);
		for (uint32_t j = 0; (o->op == GJ_FCALL || o->op == GJ_EXTERN) && j < o->nargs; j++)
			if (writes(o, j))
				mark(f, o->arg[j], seen);
	}
}

static uint32_t count_written(const gj_fn *f)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < f->param.n; i++)
		n += f->param.p[i].written;
	return n;
}

void gj_mark_written(gj_fn *f)
{
	f->listens = any_listens(f);
	for (bool more = true; more;) {                        /* functions may call each other, and themselves */
		more = false;
		for (uint32_t i = 0; i < f->callee.n; i++) {
			uint32_t before = count_written(f->callee.p[i]);
			mark_own(f->callee.p[i]);
			more |= count_written(f->callee.p[i]) != before;
		}
	}
	mark_own(f);
}
