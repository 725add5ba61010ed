/* The processor that this process runs on, in LLVM's words, and the host's vector functions. */
#include "emit/cpu/cpu.h"

#include <llvm-c/Target.h>

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static char *features, text[4096], ungathered[4096];
static void *libmvec;

void gj_host_start(void)
{
	LLVMInitializeNativeTarget();
	LLVMInitializeNativeAsmPrinter();
	features = LLVMGetHostCPUFeatures();
	libmvec = dlopen("libmvec.so.1", RTLD_NOW | RTLD_LOCAL);
	char *name = LLVMGetHostCPUName();
	snprintf(text, sizeof text, "%s %s%s", name, features, libmvec ? " libmvec" : "");
	snprintf(ungathered, sizeof ungathered, "%s%s", features, !strncmp(name, "znver", 5) ? ",+prefer-no-gather" : "");
	LLVMDisposeMessage(name);
}

const char *gj_host_identity(void) { return text; }

/* AMD's gathers take longer than as many loads, where these are not far apart, and LLVM thinks them shorter: it makes none of its own. */
const char *gj_host_features(bool vectors) { return vectors ? features : ungathered; }

bool gj_host_has_libmvec(const char *function) { return libmvec && dlsym(libmvec, function); }

bool gj_host_has(const char *feature)
{
	size_t n = strlen(feature);
	for (const char *p = features; (p = strstr(p, feature)); p += n)
		if (p > features && p[-1] == '+' && (p[n] == ',' || !p[n]))
			return true;
	return false;
}

unsigned gj_host_vector_bytes(void)
{
	return gj_host_has("avx512f") ? 64 : gj_host_has("avx2") ? 32 : 16;
}

uint32_t gj_host_registers(void)
{
	unsigned bytes = gj_host_vector_bytes();
	return bytes * (bytes == 64 ? 32 : 16);
}
