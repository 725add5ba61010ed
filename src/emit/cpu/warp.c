/* Barriers and warp operations on the CPU. At width 32 a warp operation is a vector operation; at width 1 the threads
 * of a warp are fibers and meet in the runtime (cpu_abi.h). A lane that is off, or out of range, gives the asking
 * lane its own value back. */
#include "emit/cpu/cpu.h"

#include <stddef.h>

static gj_v runtime(gj_gen *g, const char *name, gj_t ret, unsigned n, const gj_v *arg)
{
	return gj_extern_call(g, name, ret, n, arg);
}

static gj_v is_zero(gj_gen *g, gj_v x) { return gj_icmp(g, LLVMIntEQ, x, LLVMConstNull(LLVMTypeOf(x))); }

/* -- Block --------------------------------------------------------------------------------------------------------- */

static gj_v mask_bits(gj_gen *g, gj_v mask, gj_v x)
{
	return gj_lane_bits(g, gj_select(g, mask, x, LLVMConstNull(LLVMTypeOf(x))));
}

/* Is it plain that no lane is missing? */
static bool same_lanes_wait(gj_gen *g, const gj_op *o)
{
	return gj_mask_of(g, o) == (o->nargs ? gj_vec(g, o->arg[0]) : g->all);
}

/* What the barrier counted, for a warp that resumes. */
static gj_v counted(gj_gen *g, unsigned kind)
{
	gj_v lanes = gj_block_now(g, offsetof(gj_block, lanes)), trues = gj_block_now(g, offsetof(gj_block, trues));
	gj_v is = kind == GJ_BAR_AND ? gj_icmp(g, LLVMIntEQ, trues, lanes) : gj_icmp(g, LLVMIntNE, trues, gj_i32(g->u, 0));
	return kind == GJ_BAR_COUNT ? trues : LLVMBuildZExt(g->b, is, g->u->i32, "");
}

/* A barrier of a resumable kernel; arg: those of gj_rt_arrive. */
static gj_v stop_at_barrier(gj_gen *g, const gj_op *o, const gj_v *arg, bool plain)
{
	if (plain) {
		gj_resume_stop(g, NULL, NULL);
		return NULL;
	}
	LLVMBasicBlockRef from[2], on = gj_bb_new(g, "on");
	gj_v stops = runtime(g, "gj_rt_arrive", g->u->i32, 7, arg);
	from[0] = gj_here(g);
	gj_resume_stop(g, LLVMBuildNot(g->b, is_zero(g, stops), ""), on);
	gj_v x = gj_takes_predicate(o->sub) ? counted(g, o->sub) : NULL;
	from[1] = gj_here(g);
	LLVMBuildBr(g->b, on);
	gj_at(g, on);
	if (!x)
		return NULL;
	gj_v phi = LLVMBuildPhi(g->b, g->u->i32, "");
	LLVMAddIncoming(phi, (gj_v[]){ gj_i32(g->u, 0), x }, from, 2);
	return phi;
}

/* The operands of BARRIER: the predicate, but for SYNC, and then, at width 32, the lanes that have not returned. */
gj_v gj_cpu_barrier(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	bool pred = gj_takes_predicate(o->sub);
	gj_v live = gj_i32(u, 1), here = live, p = gj_i32(u, 0);
	if (u->vector) {
		gj_v mask = gj_mask_of(g, o);
		here = gj_lane_bits(g, mask);
		live = gj_lane_bits(g, o->nargs > pred ? gj_vec(g, o->arg[pred]) : g->all);
		if (pred)
			p = mask_bits(g, mask, gj_vec(g, o->arg[0]));
	} else if (pred) {
		p = LLVMBuildZExt(g->b, gj_sc(g, o->arg[0]), u->i32, "");
	}
	const gj_loc *l = &g->f->loc.p[o->loc];
	gj_push(u->arena, &u->sites, ((gj_source_site){ .kind = GJ_SITE_BARRIER, .code = l->code, .pos = l->pos }));
	gj_v site = gj_i32(u, u->sites.n - 1);
	if (o->sub == GJ_BAR_GRID)
		return runtime(g, "gj_rt_grid_sync", u->tvoid, 5, (gj_v[]){ gj_cpu(g)->block, gj_cpu(g)->warp, live, here, site }), NULL;
	const gj_v arg[7] = { gj_cpu(g)->block, gj_cpu(g)->warp, live, here, p, gj_i32(u, o->sub), site };
	if (gj_cpu(g)->resume)
		return stop_at_barrier(g, o, arg, !pred && same_lanes_wait(g, o));
	gj_v x = runtime(g, "gj_rt_barrier", u->i32, 7, arg);
	return pred ? x : NULL;
}

