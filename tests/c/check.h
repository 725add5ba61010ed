/* The smallest test harness: CHECK counts, done() prints the tally as the last line and gives the exit status. */
#ifndef GJ_CHECK_H
#define GJ_CHECK_H

#include <stdio.h>
#include <stdlib.h>

static int passed, failed;

#define CHECK(COND, ...) \
	((COND) ? (void)passed++ \
	        : (void)(failed++, printf("%s:%d: %s: ", __FILE__, __LINE__, #COND), printf(__VA_ARGS__), putchar('\n')))

/* A whole file; the caller frees it. */
static inline unsigned char *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	fseek(f, 0, SEEK_END);
	*size = (size_t)ftell(f);
	rewind(f);
	unsigned char *all = malloc(*size);
	if (fread(all, 1, *size, f) != *size)
		abort();
	fclose(f);
	return all;
}

static int done(void)
{
	printf("%d passed, %d failed\n", passed, failed);
	return failed || !passed;
}

#endif
