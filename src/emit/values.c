/* Helpers of the emitter: types, constants, the two forms of a value, masks, and control flow inside an op. */
#include "emit/values.h"

#include <string.h>

/* -- Types and constants ------------------------------------------------------------------------------------------- */

gj_t gj_ty(const gj_unit *u, const gj_type *t)
{
	switch (t->kind) {
	case GJ_BOOL:             return u->i1;
	case GJ_I8:  case GJ_U8:  case GJ_FLOAT8: return u->i8;
	case GJ_I16: case GJ_U16: case GJ_BF16: case GJ_F16: return u->i16;
	case GJ_I32: case GJ_U32: return u->i32;
	case GJ_I64: case GJ_U64: return u->i64;
	case GJ_F32:              return u->f32;
	case GJ_F64:              return u->f64;
	case GJ_C64:              return LLVMArrayType2(u->f32, 2);
	case GJ_C128:             return LLVMArrayType2(u->f64, 2);
	case GJ_TUPLE: case GJ_RECORD: case GJ_VECTOR: return LLVMArrayType2(u->i8, t->size); /* in memory only */
	case GJ_PTR:              return LLVMPointerTypeInContext(u->ctx, u->space[t->space]);
	default:                  return u->tvoid;
	}
}

gj_t gj_tyw(const gj_gen *g, const gj_type *t)
{
	return g->wide ? gj_vec_ty(g->u, gj_ty(g->u, t)) : gj_ty(g->u, t);
}

gj_t gj_bits_ty(const gj_unit *u, gj_t t)
{
	gj_t e = gj_elem_ty(t);
	LLVMTypeKind k = LLVMGetTypeKind(e);
	bool half = k == LLVMHalfTypeKind || k == LLVMBFloatTypeKind;
	return gj_like(t, e == u->f64 ? u->i64 : e == u->f32 ? u->i32 : half ? u->i16 : e);
}

gj_v gj_inline_asm(gj_t type, const char *text, const char *constraints, bool effects)
{
	return LLVMGetInlineAsm(type, text, strlen(text), constraints, strlen(constraints), effects, 0, LLVMInlineAsmDialectATT, 0);
}

gj_t gj_mem_ty(const gj_unit *u, const gj_type *t)
{
	return t->kind == GJ_BOOL ? u->i8 : gj_ty(u, t);
}

gj_t gj_param_ty(const gj_unit *u, const gj_fnparam *p)
{
	if (p->field == GJ_FIELD_SHAPE || p->field == GJ_FIELD_STRIDE)
		return u->opt->facts & GJ_FACT_IDX32 ? u->i32 : u->i64;
	return gj_mem_ty(u, p->type);
}

gj_hidden gj_hidden_args(const gj_unit *u, const gj_fn *f)
{
	gj_hidden h = { .nfirst = 0 };
	if (u->backend->arguments)
		u->backend->arguments(u, f, &h);
	return h;
}

gj_t gj_vec_ty(const gj_unit *u, gj_t t)   { return LLVMVectorType(t, u->lanes); }
bool gj_is_vec(gj_t t)            { return LLVMGetTypeKind(t) == LLVMVectorTypeKind; }
gj_t gj_elem_ty(gj_t t)           { return gj_is_vec(t) ? LLVMGetElementType(t) : t; }
gj_t gj_like(gj_t shape, gj_t t)  { return gj_is_vec(shape) ? LLVMVectorType(t, LLVMGetVectorSize(shape)) : t; }

static gj_v splat_const(gj_t t, gj_v k)
{
	if (!gj_is_vec(t))
		return k;
	gj_v lane[GJ_LANES];
	unsigned n = LLVMGetVectorSize(t);
	for (unsigned i = 0; i < n; i++)
		lane[i] = k;
	return LLVMConstVector(lane, n);
}

gj_v gj_kint(gj_t t, uint64_t x)            { return splat_const(t, LLVMConstInt(gj_elem_ty(t), x, 0)); }
gj_v gj_kfp(gj_t t, double x)               { return splat_const(t, LLVMConstReal(gj_elem_ty(t), x)); }
gj_v gj_i32(const gj_unit *u, uint32_t x)   { return LLVMConstInt(u->i32, x, 0); }

gj_v gj_steps(const gj_unit *u, gj_t t, int64_t stride)
{
	gj_v lane[GJ_LANES];
	for (unsigned i = 0; i < u->lanes; i++)
		lane[i] = LLVMConstInt(t, (uint64_t)stride * i, 0);
	return LLVMConstVector(lane, u->lanes);
}

/* -- The two forms of a value -------------------------------------------------------------------------------------- */

