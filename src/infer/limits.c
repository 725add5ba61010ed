/* np.finfo and np.iinfo: what NumPy knows of a type, as constants. */
#include "infer/infer.h"

#include <math.h>

static const gj_obj *number(gj_arena *a, const gj_type *t, double f)
{
	gj_obj *o = gj_new(a, gj_obj, 1);
	*o = (gj_obj){ .kind = GJ_OBJ_SCALAR, .type = t, .f = f };
	return o;
}

/* The type that is asked about: one that is named, or that of a value. */
static const gj_type *asked(const gj_icall *c)
{
	const gj_type *t = gj_dtype(c->a[0].konst);
	return t ? t : gj_arg_number(c, 0);
}

/* A namespace of constants. */
static gj_known answer(const gj_icall *c, const gj_type *t, uint32_t n, const char *const *name, const gj_obj *const *value)
{
	gj_arena *a = c->s->fn->arena;
	gj_obj *o = gj_new(a, gj_obj, 1);
	*o = (gj_obj){ .kind = GJ_OBJ_MODULE, .name = gj_printf(a, "%s(%s)", c->name, t->name), .n = n, .item = value,
	               .attr = gj_memdup(a, name, n * sizeof *name) };
	return gj_known_of(c->s->fn, c->loc, o);
}

gj_known gj_infer_finfo(gj_icall *c)
{
	static const char *const name[] = {
		"max", "min", "eps", "epsneg", "tiny", "smallest_normal", "smallest_subnormal", "resolution",
		"bits", "nmant", "nexp", "iexp", "minexp", "maxexp", "machep", "negep", "precision"
	};
	const gj_type *t = asked(c);
	gj_arena *a = c->s->fn->arena;
	if (!gj_is_float(t))
		gj_bad_argument(c, 0);
	static const struct { int mantissa, exponent, most, digits; } sizes[] = {
		[GJ_BF16 - GJ_BF16] = { 7, 8, 128, 2 }, [GJ_F16 - GJ_BF16] = { 10, 5, 16, 3 },
		[GJ_F32 - GJ_BF16] = { 23, 8, 128, 6 }, [GJ_F64 - GJ_BF16] = { 52, 11, 1024, 15 },
	};
	int mantissa = sizes[t->kind - GJ_BF16].mantissa, exponent = sizes[t->kind - GJ_BF16].exponent, most = sizes[t->kind - GJ_BF16].most,
		digits = sizes[t->kind - GJ_BF16].digits;
	double tiny = ldexp(1, 2 - most), max = ldexp(2 - ldexp(1, -mantissa), most - 1);
	const double real[] = { max, -max, ldexp(1, -mantissa), ldexp(1, -mantissa - 1), tiny, tiny, ldexp(tiny, -mantissa),
	                        gj_rounded(t, pow(10, -digits)) };
	const int whole[] = { 8 * t->size, mantissa, exponent, exponent, 2 - most, most, -mantissa, -mantissa - 1, digits };
	const gj_obj **value = gj_new(a, const gj_obj *, GJ_LEN(name));
	for (uint32_t i = 0; i < GJ_LEN(name); i++)
		value[i] = i < GJ_LEN(real) ? number(a, t, real[i]) : gj_obj_int(a, whole[i - GJ_LEN(real)]);
	return answer(c, t, GJ_LEN(name), name, value);
}

gj_known gj_infer_iinfo(gj_icall *c)
{
	static const char *const name[] = { "min", "max", "bits" };
	const gj_type *t = asked(c);
	gj_arena *a = c->s->fn->arena;
	if (!gj_is_int(t))
		gj_bad_argument(c, 0);
	unsigned bits = 8u * t->size;
	const gj_obj **value = gj_new(a, const gj_obj *, GJ_LEN(name));
	gj_obj *max = gj_new(a, gj_obj, 1);
	*max = (gj_obj){ .kind = GJ_OBJ_INT, .is_unsigned = t->kind == GJ_U64,
	                 .i = t->kind == GJ_U64 ? -1 : (int64_t)(UINT64_MAX >> (64 - bits + gj_is_signed(t))) };
	value[0] = gj_obj_int(a, gj_is_signed(t) ? -max->i - 1 : 0);
	value[1] = max;
	value[2] = gj_obj_int(a, bits);
	return answer(c, t, GJ_LEN(name), name, value);
}
