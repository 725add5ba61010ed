/* The NVPTX target: PTX text for a compute capability and the driver's PTX version. What LLVM would die of is refused
 * here first. */
#include "emit/nvptx/nvptx.h"
#include "image/barrier.h"

#include <llvm-c/Target.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- Architectures ------------------------------------------------------------------------------------------------- */

/* Ascending; ptx: the least version; llvm: the first that knows it. */
static const struct { uint8_t cc, ptx, llvm; } archs[] = {
	{ 50, 60, 19 }, { 52, 60, 19 }, { 53, 60, 19 }, { 60, 60, 19 }, { 61, 60, 19 }, { 62, 60, 19 }, { 70, 60, 19 },
	{ 72, 61, 19 }, { 75, 63, 19 }, { 80, 70, 19 }, { 86, 71, 19 }, { 87, 74, 19 }, { 88, 90, 22 }, { 89, 78, 19 },
	{ 90, 78, 19 }, { 100, 86, 20 }, { 101, 86, 20 }, { 103, 88, 22 }, { 110, 90, 22 }, { 120, 87, 20 },
	{ 121, 88, 22 },
};
static const uint8_t versions[] = {
	60, 61, 63, 64, 65, 70, 71, 72, 73, 74, 75, 76, 77, 78, 80, 81, 82, 83, 84, 85,
#if LLVM_VERSION_MAJOR >= 20
	86, 87,
#endif
#if LLVM_VERSION_MAJOR >= 22
	88, 90,
#endif
};

static int known(int cc)
{
	for (unsigned i = 0; i < GJ_LEN(archs); i++)
		if (archs[i].cc == cc && archs[i].llvm <= LLVM_VERSION_MAJOR)
			return archs[i].ptx;
	return 0;
}

int gj_ptx_minimum(int cc_major, int cc_minor)
{
	return known(cc_major * 10 + cc_minor);
}

/* The newest architecture that LLVM knows and whose PTX runs on this one. */
static int nearest(int cc)
{
	int best = 0;
	for (unsigned i = 0; i < GJ_LEN(archs); i++)
		if (archs[i].cc <= cc && archs[i].llvm <= LLVM_VERSION_MAJOR)
			best = archs[i].cc;
	return best;
}

static int version_for(int wanted, int least)
{
	int best = least;
	for (unsigned i = 0; i < GJ_LEN(versions); i++)
		if (versions[i] <= wanted && versions[i] > best)
			best = versions[i];
	return best;
}

static void spaces(gj_unit *u);

static void nv_start(void)
{
	LLVMInitializeNVPTXTargetInfo();
	LLVMInitializeNVPTXTarget();
	LLVMInitializeNVPTXTargetMC();
	LLVMInitializeNVPTXAsmPrinter();
}

static void nv_open(gj_unit *u)
{
	char cpu[16], feature[16];
	const gj_options *o = u->opt;
	int cc = nearest(o->cc.major * 10 + o->cc.minor), least = known(cc);
	if (!cc)
		gj_fail(u->root, 0, GJ_ERR_GPU_TOO_OLD, o->cc.major, o->cc.minor);
	if (o->ptx_version && (int)o->ptx_version < least)
		gj_fail(u->root, 0, GJ_ERR_DRIVER_TOO_OLD, least / 10, least % 10, cc, o->ptx_version / 10,
			o->ptx_version % 10);
	snprintf(cpu, sizeof cpu, "sm_%d", cc);
	snprintf(feature, sizeof feature, "+ptx%d", version_for((int)o->ptx_version, least));
	u->tm = gj_machine("nvptx64-nvidia-cuda", cpu, feature, o->opt);
	if (!u->tm)
		gj_fail(u->root, 0, GJ_ERR_INTERNAL, "this LLVM was built without NVPTX");
	spaces(u);
}

/* -- Address spaces ------------------------------------------------------------------------------------------------ */

enum { AS_GENERIC = 0, AS_GLOBAL = GJ_NV_GLOBAL, AS_SHARED = 3, AS_CONSTANT = 4, CONSTANT_BYTES = 65536 };

/* Calls visit for every op of every function of the module. */
static void each_op(gj_unit *u, void (*visit)(gj_unit *, const gj_op *, uint64_t *), uint64_t *sum)
{
	for (uint32_t i = 0; i <= u->root->callee.n; i++) {
		const gj_fn *f = i ? u->root->callee.p[i - 1] : u->root;
		GJ_EACH_OP(f, b, r)
			visit(u, gj_o(f, r), sum);
	}
}

