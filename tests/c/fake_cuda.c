/* A CUDA driver without a GPU, for tests: the entry points of cuda_api.def over host memory. It is strict where the
 * real one is (contexts, ranges, handles, fork) and counts what is alive. Copies of pinned memory really are
 * asynchronous: they happen when something waits for them, so that a buffer touched too early shows.
 * Environment: FAKE_CUDA_DEVICES, FAKE_CUDA_VERSION, FAKE_CUDA_NO_POOL, FAKE_CUDA_FAIL="name=code:nth". */
#define _GNU_SOURCE
#include "fake_cuda.h"
#include "image/report.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CTX = 5, FOREIGN = 4, STATIC_SHARED = 1024 };
enum { INVALID_VALUE = 1, NO_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101, INVALID_IMAGE = 200,
       INVALID_CONTEXT = 201, INVALID_PTX = 218, INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600,
       ILLEGAL_ADDRESS = 700, OUT_OF_RESOURCES = 701 };

enum {
#define CU(name, symbol, since, need, args) F_##name,
#include "run/cuda/api.def"
	NFUNCTIONS
};

static const char *const function_name[NFUNCTIONS + 1] = {
#define CU(name, symbol, since, need, args) #name,
#include "run/cuda/api.def"
	NULL
};

struct CUctx_st { int ordinal, retained; CUcontext peer; };
struct CUmod_st { char *text; bool elf; struct CUctx_st *ctx; uint64_t listener, lines; struct CUmod_st *next; };
struct CUfunc_st { char name[64]; int dynamic, carveout; struct CUfunc_st *next; CUmodule module; };
struct CUstream_st { struct CUctx_st *ctx; };
struct CUevent_st { unsigned long long at; double ms; bool timing, recorded; };
struct CUlinkState_st { char *log; size_t nlog; char *ptx, *cubin; unsigned foreign; };

typedef struct block { struct block *next; char *p; size_t n; CUcontext ctx; CUstream stream; bool pinned, pool, theirs; } block;
typedef struct copy { struct copy *next; unsigned long long at; void *dst; const void *src; size_t n; } copy;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned calls[NFUNCTIONS], countdown[NFUNCTIONS];
static CUresult failure[NFUNCTIONS], lost;
static struct CUctx_st context[MAX_CTX];
/* Initial-exec: LeakSanitizer falls over a dlopen'ed library's other thread-locals. */
static _Thread_local CUcontext current __attribute__((tls_model("initial-exec")));
static pid_t owner;
static fake_live alive;
static block *blocks;
static copy *pending, **pending_end = &pending;
static unsigned long long clock_now;
static struct CUfunc_st *functions;
static fake_launch last;
static size_t memory = (size_t)1 << 30;
static uint64_t threshold;
static unsigned queries_not_ready;
static bool writes_arrive;

/* -- Every entry point ------------------------------------------------------------------------------------------- */

static int env(const char *name, int otherwise)
{
	const char *text = getenv(name);
	return text ? atoi(text) : otherwise;
}

static void arm(const char *name, CUresult r, unsigned nth)
{
	for (int i = 0; i < NFUNCTIONS; i++)
		if (strcmp(function_name[i], name) == 0)
			failure[i] = r, countdown[i] = nth;
}

__attribute__((constructor)) static void read_env(void)
{
	char name[80];
	int code;
	unsigned nth;
	const char *text = getenv("FAKE_CUDA_FAIL");
	if (text && sscanf(text, "%79[^=]=%d:%u", name, &code, &nth) == 3)
		arm(name, code, nth);
}

static int begin(int id)
{
	pthread_mutex_lock(&lock);
	calls[id]++;
	return 0;
}

static void end(int *unused)
{
	(void)unused;
	pthread_mutex_unlock(&lock);
}

static CUresult injected(int id)
{
	return countdown[id] && --countdown[id] == 0 ? failure[id] : CUDA_SUCCESS;
}

static CUresult state(bool needs_context)
{
	if (!owner || owner != getpid())
		return NOT_INITIALIZED;
	if (lost)
		return lost;
	return needs_context && !current ? INVALID_CONTEXT : CUDA_SUCCESS;
}