static gj_v splat_here(gj_gen *g, gj_v s)
{
	if (LLVMIsConstant(s) && LLVMGetTypeKind(LLVMTypeOf(s)) != LLVMPointerTypeKind)
		return splat_const(gj_vec_ty(g->u, LLVMTypeOf(s)), s);
	gj_t t = gj_vec_ty(g->u, LLVMTypeOf(s));
	gj_v one = LLVMBuildInsertElement(g->b, LLVMGetPoison(t), s, gj_i32(g->u, 0), "");
	return LLVMBuildShuffleVector(g->b, one, LLVMGetPoison(t), LLVMConstNull(gj_vec_ty(g->u, g->u->i32)), "");
}

gj_v gj_splat(gj_gen *g, gj_v s)
{
	return gj_is_vec(LLVMTypeOf(s)) ? s : splat_here(g, s);
}

/* The builder goes where everything that may use s can see what is built: right behind an instruction, else to the end
 * of the entry block. */
static void go_behind(gj_gen *g, gj_v s)
{
	gj_v next = LLVMIsAInstruction(s) ? LLVMGetNextInstruction(s) : NULL;
	while (next && LLVMIsAPHINode(next))
		next = LLVMGetNextInstruction(next);
	if (next)
		LLVMPositionBuilderBefore(g->b, next);
	else
		gj_at(g, LLVMIsAInstruction(s) ? LLVMGetInstructionParent(s) : g->entry);
}

gj_v gj_vec(gj_gen *g, gj_ref r)
{
	gj_forms *v = &g->val[r];
	if (v->v)
		return v->v;
	LLVMBasicBlockRef here = gj_here(g);
	gj_t t = LLVMTypeOf(v->s);
	go_behind(g, v->s);
	if (!v->stride) {
		v->v = splat_here(g, v->s);
	} else if (LLVMGetTypeKind(t) == LLVMPointerTypeKind) {
		gj_v steps = gj_steps(g->u, g->u->i64, v->stride);
		v->v = LLVMBuildGEP2(g->b, g->u->i8, v->s, &steps, 1, "");
	} else {
		v->v = LLVMBuildAdd(g->b, splat_here(g, v->s), gj_steps(g->u, t, v->stride), "");
	}
	gj_at(g, here);
	return v->v;
}

gj_v gj_sc(gj_gen *g, gj_ref r)
{
	const char *value = gj_op_name[gj_o(g->f, r)->op], *user = gj_op_name[gj_o(g->f, g->ref)->op];
	if (!g->val[r].s)
		gj_fail(g->f, gj_o(g->f, r)->loc, GJ_ERR_INTERNAL,
			gj_printf(g->f->arena, "v%u %s is varying where v%u %s needs a uniform value", r, value, g->ref, user));
	return g->val[r].s;
}

gj_v gj_arg(gj_gen *g, const gj_op *o, unsigned i)
{
	return g->wide ? gj_vec(g, o->arg[i]) : gj_sc(g, o->arg[i]);
}

const gj_type *gj_arg_type(const gj_gen *g, const gj_op *o, unsigned i)
{
	return gj_o(g->f, o->arg[i])->type;
}

bool gj_uniform(const gj_gen *g, gj_ref r)
{
	return g->val[r].s && !g->val[r].stride;
}

/* -- Masks --------------------------------------------------------------------------------------------------------- */

gj_v gj_mask_of(gj_gen *g, const gj_op *o)
{
	return o->mask ? gj_vec(g, o->mask) : g->all;
}

bool gj_is_all(gj_v mask) { return LLVMIsConstant(mask) && mask == LLVMConstAllOnes(LLVMTypeOf(mask)); }

gj_v gj_lane_bits(gj_gen *g, gj_v mask)
{
	gj_v bits = LLVMBuildBitCast(g->b, mask, LLVMIntTypeInContext(g->u->ctx, g->u->lanes), "");
	return LLVMBuildZExt(g->b, bits, g->u->i32, "");
}

gj_v gj_any(gj_gen *g, gj_v c)
{
	return gj_is_vec(LLVMTypeOf(c)) ? gj_icmp(g, LLVMIntNE, gj_lane_bits(g, c), gj_i32(g->u, 0)) : c;
}

unsigned gj_register_bytes(const gj_unit *u, const gj_fn *f)
{
	enum { STREAM = 32 };
	return f->streams && u->register_bytes > STREAM ? STREAM : u->register_bytes;
}

