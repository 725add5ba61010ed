/* Type inference: each device function called with given argument types is an instance; fixpoint.c finds the type and,
 * where it is a constant, the value of every operation. The header of src/infer and of the lowering behind it. */
#ifndef GJ_INFER_H
#define GJ_INFER_H

#include "names/names.h"

typedef struct gj_inst gj_inst;
typedef struct gj_infer gj_infer;

/* What is known of a value: type NULL: nothing yet (control has not come by); konst: its value, NULL if not constant. */
typedef struct gj_known { const gj_type *type; const gj_obj *konst; } gj_known;

/* A function that a call may call: its instance, where it has one, and what it gives. */
typedef struct gj_pick { const gj_obj *f; gj_inst *callee; gj_known gives; } gj_pick;
typedef struct gj_picks { uint32_t n; gj_pick *pick; } gj_picks;

struct gj_inst {
	const gj_code *code;
	uint32_t nargs; const gj_known *arg;         /* declared arguments in order, then captured variables */
	gj_fn   *fn;                               /* H-level SSA, op->type filled in */
	const gj_obj **konst;                      /* by ref */
	gj_inst **callee;                          /* by ref: the instance that a CALL calls */
	gj_picks **picks;                          /* by ref: what a CALL of a picked function calls */
	gj_reading reading;                        /* how fn was made of the code */
	bool     reread;                           /* the reading has changed: fn is to be made anew */
	uint8_t *edge;                             /* [2*block + i]: control can take succ[i] */
	uint8_t *live;                             /* by block */
	gj_known ret, found;                       /* type NULL: no return reached (yet); found: in this sweep */
	bool     busy, changed, recursive, done;
	bool     makes;                            /* done: what it returns may lead to an array that it made */
	bool     writes;                           /* done: it, or what it calls, may write to memory */
	bool     fails;                            /* … whatever becomes of its callers: it need not be tried again */
	uint32_t sweeps;
	gj_inst *outer;                            /* whose call it is inferred for, while busy */
	uint32_t depth;                            /* of its call, while busy */
	uint32_t waits;                            /* not done: depth of the first caller whose result it takes, which is busy still */
	uint32_t size;                             /* live operations: for the inliner */
	gj_inst *next;
};

struct gj_infer {
	gj_trap *trap; gj_arena *arena;
	gj_inst *all;
	gj_inst *top;                              /* the innermost busy instance */
	uint32_t depth;
	uint32_t waits, met;                       /* least depth of the busy instances called since each was set to none */
	bool     numpy;                            /* the function called next is typed by NumPy's rules */
	gj_taker taker;                            /* … is a generator, whose items go to this one */
	bool     memory;                           /* functions can make arrays */
	bool     reports;                          /* what raises is told to somebody */
	bool     final;                            /* errors are the user's: types have settled */
};

/* One call of a named function, its arguments bound to the row's parameters (absent ones have type NULL). */
typedef struct gj_icall {
	gj_infer *I; gj_inst *s;
	const gj_name *row; const char *name;      /* dotted name it was called by */
	int arg;                                   /* the row's */
	gj_ref call;                               /* the CALL; 0: of a value */
	uint32_t loc, n;                           /* n: bound slots, or positional arguments for "a*" */
	gj_known a[GJ_MAX_CALL];
	gj_ref ref[GJ_MAX_CALL];                   /* the operands' ops, 0 where absent */
} gj_icall;

/* -- fixpoint.c ----------------------------------------------------------------------------------------------------- */

gj_inst *gj_infer_function(gj_infer *, const gj_code *, uint32_t n, const gj_known *args, const gj_fn *from, uint32_t loc);

/* entry.c: the same of an entry, called with these types; `konst`: what is known of the values, functions and tuples with some, or
 * NULL; `ret`: of an explicit signature, or NULL; `reports`: what raises is told to somebody. */
gj_inst *gj_infer_entry(gj_trap *, const gj_code *, const gj_entry *, uint32_t n, const gj_type *const *arg,
	const gj_obj *const *konst, const gj_type *ret, bool reports);
/* The type with its arrays in another space. */
const gj_type *gj_in_space(gj_trap *, const gj_type *, gj_space);

/* spread.c. Puts the ops made since there were `before` into the block, in front of its op at `place`, and makes room for what is known of
 * them. Has an op starred operands? Puts their items in their place: ops before it. False: not all types are known yet. */
