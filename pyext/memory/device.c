/* _core.Device, and which machine a launch goes to: GRIDJIT_DEVICE=auto takes the GPU where the driver finds one, else
 * the CPU. Each thread has a current device, as in CUDA. Nothing here runs before the first use. */
#include "memory/device.h"

#include "printed.h"

#include <stdio.h>
#include <string.h>

enum { AUTO, GPU, CPU };
static _Thread_local struct { gj_device *dev; unsigned choice; } current;
static unsigned choice = 1;                    /* grows when the setting changes: what threads remember is stale then */
static bool chosen;                            /* some thread has chosen a device for itself */
static gj_device *common;                      /* of all threads as long as none has; NULL: not opened yet */

typedef struct { PyObject_HEAD gj_device *dev; } DeviceObject;
static PyTypeObject *device_class;

/* The first driver with a device, of those that the setting allows; the last one, the CPU's, has one. NULL: exception set. */
static const gj_driver *driver(void)
{
	const gj_driver *host = &gj_drivers[GJ_NTARGETS - 1], *d = gj_drivers;
	if (gj_config.device == CPU)
		return host;
	Py_BEGIN_ALLOW_THREADS
	while (d < host && !d->count())
		d++;
	Py_END_ALLOW_THREADS
	if (d == host && gj_config.device == GPU)
		return gj_error(GJ_ERR_NO_GPU, gj_drivers->why()), NULL;
	return d;
}

void gj_device_forget(void)
{
	choice++;
	common = NULL;
}

gj_device *gj_device_open(int ordinal)
{
	const gj_driver *d = driver();
	gj_device *dev = NULL;
	gj_status status;
	if (!d)
		return NULL;
	if (ordinal < 0 || ordinal >= d->count())
		return gj_error(GJ_ERR_DEVICE_ORDINAL, ordinal, d->count()), NULL;
	Py_BEGIN_ALLOW_THREADS
	status = d->open(ordinal, &dev);
	Py_END_ALLOW_THREADS
	if (status != GJ_OK)
		return gj_status_error(status, "opening the device"), NULL;
	return dev;
}

gj_device *gj_device_current(void)
{
	if (!chosen && common)
		return common;
	if (current.dev && current.choice == choice)
		return current.dev;
	unsigned mine = choice;
	gj_device *dev = gj_device_open(0);
	if (dev && mine == choice) {
		common = current.dev = dev;
		current.choice = choice;
	}
	return dev;
}

gj_device *gj_device_of(gj_device *dev, gj_devptr p)
{
	int holder;
	if (dev->ops->host_memory || !p || gj_driver_of(dev)->count() == 1)
		return dev;
	gj_status status = dev->ops->pointer_device(dev, p, &holder);
	if (status != GJ_OK)
		return gj_status_error(status, "asking where an array is"), NULL;
	return holder < 0 || holder == dev->ordinal ? dev : gj_device_open(holder);
}

/* -- Functions ---------------------------------------------------------------------------------------------------- */

static PyObject *wrap(PyTypeObject *cls, gj_device *dev)
{
	DeviceObject *o = dev ? (DeviceObject *)cls->tp_alloc(cls, 0) : NULL;
	if (o)
		o->dev = dev;
	return (PyObject *)o;
}

static PyObject *select_device(PyObject *m, PyObject *arg)
{
	(void)m;
	long ordinal = PyLong_AsLong(arg);
	if (ordinal == -1 && PyErr_Occurred())
		return NULL;
	gj_device *dev = gj_device_open(ordinal < 0 || ordinal > 4096 ? -1 : (int)ordinal);
	if (!dev)
		return NULL;
	chosen = true;
	current.dev = dev;
	current.choice = choice;
	Py_RETURN_NONE;
}

/* At the end of the process: what kernels printed or raised and nobody has waited for. */
static PyObject *finish(PyObject *m, PyObject *unused)
{
	gj_status s = GJ_OK;
	(void)m, (void)unused;
	Py_BEGIN_ALLOW_THREADS
	for (int i = 0; i < GJ_NTARGETS && s == GJ_OK; i++)
		s = gj_drivers[i].finish();
	Py_END_ALLOW_THREADS
	gj_show_any();
	if (s == GJ_E_RAISED || s == GJ_E_INTERRUPTED)
		return gj_status_error(s, "waiting for kernels");
	Py_RETURN_NONE;                            /* other errors have been told of, or concern nobody any more */
}

static PyObject *current_ordinal(PyObject *m, PyObject *unused)
{
	(void)m, (void)unused;
	gj_device *dev = gj_device_current();
	return dev ? PyLong_FromLong(dev->ordinal) : NULL;
}

