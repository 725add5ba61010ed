/* Code that appears while a program runs is told to debuggers by a convention that gdb and lldb follow: object files are on a list, and
 * a function without a body is called when the list has changed, at which they stop. They find both by their names, which are
 * theirs, and are exported; protected, because other compilers in the process have functions and lists of the same names. */
#include "run/cpu/debugger.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

enum { NOTHING, ADDED, REMOVED };              /* what has happened to `changed` */

struct gj_told { gj_told *next, *prev; void *object; uint64_t bytes; };
struct list { uint32_t version, action; gj_told *changed, *first; };

#define EXPORTED __attribute__((visibility("protected"), used))
void __jit_debug_register_code(void);
extern struct list __jit_debug_descriptor;

EXPORTED struct list __jit_debug_descriptor = { .version = 1 };
EXPORTED __attribute__((noinline)) void __jit_debug_register_code(void) { __asm__ volatile("" ::: "memory"); }

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void tell(gj_told *t, uint32_t action)
{
	__jit_debug_descriptor.changed = t;
	__jit_debug_descriptor.action = action;
	__jit_debug_register_code();
	__jit_debug_descriptor.action = NOTHING;
}

gj_told *gj_debugger_tell(void *object, size_t n)
{
	gj_told *t = malloc(sizeof *t);
	if (!t) {
		free(object);
		return NULL;
	}
	pthread_mutex_lock(&lock);
	*t = (gj_told){ .next = __jit_debug_descriptor.first, .object = object, .bytes = n };
	if (t->next)
		t->next->prev = t;
	__jit_debug_descriptor.first = t;
	tell(t, ADDED);
	pthread_mutex_unlock(&lock);
	return t;
}

void gj_debugger_forget(gj_told *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&lock);
	*(t->prev ? &t->prev->next : &__jit_debug_descriptor.first) = t->next;
	if (t->next)
		t->next->prev = t->prev;
	tell(t, REMOVED);
	pthread_mutex_unlock(&lock);
	free(t->object);
	free(t);
}
