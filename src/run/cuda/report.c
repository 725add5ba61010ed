/* Reports of kernels that fail (image/report.h): a record in pinned memory for each module that has something to tell, known to
 * the module by its address. Whoever has waited for the GPU looks whether one of them was written. */
#include "run/cuda/cuda.h"
#include "run/failure.h"

#include <stdlib.h>
#include <string.h>

struct gj_cuda_report {
	gj_cuda_report *next;
	gj_report *record;                         /* the GPU writes it at the same address */
	gj_site *site; uint32_t nsites, first;
	char *text;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;      /* all devices' lists */

static gj_status connect(gj_cuda_report *r, CUmodule module)
{
	CUdeviceptr at = 0;
	size_t size = 0;
	uint64_t address = (uintptr_t)r->record;
	gj_status s = CALL(cuModuleGetGlobal, (&at, &size, module, "gj_report"));
	if (s == GJ_OK && size != sizeof address)
		s = gj_error_set(GJ_E_LOAD, 0, "the module's gj_report has %zu bytes", size);
	return s == GJ_OK ? CALL(cuMemcpyHtoD, (at, &address, sizeof address)) : s;
}

static void discard(gj_cuda_report *r)
{
	if (r->record)
		(void)gj_cu.cuMemFreeHost(r->record);
	free(r->site);
	free(r->text);
	free(r);
}

gj_status gj_cuda_report_open(gj_cuda *d, const gj_image *image, CUmodule module, gj_cuda_report **out)
{
	void *memory = NULL;
	*out = NULL;
	if (!image->reports)
		return GJ_OK;
	gj_cuda_report *r = calloc(1, sizeof *r);
	if (!r || !(r->site = malloc((image->nsites + 1u) * sizeof *r->site)) || !(r->text = malloc(image->ntext + 1))) {
		free(r ? r->site : NULL);
		free(r);
		return gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
	}
	memcpy(r->site, image->site, image->nsites * sizeof *r->site);
	memcpy(r->text, image->text, image->ntext);
	r->nsites = image->nsites;
	r->first = image->first_report;
	gj_status s = CALL(cuMemHostAlloc, (&memory, sizeof *r->record, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP));
	if (s == GJ_OK) {
		r->record = memory;
		memset(r->record, 0, sizeof *r->record);
		s = connect(r, module);
	}
	if (s != GJ_OK)
		return discard(r), s;
	pthread_mutex_lock(&lock);
	r->next = d->reports;
	atomic_store_explicit(&d->reports, r, memory_order_release);
	pthread_mutex_unlock(&lock);
	return *out = r, GJ_OK;
}

/* After the module: its kernels have ended then. */
void gj_cuda_report_close(gj_cuda *d, gj_cuda_report *gone)
{
	if (!gone)
		return;
	pthread_mutex_lock(&lock);
	if (d->reports == gone)
		atomic_store(&d->reports, gone->next);
	else
		for (gj_cuda_report *r = d->reports; r; r = r->next)
			if (r->next == gone)
				r->next = gone->next;
	pthread_mutex_unlock(&lock);
	discard(gone);
}

gj_status gj_cuda_look(gj_cuda *d)
{
	gj_status s = GJ_OK;
	pthread_mutex_lock(&lock);
	for (gj_cuda_report *r = d->reports; r && s == GJ_OK; r = r->next) {
		if (__atomic_load_n(&r->record->state, __ATOMIC_ACQUIRE) != GJ_REPORT_WHOLE)
			continue;
		s = gj_failure_set(r->site, r->nsites, r->first, r->text, r->record);
		__atomic_store_n(&r->record->state, GJ_REPORT_NONE, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&lock);
	return s;
}
