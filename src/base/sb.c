/* A string that grows on the heap. Errors stick: after a failed allocation everything is dropped and `failed` tells,
 * so that callers check once, at the end. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for n more bytes and a NUL. */
static bool reserve(gj_sb *s, size_t n)
{
	if (s->failed)
		return false;
	if (n < s->cap - s->n)                     /* cap - n is 0 before the first byte, else at least 1 */
		return true;
	size_t cap = s->cap ? s->cap : 64;
	while (cap - s->n <= n) {
		if (cap > SIZE_MAX / 2) {
			s->failed = true;
			return false;
		}
		cap *= 2;
	}
	char *p = realloc(s->p, cap);
	if (!p) {
		s->failed = true;
		return false;
	}
	s->p = p;
	s->cap = cap;
	return true;
}

void gj_sb_put(gj_sb *s, const char *p, size_t n)
{
	if (!n || !reserve(s, n))
		return;
	memcpy(s->p + s->n, p, n);
	s->n += n;
	s->p[s->n] = 0;
}

void gj_sb_puts(gj_sb *s, const char *p)
{
	gj_sb_put(s, p, strlen(p));
}

void gj_sb_vprintf(gj_sb *s, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	if (n < 0)
		s->failed = true;
	else if (reserve(s, (size_t)n)) {
		vsnprintf(s->p + s->n, (size_t)n + 1, fmt, again);
		s->n += (size_t)n;
	}
	va_end(again);
}

void gj_sb_printf(gj_sb *s, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	gj_sb_vprintf(s, fmt, args);
	va_end(args);
}

const char *gj_sb_str(gj_sb *s)
{
	return s->p ? s->p : "";
}

void gj_sb_free(gj_sb *s)
{
	free(s->p);
	memset(s, 0, sizeof *s);
}
