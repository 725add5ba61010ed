/* The extension module gridjit._core: brings up NumPy's C API and each file's part, and the functions that stand alone. */
#define GJ_NUMPY_OWNER
#include "core.h"

#include "debug.h"
#include "elements/elementsobj.h"
#include "freeze/freeze.h"
#include "launch/launch.h"
#include "launch/argument.h"
#include "launch/functions.h"
#include "launch/dispatcherobj.h"
#include "launch/kernelobj.h"
#include "launch/launcher.h"
#include "launch/offline.h"
#include "launch/options.h"
#include "interrupt.h"
#include "nearest.h"
#include "memory/buffer.h"
#include "memory/devarray.h"
#include "memory/device.h"
#include "memory/owned.h"
#include "memory/random.h"
#include "memory/stream.h"
#include "types/signature.h"
#include "types/typeclass.h"
#include "types/typeobj.h"
#include "fuse/fused.h"
#include "jit/host.h"
#include "ufunc/ufunc.h"

/* -- Settings ----------------------------------------------------------------------------------------------------- */

static PyObject *configure(PyObject *m, PyObject *args, PyObject *kw)
{
	(void)m;
	static char *names[] = { "device", "cpu_width", "libm_exact", "interface_sync", "warn_low_occupancy", "warn_copy",
		"cache", "boundscheck", "neighbours", "straight_after", NULL };
	int device, width, libm, sync, occupancy, copy, cache, boundscheck, neighbours;
	unsigned long long straight_after;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "iipppppiiK:configure", names, &device, &width, &libm, &sync, &occupancy,
		&copy, &cache, &boundscheck, &neighbours, &straight_after))
		return NULL;
	if (device != gj_config.device)
		gj_device_forget();
	gj_config = (gj_settings){ device, width, libm, sync, occupancy, copy, cache, boundscheck, neighbours, straight_after,
		gj_config.changes + 1 };
	Py_RETURN_NONE;
}

static PyObject *typeof_(PyObject *m, PyObject *o)
{
	(void)m;
	const gj_type *t = gj_typeof(o);
	return t ? gj_type_to_py(t) : NULL;
}

static PyObject *as_type(PyObject *m, PyObject *o)
{
	(void)m;
	const gj_type *t = gj_type_from_any(o);
	return t ? gj_type_to_py(t) : NULL;
}

static PyObject *signature(PyObject *m, PyObject *o)
{
	(void)m;
	const gj_type *ret, *arg[GJ_MAX_SIGNATURE];
	int n = gj_signature_read(o, &ret, arg);
	return n < 0 ? NULL : gj_signature_new(ret, arg, (uint32_t)n);
}

static PyMethodDef methods[] = {
	{ "configure", (PyCFunction)(void (*)(void))configure, METH_VARARGS | METH_KEYWORDS, "Settings of gridjit.config." },
	{ "typeof", typeof_, METH_O, "typeof(value): the type that a kernel sees for this value." },
	{ "as_type", as_type, METH_O, "as_type(x): a Type from a Type, text, NumPy dtype or scalar class." },
	{ "signature", signature, METH_O, "signature(x): a Signature from a Signature, text or tuple of types." },
	{ "compile", (PyCFunction)(void (*)(void))gj_compile_function, METH_VARARGS | METH_KEYWORDS,
		"compile(function, signature, options, dump=None) -> (text, return type): compile without a device." },
	{ "current_launch", gj_current_launch, METH_NOARGS,
		"current_launch() -> (kernel, grid, block, stream, sharedmem): what this thread compiles a kernel for, or None." },
	{ "read_options", gj_read_options, METH_VARARGS,
		"read_options(function, keywords): the options that callers of 'jit' or 'compile' can give, checked, with defaults." },
	{ "check_keywords", gj_check_keywords, METH_VARARGS, "check_keywords(function, keywords, known): TypeError for a keyword that is not known." },
	{ "did_you_mean", gj_did_you_mean_of, METH_VARARGS,
		"did_you_mean(word, words): \"did you mean 'sqrt'? \" for the nearest of the words; where none is near an empty text." },
	{ "fill_xoroshiro", gj_fill_xoroshiro, METH_VARARGS,
		"fill_xoroshiro(memory, seed, first): states of xoroshiro128+, a jump of 2**64 numbers apart." },
	{ NULL, NULL, 0, NULL },
};

/* -- The module --------------------------------------------------------------------------------------------------- */

static int (*const parts[])(PyObject *) = {
	gj_typeclass_init, gj_signature_init, gj_argument_init, gj_functions_init, gj_device_init, gj_buffer_init, gj_stream_init, gj_event_init,
	gj_devarray_init, gj_dispatcher_init, gj_launcher_init, gj_kernel_init, gj_freeze_init, gj_options_init, gj_ufunc_init,
	gj_interrupt_init, gj_elements_init, gj_fuse_init, gj_fused_function_init, gj_host_init, gj_memory_init, gj_threads_init,
};

static int exec(PyObject *m)
{
	if (PyArray_ImportNumPyAPI() < 0 || PyModule_AddStringConstant(m, "__version__", GJ_VERSION) < 0)
		return -1;
	for (size_t i = 0; i < GJ_LEN(parts); i++)
		if (parts[i](m) < 0)
			return -1;
	return PyModule_AddFunctions(m, gj_debug_methods);
}

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, (void *)exec },
#if PY_VERSION_HEX >= 0x030c0000
	{ Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED },
#endif
	{ 0, NULL },
};

static PyModuleDef def = { PyModuleDef_HEAD_INIT, "_core", "gridjit's compiler and runtime.", 0, methods, slots, NULL, NULL,
	NULL };

PyMODINIT_FUNC PyInit__core(void)
{
	return PyModuleDef_Init(&def);
}