/* Opens an entry point: under the lock until it returns, counted, failing where a test wants it. */
#define ENTRY(NAME, CONTEXT) \
	int guard_ __attribute__((cleanup(end), unused)) = begin(F_##NAME); \
	CUresult r_ = injected(F_##NAME); \
	if (r_ || (r_ = state(CONTEXT))) \
		return r_

/* The same for what destroys: it does its work, then reports (as the driver does with errors of earlier work). */
#define ENTRY_LATE(NAME) \
	int guard_ __attribute__((cleanup(end), unused)) = begin(F_##NAME); \
	CUresult r_ = injected(F_##NAME); \
	if (state(true) && !lost) \
		return state(true)

#define EXPORT __attribute__((visibility("default")))
#define API EXPORT CUresult

/* -- Set-up ------------------------------------------------------------------------------------------------------ */

API cuInit(unsigned flags)
{
	int guard_ __attribute__((cleanup(end), unused)) = begin(F_cuInit);
	CUresult r = injected(F_cuInit);
	if (!r && flags == 0)
		owner = getpid();
	return r;
}

API cuDriverGetVersion(int *version)
{
	int guard_ __attribute__((cleanup(end), unused)) = begin(F_cuDriverGetVersion);
	*version = env("FAKE_CUDA_VERSION", 13000);
	return injected(F_cuDriverGetVersion);
}

API cuGetErrorName(CUresult r, const char **name)
{
	static const struct { int code; const char *name; } known[] = {
		{ 2, "CUDA_ERROR_OUT_OF_MEMORY" }, { 218, "CUDA_ERROR_INVALID_PTX" }, { 700, "CUDA_ERROR_ILLEGAL_ADDRESS" } };
	int guard_ __attribute__((cleanup(end), unused)) = begin(F_cuGetErrorName);
	*name = "CUDA_ERROR_OF_THE_FAKE";
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].code == r)
			*name = known[i].name;
	return injected(F_cuGetErrorName);
}

API cuGetErrorString(CUresult r, const char **text)
{
	int guard_ __attribute__((cleanup(end), unused)) = begin(F_cuGetErrorString);
	*text = r == NO_MEMORY ? "out of memory" : "the fake says no";
	return injected(F_cuGetErrorString);
}

API cuDeviceGetCount(int *count)
{
	ENTRY(cuDeviceGetCount, false);
	*count = env("FAKE_CUDA_DEVICES", 1);
	return CUDA_SUCCESS;
}

API cuDeviceGet(CUdevice *d, int ordinal)
{
	ENTRY(cuDeviceGet, false);
	*d = ordinal;
	return ordinal >= 0 && ordinal < env("FAKE_CUDA_DEVICES", 1) ? CUDA_SUCCESS : INVALID_DEVICE;
}

API cuDeviceGetName(char *name, int size, CUdevice d)
{
	ENTRY(cuDeviceGetName, false);
	snprintf(name, (size_t)size, "Fake GPU %d", d);
	return CUDA_SUCCESS;
}

API cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice d)
{
	ENTRY(cuDeviceGetUuid, false);
	memset(uuid->bytes, 'a' + d, sizeof uuid->bytes);
	return CUDA_SUCCESS;
}

API cuDeviceTotalMem_v2(size_t *bytes, CUdevice d)
{
	ENTRY(cuDeviceTotalMem, false);
	(void)d;
	*bytes = memory;
	return CUDA_SUCCESS;
}

API cuDeviceGetAttribute(int *value, CUdevice_attribute a, CUdevice d)
{
	ENTRY(cuDeviceGetAttribute, false);
	(void)d;
	*value = a == CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK ? 49152
	       : a == CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN ? 232448
	       : a == CU_DEVICE_ATTRIBUTE_WARP_SIZE ? 32
	       : a == CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? 1024
	       : a == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 9
	       : a == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR ? 0
	       : a == CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED ? !env("FAKE_CUDA_NO_POOL", 0) : 1000 + a;
	return CUDA_SUCCESS;
}

API cuDevicePrimaryCtxRetain(CUcontext *ctx, CUdevice d)
{
	ENTRY(cuDevicePrimaryCtxRetain, false);
	context[d].ordinal = d;
	context[d].retained++;
	*ctx = &context[d];
	return CUDA_SUCCESS;
}

API cuCtxGetCurrent(CUcontext *ctx)
{
	ENTRY(cuCtxGetCurrent, false);
	*ctx = current;
	return CUDA_SUCCESS;
}

API cuCtxSetCurrent(CUcontext ctx)
{
	ENTRY(cuCtxSetCurrent, false);
	current = ctx;
	return CUDA_SUCCESS;
}

/* -- What is queued ---------------------------------------------------------------------------------------------- */

static void enqueue(void *dst, const void *src, size_t n)
{
	copy *c = malloc(sizeof *c);
	*c = (copy){ NULL, ++clock_now, dst, src, n };
	*pending_end = c, pending_end = &c->next;
}

static void run_until(unsigned long long at)
{
	while (pending && pending->at <= at) {
		copy *c = pending;
		memcpy(c->dst, c->src, c->n);
		if (!(pending = c->next))
			pending_end = &pending;
		free(c);
	}
}

static bool is_stream(CUstream s)
{
	return (uintptr_t)s <= 2 || s->ctx == current;
}

API cuCtxSynchronize(void)
{
	ENTRY(cuCtxSynchronize, true);
	run_until(clock_now);
	return CUDA_SUCCESS;
}

static bool is_not_ready(void)
{
	bool not_yet = queries_not_ready;
	queries_not_ready -= not_yet && queries_not_ready != ALWAYS;
	return not_yet;
}

API cuStreamQuery(CUstream s)
{
	ENTRY(cuStreamQuery, true);
	if (!queries_not_ready)
		run_until(clock_now);
	return !is_stream(s) ? INVALID_HANDLE : is_not_ready() ? NOT_READY : CUDA_SUCCESS;
}

/* As the work before it, it is not done while queries say "not yet", unless a test wants that. */
API cuStreamWriteValue32_v2(CUstream s, CUdeviceptr p, unsigned value, unsigned flags)
{
	ENTRY(cuStreamWriteValue32, true);
	if (!is_stream(s) || flags)
		return INVALID_VALUE;
	if (!queries_not_ready || writes_arrive)
		*(unsigned *)(uintptr_t)p = value;
	return CUDA_SUCCESS;
}

API cuStreamCreate(CUstream *s, unsigned flags)
{
	ENTRY(cuStreamCreate, true);
	*s = malloc(sizeof **s);
	(*s)->ctx = current;
	alive.streams++;
	return flags ? INVALID_VALUE : CUDA_SUCCESS;
}

API cuStreamDestroy_v2(CUstream s)
{
	ENTRY_LATE(cuStreamDestroy);
	if ((uintptr_t)s <= 2)
		return INVALID_HANDLE;
	free(s);
	alive.streams--;
	return r_;
}

API cuStreamWaitEvent(CUstream s, CUevent e, unsigned flags)
{
	ENTRY(cuStreamWaitEvent, true);
	return is_stream(s) && e && !flags ? CUDA_SUCCESS : INVALID_VALUE;
}

API cuEventCreate(CUevent *e, unsigned flags)
{
	ENTRY(cuEventCreate, true);
	*e = calloc(1, sizeof **e);
	(*e)->timing = !(flags & CU_EVENT_DISABLE_TIMING);
	alive.events++;
	return CUDA_SUCCESS;
}

API cuEventDestroy_v2(CUevent e)
{
	ENTRY_LATE(cuEventDestroy);
	free(e);
	alive.events--;
	return r_;
}

API cuEventRecord(CUevent e, CUstream s)
{
	ENTRY(cuEventRecord, true);
	e->at = clock_now, e->ms = (double)clock_now, e->recorded = true;
	return is_stream(s) ? CUDA_SUCCESS : INVALID_HANDLE;
}

API cuEventSynchronize(CUevent e)
{
	ENTRY(cuEventSynchronize, true);
	run_until(e->at);
	return CUDA_SUCCESS;
}

API cuEventQuery(CUevent e)
{
	ENTRY(cuEventQuery, true);
	if (!queries_not_ready)
		run_until(clock_now);
	return e && queries_not_ready ? NOT_READY : CUDA_SUCCESS;
}

API cuEventElapsedTime(float *ms, CUevent from, CUevent to)
{
	ENTRY(cuEventElapsedTime, true);
	if (!from->timing || !to->timing || !from->recorded || !to->recorded)
		return INVALID_HANDLE;
	*ms = (float)(to->ms - from->ms);
	return queries_not_ready ? NOT_READY : CUDA_SUCCESS;
}

/* -- Memory ------------------------------------------------------------------------------------------------------ */

static block *find(const void *p, size_t n)
{
	for (block *b = blocks; b; b = b->next)
		if ((char *)p >= b->p && (char *)p + n <= b->p + b->n)
			return b;
	return NULL;
}

static bool on_device(CUdeviceptr p, size_t n)
{
	block *b = find((void *)(uintptr_t)p, n);
	return b && !b->pinned;
}

static struct CUmod_st *modules;

static bool is_variable(CUdeviceptr p, size_t n)
{
	const struct CUmod_st *m = modules;
	while (m && (CUdeviceptr)(uintptr_t)&m->listener != p && (CUdeviceptr)(uintptr_t)&m->lines != p)
		m = m->next;
	return m && n == sizeof m->listener;
}

static bool is_pinned(const void *p)
{
	block *b = find(p, 1);
	return b && b->pinned;
}

static CUresult make_block(void **p, size_t n, bool pinned, CUstream stream)
{
	if (!n)
		return INVALID_VALUE;
	if (!pinned && (n > memory || alive.bytes > memory - n))
		return NO_MEMORY;
	block *b = malloc(sizeof *b);
	*b = (block){ blocks, aligned_alloc(256, (n + 255) & ~(size_t)255), n, current, stream, pinned, false, false };
	memset(b->p, 0xA5, n);
	blocks = b;
	*(pinned ? &alive.pinned : &alive.blocks) += 1;
	alive.bytes += pinned ? 0 : n;
	*p = b->p;
	return CUDA_SUCCESS;
}

static CUresult drop_block(void *p, bool pinned)
{
	run_until(clock_now);
	for (block **l = &blocks; *l; l = &(*l)->next)
		if ((*l)->p == p && (*l)->pinned == pinned && !(*l)->theirs) {
			block *b = *l;
			*l = b->next;
			*(pinned ? &alive.pinned : &alive.blocks) -= 1;
			alive.bytes -= pinned ? 0 : b->n;
			free(b->p);
			free(b);
			return CUDA_SUCCESS;
		}
	return INVALID_VALUE;
}

static CUresult device_block(CUdeviceptr *p, size_t n, CUstream s)
{
	void *at = NULL;
	CUresult r = make_block(&at, n, false, s);
	*p = (uintptr_t)at;
	return r;
}

API cuMemAlloc_v2(CUdeviceptr *p, size_t n)
{
	ENTRY(cuMemAlloc, true);
	return device_block(p, n, NULL);
}

API cuMemFree_v2(CUdeviceptr p)
{
	ENTRY_LATE(cuMemFree);
	CUresult r = drop_block((void *)(uintptr_t)p, false);
	return r_ ? r_ : r;
}

API cuMemAllocAsync(CUdeviceptr *p, size_t n, CUstream s)
{
	ENTRY(cuMemAllocAsync, true);
	CUresult r = is_stream(s) ? device_block(p, n, s) : INVALID_HANDLE;
	if (!r)
		blocks->pool = true;
	return r;
}

API cuMemFreeAsync(CUdeviceptr p, CUstream s)
{
	ENTRY_LATE(cuMemFreeAsync);
	CUresult r = is_stream(s) ? drop_block((void *)(uintptr_t)p, false) : INVALID_HANDLE;
	return r_ ? r_ : r;
}

API cuMemHostAlloc(void **p, size_t n, unsigned flags)
{
	ENTRY(cuMemHostAlloc, true);
	flags &= ~(unsigned)CU_MEMHOSTALLOC_WRITECOMBINED;
	return flags == CU_MEMHOSTALLOC_PORTABLE || flags == (CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP) ? make_block(p, n, true, NULL) : INVALID_VALUE;
}

API cuMemHostGetDevicePointer_v2(CUdeviceptr *at, void *host, unsigned flags)
{
	ENTRY(cuMemHostGetDevicePointer, true);
	*at = (CUdeviceptr)(uintptr_t)host;
	return is_pinned(host) && !flags ? CUDA_SUCCESS : INVALID_VALUE;
}

API cuMemAllocManaged(CUdeviceptr *p, size_t n, unsigned flags)
{
	ENTRY(cuMemAllocManaged, true);
	return flags == CU_MEM_ATTACH_GLOBAL || flags == CU_MEM_ATTACH_HOST ? device_block(p, n, NULL) : INVALID_VALUE;
}

/* Page-locked memory of the program is a block of a kind of its own. */
API cuMemHostRegister_v2(void *p, size_t n, unsigned flags)
{
	ENTRY(cuMemHostRegister, true);
	if (!n || flags != (CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP))
		return INVALID_VALUE;
	for (block *b = blocks; b; b = b->next)
		if ((char *)p < b->p + b->n && b->p < (char *)p + n)
			return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
	block *b = malloc(sizeof *b);
	*b = (block){ blocks, p, n, current, NULL, true, false, true };
	blocks = b;
	alive.pinned++;
	return CUDA_SUCCESS;
}

API cuMemHostUnregister(void *p)
{
	ENTRY_LATE(cuMemHostUnregister);
	for (block **l = &blocks; *l; l = &(*l)->next)
		if ((*l)->p == p && (*l)->theirs) {
			block *b = *l;
			*l = b->next;
			free(b);
			alive.pinned--;
			return r_;
		}
	return CUDA_ERROR_INVALID_VALUE;
}

API cuMemGetAddressRange_v2(CUdeviceptr *start, size_t *n, CUdeviceptr p)
{
	ENTRY(cuMemGetAddressRange, true);
	block *b = find((void *)(uintptr_t)p, 1);
	if (!b || b->pinned)
		return INVALID_VALUE;
	*start = (CUdeviceptr)(uintptr_t)b->p, *n = b->n;
	return CUDA_SUCCESS;
}

/* Handles are addresses: both processes are this one. */
API cuIpcGetMemHandle(CUipcMemHandle *h, CUdeviceptr p)
{
	ENTRY(cuIpcGetMemHandle, true);
	block *b = find((void *)(uintptr_t)p, 1);
	memset(h, 0, sizeof *h);
	memcpy(h->reserved, &p, sizeof p);
	return b && !b->pinned && !b->pool && (uintptr_t)b->p == p ? CUDA_SUCCESS : INVALID_VALUE;
}

API cuIpcOpenMemHandle_v2(CUdeviceptr *p, CUipcMemHandle h, unsigned flags)
{
	ENTRY(cuIpcOpenMemHandle, true);
	memcpy(p, h.reserved, sizeof *p);
	if (flags != CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS || !find((void *)(uintptr_t)*p, 1))
		return INVALID_VALUE;
	alive.opened++;
	return CUDA_SUCCESS;
}

API cuIpcCloseMemHandle(CUdeviceptr p)
{
	ENTRY_LATE(cuIpcCloseMemHandle);
	alive.opened -= p ? 1 : 0;
	return r_;
}

API cuDeviceCanAccessPeer(int *can, CUdevice d, CUdevice peer)
{
	ENTRY(cuDeviceCanAccessPeer, false);
	*can = d != peer && d + peer < 3;
	return CUDA_SUCCESS;
}

API cuCtxEnablePeerAccess(CUcontext peer, unsigned flags)
{
	ENTRY(cuCtxEnablePeerAccess, true);
	bool again = current->peer == peer;
	current->peer = peer;
	return peer == current || flags ? INVALID_VALUE : again ? CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED : CUDA_SUCCESS;
}

API cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *access, size_t n)
{
	ENTRY(cuMemPoolSetAccess, false);
	return pool && n == 1 && access->location.type == CU_MEM_LOCATION_TYPE_DEVICE && access->flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE
		? CUDA_SUCCESS : INVALID_VALUE;
}

