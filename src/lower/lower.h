/* Lowering: typed Python operations → scalar operations. Tuples, arrays, ranges and iterators become their scalar parts,
 * device functions are inlined, conversions become explicit. compile.c calls gj_lower_entry. */
#ifndef GJ_LOWER_H
#define GJ_LOWER_H

#include "image/options.h"
#include "infer/infer.h"

/* A lowered value: its type and its scalar parts (gj_parts(type) of them).
 *   scalar: 1   tuple: its items' parts   array: pointer, shape[ndim], strides[ndim] in bytes (i64)
 *   range: start, stop, step   iterator: those of what it runs over, of a range its length too   None, static objects: none */
typedef struct gj_lv { const gj_type *type; const gj_obj *konst; const gj_ref *part; } gj_lv;

typedef struct gj_shared { const gj_inst *s; gj_ref ref; uint32_t offset; } gj_shared;

/* What all functions of one kernel share. */
typedef struct gj_module {
	gj_trap *trap; gj_arena *arena;
	const gj_options *options;
	GJ_VEC(gj_shared) shared;                  /* one place for each shared.array of each instance */
	GJ_VEC(gj_inst *) inst;                    /* instances that are functions of their own … */
	GJ_VEC(gj_fn *) fn;                        /* … and what they became */
	uint32_t shared_bytes;
	uint32_t inlined;                          /* operations of inlined functions, with those that they call */
	bool barriers, cooperative, dynamic_shared;
	bool needs_memory;                         /* of an entry that has none: an array expression may (overlap.c) */
	bool bounds, reports, prints;              /* indices are checked; what raises in Python is reported; somebody shows what is
	                                            * printed (checks.c) */
	bool zeros;                                /* division by zero is reported too */
	bool strict;                               /* … and shifts by negative numbers, and floats that are no integer's */
	gj_ref extent[256];                        /* by names of options.extents: the parameter that has it; 0: none yet */
	bool catches;                              /* of functions for the host: some exceptions are caught, so calls say whether they raised */
	GJ_VEC(const gj_obj *) handled;            /* the classes of except clauses, each a bit of what a TELL tells */
} gj_module;

typedef struct gj_landing gj_landing;           /* where what raises goes */

enum { GJ_NO_PLACE = (1 << 20) - 1 };

/* One function being lowered into M's kernel or function `fn`. */
typedef struct gj_lower {
	gj_module *M; gj_arena *arena;
	gj_fn *fn;
	uint32_t cur, loc, depth;
	uint32_t place;                            /* of the iterator in Python's stack, whose loop is begun; GJ_NO_PLACE: in none of Python's loops */
	bool counted;                              /* the body at hand is part of M->inlined */
	bool quiet;                                /* division by zero is not reported in the body at hand */
	bool alone;                                /* loops are not for threads to share */
	gj_landing *landing;                       /* where what raises goes; NULL: out of the function, over all callers */
} gj_lower;

typedef struct gj_settled { gj_ref r; uint32_t block; } gj_settled;
typedef struct gj_holders gj_holders;

/* One inlined body. */
typedef struct gj_body {
	gj_lower *L;
	gj_inst  *s;
	gj_lv    *val;                             /* by H ref */
	uint32_t *entry, *exit;                    /* low blocks by H block */
	uint32_t *loc;                             /* low loc by H loc, UINT32_MAX: not made yet */
	gj_lv    *arg;
	uint32_t  up;                              /* loc of the call */
	GJ_VEC(uint32_t) ret_block; GJ_VEC(gj_lv) ret;     /* inlined returns */
	bool      inlined;
	uint32_t  block;                           /* H block at hand */
	struct gj_dom *dom;                        /* optional.c, made when it is asked for */
	GJ_VEC(gj_settled) present;                /* H values that are no None, from these blocks on */
	gj_holders *holders;                       /* NULL: nothing in it is counted */
	gj_landing *outer;                         /* where what it does not catch goes */
	uint32_t *caught;                          /* by H block: the low block where what its ops raise and a handler catches goes on; 0: none */
} gj_body;

