/* Memory that is not the GPU's own alone: pinned, managed, shared with another process, reached from another GPU. The
 * driver's plain calls; they wait for the GPU where they have to, so none of this belongs on a hot path. */
#include "run/cuda/cuda.h"

#include <string.h>

/* -- Allocation -------------------------------------------------------------------------------------------------- */

/* Portable (all GPUs) and mapped costs nothing where addresses are the same everywhere, as they are on 64-bit Linux. */
static gj_status alloc_host(unsigned more, size_t bytes, gj_place *out)
{
	CUdeviceptr at = 0;
	gj_status s = CALL(cuMemHostAlloc, (&out->host, bytes, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | more));
	if (s == GJ_OK && (s = CALL(cuMemHostGetDevicePointer, (&at, out->host, 0))) != GJ_OK)
		(void)gj_cu.cuMemFreeHost(out->host);
	out->at = (gj_devptr)at;
	return s;
}

static gj_status alloc_managed(unsigned attach, size_t bytes, gj_place *out)
{
	CUdeviceptr at = 0;
	gj_status s = CALL(cuMemAllocManaged, (&at, bytes, attach));
	*out = (gj_place){ (gj_devptr)at, (void *)(uintptr_t)at };
	return s;
}

/* Memory of the stream-ordered pool cannot be shared. */
static gj_status alloc_shared(unsigned unused, size_t bytes, gj_place *out)
{
	(void)unused;
	CUdeviceptr at = 0;
	gj_status s = CALL(cuMemAlloc, (&at, bytes));
	out->at = (gj_devptr)at;
	return s;
}

static gj_status free_host(gj_place p)
{
	return CALL(cuMemFreeHost, (p.host));
}

static gj_status free_device(gj_place p)
{
	return CALL(cuMemFree, (p.at));
}

static gj_status close_opened(gj_place p)
{
	return CALL(cuIpcCloseMemHandle, (p.at));
}

/* A copy may be on its way, and the driver does not say that it waits for it. */
static gj_status unregister(gj_place p)
{
	if (!p.host)
		return GJ_OK;
	(void)gj_cu.cuCtxSynchronize();
	return CALL(cuMemHostUnregister, (p.host));
}

static const struct {
	gj_status (*alloc)(unsigned flags, size_t bytes, gj_place *out);
	unsigned flags;
	gj_status (*free)(gj_place);
} kinds[GJ_NMEMORY] = {
	[GJ_MEM_PINNED]       = { alloc_host,    0,                             free_host },
	[GJ_MEM_COMBINED]     = { alloc_host,    CU_MEMHOSTALLOC_WRITECOMBINED, free_host },
	[GJ_MEM_MANAGED]      = { alloc_managed, CU_MEM_ATTACH_GLOBAL,          free_device },
	[GJ_MEM_MANAGED_HOST] = { alloc_managed, CU_MEM_ATTACH_HOST,            free_device },
	[GJ_MEM_SHARED]       = { alloc_shared,  0,                             free_device },
	[GJ_MEM_OPENED]       = { NULL,          0,                             close_opened },
	[GJ_MEM_REGISTERED]   = { NULL,          0,                             unregister },
};

gj_status gj_cuda_alloc_kind(gj_device *g, gj_memory kind, size_t bytes, gj_place *out)
{
	CUcontext before;
	*out = (gj_place){ 0 };
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	s = gj_cuda_leave(before, kinds[kind].alloc(kinds[kind].flags, bytes ? bytes : 1, out));
	if (s != GJ_OK)
		*out = (gj_place){ 0 };
	return s;
}

gj_status gj_cuda_free_kind(gj_device *g, gj_memory kind, gj_place place)
{
	CUcontext before;
	if (!place.at && !place.host)
		return GJ_OK;
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	return s ? s : gj_cuda_leave(before, kinds[kind].free(place));
}

/* -- Memory of the program --------------------------------------------------------------------------------------- */

/* Where kernels reach it; 0: they do not reach both ends. */
static gj_devptr reached(void *host, size_t bytes)
{
	CUdeviceptr first, last;
	bool both = gj_cu.cuMemHostGetDevicePointer(&first, host, 0) == CUDA_SUCCESS
		&& gj_cu.cuMemHostGetDevicePointer(&last, (char *)host + bytes - 1, 0) == CUDA_SUCCESS;
	return both && last - first == bytes - 1 ? (gj_devptr)first : 0;
}

