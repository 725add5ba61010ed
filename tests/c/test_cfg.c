/* gj_cfg on random reducible graphs, checked against the definitions: dominators by removing a block, loops by walking
 * back from the latch, contiguous order; irreducible graphs are refused; unreachable blocks leave no trace. */
#include "ir/ir.h"

#include "check.h"

#include <string.h>

enum { MAX_BLOCKS = 64 };

static gj_trap trap;
static gj_fn *f;
static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static void go(uint32_t from, uint32_t to) { gj_link(f, from, to); }

/* Structured code from block b; gives the block where it goes on. `head`, `exit` of the loop around, 0: none. */
static uint32_t structure(uint32_t b, int depth, uint32_t head, uint32_t exit)
{
	for (uint32_t n = 1 + rnd(3); n && f->bb.n < MAX_BLOCKS - 8; n--) {
		uint32_t then, other, next;
		switch (depth ? rnd(5) : 0) {
		case 0:
			next = gj_block_new(f);
			go(b, next);
			b = next;
			break;
		case 1:
			then = gj_block_new(f);
			other = gj_block_new(f);
			next = gj_block_new(f);
			go(b, then);
			go(b, other);
			go(structure(then, depth - 1, head, exit), next);
			go(structure(other, depth - 1, head, exit), next);
			b = next;
			break;
		case 2:
			next = gj_block_new(f);
			then = gj_block_new(f);
			other = gj_block_new(f);
			go(b, next);
			go(next, then);
			go(next, other);
			go(structure(then, depth - 1, next, other), next);
			b = other;
			break;
		case 3:
			next = gj_block_new(f);
			if (head)
				go(b, rnd(2) ? head : exit);
			go(b, next);
			b = next;
			break;
		case 4:                                            /* what follows an endless loop or a return */
			if (rnd(4) == 0)
				b = gj_block_new(f);
			break;
		}
	}
	return b;
}

static void finish(void)
{
	gj_ref none = 0;
	for (uint32_t b = 0; b < f->bb.n; b++) {
		gj_bb *bb = &f->bb.p[b];
		gj_ref c = bb->nsucc == 2 ? gj_emit(f, b, GJ_UNDEF, gj_scalar[GJ_BOOL], 0, 0, NULL) : 0;
		gj_emit(f, b, bb->nsucc == 2 ? GJ_BRANCH : bb->nsucc ? GJ_JUMP : GJ_RETURN, NULL, 0, !!c, c ? &c : &none);
	}
}

/* Blocks that can be reached from `from` along successors (or predecessors) without entering `without`. */
static void flood(uint32_t from, uint32_t without, bool back, bool *seen)
{
	uint32_t stack[MAX_BLOCKS * 4], n = 0;
	memset(seen, 0, MAX_BLOCKS);
	if (from == without)
		return;
	seen[from] = true;
	stack[n++] = from;
	while (n) {
		const gj_bb *bb = &f->bb.p[stack[--n]];
		const uint32_t *p = back ? bb->preds.p : bb->succ;
		for (uint32_t k = 0; k < (back ? bb->preds.n : bb->nsucc); k++)
			if (p[k] != without && !seen[p[k]]) {
				seen[p[k]] = true;
				stack[n++] = p[k];
			}
	}
}

static void check_dominators(const bool *live)
{
	for (uint32_t a = 0; a < f->bb.n; a++) {
		bool seen[MAX_BLOCKS];
		flood(0, a, false, seen);
		for (uint32_t b = 0; live[a] && b < f->bb.n; b++)
			if (live[b])
				CHECK(gj_dominates(f, a, b) == !seen[b], "%u over %u", a, b);
	}
	for (uint32_t b = 1; b < f->bb.n; b++)
		if (live[b])
			CHECK(f->bb.p[b].idom != b && gj_dominates(f, f->bb.p[b].idom, b), "idom of %u", b);
}

/* Members of each loop: what reaches a latch without passing the header. Contiguous in the order, header first. */
static void check_loops(const bool *live)
{
	uint32_t headers = 0;
	for (uint32_t h = 0; h < f->bb.n; h++) {
		bool member[MAX_BLOCKS] = { 0 }, seen[MAX_BLOCKS];
		uint32_t latches = 0, count = 0, latch = 0, l;
		for (uint32_t k = 0; live[h] && k < f->bb.p[h].preds.n; k++)
			if (gj_dominates(f, h, f->bb.p[h].preds.p[k])) {
				latch = f->bb.p[h].preds.p[k];
				latches++;
				flood(latch, h, true, seen);
				for (uint32_t b = 0; b < f->bb.n; b++)
					member[b] |= seen[b];
			}
		if (!latches)
			continue;
		headers++;
		member[h] = true;
		for (l = 1; l < f->loops.n && f->loops.p[l].header != h; l++)
			;
		CHECK(l < f->loops.n && f->loops.p[l].latch == (latches == 1 ? latch : 0), "loop of %u", h);
		for (uint32_t b = 0; b < f->bb.n; b++) {
			uint32_t in = live[b] ? f->bb.p[b].loop : 0;
			while (in && in != l)
				in = f->loops.p[in].parent;
			CHECK((in == l) == member[b], "block %u in loop of %u", b, h);
			count += member[b];
		}
		for (uint32_t i = 0; i < count; i++)
			CHECK(member[f->rpo.p[f->bb.p[h].rpo + i]], "loop of %u is in one piece", h);
		CHECK(f->loops.p[l].depth == f->loops.p[f->loops.p[l].parent].depth + 1, "depth");
	}
	CHECK(headers == f->loops.n - 1, "%u loops, not %u", headers, f->loops.n - 1);
}

