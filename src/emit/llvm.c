/* LLVM as a library: start-up, target machines, the net under LLVM's fatal errors, and the tables of intrinsics with their
 * check. LLVM ends the process on what it cannot compile, so inputs are checked before it sees
 * them; the handler here is only the last resort and leaks the compilation that it interrupts. */
#include "emit/llvm.h"

#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- Generating code ------------------------------------------------------------------------------------------------ */

/* Whether LLVM reduces the strength of loops is a switch of the process, not of a machine or a function: who wants it otherwise waits until
 * nobody generates code. */
static pthread_mutex_t switching = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static unsigned generating;                    /* threads */
static bool reduces = true;
static _Thread_local bool generates;

static void in_child(void)
{
	switching = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	idle = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	generating = 0;
}

void gj_llvm_generate(bool reduce)
{
	pthread_mutex_lock(&switching);
	while (generating && reduces != reduce)
		pthread_cond_wait(&idle, &switching);
	if (reduces != reduce)
		LLVMParseCommandLineOptions(2, (const char *const[]){ "gridjit", reduce ? "-disable-lsr=false" : "-disable-lsr" }, 0);
	reduces = reduce;
	generates = true;
	generating++;
	pthread_mutex_unlock(&switching);
}

void gj_llvm_generated(void)
{
	if (!generates)
		return;
	pthread_mutex_lock(&switching);
	generates = false;
	if (--generating == 0)
		pthread_cond_broadcast(&idle);
	pthread_mutex_unlock(&switching);
}

/* -- Start-up ------------------------------------------------------------------------------------------------------ */

static _Thread_local jmp_buf *fatal_env;
static _Thread_local char fatal_text[512];

static void on_fatal(const char *reason)
{
	if (!fatal_env)
		return;                                /* not ours: LLVM goes on to abort */
	snprintf(fatal_text, sizeof fatal_text, "LLVM: %s", reason);
	longjmp(*fatal_env, 1);
}

static gj_intrin_row common[GJ_NINTRINS] = {
#define INTRIN GJ_INTRIN_ROW
#include "emit/llvm_intrinsics.def"
};

void gj_llvm_start(void)
{
	static const char *const option[] = {
		"gridjit", "-unroll-runtime-multi-exit",
		"-post-RA-scheduler=false",            /* a twentieth of the time; costs kernels on processors that reorder themselves 2 % at most */
		"-dag-maps-huge-region=100"            /* the scheduler compares all accesses to memory with each other below that many */
	};
	LLVMParseCommandLineOptions(GJ_LEN(option), option, 0);
	LLVMInstallFatalErrorHandler(on_fatal);
	pthread_atfork(NULL, NULL, in_child);
	gj_intrins_find(common, GJ_NINTRINS);
}

const char *gj_llvm_guard(void (*body)(gj_unit *), gj_unit *u)
{
	static _Thread_local jmp_buf env;
	if (setjmp(env)) {
		fatal_env = NULL;
		gj_llvm_generated();
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

void gj_intrins_find(gj_intrin_row *row, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (uint8_t k = 0; k < 2 && !row[i].found; k++)
			if (row[i].name[k]) {
				row[i].found = LLVMLookupIntrinsicID(row[i].name[k], strlen(row[i].name[k]));
				row[i].alt = k;
			}
}

static const gj_intrin_row *row_of(const gj_unit *u, gj_llvm_intrin i)
{
	return i < GJ_NINTRINS ? &common[i] : &u->backend->intrin[i - GJ_NINTRINS];
}

unsigned gj_intrin_id(const gj_unit *u, gj_llvm_intrin i) { return row_of(u, i)->found; }
bool gj_intrin_new(const gj_unit *u, gj_llvm_intrin i)    { return !row_of(u, i)->alt; }
bool gj_intrin_exists(const gj_unit *u, gj_llvm_intrin i) { return row_of(u, i)->found != 0; }

int gj_intrin_named(const char *name)
{
	for (int i = 0; i < GJ_NINTRINS; i++)
		if (common[i].name[0] && !strcmp(common[i].name[0], name))
			return i;
	return -1;
}

gj_v gj_call(gj_gen *g, gj_llvm_intrin i, const gj_t *over, unsigned nover, const gj_v *arg, unsigned nargs)
{
	const gj_intrin_row *row = row_of(g->u, i);
	if (!row->found)
		gj_fail(g->f, gj_o(g->f, g->ref)->loc, GJ_ERR_INTERNAL, row->name[0]);
	gj_v fn = LLVMGetIntrinsicDeclaration(g->u->mod, row->found, (gj_t *)over, nover);
	return LLVMBuildCall2(g->b, LLVMGlobalGetValueType(fn), fn, (gj_v *)arg, nargs, "");
}

gj_v gj_call1(gj_gen *g, gj_llvm_intrin i, gj_v a)
{
	gj_t t = LLVMTypeOf(a);
	return gj_call(g, i, &t, 1, &a, 1);
}

gj_v gj_call2(gj_gen *g, gj_llvm_intrin i, gj_v a, gj_v b)
{
	gj_t t = LLVMTypeOf(a);
	return gj_call(g, i, &t, 1, (gj_v[]){ a, b }, 2);
}

gj_v gj_plain(gj_gen *g, gj_llvm_intrin i, unsigned n, const gj_v *arg)
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

const char *gj_intrins_check(const gj_intrin_row *row, unsigned n)
{
	LLVMContextRef c = LLVMContextCreate();
	const char *bad = NULL;
	if (!row)
		row = common, n = GJ_NINTRINS;
	for (unsigned i = 0; i < n && !bad; i++) {
		const char *sig = row[i].sig[row[i].alt];
		bool optional = *sig == '?';
		if (row[i].found ? !row_fits(c, row[i].found, sig + optional) : !optional)
			bad = row[i].id;
	}
	LLVMContextDispose(c);
	return bad;
}
