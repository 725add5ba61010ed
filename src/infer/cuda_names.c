/* Types of what CUDA names: indices, memory, barriers, warps, bits, atomics. */
#include "infer/infer.h"
#include "types/record.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 1 << GJ_I32 | 1 << GJ_I64 | 1 << GJ_U32 | 1 << GJ_U64, SHUFFLED = WORDS | 1 << GJ_F32 | 1 << GJ_F64 };

/* Names of types that are bits of gj_kind. */
static const char *names_of(gj_arena *arena, unsigned kinds)
{
	const char *word[GJ_NSCALARS];
	uint32_t n = 0;
	for (int k = 0; k < GJ_NSCALARS; k++)
		if (kinds >> k & 1)
			word[n++] = gj_scalar[k]->name;
	return gj_listed(arena, word, n);
}

/* Argument i: an integer or a bool that counts as true or false. */
static void predicate(gj_icall *c, uint32_t i)
{
	if (gj_is_float(gj_arg_number(c, i)))
		gj_fail(c->s->fn, c->loc, GJ_ERR_ARG_PREDICATE, c->name, i + 1, c->a[i].type->name);
	gj_arg_integer(c, i);
}

int gj_tile_op(const char *name)
{
	static const char *const ops[] = { "operator.add", "operator.mul", "builtins.min", "builtins.max", "operator.and_",
		"operator.or_", "operator.xor" };
	for (size_t i = 0; i < GJ_LEN(ops); i++)
		if (!strcmp(name, ops[i]))
			return (int)i;
	return -1;
}

gj_known gj_infer_i32(gj_icall *c) { (void)c; return gj_just(gj_scalar[GJ_I32]); }
gj_known gj_infer_i64(gj_icall *c) { (void)c; return gj_just(gj_scalar[GJ_I64]); }
gj_known gj_infer_u32(gj_icall *c) { (void)c; return gj_just(gj_scalar[GJ_U32]); }
gj_known gj_infer_none(gj_icall *c) { (void)c; return gj_just(gj_t_none); }

gj_known gj_infer_none_of_numbers(gj_icall *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->a[i].type)
			gj_arg_number(c, i);
	return gj_just(gj_t_none);
}

gj_known gj_infer_grid(gj_icall *c)
{
	const gj_type *i64[3] = { gj_scalar[GJ_I64], gj_scalar[GJ_I64], gj_scalar[GJ_I64] };
	int64_t n;
	if (!gj_obj_is_int(c->a[0].konst, &n) || n < 1 || n > 3)
		gj_fail(c->s->fn, c->loc, GJ_ERR_GRID_NDIM, c->name);
	return gj_just(n == 1 ? i64[0] : gj_tuple_type(i64, (uint32_t)n));
}

static GJ_NORETURN void no_shape(gj_icall *c)
{
	gj_fail(c->s->fn, c->loc, c->arg == GJ_SHARED ? GJ_ERR_SHAPE_CONST : GJ_ERR_SHAPE_OWN, c->name, gj_known_text(c->s->fn->arena, gj_just(c->a[0].type)));
}

gj_known gj_infer_array(gj_icall *c)
{
	const gj_obj *shape = c->a[0].konst;
	uint32_t ndim = shape && shape->kind == GJ_OBJ_TUPLE ? shape->n : 1;
	int64_t n, align;
	if (!shape || ndim > GJ_MAX_NDIM)
		no_shape(c);
	for (uint32_t i = 0; i < ndim; i++) {
		if (!gj_obj_is_int(shape->kind == GJ_OBJ_TUPLE ? shape->item[i] : shape, &n))
			no_shape(c);
		if (n < 0 || n > INT32_MAX || (n == 0 && (c->arg != GJ_SHARED || ndim > 1)))
			gj_fail(c->s->fn, c->loc, GJ_ERR_SHAPE_RANGE, c->name, (long long)n);
	}
	const gj_type *dtype = gj_memory_argument(c, 1);
	if (c->n > 2 && c->a[2].type && c->a[2].type != gj_t_none &&
	    (!gj_obj_is_int(c->a[2].konst, &align) || align <= 0 || (align & (align - 1))))
		gj_fail(c->s->fn, c->loc, GJ_ERR_ALIGNMENT);
	return gj_just(gj_array_type(dtype, (int)ndim, 'C', false, c->arg == GJ_LOCAL ? gj_own_space(dtype) : (gj_space)c->arg));
}

gj_known gj_infer_array_like(gj_icall *c)
{
	if (!c->a[0].konst || c->a[0].konst->kind != GJ_OBJ_ARRAY)
		gj_fail(c->s->fn, c->loc, GJ_ERR_CONST_ARRAY, gj_known_text(c->s->fn->arena, c->a[0]));
	return c->a[0];
}