gj_v gj_lanes_of(gj_gen *g, gj_v x, gj_v y, unsigned from, unsigned n)
{
	gj_v at[GJ_LANES];
	for (unsigned i = 0; i < n; i++)
		at[i] = gj_i32(g->u, from + i);
	return LLVMBuildShuffleVector(g->b, x, y ? y : LLVMGetPoison(LLVMTypeOf(x)), LLVMConstVector(at, n), "");
}

gj_v gj_joined(gj_gen *g, gj_v *part, unsigned count)
{
	for (unsigned lanes = LLVMGetVectorSize(LLVMTypeOf(part[0])); count > 1; count /= 2, lanes *= 2)
		for (unsigned k = 0; k < count / 2; k++)
			part[k] = gj_lanes_of(g, part[2 * k], part[2 * k + 1], 0, 2 * lanes);
	return part[0];
}

/* -- Control flow inside an op ------------------------------------------------------------------------------------- */

LLVMBasicBlockRef gj_bb_new(gj_gen *g, const char *name)
{
	return LLVMAppendBasicBlockInContext(g->u->ctx, g->fn, name);
}

void gj_at(gj_gen *g, LLVMBasicBlockRef b)  { LLVMPositionBuilderAtEnd(g->b, b); }
LLVMBasicBlockRef gj_here(gj_gen *g)        { return LLVMGetInsertBlock(g->b); }

gj_v gj_alloca(gj_gen *g, gj_t t, unsigned count, unsigned align)
{
	LLVMBasicBlockRef here = gj_here(g);
	gj_v first = LLVMGetFirstInstruction(g->entry);
	if (first)
		LLVMPositionBuilderBefore(g->b, first);
	else
		gj_at(g, g->entry);
	gj_v a = LLVMBuildAlloca(g->b, count == 1 ? t : LLVMArrayType2(t, count), "");
	if (align)
		LLVMSetAlignment(a, align);
	gj_at(g, here);
	return a;
}

gj_if gj_if_begin(gj_gen *g, gj_v cond)
{
	gj_if i = { .from = gj_here(g), .then = gj_bb_new(g, "then"), .done = gj_bb_new(g, "done") };
	LLVMBuildCondBr(g->b, cond, i.then, i.done);
	gj_at(g, i.then);
	return i;
}

void gj_if_end(gj_gen *g, gj_if *i)
{
	i->then = gj_here(g);
	LLVMBuildBr(g->b, i->done);
	gj_at(g, i->done);
}

gj_v gj_if_phi(gj_gen *g, const gj_if *i, gj_v then, gj_v otherwise)
{
	gj_v p = LLVMBuildPhi(g->b, LLVMTypeOf(then), "");
	LLVMAddIncoming(p, (gj_v[]){ then, otherwise }, (LLVMBasicBlockRef[]){ i->then, i->from }, 2);
	return p;
}

gj_lanes gj_lanes_begin(gj_gen *g, gj_v mask)
{
	gj_unit *u = g->u;
	gj_lanes l = { .head = gj_bb_new(g, "lanes"), .body = gj_bb_new(g, "lane"), .done = gj_bb_new(g, "lanes.done") };
	gj_v bits = gj_lane_bits(g, mask);
	LLVMBasicBlockRef from = gj_here(g);
	LLVMBuildBr(g->b, l.head);
	gj_at(g, l.head);
	l.rest = LLVMBuildPhi(g->b, u->i32, "");
	LLVMAddIncoming(l.rest, &bits, &from, 1);
	LLVMBuildCondBr(g->b, gj_icmp(g, LLVMIntNE, l.rest, gj_i32(u, 0)), l.body, l.done);
	gj_at(g, l.body);
	l.lane = gj_call2(g, GJ_IN_CTTZ, l.rest, LLVMConstInt(u->i1, 1, 0));
	return l;
}

void gj_lanes_end(gj_gen *g, gj_lanes *l)
{
	gj_v less = LLVMBuildSub(g->b, l->rest, gj_i32(g->u, 1), "");
	gj_v rest = LLVMBuildAnd(g->b, l->rest, less, "");
	LLVMBasicBlockRef from = gj_here(g);
	LLVMAddIncoming(l->rest, &rest, &from, 1);
	LLVMBuildBr(g->b, l->head);
	gj_at(g, l->done);
}

gj_v gj_spill(gj_gen *g, gj_v vector)
{
	gj_v slot = gj_alloca(g, LLVMTypeOf(vector), 1, 64);
	gj_store(g, vector, slot, 64);
	return slot;
}

gj_v gj_lane_get(gj_gen *g, gj_v slot, gj_t scalar, gj_v lane)
{
	return gj_load(g, scalar, LLVMBuildGEP2(g->b, scalar, slot, &lane, 1, ""), 0);
}

