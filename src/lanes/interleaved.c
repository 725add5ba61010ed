/* Which accesses interleave. `b = p[i]; b.x, b.y, b.z`: lane by lane each field is far from the next one's, but all fields of all
 * lanes are one piece of memory. So are the parts of complex numbers, and x[3 * i], x[3 * i + 1], x[3 * i + 2]. The emitter loads and
 * stores such a piece as whole vectors and takes it apart in registers, which is faster than gathering it by the number.
 *
 * Loads are pulled up to the first of them and stores put off to the last, past what they have nothing to do with. */
#include "lanes/interleaved.h"
#include "ir/walk.h"

enum { FAR = 256 /* ops between the first member and the last */, MOST_OPEN = 64 /* groups that may still grow */ };

/* An access: bytes `at` to `at` + size from a place that is known by an address and an index. */
typedef struct access {
	gj_ref r, base, index;
	uint32_t scale, size;
	int64_t at, stride;
	bool store;
} access;

typedef struct group { gj_interleaved *made; access first; int64_t low, high; uint32_t from; } group;

typedef struct search {
	const gj_fn *f;
	uint32_t b;
	uint32_t *place;                           /* by op of the block: where it stands */
	uint32_t *made_at;                         /* … where it is made: a load, where the first member of its group stands */
	gj_interleaved **of;
	GJ_VEC(group) open;
} search;

/* Takes constants off an address: what is left is p->base, or p->base + p->index × p->scale. */
static void find_base(const gj_fn *f, gj_ref at, access *p)
{
	for (const gj_op *o = gj_o(f, at);; o = gj_o(f, at)) {
		bool elem = o->op == GJ_ELEM, known = (elem || o->op == GJ_BYTES) && gj_is_const(f, o->arg[1]);
		uint32_t scale = elem ? o->type->elem->size : 1;
		if (known) {
			p->at += gj_o(f, o->arg[1])->imm.i * scale;
			at = o->arg[0];
			continue;
		}
		p->base = at;
		if (!elem)
			return;
		p->base = o->arg[0];
		p->scale = scale;
		p->index = o->arg[1];
		const gj_op *i = gj_o(f, p->index);
		bool exact = i->type->size == 8 || i->flags & (gj_is_signed(i->type) ? GJ_NSW : GJ_NUW);
		if (i->op == GJ_ADD && exact && gj_is_const(f, i->arg[1])) {
			p->at += gj_o(f, i->arg[1])->imm.i * scale;
			p->index = i->arg[0];
		}
		return;
	}
}

/* Is op r a load or store whose lanes leave room for others between them? */
static bool find_access(const gj_fn *f, gj_ref r, access *p)
{
	const gj_op *o = gj_o(f, r);
	if ((o->op != GJ_LOAD && o->op != GJ_STORE) || gj_o(f, o->arg[0])->shape != GJ_LINEAR)
		return false;
	const gj_op *at = gj_o(f, o->arg[0]);
	const gj_type *t = at->type->elem;
	*p = (access){ .r = r, .size = t->size, .stride = at->stride, .store = o->op == GJ_STORE };
	if (!gj_is_scalar(t) || at->type->space == GJ_LOCAL)
		return false;
	find_base(f, o->arg[0], p);
	return true;
}

static bool same_place(const access *p, const access *q)
{
	return p->base == q->base && p->index == q->index && p->scale == q->scale && p->stride == q->stride;
}

static bool interleaves(const access *p)
{
	return p->stride > p->size && p->stride <= (int64_t)p->size * GJ_MOST_INTERLEAVED && p->stride % p->size == 0;
}

/* Do no lane of p and no lane of q meet? */
static bool apart(const gj_fn *f, const access *p, const access *q)
{
	int64_t low = p->at < q->at ? p->at : q->at, p_end = p->at + p->size, q_end = q->at + q->size;
	if (same_place(p, q) && p->stride > 0 && (p_end > q_end ? p_end : q_end) - low <= p->stride && (p_end <= q->at || q_end <= p->at))
		return true;
	return gj_apart(f, gj_o(f, p->r)->arg[0], gj_o(f, q->r)->arg[0]);
}