gj_v gj_cpu_fence(gj_gen *g, const gj_op *o)
{
	if (o->sub)                                /* a block runs on one thread of the host */
		LLVMBuildFence(g->b, LLVMAtomicOrderingSequentiallyConsistent, 0, "");
	return NULL;
}

gj_v gj_cpu_nanosleep(gj_gen *g, const gj_op *o)
{
	(void)o;
	runtime(g, "gj_rt_yield", g->u->tvoid, 2, (gj_v[]){ gj_cpu(g)->block, gj_cpu(g)->warp });
	return NULL;
}

gj_v gj_cpu_syncwarp(gj_gen *g, const gj_op *o)
{
	if (!g->u->vector)
		runtime(g, "gj_rt_syncwarp", g->u->tvoid, 3, (gj_v[]){ gj_cpu(g)->block, gj_cpu(g)->warp, gj_sc(g, o->arg[0]) });
	return NULL;
}

/* -- Shuffle ------------------------------------------------------------------------------------------------------- */

enum { IDX, UP, DOWN, XOR };

/* The lane to read, for the reading lane `lane`; *valid: is it in range. Only five bits of c count. */
static gj_v source_lane(gj_gen *g, unsigned sub, gj_v lane, gj_v c, gj_v *valid)
{
	gj_t t = LLVMTypeOf(lane);
	c = LLVMBuildAnd(g->b, c, gj_kint(t, GJ_LANES - 1), "");
	*valid = LLVMConstAllOnes(gj_like(t, g->u->i1));
	switch (sub) {
	case UP:
		*valid = gj_icmp(g, LLVMIntULE, c, lane);
		return LLVMBuildSub(g->b, lane, c, "");
	case DOWN:
		*valid = gj_icmp(g, LLVMIntULE, c, LLVMBuildSub(g->b, gj_kint(t, GJ_LANES - 1), lane, ""));
		return LLVMBuildAdd(g->b, lane, c, "");
	case XOR:
		return LLVMBuildXor(g->b, lane, c, "");
	default:
		return c;
	}
}

/* 32 words permuted by 32 lane numbers: AVX-512 picks from two registers at once. */
static gj_v permute_words(gj_gen *g, gj_v x, gj_v lane)
{
	gj_v low = gj_lanes_of(g, x, NULL, 0, 16), high = gj_lanes_of(g, x, NULL, 16, 16), at[GJ_LANES], r[2];
	for (unsigned k = 0; k < 2; k++)
		r[k] = gj_plain(g, GJ_IN_X86_PERM2, 3, (gj_v[]){ low, gj_lanes_of(g, lane, NULL, 16 * k, 16), high });
	for (unsigned i = 0; i < GJ_LANES; i++)
		at[i] = gj_i32(g->u, i);
	return LLVMBuildShuffleVector(g->b, r[0], r[1], LLVMConstVector(at, GJ_LANES), "");
}

static gj_v permute(gj_gen *g, gj_v x, gj_v lane)
{
	gj_t t = LLVMTypeOf(x), w = gj_vec_ty(g->u, g->u->i32);
	unsigned bits = LLVMGetIntTypeWidth(gj_elem_ty(t));
	if (LLVMIsConstant(lane))
		return LLVMBuildShuffleVector(g->b, x, LLVMGetPoison(t), lane, "");
	if (bits <= 32 && gj_host_has("avx512f"))
		return LLVMBuildIntCast2(g->b, permute_words(g, LLVMBuildIntCast2(g->b, x, w, 0, ""), lane), t, 0, "");
	if (gj_host_has("avx512f")) {
		gj_v half = gj_kint(t, 32), high = LLVMBuildTrunc(g->b, LLVMBuildLShr(g->b, x, half, ""), w, "");
		gj_v low = LLVMBuildZExt(g->b, permute_words(g, LLVMBuildTrunc(g->b, x, w, ""), lane), t, "");
		high = LLVMBuildZExt(g->b, permute_words(g, high, lane), t, "");
		return LLVMBuildOr(g->b, LLVMBuildShl(g->b, high, half, ""), low, "");
	}
	gj_v slot = gj_spill(g, x), out = LLVMConstNull(t);
	for (unsigned i = 0; i < GJ_LANES; i++) {
		gj_v from = LLVMBuildExtractElement(g->b, lane, gj_i32(g->u, i), "");
		out = LLVMBuildInsertElement(g->b, out, gj_lane_get(g, slot, gj_elem_ty(t), from), gj_i32(g->u, i), "");
	}
	return out;
}