void gj_put_before(gj_inst *, uint32_t block, uint32_t place, uint32_t before);
bool gj_is_starred(const gj_fn *, const gj_op *);
gj_known gj_known_star(const gj_inst *, const gj_op *, gj_known);
gj_known gj_known_unpacked(const gj_inst *, const gj_op *, gj_known);
gj_known gj_known_rest(const gj_inst *, const gj_op *, gj_known);
bool gj_spread_stars(gj_inst *, uint32_t block, uint32_t place);
/* slices.c: does the op index by slices that are values? Puts ops in front of it that give their parts. */
bool gj_write_out_slices(gj_inst *, uint32_t block, uint32_t place);

/* -- known.c -------------------------------------------------------------------------------------------------------- */

static inline gj_known gj_just(const gj_type *t) { return (gj_known){ t, NULL }; }
static inline gj_known gj_value(const gj_inst *s, gj_ref r) { return (gj_known){ gj_o(s->fn, r)->type, s->konst[r] }; }
static inline gj_known gj_pair(const gj_type *a, const gj_type *b)
{
	return gj_just(gj_tuple_type((const gj_type *[]){ a, b }, 2));
}

gj_known gj_known_of(const gj_fn *, uint32_t loc, const gj_obj *);      /* a constant's type */
gj_known gj_known_items(const gj_fn *, uint32_t loc, const gj_fields *names, uint32_t n, const gj_known *item);
gj_known gj_as_list(gj_known tuple);
gj_known gj_as_dict(gj_arena *, gj_known tuple, const char *const *name);
bool     gj_is_dict_call(const gj_op *, const gj_obj *callee);          /* dict(x=1): keywords alone */
gj_known gj_known_tuple(const gj_inst *, const gj_op *, uint32_t n, const gj_ref *item);   /* type NULL: not known yet */
/* What two constants, or NULL, have in common: tuples item by item. */
const gj_obj *gj_obj_meet(gj_arena *, const gj_obj *, const gj_obj *);
/* Does a value hold a type, module or function of which it is no longer known which one? */
bool     gj_is_lost(gj_known);
/* The type of a tuple made in a function, refused where it is larger than can be lowered. */
const gj_type *gj_made_tuple(const gj_fn *, uint32_t loc, const gj_type *const *item, uint32_t n);
bool     gj_is_assigned(const gj_inst *, const gj_op *);         /* does an ASSIGNED hold on every way that control can come? */
bool     gj_is_unbound(const gj_inst *, gj_ref);                 /* is op r one that holds on none? Control ends there */
void     gj_refuse_unbound(const gj_inst *, const gj_op *, bool final);
uint32_t gj_arg_index(const gj_inst *, const gj_op *arg);    /* index into s->arg of an ARG op */
bool     gj_obj_equal(const gj_obj *, const gj_obj *);
/* As Python compares them: type(3) == int, a.dtype == float. */
bool gj_obj_same(const gj_obj *, const gj_obj *);
const gj_obj *gj_obj_int(gj_arena *, int64_t);
const gj_obj *gj_obj_bool(gj_arena *, bool);
bool     gj_obj_is_int(const gj_obj *, int64_t *);           /* INT, BOOL and integer SCALAR constants below 2**63 */
bool     gj_obj_is_float(const gj_obj *, double *);          /* a number that a float64 is exactly */
/* Fails if it is an object that kernels know no use of, and it is known what to write instead. */
void gj_refuse_opaque(const gj_fn *, uint32_t loc, gj_known);
GJ_NORETURN void gj_refuse_lost(const gj_inst *, const gj_op *phi, gj_known);       /* which object it joins is not known when the function runs */
const gj_type *gj_element_of(const gj_type *);               /* of arrays and expressions; a number itself; NULL: neither */
const char *gj_known_text(gj_arena *, gj_known);             /* "int64", "function f", "module math": for messages */
const char *gj_known_list(gj_arena *, uint32_t n, const gj_known *);   /* "(int64, function f)" */
/* A value as all but calls see it: an inner function is not the tuple of what it holds; and what may be None is the value. */
gj_known gj_known_asked(gj_known);
gj_known gj_known_seen(gj_known);
/* The same as operands are computed with (gj_wide); of constants alone; does the op compute with its operands? */
gj_known gj_known_wide(gj_arena *, gj_known);
const gj_obj *gj_obj_wide(gj_arena *, const gj_type *, const gj_obj *);
static inline bool gj_computes(const gj_op *o) { return o->op == GJ_PYBIN || o->op == GJ_PYUN || o->op == GJ_PYCMP || o->op == GJ_IN || o->op == GJ_TRUTH; }
/* Does the op take operands that may be None, and is what it says of them no mistake? */
bool     gj_takes_none(const gj_op *);
bool     gj_keeps_none(const gj_name *);                     /* the same of a named function */