API cuMemFreeHost(void *p)
{
	ENTRY_LATE(cuMemFreeHost);
	CUresult r = drop_block(p, true);
	return r_ ? r_ : r;
}

API cuMemGetInfo_v2(size_t *available, size_t *total)
{
	ENTRY(cuMemGetInfo, true);
	*available = memory - alive.bytes, *total = memory;
	return CUDA_SUCCESS;
}

API cuPointerGetAttribute(void *value, CUpointer_attribute a, CUdeviceptr p)
{
	ENTRY(cuPointerGetAttribute, true);
	block *b = find((void *)(uintptr_t)p, 1);
	if (!b)
		return INVALID_VALUE;
	if (a == CU_POINTER_ATTRIBUTE_DEVICE_POINTER) {
		memcpy(value, &p, sizeof p);
		return b->pinned || b->ctx == current ? CUDA_SUCCESS : INVALID_VALUE;
	}
	*(int *)value = a == CU_POINTER_ATTRIBUTE_MEMORY_TYPE ? (b->pinned ? CU_MEMORYTYPE_HOST : 2) : b->ctx->ordinal;
	return CUDA_SUCCESS;
}

API cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice d)
{
	ENTRY(cuDeviceGetDefaultMemPool, false);
	*pool = (CUmemoryPool)&context[d];
	return CUDA_SUCCESS;
}

API cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute a, void *value)
{
	ENTRY(cuMemPoolSetAttribute, false);
	memcpy(&threshold, value, sizeof threshold);
	return pool && a == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD ? CUDA_SUCCESS : INVALID_VALUE;
}

API cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute a, void *value)
{
	ENTRY(cuMemPoolGetAttribute, false);
	uint64_t n = alive.bytes;                  /* no more is reserved than is used */
	memcpy(value, &n, sizeof n);
	return pool && a >= CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT ? CUDA_SUCCESS : INVALID_VALUE;
}

API cuMemPoolTrimTo(CUmemoryPool pool, size_t keep)
{
	ENTRY(cuMemPoolTrimTo, false);
	return pool && keep == 0 ? CUDA_SUCCESS : INVALID_VALUE;
}

/* -- Copies ------------------------------------------------------------------------------------------------------ */

static CUresult transfer(void *dst, const void *src, size_t n, CUdeviceptr device, const void *host, bool async)
{
	if ((!on_device(device, n) && !is_variable(device, n)) || !n)
		return INVALID_VALUE;
	if (async && is_pinned(host)) {
		enqueue(dst, src, n);
		return CUDA_SUCCESS;
	}
	run_until(clock_now);
	memcpy(dst, src, n);
	return CUDA_SUCCESS;
}