static void add_frozen(gj_unit *u, const gj_op *o, uint64_t *bytes)
{
	(void)u;
	if (o->op == GJ_CONSTMEM)
		*bytes += (uint64_t)o->imm.obj->nbytes;
}

static int by_offset(const void *a, const void *b)
{
	int64_t x = ((const gj_global *)a)->at, y = ((const gj_global *)b)->at;
	return (x > y) - (x < y);
}

static void note_shared(gj_unit *u, const gj_op *o, uint64_t *sum)
{
	(void)sum;
	if (o->op != GJ_SHAREDMEM)
		return;
	for (uint32_t i = 0; i < u->globals.n; i++)
		if (u->globals.p[i].at == o->imm.i)
			return;
	gj_push(u->arena, &u->globals, ((gj_global){ NULL, o->imm.i, NULL }));
}

/* Frozen arrays go to constant memory while they fit. Static shared memory becomes one global an array, so that LLVM
 * knows that they do not overlap: an array ends where the next one begins. */
static void spaces(gj_unit *u)
{
	uint64_t frozen = 0;
	each_op(u, add_frozen, &frozen);
	u->space[GJ_GLOBAL] = AS_GLOBAL;
	u->space[GJ_SHARED] = AS_SHARED;
	u->space[GJ_LOCAL] = u->space[GJ_GENERIC] = AS_GENERIC;
	u->space[GJ_CONSTANT] = frozen > CONSTANT_BYTES ? AS_GLOBAL : AS_CONSTANT;
	each_op(u, note_shared, NULL);
	if (u->globals.n)
		qsort(u->globals.p, u->globals.n, sizeof *u->globals.p, by_offset);
	for (uint32_t i = 0; i < u->globals.n; i++) {
		gj_global *s = &u->globals.p[i];
		int64_t end = i + 1 < u->globals.n ? s[1].at : (int64_t)u->root->shared_bytes;
		gj_t t = LLVMArrayType2(u->i8, s->at < 0 ? 0 : (uint64_t)(end - s->at));
		const char *name = s->at < 0 ? "gj_dynamic" : gj_printf(u->arena, "gj_shared_%u", (unsigned)s->at);
		s->global = LLVMAddGlobalInAddressSpace(u->mod, t, name, AS_SHARED);
		unsigned place = s->at > 0 ? (unsigned)(s->at & -s->at) : 128;
		LLVMSetAlignment(s->global, place < 16 ? 16 : place > 128 ? 128 : place);
		if (s->at < 0)
			continue;
		LLVMSetLinkage(s->global, LLVMInternalLinkage);
		LLVMSetInitializer(s->global, LLVMGetPoison(t));
	}
}

static gj_v nv_sharedmem(gj_gen *g, const gj_op *o)
{
	for (uint32_t i = 0; i < g->u->globals.n; i++)
		if (!g->u->globals.p[i].key && g->u->globals.p[i].at == o->imm.i)
			return g->u->globals.p[i].global;
	return NULL;
}

/* -- Functions ----------------------------------------------------------------------------------------------------- */

enum { PTX_KERNEL = 71 };

/* LLVM up to some version between 19 and 22 reads launch bounds from module metadata, later ones from attributes. */
static void bound(gj_unit *u, gj_v fn, const char *old, const char *name, uint32_t value)
{
	if (!value)
		return;
	gj_attr_text(u, fn, name, gj_printf(u->arena, "%u", value));
	LLVMMetadataRef md[3] = {
		LLVMValueAsMetadata(fn), LLVMMDStringInContext2(u->ctx, old, strlen(old)), LLVMValueAsMetadata(gj_i32(u, value))
	};
	LLVMMetadataRef node = LLVMMDNodeInContext2(u->ctx, md, 3);
	if (LLVM_VERSION_MAJOR < 21)
		LLVMAddNamedMetadataOperand(u->mod, "nvvm.annotations", LLVMMetadataAsValue(u->ctx, node));
}

static void range_attr(gj_unit *u, gj_v fn, unsigned at, uint64_t least, uint64_t above)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("range", 5);
	LLVMAddAttributeAtIndex(fn, at, LLVMCreateConstantRangeAttribute(u->ctx, kind, 32, &least, &above));
}

