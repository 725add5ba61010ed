/* Fibers: the context switch (assembly on x86-64, ucontext elsewhere), their stacks, and the notes that ASan, TSan and
 * valgrind want about stacks that change under them. The assembly saves what the ABI says a function keeps; the
 * floating-point modes are the same for all fibers of a thread (cpu/run.c sets them), so they are not switched. */
#define _GNU_SOURCE
#include "run/cpu/fiber.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(X) 0
#endif
#ifndef __has_include
#define __has_include(X) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define TSAN 1
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#ifndef VALGRIND_STACK_REGISTER
#define VALGRIND_STACK_REGISTER(LOW, HIGH) 0
#define VALGRIND_STACK_DEREGISTER(ID) ((void)(ID))
#endif

/* -- The switch ---------------------------------------------------------------------------------------------------- */

#ifndef GJ_FIBER_UCONTEXT

/* Stores the stack pointer to *from and goes on where `to` was stored. */
void gj_fiber_swap(void **from, void *to) __attribute__((visibility("hidden")));
void gj_fiber_boot(void) __attribute__((visibility("hidden")));

__asm__(
	".pushsection .text\n"
	".p2align 4\n"
	".globl gj_fiber_swap\n.hidden gj_fiber_swap\n.type gj_fiber_swap, @function\n"
	"gj_fiber_swap:\n"
	".cfi_startproc\n"
	"	endbr64\n"
	"	pushq %rbp\n	pushq %rbx\n	pushq %r12\n	pushq %r13\n	pushq %r14\n	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n	popq %r14\n	popq %r13\n	popq %r12\n	popq %rbx\n	popq %rbp\n"
	"	ret\n"
	".cfi_endproc\n"
	".size gj_fiber_swap, . - gj_fiber_swap\n"
	".p2align 4\n"
	".globl gj_fiber_boot\n.hidden gj_fiber_boot\n.type gj_fiber_boot, @function\n"
	"gj_fiber_boot:\n"                         /* a new fiber's first instructions: r13(r12), with nothing above */
	".cfi_startproc\n"
	".cfi_undefined rip\n"
	"	endbr64\n"
	"	movq %r12, %rdi\n"
	"	call *%r13\n"
	"	ud2\n"
	".cfi_endproc\n"
	".size gj_fiber_boot, . - gj_fiber_boot\n"
	".popsection\n");

static void prepare(gj_fiber *f, void (*enter)(gj_fiber *))
{
	uintptr_t top = ((uintptr_t)f->stack + f->size - f->colour) & ~(uintptr_t)15;
	uintptr_t *sp = (uintptr_t *)top - 7;
	memset(sp, 0, 7 * sizeof *sp);             /* r15 r14 r13 r12 rbx rbp, return address */
	sp[2] = (uintptr_t)enter;
	sp[3] = (uintptr_t)f;
	sp[6] = (uintptr_t)gj_fiber_boot;
	f->sp = sp;
}

static inline void swap(gj_fiber *from, gj_fiber *to) { gj_fiber_swap(&from->sp, to->sp); }

#else

/* makecontext passes ints only, so the fiber comes in two halves. */
static void boot(unsigned high, unsigned low)
{
	gj_fiber *f = (gj_fiber *)((uintptr_t)high << 16 << 16 | low);
	((void (*)(gj_fiber *))f->sp)(f);
}

static void prepare(gj_fiber *f, void (*enter)(gj_fiber *))
{
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = f->size - f->colour;
	f->context.uc_link = NULL;
	f->sp = (void *)enter;
	makecontext(&f->context, (void (*)(void))boot, 2, (unsigned)((uintptr_t)f >> 16 >> 16), (unsigned)(uintptr_t)f);
}

static inline void swap(gj_fiber *from, gj_fiber *to) { swapcontext(&from->context, &to->context); }

#endif

/* Runs on the stack that has just been switched to. */
static inline void arrived(gj_fiber *self)
{
#ifdef ASAN
	const void *low;
	size_t size;
	__sanitizer_finish_switch_fiber(self->sanitizer, &low, &size);
	self->from->stack = (char *)low;
	self->from->size = size;
#else
	(void)self;
#endif
}

