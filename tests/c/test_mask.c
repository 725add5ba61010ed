/* Loop form, divergence and the mask pass: random kernels run thread by thread before and as 32 lanes after; shapes and
 * structure of hand-made ones.
 *   test_mask [number of kernels] [first seed] */
#include "mask_gen.h"
#include "check.h"

static void dump(const gj_fn *f)
{
	gj_sb sb = { 0 };
	gj_fn_dump(f, &sb);
	puts(gj_sb_str(&sb));
	gj_sb_free(&sb);
}

static const char *no_raise_left(const gj_fn *f)
{
	uint32_t returns = 0;
	for (uint32_t k = 0; k < f->rpo.n; k++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[k]];
		uint16_t t = gj_o(f, bb->ops.p[bb->ops.n - 1])->op;
		returns += t == GJ_RETURN;
		if (t == GJ_RAISE || t == GJ_UNREACHABLE)
			return "a RAISE is left";
	}
	return returns <= 1 ? NULL : "more than one RETURN";
}

/* Values cross loop boundaries through phis only; headers have two predecessors, latches jump. */
static const char *not_loop_form(const gj_fn *f)
{
	for (uint32_t l = 1; l < f->loops.n; l++) {
		const gj_loop *loop = &f->loops.p[l];
		if (f->bb.p[loop->header].preds.n != 2 || !loop->latch || f->bb.p[loop->latch].nsucc != 1)
			return "a loop without preheader or single latch";
		const gj_bb *latch = &f->bb.p[loop->latch];
		for (uint32_t i = 0; i + 1 < latch->ops.n; i++)
			if (gj_o(f, latch->ops.p[i])->op != GJ_PHI)
				return "a latch that does something";
	}
	for (uint32_t i = 0; i < f->rpo.n; i++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[i]];
		for (uint32_t j = 0; j < bb->ops.n; j++)
			for (uint32_t k = 0; k < gj_o(f, bb->ops.p[j])->nargs; k++) {
				const gj_op *o = gj_o(f, bb->ops.p[j]);
				uint32_t at = o->op == GJ_PHI ? f->bb.p[bb->preds.p[k]].loop : bb->loop;
				uint32_t home = f->bb.p[gj_o(f, o->arg[k])->block].loop;
				while (f->loops.p[at].depth > f->loops.p[home].depth)
					at = f->loops.p[at].parent;
				if (at != home)
					return "a value is used outside its loop";
			}
	}
	return no_raise_left(f);
}

static bool same(const memory *a, const memory *b)
{
	return !memcmp(a, b, sizeof *a) || wrong("memory differs");
}

/* One kernel through all passes, with `simplify` as compiled code goes. NULL, or what went wrong. */
static const char *try_kernel(gj_fn *f, uint32_t facts, uint32_t nthreads, bool strict, bool simplify)
{
	static memory want, got;
	const char *why = gj_fn_verify(f);
	run_error = NULL;
	if (why || !run_threads(f, &want, nthreads))
		return why ? why : run_error;
	if (simplify) {
		gj_cfg(f);
		gj_simplify(f);
	}
	gj_loop_form(f);
	if ((why = gj_fn_verify(f)) || (why = not_loop_form(f)))
		return why;
	if (!run_threads(f, &got, nthreads) || !same(&want, &got))
		return gj_printf(f->arena, "after loop form: %s", run_error);
	gj_divergence(f, facts);
	gj_mask(f);
	if ((why = gj_fn_verify(f)))
		return gj_printf(f->arena, "after mask: %s", why);
	fill(&got);
	uint32_t exist = nthreads == 32 ? UINT32_MAX : (1u << nthreads) - 1;
	return run_warp(f, &got, exist, strict) && same(&want, &got) ? NULL : run_error;
}

