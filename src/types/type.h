/* The types of kernels. A type is an immutable, interned object that lives as long as the process: equal types are
 * equal pointers, from any thread. */
#ifndef GJ_TYPE_H
#define GJ_TYPE_H

#include "base/nearest.h"

typedef enum gj_kind {
	/* scalars: rows of types.def, in this order */
	GJ_BOOL, GJ_I8, GJ_I16, GJ_I32, GJ_I64, GJ_U8, GJ_U16, GJ_U32, GJ_U64, GJ_BF16, GJ_F16, GJ_F32, GJ_F64, GJ_C64, GJ_C128,
	GJ_NSCALARS,
	GJ_NONE = GJ_NSCALARS,                     /* None; also void as a return type */
	GJ_TUPLE,                                  /* item[n]; prints as UniTuple/Tuple like numba; `obj`: the names of the items (fields.h), or NULL */
	GJ_ARRAY,                                  /* elem, ndim, layout, readonly, space */
	GJ_RANGE,                                  /* range of elem (an integer type) */
	GJ_SLICE,                                  /* n = 2 or 3 */
	GJ_ELLIPSIS,
	GJ_STR,                                    /* a compile-time string */
	GJ_STATIC,                                 /* a compile-time object: function, module, type, dtype; `obj` is its identity */
	GJ_ITER,                                   /* iterator over elem (a range, array, expression, tuple, flat or indices type) */
	GJ_FLAT,                                   /* a.flat of an array `elem` that is not C-contiguous: its elements in one row */
	GJ_INDICES,                                /* np.ndindex: all indices of an array of ndim dimensions, as tuples; readonly: pndindex, whose rounds
	                                            * may run side by side, and which knows how many they are */
	GJ_EXPRESSION,                             /* an array expression that is not computed yet: function `obj` of item[n]; elem, ndim */
	/* In fused functions, by NumPy's rules; obj: which arguments its shape comes from, a bit each. */
	GJ_ELEMENT,                                /* the thread's element of a value of ndim dimensions of elem */
	GJ_REDUCED,                                /* what is reduced to ndim dimensions of elem, as numbers item[n], which are elements (GJ_ELEMENT): those
	                                            * that are folded, and behind them the initial one, if there is one; gj_reducing_of says how */
	GJ_PTR,                                    /* pointer to elem in `space`; users have those in GJ_GENERIC (CPointer) */
	GJ_RECORD,                                 /* in memory, and of arguments that are one: fields item[n], `obj` (record.h) says where */
	GJ_NESTED,                                 /* in records only: n of elem, side by side */
	GJ_VECTOR,                                 /* CUDA C's float4 and the like: n of elem, parts x y z w */
	GJ_FLOAT8,                                 /* a float of 8 bits, its bits `elem`: gj_t_e4m3 or gj_t_e5m2. No scalar: it is computed with as float32 */
	GJ_OPTIONAL,                               /* None or elem: parts: is there a value?, its own */
	GJ_FUNCTION,                               /* in signatures: a function that takes item[n] and gives elem; `obj`: its static type, once it is known which */
	GJ_REF,                                    /* in kernels: a record where it lies, elem in `space` */
	GJ_PICKED,                                 /* one of several functions, which its constant lists; which one is a number (infer/picked.c) */
	GJ_NKINDS
} gj_kind;

/* COUNTED: of arrays and records in functions for the host, memory that was made there, or global memory that somebody else holds: such a
 * value has one part more, its owner. Pointers into it are global ones. */
typedef enum gj_space { GJ_GLOBAL, GJ_SHARED, GJ_LOCAL, GJ_CONSTANT, GJ_GENERIC, GJ_COUNTED } gj_space;

enum { GJ_MAX_NDIM = 6, GJ_MAX_NESTED = 64 /* tuples in tuples: whoever walks a type may recurse */ };