static void check_order(const bool *live)
{
	uint32_t n = 0;
	for (uint32_t b = 0; b < f->bb.n; b++) {
		n += live[b];
		CHECK(live[b] == (f->bb.p[b].rpo != UINT32_MAX), "block %u reachable", b);
		CHECK(live[b] || (!f->bb.p[b].ops.n && !f->bb.p[b].preds.n), "block %u is emptied", b);
		for (uint32_t k = 0; live[b] && k < f->bb.p[b].preds.n; k++) {
			uint32_t p = f->bb.p[b].preds.p[k];
			CHECK(live[p], "pred of %u", b);
			CHECK(f->bb.p[p].rpo < f->bb.p[b].rpo || gj_dominates(f, b, p), "%u before %u", p, b);
		}
	}
	CHECK(f->rpo.n == n && f->rpo.p[0] == 0, "order holds every block");
}

static void test_random(void)
{
	for (int round = 0; round < 3000; round++) {
		seed = (uint64_t)round;
		trap.arena = gj_arena_new();
		f = gj_fn_new(&trap, NULL, "random");
		f->low = true;
		structure(gj_block_new(f), 4, 0, 0);
		finish();
		bool live[MAX_BLOCKS];
		gj_cfg(f);
		flood(0, UINT32_MAX, false, live);
		check_order(live);
		check_dominators(live);
		check_loops(live);
		const char *wrong = gj_fn_verify(f);
		CHECK(!wrong, "round %d: %s", round, wrong);
		gj_arena_free(trap.arena);
	}
}

/* A phi loses the operand of an unreachable predecessor. */
static void test_unreachable(void)
{
	trap.arena = gj_arena_new();
	f = gj_fn_new(&trap, NULL, "dead");
	f->low = true;
	for (int i = 0; i < 3; i++)
		gj_block_new(f);
	go(1, 2);
	go(0, 2);
	gj_ref a = gj_emit(f, 0, GJ_UNDEF, gj_scalar[GJ_I64], 0, 0, NULL);
	gj_ref b = gj_emit(f, 1, GJ_UNDEF, gj_scalar[GJ_I64], 0, 0, NULL);
	gj_ref phi = gj_emit(f, 2, GJ_PHI, gj_scalar[GJ_I64], 0, 2, (gj_ref[]){ b, a });
	finish();
	gj_cfg(f);
	CHECK(gj_o(f, phi)->nargs == 1 && gj_o(f, phi)->arg[0] == a && f->bb.p[2].preds.n == 1, "phi of a dead block");
	CHECK(!gj_fn_verify(f), "%s", gj_fn_verify(f));
	gj_arena_free(trap.arena);
}

static void test_irreducible(void)
{
	trap.arena = gj_arena_new();
	f = gj_fn_new(&trap, NULL, "irreducible");
	f->low = true;
	for (int i = 0; i < 3; i++)
		gj_block_new(f);
	go(0, 1);
	go(0, 2);
	go(1, 2);
	go(2, 1);
	finish();
	volatile bool refused = false;
	if (setjmp(trap.env) == 0)
		gj_cfg(f);
	else
		refused = trap.diag.id == GJ_ERR_UNSUPPORTED_OP;
	CHECK(refused, "two entries into a loop");
	gj_diag_clear(&trap.diag);
	gj_arena_free(trap.arena);
}

/* Deep chains: no recursion, no quadratic walk. */
static void test_large(void)
{
	enum { N = 200000 };
	trap.arena = gj_arena_new();
	f = gj_fn_new(&trap, NULL, "large");
	f->low = true;
	gj_block_new(f);
	for (uint32_t b = 1; b < N; b++) {
		gj_block_new(f);
		go(b - 1, b);
		if (b % 3 == 0)
			go(b, b - 1);
	}
	finish();
	gj_cfg(f);
	CHECK(f->rpo.n == N && gj_dominates(f, 1, N - 1) && f->loops.n == 1 + (N - 1) / 3, "%u loops", f->loops.n);
	gj_arena_free(trap.arena);
}

int main(void)
{
	test_random();
	test_unreachable();
	test_irreducible();
	test_large();
	return done();
}
