/* The GPU's primary context (shared with the CUDA runtime and every other library of the process), made current for an
 * operation and given back after it, and the driver's errors in words. */
#include "run/cuda/cuda.h"

/* -- Errors ------------------------------------------------------------------------------------------------------ */

typedef struct row { CUresult code; gj_status status; bool lost; const char *name, *remark; } row;

static const row rows[] = {
#define KEPT false
#define LOST true
#define CUERROR(code, name, status, lost, remark) { code, GJ_E_##status, lost, "CUDA_ERROR_" #name, remark },
#include "run/cuda/errors.def"
#undef KEPT
#undef LOST
};

static const row *find_row(CUresult r)
{
	static const row other = { 0, GJ_E_DRIVER, false, "CUDA_ERROR", NULL };
	for (size_t i = 0; i < GJ_LEN(rows); i++)
		if (rows[i].code == r)
			return &rows[i];
	return &other;
}

/* "cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY (2): out of memory: <detail>; <remark>; <what a lost context means>" */
gj_status gj_cuda_fail(CUresult r, const char *call, const char *detail)
{
	const row *e = find_row(r);
	const char *name = NULL, *text = NULL;
	if (!gj_cu.cuGetErrorName || gj_cu.cuGetErrorName(r, &name) != CUDA_SUCCESS || !name)
		name = e->name;
	if (!gj_cu.cuGetErrorString || gj_cu.cuGetErrorString(r, &text) != CUDA_SUCCESS || !text)
		text = "no description";
	return gj_error_set(e->status, r, "%s: %s (%d): %s%s%s%s%s%s", call, name, r, text,
	                    detail ? ": " : "", detail ? detail : "", e->remark ? "; " : "", e->remark ? e->remark : "",
	                    e->lost ? "; the GPU context of this process is lost: restart it to use the GPU again" : "");
}

/* -- The current context ----------------------------------------------------------------------------------------- */

gj_status gj_cuda_switch(gj_cuda *d, CUcontext *before)
{
	CUcontext now = NULL;
	if (gj_cuda_forked)
		return gj_error_set(GJ_E_FORKED, 0, "this process was forked from one that had opened the GPU, and CUDA cannot "
		                    "be used in it: start it with multiprocessing's \"spawn\" method, or fork before using "
		                    "the GPU");
	gj_status s = CALL(cuCtxGetCurrent, (&now));
	if (s == GJ_OK && now != d->ctx)
		s = CALL(cuCtxSetCurrent, (d->ctx));
	*before = s == GJ_OK ? now : NULL;
	return s;
}

gj_status gj_cuda_restore(CUcontext before, gj_status s)
{
	CUresult r = gj_cu.cuCtxSetCurrent(before);
	if (r != CUDA_SUCCESS)                     /* what the caller has made is lost with an error: once more */
		r = gj_cu.cuCtxSetCurrent(before);
	return s == GJ_OK && r != CUDA_SUCCESS ? gj_cuda_fail(r, "cuCtxSetCurrent", NULL) : s;
}