static void kernel_attrs(gj_unit *u, const gj_callee *c)
{
	unsigned at = 1;
	LLVMSetFunctionCallConv(c->fn, PTX_KERNEL);
	bound(u, c->fn, "maxntidx", "nvvm.maxntid", u->opt->launch_bounds.threads);
	bound(u, c->fn, "minctasm", "nvvm.minctasm", u->opt->launch_bounds.blocks);
	bound(u, c->fn, "maxnreg", "nvvm.maxnreg", u->opt->max_registers);
	bound(u, c->fn, "maxclusterrank", "nvvm.maxclusterrank", u->opt->launch_bounds.cluster);
	for (uint32_t i = 0; i < c->f->param.n; i++) {
		const gj_fnparam *p = &c->f->param.p[i];
		if (!u->param_used[i])
			continue;
		if (p->field == GJ_FIELD_DATA) {
			unsigned align = u->opt->facts & GJ_FACT_ALIGN16 ? 16 : gj_known_align(p->type);
			gj_attr(u, c->fn, at, "align", align);
			if (gj_param_alone(c->f, p))
				gj_attr(u, c->fn, at, "noalias", 0);
		}
		if (p->field == GJ_FIELD_SHAPE && (u->opt->facts & GJ_FACT_IDX32))
			range_attr(u, c->fn, at, 0, 1ull << 31);
		at++;
	}
}

static void nv_declared(gj_unit *u, const gj_callee *c)
{
	unsigned fn = (unsigned)LLVMAttributeFunctionIndex;
	gj_attr(u, c->fn, fn, "convergent", 0);
	if (u->opt->fastmath)
		gj_attr_text(u, c->fn, "denormal-fp-math-f32", "preserve-sign,preserve-sign");
	if (c->f->entry->runner != GJ_RUN_CALLER)
		kernel_attrs(u, c);
	else if (c->f != u->root)
		LLVMSetLinkage(c->fn, LLVMInternalLinkage);
}

static void nv_begin(gj_gen *g) { (void)g; }

static void nv_end(gj_gen *g)
{
	gj_at(g, g->entry);
	LLVMBuildBr(g->b, g->first[0]);
}

/* -- Special registers --------------------------------------------------------------------------------------------- */

/* The intrinsic of each register and its values: from .least to below .above. */
static const struct { int in; uint32_t least, above; } sregs[GJ_NSREGS] = {
	[GJ_TID_X] = { GJ_IN_NV_TID_X, 0, 1024 },
	[GJ_TID_Y] = { GJ_IN_NV_TID_Y, 0, 1024 },
	[GJ_TID_Z] = { GJ_IN_NV_TID_Z, 0, 64 },
	[GJ_CTAID_X] = { GJ_IN_NV_CTAID_X, 0, 0x7fffffff },
	[GJ_CTAID_Y] = { GJ_IN_NV_CTAID_Y, 0, 65535 },
	[GJ_CTAID_Z] = { GJ_IN_NV_CTAID_Z, 0, 65535 },
	[GJ_NTID_X] = { GJ_IN_NV_NTID_X, 1, 1025 },
	[GJ_NTID_Y] = { GJ_IN_NV_NTID_Y, 1, 1025 },
	[GJ_NTID_Z] = { GJ_IN_NV_NTID_Z, 1, 65 },
	[GJ_NCTAID_X] = { GJ_IN_NV_NCTAID_X, 1, 0x80000000 },
	[GJ_NCTAID_Y] = { GJ_IN_NV_NCTAID_Y, 1, 65536 },
	[GJ_NCTAID_Z] = { GJ_IN_NV_NCTAID_Z, 1, 65536 },
	[GJ_LANEID] = { GJ_IN_NV_LANEID, 0, 32 },
	[GJ_LANEMASK_LT] = { GJ_IN_NV_LANEMASK_LT, 0, 0 },
	[GJ_WARPSIZE] = { -1, 0, 0 }, [GJ_DYNSHARED] = { -1, 0, 0 }, [GJ_THREAD_ID] = { -1, 0, 0 }, [GJ_THREADS] = { -1, 0, 0 },
};

