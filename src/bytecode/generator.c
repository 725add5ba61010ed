/* Generator expressions: sum(x * x for x in t). Kernels have no generators, but who takes all items of one is known where it
 * is written, so its code becomes a function of that: instead of yielding an item it adds it to what has been taken, and
 * at its end it returns that. any() and all() end it with the first item that decides. */
#include "bytecode/state.h"

static const gj_obj yes = { .kind = GJ_OBJ_BOOL, .i = 1 }, no = { .kind = GJ_OBJ_BOOL, .i = 0 };
static const gj_obj min_of = { .kind = GJ_OBJ_NAME, .name = "builtins.min" }, max_of = { .kind = GJ_OBJ_NAME, .name = "builtins.max" };

static gj_taker taker(const gj_ssa_state *s) { return s->reading->taker; }
static bool makes_tuple(gj_taker t) { return t == GJ_TAKE_TUPLE || t == GJ_TAKE_LIST; }
static gj_sort made(gj_taker t) { return t == GJ_TAKE_LIST ? GJ_SORT_LIST : GJ_SORT_TUPLE; }

static gj_ref read(gj_ssa_state *s, uint32_t var) { return gj_var_read(s, s->cur, var); }
static void write(gj_ssa_state *s, uint32_t var, gj_ref r) { gj_var_write(s, s->cur, var, r); }

gj_fork gj_generator_fork(gj_taker t, bool end)
{
	bool extreme = t == GJ_TAKE_MIN || t == GJ_TAKE_MAX;
	if (end)
		return extreme ? (gj_fork){ GJ_EDGE_RESULT, GJ_EDGE_EMPTY } : (gj_fork){ GJ_CODE, GJ_CODE };
	if (extreme)
		return (gj_fork){ GJ_EDGE_MORE, GJ_EDGE_FIRST };
	return (gj_fork){ t == GJ_TAKE_ANY ? GJ_EDGE_STOP : GJ_CODE, t == GJ_TAKE_ALL ? GJ_EDGE_STOP : GJ_CODE };
}

void gj_generator_enter(gj_ssa_state *s)
{
	gj_ref r;
	if (makes_tuple(taker(s))) {
		r = gj_ssa_emit(s, GJ_MKTUPLE, 0, NULL);
		gj_o(s->f, r)->sub = (uint8_t)made(taker(s));
		write(s, GJ_VAR_TAKEN, r);
	} else if (taker(s) == GJ_TAKE_SUM) {                  /* what it starts with: an argument behind all others */
		r = gj_ssa_emit(s, GJ_ARG, 0, NULL);
		gj_o(s->f, r)->imm.i = s->code->nvars;
		write(s, GJ_VAR_TAKEN, r);
	} else {
		write(s, GJ_VAR_SOME, gj_ssa_emit_obj(s, &no));
	}
}

void gj_generator_item(gj_ssa_state *s, gj_ref v)
{
	switch (taker(s)) {
	case GJ_TAKE_TUPLE: case GJ_TAKE_LIST:
		gj_ssa_unroll(s, 0);
		write(s, GJ_VAR_TAKEN, gj_ssa_longer(s, read(s, GJ_VAR_TAKEN), v, made(taker(s))));
		return;
	case GJ_TAKE_SUM: {
		gj_ref sum = gj_ssa_emit2(s, GJ_PYBIN, read(s, GJ_VAR_TAKEN), v);
		gj_o(s->f, sum)->sub = GJ_OP_ADD_;
		write(s, GJ_VAR_TAKEN, sum);
		return;
	}
	case GJ_TAKE_ANY: case GJ_TAKE_ALL:
		s->cond = gj_ssa_emit1(s, GJ_TRUTH, v);
		return;
	default:
		write(s, GJ_VAR_YIELDED, v);
		s->cond = read(s, GJ_VAR_SOME);
	}
}

void gj_generator_end(gj_ssa_state *s)
{
	if (gj_generator_fork(taker(s), true).yes != GJ_CODE)
		s->cond = read(s, GJ_VAR_SOME);
	else if (taker(s) == GJ_TAKE_ANY || taker(s) == GJ_TAKE_ALL)
		gj_ssa_emit1(s, GJ_RETURN, gj_ssa_emit_obj(s, taker(s) == GJ_TAKE_ALL ? &yes : &no));
	else
		gj_ssa_emit1(s, GJ_RETURN, read(s, GJ_VAR_TAKEN));
}

/* min() and max() of nothing. */
static void raise_empty(gj_ssa_state *s)
{
	static const gj_obj class = { .kind = GJ_OBJ_NAME, .name = "builtins.ValueError" };
	static const gj_obj least = { .kind = GJ_OBJ_STR, .name = "min() iterable argument is empty" };
	static const gj_obj greatest = { .kind = GJ_OBJ_STR, .name = "max() iterable argument is empty" };
	static const gj_obj *const of_min[] = { &class, &least }, *const of_max[] = { &class, &greatest };
	static const gj_obj exception[] = {
		{ .kind = GJ_OBJ_TUPLE, .n = 2, .item = of_min }, { .kind = GJ_OBJ_TUPLE, .n = 2, .item = of_max }
	};
	gj_o(s->f, gj_ssa_emit(s, GJ_RAISE, 0, NULL))->imm.obj = &exception[taker(s) == GJ_TAKE_MAX];
}

void gj_generator_edge(gj_ssa_state *s, gj_stretch kind)
{
	gj_ref f;
	switch (kind) {
	case GJ_EDGE_STOP:
		gj_ssa_emit1(s, GJ_RETURN, gj_ssa_emit_obj(s, taker(s) == GJ_TAKE_ANY ? &yes : &no));
		return;
	case GJ_EDGE_FIRST:
		write(s, GJ_VAR_TAKEN, read(s, GJ_VAR_YIELDED));
		write(s, GJ_VAR_SOME, gj_ssa_emit_obj(s, &yes));
		return;
	case GJ_EDGE_MORE:
		f = gj_ssa_emit_obj(s, taker(s) == GJ_TAKE_MIN ? &min_of : &max_of);
		write(s, GJ_VAR_TAKEN, gj_ssa_emit(s, GJ_CALL, 3, (gj_ref[]){ f, read(s, GJ_VAR_TAKEN), read(s, GJ_VAR_YIELDED) }));
		return;
	case GJ_EDGE_RESULT:
		gj_ssa_emit1(s, GJ_RETURN, read(s, GJ_VAR_TAKEN));
		return;
	default:
		raise_empty(s);
	}
}