API cuMemcpyHtoD_v2(CUdeviceptr dst, const void *src, size_t n)
{
	ENTRY(cuMemcpyHtoD, true);
	return transfer((void *)(uintptr_t)dst, src, n, dst, src, false);
}

API cuMemcpyDtoH_v2(void *dst, CUdeviceptr src, size_t n)
{
	ENTRY(cuMemcpyDtoH, true);
	return transfer(dst, (void *)(uintptr_t)src, n, src, dst, false);
}

API cuMemcpyHtoDAsync_v2(CUdeviceptr dst, const void *src, size_t n, CUstream s)
{
	ENTRY(cuMemcpyHtoDAsync, true);
	return is_stream(s) ? transfer((void *)(uintptr_t)dst, src, n, dst, src, true) : INVALID_HANDLE;
}

API cuMemcpyDtoHAsync_v2(void *dst, CUdeviceptr src, size_t n, CUstream s)
{
	ENTRY(cuMemcpyDtoHAsync, true);
	return is_stream(s) ? transfer(dst, (void *)(uintptr_t)src, n, src, dst, true) : INVALID_HANDLE;
}

API cuMemcpyDtoDAsync_v2(CUdeviceptr dst, CUdeviceptr src, size_t n, CUstream s)
{
	ENTRY(cuMemcpyDtoDAsync, true);
	if (!is_stream(s) || !on_device(dst, n) || !on_device(src, n))
		return INVALID_VALUE;
	run_until(clock_now);
	memmove((void *)(uintptr_t)dst, (void *)(uintptr_t)src, n);
	return CUDA_SUCCESS;
}

