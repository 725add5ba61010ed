/* Memory: addresses, loads and stores, variables of the mask pass. At width 32 the shape of the address decides: one
 * scalar access, a masked vector access of consecutive elements, or a gather or scatter. Lanes that are off read
 * zeros. In local memory the lanes of one element lie side by side. */
#include "emit/ops.h"

#include <string.h>

/* -- Addresses ----------------------------------------------------------------------------------------------------- */

/* An index of 64 bits that was narrowed since the launch knows that it fits is that index: LLVM sees then how the indices of an element
 * and its neighbours differ, which it does not behind a truncation of each. NULL: it is none. */
static gj_v index_as_written(gj_gen *g, const gj_op *i)
{
	bool narrowed = i->op == GJ_CVT && (i->flags & GJ_NSW) && gj_o(g->f, i->arg[0])->type == gj_scalar[GJ_I64];
	return narrowed && !g->u->vector ? gj_arg(g, i, 0) : NULL;
}

/* The offset b of ELEM and BYTES at 64 bits, in the form asked for. */
static gj_v offset_of(gj_gen *g, const gj_op *o)
{
	const gj_op *b = gj_o(g->f, o->arg[1]);
	gj_v x = index_as_written(g, b);
	if (x)
		return x;
	x = gj_arg(g, o, 1);
	gj_t t = gj_like(LLVMTypeOf(x), g->u->i64);
	if (b->type->size < 8) {
		bool plus = gj_is_unsigned(b->type) || (b->flags & GJ_NONNEG);
		x = plus ? LLVMBuildZExt(g->b, x, t, "") : LLVMBuildSExt(g->b, x, t, "");
		if (plus && !g->u->vector && gj_is_signed(b->type) && LLVMIsAInstruction(x))
			LLVMSetNNeg(x, 1);
	}
	bool scaled = g->u->vector && o->type->space == GJ_LOCAL;
	return scaled ? LLVMBuildMul(g->b, x, gj_kint(t, g->u->lanes), "") : x;
}

static gj_v address(gj_gen *g, const gj_op *o, gj_t step)
{
	gj_v n = offset_of(g, o);
	gj_v base = g->wide && !gj_uniform(g, o->arg[0]) ? gj_vec(g, o->arg[0]) : gj_sc(g, o->arg[0]);
	if (g->u->vector)
		return LLVMBuildGEP2(g->b, step, base, &n, 1, "");
	return LLVMBuildInBoundsGEP2(g->b, step, base, &n, 1, "");
}

gj_v gj_do_elem(gj_gen *g, const gj_op *o)  { return address(g, o, gj_mem_ty(g->u, o->type->elem)); }

/* Lanes of local memory are as far apart as what the pointer points to is large: those of a part lie closer. */
gj_v gj_do_bytes(gj_gen *g, const gj_op *o)
{
	gj_v p = address(g, o, g->u->i8);
	int64_t closer = (int64_t)o->type->elem->size - gj_arg_type(g, o, 0)->elem->size;
	if (!closer || !g->u->vector || o->type->space != GJ_LOCAL || !gj_is_vec(LLVMTypeOf(p)))
		return p;
	gj_v steps = gj_steps(g->u, g->u->i64, closer);
	return LLVMBuildGEP2(g->b, g->u->i8, p, &steps, 1, "");
}

gj_v gj_do_ptrcast(gj_gen *g, const gj_op *o)
{
	gj_v a = gj_arg(g, o, 0);
	gj_t t = gj_tyw(g, o->type);
	return LLVMTypeOf(a) == t ? a : LLVMBuildAddrSpaceCast(g->b, a, t, "");
}

gj_v gj_do_localmem(gj_gen *g, const gj_op *o)
{
	const gj_type *e = o->type->elem;
	unsigned n = (unsigned)o->imm.i, lanes = g->u->lanes;
	gj_forms *v = &g->val[g->ref];
	uint64_t items = (uint64_t)(n ? n : 1) * lanes;
	v->s = g->u->backend->keep_local ? g->u->backend->keep_local(g, items * e->size) : NULL;
	if (!v->s)
		v->s = gj_alloca(g, LLVMArrayType2(gj_mem_ty(g->u, e), items), 1, g->u->vector ? 64 : 16);
	v->stride = !g->u->vector ? 0 : o->type->space == GJ_LOCAL ? e->size : (int64_t)e->size * n;
	return NULL;
}