static void random_kernel(uint64_t seed)
{
	gj_trap trap = { .arena = gj_arena_new() };
	const char *volatile why = NULL;
	bool strict = seed % 4 == 0;
	uint32_t facts = seed % 3 ? GJ_FACT_LANES_X : 0, nthreads = seed % 5 ? 32 : 1 + (uint32_t)(seed / 5) % 31;
	if (!setjmp(trap.env)) {
		gj_fn *f = generate(&trap, seed, strict), *again = generate(&trap, seed, strict);
		why = try_kernel(f, facts, nthreads, strict, seed % 2);
		if (why && getenv("DUMP")) {
			gj_loop_form(again);
			dump(again);
			dump(f);
		}
	} else {
		why = trap.diag.message;
	}
	CHECK(!why, "seed %llu: %s", (unsigned long long)seed, why);
	gj_diag_clear(&trap.diag);
	gj_arena_free(trap.arena);
}

/* -- Shapes -------------------------------------------------------------------------------------------------------- */

/* A kernel to build by hand, as generate() starts it; lives as long as the trap's arena. */
static gen by_hand(gj_trap *trap)
{
	static const gj_code code = { .name = "hand", .qualname = "hand", .file = "hand.py" };
	gen g = { .f = gj_fn_new(trap, &code, "hand") };
	g.f->low = true;
	g.f->entry = &gj_entries[GJ_ENTRY_KERNEL];
	g.f->width = 32;
	g.block = (int)gj_block_new(g.f);
	g.memory = op(&g, GJ_PARAM, ptr(), 0, 0);
	g.number = op(&g, GJ_PARAM, i64(), 0, 0);
	gj_o(g.f, g.number)->imm.i = 1;
	g.tid = op(&g, GJ_SREG, i32(), 0, 0);
	g.lane = op(&g, GJ_CVT, i64(), g.tid, 0);
	return g;
}

static void is_shape(const gen *g, gj_ref r, gj_shape shape, int64_t stride, const char *what)
{
	const gj_op *o = gj_o(g->f, r);
	CHECK(o->shape == shape && o->stride == stride, "%s: shape %d, stride %lld", what, o->shape, (long long)o->stride);
}

static gj_ref sreg(gen *g, gj_sreg which)
{
	gj_ref r = op(g, GJ_SREG, i32(), 0, 0);
	gj_o(g->f, r)->imm.i = which;
	return r;
}

static gj_ref vote(gen *g, gj_ref members)
{
	return op(g, GJ_VOTE, gj_scalar[GJ_BOOL], members, test(g, GJ_CMP_LT, g->lane, g->number));
}

