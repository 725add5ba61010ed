/* The ground floor: arena, vectors, strings, hashes, diagnostics. Knows nothing of Python, types, LLVM or devices.
 *
 * Memory of one compilation lives in one arena and is freed at once. A pass that cannot go on calls gj_fail(), which
 * unwinds to the gj_trap of the compilation (Lua's way): so passes hold no malloc'ed memory and check no returns. */
#ifndef GJ_BASE_H
#define GJ_BASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define GJ_PRINTF(F, A) __attribute__((format(printf, F, A)))
#define GJ_NORETURN __attribute__((noreturn))
#else
#define GJ_PRINTF(F, A)
#define GJ_NORETURN
#endif

#define GJ_LEN(A) (sizeof(A) / sizeof((A)[0]))

/* -- Arena ------------------------------------------------------------------------------------------------------ */

typedef struct gj_arena gj_arena;
struct gj_trap;

gj_arena *gj_arena_new(void);                 /* NULL: out of memory */
void      gj_arena_free(gj_arena *);
/* Where running out of memory lands from now on; NULL: abort. */
void      gj_arena_trap(gj_arena *, struct gj_trap *);
/* Zeroed, aligned to 16, valid until gj_arena_free. Out of memory: fails through the arena's trap, else aborts. */
void     *gj_alloc(gj_arena *, size_t bytes);
void     *gj_memdup(gj_arena *, const void *, size_t bytes);
const char *gj_strndup(gj_arena *, const char *, size_t n);
const char *gj_strdup(gj_arena *, const char *);
const char *gj_printf(gj_arena *, const char *fmt, ...) GJ_PRINTF(2, 3);
#define gj_new(A, T, N) ((T *)gj_alloc((A), sizeof(T) * (size_t)(N)))

/* -- Vectors in an arena: GJ_VEC(int) v = { 0 }; gj_push(A, &v, 3); v.p[0] ----------------------------------------- */

#define GJ_VEC(T) struct { T *p; uint32_t n, cap; }
void *gj_vec_grow(gj_arena *, void *p, uint32_t *cap, uint32_t need, size_t item);
#define gj_reserve(A, V, N) \
	((V)->cap >= (N) ? (void)0 : (void)((V)->p = gj_vec_grow((A), (V)->p, &(V)->cap, (N), sizeof *(V)->p)))
#define gj_push(A, V, X) (gj_reserve((A), (V), (V)->n + 1), (void)((V)->p[(V)->n++] = (X)))

/* -- String builder on the heap (outlives arenas). A failed allocation sets `failed` and drops what follows. -------- */

typedef struct gj_sb { char *p; size_t n, cap; bool failed; } gj_sb;

void  gj_sb_put(gj_sb *, const char *, size_t n);
void  gj_sb_puts(gj_sb *, const char *);
void  gj_sb_printf(gj_sb *, const char *fmt, ...) GJ_PRINTF(2, 3);
void  gj_sb_vprintf(gj_sb *, const char *fmt, va_list);
const char *gj_sb_str(gj_sb *);                /* always NUL-terminated, never NULL */
void  gj_sb_free(gj_sb *);

/* -- SHA-256 (FIPS 180-4): names of cached kernels ---------------------------------------------------------------- */

typedef struct gj_hash { uint8_t b[32]; } gj_hash;
typedef struct gj_hasher { uint32_t h[8]; uint64_t bytes; uint8_t buf[64]; } gj_hasher;

void    gj_hash_init(gj_hasher *);
void    gj_hash_put(gj_hasher *, const void *, size_t n);
void    gj_hash_str(gj_hasher *, const char *);          /* length and bytes, so that "a","bc" differs from "ab","c" */
void    gj_hash_u64(gj_hasher *, uint64_t);
gj_hash gj_hash_done(gj_hasher *);
void    gj_hash_hex(const gj_hash *, char out[65]);

/* -- Source positions ----------------------------------------------------------------------------------------------- */

/* Lines count from 1, columns are 0-based UTF-8 byte offsets; -1: not known. */
typedef struct gj_pos { int32_t line, col, end_line, end_col; } gj_pos;

/* One step of where something is; `next` is the call that inlined it, innermost first. */
typedef struct gj_frame { const char *file, *func; gj_pos pos; } gj_frame;

/* -- Diagnostics: every message is a row of errors.def -------------------------------------------------------------- */

typedef enum gj_err {
#define ERR(id, exc, msg, hint) GJ_ERR_##id,
#include "base/errors.def"
	GJ_ERR_COUNT
} gj_err;

enum { GJ_DIAG_FRAMES = 8 };

/* What went wrong, for the person who wrote the kernel. Strings are on the heap: gj_diag_clear frees them. */
typedef struct gj_diag {
	gj_err   id;
	const char *exc;                           /* exception class: a name in gridjit.errors or in builtins */
	char    *message;                          /* first line, in the user's words */
	char    *hint;                             /* what to do; NULL: none */
	char    *module, *sought;                  /* NULL, or a name that this module of Python's has not: which it may have meant is for Python to say */
	gj_frame frame[GJ_DIAG_FRAMES];            /* innermost first; file and func are heap copies */
	int      nframes;
	bool     set;
} gj_diag;

void gj_diag_clear(gj_diag *);
/* Of a function for the host: messages are worded for kernels. */
void gj_diag_of_function(gj_diag *);
/* The same of a text, on the heap; NULL: no memory. */
char *gj_of_function(const char *);
/* Fill *d from row `id`; the arguments are those of the row's message, followed by those of its hint. */
void gj_diag_set(gj_diag *d, gj_err id, ...);
void gj_diag_vset(gj_diag *d, gj_err id, va_list);
void gj_diag_seek(gj_diag *d, const char *module, const char *name);
void gj_diag_at(gj_diag *d, const gj_frame *frames, int n);

/* The landing place of a compilation: if (setjmp(trap.env) == 0) { passes } else { trap.diag says why }. */
typedef struct gj_trap {
	jmp_buf env; gj_diag diag; gj_arena *arena; uint64_t asked; /* interrupt.h */
	bool variables;                            /* stores to variables are kept, for debuggers */
	struct gj_wanted *wanted;                  /* what inference would have to be told (code/wanted.h); NULL: nobody asks */
} gj_trap;

void gj_trap_throw(gj_trap *) GJ_NORETURN;     /* diag is filled */

#endif