static gj_v shuffle_vector(gj_gen *g, const gj_op *o)
{
	gj_t w = gj_vec_ty(g->u, g->u->i32);
	gj_v x = gj_vec(g, o->arg[1]), own = x, in, lane;
	gj_t t = LLVMTypeOf(x), it = gj_bits_ty(g->u, t);
	lane = source_lane(g, o->sub, gj_steps(g->u, g->u->i32, 1), gj_vec(g, o->arg[2]), &in);
	lane = LLVMBuildAnd(g->b, lane, gj_kint(w, GJ_LANES - 1), "");
	gj_v on = LLVMBuildLShr(g->b, gj_splat(g, gj_lane_bits(g, gj_mask_of(g, o))), lane, "");
	in = LLVMBuildAnd(g->b, in, LLVMBuildTrunc(g->b, on, gj_vec_ty(g->u, g->u->i1), ""), "");
	x = LLVMBuildBitCast(g->b, permute(g, LLVMBuildBitCast(g->b, x, it, ""), lane), t, "");
	return gj_select(g, in, x, own);
}

static gj_v to_word(gj_gen *g, gj_v x)
{
	gj_t t = LLVMTypeOf(x);
	return LLVMBuildZExt(g->b, LLVMBuildBitCast(g->b, x, gj_bits_ty(g->u, t), ""), g->u->i64, "");
}

gj_v gj_cpu_shfl(gj_gen *g, const gj_op *o)
{
	if (g->u->vector)
		return shuffle_vector(g, o);
	gj_unit *u = g->u;
	gj_v in, x = gj_sc(g, o->arg[1]), own = LLVMBuildAnd(g->b, gj_cpu(g)->warp, gj_i32(u, GJ_LANES - 1), "");
	gj_v lane = source_lane(g, o->sub, own, gj_sc(g, o->arg[2]), &in);
	gj_t t = LLVMTypeOf(x);
	gj_v r = runtime(g, "gj_rt_shuffle", u->i64, 5,
		(gj_v[]){ gj_cpu(g)->block, gj_cpu(g)->warp, gj_sc(g, o->arg[0]), to_word(g, x), gj_select(g, in, lane, own) });
	return LLVMBuildBitCast(g->b, LLVMBuildTrunc(g->b, r, gj_bits_ty(g->u, t), ""), t, "");
}

/* -- Votes --------------------------------------------------------------------------------------------------------- */

enum { ALL, ANY, EQ, BALLOT };

static gj_v ballot_one(gj_gen *g, const gj_op *o, gj_v pred)
{
	gj_v p = LLVMBuildZExt(g->b, pred, g->u->i32, "");
	return runtime(g, "gj_rt_ballot", g->u->i32, 4, (gj_v[]){ gj_cpu(g)->block, gj_cpu(g)->warp, gj_sc(g, o->arg[0]), p });
}

static gj_v vote_one(gj_gen *g, const gj_op *o)
{
	gj_v p = gj_sc(g, o->arg[1]), no = LLVMBuildNot(g->b, p, "");
	switch (o->sub) {
	case ALL:    return is_zero(g, ballot_one(g, o, no));
	case ANY:    return LLVMBuildNot(g->b, is_zero(g, ballot_one(g, o, p)), "");
	case BALLOT: return ballot_one(g, o, p);
	default:
		p = is_zero(g, ballot_one(g, o, p));
		return LLVMBuildOr(g->b, p, is_zero(g, ballot_one(g, o, no)), "");
	}
}