API cuMemcpyPeerAsync(CUdeviceptr dst, CUcontext to, CUdeviceptr src, CUcontext from, size_t n, CUstream s)
{
	ENTRY(cuMemcpyPeerAsync, true);
	if (!is_stream(s) || to == from || !on_device(dst, n) || !on_device(src, n))
		return INVALID_VALUE;
	run_until(clock_now);
	memmove((void *)(uintptr_t)dst, (void *)(uintptr_t)src, n);
	return CUDA_SUCCESS;
}

API cuMemsetD8Async(CUdeviceptr dst, unsigned char byte, size_t n, CUstream s)
{
	ENTRY(cuMemsetD8Async, true);
	if (!is_stream(s) || !on_device(dst, n))
		return INVALID_VALUE;
	run_until(clock_now);
	memset((void *)(uintptr_t)dst, byte, n);
	return CUDA_SUCCESS;
}

/* -- Code: PTX is any text with ".entry NAME", an error if it says "syntax error"; a cubin is what the linker made  */

static CUresult assemble(const char *text, char *log, size_t nlog)
{
	while (*text == '\n' || strncmp(text, "//", 2) == 0)
		text += strcspn(text, "\n") + 1;
	if (strncmp(text, ".version", 8) != 0)
		return INVALID_IMAGE;
	if (!strstr(text, "syntax error"))
		return CUDA_SUCCESS;
	if (log)
		snprintf(log, nlog, "ptxas application ptx input, line 3; fatal   : Parsing error near 'syntax'\n");
	return INVALID_PTX;
}

