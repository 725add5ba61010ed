/* The table of entry kinds. */
#include "image/entry.h"

#include <string.h>

const gj_entry gj_entries[GJ_NENTRIES] = {
#define ENTRY(id, name, args, space, results, raise, runner, exceptions, abi) \
	{ name, GJ_ARGS_##args, GJ_##space, GJ_RESULTS_##results, GJ_RAISE_##raise, GJ_RUN_##runner, GJ_EXCEPTIONS_##exceptions, GJ_ABI_##abi },
#include "image/entry.def"
};

gj_entry_kind gj_entry_named(const char *name)
{
	for (int i = 0; i < GJ_NENTRIES; i++)
		if (*gj_entries[i].name && !strcmp(gj_entries[i].name, name))
			return (gj_entry_kind)i;
	return GJ_NENTRIES;
}
