/* What a GPU is: its attributes, its memory, and which GPU holds an address. */
#include "run/cuda/cuda.h"

#include <string.h>

/* Integers of gj_device_info that are driver attributes. */
static const struct { CUdevice_attribute attribute; size_t at; } ints[] = {
#define INT(attribute, field) { CU_DEVICE_ATTRIBUTE_##attribute, offsetof(gj_device_info, field) },
	INT(COMPUTE_CAPABILITY_MAJOR, cc_major)
	INT(COMPUTE_CAPABILITY_MINOR, cc_minor)
	INT(MULTIPROCESSOR_COUNT, multiprocessors)
	INT(MAX_THREADS_PER_BLOCK, max_threads_per_block)
	INT(MAX_BLOCK_DIM_X, max_block[0])
	INT(MAX_BLOCK_DIM_Y, max_block[1])
	INT(MAX_BLOCK_DIM_Z, max_block[2])
	INT(MAX_GRID_DIM_X, max_grid[0])
	INT(MAX_GRID_DIM_Y, max_grid[1])
	INT(MAX_GRID_DIM_Z, max_grid[2])
	INT(WARP_SIZE, warp_size)
	INT(MAX_REGISTERS_PER_BLOCK, registers_per_block)
	INT(CLOCK_RATE, clock_khz)
	INT(PCI_BUS_ID, pci_bus)
	INT(PCI_DEVICE_ID, pci_device)
	INT(PCI_DOMAIN_ID, pci_domain)
#undef INT
};

static gj_status shared_sizes(gj_cuda *d)
{
	int plain = 0, optin = 0;
	gj_status s = CALL(cuDeviceGetAttribute, (&plain, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, d->handle));
	if (s == GJ_OK)
		s = CALL(cuDeviceGetAttribute, (&optin, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, d->handle));
	d->dev.info.shared_per_block = (size_t)plain;
	d->dev.info.shared_per_block_optin = (size_t)(optin > plain ? optin : plain);
	return s;
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

gj_status gj_cuda_info(gj_cuda *d)
{
	gj_device_info *info = &d->dev.info;
	CUuuid uuid;
	gj_status s = CALL(cuDeviceGet, (&d->handle, d->dev.ordinal));
	if (s == GJ_OK)
		s = CALL(cuDeviceGetName, (info->name, sizeof info->name, d->handle));
	if (s == GJ_OK)
		s = CALL(cuDeviceGetUuid, (&uuid, d->handle));
	if (s == GJ_OK)
		s = CALL(cuDeviceTotalMem, (&info->total_memory, d->handle));
	if (s == GJ_OK)
		s = shared_sizes(d);
	for (size_t i = 0; i < GJ_LEN(ints) && s == GJ_OK; i++)
		s = CALL(cuDeviceGetAttribute, ((int *)((char *)info + ints[i].at), ints[i].attribute, d->handle));
	if (s == GJ_OK)
		memcpy(info->uuid, uuid.bytes, sizeof info->uuid);
	info->driver_version = gj_cuda_driver_version();
	info->ptx_version = ptx_of_driver(info->driver_version);
	return s;
}

gj_status gj_cuda_attribute(gj_device *g, const char *name, int *value)
{
	static const struct { const char *name; CUdevice_attribute number; } row[] = {
#define CUATTRIBUTE(name, number) { #name, CU_DEVICE_ATTRIBUTE_##name },
#include "run/cuda/attributes.def"
	};
	size_t i = 0;
	while (i < GJ_LEN(row) && strcmp(row[i].name, name))
		i++;
	if (i == GJ_LEN(row))
		return gj_error_set(GJ_E_UNSUPPORTED, 0, "CUDA has no device attribute %s", name);
	CUresult r = gj_cu.cuDeviceGetAttribute(value, row[i].number, gj_cuda_of(g)->handle);
	if (r == CUDA_ERROR_INVALID_VALUE)
		return gj_error_set(GJ_E_UNSUPPORTED, r, "this driver knows no device attribute %s", name);
	return r == CUDA_SUCCESS ? GJ_OK : gj_cuda_fail(r, "cuDeviceGetAttribute", name);
}

/* The driver's ranges are those of mappings: an allocation of another library's may lie across several. */
size_t gj_cuda_left(gj_device *g, gj_devptr p)
{
	(void)g, (void)p;
	return SIZE_MAX;
}

gj_status gj_cuda_pointer_device(gj_device *g, gj_devptr p, int *ordinal)
{
	CUcontext before;
	CUdeviceptr reached;
	*ordinal = -1;
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	/* The driver refuses what this GPU cannot reach, and for the second question what it has never heard of: plain host
	 * memory. Its own pinned and managed memory, and that of GPUs with peer access, is reached. */
	CUresult r = gj_cu.cuPointerGetAttribute(&reached, CU_POINTER_ATTRIBUTE_DEVICE_POINTER, p);
	if (r == CUDA_SUCCESS)
		*ordinal = g->ordinal;
	else if (r == CUDA_ERROR_INVALID_VALUE)
		r = gj_cu.cuPointerGetAttribute(ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, p);
	if (r != CUDA_SUCCESS && r != CUDA_ERROR_INVALID_VALUE)
		s = gj_cuda_fail(r, "cuPointerGetAttribute", NULL);
	return gj_cuda_leave(before, s);
}
