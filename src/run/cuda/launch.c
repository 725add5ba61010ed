/* Kernels on the GPU: loading cubin and PTX, asking about them, launching, and PTX → cubin through the driver's linker.
 * gj_cuda_launch() is the hot path: no lock, no allocation, the parameter buffer goes to the driver as it is. */
#include "run/cuda/cuda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_BYTES = 1536, PLAIN_SHARED = 48 * 1024 };

struct gj_kernel {
	CUmodule   module;
	CUfunction function;
	size_t     shared;                         /* static, bytes */
	_Atomic size_t dynamic;                    /* dynamic shared memory that a launch may ask for without further ado */
	bool       cooperative;
	gj_cuda_report *report;
};

/* -- Loading ----------------------------------------------------------------------------------------------------- */

/* What the driver's assembler has to say, and the options that make it say it. */
typedef struct jit { char log[LOG_BYTES]; CUjit_option option[3]; void *value[3]; unsigned n; } jit;

static void jit_option(jit *j, CUjit_option option, uintptr_t value)
{
	j->option[j->n] = option;
	j->value[j->n++] = (void *)value;
}

static void jit_init(jit *j)
{
	memset(j, 0, sizeof *j);
	jit_option(j, CU_JIT_ERROR_LOG_BUFFER, (uintptr_t)j->log);
	jit_option(j, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, sizeof j->log - 1);
}

/* The log without its trailing white space, NULL if there is none. */
static const char *jit_log(jit *j)
{
	j->log[sizeof j->log - 1] = 0;
	for (size_t n = strlen(j->log); n && (unsigned char)j->log[n - 1] <= ' '; n--)
		j->log[n - 1] = 0;
	return j->log[0] ? j->log : NULL;
}

/* PTX as the driver wants it: with a NUL behind it. */
static char *terminated(const void *text, size_t n)
{
	char *copy = malloc(n + 1);
	if (copy) {
		memcpy(copy, text, n);
		copy[n] = 0;
	}
	return copy;
}

/* The driver takes a cubin's address and believes its headers; so look whether they stay within n bytes. */
static bool is_whole_elf(const uint8_t *p, size_t n)
{
	uint64_t at[2];                            /* program headers, section headers */
	uint16_t count[4];                         /* of one entry's bytes and the number, of both */
	if (n < 64 || memcmp(p, "\177ELF\2\1", 6) != 0)
		return false;
	memcpy(at, p + 32, sizeof at);
	memcpy(count, p + 54, sizeof count);
	for (int i = 0; i < 2; i++)
		if (at[i] > n || (uint64_t)count[2 * i] * count[2 * i + 1] > n - at[i])
			return false;
	return true;
}

static gj_status load_module(const gj_image *image, CUmodule *module)
{
	jit j;
	char *text = NULL;
	const void *code = image->code;
	jit_init(&j);
	if (image->format == GJ_FMT_PTX) {
		if (!(code = text = terminated(image->code, image->ncode)))
			return gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
	} else if (image->format != GJ_FMT_CUBIN || !is_whole_elf(image->code, image->ncode))
		return gj_error_set(GJ_E_LOAD, 0, "the image of %s is no GPU code, or damaged", image->entry);
	CUresult r = gj_cu.cuModuleLoadDataEx(module, code, j.n, j.option, j.value);
	free(text);
	return r == CUDA_SUCCESS ? GJ_OK : gj_cuda_fail(r, "cuModuleLoadDataEx", jit_log(&j));
}

static gj_status find_function(gj_kernel *k, const gj_image *image)
{
	int shared = 0;
	CUresult r = gj_cu.cuModuleGetFunction(&k->function, k->module, image->entry);
	if (r != CUDA_SUCCESS)
		return gj_cuda_fail(r, "cuModuleGetFunction", image->entry);
	gj_status s = CALL(cuFuncGetAttribute, (&shared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, k->function));
	k->shared = (size_t)shared;
	k->dynamic = k->shared < PLAIN_SHARED ? PLAIN_SHARED - k->shared : 0;
	if (s == GJ_OK && image->carveout)
		s = CALL(cuFuncSetAttribute, (k->function, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, image->carveout - 1));
	return s;
}