/* holders.c: who holds counted memory, and how long. NULL: there is none. */
gj_holders *gj_find_holders(gj_body *);
/* Behind op r (a terminator: before it): lets go of what is not used any more. */
void gj_lrelease_behind(gj_body *, gj_ref r);
/* Is there something to do on the edge from block b as successor i? Does it: phis hold what comes in, and what is not used behind it is let go. */
bool gj_holds_change(const gj_body *, uint32_t b, uint32_t i);
void gj_lhold_on_edge(gj_body *, uint32_t b, uint32_t i);
/* A low block that lets go of what is held right before op r of block b, but for what a handler uses that takes what the op raises, and
 * leads to block `to`; this one itself, if there is nothing. */
uint32_t gj_lrelease_raised(gj_body *, uint32_t b, gj_ref r, uint32_t to);
/* One more holds all of a value that is counted. */
void gj_lretain(gj_lower *, gj_lv);

/* raise.c: a place to raise to, whose block is made when it is asked for. */
struct gj_landing {
	uint32_t (*make)(gj_lower *, gj_landing *);
	uint32_t block;                            /* 0: not made yet */
	gj_body *body; uint32_t hblock; gj_ref op; /* landing.c: of an op */
	gj_landing *outer; gj_ref owner;           /* of what comes behind an allocation in one */
};
uint32_t gj_landing_block(gj_lower *, gj_landing *);
/* What comes behind in the op at hand lets go of this memory where it raises. */
void gj_land_owning(gj_lower *, gj_ref owner);
/* Ends L->cur: the exception that is on its way goes on. */
void gj_lraise_on(gj_lower *);
/* Where `fails` (bool, a constant too) the exception is raised, and tells these values. */
void gj_lraise(gj_lower *, gj_ref fails, gj_source_site *, uint32_t n, const gj_ref *value);

/* landing.c: exceptions that are caught. For op r of a block: where what it raises is to go. */
void gj_land_for(gj_body *, uint32_t b, gj_ref r);
/* For a function that tells its callers; its end is made by the second. */
void gj_land_in_caller(gj_lower *);
void gj_land_end(gj_lower *);
/* CAUGHT, MATCHES; and RERAISE, which ends the block. */
gj_lv gj_lcaught(gj_body *, gj_ref);
gj_lv gj_lmatches(gj_body *, gj_ref);
void  gj_lreraise(gj_body *, const gj_op *);
/* When all is lowered: what each TELL tells. */
void gj_settle_handled(gj_module *);

typedef struct gj_lcall {
	gj_lower *L; gj_body *B;
	const gj_op *op; gj_ref ref;
	const gj_name *row; const char *name;      /* dotted name it was called by; NULL for values */
	int arg;                                   /* the row's */
	const gj_type *type;                       /* of the result */
	uint32_t n;
	gj_lv a[GJ_MAX_CALL];
} gj_lcall;

gj_lv gj_lower_name(gj_lcall *);                             /* lowerings.c: by the lowering of c->row */

/* arguments.c: an argument as the body finds it; `leaf` counts the leaves of a launch's arguments. */
/* A machine parameter; the number that a leaf is; an array of a leaf, whose data is given. */
gj_ref gj_lparameter(gj_lower *, gj_fnparam, const gj_type *);
gj_lv gj_lvalue_argument(gj_lower *, const gj_type *, uint32_t leaf);
gj_lv gj_larray_argument(gj_lower *, const gj_type *, uint32_t leaf, gj_ref data);
gj_lv gj_largument(gj_lower *, const gj_type *, uint32_t *leaf);

/* The function as an entry of this kind, and the functions that it calls in its `callee`. */
gj_fn *gj_lower_entry(gj_trap *, gj_inst *, const gj_options *);