static void shapes(gj_trap *trap, uint32_t facts)
{
	bool x = facts & GJ_FACT_LANES_X;
	gen g = by_hand(trap);
	const gj_type *f4 = gj_ptr_type(gj_scalar[GJ_F32], GJ_LOCAL), *f8 = gj_scalar[GJ_F64], *u32 = gj_scalar[GJ_U32];
	gj_ref y = sreg(&g, GJ_TID_Y), id = sreg(&g, GJ_LANEID), cta = sreg(&g, GJ_CTAID_X), lt = sreg(&g, GJ_LANEMASK_LT);
	gj_ref wide = op(&g, GJ_CVT, i64(), id, 0), four = imm(&g, i64(), 4);
	gj_ref by4 = op(&g, GJ_MUL, i64(), wide, four), shl = op(&g, GJ_SHL, i64(), wide, four);
	gj_ref down = op(&g, GJ_SUB, i64(), g.number, by4), same = op(&g, GJ_SUB, i64(), wide, wide);
	gj_ref add32 = op(&g, GJ_ADD, i32(), id, cta), lost = op(&g, GJ_CVT, i64(), add32, 0);
	gj_ref nsw = op(&g, GJ_ADD, i32(), id, cta), kept = op(&g, GJ_CVT, i64(), nsw, 0);
	gj_o(g.f, nsw)->flags = GJ_NSW;
	gj_ref zext = op(&g, GJ_CVT, i64(), op(&g, GJ_ADD, u32, op(&g, GJ_CVT, u32, id, 0), imm(&g, u32, 7)), 0);
	gj_ref narrow = op(&g, GJ_CVT, i32(), shl, 0), real = op(&g, GJ_CVT, f8, wide, 0);
	gj_ref scaled = op(&g, GJ_MUL, i64(), wide, g.number), at = op(&g, GJ_ELEM, ptr(), g.memory, by4);
	gj_ref bytes = op(&g, GJ_BYTES, ptr(), g.memory, wide), at32 = op(&g, GJ_ELEM, ptr(), g.memory, add32);
	gj_ref local = op(&g, GJ_LOCALMEM, f4, 0, 0), l0 = op(&g, GJ_ELEM, f4, local, g.number);
	gj_ref l1 = op(&g, GJ_ELEM, f4, local, wide);
	gj_ref gone = op(&g, GJ_PTRCAST, gj_ptr_type(gj_scalar[GJ_F32], GJ_GENERIC), l0, 0);
	gj_ref load = op(&g, GJ_LOAD, i64(), g.memory, 0), gather = op(&g, GJ_LOAD, i64(), at, 0);
	gj_ref all = vote(&g, imm(&g, i32(), -1)), some = vote(&g, lt), atomic = op(&g, GJ_ATOMIC, i64(), g.memory, four);
	op(&g, GJ_RETURN, NULL, 0, 0);
	gj_loop_form(g.f);
	gj_divergence(g.f, facts);
	is_shape(&g, g.tid, x ? GJ_LINEAR : GJ_VARYING, x, "tid.x");
	is_shape(&g, g.lane, x ? GJ_LINEAR : GJ_VARYING, x, "tid.x widened");
	is_shape(&g, y, x ? GJ_UNIFORM : GJ_VARYING, 0, "tid.y");
	is_shape(&g, id, GJ_LINEAR, 1, "laneid");
	is_shape(&g, cta, GJ_UNIFORM, 0, "ctaid");
	is_shape(&g, lt, GJ_VARYING, 0, "lanemask_lt");
	is_shape(&g, by4, GJ_LINEAR, 4, "times a constant");
	is_shape(&g, shl, GJ_LINEAR, 16, "shifted");
	is_shape(&g, down, GJ_LINEAR, -4, "uniform minus linear");
	is_shape(&g, same, GJ_UNIFORM, 0, "linear minus linear");
	is_shape(&g, add32, GJ_LINEAR, 1, "32-bit sum");
	is_shape(&g, lost, GJ_VARYING, 0, "widened sum that may wrap");
	is_shape(&g, kept, GJ_LINEAR, 1, "widened sum that does not wrap");
	is_shape(&g, zext, GJ_VARYING, 0, "widened unsigned sum that may wrap");
	is_shape(&g, narrow, GJ_LINEAR, 16, "truncated");
	is_shape(&g, real, GJ_VARYING, 0, "as a float");
	is_shape(&g, scaled, GJ_VARYING, 0, "times a parameter");
	is_shape(&g, at, GJ_LINEAR, 32, "element address");
	is_shape(&g, bytes, GJ_LINEAR, 1, "byte address");
	is_shape(&g, at32, GJ_VARYING, 0, "address by a 32-bit sum that may wrap");
	is_shape(&g, local, GJ_LINEAR, 4, "local array");
	is_shape(&g, l0, GJ_LINEAR, 4, "same element of a local array");
	is_shape(&g, l1, GJ_LINEAR, 4 + 32 * 4, "element by lane of a local array");
	is_shape(&g, gone, GJ_VARYING, 0, "local array as a generic pointer");
	is_shape(&g, load, GJ_UNIFORM, 0, "load of one address");
	is_shape(&g, gather, GJ_VARYING, 0, "load of many");
	is_shape(&g, all, GJ_UNIFORM, 0, "vote of one member mask");
	is_shape(&g, some, GJ_VARYING, 0, "vote of several member masks");
	is_shape(&g, atomic, GJ_VARYING, 0, "atomic");
}

/* -- Structure ----------------------------------------------------------------------------------------------------- */