/* caught.c: an exception that was caught; the CAUGHT that a value is, where it is known; is it of a class? May an op of the block raise? */
gj_known gj_known_caught(void);
gj_ref   gj_caught_of(const gj_fn *, gj_ref);
gj_known gj_known_matches(const gj_inst *, const gj_op *);
bool     gj_block_may_raise(const gj_inst *, uint32_t b);

/* present.c: is op r, which may be None, known not to be in block b, or on an edge from a block? */
bool     gj_is_present(const gj_inst *, uint32_t b, gj_ref r);
bool     gj_edge_says_present(const gj_inst *, uint32_t from, uint32_t edge, gj_ref r);
/* The only edge by which control can come to block b; false: there are several, or none. */
bool     gj_only_edge(const gj_inst *, uint32_t b, uint32_t *from, uint32_t *edge);
/* A value as block b knows it. */
gj_known gj_known_at(const gj_inst *, uint32_t b, gj_ref r);

/* What rules ask of argument i, which they refuse if it has another type. */
const gj_type *gj_arg_number(const gj_icall *, uint32_t i);            /* real */
const gj_type *gj_arg_scalar(const gj_icall *, uint32_t i);            /* real or complex */
const gj_type *gj_arg_integer(const gj_icall *, uint32_t i);           /* integer or bool */
gj_known gj_or_bad(const gj_icall *, const gj_type *);                 /* type NULL: the last argument is refused */
GJ_NORETURN void gj_bad_argument(const gj_icall *, uint32_t i);
GJ_NORETURN void gj_bad_integer(const gj_icall *, uint32_t i);         /* says that integers are wanted */

gj_known gj_infer_name(gj_icall *);                          /* rules.c: by the rule of c->row */
/* Does the function work on expressions element by element, or reduce them? Does it give an array of its own? */
bool     gj_takes_expressions(const gj_name *);
bool     gj_makes_array(const gj_name *);
bool     gj_changes_array(const gj_name *);                  /* its first argument, beside which it gives nothing */
bool     gj_is_reduction(const gj_name *);
bool     gj_gives_local(const gj_name *);                   /* in kernels a local array, if it is given none: reductions, np.cumsum */
int      gj_reshapes(const gj_name *);                       /* 's': reshape, 'r': ravel; 0: another */
bool     gj_is_where(const gj_name *);                       /* np.where */

/* owned.c, in functions that have memory: what an op gives, computed at once, unless it is an expression whose only user takes it as one. */
gj_known gj_settle_expression(const gj_inst *, gj_ref, gj_known);
/* written.c: which function in Python stands for the op (gj_written), −1: none; the operands that it is given (GJ_MAX_WRITTEN at
 * most), for which ops may be made: they are in no block yet. */
enum { GJ_MAX_WRITTEN = 9 };
int      gj_written_for(const gj_inst *, gj_ref);
uint32_t gj_written_arguments(const gj_inst *, gj_ref, gj_ref *);
/* operators.c: which function gives the value of an attribute that was overloaded; NULL: none. */
const gj_obj *gj_attribute_function(const gj_inst *, const gj_op *);
/* Has a value of that type memory that is counted? */
bool     gj_has_owner(const gj_type *);
/* Does the op's result hold its memory by itself? Others have it from their operands. */
bool     gj_is_fresh(const gj_inst *, gj_ref);

