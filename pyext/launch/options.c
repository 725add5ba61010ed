/* Options of a compilation: those that the user gave, and those that the device and the settings add. */
#include "launch/options.h"

#include <string.h>

bool gj_options_read(PyObject *dict, gj_options *o)
{
	static char *names[] = { "fastmath", "debug", "lineinfo", "opt", "max_registers", "launch_bounds", "device",
		"cc", "ptx_version", "facts", NULL };
	int fastmath = 0, debug = 0, lineinfo = 0, device = 0;
	unsigned max_registers = 0;
	*o = (gj_options){ .opt = 3 };
	PyObject *empty = PyTuple_New(0);
	bool ok = empty && PyArg_ParseTupleAndKeywords(empty, dict, "|pppiI(III)p(ii)iI:options", names, &fastmath, &debug,
		&lineinfo, &o->opt, &max_registers, &o->max_threads, &o->min_blocks, &o->max_cluster, &device, &o->cc_major,
		&o->cc_minor, &o->ptx_version, &o->facts);
	Py_XDECREF(empty);
	o->fastmath = fastmath;
	o->debug = debug;
	o->lineinfo = lineinfo;
	o->device = device;
	o->max_registers = max_registers;
	return ok;
}

bool gj_libdevice(const char **path)
{
	static char *found;
	static bool searched;
	if (!searched) {
		PyObject *find = gj_import("gridjit.cuda._libdevice", "find");
		PyObject *p = find ? PyObject_CallNoArgs(find) : NULL;
		const char *s = p && p != Py_None ? PyUnicode_AsUTF8(p) : NULL;
		searched = p && !PyErr_Occurred();
		found = s ? strdup(s) : NULL;
		Py_XDECREF(p);
		Py_XDECREF(find);
	}
	*path = found;
	return searched;
}

/* PTX version that a driver of this CUDA version reads: 11.8 → 7.8, 12.4 → 8.4, from 12.6 on one behind, 13.0 → 9.0. */
static int ptx_of_driver(int version)
{
	int major = version / 1000, minor = version % 1000 / 10;
	if (major == 11)
		return 70 + minor;
	if (major == 12)
		return 80 + (minor >= 6 ? minor - 1 : minor);
	return major >= 13 ? 90 + minor : 0;
}

bool gj_options_for(const gj_options *base, gj_device *dev, uint32_t facts, gj_options *o)
{
	*o = *base;
	o->facts = facts;
	o->width = 1;
	o->arch = dev->ops->host_memory ? GJ_ARCH_CPU : GJ_ARCH_NVPTX;
	if (o->arch == GJ_ARCH_CPU) {
		o->width = (uint32_t)gj_config.cpu_width;
		o->libm_exact = gj_config.libm_exact;
		return true;
	}
	o->cc_major = dev->info.cc_major;
	o->cc_minor = dev->info.cc_minor;
	o->ptx_version = ptx_of_driver(dev->info.driver_version);
	return gj_libdevice(&o->libdevice);
}