static uint32_t count_ops(const gj_fn *f, gj_opcode code, bool in_loops)
{
	uint32_t n = 0;
	for (uint32_t k = 0; k < f->rpo.n; k++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[k]];
		for (uint32_t i = 0; i < bb->ops.n; i++)
			n += gj_o(f, bb->ops.p[i])->op == code && (bb->loop || !in_loops);
	}
	return n;
}

static void run_passes(gen *g)
{
	gj_loop_form(g->f);
	gj_divergence(g->f, GJ_FACT_LANES_X);
	gj_mask(g->f);
	const char *why = gj_fn_verify(g->f);
	CHECK(!why, "%s", why);
}

/* if tid < n: memory[tid] = n, where that lies behind an array's end for some, and where it is the block's own. */
static void guarded_store(gj_trap *trap)
{
	const gj_type *shared = gj_ptr_type(i64(), GJ_SHARED);
	for (unsigned own = 0; own < 2; own++) {
		gen g = by_hand(trap);
		label *yes = label_new(&g), *end = label_new(&g);
		branch_to(&g, test(&g, GJ_CMP_LT, g.lane, g.number), yes, end);
		place(&g, yes, false);
		gj_ref to = own ? op(&g, GJ_ELEM, shared, op(&g, GJ_SHAREDMEM, shared, 0, 0), g.lane) : word(&g, 0, g.lane);
		gj_ref store = op(&g, GJ_STORE, NULL, to, g.number);
		place(&g, end, false);
		op(&g, GJ_RETURN, NULL, 0, 0);
		run_passes(&g);
		CHECK(gj_o(g.f, store)->mask, "the store has no mask");
		CHECK(count_ops(g.f, GJ_BRANCH, false) == !own, "%s", own ? "a guard around a store that may as well run" : "no guard");
		CHECK(!count_ops(g.f, GJ_SLOT, false), "a variable where none is needed");
	}
}

/* while c < 100: x = memory[x & 127]; if x == tid: break; c += 1 — then memory[tid] = c, with one test a round. */
static void search_loop(gj_trap *trap)
{
	gen g = by_hand(trap);
	for (int v = 0; v < VARS; v++)
		g.now.var[v] = imm(&g, i64(), 0);
	label *head = label_new(&g), *body = label_new(&g), *rest = label_new(&g), *end = label_new(&g);
	place(&g, head, true);
	branch_to(&g, test(&g, GJ_CMP_LT, g.now.var[0], imm(&g, i64(), 100)), body, end);
	place(&g, body, false);
	gj_ref at = op(&g, GJ_AND, i64(), op(&g, GJ_ADD, i64(), g.now.var[1], g.lane), imm(&g, i64(), 127));
	g.now.var[1] = op(&g, GJ_LOAD, i64(), word(&g, 0, at), 0);
	branch_to(&g, test(&g, GJ_CMP_EQ, g.now.var[1], g.lane), end, rest);
	place(&g, rest, false);
	gj_ref count = g.now.var[0] = op(&g, GJ_ADD, i64(), g.now.var[0], imm(&g, i64(), 1));
	go(&g, head);
	place(&g, end, false);
	gj_ref store = op(&g, GJ_STORE, NULL, word(&g, 0, g.lane), g.now.var[0]);
	op(&g, GJ_RETURN, NULL, 0, 0);
	run_passes(&g);
	is_shape(&g, count, GJ_UNIFORM, 0, "a counter in a loop that lanes leave apart");
	is_shape(&g, gj_o(g.f, store)->arg[1], GJ_VARYING, 0, "the same counter behind the loop");
	CHECK(!gj_o(g.f, store)->mask, "all lanes store behind the loop");
	CHECK(count_ops(g.f, GJ_BRANCH, true) <= 3 && count_ops(g.f, GJ_ANY, true) <= 2,
	      "%u branches, %u tests in the loop", count_ops(g.f, GJ_BRANCH, true), count_ops(g.f, GJ_ANY, true));
}

