/* A GPU for the emitter's tests, where there is one: enough of the driver to run one kernel once. Without libcuda or a
 * device gpu_open() gives 0 and the tests leave the GPU out. */
#ifndef GJ_GPU_LIB_H
#define GJ_GPU_LIB_H

#include "image/image.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static void *gpu_lib;

static int cu(const char *name, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e)
{
	int (*f)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);
	*(void **)&f = dlsym(gpu_lib, name);
	return f ? f(a, b, c, d, e) : -1;
}

#define P(x) ((uintptr_t)(x))

/* Compute capability of device 0: 90; 0: no GPU. */
static int gpu_open(void)
{
	int dev = 0, major = 0, minor = 0;
	void *ctx;
	gpu_lib = dlopen("libcuda.so.1", RTLD_NOW);
	if (!gpu_lib || cu("cuInit", 0, 0, 0, 0, 0) || cu("cuDeviceGet", P(&dev), 0, 0, 0, 0) ||
	    cu("cuDevicePrimaryCtxRetain", P(&ctx), (uintptr_t)dev, 0, 0, 0) || cu("cuCtxSetCurrent", P(ctx), 0, 0, 0, 0))
		return 0;
	cu("cuDeviceGetAttribute", P(&major), 75, (uintptr_t)dev, 0, 0);
	cu("cuDeviceGetAttribute", P(&minor), 76, (uintptr_t)dev, 0, 0);
	return major * 10 + minor;
}

typedef int gpu_launch_fn(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *,
	void **, void **);

/* Runs the kernel once. The first `arrays` parameters in p are host pointers to bytes[i]: copied there and back. */
static bool gpu_run(const gj_image *m, unsigned grid, unsigned block, void *p, size_t size, unsigned arrays,
	const size_t *bytes)
{
	char log[4096] = "", params[256];
	uintptr_t host[8], dev[8] = { 0 };
	int option[2] = { 5, 6 };                          /* error log and its size */
	void *value[2] = { log, (void *)sizeof log }, *mod = NULL, *fn = NULL;
	memcpy(params, p, size);
	int e = cu("cuModuleLoadDataEx", P(&mod), P(m->code), 2, P(option), P(value));
	if (e)
		return printf("cuModuleLoadDataEx: %d %s\n", e, log), false;
	e = cu("cuModuleGetFunction", P(&fn), P(mod), P(m->entry), 0, 0);
	for (unsigned i = 0; i < arrays && !e; i++) {
		memcpy(&host[i], (char *)p + 8 * i, 8);
		e = cu("cuMemAlloc_v2", P(&dev[i]), bytes[i], 0, 0, 0);
		if (!e)
			e = cu("cuMemcpyHtoD_v2", dev[i], host[i], bytes[i], 0, 0);
		memcpy(params + 8 * i, &dev[i], 8);
	}
	gpu_launch_fn *launch;
	*(void **)&launch = dlsym(gpu_lib, "cuLaunchKernel");
	void *extra[] = { (void *)1, params, (void *)2, &size, NULL };
	if (!e)
		e = launch(fn, grid, 1, 1, block, 1, 1, 0, NULL, NULL, extra);
	if (!e)
		e = cu("cuCtxSynchronize", 0, 0, 0, 0, 0);
	for (unsigned i = 0; i < arrays && !e; i++)
		e = cu("cuMemcpyDtoH_v2", host[i], dev[i], bytes[i], 0, 0);
	for (unsigned i = 0; i < arrays; i++)
		cu("cuMemFree_v2", dev[i], 0, 0, 0, 0);
	cu("cuModuleUnload", P(mod), 0, 0, 0, 0);
	if (e)
		printf("the GPU gives error %d\n", e);
	return !e;
}

#endif
