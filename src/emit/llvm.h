/* LLVM as a library (llvm.c): start-up, target machines, the host's CPU, and its intrinsics (llvm_intrinsics.def). */
#ifndef GJ_LLVM_H
#define GJ_LLVM_H

#include "emit/gen.h"

void gj_llvm_start(void);                      /* once a process; any thread */
/* Runs body(u) with LLVM's fatal errors caught: NULL, or LLVM's words (static text of this thread). Leaving body by
 * longjmp needs gj_llvm_unguard. */
const char *gj_llvm_guard(void (*body)(gj_unit *), gj_unit *);
void gj_llvm_unguard(void);
const char *gj_host_features(void);
bool gj_host_has(const char *feature);
unsigned gj_host_vector_bytes(void);           /* of the widest registers: 64, 32 or 16 */
LLVMTargetMachineRef gj_machine(const char *triple, const char *cpu, const char *features, int opt);

/* -- Intrinsics ---------------------------------------------------------------------------------------------------- */

typedef enum gj_intrin {
#define INTRIN(id, name, sig, old, oldsig) GJ_IN_##id,
#include "emit/llvm_intrinsics.def"
	GJ_NINTRINS
} gj_intrin;

/* Does this LLVM know the row by its first name? (The second name may have another signature.) */
unsigned gj_intrin_id(gj_intrin);
bool gj_intrin_new(gj_intrin);
/* The row of a name; -1: none. */
int gj_intrin_named(const char *name);
/* Is there one under either name? Rows without are those that only some LLVMs need. */
bool gj_intrin_exists(gj_intrin);
/* Call it; `over` are the types of an overloaded one, n of them. */
gj_v gj_call(gj_gen *, gj_intrin, const gj_t *over, unsigned nover, const gj_v *arg, unsigned nargs);
gj_v gj_call1(gj_gen *, gj_intrin, gj_v a);               /* overloaded on the type of its operand */
gj_v gj_call2(gj_gen *, gj_intrin, gj_v a, gj_v b);
gj_v gj_plain(gj_gen *, gj_intrin, unsigned n, const gj_v *arg);      /* not overloaded */

#endif
