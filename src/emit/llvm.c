/* LLVM as a library: start-up, target machines, the host's CPU, the net under LLVM's fatal errors, and the table of
 * intrinsics with its check. LLVM ends the process on what it cannot compile, so inputs are checked before it sees
 * them; the handler here is only the last resort and leaks the compilation that it interrupts. */
#include "emit/cpu/cpu.h"

#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- Start-up ------------------------------------------------------------------------------------------------------ */

static pthread_once_t started = PTHREAD_ONCE_INIT;
static char *host_name, *host_features, host_text[4096];
static _Thread_local jmp_buf *fatal_env;
static _Thread_local char fatal_text[512];

static void on_fatal(const char *reason)
{
	if (!fatal_env)
		return;                                /* not ours: LLVM goes on to abort */
	snprintf(fatal_text, sizeof fatal_text, "LLVM: %s", reason);
	longjmp(*fatal_env, 1);
}

static void intrinsics_find(void);

static void start(void)
{
	static const char *const option[] = {
		"gridjit", "-vectorize-slp=false", "-vectorize-loops=false", "-unroll-runtime-multi-exit"
	};
	LLVMInitializeNVPTXTargetInfo();
	LLVMInitializeNVPTXTarget();
	LLVMInitializeNVPTXTargetMC();
	LLVMInitializeNVPTXAsmPrinter();
	LLVMInitializeNativeTarget();
	LLVMInitializeNativeAsmPrinter();
	LLVMParseCommandLineOptions(GJ_LEN(option), option, 0);
	LLVMInstallFatalErrorHandler(on_fatal);
	host_name = LLVMGetHostCPUName();
	host_features = LLVMGetHostCPUFeatures();
	snprintf(host_text, sizeof host_text, "%s %s%s", host_name, host_features, gj_have_libmvec() ? " libmvec" : "");
	intrinsics_find();
}

void gj_llvm_start(void)
{
	pthread_once(&started, start);
}

const char *gj_llvm_guard(void (*body)(gj_unit *), gj_unit *u)
{
	static _Thread_local jmp_buf env;
	if (setjmp(env)) {
		fatal_env = NULL;
		return fatal_text;
	}
	fatal_env = &env;
	body(u);
	fatal_env = NULL;
	return NULL;
}

void gj_llvm_unguard(void)
{
	fatal_env = NULL;
}

const char *gj_llvm_version(void)
{
	return LLVM_VERSION_STRING;
}

const char *gj_host_cpu(void)
{
	gj_llvm_start();
	return host_text;
}

const char *gj_host_features(void)
{
	return host_features;
}

bool gj_host_has(const char *feature)
{
	size_t n = strlen(feature);
	for (const char *p = host_features; (p = strstr(p, feature)); p += n)
		if (p > host_features && p[-1] == '+' && (p[n] == ',' || !p[n]))
			return true;
	return false;
}

unsigned gj_host_vector_bytes(void)
{
	return gj_host_has("avx512f") ? 64 : gj_host_has("avx2") ? 32 : 16;
}

LLVMTargetMachineRef gj_machine(const char *triple, const char *cpu, const char *features, int opt)
{
	LLVMTargetRef target;
	char *error = NULL;
	if (LLVMGetTargetFromTriple(triple, &target, &error)) {
		LLVMDisposeMessage(error);
		return NULL;
	}
	return LLVMCreateTargetMachine(target, triple, cpu, features, opt ? LLVMCodeGenLevelDefault : LLVMCodeGenLevelNone,
		LLVMRelocPIC, LLVMCodeModelSmall);
}

/* -- Intrinsics ---------------------------------------------------------------------------------------------------- */

static const struct { const char *id, *name[2], *sig[2]; } table[GJ_NINTRINS] = {
#define INTRIN(id, name, sig, old, oldsig) { #id, { name, old }, { sig, oldsig } },
#include "emit/llvm_intrinsics.def"
};
static struct { unsigned id; uint8_t alt; } found[GJ_NINTRINS];

static void intrinsics_find(void)
{
	for (int i = 0; i < GJ_NINTRINS; i++)
		for (uint8_t k = 0; k < 2 && !found[i].id; k++)
			if (table[i].name[k]) {
				found[i].id = LLVMLookupIntrinsicID(table[i].name[k], strlen(table[i].name[k]));
				found[i].alt = k;
			}
}

