/* The table of drivers. */
#include "run/device.h"

const gj_driver gj_drivers[GJ_NTARGETS] = {
#define TARGET(id, backend, device, ...) { #device, gj_##device##_count, gj_##device##_why, gj_##device##_open, gj_##device##_finish },
#include "image/targets.def"
};
