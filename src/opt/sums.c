/* Arrays that a kernel adds to atomically and does nothing else with: histograms, totals. Nobody in the launch can see
 * what they hold, so a thread of the CPU may add to a copy of its own, without locks, and add the copy to the array when
 * it has run its last block (run/cpu/sums.c). */
#include "ir/walk.h"

typedef struct sums {
	gj_fn *f;
	uint32_t *root;                            /* by value: 1 + the parameter that a pointer was made from */
	const uint32_t *uses;                      /* by value */
	bool *ruled_out;                           /* by parameter */
	const gj_type **added;                     /* by parameter: what is added; a complex number's parts are */
} sums;

static bool is_sum(const sums *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	return o->op == GJ_ATOMIC && (o->sub == GJ_AT_ADD || o->sub == GJ_AT_SUB) && !s->uses[r];
}

static void look_at(sums *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	bool moves = o->op == GJ_ELEM || o->op == GJ_BYTES, adds = is_sum(s, r);
	if (o->op == GJ_PARAM && o->type->kind == GJ_PTR)
		s->root[r] = 1 + (uint32_t)o->imm.i;
	for (uint32_t i = 0; i < o->nargs; i++) {
		uint32_t root = s->root[o->arg[i]];
		if (!root)
			continue;
		if (i == 0 && moves)
			s->root[r] = root;
		else if (i == 0 && adds && (!s->added[root - 1] || s->added[root - 1] == o->type))
			s->added[root - 1] = o->type;
		else
			s->ruled_out[root - 1] = true;
	}
}

static void each_op(sums *s, void (*visit)(sums *, gj_ref))
{
	GJ_EACH_OP(s->f, b, r)
		visit(s, r);
}

/* A strided array is not one piece of memory that could be copied. */
static bool is_strided(const gj_fn *f, uint32_t leaf)
{
	for (uint32_t i = 0; i < f->param.n; i++)
		if (f->param.p[i].leaf == leaf && f->param.p[i].field == GJ_FIELD_STRIDE)
			return true;
	return false;
}

static void mark(sums *s, gj_ref r)
{
	gj_op *o = gj_o(s->f, r);
	if (is_sum(s, r) && s->root[o->arg[0]])
		o->imm.i = s->f->param.p[s->root[o->arg[0]] - 1].sum;
}

void gj_find_sums(gj_fn *f)
{
	uint32_t n = f->param.n;
	if (!(f->facts & GJ_FACT_NOALIAS))
		return;
	sums s = { .f = f, .root = gj_new(f->arena, uint32_t, f->op.n), .uses = gj_count_uses(f),
	           .ruled_out = gj_new(f->arena, bool, n + 1), .added = gj_new(f->arena, const gj_type *, n + 1) };
	each_op(&s, look_at);
	for (uint32_t i = 0; i < n; i++) {
		gj_fnparam p = f->param.p[i];
		if (!s.added[i] || gj_is_half(s.added[i]) || s.ruled_out[i] || is_strided(f, p.leaf))
			continue;
		f->param.p[i].sum = true;
		gj_push(f->arena, &f->param, ((gj_fnparam){ .leaf = p.leaf, .field = GJ_FIELD_BYTES, .type = s.added[i] }));
	}
	each_op(&s, mark);
}