static PyObject *device_kind(PyObject *m, PyObject *unused)
{
	(void)m, (void)unused;
	const gj_driver *d = driver();
	return d ? PyUnicode_FromString(d->name) : NULL;
}

static PyObject *device_count(PyObject *m, PyObject *unused)
{
	(void)m, (void)unused;
	const gj_driver *d = driver();
	return d ? PyLong_FromLong(d->count()) : NULL;
}

static PyObject *why_no_gpu(PyObject *m, PyObject *unused)
{
	(void)m, (void)unused;
	return PyUnicode_FromString(gj_drivers->why());
}

static PyMethodDef functions[] = {
	{ "select_device", select_device, METH_O, "select_device(ordinal): this thread's device from now on." },
	{ "finish", finish, METH_NOARGS, "Show what kernels have printed, and raise what they have raised, that nobody has waited for." },
	{ "current_ordinal", current_ordinal, METH_NOARGS, "Ordinal of this thread's device." },
	{ "device_kind", device_kind, METH_NOARGS, "'cuda' or 'cpu': where kernels run." },
	{ "device_count", device_count, METH_NOARGS, "Number of devices of that kind." },
	{ "why_no_gpu", why_no_gpu, METH_NOARGS, "Why no GPU is used; '' when one is." },
	{ NULL, NULL, 0, NULL },
};

/* -- Device ------------------------------------------------------------------------------------------------------- */

static PyObject *device_new(PyTypeObject *cls, PyObject *args, PyObject *kw)
{
	static char *names[] = { "ordinal", NULL };
	int ordinal;
	if (!PyArg_ParseTupleAndKeywords(args, kw, "i:Device", names, &ordinal))
		return NULL;
	return wrap(cls, gj_device_open(ordinal));
}

static void device_dealloc(PyObject *self)
{
	PyTypeObject *cls = Py_TYPE(self);
	cls->tp_free(self);
	Py_DECREF(cls);
}

static gj_device *dev_of(PyObject *self)
{
	return ((DeviceObject *)self)->dev;
}

static PyObject *memory_info(PyObject *self, PyObject *unused)
{
	(void)unused;
	gj_device *dev = dev_of(self);
	size_t free, total;
	gj_status status = dev->ops->memory_info(dev, &free, &total);
	return status == GJ_OK ? Py_BuildValue("nn", (Py_ssize_t)free, (Py_ssize_t)total)
		: gj_status_error(status, "asking for free memory");
}

/* peer(ordinal, enable): can this device's kernels reach that one's memory? `enable`: from now on they do. */
static PyObject *peer(PyObject *self, PyObject *args)
{
	int ordinal, enable;
	bool can;
	if (!PyArg_ParseTuple(args, "ip:peer", &ordinal, &enable))
		return NULL;
	gj_device *dev = dev_of(self), *other = gj_device_open(ordinal);
	if (!other)
		return NULL;
	gj_status status = dev->ops->peer(dev, other, enable, &can);
	if (status == GJ_OK && can && enable && other->ordinal < 64)
		dev->peers |= (uint64_t)1 << other->ordinal;
	return status == GJ_OK ? PyBool_FromLong(can) : gj_status_error(status, "asking for access to another device");
}

/* attribute(name): AttributeError where the device has no such number. */
static PyObject *attribute(PyObject *self, PyObject *name)
{
	int value;
	const char *s = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
	if (!s)
		return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "the name of an attribute is text");
	gj_status status = dev_of(self)->ops->attribute(dev_of(self), s, &value);
	if (status == GJ_E_UNSUPPORTED)
		return PyErr_Format(PyExc_AttributeError, "%s", gj_error_text());
	return status == GJ_OK ? PyLong_FromLong(value) : gj_status_error(status, "asking for an attribute of the device");
}

static PyObject *synchronize(PyObject *self, PyObject *unused)
{
	(void)unused;
	gj_device *dev = dev_of(self);
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = dev->ops->sync(dev);
	Py_END_ALLOW_THREADS
	gj_show_any();
	if (status != GJ_OK)
		return gj_status_error(status, "synchronize()");
	Py_RETURN_NONE;
}

static PyObject *get_name(PyObject *self, void *unused)
{
	(void)unused;
	return PyUnicode_DecodeUTF8(dev_of(self)->info.name, (Py_ssize_t)strlen(dev_of(self)->info.name), "replace");
}