typedef struct gj_type gj_type;
typedef struct gj_fields gj_fields;
typedef struct gj_record gj_record;
struct gj_type {
	uint8_t  kind;                             /* gj_kind */
	uint8_t  ndim;                             /* arrays: 0 to 6 */
	char     layout;                           /* arrays: 'C', 'F' or 'A'; tuples: 'L' of a list, else 0 */
	uint8_t  space;                            /* arrays and pointers: gj_space; not part of what users see */
	bool     readonly;
	uint8_t  align;                            /* records: alignment. Arrays, references, pointers: bytes that addresses of items are
	                                            * multiples of, where these are less than the items' type asks for; else 0 */
	uint32_t size;                             /* bytes in memory; 0: a value does not lie there */
	uint32_t nparts, nleaves;                  /* parts.h */
	uint32_t n;                                /* tuples: items */
	uint32_t depth;                            /* tuples, expressions: 1, and more with some in it */
	const gj_type *elem;
	const gj_type *const *item;
	const void *obj;
	const char *name;                          /* as numba prints it: "float32", "array(float32, 2d, C)" … */
	const char *code;                          /* short form of typing-rules/: "f4", "f4[2C]", "(i8 f4)" */
	double   ddof;                             /* reduced: of how many fewer than the elements a variance is */
	uint32_t id;                               /* small, unique in the process, not stable between runs */
};

typedef enum gj_reduction {
	GJ_RED_SUM, GJ_RED_PROD, GJ_RED_MIN, GJ_RED_MAX, GJ_RED_MEAN, GJ_RED_ANY, GJ_RED_ALL, GJ_RED_ARGMIN, GJ_RED_ARGMAX,
	GJ_RED_VAR, GJ_RED_STD
} gj_reduction;

/* How elements are reduced in fused functions. */
typedef struct gj_reducing {
	gj_reduction how;
	uint32_t axes;                             /* a bit each */
	double   ddof;
	bool     keep, chosen, initial;            /* axes stay, of extent 1; only where a condition holds; with an initial value */
} gj_reducing;

/* -- Construction (thread-safe). NULL only when memory is out or an argument is out of range. ------------------------ */

extern const gj_type *const gj_scalar[GJ_NSCALARS];    /* gj_scalar[GJ_F32] */
extern const gj_type *const gj_t_none, *const gj_t_ellipsis, *const gj_t_str, *const gj_t_picked;
extern const gj_type *const gj_t_e4m3, *const gj_t_e5m2;      /* ml_dtypes' float8_e4m3fn, float8_e5m2 */

