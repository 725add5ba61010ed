/* What Python hands to the compiler: a function frozen into plain C data. pyext/freeze/freeze.c fills it; nothing behind this
 * header knows Python. Everything lives in one arena and is immutable afterwards. */
#ifndef GJ_CODE_H
#define GJ_CODE_H

#include "types/fields.h"

typedef struct gj_code gj_code;
/* An explicit signature: types of arguments, and of the result (NULL: whatever it is). */
typedef struct gj_declared { const gj_type *ret, *const *arg; int n; } gj_declared;
typedef struct gj_obj gj_obj;

typedef enum gj_objkind {
	GJ_OBJ_MISSING,                            /* `name` is not defined, or not used as a global; item[n]: the function that is a method of that name, where
	                                            * there is one: of arrays, or OVERLOADED; i: 1: which gives the value of an attribute */
	GJ_OBJ_NONE, GJ_OBJ_BOOL, GJ_OBJ_INT, GJ_OBJ_FLOAT, GJ_OBJ_COMPLEX, GJ_OBJ_STR, GJ_OBJ_ELLIPSIS,
	GJ_OBJ_SCALAR,                             /* a NumPy scalar or a constant of an exact type: `type`, value in i, f or f and im */
	GJ_OBJ_TUPLE,                              /* item[n]; i: 1: of a list */
	GJ_OBJ_SLICE,                              /* item[3], absent parts are NONE objects */
	GJ_OBJ_ARRAY,                              /* a NumPy array frozen as a constant: C-contiguous bytes */
	GJ_OBJ_CAPTURED,                           /* an array in device memory, by its address */
	GJ_OBJ_TYPE,                               /* a scalar type as a value: float32, np.float32, np.dtype("f4") */
	GJ_OBJ_NAME,                               /* a name the compiler knows: "cuda.grid", "math.sin", "np.sqrt", "builtins.len", "operator.add" */
	GJ_OBJ_MODULE,                             /* a namespace: attributes resolved for every name the code mentions */
	GJ_OBJ_EXTERN,                             /* a function without a body, compiled elsewhere: `code` is its symbol and its signature; i: gj_extern_abi;
	                                            * at: where it is in this process, 0: to be linked */
	GJ_OBJ_FUNCTION,                           /* a device function or a plain Python function */
	GJ_OBJ_OVERLOADED,                         /* a function with implementations for the types of a call: attr[n] as text, item[n] FUNCTION or NONE;
	                                            * data: which one it is */
	GJ_OBJ_CODE,                               /* a nested code object (lambda, inner def), made a function by MAKE_FUNCTION */
	GJ_OBJ_GENERATOR,                          /* a generator expression: `code`; its value at run time is the tuple of its arguments and of
	                                            * what it captures, whose constants are item[n] */
	GJ_OBJ_PICKED,                             /* while types are inferred: one of the functions item[n] */
	GJ_OBJ_OPAQUE                              /* anything else; `name` says what, for the error message */
} gj_objkind;

/* Calling conventions of functions that are compiled elsewhere. RANDOM and above: C's, with the thread's random numbers before the arguments,
 * np.random's or those of Python's random. */
typedef enum gj_extern_abi { GJ_EXTERN_NUMBA, GJ_EXTERN_C, GJ_EXTERN_RANDOM, GJ_EXTERN_PYTHON_RANDOM } gj_extern_abi;

/* How a function is called that is no plain one. UFUNC: in fused functions for each element. FUSED: of numbers, and typed as a fused
 * function whose arguments have as many dimensions as its items say (−1: a number of Python's). */
typedef enum gj_calling { GJ_CALL_PLAIN, GJ_CALL_UFUNC, GJ_CALL_FUSED } gj_calling;

struct gj_obj {
	gj_objkind kind;
	bool is_unsigned;                          /* INT ≥ 2**63: the value is (uint64_t)i */
	const gj_type *type;                       /* SCALAR, TYPE; CAPTURED; ARRAY: the array type (readonly, C, GJ_CONSTANT space) */
	int64_t i; double f, im;                    /* i of CAPTURED: the address; of FUNCTION: a gj_calling; of ARRAY: 1: the record in it; im: imaginary part beside f */
	uintptr_t at;                              /* EXTERN */
	const char *name;                          /* STR, NAME, MODULE, OPAQUE, FUNCTION: text */
	uint32_t n;
	const gj_obj *const *item;                 /* TUPLE, SLICE; MODULE: values beside attr[]; FUNCTION: GJ_CALL_FUSED */
	const char *const *attr;                   /* MODULE: n names; CODE of a result: those of keyword-only parameters, whose defaults the items are, beside NULL */
	const void *data; size_t nbytes;           /* ARRAY; no bytes where there are more than GJ_MAX_FROZEN */
	const int64_t *shape;                      /* ARRAY: type->ndim extents; CAPTURED: as many strides behind them */
	const gj_code *code;                       /* FUNCTION, CODE, GENERATOR; NAME of what takes all items of an iterable: (x for x in it) */
	const gj_fields *fields;                   /* TUPLE: names of the items, or NULL. INT: not NULL of a member of an IntEnum. OPAQUE: a class that makes tuples of these, whose
	                                            * parameters `code` has */
	const gj_obj *kin;                         /* OPAQUE: of a class of exceptions: the tuple of it and of its bases, whose `data` says which one each is */
	const char *instead;                       /* OPAQUE: what to write instead, MISSING: what was meant, as hints begin; NULL: nobody knows */
	const char *has;                           /* OPAQUE: of a class: its names, with blanks between, for hints; or NULL */
	bool later;                                /* OPAQUE: numba has it, we do not yet */
	bool big;                                  /* INT that fits in no 64 bits; `name` is its decimal text */
};

