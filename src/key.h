/* The name of a compilation in the disk cache. */
#ifndef GJ_KEY_H
#define GJ_KEY_H

#include "compile.h"

/* Digest of the code, types, options, our version and LLVM's. */
gj_hash gj_request_key(const gj_request *);

#endif
