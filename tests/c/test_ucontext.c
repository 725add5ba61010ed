/* The portable context switch, which x86-64 does not use otherwise, through the tests of test_fiber.c. */
#define GJ_FIBER_UCONTEXT 1
#include "../../src/run/cpu/fiber.c"

#include "test_fiber.c"
