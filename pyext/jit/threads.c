/* Loops over prange as Python sees them: the calling thread's settings. */
#include "jit/host.h"

#include "run/cpu/call.h"

/* The pool's size is known when the device is there. */
static bool open_device(void)
{
	gj_device *dev;
	gj_status status = gj_cpu_open(0, &dev);
	return status == GJ_OK || gj_status_error(status, "opening the CPU device");
}

static PyObject *num_threads(PyObject *m, PyObject *unused)
{
	(void)m, (void)unused;
	return open_device() ? PyLong_FromUnsignedLong(gj_call_threads()) : NULL;
}

/* set_num_threads(n): false: there are not so many. */
static PyObject *set_threads(PyObject *m, PyObject *o)
{
	(void)m;
	int overflow;
	long long n = PyLong_AsLongLongAndOverflow(o, &overflow);
	if ((n == -1 && PyErr_Occurred()) || !open_device())
		return NULL;
	return PyBool_FromLong(!overflow && gj_call_set_threads(n));
}

static PyObject *pool_threads(PyObject *m, PyObject *unused)
{
	(void)m, (void)unused;
	return open_device() ? PyLong_FromUnsignedLong(gj_call_most_threads()) : NULL;
}

static PyObject *chunk(PyObject *m, PyObject *unused)
{
	(void)m, (void)unused;
	return open_device() ? PyLong_FromLongLong(gj_call_chunk()) : NULL;
}

static PyObject *set_chunk(PyObject *m, PyObject *o)
{
	(void)m;
	long long n = PyLong_AsLongLong(o);
	if ((n == -1 && PyErr_Occurred()) || !open_device())
		return NULL;
	gj_call_set_chunk(n);
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "get_num_threads", num_threads, METH_NOARGS, "Threads that may work on a loop that this thread starts." },
	{ "set_num_threads", set_threads, METH_O, "Sets that number; False: there are not so many." },
	{ "pool_threads", pool_threads, METH_NOARGS, "How many there are." },
	{ "get_chunk", chunk, METH_NOARGS, "Rounds that a thread takes at once; 0: chosen by the runtime." },
	{ "set_chunk", set_chunk, METH_O, "Sets that number." },
	{ NULL, NULL, 0, NULL },
};

int gj_threads_init(PyObject *module) { return PyModule_AddFunctions(module, methods); }