unsigned gj_intrin_id(gj_intrin i)  { return found[i].id; }
bool gj_intrin_new(gj_intrin i)    { return !found[i].alt; }
bool gj_intrin_exists(gj_intrin i) { return found[i].id != 0; }

int gj_intrin_named(const char *name)
{
	for (int i = 0; i < GJ_NINTRINS; i++)
		if (table[i].name[0] && !strcmp(table[i].name[0], name))
			return i;
	return -1;
}

gj_v gj_call(gj_gen *g, gj_intrin i, const gj_t *over, unsigned nover, const gj_v *arg, unsigned nargs)
{
	if (!found[i].id)
		gj_fail(g->f, gj_o(g->f, g->ref)->loc, GJ_ERR_INTERNAL, table[i].name[0]);
	gj_v fn = LLVMGetIntrinsicDeclaration(g->u->mod, found[i].id, (gj_t *)over, nover);
	return LLVMBuildCall2(g->b, LLVMGlobalGetValueType(fn), fn, (gj_v *)arg, nargs, "");
}

gj_v gj_call1(gj_gen *g, gj_intrin i, gj_v a)
{
	gj_t t = LLVMTypeOf(a);
	return gj_call(g, i, &t, 1, &a, 1);
}

gj_v gj_call2(gj_gen *g, gj_intrin i, gj_v a, gj_v b)
{
	gj_t t = LLVMTypeOf(a);
	return gj_call(g, i, &t, 1, (gj_v[]){ a, b }, 2);
}

gj_v gj_plain(gj_gen *g, gj_intrin i, unsigned n, const gj_v *arg)
{
	return gj_call(g, i, NULL, 0, arg, n);
}

/* -- The check of the table ---------------------------------------------------------------------------------------- */

static gj_t letter(LLVMContextRef c, char x)
{
	switch (x) {
	case 'v': return LLVMVoidTypeInContext(c);
	case 'b': return LLVMInt1TypeInContext(c);
	case 'c': return LLVMInt8TypeInContext(c);
	case 'i': return LLVMInt32TypeInContext(c);
	case 'l': return LLVMInt64TypeInContext(c);
	case 'f': return LLVMFloatTypeInContext(c);
	case 'd': return LLVMDoubleTypeInContext(c);
	case 'V': return LLVMVectorType(LLVMInt32TypeInContext(c), 16);
	case 'p': return LLVMPointerTypeInContext(c, 0);
	default:
		return LLVMStructTypeInContext(c, (gj_t[]){ letter(c, 'i'), letter(c, 'b') }, 2, 0);
	}
}

static bool row_fits(LLVMContextRef c, unsigned id, const char *sig)
{
	if (LLVMIntrinsicIsOverloaded(id) != (*sig == '*'))
		return false;
	if (sig[0] == '*' && sig[1] == '*')
		return true;
	if (*sig == '*') {
		gj_t t = letter(c, sig[1]), fn = LLVMIntrinsicGetType(c, id, &t, 1);
		return LLVMCountParamTypes(fn) == (unsigned)(sig[2] - '0') && LLVMGetReturnType(fn) == t;
	}
	gj_t fn = LLVMIntrinsicGetType(c, id, NULL, 0), param[8];
	unsigned n = LLVMCountParamTypes(fn);
	if (n + 1 != strlen(sig) || LLVMGetReturnType(fn) != letter(c, *sig))
		return false;
	LLVMGetParamTypes(fn, param);
	for (unsigned k = 0; k < n; k++)
		if (param[k] != letter(c, sig[k + 1]))
			return false;
	return true;
}

const char *gj_emit_check(void)
{
	gj_llvm_start();
	LLVMContextRef c = LLVMContextCreate();
	const char *bad = NULL;
	for (int i = 0; i < GJ_NINTRINS && !bad; i++) {
		const char *sig = table[i].sig[found[i].alt];
		bool optional = *sig == '?';
		if (found[i].id ? !row_fits(c, found[i].id, sig + optional) : !optional)
			bad = table[i].id;
	}
	LLVMContextDispose(c);
	return bad;
}