/* Rules shared by operators and named functions (operators.c). */
gj_known gj_known_binop(const gj_fn *, uint32_t loc, gj_binop, gj_known a, gj_known b);
gj_known gj_known_compare(const gj_fn *, uint32_t loc, gj_cmpop, gj_known a, gj_known b);
gj_known gj_known_unary(const gj_fn *, uint32_t loc, gj_unop, gj_known a);
gj_known gj_known_truth(const gj_fn *, uint32_t loc, gj_known a);
gj_known gj_known_item(gj_inst *, const gj_op *, gj_known a, gj_known index);
/* What `name` gives of an array of numbers, its real or imaginary parts where they lie; NULL: nothing. */
const gj_type *gj_parts_array(const gj_type *array, const char *name);
/* The same of an element in a fused function. */
const gj_type *gj_parts_element(const gj_type *, const char *name);
/* records.c: the field that a constant index names or counts, of a record or of those of an array; −1: it is no such index. */
int gj_field_index(const gj_fn *, uint32_t loc, const gj_type *of, const gj_obj *index);
/* The field of this name, which a record or an array of them may not have (−1); and what it is as a value. */
gj_known gj_known_field(const gj_fn *, uint32_t loc, const gj_type *of, int field);
/* What does not exist (unknown.c): a field, an attribute of a value, a key, a parameter of a function, a name of ours. */
GJ_NORETURN void gj_no_field(const gj_fn *, uint32_t loc, const gj_type *record, const char *name);
GJ_NORETURN void gj_no_global(const gj_fn *, uint32_t loc, const gj_obj *missing);
GJ_NORETURN void gj_no_attribute(const gj_fn *, uint32_t loc, gj_known, const char *name);
GJ_NORETURN void gj_no_key(const gj_fn *, uint32_t loc, const gj_type *dict, gj_known key);
GJ_NORETURN void gj_no_member(const gj_fn *, uint32_t loc, const gj_obj *class, const char *name);     /* Color["nope"] */
bool gj_has_words(gj_arena *, const gj_type *, const char *name);      /* have values of the type an attribute or method of that name? */
GJ_NORETURN void gj_no_keyword(const gj_fn *, uint32_t loc, const gj_code *, const char *name);
GJ_NORETURN void gj_no_name(const gj_fn *, uint32_t loc, const char *dotted);
/* Can v become what lies at a place of type t in memory? */
bool gj_storable(gj_known v, const gj_type *t);
gj_known gj_known_attr(gj_inst *, const gj_op *, gj_known a);
/* Of a SETITEM that stores in a.real or a.imag of an array: what these are; NULL: another one. */
const gj_type *gj_stored_parts(const gj_inst *, const gj_op *);
/* Does it store in a.flat or its items, in any of their order in one row? */
bool gj_stores_flat(const gj_inst *, const gj_op *);
/* expressions.c: what NumPy's function of this name gives of operands of which one is an array or an expression; type NULL: it
 * has no rule for them. The second: of elements of that type. */
gj_known gj_known_ufunc(const gj_fn *, uint32_t loc, const char *dotted, uint32_t n, const gj_known *a);
gj_known gj_known_expression(const gj_fn *, uint32_t loc, const char *dotted, const gj_type *elem, uint32_t n, const gj_known *a);
const gj_type *gj_ufunc_type(const char *dotted, const gj_type *a, const gj_type *b);    /* of scalars; NULL: refused */
/* NumPy's function for an operator; NULL: none. */
const char *gj_ufunc_of_binop(gj_binop);
const char *gj_ufunc_of_cmpop(gj_cmpop);
const char *gj_ufunc_of_unop(gj_unop);
/* fused.c: the same in fused functions, by NumPy 2's rules; elem NULL: by the function's name. */
gj_known gj_known_fused(const gj_fn *, uint32_t loc, const char *dotted, const gj_type *elem, uint32_t n, const gj_known *a);
/* What the elements of n operands become before the function is called, and its result; NULL: NumPy has no loop for them. */
const gj_type *gj_fused_operands(const gj_fn *, uint32_t loc, const char *dotted, uint32_t n, const gj_known *a, const gj_type **as);
/* Dimensions of what operands give together, and the arguments that its shape comes from. */
void gj_fused_shape(const gj_fn *, uint32_t loc, uint32_t n, const gj_known *a, int *ndim, uint64_t *arguments);
/* The axes, a bit each, that a constant names; UINT32_MAX: it does not. Of an argument, absent: all; fails instead. */
uint32_t gj_axes_mask(const gj_obj *axis, uint32_t ndim);
uint32_t gj_reduced_axes(const gj_icall *, gj_known axis, uint32_t ndim);
/* Of variances: ddof= or correction= must be real numbers, mean= a number or an array whose extents fit the reduced array's. */
void gj_check_freedom(const gj_icall *);
bool gj_is_chosen(gj_known where);             /* where=: is it given, and not True? */
gj_known gj_named_argument(const gj_icall *, const char *param);       /* no type: it is absent, or None */
gj_known gj_known_reduced(const gj_icall *, const gj_type *to);      /* to: what elements become before; NULL: nothing else */
bool gj_is_fused_result(const gj_type *);
/* Fails where an expression is used behind something that may have changed what it is made of. When types have settled. */
void gj_check_expressions(gj_inst *);
/* May memory be other than it was behind this op? */
bool gj_writes_memory(const gj_inst *, gj_ref);
/* `a += b` that writes into the array a? */
static inline bool gj_is_inplace(const gj_fn *f, const gj_op *o)
{
	return o->op == GJ_PYBIN && o->imm.i && o->type && o->type->kind == GJ_ARRAY && gj_o(f, o->arg[0])->type == o->type;
}
/* Can the kind of number be stored in an array of that other kind: bool, integer, float, complex in this order? */
bool gj_storable_kind(const gj_type *from, const gj_type *to);
gj_known gj_known_named(gj_inst *, const gj_op *, const char *dotted, const gj_code *);    /* code: as a NAME has it */
/* The row of an OBJ or ATTR op that reads a value (cuda.threadIdx.x), else NULL. */
const gj_name *gj_value_row(const gj_inst *, const gj_op *);
/* Arguments of a call of `code`: values and where they come from (an op; 0: a constant default; GJ_REST: the tuple of the
 * operands that gj_call_rest gives; GJ_REST_NAMED: the dictionary of those that gj_call_named_rest gives; GJ_HELD + i: item i of what the called inner function holds), captured variables last.
 * UINT32_MAX: some argument has no type yet. */