static gj_v nv_sreg(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	if (o->imm.i == GJ_WARPSIZE)
		return gj_i32(u, GJ_LANES);
	if (o->imm.i == GJ_DYNSHARED) {
		gj_t t = LLVMFunctionType(u->i32, NULL, 0, 0);
		return LLVMBuildCall2(g->b, t, gj_inline_asm(t, "mov.u32 $0, %dynamic_smem_size;", "=r", false), NULL, 0, "");
	}
	gj_v x = gj_plain(g, (gj_llvm_intrin)sregs[o->imm.i].in, 0, NULL);
	if (sregs[o->imm.i].above) {
		LLVMMetadataRef md[2] = {
			LLVMValueAsMetadata(gj_i32(u, sregs[o->imm.i].least)), LLVMValueAsMetadata(gj_i32(u, sregs[o->imm.i].above))
		};
		LLVMSetMetadata(x, LLVMGetMDKindIDInContext(u->ctx, "range", 5),
			LLVMMetadataAsValue(u->ctx, LLVMMDNodeInContext2(u->ctx, md, 2)));
	}
	return x;
}

/* -- Barriers and warp operations ---------------------------------------------------------------------------------- */

/* Waits for all blocks: the first thread of each adds 1 to a counter of the launch, that of the first block so much that
 * its top bit turns when all have come. A cooperative launch has such a counter, 4 bytes behind the address that the driver
 * gives in envreg1 (high) and envreg2 (low), as CUDA's cooperative_groups have it. */
static void grid_barrier(gj_gen *g)
{
	static const char text[] =
		"{\n"
		".reg .pred %p;\n.reg .b32 %x, %y, %n;\n.reg .b64 %at;\n"
		"bar.sync 0;\n"
		"mov.u32 %x, %tid.x;\nmov.u32 %y, %tid.y;\nor.b32 %x, %x, %y;\nmov.u32 %y, %tid.z;\nor.b32 %x, %x, %y;\n"
		"setp.ne.u32 %p, %x, 0;\n@%p bra all;\n"
		"mov.u32 %x, %envreg1;\nmov.u32 %y, %envreg2;\nmov.b64 %at, {%y, %x};\n"
		"mov.u32 %n, %nctaid.x;\nmov.u32 %y, %nctaid.y;\nmul.lo.u32 %n, %n, %y;\n"
		"mov.u32 %y, %nctaid.z;\nmul.lo.u32 %n, %n, %y;\nsub.u32 %n, 0x80000001, %n;\n"
		"mov.u32 %x, %ctaid.x;\nmov.u32 %y, %ctaid.y;\nor.b32 %x, %x, %y;\nmov.u32 %y, %ctaid.z;\nor.b32 %x, %x, %y;\n"
		"setp.eq.u32 %p, %x, 0;\nselp.b32 %n, %n, 1, %p;\n"
		"membar.gl;\natom.add.u32 %n, [%at+4], %n;\n"
		"wait:\nld.volatile.u32 %x, [%at+4];\nxor.b32 %x, %x, %n;\nsetp.ge.s32 %p, %x, 0;\n@%p bra wait;\n"
		"membar.gl;\n"
		"all:\nbar.sync 0;\n"
		"}";
	gj_unit *u = g->u;
	gj_t type = LLVMFunctionType(u->tvoid, NULL, 0, 0);
	gj_v call = LLVMBuildCall2(g->b, type, gj_inline_asm(type, text, "~{memory}", true), NULL, 0, "");
	unsigned kind = LLVMGetEnumAttributeKindForName("convergent", 10);
	LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(u->ctx, kind, 0));
}

/* The names of LLVM 22 take the barrier's number and a bit; those of 19 one 32-bit word, and give one. */
static gj_v nv_barrier(gj_gen *g, const gj_op *o)
{
	static const gj_llvm_intrin row[] = { GJ_IN_NV_BAR, GJ_IN_NV_BAR_POPC, GJ_IN_NV_BAR_AND, GJ_IN_NV_BAR_OR };
	gj_unit *u = g->u;
	if (o->sub == GJ_BAR_GRID)
		return grid_barrier(g), NULL;
	bool new = gj_intrin_new(u, row[o->sub]);
	gj_v zero = gj_i32(u, 0);
	if (o->sub == GJ_BAR_SYNC) {
		gj_plain(g, GJ_IN_NV_BAR, new ? 1 : 0, &zero);
		return NULL;
	}
	gj_v p = gj_sc(g, o->arg[0]);
	gj_v x = new ? gj_plain(g, row[o->sub], 2, (gj_v[]){ zero, p })
	             : gj_plain(g, row[o->sub], 1, (gj_v[]){ LLVMBuildZExt(g->b, p, u->i32, "") });
	return LLVMTypeOf(x) == u->i1 ? LLVMBuildZExt(g->b, x, u->i32, "") : x;
}

