/* How a device function of cuda.compile() looks to code that was compiled elsewhere: a visible function around the one
 * that lowering made, whose arguments are loose parts.
 *
 * In both ABIs a tuple is its items one by one, a complex number its parts, a half the structure that it is to CUDA C, an array is meminfo, parent, size, itemsize, data, shape…, strides…, and
 * None is one pointer. C's returns the result, a tuple, complex number or array as a structure. numba's writes it to the first argument
 * and returns a status, 0; void writes nothing. */
#include "emit/nvptx/nvptx.h"

#include <string.h>

typedef GJ_VEC(gj_t) types;
typedef GJ_VEC(gj_v) values;

enum { DATA = 4, SHAPE = 5 };                  /* places in an array's structure; 0 to 3: meminfo, parent, size, itemsize */

/* What a type is as a tuple; n 0: it is none. A complex number is one of its two parts. */
typedef struct items { uint32_t n; const gj_type *const *type; const gj_type *part[2]; } items;

static void items_of(const gj_type *t, items *out)
{
	*out = (items){ .n = t->kind == GJ_TUPLE ? t->n : gj_is_complex(t) ? 2 : 0, .type = t->item };
	if (!gj_is_complex(t))
		return;
	out->part[0] = out->part[1] = gj_real_type(t);
	out->type = out->part;
}

static bool is_struct(const gj_type *t) { return t->kind == GJ_TUPLE || gj_is_complex(t); }

/* -- Types --------------------------------------------------------------------------------------------------------- */

/* A number as the caller has it. */
static gj_t number(gj_unit *u, const gj_type *t)
{
	gj_t own = gj_mem_ty(u, t);
	return gj_is_half(t) ? LLVMStructTypeInContext(u->ctx, &own, 1, 0) : own;
}

static void flatten(gj_unit *u, const gj_type *t, types *out)
{
	if (is_struct(t)) {
		items all;
		items_of(t, &all);
		for (uint32_t i = 0; i < all.n; i++)
			flatten(u, all.type[i], out);
		return;
	}
	if (t->kind != GJ_ARRAY) {
		gj_push(u->arena, out, t->kind == GJ_NONE ? u->ptr : number(u, t));
		return;
	}
	for (unsigned i = 0; i < SHAPE; i++)
		gj_push(u->arena, out, i == 2 || i == 3 ? u->i64 : u->ptr);
	for (unsigned d = 0; d < 2u * t->ndim; d++)
		gj_push(u->arena, out, u->i64);
}

/* A value as one object in memory. */
static gj_t whole(gj_unit *u, const gj_type *t)
{
	if (t->kind == GJ_NONE)
		return u->ptr;
	if (t->kind == GJ_ARRAY) {
		gj_t extents = LLVMArrayType2(u->i64, t->ndim);
		return LLVMStructTypeInContext(u->ctx, (gj_t[]){ u->ptr, u->ptr, u->i64, u->i64, u->ptr, extents, extents }, 7, 0);
	}
	if (!is_struct(t))
		return number(u, t);
	items all;
	items_of(t, &all);
	gj_t *item = gj_new(u->arena, gj_t, all.n + 1);
	for (uint32_t i = 0; i < all.n; i++)
		item[i] = whole(u, all.type[i]);
	return LLVMStructTypeInContext(u->ctx, item, all.n, 0);
}

/* -- Arguments ----------------------------------------------------------------------------------------------------- */

static gj_v as_value(gj_unit *u, const gj_type *t, gj_v x)
{
	if (gj_is_half(t))
		return LLVMBuildExtractValue(u->b, x, 0, "");
	return t->kind == GJ_BOOL ? LLVMBuildICmp(u->b, LLVMIntNE, x, LLVMConstNull(u->i8), "") : x;
}

/* The strides of a contiguous array follow from its shape: what the caller passes for them is not looked at. */
static void put_strides(gj_unit *u, const gj_type *t, const gj_v *shape, const gj_v *given, values *out)
{
	gj_v stride[GJ_MAX_NDIM], next = LLVMConstInt(u->i64, t->elem->size, 0);
	for (unsigned i = 0; i < t->ndim; i++) {
		unsigned d = t->layout == 'F' ? i : t->ndim - 1u - i;
		stride[d] = t->layout == 'A' ? given[d] : next;
		next = LLVMBuildMul(u->b, next, shape[d], "");
	}
	for (unsigned d = 0; d < t->ndim; d++)
		gj_push(u->arena, out, stride[d]);
}

/* The parts of one argument, from the wrapper's parameters from *at on. */
static void unpack(gj_unit *u, const gj_type *t, gj_v fn, unsigned *at, values *out)
{
	if (is_struct(t)) {
		items all;
		items_of(t, &all);
		for (uint32_t i = 0; i < all.n; i++)
			unpack(u, all.type[i], fn, at, out);
		return;
	}
	if (t->kind != GJ_ARRAY) {
		gj_v x = LLVMGetParam(fn, (*at)++);
		if (t->kind != GJ_NONE)
			gj_push(u->arena, out, as_value(u, t, x));
		return;
	}
	gj_v part[SHAPE + 2 * GJ_MAX_NDIM];
	for (unsigned i = 0; i < SHAPE + 2u * t->ndim; i++)
		part[i] = LLVMGetParam(fn, (*at)++);
	gj_push(u->arena, out, part[DATA]);
	for (unsigned d = 0; d < t->ndim; d++)
		gj_push(u->arena, out, part[SHAPE + d]);
	put_strides(u, t, part + SHAPE, part + SHAPE + t->ndim, out);
}