/* Where n ways meet, in the order in which they lead here: the value that each brings. */
gj_lv  gj_ljoined(gj_lower *, const gj_type *, uint32_t n, const gj_lv *);
/* picked.c: a call of one of several functions, which `number` says; `call` lowers that of each. Are two functions the same? */
gj_lv  gj_lpicked_call(gj_body *, gj_ref, gj_lv number, gj_lv (*call)(gj_body *, gj_ref));
gj_lv  gj_lpicked_is(gj_lower *, gj_lv a, gj_lv b, bool negate);

/* element_loop.c: a thread's element as an argument; what is returned, written to the leaves from `leaf` on. */
gj_lv  gj_lelement_argument(gj_lower *, const gj_type *, uint32_t *leaf);
void   gj_lelement_results(gj_lower *, gj_lv, uint32_t leaf);
/* Refuses what only threads of a launch can do, among the operations of L->fn from `first` on. */
void   gj_lelement_check(gj_lower *, gj_ref first);
/* result.c: what a function for the host returns, written to where leaf `leaf` points. */
void   gj_lhost_results(gj_lower *, gj_lv, uint32_t leaf);
void   gj_mark_written(gj_fn *);                             /* written.c: param.written of a kernel */

/* -- Parts ------------------------------------------------------------------------------------------------------------- */
gj_lv gj_lv_new(gj_lower *, const gj_type *, gj_ref **parts);          /* parts to be filled in */
gj_lv gj_lv_scalar(gj_lower *, const gj_type *, gj_ref);
gj_lv gj_lv_none(void);
gj_lv gj_lv_item(gj_lower *, gj_lv tuple, uint32_t i);
gj_lv gj_lv_pair(gj_lower *, const gj_type *tuple, gj_lv a, gj_lv b);
gj_lv gj_lv_obj(gj_lower *, const gj_type *, const gj_obj *);          /* a constant */

static inline const gj_type *gj_i64(void) { return gj_scalar[GJ_I64]; }
static inline const gj_type *gj_bool(void) { return gj_scalar[GJ_BOOL]; }
/* Of an array: in elements, in bytes. */
static inline gj_ref gj_extent(gj_lv a, uint32_t d) { return a.part[1 + d]; }
static inline gj_ref gj_stride(gj_lv a, uint32_t d) { return a.part[1 + a.type->ndim + d]; }
/* Puts v's parts at p; returns what is behind them. */
gj_ref *gj_append(gj_ref *p, gj_lv v);

/* -- Building at L->cur, L->loc ------------------------------------------------------------------------------------------ */
gj_ref gj_e(gj_lower *, gj_opcode, const gj_type *, uint32_t n, const gj_ref *args);
gj_ref gj_e1(gj_lower *, gj_opcode, const gj_type *, gj_ref);
gj_ref gj_e2(gj_lower *, gj_opcode, const gj_type *, gj_ref, gj_ref);
gj_ref gj_e3(gj_lower *, gj_opcode, const gj_type *, gj_ref, gj_ref, gj_ref);
gj_ref gj_eint(gj_lower *, const gj_type *, int64_t);
gj_ref gj_eflt(gj_lower *, const gj_type *, double);
gj_ref gj_ecmp(gj_lower *, gj_cmpop, gj_ref, gj_ref);
gj_ref gj_esub(gj_lower *, gj_opcode, uint8_t sub, const gj_type *, uint32_t n, const gj_ref *args);
gj_ref gj_ecast(gj_lower *, gj_ref, const gj_type *to);                /* scalar conversion */
gj_ref gj_eindex(gj_lower *, gj_opcode, gj_ref, gj_ref);               /* ADD or MUL of non-wrapping index arithmetic */
void   gj_jump(gj_lower *, uint32_t to);                               /* ends L->cur */
void   gj_branch(gj_lower *, gj_ref cond, uint32_t yes, uint32_t no);
gj_lv  gj_lconv(gj_lower *, gj_lv, const gj_type *to);                 /* any conversion that unification allows */
gj_ref gj_ltruth(gj_lower *, gj_lv);
gj_lv  gj_lwide(gj_lower *, gj_lv);                                   /* as values are computed with: gj_wide */
gj_lv  gj_larray(gj_lower *, const gj_type *, gj_ref pointer, const gj_ref *shape);     /* C or F array: strides from the shape; nobody owns it */
gj_lv  gj_lowned_as(gj_lower *, gj_lv view, gj_lv of);                 /* the view, kept by what keeps that array */
/* allocate.c: an array with memory of its own, in functions that have some. counted.c: what a function of new_arrays.c gives there; what op `dotted` computes
 * of operands, in a fresh array. */