static gj_v nv_syncwarp(gj_gen *g, const gj_op *o)
{
	gj_v mask = gj_sc(g, o->arg[0]);
	gj_plain(g, GJ_IN_NV_SYNCWARP, 1, &mask);
	return NULL;
}

static gj_v nv_fence(gj_gen *g, const gj_op *o)
{
	static const gj_llvm_intrin row[] = { GJ_IN_NV_MEMBAR_CTA, GJ_IN_NV_MEMBAR_GL, GJ_IN_NV_MEMBAR_SYS };
	gj_plain(g, row[o->sub], 0, NULL);
	return NULL;
}

static gj_v nv_nanosleep(gj_gen *g, const gj_op *o)
{
	gj_v ns = gj_sc(g, o->arg[0]);
	gj_plain(g, GJ_IN_NV_NANOSLEEP, 1, &ns);
	return NULL;
}

static gj_v nv_breakpoint(gj_gen *g, const gj_op *o)
{
	gj_t t = LLVMFunctionType(g->u->tvoid, NULL, 0, 0);
	(void)o;
	LLVMBuildCall2(g->b, t, gj_inline_asm(t, "brkpt;", "", true), NULL, 0, "");
	return NULL;
}

/* A value as an integer of 32 or 64 bits. */
static gj_v as_word(gj_gen *g, gj_v x)
{
	gj_unit *u = g->u;
	x = LLVMBuildBitCast(g->b, x, gj_bits_ty(u, LLVMTypeOf(x)), "");
	return LLVMTypeOf(x) == u->i64 ? x : LLVMBuildIntCast2(g->b, x, u->i32, 0, "");
}

static gj_v from_word(gj_gen *g, gj_v x, gj_t t)
{
	return LLVMBuildBitCast(g->b, LLVMBuildIntCast2(g->b, x, gj_bits_ty(g->u, t), 0, ""), t, "");
}

static gj_v shuffle_word(gj_gen *g, const gj_op *o, gj_v x)
{
	static const gj_llvm_intrin row[] = { GJ_IN_NV_SHFL_IDX, GJ_IN_NV_SHFL_UP, GJ_IN_NV_SHFL_DOWN, GJ_IN_NV_SHFL_XOR };
	gj_v arg[4] = { gj_sc(g, o->arg[0]), x, gj_sc(g, o->arg[2]), gj_i32(g->u, o->sub == 1 ? 0 : 31) };
	return gj_plain(g, row[o->sub], 4, arg);
}

static gj_v nv_shfl(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	gj_v x = gj_sc(g, o->arg[1]);
	gj_t t = LLVMTypeOf(x);
	x = as_word(g, x);
	if (LLVMTypeOf(x) == u->i32)
		return from_word(g, shuffle_word(g, o, x), t);
	gj_v half = LLVMConstInt(u->i64, 32, 0), high = LLVMBuildTrunc(g->b, LLVMBuildLShr(g->b, x, half, ""), u->i32, "");
	gj_v low = shuffle_word(g, o, LLVMBuildTrunc(g->b, x, u->i32, ""));
	high = LLVMBuildZExt(g->b, shuffle_word(g, o, high), u->i64, "");
	x = LLVMBuildOr(g->b, LLVMBuildShl(g->b, high, half, ""), LLVMBuildZExt(g->b, low, u->i64, ""), "");
	return LLVMBuildBitCast(g->b, x, t, "");
}

static gj_v nv_vote(gj_gen *g, const gj_op *o)
{
	static const gj_llvm_intrin row[] = { GJ_IN_NV_ALL, GJ_IN_NV_ANY, GJ_IN_NV_UNI, GJ_IN_NV_BALLOT };
	return gj_plain(g, row[o->sub], 2, (gj_v[]){ gj_sc(g, o->arg[0]), gj_sc(g, o->arg[1]) });
}

static gj_v nv_match(gj_gen *g, const gj_op *o)
{
	static const gj_llvm_intrin row[2][2] = {
		{ GJ_IN_NV_MATCH32, GJ_IN_NV_MATCH64 }, { GJ_IN_NV_MATCHALL32, GJ_IN_NV_MATCHALL64 }
	};
	gj_v x = as_word(g, gj_sc(g, o->arg[1]));
	x = gj_plain(g, row[o->sub][LLVMTypeOf(x) == g->u->i64], 2, (gj_v[]){ gj_sc(g, o->arg[0]), x });
	return o->sub ? LLVMBuildExtractValue(g->b, x, 0, "") : x;
}

