/* The configuration of a launch: kernel[grid, block, stream, shared]. */
#ifndef GJ_CONFIG_H
#define GJ_CONFIG_H

#include "launch/specialise.h"

typedef struct gj_launch_config {
	uint32_t grid[3], block[3], shared;
	uint32_t facts;                            /* what grid and block leave of the facts that depend on them */
	const gj_device *fits;                     /* a device that can launch it; NULL: not looked yet */
	uint64_t settings;                         /* gj_config.changes when `facts` were found */
	PyObject *stream;                          /* NULL: the default stream */
} gj_launch_config;

/* Fills *out; owns a reference to the stream, also where it fails. `kernel`: for messages. false: exception. */
bool gj_launch_config_read(gj_launch_config *out, PyObject *key, const gj_dispatcher *kernel);
/* Can the device launch it at all? Its facts are those of today's settings then. false: exception. */
bool gj_launch_config_check(gj_launch_config *, const gj_device *);
/* Facts of a configuration that was made otherwise: grid and block are set. */
uint32_t gj_launch_config_facts(const gj_launch_config *);
/* Can this compiled form be launched with it? false: exception. */
bool gj_launch_config_fits(const gj_launch_config *, const gj_specialisation *);

#endif