static char *find_log(unsigned n, const CUjit_option *option, void **value, size_t *size)
{
	char *log = NULL;
	for (unsigned i = 0; i < n; i++)
		if (option[i] == CU_JIT_ERROR_LOG_BUFFER)
			log = value[i];
		else if (option[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
			*size = (size_t)(uintptr_t)value[i];
	return log;
}

API cuModuleLoadDataEx(CUmodule *m, const void *image, unsigned n, CUjit_option *option, void **value)
{
	ENTRY(cuModuleLoadDataEx, true);
	size_t nlog = 0;
	char *log = find_log(n, option, value, &nlog);
	const char *text = image;
	bool elf = memcmp(image, "\177ELF", 4) == 0;
	CUresult r = assemble(elf ? text + 64 : text, log, nlog);
	if (r)
		return r;
	*m = malloc(sizeof **m);
	(*m)->text = strdup(elf ? text + 64 : text), (*m)->elf = elf, (*m)->ctx = current;
	(*m)->listener = (*m)->lines = 0, (*m)->next = modules, modules = *m;
	alive.modules++;
	return CUDA_SUCCESS;
}

API cuModuleUnload(CUmodule m)
{
	ENTRY_LATE(cuModuleUnload);
	if (m->ctx != current)
		return INVALID_CONTEXT;
	for (struct CUfunc_st **l = &functions, *f; (f = *l); )
		if (f->module == m) {
			*l = f->next;
			free(f);
		} else
			l = &f->next;
	struct CUmod_st **at = &modules;
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	free(m->text);
	free(m);
	alive.modules--;
	return r_;
}

API cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name)
{
	ENTRY(cuModuleGetFunction, true);
	char want[96];
	snprintf(want, sizeof want, ".entry %s", name);
	if (!strstr(m->text, want))
		return NOT_FOUND;
	*f = calloc(1, sizeof **f);
	snprintf((*f)->name, sizeof (*f)->name, "%s", name);
	(*f)->dynamic = 49152 - STATIC_SHARED, (*f)->carveout = -1, (*f)->module = m, (*f)->next = functions;
	functions = *f;
	return CUDA_SUCCESS;
}

/* Each module has a variable, and "raise" reports a failure there: at its site 0, of block (1, 2, 3) and thread (4, 5, 6), with values
 * that count from 7. */
API cuModuleGetGlobal_v2(CUdeviceptr *p, size_t *bytes, CUmodule m, const char *name)
{
	ENTRY(cuModuleGetGlobal, true);
	if (strcmp(name, "gj_report") != 0 && strcmp(name, "gj_print") != 0)
		return NOT_FOUND;
	*p = (CUdeviceptr)(uintptr_t)(strcmp(name, "gj_print") ? &m->listener : &m->lines);
	*bytes = sizeof m->listener;
	return CUDA_SUCCESS;
}

/* Each launch of a kernel that prints writes a line at site 0, of the numbers 7 and 8. */
static void print(CUmodule m)
{
	gj_print_buffer *b = (gj_print_buffer *)(uintptr_t)m->lines;
	uint32_t at = b->used;
	b->used += 3;
	if (b->used > GJ_PRINT_WORDS) {
		b->lost++;
		return;
	}
	b->word[at + 1] = 7, b->word[at + 2] = 8;
	b->word[at] = gj_print_written | (uint64_t)2 << GJ_PRINT_COUNT_AT;
}

static void report(CUmodule m, uint32_t nvalues)
{
	gj_report *r = (gj_report *)(uintptr_t)m->listener;
	if (!r || r->state)
		return;
	*r = (gj_report){ .state = GJ_REPORT_WHOLE, .block = { 1, 2, 3 }, .thread = { 4, 5, 6 }, .nvalues = nvalues };
	for (uint32_t i = 0; i < nvalues; i++)
		r->value[i] = 7 + i;
}

API cuFuncGetAttribute(int *value, CUfunction_attribute a, CUfunction f)
{
	ENTRY(cuFuncGetAttribute, true);
	*value = a == CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES ? STATIC_SHARED
	       : a == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? 1024
	       : a == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES ? f->dynamic
	       : a == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT ? f->carveout : 10 * a;
	return CUDA_SUCCESS;
}

API cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int value)
{
	ENTRY(cuFuncSetAttribute, true);
	if (a == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT) {
		f->carveout = value;
		return value < -1 || value > 100 ? INVALID_VALUE : CUDA_SUCCESS;
	}
	if (a != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value + STATIC_SHARED > 232448)
		return INVALID_VALUE;
	f->dynamic = value;
	return CUDA_SUCCESS;
}

API cuOccupancyMaxPotentialBlockSize(int *grid, int *block, CUfunction f, CUoccupancyB2DSize size, size_t shared,
                                     int limit)
{
	ENTRY(cuOccupancyMaxPotentialBlockSize, true);
	*grid = 264, *block = 768;
	return size || limit || (int)shared > f->dynamic ? INVALID_VALUE : CUDA_SUCCESS;
}

API cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction f, int block, size_t shared)
{
	ENTRY(cuOccupancyMaxActiveBlocksPerMultiprocessor, true);
	*blocks = 2048 / block;
	return (int)shared > f->dynamic ? INVALID_VALUE : CUDA_SUCCESS;
}

/* "add_one" takes (int *p, int n) and does it; "crash" loses the context, as the next call will say. */
static CUresult run_kernel(CUfunction f)
{
	run_until(clock_now);
	if (f->module->lines)
		print(f->module);
	if (f->module->listener)
		report(f->module, 2);
	if (strcmp(f->name, "crash") == 0)
		lost = ILLEGAL_ADDRESS;
	if (strcmp(f->name, "add_one") != 0)
		return CUDA_SUCCESS;
	CUdeviceptr p;
	int n;
	memcpy(&p, last.params, 8);
	memcpy(&n, last.params + 8, 4);
	if (last.nparams != 12 || !on_device(p, 4 * (size_t)n))
		return INVALID_VALUE;
	for (int i = 0; i < n; i++)
		((int *)(uintptr_t)p)[i]++;
	return CUDA_SUCCESS;
}

