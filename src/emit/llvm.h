/* LLVM as a library (llvm.c): start-up, the net under its fatal errors, target machines and intrinsics. */
#ifndef GJ_LLVM_H
#define GJ_LLVM_H

#include "emit/gen.h"

/* Once a process, after the targets' starts (emit.c). */
void gj_llvm_start(void);
/* Runs body(u) with LLVM's fatal errors caught: NULL, or LLVM's words (static text of this thread). Leaving body by
 * longjmp needs gj_llvm_unguard. */
const char *gj_llvm_guard(void (*body)(gj_unit *), gj_unit *);
void gj_llvm_unguard(void);
/* Around LLVM's generation of code: does it reduce the strength of loops? The end may come twice, and comes by itself with a fatal error. */
void gj_llvm_generate(bool reduce);
void gj_llvm_generated(void);
LLVMTargetMachineRef gj_machine(const char *triple, const char *cpu, const char *features, int opt);

/* -- Intrinsics ---------------------------------------------------------------------------------------------------- */

/* A number: of a row of llvm_intrinsics.def or, from GJ_NINTRINS on, of the target's own table. */
typedef unsigned gj_llvm_intrin;
enum {
#define INTRIN(id, name, sig, old, oldsig) GJ_IN_##id,
#include "emit/llvm_intrinsics.def"
	GJ_NINTRINS
};

/* A row, and what this LLVM has for it: its number there (0: nothing), under which of the names. */
typedef struct gj_intrin_row { const char *id, *name[2], *sig[2]; unsigned found; uint8_t alt; } gj_intrin_row;
#define GJ_INTRIN_ROW(id, name, sig, old, oldsig) { #id, { name, old }, { sig, oldsig }, 0, 0 },

void gj_intrins_find(gj_intrin_row *, unsigned n);
/* The first row whose declaration is another than the table says; NULL: none. NULL rows: the common table's. */
const char *gj_intrins_check(const gj_intrin_row *, unsigned n);

unsigned gj_intrin_id(const gj_unit *, gj_llvm_intrin);
/* Does this LLVM know the row by its first name? (The second name may have another signature.) */
bool gj_intrin_new(const gj_unit *, gj_llvm_intrin);
/* Is there one under either name? Rows without are those that only some LLVMs need. */
bool gj_intrin_exists(const gj_unit *, gj_llvm_intrin);
/* The common row of a name; -1: none. */
int gj_intrin_named(const char *name);
/* Call it; `over` are the types of an overloaded one, n of them. */
gj_v gj_call(gj_gen *, gj_llvm_intrin, const gj_t *over, unsigned nover, const gj_v *arg, unsigned nargs);
gj_v gj_call1(gj_gen *, gj_llvm_intrin, gj_v a);               /* overloaded on the type of its operand */
gj_v gj_call2(gj_gen *, gj_llvm_intrin, gj_v a, gj_v b);
gj_v gj_plain(gj_gen *, gj_llvm_intrin, unsigned n, const gj_v *arg);      /* not overloaded */

#endif
