/* What types are made of, and how they lie in memory: as C lays out a structure of their pieces. */
#ifndef GJ_LAYOUT_H
#define GJ_LAYOUT_H

#include "types/type.h"

/* What a launch passes for a part. */
typedef enum gj_field {
	GJ_FIELD_VALUE,                            /* the scalar itself */
	GJ_FIELD_DATA, GJ_FIELD_SHAPE, GJ_FIELD_STRIDE,    /* of an array; strides are in bytes */
	GJ_FIELD_OWNER,                            /* of a counted array: the address of the memory that it keeps (run/cpu/owned.h), 0: none */
	/* No parts: */
	GJ_FIELD_BYTES,                            /* of a whole array, one that is only added to (opt/sums.c) */
	GJ_FIELD_ROW,                              /* threads of a block along x, as the launch was asked for (opt/neighbours.c) */
	GJ_FIELD_STEP                              /* bytes from one element of a ufunc's operand to the next */
} gj_field;

/* `count` values of a type, side by side. DATA: a pointer to one of them. */
typedef struct gj_piece { const char *name; const gj_type *type; uint32_t count; gj_field field; } gj_piece;

/* Interned and immortal, what a record's type has beside the types of its fields. */
struct gj_record {
	uint32_t n, size;
	const char *const *name;
	const uint32_t *offset;
	bool aligned;                              /* laid out as C does (dtype.isalignedstruct); says nothing that places do not */
	const char *dtype;                         /* bytes that kernels cannot read, and then no fields: NumPy's name of what they are */
};
static inline const gj_record *gj_record_of(const gj_type *t) { return t->obj; }
/* Innermost items and dimensions of a field's type. */
const gj_type *gj_innermost(const gj_type *, int *ndim);

/* Is the type made of others? */
bool gj_has_pieces(const gj_type *);
/* Piece k of a type; false: there are no more. */
bool gj_piece_of(const gj_type *, uint32_t k, gj_piece *);
/* Parts of one of the values of a piece. */
static inline uint32_t gj_parts_in(const gj_piece *p) { return p->field == GJ_FIELD_DATA ? 1 : p->type->nparts; }

/* Bytes that the start of a value in memory is a multiple of; 1 for types that do not lie in memory. */
uint32_t gj_align(const gj_type *);
/* `known`, where it is less than a value of the type asks for, else 0; and what is known of an array, reference or pointer. */
uint8_t gj_align_less(const gj_type *, uint32_t known);
static inline uint32_t gj_known_align(const gj_type *t) { return t->align ? t->align : gj_align(t->elem); }
/* Where a value starts that comes behind `at` bytes. */
uint32_t gj_aligned(uint32_t at, const gj_type *);
/* Sets size, nparts and nleaves of a type that is being made. */
void gj_lay_out(gj_type *);

#endif