void gj_lane_set(gj_gen *g, gj_v slot, gj_v value, gj_v lane)
{
	gj_store(g, value, LLVMBuildGEP2(g->b, LLVMTypeOf(value), slot, &lane, 1, ""), 0);
}

/* -- Instructions -------------------------------------------------------------------------------------------------- */

gj_v gj_select(gj_gen *g, gj_v c, gj_v a, gj_v b)                     { return gj_is_all(c) ? a : LLVMBuildSelect(g->b, c, a, b, ""); }
gj_v gj_icmp(gj_gen *g, LLVMIntPredicate p, gj_v a, gj_v b)           { return LLVMBuildICmp(g->b, p, a, b, ""); }

/* Machines take an ordering of NaN for an exception. Where users are told of those, comparisons are of the kind that is quiet,
 * which LLVM has for strict code only and does not make vectors of by itself. */
gj_v gj_fcmp(gj_gen *g, LLVMRealPredicate p, gj_v a, gj_v b)
{
	static const char *const name[] = { [LLVMRealOGT] = "ogt", [LLVMRealOGE] = "oge", [LLVMRealOLT] = "olt", [LLVMRealOLE] = "ole",
		[LLVMRealUGT] = "ugt", [LLVMRealUGE] = "uge", [LLVMRealULT] = "ult", [LLVMRealULE] = "ule" };
	const char *order = (unsigned)p < GJ_LEN(name) ? name[p] : NULL;
	if (!order || g->u->root->entry->exceptions != GJ_EXCEPTIONS_EXACT || (LLVMIsConstant(a) && LLVMIsConstant(b)))
		return LLVMBuildFCmp(g->b, p, a, b, "");
	LLVMContextRef c = g->u->ctx;
	gj_t t = LLVMTypeOf(a);
	gj_v arg[4] = { a, b, LLVMMetadataAsValue(c, LLVMMDStringInContext2(c, order, 3)),
		LLVMMetadataAsValue(c, LLVMMDStringInContext2(c, "fpexcept.ignore", 15)) };
	return gj_call(g, GJ_IN_QUIET_CMP, &t, 1, arg, 4);
}

/* What numba's fastmath means where both devices can follow: no distinction of zeros, reciprocals, contraction. */
gj_v gj_fast(gj_gen *g, gj_v x)
{
	unsigned both = LLVMFastMathNoSignedZeros | LLVMFastMathAllowReciprocal | LLVMFastMathAllowContract;
	unsigned flags = g->u->opt->fast_flags | (g->u->opt->fastmath ? both : 0);
	if (flags && LLVMIsAInstruction(x) && LLVMCanValueUseFastMathFlags(x))
		LLVMSetFastMathFlags(x, flags);
	return x;
}

gj_v gj_offset(gj_gen *g, gj_v p, int64_t bytes)
{
	if (!bytes)
		return p;
	gj_v k = LLVMConstInt(g->u->i64, (uint64_t)bytes, 1);
	return LLVMBuildGEP2(g->b, g->u->i8, p, &k, 1, "");
}

gj_v gj_load(gj_gen *g, gj_t t, gj_v p, unsigned align)
{
	gj_v x = LLVMBuildLoad2(g->b, t, p, "");
	if (align)
		LLVMSetAlignment(x, align);
	return x;
}

void gj_store(gj_gen *g, gj_v x, gj_v p, unsigned align)
{
	gj_v s = LLVMBuildStore(g->b, x, p);
	if (align)
		LLVMSetAlignment(s, align);
}

/* A call of a C function; its type follows from the operands. */
gj_v gj_extern_call(gj_gen *g, const char *name, gj_t ret, unsigned n, const gj_v *arg)
{
	gj_t type[8], ft;
	for (unsigned i = 0; i < n; i++)
		type[i] = LLVMTypeOf(arg[i]);
	ft = LLVMFunctionType(ret, type, n, 0);
	gj_v fn = LLVMGetNamedFunction(g->u->mod, name);
	if (!fn)
		fn = LLVMAddFunction(g->u->mod, name, ft);
	return LLVMBuildCall2(g->b, ft, fn, (gj_v *)arg, n, "");
}

void gj_attr(gj_unit *u, gj_v fn, unsigned index, const char *name, uint64_t value)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
	LLVMAddAttributeAtIndex(fn, index, LLVMCreateEnumAttribute(u->ctx, kind, value));
}

void gj_attr_text(gj_unit *u, gj_v fn, const char *name, const char *value)
{
	LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
		LLVMCreateStringAttribute(u->ctx, name, (unsigned)strlen(name), value, (unsigned)strlen(value)));
}
