/* Loads the relocatable ELF objects that the compiler emits for the CPU into memory of this process. */
#ifndef GJ_ELF_H
#define GJ_ELF_H

#include "run/device.h"

typedef uintptr_t gj_resolve(const char *name, void *arg);
typedef struct gj_elf {
	void *map; size_t len;
	void *entry, *callback;                    /* gj_callback, NULL: it has none */
	struct gj_told *told;                      /* a debugger knows it; NULL: it has no lines */
} gj_elf;

/* Maps the object (x86-64, ET_REL, position-independent), binds what it calls through the resolver (address of a name,
 * 0: unknown) and looks up the function `entry`. Every offset in the object is checked: a damaged one is GJ_E_LOAD, one
 * for another machine GJ_E_UNSUPPORTED. On failure *out is all zero. Code is never writable and executable at once. */
gj_status gj_elf_load(const void *object, size_t n, const char *entry, gj_resolve *, void *arg, gj_elf *out);
void      gj_elf_unload(gj_elf *);          /* a zeroed one is fine */

#endif
