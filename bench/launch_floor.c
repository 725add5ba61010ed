/* The floor of launch overhead: a C loop of cuLaunchKernel on an empty kernel with three pointers and a scalar, nothing
 * else. Prints one JSON object, microseconds a launch. Needs the NVIDIA driver alone: cc -O2 launch_floor.c -ldl
 * As a library (-shared -fPIC) measure_launches() does the same in the process that calls it.
 * Arguments: [launches a round = 20000] [rounds = 9]; the median round counts, after one to warm up. */
#define _POSIX_C_SOURCE 199309L
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef unsigned long long CUdeviceptr;

static const char ptx[] =
	".version 7.0\n.target sm_50\n.address_size 64\n"
	".visible .entry empty(.param .u64 a, .param .u64 b, .param .u64 c, .param .f32 d)\n{\n\tret;\n}\n";

#define CALLS(X) \
	X(cuInit, (unsigned)) X(cuDeviceGet, (int *, int)) X(cuDeviceGetName, (char *, int, int)) \
	X(cuDriverGetVersion, (int *)) X(cuDevicePrimaryCtxRetain, (CUcontext *, int)) X(cuCtxSetCurrent, (CUcontext)) \
	X(cuCtxSynchronize, (void)) X(cuModuleLoadData, (CUmodule *, const void *)) \
	X(cuModuleGetFunction, (CUfunction *, CUmodule, const char *)) X(cuMemAlloc_v2, (CUdeviceptr *, size_t)) \
	X(cuLaunchKernel, (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, \
	                   void **, void **))

#define X(name, args) static int (*name) args;
CALLS(X)
#undef X

static void check(int result, const char *call)
{
	if (!result)
		return;
	fprintf(stderr, "%s: error %d\n", call, result);
	exit(1);
}
#define DO(name, args) check(name args, #name)

static void load_driver(void)
{
	void *lib = dlopen("libcuda.so.1", RTLD_NOW);
	if (!lib) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
#define X(name, args) \
	if (!(*(void **)&name = dlsym(lib, #name))) { \
		fprintf(stderr, "no %s in the driver\n", #name); \
		exit(1); \
	}
	CALLS(X)
#undef X
}

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static CUfunction open_empty(char *name, int n, CUdeviceptr *memory)
{
	CUcontext context;
	CUmodule module;
	CUfunction empty;
	int device;
	load_driver();
	DO(cuInit, (0));
	DO(cuDeviceGet, (&device, 0));
	DO(cuDeviceGetName, (name, n, device));
	DO(cuDevicePrimaryCtxRetain, (&context, device));
	DO(cuCtxSetCurrent, (context));
	DO(cuModuleLoadData, (&module, ptx));
	DO(cuModuleGetFunction, (&empty, module, "empty"));
	DO(cuMemAlloc_v2, (memory, 4096));
	return empty;
}

static double one_round(CUfunction empty, CUdeviceptr memory, int launches)
{
	struct { CUdeviceptr a, b, c; float d; } params = { memory, memory, memory, 2.0f };
	size_t size = 28;
	void *extra[] = { (void *)1, &params, (void *)2, &size, NULL };
	double start = now_us();
	for (int i = 0; i < launches; i++)
		DO(cuLaunchKernel, (empty, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, extra));
	double end = now_us();
	DO(cuCtxSynchronize, ());
	return (end - start) / launches;
}

/* Microseconds a launch of each round. */
int measure_launches(int launches, int rounds, double *us)
{
	char name[128];
	CUdeviceptr memory;
	CUfunction empty = open_empty(name, sizeof name, &memory);
	(void)one_round(empty, memory, launches);
	for (int i = 0; i < rounds; i++)
		us[i] = one_round(empty, memory, launches);
	return 0;
}

int main(int argc, char **argv)
{
	int launches = argc > 1 ? atoi(argv[1]) : 20000, rounds = argc > 2 ? atoi(argv[2]) : 9, version;
	double us[101];
	char name[128] = "";
	CUdeviceptr memory;
	if (launches < 1 || rounds < 1 || rounds > 101)
		return fprintf(stderr, "usage: %s [launches] [rounds, at most 101]\n", argv[0]), 2;
	CUfunction empty = open_empty(name, sizeof name, &memory);
	DO(cuDriverGetVersion, (&version));
	for (int round = -1; round < rounds; round++) {
		double took = one_round(empty, memory, launches);
		if (round >= 0)
			us[round] = took;
	}
	qsort(us, (size_t)rounds, sizeof *us, ascending);
	printf("{\"launch_us\": %.3f, \"min_us\": %.3f, \"max_us\": %.3f, \"launches\": %d, \"rounds\": %d, "
	       "\"gpu\": \"%s\", \"driver\": %d}\n", us[rounds / 2], us[0], us[rounds - 1], launches, rounds, name,
	       version);
	return 0;
}