/* Operations that are functions in Python (gridjit/_functions): indices with arrays, read and stored, a @ b, np.where(a), reductions
 * along an axis in the order of gj_reduction (but argmin and argmax), and what sees an array in another shape where that takes a copy. */
typedef enum gj_written {
	GJ_WRITTEN_TAKE, GJ_WRITTEN_PUT, GJ_WRITTEN_DOT, GJ_WRITTEN_NONZERO, GJ_WRITTEN_SUM, GJ_WRITTEN_ALL = GJ_WRITTEN_SUM + 6,
	GJ_WRITTEN_VAR, GJ_WRITTEN_STD, GJ_WRITTEN_RESHAPE, GJ_WRITTEN_RAVEL, GJ_NWRITTEN
} gj_written;

/* In texts of what is raised: a value that is told when it runs is the whole argument; or stands here in a text, with
 * its format up to the next mark. Behind the mark lowering puts what it is: the letter of a number's type (image/report.h), n for None, ( and )
 * around the items of a tuple, s and GJ_TOLD_ONE around a constant string, ? for what cannot be told. GJ_TOLD_ONE: in the place of the
 * format, texts with GJ_TOLD_ONE behind each: the value says which of them stands here. */
enum {
	GJ_TOLD = 4, GJ_TOLD_IN = 5, GJ_TOLD_ONE = 7,
	GJ_TOLD_REPR = 6, GJ_TOLD_STR = 14, GJ_TOLD_WHOLE = 8,     /* before the format: what is formatted is repr(), str(), int() of the value */
	GJ_TOLD_SHAPE = 15                         /* the same: a shape, or a tuple of them, as NumPy writes it: (2,3) */
};

enum { GJ_MAX_FROZEN = 1 << 26 };              /* bytes of the frozen arrays of one kernel */

typedef enum gj_inline { GJ_INLINE_AUTO, GJ_INLINE_ALWAYS, GJ_INLINE_NEVER } gj_inline;

/* Of the exception table: what the units [first, end) raise goes to unit `target`, with `depth` values on the stack; above them comes
 * the place where it was raised, if `lasti`, and the exception. No two overlap. */
typedef struct gj_handler { uint32_t first, end, target, depth; bool lasti; } gj_handler;

struct gj_code {
	const char *name, *qualname, *file;
	int firstline;
	int version;                               /* 311, 312, 313 */
	uint32_t flags;                            /* co_flags */
	const uint8_t *bytes; uint32_t nunits;     /* co_code: 2 bytes a unit, caches included */
	const gj_pos *pos;                         /* a unit each */
	int nargs, nposonly, nkwonly;
	/* one index space as CPython's: arguments, locals, then cells that are no arguments, then free variables */
	const char *const *var; int nvars;
	int nfree;                                 /* the last nfree of var[] */
	const gj_obj *const *free_value;           /* values of free variables; MISSING: empty cell. NULL for nested code (its maker supplies them) */
	const gj_obj *const *konst; int nkonsts;
	const char *const *name_text; int nnames;
	const gj_obj *const *global;               /* value of each name as a global or builtin; MISSING if neither */
	const gj_obj *const *defaults; int ndefaults;       /* of the last positional arguments */
	const gj_obj *const *kwdefaults;           /* nkwonly entries, NULL where absent; NULL: none */
	const gj_obj *const *written;              /* by gj_written: FUNCTIONs; NULL: the function has no memory for arrays */
	bool divides_quietly;                      /* division by zero is no exception in it, as in NumPy, whose function it stands for */
	bool captures;                             /* of the entry: it or what it calls has CAPTURED objects */
	bool user_handlers;                        /* the exception table has try/with of the user: only then it is in handler[] */
	const gj_handler *handler; uint32_t nhandlers;
	/* device functions with options of their own */
	gj_inline inline_; bool forceinline;
	const gj_declared *declared; int ndeclared;         /* explicit signatures */
	const gj_type *const *cast;                /* by var[]: what is stored in it becomes that number type, or NULL; NULL: nothing does */
	const int16_t *kwheld;                     /* nested code: by keyword-only parameter, which of the nkwheld defaults that its maker supplies last; −1: none */
	int nkwheld;
	gj_hash digest;                            /* of everything above except positions, file and what its maker supplies, callees included */
};

enum { GJ_CO_VARARGS = 4, GJ_CO_VARKEYWORDS = 8, GJ_CO_GENERATOR = 32 };    /* bits of flags */

/* Parameters as variables count them: positional ones, keyword-only ones, then *args and **kwargs. */
static inline uint32_t gj_code_params(const gj_code *c)
{
	return (uint32_t)(c->nargs + c->nkwonly + !!(c->flags & GJ_CO_VARARGS) + !!(c->flags & GJ_CO_VARKEYWORDS));
}

/* Opcode numbers of the running interpreter by name: filled once from opcode.opmap, caches and stack effects come
 * with pyops.def. */
typedef struct gj_opmap {
	const char *name[256]; uint8_t caches[256]; int version;
	uint16_t row[256];                         /* of pyops.def; UINT16_MAX: none */
} gj_opmap;
extern gj_opmap gj_python;
/* Fills caches and row once version and name are set; names must live on. Before any compilation. */
void gj_opmap_init(void);

/* Digest of a code object from its contents; called by freeze when the code is complete. */
gj_hash gj_code_digest(const gj_code *);
/* The same of one value, with the code that it has. */
gj_hash gj_obj_digest(const gj_obj *);
/* What is known of a value, in another arena: tuples as such; of anything else only what it is, and which in `data`. NULL stays NULL. */
const gj_obj *gj_obj_known(gj_arena *, const gj_obj *);
/* Which function it is, where that is asked at run time. */
int64_t gj_function_number(const gj_obj *);
void gj_code_dump(const gj_code *, gj_sb *);

#endif