/* A barrier behind `if tid >= n: return` waits for the others only; one that all reach has no operand. */
static void live_lanes(gj_trap *trap)
{
	for (int leave = 0; leave < 2; leave++) {
		gen g = by_hand(trap);
		label *yes = label_new(&g), *no = label_new(&g);
		branch_to(&g, test(&g, GJ_CMP_LT, leave ? g.lane : g.number, imm(&g, i64(), 5)), yes, no);
		place(&g, yes, false);
		op(&g, GJ_RETURN, NULL, 0, 0);
		g.block = NOWHERE;
		place(&g, no, false);
		gj_ref barrier = op(&g, GJ_BARRIER, NULL, 0, 0);
		op(&g, GJ_RETURN, NULL, 0, 0);
		run_passes(&g);
		CHECK(gj_o(g.f, barrier)->nargs == (uint32_t)leave, "%u operands", gj_o(g.f, barrier)->nargs);
	}
}

/* A device function with two ends returns a phi, at its only end; its parameters may differ between lanes. */
static void device_function(gj_trap *trap)
{
	gen g = by_hand(trap);
	label *yes = label_new(&g), *no = label_new(&g);
	g.f->entry = &gj_entries[GJ_ENTRY_INNER];
	branch_to(&g, test(&g, GJ_CMP_LT, g.number, imm(&g, i64(), 5)), yes, no);
	place(&g, yes, false);
	op(&g, GJ_RETURN, NULL, g.number, 0);
	g.block = NOWHERE;
	place(&g, no, false);
	op(&g, GJ_RETURN, NULL, imm(&g, i64(), 1), 0);
	run_passes(&g);
	is_shape(&g, g.number, GJ_VARYING, 0, "parameter of a device function");
	CHECK(count_ops(g.f, GJ_RETURN, false) == 1 && count_ops(g.f, GJ_GET, false) == 1, "two ends are not joined");
}

/* -- Growth -------------------------------------------------------------------------------------------------------- */

/* Ops after the pass for n ifs nested or in a row, or n loops nested: in proportion to what went in. */
static void growth(gj_trap *trap)
{
	for (int form = 0; form < 2; form++) {
		uint32_t size[2];
		for (uint32_t k = 0; k < 2; k++) {
			gen g = by_hand(trap);
			label *end = NULL;
			for (int v = 0; v < VARS; v++)
				g.now.var[v] = g.lane;
			for (uint32_t i = 0; i < 500u << k; i++) {
				label *yes = label_new(&g);
				end = form && end ? end : label_new(&g);
				branch_to(&g, test(&g, GJ_CMP_LT, g.now.var[0], imm(&g, i64(), i)), yes, end);
				place(&g, yes, false);
				g.now.var[0] = op(&g, GJ_LOAD, i64(), word(&g, 0, g.now.var[0]), 0);
				if (!form)
					place(&g, end, false);
			}
			if (form)
				place(&g, end, false);
			op(&g, GJ_STORE, NULL, word(&g, 0, g.lane), g.now.var[0]);
			op(&g, GJ_RETURN, NULL, 0, 0);
			run_passes(&g);
			size[k] = g.f->op.n;
		}
		CHECK(size[1] < 2 * size[0] + 100, "form %d: %u ops, for twice as much %u", form, size[0], size[1]);
	}
}

static void with_trap(void (*body)(gj_trap *))
{
	gj_trap trap = { .arena = gj_arena_new() };
	if (!setjmp(trap.env))
		body(&trap);
	else
		CHECK(false, "%s", trap.diag.message);
	gj_diag_clear(&trap.diag);
	gj_arena_free(trap.arena);
}

static void all_shapes(gj_trap *trap)
{
	shapes(trap, 0);
	shapes(trap, GJ_FACT_LANES_X);
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 6000, first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	void (*const by_hand_tests[])(gj_trap *) = {
		all_shapes, guarded_store, search_loop, live_lanes, device_function, growth
	};
	for (size_t i = 0; i < GJ_LEN(by_hand_tests); i++)
		with_trap(by_hand_tests[i]);
	for (uint64_t i = 0; i < n && failed < 20; i++)
		random_kernel(first + i);
	CHECK(barriers_met > 100 || n < 1000, "only %d barriers were met", barriers_met);
	return done();
}
