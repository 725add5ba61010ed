/* Devices, and which of them a thread uses. */
#ifndef GJ_DEVICES_H
#define GJ_DEVICES_H

#include "core.h"

/* The device of this thread: the one selected, else the first. NULL: exception set. Opens the driver on first use. */
gj_device *gj_device_current(void);
/* Device by ordinal, of the kind that gridjit.config.DEVICE asks for. NULL: exception set. */
gj_device *gj_device_open(int ordinal);
/* The device whose kernels reach another library's memory: `dev`, if they can, else the GPU that holds it. Costs nothing
 * where there is one GPU. NULL: exception set. */
gj_device *gj_device_of(gj_device *dev, gj_devptr);
/* Drop the choice of device: the setting has changed. */
void gj_device_forget(void);

int gj_device_init(PyObject *module);

#endif
