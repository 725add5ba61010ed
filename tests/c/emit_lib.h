/* What the emitter's tests share: building kernels by hand, compiling them for a device and running them. A kernel here
 * is one straight line for thread i = blockIdx.x·blockDim.x + threadIdx.x; `K` sets the shapes that the passes before
 * the emitter would find, so that the same builder serves width 1, width 32 and the GPU. */
#ifndef GJ_EMIT_LIB_H
#define GJ_EMIT_LIB_H

#define _GNU_SOURCE
#include "check.h"
#include "rounds.h"
#include "emit/emit.h"
#include "run/cpu/elf.h"
#include "run/cpu/vector_math.h"
#include "image/cpu_abi.h"

#include <dlfcn.h>
#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define T(kind) gj_scalar[kind]

typedef struct K { gj_trap trap; gj_fn *f; uint32_t bb; gj_ref mask; } K;

static inline const char *find_libdevice(void)
{
	static char found[256];
	const char *path = getenv("GRIDJIT_LIBDEVICE");
	glob_t g;
	if (path || *found)
		return path ? path : found;
	if (!glob("/usr/local/cuda*/nvvm/libdevice/libdevice.10.bc", 0, NULL, &g))
		snprintf(found, sizeof found, "%s", g.gl_pathv[0]);
	globfree(&g);
	return *found ? found : NULL;
}

static inline gj_options cpu_options(uint32_t width)
{
	return (gj_options){ .target = &gj_targets[GJ_TARGET_CPU], .width = width, .opt = true, .facts = GJ_FACT_LANES_X };
}

static inline gj_options gpu_options(int cc)
{
	return (gj_options){ .target = &gj_targets[GJ_TARGET_NVPTX], .cc = { cc / 10, cc % 10 }, .width = 1, .opt = true };
}

static inline void k_open(K *k, const char *name, uint32_t width)
{
	*k = (K){ 0 };
	k->trap.arena = gj_arena_new();
	k->f = gj_fn_new(&k->trap, NULL, name);
	k->f->low = true;
	k->f->entry = &gj_entries[GJ_ENTRY_KERNEL];
	k->f->width = width;
	k->bb = gj_block_new(k->f);
}

static inline void k_close(K *k)
{
	gj_diag_clear(&k->trap.diag);
	gj_arena_free(k->trap.arena);
}

static inline gj_op *o_(K *k, gj_ref r) { return gj_o(k->f, r); }

/* Uniform, lanes a stride apart, or any: as divergence.c would have it for the few ops that keep a stride. */
static inline void shape(K *k, gj_ref r)
{
	gj_op *o = o_(k, r);
	int64_t stride = 0;
	bool vary = false, linear = o->op == GJ_ADD || o->op == GJ_ELEM || o->op == GJ_BYTES || o->op == GJ_CVT;
	for (uint32_t i = 0; i < o->nargs; i++) {
		gj_op *a = o_(k, o->arg[i]);
		vary |= a->shape == GJ_VARYING || (a->shape == GJ_LINEAR && !linear);
		int64_t s = a->shape == GJ_LINEAR ? a->stride : 0;
		if (i == 1 && o->op == GJ_ELEM)
			s *= o->type->elem->size;
		if (i == 1 && o->type && o->type->kind == GJ_PTR && o->type->space == GJ_LOCAL)
			s *= 32;
		stride += s;
	}
	o->shape = vary ? GJ_VARYING : stride ? GJ_LINEAR : GJ_UNIFORM;
	o->stride = stride;
}

static inline gj_ref kn(K *k, gj_opcode op, const gj_type *t, uint32_t n, const gj_ref *arg)
{
	gj_ref r = gj_emit(k->f, k->bb, op, t, 0, n, arg);
	shape(k, r);
	if (gj_op_flags[op] & GJ_F_MASK)
		o_(k, r)->mask = k->f->width == 32 ? k->mask : 0;
	return r;
}

#define K0(k, op, t)          kn((k), (op), (t), 0, NULL)
#define K1(k, op, t, a)       kn((k), (op), (t), 1, (gj_ref[]){ (a) })
#define K2(k, op, t, a, b)    kn((k), (op), (t), 2, (gj_ref[]){ (a), (b) })
#define K3(k, op, t, a, b, c) kn((k), (op), (t), 3, (gj_ref[]){ (a), (b), (c) })