gj_lv  gj_lnew_array(gj_lower *, const gj_type *, const gj_ref *shape, bool zeros);
gj_lv  gj_lcounted(gj_lcall *);
gj_lv  gj_lcomputed(gj_lower *, const char *dotted, const gj_type *, uint32_t n, const gj_lv *operand);
/* new_arrays.c: a local array of this type and shape. */
gj_lv  gj_lnew_local(gj_lower *, const gj_type *, const gj_shape_known *);
/* memory.c: the value of a type at pointer p; what lies there becomes v, converted to the type. */
gj_ref gj_lplace(gj_lower *, gj_ref p, gj_part);                       /* where a part of the value at p stands */
gj_lv  gj_lload(gj_lower *, gj_ref p, const gj_type *);
gj_lv  gj_lload_from(gj_lower *, gj_lv of, gj_ref p, const gj_type *);  /* p is in its memory */
void   gj_lstore(gj_lower *, gj_ref p, gj_lv v, const gj_type *);
gj_ref gj_lfield_place(gj_lower *, gj_ref p, const gj_type *record, uint32_t i);       /* where field i of the record at p begins */
/* records.c: field i, of type t, of a record or of each of an array's. */
gj_lv  gj_lfield(gj_lower *, gj_lv of, uint32_t i, const gj_type *t);
/* vectors.c: the vector of these numbers and vectors. */
gj_lv  gj_lvector(gj_lower *, const gj_type *, uint32_t n, const gj_lv *from);
/* optional.c: what op r gave, v, where it may not be None. */
gj_lv  gj_lpresent(gj_body *, gj_ref r, gj_lv v);
gj_lv  gj_linner(gj_lv);                                               /* the value that there may be */
gj_ref gj_lis_there(gj_lower *, gj_lv);                                /* is it not None? */
gj_ref gj_lsize(gj_lower *, gj_lv a);
/* A condition, or the thread ends, where Python raises: ValueError, with this text, in which n integers stand at GJ_L_NUMBER. Or in steps: */
#define GJ_L_NUMBER "\5i\5"               /* code.h: GJ_TOLD_IN */
void   gj_lrequire(gj_lower *, gj_ref condition);
void   gj_lrequire_or(gj_lower *, gj_ref condition, const char *text, uint32_t n, const gj_ref *value);
uint32_t gj_lrequire_begin(gj_lower *, gj_ref condition);              /* what comes next is where it does not hold … */
void   gj_ltell(gj_lower *, gj_ref fails, const char *text, uint32_t n, const gj_ref *value);      /* … which is why, if it fails … */
void   gj_lrequire_end(gj_lower *, uint32_t begun);                    /* … and from here on where it holds */
void   gj_lrequire_value(gj_lower *, gj_ref there, const gj_type *);   /* … a TypeError of None */
/* Do the two come about in the same way, from nothing that changes? Extents of two equal slices do. */
bool   gj_lsame(const gj_lower *, gj_ref, gj_ref);
/* Marks a position that a loop takes, one of so many rounds; promised: by prange, to be independent. Only where loops are to be shared
 * out (opt/outline.c). */
/* How deep a loop is nested whose iterator has this place in the stack of the body at hand, or a handler with so much below it: a handler
 * that is reached from the loop's rounds stands around the loop if it is not deeper, in it if it is. */
