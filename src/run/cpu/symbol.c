/* What compiled CPU code may call: the runtime's own functions, memory functions, libm, libmvec (vector math),
 * libgcc's helpers (128-bit integers), and NumPy's distributions. The libraries are opened at the first need and stay open. */
#define _GNU_SOURCE
#include "run/cpu/blas.h"
#include "run/cpu/lapack.h"
#include "run/cpu/cpu.h"
#include "run/cpu/call.h"
#include "run/cpu/libdevice.h"
#include "run/cpu/random.h"
#include "run/cpu/vector_math.h"
#include "image/cpu_abi.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>

static const struct { const char *name; void (*f)(void); } own[] = {
#define F(NAME) { #NAME, (void (*)(void))NAME },
	F(gj_rt_barrier) F(gj_rt_arrive) F(gj_rt_yield) F(gj_rt_wait) F(gj_rt_watch) F(gj_rt_act) F(gj_rt_attend)
#ifdef __x86_64__
	F(gj_rt_attend_keeping) F(gj_rt_exp) F(gj_rt_log) F(gj_rt_erf)
#endif
	F(gj_call_threads) F(gj_call_most_threads) F(gj_call_set_threads) F(gj_call_chunk) F(gj_call_set_chunk)
	F(gj_rt_callback) F(gj_rt_rounds) F(gj_rt_round_failed)
	F(gj_rt_tell) F(gj_rt_take) F(gj_rt_again) F(gj_rt_throw) F(gj_rt_enter_telling)
	F(gj_rt_grid_sync) F(gj_rt_enter) F(gj_rt_report) F(gj_rt_element_failed) F(gj_rt_print)
	F(gj_rt_alloc) F(gj_rt_retain) F(gj_rt_release) F(gj_rt_keep) F(gj_rt_divided_by_zero) F(gj_rt_invalid_operands)
	F(gj_rt_syncwarp) F(gj_rt_shuffle) F(gj_rt_ballot) F(gj_rt_match)
	F(memcpy) F(memmove) F(memset) F(memcmp)
#undef F
	{ "__extendhfsf2", (void (*)(void))gj_rt_extend_half },
	{ "__truncsfhf2", (void (*)(void))gj_rt_single_to_half }, { "__truncdfhf2", (void (*)(void))gj_rt_double_to_half },
};

static const char *const library[] = { "libm.so.6", "libmvec.so.1", "libgcc_s.so.1" };
enum { NLIBRARIES = sizeof library / sizeof library[0] };

/* The handle of library i, or NULL: it is missing (libmvec exists on few processors, libgcc_s may be absent). Two
 * threads may open it at the same time: they get the same handle. */
static void *open_library(int i)
{
	static _Atomic(void *) handle[NLIBRARIES];
	static char missing;
	void *h = atomic_load(&handle[i]);
	if (!h) {
		h = dlopen(library[i], RTLD_NOW | RTLD_LOCAL);
		atomic_store(&handle[i], h ? h : &missing);
	}
	return h == &missing ? NULL : h;
}

/* The module of NumPy's generators, which exports its distributions for C. */
static int look_for_generators(struct dl_phdr_info *info, size_t size, void *out)
{
	(void)size;
	bool is_it = info->dlpi_name && strstr(info->dlpi_name, "numpy/random/_generator");
	void *library = is_it ? dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	*(void **)out = library;
	return library != NULL;
}

static uintptr_t of_numpy(const char *name)
{
	void *library = NULL;
	dl_iterate_phdr(look_for_generators, &library);
	return library ? (uintptr_t)dlsym(library, name) : 0;
}

uintptr_t gj_cpu_symbol(const char *name, void *foreign)
{
	for (void *const *h = foreign; h && *h; h++) {
		void *p = dlsym(*h, name);
		if (p)
			return (uintptr_t)p;
	}
	for (size_t i = 0; i < GJ_LEN(own); i++)
		if (!strcmp(own[i].name, name))
			return (uintptr_t)own[i].f;
	if (!strcmp(name, "gj_rt_attention"))
		return (uintptr_t)&gj_rt_attention;
	if (!strncmp(name, "gj_nv_", 6))
		return gj_cpu_libdevice(name + 6);
	if (!strncmp(name, "gj_rng_", 7))
		return gj_cpu_random(name + 7);
	if (!strncmp(name, "gj_npy_", 7))
		return of_numpy(name + 7);
	if (!strncmp(name, "gj_blas_", 8))
		return gj_cpu_blas(name + 8);
	if (!strncmp(name, "gj_lapack_", 10))
		return gj_cpu_lapack(name + 10);
	bool vector = !strncmp(name, "_ZGV", 4), helper = !strncmp(name, "__", 2);
	for (int i = 0; i < NLIBRARIES; i++) {
		void *h = (vector && i != 1) || (!vector && i == 1) || (helper && i == 0) ? NULL : open_library(i);
		void *p = h ? dlsym(h, name) : NULL;
		if (p)
			return (uintptr_t)p;
	}
	return 0;
}
