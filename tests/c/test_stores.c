/* Stores under a condition that lies over an earlier one (stores.c): what is joined, and what must not be. */
#include "ir_build.h"

#include "image/image.h"

static const gj_type *pointer(gj_space space) { return gj_ptr_type(T(F32), space); }

static gj_ref shared(int64_t at) { return emit0(GJ_SHAREDMEM, pointer(GJ_SHARED), at); }
static gj_ref elem(gj_ref p, gj_ref i) { return emit2(GJ_ELEM, gj_o(F, p)->type, p, i); }
static void store(gj_ref p, gj_ref x) { emit2(GJ_STORE, NULL, p, x); }
static gj_ref load(gj_ref p) { return emit1(GJ_LOAD, T(F32), p); }

static gj_ref array(uint16_t leaf)
{
	gj_fnparam p = { .leaf = leaf, .field = GJ_FIELD_DATA, .type = pointer(GJ_GLOBAL) };
	gj_push(trap.arena, &F->param, p);
	return param(p.type, F->param.n - 1);
}

static gj_ref number(const gj_type *t)
{
	gj_fnparam p = { .leaf = 9, .field = GJ_FIELD_VALUE, .type = t };
	gj_push(trap.arena, &F->param, p);
	return param(t, F->param.n - 1);
}

static uint32_t then, join;

static void if_(gj_ref cond)
{
	then = gj_block_new(F);
	join = gj_block_new(F);
	branch(cond, then, join);
	B = then;
}

static void endif(void)
{
	jump(join);
	B = join;
}

/* What may happen between the two stores, and under the condition. */
enum { NOTHING, LOAD_OTHER, LOAD_SAME, LOAD_MAYBE, BARRIER, HINT, NKINDS };

static void something(int kind, gj_ref same, gj_ref maybe)
{
	gj_ref into = shared(512 + 4 * (int64_t)F->op.n);
	if (kind == LOAD_OTHER)
		store(into, load(shared(512)));
	if (kind == LOAD_SAME)
		store(into, load(same));
	if (kind == LOAD_MAYBE)
		store(into, load(maybe));
	if (kind == BARRIER)
		emit(GJ_BARRIER, NULL, 0, 0, 0, 0);
}

static void one(int between, int under, int after)
{
	begin();
	F->entry = &gj_entries[GJ_ENTRY_KERNEL];
	gj_ref a = array(0), i = number(T(I64)), j = number(T(I64)), c = number(T(BOOL)), tile = shared(0);
	gj_ref p = elem(tile, i), q = elem(tile, j), in = elem(a, i);
	store(p, kf(T(F32), 0));
	something(between, p, q);
	if_(c);
	something(under, p, q);
	store(p, load(in));
	if (under == HINT)
		gj_o(F, F->bb.p[B].ops.p[F->bb.p[B].ops.n - 1])->sub = GJ_HINT_WT;
	something(after, p, q);
	endif();
	store(in, load(p));
	ret(0, NULL);
	int before = count(GJ_STORE);
	gj_cfg(F);
	before = count(GJ_STORE);
	simplify();
	bool joins = between <= LOAD_OTHER && under <= LOAD_OTHER && after <= LOAD_OTHER;
	CHECK(before - count(GJ_STORE) == joins && count(GJ_PHI) == joins, "between %d, under %d, after %d: %d stores became %d",
	      between, under, after, before, count(GJ_STORE));
	end();
}

/* The tiles of a matrix product: the second store's partner stands before the first condition. */
static void two_tiles(void)
{
	begin();
	F->entry = &gj_entries[GJ_ENTRY_KERNEL];
	gj_ref a = array(0), b = array(1), i = number(T(I64)), c = number(T(BOOL)), d = number(T(BOOL));
	gj_ref p = elem(shared(0), i), q = elem(shared(512), i), zero = kf(T(F32), 0);
	store(p, zero);
	store(q, zero);
	if_(c);
	store(p, load(elem(a, i)));
	endif();
	if_(d);
	store(q, load(elem(b, i)));
	endif();
	emit(GJ_BARRIER, NULL, 0, 0, 0, 0);
	store(elem(a, i), load(p));
	ret(0, NULL);
	simplify();
	CHECK(count(GJ_STORE) == 3 && count(GJ_PHI) == 2, "%d stores, %d choices", count(GJ_STORE), count(GJ_PHI));
	end();
}

/* Arrays of a launch meet unless it says otherwise; pointers that a device function is given always may. */
static void arrays(bool noalias, bool kernel, bool same)
{
	begin();
	F->entry = &gj_entries[kernel ? GJ_ENTRY_KERNEL : GJ_ENTRY_INNER];
	F->facts = noalias ? GJ_FACT_NOALIAS : 0;
	gj_ref a = array(0), b = array(same ? 0 : 1), i = number(T(I64)), c = number(T(BOOL)), p = elem(a, i);
	store(p, kf(T(F32), 0));
	gj_ref x = load(elem(b, i));
	if_(c);
	store(p, x);
	endif();
	ret(0, NULL);
	simplify();
	bool joins = noalias && kernel && !same;
	CHECK(count(GJ_STORE) == 2 - joins, "noalias %d, kernel %d, same array %d: %d stores", noalias, kernel, same,
	      count(GJ_STORE));
	end();
}

int main(void)
{
	for (int between = 0; between < HINT; between++)
		for (int under = 0; under < NKINDS; under++)
			for (int after = 0; after < HINT; after++)
				one(between, under, after);
	two_tiles();
	for (int k = 0; k < 8; k++)
		arrays(k & 1, k & 2, k & 4);
	return done();
}