int64_t gj_lnesting(const gj_lower *, uint32_t place);
void   gj_lmark_round(gj_lower *, gj_ref position, gj_ref rounds, bool promised);
/* for i in range(n): what stands between; `carried` (NULL: nothing) is a value that each round makes anew. */
typedef struct gj_lfor { uint32_t head, done; gj_ref i; gj_lv carried; } gj_lfor;
gj_lfor gj_lfor_begin(gj_lower *, gj_ref n, const gj_lv *carried);
void   gj_lfor_end(gj_lower *, const gj_lfor *, const gj_lv *next);
GJ_NORETURN void gj_lfail(gj_lower *, gj_err, ...);

/* -- Operators (operators.c) --------------------------------------------------------------------------------------------- */
gj_lv  gj_lbinop(gj_lower *, gj_binop, const gj_type *, gj_lv, gj_lv);
gj_lv  gj_lcompare(gj_lower *, gj_cmpop, gj_lv, gj_lv);
gj_lv  gj_lunary(gj_lower *, gj_unop, const gj_type *, gj_lv);
gj_lv  gj_lin(gj_lower *, gj_lv, gj_lv, bool negate);
gj_ref gj_lpower(gj_lower *, const gj_type *, gj_ref base, gj_lv exponent, const gj_type *as);

/* -- Complex numbers (complex.c); results of t or of the operands' common type ------------------------------------------- */
gj_lv  gj_lcomplex_binop(gj_lower *, gj_binop, const gj_type *t, gj_lv, gj_lv);
gj_lv  gj_lcomplex_negate(gj_lower *, gj_lv);
gj_ref gj_lcomplex_compare(gj_lower *, gj_cmpop, const gj_type *as, gj_lv, gj_lv);
gj_lv  gj_lcomplex_minmax(gj_lower *, gj_opcode, bool number_wins, gj_lv, gj_lv);  /* GJ_MIN or GJ_MAX; of one type */
gj_ref gj_lcomplex_abs(gj_lower *, gj_lv);
gj_lv  gj_lcomplex_sign(gj_lower *, gj_lv);
gj_lv  gj_lcomplex_square(gj_lcall *);
gj_lv  gj_lcomplex_math(gj_lcall *);                                    /* a row of math.def */

/* -- Arrays (arrays.c) ------------------------------------------------------------------------------------------------ */
gj_lv  gj_litem(gj_body *, const gj_op *, gj_lv a, gj_lv index, const gj_type *);
void   gj_lsetitem(gj_body *, const gj_op *);
gj_lv  gj_lunpack(gj_lower *, const gj_op *, gj_lv a);                 /* item imm.i of as many as a must have */
gj_lv  gj_lattr(gj_lower *, const char *name, gj_lv a, const gj_type *);
gj_lv  gj_larray_address(gj_lower *, gj_lv, const gj_type *);     /* its first item's, as a number */
gj_lv  gj_larray_parts(gj_lower *, gj_lv a, const char *name, const gj_type *);    /* a.real, a.imag */
gj_lv  gj_ltranspose(gj_lower *, gj_lv a, const gj_type *);
/* -- Array expressions (expression.c) ------------------------------------------------------------------------------------- */
gj_lv  gj_loperand(gj_lv expression, uint32_t i);
gj_lv  gj_lexpression(gj_lower *, const gj_type *, const gj_lv *operand);
uint32_t gj_larrays(gj_lower *, gj_lv, gj_lv **);              /* the arrays that it is made of: itself, or the expression's */
gj_lv  gj_lextents(gj_lower *, gj_lv);                         /* an array itself; of an expression, one with its extents but without data */
gj_lv  gj_lshaped(gj_lower *, gj_lv);                          /* the same, where the shapes of its arrays fit each other: else the thread ends */
gj_lv  gj_lexpression_item(gj_lower *, gj_lv, uint32_t n, const gj_ref *index);
/* An array, and each array of an expression, has the target's extents, or 1, in its dimensions. */
void   gj_lrequire_fit(gj_lower *, gj_lv target, gj_lv v);
/* The same of what is read beside the target. */
void   gj_lrequire_operand(gj_lower *, gj_lv target, gj_lv v);
/* The same of n operands whose function's results go to `out`. */
void   gj_lrequire_output(gj_lower *, gj_lv out, uint32_t n, const gj_lv *operand);
/* v's element for position at[] of the target (trailing dimensions align, an extent of 1 repeats), computed if v is an
 * expression, or v, a scalar. */