const gj_type *gj_tuple_type(const gj_type *const *item, uint32_t n);
/* A list of kernels: a tuple that nobody can change, and that is equal to other lists only. */
const gj_type *gj_list_type(const gj_type *const *item, uint32_t n);
const gj_type *gj_text_type(const gj_type *const *item, uint32_t n);     /* of a text that is told: what it is made from (code.h: GJ_TOLD), values */
/* Would a tuple of these be nested too deep? */
bool gj_too_deep(const gj_type *const *item, uint32_t n);
const gj_type *gj_array_type(const gj_type *elem, int ndim, char layout, bool readonly, gj_space);
/* `known`: bytes that each item's address is a multiple of; 0: as many as its type asks for. */
const gj_type *gj_array_at(const gj_type *elem, int ndim, char layout, bool readonly, gj_space, uint32_t known);
/* A view of the memory of `like`, an array. */
const gj_type *gj_array_in(const gj_type *elem, int ndim, char layout, const gj_type *like);
/* `is`: the static type of a function, or NULL: any of this signature. */
const gj_type *gj_function_type(const gj_type *ret, const gj_type *const *arg, uint32_t n, const gj_type *is);
/* NULL: there is no such vector. */
const gj_type *gj_vector_type(const gj_type *elem, uint32_t n);
/* NULL: values of the type are not chosen when a kernel runs. Of None and of optional types: themselves. */
const gj_type *gj_optional_type(const gj_type *);
const gj_type *gj_range_type(const gj_type *elem);
const gj_type *gj_prange_type(const gj_type *elem);            /* readonly: its rounds may run side by side */
const gj_type *gj_iter_type(const gj_type *elem);
const gj_type *gj_flat_type(const gj_type *array);
const gj_type *gj_indices_type(uint32_t ndim, bool rounds);
/* n int64s. */
const gj_type *gj_index_tuple(uint32_t n);
/* What function `obj` (its identity) gives of the elements of these arrays, expressions and numbers; NULL: nested too deep too. */
const gj_type *gj_expression_type(const gj_type *elem, int ndim, const void *obj, const gj_type *const *item, uint32_t n);
const gj_type *gj_element_type(const gj_type *elem, int ndim, uint64_t arguments);
const gj_type *gj_reduced_type(const gj_type *elem, int ndim, uint64_t arguments, gj_reducing, const gj_type *const *item, uint32_t n);
const gj_type *gj_slice_type(int n);
const gj_type *gj_static_type(const void *obj, const char *name);      /* behind a # stands what is only part of the code */
const gj_type *gj_ptr_type(const gj_type *elem, gj_space);
/* As gj_array_at, but that addresses are multiples of more than the type asks for is kept. */
const gj_type *gj_ptr_at(const gj_type *elem, gj_space, uint32_t known);
/* For files of this room: the one type that is equal to the key. */
const gj_type *gj_intern(const gj_type *key);

/* -- Questions ------------------------------------------------------------------------------------------------------ */

static inline bool gj_is_bool(const gj_type *t)   { return t->kind == GJ_BOOL; }
static inline bool gj_is_signed(const gj_type *t) { return t->kind >= GJ_I8 && t->kind <= GJ_I64; }
static inline bool gj_is_unsigned(const gj_type *t) { return t->kind >= GJ_U8 && t->kind <= GJ_U64; }
static inline bool gj_is_int(const gj_type *t)    { return t->kind >= GJ_I8 && t->kind <= GJ_U64; }
static inline bool gj_is_float(const gj_type *t)  { return t->kind >= GJ_BF16 && t->kind <= GJ_F64; }
static inline bool gj_is_half(const gj_type *t)   { return t->kind == GJ_BF16 || t->kind == GJ_F16; }
static inline bool gj_is_complex(const gj_type *t) { return t->kind == GJ_C64 || t->kind == GJ_C128; }
static inline bool gj_is_scalar(const gj_type *t) { return t->kind < GJ_NSCALARS; }
static inline bool gj_is_list(const gj_type *t) { return t->kind == GJ_TUPLE && t->layout == 'L'; }
static inline bool gj_is_text(const gj_type *t) { return t->kind == GJ_TUPLE && t->layout == 'X'; }
/* Has it elements that expressions can be made of? */
static inline bool gj_is_fused(const gj_type *t) { return t->kind == GJ_ELEMENT || t->kind == GJ_REDUCED; }
static inline bool gj_has_elements(const gj_type *t) { return t->kind == GJ_ARRAY || t->kind == GJ_EXPRESSION || gj_is_fused(t); }
static inline uint64_t gj_shape_arguments(const gj_type *fused) { return (uint64_t)(uintptr_t)fused->obj; }
static inline gj_reducing gj_reducing_of(const gj_type *t)
{
	return (gj_reducing){ .how = (gj_reduction)(t->layout & 15), .axes = t->space, .ddof = t->ddof, .keep = t->readonly,
	                      .chosen = t->layout & 16, .initial = t->layout & 32 };
}
static inline bool gj_is_float8(const gj_type *t) { return t->kind == GJ_FLOAT8; }
/* One number in memory. */
static inline bool gj_is_plain(const gj_type *t) { return gj_is_scalar(t) || gj_is_float8(t); }
/* What a value of the type is computed as: of 8 bits as a float32, members of an IntEnum, in tuples too, as integers (fields.c). */
const gj_type *gj_wide(const gj_type *);
static inline bool gj_is_number(const gj_type *t) { return gj_is_scalar(t); }

