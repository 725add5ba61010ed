/* Calls of functions that are compiled elsewhere, under C's or numba's calling convention. In both a tuple is its items one by
 * one, a complex number its parts, an array is meminfo, parent, size, itemsize, data, shape…, strides…, and None one pointer
 * (nvptx/numba_abi.c is the other side). C's returns the result, numba's writes it to the first argument and returns a status. With
 * vectors the lanes call one after the other. */
#include "emit/ops.h"

#include <string.h>

enum { STACK_BYTES = 1 << 16 };                /* what a callee may need that nobody has compiled here */

typedef struct call {
	gj_gen *g;
	const gj_op *op;
	uint32_t next;                             /* operand */
	gj_v lane;                                 /* NULL: there is one */
	GJ_VEC(gj_v) arg; GJ_VEC(gj_t) type; GJ_VEC(const gj_type *) of;      /* of: small integers, NULL for the others */
} call;

/* The next operand, of the lane. */
static gj_v operand(call *c)
{
	gj_gen *g = c->g;
	gj_unit *u = g->u;
	gj_ref r = c->op->arg[c->next++];
	const gj_forms *v = &g->val[r];
	gj_v x = v->s ? v->s : LLVMBuildExtractElement(g->b, v->v, c->lane, "");
	if (!v->s || !v->stride || !c->lane)
		return x;
	gj_v step = LLVMBuildMul(g->b, LLVMBuildZExt(g->b, c->lane, u->i64, ""), LLVMConstInt(u->i64, (uint64_t)v->stride, 1), "");
	if (gj_o(g->f, r)->type->kind == GJ_PTR)
		return LLVMBuildGEP2(g->b, u->i8, x, &step, 1, "");
	return LLVMBuildAdd(g->b, x, LLVMBuildTrunc(g->b, step, LLVMTypeOf(x), ""), "");
}

static void push(call *c, gj_v x, const gj_type *small)
{
	gj_arena *a = c->g->u->arena;
	gj_push(a, &c->arg, x);
	gj_push(a, &c->type, LLVMTypeOf(x));
	gj_push(a, &c->of, small && (gj_is_int(small) || gj_is_bool(small)) && small->size < 4 ? small : NULL);
}

static void push_array(call *c, const gj_type *t, unsigned ndim)
{
	gj_unit *u = c->g->u;
	gj_v data = operand(c), extent[2 * GJ_MAX_NDIM], size = LLVMConstInt(u->i64, 1, 0);
	for (unsigned d = 0; d < 2 * ndim; d++)
		extent[d] = operand(c);
	for (unsigned d = 0; d < ndim; d++)
		size = LLVMBuildMul(c->g->b, size, extent[d], "");
	push(c, LLVMConstNull(u->ptr), NULL);
	push(c, LLVMConstNull(u->ptr), NULL);
	push(c, size, NULL);
	push(c, LLVMConstInt(u->i64, t->elem->size, 0), NULL);
	push(c, data, NULL);
	for (unsigned d = 0; d < 2 * ndim; d++)
		push(c, extent[d], NULL);
}

static void push_value(call *c, const gj_type *t)
{
	gj_unit *u = c->g->u;
	if (t == gj_t_none) {
		push(c, LLVMConstNull(u->ptr), NULL);
		return;
	}
	if (t->kind == GJ_ARRAY) {
		push_array(c, t, t->ndim);
		return;
	}
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		push_value(c, t->item[i]);
	for (uint32_t i = 0, n = t->kind == GJ_TUPLE ? 0 : gj_parts(t); i < n; i++) {
		gj_v x = operand(c);
		push(c, gj_is_bool(t) ? LLVMBuildZExt(c->g->b, x, u->i8, "") : x, t);
	}
}

static LLVMAttributeRef attribute(const gj_unit *u, const char *name)
{
	return LLVMCreateEnumAttribute(u->ctx, LLVMGetEnumAttributeKindForName(name, strlen(name)), 0);
}

/* C's callers and callees expect small integers in 32 bits. */
static void extend(gj_gen *g, gj_v site, unsigned index, const gj_type *t)
{
	LLVMAttributeRef a = attribute(g->u, gj_is_signed(t) ? "signext" : "zeroext");
	LLVMAddCallSiteAttribute(site, index, a);
	if (LLVMIsAFunction(LLVMGetCalledValue(site)))
		LLVMAddAttributeAtIndex(LLVMGetCalledValue(site), index, a);
}

/* By its symbol, or where it is. */
static gj_v callee(gj_gen *g, const gj_obj *extern_, gj_t type)
{
	gj_unit *u = g->u;
	const char *name = extern_->code->name;
	if (extern_->at)
		return LLVMConstIntToPtr(LLVMConstInt(u->i64, extern_->at, 0), u->ptr);
	gj_v fn = LLVMGetNamedFunction(u->mod, name);
	if (fn)
		return fn;
	fn = LLVMAddFunction(u->mod, name, type);
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	if (extern_->i >= GJ_EXTERN_RANDOM)
		u->backend->random_function(u, fn);
	return fn;
}

static void one(gj_gen *g, const gj_op *o, gj_v lane)
{
	gj_unit *u = g->u;
	const gj_declared *sig = o->imm.obj->code->declared;
	gj_extern_abi abi = (gj_extern_abi)o->imm.obj->i;
	bool c_abi = abi != GJ_EXTERN_NUMBA, result = sig->ret != gj_t_none;
	call c = { .g = g, .op = o, .lane = lane };
	gj_v slot = result ? operand(&c) : LLVMConstNull(u->ptr);
	if (!c_abi)
		push(&c, slot, NULL);
	if (abi >= GJ_EXTERN_RANDOM)
		push(&c, u->backend->random(g, abi - GJ_EXTERN_RANDOM), NULL);
	for (int i = 0; i < sig->n; i++)
		push_value(&c, sig->arg[i]);
	gj_t ret = !c_abi ? u->i32 : result ? gj_mem_ty(u, sig->ret) : u->tvoid;
	gj_t type = LLVMFunctionType(ret, c.type.p, c.type.n, 0);
	gj_v x = LLVMBuildCall2(g->b, type, callee(g, o->imm.obj, type), c.arg.p, c.arg.n, "");
	LLVMAddCallSiteAttribute(x, (unsigned)LLVMAttributeFunctionIndex, attribute(u, "nounwind"));
	for (uint32_t i = 0; i < c.of.n; i++)
		if (c.of.p[i])
			extend(g, x, 1 + i, c.of.p[i]);
	if (c_abi && result && (gj_is_int(sig->ret) || gj_is_bool(sig->ret)) && sig->ret->size < 4)
		extend(g, x, LLVMAttributeReturnIndex, sig->ret);
	if (c_abi && result)
		gj_store(g, x, slot, 0);
}

gj_v gj_do_extern(gj_gen *g, const gj_op *o)
{
	g->u->stack_bytes += g->u->calls_out ? 0 : STACK_BYTES;
	g->u->calls_out = true;
	if (!g->u->vector) {
		one(g, o, NULL);
		return NULL;
	}
	gj_lanes l = gj_lanes_begin(g, gj_mask_of(g, o));
	one(g, o, l.lane);
	gj_lanes_end(g, &l);
	return NULL;
}