gj_known gj_infer_barrier(gj_icall *c)
{
	predicate(c, 0);
	return gj_just(gj_scalar[GJ_I32]);
}

/* A group is a name: what is below it are its methods. */
gj_known gj_infer_group(gj_icall *c)
{
	static const char *const name[] = { "cuda.cg.GridGroup", "cuda.cg.ThreadBlock" };
	gj_obj *group = gj_new(c->s->fn->arena, gj_obj, 1);
	group->kind = GJ_OBJ_NAME;
	group->name = name[c->arg];
	return gj_known_of(c->s->fn, c->loc, group);
}

/* The size in bits 0 to 7 of a tile's row. */
static int64_t group_size(const gj_obj *group)
{
	static const char tile[] = "cuda.cg.Tile";
	if (!group || group->kind != GJ_OBJ_NAME)
		return 0;
	return !strncmp(group->name, tile, sizeof tile - 1) ? atoi(group->name + sizeof tile - 1)
		: strcmp(group->name, "cuda.cg.ThreadBlock") ? 0 : 32;
}

gj_known gj_infer_tile(gj_icall *c)
{
	int64_t n, of = group_size(c->a[0].konst);
	if (!of)
		gj_bad_argument(c, 0);
	if (!gj_obj_is_int(c->a[1].konst, &n) || n < 1 || n > of || (n & (n - 1)))
		gj_fail(c->s->fn, c->loc, GJ_ERR_TILE_SIZE, (int)of);
	gj_obj *group = gj_new(c->s->fn->arena, gj_obj, 1);
	group->kind = GJ_OBJ_NAME;
	group->name = gj_printf(c->s->fn->arena, "cuda.cg.Tile%d", (int)n);
	return gj_known_of(c->s->fn, c->loc, group);
}

/* Argument i: a number of 32 or 64 bits. */
static gj_known shuffled(gj_icall *c, uint32_t i)
{
	const gj_type *t = gj_arg_number(c, i);
	if (!(SHUFFLED >> t->kind & 1))
		gj_fail(c->s->fn, c->loc, GJ_ERR_ARG_KIND, c->name, i + 1, t->name, names_of(c->s->fn->arena, SHUFFLED));
	return gj_just(t);
}

gj_known gj_infer_tile_shfl(gj_icall *c)
{
	gj_arg_integer(c, 1);
	return shuffled(c, 0);
}

gj_known gj_infer_tile_vote(gj_icall *c)
{
	gj_known_truth(c->s->fn, c->loc, c->a[0]);
	return gj_just(gj_scalar[c->arg >> 8 == 3 ? GJ_U32 : GJ_BOOL]);
}

gj_known gj_infer_tile_reduce(gj_icall *c)
{
	const gj_obj *op = c->a[1].konst;
	gj_known v = shuffled(c, 0);
	if (!op || op->kind != GJ_OBJ_NAME || gj_tile_op(op->name) < 0 || (gj_is_float(v.type) && gj_tile_op(op->name) >= GJ_TILE_AND))
		gj_bad_argument(c, 1);
	return v;
}

gj_known gj_infer_shfl(gj_icall *c)
{
	gj_arg_integer(c, 0);
	gj_arg_integer(c, 2);
	return shuffled(c, 1);
}

gj_known gj_infer_vote(gj_icall *c)
{
	gj_arg_integer(c, 0);
	predicate(c, 1);
	return gj_just(gj_scalar[c->arg == 3 ? GJ_I32 : GJ_BOOL]);
}

gj_known gj_infer_match(gj_icall *c)
{
	gj_arg_integer(c, 0);
	gj_arg_number(c, 1);
	return c->arg == 0 ? gj_just(gj_scalar[GJ_I32]) : gj_pair(gj_scalar[GJ_I32], gj_scalar[GJ_BOOL]);
}

gj_known gj_infer_bits(gj_icall *c)
{
	const gj_type *t = gj_arg_integer(c, 0);
	if (c->arg == GJ_FFS)
		return gj_just(gj_scalar[GJ_U32]);
	if (c->arg == GJ_BREV)
		return gj_just(gj_scalar[t->kind == GJ_U64 ? GJ_U64 : GJ_U32]);
	return gj_just(gj_is_bool(t) ? gj_scalar[GJ_I8] : t);
}

gj_known gj_infer_selp(gj_icall *c)
{
	gj_known_truth(c->s->fn, c->loc, c->a[0]);
	if (gj_arg_number(c, 1) != gj_arg_number(c, 2))
		gj_bad_argument(c, 2);
	return gj_just(c->a[1].type);
}

