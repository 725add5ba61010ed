/* Ctrl-C during a launch, a compilation or a wait, all of which run without the GIL: they ask here now and then. Python runs
 * its signal handlers in the main thread only; others are not interrupted. */
#include "interrupt.h"

#include "base/interrupt.h"
#include "run/cpu/call.h"

#include <pthread.h>

static pthread_t main_thread;

static bool is_main(pthread_t thread) { return pthread_equal(thread, main_thread); }

/* What a handler raised in a call from C, which could not pass it on: set again by whoever can, at the latest by the interpreter's loop. */
static struct { PyObject *cls, *value, *trace; bool queued; } later;

static bool raise_later(void)
{
	if (!later.cls)
		return false;
	PyErr_Restore(later.cls, later.value, later.trace);
	later.cls = NULL;
	gj_call_stop(false);
	return true;
}

static int from_loop(void *unused)
{
	(void)unused;
	later.queued = false;
	return raise_later() ? -1 : 0;
}

void gj_interrupt_put_off(void)
{
	PyObject *cls, *value, *trace;
	PyErr_Fetch(&cls, &value, &trace);
	if (!cls || later.cls) {                       /* the first is told of */
		Py_XDECREF(cls);
		Py_XDECREF(value);
		Py_XDECREF(trace);
	} else {
		later.cls = cls;
		later.value = value;
		later.trace = trace;
		gj_call_stop(true);
	}
	if (later.cls && !later.queued)
		later.queued = !Py_AddPendingCall(from_loop, NULL);
}

/* What the handler raises stays set in the thread; the call that was interrupted passes it on. */
static bool check(void)
{
	if (!is_main(pthread_self()))
		return false;
	PyGILState_STATE state = PyGILState_Ensure();
	bool raised = PyErr_Occurred() || raise_later() || PyErr_CheckSignals() < 0;
	PyGILState_Release(state);
	return raised;
}

bool gj_is_only_thread(void)
{
	PyThreadState *first = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
	return first && !PyThreadState_Next(first);
}

/* Whoever forks is the main thread of its child. */
static void in_child(void) { main_thread = pthread_self(); }

int gj_interrupt_init(PyObject *m)
{
	(void)m;
#if PY_VERSION_HEX >= 0x030d0000                 /* `threading` would take a millisecond to import */
	PyObject *find = gj_import("_thread", "_get_main_thread_ident"), *ident = find ? PyObject_CallNoArgs(find) : NULL;
#else
	PyObject *find = gj_import("threading", "main_thread"), *thread = find ? PyObject_CallNoArgs(find) : NULL;
	PyObject *ident = thread ? PyObject_GetAttrString(thread, "ident") : NULL;
	Py_XDECREF(thread);
#endif
	unsigned long id = ident ? PyLong_AsUnsignedLong(ident) : 0;
	Py_XDECREF(ident);
	Py_XDECREF(find);
	if (PyErr_Occurred())
		return -1;
	main_thread = (pthread_t)id;
	gj_interrupt_ask(check, is_main);
	return pthread_atfork(NULL, NULL, in_child) ? -1 : 0;
}