static inline void departing(gj_fiber *from, gj_fiber *to, bool for_ever)
{
	to->from = from;
#ifdef ASAN
	__sanitizer_start_switch_fiber(for_ever ? NULL : &from->sanitizer, to->stack, to->size);
#elif defined(TSAN)
	if (!from->sanitizer)
		from->sanitizer = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(to->sanitizer, 0);
#endif
	(void)for_ever;
}

static void enter(gj_fiber *f)
{
	arrived(f);
	f->body(f->arg);
	abort();
}

void gj_fiber_start(gj_fiber *f, void (*body)(void *), void *arg)
{
	f->body = body;
	f->arg = arg;
#ifdef ASAN
	f->sanitizer = NULL;
	__asan_unpoison_memory_region(f->stack, f->size);
#elif defined(TSAN)
	if (f->starts++ % 1024 == 0) {             /* costly; but each start leaves some frames behind in it */
		if (f->sanitizer)
			__tsan_destroy_fiber(f->sanitizer);
		f->sanitizer = __tsan_create_fiber(0);
	}
#endif
	prepare(f, enter);
}

void gj_fiber_switch(gj_fiber *from, gj_fiber *to)
{
	departing(from, to, false);
	swap(from, to);
	arrived(from);
}

void gj_fiber_leave(gj_fiber *from, gj_fiber *to)
{
	departing(from, to, true);
	swap(from, to);
	abort();
}

/* -- Stacks -------------------------------------------------------------------------------------------------------- */

/* Each guard page costs the process a mapping, of which Linux grants about 65,000: past this many (a GPU-like number of
 * fibers at width 1 on dozens of cores) stacks go without. */
enum { MAX_GUARDS = 16384, COLOURS = 16, COLOUR = 4096 / COLOURS };
static atomic_uint guards;

bool gj_fibers_reserve(gj_fibers *s, uint32_t n, size_t bytes)
{
	if (n <= s->n && bytes <= s->bytes)
		return true;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	n = n > s->n ? n : s->n;
	bytes = bytes > s->bytes ? bytes : s->bytes;
	bytes = (bytes + page - 1) / page * page;
	gj_fibers_free(s);
	size_t each = bytes + COLOURS * COLOUR + page;
	if (bytes > SIZE_MAX / 4 / n || each > SIZE_MAX / 2 / n)
		return false;
	s->fiber = calloc(n, sizeof *s->fiber);
	s->map = mmap(NULL, each * n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!s->fiber || s->map == MAP_FAILED) {
		free(s->fiber);
		if (s->map != MAP_FAILED)
			munmap(s->map, each * n);
		*s = (gj_fibers){ 0 };
		return false;
	}
	*s = (gj_fibers){ s->fiber, n, bytes, s->map, each * n };
	for (uint32_t i = 0; i < n; i++) {
		char *low = s->map + each * i;
		if (atomic_fetch_add_explicit(&guards, 1, memory_order_relaxed) < MAX_GUARDS)
			mprotect(low, page, PROT_NONE);
		s->fiber[i].stack = low + page;
		s->fiber[i].size = each - page;
		s->fiber[i].valgrind = VALGRIND_STACK_REGISTER(low + page, low + each - 1);
		s->fiber[i].colour = i % COLOURS * COLOUR;
	}
	return true;
}

void gj_fibers_free(gj_fibers *s)
{
	if (s->map) {
		atomic_fetch_sub_explicit(&guards, s->n, memory_order_relaxed);
		for (uint32_t i = 0; i < s->n; i++)
			VALGRIND_STACK_DEREGISTER(s->fiber[i].valgrind);
		munmap(s->map, s->len);
	}
#ifdef TSAN
	for (uint32_t i = 0; i < s->n; i++)
		if (s->fiber[i].sanitizer)
			__tsan_destroy_fiber(s->fiber[i].sanitizer);
#endif
	free(s->fiber);
	*s = (gj_fibers){ 0 };
}