/* Frozen arrays: one constant global each. */
gj_v gj_do_constmem(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	const gj_obj *x = o->imm.obj;
	for (uint32_t i = 0; i < u->globals.n; i++)
		if (u->globals.p[i].key == x)
			return u->globals.p[i].global;
	gj_v data = LLVMConstStringInContext2(u->ctx, x->data, x->nbytes, 1);
	gj_v v = LLVMAddGlobalInAddressSpace(u->mod, LLVMTypeOf(data), gj_printf(u->arena, "gj_const_%u", u->globals.n),
		u->space[GJ_CONSTANT]);
	LLVMSetInitializer(v, data);
	LLVMSetGlobalConstant(v, 1);
	LLVMSetLinkage(v, LLVMPrivateLinkage);
	LLVMSetAlignment(v, 16);
	gj_push(u->arena, &u->globals, ((gj_global){ x, 0, v }));
	return v;
}

gj_v gj_do_address(gj_gen *g, const gj_op *o)
{
	return LLVMConstIntToPtr(LLVMConstInt(LLVMInt64TypeInContext(g->u->ctx), (uint64_t)o->imm.i, 0), gj_ty(g->u, o->type));
}

/* -- Vector accesses ----------------------------------------------------------------------------------------------- */

static gj_v reversed(gj_gen *g, gj_v x)
{
	gj_v lane[GJ_LANES];
	unsigned n = g->u->lanes;
	for (unsigned i = 0; i < n; i++)
		lane[i] = gj_i32(g->u, n - 1 - i);
	return LLVMBuildShuffleVector(g->b, x, LLVMGetPoison(LLVMTypeOf(x)), LLVMConstVector(lane, n), "");
}

/* Address of the last lane's element, where lanes run backwards. */
static gj_v last_lane(gj_gen *g, const gj_forms *p)
{
	return gj_offset(g, p->s, p->stride * (g->u->lanes - 1));
}

/* -- Vectors ----------------------------------------------------------------------------------------------------------- */

static gj_v vector_load(gj_gen *g, const gj_op *o, gj_t t, unsigned size)
{
	const gj_forms *p = &g->val[o->arg[0]];
	gj_v mask = gj_mask_of(g, o);
	unsigned align = gj_align_of(g, o, size);
	gj_v x = gj_interleaved_load(g, o, t, mask);
	if (x)
		return x;
	if (p->s && p->stride == (int64_t)size)
		return gj_masked_load(g, p->s, mask, t, align);
	if (p->s && p->stride == -(int64_t)size)
		return reversed(g, gj_masked_load(g, last_lane(g, p), reversed(g, mask), t, align));
	return gj_masked(g, GJ_IN_GATHER, (gj_v[]){ gj_vec(g, o->arg[0]), mask, LLVMConstNull(t) }, 3, 0, t, align);
}

/* Past the caches: memory that is written in whole need not be read before. */
static void store_past(gj_gen *g, gj_v x, gj_v p)
{
	gj_unit *u = g->u;
	gj_v s = LLVMBuildStore(g->b, x, p);
	LLVMMetadataRef one = LLVMValueAsMetadata(gj_i32(u, 1));
	LLVMSetAlignment(s, gj_register_bytes(u, g->f));
	LLVMSetMetadata(s, LLVMGetMDKindIDInContext(u->ctx, "nontemporal", 11), LLVMMetadataAsValue(u->ctx, LLVMMDNodeInContext2(u->ctx, &one, 1)));
}

/* In pieces of a register each, upwards: LLVM splits a wide store the other way round, and lines that are written
 * downwards cost half as much again where the address is not aligned. Under a mask only where it is cheap to have the piece of it: elsewhere
 * LLVM packs the whole mask for that and unpacks each piece (a fifth of the code generation of a kernel with a tree, and slower). */