gj_status gj_cuda_load_image(gj_device *g, const gj_image *image, gj_kernel **out)
{
	CUcontext before;
	*out = NULL;
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	gj_kernel *k = calloc(1, sizeof *k);
	s = k ? load_module(image, &k->module) : gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
	if (s == GJ_OK) {
		k->cooperative = image->cooperative;
		s = find_function(k, image);
		if (s == GJ_OK)
			s = gj_cuda_report_open(gj_cuda_of(g), image, k->module, &k->report);
		if (s != GJ_OK)
			(void)gj_cu.cuModuleUnload(k->module);
	}
	if (s == GJ_OK)
		*out = k;
	else
		free(k);
	return gj_cuda_leave(before, s);
}

void gj_cuda_unload(gj_device *g, gj_kernel *k)
{
	CUcontext before;
	if (k && gj_cuda_enter(gj_cuda_of(g), &before) == GJ_OK) {
		(void)gj_cu.cuModuleUnload(k->module);
		gj_cuda_report_close(gj_cuda_of(g), k->report);
		(void)gj_cuda_leave(before, GJ_OK);
	}
	free(k);
}

/* -- Asking ------------------------------------------------------------------------------------------------------ */

gj_status gj_cuda_kernel_info(gj_device *g, gj_kernel *k, gj_kernel_info *out)
{
	static const CUfunction_attribute attribute[] = {
		CU_FUNC_ATTRIBUTE_NUM_REGS, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES,
		CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES };
	int v[GJ_LEN(attribute)] = { 0 };
	CUcontext before;
	memset(out, 0, sizeof *out);
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	for (size_t i = 0; i < GJ_LEN(attribute) && s == GJ_OK; i++)
		s = CALL(cuFuncGetAttribute, (&v[i], attribute[i], k->function));
	if (s == GJ_OK)
		*out = (gj_kernel_info){ .registers = v[0], .max_threads = v[1], .shared_bytes = (size_t)v[2],
		                         .local_bytes = (size_t)v[3], .const_bytes = (size_t)v[4] };
	return gj_cuda_leave(before, s);
}

/* More than 48 KiB a block must be asked for. All that the GPU allows is asked for at once: that costs nothing, and
 * threads that come here together do the same thing. */
static gj_status allow_shared(gj_cuda *d, gj_kernel *k, size_t dynamic)
{
	size_t most = d->dev.info.shared_per_block_optin;
	if (dynamic <= atomic_load_explicit(&k->dynamic, memory_order_acquire))
		return GJ_OK;
	if (k->shared > most || dynamic > most - k->shared)
		return gj_error_set(GJ_E_INVALID, 0, "%zu bytes of shared memory wanted (%zu in the kernel, %zu with the "
		                    "launch), but a block on this GPU has at most %zu", k->shared + dynamic, k->shared, dynamic,
		                    most);
	gj_status s = CALL(cuFuncSetAttribute, (k->function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
	                                        (int)(most - k->shared)));
	if (s == GJ_OK)
		atomic_store_explicit(&k->dynamic, most - k->shared, memory_order_release);
	return s;
}

gj_status gj_cuda_suggest_block(gj_device *g, gj_kernel *k, size_t shared, int *block, int *min_grid)
{
	CUcontext before;
	*block = *min_grid = 0;
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	s = allow_shared(gj_cuda_of(g), k, shared);
	if (s == GJ_OK)
		s = CALL(cuOccupancyMaxPotentialBlockSize, (min_grid, block, k->function, NULL, shared, 0));
	return gj_cuda_leave(before, s);
}