gj_known gj_infer_fma(gj_icall *c)
{
	const gj_type *as, *t = gj_arg_number(c, 0);
	for (uint32_t i = 0; i < 3; i++)
		t = gj_rule_math("copysign", t, gj_arg_number(c, i), &as);
	return gj_or_bad(c, t);
}

gj_known gj_infer_cbrt(gj_icall *c)
{
	const gj_type *as;
	return gj_or_bad(c, gj_rule_math("copysign", gj_arg_number(c, 0), c->a[0].type, &as));
}

/* Of the array or pointer that is argument 0: fails unless the index has as many numbers as the array has dimensions. */
static void check_index(gj_icall *c, const gj_type *index)
{
	const gj_type *t = c->a[0].type;
	uint32_t n = index->kind == GJ_TUPLE ? index->n : 1;
	if (t->kind == GJ_PTR && !gj_is_int(index))
		gj_fail(c->s->fn, c->loc, GJ_ERR_POINTER_INDEX, index->name);
	if (t->kind == GJ_PTR)
		return;
	for (uint32_t i = 0; i < n; i++)
		if (!gj_is_scalar(index->kind == GJ_TUPLE ? index->item[i] : index))
			gj_bad_argument(c, 1);
	if (n != t->ndim)
		gj_fail(c->s->fn, c->loc, GJ_ERR_INDEX_COUNT, t->name, (int)t->ndim, n);
}

/* Argument 0: an array or a pointer whose elements the function can work on, bits of gj_kind; and that it can write, if it does. */
static const gj_type *array_of(gj_icall *c, unsigned kinds, bool writes)
{
	const gj_type *t = c->a[0].type;
	if (t->kind != GJ_ARRAY && t->kind != GJ_PTR)
		gj_fail(c->s->fn, c->loc, GJ_ERR_ATOMIC_ARRAY, c->name, gj_known_text(c->s->fn->arena, c->a[0]));
	if (writes && t->readonly)
		gj_fail(c->s->fn, c->loc, GJ_ERR_READONLY, t->name);
	if (!gj_is_scalar(t->elem) || !(kinds >> t->elem->kind & 1))
		gj_fail(c->s->fn, c->loc, GJ_ERR_ATOMIC_DTYPE, c->name, t->elem->name, names_of(c->s->fn->arena, kinds));
	if (t->align)
		gj_fail(c->s->fn, c->loc, GJ_ERR_ATOMIC_ALIGN, c->name);
	return t;
}

/* Loads and stores with a hint: the latter have a value, argument 2. */
gj_known gj_infer_hinted(gj_icall *c)
{
	enum { REALS = ((1 << GJ_NSCALARS) - 1) & ~(1 << GJ_C64 | 1 << GJ_C128) };
	bool stores = c->n == 3;
	const gj_type *t = array_of(c, REALS, stores);
	check_index(c, c->a[1].type);
	if (stores)
		gj_arg_number(c, 2);
	return gj_just(stores ? gj_t_none : t->elem);
}

gj_known gj_infer_atomic(gj_icall *c)
{
	/* dtypes an operation works on, as bits of gj_kind */
	enum { INTS = WORDS, UINTS = 1 << GJ_U32 | 1 << GJ_U64, ALL = SHUFFLED, SUMS = ALL | 1 << GJ_F16 | 1 << GJ_BF16 | 1 << GJ_C64 | 1 << GJ_C128 };
	int op = c->arg;
	unsigned ok = op == GJ_AT_ADD || op == GJ_AT_SUB ? SUMS : op <= GJ_AT_NANMIN ? ALL : op == GJ_AT_INC || op == GJ_AT_DEC ? UINTS : INTS;
	const gj_type *t = array_of(c, ok, true);
	uint32_t first = c->n == (op == GJ_AT_CAS ? 3 : 2) ? 1 : 2;                /* compare_and_swap and atomicAdd have no index */
	for (uint32_t i = first; i < c->n; i++)
		gj_is_complex(t->elem) ? gj_arg_scalar(c, i) : gj_arg_number(c, i);
	check_index(c, first == 1 ? gj_scalar[GJ_I64] : c->a[1].type);
	return gj_just(t->elem);
}

/* The row's argument is the kind of half. */
gj_known gj_infer_half_atomic(gj_icall *c)
{
	gj_icall add = *c;
	array_of(c, 1u << c->arg, true);
	add.arg = GJ_AT_ADD;
	return gj_infer_atomic(&add);
}