static void store_upwards(gj_gen *g, gj_v x, gj_v p, gj_v mask, unsigned size, unsigned align, bool past)
{
	unsigned lanes = LLVMGetVectorSize(LLVMTypeOf(x)), n = gj_register_bytes(g->u, g->f) / size;
	if (n >= lanes || !(gj_is_all(mask) || gj_has_masks(g->u))) {
		gj_masked_store(g, x, p, mask, align);
		return;
	}
	for (unsigned from = 0; from < lanes; from += n) {
		gj_v part = gj_lanes_of(g, x, NULL, from, n), at = gj_offset(g, p, (int64_t)from * size);
		if (past) {
			store_past(g, part, at);
			continue;
		}
		gj_masked_store(g, part, at, gj_lanes_of(g, mask, NULL, from, n), align);
	}
}

static void vector_store(gj_gen *g, const gj_op *o, gj_v x, unsigned size)
{
	const gj_forms *p = &g->val[o->arg[0]];
	gj_v mask = gj_mask_of(g, o);
	unsigned align = gj_align_of(g, o, size);
	if (gj_interleaved_store(g, o, mask))
		return;
	if (p->s && p->stride == (int64_t)size)
		store_upwards(g, x, p->s, mask, size, align, o->sub == GJ_HINT_PAST && gj_is_all(mask));
	else if (p->s && p->stride == -(int64_t)size)
		store_upwards(g, reversed(g, x), last_lane(g, p), reversed(g, mask), size, align, false);
	else
		gj_masked(g, GJ_IN_SCATTER, (gj_v[]){ x, gj_vec(g, o->arg[0]), mask }, 3, 1, LLVMTypeOf(x), align);
}

/* -- Loads and stores ---------------------------------------------------------------------------------------------- */

static gj_v from_memory(gj_gen *g, const gj_type *t, gj_v x)
{
	return t->kind == GJ_BOOL ? gj_icmp(g, LLVMIntNE, x, LLVMConstNull(LLVMTypeOf(x))) : x;
}

static unsigned size_of(const gj_type *t) { return t->kind == GJ_PTR ? 8 : t->size; }

/* ldcv() looks again at what others may have written. */
static gj_v load_one(gj_gen *g, const gj_op *o, gj_t t, unsigned align)
{
	gj_v x = gj_load(g, t, gj_sc(g, o->arg[0]), align);
	LLVMSetVolatile(x, o->sub == GJ_HINT_CV);
	return x;
}

gj_v gj_do_load(gj_gen *g, const gj_op *o)
{
	gj_t t = gj_mem_ty(g->u, o->type);
	unsigned size = size_of(o->type), align = gj_align_of(g, o, size);
	if (!g->u->vector)
		return from_memory(g, o->type, load_one(g, o, t, align));
	if (!gj_uniform(g, o->arg[0]))
		return from_memory(g, o->type, vector_load(g, o, gj_vec_ty(g->u, t), size));
	if (!o->mask)
		return from_memory(g, o->type, load_one(g, o, t, align));
	gj_if on = gj_if_begin(g, gj_any_lane(g, o->mask));
	gj_v x = load_one(g, o, t, align);
	gj_if_end(g, &on);
	return from_memory(g, o->type, gj_if_phi(g, &on, x, LLVMConstNull(t)));
}

/* A value a lane stored to one address: the last active lane wins. */
static gj_v last_active(gj_gen *g, const gj_op *o, gj_v x)
{
	gj_v bits = gj_lane_bits(g, gj_mask_of(g, o));
	gj_v zeros = gj_call2(g, GJ_IN_CTLZ, bits, LLVMConstInt(g->u->i1, 1, 0));
	return LLVMBuildExtractElement(g->b, x, LLVMBuildSub(g->b, gj_i32(g->u, GJ_LANES - 1), zeros, ""), "");
}