static gj_v nv_activemask(gj_gen *g, const gj_op *o)
{
	(void)o;
	return gj_plain(g, GJ_IN_NV_ACTIVEMASK, 0, NULL);
}

/* -- Memory and arithmetic of its own ------------------------------------------------------------------------------ */

/* PTX's cache operators by gj_hint; loads and stores have their own. */
static const char *const hint_name[GJ_NHINTS] = { "", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "" };

static const char *suffix_of(gj_unit *u, gj_t t, char *letter)
{
	*letter = t == u->f64 ? 'd' : t == u->f32 ? 'f' : t == u->i64 ? 'l' : t == u->i32 ? 'r' : 'h';
	if (t == u->f64 || t == u->f32)
		return t == u->f64 ? "f64" : "f32";
	return t == u->i64 ? "b64" : t == u->i32 ? "b32" : t == u->i8 ? "b8" : "b16";
}

/* A load or store with a cache operator, which LLVM has no other way to say. x: NULL for a load. */
static gj_v hinted(gj_gen *g, const gj_op *o, gj_t t, gj_v x)
{
	gj_unit *u = g->u;
	char text[64], constraints[16], letter;
	const char *suffix = suffix_of(u, t, &letter);
	gj_t reg = t == u->i8 ? u->i16 : t;
	gj_v p = gj_sc(g, o->arg[0]);
	const char *space = gj_arg_type(g, o, 0)->space == GJ_GLOBAL ? ".global" : "";
	if (x) {
		x = t == u->i8 ? LLVMBuildZExt(g->b, x, u->i16, "") : x;
		snprintf(text, sizeof text, "st%s.%s.%s [$0], $1;", space, hint_name[o->sub], suffix);
		snprintf(constraints, sizeof constraints, "l,%c,~{memory}", letter);
		gj_t ft = LLVMFunctionType(u->tvoid, (gj_t[]){ LLVMTypeOf(p), reg }, 2, 0);
		return LLVMBuildCall2(g->b, ft, gj_inline_asm(ft, text, constraints, true), (gj_v[]){ p, x }, 2, "");
	}
	snprintf(text, sizeof text, "ld%s.%s.%s $0, [$1];", space, hint_name[o->sub], suffix);
	snprintf(constraints, sizeof constraints, "=%c,l,~{memory}", letter);
	gj_t pt = LLVMTypeOf(p), ft = LLVMFunctionType(reg, &pt, 1, 0);
	x = LLVMBuildCall2(g->b, ft, gj_inline_asm(ft, text, constraints, true), &p, 1, "");
	return t == u->i8 ? LLVMBuildTrunc(g->b, x, u->i8, "") : x;
}

static gj_v nv_load(gj_gen *g, const gj_op *o)
{
	if (!o->sub)
		return gj_do_load(g, o);
	gj_v x = hinted(g, o, gj_mem_ty(g->u, o->type), NULL);
	return o->type->kind == GJ_BOOL ? gj_icmp(g, LLVMIntNE, x, LLVMConstNull(g->u->i8)) : x;
}

static gj_v nv_store(gj_gen *g, const gj_op *o)
{
	const gj_type *t = gj_arg_type(g, o, 1);
	if (!o->sub)
		return gj_do_store(g, o);
	gj_v x = gj_sc(g, o->arg[1]);
	hinted(g, o, gj_mem_ty(g->u, t), t->kind == GJ_BOOL ? LLVMBuildZExt(g->b, x, g->u->i8, "") : x);
	return NULL;
}

/* Fast division of float32; 1 / sqrt(x) is one instruction. */
static gj_v nv_div(gj_gen *g, const gj_op *o)
{
	const gj_op *a = gj_o(g->f, o->arg[0]), *b = gj_o(g->f, o->arg[1]);
	if (!g->u->opt->fastmath || o->type->kind != GJ_F32)
		return gj_do_div(g, o);
	if (a->op == GJ_CONST && a->imm.f == 1 && b->op == GJ_MATH && b->imm.i == GJ_MATH_SQRT) {
		gj_v x = gj_sc(g, b->arg[0]);
		return gj_plain(g, GJ_IN_NV_FAST_RSQRT, 1, &x);
	}
	return gj_plain(g, GJ_IN_NV_FAST_DIV, 2, (gj_v[]){ gj_sc(g, o->arg[0]), gj_sc(g, o->arg[1]) });
}