gj_status gj_cuda_occupancy(gj_device *g, gj_kernel *k, int block, size_t shared, int *blocks)
{
	CUcontext before;
	*blocks = 0;
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	s = allow_shared(gj_cuda_of(g), k, shared);
	if (s == GJ_OK)
		s = CALL(cuOccupancyMaxActiveBlocksPerMultiprocessor, (blocks, k->function, block, shared));
	return gj_cuda_leave(before, s);
}

/* -- Launching --------------------------------------------------------------------------------------------------- */

static __attribute__((cold)) CUresult launch_cooperative(gj_kernel *k, const gj_launch *l, void **extra)
{
	CUlaunchAttribute together = { .id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE, .value.cooperative = 1 };
	CUlaunchConfig config = {
		.gridDimX = l->grid[0], .gridDimY = l->grid[1], .gridDimZ = l->grid[2],
		.blockDimX = l->block[0], .blockDimY = l->block[1], .blockDimZ = l->block[2],
		.sharedMemBytes = l->shared, .hStream = gj_cuda_stream(l->stream), .attrs = &together, .numAttrs = 1 };
	return gj_cu.cuLaunchKernelEx(&config, k->function, NULL, extra);
}

static __attribute__((cold)) gj_status launch_failed(const gj_kernel *k, const gj_launch *l, CUresult r)
{
	char detail[200];
	int registers = 0;
	(void)gj_cu.cuFuncGetAttribute(&registers, CU_FUNC_ATTRIBUTE_NUM_REGS, k->function);
	snprintf(detail, sizeof detail, "grid (%u, %u, %u), block (%u, %u, %u), %u bytes of dynamic shared memory, "
	         "%d registers a thread", l->grid[0], l->grid[1], l->grid[2], l->block[0], l->block[1], l->block[2],
	         l->shared, registers);
	return gj_cuda_fail(r, k->cooperative ? "cuLaunchKernelEx" : "cuLaunchKernel", detail);
}

static uint64_t threads_of(const gj_launch *l)
{
	return (uint64_t)l->grid[0] * l->grid[1] * l->grid[2] * l->block[0] * l->block[1] * l->block[2];
}

gj_status gj_cuda_launch(gj_device *g, gj_kernel *k, const gj_launch *l)
{
	gj_cuda *d = gj_cuda_of(g);
	size_t size = l->nparams;
	void *list[] = { CU_LAUNCH_PARAM_BUFFER_POINTER, l->params, CU_LAUNCH_PARAM_BUFFER_SIZE, &size, NULL };
	void **extra = size ? list : NULL;
	CUcontext before;
	gj_status s = gj_cuda_enter(d, &before);
	if (s == GJ_OK && atomic_load_explicit(&d->reports, memory_order_acquire))
		s = gj_cuda_waited(d, GJ_OK);
	if (s != GJ_OK)
		return s == GJ_E_RAISED ? gj_cuda_leave(before, s) : s;
	if (l->shared > atomic_load_explicit(&k->dynamic, memory_order_relaxed) &&
	    (s = allow_shared(d, k, l->shared)) != GJ_OK)
		return gj_cuda_leave(before, s);
	if (k->cooperative && !gj_cu.cuLaunchKernelEx)
		return gj_cuda_leave(before, gj_error_set(GJ_E_UNSUPPORTED, 0,
		                                          "cooperative launches need a driver of CUDA 11.8"));
	if (k->report && (s = gj_cuda_report_launch(k->report, threads_of(l))) != GJ_OK)
		return gj_cuda_leave(before, s);
	CUresult r;
	if (!k->cooperative)
		r = gj_cu.cuLaunchKernel(k->function, l->grid[0], l->grid[1], l->grid[2], l->block[0], l->block[1], l->block[2],
		                         l->shared, gj_cuda_stream(l->stream), NULL, extra);
	else
		r = launch_cooperative(k, l, extra);
	if (k->report)
		gj_cuda_report_launched(k->report, gj_cuda_stream(l->stream));
	return gj_cuda_leave(before, r == CUDA_SUCCESS ? GJ_OK : launch_failed(k, l, r));
}

