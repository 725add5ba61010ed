/* Math on the CPU: glibc's vector functions (libmvec) where the row has one and the host's glibc too, else libm, lane
 * by lane at width 32. Functions for the host call libm and say what LLVM may call where it makes vectors. Which functions exist is asked of the library itself, so an old glibc only means slower code. */
#include "emit/cpu/cpu.h"

#include <stdio.h>
#include <string.h>

/* The vector ABI's letter of the widest registers that `most` bytes fill, and how many bytes they hold. */
static char vector_class(unsigned most, unsigned *bytes)
{
	*bytes = gj_host_vector_bytes();
	while (*bytes > 16 && *bytes > most)
		*bytes /= 2;
	return *bytes == 64 ? 'e' : *bytes == 32 ? 'd' : 'b';
}

/* Lanes that are off get an argument that is easy everywhere: special ones take the libraries' slow way. */
static gj_v calmed(gj_gen *g, const gj_op *o, int row, gj_v x)
{
	if (!o->mask)
		return x;
	return gj_select(g, gj_mask_of(g, o), x, gj_kfp(LLVMTypeOf(x), row == GJ_MATH_ACOSH ? 1.5 : 0.5));
}

/* x in registers of the vector function's width, one call each, put together again. */
static gj_v in_pieces(gj_gen *g, const gj_v *x, unsigned n, const char *name, unsigned lanes)
{
	gj_v part[16], piece[2];
	gj_t t = LLVMVectorType(gj_elem_ty(LLVMTypeOf(x[0])), lanes);
	unsigned count = g->u->lanes / lanes;
	for (unsigned k = 0; k < count; k++) {
		for (unsigned i = 0; i < n; i++)
			piece[i] = gj_lanes_of(g, x[i], NULL, k * lanes, lanes);
		part[k] = gj_extern_call(g, name, t, n, piece);
	}
	return gj_joined(g, part, count);
}

/* Functions of our own for vectors of float64 (run/cpu/vector_math.c). */
static const char *const own_name[GJ_NMATH] = { [GJ_MATH_EXP] = "gj_rt_exp", [GJ_MATH_LOG] = "gj_rt_log", [GJ_MATH_ERF] = "gj_rt_erf" };
enum { OWN_LANES = 8 };

static bool has_own(const gj_gen *g, int row, gj_t t)
{
	return own_name[row] && gj_elem_ty(t) == g->u->f64 && g->u->lanes % OWN_LANES == 0 && gj_host_has("avx512f") && gj_host_has("avx512dq");
}

/* The lanes of x at once, through memory. */
static gj_v by_own(gj_gen *g, int row, gj_v x)
{
	gj_t t = LLVMTypeOf(x);
	gj_v slot = LLVMBuildAlloca(g->b, t, "");
	LLVMSetAlignment(slot, 64);
	gj_store(g, x, slot, 64);
	gj_extern_call(g, own_name[row], g->u->tvoid, 2, (gj_v[]){ slot, gj_i32(g->u, g->u->lanes / OWN_LANES) });
	return gj_load(g, t, slot, 64);
}

/* A function for all lanes: no vector register survives a call, so the caller saves what it holds once and not once for each
 * piece. */
static gj_v whole_warp(gj_gen *g, int row, gj_t t, unsigned n, const char *name, unsigned lanes)
{
	char own[80];
	gj_t type[2] = { t, t };
	snprintf(own, sizeof own, "gj_warp_%s", name);
	gj_v fn = LLVMGetNamedFunction(g->u->mod, own), x[2];
	if (fn)
		return fn;
	LLVMBasicBlockRef from = LLVMGetInsertBlock(g->b);
	fn = LLVMAddFunction(g->u->mod, own, LLVMFunctionType(t, type, n, 0));
	LLVMSetLinkage(fn, LLVMInternalLinkage);
	gj_attr(g->u, fn, (unsigned)LLVMAttributeFunctionIndex, "noinline", 0);
	LLVMPositionBuilderAtEnd(g->b, LLVMAppendBasicBlockInContext(g->u->ctx, fn, ""));
	for (unsigned i = 0; i < n; i++)
		x[i] = LLVMGetParam(fn, i);
	LLVMBuildRet(g->b, has_own(g, row, t) ? by_own(g, row, x[0]) : in_pieces(g, x, n, name, lanes));
	LLVMPositionBuilderAtEnd(g->b, from);
	return fn;
}

static gj_v by_libmvec(gj_gen *g, const gj_op *o, int row, const gj_v *arg, unsigned n, const char *name,
	unsigned lanes)
{
	gj_v x[2];
	gj_t t = LLVMTypeOf(arg[0]), type[2] = { t, t };
	for (unsigned i = 0; i < n; i++)
		x[i] = calmed(g, o, row, arg[i]);
	return LLVMBuildCall2(g->b, LLVMFunctionType(t, type, n, 0), whole_warp(g, row, t, n, name, lanes), x, n, "");
}