gj_v gj_do_store(gj_gen *g, const gj_op *o)
{
	const gj_type *t = gj_arg_type(g, o, 1);
	unsigned size = size_of(t), align = gj_align_of(g, o, size);
	bool one = !g->u->vector || gj_uniform(g, o->arg[1]);
	if (!g->u->vector) {
		gj_store(g, gj_to_memory(g, t, gj_sc(g, o->arg[1])), gj_sc(g, o->arg[0]), align);
		return NULL;
	}
	if (!gj_uniform(g, o->arg[0])) {
		vector_store(g, o, gj_to_memory(g, t, gj_vec(g, o->arg[1])), size);
		return NULL;
	}
	gj_if on = { 0 };
	if (o->mask)
		on = gj_if_begin(g, gj_any_lane(g, o->mask));
	gj_v x = one ? gj_sc(g, o->arg[1]) : last_active(g, o, gj_vec(g, o->arg[1]));
	gj_store(g, gj_to_memory(g, t, x), gj_sc(g, o->arg[0]), align);
	if (o->mask)
		gj_if_end(g, &on);
	return NULL;
}

/* -- Variables and masks of the mask pass -------------------------------------------------------------------------- */

static bool scalar_slot(const gj_gen *g, gj_ref slot) { return !g->u->vector || gj_o(g->f, slot)->imm.i == 1; }

static gj_t slot_type(const gj_gen *g, gj_ref slot)
{
	gj_t t = gj_ty(g->u, gj_o(g->f, slot)->type);
	return scalar_slot(g, slot) ? t : gj_vec_ty(g->u, t);
}

gj_v gj_do_slot(gj_gen *g, const gj_op *o)
{
	(void)o;
	gj_t t = slot_type(g, g->ref);
	gj_v a = gj_alloca(g, t, 1, 0);
	gj_store(g, LLVMGetPoison(t), a, 0);
	if (g->u->backend->keep_variable)
		g->u->backend->keep_variable(g, a, t);
	g->val[g->ref] = (gj_forms){ .s = a };
	return NULL;
}

gj_v gj_do_get(gj_gen *g, const gj_op *o)
{
	return gj_load(g, slot_type(g, o->arg[0]), g->val[o->arg[0]].s, 0);
}

gj_v gj_do_set(gj_gen *g, const gj_op *o)
{
	bool scalar = scalar_slot(g, o->arg[0]);
	gj_v slot = g->val[o->arg[0]].s, x = scalar ? gj_sc(g, o->arg[1]) : gj_vec(g, o->arg[1]);
	if (o->mask) {
		gj_v mask = gj_mask_of(g, o), old = gj_load(g, LLVMTypeOf(x), slot, 0);
		x = gj_select(g, scalar ? gj_any(g, mask) : mask, x, old);
	}
	gj_store(g, x, slot, 0);
	return NULL;
}

gj_v gj_do_alllanes(gj_gen *g, const gj_op *o)
{
	(void)o;
	return g->all;
}

/* What a mask says beside that the lanes exist. */
static gj_ref behind_all(const gj_fn *f, gj_ref mask)
{
	const gj_op *o = gj_o(f, mask);
	return o->op == GJ_ANDMASK && gj_o(f, o->arg[0])->op == GJ_ALLLANES ? o->arg[1] : mask;
}

/* Of a comparison of lanes that count up from a number ≥ 0, without wrapping, with what is the same for all: which operand the lanes are; 2: of
 * others. */
static unsigned counting_operand(gj_gen *g, const gj_op *o)
{
	for (unsigned k = 0; o->op == GJ_CMP && k < 2; k++) {
		const gj_op *x = gj_o(g->f, o->arg[k]), *bound = gj_o(g->f, o->arg[!k]);
		const gj_forms *v = &g->val[o->arg[k]];
		if (gj_is_int(x->type) && gj_is_signed(x->type) && bound->type == x->type && x->flags & GJ_NONNEG && v->s && v->stride > 0
		    && gj_uniform(g, o->arg[!k]))
			return k;
	}
	return 2;
}