/* -- Linking ----------------------------------------------------------------------------------------------------- */

/* Words of the log behind the name of what was read. */
static gj_status add_failed(jit *j, CUresult r, const char *name)
{
	char detail[LOG_BYTES + 256];
	const char *log = jit_log(j);
	snprintf(detail, sizeof detail, "%.200s%s%s", name, log ? ": " : "", log ? log : "");
	return gj_cuda_fail(r, "cuLinkAddData", detail);
}

static gj_status link_foreign(jit *j, CUlinkState state, const gj_linked *l)
{
	static const CUjitInputType type[GJ_NLINK_KINDS] = {
		[GJ_LINK_PTX] = CU_JIT_INPUT_PTX, [GJ_LINK_CUBIN] = CU_JIT_INPUT_CUBIN, [GJ_LINK_FATBIN] = CU_JIT_INPUT_FATBINARY,
		[GJ_LINK_OBJECT] = CU_JIT_INPUT_OBJECT, [GJ_LINK_ARCHIVE] = CU_JIT_INPUT_LIBRARY };
	bool text = l->kind == GJ_LINK_PTX;
	char *copy = terminated(l->data, l->n);
	if (!copy)
		return gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
	CUresult r = gj_cu.cuLinkAddData(state, type[l->kind], copy, l->n + text, l->name, 0, NULL, NULL);
	free(copy);
	return r == CUDA_SUCCESS ? GJ_OK : add_failed(j, r, l->name);
}

static gj_status link_all(jit *j, CUlinkState state, char *ptx, size_t n, const gj_linked *foreign, uint32_t nforeign, uint8_t **out,
                          size_t *nout)
{
	void *cubin = NULL;
	size_t size = 0;
	CUresult r = gj_cu.cuLinkAddData(state, CU_JIT_INPUT_PTX, ptx, n + 1, "kernel.ptx", 0, NULL, NULL);
	if (r != CUDA_SUCCESS)
		return gj_cuda_fail(r, "cuLinkAddData", jit_log(j));
	for (uint32_t i = 0; i < nforeign; i++) {
		gj_status s = link_foreign(j, state, &foreign[i]);
		if (s != GJ_OK)
			return s;
	}
	r = gj_cu.cuLinkComplete(state, &cubin, &size);
	if (r != CUDA_SUCCESS)
		return gj_cuda_fail(r, "cuLinkComplete", jit_log(j));
	if (!(*out = malloc(size ? size : 1)))
		return gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
	memcpy(*out, cubin, size);                 /* the linker's copy dies with it */
	*nout = size;
	return GJ_OK;
}

static gj_status link_copy(char *ptx, size_t n, uint32_t max_registers, const gj_linked *foreign, uint32_t nforeign, uint8_t **out,
                           size_t *nout)
{
	jit j;
	CUlinkState state;
	jit_init(&j);
	if (max_registers)
		jit_option(&j, CU_JIT_MAX_REGISTERS, max_registers);
	CUresult r = gj_cu.cuLinkCreate(j.n, j.option, j.value, &state);
	if (r != CUDA_SUCCESS)
		return gj_cuda_fail(r, "cuLinkCreate", jit_log(&j));
	gj_status s = link_all(&j, state, ptx, n, foreign, nforeign, out, nout);
	(void)gj_cu.cuLinkDestroy(state);
	return s;
}

/* For the GPU of the device, whose context is current. */
gj_status gj_cuda_link(gj_device *g, const char *ptx, size_t n, uint32_t max_registers, const gj_linked *foreign, uint32_t nforeign,
                       uint8_t **out, size_t *nout)
{
	CUcontext before;
	*out = NULL, *nout = 0;
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	char *copy = terminated(ptx, n);
	s = copy ? link_copy(copy, n, max_registers, foreign, nforeign, out, nout) : gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
	free(copy);
	return gj_cuda_leave(before, s);
}
