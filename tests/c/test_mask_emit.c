/* The kernels of mask_gen.h all the way: masked, emitted as vector code for this machine, run as warps, and compared with
 * one thread after the other.
 *   test_mask_emit [number of kernels] [first seed] */
#include "mask_gen.h"
#include "check.h"
#include "rounds.h"
#include "emit/emit.h"
#include "run/cpu/elf.h"
#include "image/cpu_abi.h"

#include <dlfcn.h>

static int bad_barriers;

static uint32_t barrier(gj_block *b, uint32_t warp, uint32_t live, uint32_t here, uint32_t pred, uint32_t kind,
	uint32_t site)
{
	(void)b, (void)warp, (void)pred, (void)kind, (void)site;
	barriers_met++;
	bad_barriers += live != here;
	return 0;
}

static uint32_t rt_arrive(gj_block *b, uint32_t warp, uint32_t live, uint32_t here, uint32_t pred, uint32_t kind,
	uint32_t site)
{
	barrier(b, warp, live, here, pred, kind, site);
	count_arrival(here, pred);
	return here != 0;
}

static void attend(gj_block *b) { (void)b; }

static uintptr_t resolve(const char *name, void *unused)
{
	(void)unused;
	return !strncmp(name, "gj_rt_attend", 12) ? (uintptr_t)attend : !strcmp(name, "gj_rt_barrier") ? (uintptr_t)barrier : !strcmp(name, "gj_rt_arrive") ? (uintptr_t)rt_arrive
		: (uintptr_t)dlsym(RTLD_DEFAULT, name);
}

static bool run_object(const gj_image *m, memory *mem, uint32_t nthreads)
{
	static char shared[64] __attribute__((aligned(64)));
	char params[16] = { 0 };
	gj_elf mod;
	for (uint32_t i = 0; i < m->nparams; i++) {
		uint64_t x = m->param[i].leaf ? 7 : (uint64_t)(uintptr_t)mem;
		memcpy(params + m->param[i].offset, &x, sizeof x);
	}
	if (gj_elf_load(m->code, m->ncode, m->entry, resolve, NULL, &mod) != GJ_OK)
		return wrong("the object cannot be loaded");
	kernel_entry *entry;
	memcpy(&entry, &mod.entry, sizeof entry);
	gj_block b = { .block_dim = { nthreads, 1, 1 }, .grid_dim = { 1, 1, 1 }, .nthreads = nthreads, .shared = shared };
	if (m->frame_bytes)
		run_rounds(m, entry, &b, params, 1);
	else
		entry(&b, params, 0, 1);
	gj_elf_unload(&mod);
	return true;
}

static uint32_t refused;

static const char *try_kernel(gj_trap *trap, uint64_t seed, gj_image *m)
{
	static memory want, got;
	bool strict = seed % 4 == 0;
	uint32_t nthreads = seed % 5 ? 32 : 1 + (uint32_t)(seed / 5) % 31;
	gj_options opt = { .target = &gj_targets[GJ_TARGET_CPU], .width = 32 };
	gj_fn *f = generate(trap, seed, strict);
	run_error = NULL;
	bad_barriers = 0;
	if (!run_threads(f, &want, nthreads))
		return run_error;
	opt.facts = seed % 3 ? GJ_FACT_LANES_X : 0;
	opt.opt = seed % 2;
	f->barriers = strict || seed % 3 == 0;     /* resumable; else barriers are calls that do nothing */
	gj_loop_form(f);
	gj_divergence(f, opt.facts);
	if (!gj_mask(f)) {                             /* for width 1 */
		refused++;
		return NULL;
	}
	gj_emit_image(f, &opt, m);
	fill(&got);
	if (!run_object(m, &got, nthreads))
		return run_error;
	if (bad_barriers && strict)
		return "a barrier waits for lanes that do not come";
	return memcmp(&want, &got, sizeof want) ? "memory differs" : NULL;
}

static void random_kernel(uint64_t seed)
{
	gj_trap trap = { .arena = gj_arena_new() };
	gj_image m = { 0 };
	const char *volatile why = NULL;
	if (!setjmp(trap.env))
		why = try_kernel(&trap, seed, &m);
	else
		why = trap.diag.message;
	CHECK(!why, "seed %llu: %s", (unsigned long long)seed, why);
	gj_image_clear(&m);
	gj_diag_clear(&trap.diag);
	gj_arena_free(trap.arena);
}

int main(int argc, char **argv)
{
	uint64_t few = getenv("GRIDJIT_TEST_BRIEF") ? 12 : 120;
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : few, first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	for (uint64_t i = 0; i < n && failed < 20; i++)
		random_kernel(first + i);
	CHECK(refused < n / 8 + 1, "%u kernels refused", refused);
	return done();
}