/* The member mask may differ from lane to lane: groups of one warp that vote side by side. */
gj_v gj_cpu_vote(gj_gen *g, const gj_op *o)
{
	if (!g->u->vector)
		return vote_one(g, o);
	gj_v mask = gj_mask_of(g, o), on = gj_lane_bits(g, mask), yes = mask_bits(g, mask, gj_vec(g, o->arg[1]));
	bool same = gj_uniform(g, o->arg[0]);
	gj_v member = same ? gj_sc(g, o->arg[0]) : gj_vec(g, o->arg[0]);
	on = LLVMBuildAnd(g->b, same ? on : gj_splat(g, on), member, "");
	yes = LLVMBuildAnd(g->b, same ? yes : gj_splat(g, yes), member, "");
	switch (o->sub) {
	case ALL:    return gj_icmp(g, LLVMIntEQ, yes, on);
	case ANY:    return LLVMBuildNot(g->b, is_zero(g, yes), "");
	case BALLOT: return yes;
	default:     return LLVMBuildOr(g->b, is_zero(g, yes), gj_icmp(g, LLVMIntEQ, yes, on), "");
	}
}

gj_v gj_cpu_activemask(gj_gen *g, const gj_op *o)
{
	if (g->u->vector)
		return gj_lane_bits(g, gj_mask_of(g, o));
	return LLVMBuildShl(g->b, gj_i32(g->u, 1), LLVMBuildAnd(g->b, gj_cpu(g)->warp, gj_i32(g->u, GJ_LANES - 1), ""), "");
}

/* -- Match --------------------------------------------------------------------------------------------------------- */

/* For each active lane the active lanes with the same bits: one round for each distinct value. */
static gj_v same_lanes(gj_gen *g, gj_v x, gj_v on)
{
	gj_unit *u = g->u;
	gj_t w = gj_vec_ty(u, u->i32);
	gj_v slot = gj_spill(g, x);
	LLVMBasicBlockRef from = gj_here(g), head = gj_bb_new(g, "match"), body = gj_bb_new(g, "match.value"),
		done = gj_bb_new(g, "match.done");
	LLVMBuildBr(g->b, head);
	gj_at(g, head);
	gj_v rest = LLVMBuildPhi(g->b, u->i32, ""), r = LLVMBuildPhi(g->b, w, "");
	LLVMBuildCondBr(g->b, is_zero(g, rest), done, body);
	gj_at(g, body);
	gj_v lane = gj_call2(g, GJ_IN_CTTZ, rest, LLVMConstInt(u->i1, 1, 0));
	gj_v eq = gj_icmp(g, LLVMIntEQ, x, gj_splat(g, gj_lane_get(g, slot, gj_elem_ty(LLVMTypeOf(x)), lane)));
	gj_v bits = LLVMBuildAnd(g->b, gj_lane_bits(g, eq), on, "");
	gj_v less = LLVMBuildAnd(g->b, rest, LLVMBuildNot(g->b, bits, ""), "");
	LLVMBasicBlockRef in[2] = { from, body };
	LLVMAddIncoming(r, (gj_v[]){ LLVMConstNull(w), gj_select(g, eq, gj_splat(g, bits), r) }, in, 2);
	LLVMAddIncoming(rest, (gj_v[]){ on, less }, in, 2);
	LLVMBuildBr(g->b, head);
	gj_at(g, done);
	return r;
}

gj_v gj_cpu_match(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	gj_v r, on;
	if (u->vector) {
		gj_v mask = gj_mask_of(g, o), x = gj_vec(g, o->arg[1]), member = gj_vec(g, o->arg[0]);
		gj_t t = gj_bits_ty(g->u, LLVMTypeOf(x));
		x = gj_select(g, mask, LLVMBuildBitCast(g->b, x, t, ""), LLVMConstNull(t));
		on = gj_lane_bits(g, mask);
		r = LLVMBuildAnd(g->b, same_lanes(g, x, on), member, "");
		on = LLVMBuildAnd(g->b, gj_splat(g, on), member, "");
	} else {
		r = runtime(g, "gj_rt_match", u->i32, 4,
			(gj_v[]){ gj_cpu(g)->block, gj_cpu(g)->warp, gj_sc(g, o->arg[0]), to_word(g, gj_sc(g, o->arg[1])) });
		on = o->sub ? ballot_one(g, o, LLVMConstInt(u->i1, 1, 0)) : NULL;
	}
	return o->sub ? gj_select(g, gj_icmp(g, LLVMIntEQ, r, on), r, LLVMConstNull(LLVMTypeOf(r))) : r;
}
