/* The smallest test harness: CHECK counts, done() prints the tally as the last line and gives the exit status. */
#ifndef GJ_CHECK_H
#define GJ_CHECK_H

#include <stdio.h>

static int passed, failed;

#define CHECK(COND, ...) \
	((COND) ? (void)passed++ \
	        : (void)(failed++, printf("%s:%d: %s: ", __FILE__, __LINE__, #COND), printf(__VA_ARGS__), putchar('\n')))

static int done(void)
{
	printf("%d passed, %d failed\n", passed, failed);
	return failed || !passed;
}

#endif