static gj_v fma32(gj_gen *g, gj_v a, gj_v b, gj_v c) { return gj_call(g, GJ_IN_FMA, &g->u->f32, 1, (gj_v[]){ a, b, c }, 3); }

/* sqrt(s + e) for a small e: a step of Newton's from sqrt(s). */
static gj_v sqrt_of_sum(gj_gen *g, gj_v s, gj_v e)
{
	gj_t t = g->u->f32;
	gj_v r = gj_call1(g, GJ_IN_SQRT, s), rest = LLVMBuildFAdd(g->b, fma32(g, LLVMBuildFNeg(g->b, r, ""), r, s), e, "");
	gj_v near = fma32(g, rest, LLVMBuildFDiv(g->b, gj_kfp(t, 0.5), r, ""), r);
	return gj_select(g, gj_fcmp(g, LLVMRealOGT, r, gj_kfp(t, 0)), near, r);
}

/* sqrt(x² + y²) of float32, scaled where squares leave the range, from the exact sum of the squares: 0.5 ulp of normal numbers. libdevice is 1.23
 * off, CUDA C's 0.93. */
static gj_v hypot32(gj_gen *g, gj_v a, gj_v b)
{
	gj_t t = g->u->f32;
	gj_v x = gj_call1(g, GJ_IN_FABS, a), y = gj_call1(g, GJ_IN_FABS, b), inf = gj_kfp(t, 1.0 / 0.0), one = gj_kfp(t, 1);
	gj_v more = gj_call2(g, GJ_IN_MAXNUM, x, y), less = gj_call2(g, GJ_IN_MINNUM, x, y);
	gj_v big = gj_fcmp(g, LLVMRealOGT, more, gj_kfp(t, 0x1p62)), small = gj_fcmp(g, LLVMRealOLT, more, gj_kfp(t, 0x1p-62));
	gj_v down = gj_select(g, big, gj_kfp(t, 0x1p-70), gj_select(g, small, gj_kfp(t, 0x1p100), one));
	gj_v up = gj_select(g, big, gj_kfp(t, 0x1p70), gj_select(g, small, gj_kfp(t, 0x1p-100), one));
	more = LLVMBuildFMul(g->b, more, down, "");
	less = LLVMBuildFMul(g->b, less, down, "");
	gj_v p = LLVMBuildFMul(g->b, more, more, ""), q = LLVMBuildFMul(g->b, less, less, ""), s = LLVMBuildFAdd(g->b, p, q, "");
	gj_v e = LLVMBuildFAdd(g->b, LLVMBuildFSub(g->b, p, s, ""), q, "");
	e = LLVMBuildFAdd(g->b, e, fma32(g, more, more, LLVMBuildFNeg(g->b, p, "")), "");
	e = LLVMBuildFAdd(g->b, e, fma32(g, less, less, LLVMBuildFNeg(g->b, q, "")), "");
	gj_v r = LLVMBuildFMul(g->b, sqrt_of_sum(g, s, e), up, "");
	r = gj_select(g, gj_fcmp(g, LLVMRealUNO, a, b), LLVMBuildFAdd(g->b, x, y, ""), r);
	gj_v endless = LLVMBuildOr(g->b, gj_fcmp(g, LLVMRealOEQ, x, inf), gj_fcmp(g, LLVMRealOEQ, y, inf), "");
	return gj_select(g, endless, inf, r);
}

static gj_v nv_math(gj_gen *g, int row, const gj_v *arg)
{
	if (row == GJ_MATH_HYPOT && LLVMTypeOf(arg[0]) == g->u->f32)
		return hypot32(g, arg[0], arg[1]);
	if (!g->u->opt->fastmath || LLVMTypeOf(arg[0]) != g->u->f32 || (row != GJ_MATH_SQRT && row != GJ_MATH_RSQRT))
		return NULL;
	return gj_plain(g, row == GJ_MATH_SQRT ? GJ_IN_NV_FAST_SQRT : GJ_IN_NV_FAST_RSQRT, 1, arg);
}

/* LLVM 19 has no code for an ordered comparison of two bits. */
static gj_v nv_cmp(gj_gen *g, const gj_op *o)
{
	if (!gj_is_bool(gj_arg_type(g, o, 0)))
		return gj_do_cmp(g, o);
	gj_v a = LLVMBuildZExt(g->b, gj_sc(g, o->arg[0]), g->u->i32, "");
	return gj_compare(g, o, a, LLVMBuildZExt(g->b, gj_sc(g, o->arg[1]), g->u->i32, ""));
}

