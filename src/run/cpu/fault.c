/* Segmentation faults in compiled code. A kernel that reads or writes outside its arrays ends its launch with an error, where that
 * can still be: the fault happened in the kernel's own instructions (PC within its module), on a thread that runs it, so that no
 * lock of the runtime or of the C library is held. Everything else goes to the handler that was there before, Python's
 * faulthandler for one, or to the system's.
 *
 * The handler runs on a stack of its own and does nothing but choose where the thread goes on: at a landing, on the fiber's stack,
 * which nobody needs any more. What the kernel has overwritten before it met a hole in memory stays overwritten. */
#define _GNU_SOURCE
#include "run/cpu/rt.h"

#if defined(__x86_64__)
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

enum { STACK_BYTES = 64 << 10 /* the handler's, with room for a frame of AVX-512 */, LANDING = 512 /* below a stack's top */ };

/* Of each thread: what it runs compiled code for; where that has gone wrong; whether it has a stack for handlers. A launch asks for it
 * once: in a library that Python loads that takes a call. */
struct gj_faults { gj_worker *running; uintptr_t address; bool has_stack; };
static _Thread_local struct gj_faults own;
static struct sigaction before[2];
static const int caught[2] = { SIGSEGV, SIGBUS };

/* -- After the handler, on the fiber ------------------------------------------------------------------------------ */

static GJ_NORETURN void landing(void)
{
	gj_worker *w = own.running;
	char at[300];
	gj_run_fail(w->run, GJ_E_LAUNCH, "%sthe kernel used memory outside its arrays (address %#zx): boundscheck=True, or "
	            "GRIDJIT_BOUNDSCHECK=1, finds the index", gj_rt_place(w->run->kernel, UINT32_MAX, at, sizeof at),
	            (size_t)own.address);
	gj_rt_abandon(w);
}

/* -- The handler -------------------------------------------------------------------------------------------------- */

static void pass_on(int sig, siginfo_t *info, void *context)
{
	const struct sigaction *b = &before[sig == SIGBUS];
	if (b->sa_flags & SA_SIGINFO)
		b->sa_sigaction(sig, info, context);
	else if (b->sa_handler != SIG_DFL && b->sa_handler != SIG_IGN)
		b->sa_handler(sig);
	else {
		struct sigaction none = { .sa_handler = SIG_DFL };
		sigaction(sig, &none, NULL);           /* the instruction is run again, and kills */
		if (info->si_code <= 0)
			raise(sig);                        /* it came from kill(): there is no instruction */
	}
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	gj_worker *w = own.running;
	ucontext_t *c = context;
	uintptr_t pc = (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
	const gj_elf *m = w ? &w->run->kernel->module : NULL;
	if (!w || info->si_code <= 0 || pc - (uintptr_t)m->map >= m->len) {
		pass_on(sig, info, context);
		return;
	}
	const gj_fiber *f = w->current;
	uintptr_t top = ((uintptr_t)f->stack + f->size - LANDING) & ~(uintptr_t)63;
	own.address = (uintptr_t)info->si_addr;
	c->uc_mcontext.gregs[REG_RSP] = (greg_t)(top - 8);     /* as behind a call */
	c->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)landing;
	c->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)0x400;       /* the direction of string instructions */
}

/* -- Threads ------------------------------------------------------------------------------------------------------ */

static pthread_key_t stack_of_thread;

static void drop_stack(void *memory)
{
	stack_t none = { .ss_flags = SS_DISABLE }, now;
	if (sigaltstack(NULL, &now) == 0 && now.ss_sp == memory)
		sigaltstack(&none, NULL);
	free(memory);
}

/* Gives the thread a stack for its handlers, if nobody has. */
static void need_stack(struct gj_faults *f)
{
	stack_t now;
	f->has_stack = true;
	if (sigaltstack(NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE))
		return;
	stack_t mine = { .ss_sp = malloc(STACK_BYTES), .ss_size = STACK_BYTES };
	if (mine.ss_sp && (pthread_setspecific(stack_of_thread, mine.ss_sp) != 0 || sigaltstack(&mine, NULL) != 0))
		free(mine.ss_sp);
}

void gj_fault_enter(gj_worker *w)
{
	w->faults = &own;
	if (!w->faults->has_stack)
		need_stack(w->faults);
	w->faults->running = w;
}

void gj_fault_leave(gj_worker *w) { w->faults->running = NULL; }

void gj_fault_start(void)
{
	struct sigaction ours = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	if (pthread_key_create(&stack_of_thread, drop_stack) != 0)
		return;
	sigemptyset(&ours.sa_mask);
	for (int i = 0; i < 2; i++)
		sigaction(caught[i], &ours, &before[i]);
}

#else

void gj_fault_start(void) {}
void gj_fault_enter(gj_worker *w) { (void)w; }
void gj_fault_leave(gj_worker *w) { (void)w; }

#endif
