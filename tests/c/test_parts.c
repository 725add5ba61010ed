/* How types fall into parts: which scalars, at which bytes, by which names. */
#include "check.h"
#include "types/parts.h"

#include <string.h>

static const gj_type *tuple(uint32_t n, const gj_type *a, const gj_type *b, const gj_type *c)
{
	return gj_tuple_type((const gj_type *[]){ a, b, c }, n);
}

static void is_part(const gj_type *t, uint32_t i, const gj_type *type, uint32_t offset, gj_field field, uint32_t dim)
{
	gj_part p = gj_part_of(t, i);
	CHECK(p.type == type && p.offset == offset && p.field == field && p.dim == dim, "part %u of %s: %s at %u, field %u, dim %u",
	      (unsigned)i, t->name, p.type ? p.type->name : "none", (unsigned)p.offset, p.field, p.dim);
}

static void test_scalars(void)
{
	for (int k = 0; k < GJ_C64; k++) {
		CHECK(gj_parts(gj_scalar[k]) == 1 && gj_align(gj_scalar[k]) == gj_scalar[k]->size, "%s", gj_scalar[k]->name);
		is_part(gj_scalar[k], 0, gj_scalar[k], 0, GJ_FIELD_VALUE, 0);
	}
	const gj_type *c = gj_scalar[GJ_C128];
	CHECK(gj_parts(c) == 2 && c->size == 16 && gj_align(c) == 8 && gj_leaves(c) == 1, "complex");
	is_part(c, 0, gj_scalar[GJ_F64], 0, GJ_FIELD_VALUE, 0);
	is_part(c, 1, gj_scalar[GJ_F64], 8, GJ_FIELD_VALUE, 0);
	CHECK(gj_part_of(c, 1).of == c && gj_part_named(c, "imag") == 1 && gj_part_named(c, "size") == -1, "its names");
	CHECK(!gj_parts(gj_t_none) && gj_leaves(gj_t_none) == 1 && !gj_parts(gj_slice_type(2)), "no parts");
}

static void test_arrays(void)
{
	const gj_type *i8 = gj_scalar[GJ_I64], *f4 = gj_scalar[GJ_F32];
	const gj_type *a = gj_array_type(f4, 2, 'A', false, GJ_SHARED), *none = gj_array_type(f4, 0, 'C', false, GJ_GLOBAL);
	CHECK(gj_parts(a) == 5 && gj_parts(none) == 1 && a->size == 0 && gj_align(a) == 1, "counts");
	is_part(a, 0, gj_ptr_type(f4, GJ_SHARED), 0, GJ_FIELD_DATA, 0);
	is_part(a, 1, i8, 0, GJ_FIELD_SHAPE, 0);
	is_part(a, 2, i8, 0, GJ_FIELD_SHAPE, 1);
	CHECK(gj_part_of(a, 4).field == GJ_FIELD_STRIDE && gj_part_of(a, 4).dim == 1 && gj_part_of(a, 4).of == a, "strides");
	CHECK(gj_part_named(a, "data") == 0 && gj_part_named(a, "shape") == 1 && gj_part_named(a, "strides") == 3, "names");
}

static void test_ranges(void)
{
	const gj_type *i4 = gj_scalar[GJ_I32], *r = gj_range_type(i4), *it = gj_iter_type(r);
	const gj_type *a = gj_array_type(i4, 1, 'C', false, GJ_GLOBAL), *zip = gj_iter_type(tuple(2, it, gj_iter_type(a), NULL));
	CHECK(gj_parts(r) == 3 && gj_parts(it) == 4 && gj_parts(zip) == 7, "counts");
	CHECK(gj_part_of(it, 3).type == i4 && gj_part_of(it, 3).of == it && !strcmp(gj_part_of(it, 2).name, "step"), "an iterator");
	CHECK(gj_part_of(zip, 4).type == gj_ptr_type(i4, GJ_GLOBAL) && gj_part_of(zip, 6).field == GJ_FIELD_STRIDE, "a zip");
	CHECK(gj_part_named(r, "stop") == 1 && gj_part_named(it, "length") == 3 && gj_part_named(i4, "stop") == -1, "names");
	CHECK(!gj_ptr_type(r, GJ_GLOBAL) && !gj_array_type(r, 1, 'C', false, GJ_GLOBAL), "ranges do not lie in memory");
}

/* As C lays out struct { int8_t a; struct { float re, im; } b; struct { int16_t c; double d; } e; }. */
static void test_nested(void)
{
	const gj_type *i1 = gj_scalar[GJ_I8], *i2 = gj_scalar[GJ_I16], *f8 = gj_scalar[GJ_F64], *c8 = gj_scalar[GJ_C64];
	const gj_type *inner = tuple(2, i2, f8, NULL), *t = tuple(3, i1, c8, inner);
	CHECK(inner->size == 16 && t->size == 32 && gj_align(t) == 8 && gj_align(c8) == 4, "sizes: %u, %u", inner->size, t->size);
	CHECK(gj_parts(t) == 5 && gj_leaves(t) == 4, "counts");
	is_part(t, 0, i1, 0, GJ_FIELD_VALUE, 0);
	is_part(t, 1, gj_scalar[GJ_F32], 4, GJ_FIELD_VALUE, 0);
	is_part(t, 2, gj_scalar[GJ_F32], 8, GJ_FIELD_VALUE, 0);
	is_part(t, 3, i2, 16, GJ_FIELD_VALUE, 0);
	is_part(t, 4, f8, 24, GJ_FIELD_VALUE, 0);
	CHECK(gj_part_of(t, 2).of == c8 && gj_part_of(t, 4).of == f8, "innermost types");
	CHECK(tuple(2, f8, i1, NULL)->size == 16, "room behind, for the next one");
	CHECK(!tuple(2, f8, gj_array_type(f8, 1, 'C', false, GJ_GLOBAL), NULL)->size && !tuple(0, NULL, NULL, NULL)->size, "not in memory");
}

static void test_large(void)
{
	const gj_type *item[1000], *t = gj_scalar[GJ_F64];
	for (int depth = 0; depth < 2; depth++) {
		for (int i = 0; i < 1000; i++)
			item[i] = t;
		t = gj_tuple_type(item, 1000);
	}
	CHECK(gj_parts(t) == 1000000 && gj_leaves(t) == 1000000 && t->size == 8000000, "%u parts", (unsigned)gj_parts(t));
	is_part(t, 123456, gj_scalar[GJ_F64], 8 * 123456, GJ_FIELD_VALUE, 0);
}

int main(void)
{
	test_scalars();
	test_arrays();
	test_ranges();
	test_nested();
	test_large();
	return done();
}
