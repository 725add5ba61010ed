/* Memory of the CPU device that processes share. */
#ifndef GJ_RUN_CPU_SHARED_H
#define GJ_RUN_CPU_SHARED_H

#include "run/device.h"

gj_status gj_shared_alloc(size_t bytes, gj_devptr *out);
gj_status gj_shared_free(gj_devptr, gj_memory);    /* GJ_MEM_SHARED, GJ_MEM_OPENED */
/* Operations of device.h. */
gj_status gj_cpu_share(gj_device *, gj_devptr, gj_share *);
gj_status gj_cpu_open_shared(gj_device *, const gj_share *, gj_devptr *);

#endif
