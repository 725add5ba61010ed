/* Refusing what Python has and kernels do not, with what to write instead. */
#include "ir/ir.h"

#include <string.h>

static const struct { const char *what, *instead; } rows[] = {
#define REFUSED(what, instead) { what, instead },
#include "ir/refused.def"
};

static bool is_row(const char *row, const char *what)
{
	size_t n = strlen(row);
	return row[n - 1] == '*' ? !strncmp(row, what, n - 1) : !strcmp(row, what);
}

void gj_refuse(const gj_fn *f, uint32_t loc, const char *what)
{
	const char *instead = "write it in another way";
	for (size_t i = 0; i < GJ_LEN(rows); i++)
		if (is_row(rows[i].what, what))
			instead = rows[i].instead;
	gj_fail(f, loc, GJ_ERR_UNSUPPORTED_OP, what, instead);
}