gj_status gj_cuda_pin(gj_device *g, void *host, size_t bytes, gj_place *out)
{
	CUcontext before;
	*out = (gj_place){ 0 };
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	CUresult r = gj_cu.cuMemHostRegister(host, bytes, CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP);
	out->at = reached(host, bytes);
	if (r == CUDA_SUCCESS)
		out->host = host;
	else if (r != CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED && !out->at)       /* memory that the driver allocated: INVALID_VALUE */
		return gj_cuda_leave(before, gj_cuda_fail(r, "cuMemHostRegister", NULL));
	return gj_cuda_leave(before, GJ_OK);
}

/* -- Other processes, other GPUs --------------------------------------------------------------------------------- */

gj_status gj_cuda_share(gj_device *g, gj_devptr at, gj_share *out)
{
	CUcontext before;
	CUipcMemHandle handle;
	CUdeviceptr start = 0;
	size_t bytes = 0;
	memset(out, 0, sizeof *out);
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	s = CALL(cuMemGetAddressRange, (&start, &bytes, at));
	if (s == GJ_OK)
		s = CALL(cuIpcGetMemHandle, (&handle, start));
	if (s == GJ_OK) {
		memcpy(out->handle, &handle, sizeof out->handle);
		out->offset = at - start;
	}
	return gj_cuda_leave(before, s);
}

gj_status gj_cuda_open_shared(gj_device *g, const gj_share *share, gj_devptr *out)
{
	CUcontext before;
	CUipcMemHandle handle;
	CUdeviceptr at = 0;
	*out = 0;
	memcpy(&handle, share->handle, sizeof handle);
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	s = CALL(cuIpcOpenMemHandle, (&at, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
	if (s == GJ_OK)
		*out = (gj_devptr)at;
	return gj_cuda_leave(before, s);
}

/* The pool's memory has access rights of its own. */
static gj_status enable_peer(gj_cuda *d, gj_cuda *other)
{
	CUmemAccessDesc access = { { CU_MEM_LOCATION_TYPE_DEVICE, d->handle }, CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	CUresult r = gj_cu.cuCtxEnablePeerAccess(other->ctx, 0);
	if (r != CUDA_SUCCESS && r != CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED)
		return gj_cuda_fail(r, "cuCtxEnablePeerAccess", NULL);
	return other->mempool && gj_cu.cuMemPoolSetAccess ? CALL(cuMemPoolSetAccess, (other->mempool, &access, 1)) : GJ_OK;
}

gj_status gj_cuda_peer(gj_device *g, gj_device *o, bool enable, bool *can)
{
	CUcontext before;
	gj_cuda *d = gj_cuda_of(g), *other = gj_cuda_of(o);
	int yes = d == other;
	*can = yes;
	gj_status s = yes ? GJ_OK : gj_cuda_enter(d, &before);
	if (yes || s != GJ_OK)
		return s;
	s = CALL(cuDeviceCanAccessPeer, (&yes, d->handle, other->handle));
	*can = yes;
	if (s == GJ_OK && yes && enable)
		s = enable_peer(d, other);
	return gj_cuda_leave(before, s);
}

gj_status gj_cuda_copy_from(gj_device *g, gj_device *o, gj_devptr dst, gj_devptr src, size_t bytes, gj_stream *st)
{
	CUcontext before;
	gj_cuda *d = gj_cuda_of(g), *other = gj_cuda_of(o);
	gj_status s = gj_cuda_enter(other, &before);
	if (s != GJ_OK)
		return s;
	s = gj_cuda_leave(before, CALL(cuCtxSynchronize, ()));
	if (s != GJ_OK || (s = gj_cuda_enter(d, &before)) != GJ_OK)
		return s;
	CUstream stream = gj_cuda_stream(st);
	s = CALL(cuMemcpyPeerAsync, (dst, d->ctx, src, other->ctx, bytes, stream));
	s = s == GJ_OK ? gj_cuda_wait_stream(stream) : s;      /* the source may change as soon as this returns */
	return gj_cuda_leave(before, s);
}