static PyObject *get_uuid(PyObject *self, void *unused)
{
	(void)unused;
	const uint8_t *u = dev_of(self)->info.uuid;
	char text[64] = "GPU-";
	size_t n = dev_of(self)->ops->host_memory ? (size_t)sprintf(text, "CPU-") : 4;
	for (int i = 0; i < 16; i++)
		n += (size_t)sprintf(text + n, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", u[i]);
	return PyUnicode_FromString(text);
}

static PyObject *get_kind(PyObject *self, void *unused)
{
	(void)unused;
	return PyUnicode_FromString(dev_of(self)->ops->kind);
}

static PyObject *get_id(PyObject *self, void *unused)
{
	(void)unused;
	return PyLong_FromLong(dev_of(self)->ordinal);
}

static PyObject *get_compute_capability(PyObject *self, void *unused)
{
	(void)unused;
	return Py_BuildValue("ii", dev_of(self)->info.cc_major, dev_of(self)->info.cc_minor);
}

/* Attributes that are one number of gj_device_info: CUDA's name, field, meaning. */
#define NUMBERS(X) \
	X(COMPUTE_CAPABILITY_MAJOR, cc_major, "Major compute capability; 0 on the CPU.") \
	X(COMPUTE_CAPABILITY_MINOR, cc_minor, "Minor compute capability; 0 on the CPU.") \
	X(MULTIPROCESSOR_COUNT, multiprocessors, "Multiprocessors; on the CPU threads of the pool.") \
	X(MAX_THREADS_PER_BLOCK, max_threads_per_block, "Most threads of a block.") \
	X(MAX_BLOCK_DIM_X, max_block[0], "Largest blockDim.x.") \
	X(MAX_BLOCK_DIM_Y, max_block[1], "Largest blockDim.y.") \
	X(MAX_BLOCK_DIM_Z, max_block[2], "Largest blockDim.z.") \
	X(MAX_GRID_DIM_X, max_grid[0], "Largest gridDim.x.") \
	X(MAX_GRID_DIM_Y, max_grid[1], "Largest gridDim.y.") \
	X(MAX_GRID_DIM_Z, max_grid[2], "Largest gridDim.z.") \
	X(WARP_SIZE, warp_size, "Threads of a warp: 32.") \
	X(MAX_SHARED_MEMORY_PER_BLOCK, shared_per_block, "Shared memory of a block in bytes.") \
	X(MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, shared_per_block_optin, "The same for kernels that ask for more at launch.") \
	X(MAX_REGISTERS_PER_BLOCK, registers_per_block, "32-bit registers of a block.") \
	X(TOTAL_MEMORY, total_memory, "Device memory in bytes.") \
	X(CLOCK_RATE, clock_khz, "Clock rate in kHz.") \
	X(PCI_BUS_ID, pci_bus, "PCI bus.") \
	X(PCI_DEVICE_ID, pci_device, "PCI device.") \
	X(PCI_DOMAIN_ID, pci_domain, "PCI domain.") \
	X(DRIVER_VERSION, driver_version, "CUDA version of the driver: 13000 for 13.0; 0 on the CPU.")

#define X(name, field, doc) \
static PyObject *get_##name(PyObject *self, void *unused) \
{ \
	(void)unused; \
	return PyLong_FromLongLong((long long)dev_of(self)->info.field); \
}
NUMBERS(X)
#undef X

static PyGetSetDef getset[] = {
	{ "name", get_name, NULL, "The device's name.", NULL },
	{ "uuid", get_uuid, NULL, "Identity of the device: 'GPU-…'.", NULL },
	{ "kind", get_kind, NULL, "'cuda' or 'cpu'.", NULL },
	{ "id", get_id, NULL, "Ordinal of the device.", NULL },
	{ "compute_capability", get_compute_capability, NULL, "(major, minor); (0, 0) on the CPU.", NULL },
#define X(name, field, doc) { #name, get_##name, NULL, doc, NULL },
	NUMBERS(X)
#undef X
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMethodDef methods[] = {
	{ "memory_info", memory_info, METH_NOARGS, "memory_info() -> (free, total), in bytes." },
	{ "attribute", attribute, METH_O, "attribute(name): one of CUDA's numbers of a device, by the name that follows CU_DEVICE_ATTRIBUTE_." },
	{ "peer", peer, METH_VARARGS, "peer(ordinal, enable) -> bool: can kernels reach that device's memory? enable: let them." },
	{ "synchronize", synchronize, METH_NOARGS, "Wait until the device has nothing left to do." },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, device_new }, { Py_tp_dealloc, device_dealloc }, { Py_tp_getset, getset }, { Py_tp_methods, methods },
	{ Py_tp_doc, "Device(ordinal): a machine that runs kernels." }, { 0, NULL },
};

static PyType_Spec spec = { "gridjit._core.Device", sizeof(DeviceObject), 0,
	Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, slots };

int gj_device_init(PyObject *m)
{
	return PyModule_AddFunctions(m, functions) < 0 ? -1 : gj_add_type(m, &device_class, &spec, NULL);
}
