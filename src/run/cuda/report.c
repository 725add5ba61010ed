/* Reports of kernels that fail, and what kernels print (image/report.h): memory of the host for each module that has something to
 * tell, known to the module by its address. Whoever has waited for the GPU looks whether one of them was written. */
#include "run/cuda/cuda.h"
#include "run/failure.h"
#include "run/printed.h"

#include <stdlib.h>
#include <string.h>

enum { STREAMS = 16, HALF = GJ_PRINT_WORDS / 2, LINE_WORDS = 4 };

struct gj_cuda_report {
	gj_cuda_report *next;
	gj_report *record;                         /* the GPU writes it at the same address; NULL: there is none */
	gj_print_buffer *lines; uint32_t shown;    /* the same; words that were shown */
	gj_site *site; uint32_t nsites, first;
	char *text;
	bool orphan;                               /* the module is gone; what it told is not told yet */
	unsigned starting;                         /* launches under way */
	struct { CUstream stream; CUevent last; } at[STREAMS];       /* where it was launched since all was quiet; event NULL: none yet */
	bool lost_sight;                           /* of launches: for ever */
	uint64_t threads;                          /* launched since a launch has waited for the others */
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
	for (int i = 0; i < STREAMS && r->at[i].last; i++)
		(void)gj_cu.cuEventDestroy(r->at[i].last);
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

/* No kernel of the module runs. The lock is held, without which none is launched. */
static bool is_quiet(const gj_cuda_report *r)
{
	if (r->orphan)
		return true;
	bool quiet = !r->starting && !r->lost_sight;
	for (int i = 0; quiet && i < STREAMS && r->at[i].last; i++)
		quiet = gj_cu.cuEventQuery(r->at[i].last) == CUDA_SUCCESS;
	return quiet;
}

/* Lines that are whole, in the order in which they took their place; a line of a kernel that still runs may not be, then the rest
 * waits. When all are shown and no kernel adds to them the buffer is free again: the GPU's additions know nothing of the host's stores. */
static void show_lines(gj_cuda_report *r)
{
	gj_print_buffer *b = r->lines;
	bool quiet = __atomic_load_n(&b->used, __ATOMIC_ACQUIRE) && is_quiet(r);
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
	if (!quiet || (r->shown < end && used <= GJ_PRINT_WORDS))
		return;
	gj_printed_lose(__atomic_exchange_n(&b->lost, 0, __ATOMIC_RELAXED));
	memset(b->word, 0, end * sizeof *b->word);
	r->shown = 0;
	__atomic_store_n(&b->used, 0, __ATOMIC_RELEASE);
}

/* Waits for the kernels that fill the buffer, where half of it is taken or would be by a line of each thread under way, so that only one that
 * prints too much by itself loses lines. The events are the report's for good; the lock is not held meanwhile, since whoever frees a kernel
 * wants it, and may have Python's. */
static gj_status make_room(gj_cuda_report *r, uint64_t threads)
{
	gj_status s = GJ_OK;
	CUevent last[STREAMS];
	int n = 0;
	pthread_mutex_lock(&lock);
	if (__atomic_load_n(&r->lines->used, __ATOMIC_ACQUIRE) > HALF || r->threads > HALF / LINE_WORDS) {
		for (; n < STREAMS && r->at[n].last; n++)
			last[n] = r->at[n].last;
		r->threads = 0;
	}
	r->threads += threads;
	pthread_mutex_unlock(&lock);
	for (int i = 0; s == GJ_OK && i < n; i++)
		s = gj_cuda_wait_event(last[i]);
	return s;
}

gj_status gj_cuda_report_launch(gj_cuda_report *r, uint64_t threads)
{
	if (!r->lines)
		return GJ_OK;
	gj_status s = make_room(r, threads);
	if (s != GJ_OK)
		return s;
	pthread_mutex_lock(&lock);
	show_lines(r);
	r->starting++;
	pthread_mutex_unlock(&lock);
	return GJ_OK;
}

void gj_cuda_report_launched(gj_cuda_report *r, CUstream stream)
{
	int i = 0;
	if (!r->lines)
		return;
	pthread_mutex_lock(&lock);
	while (i < STREAMS && r->at[i].last && r->at[i].stream != stream && gj_cu.cuEventQuery(r->at[i].last) != CUDA_SUCCESS)
		i++;
	if (i < STREAMS && (r->at[i].last || gj_cu.cuEventCreate(&r->at[i].last, CU_EVENT_DISABLE_TIMING) == CUDA_SUCCESS) &&
		gj_cu.cuEventRecord(r->at[i].last, stream) == CUDA_SUCCESS)
		r->at[i].stream = stream;
	else
		r->lost_sight = true;
	r->starting--;
	pthread_mutex_unlock(&lock);
}

/* Of several failures the oldest module's is told: others often follow from it. */
static gj_status look(gj_cuda *d)
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

gj_status gj_cuda_waited(gj_cuda *d, gj_status s)
{
	return s == GJ_OK && atomic_load_explicit(&d->reports, memory_order_acquire) ? look(d) : s;
}