gj_lv  gj_lbroadcast(gj_lower *, gj_lv target, gj_lv v, const gj_ref *at);
/* Stores what `next` gives to each element of target: nested loops, one a dimension. What it reads of the n sources (scalars
 * among them do not count) is what they held before (overlap.c). */
typedef gj_lv gj_lnext(gj_lower *, gj_lv target, const gj_ref *at, void *arg);
/* An array of its own, of the shape of all operands together, whose elements next() gives. */
gj_lv  gj_lcomputed_by(gj_lower *, const gj_type *, uint32_t n, const gj_lv *operand, gj_lnext *next, void *arg);
void   gj_lfill(gj_lower *, gj_lv target, uint32_t n, const gj_lv *source, gj_lnext *, void *arg);
void   gj_lrequire_apart(gj_lower *, gj_lv target, gj_lv source);      /* they have no memory in common, or the thread ends */
void   gj_lrequire_apart_or_same(gj_lower *, gj_lv target, gj_lv source);      /* … or the same elements in the same places */
void   gj_lcopy(gj_lower *, gj_lv target, gj_lv);              /* an array, an expression or a scalar to all elements */
void   gj_lcopy_apart(gj_lower *, gj_lv target, gj_lv);        /* the same where nothing that is read lies in the target */
/* fused.c: what NumPy's function of this name gives of the thread's elements; an element to be reduced. */
gj_lv  gj_lfused(gj_lower *, const char *dotted, const gj_type *, uint32_t n, const gj_lv *a);
gj_lv  gj_lmasked(gj_lower *, gj_ref mask, gj_lv, gj_lv otherwise);      /* mask 0: it always holds */
gj_lv  gj_lreduced(gj_lower *, const gj_type *, gj_lv a, gj_lv where, gj_lv initial);
/* elements.c: a ufunc's call of arrays, from a call whose last argument is the array to write into. */
gj_lv  gj_lelementwise(gj_lcall *);
gj_lv  gj_linplace(gj_lower *, gj_binop, gj_lv a, gj_lv b);      /* a op= b of an array a, which it gives */
/* An index as i64 that counts from the front: negative ones count from the end. */
gj_ref gj_lwrap_index(gj_lower *, gj_ref i, gj_ref n);
/* Marks `address` as the array's pointer at positions at[] where loops are to be looked at: an AT, else the address itself. */
gj_ref gj_lat(gj_lower *, gj_lv a, const gj_ref *at, char layout, gj_ref address);
gj_ref gj_lbyte_offset(gj_lower *, gj_lv a, const gj_ref *at);         /* of positions at[], 0 among them: the dimension is left out */
/* Pointer to one element; index: integer or tuple; name: as for gj_lcheck_index. */
gj_ref gj_laddress(gj_lower *, gj_lv a, gj_lv index, const char *name);
gj_ref gj_lelement(gj_lower *, gj_lv a, const gj_ref *at);             /* the same; indices in range, one a dimension */
gj_lv  gj_larray_item(gj_lower *, gj_lv a, gj_ref i, const gj_type *);  /* a[i] along the first dimension: an element or a view */
gj_lv  gj_lchosen(gj_lower *, gj_lv tuple, gj_ref at, const gj_type *);  /* item `at` of a tuple whose items are all of that type */

