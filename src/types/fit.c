/* Which of several signatures a call takes: numba's rule, by how many arguments are converted, and how. */
#include "types/type.h"

#include <string.h>

typedef enum grade { SAME, PROMOTED, SAFE, UNSAFE } grade;

/* Conversions of one step that lose nothing: to more bits of the same kind, and to another kind. */
static const struct { uint8_t from, to, how; } steps[] = {
	{ GJ_I8, GJ_I16, PROMOTED }, { GJ_I16, GJ_I32, PROMOTED }, { GJ_I32, GJ_I64, PROMOTED },
	{ GJ_U8, GJ_U16, PROMOTED }, { GJ_U16, GJ_U32, PROMOTED }, { GJ_U32, GJ_U64, PROMOTED },
	{ GJ_F16, GJ_F32, PROMOTED }, { GJ_BF16, GJ_F32, PROMOTED }, { GJ_F32, GJ_F64, PROMOTED }, { GJ_C64, GJ_C128, PROMOTED },
	{ GJ_BOOL, GJ_I8, SAFE }, { GJ_BOOL, GJ_U8, SAFE }, { GJ_U8, GJ_I16, SAFE }, { GJ_U16, GJ_I32, SAFE }, { GJ_U32, GJ_I64, SAFE },
	{ GJ_I8, GJ_F16, SAFE }, { GJ_I16, GJ_F32, SAFE }, { GJ_I32, GJ_F64, SAFE }, { GJ_I64, GJ_F64, SAFE }, { GJ_U64, GJ_F64, SAFE },
	{ GJ_F32, GJ_C64, SAFE }, { GJ_F64, GJ_C128, SAFE },
};

/* Of the ways in such steps the best; UNSAFE: there is none. */
static grade scalars(uint8_t from, uint8_t to)
{
	grade best = from == to ? SAME : UNSAFE;
	for (size_t i = 0; best != SAME && i < GJ_LEN(steps); i++)
		if (steps[i].from == from) {
			grade rest = scalars(steps[i].to, to), all = rest > steps[i].how ? rest : (grade)steps[i].how;
			best = all < best ? all : best;
		}
	return best;
}

static grade convert(const gj_type *from, const gj_type *to, uint32_t *distance)
{
	grade worst = SAME;
	if (from == to)
		return SAME;
	if (gj_is_scalar(from) && gj_is_scalar(to)) {
		*distance += (uint32_t)(to->kind > from->kind ? to->kind - from->kind : from->kind - to->kind);
		return scalars(from->kind, to->kind);
	}
	if (to->kind == GJ_OPTIONAL) {
		grade inner = from == gj_t_none ? SAME : convert(from->kind == GJ_OPTIONAL ? from->elem : from, to->elem, distance);
		return inner > PROMOTED ? inner : PROMOTED;
	}
	if (from->kind == GJ_TUPLE && to->kind == GJ_TUPLE && from->n == to->n)
		for (uint32_t i = 0; i < from->n; i++) {
			grade item = convert(from->item[i], to->item[i], distance);
			worst = item > worst ? item : worst;
		}
	else if (from->kind == GJ_ARRAY && to->kind == GJ_ARRAY) {     /* what is given up; memory is no part of a signature */
		worst = from->layout != to->layout || from->readonly != to->readonly ? SAFE : SAME;
		*distance += from->layout != to->layout;
	}
	return worst;
}

void gj_fit_add(gj_fit *f, const gj_type *from, const gj_type *to)
{
	grade g = convert(from == to ? from : gj_wide(from), to, &f->distance);
	f->n[g == UNSAFE ? 0 : g == SAFE ? 1 : 2] += g != SAME;
}

int gj_fit_compare(const gj_fit *a, const gj_fit *b)
{
	for (int i = 0; i < 3; i++)
		if (a->n[i] != b->n[i])
			return a->n[i] < b->n[i] ? -1 : 1;
	if (a->n[0] || a->distance == b->distance)
		return 0;
	return a->distance < b->distance ? -1 : 1;
}

/* -- What is in the way ----------------------------------------------------------------------------------------------- */

/* What differs of two arrays; NULL: they are none, or it is something else. */
static const char *differs(const gj_type *from, const gj_type *to)
{
	if (from->kind != GJ_ARRAY || to->kind != GJ_ARRAY)
		return NULL;
	if (from->elem != to->elem)
		return "its items are others: x.astype()";
	if (from->ndim != to->ndim)
		return "it has another number of dimensions";
	if (from->layout != to->layout && to->layout != 'A')
		return to->layout == 'C' ? "it is not contiguous: np.ascontiguousarray(x)" : "it is not in Fortran order: np.asfortranarray(x)";
	return from->readonly && !to->readonly ? "it is read-only" : NULL;
}

void gj_say_misfit(gj_sb *out, const gj_type *const *want, uint32_t nwant, const gj_type *const *given, uint32_t n, bool (*fits)(const gj_type *from, const gj_type *to))
{
	gj_sb_puts(out, "\n  (");
	for (uint32_t i = 0; i < nwant; i++)
		gj_sb_printf(out, "%s%s", i ? ", " : "", want[i]->name);
	gj_sb_puts(out, ")");
	if (n != nwant)
		gj_sb_printf(out, ": takes %u, not %u", nwant, n);
	for (uint32_t i = 0; n == nwant && i < n; i++) {
		const char *why = differs(given[i], want[i]);
		if (!fits(given[i], want[i]))
			gj_sb_printf(out, ": argument %u is %s%s%s", i + 1, given[i]->name, why ? ", " : "", why ? why : "");
	}
}
