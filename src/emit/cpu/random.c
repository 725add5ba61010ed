/* Random numbers in functions for the host. The runtime's functions take the state, which the thread's block tells of, so that nothing has
 * to look for it; what takes a word or two of it is inlined. */
#include "emit/cpu/cpu.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct { const char *name; unsigned words; } inlined[] = {
#define RANDOM(name, signature, R, params)
#define INLINED(name, signature, words) { "gj_rng_" #name, words },
#include "image/random.def"
#undef INLINED
#undef RANDOM
};

gj_v gj_cpu_random_state(gj_gen *g, unsigned which)
{
	gj_v states = gj_block_field(g, offsetof(gj_block, random), g->u->ptr);
	return gj_offset(g, states, which * (unsigned)sizeof(gj_random));
}

/* The word `next` + i of the state. */
static gj_v word(gj_gen *g, gj_v state, gj_v next, unsigned i)
{
	gj_unit *u = g->u;
	gj_v at = LLVMBuildGEP2(g->b, u->i32, gj_offset(g, state, offsetof(gj_random, word)), &next, 1, "");
	return gj_load(g, u->i32, gj_offset(g, at, i * 4), 4);
}

/* A number from 0 to 1 of two words: 53 bits. */
static gj_v unit(gj_gen *g, gj_v upper, gj_v lower)
{
	gj_unit *u = g->u;
	upper = LLVMBuildZExt(g->b, LLVMBuildLShr(g->b, upper, gj_i32(u, 5), ""), u->i64, "");
	lower = LLVMBuildZExt(g->b, LLVMBuildLShr(g->b, lower, gj_i32(u, 6), ""), u->i64, "");
	gj_v bits = LLVMBuildOr(g->b, LLVMBuildShl(g->b, upper, LLVMConstInt(u->i64, 26, 0), ""), lower, "");
	return LLVMBuildFMul(g->b, LLVMBuildSIToFP(g->b, bits, u->f64, ""), LLVMConstReal(u->f64, 0x1p-53), "");
}

/* The function's body: what so many words make, or, where fewer are left, what next_<name> of the runtime gives. */
static void define(gj_unit *u, gj_v fn, unsigned words, const char *otherwise)
{
	gj_gen g = { .u = u, .b = u->b, .fn = fn };
	LLVMBasicBlockRef before = LLVMGetInsertBlock(u->b), few, enough;
	LLVMSetLinkage(fn, LLVMInternalLinkage);
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "alwaysinline", 0);
	gj_at(&g, gj_bb_new(&g, "entry"));
	few = gj_bb_new(&g, "few");
	enough = gj_bb_new(&g, "enough");
	gj_v state = LLVMGetParam(fn, 0), next = gj_load(&g, u->i32, state, 4), behind = LLVMBuildAdd(g.b, next, gj_i32(u, words), "");
	gj_seldom(u, LLVMBuildCondBr(g.b, gj_icmp(&g, LLVMIntUGT, behind, gj_i32(u, GJ_RANDOM_WORDS)), few, enough));
	gj_at(&g, few);
	LLVMBuildRet(g.b, gj_extern_call(&g, otherwise, words == 2 ? u->f64 : u->i32, 1, &state));
	gj_at(&g, enough);
	gj_v at = LLVMBuildZExt(g.b, next, u->i64, ""), first = word(&g, state, at, 0);
	gj_v value = words == 2 ? unit(&g, first, word(&g, state, at, 1)) : first;
	gj_store(&g, behind, state, 4);
	LLVMBuildRet(g.b, value);
	gj_at(&g, before);
}

void gj_cpu_random_function(gj_unit *u, gj_v fn)
{
	char otherwise[64];
	size_t n;
	const char *name = LLVMGetValueName2(fn, &n);
	for (size_t i = 0; i < GJ_LEN(inlined); i++)
		if (!strcmp(name, inlined[i].name)) {
			snprintf(otherwise, sizeof otherwise, "gj_rng_next_%s", name + strlen("gj_rng_"));
			define(u, fn, inlined[i].words, otherwise);
		}
}