/* -- Checks (checks.c); all do nothing unless the options ask for them -------------------------------------------------- */
const char *gj_lname_of(const gj_inst *, gj_ref);                      /* the variable that holds a value; NULL: none */
/* Indices of a, which count from the front; 0: a dimension that is not indexed. `name`: a's, or NULL. always: also where they do not ask. */
void   gj_lcheck_index(gj_lower *, gj_lv a, const gj_ref *at, const char *name);
void   gj_lcheck_always(gj_lower *, gj_lv a, const gj_ref *at, const char *name);
void   gj_lcheck_item(gj_lower *, gj_ref at, uint32_t n);              /* of a tuple */
/* By zero Python raises, and with a step of zero. op: a gj_binop, or GJ_DIVMOD; reals: one of the operands is one. */
enum { GJ_DIVMOD = GJ_NBINOPS };
void   gj_lcheck_divisor(gj_lower *, uint32_t op, bool reals, gj_ref divisor);
void   gj_lcheck_complex_divisor(gj_lower *, gj_lv);
void   gj_lcheck_shift(gj_lower *, gj_binop, gj_ref count);
void   gj_lcheck_whole(gj_lower *, gj_ref x);              /* what is made an integer: NaN and infinity cannot be */
void   gj_lcheck_power(gj_lower *, gj_ref base, gj_ref exponent);   /* of integers */
void   gj_lcheck_assigned(gj_lower *, gj_ref assigned, const char *name, bool free);     /* … and of a variable without a value */
void   gj_lcheck_fits(gj_lower *, gj_ref x, const gj_type *);          /* … and of an int64 that is to be a smaller integer */
void   gj_lcheck_step(gj_lower *, gj_ref step, bool slice);
void   gj_lreport(gj_lower *, gj_ref fails, const gj_obj *exception, bool assertion);
/* It fails, and tells these values, as the exception's texts want them (code.h: GJ_TOLD). */
void   gj_lreport_told(gj_lower *, const gj_obj *exception, bool assertion, uint32_t n, const gj_lv *value);

/* A line by this template, with these numbers. */
void   gj_lprint(gj_lower *, const char *text, uint32_t n, const gj_ref *value);

/* -- Ranges (ranges.c); `range` with the parts of an iterator but for the length and iter ------------------------------ */
gj_ref gj_lrange_length(gj_lower *, gj_lv range);                      /* i64 */
void   gj_lrange_iter(gj_lower *, gj_lv range, gj_ref part[4]);
gj_ref gj_lrange_start(gj_lower *, gj_lv range);                       /* a position is the item, or its number */
bool   gj_lrange_ends(const gj_lower *, gj_lv range);
gj_ref gj_lrange_has(gj_lower *, gj_lv range, gj_ref at);
gj_ref gj_lrange_get(gj_lower *, gj_lv range, gj_ref at);
gj_ref gj_lrange_next(gj_lower *, gj_lv range, gj_ref at);

/* -- Iteration (iterate.c) ---------------------------------------------------------------------------------------------- */
gj_lv  gj_liter(gj_lower *, gj_lv iterable, const gj_type *);          /* iter(a) */
gj_lv  gj_literstart(gj_lower *, gj_lv it, const gj_type *);
gj_ref gj_litercount(gj_lower *, gj_lv it);                            /* i64 */
gj_lv  gj_literhas(gj_lower *, gj_lv it, gj_lv at);
gj_lv  gj_literget(gj_lower *, gj_lv it, gj_lv at, const gj_type *);
gj_lv  gj_liternext(gj_lower *, gj_lv it, gj_lv at);
void   gj_lunravel(gj_lower *, gj_lv a, gj_ref i, gj_ref *at);   /* the indices of an array's element i, the last one fastest */
gj_lv  gj_lflat(gj_lower *, gj_lv a, const gj_type *);                 /* a.flat: a view in one row, or the array by another name */
gj_ref gj_liternthhas(gj_lower *, gj_lv it, uint32_t i);               /* is there an item i? */
gj_lv  gj_liternth(gj_lower *, gj_lv it, uint32_t i, const gj_type *);

/* -- Arguments and result of a call ------------------------------------------------------------------------------------ */
gj_lv  gj_lresult(gj_lcall *, gj_ref);                                 /* build.c: a scalar result */
gj_ref gj_larg(gj_lcall *, uint32_t i, const gj_type *);                /* a scalar argument as that type */

#endif
