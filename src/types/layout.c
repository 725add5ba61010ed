/* What each kind of type is made of, in one table, and what follows: bytes in memory, alignment, numbers of parts. */
#include "types/layout.h"

/* -- What types are made of ---------------------------------------------------------------------------------------- */

static bool complex_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	static const char *const name[] = { "real", "imag" };
	if (k > 1)
		return false;
	*out = (gj_piece){ name[k], gj_scalar[t->kind == GJ_C64 ? GJ_F32 : GJ_F64], 1, GJ_FIELD_VALUE };
	return true;
}

/* Of expressions too: what they are made of. */
static bool tuple_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	if (k < t->n)
		*out = (gj_piece){ NULL, t->item[k], 1, GJ_FIELD_VALUE };
	return k < t->n;
}

static bool array_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	const gj_piece all[] = {
		{ "data", t->elem, 1, GJ_FIELD_DATA },
		{ "shape", gj_scalar[GJ_I64], t->ndim, GJ_FIELD_SHAPE }, { "strides", gj_scalar[GJ_I64], t->ndim, GJ_FIELD_STRIDE },
		{ "owner", gj_scalar[GJ_I64], 1, GJ_FIELD_OWNER },
	};
	uint32_t n = GJ_LEN(all) - (t->space != GJ_COUNTED);
	if (k < n)
		*out = all[k];
	return k < n;
}

static bool optional_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	*out = k ? (gj_piece){ NULL, t->elem, 1, GJ_FIELD_VALUE } : (gj_piece){ "valid", gj_scalar[GJ_BOOL], 1, GJ_FIELD_VALUE };
	return k < 2;
}

static bool vector_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	static const char *const name[] = { "x", "y", "z", "w" };
	if (k < t->n)
		*out = (gj_piece){ name[k], t->elem, 1, GJ_FIELD_VALUE };
	return k < t->n;
}

static bool ref_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	*out = k ? (gj_piece){ "owner", gj_scalar[GJ_I64], 1, GJ_FIELD_OWNER } : (gj_piece){ "data", t->elem, 1, GJ_FIELD_DATA };
	return k < 1u + (t->space == GJ_COUNTED);
}

static bool picked_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	(void)t;
	*out = (gj_piece){ "number", gj_scalar[GJ_I64], 1, GJ_FIELD_VALUE };
	return k == 0;
}

static bool indices_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	*out = (gj_piece){ "shape", gj_scalar[GJ_I64], (uint8_t)(t->ndim + t->readonly), GJ_FIELD_VALUE };
	return k == 0;
}

static bool range_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	static const char *const name[] = { "start", "stop", "step" };
	if (k < GJ_LEN(name))
		*out = (gj_piece){ name[k], t->elem, 1, GJ_FIELD_VALUE };
	return k < GJ_LEN(name);
}

static bool element_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	*out = (gj_piece){ NULL, t->elem, 1, GJ_FIELD_VALUE };
	return k == 0;
}

/* What it runs over; of a range its length too. */
static bool iter_piece(const gj_type *t, uint32_t k, gj_piece *out)
{
	const gj_type *over = t->elem;
	bool length = k == 1 && over->kind == GJ_RANGE;
	*out = length ? (gj_piece){ "length", over->elem, 1, GJ_FIELD_VALUE } : (gj_piece){ NULL, over, 1, GJ_FIELD_VALUE };
	return k == 0 || length;
}

/* By kind; no function: a type of one part, or of none. Do the pieces lie in memory, one behind the other, if each does? */
static const struct { bool (*piece)(const gj_type *, uint32_t k, gj_piece *); bool in_memory; } made_of[GJ_NKINDS] = {
	[GJ_C64] = { complex_piece, true }, [GJ_C128] = { complex_piece, true }, [GJ_TUPLE] = { tuple_piece, true },
	[GJ_ARRAY] = { array_piece, false }, [GJ_RANGE] = { range_piece, false }, [GJ_ITER] = { iter_piece, false },
	[GJ_FLAT] = { element_piece, false }, [GJ_INDICES] = { indices_piece, false },
	[GJ_REF] = { ref_piece, false }, [GJ_OPTIONAL] = { optional_piece, false }, [GJ_VECTOR] = { vector_piece, true }, [GJ_FLOAT8] = { element_piece, true }, [GJ_EXPRESSION] = { tuple_piece, false }, [GJ_ELEMENT] = { element_piece, false }, [GJ_PICKED] = { picked_piece, false }, [GJ_REDUCED] = { tuple_piece, false },
};

bool gj_has_pieces(const gj_type *t) { return made_of[t->kind].piece; }

bool gj_piece_of(const gj_type *t, uint32_t k, gj_piece *out)
{
	return made_of[t->kind].piece && made_of[t->kind].piece(t, k, out);
}

/* -- Layout -------------------------------------------------------------------------------------------------------- */

uint32_t gj_aligned(uint32_t at, const gj_type *t)
{
	uint32_t align = gj_align(t);
	return (at + align - 1) / align * align;
}

uint32_t gj_align(const gj_type *t)
{
	gj_piece p;
	uint32_t most = 1;
	if (!t->size)
		return 1;
	if (t->kind == GJ_RECORD)
		return t->align;
	if (t->kind == GJ_NESTED)
		return gj_align(t->elem);
	if (t->kind == GJ_VECTOR)                      /* as CUDA C has it */
		return t->n == 3 ? t->elem->size : t->size < 16 ? t->size : 16;
	if (!gj_has_pieces(t))
		return t->size;
	for (uint32_t k = 0; gj_piece_of(t, k, &p); k++) {
		uint32_t align = gj_align(p.type);
		most = align > most ? align : most;
	}
	return most;
}

const gj_type *gj_innermost(const gj_type *t, int *ndim)
{
	for (*ndim = 0; t->kind == GJ_NESTED; t = t->elem)
		++*ndim;
	return t;
}

uint8_t gj_align_less(const gj_type *t, uint32_t known)
{
	return known && known < gj_align(t) ? (uint8_t)known : 0;
}

void gj_lay_out(gj_type *t)
{
	gj_piece p;
	bool lies = made_of[t->kind].in_memory;
	uint32_t size = 0, align = 1;
	t->nparts = t->kind < GJ_NSCALARS || t->kind == GJ_PTR;
	bool items = t->kind == GJ_TUPLE || t->kind == GJ_OPTIONAL;    /* of which leaves are counted */
	t->nleaves = !items;
	if (!gj_has_pieces(t))
		return;
	t->nparts = 0;
	for (uint32_t k = 0; gj_piece_of(t, k, &p); k++) {
		t->nparts += p.count * gj_parts_in(&p);
		t->nleaves += items ? p.type->nleaves : 0;
		lies &= p.type->size > 0 && size <= INT32_MAX && p.type->size <= INT32_MAX;
		size = lies ? gj_aligned(size, p.type) + p.count * p.type->size : 0;
		align = lies && gj_align(p.type) > align ? gj_align(p.type) : align;
	}
	t->size = lies && size <= INT32_MAX ? (size + align - 1) / align * align : 0;
}