static CUresult launch(CUfunction f, void **params, void **extra)
{
	if (params || !last.grid[0] || !last.block[0] || (int)last.shared > f->dynamic || !is_stream(last.stream))
		return INVALID_VALUE;
	if (last.block[0] * last.block[1] * last.block[2] > 1024)
		return INVALID_VALUE;
	if (last.block[0] == 1023)
		return OUT_OF_RESOURCES;
	last.name = f->name;
	if (extra) {
		if (extra[0] != CU_LAUNCH_PARAM_BUFFER_POINTER || extra[2] != CU_LAUNCH_PARAM_BUFFER_SIZE || extra[4])
			return INVALID_VALUE;
		last.nparams = *(size_t *)extra[3];
		memcpy(last.params, extra[1], last.nparams < sizeof last.params ? last.nparams : sizeof last.params);
	}
	return run_kernel(f);
}

API cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, CUstream s, void **params, void **extra)
{
	ENTRY(cuLaunchKernel, true);
	last = (fake_launch){ NULL, f->carveout, { gx, gy, gz }, { bx, by, bz }, shared, s, false, { 0 }, 0 };
	return launch(f, params, extra);
}

API cuLaunchKernelEx(const CUlaunchConfig *c, CUfunction f, void **params, void **extra)
{
	ENTRY(cuLaunchKernelEx, true);
	if (c->numAttrs != 1 || c->attrs->id != CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
		return INVALID_VALUE;
	last = (fake_launch){ NULL, f->carveout, { c->gridDimX, c->gridDimY, c->gridDimZ }, { c->blockDimX, c->blockDimY, c->blockDimZ },
	                      c->sharedMemBytes, c->hStream, c->attrs->value.cooperative == 1, { 0 }, 0 };
	return launch(f, params, extra);
}

API cuLinkCreate_v2(unsigned n, CUjit_option *option, void **value, CUlinkState *state_)
{
	ENTRY(cuLinkCreate, true);
	*state_ = calloc(1, sizeof **state_);
	(*state_)->log = find_log(n, option, value, &(*state_)->nlog);
	alive.links++;
	return CUDA_SUCCESS;
}

API cuLinkAddData_v2(CUlinkState l, CUjitInputType type, void *data, size_t size, const char *name, unsigned n,
                     CUjit_option *option, void **value)
{
	ENTRY(cuLinkAddData, true);
	const char *text = data;
	if (type < CU_JIT_INPUT_CUBIN || type > CU_JIT_INPUT_LIBRARY || !name || n || option || value)
		return INVALID_VALUE;
	if (type != CU_JIT_INPUT_PTX) {            /* anything that calls itself a cubin, fatbin, object or library */
		static const char *const what[] = { "cubin", NULL, "fatbin", "object", "library" };
		l->foreign++;
		return size >= strlen(what[type]) && !memcmp(data, what[type], strlen(what[type])) ? CUDA_SUCCESS : INVALID_IMAGE;
	}
	CUresult r = text[size - 1] ? INVALID_VALUE : assemble(text, l->log, l->nlog);
	if (!r && !l->ptx)
		l->ptx = strdup(text);
	return r;
}

API cuLinkComplete(CUlinkState l, void **cubin, size_t *size)
{
	ENTRY(cuLinkComplete, true);
	if (!l->ptx)
		return INVALID_VALUE;
	*size = 64 + strlen(l->ptx) + 1;
	*cubin = l->cubin = calloc(1, *size);
	memcpy(l->cubin, "\177ELF\2\1\1", 7);
	strcpy(l->cubin + 64, l->ptx);
	return CUDA_SUCCESS;
}

API cuLinkDestroy(CUlinkState l)
{
	ENTRY_LATE(cuLinkDestroy);
	free(l->ptx);
	free(l->cubin);
	free(l);
	alive.links--;
	return r_;
}

/* -- Controls ---------------------------------------------------------------------------------------------------- */

static unsigned count_calls(const char *name)
{
	unsigned n = 0;
	for (int i = 0; i < NFUNCTIONS; i++)
		n += name && strcmp(function_name[i], name) != 0 ? 0 : calls[i];
	return n;
}

static const char *name_of(unsigned i)
{
	return i < NFUNCTIONS ? function_name[i] : NULL;
}

static fake_live live_now(void)
{
	return alive;
}

static CUcontext foreign(void)
{
	context[FOREIGN].ordinal = 0;
	return &context[FOREIGN];
}

static CUstream stream_of(CUdeviceptr p)
{
	block *b = find((void *)(uintptr_t)p, 1);
	return b ? b->stream : NULL;
}

EXPORT const fake_controls fake = { count_calls, arm, name_of, live_now, &last, foreign, stream_of, &memory,
                                    &queries_not_ready, &writes_arrive };

/* Every entry point has the type and the symbol that its row says. */
__attribute__((unused)) static void check_types(void)
{
#define CU(name, symbol, since, need, args) { CUresult (*f) args = symbol; (void)f; }
#include "run/cuda/api.def"
}