enum { GJ_REST = 1u << 30, GJ_REST_NAMED, GJ_HELD = 1u << 31 };
uint32_t gj_call_rest(const gj_op *call, const gj_code *, const gj_ref **arg);
uint32_t gj_call_named_rest(gj_arena *, const gj_op *call, const gj_code *, gj_ref **arg, const char ***name);
uint32_t gj_call_args(const gj_inst *, gj_ref call, const gj_code *, gj_known *, gj_ref *from);
gj_known gj_known_call(gj_infer *, gj_inst *, gj_ref);
/* overloaded.c: the function that a call of an overloaded one calls; NULL: not known yet. */
const gj_obj *gj_known_implementation(const gj_inst *, gj_ref call, const gj_obj *);
/* Does this call of a function, with these arguments, run a ufunc for each element of arrays? */
bool     gj_calls_each(const gj_inst *, gj_ref call, uint32_t n, const gj_known *);
/* picked.c: a value that is one function or another, or one that is picked already; false: no such values. One of a tuple of functions;
 * type NULL: these are none. The functions of both constants, in one. */
bool     gj_known_either(gj_arena *, gj_known a, gj_known b, gj_known *out);
gj_known gj_known_one_of(gj_arena *, const gj_type *tuple, const gj_obj *konst);
const gj_obj *gj_obj_pick(gj_arena *, const gj_obj *, const gj_obj *);      /* known.c */
/* The instance that a call may call, from number *i on, which is counted up; NULL: no more. */
gj_inst *gj_callee(const gj_inst *, gj_ref call, uint32_t *i);
/* What taking all items of argument 0, a generator or another iterable, gives; start: of sum(), or type NULL. */
gj_known gj_take_all(gj_icall *, gj_taker, gj_known start);
static inline bool gj_is_generator(gj_known v) { return v.konst && v.konst->kind == GJ_OBJ_GENERATOR; }
/* arrays.c: the type that a constant names ("f4", np.float32, np.dtype("f4")), NULL: none; and as an argument */
enum { GJ_FIXED_ITEMS = 256 };                 /* of to_fixed_tuple */
const gj_type *gj_dtype(const gj_obj *);
const gj_type *gj_dtype_argument(const gj_icall *, uint32_t i);
const gj_type *gj_memory_argument(const gj_icall *, uint32_t i);          /* or a record: what can lie in an array */
const gj_type *gj_reduction_type(gj_reduction, const gj_type *array);
const gj_type *gj_running_type(const gj_obj *dtype, gj_reduction, const gj_type *array);      /* of np.cumsum; dtype: as given, or NULL */
/* shapes.c: functions that make arrays (new_arrays.c), arguments of their rows in names.def: np.zeros, np.zeros_like (LIKE). */
typedef enum gj_new {
	GJ_NEW_NOTHING = 0x4e00, GJ_NEW_EMPTY, GJ_NEW_ZEROS, GJ_NEW_ONES, GJ_NEW_FULL, GJ_NEW_ARRAY, GJ_NEW_AS, GJ_NEW_FLAT, GJ_NEW_RANGE,
	GJ_NEW_LINSPACE, GJ_NEW_LAST, GJ_NEW_LIKE = 0x10000
} gj_new;
typedef struct gj_shape_known { int ndim; int64_t extent[GJ_MAX_NDIM]; } gj_shape_known;
/* Extents of nested tuples and lists of numbers, and what type holds all of them. False: they differ in length, or something is no
 * number. */
