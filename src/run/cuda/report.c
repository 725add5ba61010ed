/* Reports of kernels that fail, and what kernels print (image/report.h): memory of the host for each module that has something to
 * tell, known to the module by its address. Whoever has waited for the GPU looks whether one of them was written. */
#include "run/cuda/cuda.h"
#include "run/failure.h"
#include "run/printed.h"

#include <stdlib.h>
#include <string.h>

struct gj_cuda_report {
	gj_cuda_report *next;
	gj_report *record;                         /* the GPU writes it at the same address; NULL: there is none */
	gj_print_buffer *lines; uint32_t shown;    /* the same; words that were shown */
	gj_site *site; uint32_t nsites, first;
	char *text;
	bool orphan;                               /* the module is gone; what it told is not told yet */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;      /* all devices' lists */

/* Zeroed memory of the size, known to the module by its variable. */
static gj_status connect(CUmodule module, const char *variable, size_t bytes, void **memory)
{
	CUdeviceptr at = 0;
	size_t size = 0;
	uint64_t address;
	gj_status s = CALL(cuMemHostAlloc, (memory, bytes, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP));
	if (s != GJ_OK)
		return s;
	memset(*memory, 0, bytes);
	address = (uintptr_t)*memory;
	s = CALL(cuModuleGetGlobal, (&at, &size, module, variable));
	if (s == GJ_OK && size != sizeof address)
		s = gj_error_set(GJ_E_LOAD, 0, "the module's %s has %zu bytes", variable, size);
	return s == GJ_OK ? CALL(cuMemcpyHtoD, (at, &address, sizeof address)) : s;
}

static void discard(gj_cuda_report *r)
{
	if (r->record)
		(void)gj_cu.cuMemFreeHost(r->record);
	if (r->lines)
		(void)gj_cu.cuMemFreeHost(r->lines);
	free(r->site);
	free(r->text);
	free(r);
}

gj_status gj_cuda_report_open(gj_cuda *d, const gj_image *image, CUmodule module, gj_cuda_report **out)
{
	*out = NULL;
	if (!image->reports && !image->prints)
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
	gj_status s = image->reports ? connect(module, "gj_report", sizeof *r->record, (void **)&r->record) : GJ_OK;
	if (s == GJ_OK && image->prints)
		s = connect(module, "gj_print", sizeof *r->lines, (void **)&r->lines);
	if (s != GJ_OK)
		return discard(r), s;
	pthread_mutex_lock(&lock);
	r->next = d->reports;
	atomic_store_explicit(&d->reports, r, memory_order_release);
	pthread_mutex_unlock(&lock);
	return *out = r, GJ_OK;
}

/* Is there something that nobody has heard yet? */
static bool is_pending(const gj_cuda_report *r)
{
	return (r->record && __atomic_load_n(&r->record->state, __ATOMIC_ACQUIRE) == GJ_REPORT_WHOLE) ||
		(r->lines && __atomic_load_n(&r->lines->used, __ATOMIC_ACQUIRE));
}

/* The lock is held. */
static void discard_orphans(gj_cuda *d)
{
	gj_cuda_report *kept = NULL, **end = &kept, *next;
	for (gj_cuda_report *r = d->reports; r; r = next) {
		next = r->next;
		if (r->orphan && !is_pending(r))
			discard(r);
		else {
			*end = r;
			end = &r->next;
		}
	}
	*end = NULL;
	atomic_store_explicit(&d->reports, kept, memory_order_release);
}

/* After the module: its kernels have ended then. What they told waits for who looks next. */
void gj_cuda_report_close(gj_cuda *d, gj_cuda_report *gone)
{
	if (!gone)
		return;
	pthread_mutex_lock(&lock);
	gone->orphan = true;
	discard_orphans(d);
	pthread_mutex_unlock(&lock);
}

/* Lines that are whole, in the order in which they took their place; a line of a kernel that still runs may not be, then the rest
 * waits. When all are shown the buffer is free again. */
static void show_lines(gj_cuda_report *r)
{
	gj_print_buffer *b = r->lines;
	uint32_t used = __atomic_load_n(&b->used, __ATOMIC_ACQUIRE), end = used < GJ_PRINT_WORDS ? used : GJ_PRINT_WORDS;
	while (r->shown < end) {
		uint64_t head = __atomic_load_n(&b->word[r->shown], __ATOMIC_ACQUIRE);
		uint32_t site = (uint32_t)head, n = (uint32_t)(head >> GJ_PRINT_COUNT_AT) & 0xffff;
		if (!(head & gj_print_written) || n > GJ_PRINT_VALUES || r->shown + n >= GJ_PRINT_WORDS)
			break;
		if (site < r->nsites - r->first)
			gj_printed_put(r->text + r->site[r->first + site].message, n, &b->word[r->shown + 1]);
		r->shown += n + 1;
	}
	if (!used || (r->shown < end && used <= GJ_PRINT_WORDS))
		return;
	gj_printed_lose(__atomic_exchange_n(&b->lost, 0, __ATOMIC_RELAXED));
	memset(b->word, 0, end * sizeof *b->word);
	r->shown = 0;
	__atomic_store_n(&b->used, 0, __ATOMIC_RELEASE);
}

/* Of several failures the oldest module's is told: others often follow from it. */
gj_status gj_cuda_look(gj_cuda *d)
{
	gj_status s = GJ_OK;
	bool orphans = false;
	pthread_mutex_lock(&lock);
	for (gj_cuda_report *r = d->reports; r; r = r->next) {
		orphans |= r->orphan;
		if (r->lines)
			show_lines(r);
		if (!r->record || __atomic_load_n(&r->record->state, __ATOMIC_ACQUIRE) != GJ_REPORT_WHOLE)
			continue;
		s = gj_failure_set(r->site, r->nsites, r->first, r->text, r->record);
		__atomic_store_n(&r->record->state, GJ_REPORT_NONE, __ATOMIC_RELEASE);
	}
	if (orphans)
		discard_orphans(d);
	pthread_mutex_unlock(&lock);
	return s;
}