/* Lane `lane` of operand k, compared with the other one. */
static gj_v compare_lane(gj_gen *g, const gj_op *o, unsigned k, unsigned lane, LLVMIntPredicate p)
{
	const gj_forms *v = &g->val[o->arg[k]];
	gj_v step = LLVMConstInt(LLVMTypeOf(v->s), (uint64_t)v->stride * lane, 0), number = lane ? LLVMBuildAdd(g->b, v->s, step, "") : v->s;
	return gj_icmp(g, p, number, gj_sc(g, o->arg[!k]));
}

/* What such a comparison (`is`), or its contrary, says of lane `lane`, if it asks whether they are below a bound, or above. NULL: another. */
static gj_v of_lane(gj_gen *g, const gj_op *o, unsigned lane, bool is, bool above)
{
	unsigned k = counting_operand(g, o);
	bool less = o->sub == GJ_CMP_LT || o->sub == GJ_CMP_LE, strict = (o->sub == GJ_CMP_LT || o->sub == GJ_CMP_GT) == is;
	if (k == 2 || o->sub == GJ_CMP_EQ || o->sub == GJ_CMP_NE || (less == is) != (k == above))
		return NULL;
	return compare_lane(g, o, k, lane, above ? strict ? LLVMIntSGT : LLVMIntSGE : strict ? LLVMIntSLT : LLVMIntSLE);
}

/* Of a comparison for equality: whether no lane is equal, where they count by one. NULL: another. */
static gj_v none_equal(gj_gen *g, const gj_op *o)
{
	unsigned k = counting_operand(g, o);
	if (k == 2 || g->val[o->arg[k]].stride != 1)
		return NULL;
	return LLVMBuildOr(g->b, compare_lane(g, o, k, 0, LLVMIntSGT), compare_lane(g, o, k, g->u->lanes - 1, LLVMIntSLT), "");
}

/* Where a mask is all the lanes that are below a bound: whether lane `lane` is. NULL: another mask. */
static gj_v lane_below(gj_gen *g, gj_ref mask, unsigned lane) { return of_lane(g, gj_o(g->f, behind_all(g->f, mask)), lane, true, false); }

gj_v gj_lanes_below(gj_gen *g, gj_ref mask)
{
	const gj_op *o = gj_o(g->f, behind_all(g->f, mask));
	gj_v first = lane_below(g, mask, 0);
	if (!first || o->sub != GJ_CMP_LT || g->val[o->arg[0]].stride != 1)
		return NULL;
	return LLVMBuildSub(g->b, gj_sc(g, o->arg[1]), gj_sc(g, o->arg[0]), "");
}

/* Where a mask is of lanes that count by one, and at most one has the number asked for: whether one has (as numbers wrap, so do lanes). NULL:
 * another mask. */
static gj_v lane_named(gj_gen *g, gj_ref mask)
{
	const gj_op *o = gj_o(g->f, behind_all(g->f, mask));
	if (o->op != GJ_CMP || o->sub != GJ_CMP_EQ || !LLVMIsConstant(g->all) || !gj_is_int(gj_o(g->f, o->arg[0])->type))
		return NULL;
	unsigned varying = gj_uniform(g, o->arg[0]);
	const gj_forms *v = &g->val[o->arg[varying]];
	if (!v->s || v->stride != 1 || !gj_uniform(g, o->arg[!varying]))
		return NULL;
	gj_v lane = LLVMBuildSub(g->b, gj_sc(g, o->arg[!varying]), v->s, "");
	return gj_icmp(g, LLVMIntULT, lane, LLVMConstInt(LLVMTypeOf(lane), g->u->lanes, 0));
}

/* Does a number that differs from lane to lane have to be a certain one? */
bool gj_one_lane(const gj_gen *g, gj_ref mask)
{
	const gj_op *o = gj_o(g->f, behind_all(g->f, mask));
	if (o->op != GJ_CMP || o->sub != GJ_CMP_EQ || !gj_is_int(gj_o(g->f, o->arg[0])->type))
		return false;
	const gj_forms *x = &g->val[o->arg[0]], *y = &g->val[o->arg[1]];
	return x->s && y->s && !x->stride != !y->stride;
}

