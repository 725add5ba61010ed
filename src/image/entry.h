/* What a compilation makes: an entry of one of the kinds of entry.def, and what its kind says to the passes. */
#ifndef GJ_ENTRY_H
#define GJ_ENTRY_H

#include "types/type.h"

typedef enum gj_entry_kind {
#define ENTRY(id, ...) GJ_ENTRY_##id,
#include "image/entry.def"
	GJ_NENTRIES
} gj_entry_kind;

/* How arguments arrive. LEAVES: in the buffer of a launch (gj_param), the same for all threads. PARTS: as scalars, each
 * thread's own. ELEMENTS: in that buffer too, a thread's own are its element of each (lower/element_loop.c). */
typedef enum gj_entry_args { GJ_ARGS_LEAVES, GJ_ARGS_ELEMENTS, GJ_ARGS_PARTS } gj_entry_args;

/* How results leave. NONE: there are none, and Python's must be None. PARTS: as scalars.
 * ELEMENTS: one number or a tuple of them is written to the thread's element of as many leaves behind the arguments'.
 * FUSED: so are those elements of arrays that options.outputs names; the function is typed by NumPy's rules.
 * HOST: parts of any value, written one after the other, 8 bytes each, where the leaf behind the arguments' points. */
typedef enum gj_entry_results { GJ_RESULTS_NONE, GJ_RESULTS_PARTS, GJ_RESULTS_ELEMENTS, GJ_RESULTS_FUSED, GJ_RESULTS_HOST } gj_entry_results;

/* What RAISE does. RETURN: the thread is at its end where the entry returns. CALLER: it is not, so the caller must be told
 * (raises.c) or the machine must end the thread. REPORTED: a report stands before it, which does not come back. */
typedef enum gj_entry_raise { GJ_RAISE_RETURN, GJ_RAISE_CALLER, GJ_RAISE_REPORTED } gj_entry_raise;

/* Who runs it for all threads. LAUNCH: the device, a block of threads after the other; on the CPU the entry itself loops over
 * the warps that it is given. LOOP: the same without a launch: its threads are elements, which cannot be counted or called off,
 * nor meet or share memory. CALL: it is one thread, the one that calls it from outside (run/cpu/call.c). ROUNDS: one vector or thread for
 * each chunk of rounds, over which it loops (run/cpu/rounds.c). CALLER: the threads that call it. */
typedef enum gj_entry_runner { GJ_RUN_LAUNCH, GJ_RUN_LOOP, GJ_RUN_CALL, GJ_RUN_ROUNDS, GJ_RUN_CALLER } gj_entry_runner;

/* What floating-point exceptions are. IGNORED: nobody looks. TOLD: users see them as warnings, so what is not run must raise none,
 * and division of integers by zero raises one. EXACT: comparisons of NaN must raise none either, which TOLD leaves to the machine:
 * LLVM makes no vectors of loops with such comparisons. */
typedef enum gj_entry_exceptions { GJ_EXCEPTIONS_IGNORED, GJ_EXCEPTIONS_TOLD, GJ_EXCEPTIONS_EXACT } gj_entry_exceptions;

/* Its symbol's calling convention. LOWERED: arguments as above. C, NUMBA: a function around it (emit/nvptx/numba_abi.c,
 * emit/cpu/entry.c). */
typedef enum gj_abi { GJ_ABI_LOWERED, GJ_ABI_C, GJ_ABI_NUMBA } gj_abi;

typedef struct gj_entry {
	const char *name;                          /* as options say it; "": not asked for by name */
	gj_entry_args args;
	gj_space space;                            /* where the memory of array arguments may be */
	gj_entry_results results;
	gj_entry_raise raise;
	gj_entry_runner runner;
	gj_entry_exceptions exceptions;
	gj_abi abi;
} gj_entry;

extern const gj_entry gj_entries[GJ_NENTRIES];

/* Is it code of Python's own threads, a function for the host or rounds of its loops? */
static inline bool gj_entry_is_host(const gj_entry *e) { return e->runner == GJ_RUN_CALL || e->runner == GJ_RUN_ROUNDS; }

/* Is it a function for the host that C calls? */
static inline bool gj_is_callback(const gj_entry *e) { return e->runner == GJ_RUN_CALL && e->abi == GJ_ABI_C; }

/* The kind of this name; GJ_NENTRIES: none. */
gj_entry_kind gj_entry_named(const char *);

#endif
