/* Finding the CUDA driver. The library is opened when somebody first asks for a GPU, never at import, and stays open;
 * GRIDJIT_CUDA_LIBRARY names another one (tests use a fake). What goes wrong becomes a sentence in gj_cuda_why(). */
#define _GNU_SOURCE
#include "run/cuda/cuda.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gj_cuda_api gj_cu;
_Atomic bool gj_cuda_forked;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int count, version;
static char reason[512];

/* The driver's threads and its lock on the hardware do not survive a fork. */
static void in_child(void)
{
	gj_cuda_forked = true;
}

static void *open_library(void)
{
	static const char *const place[] = { "libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1" };
	const char *named = getenv("GRIDJIT_CUDA_LIBRARY");
	void *lib = NULL;
	if (named && named[0]) {
		if (!(lib = dlopen(named, RTLD_NOW | RTLD_LOCAL)))
			snprintf(reason, sizeof reason, "GRIDJIT_CUDA_LIBRARY: %s", dlerror());
		return lib;
	}
	for (size_t i = 0; i < GJ_LEN(place) && !lib; i++)
		if (!(lib = dlopen(place[i], RTLD_NOW | RTLD_LOCAL)) && i == 0)
			snprintf(reason, sizeof reason, "%s (no NVIDIA driver here?)", dlerror());
	return lib;
}

/* Fills gj_cu. Checking the version first makes an old driver say that it is old, not which symbol it lacks. */
static bool find_symbols(void *lib)
{
	static const struct { const char *symbol; size_t at; int since; bool need; } row[] = {
#define NEED true
#define MAY false
#define CU(name, symbol, since, need, args) { #symbol, offsetof(gj_cuda_api, name), since, need },
#include "run/cuda/api.def"
#undef NEED
#undef MAY
	};
	CUresult (*get_version)(int *) = NULL;
	*(void **)&get_version = dlsym(lib, "cuDriverGetVersion");
	if (get_version && get_version(&version) == 0 && version < GJ_CUDA_LEAST_DRIVER) {
		snprintf(reason, sizeof reason, "the NVIDIA driver supports CUDA %d.%d; gridjit needs CUDA %d.%d or newer",
		         version / 1000, version % 1000 / 10, GJ_CUDA_LEAST_DRIVER / 1000, GJ_CUDA_LEAST_DRIVER % 1000 / 10);
		return false;
	}
	for (size_t i = 0; i < GJ_LEN(row); i++) {
		void *f = version && version < row[i].since ? NULL : dlsym(lib, row[i].symbol);
		if (!f && row[i].need) {
			snprintf(reason, sizeof reason, "libcuda.so.1 has no %s: the NVIDIA driver is damaged or too old",
			         row[i].symbol);
			return false;
		}
		memcpy((char *)&gj_cu + row[i].at, &f, sizeof f);
	}
	return true;
}

static bool worked(CUresult r, const char *call)
{
	if (r == CUDA_SUCCESS)
		return true;
	gj_cuda_fail(r, call, NULL);
	snprintf(reason, sizeof reason, "%s", gj_error_text());
	return false;
}

static void load(void)
{
	int n = 0;
	void *lib = open_library();
	if (!lib)
		return;
	/* From here on a forked child cannot use the driver any more. */
	if (pthread_atfork(NULL, NULL, in_child) != 0) {
		snprintf(reason, sizeof reason, "out of memory");
		return;
	}
	if (!find_symbols(lib) || !worked(gj_cu.cuInit(0), "cuInit") ||
	    !worked(gj_cu.cuDriverGetVersion(&version), "cuDriverGetVersion") ||
	    !worked(gj_cu.cuDeviceGetCount(&n), "cuDeviceGetCount"))
		return;
	if (n <= 0) {
		snprintf(reason, sizeof reason, "the NVIDIA driver finds no GPU (is CUDA_VISIBLE_DEVICES set?)");
		return;
	}
	reason[0] = 0;
	count = n;
}

int gj_cuda_load(const char **why)
{
	pthread_once(&once, load);
	if (why)
		*why = reason;
	return count;
}

int gj_cuda_driver_version(void)
{
	return version;
}

int gj_cuda_count(void)
{
	return gj_cuda_load(NULL);
}

const char *gj_cuda_why(void)
{
	const char *why;
	gj_cuda_load(&why);
	return why;
}
