/* Fibers: order, registers, stacks of the size promised, the guard page, starting anew, growing. test_ucontext.c runs
 * the same over the portable switch. */
#define _GNU_SOURCE
#include "run/cpu/fiber.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static gj_fiber mainf;
static gj_fibers set;
static char trace[256];
static int ntrace;

static void note(char c) { trace[ntrace++] = c; }

/* Three fibers hand over in a ring, twice; values live across the switches. */
static void ring(void *arg)
{
	int i = (int)(intptr_t)arg;
	double d = i * 1.5, e = i * 2.5;
	long a = i + 1, b = i + 2, c = i + 3, f = i + 4, g = i + 5, h = i + 6;
	for (int round = 0; round < 3; round++) {
		note((char)('a' + i));
		gj_fiber_switch(&set.fiber[i], i == 2 ? (round == 2 ? &mainf : &set.fiber[0]) : &set.fiber[i + 1]);
		d += e;
		a += b + c + f + g + h;
	}
	CHECK(d == i * 1.5 + 3 * i * 2.5 && a == 1 + i + 3 * (5 * i + 20), "fiber %d", i);
	gj_fiber_leave(&set.fiber[i], &mainf);
}

static void test_ring(void)
{
	CHECK(gj_fibers_reserve(&set, 3, 16384), "reserve");
	for (int i = 0; i < 3; i++)
		gj_fiber_start(&set.fiber[i], ring, (void *)(intptr_t)i);
	gj_fiber_switch(&mainf, &set.fiber[0]);
	CHECK(!strcmp(trace, "abcabcabc"), "%s", trace);
	for (int i = 2; i >= 0; i--)
		gj_fiber_switch(&mainf, &set.fiber[i]);
}

static size_t depth;
static __attribute__((noinline)) size_t dive(size_t left)
{
	volatile char page[1024];
	__asm__ volatile("" : : "r"(page) : "memory");             /* all of it is used */
	page[0] = (char)left;
	size_t below = left > 1100 ? dive(left - 1100) : 1;
	return below + (page[0] != (char)left);    /* after the call, so that it cannot become a loop */
}

static void diver(void *arg)
{
	depth = dive(depth);
	gj_fiber_leave(arg, &mainf);
}

static void test_depth(void)
{
	CHECK(gj_fibers_reserve(&set, 5, 1 << 20), "reserve");
	CHECK(set.n >= 5 && set.bytes >= 1 << 20, "%u %zu", set.n, set.bytes);
	for (uint32_t i = 0; i < set.n; i++) {
		depth = 700 * 1024;
		gj_fiber_start(&set.fiber[i], diver, &set.fiber[i]);
		gj_fiber_switch(&mainf, &set.fiber[i]);
		CHECK(depth == 1, "%u", i);
	}
}

/* Too deep: the guard page kills, instead of the neighbour's stack being overwritten. */
static void test_guard(void)
{
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(0);
		depth = 8 << 20;
		gj_fiber_start(&set.fiber[1], diver, &set.fiber[1]);
		gj_fiber_switch(&mainf, &set.fiber[1]);
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	CHECK(status != 0, "an overflow went unnoticed");
}

static int starts;
static void once(void *arg)
{
	starts++;
	gj_fiber_leave(arg, &mainf);
}

static void test_restart(void)
{
	starts = 0;
	for (int i = 0; i < 1000; i++) {
		gj_fiber_start(&set.fiber[0], once, &set.fiber[0]);
		gj_fiber_switch(&mainf, &set.fiber[0]);
	}
	CHECK(starts == 1000, "%d", starts);
	CHECK(!gj_fibers_reserve(&set, 1u << 31, SIZE_MAX / 8), "absurd size");
	CHECK(set.n == 0 && !set.map, "empty after a failure");
	CHECK(gj_fibers_reserve(&set, 1, 1) && set.n == 1, "usable after a failure");
	gj_fibers_free(&set);
	gj_fibers_free(&set);
	CHECK(!set.map, "free twice");
}

int main(void)
{
	test_ring();
	test_depth();
	test_guard();
	test_restart();
	return done();
}
