/* Controls of the fake driver (fake_cuda.c), which tests reach by dlsym: see fake_controls. */
#ifndef GJ_FAKE_CUDA_H
#define GJ_FAKE_CUDA_H

#include "run/cuda/api.h"

/* What exists now; all zero when everything was given back. */
typedef struct fake_live { int blocks, pinned, opened, streams, events, modules, links; size_t bytes; } fake_live;

typedef struct fake_launch {
	const char *name;
	int carveout;                              /* that the function was given; -1: none */
	unsigned grid[3], block[3], shared;
	CUstream stream;
	bool cooperative;
	unsigned char params[256];
	size_t nparams;
} fake_launch;

#define ALWAYS (~0u)

typedef struct fake_controls {
	unsigned (*calls)(const char *name);       /* of an entry point so far; NULL: of all together */
	void (*fail)(const char *name, CUresult, unsigned nth);        /* its nth call from now fails, once; nth 0: none */
	const char *(*name)(unsigned i);           /* entry points, NULL behind the last */
	fake_live (*live)(void);
	const fake_launch *last_launch;
	CUcontext (*foreign_context)(void);        /* one that we did not make */
	CUstream (*stream_of)(CUdeviceptr);        /* on which a block was allocated */
	size_t *memory;                            /* how large the GPU is, bytes */
	unsigned *not_ready;                       /* so many queries of streams say "not yet"; ALWAYS: all do, of events too */
	bool *writes_arrive;                       /* what streams write does, though */
} fake_controls;

extern const fake_controls fake;               /* exported by the library */

#endif