/* The number nearest to x that a value of a floating type can be. */
double gj_rounded(const gj_type *, double x);

/* -- The rules (numba's; data: tests/data/typing-rules) ---------------------------------------------------------------
 * Each returns NULL where numba rejects. *as_a, *as_b: what the operands are converted to first. */

typedef enum gj_binop {                        /* in the order of CPython's BINARY_OP argument */
	GJ_OP_ADD_, GJ_OP_AND_, GJ_OP_FLOORDIV_, GJ_OP_LSHIFT_, GJ_OP_MATMUL_, GJ_OP_MUL_, GJ_OP_MOD_, GJ_OP_OR_, GJ_OP_POW_,
	GJ_OP_RSHIFT_, GJ_OP_SUB_, GJ_OP_TRUEDIV_, GJ_OP_XOR_, GJ_NBINOPS
} gj_binop;
typedef enum gj_cmpop { GJ_CMP_LT, GJ_CMP_LE, GJ_CMP_EQ, GJ_CMP_NE, GJ_CMP_GT, GJ_CMP_GE, GJ_NCMPOPS } gj_cmpop;
typedef enum gj_unop { GJ_UN_NEG, GJ_UN_POS, GJ_UN_INVERT, GJ_UN_NOT, GJ_NUNOPS } gj_unop;

extern const char *const gj_binop_name[GJ_NBINOPS];    /* "+", "&", "//" … */
extern const char *const gj_cmpop_name[GJ_NCMPOPS];
extern const char *const gj_unop_name[GJ_NUNOPS];

/* Scalars only. binop.csv, with one change: int ** int stays integer (b1 ** i4 too: int64). */
const gj_type *gj_rule_binop(gj_binop, const gj_type *a, const gj_type *b, const gj_type **as_a, const gj_type **as_b);
/* Scalars only; result is bool. u8 against signed gives as_a = as_b = NULL with a bool result: compare exactly. */
const gj_type *gj_rule_compare(gj_cmpop, const gj_type *a, const gj_type *b, const gj_type **as_a, const gj_type **as_b);
/* The operation is done in *as_a (the operand's own width) and its result converted: -uint32(1) is 4294967295. */
const gj_type *gj_rule_unary(gj_unop, const gj_type *a, const gj_type **as_a);
/* Smallest common type of a phi, a return, `and`/`or`, a conditional expression; tuples item by item, arrays to
 * layout A. a == b gives a. Arrays in different spaces give GJ_GENERIC. unify.csv. */
const gj_type *gj_unify(const gj_type *a, const gj_type *b);
const gj_type *gj_rule_minmax(const gj_type *a, const gj_type *b);             /* min, max of two */
const gj_type *gj_rule_divmod(const gj_type *a, const gj_type *b);             /* item type of the resulting pair */
const gj_type *gj_rule_abs(const gj_type *a);
/* round(x) when ndigits is false (result int64; *as_a float), round(x, n) when true. */
const gj_type *gj_rule_round(const gj_type *a, bool ndigits, const gj_type **as_a);
/* int(x), float(x), complex(x[, y]): the builtins; b NULL for one argument. */
const gj_type *gj_rule_int(const gj_type *a);
const gj_type *gj_rule_float(const gj_type *a);
const gj_type *gj_rule_complex(const gj_type *a, const gj_type *b);
/* cmath.<name>(a[, b]); *as: the type that arguments are converted to. */
const gj_type *gj_rule_cmath(const char *name, const gj_type *a, const gj_type *b, const gj_type **as);
/* The floating type of a complex type's parts, the type itself of others. */
const gj_type *gj_real_type(const gj_type *);
/* math.<name>(a[, b]) and np.<name>(a[, b]) for the names of math.def; b NULL for one argument. *as: the common
 * type that the arguments are converted to before the call (ldexp, powi: only the first). call.csv, numpy.csv. */
