/* Refusing what Python and NumPy have and kernels do not, with what to write instead. */
#include "ir/ir.h"

#include <string.h>

static const struct { const char *what, *instead; bool name; } rows[] = {
#define REFUSED(what, instead) { what, instead, false },
#define REFUSED_NAME(what, instead) { what, instead, true },
#include "ir/refused.def"
};

static bool is_row(const char *row, const char *what)
{
	size_t n = strlen(row);
	return row[n - 1] == '*' ? !strncmp(row, what, n - 1) : !strcmp(row, what);
}

/* By the first row that fits; NULL: none does. */
static const char *find(const char *what, bool name)
{
	for (size_t i = 0; i < GJ_LEN(rows); i++)
		if (rows[i].name == name && is_row(rows[i].what, what))
			return rows[i].instead;
	return NULL;
}

const char *gj_instead_of_name(const char *name, bool memory)
{
	bool numpy = memory && !strncmp(name, "np.", 3);
	return numpy ? "write the loop over the items; docs/jit.md lists what functions for the host have of NumPy" : find(name, true);
}

void gj_refuse(const gj_fn *f, uint32_t loc, const char *what)
{
	const char *instead = find(what, false);
	gj_fail(f, loc, GJ_ERR_UNSUPPORTED_OP, what, instead ? instead : "write it in another way");
}

void gj_refuse_name(const gj_fn *f, uint32_t loc, const char *name, const char *like)
{
	const char *instead = gj_instead_of_name(name, f->memory);
	if (instead)
		gj_fail(f, loc, GJ_ERR_INSTEAD, name, instead);
	gj_fail(f, loc, GJ_ERR_UNKNOWN_NAME, name, like);
}
