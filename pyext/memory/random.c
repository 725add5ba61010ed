/* States of random generators, written into host memory that Python gives. */
#include "memory/random.h"

#include "base/xoroshiro.h"

PyObject *gj_fill_xoroshiro(PyObject *module, PyObject *args)
{
	(void)module;
	Py_buffer view;
	unsigned long long seed, first;
	if (!PyArg_ParseTuple(args, "w*KK:fill_xoroshiro", &view, &seed, &first))
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	gj_xoroshiro_fill(view.buf, (size_t)view.len / sizeof(gj_xoroshiro), seed, first);
	Py_END_ALLOW_THREADS
	PyBuffer_Release(&view);
	Py_RETURN_NONE;
}