const gj_type *gj_rule_math(const char *name, const gj_type *a, const gj_type *b, const gj_type **as);
const gj_type *gj_rule_numpy(const char *name, const gj_type *a, const gj_type *b, const gj_type **as);
/* np.<name> of n elements by NumPy 2's rules. weak[i]: t[i] is that of a Python number, which takes the type of what it meets.
 * as[i]: what operand i is converted to before the call. NULL: NumPy refuses. */
const gj_type *gj_rule_fused(const char *name, uint32_t n, const gj_type *const *t, const bool *weak, const gj_type **as);
/* NumPy's common type of two strong ones. */
const gj_type *gj_promote(const gj_type *a, const gj_type *b);
/* Item type of range(a[, b[, c]]) over integer types; NULL entries are absent. tuple_range.csv. */
const gj_type *gj_rule_range(const gj_type *a, const gj_type *b, const gj_type *c);
/* The type of all items of a tuple, as users see types: arrays in different spaces have one. NULL: they differ, or there are none. */
const gj_type *gj_items_type(const gj_type *tuple);
/* What a signature declares of a value of type `actual`: signatures do not name the memory that arrays are in. */
const gj_type *gj_in_spaces_of(const gj_type *declared, const gj_type *actual);
/* May a value of type `from` be passed where a signature says `to` (unsafe conversions included)? */
bool gj_can_convert(const gj_type *from, const gj_type *to);
/* How well arguments fit a signature, fewer being better: those that lose something, those that become another kind of number, those
 * that get more bits; then, where nothing is lost, how far they are from their types. Begins as zeros. */
typedef struct gj_fit { uint32_t n[3], distance; } gj_fit;
void gj_fit_add(gj_fit *, const gj_type *from, const gj_type *to);     /* one argument, which can be converted */
int gj_fit_compare(const gj_fit *, const gj_fit *);                    /* < 0: the first is better; 0: neither is */
/* A line about a signature of nwant arguments that the given ones do not fit: what it is, and what is in the way. */
void gj_say_misfit(gj_sb *, const gj_type *const *want, uint32_t nwant, const gj_type *const *given, uint32_t n, bool (*fits)(const gj_type *from, const gj_type *to));

/* Layout of an array after indexing by items, one character an index: 'i' integer, ':' full slice (`:`), 's' slice
 * with step 1 (`a[1:]`), 'S' any other slice, '.' ellipsis, 'n' newaxis. NULL: too many indices. Result is the element
 * type when no dimension is left over. array.csv. */
const gj_type *gj_rule_index(const gj_type *array, const char *items);
const gj_type *gj_rule_transpose(const gj_type *array);
/* An element as a value: of records a reference. */
const gj_type *gj_item_type(const gj_type *array);

/* -- Signatures ---------------------------------------------------------------------------------------------------- */

/* Why a text cannot be read, and which name may have been meant, as hints begin (base/nearest.h). */
typedef struct gj_unread { char why[80], hint[GJ_NEAREST_MOST + 20]; } gj_unread;

/* One type from text: "float32", "f4", "float32[:, ::1]", "array(float32, 2d, C)", "Tuple((int64, float32))",
 * "UniTuple(int64, 3)", "none", "void". NULL when it cannot be read; `error` may be NULL. */
const gj_type *gj_parse_type(const char *text, gj_unread *error);

/* "void(float32[:], int64)", "float32(float32)", "(float32, int64)", "float32, int64": *ret is NULL in the last two. Returns the number
 * of argument types written to arg[], −1 on an error. */
int gj_parse_signature(const char *text, const gj_type **ret, const gj_type **arg, int max, gj_unread *error);

#endif
