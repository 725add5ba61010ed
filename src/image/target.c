/* The table of targets. */
#include "image/target.h"

const gj_target gj_targets[GJ_NTARGETS] = {
#define TARGET(id, backend, device, ...) [GJ_TARGET_##id] = { .name = #backend, __VA_ARGS__ },
#include "image/targets.def"
};