/* Lane 0 always exists, and is the first to be below a bound. */
gj_v gj_any_lane(gj_gen *g, gj_ref mask)
{
	if (!mask)
		return gj_any(g, g->all);
	const gj_forms *m = &g->val[mask];
	bool asks = g->u->vector && !(m->v && LLVMIsConstant(m->v));
	gj_v below = asks ? lane_below(g, mask, 0) : NULL, known = asks && !below ? lane_named(g, mask) : below;
	if (known)
		return known;
	return gj_uniform(g, mask) ? gj_sc(g, mask) : gj_any(g, gj_vec(g, mask));
}

/* Whether all lanes are in a mask (`in`), or none, where that is their being on one side of bounds. NULL: another mask. */
static gj_v all_of(gj_gen *g, gj_ref mask, bool in)
{
	const gj_op *o = gj_o(g->f, mask);
	if (o->op == GJ_ALLLANES)
		return LLVMIsConstant(g->all) ? LLVMConstInt(g->u->i1, 1, 0) : g->there;
	if (gj_uniform(g, mask))
		return in ? gj_sc(g, mask) : LLVMBuildNot(g->b, gj_sc(g, mask), "");
	if (o->op == GJ_NOT)
		return all_of(g, o->arg[0], !in);
	if (o->op == GJ_CMP) {
		if (o->sub == (in ? GJ_CMP_NE : GJ_CMP_EQ))
			return none_equal(g, o);
		gj_v below = of_lane(g, o, g->u->lanes - 1, in, false);
		return below ? below : of_lane(g, o, 0, in, true);
	}
	uint32_t other = gj_both_of(g->f, o, in);
	gj_v a = other ? all_of(g, o->arg[0], in) : NULL, b = a ? all_of(g, o->arg[other], in) : NULL;
	return b ? LLVMBuildAnd(g->b, a, b, "") : NULL;
}

gj_v gj_all_lanes(gj_gen *g, gj_ref mask) { return all_of(g, mask, true); }

gj_v gj_do_all(gj_gen *g, const gj_op *o)
{
	gj_v all = gj_all_lanes(g, o->arg[0]);
	return all ? all : LLVMBuildNot(g->b, gj_any(g, LLVMBuildNot(g->b, gj_vec(g, o->arg[0]), "")), "");
}

gj_v gj_do_any(gj_gen *g, const gj_op *o) { return gj_any_lane(g, o->arg[0]); }

/* select(cond, value, false), or select(cond, false, value): what is not chosen may be poison. */
static gj_v mask_select(gj_gen *g, gj_ref cond, gj_ref value, bool negate)
{
	bool scalar = gj_uniform(g, cond) && gj_uniform(g, value);
	gj_v c = scalar ? gj_sc(g, cond) : gj_vec(g, cond), x = scalar ? gj_sc(g, value) : gj_vec(g, value);
	gj_v no = LLVMConstNull(LLVMTypeOf(x));
	return negate ? gj_select(g, c, no, x) : gj_select(g, c, x, no);
}

/* mask & !cond where mask & cond was made just before in this block: their difference. Otherwise LLVM repeats the
 * comparison with the opposite sense. */
static gj_v other_half(gj_gen *g, const gj_op *o)
{
	const gj_op *not = gj_o(g->f, o->arg[1]);
	const gj_bb *bb = &g->f->bb.p[o->block];
	if (not->op != GJ_NOT)
		return NULL;
	for (uint32_t i = 0; i < bb->ops.n && bb->ops.p[i] != g->ref; i++) {
		const gj_op *p = gj_o(g->f, bb->ops.p[i]);
		if (p->op == GJ_ANDMASK && p->arg[0] == o->arg[0] && p->arg[1] == not->arg[0])
			return LLVMBuildXor(g->b, gj_vec(g, o->arg[0]), gj_vec(g, bb->ops.p[i]), "");
	}
	return NULL;
}

gj_v gj_do_andmask(gj_gen *g, const gj_op *o)
{
	gj_v half = g->wide ? other_half(g, o) : NULL;
	return half ? half : mask_select(g, o->arg[0], o->arg[1], false);
}

gj_v gj_do_andnot(gj_gen *g, const gj_op *o) { return mask_select(g, o->arg[1], o->arg[0], true); }