bool gj_nested_shape(const gj_type *, gj_shape_known *, const gj_type **elem);
/* counted.c: what such a function gives where there is memory. */
gj_known gj_known_counted(const gj_icall *);
/* The extents of an array, if they are known. */
bool gj_known_shape(const gj_inst *, gj_ref array, gj_shape_known *);
/* Which of these functions this is; -1: none. */
int  gj_new_array_of(const char *dotted);
int  gj_rule_argument(const gj_name *);                      /* rules.c: of the row */
/* fresh.c: fails where an array is used behind the place where it is made again. When types have settled. */
void gj_check_fresh(gj_inst *);
/* cuda_names.c: what reduces the values of a tile, by the function's name; −1: nothing does. */
typedef enum gj_tile_reduction { GJ_TILE_ADD, GJ_TILE_MUL, GJ_TILE_MIN, GJ_TILE_MAX, GJ_TILE_AND, GJ_TILE_OR, GJ_TILE_XOR } gj_tile_reduction;
int gj_tile_op(const char *name);
/* A permutation of ndim axes from constant arguments or one tuple of them. */
bool gj_axes(uint32_t ndim, const gj_obj *const *konst, uint32_t n, uint32_t *axis);
gj_known gj_known_in(const gj_fn *, uint32_t loc, gj_known a, gj_known b, bool negate);
/* zip() and enumerate() are iterators over a tuple of iterators. */
static inline bool gj_is_zip(const gj_type *t) { return t->kind == GJ_TUPLE && t->n > 0 && t->item[0]->kind == GJ_ITER; }
/* dicts.c: the tuple of a dictionary's keys. */
gj_known gj_known_keys(gj_arena *, const gj_type *dict);
/* iterate.c: iter(a), whose constant is that of what it runs over; the types of an item and of a position. NULL: each round has
 * another type, or a value that only the compiler knows, so the loop must be unrolled. */
gj_known gj_known_iter(const gj_fn *, uint32_t loc, gj_known a);
const gj_type *gj_iter_item(gj_arena *, const gj_type *iter);
const gj_type *gj_iter_position(gj_arena *, const gj_type *iter);
/* Is what an iterator runs over walked through index by index, with a tuple of them as its position? */
static inline bool gj_is_walked(const gj_type *over)
{
	return over->kind == GJ_FLAT || (over->kind == GJ_INDICES && !over->readonly && over->ndim > 0);
}
/* a.flat: a view where the array is C-contiguous; NULL: of records that are not there is none. */
const gj_type *gj_flat_of(const gj_type *array);
/* How many items there are at most; false: nobody knows. */
enum { GJ_MAX_ROUNDS = 1000 };                 /* of a loop that is written out */
bool gj_iter_count(gj_known iter, uint64_t *n);
GJ_NORETURN void gj_fail_rounds(const gj_fn *, uint32_t loc, gj_known iter);     /* its loop must be written out and cannot be */
gj_known gj_known_itemtype(gj_inst *, const gj_op *item_type, gj_known iter);
gj_known gj_iter_has_nth(gj_arena *, gj_known iter, uint32_t i);
gj_known gj_iter_nth(const gj_fn *, gj_known iter, uint32_t i);
/* The constant of a range from those of its start, stop and step, if all are known; and the other way round. */
const gj_obj *gj_range_konst(gj_arena *, const int64_t part[3]);
bool gj_range_parts(const gj_obj *range, int64_t part[3]);
/* Can a value of this type be one of several, chosen when the kernel runs? */
bool gj_is_choosable(const gj_type *);
/* Which of a tuple's n items the constant slice of an ITEM takes, to at[]; returns how many. */
uint32_t gj_tuple_slice(const gj_inst *, const gj_op *item, uint32_t n, uint32_t *at);
/* One character an index of a[...] as gj_rule_index wants; fails on what cannot index. Operand refs to ref[]. */
uint32_t gj_index_items(const gj_inst *, const gj_op *, gj_ref index, char items[16], gj_ref ref[16]);

#endif