static inline gj_ref varying(K *k, gj_ref r)
{
	o_(k, r)->shape = GJ_VARYING;
	return r;
}

static inline gj_ref sub_(K *k, gj_ref r, int sub)
{
	o_(k, r)->sub = (uint8_t)sub;
	return r;
}

static inline gj_ref kint(K *k, const gj_type *t, int64_t x)
{
	gj_ref r = K0(k, GJ_CONST, t);
	o_(k, r)->imm.i = x;
	return r;
}

static inline gj_ref kfp(K *k, const gj_type *t, double x)
{
	gj_ref r = K0(k, GJ_CONST, t);
	o_(k, r)->imm.f = x;
	return r;
}

static inline gj_ref sreg(K *k, gj_sreg s)
{
	gj_ref r = K0(k, GJ_SREG, T(GJ_I32));
	gj_op *o = o_(k, r);
	o->imm.i = s;
	if (s == GJ_TID_X || s == GJ_LANEID)
		o->shape = GJ_LINEAR, o->stride = 1;
	if (s == GJ_LANEMASK_LT)
		o->shape = GJ_VARYING;
	return r;
}

static inline gj_ref param(K *k, uint16_t leaf, gj_field field, const gj_type *t, bool written)
{
	gj_ref r = K0(k, GJ_PARAM, t);
	o_(k, r)->imm.i = k->f->param.n;
	gj_fnparam p = { .leaf = leaf, .field = (uint8_t)field, .type = t, .written = written };
	gj_push(k->f->arena, &k->f->param, p);
	return r;
}

static inline gj_ref array(K *k, uint16_t leaf, gj_kind kind, bool written)
{
	return param(k, leaf, GJ_FIELD_DATA, gj_ptr_type(T(kind), GJ_GLOBAL), written);
}

/* The number of the thread: i64. */
static inline gj_ref thread_id(K *k)
{
	gj_ref c = K1(k, GJ_CVT, T(GJ_I64), sreg(k, GJ_CTAID_X)), n = K1(k, GJ_CVT, T(GJ_I64), sreg(k, GJ_NTID_X));
	return K2(k, GJ_ADD, T(GJ_I64), K2(k, GJ_MUL, T(GJ_I64), c, n), K1(k, GJ_CVT, T(GJ_I64), sreg(k, GJ_TID_X)));
}

static inline gj_ref at(K *k, gj_ref p, gj_ref i) { return K2(k, GJ_ELEM, o_(k, p)->type, p, i); }

static inline gj_ref load(K *k, gj_ref p)
{
	gj_ref r = K1(k, GJ_LOAD, o_(k, p)->type->elem, p);
	return o_(k, p)->shape == GJ_UNIFORM ? r : varying(k, r);
}

static inline void store(K *k, gj_ref p, gj_ref x) { K2(k, GJ_STORE, NULL, p, x); }

/* From here on the kernel runs for threads where `cond` holds: a branch at width 1, a mask at width 32. */
static inline void only(K *k, gj_ref cond)
{
	gj_fn *f = k->f;
	if (f->width == 32) {
		gj_ref all = varying(k, K0(k, GJ_ALLLANES, T(GJ_BOOL)));
		k->mask = varying(k, K2(k, GJ_ANDMASK, T(GJ_BOOL), all, cond));
		return;
	}
	K1(k, GJ_BRANCH, NULL, cond);
	uint32_t body = gj_block_new(f), end = gj_block_new(f);
	gj_link(f, k->bb, body);
	gj_link(f, k->bb, end);
	k->bb = end;
	K0(k, GJ_RETURN, NULL);
	k->bb = body;
}

/* A function that kernel k can call, built in the same memory: fill it through the K that comes back. */
static inline K callee(K *k, const char *name, uint32_t nresults, const gj_type *const *result)
{
	K c = *k;
	c.f = gj_fn_new(&k->trap, NULL, name);
	c.f->low = true;
	c.f->width = k->f->width;
	c.f->nresults = nresults, c.f->result = result;
	c.bb = gj_block_new(c.f);
	c.mask = 0;
	gj_push(k->f->arena, &k->f->callee, c.f);
	return c;
}