static gj_v nv_to_int(gj_gen *g, gj_v x, unsigned bits, bool is_signed)
{
	static const gj_llvm_intrin row[2][2][2] = {            /* [double][64 bits][signed] */
		{ { GJ_IN_NV_F2UI, GJ_IN_NV_F2I }, { GJ_IN_NV_F2ULL, GJ_IN_NV_F2LL } },
		{ { GJ_IN_NV_D2UI, GJ_IN_NV_D2I }, { GJ_IN_NV_D2ULL, GJ_IN_NV_D2LL } },
	};
	return gj_plain(g, row[LLVMTypeOf(x) == g->u->f64][bits == 64][is_signed], 1, &x);
}

/* atom.add of 16 bits, from compute capability 7.0 or 9.0 on. */
static gj_v atomic_half(gj_gen *g, const gj_op *o, gj_v p, gj_v b)
{
	const gj_options *opt = g->u->opt;
	if (opt->cc.major < (o->type->kind == GJ_F16 ? 7 : 9))
		return NULL;
	return gj_half_of_own(g, gj_atomic_rmw(g, LLVMAtomicRMWBinOpFAdd, p, gj_own_half(g, b, o->type)));
}

/* What LLVM 19 would make a loop of. */
static gj_v nv_atomic(gj_gen *g, const gj_op *o, gj_v p, gj_v b)
{
	if (gj_is_half(o->type))
		return atomic_half(g, o, p, b);
	gj_llvm_intrin wrap = o->sub == GJ_AT_INC ? GJ_IN_NV_INC32 : GJ_IN_NV_DEC32;
	gj_t t = LLVMTypeOf(p);
	if ((o->sub != GJ_AT_INC && o->sub != GJ_AT_DEC) || o->type->size != 4 || !gj_intrin_exists(g->u, wrap))
		return NULL;
	return gj_call(g, wrap, &t, 1, (gj_v[]){ p, b }, 2);
}

static void nv_end_thread(gj_gen *g) { gj_plain(g, GJ_IN_NV_EXIT, 0, NULL); }

/* -- Code ---------------------------------------------------------------------------------------------------------- */

static void nv_finish(gj_unit *u)
{
	gj_libdevice_link(u);
	gj_optimise(u, u->opt->opt ? "default<O3>" : "default<O0>");
	gj_order_blocks(u);
	gj_nv_part_stores(u);
	gj_keep_llvm(u);
	gj_image_code(u, gj_codegen(u, u->mod, LLVMAssemblyFile));
	if (u->opt->keep_text)
		u->image->assembly = gj_heap_copy(u, u->image->code, u->image->ncode);
}

static gj_intrin_row intrinsics[] = {
#define INTRIN GJ_INTRIN_ROW
#include "emit/nvptx/intrinsics.def"
};

const gj_backend gj_backend_nvptx = {
	.start = nv_start, .open = nv_open, .declared = nv_declared, .begin = nv_begin, .end = nv_end,
	.finish = nv_finish, .library = gj_libdevice_call, .libcall = gj_libdevice_any,
	.intrin = intrinsics, .nintrins = GJ_LEN(intrinsics),
	.around = gj_nv_export, .end_thread = nv_end_thread, .report = gj_nv_report, .print = gj_nv_print, .math = nv_math, .to_int = nv_to_int, .atomic = nv_atomic,
	.scope = "device", .lineinfo_kind = GJ_LINE_DIRECTIVES, .debug_kind = GJ_LINE_TABLES, .symbols_told = true, .zeros_ordered = true, .unroll_hints = true, .vector_accesses = true,
	.op = {
		[GJ_SREG] = nv_sreg, [GJ_SHAREDMEM] = nv_sharedmem, [GJ_BARRIER] = nv_barrier, [GJ_SYNCWARP] = nv_syncwarp,
		[GJ_FENCE] = nv_fence, [GJ_NANOSLEEP] = nv_nanosleep, [GJ_BREAKPOINT] = nv_breakpoint, [GJ_SHFL] = nv_shfl, [GJ_VOTE] = nv_vote,
		[GJ_MATCH] = nv_match, [GJ_ACTIVEMASK] = nv_activemask, [GJ_LOAD] = nv_load, [GJ_STORE] = nv_store,
		[GJ_DIV] = nv_div, [GJ_CMP] = nv_cmp,
	}
};
