/* Functions that C calls (cfunc): their address, and what becomes of exceptions, which C cannot be given. */
#include "jit/host.h"

#include "interrupt.h"
#include "printed.h"
#include "run/cpu/call.h"

/* Called from any thread. An exception that is pending already is not this call's, but for what Ctrl-C has raised, which waits until C's
 * caller is back in Python. */
static void told(void *whose, gj_status status, const gj_report *report)
{
	PyGILState_STATE gil = PyGILState_Ensure();
	PyObject *cls, *value, *trace;
	gj_host *h = whose;
	if (status == GJ_E_INTERRUPTED)
		gj_interrupt_put_off();
	PyErr_Fetch(&cls, &value, &trace);
	gj_show_any();
	if (status != GJ_OK && status != GJ_E_INTERRUPTED && !gj_host_failed(&h->d.first->image, h->d.py_func, gj_dispatcher_name(&h->d), status, report))
		PyErr_WriteUnraisable((PyObject *)h);
	PyErr_Restore(cls, value, trace);
	PyGILState_Release(gil);
}

PyObject *gj_host_address(PyObject *self, PyObject *unused)
{
	(void)unused;
	gj_host *h = (gj_host *)self;
	void *at = h->d.first ? gj_call_address(h->d.first->kernel, h) : NULL;
	gj_call_listen(told);
	return at ? PyLong_FromVoidPtr(at) : gj_error(GJ_ERR_INTERNAL, "the address of a function that is not compiled for C");
}