/* t: a vector of the results. */
static gj_v by_lanes(gj_gen *g, const gj_op *o, gj_t t, const gj_v *arg, unsigned n, const char *name)
{
	gj_v slot[4], x[4], out = gj_spill(g, LLVMConstNull(t));
	for (unsigned i = 0; i < n; i++)
		slot[i] = gj_spill(g, arg[i]);
	gj_lanes l = gj_lanes_begin(g, gj_mask_of(g, o));
	for (unsigned i = 0; i < n; i++)
		x[i] = gj_lane_get(g, slot[i], gj_elem_ty(LLVMTypeOf(arg[i])), l.lane);
	gj_lane_set(g, out, gj_extern_call(g, name, gj_elem_ty(t), n, x), l.lane);
	gj_lanes_end(g, &l);
	return gj_load(g, t, out, 64);
}

/* -- Scalars, of which LLVM may make vectors ------------------------------------------------------------------------------ */

/* Tells LLVM's loop vectoriser by which functions of libmvec it may replace several calls: by their names in the vector ABI. */
static void offer_vectors(gj_gen *g, gj_v call, const gj_math_info *m, unsigned n, bool single)
{
	gj_unit *u = g->u;
	char text[512], name[64];
	size_t at = 0;
	for (unsigned bytes = 16; bytes <= gj_host_vector_bytes(); bytes *= 2) {
		unsigned lanes = bytes / (single ? 4 : 8);
		gj_t t = LLVMVectorType(single ? u->f32 : u->f64, lanes), type[2] = { t, t };
		snprintf(name, sizeof name, "_ZGV%cN%u%s_%s%s", bytes == 64 ? 'e' : bytes == 32 ? 'd' : 'b', lanes, n == 2 ? "vv" : "v", m->stem, single ? "f" : "");
		if (!gj_host_has_libmvec(name))
			continue;
		if (!LLVMGetNamedFunction(u->mod, name))
			LLVMAddFunction(u->mod, name, LLVMFunctionType(t, type, n, 0));
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s(%s)", at ? "," : "", name, name);
	}
	if (at)
		LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
			LLVMCreateStringAttribute(u->ctx, "vector-function-abi-variant", 27, text, (unsigned)at));
}

/* A call that only computes: nobody asks for errno. */
static gj_v call_scalar(gj_gen *g, const gj_math_info *m, gj_t t, unsigned n, const gj_v *arg, const char *name, bool single)
{
	static const char *const pure[] = { "nounwind", "willreturn", "memory" };
	gj_v call = gj_extern_call(g, name, t, n, arg);
	if (!gj_entry_is_host(g->u->root->entry))
		return call;
	for (unsigned i = 0; i < 3; i++) {
		unsigned kind = LLVMGetEnumAttributeKindForName(pure[i], strlen(pure[i]));
		LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(g->u->ctx, kind, 0));
	}
	if (m->libmvec && !g->u->opt->libm_exact && g->u->opt->opt)
		offer_vectors(g, call, m, n, single);
	return call;
}

void gj_keep_vector_math(gj_unit *u)
{
	GJ_VEC(gj_v) kept = { 0 };
	for (gj_v f = LLVMGetFirstFunction(u->mod); f; f = LLVMGetNextFunction(f)) {
		size_t n;
		if (!strncmp(LLVMGetValueName2(f, &n), "_ZGV", 4))
			gj_push(u->arena, &kept, f);
	}
	if (!kept.n)
		return;
	gj_t t = LLVMArrayType2(u->ptr, kept.n);
	gj_v all = LLVMAddGlobal(u->mod, t, "llvm.compiler.used");
	LLVMSetInitializer(all, LLVMConstArray2(u->ptr, kept.p, kept.n));
	LLVMSetLinkage(all, LLVMAppendingLinkage);
	LLVMSetSection(all, "llvm.metadata");
}

gj_v gj_cpu_library(gj_gen *g, const gj_op *o, int row, const gj_v *arg, unsigned n)
{
	char name[64];
	gj_t t = LLVMTypeOf(arg[0]);
	bool single = gj_elem_ty(t) == g->u->f32;
	const gj_math_info *m = &gj_math_info_of[row];
	if (gj_is_vec(t) && m->libmvec && !g->u->opt->libm_exact) {
		unsigned bytes, size = single ? 4 : 8;
		char letter = vector_class(g->u->lanes * size, &bytes);
		unsigned lanes = bytes / size;
		snprintf(name, sizeof name, "_ZGV%cN%u%s_%s%s", letter, lanes, n == 2 ? "vv" : "v", m->stem, single ? "f" : "");
		if (gj_host_has_libmvec(name))
			return by_libmvec(g, o, row, arg, n, name, lanes);
	}
	snprintf(name, sizeof name, "%s%s", m->stem, single ? "f" : "");
	return gj_is_vec(t) ? by_lanes(g, o, t, arg, n, name) : call_scalar(g, m, t, n, arg, name, single);
}

/* As a row of math.def where it is one; remquo's second result has no row. */
gj_v gj_cpu_libcall(gj_gen *g, const gj_op *o)
{
	char name[64];
	gj_v arg[4];
	const gj_libdevice_row *row = &gj_libdevice_rows[o->imm.i];
	gj_t t = gj_tyw(g, o->type);
	for (unsigned i = 0; i < o->nargs; i++)
		arg[i] = gj_idle_apart(g, o, gj_arg(g, o, i));
	if (row->value >= 0 && !o->sub)
		return gj_math_row(g, o, row->value, arg, o->nargs);
	snprintf(name, sizeof name, "gj_nv_%s", row->name);
	return gj_is_vec(t) ? by_lanes(g, o, t, arg, o->nargs, name) : gj_extern_call(g, name, t, o->nargs, arg);
}