/* May access p change its place with op r, which stands between it and where it is to be made? */
static bool may_pass(const gj_fn *f, const access *p, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	if (o->op != GJ_LOAD && o->op != GJ_STORE)
		return o->op == GJ_GET || o->op == GJ_SET || !gj_op_is(o, p->store ? GJ_F_READ | GJ_F_WRITE : GJ_F_WRITE);
	if (o->op == GJ_LOAD && !p->store)
		return true;
	access q;
	return find_access(f, r, &q) ? apart(f, p, &q) : gj_apart(f, gj_o(f, p->r)->arg[0], o->arg[0]);
}

/* Between the first member of the group and access p, which would be made there. */
static bool load_may_join(const search *s, const group *g, const access *p)
{
	for (uint32_t i = g->from + 1; i < s->place[p->r]; i++)
		if (!may_pass(s->f, p, s->f->bb.p[s->b].ops.p[i]))
			return false;
	return true;
}

/* Between the members of the group and access p, where they would be made: loads that stand there, and those that are made there. */
static bool stores_may_wait(const search *s, const group *g, const access *p)
{
	const gj_bb *bb = &s->f->bb.p[s->b];
	uint32_t to = s->place[p->r];
	for (uint32_t k = 0; k < g->made->n; k++) {
		access m;
		find_access(s->f, g->made->member[k], &m);
		for (uint32_t from = s->place[m.r], i = from + 1; i < bb->ops.n && i < to + FAR; i++) {
			gj_ref r = bb->ops.p[i];
			bool between = i < to || (s->made_at[r] > from && s->made_at[r] < to);
			if (between && s->of[r] != g->made && !may_pass(s->f, &m, r))
				return false;
		}
	}
	return true;
}

static bool fits(const search *s, const group *g, const access *p)
{
	const access *q = &g->first;
	int64_t low = p->at < g->low ? p->at : g->low, high = p->at > g->high ? p->at : g->high;
	if (!same_place(p, q) || p->size != q->size || p->store != q->store || gj_o(s->f, p->r)->mask != gj_o(s->f, q->r)->mask)
		return false;
	if (high + p->size - low > p->stride || (p->at - g->low) % p->size || s->place[p->r] - g->from > FAR)
		return false;
	for (uint32_t k = 0; k < g->made->n; k++)
		if (p->at == g->low + (int64_t)g->made->offset[k] * p->size)
			return false;
	return p->store ? stores_may_wait(s, g, p) : load_may_join(s, g, p);
}

static void join(search *s, group *g, const access *p)
{
	gj_interleaved *m = g->made;
	for (uint32_t k = 0; k < m->n && p->at < g->low; k++)
		m->offset[k] += (uint32_t)((g->low - p->at) / p->size);
	g->low = p->at < g->low ? p->at : g->low;
	g->high = p->at > g->high ? p->at : g->high;
	m->offset[m->n] = (uint32_t)((p->at - g->low) / p->size);
	m->member[m->n++] = p->r;
	s->of[p->r] = m;
	s->made_at[p->r] = p->store ? s->place[p->r] : g->from;
}

static void visit(search *s, const access *p)
{
	for (uint32_t i = s->open.n; i-- > 0 && s->open.n - i <= MOST_OPEN;)
		if (fits(s, &s->open.p[i], p)) {
			join(s, &s->open.p[i], p);
			return;
		}
	group g = { .made = gj_new(s->f->arena, gj_interleaved, 1), .first = *p, .low = p->at, .high = p->at, .from = s->place[p->r] };
	*g.made = (gj_interleaved){ .size = p->size, .factor = (uint32_t)(p->stride / p->size) };
	gj_push(s->f->arena, &s->open, g);
	join(s, &s->open.p[s->open.n - 1], p);
}

/* Loads first: where they are made says what stores would pass. */
static void visit_block(search *s)
{
	GJ_EACH_OP_OF(s->f, s->b, r)
		s->place[r] = s->made_at[r] = r_at;
	for (int stores = 0; stores < 2; stores++) {
		s->open.n = 0;
		GJ_EACH_OP_OF(s->f, s->b, r) {
			access p;
			if (find_access(s->f, r, &p) && interleaves(&p) && p.store == stores)
				visit(s, &p);
		}
	}
}

gj_interleaved **gj_find_interleaved(const gj_fn *f)
{
	search s = { .f = f };
	s.place = gj_new(f->arena, uint32_t, f->op.n);
	s.made_at = gj_new(f->arena, uint32_t, f->op.n);
	s.of = gj_new(f->arena, gj_interleaved *, f->op.n);
	GJ_EACH_BLOCK(f, b) {
		s.b = b;
		visit_block(&s);
	}
	return s.of;
}
