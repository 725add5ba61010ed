/* print() on the CPU: lines are kept with the launch, or the call, and shown when it ends. */
#define _GNU_SOURCE
#include "run/cpu/rt.h"

#include <stdlib.h>

enum { MOST_WORDS = 1 << 23 /* 64 MiB a launch */ };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;      /* never held where a thread can stop */

void gj_rt_print(gj_block *pub, uint32_t thread, uint32_t site, uint32_t n, const uint64_t *value)
{
	gj_lines *l = gj_rt_is_call(pub) ? &gj_rt_caller(pub)->lines : &gj_rt_block(pub)->worker->run->lines;
	(void)thread;
	pthread_mutex_lock(&lock);
	if (l->n + n + 1 > MOST_WORDS || !gj_lines_add(l, site, n, value))
		l->lost++;
	pthread_mutex_unlock(&lock);
}

void gj_print_lines(const gj_kernel *k, const gj_lines *l)
{
	for (size_t i = 0; i < l->n;) {
		uint32_t site = (uint32_t)l->word[i], n = (uint32_t)(l->word[i] >> GJ_PRINT_COUNT_AT);
		if (k->first_report < k->nsites && site < k->nsites - k->first_report)
			gj_printed_put(k->text + k->site[k->first_report + site].message, n, l->word + i + 1);
		i += n + 1;
	}
	gj_printed_lose(l->lost);
}

void gj_print_end(gj_run *r)
{
	gj_print_lines(r->kernel, &r->lines);
	free(r->lines.word);
}