/* -- The result ---------------------------------------------------------------------------------------------------- */

static gj_v insert(gj_unit *u, gj_v whole, gj_v x, unsigned i) { return LLVMBuildInsertValue(u->b, whole, x, i, ""); }

static gj_v pack_array(gj_unit *u, const gj_type *t, const gj_v *part)
{
	gj_v a = LLVMConstNull(whole(u, t)), extents[2], size = LLVMConstInt(u->i64, 1, 0);
	for (unsigned k = 0; k < 2; k++) {
		extents[k] = LLVMConstNull(LLVMArrayType2(u->i64, t->ndim));
		for (unsigned d = 0; d < t->ndim; d++)
			extents[k] = insert(u, extents[k], part[1 + k * t->ndim + d], d);
	}
	for (unsigned d = 0; d < t->ndim; d++)
		size = LLVMBuildMul(u->b, size, part[1 + d], "");
	a = insert(u, a, size, 2);
	a = insert(u, a, LLVMConstInt(u->i64, t->elem->size, 0), 3);
	a = insert(u, a, LLVMBuildAddrSpaceCast(u->b, part[0], u->ptr, ""), DATA);
	return insert(u, insert(u, a, extents[0], SHAPE), extents[1], SHAPE + 1);
}

/* A value from its parts, of which *part is moved on. */
static gj_v pack(gj_unit *u, const gj_type *t, const gj_v **part)
{
	const gj_v *p = *part;
	if (t->kind == GJ_NONE)
		return LLVMConstNull(u->ptr);
	if (t->kind == GJ_ARRAY) {
		*part += 1 + 2 * t->ndim;
		return pack_array(u, t, p);
	}
	if (!is_struct(t)) {
		++*part;
		if (gj_is_half(t))
			return LLVMBuildInsertValue(u->b, LLVMConstNull(number(u, t)), *p, 0, "");
		return t->kind == GJ_BOOL ? LLVMBuildZExt(u->b, *p, u->i8, "") : *p;
	}
	items all;
	items_of(t, &all);
	gj_v tuple = LLVMConstNull(whole(u, t));
	for (uint32_t i = 0; i < all.n; i++)
		tuple = insert(u, tuple, pack(u, all.type[i], part), i);
	return tuple;
}

static gj_v result(gj_unit *u, const gj_export *o, gj_v x)
{
	uint32_t n = u->root->nresults;
	gj_v *part = gj_new(u->arena, gj_v, n + 1);
	const gj_v *p = part;
	for (uint32_t i = 0; i < n; i++)
		part[i] = n == 1 ? x : LLVMBuildExtractValue(u->b, x, i, "");
	return pack(u, o->ret, &p);
}

/* -- The function -------------------------------------------------------------------------------------------------- */

static gj_v declare(gj_unit *u, const gj_export *o)
{
	types t = { 0 };
	bool numba = u->root->entry->abi == GJ_ABI_NUMBA;
	if (numba)
		gj_push(u->arena, &t, u->ptr);
	for (uint32_t i = 0; i < o->nargs; i++)
		flatten(u, o->arg[i], &t);
	gj_t ret = numba ? u->i32 : o->ret->kind == GJ_NONE ? u->tvoid : whole(u, o->ret);
	gj_v taken = LLVMGetNamedFunction(u->mod, o->symbol);
	if (taken)
		LLVMSetValueName2(taken, "gj_inner", 8);
	gj_v fn = LLVMAddFunction(u->mod, o->symbol, LLVMFunctionType(ret, t.p, t.n, 0));
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	if (!numba && (gj_is_bool(o->ret) || gj_is_int(o->ret)))       /* C's callers expect 32 bits at least */
		gj_attr(u, fn, LLVMAttributeReturnIndex, gj_is_signed(o->ret) ? "signext" : "zeroext", 0);
	return fn;
}

static void export(gj_unit *u, const gj_export *o)
{
	const gj_callee c = u->fns.p[0];
	bool numba = u->root->entry->abi == GJ_ABI_NUMBA;
	values arg = { 0 };
	gj_v fn = declare(u, o);
	unsigned at = numba;
	u->backend->declared(u, &(gj_callee){ .f = c.f, .fn = fn, .type = c.type });
	LLVMSetLinkage(c.fn, LLVMInternalLinkage);
	if (!u->root->callee.n)
		gj_attr(u, c.fn, (unsigned)LLVMAttributeFunctionIndex, "alwaysinline", 0);
	LLVMPositionBuilderAtEnd(u->b, LLVMAppendBasicBlockInContext(u->ctx, fn, ""));
	gj_lines_export(u, fn, o->symbol);
	for (uint32_t i = 0; i < o->nargs; i++)
		unpack(u, o->arg[i], fn, &at, &arg);
	gj_v x = LLVMBuildCall2(u->b, c.type, c.fn, arg.p, arg.n, "");
	bool none = o->ret->kind == GJ_NONE;
	if (!none)
		x = result(u, o, x);
	if (numba && !none)
		LLVMBuildStore(u->b, x, LLVMGetParam(fn, 0));
	if (numba)
		LLVMBuildRet(u->b, gj_i32(u, 0));
	else if (none)
		LLVMBuildRetVoid(u->b);
	else
		LLVMBuildRet(u->b, x);
}

void gj_nv_export(gj_unit *u)
{
	if (u->root->export)
		export(u, u->root->export);
}