/* Ends the kernel, checks it and compiles it. */
static inline bool k_compile(K *k, const gj_options *opt, gj_image *m)
{
	K0(k, GJ_RETURN, NULL);
	k->f->facts = opt->facts;
	gj_cfg(k->f);
	for (uint32_t i = 0; i < k->f->callee.n; i++)
		gj_cfg(k->f->callee.p[i]);
	const char *bad = gj_fn_verify(k->f);
	CHECK(!bad, "%s", bad);
	if (bad)
		return false;
	if (setjmp(k->trap.env)) {
		CHECK(false, "%s: %s", k->f->name, k->trap.diag.message);
		return false;
	}
	gj_emit_image(k->f, opt, m);
	return true;
}

/* -- Running on the CPU -------------------------------------------------------------------------------------------- */

static uint32_t barrier_calls;

static inline uint32_t rt_barrier(gj_block *b, uint32_t warp, uint32_t live, uint32_t here, uint32_t pred,
	uint32_t kind, uint32_t site)
{
	(void)b, (void)warp, (void)site;
	barrier_calls += live == here;
	uint32_t n = (uint32_t)__builtin_popcount(pred);
	return kind == GJ_BAR_COUNT ? n : kind == GJ_BAR_AND ? pred == here : n > 0;
}

static inline uint32_t rt_arrive(gj_block *b, uint32_t warp, uint32_t live, uint32_t here, uint32_t pred,
	uint32_t kind, uint32_t site)
{
	(void)b, (void)warp, (void)kind, (void)site;
	barrier_calls += live == here;
	count_arrival(here, pred);
	return here != 0;
}

static inline void rt_enter(gj_block *b) { (void)b; }

static inline uintptr_t resolve(const char *name, void *unused)
{
	(void)unused;
	static void *vec;
	if (!strcmp(name, "gj_rt_enter") || !strncmp(name, "gj_rt_attend", 12))
		return (uintptr_t)rt_enter;
#ifdef __x86_64__
	static const struct { const char *name; void (*f)(double *, uint32_t); } own[] = {
		{ "gj_rt_exp", gj_rt_exp }, { "gj_rt_log", gj_rt_log }, { "gj_rt_erf", gj_rt_erf } };
	for (size_t i = 0; i < GJ_LEN(own); i++)
		if (!strcmp(name, own[i].name))
			return (uintptr_t)own[i].f;
#endif
	if (!strcmp(name, "gj_rt_barrier"))
		return (uintptr_t)rt_barrier;
	if (!strcmp(name, "gj_rt_arrive"))
		return (uintptr_t)rt_arrive;
	if (!vec)
		vec = dlopen("libmvec.so.1", RTLD_NOW);
	void *p = dlsym(RTLD_DEFAULT, name);
	return (uintptr_t)(p || !vec ? p : dlsym(vec, name));
}

/* One launch, block after block, warps in order. false: the object could not be loaded. */
static inline bool run_cpu(const gj_image *m, uint32_t grid, uint32_t block, const void *params)
{
	static char shared[65536] __attribute__((aligned(64)));
	gj_elf mod;
	if (gj_elf_load(m->code, m->ncode, m->entry, resolve, NULL, &mod) != GJ_OK)
		return false;
	kernel_entry *entry;
	memcpy(&entry, &mod.entry, sizeof entry);
	uint32_t warps = m->width == 32 ? (block + 31) / 32 : block;
	for (uint32_t i = 0; i < grid; i++) {
		gj_block b = { .block_idx = { i, 0, 0 }, .block_dim = { block, 1, 1 }, .grid_dim = { grid, 1, 1 },
			.nthreads = block, .shared = shared };
		if (m->frame_bytes)
			run_rounds(m, entry, &b, params, warps);
		else if (m->barriers)
			for (uint32_t w = 0; w < warps; w++)
				entry(&b, params, w, w + 1);
		else
			entry(&b, params, 0, warps);
	}
	gj_elf_unload(&mod);
	return true;
}

#endif
