/* The parts of types, from what types are made of. */
#include "types/parts.h"

#include <string.h>

gj_part gj_part_of(const gj_type *t, uint32_t i)
{
	gj_piece p;
	uint32_t at = 0;
	if (!gj_has_pieces(t))
		return (gj_part){ .type = t, .of = t };
	for (uint32_t k = 0; gj_piece_of(t, k, &p); k++) {
		uint32_t each = gj_parts_in(&p);
		at = gj_aligned(at, p.type);
		if (i < each * p.count) {
			bool data = p.field == GJ_FIELD_DATA;
			gj_part part = { .type = data ? gj_ptr_at(p.type, t->space == GJ_COUNTED ? GJ_GLOBAL : (gj_space)t->space, t->align) : p.type };
			if (!data)
				part = gj_part_of(p.type, i % each);
			part.of = data || (p.name && !gj_has_pieces(p.type)) ? t : part.of;
			part.name = p.name ? p.name : part.name;
			part.offset = t->size ? part.offset + at + i / each * p.type->size : 0;
			part.field = p.field == GJ_FIELD_VALUE ? part.field : (uint8_t)p.field;
			part.dim = p.field == GJ_FIELD_VALUE ? part.dim : (uint8_t)i;
			return part;
		}
		i -= each * p.count;
		at += p.count * p.type->size;
	}
	return (gj_part){ 0 };
}

int gj_part_named(const gj_type *t, const char *name)
{
	gj_piece p;
	uint32_t first = 0;
	for (uint32_t k = 0; gj_piece_of(t, k, &p); k++) {
		if (p.name && !strcmp(p.name, name))
			return (int)first;
		first += gj_parts_in(&p) * p.count;
	}
	return -1;
}

